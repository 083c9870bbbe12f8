#!/bin/bash
# SPDX-FileCopyrightText: The felucca authors
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Debian packages of what is committed, or of an unpacked tarball. Debian wants debian/ at the top of a source tree; here
# it lies in packaging/, and is put there in a copy.
set -euo pipefail

usage() {
  cat <<'END'
usage: packaging/build-deb.sh [--source] FOLDER [OPTION-OF-DPKG-BUILDPACKAGE...]

Puts the source package, and unless --source is given the binary packages, into FOLDER.
END
}

source_only=no
if [ "${1:-}" = --source ]; then
  source_only=yes
  shift
fi
case ${1:-} in
  '' | -*)
    usage >&2
    exit 2
    ;;
esac

mkdir -p "$1"
target=$(cd "$1" && pwd)
shift
cd "$(dirname "$0")/.."
version=$(sed -n "s/^  version: '\(.*\)',$/\1/p" meson.build)
packaged=$(sed -n '1s/^felucca (\(.*\)-[^-]*) .*/\1/p' packaging/debian/changelog)
if [ "$version" != "$packaged" ]; then
  echo "build-deb: meson.build says $version, packaging/debian/changelog $packaged" >&2
  exit 1
fi

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
tree=felucca-$version
if [ -e .git ]; then
  git diff --quiet HEAD -- || echo "build-deb: what is not committed is left out" >&2
  git archive --prefix="$tree/" HEAD | tar -x -C "$work"
else
  mkdir "$work/$tree"
  tar -c --exclude='./build*' . | tar -x -C "$work/$tree"
fi

# As the release is, so that two runs give the same tarball.
tar -c --sort=name --owner=0 --group=0 --numeric-owner --mtime="@$(dpkg-parsechangelog -l packaging/debian/changelog -S Timestamp)" \
  -C "$work" "$tree" | xz >"$work/felucca_$version.orig.tar.xz"
cp -r "$work/$tree/packaging/debian" "$work/$tree/debian"

if [ $source_only = yes ]; then
  (cd "$work" && dpkg-source -b "$tree" >&2)
else
  (cd "$work/$tree" && dpkg-buildpackage -us -uc "$@" >&2)
fi
find "$work" -maxdepth 1 -type f -exec mv -t "$target" {} +
