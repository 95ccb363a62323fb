#!/usr/bin/env bash
# Builds everything and runs every test; installs what is missing first. The
# last line counts the tests; the exit status is not 0 if any failed.
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
export BUILD_DIR=${BUILD_DIR:-$root/build}
# A CUDA toolkit that happens to be here must not help.
unset CUDA_HOME CUDA_ROOT CUDA_PATH
export ASAN_OPTIONS=detect_container_overflow=0
export PYTHONDONTWRITEBYTECODE=1
python=/usr/bin/python3

passed=0 failed=0 skipped=0 finished=
log=$(mktemp)
finish() {
  rm -f "$log"
  # Whatever ended the script early counts.
  [[ $finished ]] || failed=$((failed + 1))
  echo "$passed passed, $failed failed, $skipped skipped"
  ((failed == 0)) || exit 1
}
trap finish EXIT

# The sum of the first numbers of the log's lines that match.
sum() {
  line=$1 awk '$0 ~ ENVIRON["line"] && match($0, /[0-9]+/) {
    n += substr($0, RSTART, RLENGTH)
  } END { print n + 0 }' "$log"
}

# suite NAME PASSED FAILED SKIPPED COMMAND...: runs a suite and counts by the
# regular expressions. A command that fails without a failed test counts as one.
suite() {
  local name=$1 good=$2 bad=$3 none=$4 status=0 failures
  shift 4
  echo
  echo "== $name"
  "$@" 2>&1 | tee "$log" || status=$?
  failures=$(sum "$bad")
  ((status == 0 || failures > 0)) || failures=1
  passed=$((passed + $(sum "$good")))
  failed=$((failed + failures))
  skipped=$((skipped + $(sum "$none")))
}

unit_tests() {
  suite "$1" '^passed ([0-9]+)' '^failed ([0-9]+)' '^skipped ([0-9]+)' \
    "$python" "$root/test/run_unittests.py" "$root/$1"
}

"$root/scripts/install-packages.sh"
"$root/scripts/build.sh"

suite "runtime (gtest)" '^\[  PASSED  \] ([0-9]+)' \
  '^\[  FAILED  \] ([0-9]+) tests?, listed' \
  '^\[  SKIPPED \] ([0-9]+) tests?, listed' \
  "$BUILD_DIR/bin/rnn_runtime_tests" --gtest_brief=1
suite "text (lit)" '^ +Passed *: +([0-9]+)' \
  '^ +(Failed|Unresolved|Timed Out|Unexpectedly Passed) *: +([0-9]+)' \
  '^ +(Unsupported|Skipped|Expectedly Failed) *: +([0-9]+)' \
  "$(llvm-config-22 --bindir)/lit" -sv "$BUILD_DIR/test"
export RNN_BIN=$BUILD_DIR/bin/rnn
export RNN_TEST_MODULE=$BUILD_DIR/test/runtime/modules/f32.so
export RNN_TEST_MODULE_F64=$BUILD_DIR/test/runtime/modules/f64.so
export RNNC_BUILD=$BUILD_DIR
unit_tests test/tools/rnn
unit_tests test/tools/rl
unit_tests test/conformance
unit_tests test/training
unit_tests test/bench
echo
finished=yes
