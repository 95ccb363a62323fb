#!/usr/bin/env bash
# From a fresh clone to generated text: installs what is missing, builds the
# compiler and rnn, compiles examples/char-lm, trains it for ninety seconds
# and lets it write.
# Usage: quickstart.sh [TEXT]    (default: this project's own prose and sources)
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
export BUILD_DIR=${BUILD_DIR:-$root/build}
out=$BUILD_DIR/quickstart

# Says a command, then runs it.
run() {
  printf '\n$'
  printf ' %q' "$@"
  printf '\n'
  "$@"
}

# The files of this project that people wrote, one after the other.
own_text() {
  cd "$root"
  if git rev-parse --is-inside-work-tree >/dev/null 2>&1; then
    git ls-files -z
  else
    find . -path ./build -prune -o -type f -print0 | sort -z
  fi | grep -zE '\.(md|mlir|td|h|hpp|cpp|c|py|sh)$' | xargs -0 cat
}

text=${1:-}
if [[ -n $text && ! -r $text ]]; then
  echo "error: cannot read $text; give a text file, or nothing" >&2
  exit 1
fi
run "$root/scripts/install-packages.sh" build
run "$root/scripts/build.sh" --no-tests rnnc rnn
mkdir -p "$out"
if [[ -z $text ]]; then
  text=$out/text.txt
  own_text >"$text"
  echo "training on this project's own text, $(wc -c <"$text") bytes"
fi

rnn=$BUILD_DIR/bin/rnn
module=$out/char-lm.so
checkpoint=$out/char-lm.safetensors
run "$BUILD_DIR/bin/rnnc" "$root/examples/char-lm/char-lm.mlir" -o "$module"
run "$rnn" train "$module" --text "$text" --out "$checkpoint" --minutes 1.5
run "$rnn" eval "$module" --parameters "$checkpoint" --text "$text"
run "$rnn" generate "$module" --parameters "$checkpoint" --prompt "The " \
  --tokens 500 --temperature 0.8
echo
