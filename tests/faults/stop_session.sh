# SPDX-FileCopyrightText: The felucca authors
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# What happens in a session of tests/system/user_manager.sh when the unit is stopped or killed during a mint. Every
# step leaves its output, errors and status in $RESULTS; test_stop.py says what they have to be.
unit=felucca.service

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

has_state() { [ "$(systemctl --user show -P ActiveState $unit)" = "$1" ]; }
nile() { # PATH JSON
  python3 -c 'import sys, urllib.request as u; u.urlopen(u.Request(sys.argv[1], sys.argv[2].encode())).read()' \
    "$(cat "$RESULTS/control")$1" "$2"
}
unresolved() {
  busctl --user --json=short call org.felucca.Credentials1 /org/felucca/Credentials1 org.felucca.Credentials1 ListUnresolved
}
looked_at() { # STATE: the one intent of db2 or db3 has been asked about
  unresolved | grep -q '"candidates"'
}
mint() { # DATABASE RULE: asks for a mint that meets the rule, waits until the provider has it
  nile /rules "$2"
  count=$((count + 1))
  felucca create "acme/$1" --format password >"$RESULTS/$1.out" 2>"$RESULTS/$1.err" &
  caller=$!
  nile /wait "{\"what\": \"create-run\", \"number\": $count}"
}

count=0
mkdir -p ~/.config/felucca
cp "$RESULTS/felucca.conf" ~/.config/felucca/
/lib/systemd/systemd --user --log-target=journal >"$RESULTS/manager.log" 2>&1 &
manager=$!
until_true test -S "$XDG_RUNTIME_DIR/systemd/private"
systemctl --user is-system-running --wait >/dev/null
printf %s keyring-pw | gnome-keyring-daemon --unlock --components=secrets >/dev/null 2>&1
step sign-in felucca sign-in --token-stdin <"$RESULTS/token"

# Stopped while the answer is on its way: it is waited for.
mint db1 '{"on": "create", "hold": "mint", "after_mint": true}'
step stop systemctl --user stop $unit &
stop=$!
until_true has_state deactivating
nile /release '{"name": "mint"}'
wait $caller
echo $? >"$RESULTS/db1.status"
wait $stop
step stopped systemctl --user show $unit
step kept felucca get acme/db1 --format password

# Stopped while no answer comes: it is recorded, and found out by the next one.
mint db2 '{"on": "create", "hang": true, "after_mint": true}'
step stop-silent systemctl --user stop $unit
wait $caller
echo $? >"$RESULTS/db2.status"
until_true looked_at
step silent unresolved

# Killed: the manager starts the next one, which finds out by itself.
mint db3 '{"on": "create", "hold": "kill", "after_mint": true}'
step kill systemctl --user kill -s KILL $unit
wait $caller
echo $? >"$RESULTS/db3.status"
nile /release '{"name": "kill"}'
until_true has_state active
until_true eval 'unresolved | grep -o "\"candidates\"" | wc -l | grep -qx 2'
step killed unresolved

step end systemctl --user stop $unit
systemctl --user exit
wait $manager
