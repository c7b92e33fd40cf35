#!/usr/bin/env python3
"""A run as the kernel's tracepoints would print it (docs/traces.md): what stands in the file, and when there is one.

Usage: ftrace_test.py PATH_TO_BINARY
"""
import collections
import json
import os
import pathlib
import subprocess

import ftrace_reader
from command import SCENARIO, CommandTest, main, rows

LIBRARY = pathlib.Path("scenarios/library").resolve()
UNMAPPED, MAPPED, PREEMPTED, HUNG, INVALID_VA = (str(i) for i in range(5))
STATES = {"UNMAPPED": UNMAPPED, "MAPPED": MAPPED, "PREEMPTED": PREEMPTED, "HUNG": HUNG, "INVALID_VA": INVALID_VA}
EVICTION_FENCES = ("amdgpu_eviction_fence", "amdgpu_amdkfd_fence")


def microseconds(ns):
    return (int(ns) + 500) // 1000


def times(events, name, keep=lambda fields: True):
    return sorted(event.us for event in events if event.name == name and keep(event.fields))


def is_eviction_fence(fields):
    return fields["driver"] in EVICTION_FENCES


class Ftrace(CommandTest):
    def trace(self, scenario, *arguments):
        file = self.root / "trace.txt"
        result = self.run_command("run", scenario, "--out", self.out, "--force", "--ftrace", file, *arguments)
        self.assert_status(result, 0)
        self.assertIn(f"trace of replication 0: {file}", result.stdout)
        return ftrace_reader.read(file.read_text(encoding="utf-8"))

    def check_states(self, events, transitions):
        """Who changes has begun to, from where it last was, and no task begins twice, but on a queue that could not be
        mapped again after a reset (which takes no mutex, so two tasks may be at it). Each queue is created once at
        most."""
        state, begun, lives = {}, {}, collections.defaultdict(list)
        # Whom hang detection finds is HUNG without a line.
        found = {HUNG for row in transitions if row["mes_call"] == "RESET" and row["to"] == "HUNG"}
        for event in events:
            queue = event.fields.get("doorbell")
            if event.name == "amdgpu_userq_state_start":
                self.assertIn(event.fields["state"], {state.get(queue, UNMAPPED)} | found, event)
                if begun.get((queue, event.pid)):
                    self.assertEqual(begun[queue, event.pid].fields["state"], HUNG, event)
                begun[queue, event.pid] = event
            elif event.name == "amdgpu_userq_state_changed":
                self.assertEqual(event.fields["state"] == INVALID_VA, begun.get((queue, event.pid)) is None, event)
                begun[queue, event.pid] = None
                state[queue] = event.fields["state"]
            elif event.name.startswith(("amdgpu_userq_create", "amdgpu_userq_destroy")):
                self.assertIn(event.fields["state"], {state.get(queue, UNMAPPED)} | found, event)
                lives[queue].append(event.name.removeprefix("amdgpu_userq_"))
        order = ["create_start", "create_end", "destroy_start", "destroy_end"]
        for life in lives.values():
            self.assertEqual(life, order[:len(life)])
        self.assertEqual({start.fields["state"] for start in begun.values() if start} - {HUNG}, set())

    def check_fences(self, events):
        """A fence is there before it is enabled, enabled before it signals, and gone once; waits for it end."""
        seen = collections.defaultdict(list)
        for event in events:
            if event.name.startswith("dma_fence_"):
                name = event.name.removeprefix("dma_fence_")
                fields = event.fields
                seen[fields["driver"], fields["timeline"], fields["context"], int(fields["seqno"])].append(name)
        last = collections.Counter()
        for (driver, _, context, seqno), names in seen.items():
            last[context] += 1
            self.assertEqual(seqno, last[context])
            waits = [name for name in names if name.startswith("wait_")]
            self.assertEqual(waits, ["wait_start", "wait_end"] * (len(waits) // 2))
            life = [name for name in names if name not in waits]
            if driver in EVICTION_FENCES:
                self.assertIn(life, (["init"], ["init", "enable_signal"], ["init", "enable_signal", "signaled"],
                                     ["init", "enable_signal", "signaled", "destroy"], ["init", "destroy"],
                                     ["init", "enable_signal", "destroy"]))
            else:
                self.assertIn(life, (["init", "emit"], ["init", "emit", "signaled"]))

    def check_workers(self, events):
        """A work runs once at a time, and not before it was queued."""
        queued, running = collections.Counter(), set()
        for event in events:
            work = event.fields.get("work")
            if event.name == "workqueue_queue_work":
                queued[work] += 1
            elif event.name == "workqueue_execute_start":
                self.assertGreater(queued[work], 0, event)
                queued[work] -= 1
                self.assertNotIn(work, running)
                running.add(work)
            elif event.name == "workqueue_execute_end":
                running.remove(work)

    def check_tables(self, events, kfd):
        """Every row of the tables has its line at its time, and no line is without a row."""
        evictions = rows(self.out / "evictions.csv")
        fenced = [row for row in evictions if not (kfd and row["trigger"] in ("userptr", "svm"))]
        self.assertEqual(times(events, "dma_fence_enable_signal"),
                         sorted(microseconds(row["start_ns"]) for row in fenced))
        self.assertEqual(times(events, "dma_fence_signaled", is_eviction_fence),
                         sorted(microseconds(row["signaled_ns"]) for row in fenced if row["signaled_ns"]))
        if not kfd:  # whose queues have no fences
            self.check_waits(events, evictions)
        changed = [row for row in rows(self.out / "transitions.csv")
                   if row["to"] != "GONE" and row["from"] != row["to"] and row["mes_call"] != "RESET" and not kfd]
        self.assertEqual(sorted((event.us, event.fields["state"]) for event in events
                                if event.name == "amdgpu_userq_state_changed"),
                         sorted((microseconds(row["time_ns"]), STATES[row["to"]]) for row in changed))
        if kfd:
            self.assertEqual({event.name for event in events if event.name.startswith("amdgpu_userq")}, set())
            self.assert_smi(events, evictions)
        else:
            self.assertEqual(times(events, "amdgpu_userq_emit_fence"),
                             times(events, "dma_fence_init", lambda f: f["driver"] == "amdgpu_userq_fence"))

    def check_waits(self, events, evictions):
        waited = sum(times(events, "dma_fence_wait_end")) - sum(times(events, "dma_fence_wait_start"))
        self.assertAlmostEqual(waited, sum(int(row["fence_wait_ns"] or 0) for row in evictions) / 1000,
                               delta=1 + len(times(events, "dma_fence_wait_end")))

    def assert_smi(self, events, evictions):
        stops = [event.fields for event in events if event.name == "tracing_mark_write" and event.fields["trigger"]]
        triggers = collections.Counter(fields["trigger"] for fields in stops)
        kinds = collections.Counter(row["trigger"] for row in evictions)
        self.assertEqual(triggers["0"], kinds["svm"])
        self.assertEqual(triggers["1"], kinds["userptr"])
        self.assertLessEqual(triggers["2"], sum(kinds.values()) - kinds["svm"] - kinds["userptr"])
        for event in events:
            ns = event.fields.get("evict_ns") or event.fields.get("restore_ns")
            if ns:
                self.assertEqual(event.us, microseconds(ns))

    def check(self, scenario, *arguments):
        events = self.trace(scenario, *arguments)
        resolved = json.loads((self.out / "scenario.resolved.json").read_text(encoding="utf-8"))
        self.check_states(events, rows(self.out / "transitions.csv"))
        self.check_fences(events)
        self.check_workers(events)
        overrides = resolved["overrides"]
        self.check_tables(events, overrides["kernel"]["lifecycle"] == "kfd")
        # HWS has no message of its own for what it is sent.
        sent = rows(self.out / "mes_ops.csv") if overrides["firmware"]["scheduler"] == "mes" else []
        self.assertEqual(sorted((event.us, event.fields["opcode"]) for event in events
                                if event.name == "console" and event.fields["opcode"]),
                         sorted((microseconds(row["issued_ns"]), row["opcode"]) for row in sent))
        return events

    def test_the_library(self):
        names = sorted(path.stem for path in LIBRARY.glob("*.json"))
        self.assertGreater(len(names), 10)
        seen = set()
        for name in names:
            with self.subTest(scenario=name):
                seen |= {event.name for event in self.check(name)}
        self.assertEqual(set(ftrace_reader.FIELDS) - seen, {"amdgpu_userq_wait_deps"})

    def test_other_kernels_and_policies(self):
        for arguments in (["--kernel", "7.1"], ["--kernel", "6.16", "--policy", "unmap_map"],
                          ["--policy", "suspend_all"], ["--policy", "hybrid"], ["--kernel", "xe"]):
            with self.subTest(arguments=arguments):
                self.check("userptr-storm", *arguments, "--until", "700ms")
        self.check("userptr-storm", "--kernel", "kfd", "--until", "700ms")
        self.check("third-process-two-victims", "--kernel", "kfd")

    def test_a_restore_that_is_tried_again(self):
        """Under KFD a restore that finds no room says so (R) each time."""
        marks = [event.fields for event in self.check("no-room-to-come-back", "--kernel", "kfd")
                 if event.name == "tracing_mark_write"]
        failed = [row for row in rows(self.out / "hazards.csv") if row["kind"] == "restore_failed"]
        self.assertGreater(len(failed), 0)
        self.assertEqual([mark["restore_ns"] for mark in marks if mark["rescheduled"] == "R"],
                         [row["time_ns"] for row in failed])

    def test_the_reader_is_strict(self):
        self.trace("one-queue-by-hand")
        text = (self.root / "trace.txt").read_text(encoding="utf-8")
        for old, new in (("22/22", "21/21"), ("0.000014", "0.004327"), ("from=1", "from=5"), (" [000]", "  [000]"),
                         ("seqno=1\n", "seqno=1 \n"), ("#P:1", "#P:2"), ("doorbell=0", "doorbell=x"),
                         ("userq_state_start", "userq_state_begin"), ("was emitted", "was sent")):
            self.assertIn(old, text)
            with self.subTest(old=old), self.assertRaises(ValueError):
                ftrace_reader.read(text.replace(old, new, 1))

    def write(self, **changes):
        scenario = json.loads(json.dumps(SCENARIO))
        scenario.update(changes)
        self.scenario.write_text(json.dumps(scenario), encoding="utf-8")

    def test_a_packet_that_is_lost(self):
        """MES does not answer SUSPEND: the driver says so after mes_timeout (2.1 s), the queue hangs, and on 6.18 the
        eviction is given up: its fence never signals."""
        self.write(horizon="4s", events=[{"at": "100ms", "kind": "evict", "process": "batch"}],
                   faults=[{"kind": "packet_lost", "eviction": 0, "process": "batch", "queue": "comp0"}])
        events = self.check(self.scenario)
        sent, = [event.us for event in events if event.fields.get("opcode") == "SUSPEND"]
        late, = [event for event in events if event.fields.get("late")]
        self.assertEqual((late.us, late.fields["late"]), (sent + 2_100_000, "SUSPEND"))
        self.assertEqual(times(events, "amdgpu_userq_state_changed", lambda f: f["state"] == HUNG), [late.us])
        self.assertEqual(times(events, "dma_fence_signaled"), [])
        # Cut before the time-out, the run has no such line; the helper has begun, and nobody knows since when.
        events = self.check(self.scenario, "--until", "2s")
        self.assertEqual([event for event in events if event.fields.get("late")], [])

    def test_what_a_job_waits_for(self):
        """Of a graph's jobs, who is submitted while a fence of another queue is pending says that it waits for it."""
        graph = [{"name": "draw", "work": "6ms", "width": 64, "fence": True},
                 {"name": "post", "queue": "comp0", "after": ["draw"], "work": "1ms", "width": 32, "fence": True}]
        processes = [{"name": "a game with a long name", "queues": [
            {"name": "gfx0", "type": "gfx", "jobs": {"arrival": {"periodic": "20ms"}, "count": 3, "graph": graph}},
            {"name": "comp0", "type": "compute"}]}]
        self.write(processes=processes, events=[])
        events = self.check(self.scenario)
        waits = [event.fields for event in events if event.name == "amdgpu_userq_wait_deps"]
        # One process, so its queues' contexts are 2 (gfx0) and 3; doorbell 2 is the second queue's.
        self.assertEqual([(f["doorbell"], f["context"], f["seqno"]) for f in waits],
                         [("2", "2", "1"), ("2", "2", "2"), ("2", "2", "3")])
        tasks = {event.task for event in events if event.pid == 1000}
        self.assertEqual(tasks, {"a game with a l"})  # 15 bytes

    def test_buffers_unmapped_under_a_queue(self):
        """A queue whose buffers are gone is INVALID_VA when it should be restored: a change without a start."""
        self.write(kernel="7.1", events=[{"at": "100ms", "kind": "evict", "process": "batch"}],
                   faults=[{"kind": "free_buffer", "eviction": 0, "process": "batch", "queue": "comp0"}])
        events = self.check(self.scenario)
        self.assertEqual(len(times(events, "amdgpu_userq_state_changed", lambda f: f["state"] == INVALID_VA)), 1)

    def test_a_queue_given_back_and_a_process_that_exits(self):
        processes = json.loads(json.dumps(SCENARIO["processes"]))
        processes[1]["stop"] = "150ms"
        destroy = {"at": "120ms", "kind": "destroy_queue", "process": "game, the", "queue": "comp0"}
        for kernel in ("6.18", "7.1"):
            self.write(kernel=kernel, processes=processes, events=[destroy])
            events = self.check(self.scenario)
            ends = [event.fields for event in events if event.name == "amdgpu_userq_destroy_end"]
            self.assertEqual([(f["doorbell"], f["state"], f["result"]) for f in ends],
                             [("2", UNMAPPED, "0"), ("4", UNMAPPED, "0")])
            gone = [event.fields["timeline"] for event in events
                    if event.name == "dma_fence_destroy" and is_eviction_fence(event.fields)]
            self.assertIn("batch", gone)

    def test_resets_and_sleep(self):
        """Whatever happens to the whole device, states and fences keep their order."""
        for kernel in ("6.18", "6.19", "7.0", "7.1", "seed-v8+reset", "kfd"):
            for method in ("mode1", "mode2"):
                with self.subTest(kernel=kernel, method=method):
                    self.write(kernel=kernel, horizon="6s", events=[
                        *SCENARIO["events"],
                        {"at": "1s", "kind": "gpu_reset", "method": method},
                        {"at": "4s", "kind": "suspend"}, {"at": "5s", "kind": "resume"}],
                        faults=[{"kind": "packet_error", "code": "error", "at": "1500ms", "nth": 1}])
                    self.check(self.scenario)

    def test_kfd_says_whom_the_sleep_stops(self):
        for kernel in ("kfd", "6.18"):
            # Who was evicted for the sleep is restored 100 ms behind that, the other by the resume.
            self.write(kernel=kernel, horizon="300ms",
                       events=[{"at": "100ms", "kind": "suspend"}, {"at": "150ms", "kind": "resume"}])
            events = self.check(self.scenario)
            marks = [event.fields for event in events if event.name == "tracing_mark_write"]
            stopped = sorted((mark["evicted"], mark["trigger"]) for mark in marks if mark["trigger"] == "3")
            self.assertEqual(stopped, [("1000", "3"), ("1001", "3")] if kernel == "kfd" else [])
            restored = [mark["restored"] for mark in marks if mark["restored"]]
            self.assertEqual(set(restored), {"1000", "1001"} if kernel == "kfd" else set())


class TheFile(CommandTest):
    def run_traced(self, file, *arguments):
        return self.run_command("run", self.scenario, "--until", "60ms", "--out", self.out, "--ftrace", file, *arguments)

    def test_the_first_replication_at_any_number_of_threads(self):
        texts, digests = set(), set()
        for name, arguments in (("alone", ["--first-rep", 2]), ("first", ["--first-rep", 2, "--reps", 3, "--jobs", 1]),
                                ("threads", ["--first-rep", 2, "--reps", 3, "--jobs", 3])):
            result = self.run_traced(self.root / name, "--force", *arguments)
            self.assert_status(result, 0)
            self.assertIn("trace of replication 2: ", result.stdout)
            texts.add((self.root / name).read_bytes())
            digests.add(json.loads((self.out / "manifest.json").read_text(encoding="utf-8"))["digests"][0]["digest"])
        self.assertEqual(len(texts), 1)
        self.run_command("run", self.scenario, "--until", "60ms", "--out", self.out, "--force", "--first-rep", 2)
        untraced = json.loads((self.out / "manifest.json").read_text(encoding="utf-8"))["digests"][0]["digest"]
        self.assertEqual(digests, {untraced})
        self.assertNotEqual(texts, {self.other_replication()})

    def other_replication(self):
        self.assert_status(self.run_traced(self.root / "other", "--force"), 0)
        return (self.root / "other").read_bytes()

    def test_standard_output_is_the_table_alone(self):
        result = self.run_traced(self.root / "trace.txt", "--format", "csv")
        self.assert_status(result, 0)
        self.assertEqual({line.count(",") for line in result.stdout.splitlines()}, {result.stdout.split("\n")[0].count(",")})

    def test_what_is_refused(self):
        kept = self.root / "kept.txt"
        kept.write_text("mine", encoding="utf-8")
        pipe = self.root / "pipe"
        os.mkfifo(pipe)
        for file, words in (("-", "standard output carries the table"), ("", "the name of a file"),
                            (kept, "give --force to replace it"), (self.root, "is not a file"),
                            (self.root / "none" / "trace.txt", "No such file or directory"),
                            (self.out / "trace.txt", "is replaced whole")):
            with self.subTest(file=file):
                self.assert_one_error(self.run_traced(file), words)
        self.assert_one_error(self.run_traced(self.scenario, "--force"), "is the scenario")
        for file in (pipe, "/dev/null"):
            self.assert_one_error(self.run_traced(file, "--force"), "is not a file")
        self.assertEqual({path.name for path in self.root.iterdir()}, {"scenario.json", "kept.txt", "pipe"})
        self.assertEqual(kept.read_text(encoding="utf-8"), "mine")
        link = self.root / "link"
        link.symlink_to(kept)
        self.assert_status(self.run_traced(link, "--force"), 0)
        self.assertTrue(link.is_symlink())
        self.assertTrue(kept.read_text(encoding="utf-8").startswith("# tracer: nop\n"))

    def test_nothing_is_written_of_a_run_that_was_cut(self):
        kept = self.root / "kept.txt"
        kept.write_text("mine", encoding="utf-8")
        for limit in (["--max-events", 10], ["--set", "/horizon=30000s", "--timeout", "300ms"]):
            result = self.run_command("run", self.scenario, "--out", self.out, "--force", "--ftrace", kept, *limit)
            self.assert_status(result, 4)
            self.assertIn(f"{kept} is not written: replication 0 did not reach the horizon", result.stderr)
            self.assertEqual(kept.read_text(encoding="utf-8"), "mine")
            self.assertEqual({path.name for path in self.root.iterdir()}, {"scenario.json", "kept.txt", "out"})

    def test_a_full_disk_is_6(self):
        """No file of the process can grow beyond a limit that the trace alone needs to."""
        limited = ["bash", "-c", 'trap "" XFSZ; ulimit -f 500; exec "$@"', "limited", self.binary, "run",
                   str(self.scenario), "--set", "/horizon=5s", "--out", str(self.out), "--ftrace",
                   str(self.root / "trace.txt")]
        result = subprocess.run(limited, cwd=self.root, capture_output=True, text=True, timeout=120, check=False)
        self.assert_status(result, 6)
        self.assertRegex(result.stderr, r"\Auserqsim: cannot write [^\n]*trace.txt.partial-\d+: File too large\n\Z")
        self.assertEqual({path.name for path in self.root.iterdir()}, {"scenario.json", "out"})

    def test_a_dry_run_writes_nothing(self):
        self.assert_status(self.run_traced(self.root / "trace.txt", "--dry-run"), 0)
        self.assert_nothing_left()

    def test_only_run_has_it(self):
        self.assert_one_error(self.run_command("compare", self.scenario, "--ftrace", "trace.txt"), "--ftrace")


if __name__ == "__main__":
    main(__doc__)
