#!/usr/bin/env bash
# Installs what is missing, builds, runs the tests. The exit status is the tests'.
set -euo pipefail
cd "$(dirname "$0")"

usage() {
  cat <<'USAGE'
Usage: ./test.sh [--label TIER]

Without a label: the default tier. Everything is built optimised and tested; the unit, property and golden tests also
run in a debug build with the address and undefined-behaviour sanitizers, which must give the same bytes.

  --label TIER  run one tier whole (optimised build): slow, validation, ... or a folder of tests/, such as unit
  -h, --help    print this
USAGE
}

label=
while (($# > 0)); do
  case $1 in
    --label)
      label=${2-}
      if [[ ! $label =~ ^[a-z]+$ ]]; then
        echo "test: --label takes the name of a tier, found '$label'" >&2
        exit 2
      fi
      shift 2
      ;;
    -h | --help)
      usage
      exit 0
      ;;
    *)
      echo "test: unknown argument '$1'; see ./test.sh --help" >&2
      exit 2
      ;;
  esac
done
[[ $label == default ]] && label=

jobs=$(nproc)
status=0

.ci/install.sh "$label"
echo "test: build build/release"
cmake --preset release >/dev/null
cmake --build --preset release

if [[ -n $label ]]; then
  exec ctest --preset release-any-tier --parallel "$jobs" --label-regex "(^|-)$label(-|\$)"
fi

echo "test: build the program, the unit and the property tests with sanitizers in build/dev"
cmake --preset dev >/dev/null
cmake --build --preset dev --target userqsim tests_unit tests_property
ctest --preset dev --parallel "$jobs" --label-regex '^(unit|property|golden)$' || status=$?
echo "test: default tier of build/release"
ctest --preset release --parallel "$jobs" || status=$?
exit "$status"
