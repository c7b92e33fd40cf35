#!/usr/bin/env python3
"""`check`: a run against a baseline. What it says, and where it says that two runs part.

Usage: check_test.py PATH_TO_BINARY
"""
import copy
import json
import pathlib
import re

from check_support import P99, Check
from command import SCENARIO, main, rows

PROFILE = pathlib.Path("models/profiles/kernels/6.18.json").resolve()


class Verdict(Check):
    def test_the_same_run_passes(self):
        self.make_baseline()
        result = self.check()
        self.assert_status(result, 0)
        self.assertEqual(result.stderr, "")
        self.assertIn("passed: digests of 0 of 1 policies differ; 0 of", result.stdout)
        self.assertEqual(self.item()["value"], self.item()["baseline"])

    def test_a_comparison_passes_with_any_number_of_threads(self):
        self.make("--jobs", 1, command="compare")
        self.assert_status(self.check("--update-baselines", "--jobs", 1), 1)
        text = self.baseline.read_bytes()
        self.assert_status(self.check("--update-baselines", "--jobs", 3), 0)
        self.assertEqual(self.baseline.read_bytes(), text)
        self.assert_status(self.check(), 0)
        self.make("--policies", "unmap_map,preempt_restore,hybrid", "--force", command="compare")
        result = self.check()
        self.assert_status(result, 0)
        self.assertIn("the baseline has nothing of hybrid", result.stdout)

    def test_p99_one_percent_slower_fails(self):
        self.make_baseline("--rel-tol", "0.005")
        value = self.item()["value"]
        self.change_metric(value=value / 1.01)
        result = self.check()
        self.assert_status(result, 1)
        self.assert_line(result.stderr, "1 of", "statistics fail")
        item = self.item()
        self.assertEqual((item["outcome"], item["fails"]), ("failed", True))
        self.assertAlmostEqual(item["allowed"], 0.005 * value / 1.01)
        self.change_metric(rel_tol=0.02)
        self.assert_status(self.check(), 0)
        self.change_metric(rel_tol=0.005, direction="higher")
        result = self.check()
        self.assert_status(result, 0)
        self.assertIn("the baseline is stale", result.stdout)
        self.assert_status(self.check("--strict"), 1)

    def test_a_missing_statistic_fails(self):
        self.make_baseline()
        self.change_metric(stat="p98")
        result = self.check()
        self.assert_status(result, 1)
        self.assertIn("the run has no such statistic", result.stdout)

    def test_a_statistic_without_a_value_fails(self):
        self.make_baseline()
        self.change_metric(metric="downtime_ns", role="victim")
        result = self.check()
        self.assert_status(result, 1)
        self.assertIn("the run has no value of it", result.stdout)

    def assert_not_comparable(self, *parts):
        result = self.check()
        self.assert_status(result, 2)
        self.assertRegex(result.stderr, r"\Auserqsim: check of [^\n]+: not comparable: [^\n]+\n\Z")
        for part in parts:
            self.assertIn(part, " ".join(result.stdout.split()))
        return result

    def test_another_scenario_is_not_compared(self):
        self.make_baseline()
        self.scenario.write_text(json.dumps(dict(SCENARIO, name="other")), encoding="utf-8")
        self.make("--force")
        self.assert_not_comparable("inputs_changed: scenario: the run has other, the baseline cli-test")
        changed = copy.deepcopy(SCENARIO)
        changed["processes"][1]["queues"][0]["jobs"]["width"] = 31
        self.scenario.write_text(json.dumps(changed), encoding="utf-8")
        self.make("--force")
        self.assert_not_comparable("inputs_changed: input hash:")

    def test_other_inputs_are_each_named(self):
        self.make_baseline()
        for arguments, text in ((["--seed", 8], "seed: the run has 8, the baseline 7"),
                                (["--reps", 2], "replications: the run has 0,1, the baseline 0,1,2,3,4,5,"),
                                (["--until", "100ms"], "horizon_ns: the run has 100000000, the baseline 200000000"),
                                (["--policy", "unmap_map"], "policies: the run has unmap_map"),
                                (["--set", "/measure_from=1ms"], "--set: the run has /measure_from=1ms")):
            self.make("--force", *arguments)
            self.assert_not_comparable("inputs_changed: " + text)

    def test_a_partial_run_is_not_compared(self):
        self.make_baseline()
        self.run_command("run", self.scenario, "--reps", 20, "--out", self.out, "--force", "--max-events", 50)
        self.assert_not_comparable("partial: the run was stopped by max_events")
        result = self.check("--update-baselines")
        self.assert_one_error(result, "is partial")

    def test_another_model_or_architecture_is_told(self):
        self.make_baseline()
        self.change(lambda baseline: baseline.update(model_version="1", architecture="vax"))
        result = self.check()
        self.assert_status(result, 0)
        self.assertIn("note, model_version: the run was made by model", result.stdout)
        self.assertIn("note, architecture: the run was made on", result.stdout)


