#!/usr/bin/env python3
"""Golden results: small runs, byte for byte, and the digest of every library scenario.

    python3 tests/golden/golden_test.py PATH_TO_BINARY            compare
    python3 tests/golden/golden_test.py PATH_TO_BINARY --update   rewrite the golden files, then fail once

one-queue-by-hand is small enough to be worked out on paper; tests/unit/one_queue_by_hand_test.cpp does that. The digests
say that no trajectory has moved: when one moves on purpose, model_version moves with it (docs/outputs.md).
"""
import difflib
import json
import pathlib
import subprocess
import sys
import tempfile
import unittest

HERE = pathlib.Path(__file__).resolve().parent
LIBRARY = HERE.parent.parent / "scenarios" / "library"
POLICIES = ("preempt_restore", "unmap_map")
TABLES = ("evictions.csv", "eviction_parts.csv", "transitions.csv", "mes_ops.csv", "jobs.csv", "summary.csv")
BINARY = ""
UPDATE = False


def run(scenario, policy, folder):
    out = pathlib.Path(folder) / f"{scenario}-{policy}"
    command = [BINARY, "run", scenario, "--policy", policy, "--out", str(out)]
    subprocess.run(command, check=True, capture_output=True, text=True)
    return out


class Golden(unittest.TestCase):
    def compare(self, name, found):
        path = HERE / name
        expected = path.read_text() if path.exists() else ""
        if found == expected:
            return
        if UPDATE:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(found)
        difference = difflib.unified_diff(expected.splitlines(), found.splitlines(), "golden", "found", lineterm="", n=0)
        self.fail(f"{name} differs{' (rewritten)' if UPDATE else ''}:\n" + "\n".join(list(difference)[:40]))

    def test_one_queue_by_hand(self):
        with tempfile.TemporaryDirectory() as folder:
            for policy in POLICIES:
                out = run("one-queue-by-hand", policy, folder)
                for table in TABLES:
                    with self.subTest(policy=policy, table=table):
                        self.compare(f"one-queue-by-hand/{policy}/{table}", (out / table).read_text())

    def test_library_digests(self):
        rows = ["model_version\tscenario\tpolicy\tdigest"]
        with tempfile.TemporaryDirectory() as folder:
            for path in sorted(LIBRARY.glob("*.json")):
                on_hws = json.loads(path.read_text("utf-8"))["kernel"] == "kfd"  # which knows one policy
                for policy in ["unmap_map"] if on_hws else POLICIES:
                    manifest = json.loads((run(path.stem, policy, folder) / "manifest.json").read_text())
                    version = manifest["model_version"]
                    rows.append(f"{version}\t{path.stem}\t{policy}\t{manifest['digests'][0]['digest']}")
        self.compare("digests.tsv", "\n".join(rows) + "\n")


if __name__ == "__main__":
    arguments = sys.argv[1:]
    UPDATE = "--update" in arguments
    arguments = [a for a in arguments if a != "--update"]
    if len(arguments) != 1:
        sys.exit(__doc__)
    BINARY = str(pathlib.Path(arguments[0]).resolve())
    unittest.main(argv=sys.argv[:1])
