"""The command `lifecycle`: operations in, one answer a line, and one message for what is wrong."""
import json
import random
import signal
import subprocess
import sys
import tempfile
import time
import unittest
from pathlib import Path

BINARY = sys.argv.pop() if len(sys.argv) > 1 else "build/release/scenarios/userqsim"
KERNELS = ["6.16", "seed-v8", "seed-v8+reset", "6.18", "6.19", "7.0", "7.1", "kfd"]
POLICIES = ["preempt_restore", "unmap_map", "hybrid", "suspend_all"]
CREATE = '{"op":"create","process":0,"type":"gfx"}'


def run(text, *arguments, kernel="6.18"):
    data = text if isinstance(text, bytes) else text.encode()
    return subprocess.run([BINARY, "lifecycle", "--kernel", kernel, *arguments], input=data, capture_output=True,
                          check=False, timeout=120)


def own_kernel(folder, **fields):
    """A directory of profiles with a kernel `mine`, which is 6.19 but for the fields."""
    source = Path(__file__).resolve().parents[2] / "models/profiles/kernels/6.19.json"
    profile = dict(json.loads(source.read_text(encoding="utf-8")), name="mine", **fields)
    (Path(folder) / "kernels").mkdir()
    (Path(folder) / "kernels" / "mine.json").write_text(json.dumps(profile), encoding="utf-8")


def waits_for_input(pid):
    """Whether the process sleeps; where that is not told, after a while."""
    try:
        return Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rsplit(")", 1)[1].split()[0] == "S"
    except OSError:
        time.sleep(0.3)
        return True


def call(name, queue, ok=True, **more):
    return {"call": name, "queue": queue, **more, "ok": ok}


