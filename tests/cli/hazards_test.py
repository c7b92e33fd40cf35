"""What docs/hazards.md tells is what explore finds: its tables, and the sequences in scenarios/explore/found.

Each row of its first table names a hazard and the scenario that is searched for it. With --update the rest of the rows,
the second table, the lists of steps and the files in scenarios/explore/found are written anew; what the text says of
them is for whoever changed them to read again.
"""
import json
import pathlib
import re
import sys

from command import CommandTest, main

UPDATE = "--update" in sys.argv
if UPDATE:
    sys.argv.remove("--update")
DOCUMENT = pathlib.Path("docs/hazards.md").resolve()
SCENARIOS = pathlib.Path("scenarios/explore").resolve()
FOUND = SCENARIOS / "found"
MAX_STATES = 20000  # four times what the largest search has: a scenario that outgrows it is too large for this test
RELEASES = ["6.16", "seed-v8", "seed-v8+reset", "6.18", "6.19", "7.0", "7.1", "kfd"]
OWN = {"name", "question", "expected", "kernel", "policy", "order"}  # what a sequence does not have from its scenario
BINARY = sys.argv[1] if len(sys.argv) > 1 else "BINARY"
REFRESH = f"refresh it: /usr/bin/python3 tests/cli/hazards_test.py {BINARY} --update"

TOLD = re.compile(r"^\| `(\w+)` \| \[([^\]]*)\]\(#[^)]*\) \| \[([\w-]+)\]\([^)]*\) \|(.*)\|(.*)\|$", re.MULTILINE)
MET = re.compile(r"(?<=\n)\| scenario \| hazard \|[^\n]*\n\|[-|]*\n(?:\|[^\n]*\n)*")
LINK = re.compile(r"([^;]+?): \[(\d+)\]\(\.\./scenarios/explore/found/([\w.-]+)\.json\)")
SEQUENCE = re.compile(r"^<!-- sequence (\w+) ([\w-]+) ([\w.+-]+) -->\n(.*?)^<!-- end -->$", re.MULTILINE | re.DOTALL)


def slug(heading):
    return re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-")


def compact(value, depth=0):
    """JSON in which what fits on a line stands on one."""
    line = json.dumps(value)
    if not isinstance(value, (dict, list)) or (depth and len(line) + 2 * depth <= 116):
        return line
    pad = "\n" + "  " * (depth + 1)
    if isinstance(value, dict):
        inner = [f"{json.dumps(key)}: {compact(item, depth + 1)}" for key, item in value.items()]
        return "{" + pad + f",{pad}".join(inner) + pad[:-2] + "}"
    return "[" + pad + f",{pad}".join(compact(item, depth + 1) for item in value) + pad[:-2] + "]"


