#!/usr/bin/env python3
"""The command from outside: exit statuses, what it leaves behind, and that repetition changes no byte.

Usage: cli_test.py PATH_TO_BINARY
"""
import csv
import filecmp
import json
import os
import pathlib
import re
import resource
import signal
import subprocess
import sys
import tempfile
import time
import unittest

BINARY = ""
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
    def setUp(self):
        self._directory = tempfile.TemporaryDirectory()
        self.addCleanup(self._directory.cleanup)
        self.root = pathlib.Path(self._directory.name)
        self.scenario = self.root / "scenario.json"
        self.scenario.write_text(json.dumps(SCENARIO), encoding="utf-8")
        self.out = self.root / "out"

    def run_command(self, *arguments, **keywords):
        return subprocess.run(
            [BINARY, *map(str, arguments)],
            cwd=self.root,
            capture_output=keywords.pop("capture_output", True),
            text=True,
            timeout=300,
            check=False,
            **keywords,
        )

    def assert_status(self, result, status):
        self.assertEqual(result.returncode, status, f"stdout:\n{result.stdout}\nstderr:\n{result.stderr}")

    def assert_one_error(self, result):
        self.assert_status(result, 2)
        self.assertTrue(result.stderr.strip())
        self.assertEqual(result.stdout, "")

    def assert_nothing_left(self):
        self.assertEqual([p.name for p in self.root.iterdir()], ["scenario.json"])


class Usage(CommandTest):
    def test_help_and_version(self):
        for arguments in (["--help"], ["run", "--help"], ["--version"]):
            result = self.run_command(*arguments)
            self.assert_status(result, 0)
            self.assertTrue(result.stdout)
        self.assertRegex(self.run_command("--version").stdout, r"^userqsim \d+\.\d+\.\d+")

    def test_bad_usage_is_2(self):
        for arguments in (
            [],
            ["dance"],
            ["run"],
            ["run", self.scenario, "--reps", "0"],
            ["run", self.scenario, "--jobs", "many"],
            ["run", self.scenario, "--format", "xml"],
            ["run", self.scenario, "--unknown"],
            ["run", self.scenario, "--until", "tomorrow"],
            ["run", self.scenario, "--policy", "hope"],
            ["compare", self.scenario, "--policies", "unmap_map"],
            ["compare", self.scenario, "--policies", "unmap_map,unmap_map"],
            ["compare", self.scenario, "--policies", "unmap_map,hope"],
            ["run", self.scenario, "--set", "/kernel=42.0"],
            ["run", self.root / "missing.json"],
        ):
            with self.subTest(arguments=arguments):
                self.assert_one_error(self.run_command(*arguments))
        self.assert_nothing_left()

    def test_bad_scenario_is_2_and_says_where(self):
        broken = dict(SCENARIO, horizn="1s")
        self.scenario.write_text(json.dumps(broken), encoding="utf-8")
        result = self.run_command("run", self.scenario)
        self.assert_one_error(result)
        self.assertIn("horizn", result.stderr)
        self.assertIn("horizon", result.stderr)
        self.assert_nothing_left()

    def test_dry_run_prints_the_plan_and_runs_nothing(self):
        result = self.run_command("run", self.scenario, "--reps", 3, "--dry-run", "--format", "csv")
        self.assert_status(result, 0)
        self.assertEqual(len(result.stdout.splitlines()), 4)
        result = self.run_command("compare", self.scenario, "--reps", 2, "--dry-run", "--format", "json")
        self.assert_status(result, 0)
        plan = json.loads(result.stdout)
        self.assertEqual(sum(1 for cell in plan if cell["variant"] == "base"), 4)
        self.assert_nothing_left()

    def test_scenario_from_standard_input(self):
        result = self.run_command("run", "-", "--out", self.out, input=json.dumps(SCENARIO))
        self.assert_status(result, 0)