class FirstDivergence(Check):
    @staticmethod
    def told(divergence):
        return [(fact["time_ns"], fact["text"]) for fact in divergence["facts"]]

    def test_a_changed_digest_fails(self):
        self.make_baseline()
        self.change(lambda baseline: baseline["digests"][2].update(digest="0123456789abcdef"))
        result = self.check()
        self.assert_status(result, 1)
        text = " ".join(result.stdout.split())
        self.assertIn("the digests of 1 of 20 replications differ, first in replication 2:", text)
        self.assertIn("expected 0123456789abcdef", text)

    def test_the_first_fact_that_differs_is_named(self):
        """Against the logs of both runs. The baseline is told that their inputs are the same."""
        self.make_baseline("--exact-facts", 100000)
        for number, change in enumerate(("/overrides/costs/unmap/value=10.1us", "/horizon=199ms",
                                         "/events/0/every=21ms", "/overrides/costs/worker_latency/value=200us")):
            with self.subTest(change=change):
                run = self.root / f"changed{number}"
                self.make("--set", change, out=run)
                found = json.loads((run / "manifest.json").read_text(encoding="utf-8"))
                self.change(lambda baseline: baseline["input"].update(
                    hash=found["input"]["hash"], set=found["input"]["set"], horizon_ns=found["horizon_ns"]))
                was, now = self.facts([], f"was{number}"), self.facts(["--set", change], f"now{number}")
                # The log is short for people: facts may differ in what it does not say. These do not.
                first = next((i for i, (a, b) in enumerate(zip(was, now)) if a != b), min(len(was), len(now)))
                at = self.digest(run=run)["first_divergence"]
                self.assertEqual((at["rep"], at["equal_facts"], at["exact"]), (0, first, True))
                self.assertEqual(self.told(at), now[first:first + 1])

    def test_beyond_the_exact_facts_a_stretch_is_named(self):
        self.make_baseline("--exact-facts", 4)
        entry = self.load()["digests"][0]
        # Marks stand after facts 1 to 4, 6, 8, 12, 16, 24: the seventh is that of fact 12.
        trail = entry["trail"]
        wrong = trail[:12] + ("00" if trail[12:14] != "00" else "01") + trail[14:]
        self.change(lambda baseline: baseline["digests"][0].update(trail=wrong, digest="0" * 16))
        at = self.digest()["first_divergence"]
        self.assertEqual((at["equal_facts"], at["first_different"], at["exact"]), (8, 12, False))
        self.assertEqual(self.told(at), self.facts([], "log")[8:12])
        self.assertIn("8 facts are equal, and one of the next 4 is the first that differs", self.digest()["text"])

    def test_a_run_that_is_longer_or_shorter(self):
        self.make_baseline("--exact-facts", 100000)
        entry = self.load()["digests"][0]
        short = {"facts": 10, "trail": entry["trail"][:20], "digest": "0" * 14 + entry["trail"][18:20]}
        self.change(lambda baseline: baseline["digests"][0].update(short))
        self.assertIn("the first fact that differs is number 10:", self.digest()["text"])
        self.change(lambda baseline: baseline["digests"][0].update(
            facts=entry["facts"] + 1, trail=entry["trail"] + "00", digest="0" * 16))
        self.assertIn(f"after {entry['facts']} equal facts this run ends, and the baseline's goes on",
                      self.digest()["text"])

    def test_rows_that_differ_are_printed(self):
        self.make_baseline()
        changed = self.root / "changed"
        self.make("--set", "/overrides/costs/unmap/value=10.1us", out=changed)
        found = json.loads((changed / "manifest.json").read_text(encoding="utf-8"))
        self.change(lambda baseline: baseline["input"].update(hash=found["input"]["hash"], set=found["input"]["set"]))
        text = self.digest("--against", self.out, run=changed)["text"]
        match = re.search(r"mes_ops\.csv row (\d+) of the replication: (\w+): (\d+), was (\d+)", text)
        self.assertTrue(match, text)
        for folder, value in ((changed, match[3]), (self.out, match[4])):
            own = [row for row in rows(folder / "mes_ops.csv") if row["rep"] == "0"]
            self.assertEqual(own[int(match[1])][match[2]], value)

    def test_a_run_with_profiles_of_its_own(self):
        profiles = self.root / "profiles"
        (profiles / "kernels").mkdir(parents=True)
        profile = dict(json.loads(PROFILE.read_text(encoding="utf-8")), name="own")
        (profiles / "kernels" / "own.json").write_text(json.dumps(profile), encoding="utf-8")
        self.make("--kernel", "own", "--profiles", profiles)
        self.assert_status(self.check("--update-baselines", "--profiles", profiles), 1)
        self.assert_status(self.check(), 0)
        self.change(lambda baseline: baseline["digests"][0].update(digest="0" * 16, trail="00" + baseline["digests"][0]["trail"][2:]))
        result = self.check()
        self.assert_status(result, 1)
        self.assertIn("not_located: the run cannot be repeated:", result.stdout)
        self.assertIn("the first fact that differs is number 1:", self.digest("--profiles", profiles)["text"])

    def test_a_run_of_another_program_is_not_located(self):
        self.make_baseline()
        self.change(lambda baseline: baseline["digests"][0].update(digest="0" * 16))
        manifest = self.out / "manifest.json"
        text = manifest.read_text(encoding="utf-8")
        digest = json.loads(text)["digests"][0]["digest"]
        manifest.write_text(text.replace(digest, "1" * 16), encoding="utf-8")
        result = self.check()
        self.assert_status(result, 1)
        self.assertIn("not_reproduced: this program is not the one that made the run", result.stdout)
        manifest.write_text(re.sub('"model_version": "\\d+"', '"model_version": "1"', text), encoding="utf-8")
        result = self.check()
        self.assert_status(result, 1)
        self.assertIn("not_located: this program has model", result.stdout)


