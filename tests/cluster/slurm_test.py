#!/usr/bin/env python3
"""A study on a Slurm cluster, one node of which dies in the middle, leaves the bytes of one machine.

Usage: slurm_test.py PATH_TO_BINARY
"""
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "cli"))

from command import NOT_REPRODUCIBLE, SCENARIO  # noqa: E402
from slurm_cluster import Cluster, missing_programs  # noqa: E402

BINARY = ""
SHARDS = 8


def contents(directory):
    return {path.name: path.read_bytes() for path in directory.iterdir() if path.name not in NOT_REPRODUCIBLE}


class SlurmTest(unittest.TestCase):
    def setUp(self):
        if missing := missing_programs():
            self.skipTest(f"not installed: {', '.join(missing)} (.ci/install.sh cluster)")
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = pathlib.Path(folder.name)
        (self.root / "slurm").mkdir()
        self.cluster = Cluster(self.root / "slurm")
        self.addCleanup(self.cluster.stop)
        self.cluster.start()
        self.out = self.root / "with space" / "spread"
        self.study = self.root / "study.json"
        (self.root / "scenario.json").write_text(json.dumps(SCENARIO), encoding="utf-8")
        self.study.write_text(json.dumps({
            "format": "userqsim-study/1", "name": "spread", "scenario": "scenario.json",
            "policies": ["unmap_map", "preempt_restore"], "replications": 100,
            "factors": [{"name": "api", "pointer": "/overrides/costs/mes_api/value",
                         "log_range": {"from": "2us", "to": "200us", "count": 20}}]}), encoding="utf-8")

    def userqsim(self, *arguments):
        return subprocess.run([BINARY, *map(str, arguments)], cwd=self.root, capture_output=True, text=True, check=True)

    def submit(self):
        """Runs the emitted script; the number of the merge, the last that it submits."""
        script = self.userqsim("sweep", self.study, "--emit", "slurm", "--shards", SHARDS, "--at-once", 4,
                               "--out", self.out).stdout
        path = self.root / "spread.sh"
        path.write_text(script, encoding="utf-8")
        return self.cluster.call("sh", path).strip()

    def wait_for_the_end(self, merge):
        self.cluster.wait_for(lambda: merge not in self.cluster.jobs(), 480, "the merge has not ended")
        log = self.out.with_name(f"spread.slurm-{merge}-merge.log")
        return log.read_text(encoding="utf-8") if log.exists() else ""

    def pieces_of(self, shard, end=".partial"):
        directory = self.out.with_name(f"spread.shard-{shard}-of-{SHARDS}{end}")
        return {path.name: path.stat().st_mtime_ns for path in (directory / "pieces").glob("*.piece")}

    def victim(self):
        """A task that has written something and is still at work, with its node."""
        for name, (state, *node) in self.cluster.jobs().items():
            shard = name.partition("_")[2]
            if state == "RUNNING" and shard and node and self.pieces_of(shard):
                return shard, node[0]
        return None

    def test_a_node_that_dies(self):
        merge = self.submit()
        victims = []
        self.cluster.wait_for(lambda: victims.append(self.victim()) or victims[-1], 120, "a task at work")
        shard, node = victims[-1]
        self.cluster.kill_node(node)
        pieces = self.pieces_of(shard)
        print(f"killed {node} with shard {shard} after {len(pieces)} pieces", file=sys.stderr)
        self.assertTrue(self.out.with_name(f"spread.shard-{shard}-of-{SHARDS}.partial").exists())
        log = self.wait_for_the_end(merge)
        if not self.out.exists():  # Slurm did not start the task again by itself: go on by hand, as the script says
            print("submitted again", file=sys.stderr)
            self.assertIn("are missing", log)
            log = self.wait_for_the_end(self.submit())
        self.assertTrue(self.out.exists(), f"{log}\n{self.cluster.logs()}")
        self.assertLessEqual(pieces.items(), self.pieces_of(shard, "").items(), "what was done was done again")
        self.userqsim("sweep", self.study, "--jobs", 1, "--out", self.root / "one-machine")
        self.assert_same(contents(self.root / "one-machine"), contents(self.out))
        self.damaged_and_submitted_again()

    def assert_same(self, expected, found):
        self.assertEqual(sorted(found), sorted(expected))
        for name, content in expected.items():
            self.assertTrue(found[name] == content, f"{name} differs")

    def damaged_and_submitted_again(self):
        """What a node left of its work was whole once and is no more."""
        expected = contents(self.out)
        shutil.rmtree(self.out)
        for shard in (0, 3):
            directory = self.out.with_name(f"spread.shard-{shard}-of-{SHARDS}")
            sorted((directory / "pieces").glob("*.piece"))[0].write_bytes(b"")
        (self.out.with_name(f"spread.shard-5-of-{SHARDS}") / "sweep.json").write_bytes(b"")
        log = self.wait_for_the_end(self.submit())
        self.assertTrue(self.out.exists(), f"{log}\n{self.cluster.logs()}")
        self.assert_same(expected, contents(self.out))


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    BINARY = os.path.abspath(sys.argv.pop(1))
    unittest.main()
