#!/usr/bin/env python3
"""The committed baselines: each names a scenario of the library, which is run and checked.

    python3 tests/golden/baselines_test.py PATH_TO_BINARY            check
    python3 tests/golden/baselines_test.py PATH_TO_BINARY --update   rewrite the baselines that differ, then fail once
"""
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

BASELINES = pathlib.Path(__file__).resolve().parent.parent.parent / "results" / "baselines"
BINARY = ""
UPDATE = False

CI_SYSTEMS = ("CI", "TF_BUILD", "JENKINS_URL", "TEAMCITY_VERSION")  # by which check knows them


class Baselines(unittest.TestCase):
    def userqsim(self, *arguments):
        environment = {name: value for name, value in os.environ.items() if name not in CI_SYSTEMS}
        return subprocess.run([BINARY, *map(str, arguments)], env=environment, capture_output=True, text=True, check=False)

    def test_each(self):
        files = sorted(BASELINES.glob("*.json"))
        self.assertGreaterEqual(len(files), 2)
        for file in files:
            with self.subTest(baseline=file.name), tempfile.TemporaryDirectory() as folder:
                wanted = json.loads(file.read_text(encoding="utf-8"))["input"]
                self.assertEqual(wanted["scenario"], file.stem)
                out = pathlib.Path(folder) / "out"
                run = self.userqsim("compare", file.stem, "--policies", ",".join(wanted["policies"]), "--reps",
                                    len(wanted["replications"]), "--out", out)
                self.assertEqual(run.returncode, 0, run.stderr)
                update = ["--update-baselines"] if UPDATE else []
                result = self.userqsim("check", out, "--baseline", file, *update)
                self.assertEqual(result.returncode, 0, result.stdout + result.stderr)


if __name__ == "__main__":
    arguments = sys.argv[1:]
    UPDATE = "--update" in arguments
    arguments = [a for a in arguments if a != "--update"]
    if len(arguments) != 1:
        sys.exit(__doc__)
    BINARY = str(pathlib.Path(arguments[0]).resolve())
    unittest.main(argv=sys.argv[:1])