class Hazards(CommandTest):
    searches = {}  # scenario -> release -> what its search printed

    def setUp(self):
        super().setUp()
        listed = json.loads(self.run_command("list", "kernels", "--format", "json").stdout)
        self.policy = {kernel["name"]: kernel["native_policy"] for kernel in listed}
        if UPDATE and not self.searches:
            self.update()
        self.document = DOCUMENT.read_text("utf-8")
        self.told = [match.groups() for match in TOLD.finditer(self.document)]
        self.sequences = {match.group(1, 2, 3): match[4] for match in SEQUENCE.finditer(self.document)}
        self.assertTrue(self.told)

    def explore(self, path, release, *arguments):
        return self.run_command("explore", path, "--kernel", release, "--policy", self.policy[release], "--max-states",
                                MAX_STATES, "--format", "json", *arguments)

    def search(self, scenario):
        """By release, what the search of a scenario under it printed."""
        if scenario not in self.searches:
            results = {}
            for release in RELEASES:
                result = self.explore(SCENARIOS / f"{scenario}.json", release)
                self.assert_status(result, 0)
                results[release] = json.loads(result.stdout)
            self.searches[scenario] = results
        return self.searches[scenario]

    def steps(self, scenario, release):
        return {row["hazard"]: row["steps"] for row in self.search(scenario)[release]["hazards"]}

    def order(self, scenario, release, hazard):
        """The shortest sequence that the search found, as `explore --out` writes it."""
        out = self.root / f"{scenario}-{release}"
        if not out.exists():
            self.assert_status(self.explore(SCENARIOS / f"{scenario}.json", release, "--out", out), 0)
        path, = out.glob(f"{hazard}*.json")
        return json.loads(path.read_text("utf-8"))["order"]

    # ---- what is written with --update

    def met_table(self, scenarios):
        lines = ["| scenario | hazard | " + " | ".join(RELEASES) + " |", "|---|---|" + "---|" * len(RELEASES)]
        for scenario in scenarios:
            steps = {release: self.steps(scenario, release) for release in RELEASES}
            for hazard in sorted(set().union(*steps.values())):
                cells = " | ".join(str(steps[release].get(hazard, "-")) for release in RELEASES)
                lines.append(f"| {scenario} | `{hazard}` | {cells} |")
        return "\n".join(lines) + "\n"

    def says(self, hazard, heading, scenario, releases):
        return (f"How does it come to {hazard}?",
                f"{heading}: the shortest way to it in {scenario}.json, under {releases}.")

    def write_found(self, hazard, heading, scenario):
        """A file for each sequence, and whose releases it is: [(releases, steps, stem)]."""
        groups = {}
        for release in RELEASES:
            if hazard in self.steps(scenario, release):
                groups.setdefault(tuple(self.order(scenario, release, hazard)), []).append(release)
        rows = []
        for order, releases in groups.items():
            stem = f"{releases[0].replace('+', '-')}-{hazard}-{scenario}"
            text = json.loads((SCENARIOS / f"{scenario}.json").read_text("utf-8"))
            text.update(name=stem, kernel=releases[0], policy=self.policy[releases[0]], order=list(order))
            text["question"], text["expected"] = self.says(hazard, heading, scenario, ", ".join(releases))
            (FOUND / f"{stem}.json").write_text(compact(text) + "\n", "utf-8")
            rows.append((releases, len(order), stem))
        return rows

    def update(self):
        document = DOCUMENT.read_text("utf-8")
        FOUND.mkdir(exist_ok=True)
        for path in FOUND.glob("*.json"):
            path.unlink()
        told = {}

        def row(match):
            hazard, heading, scenario = match.group(1, 2, 3)
            told[hazard, scenario] = found = self.write_found(hazard, heading, scenario)
            has = "; ".join(f"{', '.join(releases)}: [{steps}](../scenarios/explore/found/{stem}.json)"
                            for releases, steps, stem in found)
            has_not = ", ".join(r for r in RELEASES if hazard not in self.steps(scenario, r))
            link = f"[{scenario}](../scenarios/explore/{scenario}.json)"
            return f"| `{hazard}` | [{heading}](#{slug(heading)}) | {link} | {has} | {has_not} |"

        def sequence(match):
            releases, _, stem = next(found for found in told[match.group(1, 2)] if match[3] in found[0])
            path = FOUND / f"{stem}.json"
            steps = "".join(f"{i}. {step}\n" for i, step in enumerate(json.loads(path.read_text("utf-8"))["order"], 1))
            return (f"<!-- sequence {' '.join(match.group(1, 2, 3))} -->\n\nUnder {', '.join(releases)}:\n\n{steps}\n"
                    f"```sh\nuserqsim explore scenarios/explore/found/{stem}.json\n```\n\n<!-- end -->")

        document = SEQUENCE.sub(sequence, TOLD.sub(row, document))
        table = self.met_table(sorted({path.stem for path in SCENARIOS.glob("*.json")} - self.left_out(document)))
        DOCUMENT.write_text(MET.sub(lambda _: table, document), "utf-8")

    # ---- what has to be so

    def left_out(self, document):
        """Scenarios that the document says it leaves out: too large for a search under each release."""
        return set(re.findall(r"^Left out: \[([\w-]+)\]", document, re.MULTILINE))

    def test_every_release_is_searched(self):
        self.assertEqual(set(RELEASES), set(self.policy) - {"xe"})

    def test_every_search_is_complete_and_meets_what_the_table_says(self):
        scenarios = sorted({path.stem for path in SCENARIOS.glob("*.json")} - self.left_out(self.document))
        self.assertEqual(MET.findall(self.document), [self.met_table(scenarios)], REFRESH)
        for scenario in scenarios:
            for release in RELEASES:
                self.assertEqual(self.search(scenario)[release]["counts"][0]["complete"], "yes", (scenario, release))

    def test_who_has_it_and_who_has_not(self):
        for hazard, heading, scenario, has, has_not in self.told:
            with self.subTest(hazard=hazard, scenario=scenario):
                said = {release: int(steps) for releases, steps, _ in LINK.findall(has)
                        for release in releases.strip().split(", ")}
                met = {release: self.steps(scenario, release).get(hazard) for release in RELEASES}
                self.assertEqual(said, {release: steps for release, steps in met.items() if steps}, REFRESH)
                self.assertEqual(has_not.strip(), ", ".join(r for r in RELEASES if not met[r]), REFRESH)
                self.assertTrue(has_not.strip(), "no difference between releases")
                self.assertIn(f"\n## {heading}\n", self.document)

    def test_every_sequence_is_listed_and_exists(self):
        listed = [stem for row in self.told for _, _, stem in LINK.findall(row[3])]
        self.assertEqual(sorted(listed), sorted(path.stem for path in FOUND.iterdir()))
        self.assertEqual(len(set(listed)), len(listed))

    def test_each_sequence_leads_to_its_hazard_with_its_last_step(self):
        for hazard, _, _, has, _ in self.told:
            for releases, steps, stem in LINK.findall(has):
                for release in releases.strip().split(", "):
                    with self.subTest(stem=stem, release=release):
                        result = self.explore(FOUND / f"{stem}.json", release)
                        self.assert_status(result, 0)
                        data = json.loads(result.stdout)
                        self.assertEqual(data["counts"][0]["complete"], "order")
                        self.assertEqual(data["counts"][0]["states"], int(steps) + 1)
                        met = [row["steps"] for row in data["hazards"] if row["hazard"] == hazard]
                        self.assertEqual(met, [int(steps)])

    def test_a_sequence_is_its_scenario_with_an_order(self):
        for hazard, heading, scenario, has, _ in self.told:
            base = json.loads((SCENARIOS / f"{scenario}.json").read_text("utf-8"))
            for releases, steps, stem in LINK.findall(has):
                text = json.loads((FOUND / f"{stem}.json").read_text("utf-8"))
                self.assertEqual({key: text[key] for key in text if key not in OWN},
                                 {key: base[key] for key in base if key not in OWN})
                releases = releases.strip()
                self.assertEqual((text["name"], text["kernel"], text["policy"], len(text["order"])),
                                 (stem, releases.split(", ")[0], self.policy[text["kernel"]], int(steps)))
                self.assertEqual((text["question"], text["expected"]), self.says(hazard, heading, scenario, releases))

    def test_each_list_of_steps_is_that_of_its_file(self):
        told = {(row[0], row[2]): row for row in self.told}
        self.assertEqual({key[:2] for key in self.sequences}, set(told))
        for (hazard, scenario, release), block in self.sequences.items():
            releases, _, stem = next(link for link in LINK.findall(told[hazard, scenario][3])
                                     if release in link[0].strip().split(", "))
            order = json.loads((FOUND / f"{stem}.json").read_text("utf-8"))["order"]
            self.assertEqual(re.findall(r"^(\d+)\. (.*)$", block, re.MULTILINE),
                             [(str(i), step) for i, step in enumerate(order, 1)], REFRESH)
            self.assertIn(f"\nUnder {releases.strip()}:\n", block)
            self.assertIn(f"\nuserqsim explore scenarios/explore/found/{stem}.json\n", block)


if __name__ == "__main__":
    main(__doc__)
