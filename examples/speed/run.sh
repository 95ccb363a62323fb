#!/usr/bin/env bash
# What a training step of one layer takes by the length of the sequence, beside
# PyTorch and oneDNN: results/CPU/table.md, result.json and plots. Some minutes,
# on a machine that does nothing else.
# Usage: run.sh [OPTION...]      run.sh --help has the options of run.py
#        run.sh --render DIR     table and plots anew from DIR/result.json
#
# Builds rnnc and installs the peers into $BENCH_VENV as bench/run.sh does.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
# shellcheck source-path=SCRIPTDIR source=../../bench/prepare.sh
. "$root/bench/prepare.sh"
install_peers
[[ ${1:-} == --render || ${1:-} == --help ]] || build_programs
"$venv/bin/python" "$here/run.py" "$@"
