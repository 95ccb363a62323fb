#!/usr/bin/env bash
# Configures and builds into build/ (or $BUILD_DIR).
# Usage: build.sh [--no-tests] [TARGET...]    (default: everything)
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
build=${BUILD_DIR:-$root/build}
tests=ON
if [[ ${1:-} == --no-tests ]]; then
  tests=OFF
  shift
fi

log=$(mktemp)
trap 'rm -f "$log"' EXIT
if ! cmake -G Ninja -S "$root" -B "$build" -DRNNC_TESTS=$tests >"$log" 2>&1; then
  cat "$log" >&2
  echo "error: cmake failed; scripts/install-packages.sh installs what the" \
    "build needs" >&2
  exit 1
fi
cmake --build "$build" --target "${@:-all}"
