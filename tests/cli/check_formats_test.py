#!/usr/bin/env python3
"""`check`: what it prints for other programs to read.

Usage: check_formats_test.py PATH_TO_BINARY
"""
import json
import pathlib
import re
import subprocess
import xml.etree.ElementTree

import jsonschema
import yaml

from check_support import P99, Check
from command import main

SCHEMAS = pathlib.Path("tests/cli/check_schemas").resolve()
DOCUMENT = pathlib.Path("docs/ci.md").resolve()


class Formats(Check):
    """Each against the part of its format that we write."""

    def setUp(self):
        super().setUp()
        self.make_baseline()

    def printed(self, name, status=0):
        result = self.check("--format", name)
        self.assert_status(result, status)
        return result.stdout

    def spoil(self):
        """A digest, a p99 that became 1 % worse, one that is missing, and one that got better."""
        value = self.item()["value"]
        self.change(lambda baseline: baseline["digests"][0].update(digest="0" * 16))
        self.change_metric(value=value / 1.01)
        self.change_metric(("evictions", "device", "count", "preempt_restore"), stat="<&\"%,:>")
        self.change_metric(("hazards", "device", "count", "preempt_restore"), value=5)
        return len(self.load()["metrics"])

    def schema(self, name):
        return json.loads((SCHEMAS / f"{name}.json").read_text(encoding="utf-8"))

    def test_json(self):
        for status, spoil in ((0, False), (1, True)):
            if spoil:
                self.spoil()
            report = json.loads(self.printed("json", status))
            jsonschema.validate(report, self.schema("check"))
            outcomes = [item["outcome"] for item in report["items"] if item["outcome"] != "passed"]
            self.assertEqual(sorted(outcomes), ["failed", "failed", "improved", "missing"] if spoil else [])
        self.make("--force", "--seed", 8)
        report = json.loads(self.printed("json", 2))
        jsonschema.validate(report, self.schema("check"))
        self.assertEqual(report["verdict"], "not_comparable")

    def test_trackers(self):
        metrics = self.load()["metrics"]
        points = json.loads(self.printed("gab"))
        jsonschema.validate(points, self.schema("gab"))
        self.assertEqual(len(points), sum(metric["direction"] == "lower" for metric in metrics))
        values = {point["name"]: point["value"] for point in points}
        name = "/".join(("cli-test", P99[3], *P99[:3]))
        self.assertEqual(values[name], self.metric(self.load())["value"])
        report = json.loads(self.printed("bmf"))
        jsonschema.validate(report, self.schema("bmf"))
        self.assertEqual(list(report), ["cli-test/preempt_restore"])
        self.assertEqual(len(report["cli-test/preempt_restore"]), len(metrics))
        for measure in report["cli-test/preempt_restore"].values():
            self.assertLessEqual(measure.get("lower_value", measure["value"]), measure["value"])
            self.assertGreaterEqual(measure.get("upper_value", measure["value"]), measure["value"])

    def test_junit(self):
        """https://github.com/testmoapp/junitxml and https://docs.gitlab.com/ci/testing/unit_test_reports/"""
        for status, spoil in ((0, False), (1, True)):
            metrics = self.spoil() if spoil else len(self.load()["metrics"])
            suites = xml.etree.ElementTree.fromstring(self.printed("junit", status))
            self.assertEqual(suites.tag, "testsuites")
            [suite] = suites
            cases = suite.findall("testcase")
            self.assertEqual(int(suite.get("tests")), len(cases))
            self.assertEqual(len(cases), 1 + metrics)
            failures = suite.findall("testcase/failure")
            self.assertEqual(int(suite.get("failures")), len(failures))
            self.assertEqual(len(failures), 3 if spoil else 0)
            self.assertEqual((suite.get("errors"), suite.get("skipped")), ("0", "0"))
            self.assertEqual(len({(case.get("classname"), case.get("name")) for case in cases}), len(cases))
            for case in cases:
                self.assertGreaterEqual(float(case.get("time")), 0)
            for failure in failures:  # some readers show the one, some the other
                self.assertEqual(failure.get("message"), failure.text)
                self.assertIn(failure.get("type"), ("failed", "missing"))
        self.make("--force", "--seed", 8)
        [suite] = xml.etree.ElementTree.fromstring(self.printed("junit", 2))
        self.assertEqual(suite.get("errors"), str(len(suite.findall("testcase/error"))))
        self.assertNotEqual(suite.get("errors"), "0")

    ANNOTATION = re.compile(r"::(error|warning|notice) file=([^,:]+),line=(\d+),title=([^,:]*)::([^\r\n]+)")

    def test_github(self):
        """https://docs.github.com/actions/reference/workflows-and-actions/workflow-commands"""
        self.spoil()
        lines = self.printed("github", 1).splitlines()
        found = [self.ANNOTATION.fullmatch(line) for line in lines]
        self.assertNotIn(None, found, lines)
        self.assertEqual([match[1] for match in found], ["error"] * 3 + ["warning", "notice"])
        self.assertTrue(all(match[2] == str(self.baseline) for match in found))
        text = self.baseline.read_text(encoding="utf-8").splitlines()
        p99 = next(match for match in found if match[4] == "/".join(P99))
        self.assertIn('"p99"', text[int(p99[3]) - 1])
        self.assertIn(f'"{P99[1]}"', text[int(p99[3]) - 1])
        self.assertIn('evictions/device/<&"%25%2C%3A>/preempt_restore', [match[4] for match in found])

    def test_github_shows_the_ten_worst(self):
        def worsen(baseline):
            for number, metric in enumerate(m for m in baseline["metrics"] if m["value"] > 0):
                metric.update(direction="lower", value=metric["value"] / (2 + number), rel_tol=0.001)
        self.change(worsen)
        failing = sum(metric["value"] > 0 for metric in self.load()["metrics"])
        self.assertGreater(failing, 10)
        lines = self.printed("github", 1).splitlines()
        self.assertEqual([line.split(" ")[0] for line in lines], ["::error"] * 10 + ["::notice"])
        changes = [float(re.search(r"\+([\d.]+) %25\)", line)[1]) for line in lines[:10]]
        self.assertEqual(changes, sorted(changes, reverse=True))
        self.assertIn("the 10 worst are shown", lines[-1])

    def test_markdown(self):
        self.spoil()
        text = self.printed("md", 1)
        self.assertTrue(text.startswith("### userqsim check of cli-test\n"))
        table = [line for line in text.splitlines() if line.startswith("|")]
        self.assertEqual(len(table), 2 + 1 + len(self.load()["metrics"]))
        self.assertEqual({len(re.findall(r"(?<!\\)\|", line)) for line in table}, {8})


