#!/usr/bin/env python3
"""Time lines: what viewers read is what slices.csv and counters.csv say, and both are what the other tables say.

Usage: trace_test.py PATH_TO_BINARY
"""
import collections
import gzip
import json
import pathlib

import pftrace
from command import CommandTest, main, rows

LIBRARY = pathlib.Path(__file__).resolve().parents[2] / "scenarios" / "library"
# Hundreds of thousands of slices, for a reader in Python.
UNTIL = {"third-process-two-victims": "2s", "oversubscription-65": "300ms", "idle-queues-hold-slots": "1s",
         "userptr-storm": "800ms", "ninth-queue": "2s"}
STEPS = ("min_run", "suspend_start", "userq_lock", "fence_wait", "mes_lock", "mes_packet", "suspend_fence",
         "restore_delay", "restore_start", "restore_cancelled", "move", "userptr_fault", "page_table", "tlb_flush",
         "gpu_reset", "restart_gap")


def detail(row):
    return dict(part.split("=", 1) for part in row["detail"].split("; ") if part)


def length(row):
    return int(row["end_ns"]) - int(row["start_ns"])


def microseconds(text):
    whole, decimals = text.split(".")
    assert len(decimals) == 3, text
    return int(whole) * 1000 + int(decimals)


class TraceTest(CommandTest):
    def trace(self, scenario, *options, command="run"):
        self.assert_status(
            self.run_command(command, scenario, "--out", self.out, "--force", "--slices", "--trace", "pftrace,json",
                             *options), 0)
        return pftrace.Trace((self.out / "trace.pftrace").read_bytes())

    def table(self, name):
        return rows(self.out / f"{name}.csv")

    def assert_viewers_agree(self, decoded):
        """trace.pftrace and trace.json.gz hold what slices.csv and counters.csv do."""
        def key(row):
            return f"{row['scenario']} {row['policy']} {row['rep']}"

        slices, counters = self.table("slices"), self.table("counters")
        in_csv = collections.Counter(
            (key(r), r["track"], r["name"], int(r["start_ns"]), int(r["end_ns"]), r["detail"]) for r in slices)
        in_trace = collections.Counter(
            (*s.track, s.name, s.start, s.end, "; ".join(f"{k}={v}" for k, v in s.args.items()))
            for s in decoded.slices)
        self.assertEqual(in_trace, in_csv)
        self.assertEqual(collections.Counter((*c.track, c.time, c.value) for c in decoded.counters),
                         collections.Counter(
                             (key(r), r["track"], int(r["time_ns"]), int(r["value"])) for r in counters))
        with gzip.open(self.out / "trace.json.gz", "rt", encoding="utf-8") as file:
            events = json.load(file, parse_float=str)["traceEvents"]
        groups = {e["pid"]: e["args"]["name"] for e in events if e["name"] == "process_name"}
        tracks = {(e["pid"], e["tid"]): e["args"]["name"] for e in events if e["name"] == "thread_name"}
        in_json = collections.Counter(
            (f"{groups[e['pid']]}/{tracks[e['pid'], e['tid']]}", e["name"], microseconds(e["ts"]),
             microseconds(e["dur"])) for e in events if e["ph"] == "X")
        self.assertEqual(in_json, collections.Counter(
            (f"{run}: {track}", name, start, end - start) for run, track, name, start, end, _ in in_csv.elements()
            if end > start))
        points = [e for e in events if e["ph"] in "st"]
        self.assertEqual(len(points), sum(len(r["flows"].split()) for r in slices))
        self.assertEqual(len([e for e in points if e["ph"] == "s"]), len({e["id"] for e in points}))

    def assert_flows_join(self, slices):
        """Each flow leads from what asked, through the stop, to a queue that runs again."""
        flows = collections.defaultdict(list)
        for row in slices:
            for flow in row["flows"].split():
                flows[flow].append(row)
        requests = {}
        for row in slices:
            if row["track"].endswith("/requests") or "/requests #" in row["track"]:
                requests[detail(row)["request"]] = row
        by_eviction = {(e["process"], int(e["eviction"])): e for e in self.table("evictions")}
        for flow, points in flows.items():
            points.sort(key=lambda row: int(row["start_ns"]))
            number = int(flow)
            ordinal = number & 0xffffffff
            owner = [e for e in by_eviction.values() if int(e["eviction"]) == ordinal
                     and any(f"process/{e['process']}/{worker} worker" in p["track"] for p in points
                             for worker in ("suspend", "restore"))]
            self.assertEqual(len(owner), 1, points)
            eviction = owner[0]
            if eviction["request"]:
                self.assertIs(points[0], requests[eviction["request"]])
            else:
                self.assertIn("/suspend worker", points[0]["track"])
            for point in points[1:]:
                self.assertGreaterEqual(int(point["start_ns"]), int(eviction["start_ns"]))
            again = [p for p in points if p["track"].startswith("slot/")]
            if eviction["outcome"] == "restored" and eviction["queues_running"] != "0" and eviction["first_stop_ns"]:
                self.assertTrue(again, points)
            for point in again:
                self.assertTrue(point["name"].endswith(" running"))
                self.assertGreaterEqual(int(point["start_ns"]), int(eviction["signaled_ns"]))
        self.assertEqual(bool(flows), bool(by_eviction))

    def assert_totals(self, slices):
        """Sums over tracks are those of the other tables, to the nanosecond."""
        sums = collections.Counter()
        restored = {(e["process"], e["eviction"]) for e in self.table("evictions") if e["outcome"] == "restored"}
        for row in slices:
            top, _, rest = row["track"].partition("/")
            if top == "slot":
                queue = (detail(row)["process"], row["name"].rsplit(" ", 1)[0])
                sums["slot", *queue] += length(row)
                sums["running", *queue] += length(row) if row["name"].endswith(" running") else 0
            elif top == "mes" and rest.startswith("pipe"):
                sums["mes"] += length(row)
            elif row["track"] == "lock/mes_mutex" and "eviction" in detail(row):
                sums["mes_mutex", row["name"]] += length(row)
            elif top == "process":
                process, _, track = rest.partition("/")
                if track == "evictions":
                    sums["eviction", process] += length(row)
                elif track.split(" worker")[0] in ("suspend", "restore") and " worker" in track:
                    if (process, detail(row)["eviction"]) in restored:
                        sums["step", row["name"]] += length(row)
                elif track.split(" ")[0] == "requests" and detail(row)["outcome"] in ("ready", "fell_to_gtt", "failed"):
                    sums["stall", process] += length(row)
                elif track.startswith("jobs ") and detail(row)["outcome"] == "finished":
                    sums["jobs", process, track[len("jobs "):].split(" #")[0]] += length(row)
        expected = collections.Counter()
        for queue in self.table("queues"):
            name = (queue["process"], queue["queue"])
            expected["slot", *name] += int(queue["slot_ns"])
            expected["running", *name] += int(queue["running_ns"])
        for packet in self.table("mes_ops"):
            expected["mes"] += int(packet["busy_ns"])
        for eviction in self.table("evictions"):
            expected["eviction", eviction["process"]] += int(eviction["ended_ns"]) - int(eviction["start_ns"])
            expected["mes_mutex", eviction["process"]] += int(eviction["mes_lock_hold_ns"])
        for part in self.table("eviction_parts"):
            if part["part"] in STEPS and (part["process"], part["eviction"]) in restored:
                expected["step", part["part"]] += length(part)
        for request in self.table("requests"):
            expected["stall", request["process"]] += int(request["stall_ns"] or 0)
        for job in self.table("jobs"):
            if job["finished_ns"]:
                expected["jobs", job["process"], job["queue"]] += int(job["finished_ns"]) - int(job["started_ns"])
        self.assertEqual(+sums, +expected)
        shown = collections.Counter((r["name"], int(r["start_ns"])) for r in slices if "/hazards" in r["track"])
        self.assertEqual(shown, collections.Counter((r["kind"], int(r["time_ns"]))
                                                    for table in ("hazards", "faults") for r in self.table(table)))

    def test_library(self):
        for scenario in sorted(LIBRARY.glob("*.json")):
            with self.subTest(scenario=scenario.stem):
                until = ["--until", UNTIL[scenario.stem]] if scenario.stem in UNTIL else []
                decoded = self.trace(scenario, *until)
                slices = self.table("slices")
                self.assert_viewers_agree(decoded)
                self.assert_flows_join(slices)
                self.assert_totals(slices)

    def test_two_runs_in_one_trace(self):
        decoded = self.trace(self.scenario, "--reps", 2, "--jobs", 2, command="compare")
        self.assertEqual(sorted(decoded.runs.values()),
                         ["cli-test preempt_restore 0", "cli-test unmap_map 0"])
        self.assertEqual({row["rep"] for row in self.table("slices")}, {"0", "1"})
        first = (self.out / "trace.pftrace").read_bytes(), (self.out / "trace.json.gz").read_bytes()
        self.trace(self.scenario, "--reps", 2, "--jobs", 1, command="compare")
        self.assertEqual(first, ((self.out / "trace.pftrace").read_bytes(), (self.out / "trace.json.gz").read_bytes()))
        manifest = json.loads((self.out / "manifest.json").read_text(encoding="utf-8"))
        self.assertEqual([f["format"] for f in manifest["files"] if f["name"] == "slices.csv"], ["userqsim-slices/2"])
        self.assertEqual([p.name for p in self.out.iterdir() if p.name.startswith(".")], [])

    def test_window(self):
        self.trace(self.scenario)
        begin, end = 50_000_000, 120_000_000
        expected = sorted((r["track"], r["name"], max(int(r["start_ns"]), begin), min(int(r["end_ns"]), end))
                          for r in self.table("slices") if int(r["end_ns"]) > begin and int(r["start_ns"]) < end)
        counters = collections.defaultdict(list)
        for row in self.table("counters"):
            counters[row["track"]].append((int(row["time_ns"]), int(row["value"])))
        self.trace(self.scenario, "--trace-window", "50ms..120ms")
        self.assertEqual(sorted((r["track"], r["name"], int(r["start_ns"]), int(r["end_ns"]))
                                for r in self.table("slices")), expected)
        in_window = collections.defaultdict(list)
        for row in self.table("counters"):
            in_window[row["track"]].append((int(row["time_ns"]), int(row["value"])))
        for track, values in counters.items():
            before = [(begin, value) for time, value in values if time < begin][-1:]
            inside = [(time, value) for time, value in values if begin <= time <= end]
            if inside and inside[0][0] == begin:
                before = []
            self.assertEqual(in_window[track], before + inside, track)

    def test_filter(self):
        self.trace(self.scenario)
        tracks = {r["track"] for r in self.table("slices")}
        for patterns, kept in (("slot", {t for t in tracks if t.startswith("slot/")}),
                               ("process/game*/suspend worker,mes/pipe ?",
                                {"process/game, the/suspend worker", "mes/pipe 0"}),
                               ("*worker", {t for t in tracks if t.endswith(" worker")}),
                               ("mes/packets", {t for t in tracks if t.startswith("mes/packets")}),
                               ("mes/packets #2", {t for t in tracks if t == "mes/packets #2"})):
            decoded = self.trace(self.scenario, "--trace-filter", patterns)
            self.assertEqual({r["track"] for r in self.table("slices")}, kept)
            self.assertEqual({s.track[1] for s in decoded.slices}, kept)

    def test_errors(self):
        def refuse(*options, parts):
            self.assert_one_error(self.run_command("run", self.scenario, "--out", self.out, *options), *parts)
            self.assert_nothing_left()

        refuse("--trace", "svg", parts=["--trace", "svg", "pftrace"])
        refuse("--trace-window", "1ms..2ms", parts=["--trace-window", "--slices"])
        refuse("--trace-filter", "slot", parts=["--trace-filter", "--slices"])
        refuse("--slices", "--trace-filter", "sloth", parts=["sloth", "slot"])
        for window in ("1ms", "..", "2ms..1ms", "1ms..1ms", "x..2ms", "1ms..y", "-1ms..2ms", "200ms..", "1h..2h"):
            refuse("--slices", f"--trace-window={window}", parts=["--trace-window"])


if __name__ == "__main__":
    main(__doc__)