class Answers(unittest.TestCase):
    """What each operation answers; the rules are in tests/conformance."""

    def answers(self, operations, *arguments, kernel="6.18"):
        result = run("\n".join(json.dumps(operation) for operation in operations), *arguments, kernel=kernel)
        self.assertEqual((result.returncode, result.stderr), (0, b""))
        return [json.loads(line) for line in result.stdout.splitlines()]

    def last(self, operations, *arguments, kernel="6.18"):
        return self.answers(operations, *arguments, kernel=kernel)[-1]

    @staticmethod
    def answer(op, mes, states, error=False, **more):
        return {"op": op, "error": error, "mes": mes, "states": states, **more}

    def test_the_line_of_the_documents(self):
        result = run(CREATE + '\n{"op":"evict","process":0}\n')
        self.assertEqual(result.stdout.decode().splitlines()[1],
                         '{"op":"evict","error":false,"mes":[{"call":"SUSPEND","queue":0,"ok":true}],'
                         '"states":["PREEMPTED"]}')

    def test_every_operation(self):
        gfx, sdma = ({"op": "create", "process": 0, "type": kind} for kind in ("gfx", "sdma"))
        self.assertEqual(
            self.answers([
                gfx, sdma, {"op": "evict", "process": 0}, {"op": "restore", "process": 0},
                {"op": "suspend", "s0ix": False}, {"op": "resume"}, {"op": "suspend", "s0ix": True}, {"op": "resume"},
                {"op": "isolation_stop"}, {"op": "isolation_start"}, {"op": "hang", "queue": 0}, {"op": "va_gone", "queue": 0},
                {"op": "pre_reset"}, {"op": "post_reset", "vram_lost": False}, {"op": "destroy", "queue": 0},
                {"op": "exit", "process": 0}]),
            [
                self.answer("create", [call("ADD_QUEUE", 0)], ["MAPPED"]),
                self.answer("create", [call("ADD_QUEUE", 1)], ["MAPPED", "MAPPED"]),
                self.answer("evict", [call("SUSPEND", 0), call("SUSPEND", 1)], ["PREEMPTED", "PREEMPTED"]),
                self.answer("restore", [call("RESUME", 0), call("RESUME", 1)], ["MAPPED", "MAPPED"]),
                self.answer("suspend", [call("REMOVE_QUEUE", 0), call("REMOVE_QUEUE", 1)], ["UNMAPPED", "UNMAPPED"]),
                self.answer("resume", [call("ADD_QUEUE", 0), call("ADD_QUEUE", 1)], ["MAPPED", "MAPPED"]),
                self.answer("suspend", [call("SUSPEND", 0), call("SUSPEND", 1)], ["PREEMPTED", "PREEMPTED"]),
                self.answer("resume", [call("RESUME", 0), call("RESUME", 1)], ["MAPPED", "MAPPED"]),
                self.answer("isolation_stop", [call("SUSPEND", 0)], ["PREEMPTED", "MAPPED"]),
                self.answer("isolation_start", [call("RESUME", 0)], ["MAPPED", "MAPPED"]),
                self.answer("hang", [], ["MAPPED", "MAPPED"]),
                self.answer("va_gone", [], ["MAPPED", "MAPPED"]),
                self.answer("pre_reset", [], ["MAPPED", "MAPPED"]),
                self.answer("post_reset", [], ["MAPPED", "MAPPED"]),
                self.answer("destroy", [call("REMOVE_QUEUE", 0)], ["GONE", "MAPPED"]),
                self.answer("exit", [call("REMOVE_QUEUE", 1)], ["GONE", "GONE"]),
            ])

    def test_a_failure_has_no_answer_and_a_failed_creation_frees(self):
        self.assertEqual(self.answers([{"op": "fail", "nth_mes_call": 1}, {"op": "create", "process": 0, "type": "gfx"}]),
                         [self.answer("create", [call("ADD_QUEUE", 0, ok=False)], ["GONE"], error=True)])

    def test_the_second_call_from_there_on_fails_once(self):
        compute = {"op": "create", "process": 0, "type": "compute"}
        self.assertEqual(
            self.last([compute, compute, compute, {"op": "fail", "nth_mes_call": 2}, {"op": "evict", "process": 0}]),
            self.answer("evict", [call("SUSPEND", 0), call("SUSPEND", 1, ok=False), call("SUSPEND", 2)],
                        ["PREEMPTED", "HUNG", "PREEMPTED"], error=True))

    def test_questions_about_hangs_packets_for_all_and_resets(self):
        gfx = {"op": "create", "process": 0, "type": "gfx"}
        evict = {"op": "evict", "process": 0}
        self.assertEqual(self.last([gfx, evict], kernel="6.19"),
                         self.answer("evict", [call("RESET", None, type="gfx"), call("SUSPEND", 0)], ["PREEMPTED"]))
        self.assertEqual(self.last([gfx, evict], "--gpu-recovery", "0", kernel="6.19"),
                         self.answer("evict", [call("SUSPEND", 0)], ["PREEMPTED"]))
        self.assertEqual(self.last([gfx, evict], "--per-queue-reset", "0", kernel="6.19"),
                         self.answer("evict", [call("SUSPEND", 0)], ["PREEMPTED"]))
        self.assertEqual(self.last([gfx, evict], "--policy", "suspend_all"),
                         self.answer("evict", [call("SUSPEND", None, all_gangs=True)], ["PREEMPTED"]))
        failed = [gfx, {"op": "fail", "nth_mes_call": 1}, evict]
        removed = call("REMOVE_QUEUE", 0, ok=False)
        self.assertEqual(self.last(failed, kernel="7.1"), self.answer("evict", [removed], ["HUNG"], True, gpu_resets=1))
        self.assertEqual(self.last(failed, "--vram-lost", "0", kernel="7.1"),
                         self.answer("evict", [removed, call("ADD_QUEUE", 0)], ["MAPPED"], True, gpu_resets=1))

    def test_a_queue_that_is_gone_is_found_by_nobody(self):
        gfx = {"op": "create", "process": 0, "type": "gfx"}
        destroy = {"op": "destroy", "queue": 0}
        self.assertEqual(self.last([gfx, gfx, destroy, destroy], kernel="6.19"),
                         self.answer("destroy", [], ["GONE", "MAPPED"], error=True))

    def test_who_held_all_gangs_and_exits_lets_the_others_go(self):
        create = [{"op": "create", "process": process, "type": "gfx"} for process in (0, 1)]
        evict = [{"op": "evict", "process": process} for process in (0, 1)]
        exits = {"op": "exit", "process": 0}
        removed = call("REMOVE_QUEUE", 0)
        self.assertEqual(self.last([*create, evict[0], exits], "--policy", "suspend_all"),
                         self.answer("exit", [removed, call("RESUME", None, all_gangs=True)], ["GONE", "MAPPED"]))
        self.assertEqual(self.last([*create, *evict, exits], "--policy", "suspend_all"),
                         self.answer("exit", [removed], ["GONE", "PREEMPTED"]))

    def test_a_profile_of_ones_own_decides_about_recovery(self):
        operations = [{"op": "create", "process": 0, "type": "gfx"}, {"op": "evict", "process": 0}]
        asks, stops = call("RESET", None, type="gfx"), call("SUSPEND", 0)
        with tempfile.TemporaryDirectory() as folder:
            own_kernel(folder, gpu_recovery=False)
            for arguments, calls in (((), [stops]), (("--gpu-recovery", "1"), [asks, stops])):
                answer = self.last(operations, "--profiles", folder, *arguments, kernel="mine")
                self.assertEqual(answer, self.answer("evict", calls, ["PREEMPTED"]))

    def test_the_release_s_own_policy(self):
        operations = [{"op": "create", "process": 3, "type": "compute"}, {"op": "evict", "process": 3}]
        states = {kernel: self.last(operations, kernel=kernel)["states"] for kernel in KERNELS}
        preempts = {"seed-v8", "seed-v8+reset", "6.18", "6.19", "7.0"}
        self.assertEqual(states, {k: ["PREEMPTED" if k in preempts else "UNMAPPED"] for k in KERNELS})

    def test_a_file_is_read_as_standard_input_is(self):
        with tempfile.NamedTemporaryFile("w", suffix=".jsonl") as file:
            file.write(CREATE + "\n\n" + CREATE)  # an empty line is nothing; the last needs no end
            file.flush()
            result = subprocess.run([BINARY, "lifecycle", "--kernel", "6.18", file.name], capture_output=True, check=True)
        self.assertEqual(result.stdout, run(f"{CREATE}\n{CREATE}\n").stdout)
        self.assertEqual(len(result.stdout.splitlines()), 2)

    def test_who_writes_a_line_and_waits_has_the_answer(self):
        with subprocess.Popen([BINARY, "lifecycle", "--kernel", "6.18"], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                              text=True) as process:
            for n in range(1, 4):
                process.stdin.write(CREATE + "\n")
                process.stdin.flush()
                self.assertEqual(json.loads(process.stdout.readline())["states"], ["MAPPED"] * n)
            process.stdin.close()
            self.assertEqual(process.wait(), 0)

    def test_a_signal_while_it_waits_is_told_by_the_exit_status(self):
        for number in (signal.SIGINT, signal.SIGTERM):
            with self.subTest(number), subprocess.Popen(
                    [BINARY, "lifecycle", "--kernel", "6.18"], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                    stderr=subprocess.PIPE, bufsize=0) as process:
                process.stdin.write(CREATE.encode() + b'\n{"op":')  # the half line is no error then
                self.assertEqual(json.loads(process.stdout.readline())["states"], ["MAPPED"])
                while not waits_for_input(process.pid):
                    time.sleep(0.01)
                process.send_signal(number)
                self.assertEqual(process.wait(timeout=60), 128 + number)
                self.assertEqual(process.stderr.read().decode(), f"userqsim: interrupted by signal {int(number)}\n")

    def test_a_reader_that_leaves_ends_it(self):
        with subprocess.Popen([BINARY, "lifecycle", "--kernel", "6.18"], stdin=subprocess.PIPE,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, bufsize=0) as process:
            process.stdout.close()
            with self.assertRaises(BrokenPipeError):
                for _ in range(100_000):
                    process.stdin.write(b'{"op":"resume"}\n')
            self.assertEqual((process.wait(timeout=60), process.stderr.read()), (0, b""))


