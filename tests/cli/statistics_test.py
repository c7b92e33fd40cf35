#!/usr/bin/env python3
"""Intervals, rounds, bands and forks, as the command gives them.

Usage: statistics_test.py PATH_TO_BINARY
"""
import filecmp
import json
import math

from command import NOT_REPRODUCIBLE, CommandTest, main, rows

FORKS = ["scenario", "policy", "rep", "process", "eviction", "start_ns", "until_ns", "metric", "role", "value",
         "difference", "unit"]


class Statistics(CommandTest):
    def ask(self, command, *arguments, out=None):
        result = self.run_command(command, self.scenario, "--out", out or self.out, "--force", *arguments)
        self.assert_status(result, 0)
        return result

    def manifest(self, out=None):
        return json.loads(((out or self.out) / "manifest.json").read_text(encoding="utf-8"))

    def assert_same_bytes(self, one, other):
        names = {path.name for path in one.iterdir()} - NOT_REPRODUCIBLE
        self.assertEqual(names, {path.name for path in other.iterdir()} - NOT_REPRODUCIBLE)
        self.assertEqual(filecmp.cmpfiles(one, other, names, shallow=False)[1:], ([], []))


class Forks(Statistics):
    def test_the_same_policy_differs_in_nothing(self):
        page = self.ask("compare", "--fork", "--fork-sample", "all", "--policies", "unmap_map,unmap_map", "--reps", 2)
        self.assertIn("The decision alone (all evictions", page.stdout)
        forks = rows(self.out / "forks.csv")
        self.assertEqual(list(forks[0]), FORKS)
        second = [row for row in forks if row["policy"] == "2:unmap_map"]
        self.assertGreater(sum(row["difference"] != "" for row in second), 50)
        self.assertEqual({row["difference"] for row in second} - {""}, {"0"})
        evictions = {(row["rep"], row["process"], row["eviction"]) for row in rows(self.out / "evictions.csv")
                     if row["policy"] == "unmap_map"}
        self.assertEqual({(row["rep"], row["process"], row["eviction"]) for row in forks}, evictions)

    def test_differences_are_those_of_the_values_and_of_the_table(self):
        other = self.root / "other"
        self.ask("compare", "--fork", "--fork-sample", 3, "--reps", 3, "--jobs", 1)
        result = self.ask("compare", "--fork", "--fork-sample", 3, "--reps", 3, "--jobs", 3, "--format", "json", out=other)
        self.assert_same_bytes(self.out, other)
        self.assertIn("forks.csv", [file["name"] for file in self.manifest()["files"]])
        forks = rows(self.out / "forks.csv")
        key = lambda row: (row["rep"], row["process"], row["eviction"], row["metric"], row["role"])
        first = {key(row): row for row in forks if row["policy"] == "preempt_restore"}
        self.assertEqual(len({key(row)[:3] for row in forks}), 9)
        found = []
        for row in forks:
            if row["policy"] != "unmap_map":
                self.assertEqual(row["difference"], "")
                continue
            self.assertEqual(row["until_ns"], first[key(row)]["until_ns"])
            if row["value"] and first[key(row)]["value"]:
                self.assertEqual(int(row["difference"]), int(row["value"]) - int(first[key(row)]["value"]))
            if row["metric"] == "mes_lock_hold_ns":
                found.append(int(row["difference"]))
        told = [row for row in json.loads(result.stdout)["forks"] if row["metric"] == "mes_lock_hold_ns"]
        self.assertEqual(len(told), 1)
        self.assertTrue(math.isclose(float(told[0]["difference"]), sum(found) / len(found)))

    def test_errors(self):
        for arguments, part in (
                (["--fork", "--vary", "kernel"], "--vary kernel"),
                (["--fork", "--fork-sample", "none"], "a whole number from 1, or all"),
                (["--fork", "--fork-sample", "0"], "a whole number from 1, or all"),
                (["--fork", "--fork-window", "10"], "--fork-window"),
                (["--policies", "unmap_map,unmap_map"], "more than once")):
            with self.subTest(arguments=arguments):
                result = self.run_command("compare", self.scenario, "--out", self.out, *arguments)
                self.assert_one_error(result, part)
                self.assertFalse(self.out.exists())
        self.assert_status(self.run_command("compare", self.scenario, "--fork-sample", "3"), 2)