class Examples(Check):
    """What docs/ci.md has to copy is YAML, and its commands run."""

    @staticmethod
    def commands(value):
        if isinstance(value, dict):
            for key, inner in value.items():
                yield from [inner] if key == "run" else Examples.commands(inner)
        elif isinstance(value, list):
            for inner in value:
                yield from [inner] if isinstance(inner, str) and inner.startswith("userqsim") else Examples.commands(inner)

    def test_examples(self):
        blocks = re.findall(r"^```yaml\n(.*?)^```$", DOCUMENT.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
        self.assertEqual(len(blocks), 3)
        (self.root / "userqsim").symlink_to(self.binary)
        (self.root / "ci").mkdir()
        environment = dict(self.environment, PATH=f"{self.root}:{self.environment['PATH']}",
                           GITHUB_STEP_SUMMARY=str(self.root / "summary.md"))
        self.baseline = self.root / "ci" / "game.json"
        for block in blocks:
            commands = list(self.commands(yaml.safe_load(block)))
            self.assertGreaterEqual(len(commands), 2)
            for command in commands:
                result = subprocess.run(["sh", "-c", command], cwd=self.root, env=environment, capture_output=True,
                                        text=True, check=False)
                self.assert_status(result, 0)
                if not self.baseline.exists():
                    self.assert_status(self.check("--update-baselines", run=self.root / "out" / "game"), 1)
        self.assertIn("passed", (self.root / "summary.md").read_text(encoding="utf-8"))
        self.assertGreater(len(json.loads((self.root / "points.json").read_text(encoding="utf-8"))), 10)
        self.assertEqual(xml.etree.ElementTree.parse(self.root / "check.xml").getroot().tag, "testsuites")


if __name__ == "__main__":
    main(__doc__)
