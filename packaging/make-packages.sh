#!/bin/bash
# SPDX-FileCopyrightText: The felucca authors
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# What `./dev package` runs on a Debian machine: the release's tarball and the packages of all three kinds, each with its
# own tests and its own critic.
#   make-packages.sh BUILD-FOLDER FOLDER
set -euo pipefail
cd "$(dirname "$0")/.."
build=$(cd "$1" && pwd)
mkdir -p "$2"
out=$(cd "$2" && pwd)
version=$(sed -n "s/^  version: '\(.*\)',$/\1/p" meson.build)
tarball=$build/meson-dist/felucca-$version.tar.xz

logged() { # NAME COMMAND…
  "${@:2}" >"$out/$1.log" 2>&1 || { tail -n 40 "$out/$1.log"; echo "make-packages: see $out/$1.log" >&2; exit 1; }
}
# makepkg refuses to be root.
as_nobody() {
  if [ "$(id -u)" = 0 ]; then setpriv --reuid=nobody --regid=nogroup --clear-groups env HOME="$PWD" "$@"; else "$@"; fi
}

echo '== tarball: meson dist, with the unit tests; the style of what is in it'
logged tarball meson dist -C "$build" --formats xztar
rm -rf "$out/tree"
mkdir "$out/tree"
tar -x -C "$out/tree" --strip-components=1 -f "$tarball"
(cd "$out/tree" && logged style /usr/bin/python3 -m pytest -q -p no:cacheprovider tests/tools/test_style.py tests/tools/test_packaging.py)
tail -n 1 "$out/style.log"

echo '== Debian: dpkg-buildpackage and lintian'
rm -rf "$out/debian"
logged debian packaging/build-deb.sh "$out/debian"
logged lintian lintian --allow-root --fail-on error,warning "$out/debian/felucca_$version"-*.changes

echo '== RPM: rpmbuild and rpmlint'
rm -rf "$out/rpm"
mkdir -p "$out/rpm/SOURCES"
cp "$tarball" "$out/rpm/SOURCES/"
# Its dependencies are named as another distribution names them.
logged rpm rpmbuild --nodeps -ba --define "_topdir $out/rpm" packaging/felucca.spec
find "$out/rpm" -name '*.rpm' -exec rpmlint -c packaging/rpmlint.toml packaging/felucca.spec {} + >"$out/rpmlint.log" || true
grep -q ' 0 errors, 0 warnings' "$out/rpmlint.log" || { cat "$out/rpmlint.log"; exit 1; }

echo '== Arch: makepkg'
rm -rf "$out/arch"
mkdir "$out/arch"
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cp packaging/arch/PKGBUILD "$tarball" "$scratch/"
if [ "$(id -u)" = 0 ]; then chown -R nobody "$scratch"; fi
(cd "$scratch" && logged arch as_nobody makepkg --nodeps)
cp "$scratch"/*.pkg.tar* "$out/arch/"

find "$out" -name '*.deb' -o -name '*.rpm' -o -name '*.pkg.tar*' | sort
