#!/usr/bin/env python3
"""`compare` with many policies, and with kernels instead of policies.

Usage: cli_compare_test.py PATH_TO_BINARY
"""
import csv
import filecmp
import itertools
import json
import pathlib

from command import NOT_REPRODUCIBLE, SCENARIO, CommandTest, main, rows

PROFILE = pathlib.Path("models/profiles/kernels/6.18.json").resolve()


class Compare(CommandTest):
    def listed(self, what, *options):
        result = self.run_command("list", what, "--format", "csv", *options)
        return list(csv.DictReader(result.stdout.splitlines()))

    def manifest(self):
        return json.loads((self.out / "manifest.json").read_text(encoding="utf-8"))

    def pairs(self):
        return list(dict.fromkeys((row["policy_a"], row["policy_b"]) for row in rows(self.out / "comparison.csv")))

    def compare(self, *arguments):
        result = self.run_command("compare", self.scenario, "--out", self.out, "--force", *arguments)
        self.assert_status(result, 0)
        self.assertEqual(result.stderr, "")
        return result.stdout

    def assert_fits_the_page(self, text):
        self.assertEqual([line for line in text.splitlines() if len(line) > 110], [])


class Policies(Compare):
    def test_every_pair_of_policies_is_compared(self):
        policies = [row["name"] for row in self.listed("policies")][::-1]
        page = self.compare("--policies", ",".join(policies), "--reps", 2)
        self.assert_fits_the_page(page)
        self.assertEqual(self.pairs(), list(itertools.combinations(policies, 2)))
        manifest = self.manifest()
        self.assertEqual((manifest["varied"], manifest["kernel"]), ("policy", "6.18"))
        self.assertEqual(manifest["policies"], policies)
        self.assertEqual(manifest["sides"], [
            {"key": policy, "kernel": "6.18", "policy": policy, "scenario": "scenario.resolved.json"}
            for policy in policies])

    def test_the_usual_two_are_the_default(self):
        self.compare("--reps", 2)
        self.assertEqual(self.pairs(), [("preempt_restore", "unmap_map")])


