#!/usr/bin/env bash
# Measures the event core beside the simulators that Debian has: ns-3, SystemC, SimGrid and SimPy. Prints a Markdown
# table, and for each comparison a line `ratio NAME VALUE`. What it means: docs/performance.md.
set -euo pipefail
cd "$(dirname "$0")/../.."

usage() {
  cat <<'USAGE'
Usage: tests/bench/compare_peers.sh [--rounds N]

Installs the peers' packages where they are missing, builds the same workloads on each, and runs all in turns.

  --rounds N  how often (default 5, at least 1); medians are over rounds
  -h, --help  print this
USAGE
}

rounds=5
while (($# > 0)); do
  case $1 in
    --rounds)
      rounds=${2-}
      if [[ ! $rounds =~ ^[1-9][0-9]*$ ]]; then
        echo "compare_peers: --rounds takes a number from 1, found '$rounds'" >&2
        exit 2
      fi
      shift 2
      ;;
    -h | --help)
      usage
      exit 0
      ;;
    *)
      echo "compare_peers: unknown argument '$1'; see tests/bench/compare_peers.sh --help" >&2
      exit 2
      ;;
  esac
done

peers=build/peers
mkdir -p "$peers"
{
  .ci/install.sh peers
  cmake --preset release
  cmake --build --preset release --target userqsim_bench
  for peer in ns3:ns3-core systemc:systemc simgrid:simgrid; do
    name=${peer%%:*}
    echo "compare_peers: build $peers/$name"
    g++ -std=c++17 -O2 -I. "tests/bench/peers/${name}_bench.cpp" "-l${peer##*:}" -o "$peers/$name"
  done
} >&2

lines=$(mktemp)
trap 'rm -f "$lines"' EXIT
ours() { build/release/tests/userqsim_bench "$@" 2>/dev/null; }
ns3() { "$peers/ns3" "$@"; }
one() { "$peers/$1" "$2" 2>/dev/null | grep '^hold/'; } # SystemC and SimGrid say more than was asked
simpy() { /usr/bin/python3 -B tests/bench/peers/simpy_bench.py "$@"; }

# The engine goes first and last at each size, so that a machine that changes its pace changes it for both sides.
round() {
  local n
  for n in 1 10 100 1000 10000 100000 1000000; do
    ours hold "$n"
    ((n < 100)) || ns3 hold "$n"
    if ((n >= 100 && n <= 10000)); then
      one systemc "$n"
      one simgrid "$n"
      simpy hold "$n"
    fi
    ours hold "$n"
  done
  for workload in mm1 ping; do
    ours "$workload"
    [[ $workload != mm1 ]] || { ns3 mm1 1; simpy mm1 1; }
    ours "$workload"
  done
  for n in 100 1000 10000; do
    ours move "$n"
    ours cancel-and-post "$n"
  done
  for n in 100 1000 10000 100000; do
    ours ties "$n"
    ours phold "$n"
  done
}

for ((i = 1; i <= rounds; ++i)); do
  echo "compare_peers: round $i of $rounds" >&2
  round | sed "s/^/$i /" >>"$lines"
done
/usr/bin/python3 -B tests/bench/peers/table.py "$lines"
