#!/usr/bin/env bash
# Measures rnnc on this CPU beside its peers: one JSON, one table, plots.
# Usage: run.sh [--quick] [--only SHAPE|SYSTEM]... [--out DIR] [--threads N]
#               [--rounds N] [--cap SECONDS] [--limit SECONDS]
#        run.sh --render DIR     table and plots anew from DIR/result.json
#
# Builds what it needs, and installs the peers (requirements.txt) into
# $BENCH_VENV, by default build/bench-venv. RNNC_BUILD names another build
# folder, which is then used as it is. What systems say goes to $BENCH_LOG.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
root=$(dirname "$here")
work=$root/build/bench
venv=${BENCH_VENV:-$root/build/bench-venv}
mkdir -p "$work"

install_peers() {
  [[ -x $venv/bin/python ]] || python3 -m venv "$venv"
  if ! cmp -s "$here/requirements.txt" "$venv/requirements.txt"; then
    echo "installing the peers into $venv"
    "$venv/bin/pip" install --quiet -r "$here/requirements.txt"
    cp "$here/requirements.txt" "$venv/requirements.txt"
  fi
}

build_programs() {
  if [[ ! ${RNNC_BUILD:-} ]]; then
    export RNNC_BUILD=$root/build
    "$root/scripts/build.sh" rnnc bin/rnn lib/librnn.so
  fi
  export BENCH_CEILINGS=$work/ceilings BENCH_ONEDNN=$work/onednn_rnn
  cc -O3 -march=native -mprefer-vector-width=512 -pthread \
    "$here/ceilings.c" -o "$BENCH_CEILINGS"
  if ! c++ -O2 -std=c++17 "$here/systems/onednn_rnn.cpp" -ldnnl \
    -o "$BENCH_ONEDNN" 2>"$work/onednn.log"; then
    echo "oneDNN's primitives are left out: libdnnl-dev is missing?" \
      "(see $work/onednn.log)"
    BENCH_ONEDNN=
  fi
}

install_peers
export MPLCONFIGDIR=$work/matplotlib PYTHONDONTWRITEBYTECODE=1
if [[ ${1:-} == --render ]]; then
  exec "$venv/bin/python" "$here/report.py" "${@:2}"
fi
build_programs
export BENCH_LOG=${BENCH_LOG:-$work/log}
export TORCHINDUCTOR_CACHE_DIR=$work/inductor
# A CUDA toolkit that happens to be here has no part in this.
export CUDA_VISIBLE_DEVICES='' JAX_PLATFORMS=cpu
exec "$venv/bin/python" "$here/run.py" "$@"
