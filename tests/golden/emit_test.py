#!/usr/bin/env python3
"""The scripts of `sweep --emit` are the committed ones, and do what they say: run here with stand-ins for sbatch, GNU
parallel and mpirun, they leave the bytes of an ordinary sweep. The real Slurm is in tests/cluster.

Usage: emit_test.py PATH_TO_BINARY [--update]
"""
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import unittest

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "cli"))

from command import NOT_REPRODUCIBLE, SCENARIO  # noqa: E402

UPDATE = "--update" in sys.argv
BINARY = ""
EMITTED = {
    "slurm": ("--shards", "5", "--at-once", "2", "--cpus", "2", "--time-limit", "90s"),
    "parallel": ("--shards", "5", "--cpus", "3"),
    "mpirun": ("--shards", "5", "--cpus", "2"),
}

# Each takes its scheduler's place: runs at once, one by one, what it is given.
SBATCH = """#!/bin/sh
script=$(cat)
case $* in
*--dependency=afterany:7*) printf '%s' "$script" | sh ;;
*) for i in 0 1 2 3 4; do printf '%s' "$script" | SLURM_ARRAY_TASK_ID=$i sh >&2; done ;;
esac
echo 7
"""
MPIRUN = """#!/bin/sh
echo "$@" >> "$0.calls"
while [ "$1" != -np ]; do shift; done
count=$2
while [ "$1" != sh ]; do shift; done
i=0
while [ "$i" -lt "$count" ]; do OMPI_COMM_WORLD_RANK=$i "$@" || exit; i=$((i + 1)); done
"""
PARALLEL = """#!/usr/bin/env python3
import subprocess, sys
with open(sys.argv[0] + ".calls", "a") as calls:
    print(*sys.argv[1:], file=calls)
log = sys.argv.index("--joblog")
first = log + (4 if sys.argv[log + 2] == "--sshlogin" else 2)
failed = 0
with open(sys.argv[log + 1], "w") as joblog:
    print(*"Seq Host Starttime JobRuntime Send Receive Exitval Signal Command".split(), sep="\\t", file=joblog)
    for number, line in enumerate(sys.stdin, 1):
        command = [part.replace("{}", line.strip()) for part in sys.argv[first:]]
        status = subprocess.run(command).returncode
        failed += status != 0
        print(number, ":", 0.5, 0.1, 0, 0, max(status, 0), max(-status, 0), " ".join(command), sep="\\t", file=joblog)
sys.exit(failed)
"""


def contents(directory):
    return {path.name: path.read_bytes() for path in directory.iterdir() if path.name not in NOT_REPRODUCIBLE}


