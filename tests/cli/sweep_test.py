#!/usr/bin/env python3
"""What sweep and merge print and leave, what they refuse, and how they end.

Usage: sweep_test.py PATH_TO_BINARY
"""
import filecmp
import json
import math
import shutil
import signal
import statistics
import subprocess
import time

from command import NOT_REPRODUCIBLE, CommandTest, main, rows

STUDY = {
    "format": "userqsim-study/1",
    "name": "first",
    "scenario": "scenario.json",
    "set": {"/horizon": "60ms"},
    "policies": ["unmap_map", "preempt_restore"],
    "replications": 3,
    "factors": [
        {"name": "api", "pointer": "/overrides/costs/mes_api/value", "values": ["2us", "20us"]},
        {"name": "width", "pointer": "/processes/1/queues/0/jobs/width", "range": {"from": 16, "to": 48, "count": 3}}],
}
RUNS = 2 * 3 * 2 * 3


class StudyTest(CommandTest):
    def setUp(self):
        super().setUp()
        self.study = self.root / "study.json"
        self.write(STUDY)

    def write(self, study, **changes):
        self.study.write_text(json.dumps({**study, **changes}), encoding="utf-8")

    def sweep(self, *arguments, status=0, **keywords):
        result = self.run_command("sweep", self.study, *arguments, **keywords)
        self.assert_status(result, status)
        return result

    def same(self, one, other):
        names = sorted(path.name for path in one.iterdir())
        self.assertEqual(names, sorted(path.name for path in other.iterdir()))
        kept = [name for name in names if name not in NOT_REPRODUCIBLE]
        self.assertEqual(filecmp.cmpfiles(one, other, kept, shallow=False), (kept, [], []))


class Sweep(StudyTest):
    def test_a_sweep_leaves_a_whole_directory(self):
        self.sweep("--out", self.out)
        self.assertFalse((self.root / "out.partial").exists())
        manifest = json.loads((self.out / "manifest.json").read_text(encoding="utf-8"))
        self.assertEqual((manifest["command"], manifest["status"], manifest["points"], manifest["runs"]),
                         ("sweep", "complete", 6, RUNS))
        self.assertEqual({file["name"] for file in manifest["files"]} | {"manifest.json"} | NOT_REPRODUCIBLE,
                         {path.name for path in self.out.iterdir()})
        for file in manifest["files"]:
            self.assertEqual((self.out / file["name"]).stat().st_size, file["bytes"])
            if file["name"].endswith(".csv"):
                self.assertEqual(len(rows(self.out / file["name"])), file["rows"], file["name"])
        points = rows(self.out / "points.csv")
        self.assertEqual([(p["point"], p["api_ns"], p["width"]) for p in points],
                         [("0", "2000", "16"), ("1", "2000", "32"), ("2", "2000", "48"),
                          ("3", "20000", "16"), ("4", "20000", "32"), ("5", "20000", "48")])
        keys = [(int(row["point"]), row["policy"], int(row["rep"])) for row in rows(self.out / "runs.csv")]
        self.assertEqual(keys, sorted(keys))
        self.assertEqual(len(set(keys)), RUNS)

    def test_a_point_is_the_run_of_its_scenario(self):
        """The numbers of a point are those that `run` gives for the same values."""
        self.sweep("--out", self.out)
        single = self.root / "single"
        self.assert_status(
            self.run_command("run", self.scenario, "--policy", "unmap_map", "--reps", 3, "--set", "/horizon=60ms",
                             "--set", "/overrides/costs/mes_api/value=20us",
                             "--set", "/processes/1/queues/0/jobs/width=32", "--out", single), 0)
        alone = [row for row in rows(single / "summary.csv") if row["rep"]]
        swept = [row for row in rows(self.out / "summary.csv") if row["point"] == "4" and row["policy"] == "unmap_map"]
        for row in swept:
            del row["point"]
        self.assertEqual(swept, alone)
        digests = {row["rep"]: row["digest"] for row in rows(self.out / "runs.csv")
                   if row["point"] == "4" and row["policy"] == "unmap_map"}
        manifest = json.loads((single / "manifest.json").read_text(encoding="utf-8"))
        self.assertEqual(digests, {str(entry["rep"]): entry["digest"] for entry in manifest["digests"]})

    def test_estimates_are_means_with_intervals(self):
        self.sweep("--out", self.out)
        values = {}
        for row in rows(self.out / "summary.csv"):
            if row["value"]:
                key = tuple(row[name] for name in ("point", "policy", "metric", "role", "stat"))
                values.setdefault(key, []).append(float(row["value"]))
        estimates = rows(self.out / "estimates.csv")
        self.assertEqual(len(estimates), len(values))
        quantile = 4.302653  # Student's, 2 degrees of freedom, 97.5 %
        for row in estimates:
            sample = values[tuple(row[name] for name in ("point", "policy", "metric", "role", "stat"))]
            mean = statistics.fmean(sample)
            self.assertEqual(int(row["reps"]), len(sample))
            self.assertTrue(math.isclose(float(row["mean"]), mean, rel_tol=1e-12, abs_tol=1e-12))
            if len(sample) == 3:
                half = quantile * statistics.stdev(sample) / math.sqrt(3)
                self.assertTrue(math.isclose(float(row["ci_high"]), mean + half, rel_tol=1e-6, abs_tol=1e-6))

    def test_jobs_and_shards_change_no_byte(self):
        self.sweep("--jobs", 1, "--out", self.out)
        self.sweep("--jobs", 5, "--out", self.root / "five")
        self.same(self.out, self.root / "five")
        shards = [self.root / f"shard-{i}" for i in range(4)]
        for i, shard in enumerate(shards):
            self.sweep("--shard", f"{i}/4", "--out", shard)
        self.assert_status(self.run_command("merge", *reversed(shards), "--out", self.root / "merged"), 0)
        self.same(self.out, self.root / "merged")

    def test_metrics_keeps_these_alone(self):
        self.write(STUDY, metrics=["evictions", "downtime_ns"])
        self.sweep("--out", self.out)
        self.assertEqual({row["metric"] for row in rows(self.out / "summary.csv")}, {"evictions", "downtime_ns"})

    def test_dry_run_prints_points_and_runs_and_leaves_nothing(self):
        result = self.sweep("--dry-run", "--format", "csv")
        self.assertEqual(result.stdout.splitlines()[:2], ["point,api_ns,width,runs", "0,2000,16,6"])
        self.assertIn("36 runs", result.stderr)
        self.assertEqual(sorted(path.name for path in self.root.iterdir()), ["scenario.json", "study.json"])
        self.assertEqual(len(self.sweep("--dry-run", "--format", "csv", "--shard", "1/36").stdout.splitlines()), 2)

    def test_every_point_is_checked_before_the_first_run(self):
        factor = {"name": "api", "pointer": "/overrides/costs/mes_api/value", "values": ["2us", "soon"]}
        self.write(STUDY, factors=[factor])
        result = self.run_command("sweep", self.study, "--out", self.out)
        self.assert_one_error(result, "study.json: point 1 (api=soon)", "/overrides/costs/mes_api/value", '"soon"')
        self.assertEqual(sorted(path.name for path in self.root.iterdir()), ["scenario.json", "study.json"])

    def test_a_run_that_meets_its_limit_is_a_row_and_5(self):
        result = self.sweep("--max-events", 100, "--out", self.out, status=5)
        self.assertIn("36 of 36 runs failed", result.stderr)
        self.assertEqual({row["status"] for row in rows(self.out / "runs.csv")}, {"max_events"})
        self.assertEqual(rows(self.out / "summary.csv"), [])


