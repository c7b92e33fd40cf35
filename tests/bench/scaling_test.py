#!/usr/bin/env python3
"""How many instructions an event takes with 100 queues and with 10,000, an eviction with 1,000 buffers of 10 processes
and with 100,000 of 1,000, a buffer that is given back with 1,000 and with 10,000, and a submission through the kernel
with as many: nothing may walk every queue or buffer each time.

Counted by callgrind, so that the figure is the same on a busy machine. Each run is counted at two horizons; what both
have (reading the scenario, opening the processes, writing the files) falls out of the difference.

Usage: scaling_test.py PATH_TO_BINARY
"""
import csv
import json
import re
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

MOST_GROWTH = 3.0
QUEUES_OF_A_PROCESS = 100
HORIZONS_MS = (600, 700)  # 10,000 queues are all created by then
PRESSURE_HORIZONS_MS = (1500, 1800)
EXIT_HORIZONS_MS = (999, 3000)
SUBMISSION_HORIZONS_MS = (1000, 2000)
TYPES = ("gfx", "compute", "sdma")


def scenario(queues, kernel, horizon_ms):
    def queue(number):
        return {"name": f"q{number}", "type": TYPES[number % 3],
                "jobs": {"arrival": {"closed": {"clients": 1, "think": "0ns"}},
                         "work": {"dist": "exponential", "mean": "200us"}, "width": 1, "grain": "50us",
                         "fence": number % 2 == 0}}
    processes = [{"name": f"p{p}", "queues": [queue(q) for q in range(QUEUES_OF_A_PROCESS)]}
                 for p in range(queues // QUEUES_OF_A_PROCESS)]
    return {"format": "userqsim-scenario/1", "name": "scaling", "device": "rx7900xtx", "kernel": kernel, "seed": 1,
            "horizon": f"{horizon_ms}ms", "processes": processes,
            "events": [{"kind": "evict", "process": "p0", "every": "10ms"}]}


def pressure(processes, kernel, reservation, horizon_ms):
    """Everybody runs in VRAM that is full; the last of them allocates 10 MiB every 5 ms, and others make room."""
    each = [{"name": f"p{p}",
             "vram": [{"name": "b", "size": "100MiB", "count": 100, "reservation": reservation}],
             "queues": [{"name": "q", "type": "compute", "jobs": {
                 "arrival": {"trace": {"rows": [{"arrival": "0ms"}]}}, "work": "1h", "grain": "50us"}}]}
            for p in range(processes)]
    return {"format": "userqsim-scenario/1", "name": "pressure", "device": "rx9070xt", "kernel": kernel, "seed": 1,
            "horizon": f"{horizon_ms}ms", "processes": each,
            "events": [{"kind": "allocate", "process": f"p{processes - 1}", "every": "5ms", "from": "1s",
                        "buffer": {"name": "x", "size": "10MiB", "count": 10, "reservation": reservation}}],
            "overrides": {"device": {"vram": f"{100 * processes}MiB", "gtt": f"{200 * processes}MiB"}}}


def leaving(buffers, horizon_ms):
    """A process exits at one second, and each of its buffers is wiped."""
    idle = [{"name": "q", "type": "compute",
             "jobs": {"arrival": {"trace": {"rows": [{"arrival": "0ms"}]}}, "work": "1us", "grain": "1us"}}]
    return {"format": "userqsim-scenario/1", "name": "leaving", "device": "rx7900xtx", "kernel": "6.18", "seed": 1,
            "horizon": f"{horizon_ms}ms", "events": [],
            "processes": [{"name": "p", "vram": [{"name": "b", "size": "16GiB", "count": buffers}], "stop": "1s",
                           "queues": idle}]}


def submitting(buffers, horizon_ms):
    """A process that submits through the kernel every millisecond, with buffers that share its VM's reservation."""
    queue = {"name": "q", "type": "gfx", "jobs": {"arrival": {"periodic": "1ms"}, "work": "100us", "grain": "50us"}}
    return {"format": "userqsim-scenario/1", "name": "submitting", "device": "rx7900xtx", "kernel": "7.0", "seed": 1,
            "horizon": f"{horizon_ms}ms", "events": [],
            "processes": [{"name": "p", "submission": "kernel", "queues": [queue],
                           "vram": [{"name": "b", "size": "16GiB", "count": buffers, "reservation": "vm"}]}]}


@unittest.skipUnless(shutil.which("valgrind"), "valgrind is not installed")
class Scaling(unittest.TestCase):
    binary = ""

    def count(self, folder, scenario_of, *what):
        """Instructions, events and evictions of one run."""
        (folder / "scenario.json").write_text(json.dumps(scenario_of(*what)), encoding="utf-8")
        result = subprocess.run(
            ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null", self.binary, "run", "scenario.json",
             "--out", "out", "--force"], cwd=folder, capture_output=True, text=True, check=True)
        instructions = int(re.search(r"Collected : (\d+)", result.stderr)[1])
        with open(folder / "out" / "timing.csv", newline="", encoding="utf-8") as file:
            events = int(next(csv.DictReader(file))["events"])
        with open(folder / "out" / "evictions.csv", newline="", encoding="utf-8") as file:
            return instructions, events, sum(1 for _ in csv.DictReader(file))

    def per_event(self, queues, kernel):
        with tempfile.TemporaryDirectory() as folder:
            (less, before, _), (more, after, _) = (
                self.count(Path(folder), scenario, queues, kernel, ms) for ms in HORIZONS_MS)
        return (more - less) / (after - before)

    def per_eviction(self, processes, kernel, reservation):
        with tempfile.TemporaryDirectory() as folder:
            (less, _, before), (more, _, after) = (
                self.count(Path(folder), pressure, processes, kernel, reservation, ms) for ms in PRESSURE_HORIZONS_MS)
        self.assertGreater(after - before, 5)
        return (more - less) / (after - before)

    def test_an_event_costs_little_more_with_a_hundred_times_the_queues(self):
        for kernel in ("6.18", "6.19", "7.1"):
            with self.subTest(kernel=kernel):
                few, many = (self.per_event(queues, kernel) for queues in (100, 10_000))
                print(f"{kernel}: {few:.0f} instructions an event with 100 queues, {many:.0f} with 10,000: "
                      f"{many / few:.2f} times as many")
                self.assertLess(many / few, MOST_GROWTH)

    def test_an_eviction_costs_little_more_with_a_hundred_times_the_buffers(self):
        for kernel, reservation in (("6.18", "vm"), ("6.18", "own"), ("kfd", "own")):
            with self.subTest(kernel=kernel, reservation=reservation):
                few, many = (self.per_eviction(processes, kernel, reservation) for processes in (10, 1_000))
                print(f"{kernel}, {reservation}: {few:.0f} instructions an eviction with 1,000 buffers of 10 processes, "
                      f"{many:.0f} with 100,000 of 1,000: {many / few:.2f} times as many")
                self.assertLess(many / few, MOST_GROWTH)

    def test_a_buffer_is_given_back_for_little_more_with_ten_times_the_buffers(self):
        def per_buffer(buffers):
            with tempfile.TemporaryDirectory() as folder:
                less, more = (self.count(Path(folder), leaving, buffers, ms)[0] for ms in EXIT_HORIZONS_MS)
            return (more - less) / buffers
        few, many = per_buffer(1_000), per_buffer(10_000)
        print(f"{few:.0f} instructions a buffer that is given back with 1,000, {many:.0f} with 10,000: "
              f"{many / few:.2f} times as many")
        self.assertGreater(few, 0)
        self.assertLess(many / few, MOST_GROWTH)

    def test_a_submission_costs_little_more_with_ten_times_the_buffers(self):
        def per_submission(buffers):
            with tempfile.TemporaryDirectory() as folder:
                less, more = (self.count(Path(folder), submitting, buffers, ms)[0] for ms in SUBMISSION_HORIZONS_MS)
            return (more - less) / (SUBMISSION_HORIZONS_MS[1] - SUBMISSION_HORIZONS_MS[0])
        few, many = per_submission(1_000), per_submission(10_000)
        print(f"{few:.0f} instructions a submission with 1,000 buffers, {many:.0f} with 10,000: "
              f"{many / few:.2f} times as many")
        self.assertGreater(few, 0)
        self.assertLess(many / few, MOST_GROWTH)


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    Scaling.binary = str(Path(sys.argv.pop(1)).resolve())
    unittest.main()