class Kernels(Compare):
    def own_profiles(self, **kernels):
        """A directory of kernel profiles: 6.18 under other names, each with some fields changed."""
        folder = self.root / "profiles" / "kernels"
        folder.mkdir(parents=True)
        for name, changes in kernels.items():
            profile = dict(json.loads(PROFILE.read_text(encoding="utf-8")), name=name, **changes)
            (folder / f"{name}.json").write_text(json.dumps(profile), encoding="utf-8")
        return self.root / "profiles"

    def test_all_kernels_with_their_native_policies_are_the_default(self):
        keys = [f"{row['name']}:{row['native_policy']}" for row in self.listed("kernels")]
        page = self.compare("--vary", "kernel", "--reps", 2)
        self.assert_fits_the_page(page)
        for heading in ("What the kernels differ in", "each kernel with its native policy", "Verdict"):
            self.assertIn(heading, page)
        self.assertEqual(self.pairs(), list(itertools.combinations(keys, 2)))
        self.assertEqual(self.manifest()["policies"], keys)
        for name in ("summary.csv", "evictions.csv", "jobs.csv", "timing.csv"):
            self.assertEqual({row["policy"] for row in rows(self.out / name)}, set(keys), name)
        order = list(dict.fromkeys(row["policy"] for row in rows(self.out / "jobs.csv")))
        self.assertEqual(order, sorted(keys))

    def test_the_manifest_says_what_was_varied_and_each_side_can_be_run_again(self):
        self.compare("--vary", "kernel", "--kernels", "seed-v8,6.18", "--reps", 1)
        manifest = self.manifest()
        self.assertEqual((manifest["varied"], manifest["kernel"]), ("kernel", None))
        self.assertEqual(manifest["sides"], [
            {"key": "seed-v8:preempt_restore", "kernel": "seed-v8", "policy": "preempt_restore",
             "scenario": "scenario.resolved.json"},
            {"key": "6.18:preempt_restore", "kernel": "6.18", "policy": "preempt_restore",
             "scenario": "scenario.resolved.6.18.json"}])
        self.assertLessEqual({side["scenario"] for side in manifest["sides"]},
                             {file["name"] for file in manifest["files"]})
        digests = {digest["policy"]: digest["digest"] for digest in manifest["digests"]}
        self.assertEqual(len(set(digests.values())), 2)
        for side in manifest["sides"]:
            again = self.root / "again"
            self.assert_status(self.run_command("run", self.out / side["scenario"], "--out", again, "--force"), 0)
            found = json.loads((again / "manifest.json").read_text(encoding="utf-8"))["digests"]
            self.assertEqual([digest["digest"] for digest in found], [digests[side["key"]]])

    def test_profiles_of_the_user_are_compared_too(self):
        profiles = self.own_profiles(alpha={"native_policy": "unmap_map"}, beta={"restore_delay": "3ms"}, gamma={},
                                     delta={"pre_wait": "none"}, epsilon={"min_run": "30ms"})
        keys = [f"{row['name']}:{row['native_policy']}" for row in self.listed("kernels", "--profiles", profiles)]
        page = self.compare("--vary", "kernel", "--profiles", profiles, "--reps", 3)
        self.assert_fits_the_page(page)
        self.assertGreaterEqual(len(keys), 7)
        self.assertEqual(self.pairs(), list(itertools.combinations(keys, 2)))
        self.assertIn("g - a: ", page)
        # 6.18 and its copy do the same; 3 ms of delay are 3 ms of downtime.
        means = {(row["policy_a"], row["policy_b"]): row for row in rows(self.out / "comparison.csv")
                 if (row["variant"], row["metric"], row["stat"]) == ("base", "downtime_ns", "mean")}
        same = means["6.18:preempt_restore", "gamma:preempt_restore"]
        self.assertEqual([float(same[column]) for column in ("difference", "ci_low", "ci_high")], [0, 0, 0])
        self.assertIn("No number of gamma:preempt_restore differs from one of 6.18:preempt_restore", page)
        self.assertGreater(float(means["6.18:preempt_restore", "beta:preempt_restore"]["difference"]), 2.5e6)

    def test_overrides_of_the_scenario_hold_under_each_kernel(self):
        changed = dict(SCENARIO, overrides={"kernel": {"pre_wait_limit": "7ms"}}, policy="unmap_map")
        self.scenario.write_text(json.dumps(changed), encoding="utf-8")
        self.compare("--vary", "kernel", "--kernels", "6.18,seed-v8", "--reps", 1)
        for side in self.manifest()["sides"]:
            kernel = json.loads((self.out / side["scenario"]).read_text(encoding="utf-8"))["overrides"]["kernel"]
            self.assertEqual(kernel["pre_wait_limit"], "7ms")
            self.assertEqual(side["policy"], "preempt_restore")  # the scenario's own is replaced

    def test_every_kernel_meets_the_same_arrivals(self):
        changed = json.loads(json.dumps(SCENARIO))
        changed["processes"][0]["queues"][0]["jobs"]["arrival"] = {"poisson": "5ms"}
        self.scenario.write_text(json.dumps(changed), encoding="utf-8")
        profiles = self.own_profiles(alpha={"native_policy": "unmap_map"}, beta={"restore_delay": "3ms"})
        self.compare("--vary", "kernel", "--profiles", profiles, "--reps", 2)
        arrivals = {}
        for row in rows(self.out / "jobs.csv"):
            if row["process"] == "game, the":
                arrivals.setdefault((row["policy"], row["rep"]), []).append(row["submitted_ns"])
        self.assertGreaterEqual(len(arrivals), 4 * 2)
        self.assertGreater(min(len(times) for times in arrivals.values()), 20)
        self.assertEqual(len({tuple(times) for times in arrivals.values()}), 2)  # one series for each replication

    def test_from_standard_input(self):
        result = self.run_command("compare", "-", "--vary", "kernel", "--reps", 1, "--out", self.out,
                                  input=json.dumps(SCENARIO))
        self.assert_status(result, 0)

    def test_formats(self):
        for form in ("csv", "json", "md"):
            with self.subTest(form=form):
                text = self.compare("--vary", "kernel", "--reps", 2, "--format", form)
                if form == "json":
                    report = json.loads(text)
                    self.assertIsNone(report["kernel"])
                    self.assertEqual(report["policies"], self.manifest()["policies"])
                    self.assertEqual(len(report["pairs"]), len(report["policies"]) - 1)
                    self.assertTrue(report["kernels"])
                if form == "csv":
                    self.assertEqual(text, (self.out / "comparison.csv").read_text(encoding="utf-8"))

    def test_no_byte_depends_on_the_number_of_threads(self):
        profiles = self.own_profiles(alpha={"native_policy": "unmap_map"})
        for jobs in (1, 2):
            self.assert_status(
                self.run_command("compare", self.scenario, "--vary", "kernel", "--profiles", profiles, "--reps", 3,
                                 "--jobs", jobs, "--out", self.root / str(jobs)), 0)
        names = sorted(path.name for path in (self.root / "1").iterdir())
        self.assertEqual(names, sorted(path.name for path in (self.root / "2").iterdir()))
        same = [name for name in names if name not in NOT_REPRODUCIBLE]
        _, differ, errors = filecmp.cmpfiles(self.root / "1", self.root / "2", same, shallow=False)
        self.assertEqual((differ, errors), ([], []))

    def test_a_stopped_comparison_of_kernels_says_so(self):
        result = self.run_command("compare", self.scenario, "--vary", "kernel", "--reps", 2, "--max-events", 10,
                                  "--out", self.out)
        self.assert_status(result, 4)
        self.assertEqual((self.manifest()["status"], self.manifest()["replications"]), ("partial", []))
        self.assertIn("No replication is whole", result.stdout)


