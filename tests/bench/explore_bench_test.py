#!/usr/bin/env python3
"""Whether a search of the size that explore is made for ends in a minute and in 4 GiB, on one core.

Two processes with two queues each, an eviction, an isolation window and a system suspend, without a fault and with
one of each kind, under each release with its own policy.

Usage: explore_bench_test.py PATH_TO_BINARY
"""
import json
import os
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

SCENARIO = Path(__file__).resolve().parents[2] / "scenarios" / "explore" / "evicted-under-isolation.json"
MOST_SECONDS = 60
MOST_BYTES = 4 << 30
RELEASES = ("seed-v8", "seed-v8+reset", "6.16", "6.18", "6.19", "7.0", "7.1", "kfd")
OF_EVICTION = {"eviction": 0, "process": "a"}
OF_QUEUE = {**OF_EVICTION, "queue": "c0"}
FAULTS = [None,
          {"kind": "hang", "at": "0ms", "process": "a", "queue": "c0"},
          {"kind": "no_preempt", **OF_QUEUE},
          {"kind": "slow_preempt", "time": "5ms", **OF_QUEUE},
          {"kind": "mes_silent", "time": "5ms", **OF_EVICTION},
          {"kind": "mes_silent", **OF_EVICTION},
          {"kind": "packet_lost", **OF_EVICTION},
          {"kind": "packet_lost", "packet": "restart", **OF_EVICTION},
          {"kind": "packet_error", "code": "unmap_fail", **OF_EVICTION},
          {"kind": "packet_error", "code": "unmap_fail", "packet": "restart", **OF_EVICTION},
          {"kind": "reset_fails", "at": "0ms", "scope": "gpu"},
          {"kind": "free_buffer", **OF_QUEUE},
          {"kind": "kill", **OF_EVICTION}]


class ExploreBench(unittest.TestCase):
    def native_policies(self):
        listed = subprocess.run([BINARY, "list", "kernels", "--format", "json"], check=True, capture_output=True, text=True)
        return {kernel["name"]: kernel["native_policy"] for kernel in json.loads(listed.stdout)}

    def explored(self, scenario, kernel, policy):
        """The counts, the seconds and the most bytes of one search."""
        with tempfile.TemporaryFile("w+") as out:
            process = subprocess.Popen([BINARY, "explore", scenario, "--kernel", kernel, "--policy", policy,
                                        "--max-states", "0", "--format", "json"], stdout=out, stderr=subprocess.DEVNULL)
            _, status, usage = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
            seconds = usage.ru_utime + usage.ru_stime  # one thread, so what it takes on a core of its own
            self.assertEqual(process.returncode, 0)
            out.seek(0)
            return json.load(out)["counts"][0], seconds, usage.ru_maxrss * 1024

    def test_each_search_is_complete(self):
        with tempfile.TemporaryDirectory() as directory:
            path = Path(directory) / "scenario.json"
            policies = self.native_policies()
            for kernel in RELEASES:
                policy = policies[kernel]
                total = 0.0
                for fault in FAULTS:
                    scenario = json.loads(SCENARIO.read_text(encoding="utf-8"))
                    if fault is not None:
                        scenario["faults"] = [fault]
                    path.write_text(json.dumps(scenario), encoding="utf-8")
                    with self.subTest(kernel=kernel, fault=fault):
                        counts, seconds, most = self.explored(path, kernel, policy)
                        kind = fault["kind"] if fault else "no fault"
                        print(f"{kernel}, {kind}: {counts['states']} states, {seconds:.1f} s, {most >> 20} MB")
                        self.assertEqual(counts["complete"], "yes")
                        self.assertLess(most, MOST_BYTES)
                        total += seconds
                print(f"{kernel}: {total:.1f} s for all", flush=True)
                self.assertLess(total, MOST_SECONDS)


if __name__ == "__main__":
    BINARY = os.path.abspath(sys.argv.pop(1))
    unittest.main()