class Rounds(Statistics):
    def test_the_number_of_replications_does_not_depend_on_the_threads(self):
        for command in ("run", "compare"):
            with self.subTest(command=command):
                outs = [self.root / f"{command}{jobs}" for jobs in (1, 3)]
                for jobs, out in zip((1, 3), outs):
                    self.ask(command, "--until-half-width", "8%", "--reps", 3, "--jobs", jobs, "--metric",
                             "job_latency_ns:victim", out=out)
                self.assert_same_bytes(*outs)
                manifest = self.manifest(outs[0])
                self.assertTrue(manifest["stopping"]["reached"])
                self.assertEqual(len(manifest["replications"]) % 3, 0)
                self.assertEqual(len(manifest["replications"]), manifest["replications_asked"])
        # As many replications at once give the same results; only the manifest says how they came about.
        plain = self.root / "plain"
        self.ask("compare", "--reps", manifest["replications_asked"], out=plain)
        for name in ("comparison.csv", "summary.csv", "jobs.csv"):
            self.assertTrue(filecmp.cmp(plain / name, outs[0] / name, shallow=False), name)

    def test_the_rule_holds_at_its_end_and_not_before(self):
        self.ask("run", "--until-half-width", "8%", "--reps", 3, "--metric", "job_latency_ns:victim")
        means = [float(row["value"]) for row in rows(self.out / "summary.csv")
                 if row["rep"] and (row["metric"], row["role"], row["stat"]) == ("job_latency_ns", "victim", "mean")]
        student = {3: 4.302653, 6: 2.570582, 9: 2.306004, 12: 2.200985, 15: 2.144787, 18: 2.109816}
        def relative(values):
            mean = sum(values) / len(values)
            squares = sum((value - mean) ** 2 for value in values)
            return student[len(values)] * math.sqrt(squares / (len(values) - 1) / len(values)) / mean
        self.assertIn(len(means), student)
        self.assertLessEqual(relative(means), 0.08)
        for shorter in range(3, len(means), 3):
            self.assertGreater(relative(means[:shorter]), 0.08)

    def test_what_is_not_reached_is_said(self):
        result = self.ask("run", "--until-half-width", "0.001%", "--reps", 2, "--max-reps", 5)
        self.assertIn("after 5 replications", result.stderr)
        self.assertFalse(self.manifest()["stopping"]["reached"])
        self.assertEqual(self.manifest()["replications"], [0, 1, 2, 3, 4])

    def test_errors(self):
        for arguments, part in (
                (["--until-half-width", "5"], "such as 5%"),
                (["--until-half-width", "0%"], "more than 0%"),
                (["--until-half-width", "5%", "--metric", "downtme_ns"], "downtime_ns"),
                (["--until-half-width", "5%", "--metric", "evictions"], "is a count"),
                (["--until-half-width", "5%", "--metric", "job_latency_ns"], "job_latency_ns:bystander"),
                (["--until-half-width", "5%", "--metric", "downtime_ns:device"], "role of downtime_ns"),
                (["--until-half-width", "5%", "--metric", "requester_stall_ns"], "is not measured"),
                (["--until-half-width", "5%", "--reps", "20", "--max-reps", "10"], "less than a round"),
                (["--metric", "downtime_ns"], "--until-half-width")):
            with self.subTest(arguments=arguments):
                result = self.run_command("run", self.scenario, "--out", self.out, *arguments)
                self.assert_one_error(result, part)
                self.assertFalse(self.out.exists())


class Answers(Statistics):
    def base(self, metric):
        return next(row for row in rows(self.out / "comparison.csv")
                    if (row["variant"], row["metric"], row["stat"]) == ("base", metric, "mean"))

    def test_the_band_is_what_was_asked_for(self):
        self.ask("compare", "--reps", 3)
        row = self.base("downtime_ns")
        self.assertTrue(math.isclose(float(row["band"]), 0.05 * float(row["value_a"])))
        self.ask("compare", "--reps", 3, "--equivalence", "1%,downtime_ns=3us,slot_used=0.5")
        self.assertEqual(float(self.base("downtime_ns")["band"]), 3000.0)
        self.assertEqual(float(self.base("slot_used")["band"]), 0.5)
        row = self.base("mes_busy_ns")
        self.assertTrue(math.isclose(float(row["band"]), 0.01 * float(row["value_a"])))
        for text in ("5", "downtime_ns=5", "downtime=5%", "slot_used=1us", "-1%"):
            with self.subTest(text=text):
                result = self.run_command("compare", self.scenario, "--out", self.root / "no", "--equivalence", text)
                self.assert_one_error(result, "--equivalence")

    def test_a_family_is_corrected_and_others_are_not(self):
        self.ask("compare", "--reps", 4, "--policies", "preempt_restore,unmap_map,hybrid")
        table = rows(self.out / "comparison.csv")
        for row in table:
            headline = (row["metric"], row["role"], row["stat"]) in {
                ("downtime_ns", "victim", "mean"), ("evict_latency_ns", "victim", "mean"),
                ("requester_stall_ns", "requester", "mean"), ("job_latency_ns", "bystander", "mean"),
                ("mes_lock_hold_ns", "device", "mean")}
            self.assertEqual(row["p_holm"] != "", headline and row["policy_a"] == "preempt_restore", row)
            if row["p_holm"]:
                self.assertGreaterEqual(float(row["p_holm"]), float(row["p"]))
                self.assertEqual(row["answer"].startswith("difference"),
                                 float(row["p_holm"]) <= 0.05 and row["answer"] != "same")

    def test_a_steady_state_has_intervals_of_one_replication(self):
        self.ask("compare", "--reps", 1)
        self.assertEqual((self.base("downtime_ns")["ci_low"], self.base("downtime_ns")["basis"]), ("", ""))
        self.ask("compare", "--reps", 1, "--set", "/analysis=steady_state", "--set", "/horizon=2s")
        row = self.base("downtime_ns")
        self.assertEqual((row["basis"], row["reps"]), ("batches", "1"))
        self.assertLessEqual(float(row["ci_low"]), float(row["difference"]))
        self.assertNotEqual(row["answer"], "")

    def test_a_warm_up_is_found_or_refused(self):
        steady = ("--set", "/analysis=steady_state", "--set", "/warm_up=mser5")
        self.ask("run", *steady, "--set", "/horizon=2s")
        manifest = self.manifest()
        self.assertEqual((manifest["analysis"], manifest["warm_up"]), ("steady_state", "mser5"))
        self.assertLess(manifest["measure_from_ns"], 2_000_000_000)
        again = self.root / "again"
        self.ask("run", "--set", "/analysis=steady_state", "--set", "/horizon=2s", "--set",
                 f"/measure_from={manifest['measure_from_ns']}ns", out=again)
        self.assertTrue(filecmp.cmp(self.out / "summary.csv", again / "summary.csv", shallow=False))
        result = self.run_command("run", self.scenario, "--out", self.root / "no", *steady, "--until", "100ms")
        self.assert_one_error(result, "/warm_up", "a longer horizon")


if __name__ == "__main__":
    main(__doc__)
