# SPDX-FileCopyrightText: The felucca authors
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# What happens in a session of tests/system/user_manager.sh when a backend takes the daemon down with it, twice. Every
# step leaves its output, errors and status in $RESULTS; test_crash.py says what they have to be.
unit=felucca.service
bad=crash-in-mint

step() { # NAME COMMAND…
  local name=$1
  shift
  "$@" >"$RESULTS/$name.out" 2>"$RESULTS/$name.err"
  echo $? >"$RESULTS/$name.status"
}

until_true() { # COMMAND…: polls, for at most 20 s
  for _ in $(seq 400); do
    "$@" && return 0
    sleep .05
  done
  echo "never came to pass: $*" >>"$RESULTS/late"
  return 1
}

value() { systemctl --user show -P "$1" $unit; }
has_value() { [ "$(value "$1")" = "$2" ]; }
nile() { # PATH JSON
  python3 -c 'import sys, urllib.request as u; u.urlopen(u.Request(sys.argv[1], sys.argv[2].encode())).read()' \
    "$(cat "$RESULTS/control")$1" "$2"
}
unresolved() {
  busctl --user --json=short call org.felucca.Credentials1 /org/felucca/Credentials1 org.felucca.Credentials1 ListUnresolved
}
looked_at() { # HOW MANY: mints of nile have been asked about
  [ "$(unresolved | grep -o '"candidates"' | wc -l)" = "$1" ]
}

# Another backend's mint is under way meanwhile.
crash() { # NUMBER
  nile /rules "{\"on\": \"create\", \"hold\": \"crash-$1\", \"after_mint\": true}"
  felucca create "acme/db$1" --format password >"$RESULTS/beside-$1.out" 2>"$RESULTS/beside-$1.err" &
  local beside=$!
  nile /wait "{\"what\": \"create-run\", \"number\": $((2 * $1))}"
  step "crash-$1" felucca create "$bad/db"
  wait $beside
  echo $? >"$RESULTS/beside-$1.status"
  nile /release "{\"name\": \"crash-$1\"}"
  until_true has_value NRestarts "$1"
  until_true has_value ActiveState active
  step "unit-$1" systemctl --user show $unit
  step "backends-$1" felucca backends --json
  step "marker-$1" cat ~/.local/state/felucca/crashes/$bad
  step "get-$1" felucca get acme/orders --format password
  step "create-$1" felucca create "acme/db$((2 + $1))" --format password
  until_true looked_at "$1"
  step "unresolved-$1" unresolved
}

mkdir -p ~/.config/felucca
cp "$RESULTS/felucca.conf" ~/.config/felucca/
/lib/systemd/systemd --user --log-target=journal >"$RESULTS/manager.log" 2>&1 &
manager=$!
until_true test -S "$XDG_RUNTIME_DIR/systemd/private"
systemctl --user is-system-running --wait >/dev/null
printf %s keyring-pw | gnome-keyring-daemon --unlock --components=secrets >/dev/null 2>&1
step sign-in felucca sign-in --token-stdin <"$RESULTS/token"
step create felucca create acme/orders --format password
step backends-0 felucca backends --json

crash 1
crash 2

# It is left alone from now on, also by a daemon that comes later.
step refused felucca create "$bad/db"
step shown felucca backends
step stop systemctl --user stop $unit
step later felucca create "$bad/db"
step reset felucca backends reset $bad
step backends-3 felucca backends --json
step left systemctl --user show $unit

step end systemctl --user stop $unit
systemctl --user exit
wait $manager
