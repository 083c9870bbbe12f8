#!/bin/bash
# SPDX-FileCopyrightText: The felucca authors
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# A real `systemd --user` where systemd need not be process 1, with felucca installed. As root:
#   unshare --mount --pid --fork --kill-child --mount-proc --propagation private user_manager.sh UID PREFIX STAGED RESULTS SCRIPT
# STAGED is what `meson install --destdir` made; it is laid over PREFIX. SCRIPT runs as that uid, starts the manager
# itself and writes into RESULTS. The journal is left there too.
set -e
uid=$1 prefix=$2 staged=$3 results=$4 script=$5

cgroups=/sys/fs/cgroup
[ -d $cgroups/unified ] && cgroups=$cgroups/unified
cgroup=$cgroups/$(basename "$results")
mkdir "$cgroup"
echo $$ >"$cgroup/cgroup.procs"
chown -R "$uid" "$cgroup"

mkdir -p "$prefix"
mount -t overlay overlay -o "ro,lowerdir=$staged$prefix:$prefix" "$prefix"
mount -t tmpfs tmpfs /run
mkdir -p /run/systemd/{system,unit-root,propagate,incoming,journald.conf.d} "/run/user/$uid" /run/dbus
chown "$uid" "/run/user/$uid"
chmod 700 "/run/user/$uid"
# Only what is kept is split by user, for `journalctl --user`.
mount -t tmpfs tmpfs /var/log
mkdir -p /run/systemd/journal /var/log/journal
touch /run/systemd/journal/flushed
printf '[Journal]\nStorage=persistent\nReadKMsg=no\nAudit=no\nRateLimitBurst=0\n' >/run/systemd/journald.conf.d/test.conf
/lib/systemd/systemd-journald 2>/dev/null &
journald=$!
for _ in $(seq 600); do [ -S /run/systemd/journal/stdout ] && break; sleep .05; done
[ -S /run/systemd/journal/stdout ] || { echo "the journal did not start" >&2; exit 1; }

# Where no private /tmp hides them, and with their owner.
for file in "$results"/*-probe; do [ ! -e "$file" ] || cp --preserve=mode "$file" /run/; done

mount -t tmpfs tmpfs /home
home=/home/u$uid
mkdir -p "$home"
chown "$uid" "$home"
for file in passwd group; do
  cp /etc/$file /run/$file
  [ $file = passwd ] && line="u$uid:x:$uid:$uid::$home:/bin/sh" || line="u$uid:x:$uid:"
  echo "$line" >>/run/$file
  mount --bind /run/$file /etc/$file
done

# The search for leaks traces the process, which the unit forbids: it would hang there.
code=0
setpriv --reuid="$uid" --regid="$uid" --clear-groups env -i PATH="$prefix/bin:/usr/bin:/bin" HOME="$home" USER="u$uid" \
  LANG=C.UTF-8 XDG_RUNTIME_DIR="/run/user/$uid" DBUS_SESSION_BUS_ADDRESS="unix:path=/run/user/$uid/bus" \
  SYSTEMD_UNIT_PATH="$prefix/lib/systemd/user:" XDG_DATA_DIRS="$prefix/share:/usr/share" \
  ASAN_OPTIONS="$ASAN_OPTIONS:detect_leaks=0" UBSAN_OPTIONS="$UBSAN_OPTIONS" \
  CGROUPS="$cgroups" PREFIX="$prefix" RESULTS="$results" bash "$script" || code=$?
journalctl --sync || true
journalctl --no-pager -q -o json --all --directory=/var/log/journal >"$results/journal.json"
journalctl --no-pager -q -o export --directory=/var/log/journal >"$results/journal.export"
kill $journald
wait $journald || true
exit $code
