"""explore: what it prints, what it refuses, and its exit status."""
import csv
import io
import json

from command import CommandTest, main


class Explore(CommandTest):
    def setUp(self):
        super().setUp()
        self.scenario = self.root / "small.json"
        queue = {"name": "q", "type": "compute"}
        self.text = {
            "format": "userqsim-scenario/1", "name": "small", "device": "ideal", "kernel": "6.18",
            "policy": "preempt_restore", "horizon": "40ms",
            "processes": [{"name": "a", "vram": [{"name": "x", "size": "1MiB"}], "queues": [queue]}],
            "events": [{"at": "8ms", "kind": "evict", "process": "a"}, {"at": "16ms", "kind": "isolation_stop"},
                       {"at": "20ms", "kind": "isolation_start"}],
        }
        self.write()

    def write(self):
        self.scenario.write_text(json.dumps(self.text), encoding="utf-8")

    def explore(self, *arguments):
        return self.run_command("explore", self.scenario, *arguments)

    def test_the_story(self):
        result = self.explore()
        self.assert_status(result, 0)
        self.assertRegex(result.stderr, r"^userqsim: \d+ states in \d+\.\d s: \d+ states/s\n$")
        self.assertRegex(result.stdout, r"stopped_for_ever +a +\d+\n")
        self.assertIn("\nstopped_for_ever of a:\n    1  /events/0: evict of a\n", result.stdout)
        self.assertIn("-> restore_cancelled of a\n", result.stdout)
        self.assertEqual(self.explore().stdout, result.stdout)

    def test_formats_agree(self):
        data = json.loads(self.explore("--format", "json").stdout)
        self.assertEqual(data["counts"][0]["complete"], "yes")
        steps = {hazard["hazard"]: hazard["steps"] for hazard in data["hazards"]}
        self.assertIn("stopped_for_ever", steps)
        rows = list(csv.DictReader(io.StringIO(self.explore("--format", "csv").stdout)))
        for hazard, count in steps.items():
            numbers = [int(row["step"]) for row in rows if row["hazard"] == hazard and row["step"]]
            self.assertEqual(numbers, list(range(1, count + 1)))
        self.assertEqual([row["what"] for row in rows], [row["what"] for row in data["steps"]])
        self.assertTrue(self.explore("--format", "md").stdout.startswith("| states |"))

    def test_who_waits_stands_below_the_sequence(self):
        story = "the restart of a does not come: its restore work is not queued"
        self.assertIn(f"\n       {story}\n", self.explore().stdout)
        data = json.loads(self.explore("--format", "json").stdout)
        self.assertEqual([row["hazard"] for row in data["waits"]], ["stopped_for_ever"])
        self.assertEqual(data["waits"][0]["graph"],
                         'digraph "waits" {\n  0 [label="the restart of a\\ndoes not come: its restore work is not '
                         'queued"];\n}\n')

    def test_a_limit_is_4_and_tells_what_was_found(self):
        for option in (("--max-states", 5), ("--depth", 3)):
            result = self.explore(*option)
            self.assert_status(result, 4)
            self.assertRegex(result.stdout, r"\n +\d+ +\d+ +\d+ +\d+  no\n")
            self.assertIn("the search is not complete", result.stderr)
        self.assertIn("no hazard was met", self.explore("--depth", 3).stdout)

    def test_kernel_and_policy(self):
        of_kfd = self.explore("--kernel", "kfd", "--policy", "unmap_map")
        self.assert_status(of_kfd, 0)
        self.assertNotEqual(of_kfd.stdout, self.explore().stdout)
        self.assert_one_error(self.explore("--policy", "unmap"), "unmap_map")
        self.assert_one_error(self.explore("--kernel", "6.17"), "6.17")

    def test_what_has_no_end_is_refused(self):
        self.text["processes"][0]["queues"][0]["jobs"] = {"arrival": {"periodic": "1ms"}, "work": "1ms"}
        self.write()
        self.assert_one_error(self.explore(), "small.json", "/processes/0/queues/0/jobs/count", "needs an end")
        self.text["processes"][0]["submission"] = "kernel"
        self.text["events"] = []
        self.write()
        self.assert_one_error(self.explore(), "/processes/0/submission", "user_queues")


if __name__ == "__main__":
    main(__doc__)
