#!/usr/bin/env bash
# Trains paper.mlir with another mixer as the paper trains its Shakespeare model,
# until the validation loss has not fallen for 150 updates, and measures the best
# parameters: over the whole validation split, and as nanoGPT estimates it.
# Usage: run.sh MIXER TEXT [OPTION...]       (MIXER: a name in mixers.txt)
#
# TEXT is tiny Shakespeare for the paper's numbers, 1,115,394 bytes, the file
# data/tinyshakespeare/input.txt of github.com/karpathy/char-rnn. OPTIONs of
# `rnn train` are added to those below. $SEED is 1, $PRECISION (of rnnc) f32; a
# run of $OUT (build/char-lm) that is there goes on.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source-path=SCRIPTDIR source=../mixer.sh
. "$here/../mixer.sh"
mixer=${1:?"a name in mixers.txt"} text=${2:?"a text"}
shift 2
precision=${PRECISION:-f32} mixers=$here/mixers.txt
run=$(results char-lm)/$mixer-$precision-${SEED:-1}
if [[ -e $run/run.json ]]; then
  "$bin/rnn" train --resume "$run"
else
  compile_with "$mixer" "$here/paper.mlir" "$run"
  "$bin/rnn" train "$run.so" --run "$run" --text "$text" --batch 64 --time 256 \
    --steps 5000 --lr 1e-3 --min-lr 1e-4 --warmup 100 --clip 0.25 \
    --eval-every 25 --save-every 25 --patience 150 --seed "${SEED:-1}" "$@"
fi
for how in whole random; do
  options=(--text "$text" --batch 64 --time 256)
  [[ $how == whole ]] || options+=(--random 200)
  "$bin/rnn" eval "$run" "${options[@]}" --json >"$run/$how.json"
done
cat "$run/whole.json" "$run/random.json"
