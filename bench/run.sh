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
# shellcheck source-path=SCRIPTDIR source=prepare.sh
. "$here/prepare.sh"

if [[ ${1:-} == -h || ${1:-} == --help ]]; then
  sed -n '2,/^set/s/^# \{0,1\}//p' "$0"
  exit
fi
install_peers
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
"$venv/bin/python" "$here/run.py" "$@"
rm "$work/unfinished"
