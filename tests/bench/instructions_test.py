#!/usr/bin/env python3
"""How many instructions three fixed runs take, against the numbers in instructions.tsv.

A busy machine does not move them; another compiler or C library does, so the file names those it was made with. One that
takes more fails, and so does one that takes so much less that the number is stale.

Usage: instructions_test.py PATH_TO_BINARY [--update]
"""
import csv
import re
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
NUMBERS = Path(__file__).with_name("instructions.tsv")
ALLOWED = 0.02
RUNS = {"game-and-llm-on-16g": ["--policy", "unmap_map"],
        "oversubscription-65": ["--policy", "preempt_restore", "--until", "500ms"],
        "third-process-two-victims": ["--policy", "unmap_map", "--until", "2s"]}


def toolchain():
    return "; ".join(subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()[0]
                     for command in (["c++", "--version"], ["ldd", "--version"]))


def instructions(binary, scenario, options):
    with tempfile.TemporaryDirectory() as folder:
        result = subprocess.run(
            ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null", binary, "run",
             str(ROOT / "scenarios" / "library" / f"{scenario}.json"), "--out", "out", *options],
            cwd=folder, capture_output=True, text=True, check=True)
    return int(re.search(r"Collected : (\d+)", result.stderr)[1])


def write(found):
    with NUMBERS.open("w", encoding="utf-8") as file:
        file.write("scenario\toptions\tinstructions\ttoolchain\n")
        for scenario, count in found.items():
            file.write(f"{scenario}\t{' '.join(RUNS[scenario])}\t{count}\t{toolchain()}\n")


class Instructions(unittest.TestCase):
    binary = ""

    def test_no_run_takes_more_than_it_did(self):
        with NUMBERS.open(encoding="utf-8") as file:
            expected = {row["scenario"]: row for row in csv.DictReader(file, delimiter="\t")}
        self.assertEqual(list(expected), list(RUNS))
        for scenario, row in expected.items():
            if row["toolchain"] != toolchain():
                self.skipTest(f"made with {row['toolchain']}, this is {toolchain()}")
            with self.subTest(scenario=scenario):
                self.assertEqual(row["options"], " ".join(RUNS[scenario]))
                count = instructions(self.binary, scenario, RUNS[scenario])
                was = int(row["instructions"])
                print(f"{scenario}: {count} instructions, {count / was - 1:+.2%}")
                self.assertLess(count, was * (1 + ALLOWED), "dearer than it was")
                self.assertGreater(count, was * (1 - 2 * ALLOWED), "cheaper than it was: --update")


if __name__ == "__main__":
    Instructions.binary = str(Path(sys.argv.pop(1)).resolve())
    if sys.argv[1:] == ["--update"]:
        write({scenario: instructions(Instructions.binary, scenario, options) for scenario, options in RUNS.items()})
        sys.exit(0)
    unittest.main()
