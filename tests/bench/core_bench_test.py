#!/usr/bin/env python3
"""Whether the event core is as much faster than its peers as docs/performance.md says, measured beside them.

Usage: core_bench_test.py PATH_TO_BINARY
"""
import shutil
import subprocess
import sys
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SIZES = (100, 1_000, 10_000)
AT_MOST = {**{f"hold/{n}/userqsim-of-bare-heap": 0.75 for n in SIZES},
           "move/1000/userqsim-of-hold": 1.2, "move/1000/userqsim-of-lazy-heap": 0.6}
AT_LEAST = {**{f"hold/{n}/{peer}-of-userqsim": times for n in SIZES for peer, times in
               (("ns3-PriorityQueue", 4), ("ns3-Map", 6), ("systemc", 5), ("simgrid", 40), ("simpy", 40))},
            "hold/100000/best-ns3-of-userqsim": 1, "hold/1000000/best-ns3-of-userqsim": 1,
            "mm1/best-ns3-of-userqsim": 2}


@unittest.skipUnless(shutil.which("dpkg-query"), "the peers are Debian's packages, and there is no dpkg")
class CoreBench(unittest.TestCase):
    def test_the_core_is_as_fast_as_promised(self):
        result = subprocess.run([ROOT / "tests" / "bench" / "compare_peers.sh"], capture_output=True, text=True)
        self.assertEqual(result.returncode, 0, result.stderr)
        print(result.stdout)
        ratios = {}
        for line in result.stdout.splitlines():
            if line.startswith("ratio "):
                _, name, value = line.split()
                ratios[name] = float(value)
        for name, most in AT_MOST.items():
            with self.subTest(name):
                self.assertLessEqual(ratios[name], most)
        for name, least in AT_LEAST.items():
            with self.subTest(name):
                self.assertGreaterEqual(ratios[name], least)


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    del sys.argv[1]
    unittest.main()
