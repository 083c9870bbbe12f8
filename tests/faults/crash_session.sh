# SPDX-FileCopyrightText: The felucca authors
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# What happens in a session of tests/system/user_manager.sh when a backend takes the daemon down with it, twice. Every
# step leaves its output, errors and status in $RESULTS; test_crash.py says what they have to be.
. "$RESULTS/session.sh"
bad=crash-in-mint

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

use_config
start_manager
start_keyring
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
end_manager
