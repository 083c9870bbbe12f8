#!/bin/bash
# SPDX-FileCopyrightText: The felucca authors
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Runs every fuzz target of a folder on a copy of its corpus. Prints `name executions exec/s` for each; fails when one
# found something, and says where the input is.
set -euo pipefail

if [ $# -lt 2 ]; then
  echo "usage: tests/fuzz/run.sh TARGETS-DIR SECONDS [JOBS [JUNIT-REPORT]]; what is found stays in TARGETS-DIR/found.*" >&2
  exit 2
fi
targets=$1
seconds=$2
jobs=${3:-1}
report=${4:-}
corpus=$(cd "$(dirname "$0")" && pwd)/corpus
scratch=$(mktemp -d "$targets/found.XXXXXX")

# $1: target. Its findings stay in $scratch/NAME.
run_target() {
  local name=${1##*/}
  name=${name#fuzz-}
  local folder=$scratch/$name
  local log=$folder/log
  mkdir -p "$folder/corpus"
  if [ -d "$corpus/$name" ]; then cp "$corpus/$name"/* "$folder/corpus"; fi
  # GLib's own slices would hide a use after free from the sanitizer.
  if ! G_SLICE=always-malloc "$1" -max_total_time="$seconds" -timeout=30 -rss_limit_mb=2048 -print_final_stats=1 \
    -artifact_prefix="$folder/" "$folder/corpus" >"$log" 2>&1; then
    echo "$name: FOUND something; see $folder"
    grep -E '^(==|ERROR|SUMMARY|.*: runtime error|.*ERROR:)' "$log" | head -n 8
    touch "$scratch/failed"
    echo "<testcase classname=\"fuzz\" name=\"$name\"><failure/></testcase>" >>"$scratch/cases"
    return
  fi
  echo "<testcase classname=\"fuzz\" name=\"$name\"/>" >>"$scratch/cases"
  echo "$name" "$(sed -n 's/^stat::number_of_executed_units: *//p' "$log")" \
    "$(sed -n 's/^stat::average_exec_per_sec: *//p' "$log")"
  rm -r "$folder"
}

n_targets=0
for target in "$targets"/fuzz-*; do
  if [ ! -f "$target" ] || [ ! -x "$target" ]; then continue; fi
  n_targets=$((n_targets + 1))
  while [ "$(jobs -pr | wc -l)" -ge "$jobs" ]; do wait -n; done
  run_target "$target" &
done
wait

if [ -n "$report" ]; then { echo '<testsuite name="fuzz">'; cat "$scratch/cases"; echo '</testsuite>'; } >"$report"; fi
if [ "$n_targets" = 0 ]; then
  echo "there is no fuzz target in $targets" >&2
  exit 2
fi
if [ -e "$scratch/failed" ]; then exit 1; fi
rm -r "$scratch"
