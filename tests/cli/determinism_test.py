#!/usr/bin/env python3
"""Same seed, same bytes: twice, with any number of jobs, and whichever code the C library picks for this processor.

    python3 tests/cli/determinism_test.py PATH_TO_BINARY

Only provenance.json and timing.csv may differ (docs/outputs.md). That a debug build gives the same bytes is tested by
running the golden tests on it (test.sh).
"""
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

BINARY = ""
MAY_DIFFER = {"provenance.json", "timing.csv"}


class Determinism(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)

    def compare(self, name, *options, **environment):
        out = pathlib.Path(self.folder.name) / name
        command = [BINARY, "compare", "game-and-llm-on-16g", "--reps", "4", "--until", "8s", "--out", str(out), *options]
        subprocess.run(command, check=True, capture_output=True, env={**os.environ, **environment})
        return {p.name: p.read_bytes() for p in out.iterdir() if p.name not in MAY_DIFFER}

    def test_same_bytes(self):
        reference = self.compare("reference", "--jobs", "1")
        self.assertIn("comparison.csv", reference)
        self.assertGreater(len(reference["evictions.csv"].splitlines()), 40)
        variants = {
            "again": self.compare("again", "--jobs", "1"),
            "two-jobs": self.compare("two-jobs", "--jobs", "2"),
            "five-jobs": self.compare("five-jobs", "--jobs", "5"),
            "no-fma": self.compare("no-fma", GLIBC_TUNABLES="glibc.cpu.hwcaps=-AVX2,-FMA"),
            "other-locale": self.compare("other-locale", LC_ALL="C.UTF-8", TZ="Asia/Tokyo"),
        }
        for name, files in variants.items():
            with self.subTest(variant=name):
                self.assertEqual(sorted(files), sorted(reference))
                for file, content in reference.items():
                    self.assertTrue(files[file] == content, f"{file} differs")

    def test_another_seed_differs(self):
        self.assertNotEqual(self.compare("one", "--seed", "1")["jobs.csv"], self.compare("two", "--seed", "2")["jobs.csv"])


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    BINARY = str(pathlib.Path(sys.argv.pop()).resolve())
    unittest.main()
