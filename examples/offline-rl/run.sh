#!/usr/bin/env bash
# Records episodes, trains model.mlir with a mixer on them and plays. OPTIONs of
# `rnn train` replace those below.
# Usage: run.sh ENVIRONMENT MIXER [OPTION...]
#        (ENVIRONMENT: CartPole-v1, Acrobot-v1 or Pendulum-v1,
#        MIXER: a name in ../mixers.txt)
#
# $RETURNS: "no" leaves returns-to-go out, which is behaviour cloning.
# $CONTEXT: steps of a window, and what attention looks back (default: 32).
# $EVALUATE: options of evaluate.py. $SEED: of the training (default: 1).
# Gymnasium goes into a virtual environment, $RL_VENV, by default build/rl-venv.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source-path=SCRIPTDIR source=../mixer.sh
. "$here/../mixer.sh"
environment=${1:?"an environment"} mixer=${2:?"a name in ../mixers.txt"}
shift 2
context=${CONTEXT:-32} seed=${SEED:-1} returns=${RETURNS:-yes}
options=("$@")
if [[ $# -eq 0 ]]; then
  options=(--batch 32 --steps 500 --lr 2e-3 --warmup 50 --weight-decay 1e-4
    --clip 1 --threads 1)
fi
root=$here/../..
tools=$root/tools/rl
venv=${RL_VENV:-$root/build/rl-venv}
export PYTHONDONTWRITEBYTECODE=1

if ! /usr/bin/python3 -c 'import ensurepip, h5py, numpy' 2>/dev/null; then
  echo "error: Debian's python3-venv, python3-numpy and python3-h5py are" \
    "needed; install them with apt-get" >&2
  exit 1
fi

install_environments() {
  local list=$here/requirements.txt
  # h5py, and the numpy that it was built for, are Debian's.
  [[ -x $venv/bin/python ]] ||
    /usr/bin/python3 -m venv --system-site-packages "$venv"
  cmp -s "$list" "$venv/requirements.txt" && return
  echo "installing the environments into $venv"
  "$venv/bin/pip" install --quiet -r "$list"
  cp "$list" "$venv/requirements.txt"
}

# about KEY: a member of what convert.py says of the data.
about() {
  /usr/bin/python3 -c \
    'import json, sys; print(json.load(open(sys.argv[1]))[sys.argv[2]])' \
    "$data/scaling.json" "$1"
}

install_environments
out=$(results offline-rl)
recording=$out/$environment.hdf5 data=$out/$environment
scale=()
if [[ $returns == no ]]; then
  data=$data-cloned scale=(--return-scale 0)
fi
if [[ ! -e $recording ]]; then
  "$venv/bin/python" "$here/record.py" "$environment" --out "$recording.part"
  mv "$recording.part" "$recording"
fi
if [[ ! -e $data/scaling.json ]]; then
  /usr/bin/python3 "$tools/convert.py" "$recording" --out "$data" "${scale[@]}"
fi

name=$data-$mixer
compile_with "$mixer" "$here/model.mlir" "$name" \
  -e "s|x7xf32|x$(about width)xf32|g" -e "s|x2xf32|x$(about actions)xf32|g" \
  -e "s|context [0-9]*|context $context|"
"$bin/rnn" train "$name.so" --out "$name-$seed.safetensors" --data "$data" \
  --window "$context" --objective "$(about action)" --seed "$seed" \
  "${options[@]}"
read -ra evaluation <<<"${EVALUATE:-}"
"$venv/bin/python" "$tools/evaluate.py" "$name.so" \
  --parameters "$name-$seed.safetensors" --data "$data" --env "$environment" \
  "${evaluation[@]}"
