"""What the tests of the command share: a scenario, a directory of their own, and how to call the binary."""
import csv
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

NOT_REPRODUCIBLE = {"provenance.json", "timing.csv"}

SCENARIO = {
    "format": "userqsim-scenario/1",
    "name": "cli-test",
    "question": "Does the command do as it says?",
    "expected": "Yes.",
    "device": "rx9070xt",
    "kernel": "6.18",
    "policy": "preempt_restore",
    "seed": 7,
    "horizon": "200ms",
    "processes": [
        {
            "name": "game, the",
            "vram": [{"name": "textures", "size": "256MiB", "count": 4, "domain": "vram"}],
            "queues": [
                {
                    "name": "gfx0",
                    "type": "gfx",
                    "jobs": {
                        "arrival": {"periodic": "16.667ms"},
                        "work": {"dist": "lognormal", "mean": "6ms", "sigma": 0.3},
                        "width": 64,
                        "grain": "1ms",
                    },
                },
                {"name": "comp0", "type": "compute"},
            ],
        },
        {
            "name": "batch",
            "queues": [
                {
                    "name": "comp0",
                    "type": "compute",
                    "jobs": {
                        "arrival": {"closed": {"clients": 2}},
                        "work": {"dist": "exponential", "mean": "5ms"},
                        "width": 32,
                    },
                }
            ],
        },
    ],
    "events": [{"every": {"dist": "exponential", "mean": "20ms"}, "kind": "evict", "process": "game, the"}],
}


def rows(path):
    with open(path, newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


class CommandTest(unittest.TestCase):
    binary = ""

    def setUp(self):
        self._directory = tempfile.TemporaryDirectory()
        self.addCleanup(self._directory.cleanup)
        self.root = pathlib.Path(self._directory.name)
        self.scenario = self.root / "scenario.json"
        self.scenario.write_text(json.dumps(SCENARIO), encoding="utf-8")
        self.out = self.root / "out"

    def run_command(self, *arguments, **keywords):
        return subprocess.run(
            [self.binary, *map(str, arguments)],
            cwd=self.root,
            capture_output=keywords.pop("capture_output", True),
            text=True,
            timeout=300,
            check=False,
            **keywords,
        )

    def assert_status(self, result, status):
        self.assertEqual(result.returncode, status, f"stdout:\n{result.stdout}\nstderr:\n{result.stderr}")

    def assert_one_error(self, result, *parts):
        self.assert_status(result, 2)
        self.assertRegex(result.stderr, r"\Auserqsim: [^\n]+\n\Z")
        for part in parts:
            self.assertIn(part, result.stderr)
        self.assertEqual(result.stdout, "")

    def assert_nothing_left(self):
        self.assertEqual([p.name for p in self.root.iterdir()], ["scenario.json"])


def main(usage):
    """Runs the tests of the calling file on the binary that its first argument names."""
    if len(sys.argv) < 2:
        sys.exit(usage)
    CommandTest.binary = os.path.abspath(sys.argv.pop(1))
    unittest.main()
