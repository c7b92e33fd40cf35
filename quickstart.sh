#!/usr/bin/env bash
# From a fresh clone to a first answer: installs what is missing, builds, runs the flagship comparison, plots it.
set -euo pipefail
cd "$(dirname "$0")"

case ${1-} in
  "") ;;
  -h | --help)
    echo "Usage: ./quickstart.sh"
    echo "Installs missing packages (apt), builds build/release and compares the policies in out/quickstart."
    exit 0
    ;;
  *)
    echo "quickstart: no argument is taken, found '$1'" >&2
    exit 2
    ;;
esac

scenario=scenarios/library/game-and-llm-on-16g.json
out=out/quickstart
python=/usr/bin/python3
[[ -x $python ]] || python=python3

.ci/install.sh
echo "quickstart: build build/release"
cmake --preset release >/dev/null
cmake --build --preset release --target userqsim
echo "quickstart: compare the policies on $scenario, 20 replications"
build/release/scenarios/userqsim compare "$scenario" --reps 20 --out "$out" --force
if "$python" -c 'import matplotlib, pandas' 2>/dev/null; then
  "$python" results/plots/plot_compare.py "$out"
else
  echo "quickstart: no plot, since $python lacks matplotlib or pandas (packages python3-matplotlib, python3-pandas)"
fi
echo "quickstart: written"
find "$out" -type f | sort | sed 's/^/  /'