class Moved(Check):
    def test_statistics_decide_and_digests_do_not(self):
        self.make_baseline()
        self.change(lambda baseline: baseline["digests"][0].update(digest="0" * 16))
        self.assert_status(self.check(), 1)
        self.assert_status(self.check("--moved"), 0)
        self.change(lambda baseline: baseline.update(moved=True))
        result = self.check()
        self.assert_status(result, 0)
        self.assertIn("moved, digests not compared", result.stdout)

    def test_a_shift_beyond_the_margin_fails(self):
        self.make_baseline("--margin", "0.05")
        key = ("job_latency_ns", "bystander", "mean", "preempt_restore")
        values = self.metric(self.load(), key)["by_replication"]
        # Paired: the new is 10 % above each old value, so that the interval is narrow and beyond 5 %.
        self.change_metric(key, by_replication=[value / 1.1 for value in values])
        self.assertEqual(self.item("--moved", key=key)["outcome"], "failed")
        self.change_metric(key, by_replication=[value / 1.01 for value in values])
        self.assertEqual(self.item("--moved", key=key)["outcome"], "passed")

    def test_what_one_replication_has_is_held_against_the_margin(self):
        self.make_baseline("--margin", "0.05")
        key = ("job_latency_ns", "bystander", "mean", "preempt_restore")
        metric = self.metric(self.load(), key)
        value = metric["value"]
        alone = [value] + [None] * (len(metric["by_replication"]) - 1)
        self.change_metric(key, by_replication=alone, value=value / 1.04)
        item = self.item("--moved", key=key)
        self.assertEqual(item["outcome"], "passed")
        self.assertIn("fewer than two replications have it", item["text"])
        self.change_metric(key, value=value / 1.06)
        self.assertEqual(self.item("--moved", key=key)["outcome"], "failed")

    def test_other_replications_are_unpaired(self):
        self.make_baseline("--margin", "100")
        self.make("--force", "--first-rep", 100)
        self.assert_status(self.check(), 2)
        key = ("job_latency_ns", "bystander", "mean", "preempt_restore")
        self.assertIn("unpaired", self.item("--moved", key=key)["text"])
        self.assertEqual(self.item("--moved", key=key)["outcome"], "passed")


