#!/bin/bash
# SPDX-FileCopyrightText: The felucca authors
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# What try-distributions.sh runs in a machine that it has booted, as root: install, log in, the main job, upgrade,
# remove, install again, purge. What is said here is the transcript in docs/testing.md.
#   machine.sh FOLDER-OF-PACKAGES FOLDER-OF-SOURCES
set -euo pipefail
export LC_ALL=C.UTF-8 DEBIAN_FRONTEND=noninteractive

packages=$1 source=$2
user=ada
names=(felucca felucca-backend-postgres felucca-backend-mariadb felucca-dev)
object=(org.felucca.Credentials1 /org/felucca/Credentials1 org.felucca.Credentials1)

step() { printf '\n# %s\n' "$*"; }
fail() {
  printf 'FAILED: %s\n' "$*"
  exit 1
}
trap 'fail "line $LINENO: $BASH_COMMAND"' ERR
wait_for() {
  for _ in $(seq 500); do
    if "$@" >/dev/null 2>&1; then return; fi
    sleep 0.02
  done
  fail "gave up waiting for: $*"
}

# In the session of the user.
as_user() {
  setpriv --reuid="$user" --regid="$user" --init-groups env XDG_RUNTIME_DIR="/run/user/$(id -u "$user")" \
    DBUS_SESSION_BUS_ADDRESS="unix:path=/run/user/$(id -u "$user")/bus" HOME="/home/$user" "$@"
}
run() {
  printf '%s$ %s\n' "$user" "$*"
  as_user "$@"
}
expect() { # WHAT COMMAND…: this is what it says, whatever its status
  local said
  printf '%s$ %s\n' "$user" "${*:2}"
  said=$(as_user "${@:2}" 2>&1) || true
  printf '%s\n' "$said"
  [ "$said" = "$1" ] || fail "expected: $1"
}
install_packages() { # OPTION…
  printf 'root$ apt-get install %s./*.deb\n' "${1:+$* }"
  apt-get install -q -y --no-install-recommends "$@" "$packages"/*.deb >/var/log/try-apt.log 2>&1 ||
    { cat /var/log/try-apt.log; fail "apt-get install"; }
}
take_away() { # VERB
  printf 'root$ apt-get %s %s\n' "$1" "${names[*]}"
  apt-get "$1" -q -y "${names[@]}" >/var/log/try-apt.log 2>&1 || { cat /var/log/try-apt.log; fail "apt-get $1"; }
}
# All there is, but the user's home, what is gone with the next start, and the books that apt and the journal keep.
list_files() {
  find / -xdev \( -path /proc -o -path /sys -o -path /dev -o -path /run -o -path /tmp -o -path "/home/$user" -o -path /var/log \
    -o -path /var/cache/apt -o -path /var/lib/apt -o -path /var/lib/dpkg -o -path "$packages" \) -prune -o -print | LC_ALL=C sort
}
json() { python3 -c "import json,sys; d=json.load(sys.stdin); print($1)"; }

versions() { dpkg-query -W -f='${db:Status-Status} ${Package} ${Version}\n' "$@" 2>/dev/null | sed -n 's/^installed //p' | paste -sd, | sed 's|,|, |g'; }
step "$(sed -n 's/^PRETTY_NAME="\(.*\)"/\1/p' /etc/os-release): $(
  versions systemd libglib2.0-0 libglib2.0-0t64 libsoup-3.0-0 libjson-glib-1.0-0 libsecret-1-0 gnome-keyring)"
useradd --create-home --shell /bin/bash "$user"
list_files >/run/before

step 'Install'
install_packages
systemctl --global is-enabled felucca.socket | grep -qx enabled || fail 'felucca.socket is not enabled'
list_files >/run/installed
printf '%s files and folders more\n' "$(comm -13 /run/before /run/installed | wc -l)"
[ "$(comm -13 /run/before /run/installed | grep -c -e felucca)" -gt 30 ] || fail 'they are not seen'

step 'Log in: the socket is there, and nothing has started'
# A session as login(1) makes it: PAM, logind, a user manager, a session bus.
systemd-run -q --unit=try-login -p User="$user" -p PAMName=login sleep infinity
wait_for test -S "/run/user/$(id -u "$user")/bus"
as_user systemctl --user is-system-running --wait >/dev/null || true
expect active systemctl --user is-active felucca.socket
expect inactive systemctl --user is-active felucca.service

# A keyring that is open, and a provider.
printf %s keyring-pw | as_user gnome-keyring-daemon --unlock --components=secrets >/dev/null 2>&1
wait_for as_user busctl --user status org.freedesktop.secrets
as_user python3 "$source/tests/provider/nile_stand_in.py" >/run/nile.json &
wait_for test -s /run/nile.json
as_user mkdir -p "/home/$user/.config/felucca"
as_user tee "/home/$user/.config/felucca/felucca.conf" >/dev/null <<END
[backend nile]
module=nile
url=$(json "d['url']" </run/nile.json)
END
token=$(curl -s -X POST "$(json "d['control']" </run/nile.json)/token" -d '{"ttl": 3600}' | json "d['access_token']")

step 'Sign in, and mint with nothing but busctl'
printf '%s$ felucca sign-in --token-stdin\n' "$user"
printf '%s\n' "$token" | as_user felucca sign-in --token-stdin
expect active systemctl --user is-active felucca.service
run busctl --user call "${object[@]}" CreateCredential 'ssa{sv}' acme orders 0
run felucca status
password=$(as_user felucca get --format password acme/orders)
look_up=(secret-tool lookup xdg:schema org.felucca.Credential workspace acme database orders)
expect "$password" "${look_up[@]}"

step 'By the private socket, with a daemon that has gone'
as_user systemctl --user stop felucca.service 2>/dev/null
expect "$password" env "FELUCCA_BUS=unix:path=/run/user/$(id -u "$user")/felucca/bus" felucca get --format password acme/orders

step 'Its sandbox'
run systemd-analyze --user security --no-pager felucca.service | tail -n 1

step 'With the drop-in that needs a user namespace'
drop_ins=/home/$user/.config/systemd/user/felucca.service.d
as_user mkdir -p "$drop_ins"
run cp /usr/share/felucca/50-userns.conf "$drop_ins/"
# This machine is a container, which hides /proc/kmsg itself.
run sh -c "printf '[Service]\nProtectKernelLogs=no\n' >$drop_ins/60-container.conf"
run systemctl --user daemon-reload
run systemctl --user stop felucca.service 2>/dev/null
expect "$password" felucca get --format password acme/orders
[ "$(as_user systemctl --user show -P PrivateUsers felucca.service)" = yes ] || fail 'the drop-in does not count'
run felucca status | grep -e '\$' -e '^sandbox'
run systemd-analyze --user security --no-pager felucca.service | tail -n 1
as_user rm -r "$drop_ins"
as_user systemctl --user daemon-reload
as_user systemctl --user stop felucca.service 2>/dev/null
expect "$password" felucca get --format password acme/orders

step 'Upgrade: the daemon that runs goes on, the next one is the new one'
daemon=$(as_user systemctl --user show -P MainPID felucca.service)
install_packages --reinstall
[ "$(as_user systemctl --user show -P MainPID felucca.service)" = "$daemon" ] || fail 'the daemon was stopped'
expect "$password" felucca get --format password acme/orders

step 'Remove: nothing runs any more, and the credential is still in the keyring'
take_away remove
wait_for test ! -e "/proc/$daemon"
wait_for test ! -e "/run/user/$(id -u "$user")/felucca/bus"
expect "$password" "${look_up[@]}"

step 'Install again, while the user is logged in'
install_packages
expect "$password" felucca get --format password acme/orders

step 'Purge: no file is left but in the home of the user'
take_away purge
list_files >/run/after
expect "$password" "${look_up[@]}"
printf 'root$ diff files-before files-after\n'
diff /run/before /run/after && printf 'the same %s files and folders\n' "$(wc -l </run/after)"
printf 'root$ pgrep felucca\n'
if pgrep -l felucca; then fail 'something still runs'; fi
journalctl --sync
[ "$(journalctl -q -o cat _COMM=felucca-daemon | wc -l)" -gt 0 ] || fail 'the journal does not have the daemon'
printf 'root$ journalctl --priority=warning _COMM=felucca-daemon\n'
journalctl -q --no-pager --priority=warning _COMM=felucca-daemon | tee /run/warnings
[ ! -s /run/warnings ] || fail 'the daemon has warned'
printf '\nDONE\n'