class Errors(Compare):
    def test_what_contradicts_or_is_not_there_is_2(self):
        kernel = ["--vary", "kernel"]
        for arguments, parts in (
            (["--policies", "unmap_map"], ["--policies: found 1 (unmap_map); allowed: two or more different policies"]),
            (["--policies", "unmap_map,unmapmap"], ['--policies: unknown policy "unmapmap"; did you mean "unmap_map"?']),
            (["--policies", "unmap_map,unmap_map"], ["--policies: found unmap_map more than once; allowed"]),
            ([*kernel, "--policies", "preempt_restore,unmap_map"], ["--policies: found with --vary kernel", "allowed"]),
            ([*kernel, "--kernel", "6.18"], ["--kernel: found with --vary kernel", "allowed: --kernels"]),
            (["--kernels", "6.18,seed-v8"], ["--kernels: found without --vary kernel", "allowed"]),
            ([*kernel, "--kernels", "6.18,6.81"], ['--kernels: unknown kernel profile "6.81"; did you mean "6.18"?']),
            ([*kernel, "--kernels", ""], ['--kernels: unknown kernel profile ""', "allowed: "]),
            ([*kernel, "--kernels", "6.18"], ["--kernels: found 1 (6.18); allowed: two or more different kernel"]),
            ([*kernel, "--kernels", "6.18,6.18"], ["--kernels: found 6.18 more than once; allowed"]),
            (["--vary", "kernels"], ['--vary: unknown knob "kernels"; did you mean "kernel"?', "policy, kernel"]),
            ([*kernel, "--set", '/overrides/kernel/name="6.18"'], ['/overrides/kernel/name: "6.18" would be the name']),
        ):
            with self.subTest(arguments=arguments):
                self.assert_one_error(self.run_command("compare", self.scenario, *arguments), *parts)
        self.assert_nothing_left()


if __name__ == "__main__":
    main(__doc__)
