#!/usr/bin/env python3
"""`userqsim explain`: the story of one eviction of a run, from the directory that the run left.

Usage: cli_explain_test.py PATH_TO_BINARY
"""
import csv
import io
import json

from command import CommandTest, main, rows


class Explain(CommandTest):
    def left_by(self, command, *arguments):
        self.assert_status(self.run_command(command, self.scenario, "--out", self.out, *arguments), 0)

    def explain(self, eviction, *arguments):
        return self.run_command("explain", self.out, "--eviction", eviction, *arguments)

    def story(self, eviction, *arguments):
        result = self.explain(eviction, "--format", "json", *arguments)
        self.assert_status(result, 0)
        return json.loads(result.stdout)

    def assert_is_row(self, story, policy, rep, number):
        """The story is that of the row, and its parts are those that the run wrote."""
        of_run = [row for row in rows(self.out / "evictions.csv") if (row["policy"], row["rep"]) == (policy, str(rep))]
        row = of_run[number]
        eviction = story["eviction"]
        self.assertEqual((story["policy"], story["rep"], story["number"]), (policy, rep, number))
        self.assertEqual((story["process"], str(story["ordinal"])), (row["process"], row["eviction"]))
        for column in ("start_ns", "signaled_ns", "restored_ns", "downtime_ns", "mes_lock_hold_ns", "ended_ns"):
            self.assertEqual("" if eviction[column] is None else str(eviction[column]), row[column], column)
        key = (policy, str(rep), row["process"], row["eviction"])
        written = [(part["part"], part["waits_for"], int(part["start_ns"]), int(part["end_ns"]), part["critical"] == "1")
                   for part in rows(self.out / "eviction_parts.csv")
                   if (part["policy"], part["rep"], part["process"], part["eviction"]) == key]
        told = [(part["part"], part["waits_for"], part["start_ns"], part["end_ns"], part["critical"])
                for part in story["parts"]]
        self.assertEqual(told, written)
        self.assertTrue(all(part["told"] for part in story["parts"]))
        length = eviction["ended_ns"] - eviction["start_ns"]
        self.assertEqual(sum(account["length_ns"] for account in story["accounts"]), length)
        self.assertEqual(sum(account["downtime_ns"] for account in story["accounts"]), eviction["downtime_ns"] or 0)

    def test_each_row_of_a_run_can_be_told(self):
        self.left_by("run", "--reps", 2)
        count = sum(1 for row in rows(self.out / "evictions.csv") if row["rep"] == "1")
        self.assertGreater(count, 2)
        for number in range(count):
            self.assert_is_row(self.story(number, "--rep", 1), "preempt_restore", 1, number)
        self.assertEqual(self.story("game, the/1")["number"], 1)  # only that process is evicted
        self.assertEqual(self.story(0)["rep"], 0)

    def test_sides_of_a_comparison(self):
        self.left_by("compare", "--reps", 1, "--policies", "unmap_map,preempt_restore", "--first-rep", 3)
        self.assert_is_row(self.story(1), "unmap_map", 3, 1)
        story = self.story(1, "--policy", "preempt_restore")
        self.assert_is_row(story, "preempt_restore", 3, 1)
        self.assertEqual([other["policy"] for other in story["others"]], ["unmap_map"])

    def test_kernels_of_a_comparison(self):
        self.left_by("compare", "--reps", 1, "--vary", "kernel", "--kernels", "6.18,7.1")
        self.assert_is_row(self.story(0), "6.18:preempt_restore", 0, 0)
        story = self.story(0, "--policy", "7.1:unmap_map", "--against", "all")
        self.assert_is_row(story, "7.1:unmap_map", 0, 0)
        self.assertEqual(story["kernel"], "7.1")
        self.assertEqual([other["policy"] for other in story["others"]], ["preempt_restore", "hybrid", "suspend_all"])

    def test_a_run_that_was_cut_short(self):
        self.left_by("run", "--until", "60ms", "--seed", 11)
        self.assert_is_row(self.story(0), "preempt_restore", 0, 0)

    def test_the_same_policy_is_the_same_eviction(self):
        self.left_by("run")
        story = self.story(1, "--against", "preempt_restore")
        self.assertEqual(story["others"][0]["eviction"], story["eviction"])
        self.assertEqual(story["others"][0]["accounts"], story["accounts"])

    def test_the_same_policy_is_the_same_eviction_where_the_next_comes_before_its_workers_are_done(self):
        self.assert_status(self.run_command("run", "queue-that-will-not-stop", "--kernel", "seed-v8+reset", "--policy",
                                            "preempt_restore", "--out", self.out), 0)
        evicted_again = [number for number, row in enumerate(rows(self.out / "evictions.csv"))
                         if row["outcome"] == "re_evicted"]
        self.assertTrue(evicted_again)
        for number in evicted_again[:4]:
            story = self.story(number, "--against", "preempt_restore")
            self.assertEqual(story["others"][0]["eviction"], story["eviction"])
            self.assertEqual(story["others"][0]["accounts"], story["accounts"])

    def test_a_run_that_ended_early_has_another_policy_too(self):
        scenario = json.loads(self.scenario.read_text(encoding="utf-8"))
        scenario["events"].append({"at": "150ms", "kind": "evict", "process": "batch"})
        self.scenario.write_text(json.dumps(scenario), encoding="utf-8")
        self.assert_status(self.run_command("run", self.scenario, "--until", "100ms", "--out", self.out), 0)
        self.assertEqual([other["policy"] for other in self.story(0)["others"]], ["unmap_map"])

    def test_hws_knows_no_other_policy(self):
        self.assert_status(self.run_command("run", "idle-queues-hold-slots", "--policy", "unmap_map", "--out", self.out), 0)
        self.assertEqual(self.story(0)["others"], [])
        self.assertEqual(self.story(0, "--against", "all")["others"], [])
        self.assert_one_error(self.explain(0, "--against", "hybrid"), "--against", "HWS")

    def test_formats_say_the_same_each_time(self):
        self.left_by("run")
        told = {}
        for name in ("table", "md", "csv", "json"):
            first, second = self.explain(1, "--format", name), self.explain(1, "--format", name)
            self.assert_status(first, 0)
            self.assertEqual(first.stdout, second.stdout)
            self.assertEqual(first.stderr, "")
            told[name] = first.stdout
        self.assertEqual(self.explain(1).stdout, told["table"])
        self.assertLessEqual(max(map(len, told["table"].splitlines())), 110)
        for title in ("What asked for it", "Time line", "Packets", "Moves", "Restart", "Who else waited", "Accounts",
                      "Under unmap_map"):
            self.assertIn(f"\n{title}\n", told["table"])
            self.assertIn(f"\n## {title}\n", told["md"])
        parts = list(csv.DictReader(io.StringIO(told["csv"])))
        written = [row for row in rows(self.out / "eviction_parts.csv") if row["eviction"] == "1"]
        self.assertEqual([{key: part[key] for key in written[0]} for part in parts], written)
        self.assertEqual(list(parts[0])[len(written[0]):], ["told"])

    def test_unknown_evictions(self):
        self.left_by("run")
        count = len(rows(self.out / "evictions.csv"))
        self.assert_one_error(self.explain(count), "--eviction", f'"{count}"', f"0 to {count - 1}")
        self.assert_one_error(self.explain("one"), "--eviction", '"one"', f"0 to {count - 1}", "PROCESS/K")
        self.assert_one_error(self.explain(f"game, the/{count}"), "--eviction", f"game, the/{count - 1}")
        self.assert_one_error(self.explain("batch/0"), "--eviction", "never evicted")
        self.assert_one_error(self.explain("gmae, the/0"), 'unknown process "gmae, the"', 'did you mean "game, the"')
        self.assert_one_error(self.explain(0, "--rep", 1), "--rep", "found 1", "allowed: 0")
        self.assert_one_error(self.explain(0, "--policy", "unmap_map"), "--policy", "allowed: preempt_restore")
        self.assert_one_error(self.explain(0, "--against", "unmap"), "--against", "unmap_map")
        self.assert_one_error(self.explain(0, "--against", "hybrid,hybrid"), "--against", "more than once")

    def test_a_run_without_evictions(self):
        self.left_by("run", "--set", "/events=[]")
        self.assert_one_error(self.explain(0), "nobody was evicted")

    def test_directories_that_are_no_run(self):
        self.assert_one_error(self.explain(0), "no such directory", "run or compare")
        self.out.mkdir()
        self.assert_one_error(self.explain(0), "manifest.json", "run or compare")
        self.assert_one_error(self.run_command("explain", self.scenario, "--eviction", 0), "is no directory")

    def change_manifest(self, change):
        path = self.out / "manifest.json"
        manifest = json.loads(path.read_text(encoding="utf-8"))
        change(manifest)
        path.write_text(json.dumps(manifest), encoding="utf-8")

    def test_another_model(self):
        self.left_by("run")
        self.change_manifest(lambda manifest: manifest.update(model_version="1"))
        self.assert_one_error(self.explain(0), "/model_version", 'made by model "1"', "would not be those of the run")

    def test_manifests_that_do_not_hold(self):
        self.left_by("run")
        whole = (self.out / "manifest.json").read_text(encoding="utf-8")
        for change, part in (
                (lambda m: m.pop("digests"), '"digests"'),
                (lambda m: m.update(digests=[]), "no whole replication"),
                (lambda m: m["digests"][0].update(digest="xyz"), "/digests/0/digest"),
                (lambda m: m["digests"][0].update(rep=-1), "/digests/0/rep"),
                (lambda m: m.update(format="userqsim-manifest/9"), "/format"),
                (lambda m: m.update(command="sweep"), "/command"),
                (lambda m: m.update(seed="7"), "/seed"),
                (lambda m: m.update(horizon_ns=0), "/horizon_ns"),
                (lambda m: m.update(policies=[]), "names no policy"),
                (lambda m: m.update(sides=[{"key": "a", "policy": "b", "scenario": "../c"}]), "/sides/0/scenario")):
            with self.subTest(part):
                (self.out / "manifest.json").write_text(whole, encoding="utf-8")
                self.change_manifest(change)
                self.assert_one_error(self.explain(0), "manifest.json", part)
        (self.out / "manifest.json").write_text(whole, encoding="utf-8")
        (self.out / "scenario.resolved.json").unlink()
        self.assert_one_error(self.explain(0), "scenario.resolved.json")

    def test_another_digest_is_3(self):
        self.left_by("run")
        self.change_manifest(lambda manifest: manifest["digests"][0].update(digest="0123456789abcdef"))
        result = self.explain(0)
        self.assert_status(result, 3)
        self.assertEqual(result.stdout, "")
        self.assertIn("0123456789abcdef", result.stderr)

    def test_another_seed_is_another_run(self):
        self.left_by("run")
        self.change_manifest(lambda manifest: manifest.update(seed=8))
        self.assert_status(self.explain(0), 3)


if __name__ == "__main__":
    main(__doc__)
