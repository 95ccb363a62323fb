# What the examples' run.sh share; they source it. $bin is where rnnc and rnn
# are ($RNNC_BIN, else the build folder).
# shellcheck shell=bash
examples=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
bin=${RNNC_BIN:-$examples/../build/bin}

# results NAME: makes $OUT, else build/NAME, and prints it.
results() {
  local out=${OUT:-$examples/../build/$1}
  mkdir -p "$out"
  echo "$out"
}

# compile_with MIXER MODEL NAME [SED...]: puts the mixer's line of mixers.txt (or
# of the file $mixers) in the place of the model's "%m = ...", edits the text
# further by sed's arguments, and compiles NAME.mlir to NAME.so, with $precision
# if that is set.
compile_with() {
  local mixer=$1 model=$2 name=$3 line
  shift 3
  line=$(awk -v name="$mixer" '$1 == name { $1 = ""; print substr($0, 2) }' \
    "${mixers:-$examples/mixers.txt}")
  if [[ -z $line ]]; then
    echo "error: mixers.txt has no '$mixer'" >&2
    return 1
  fi
  sed -e "s|%m = .*|%m = $line|" "$@" "$model" >"$name.mlir"
  "$bin/rnnc" "$name.mlir" ${precision:+--precision="$precision"} -o "$name.so"
}
