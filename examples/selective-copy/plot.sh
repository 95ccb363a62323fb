#!/usr/bin/env bash
# The training loss of table.sh's runs of minGRU and minLSTM by their layers, the
# mean of 5 updates at a time, as FILE.svg.
# Usage: plot.sh FILE.svg
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
bin=${RNNC_BIN:-$here/../../build/bin}
runs=${OUT:-$here/../../build/selective-copy-table}
means=$(mktemp -d)
trap 'rm -rf "$means"' EXIT
for log in "$runs"/min-{gru,lstm}-{1,2,3}.jsonl; do
  sed -n 's/.*"loss":\([^,]*\),"step":\([0-9]*\),.*/\2 \1/p' "$log" |
    awk '{ sum += $2 }
      $1 % 5 == 0 { printf "{\"step\":%d,\"loss\":%.4f}\n", $1, sum / 5; sum = 0 }' \
      >"$means/$(basename "$log")"
done
"$bin/rnn" report "$means"/*.jsonl --plot "$1" \
  --title "Selective copying, by layers"
