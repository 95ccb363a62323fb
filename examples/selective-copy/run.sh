#!/usr/bin/env bash
# Trains model.mlir with another mixer and number of layers on selective
# copying, and measures it. OPTIONs of `rnn train` replace those below.
# Usage: run.sh MIXER LAYERS [OPTION...]    (MIXER: a name in ../mixers.txt)
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source-path=SCRIPTDIR source=../mixer.sh
. "$here/../mixer.sh"
mixer=${1:?"a name in ../mixers.txt"} layers=${2:?"a number of layers"}
shift 2
options=("$@")
if [[ $# -eq 0 ]]; then
  options=(--task selective-copying:memorize=4 --length 32 --batch 32
    --steps 1000 --lr 3e-3 --warmup 50 --weight-decay 0.05 --clip 1 --seed 1)
fi

name=$(results selective-copy)/$mixer-$layers
compile_with "$mixer" "$here/model.mlir" "$name" \
  -e "s|rnn.repeat 3|rnn.repeat $layers|"
"$bin/rnn" train "$name.so" --out "$name.safetensors" "${options[@]}"
