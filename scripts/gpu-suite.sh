#!/usr/bin/env bash
# Checks and measures the kernels on a machine with a GPU, which needs a driver,
# Python with NumPy, and for the peers PyTorch, but no LLVM.
# Usage: gpu-suite.sh pack FOLDER [OPTION...]   builds, and fills FOLDER
#        gpu-suite.sh run FOLDER [OPTION...]    on the GPU's machine; as well:
#                                               python3 FOLDER/run.py;
#                                               PYTHON names another Python
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
build=${BUILD_DIR:-$root/build}
verb=${1:-}
folder=${2:-}
if [[ $verb != pack && $verb != run ]] || [[ -z $folder ]]; then
  echo "usage: $0 pack FOLDER [OPTION...] | run FOLDER [OPTION...]" >&2
  exit 2
fi
shift 2
if [[ $verb == run ]]; then
  exec "${PYTHON:-python3}" "$folder/run.py" "$@"
fi
"$root/scripts/install-packages.sh"
"$root/scripts/build.sh" rnnc rnn rnn_shared
RNNC_BUILD=$build exec /usr/bin/python3 "$root/bench/gpu/pack.py" "$folder" "$@"
