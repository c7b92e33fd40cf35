"""What the tests of `check` share: a run, a baseline, and how either is changed."""
import json
import os
import re

from command import CommandTest

P99 = ("job_latency_ns", "victim", "p99", "preempt_restore")

CI_SYSTEMS = ("CI", "TF_BUILD", "JENKINS_URL", "TEAMCITY_VERSION")  # by which check knows them


class Check(CommandTest):
    def setUp(self):
        super().setUp()
        self.environment = {name: value for name, value in os.environ.items() if name not in CI_SYSTEMS}
        self.baseline = self.root / "baseline.json"

    def make(self, *arguments, command="run", out=None):
        reps = [] if "--reps" in arguments else ["--reps", 20]
        result = self.run_command(command, self.scenario, "--out", out or self.out, *reps, *arguments)
        self.assert_status(result, 0)

    def check(self, *arguments, run=None, environment=None):
        return self.run_command("check", run or self.out, "--baseline", self.baseline, *arguments,
                                env=environment or self.environment)

    def make_baseline(self, *arguments):
        self.make()
        self.assert_status(self.check("--update-baselines", *arguments), 1)

    def load(self):
        return json.loads(self.baseline.read_text(encoding="utf-8"))

    def store(self, baseline):
        """One metric a line, as `check` writes it."""
        lines = {key: baseline.pop(key) for key in ("digests", "metrics")}
        text = json.dumps(baseline)[:-1]
        for key, values in lines.items():
            text += f',\n"{key}": [\n' + ",\n".join(json.dumps(value) for value in values) + "\n]"
        self.baseline.write_text(text + "}\n", encoding="utf-8")

    def change(self, function):
        baseline = self.load()
        function(baseline)
        self.store(baseline)

    @staticmethod
    def metric(baseline, key=P99):
        return next(m for m in baseline["metrics"] if (m["metric"], m["role"], m["stat"], m["policy"]) == key)

    def change_metric(self, key=P99, **fields):
        self.change(lambda baseline: self.metric(baseline, key).update(fields))

    def item(self, *arguments, key=P99, run=None):
        result = self.check("--format", "json", *arguments, run=run)
        report = json.loads(result.stdout)
        return next(i for i in report["items"] if (i["metric"], i["role"], i["stat"], i["policy"]) == key)

    def digest(self, *arguments, run=None):
        return self.item(*arguments, key=("digest", "", "", "preempt_restore"), run=run)

    def facts(self, run_arguments, out):
        """The facts of replication 0 as the log tells them: time and words."""
        log = self.root / f"{out}.log"
        self.make("--reps", 1, "--log-level", "debug", "--log-file", log, *run_arguments, out=self.root / f"{out}-log")
        lines = log.read_text(encoding="utf-8").splitlines()
        found = [re.fullmatch(r"D \S+/0 +(\d+) (.*)", line) for line in lines]
        return [(int(match[1]), match[2]) for match in found if match]

    def assert_line(self, text, *parts):
        self.assertTrue(any(all(part in line for part in parts) for line in text.splitlines()), text)
