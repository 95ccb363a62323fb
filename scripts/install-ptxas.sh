#!/usr/bin/env bash
# Gets NVIDIA's assembler for test/gpu/assemble.py, from PyPI, into the build
# folder's ptxas/. Nothing else needs it.
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
to=${BUILD_DIR:-$root/build}/ptxas
mkdir -p "$to"
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m pip download --quiet --no-deps --only-binary=:all: \
  --dest "$folder" nvidia-cuda-nvcc-cu12
python3 -m zipfile -e "$folder"/*.whl "$folder/wheel"
install -m 755 "$(find "$folder/wheel" -name ptxas -type f)" "$to/ptxas"
"$to/ptxas" --version | tail -1
