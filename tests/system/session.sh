# SPDX-FileCopyrightText: The felucca authors
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# What the scripts of all sessions below user_manager.sh do alike; each reads this file first. A step leaves its output,
# errors and status in $RESULTS, where felucca.conf, token and control (the stand-in's address) are.
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

use_config() {
  mkdir -p ~/.config/felucca
  cp "$RESULTS/felucca.conf" ~/.config/felucca/
}

start_manager() {
  /lib/systemd/systemd --user --log-target=journal >"$RESULTS/manager.log" 2>&1 &
  manager=$!
  until_true test -S "$XDG_RUNTIME_DIR/systemd/private"
  systemctl --user is-system-running --wait >/dev/null
}
end_manager() {
  systemctl --user exit
  wait "$manager"
}

start_keyring() { printf %s keyring-pw | gnome-keyring-daemon --unlock --components=secrets >/dev/null 2>&1; }
