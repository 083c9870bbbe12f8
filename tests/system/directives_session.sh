# SPDX-FileCopyrightText: The felucca authors
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Tries the directives of felucca.service and of its drop-in, in a session of user_manager.sh. $RESULTS/plan, which
# test_directives.py has put there, has a line for each try: NAME PROBE; beside it $RESULTS/NAME.service. What a probe
# prints is left in $RESULTS/NAME.out. After that the daemon itself runs below the drop-in.
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

units=~/.config/systemd/user
mkdir -p $units ~/.config/felucca ~/.local/state/felucca
cp "$RESULTS/felucca.conf" ~/.config/felucca/
cp "$RESULTS"/*.service $units/
echo precious >~/precious
ulimit -c unlimited
/lib/systemd/systemd --user --log-target=journal >"$RESULTS/manager.log" 2>&1 &
manager=$!
until_true test -S "$XDG_RUNTIME_DIR/systemd/private"
systemctl --user is-system-running --wait >/dev/null
systemctl --user set-environment "CGROUPS=$CGROUPS" "PRECIOUS=$HOME/precious" "IN_TMP=$RESULTS/plan" \
  "UTS=$(readlink /proc/self/ns/uts)" "MNT=$(readlink /proc/self/ns/mnt)" SETUID_PROBE=/run/setuid-probe

# All at once: each is one short process.
xargs -n 1 systemctl --user start --no-block < <(cut -d' ' -f1 "$RESULTS/plan" | sed 's/$/.service/')
while read -r name _; do
  until_true test -s "$RESULTS/$name.out"
done <"$RESULTS/plan"

# The daemon below the drop-in.
printf %s keyring-pw | gnome-keyring-daemon --unlock --components=secrets >/dev/null 2>&1
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
systemctl --user exit
wait $manager
