"""`calibrate`: costs out of traces, the profile that it writes, and a run beside a recording."""
import csv
import io
import json
import subprocess

from command import CommandTest, main

HEAD = "    kworker/0:0-100     [000] ..... "
CALL = "{head}    1.{us:06}: amdgpu_userq_state_{event}: client_id=1, type=1, doorbell=2, {what}\n"


def call(begin, end, before, after):
    return (CALL.format(head=HEAD, us=begin, event="start", what=f"from={before}")
            + CALL.format(head=HEAD, us=end, event="changed", what=f"to={after}"))


# ADD_QUEUE took 14 us twice, and RESUME 18 us.
TRACE = "# tracer: nop\n" + call(0, 14, 0, 1) + call(100, 140, 1, 2) + call(200, 218, 2, 1) + call(300, 314, 0, 1)


class Calibrate(CommandTest):
    def setUp(self):
        super().setUp()
        self.trace = self.root / "machine.txt"
        self.trace.write_text(TRACE, encoding="utf-8")
        self.costs = self.root / "costs.json"

    def calibrate(self, *arguments, **keywords):
        return self.run_command("calibrate", *arguments, **keywords)

    def test_the_profile_that_is_written(self):
        self.assert_status(self.calibrate(self.trace, "-o", self.costs), 0)
        costs = json.loads(self.costs.read_text("utf-8"))
        # 14 us seen in steps of 2 us are 13 us; mes_api of the default profile is 10 us of them.
        self.assertEqual(costs["registration"]["value"], "3us")
        self.assertEqual(costs["registration"]["kind"], "measured")
        # 2 to 4 us less 10 us, a step of 2 us either side of the middle, and mes_api anywhere from 1 to 450 us.
        self.assertEqual(costs["registration"]["range"], ["0s", "14us"])
        self.assertIn("2us to 4us if what is taken off is right", costs["registration"]["x-calibration"]["how"])
        self.assertIn("2 samples in machine.txt", costs["registration"]["source"])
        self.assertEqual(costs["registration"]["x-calibration"]["samples"], 2)
        self.assertEqual(costs["resume_book"]["value"], "7us")  # 17 us less 10 us
        self.assertEqual(costs["suspend_book"]["kind"], "assumed")
        self.assertIn("kept by calibrate: 1 SUSPEND of a queue without a pending fence took 40us (least), 40us "
                      "(median), 40us (most)", costs["suspend_book"]["source"])
        self.assertNotIn("x-calibration", costs["suspend_book"])
        self.assertEqual(costs["teardown"]["kind"], "assumed")
        self.assertIn("kept by calibrate: the trace has no REMOVE_QUEUE", costs["teardown"]["source"])
        lines = costs["x-calibration"]["lines"]
        self.assertEqual(lines["total"], 9)
        self.assertEqual(lines["used"], 8)
        self.assertIn("teardown", costs["x-calibration"]["kept"])
        self.assertEqual([p.name for p in self.root.iterdir() if "partial" in p.name], [])

    def test_idle_makes_a_stop_a_measurement(self):
        result = self.calibrate(self.trace, "--idle", "-o", self.root / "costs.json")
        self.assert_status(result, 0)
        costs = json.loads((self.root / "costs.json").read_text("utf-8"))
        # 40 us seen in steps of 1 us, less 10 us + 5 us + 10 us, which may be 2 us together.
        self.assertEqual(costs["suspend_book"]["value"], "14.5us")
        self.assertEqual(costs["suspend_book"]["kind"], "measured")
        self.assertEqual(costs["suspend_book"]["range"], ["0s", "38.5us"])
        self.assertIn("of an idle queue, as was said", costs["suspend_book"]["source"])
        self.assertIs(costs["x-calibration"]["idle"], True)

    def test_the_trace_on_standard_input_is_not_replaced(self):
        with open(self.trace, encoding="utf-8") as trace:
            result = self.run_command("calibrate", "-", "-o", self.trace, "--force", stdin=trace)
        self.assert_one_error(result, "is the trace -")

    def test_a_run_with_the_profile(self):
        profiles = self.root / "profiles" / "costs"
        profiles.mkdir(parents=True)
        self.assert_status(self.calibrate(self.trace, "-o", profiles / "default.json"), 0)
        result = self.run_command("run", self.scenario, "--profiles", profiles.parent, "--out", self.out)
        self.assert_status(result, 0)
        resolved = json.loads((self.out / "scenario.resolved.json").read_text("utf-8"))
        self.assertEqual(resolved["overrides"]["costs"]["registration"]["value"], "3us")
        again = self.calibrate(self.trace, "--base", profiles / "default.json", "--format", "json")
        self.assert_status(again, 0)

    def test_what_is_printed(self):
        table = self.calibrate(self.trace)
        self.assert_status(table, 0)
        self.assertRegex(table.stdout, r"registration +3us +measured +2 +0s +14us\n")
        self.assertRegex(table.stdout, r"RESUME +1 +0 +1 +0 ")
        report = json.loads(self.calibrate(self.trace, "--format", "json").stdout)
        self.assertEqual({row["lines"]: row["count"] for row in report["lines"]}["comment"], 1)
        text = self.calibrate(self.trace, "--format", "csv").stdout.split("\n\n")
        rows = list(csv.DictReader(io.StringIO(text[0])))
        self.assertEqual([row["value"] for row in rows if row["cost"] == "registration"], ["3us"])
        self.assertEqual(len(text), 3)
        self.assertIn("| registration | 3us |", self.calibrate(self.trace, "--format", "md").stdout)

    def test_standard_input(self):
        result = self.calibrate("-", "--format", "json", input=TRACE)
        self.assert_status(result, 0)
        self.assertEqual(json.loads(result.stdout), json.loads(self.calibrate(self.trace, "--format", "json")
                                                               .stdout.replace("machine.txt", "standard input")))
        self.assert_one_error(self.calibrate("-", "-", input=TRACE), "named twice")

    def test_a_trace_that_a_run_wrote_and_that_run(self):
        ours = self.root / "run.txt"
        self.assert_status(self.run_command("run", self.scenario, "--ftrace", ours, "--out", self.out), 0)
        result = self.calibrate(ours, "--compare", self.out, "--format", "json")
        self.assert_status(result, 0)
        times = {(row["time"], row["whose"]): row for row in json.loads(result.stdout)["times"]}
        for time in ("ADD_QUEUE", "SUSPEND", "RESUME", "worker_latency", "evict_latency", "restore"):
            recorded, simulated = times[time, "recorded"], times[time, "preempt_restore"]
            self.assertGreater(recorded["count"], 0, time)
            self.assertEqual(recorded["count"], simulated["count"], time)
            # Times of a trace are rounded to a microsecond at both ends.
            for what in ("min_ns", "p50_ns", "max_ns"):
                self.assertLessEqual(abs(recorded[what] - simulated[what]), 1000, (time, what))
        lines = {row["lines"]: row["count"] for row in json.loads(result.stdout)["lines"]}
        for fate in ("unparsable", "truncated", "out_of_order", "unpaired_end", "too_long"):
            self.assertEqual(lines[fate], 0, fate)
        self.assertEqual(lines["total"], len(ours.read_text("utf-8").splitlines()))

    def test_policies_of_a_comparison_side_by_side(self):
        self.assert_status(self.run_command("compare", self.scenario, "--reps", 2, "--out", self.out), 0)
        report = json.loads(self.calibrate(self.trace, "--compare", self.out, "--format", "json").stdout)
        whose = [row["whose"] for row in report["times"] if row["time"] == "RESUME"]
        self.assertEqual(whose, ["recorded", "preempt_restore", "unmap_map"])

    def test_bad_input(self):
        self.assert_one_error(self.calibrate("missing.txt"), "missing.txt: cannot be read")
        self.assert_one_error(self.calibrate(self.root), "is a directory")
        nothing = self.root / "nothing.txt"
        nothing.write_text("hello\nworld\n", encoding="utf-8")
        self.assert_one_error(self.calibrate(nothing, "-o", self.costs), "no sample of a cost in 2 lines (2 unparsable); expected")
        nothing.write_text("# tracer: nop\n" + call(0, 14, 0, 1).split("\n")[0] + "\ncut", encoding="utf-8")
        self.assert_one_error(self.calibrate(nothing),
                              "in 3 lines (1 comment, 1 unpaired_start, 1 truncated); expected")
        self.assertFalse(self.costs.exists())
        self.assert_one_error(self.calibrate(self.trace, "--base", "defualt"), 'did you mean "default"')
        self.assert_one_error(self.calibrate(self.trace, "--kernel", "6.17x"), "unknown kernel profile")
        self.assert_one_error(self.calibrate(self.trace, "--compare", self.root), "transitions.csv: cannot be read")
        self.assert_one_error(self.calibrate(), "trace")
        self.costs.write_text("mine", encoding="utf-8")
        self.assert_one_error(self.calibrate(self.trace, "-o", self.costs), "costs.json exists; give --force")
        self.assertEqual(self.costs.read_text("utf-8"), "mine")
        self.assert_status(self.calibrate(self.trace, "-o", self.costs, "--force"), 0)
        self.assert_one_error(self.calibrate(self.trace, "-o", "/dev/null", "--force"), "is not a file")
        self.assert_one_error(self.calibrate(self.trace, "-o", "-"), "allowed is the name of a file")
        self.assert_one_error(self.calibrate(self.trace, "-o", self.root / "no" / "costs.json"), "costs.json")

    def test_the_trace_is_not_written_over(self):
        link = self.root / "link.json"
        link.symlink_to(self.trace)
        for name in (self.trace, link):
            self.assert_one_error(self.calibrate(self.trace, "-o", name, "--force"), "is the trace")
        self.assertEqual(self.trace.read_text("utf-8"), TRACE)

    def test_times_of_years(self):
        fence = HEAD + "{s}.000000: dma_fence_{event}: driver=amdgpu_eviction_fence timeline=a context={c} seqno=1\n"
        # 40 evictions of nearly ten years each: their sum is more than 64 bits hold, their mean is not.
        text = "".join(fence.format(s=0, event="enable_signal", c=c) for c in range(40))
        text += "".join(fence.format(s=315359999, event="signaled", c=c) for c in range(40))
        text += fence.format(s=315360000, event="init", c=1)  # ten years: out of range
        self.trace.write_text(TRACE.replace(" 1.", " 0.") + text, encoding="utf-8")
        self.assert_status(self.run_command("run", self.scenario, "--out", self.out), 0)
        result = self.calibrate(self.trace, "--compare", self.out, "--format", "json")
        self.assert_status(result, 0)
        report = json.loads(result.stdout)
        times = {row["time"]: row for row in report["times"] if row["whose"] == "recorded"}
        self.assertEqual(times["evict_latency"]["mean_ns"], 315359999e9)
        self.assertEqual({row["lines"]: row["count"] for row in report["lines"]}["unparsable"], 1)

    def test_a_full_disk(self):
        command = f"trap '' XFSZ; ulimit -f 1; exec {self.binary} calibrate machine.txt -o costs.json"
        result = subprocess.run(["bash", "-c", command], cwd=self.root, capture_output=True, text=True, check=False)
        self.assertEqual(result.returncode, 6, result.stderr)
        self.assertEqual([p.name for p in self.root.iterdir() if p.name.startswith("costs")], [])

    def test_a_damaged_run(self):
        self.assert_status(self.run_command("run", self.scenario, "--out", self.out), 0)
        path = self.out / "transitions.csv"
        text = path.read_text("utf-8")
        path.write_text(text.replace("began_ns", "was_ns", 1), encoding="utf-8")
        self.assert_one_error(self.calibrate(self.trace, "--compare", self.out), "the column began_ns is missing")
        path.write_text(text + "cut", encoding="utf-8")
        self.assert_one_error(self.calibrate(self.trace, "--compare", self.out), "is no whole row")
        rows = list(csv.DictReader(io.StringIO(text)))
        at = next(i for i, row in enumerate(rows) if row["mes_call"] == "ADD_QUEUE")

        def with_value(column, value):
            with path.open("w", encoding="utf-8", newline="") as file:
                writer = csv.DictWriter(file, rows[0].keys(), lineterminator="\n")
                writer.writeheader()
                writer.writerows([*rows[:at], {**rows[at], column: value}, *rows[at + 1:]])
            return self.calibrate(self.trace, "--compare", self.out)

        where = f"transitions.csv: line {at + 2}: found "  # after the header, from 1
        self.assert_one_error(with_value("began_ns", "9000000000000000000"), where + "the time 9000000000000000000")
        self.assert_one_error(with_value("time_ns", "-1"), where + "the time -1")
        self.assert_one_error(with_value("began_ns", "300000000000000000"), where + "an end at")
        self.assertIn("1 rows are left out: a time in them is no number", with_value("time_ns", "soon").stderr)

    def test_an_eviction_whose_restart_began_before_its_fence_signaled(self):
        self.assert_status(self.run_command("run", self.scenario, "--out", self.out), 0)
        path = self.out / "evictions.csv"
        rows = list(csv.DictReader(io.StringIO(path.read_text("utf-8"))))
        at = next(i for i, row in enumerate(rows) if row["signaled_ns"] and row["evict_latency_ns"])

        def with_signal(value):
            with path.open("w", encoding="utf-8", newline="") as file:
                writer = csv.DictWriter(file, rows[0].keys(), lineterminator="\n")
                writer.writeheader()
                writer.writerows([*rows[:at], {**rows[at], "signaled_ns": value}, *rows[at + 1:]])
            return self.calibrate(self.trace, "--compare", self.out, "--format", "json")

        def count(result, time):
            return next(row["count"] for row in json.loads(result.stdout)["times"]
                        if row["time"] == time and row["whose"] == "preempt_restore")

        whole, without = with_signal(rows[at]["signaled_ns"]), with_signal("x")
        self.assertIn("1 rows are left out", without.stderr)
        for time in ("evict_latency", "restore"):
            self.assertEqual(count(without, time), count(whole, time) - 1, time)
        self.assert_one_error(with_signal("300000000000000000"), f"evictions.csv: line {at + 2}: found an end at")

    def test_a_file_does_not_take_the_place_of_a_profile(self):
        (self.root / "default").write_text("{}", encoding="utf-8")
        self.assert_status(self.calibrate(self.trace), 0)
        self.assert_one_error(self.calibrate(self.trace, "--base", "./default"), "default")
        self.assert_one_error(self.calibrate(self.trace, "--base", "missing.json"), "missing.json")

    def test_warnings(self):
        short = self.root / "short.txt"
        short.write_text(call(0, 4, 0, 1) + "CPU:0 [LOST 7 EVENTS]\n", encoding="utf-8")
        result = self.calibrate(short, "--format", "json")
        self.assert_status(result, 0)
        self.assertIn("registration: 1 of 1 samples took no more than mes_api 10us (10us)", result.stderr)
        self.assertIn("events were lost in 1 places", result.stderr)

    def test_what_leaves_nothing_is_kept(self):
        base = {row["cost"]: row for row in
                json.loads(self.calibrate(self.trace, "--format", "json").stdout)["costs"]}["teardown"]
        short = self.root / "short.txt"
        short.write_text(call(0, 16, 1, 0) + call(100, 116, 1, 0), encoding="utf-8")
        result = self.calibrate(short, "--idle", "-o", self.costs, "--format", "json")
        self.assert_status(result, 0)
        reason = ("2 of 2 stops took no more than mes_api 10us and preempt_idle 5us and unmap 10us (25us); the queues "
                  "had no slot, or what is taken off is too large")
        self.assertIn(reason, result.stderr)
        costs = json.loads(self.costs.read_text("utf-8"))
        self.assertEqual(costs["x-calibration"]["kept"]["teardown"], reason)
        self.assertEqual(costs["teardown"]["value"], base["value"])
        self.assertEqual(costs["teardown"]["kind"], base["kind"])
        self.assertTrue(costs["teardown"]["source"].endswith("; kept by calibrate: " + reason))


if __name__ == "__main__":
    main(f"usage: {__file__} BINARY")
