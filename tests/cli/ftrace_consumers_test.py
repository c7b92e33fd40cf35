#!/usr/bin/env python3
"""Which of the tools that read traces reads the text of `run --ftrace`.

trace-cmd, as Debian has it, reads its own trace.dat alone: `trace-cmd report` refuses the text, and no other of its
commands imports one. So docs/traces.md names the strict reader of the tests (ftrace_reader.py) as the consumer, and this
test says when that is no longer so.

Usage: ftrace_consumers_test.py PATH_TO_BINARY
"""
import shutil
import subprocess
import unittest

from command import CommandTest, main


class Consumers(CommandTest):
    @unittest.skipUnless(shutil.which("trace-cmd"), "trace-cmd is not installed")
    def test_trace_cmd_reads_no_text(self):
        trace = self.root / "trace.txt"
        self.assert_status(self.run_command("run", self.scenario, "--out", self.out, "--ftrace", trace), 0)
        report = subprocess.run(["trace-cmd", "report", "-i", str(trace)], cwd=self.root, capture_output=True, text=True,
                                timeout=60, check=False)
        self.assertNotEqual(report.returncode, 0, "trace-cmd reads text now: docs/traces.md should say so")
        self.assertIn("error reading header", report.stderr)


if __name__ == "__main__":
    main(__doc__)
