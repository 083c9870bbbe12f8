#!/bin/bash
# SPDX-FileCopyrightText: The felucca authors
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# The Debian packages on the releases of Debian that we promise: built and unit-tested in a fresh root, judged by lintian,
# autopkgtest and piuparts, then installed on a machine that is booted, where a user does the main job. As root, in some
# ten minutes; not part of CI. Release by release, so that a failure leaves its root to be looked at.
set -euo pipefail
cd "$(dirname "$0")/.."

usage() {
  cat <<'END'
usage: packaging/try-distributions.sh [--write] [RELEASE...]

  --write   put what the machines have said into docs/testing.md, if all is well
  RELEASE   names as debootstrap knows them (bookworm trixie)

What is built lies in $FELUCCA_TRY_DIR (/var/cache/felucca-try), where fresh roots are kept for the next run.
END
}

write=no
case ${1:-} in
  --write)
    write=yes
    shift
    ;;
  -*)
    usage >&2
    exit 2
    ;;
esac
releases=("$@")
[ $# -gt 0 ] || releases=(bookworm trixie)

export LC_ALL=C.UTF-8 DEBIAN_FRONTEND=noninteractive SYSTEMD_NSPAWN_UNIFIED_HIERARCHY=1
work=${FELUCCA_TRY_DIR:-/var/cache/felucca-try}
rm -rf "$work/source"
mkdir -p "$work/source"

# Where this machine's own packages come from.
# shellcheck disable=SC2016 # apt's own words
mirror=$(apt-get indextargets --format '$(ORIGIN) $(LABEL) $(REPO_URI)' | sed -n 's/^Debian Debian //p' | head -n 1)

allowed_calls='@memlock landlock_create_ruleset landlock_add_rule landlock_restrict_self'

# In a root, without booting it. Memory may be locked and files be given up (Landlock): that is what the daemon does, and
# not what containers allow.
in_root() { # ROOT SCRIPT
  systemd-nspawn -q -D "$1" --register=no --keep-unit --pipe --system-call-filter="$allowed_calls" \
    --setenv=DEBIAN_FRONTEND=noninteractive --setenv=LC_ALL=C.UTF-8 /bin/bash -euc "$2"
}

logged() { # LOG COMMAND…
  "${@:2}" >"$1" 2>&1 || { tail -n 40 "$1"; echo "try-distributions: see $1" >&2; exit 1; }
}

fresh_root() { # RELEASE NAME
  local base=$work/$1-base root=$work/$1-$2
  if [ ! -e "$base.done" ]; then
    rm -rf "$base"
    logged "$base.log" debootstrap --variant=minbase "$1" "$base" "$mirror"
    # Roots are thrown away.
    echo force-unsafe-io >"$base/etc/dpkg/dpkg.cfg.d/unsafe-io"
    touch "$base.done"
  fi
  rm -rf "$root"
  cp -a "$base" "$root"
}

build_packages() { # RELEASE
  local root=$work/$1-build
  fresh_root "$1" build
  mkdir "$root/src"
  cp "$work"/source/* "$root/src/"
  logged "$root.log" in_root "$root" '
    cd /src
    apt-get update -q
    apt-get install -q -y --no-install-recommends dpkg-dev lintian
    apt-get build-dep -q -y --no-install-recommends ./felucca_*.dsc
    dpkg-source -x felucca_*.dsc tree
    cd tree
    # Warnings, among them those of what is deprecated, are errors.
    DEB_CFLAGS_APPEND=-Werror dpkg-buildpackage -us -uc
    # Once more with what this GLib, not the oldest that we build with, calls deprecated.
    sed -i s/GLIB_VERSION_2_74/GLIB_VERSION_CUR_STABLE/ meson.build
    meson setup ../newest -Dwerror=true -Ddocs=false
    meson compile -C ../newest'
  printf '\n$ dpkg-buildpackage   (-Werror; the unit tests of the build)\n'
  grep -E '^(Ok|Fail|Skipped|Timeout): ' "$root.log"
  printf '\n$ meson compile   (-Werror; deprecated is what the GLib of this release calls so)\n'
  echo 'no warning'
  printf '\n$ lintian\n'
  logged "$root.lintian" in_root "$root" 'cd /src; lintian --allow-root --fail-on error,warning felucca_*.changes'
  echo 'no error, no warning'
  rm -rf "$work/$1-packages"
  mkdir "$work/$1-packages"
  find "$root/src" -name '*.deb' ! -name '*-dbgsym_*' -exec cp -t "$work/$1-packages" {} +
}

# shellcheck disable=SC2016 # the words of the inner shell
run_autopkgtest() { # RELEASE
  fresh_root "$1" autopkgtest
  printf '\n$ autopkgtest\n'
  # It gives a chroot no /proc and no cgroups, without which nobody can tell who owns a name on a bus.
  logged "$work/$1-autopkgtest.log" unshare --mount --propagation private bash -euc \
    'mount -t proc proc "$0/proc"
     mount --rbind /sys "$0/sys"
     mount --rbind /dev "$0/dev"
     exec autopkgtest -B "$@" -- chroot "$0"' "$work/$1-autopkgtest" \
     "$work/$1-packages"/*.deb "$work/$1-build/src"/felucca_*.dsc
  sed -n '/@@@@ summary/,$p' "$work/$1-autopkgtest.log" | grep -E ' (PASS|FAIL|SKIP|FLAKY)'
}

# The packages into /try of a root, and what they depend on, which leaves things behind that are not ours.
# shellcheck disable=SC2016 # the words of the inner shell and of awk
install_depends() { # RELEASE ROOT
  mkdir -p "$2/try"
  cp -r "$work/$1-packages" "$2/try/packages"
  in_root "$2" '
    apt-get update -q
    apt-get install -s --no-install-recommends /try/packages/*.deb | awk "/^Inst/ && \$2 !~ /^felucca/ { print \$2 }" |
      xargs -r apt-get install -q -y --no-install-recommends'
}

run_piuparts() { # RELEASE
  local root=$work/$1-piuparts
  fresh_root "$1" piuparts
  logged "$root-depends.log" install_depends "$1" "$root"
  printf '\n$ piuparts\n'
  logged "$root.log" piuparts --existing-chroot="$root" --distribution="$1" --mirror="$mirror main" --no-upgrade-test \
    --log-level=info "$work/$1-packages"/*.deb
  grep -oE '(PASS|FAIL): .*' "$root.log"
}

# What has to be on the machine before: it has no network.
prepare_machine() { # ROOT
  in_root "$1" '
    apt-get install -q -y --no-install-recommends systemd-sysv libpam-systemd dbus-user-session procps curl python3 \
      gnome-keyring libsecret-tools ca-certificates' || return 1
  cat >"$1/etc/systemd/system/try.service" <<'END'
[Unit]
After=systemd-user-sessions.service systemd-logind.service dbus.service
SuccessAction=exit
FailureAction=exit
[Service]
Type=oneshot
ExecStart=/try/machine.sh /try/packages /try/source
StandardOutput=file:/try/transcript
StandardError=inherit
TimeoutStartSec=5min
END
  mkdir -p "$1/etc/systemd/system/multi-user.target.wants"
  ln -s ../try.service "$1/etc/systemd/system/multi-user.target.wants/"
}

boot_machine() { # RELEASE
  local root=$work/$1-machine
  fresh_root "$1" machine
  logged "$root-depends.log" install_depends "$1" "$root"
  logged "$root.log" prepare_machine "$root"
  mkdir -p "$root/try/source/tests"
  cp -r tests/provider "$root/try/source/tests/"
  cp packaging/try/machine.sh "$root/try/"
  timeout 15m systemd-nspawn -q -D "$root" --register=no --keep-unit --boot --private-network --system-call-filter="$allowed_calls" \
    --console=pipe </dev/null >"$root.boot" 2>&1 || true
  cat "$root/try/transcript"
  grep -qx DONE "$root/try/transcript" || { echo "try-distributions: see $root.boot" >&2; exit 1; }
}

try_release() { # RELEASE
  build_packages "$1"
  run_autopkgtest "$1"
  run_piuparts "$1"
  boot_machine "$1"
}

# $1: transcripts, which take the place of the last ones
write_into_document() {
  awk -v transcripts="$1" '
    /^<!-- packaging\/try-distributions.sh: end -->$/ { skips = 0 }
    !skips { print }
    /^<!-- packaging\/try-distributions.sh: what follows/ {
      skips = 1
      print "\n<!-- doc: skip: machines that are started for it have said this -->\n```console"
      while ((getline line < transcripts) > 0) print line
      print "```\n"
    }' docs/testing.md >"$work/testing.md"
  cp "$work/testing.md" docs/testing.md
}

packaging/build-deb.sh --source "$work/source" 2>"$work/source.log"
for release in "${releases[@]}"; do
  printf '== %s\n' "$release"
  try_release "$release"
  echo
done | tee "$work/transcripts"
[ "${PIPESTATUS[0]}" = 0 ]
if [ $write = yes ]; then write_into_document "$work/transcripts"; fi
