#!/usr/bin/env bash
# Trains model.mlir with another mixer on a task with up to 20 symbols, and
# measures it on 40 to 256 ($LONGER), with $THREADS threads (all cores). OPTIONs
# of `rnn train` replace those below.
# Usage: run.sh TASK MIXER [OPTION...]
#        (TASK as `rnn data list` has it, MIXER a name in ../mixers.txt)
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source-path=SCRIPTDIR source=../mixer.sh
. "$here/../mixer.sh"
task=${1:?"a task"} mixer=${2:?"a name in ../mixers.txt"}
shift 2
options=("$@")
if [[ $# -eq 0 ]]; then
  options=(--length 1..20 --batch 32 --steps 1500 --lr 3e-3 --warmup 50 --clip 1
    --seed 1)
  # A string twice has no length of 1.
  [[ $task != missing-duplicate ]] || options[1]=2..20
fi

name=$(results chomsky)/$mixer
compile_with "$mixer" "$here/model.mlir" "$name"
"$bin/rnn" train "$name.so" --out "$name-${task%%:*}.safetensors" \
  --task "$task" "${options[@]}" ${THREADS:+--threads "$THREADS"}
"$bin/rnn" eval "$name.so" --parameters "$name-${task%%:*}.safetensors" \
  --task "$task" --length "${LONGER:-40..256}" ${THREADS:+--threads "$THREADS"}
