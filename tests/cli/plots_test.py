#!/usr/bin/env python3
"""The plots of a comparison: three pictures, for two policies and for many kernels.

Usage: plots_test.py PATH_TO_BINARY
"""
import importlib.util
import json
import pathlib
import subprocess
import sys
import unittest

from command import CommandTest, main

SCRIPT = pathlib.Path("results/plots/plot_compare.py").resolve()
PROFILE = pathlib.Path("models/profiles/kernels/6.18.json").resolve()


@unittest.skipUnless(all(map(importlib.util.find_spec, ("matplotlib", "pandas"))), "needs matplotlib and pandas")
class Plots(CommandTest):
    def plot(self, *arguments):
        self.assert_status(self.run_command("compare", self.scenario, "--reps", 3, "--out", self.out, *arguments), 0)
        result = subprocess.run([sys.executable, "-B", SCRIPT, self.out], capture_output=True, text=True, check=False)
        self.assert_status(result, 0)
        for name in ("downtime", "parts", "timeline"):
            picture = (self.out / "plots" / f"{name}.png").read_bytes()
            self.assertEqual(picture[:8], b"\x89PNG\r\n\x1a\n")
            self.assertGreater(len(picture), 5000)

    def test_two_policies(self):
        self.plot("--policies", "unmap_map,preempt_restore")

    def test_many_kernels(self):
        folder = self.root / "profiles" / "kernels"
        folder.mkdir(parents=True)
        for number in range(7):
            profile = dict(json.loads(PROFILE.read_text(encoding="utf-8")), name=f"own-{number}")
            profile["native_policy"] = ("unmap_map", "preempt_restore")[number % 2]
            (folder / f"own-{number}.json").write_text(json.dumps(profile), encoding="utf-8")
        self.plot("--vary", "kernel", "--profiles", self.root / "profiles")
        sys.path.insert(0, str(SCRIPT.parent))
        self.addCleanup(sys.path.remove, str(SCRIPT.parent))
        plots = importlib.import_module("plot_compare")
        run = plots.Run(self.out)
        self.assertGreaterEqual(len(run.policies()), 9)
        self.assertEqual(len({str(plots.style_of(index)) for index in range(len(run.policies()))}), len(run.policies()))
        self.assertEqual([line.split(" ")[0] for line in plots.differences_from_first(run)], run.policies()[1:])
        self.assertEqual(len(plots.typical_eviction(run)), len(run.policies()))

    def test_a_directory_of_run_is_refused(self):
        self.assert_status(self.run_command("run", self.scenario, "--out", self.out), 0)
        result = subprocess.run([sys.executable, "-B", SCRIPT, self.out], capture_output=True, text=True, check=False)
        self.assertNotEqual(result.returncode, 0)
        self.assertIn("was not left by `userqsim compare`", result.stderr)


if __name__ == "__main__":
    main(__doc__)
