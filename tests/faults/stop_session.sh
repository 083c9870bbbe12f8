# SPDX-FileCopyrightText: The felucca authors
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# What happens in a session of tests/system/user_manager.sh when the unit is stopped or killed during a mint. Every
# step leaves its output, errors and status in $RESULTS; test_stop.py says what they have to be.
. "$RESULTS/session.sh"

mint() { # DATABASE RULE: asks for a mint that meets the rule, waits until the provider has it
  nile /rules "$2"
  count=$((count + 1))
  felucca create "acme/$1" --format password >"$RESULTS/$1.out" 2>"$RESULTS/$1.err" &
  caller=$!
  nile /wait "{\"what\": \"create-run\", \"number\": $count}"
}

count=0
use_config
start_manager
start_keyring
step sign-in felucca sign-in --token-stdin <"$RESULTS/token"

# Stopped while the answer is on its way: it is waited for.
mint db1 '{"on": "create", "hold": "mint", "after_mint": true}'
step stop systemctl --user stop $unit &
stop=$!
until_true has_value ActiveState deactivating
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
until_true looked_at 1
step silent unresolved

# Killed: the manager starts the next one, which finds out by itself.
mint db3 '{"on": "create", "hold": "kill", "after_mint": true}'
step kill systemctl --user kill -s KILL $unit
wait $caller
echo $? >"$RESULTS/db3.status"
nile /release '{"name": "kill"}'
until_true has_value ActiveState active
until_true looked_at 2
step killed unresolved

step end systemctl --user stop $unit
end_manager