class Results(CommandTest):
    def test_run_leaves_a_whole_directory(self):
        self.assert_status(self.run_command("run", self.scenario, "--reps", 2, "--out", self.out), 0)
        self.assertFalse((self.root / "out.partial").exists())
        manifest = json.loads((self.out / "manifest.json").read_text(encoding="utf-8"))
        self.assertEqual(manifest["status"], "complete")
        self.assertEqual(manifest["replications"], [0, 1])
        self.assertEqual(manifest["seed"], 7)
        self.assertEqual(len(manifest["digests"]), 2)
        named = {file["name"] for file in manifest["files"]}
        self.assertLessEqual(
            {"summary.csv", "evictions.csv", "eviction_parts.csv", "transitions.csv", "mes_ops.csv", "jobs.csv",
             "requests.csv", "hazards.csv", "scenario.resolved.json"}, named)
        self.assertEqual(named | {"manifest.json"} | NOT_REPRODUCIBLE, {p.name for p in self.out.iterdir()})
        for file in manifest["files"]:
            if file["name"].endswith(".csv"):
                self.assertEqual(len(rows(self.out / file["name"])), file["rows"], file["name"])
            self.assertEqual((self.out / file["name"]).stat().st_size, file["bytes"])

    def test_identities(self):
        self.assert_status(self.run_command("run", self.scenario, "--reps", 3, "--out", self.out), 0)
        evictions = rows(self.out / "evictions.csv")
        self.assertTrue(evictions)
        parts = {}
        for part in rows(self.out / "eviction_parts.csv"):
            if part["critical"] == "1":
                parts.setdefault((part["rep"], part["process"], part["eviction"]), []).append(
                    (int(part["start_ns"]), int(part["end_ns"])))
        for row in evictions:
            self.assertEqual(row["process"], "game, the")
            start = int(row["start_ns"])
            if row["signaled_ns"]:
                self.assertEqual(int(row["evict_latency_ns"]), int(row["signaled_ns"]) - start)
            if row["outcome"] != "restored":
                self.assertEqual(row["downtime_ns"], "")
                continue
            if row["first_stop_ns"]:
                self.assertEqual(int(row["downtime_ns"]), int(row["restored_ns"]) - int(row["first_stop_ns"]))
            reached = start
            for begin, end in sorted(parts.get((row["rep"], row["process"], row["eviction"]), [])):
                self.assertEqual(begin, reached)
                reached = end
            self.assertEqual(reached, int(row["restored_ns"]))

    def test_rows_are_sorted_by_key(self):
        self.assert_status(self.run_command("compare", self.scenario, "--reps", 2, "--out", self.out), 0)
        keys = [(row["policy"], int(row["rep"])) for row in rows(self.out / "jobs.csv")]
        self.assertEqual(keys, sorted(keys))
        self.assertEqual(len(set(keys)), 4)

    def test_a_full_directory_needs_force(self):
        self.assert_status(self.run_command("run", self.scenario, "--out", self.out), 0)
        (self.out / "mine.txt").write_text("precious", encoding="utf-8")
        result = self.run_command("run", self.scenario, "--out", self.out)
        self.assert_one_error(result)
        self.assertIn("--force", result.stderr)
        self.assertTrue((self.out / "mine.txt").exists())
        self.assert_status(self.run_command("run", self.scenario, "--out", self.out, "--force"), 0)
        self.assertFalse((self.out / "mine.txt").exists())
        self.assertEqual({p.name for p in self.root.iterdir()}, {"out", "scenario.json"})

    def test_default_directory_is_named_after_the_scenario(self):
        self.assert_status(self.run_command("run", self.scenario), 0)
        self.assertTrue((self.root / "out" / "cli-test" / "manifest.json").exists())

    def test_a_path_that_cannot_be_written_is_2(self):
        blocker = self.root / "file"
        blocker.write_text("", encoding="utf-8")
        for path in (blocker, blocker / "below"):
            self.assert_one_error(self.run_command("run", self.scenario, "--out", path))

    def test_a_disk_that_is_full_is_6(self):
        def small_files():
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
            resource.setrlimit(resource.RLIMIT_FSIZE, (2000, 2000))

        result = self.run_command("run", self.scenario, "--out", self.out, preexec_fn=small_files)
        self.assert_status(result, 6)
        self.assert_nothing_left()

    def test_no_byte_depends_on_the_number_of_threads(self):
        for jobs in (1, 2):
            self.assert_status(
                self.run_command("compare", self.scenario, "--reps", 3, "--jobs", jobs, "--out",
                                 self.root / str(jobs), "--slices"), 0)
        names = sorted(p.name for p in (self.root / "1").iterdir())
        self.assertEqual(names, sorted(p.name for p in (self.root / "2").iterdir()))
        same = [name for name in names if name not in NOT_REPRODUCIBLE]
        _, differ, errors = filecmp.cmpfiles(self.root / "1", self.root / "2", same, shallow=False)
        self.assertEqual((differ, errors), ([], []))

    def test_seed_and_replication_name_a_run(self):
        self.assert_status(self.run_command("run", self.scenario, "--reps", 3, "--out", self.root / "all"), 0)
        self.assert_status(
            self.run_command("run", self.scenario, "--first-rep", 2, "--reps", 1, "--out", self.root / "one"), 0)
        self.assert_status(
            self.run_command("run", self.scenario, "--seed", 8, "--out", self.root / "other"), 0)
        digests = {}
        for name in ("all", "one", "other"):
            manifest = json.loads((self.root / name / "manifest.json").read_text(encoding="utf-8"))
            digests[name] = {d["rep"]: d["digest"] for d in manifest["digests"]}
        self.assertEqual(digests["all"][2], digests["one"][2])
        self.assertNotEqual(digests["all"][0], digests["other"][0])


