#!/usr/bin/env python3
"""How a run ends before its time, and two runs into one directory.

Usage: cli_stops_test.py PATH_TO_BINARY
"""
import json
import signal
import subprocess
import time

from command import SCENARIO, CommandTest, main, rows


class Stops(CommandTest):
    def manifest(self):
        return json.loads((self.out / "manifest.json").read_text(encoding="utf-8"))

    def test_until_is_a_normal_end(self):
        self.assert_status(self.run_command("run", self.scenario, "--until", "50ms", "--out", self.out), 0)
        self.assertEqual(self.manifest()["horizon_ns"], 50_000_000)
        self.assertEqual(self.manifest()["status"], "complete")

    def test_until_may_be_before_a_start_and_an_event(self):
        late = json.loads(json.dumps(SCENARIO))
        late["processes"][1]["start"] = "100ms"
        late["events"].append({"at": "150ms", "kind": "evict", "process": "batch"})
        self.scenario.write_text(json.dumps(late), encoding="utf-8")
        for command in (["run", "--policy", "unmap_map"], ["compare", "--reps", "2"]):
            with self.subTest(command=command):
                result = self.run_command(*command, self.scenario, "--until", "50ms", "--out", self.out, "--force")
                self.assert_status(result, 0)
                self.assertEqual({row["process"] for row in rows(self.out / "jobs.csv")}, {"game, the"})

    def test_a_second_run_into_the_same_directory_is_refused(self):
        first = subprocess.Popen(self.long_run("--timeout", "4s"), cwd=self.root, stdout=subprocess.DEVNULL,
                                 stderr=subprocess.DEVNULL)
        self.wait_for_partial()
        result = self.run_command("run", self.scenario, "--out", self.out, "--force")
        self.assert_one_error(result, "out.partial is in use by another run")
        first.wait(timeout=120)
        self.assertEqual(first.returncode, 4)
        self.assertEqual(self.manifest()["stopped_by"], "timeout")
        self.assertEqual({p.name for p in self.root.iterdir()}, {"out", "scenario.json"})

    def test_who_waits_for_ever_is_told_once_for_each_policy(self):
        hung = {
            "format": "userqsim-scenario/1", "name": "hung", "device": "ideal", "kernel": "6.19",
            "policy": "preempt_restore", "horizon": "50ms",
            "overrides": {"kernel": {"gpu_recovery": False, "pre_wait": "unbounded"}},
            "processes": [{"name": "a", "queues": [{"name": "q", "type": "compute", "jobs": {
                "arrival": {"periodic": "1h"}, "count": 1, "work": "20ms", "fence": True}}]}],
            "events": [{"at": "10ms", "kind": "evict", "process": "a"}],
            "faults": [{"at": "5ms", "kind": "hang", "process": "a", "queue": "q"}],
        }
        self.scenario.write_text(json.dumps(hung), encoding="utf-8")
        result = self.run_command("run", self.scenario, "--reps", 3, "--out", self.out)
        self.assert_status(result, 0)
        self.assertEqual(result.stderr, (
            "userqsim: preempt_restore, replication 0: at its end there are waits that nothing will end:\n"
            "  suspend worker of a waits for the last fence of a/q; a/q hangs; nothing resets it\n"))
        result = self.run_command("compare", self.scenario, "--policies", "preempt_restore,unmap_map", "--reps", 2,
                                  "--out", self.out, "--force")
        self.assert_status(result, 0)
        self.assertEqual(result.stderr.count("waits that nothing will end"), 2)
        self.assertIn("unmap_map, replication 0: ", result.stderr)

    def test_max_events_is_4(self):
        result = self.run_command("run", self.scenario, "--reps", 2, "--max-events", 10, "--out", self.out)
        self.assert_status(result, 4)
        self.assertEqual(self.manifest()["status"], "partial")
        self.assertEqual(self.manifest()["replications"], [])

    def long_run(self, *arguments):
        return [self.binary, "run", str(self.scenario), "--set", "/horizon=300s", "--reps", "100", "--out", str(self.out),
                *arguments]

    def wait_for_partial(self):
        partial = self.root / "out.partial"
        for _ in range(100):
            if partial.exists():
                break
            time.sleep(0.05)
        return partial

    def test_timeout_is_4(self):
        result = subprocess.run(self.long_run("--timeout", "300ms"), cwd=self.root, capture_output=True, text=True,
                                timeout=120, check=False)
        self.assert_status(result, 4)
        self.assertEqual(self.manifest()["status"], "partial")
        self.assertEqual(self.manifest()["stopped_by"], "timeout")

    def test_a_signal_publishes_what_is_whole(self):
        for number, status in ((signal.SIGHUP, 129), (signal.SIGINT, 130), (signal.SIGTERM, 143)):
            with self.subTest(signal=number):
                process = subprocess.Popen(
                    [self.binary, "run", str(self.scenario), "--set", "/horizon=2s", "--reps", "100000", "--out",
                     str(self.out), "--force"],
                    cwd=self.root, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
                time.sleep(2.0)
                process.send_signal(number)
                _, errors = process.communicate(timeout=120)
                self.assertEqual(process.returncode, status, errors)
                manifest = self.manifest()
                self.assertEqual(manifest["status"], "partial")
                whole = manifest["replications"]
                self.assertLess(len(whole), 100000)
                seen = {int(row["rep"]) for row in rows(self.out / "summary.csv") if row["rep"]}
                self.assertEqual(seen, set(whole))
                self.assertFalse((self.root / "out.partial").exists())

    def test_kill_leaves_only_a_partial_directory_and_the_next_run_clears_it(self):
        process = subprocess.Popen(self.long_run(), cwd=self.root, stdout=subprocess.DEVNULL,
                                   stderr=subprocess.DEVNULL)
        partial = self.wait_for_partial()
        process.kill()
        process.wait()
        self.assertTrue(partial.exists())
        self.assertFalse(self.out.exists())
        self.assert_status(self.run_command("run", self.scenario, "--out", self.out), 0)
        self.assertFalse(partial.exists())


if __name__ == "__main__":
    main(__doc__)
