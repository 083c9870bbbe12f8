# SPDX-FileCopyrightText: The felucca authors
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# What a user does in a session of user_manager.sh. Every step leaves its output, errors and status in $RESULTS; what
# they have to be is said in test_systemd.py, which has put there: felucca.conf, token, control (the stand-in's address).
. "$RESULTS/session.sh"

has_other_value() { [ "$(value "$1")" != "$2" ]; }

use_config
# Which of the two buses is dbus.service by itself, the system has decided.
bus=/usr/lib/systemd/user/$(cat "$RESULTS/bus").service
[ -e "$bus" ] || bus=/usr/lib/systemd/user/dbus.service
mkdir -p ~/.config/systemd/user
cp "$bus" ~/.config/systemd/user/dbus.service
start_manager
start_keyring

step verify systemd-analyze --user verify --man=no "$PREFIX/lib/systemd/user/$unit" "$PREFIX/lib/systemd/user/felucca.socket"
step security systemd-analyze --user security --threshold=100 --no-pager $unit

# It comes by activation.
step before systemctl --user show $unit
step sign-in felucca sign-in --token-stdin <"$RESULTS/token"
step active systemctl --user show $unit
step bus systemctl --user show dbus.service
step owner busctl --user status org.felucca.Credentials1
step proc cat "/proc/$(value MainPID)/status" "/proc/$(value MainPID)/limits"
step health felucca status --json
step environ cat "/proc/$(value MainPID)/environ"

# It does its work in the sandbox.
step create felucca create acme/orders --format password
step busctl busctl --user call org.felucca.Credentials1 /org/felucca/Credentials1 org.felucca.Credentials1 \
  CreateCredential 'ssa{sv}' acme billing 0
step refused felucca create acme/nowhere
step helper felucca create tool/orders --format json
step lookup secret-tool lookup xdg:schema org.felucca.Credential workspace acme database orders

# Somebody kills it.
pid=$(value MainPID)
systemctl --user kill -s KILL $unit
until_true has_value NRestarts 1
until_true has_value ActiveState active
step restarted systemctl --user show $unit
step get felucca get acme/orders --format password

# It is stopped during a mint.
nile /rules '{"on": "create", "hold": "mint"}'
step held felucca create acme/db1 --format password &
held=$!
nile /wait '{"what": "create", "number": 4}'
step stop systemctl --user stop $unit &
stop=$!
until_true has_value ActiveState deactivating
nile /release '{"name": "mint"}'
wait $held $stop
step stopped systemctl --user show $unit

# It leaves when it is idle and comes back.
sed 's/^\[daemon\]$/&\nidle-timeout=4/' "$RESULTS/felucca.conf" >~/.config/felucca/felucca.conf
step list felucca list --json
step listed systemctl --user show $unit
until_true has_value ActiveState inactive
step idle systemctl --user show $unit
step again felucca get acme/db1 --format password
use_config

# The watchdog hears it, and ends it when it hears nothing.
until_true has_value ActiveState inactive
mkdir -p ~/.config/systemd/user/$unit.d
printf '[Service]\nWatchdogSec=6\n' >~/.config/systemd/user/$unit.d/test.conf
systemctl --user daemon-reload
systemctl --user start $unit
heard=$(value WatchdogTimestampMonotonic)
until_true has_other_value WatchdogTimestampMonotonic "$heard"
heard=$(value WatchdogTimestampMonotonic)
until_true has_other_value WatchdogTimestampMonotonic "$heard"
step watched systemctl --user show $unit
kill -STOP "$(value MainPID)"
until_true has_other_value NRestarts 0
until_true has_value ActiveState active
step revived systemctl --user show $unit
step after felucca get acme/orders --format password

# From here on it starts more often than a unit may that starts by mistake.
printf '[Unit]\nStartLimitIntervalSec=0\n' >~/.config/systemd/user/$unit.d/test.conf
systemctl --user daemon-reload

# The private socket: the manager's; whoever comes there starts the daemon.
step socket systemctl --user show felucca.socket
private=$XDG_RUNTIME_DIR/felucca/bus
step modes stat -c '%a %U' "$private" "${private%/*}"
step stop-again systemctl --user stop $unit
step private env FELUCCA_BUS="unix:path=$private" felucca get acme/orders --format password
step private-unit systemctl --user show $unit
step private-sign-in env FELUCCA_BUS="unix:path=$private" felucca sign-in --token-stdin <"$RESULTS/token"
step private-busctl busctl --address="unix:path=$private" get-property org.felucca.Credentials1 \
  /org/felucca/Credentials1 org.felucca.Credentials1 KeyringState
sed 's/^\[daemon\]$/&\nidle-timeout=1/' "$RESULTS/felucca.conf" >~/.config/felucca/felucca.conf
systemctl --user stop $unit
for i in 1 2 3; do
  step "private-$i" felucca list --json
  until_true has_value ActiveState inactive
done
use_config

# It makes way for one that may open a new file, and the manager sees to it that there is one.
relieved() { # BY SOMEBODY ELSE THAN
  felucca list >/dev/null
  [ "$(value MainPID)" != "$1" ] && has_value ActiveState active
}
step lasting felucca create acme/orders --ttl 8h --format password
first=$(value MainPID)
echo '*:*:*:*:x' >~/.pgpass
until_true relieved "$first"
step relieved systemctl --user show $unit
systemctl --user stop $unit

# And without a session bus.
step stop-bus systemctl --user stop dbus.socket dbus.service
step no-bus felucca backends
step no-bus-unit systemctl --user show $unit
step no-bus-list felucca list

step end systemctl --user stop $unit
in_journal() { journalctl --user -q --no-pager -o json "MESSAGE_ID=$1" | grep -q .; }
for id in 5d0ce9cb0bdb4c49a21ff0b4d0f0c8fb c2b2d3e8b5b84df3a5ea1f6a7f86d1ce 9b3d7a5e6c0f4c5fb2a1d8e47f60c3ab; do
  until_true in_journal $id
  step "journal-$id" journalctl --user -q --no-pager -o json "MESSAGE_ID=$id"
done
end_manager
