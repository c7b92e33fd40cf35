"""explore: what it prints, what it refuses, and its exit status."""
import csv
import io
import json
import pathlib
import re
import shutil
import signal
import subprocess
import time

from command import CommandTest, main, rows


TEXT = r'"((?:[^"\\]|\\.)*)"'


def parse_dot(text):
    """Nodes with their lane and label, and edges, of a picture of lanes; a line that is none of them is an error."""
    nodes, edges, lane = {}, [], None
    lines = text.splitlines()
    assert re.fullmatch(f"digraph {TEXT} {{", lines[0]) and lines[1] == "  node [shape=box];" and lines[-1] == "}"
    for line in lines[2:-1]:
        if re.fullmatch(r"  subgraph cluster_\d+ {", line):
            assert lane is None
            lane = ""
        elif match := re.fullmatch(f"    label={TEXT};", line):
            assert lane == ""
            lane = match[1]
        elif line == "  }":
            assert lane
            lane = None
        elif match := re.fullmatch(f"  +([sm]\\d+) \\[label={TEXT}(, shape=octagon, color=red, penwidth=2)?\\];", line):
            assert match[1] not in nodes and bool(lane) == (match[1][0] == "s")
            nodes[match[1]] = (lane, match[2])
        else:
            match = re.fullmatch(r"  (s\d+) -> ([sm]\d+)( \[color=red, penwidth=2\])?;", line)
            assert match and {match[1], match[2]} <= set(nodes), line
            edges.append((match[1], match[2]))
    return nodes, edges


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

    def test_memory_is_a_limit(self):
        result = self.explore("--max-memory", "1B")
        self.assert_status(result, 4)
        self.assertIn("--max-memory", result.stderr)
        self.assert_status(self.explore("--max-memory", "0B"), 0)
        wrong = self.explore("--max-memory", "much")
        self.assert_status(wrong, 2)
        self.assertTrue(wrong.stderr.startswith("userqsim: --max-memory: "), wrong.stderr)

    def test_nobody_has_to_read_the_messages(self):
        out = self.root / "found"
        with open("/dev/full", "w", encoding="utf-8") as full:
            for status, arguments in ((0, (self.scenario, "--out", out)), (2, ("no-such-scenario",))):
                done = subprocess.run([self.binary, "explore", *arguments], stdout=subprocess.DEVNULL, stderr=full,
                                      check=False)
                self.assertEqual(done.returncode, status)
        self.assertTrue((out / "coverage.csv").exists())

    def test_out_has_each_sequence_in_three_forms(self):
        printed = self.explore("--out", self.out)
        self.assert_status(printed, 0)
        self.assertIn("written to ", printed.stdout)
        names = ["restore_cancelled-a", "stopped_for_ever-a"]
        files = sorted(f"{name}.{kind}" for name in names for kind in ("dot", "json", "md")) + ["coverage.csv"]
        self.assertEqual(sorted(path.name for path in self.out.iterdir()), sorted(files))
        steps = [row["what"] for row in self.steps() if row["hazard"] == "stopped_for_ever" and row["step"]]
        order = json.loads((self.out / "stopped_for_ever-a.json").read_text("utf-8"))["order"]
        self.assertEqual(order, [re.sub(r"( \(it waited for .*?\))?( -> .*)?$", "", step) for step in steps])
        story = (self.out / "stopped_for_ever-a.md").read_text("utf-8")
        self.assertTrue(story.startswith("# stopped_for_ever of a\n"))
        self.assertIn(f"kernel 6.18, policy preempt_restore. {len(steps)} steps lead to it; no shorter", story)
        self.assertIn("   - a/q: MAPPED -> PREEMPTED (evict: preempt)\n", story)
        self.assertIn("   - **restore_cancelled of a**\n", story)
        self.assertEqual(re.findall(r"^(\d+)\. ", story, re.MULTILINE), [str(i + 1) for i in range(len(steps))])

    def steps(self, *arguments):
        return list(csv.DictReader(io.StringIO(self.explore("--format", "csv", *arguments).stdout)))

    def test_the_picture_is_graphviz(self):
        self.explore("--out", self.out)
        for path in self.out.glob("*.dot"):
            text = path.read_text("utf-8")
            nodes, edges = parse_dot(text)
            order = json.loads(path.with_suffix(".json").read_text("utf-8"))["order"]
            for number, step in enumerate(order, 1):
                self.assertTrue(nodes[f"s{number}"][1].startswith(f"{number}. {step}"), nodes[f"s{number}"])
            self.assertEqual([edge for edge in edges if edge[1][0] == "s"],
                             [(f"s{i}", f"s{i + 1}") for i in range(1, len(order))])
            self.assertEqual({nodes[f"s{i}"][0] for i in range(1, 4)}, {"scenario", "suspend worker of a", "MES"})
            marks = [edge for edge in edges if edge[1][0] == "m"]
            self.assertEqual(marks[-1][0], f"s{len(order)}")
            self.assertTrue(path.name.startswith(nodes[marks[-1][1]][1].split(" of ")[0]))
            if shutil.which("dot"):
                subprocess.run(["dot", "-Tsvg", path], check=True, capture_output=True)

    def test_what_was_found_is_followed_again(self):
        self.explore("--out", self.out)
        for path in sorted(self.out.glob("*.json")):
            hazard = path.stem.rsplit("-", 1)[0]
            again = self.run_command("explore", path)
            self.assert_status(again, 0)
            self.assertEqual(again.stderr, "")
            self.assertRegex(again.stdout, r"\n +\d+ +\d+ +\d+ +[01]  order\n")
            self.assertIn(f"\n{hazard} of a:\n", again.stdout)
            self.assertEqual([row for row in self.steps() if row["hazard"] == hazard],
                             [row for row in self.steps_of(path) if row["hazard"] == hazard])
            self.assert_status(self.run_command("validate", path), 0)
            other = self.run_command("explore", path, "--kernel", "7.1", "--policy", "unmap_map")
            self.assert_one_error(other, path.name, "/order/2: ", "\"MES is through with SUSPEND of a/q\" cannot happen",
                                  "kernel 7.1", "what can: ", "\"MES is through with REMOVE_QUEUE of a/q\"")

    def steps_of(self, path):
        return list(csv.DictReader(io.StringIO(self.run_command("explore", path, "--format", "csv").stdout)))

    def test_an_order_of_ones_own(self):
        self.text["order"] = ["/events/0: evict of a", "suspend worker of a goes on"]
        self.write()
        result = self.explore()
        self.assert_status(result, 0)
        self.assertIn("no hazard was met", result.stdout)
        self.assert_status(self.explore("--depth", 1), 4)
        self.text["order"] = ["/events/2: isolation_start"]
        self.write()
        self.assert_one_error(self.explore("--out", self.out), "small.json: /order/0: ",
                              "\"/events/0: evict of a\"", "\"/events/1: isolation_stop\"")
        self.assertFalse(self.out.exists())
        self.assertFalse(self.out.with_suffix(".partial").exists())
        for command in (("run",), ("compare", "--reps", 1), ("compare", "--vary", "kernel", "--reps", 1)):
            self.assert_one_error(self.run_command(command[0], self.scenario, "--out", self.out, *command[1:]),
                                  "/order", "use explore")
        self.text["order"] = [1]
        self.write()
        self.assert_one_error(self.explore(), "/order/0")

    def test_out_appears_whole_or_not_at_all(self):
        self.out.mkdir()
        (self.out / "mine").write_text("kept", encoding="utf-8")
        self.assert_one_error(self.explore("--out", self.out), "--force")
        self.assertEqual([path.name for path in self.out.iterdir()], ["mine"])
        self.assert_status(self.explore("--out", self.out, "--force", "--max-states", 5), 4)
        self.assertEqual([path.name for path in self.out.iterdir()], ["coverage.csv"])

    def test_an_interrupted_search_leaves_what_it_found(self):
        large = pathlib.Path("scenarios/explore/evicted-under-isolation.json").resolve()
        with subprocess.Popen([self.binary, "explore", large, "--out", self.out], stdout=subprocess.DEVNULL,
                              stderr=subprocess.PIPE, text=True) as search:
            while search.poll() is None and not self.out.with_suffix(".partial").exists():
                time.sleep(0.01)
            search.send_signal(signal.SIGINT)
            self.assertIn("interrupted by signal 2", search.communicate(timeout=60)[1])
        self.assertEqual(search.returncode, 130)
        self.assertTrue((self.out / "coverage.csv").exists())

    def test_a_trace_is_taken_along(self):
        (self.root / "t.csv").write_text("arrival_ns,work_ns\n1000,5\n", encoding="utf-8")
        self.text["processes"][0]["queues"][0]["jobs"] = {"arrival": {"trace": {"file": "t.csv"}}, "work": "1us"}
        self.write()
        self.assert_status(self.explore("--out", self.out), 0)
        self.assert_status(self.run_command("explore", self.out / "stopped_for_ever-a.json"), 0)

    def test_coverage(self):
        self.text["events"] = self.text["events"][:1]
        self.write()
        result = self.explore("--out", self.out)
        table = rows(self.out / "coverage.csv")
        self.assertEqual({(row["lifecycle"], row["policy"]) for row in table}, {("6.18", "preempt_restore")})
        taken = {(row["operation"], row["helper"], row["from"], row["to"]): int(row["transitions"]) for row in table
                 if row["transitions"] != "0"}
        # One queue, created before the search begins, and stopped and restarted by one eviction.
        self.assertEqual(set(taken), {("create", "map", "UNMAPPED", "MAPPED"),
                                      ("evict", "preempt", "MAPPED", "PREEMPTED"),
                                      ("restore", "restore", "PREEMPTED", "MAPPED")})
        self.assertIn(f"of {len(table)} rows of the tables of 6.18 under preempt_restore 3 were taken", result.stdout)
        self.assertRegex(result.stdout, r"\nevict +preempt +MAPPED -> HUNG \(fails\)\n")
        self.assertRegex(result.stdout, r"\nisolation_stop +all 2\n")
        data = json.loads(self.explore("--format", "json").stdout)["coverage"]
        self.assertEqual([(row["operation"], row["helper"], row["transitions"]) for row in data],
                         [(row["operation"], row["helper"], int(row["transitions"])) for row in table])

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
