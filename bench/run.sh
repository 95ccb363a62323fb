#!/usr/bin/env bash
# Measures rnnc on this CPU beside its peers: one JSON, one table, plots.
# Usage: run.sh [--quick] [--only SHAPE|SYSTEM]... [--out DIR] [--threads N]
#               [--rounds N] [--cap SECONDS] [--limit SECONDS]
#        run.sh --render DIR     table and plots anew from DIR/result.json
#
# Builds what it needs, and installs the peers (requirements.txt) into
# $BENCH_VENV, by default build/bench-venv. RNNC_BUILD names another build
# folder, which is then used as it is. What systems say goes to $BENCH_LOG, by
# default build/bench/log.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
root=$(dirname "$here")
work=$root/build/bench
venv=${BENCH_VENV:-$root/build/bench-venv}

# A peer that can not be installed is left out, and the table says so.
install_peers() {
  local list=$here/requirements.txt peer
  [[ -x $venv/bin/python ]] || /usr/bin/python3 -m venv "$venv"
  cmp -s "$list" "$venv/requirements.txt" && return
  echo "installing the peers into $venv"
  if "$venv/bin/pip" install --quiet -r "$list"; then
    cp "$list" "$venv/requirements.txt"
    return
  fi
  while read -r peer; do
    [[ -z $peer || $peer == \#* ]] && continue
    "$venv/bin/pip" install --quiet "$peer" || echo "$peer is left out"
  done <"$list"
}

build_programs() {
  if [[ ! ${RNNC_BUILD:-} ]]; then
    export RNNC_BUILD=$root/build
    "$root/scripts/build.sh" rnnc bin/rnn lib/librnn.so
  fi
  export BENCH_CEILINGS=$work/ceilings BENCH_ONEDNN=$work/onednn_rnn
  cc -O3 -march=native -mprefer-vector-width=512 -pthread \
    "$here/ceilings.c" -o "$BENCH_CEILINGS"
  c++ -O2 -std=c++17 "$here/systems/onednn_rnn.cpp" -ldnnl -o "$BENCH_ONEDNN"
}

if [[ ${1:-} == -h || ${1:-} == --help ]]; then
  sed -n '2,/^set/s/^# \{0,1\}//p' "$0"
  exit
fi
mkdir -p "$work"
"$root/scripts/install-packages.sh" bench
install_peers
export MPLCONFIGDIR=$work/matplotlib PYTHONDONTWRITEBYTECODE=1
if [[ ${1:-} == --render ]]; then
  exec "$venv/bin/python" "$here/report.py" "${@:2}"
fi
build_programs
export BENCH_LOG=${BENCH_LOG:-$work/log}
# What torch.compile made is kept, so that a second run need not wait for it,
# unless a run was ended before its end: that may have left half a file.
export TORCHINDUCTOR_CACHE_DIR=$work/inductor
[[ -e $work/unfinished ]] && rm -rf "$TORCHINDUCTOR_CACHE_DIR"
touch "$work/unfinished"
# A CUDA toolkit that happens to be here has no part in this.
export CUDA_VISIBLE_DEVICES='' JAX_PLATFORMS=cpu
"$venv/bin/python" "$here/run.py" "$@"
rm "$work/unfinished"