class WrongLines(unittest.TestCase):
    WRONG = {
        "no JSON": ("evict", "syntax error"),
        "cut off": (CREATE[:-3], "syntax error"),
        "two on a line": (CREATE + CREATE, "syntax error"),
        "no object": ("[1]", "expected an object, found an array"),
        "no operation": ("{}", 'the key "op" is missing'),
        "unknown operation": ('{"op":"evicted","process":0}', 'did you mean "evict"'),
        "missing key": ('{"op":"create","process":0}', 'the key "type" is missing'),
        "key too many": ('{"op":"resume","process":0}', 'unknown key "process"'),
        "key twice": ('{"op":"evict","process":0,"process":0}', "twice"),
        "wrong type": ('{"op":"evict","process":"0"}', "/process: expected a whole number"),
        "no queue type": ('{"op":"create","process":0,"type":"video"}', "gfx, compute, sdma"),
        "negative": ('{"op":"evict","process":-1}', "/process: -1 is out of range"),
        "too large": ('{"op":"evict","process":4294967295}', "/process: 4294967295 is out of range"),
        "fraction": ('{"op":"evict","process":0.5}', "/process: expected a whole number"),
        "no such queue": ('{"op":"destroy","queue":1}', "no queue 1; there are: 0 to 0"),
        "no such call": ('{"op":"fail","nth_mes_call":0}', "/nth_mes_call: 0 is too small"),
        "no truth": ('{"op":"suspend","s0ix":1}', "/s0ix: expected true or false"),
        "too deep": ("[" * 70 + "]" * 70, "64 levels"),
        "no text": (b'{"op":"\xff"}', "is not UTF-8"),
        "cut inside a character": ('{"op":"' + "\u00e9" * 5000, "..."),
        "no end": (b" " * 1_100_000, "longer than 1024 KiB"),
        "null byte": (b'{"op":"evict","process":0}\0', "byte 0x00 is no JSON"),
    }

    def test_one_message_that_names_the_line_and_no_answer(self):
        for what, (line, message) in self.WRONG.items():
            with self.subTest(what):
                data = line if isinstance(line, bytes) else line.encode()
                result = run(CREATE.encode() + b"\n" + data + b"\n" + CREATE.encode() + b"\n")
                error = result.stderr.decode()
                self.assertEqual(result.returncode, 2)
                self.assertTrue(error.startswith("userqsim: standard input: line 2: "), error)
                self.assertEqual(error.count("\n"), 1, error)
                self.assertIn(message, error)
                self.assertEqual(len(result.stdout.splitlines()), 1)

    def test_what_the_command_line_gets_wrong(self):
        for arguments, message in (
                (["--kernel", "6.20"], 'unknown kernel profile "6.20"; allowed: 6.16,'),
                (["--kernel", "6.18", "--policy", "unmap"], 'unknown policy "unmap"; did you mean "unmap_map"'),
                (["--kernel", "6.18", "--gpu-recovery", "2"], "--gpu-recovery"),
                (["--kernel", "6.18", "no-such-file"], "no-such-file: cannot be read: No such file"),
                (["--kernel", "6.18", "."], ".: is a directory, not a file"),
                (["--kernel", "6.18", "--tables", "file"], "file excludes --tables"),
                ([], "--kernel is required")):
            with self.subTest(arguments=arguments):
                result = subprocess.run([BINARY, "lifecycle", *arguments], input=b"", capture_output=True, check=False)
                self.assertEqual((result.returncode, result.stdout), (2, b""))
                self.assertIn(message, result.stderr.decode())

    def test_a_profile_that_names_what_there_is_not(self):
        for fields, message in (({"lifecycle": "6.91"}, '/lifecycle: unknown lifecycle "6.91"; did you mean "6.19"'),
                                ({"native_policy": "hope"}, '/native_policy: unknown policy "hope"')):
            with self.subTest(fields), tempfile.TemporaryDirectory() as folder:
                own_kernel(folder, **fields)
                result = run("", "--profiles", folder, kernel="mine")
                self.assertEqual((result.returncode, result.stdout), (2, b""))
                self.assertIn(message, result.stderr.decode())

    def test_mutated_lines_never_crash(self):
        """Each run ends at its first wrong line; what came before it has been answered."""
        draw = random.Random(3)
        lines = 0
        while lines < 3000:
            good = random_operations(draw, 20)
            block = "\n".join(json.dumps(operation) for operation in good).encode()
            mutated = bytearray(block)
            for _ in range(draw.randrange(1, 6)):
                at = draw.randrange(len(mutated))
                mutated[at:at + draw.randrange(3)] = bytes(draw.randrange(256) for _ in range(draw.randrange(3)))
            result = run(bytes(mutated), kernel=draw.choice(KERNELS))
            self.assertIn(result.returncode, (0, 2), bytes(mutated))
            self.assertEqual(result.stderr.count(b"\n"), 1 if result.returncode else 0, bytes(mutated))
            for line in result.stdout.splitlines():
                json.loads(line)
            lines += mutated.count(b"\n") + 1


