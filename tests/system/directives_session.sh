# SPDX-FileCopyrightText: The felucca authors
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Tries the directives of felucca.service and of its drop-in, in a session of user_manager.sh. $RESULTS/plan, which
# test_directives.py has put there, has a line for each try: NAME PROBE; beside it $RESULTS/NAME.service. What a probe
# prints is left in $RESULTS/NAME.out. After that the daemon itself runs below the drop-in.
. "$RESULTS/session.sh"

units=~/.config/systemd/user
mkdir -p $units ~/.local/state/felucca
use_config
cp "$RESULTS"/*.service $units/
echo precious >~/precious
ulimit -c unlimited
start_manager
systemctl --user set-environment "CGROUPS=$CGROUPS" "PRECIOUS=$HOME/precious" "IN_TMP=$(cat "$RESULTS/in-tmp")" \
  "UTS=$(readlink /proc/self/ns/uts)" "MNT=$(readlink /proc/self/ns/mnt)" SETUID_PROBE=/run/setuid-probe

# All at once: each is one short process.
xargs -n 1 systemctl --user start --no-block < <(cut -d' ' -f1 "$RESULTS/plan" | sed 's/$/.service/')
while read -r name _; do
  until_true test -s "$RESULTS/$name.out"
done <"$RESULTS/plan"

# The daemon below the drop-in.
start_keyring
mkdir -p $units/$unit.d
cp "$PREFIX/share/felucca/50-userns.conf" $units/$unit.d/
systemctl --user daemon-reload
step security systemd-analyze --user security --threshold=100 --no-pager $unit
step sign-in felucca sign-in --token-stdin <"$RESULTS/token"
step create felucca create acme/orders --format password
step get felucca get acme/orders --format password
step health felucca status --json
step show systemctl --user show $unit
step end systemctl --user stop $unit
end_manager
