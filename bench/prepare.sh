# shellcheck shell=bash
# Sourced by what measures rnnc beside its peers: installs what that needs, and
# says where it is. $root is the repository.
#
# The peers (requirements.txt) are in $BENCH_VENV, by default build/bench-venv.
# RNNC_BUILD names another build folder, which is then used as it is.
work=$root/build/bench
venv=${BENCH_VENV:-$root/build/bench-venv}

# A peer that can not be installed is left out, and the table says so.
install_peers() {
  local list=$root/bench/requirements.txt peer
  mkdir -p "$work"
  "$root/scripts/install-packages.sh" bench
  export MPLCONFIGDIR=$work/matplotlib PYTHONDONTWRITEBYTECODE=1
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
    "$root/bench/ceilings.c" -o "$BENCH_CEILINGS"
  c++ -O2 -std=c++17 "$root/bench/systems/onednn_rnn.cpp" -ldnnl \
    -o "$BENCH_ONEDNN"
  # A CUDA toolkit that happens to be here has no part in this.
  export CUDA_VISIBLE_DEVICES='' JAX_PLATFORMS=cpu
}
