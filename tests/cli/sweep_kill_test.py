#!/usr/bin/env python3
"""A sweep that is killed again and again, resumed and merged leaves the bytes of one that nobody disturbed.

Usage: sweep_kill_test.py [--full] PATH_TO_BINARY

So does the repair of what was damaged after its end. The instants are random; the seed is printed, and SWEEP_SEED=...
repeats it. --full: 200 points x 20 replications, ten kills, and four shards, each killed as well. Otherwise a small
form of the same.
"""
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
import unittest

from command import NOT_REPRODUCIBLE, SCENARIO, CommandTest, main

FULL = "--full" in sys.argv
POINTS, REPLICATIONS, KILLS, SHARDS = (200, 20, 10, 4) if FULL else (20, 10, 4, 3)
SEED = int(os.environ.get("SWEEP_SEED", random.SystemRandom().randrange(1 << 32)))


def contents(directory):
    return {path.name: path.read_bytes() for path in directory.iterdir() if path.name not in NOT_REPRODUCIBLE}


class KilledSweep(CommandTest):
    def setUp(self):
        super().setUp()
        self.random = random.Random(f"{SEED} {self.id()}")
        self.study = self.root / "study.json"
        self.study.write_text(json.dumps({
            "format": "userqsim-study/1",
            "name": "killed",
            "scenario": "scenario.json",
            "set": {"/horizon": "200ms" if FULL else "60ms"},
            "policies": ["unmap_map", "preempt_restore"],
            "replications": REPLICATIONS,
            "factors": [
                {"name": "api", "pointer": "/overrides/costs/mes_api/value",
                 "log_range": {"from": "2us", "to": "200us", "count": POINTS // 2}},
                {"name": "width", "pointer": "/processes/1/queues/0/jobs/width", "values": [16, 48]}],
        }), encoding="utf-8")

    def undisturbed(self):
        reference = self.root / "reference"
        start = time.monotonic()
        self.assert_status(self.run_command("sweep", self.study, "--jobs", 1, "--out", reference), 0)
        files = contents(reference)
        self.assertEqual(files["runs.csv"].count(b"\n"), 1 + POINTS * 2 * REPLICATIONS)
        self.assertEqual(files["runs.csv"].count(b",ok,"), POINTS * 2 * REPLICATIONS)
        return files, time.monotonic() - start

    def seconds_to_check_points(self):
        start = time.monotonic()
        self.assert_status(self.run_command("sweep", self.study, "--jobs", 2, "--dry-run"), 0)
        return time.monotonic() - start

    def kill(self, arguments, within):
        """Starts the sweep and kills it at a random instant; True when it was killed before its end."""
        with subprocess.Popen([self.binary, *map(str, arguments)], cwd=self.root, stdout=subprocess.DEVNULL,
                              stderr=subprocess.PIPE) as process:
            try:
                process.wait(timeout=self.random.uniform(0.0, within))
            except subprocess.TimeoutExpired:
                process.send_signal(signal.SIGKILL)
            _, errors = process.communicate()
            self.assertIn(process.returncode, (0, -signal.SIGKILL), errors)
            return process.returncode != 0

    def assert_same(self, files, directory, note):
        found = contents(directory)
        self.assertEqual(sorted(found), sorted(files), note)
        for name, content in files.items():
            self.assertTrue(found[name] == content, f"{name} differs; {note}")

    def test_killed_and_resumed(self):
        files, seconds = self.undisturbed()
        arguments = ("sweep", self.study, "--jobs", 2, "--out", self.out, "--resume")
        killed = restarts = 0
        while killed < KILLS:
            begun = (self.root / "out.partial" / "sweep.json").exists()
            if self.kill(arguments, 0.8 * seconds / KILLS if begun else 2 * self.seconds_to_check_points()):
                killed += 1
            else:  # it was faster than the undisturbed one: begin anew, so that as many kills hit something
                shutil.rmtree(self.out)
                restarts += 1
        pieces = len(list((self.root / "out.partial").glob("pieces/*.piece")))
        note = f"SWEEP_SEED={SEED}: {killed} kills, {pieces} pieces before the last run, {restarts} restarts"
        print(note, file=sys.stderr)
        self.assert_status(self.run_command(*arguments), 0)
        self.assert_same(files, self.out, note)
        self.assertFalse((self.root / "out.partial").exists())

    def test_shards_killed_resumed_and_merged(self):
        files, seconds = self.undisturbed()
        directories = [self.root / f"shard-{i}" for i in range(SHARDS)]
        killed = 0
        for i, directory in enumerate(directories):
            arguments = ("sweep", self.study, "--jobs", 1, "--shard", f"{i}/{SHARDS}", "--out", directory, "--resume")
            killed += self.kill(arguments, seconds / SHARDS)
            self.assert_status(self.run_command(*arguments), 0)
        note = f"SWEEP_SEED={SEED}: {killed} of {SHARDS} shards killed"
        print(note, file=sys.stderr)
        self.random.shuffle(directories)
        for _ in range(2):  # once more changes nothing
            self.assert_status(self.run_command("merge", *directories, "--out", self.out), 0)
            self.assert_same(files, self.out, note)

    def test_a_repair_that_is_killed(self):
        """A shard that was finished has lost half of its pieces; what is left of it survives every kill."""
        files, seconds = self.undisturbed()
        directories = [self.root / f"shard-{i}" for i in range(2)]
        commands = [("sweep", self.study, "--jobs", 1, "--shard", f"{i}/2", "--out", directory, "--resume")
                    for i, directory in enumerate(directories)]
        for command in commands:
            self.assert_status(self.run_command(*command), 0)
        pieces = sorted((directories[0] / "pieces").iterdir())
        self.random.shuffle(pieces)
        half = len(pieces) // 2
        for piece in pieces[:half]:
            piece.write_bytes(piece.read_bytes()[:-1])
        sound = {piece.stat().st_ino for piece in pieces[half:]}
        # A quarter of the runs is to be done again.
        within = max(0.25 * seconds / KILLS, 2 * self.seconds_to_check_points())
        killed = sum(self.kill(commands[0], within) for _ in range(KILLS))
        note = f"SWEEP_SEED={SEED}: {killed} of {KILLS} repairs killed, {half} of {len(pieces)} pieces damaged"
        print(note, file=sys.stderr)
        self.assert_status(self.run_command(*commands[0]), 0)
        self.assertLessEqual(sound, {piece.stat().st_ino for piece in (directories[0] / "pieces").iterdir()}, note)
        self.assertFalse((self.root / "shard-0.partial").exists())
        self.assert_status(self.run_command("merge", *directories, "--out", self.out), 0)
        self.assert_same(files, self.out, note)


if __name__ == "__main__":
    print(f"SWEEP_SEED={SEED}", file=sys.stderr)
    sys.argv = [argument for argument in sys.argv if argument != "--full"]
    main(__doc__)
