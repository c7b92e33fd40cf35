#!/usr/bin/env python3
"""What a trace costs, what it costs where nobody traces, and the memory of a long one.

Instructions are counted by callgrind, so that the figures are the same on a busy machine. Memory is the most that the
process had in its pages, as the kernel counts it.

Usage: trace_bench_test.py PATH_TO_BINARY
"""
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

LIBRARY = Path(__file__).resolve().parents[2] / "scenarios" / "library"
MOST_OF_A_TRACE = 1.0    # of the run
MOST_WITHOUT = 0.02
MOST_GROWTH_KB = 1024    # of a trace's memory, from a tenth of the slices to all
SLICES = 10_000_000
SINKS = r"userqsim::(Tracer|TraceTracks|TraceFilter|PftraceWriter)::"
FACTS = ("UserqLockHeld", "WorkerMoved", "FenceArmed", "JobSubmitted", "MesServed", "MoveQueued")  # for traces alone
RUNS = {"third-process-two-victims": ["--until", "2s"], "game-and-llm-on-16g": [], "ninth-queue": [],
        "oversubscription-65": ["--until", "500ms"]}


def endless(horizon_ms):
    """Two queues of short jobs, of which each leaves slices of its slot, its queue and itself."""
    queues = [{"name": f"q{i}", "type": "compute", "ring": 1,
               "jobs": {"arrival": {"closed": {"clients": 1, "think": "1us"}}, "work": "2us", "grain": "2us"}}
              for i in range(2)]
    return {"format": "userqsim-scenario/1", "name": "endless", "device": "rx9070xt", "kernel": "7.1", "seed": 1,
            "horizon": f"{horizon_ms}ms", "processes": [{"name": "p", "queues": queues}],
            "events": [{"kind": "evict", "process": "p", "every": "10ms"}]}


class TraceBench(unittest.TestCase):
    binary = ""

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)

    def instructions(self, scenario, *options):
        result = subprocess.run(
            ["valgrind", "--tool=callgrind", "--callgrind-out-file=counts", self.binary, "run",
             str(LIBRARY / f"{scenario}.json"), "--out", "out", "--force", *options],
            cwd=self.folder, capture_output=True, text=True, check=True)
        return int(re.search(r"Collected : (\d+)", result.stderr)[1])

    def functions(self):
        """Of the last run, each function and its instructions with those of what it calls."""
        text = subprocess.run(["callgrind_annotate", "--inclusive=yes", "--threshold=100", "counts"], cwd=self.folder,
                              capture_output=True, text=True, check=True).stdout
        return [(int(m[1].replace(",", "")), m[2]) for m in re.finditer(r"^ *([\d,]+) \([^)]*\)  (.*)$", text, re.M)]

    @unittest.skipUnless(shutil.which("valgrind"), "valgrind is not installed")
    def test_a_trace_costs_at_most_the_run_again(self):
        for scenario, options in RUNS.items():
            with self.subTest(scenario=scenario):
                without = self.instructions(scenario, *options)
                traced = self.instructions(scenario, *options, "--trace", "pftrace")
                print(f"{scenario}: {without / 1e6:.0f} million instructions, with trace.pftrace "
                      f"{(traced / without - 1):.1%} more")
                self.assertLessEqual(traced / without - 1, MOST_OF_A_TRACE)

    @unittest.skipUnless(shutil.which("valgrind"), "valgrind is not installed")
    def test_no_trace_costs_next_to_nothing(self):
        for scenario, options in RUNS.items():
            with self.subTest(scenario=scenario):
                total = self.instructions(scenario, *options)
                functions = self.functions()
                self.assertEqual([name for _, name in functions if re.search(SINKS, name)], [])
                handler = rf"_Function_handler<void \(userqsim::({'|'.join(FACTS)}) const&\).*_M_invoke"
                stated = sum(count for count, name in functions if re.search(handler, name))
                self.assertGreater(stated, 0)
                print(f"{scenario}: the facts that only traces need are {stated / total:.2%} of the run")
                self.assertLessEqual(stated / total, MOST_WITHOUT)

    def peak_kb(self, horizon_ms, *options):
        (self.folder / "scenario.json").write_text(json.dumps(endless(horizon_ms)), encoding="utf-8")
        child = subprocess.Popen([self.binary, "run", "scenario.json", "--out", "out", "--force", *options],
                                 cwd=self.folder, stdout=subprocess.DEVNULL)
        _, status, usage = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
        self.assertEqual(child.returncode, 0)
        return usage.ru_maxrss

    def slices(self, horizon_ms):
        self.peak_kb(horizon_ms, "--slices")
        manifest = json.loads((self.folder / "out" / "manifest.json").read_text(encoding="utf-8"))
        return next(f["rows"] for f in manifest["files"] if f["name"] == "slices.csv")

    def test_ten_million_slices_take_no_more_memory_than_one_million(self):
        """The tables' rows are kept until the end of a run and grow with it; the trace's own memory must not."""
        per_ms = self.slices(1000) / 1000
        horizons = [round(SLICES / 10 / per_ms * 1.01), round(SLICES / per_ms * 1.01)]
        of_trace = []
        for horizon in horizons:
            without, traced = self.peak_kb(horizon), self.peak_kb(horizon, "--trace", "pftrace")
            size = (self.folder / "out" / "trace.pftrace").stat().st_size
            of_trace.append(traced - without)
            print(f"{horizon} ms, {horizon * per_ms / 1e6:.1f} million slices, {size / 1e6:.0f} MB: {without} kB "
                  f"without a trace, {traced} kB with it")
        self.assertGreaterEqual(horizons[1] * per_ms, SLICES)
        self.assertLess(of_trace[1] - of_trace[0], MOST_GROWTH_KB)


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    TraceBench.binary = str(Path(sys.argv.pop(1)).resolve())
    unittest.main()