def random_operations(draw, count):
    """Any operation at any time, of any queue that was ever created."""
    queues = 0
    operations = []
    while len(operations) < count:
        op = draw.choice(["create", "destroy", "evict", "restore", "suspend", "resume", "isolation_stop",
                          "isolation_start", "hang", "pre_reset", "post_reset", "va_gone", "fail", "exit"])
        operation = {"op": op}
        if op == "create":
            if queues == 60:
                continue
            queues += 1
            operation.update(process=draw.randrange(4), type=draw.choice(["gfx", "compute", "sdma"]))
        elif op in ("destroy", "hang", "va_gone"):
            if queues == 0:
                continue
            operation["queue"] = draw.randrange(queues)
        elif op in ("evict", "restore", "exit"):
            operation["process"] = draw.randrange(4)
        elif op == "suspend":
            operation["s0ix"] = draw.random() < 0.5
        elif op == "post_reset":
            operation["vram_lost"] = draw.random() < 0.5
        elif op == "fail":
            operation["nth_mes_call"] = draw.randrange(1, 5)
        operations.append(operation)
    return operations


class RandomOperations(unittest.TestCase):
    COUNT = 10_000

    def test_each_is_answered_under_every_kernel_and_policy(self):
        operations = random_operations(random.Random(1), self.COUNT)
        text = "\n".join(json.dumps(operation) for operation in operations)
        answered = [operation["op"] for operation in operations if operation["op"] != "fail"]
        began = time.monotonic()
        for kernel in KERNELS:
            for policy in POLICIES:
                with self.subTest(kernel=kernel, policy=policy):
                    result = run(text, "--policy", policy, kernel=kernel)
                    self.assertEqual((result.returncode, result.stderr), (0, b""))
                    answers = [json.loads(line) for line in result.stdout.splitlines()]
                    self.assertEqual([answer["op"] for answer in answers], answered)
                    self.check_states(answers)
        seconds = time.monotonic() - began
        print(f"{self.COUNT * len(KERNELS) * len(POLICIES) / seconds:.0f} operations a second, with reading them")

    def check_states(self, answers):
        """A queue is never forgotten, and who is gone stays so."""
        before = []
        for answer in answers:
            states = answer["states"]
            self.assertEqual(len(states), len(before) + (answer["op"] == "create"))
            for old, new in zip(before, states):
                self.assertFalse(old == "GONE" and new != "GONE", answer)
            before = states


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