class Output(CommandTest):
    def test_formats(self):
        for command in ("run", "compare"):
            for form in ("table", "csv", "json", "md"):
                with self.subTest(command=command, form=form):
                    result = self.run_command(command, self.scenario, "--reps", 2, "--out", self.out, "--force",
                                              "--format", form)
                    self.assert_status(result, 0)
                    self.assertEqual(result.stderr, "")
                    if form == "json":
                        json.loads(result.stdout)
                    if form == "csv":
                        self.assertTrue(list(csv.DictReader(result.stdout.splitlines())))

    def test_the_comparison_fits_the_page(self):
        result = self.run_command("compare", self.scenario, "--reps", 2, "--out", self.out)
        self.assert_status(result, 0)
        too_long = [line for line in result.stdout.splitlines() if len(line) > 110]
        self.assertEqual(too_long, [])
        for heading in ("Side by side", "Verdict", "unique costs zero", "question"):
            self.assertIn(heading, result.stdout)
        self.assertNotIn("\x1b", result.stdout)

    def test_closed_standard_output_is_no_error(self):
        result = self.run_command("run", self.scenario, "--out", self.out, capture_output=False,
                                  preexec_fn=lambda: os.close(1), stderr=subprocess.PIPE)
        self.assertEqual((result.returncode, result.stderr), (0, ""))
        self.assertEqual(json.loads((self.out / "manifest.json").read_text(encoding="utf-8"))["status"], "complete")

    def test_a_reader_that_leaves_is_no_error(self):
        reader, writer = os.pipe()
        os.close(reader)
        result = self.run_command("run", self.scenario, "--out", self.out, capture_output=False, stdout=writer,
                                  stderr=subprocess.PIPE)
        os.close(writer)
        self.assertEqual((result.returncode, result.stderr), (0, ""))

    @unittest.skipUnless(os.path.exists("/dev/full"), "needs /dev/full")
    def test_standard_output_that_is_full_is_6(self):
        with open("/dev/full", "w", encoding="utf-8") as full:
            result = self.run_command("run", self.scenario, "--out", self.out, capture_output=False, stdout=full,
                                      stderr=subprocess.PIPE)
        self.assertEqual(result.returncode, 6)

    def test_facts_are_logged_on_request(self):
        log = self.root / "log.txt"
        result = self.run_command("run", self.scenario, "--out", self.out, "--log-level", "debug", "--log-file", log)
        self.assert_status(result, 0)
        self.assertTrue(re.search(r"^D preempt_restore/0 +\d+ eviction 0 of game, the starts",
                                  log.read_text(encoding="utf-8"), re.MULTILINE))