class Emit(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = pathlib.Path(folder.name).resolve()
        self.study = self.root / "a study.json"
        (self.root / "scenario.json").write_text(json.dumps(SCENARIO), encoding="utf-8")
        self.study.write_text(json.dumps({
            "format": "userqsim-study/1", "name": "spread", "scenario": "scenario.json", "set": {"/horizon": "30ms"},
            "replications": 3,
            "factors": [{"name": "width", "pointer": "/processes/1/queues/0/jobs/width", "values": [16, 32, 48]}]}),
            encoding="utf-8")
        self.out = self.root / "it's out" / "spread"
        self.environment = {**os.environ, "PATH": f"{self.root}/bin:{os.environ['PATH']}"}
        (self.root / "bin").mkdir()
        for name, text in (("sbatch", SBATCH), ("mpirun", MPIRUN), ("parallel", PARALLEL)):
            (self.root / "bin" / name).write_text(text, encoding="utf-8")
            (self.root / "bin" / name).chmod(0o755)

    def userqsim(self, *arguments, status=0):
        result = subprocess.run([BINARY, *map(str, arguments)], cwd=self.root, capture_output=True, text=True,
                                check=False)
        self.assertEqual(result.returncode, status, result.stderr)
        return result

    def emit(self, engine, *options):
        return self.userqsim("sweep", self.study, "--emit", engine, "--out", self.out, *options).stdout

    def test_the_scripts_are_the_committed_ones(self):
        for engine, options in EMITTED.items():
            with self.subTest(engine):
                text = self.emit(engine, *options)
                text = text.replace(BINARY, "/usr/bin/userqsim").replace(str(self.root), "/home/somebody")
                golden = HERE / "emit" / f"{engine}.sh"
                if UPDATE:
                    golden.parent.mkdir(exist_ok=True)
                    golden.write_text(text, encoding="utf-8")
                self.assertEqual(text, golden.read_text(encoding="utf-8"),
                                 f"{golden} is another; --update writes it anew")

    def test_the_scripts_do_what_they_say(self):
        self.userqsim("sweep", self.study, "--out", self.root / "here")
        expected = contents(self.root / "here")
        for engine, options in EMITTED.items():
            with self.subTest(engine):
                self.out = self.root / "it's out" / engine
                script = self.root / f"{engine}.sh"
                script.write_text(self.emit(engine, *options), encoding="utf-8")
                for _ in range(2):  # again: everything is there already
                    result = subprocess.run(["sh", script], env=self.environment, capture_output=True, text=True,
                                            check=False)
                    self.assertEqual(result.returncode, 0, result.stderr)
                    self.assertEqual(contents(self.out), expected)

    def run_script(self, script, *arguments):
        path = self.root / "script.sh"
        path.write_text(script, encoding="utf-8")
        return subprocess.run(["sh", path, *arguments], env=self.environment, capture_output=True, text=True,
                              check=False)

    def test_a_shard_that_fails_is_told_and_the_merge_looks_itself(self):
        for engine, expected in (("parallel", "shard 3 ended with 2, signal 0, on :"),
                                 ("mpirun", "shard 3 ended with 2")):
            with self.subTest(engine):
                self.out = self.root / engine / "spread"
                script = self.emit(engine, *EMITTED[engine])
                obstacle = self.out.with_name("spread.shard-3-of-5")
                obstacle.parent.mkdir()
                obstacle.write_text("in the way", encoding="utf-8")
                result = self.run_script(script)
                self.assertEqual(result.returncode, 2, result.stderr)
                self.assertIn(expected, result.stderr)
                self.assertNotIn("shard 2 ended", result.stderr)
                obstacle.unlink()
                result = self.run_script(script)
                self.assertEqual(result.returncode, 0, result.stderr)
                self.assertNotIn("ended with", result.stderr)

    def test_damaged_work_is_done_again_by_the_same_script(self):
        for engine in EMITTED:
            with self.subTest(engine):
                self.out = self.root / engine / "spread"
                script = self.emit(engine, *EMITTED[engine])
                self.assertEqual(self.run_script(script).returncode, 0)
                expected = contents(self.out)
                for path in self.out.iterdir():
                    path.unlink()
                shard = self.out.with_name("spread.shard-3-of-5")
                sorted((shard / "pieces").iterdir())[0].write_bytes(b"")
                (shard / "points.csv").unlink()
                result = self.run_script(script)
                self.assertEqual(result.returncode, 0, result.stderr)
                self.assertEqual(contents(self.out), expected)

    def test_what_a_script_is_given_goes_to_its_engine(self):
        for engine, first, then in (("parallel", "-q -j 33.3334% --joblog", "joblog --sshlogin a,b c /"),
                                    ("mpirun", "-np 5 --map-by slot:PE=2", "slot:PE=2 --sshlogin a,b c sh -c")):
            with self.subTest(engine):
                self.out = self.root / engine / "spread"
                result = self.run_script(self.emit(engine, *EMITTED[engine]), "--sshlogin", "a,b c")
                self.assertEqual(result.returncode, 0, result.stderr)
                calls = (self.root / "bin" / f"{engine}.calls").read_text(encoding="utf-8")
                self.assertTrue(calls.startswith(first), calls)
                self.assertIn(then, calls)
        self.assertIn(" -j 2 ", self.emit("parallel", "--shards", 5, "--cpus", 3, "--at-once", 2))
        self.assertNotIn(" -j ", self.emit("parallel", "--shards", 5))
        self.assertNotIn("--map-by", self.emit("mpirun", "--shards", 5))

    def test_percent_signs_are_no_replacements_in_the_names_of_logs(self):
        self.out = self.root / "50%j" / "spread"
        script = self.emit("slurm", *EMITTED["slurm"])
        self.assertEqual(re.findall(r"--output=(\S+)", script),
                         [f"'{self.root}/50%%j/spread'{end}" for end in (".slurm-%A_%a.log", ".slurm-%j-merge.log")])
        self.assertIn(f"--out '{self.root}/50%j/spread'.shard-", script)

    def test_the_points_are_checked_first(self):
        study = json.loads(self.study.read_text(encoding="utf-8"))
        study["factors"][0]["values"] = [16, "wide"]
        self.study.write_text(json.dumps(study), encoding="utf-8")
        for engine, options in EMITTED.items():
            result = self.userqsim("sweep", self.study, "--emit", engine, *options, status=2)
            self.assertIn("point 1 (width=wide)", result.stderr)
            self.assertEqual(result.stdout, "")

    def test_a_pilot_gives_the_time_and_the_number_of_shards(self):
        script = self.emit("slurm")
        self.assertIn("#SBATCH --array=0-0\n", script)  # nine runs of milliseconds are no work for an array
        minutes = int(re.search(r"^#SBATCH --time=(\d+)$", script, re.MULTILINE)[1])
        self.assertIn(minutes, range(6, 30))  # five, and three times what the pilot says, in whole minutes
        self.assertFalse(self.out.exists())

    def test_what_does_not_go_together(self):
        for options, expected in (
                (("--shards", "3"), "--emit"), (("--emit", "mpirun", "--at-once", "2"), "--at-once"),
                (("--emit", "parallel", "--time-limit", "5min"), "--time-limit"),
                (("--emit", "slurm", "--time-limit", "60s"), "--time-limit"),
                (("--emit", "slurm", "--shards", "10"), "10 of 9 runs"),
                (("--emit", "parallel", "--shards", "3", "--out", "a{}b"), "{"),
                (("--emit", "slurm", "--shard", "0/2"), "--shard"), (("--emit", "slrum"), '"slurm"')):
            with self.subTest(options):
                self.assertIn(expected, self.userqsim("sweep", self.study, *options, status=2).stderr)


if __name__ == "__main__":
    ARGUMENTS = [argument for argument in sys.argv[1:] if argument != "--update"]
    if len(ARGUMENTS) != 1:
        sys.exit(__doc__)
    BINARY = str(pathlib.Path(ARGUMENTS[0]).resolve())
    unittest.main(argv=sys.argv[:1])
