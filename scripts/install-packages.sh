#!/usr/bin/env bash
# Installs what scripts/packages.txt lists and this machine lacks; does nothing,
# and needs no network, where all is there.
# Usage: install-packages.sh [build|all|bench]    (default: all)
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
want=${1:-all}
case $want in
  build) kinds=" build " ;;
  all) kinds=" build test " ;;
  bench) kinds=" build bench " ;;
  *) kinds= ;;
esac
if [[ ! $kinds ]]; then
  echo "usage: $0 [build|all|bench]" >&2
  exit 2
fi

missing=()
while read -r package kind _; do
  [[ -z $package || $package == \#* ]] && continue
  [[ $kinds == *" $kind "* ]] || continue
  status=$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null || true)
  [[ $status == installed ]] || missing+=("$package")
done <"$root/scripts/packages.txt"
if ((${#missing[@]} == 0)); then
  exit 0
fi

echo "installing ${missing[*]}"
as_root=()
if ((EUID != 0)); then
  if ! command -v sudo >/dev/null; then
    echo "error: this needs root and there is no sudo; as root, run" \
      "apt-get install ${missing[*]}" >&2
    exit 1
  fi
  as_root=(sudo)
fi
"${as_root[@]}" apt-get update
"${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
  apt-get install -y --no-install-recommends "${missing[@]}"
