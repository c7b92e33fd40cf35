#!/usr/bin/env python3
"""The command from outside: exit statuses, what it says, and how it says that something is wrong.

Usage: cli_test.py PATH_TO_BINARY
"""
import csv
import json
import os
import re
import subprocess
import unittest

from command import SCENARIO, CommandTest, main


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

    def test_a_usage_error_tells_what_was_found_what_is_allowed_and_the_nearest_name(self):
        for arguments, parts in (
            ([], ["a subcommand is missing", "allowed: run, compare"]),
            (["rnu"], ['unknown subcommand "rnu"; did you mean "run"?', "allowed: run, compare"]),
            (["graph", "job"], ['unknown subcommand "job"; did you mean "jobs"?', "allowed: lifecycle, jobs, wiring"]),
            (["list", "Device"], ['"Device"; did you mean "devices"?', "allowed: devices, kernels"]),
            (["run", self.scenario, "--rep", "3"], ['unknown option "--rep"; did you mean "--reps"?', "--seed"]),
            (["run", self.scenario, "more"], ['"more" is one argument too many']),
            (["run", self.scenario, "--format", "jsn"], ['--format: unknown format "jsn"; did you mean "json"?']),
            (["run", self.scenario, "--reps", "0"], ['--reps: found "0"; allowed: a whole number from 1 to']),
            (["run", self.scenario, "--seed", "-1"], ['--seed: found "-1"; allowed: a whole number from 0 to']),
            (["run", self.scenario, "--max-events", "-1"], ['--max-events: found "-1"; allowed: a whole number']),
            (["run", self.scenario, "--seed", "1", "--seed", "2"], ["--seed: given more than once"]),
            (["run", self.scenario, "--out", ""], ['--out: found ""; allowed: the name of a directory']),
            (["run", self.scenario, "--out"], ["--out: its value is missing"]),
            (["run", self.scenario, "--policy", "preempt"], ['--policy: unknown policy "preempt"; did you mean']),
            (["compare", self.scenario, "--policies", "unmap_map"], ["--policies: found 1 (unmap_map); allowed"]),
            (["compare", self.scenario, "--policies", "unmap_map,hope"], ['--policies: unknown policy "hope"']),
            (["compare", self.scenario, "--policies", "unmap_map,unmap_map"], ["--policies: found unmap_map more than once; allowed: two or more different policies"]),
        ):
            with self.subTest(arguments=arguments):
                self.assert_one_error(self.run_command(*arguments), *parts)
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
        for arguments in (["list", "costs"], ["schema"], ["graph", "wiring"], ["validate", self.scenario]):
            with self.subTest(arguments=arguments), open("/dev/full", "w", encoding="utf-8") as full:
                result = self.run_command(*arguments, capture_output=False, stdout=full, stderr=subprocess.PIPE)
                self.assertEqual(result.returncode, 6)
                self.assertRegex(result.stderr, r"\Auserqsim: cannot write standard output: [^\n]+\n\Z")

    @unittest.skipUnless(os.path.exists("/dev/full"), "needs /dev/full")
    def test_a_log_that_cannot_be_written_is_told_once(self):
        result = self.run_command("run", self.scenario, "--out", self.out, "--log-level", "debug", "--log-file",
                                  "/dev/full")
        self.assert_status(result, 0)
        self.assertRegex(result.stderr, r"\Auserqsim: cannot write the log: [^\n]+\n\Z")

    def test_facts_are_logged_on_request(self):
        log = self.root / "log.txt"
        result = self.run_command("run", self.scenario, "--out", self.out, "--log-level", "debug", "--log-file", log)
        self.assert_status(result, 0)
        self.assertTrue(re.search(r"^D preempt_restore/0 +\d+ eviction 0 of game, the starts",
                                  log.read_text(encoding="utf-8"), re.MULTILINE))


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
    main(__doc__)
