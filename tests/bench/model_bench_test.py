#!/usr/bin/env python3
"""What an event of the flagship costs: against a hold of the engine, with all tables, in
allocations and in bytes that stay.

Usage: model_bench_test.py PATH_TO_BINARY
"""
import subprocess
import sys
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FLAGSHIP = ROOT / "scenarios" / "library" / "game-and-llm-on-16g.json"
# What is reached, and must not be lost. The first two aims are lower, 4 and 1.15 (docs/performance.md). The four bytes
# that stay of a buffer are the machine's 0.02.
MOST = {"event_to_hold": 10, "tables_to_none": 1.55, "allocations_per_event": 0.0005, "bytes_per_event_machine": 0.05,
        "bytes_per_event_record": 16}


class ModelBench(unittest.TestCase):
    binary = None

    def test_what_an_event_costs(self):
        build = self.binary.parents[1]
        subprocess.run(["cmake", "--build", build, "--target", "model_bench"], check=True, capture_output=True)
        for policy in ("unmap_map", "preempt_restore"):
            text = subprocess.run([build / "tests" / "model_bench", FLAGSHIP, policy, "200s"], check=True,
                                  capture_output=True, text=True).stdout
            print(f"{policy}\n{text}")
            found = {line.split()[-2]: float(line.split()[-1]) for line in text.splitlines()}
            for name, most in MOST.items():
                with self.subTest(policy=policy, name=name):
                    self.assertLessEqual(found[name], most)


if __name__ == "__main__":
    ModelBench.binary = Path(sys.argv.pop(1)).resolve()
    unittest.main()