class Update(Check):
    def test_a_baseline_is_sorted_with_a_metric_a_line(self):
        self.make_baseline()
        lines = [line.strip() for line in self.baseline.read_text(encoding="utf-8").splitlines()]
        metrics = [line for line in lines if line.startswith('{"metric"')]
        self.assertEqual(len(metrics), len(self.load()["metrics"]))
        self.assertEqual(metrics, sorted(metrics))

    def test_the_difference_is_printed_and_tolerances_stay(self):
        self.make_baseline()
        value = self.item()["value"]
        self.change_metric(value=value / 2, rel_tol=0.25, direction="both")
        result = self.check("--update-baselines", "--rel-tol", 9)
        self.assert_status(result, 1)
        self.assert_line(result.stdout, "/".join(P99), "(+100 %)")
        metric = self.metric(self.load())
        self.assertEqual((metric["value"], metric["rel_tol"], metric["direction"]), (value, 0.25, "both"))
        self.assert_status(self.check("--update-baselines"), 0)
        self.assert_status(self.check(), 0)

    def test_not_in_ci(self):
        self.make()
        for value in ("true", "1"):
            result = self.check("--update-baselines", environment=dict(self.environment, CI=value))
            self.assert_one_error(result, f"CI={value}", "--force")
        result = self.check("--update-baselines", environment=dict(self.environment, TF_BUILD="True"))
        self.assert_one_error(result, "TF_BUILD=True", "--force")
        self.assertFalse(self.baseline.exists())
        forced = self.check("--update-baselines", "--force", environment=dict(self.environment, CI="true"))
        self.assert_status(forced, 1)
        self.assertTrue(self.baseline.exists())

    def test_named_statistics(self):
        self.make_baseline("--metric", "evictions/device/count", "--abs-tol", 2)
        [metric] = self.load()["metrics"]
        self.assertEqual((metric["metric"], metric["abs_tol"]), ("evictions", 2))
        self.assert_status(self.check("--update-baselines", "--metric", "/".join(P99)), 1)
        self.assertEqual(len(self.load()["metrics"]), 2)
        self.assert_one_error(self.check("--update-baselines", "--metric", "evictions/device/cuont"),
                              'did you mean "evictions/device/count"')
        self.assert_one_error(self.check("--update-baselines", "--metric", "downtime_ns/victim/p99"), "has no value")


class BadInput(Check):
    def test_no_baseline(self):
        self.make()
        self.assert_one_error(self.check(), "no such baseline", "--update-baselines")

    def test_no_run(self):
        self.make_baseline()
        self.assert_one_error(self.check(run=self.root), "holds no manifest.json")
        self.assert_one_error(self.check("--against", self.root / "none"), "no such directory")

    def test_against_another_run(self):
        self.make_baseline()
        other = self.root / "other"
        self.make("--set", "/overrides/costs/unmap/value=10.1us", out=other)
        self.assert_one_error(self.check("--against", other), "is not the run that", "it has no replication 0 under")

    def test_options_of_an_update_do_not_go_with_a_check(self):
        self.make_baseline()
        for option in (("--metric", "downtime_ns/victim/p50"), ("--rel-tol", 0.05), ("--abs-tol", 1), ("--margin", 1),
                       ("--exact-facts", 2048), ("--force",)):
            self.assert_one_error(self.check(*option), option[0], "--update-baselines")

    def test_a_damaged_baseline(self):
        self.make_baseline()
        self.change_metric(rel_tol=-1)
        self.assert_one_error(self.check(), "baseline.json: /metrics/", "/rel_tol: expected")
        self.baseline.write_text("{", encoding="utf-8")
        self.assert_one_error(self.check(), "baseline.json", "line 1")

    def test_a_summary_that_was_changed(self):
        self.make_baseline()
        summary = self.out / "summary.csv"
        summary.write_text(summary.read_text(encoding="utf-8").replace("mean", "maen", 1), encoding="utf-8")
        self.assert_one_error(self.check(), "summary.csv", "one of them was changed")

    def test_formats(self):
        self.make()
        self.assert_one_error(self.check("--format", "xml"), "table, md, json, junit, github, gab, bmf")
        self.assert_one_error(self.check("--update-baselines", "--format", "gab"), "allowed: table, md")


if __name__ == "__main__":
    main(__doc__)
