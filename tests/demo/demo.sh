#!/bin/bash
# SPDX-FileCopyrightText: The felucca authors
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# The main job, shown: a session bus, a real keyring, the provider stand-in, and the daemon started by the bus.
#   demo.sh BUILD-FOLDER SOURCE-FOLDER   what `./dev demo` runs: a build, on a private bus
#   demo.sh --installed SOURCE-FOLDER    the installed felucca, on a private bus
# Everything lives in a temporary folder and ends with it.
set -euo pipefail

mode=$1 source=$2

if [ -z "${FELUCCA_DEMO_ROOT:-}" ]; then
  FELUCCA_DEMO_ROOT=$(mktemp -d)
  export FELUCCA_DEMO_ROOT
  trap 'rm -rf "$FELUCCA_DEMO_ROOT"' EXIT
  root=$FELUCCA_DEMO_ROOT
  mkdir -p "$root"/{home,run,config/felucca,data/dbus-1/services,state}
  chmod 700 "$root/run"
  built=()
  if [ "$mode" != --installed ]; then built=(PATH="$mode/client:$PATH" FELUCCA_BACKEND_DIR="$mode/plugins/nile"); fi
  # What the bus itself has to say goes nowhere; what the demo says goes to the real standard error.
  exec 3>&2
  env -i PATH="$PATH" LANG=C.UTF-8 TERM="${TERM:-dumb}" NO_COLOR="${NO_COLOR:-}" FELUCCA_DEMO_ROOT="$root" \
    HOME="$root/home" XDG_RUNTIME_DIR="$root/run" XDG_CONFIG_HOME="$root/config" XDG_DATA_HOME="$root/data" \
    XDG_STATE_HOME="$root/state" "${built[@]}" \
    dbus-run-session -- bash -c 'exec 2>&3 3>&-; exec "$@"' demo "$0" "$mode" "$source" 2>/dev/null
  exit
fi

root=$FELUCCA_DEMO_ROOT
children=()
finish() {
  # The daemon was started by the bus: it is told to go, and is gone when its name has no owner.
  daemon=$(busctl --user call org.freedesktop.DBus /org/freedesktop/DBus org.freedesktop.DBus \
    GetConnectionUnixProcessID s org.felucca.Credentials1 2>/dev/null | cut -d' ' -f2) || true
  if [ -n "$daemon" ]; then
    kill "$daemon" 2>/dev/null || true
    (wait_for sh -c "! busctl --user status org.felucca.Credentials1") || true
  fi
  for child in "${children[@]}"; do
    kill "$child" 2>/dev/null || true
    wait "$child" 2>/dev/null || true
  done
}
trap finish EXIT

if [ -t 1 ] && [ -z "${NO_COLOR:-}" ]; then bold=$'\033[1m' plain=$'\033[0m'; else bold='' plain=''; fi
step() { printf '\n%s# %s%s\n' "$bold" "$*" "$plain"; }
run() {
  printf '$ %s\n' "$*"
  "$@"
}
json() { /usr/bin/python3 -c "import json,sys; d=json.load(sys.stdin); print($1)"; }
alive() {
  curl -s "$control/state" | json "'  at the provider: ' + (', '.join(c['workspace']+'/'+c['database']+' '+c['id'] for c in d['live']) or 'nothing lives')"
}
wait_for() {
  for _ in $(seq 500); do
    if "$@" >/dev/null 2>&1; then return; fi
    sleep 0.02
  done
  echo "demo: gave up waiting for: $*" >&2
  exit 1
}

# The provider stand-in
/usr/bin/python3 "$source/tests/provider/nile_stand_in.py" >"$root/nile.json" &
children+=($!)
wait_for test -s "$root/nile.json"
url=$(json "d['url']" <"$root/nile.json")
control=$(json "d['control']" <"$root/nile.json")

# A real keyring, unlocked
printf 'demo' | gnome-keyring-daemon --foreground --unlock --components=secrets >/dev/null 2>&1 &
children+=($!)
wait_for busctl --user status org.freedesktop.secrets

# The daemon, started by the bus at the first call
cat >"$root/config/felucca/felucca.conf" <<EOF
[daemon]
default-backend=nile
[backend nile]
module=nile
url=$url
EOF
if [ "$mode" != --installed ]; then
  cat >"$root/data/dbus-1/services/org.felucca.Credentials1.service" <<EOF
[D-BUS Service]
Name=org.felucca.Credentials1
Exec=$mode/daemon/felucca-daemon
EOF
  busctl --user call org.freedesktop.DBus /org/freedesktop/DBus org.freedesktop.DBus ReloadConfig >/dev/null
fi

step 'Sign in: the token goes through a pipe, the provider says whose it is, the keyring keeps it'
token=$(curl -s -X POST "$control/token" -d '{"ttl": 3600}' | json "d['access_token']")
printf '$ felucca sign-in --token-stdin\n'
printf '%s\n' "$token" | felucca sign-in --token-stdin
run felucca status

step 'Mint a credential; it is in the keyring before the answer comes'
run felucca create acme/orders
alive

step 'The same password, from the keyring, by another program'
run felucca get --format password acme/orders
run secret-tool lookup xdg:schema org.felucca.Credential workspace acme database orders
echo
[ "$(felucca get --format password acme/orders)" = "$(secret-tool lookup xdg:schema org.felucca.Credential workspace acme database orders)" ]

step 'Any program can ask over D-Bus; without secret-fd the password is the last entry of the reply'
run busctl --user call org.felucca.Credentials1 /org/felucca/Credentials1 org.felucca.Credentials1 \
  CreateCredential 'ssa{sv}' acme orders 0
alive

step 'What is stored'
run felucca list

step 'For a program that wants a URL'
run felucca get --format url acme/orders

step 'Revoke: at the provider first, then in the keyring'
# shellcheck disable=SC2046 # one argument for each id
run felucca revoke $(felucca list --json | json "' '.join(c['id'] for c in d)")
alive
run felucca list
[ "$(curl -s "$control/state" | json "len(d['live'])")" = 0 ]