class Resumed(StudyTest):
    def cut_off(self, *arguments):
        """Starts a sweep that takes long and interrupts it when it has written its first piece."""
        self.write(STUDY, replications=400)
        command = [self.binary, "sweep", str(self.study), "--out", str(self.out), *arguments]
        with subprocess.Popen(command, cwd=self.root, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
            for _ in range(3000):
                if any((self.root / "out.partial").glob("pieces/*.piece")):
                    break
                time.sleep(0.01)
            process.send_signal(signal.SIGTERM)
            _, errors = process.communicate()
        self.assertEqual(process.returncode, 143, errors)
        self.assertIn("--resume", errors)
        return {path.name: path.stat().st_mtime_ns for path in (self.root / "out.partial" / "pieces").iterdir()}

    def test_what_is_done_is_not_done_again(self):
        pieces = self.cut_off()
        result = self.sweep("--out", self.out, "--resume", "--timeout", "1ns", status=4)
        self.assertIn("--timeout", result.stderr)
        after = {path.name: path.stat().st_mtime_ns for path in (self.root / "out.partial" / "pieces").iterdir()}
        self.assertLessEqual(pieces.items(), after.items())
        self.sweep("--out", self.out, "--resume")
        self.sweep("--out", self.root / "other")
        self.same(self.out, self.root / "other")
        self.assertIn("nothing to do", self.sweep("--out", self.out, "--resume").stdout)

    def test_killed_between_the_result_and_the_end_of_its_work(self):
        """The result stands in its place, and what it was made of is still there."""
        self.cut_off()
        shutil.copytree(self.root / "out.partial", self.root / "kept")
        self.sweep("--out", self.out, "--resume")
        (self.root / "kept").rename(self.root / "out.partial")
        self.assertIn("nothing to do", self.sweep("--out", self.out, "--resume").stdout)
        self.assertEqual({path.name for path in self.root.iterdir()}, {"out", "scenario.json", "study.json"})

    def test_a_damaged_piece_is_done_again(self):
        piece = self.root / "out.partial" / "pieces" / sorted(self.cut_off())[0]
        piece.write_bytes(piece.read_bytes()[:-9])
        self.assertIn("damaged", self.sweep("--out", self.out, "--resume").stderr)
        self.sweep("--out", self.root / "other")
        self.same(self.out, self.root / "other")

    def test_unfinished_work_is_neither_taken_nor_thrown_away_unasked(self):
        self.cut_off()
        self.assert_one_error(self.run_command("sweep", self.study, "--out", self.out), "--resume", "--force")
        self.assert_one_error(self.run_command("run", self.scenario, "--out", self.out, "--force"), "unfinished sweep")
        self.write(STUDY, replications=401)
        self.assert_one_error(self.run_command("sweep", self.study, "--out", self.out, "--resume"), "another study")
        self.write(STUDY, replications=400)
        self.assert_one_error(
            self.run_command("sweep", self.study, "--out", self.out, "--resume", "--max-events", 10**9), "--max-events")
        self.assert_one_error(
            self.run_command("sweep", self.study, "--out", self.out, "--resume", "--shard", "0/2"), "the whole study")
        self.assertTrue((self.root / "out.partial" / "sweep.json").exists())
        other = self.root / "userqsim-of-another-build"
        shutil.copy(self.binary, other)
        with other.open("ab") as file:
            file.write(b"\0")
        result = subprocess.run([other, "sweep", self.study, "--out", self.out, "--resume"], cwd=self.root, text=True,
                                capture_output=True, check=False)
        self.assert_one_error(result, "another build")
        self.write(STUDY, replications=1)
        self.sweep("--out", self.out, "--force")


class Merge(StudyTest):
    def shards(self, count):
        directories = [self.root / f"shard-{i}" for i in range(count)]
        for i, directory in enumerate(directories):
            self.sweep("--shard", f"{i}/{count}", "--out", directory)
        return directories

    def test_what_is_missing_is_said_and_5(self):
        shards = self.shards(3)
        result = self.run_command("merge", shards[0], shards[2], self.root / "gone", "--out", self.out)
        self.assert_status(result, 5)
        self.assertIn(f"12 of {RUNS} runs are missing", result.stderr)
        self.assertIn("shard 1/3: 12 runs: 1, 4, 7", result.stderr)
        self.assertIn("gone: not there", result.stderr)
        self.assertFalse(self.out.exists())
        piece = sorted((shards[1] / "pieces").iterdir())[0]
        piece.write_bytes(piece.read_bytes() + b"x")
        result = self.run_command("merge", *shards, "--out", self.out)
        self.assert_status(result, 5)
        self.assertIn(f"{piece}: damaged", result.stderr)

    def test_shards_of_two_studies_do_not_merge(self):
        shards = self.shards(2)
        self.write(STUDY, seed=8)
        self.sweep("--shard", "1/2", "--out", self.root / "other")
        self.assert_one_error(self.run_command("merge", shards[0], self.root / "other", "--out", self.out),
                              "another study")

    def test_merging_twice_is_no_mistake_but_replacing_is_asked_for(self):
        shards = self.shards(2)
        self.assert_status(self.run_command("merge", *shards, shards[0], "--out", self.out), 0)
        again = self.run_command("merge", *shards, "--out", self.out)
        self.assert_status(again, 0)
        self.assertIn("byte for byte", again.stdout)
        with (self.out / "summary.csv").open("a", encoding="utf-8") as file:
            file.write("mine\n")
        self.assert_one_error(self.run_command("merge", *shards, "--out", self.out), "--force")
        self.assert_status(self.run_command("merge", *shards, "--out", self.out, "--force"), 0)
        self.assertNotIn("mine", (self.out / "summary.csv").read_text(encoding="utf-8"))

    def test_what_is_no_shard_is_refused(self):
        self.assert_one_error(self.run_command("merge", self.root / "gone", "--out", self.out), "no such directory")
        self.assert_status(self.run_command("run", self.scenario, "--out", self.root / "run"), 0)
        self.assert_one_error(self.run_command("merge", self.root / "run", "--out", self.out), "sweep --shard")

    def test_shard_is_one_of_so_many(self):
        for wrong in ("4/4", "1", "a/b", "1/0", "-1/2", "1/2/3"):
            self.assert_one_error(self.run_command("sweep", self.study, f"--shard={wrong}"), "--shard", wrong)
        self.assert_one_error(self.run_command("sweep", self.study, "--shard", "0/37"), "36 runs")


if __name__ == "__main__":
    main(__doc__)
