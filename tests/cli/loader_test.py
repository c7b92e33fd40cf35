#!/usr/bin/env python3
"""The Python loader of run directories.

Usage: loader_test.py PATH_TO_BINARY
"""
import doctest
import importlib.util
import json
import pathlib
import re
import sys
import unittest

from command import SCENARIO, CommandTest, main, rows

PLOTS = pathlib.Path("results/plots").resolve()
OUTPUTS = pathlib.Path("docs/outputs.md").resolve()

if importlib.util.find_spec("pandas"):
    import pandas

    sys.path.insert(0, str(PLOTS))
    import userqsim_results


@unittest.skipUnless(importlib.util.find_spec("pandas"), "needs pandas")
class Loader(CommandTest):
    def compare(self, *arguments):
        self.assert_status(self.run_command("compare", self.scenario, "--reps", 3, "--out", self.out, *arguments), 0)
        return userqsim_results.load(self.out)

    def test_doctests(self):
        result = doctest.testmod(userqsim_results)
        self.assertGreater(result.attempted, 4)
        self.assertEqual(result.failed, 0)

    def test_every_column_is_known(self):
        """A table or column that is new needs an entry in the loader."""
        run = self.compare("--slices", "--fork")
        self.assertEqual(run.tables(), sorted(path.stem for path in self.out.glob("*.csv")))
        documented = set(re.findall(r"`(\w+)\.csv`", OUTPUTS.read_text(encoding="utf-8")))
        self.assertLessEqual(set(run.tables()), documented)
        for table in run.tables():
            for column in run.frame(table).columns:
                self.assertIsNotNone(userqsim_results.type_of(column, table), f"{table}.{column}")

    def test_frames_hold_what_the_files_hold(self):
        run = self.compare()
        for table in ("evictions", "jobs", "summary", "comparison", "transitions"):
            expected, frame = rows(self.out / f"{table}.csv"), run.frame(table)
            found = userqsim_results.records(frame)
            self.assertEqual(len(found), len(expected))
            self.assertGreater(len(expected), 10)
            for mine, theirs in zip(found, expected):
                for column, text in theirs.items():
                    kind = {"Int64": int, "float64": float, "string": str}[str(frame[column].dtype)]
                    self.assertEqual(mine[column], kind(text) if text else None, f"{table}.{column}")

    def test_units_manifest_and_provenance(self):
        run = self.compare()
        evictions = run.frame("evictions")
        self.assertEqual(evictions.attrs["units"]["downtime_ns"], "ns")
        self.assertEqual(evictions.attrs["units"]["moved_bytes"], "bytes")
        self.assertNotIn("process", evictions.attrs["units"])
        self.assertEqual((run.command, run.is_complete), ("compare", True))
        self.assertEqual(run.policies, ["preempt_restore", "unmap_map"])
        self.assertEqual(run.manifest["seed"], 7)
        self.assertIn("machine", run.provenance["host"])
        milliseconds = run.in_unit(evictions["evict_latency_ns"], "ms")
        self.assertAlmostEqual(milliseconds.iloc[0] * 1e6, int(rows(self.out / "evictions.csv")[0]["evict_latency_ns"]))
        with self.assertRaises(userqsim_results.ResultsError):
            run.in_unit(evictions["moved_bytes"], "ms")

    def test_statistics(self):
        run = self.compare()
        each, pooled = (run.statistic("downtime_ns", "victim", "mean", pooled=pooled) for pooled in (False, True))
        self.assertEqual(each[["policy", "rep"]].values.tolist(),
                         [[policy, rep] for policy in run.policies for rep in range(3)])
        self.assertEqual(pooled["policy"].tolist(), run.policies)
        restored = run.measured("evictions", "start_ns")
        restored = restored[restored["outcome"] == "restored"]
        means = restored.groupby("policy")["downtime_ns"].apply(lambda values: values.dropna().astype(float).mean())
        for policy, value in zip(pooled["policy"], pooled["value"]):
            self.assertAlmostEqual(value, means[policy], places=3)
        [difference] = userqsim_results.records(run.differences("downtime_ns", "victim", "mean"))
        paired = each[each["policy"] == "unmap_map"]["value"].mean() - each[each["policy"] == "preempt_restore"]["value"].mean()
        self.assertAlmostEqual(difference["difference"], paired, places=3)

    def test_names_and_large_numbers_stay_what_they_are(self):
        scenario = json.loads(json.dumps(SCENARIO).replace("batch", "NA").replace("comp0", "007"))
        self.scenario.write_text(json.dumps(scenario), encoding="utf-8")
        run = self.compare()
        self.assertEqual(set(run.frame("jobs")["process"]), {"game, the", "NA"})
        self.assertIn("007", set(run.frame("jobs")["queue"]))
        path = self.out / "hazards.csv"
        large = 2**53 + 1
        path.write_text(path.read_text(encoding="utf-8") + f"cli-test,unmap_map,0,{large},queue_lost,NA,,text\n")
        [hazard] = userqsim_results.records(userqsim_results.load(self.out).frame("hazards"))
        self.assertEqual((hazard["time_ns"], hazard["process"], hazard["queue"]), (large, "NA", None))

    def test_a_frame_is_the_caller_s_own(self):
        run = self.compare()
        run.frame("jobs")["policy"] = "changed"
        self.assertEqual(set(run.frame("jobs")["policy"]), set(run.policies))

    def test_a_sweep(self):
        study = self.root / "study.json"
        study.write_text(json.dumps({
            "format": "userqsim-study/1", "name": "two", "scenario": "scenario.json", "replications": 2,
            "policies": ["unmap_map", "preempt_restore"],
            "factors": [{"name": "api", "pointer": "/overrides/costs/mes_api/value", "values": ["2us", "20us"]},
                        {"name": "order", "pointer": "/question", "values": ["first", "second"]},
                        {"name": "fill", "pointer": "/overrides/costs/context_fill/value", "values": [0.5, 0.25]},
                        {"name": "mean", "pointer": "/overrides/costs/gtt_slowdown/value", "values": [1.5, 2]}],
            "zip": [["api", "order", "fill", "mean"]]}), encoding="utf-8")
        self.assert_status(self.run_command("sweep", study, "--out", self.out), 0)
        run = userqsim_results.load(self.out)
        run.verify()
        self.assertEqual(run.command, "sweep")
        for table in set(run.tables()) - {"points"}:  # its columns are what they hold
            for column in run.frame(table).columns:
                self.assertIsNotNone(userqsim_results.type_of(column, table), f"{table}.{column}")
        self.assertEqual(run.points()["api_ns"].tolist(), [2000, 20000])
        self.assertEqual(run.points()["order"].tolist(), ["first", "second"])
        each = run.with_points(run.statistic("downtime_ns", "victim", "mean"))
        self.assertEqual(each[["point", "policy", "rep", "api_ns", "fill"]].values.tolist(),
                         [[point, policy, rep, (2000, 20000)[point], (0.5, 0.25)[point]]
                          for point in range(2) for policy in ("preempt_restore", "unmap_map") for rep in range(2)])
        means = each.groupby(["point", "policy"])["value"].mean()
        estimates = run.frame("estimates")
        chosen = estimates[(estimates["metric"] == "downtime_ns") & (estimates["stat"] == "mean")]
        for row in userqsim_results.records(chosen):
            self.assertAlmostEqual(row["mean"], means[(row["point"], row["policy"])], places=3)
        self.assertEqual(len(chosen), 4)
        joined = run.with_points(chosen)  # it has a mean of its own
        self.assertEqual(joined["mean"].tolist(), chosen["mean"].tolist())
        self.assertEqual(set(joined["mean_of_point"]), {1.5, 2.0})

    def test_errors(self):
        with self.assertRaisesRegex(userqsim_results.ResultsError, "holds no manifest.json"):
            userqsim_results.load(self.root)
        run = self.compare()
        run.verify()
        with self.assertRaisesRegex(userqsim_results.ResultsError, "has no table evicted; it has comparison, "):
            run.frame("evicted")
        with open(self.out / "jobs.csv", "a", encoding="utf-8") as file:
            file.write("cli-test,unmap_map,0,x,,,,,,,,\n")
        with self.assertRaisesRegex(userqsim_results.ResultsError, "jobs.csv: column job: "):
            userqsim_results.load(self.out).frame("jobs")
        with self.assertRaisesRegex(userqsim_results.ResultsError, "jobs.csv: has [0-9]+ bytes, [0-9]+ in the manifest"):
            run.verify()
        (self.out / "manifest.json").write_text("{}", encoding="utf-8")
        with self.assertRaisesRegex(userqsim_results.ResultsError, "is no manifest of userqsim"):
            userqsim_results.load(self.out)

    def test_every_script_uses_it(self):
        for script in PLOTS.glob("*.py"):
            text = script.read_text(encoding="utf-8")
            if script.name != "userqsim_results.py":
                self.assertRegex(text, r"(?m)^import userqsim_results\b")
                self.assertNotRegex(text, r"(?m)^import (csv|json)\b|read_csv")


if __name__ == "__main__":
    main(__doc__)
