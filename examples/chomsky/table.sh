#!/usr/bin/env bash
# Runs run.sh for every task and mixer, $JOBS (2) at a time with one thread
# each, and prints what they reached as Markdown. What a run said is kept in
# $OUT (build/chomsky-table); runs that are there are not repeated, and JOBS=0
# only prints what there is.
# Usage: table.sh [TASK...] > table.md
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
export OUT=${OUT:-$here/../../build/chomsky-table} THREADS=1 here
tasks=(parity even-pairs cycle-navigation modular-arithmetic bucket-sort
  majority:symbols=4 majority-count:symbols=4 missing-duplicate reverse-string
  stack-manipulation listops)
[[ $# -eq 0 ]] || tasks=("$@")
mapfile -t mixers < <(awk '{ print $1 }' "$here/../mixers.txt")
mkdir -p "$OUT"

one() {
  local said=$OUT/$1-$2.txt
  [[ ! -e $said ]] || return 0
  OUT=$OUT/$1-$2 "$here/run.sh" "$1" "$2" >"$said.part" && mv "$said.part" "$said"
}
export -f one
runs() {
  local mixer
  for mixer in "${mixers[@]}"; do
    printf "%s\n$mixer\n" "${tasks[@]}"
  done
}
[[ ${JOBS:=2} == 0 ]] || runs | xargs -P "$JOBS" -n 2 bash -c 'one "$@"' one >&2

# The accuracy at the lengths of training, or at the longer ones.
accuracy() {
  if [[ ! -e $OUT/$1-$2.txt ]]; then
    echo -
  elif [[ $3 == short ]]; then
    sed -n 's/^validation.* accuracy \([0-9.]*\),.*/\1/p' "$OUT/$1-$2.txt"
  else
    sed -n 's/^accuracy  *\([0-9.]*\)$/\1/p' "$OUT/$1-$2.txt"
  fi
}
table() {
  local task mixer
  printf '| task |'
  printf ' %s |' "${mixers[@]}"
  printf '\n|---|'
  printf '%.0s---|' "${mixers[@]}"
  echo
  for task in "${tasks[@]}"; do
    printf '| %s |' "$task"
    for mixer in "${mixers[@]}"; do
      printf ' %.5s |' "$(accuracy "$task" "$mixer" "$1")"
    done
    echo
  done
}

printf '%s, ' "$(sed -n 's/^model name.*: //p' /proc/cpuinfo | head -1)"
printf 'one thread a run, %s, by examples/chomsky/table.sh.\n\n' "$(date +%F)"
echo "Accuracy at the lengths of training:"
echo
table short
printf '\nAccuracy on %s symbols:\n\n' "${LONGER:-40..256}"
table long
