#!/usr/bin/env bash
# Runs run.sh for minGRU and minLSTM with 1, 2 and 3 layers and for every other
# mixer with 3, $JOBS (2) at a time with one thread each, and prints what they
# reached as Markdown. Logs and what a run said are kept in $OUT
# (build/selective-copy-table); runs that are there are not repeated, and JOBS=0
# only prints what there is.
# Usage: table.sh [OPTION...] > table.md     OPTIONs of `rnn train` replace these
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
options=("$@")
if [[ $# -eq 0 ]]; then
  options=(--task selective-copying:memorize=4 --length 64 --batch 32
    --steps 1000 --lr 3e-3 --warmup 50 --weight-decay 0.05 --clip 1 --seed 1)
fi
export OUT=${OUT:-$here/../../build/selective-copy-table} here
mkdir -p "$OUT"

one() {
  local said=$OUT/$1-$2.txt
  [[ ! -e $said ]] || return 0
  "$here/run.sh" "$@" --threads 1 --log "$OUT/$1-$2.jsonl" \
    >"$said.part" && mv "$said.part" "$said"
}
export -f one
runs() {
  local mixer layers
  while read -r mixer _; do
    for layers in 1 2 3; do
      [[ $layers -lt 3 && $mixer != min-* ]] || echo "$mixer $layers"
    done
  done <"$here/../mixers.txt"
}
[[ ${JOBS:=2} == 0 ]] || runs |
  xargs -P "$JOBS" -I{} bash -c 'one {} "$@"' one "${options[@]}" >&2

printf '%s, ' "$(sed -n 's/^model name.*: //p' /proc/cpuinfo | head -1)"
printf 'one thread a run, %s, by examples/selective-copy/table.sh with\n' \
  "$(date +%F)"
printf '%s.\n\n' "${options[*]}"
echo "| mixer | layers | accuracy | of whole sequences |"
echo "|---|---|---|---|"
runs | while read -r mixer layers; do
  [[ -e $OUT/$mixer-$layers.txt ]] || continue
  sed -n "s/^validation.* accuracy \([0-9.]*\), of whole sequences \([0-9.]*\) .*/| $mixer | $layers | \1 | \2 |/p" \
    "$OUT/$mixer-$layers.txt"
done
