#!/usr/bin/env python3
"""What the command leaves behind, and that repetition changes no byte.

Usage: cli_results_test.py PATH_TO_BINARY
"""
import filecmp
import json
import resource
import signal

from command import NOT_REPRODUCIBLE, CommandTest, main, rows


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
             "requests.csv", "hazards.csv", "faults.csv", "scenario.resolved.json"}, named)
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
            if row["outcome"] == "restored" and row["first_stop_ns"]:
                self.assertEqual(int(row["downtime_ns"]), int(row["restored_ns"]) - int(row["first_stop_ns"]))
            reached = start
            for begin, end in sorted(parts.get((row["rep"], row["process"], row["eviction"]), [])):
                self.assertEqual(begin, reached)
                reached = end
            self.assertEqual(reached, int(row["ended_ns"]))

    def test_rows_stand_by_replication_then_policy(self):
        self.assert_status(self.run_command("compare", self.scenario, "--reps", 2, "--out", self.out), 0)
        keys = [(int(row["rep"]), row["policy"]) for row in rows(self.out / "jobs.csv")]
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


if __name__ == "__main__":
    main(__doc__)