class Stops(CommandTest):
    def manifest(self):
        return json.loads((self.out / "manifest.json").read_text(encoding="utf-8"))

    def test_until_is_a_normal_end(self):
        self.assert_status(self.run_command("run", self.scenario, "--until", "50ms", "--out", self.out), 0)
        self.assertEqual(self.manifest()["horizon_ns"], 50_000_000)
        self.assertEqual(self.manifest()["status"], "complete")

    def test_max_events_is_4(self):
        result = self.run_command("run", self.scenario, "--reps", 2, "--max-events", 10, "--out", self.out)
        self.assert_status(result, 4)
        self.assertEqual(self.manifest()["status"], "partial")
        self.assertEqual(self.manifest()["replications"], [])

    def long_run(self, *arguments):
        return [BINARY, "run", str(self.scenario), "--set", "/horizon=300s", "--reps", "100", "--out", str(self.out),
                *arguments]

    def test_timeout_is_4(self):
        result = subprocess.run(self.long_run("--timeout", "300ms"), cwd=self.root, capture_output=True, text=True,
                                timeout=120, check=False)
        self.assert_status(result, 4)
        self.assertEqual(self.manifest()["status"], "partial")
        self.assertEqual(self.manifest()["stopped_by"], "timeout")

    def test_a_signal_publishes_what_is_whole(self):
        for number, status in ((signal.SIGINT, 130), (signal.SIGTERM, 143)):
            with self.subTest(signal=number):
                process = subprocess.Popen(
                    [BINARY, "run", str(self.scenario), "--set", "/horizon=2s", "--reps", "100000", "--out",
                     str(self.out), "--force"],
                    cwd=self.root, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
                time.sleep(2.0)
                process.send_signal(number)
                _, errors = process.communicate(timeout=120)
                self.assertEqual(process.returncode, status, errors)
                manifest = self.manifest()
                self.assertEqual(manifest["status"], "partial")
                whole = manifest["replications"]
                self.assertLess(len(whole), 100000)
                seen = {int(row["rep"]) for row in rows(self.out / "summary.csv") if row["rep"]}
                self.assertEqual(seen, set(whole))
                self.assertFalse((self.root / "out.partial").exists())

    def test_kill_leaves_only_a_partial_directory_and_the_next_run_clears_it(self):
        process = subprocess.Popen(self.long_run(), cwd=self.root, stdout=subprocess.DEVNULL,
                                   stderr=subprocess.DEVNULL)
        partial = self.root / "out.partial"
        for _ in range(100):
            if partial.exists():
                break
            time.sleep(0.05)
        process.kill()
        process.wait()
        self.assertTrue(partial.exists())
        self.assertFalse(self.out.exists())
        self.assert_status(self.run_command("run", self.scenario, "--out", self.out), 0)
        self.assertFalse(partial.exists())


class Others(CommandTest):
    def test_the_other_subcommands_answer(self):
        for arguments in (
            ["validate", self.scenario],
            ["schema"],
            ["list", "policies"],
            ["list", "metrics", "--format", "csv"],
            ["graph", "lifecycle", "--kernel", "6.18", "--dot"],
        ):
            with self.subTest(arguments=arguments):
                self.assert_status(self.run_command(*arguments), 0)


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    BINARY = os.path.abspath(sys.argv.pop(1))
    unittest.main()
