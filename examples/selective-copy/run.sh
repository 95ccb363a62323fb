#!/usr/bin/env bash
# Trains model.mlir with another mixer and number of layers on selective
# copying, and measures it. OPTIONs of `rnn train` replace those below.
# Usage: run.sh MIXER LAYERS [OPTION...]       (MIXER: a name in mixers.txt)
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
bin=${RNNC_BIN:-$here/../../build/bin}
mixer=${1:?"a name in mixers.txt"} layers=${2:?"a number of layers"}
shift 2
options=("$@")
if [[ $# -eq 0 ]]; then
  options=(--task selective-copying:memorize=4 --length 32 --batch 32
    --steps 1000 --lr 3e-3 --warmup 50 --weight-decay 0.05 --clip 1 --seed 1)
fi
line=$(awk -v name="$mixer" '$1 == name { $1 = ""; print substr($0, 2) }' \
  "$here/mixers.txt")
if [[ -z $line ]]; then
  echo "error: mixers.txt has no '$mixer'" >&2
  exit 1
fi

out=${OUT:-$here/../../build/selective-copy}
mkdir -p "$out"
name=$out/$mixer-$layers
sed -e "s|%m = .*|%m = $line|" -e "s|rnn.repeat 3|rnn.repeat $layers|" \
  "$here/model.mlir" >"$name.mlir"
"$bin/rnnc" "$name.mlir" -o "$name.so"
"$bin/rnn" train "$name.so" --out "$name.safetensors" "${options[@]}"
