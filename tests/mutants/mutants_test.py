"""Seeded mistakes in the driver model (mutants.json), each found by what the program looks for.

Usage: mutants_test.py BINARY BUILD NINJA [MUTANT...]

Each mutant, or each that is named, is built and explores its scenario, or runs it by the clock. What it finds there
and the program itself does not is what found it.
"""
import csv
import functools
import json
import pathlib
import subprocess
import sys
import tempfile
import unittest

import mutate

HERE = pathlib.Path(__file__).resolve().parent
MUTANTS = json.loads((HERE / "mutants.json").read_text(encoding="utf-8"))
INVARIANT = "invariant"
MOST_STATES = 20000
LONGEST = 300  # seconds that a mutant may search: one that never comes to an end counts as not found


def call(program, *arguments):
    return subprocess.run([program, *arguments], capture_output=True, text=True, timeout=LONGEST, check=False)


def explored(program, scenario, options):
    """The exit status, what was said of an error, and the kinds of hazards."""
    result = call(program, "explore", scenario, *options, "--format", "json", "--max-states", str(MOST_STATES))
    kinds = {row["hazard"] for row in json.loads(result.stdout)["hazards"]} if result.returncode in (0, 4) else set()
    return result.returncode, result.stderr, kinds


def run(program, scenario, options):
    with tempfile.TemporaryDirectory() as directory:
        out = pathlib.Path(directory) / "out"
        result = call(program, "run", scenario, *options, "--out", str(out))
        if result.returncode != 0:
            return result.returncode, result.stderr, set()
        with open(out / "hazards.csv", newline="", encoding="utf-8") as file:
            return 0, result.stderr, {row["kind"] for row in csv.DictReader(file)}


def findings(program, how, scenario, kernel, policy):
    """What is wrong with the scenario, by this program; whether that is all."""
    look = {"explore": explored, "run": run}[how]
    path = str(HERE / "scenarios" / f"{scenario}.json")
    status, said, kinds = look(program, path, ("--kernel", kernel, "--policy", policy))
    if status == 3:
        return {INVARIANT}, True
    if status not in (0, 4):
        raise RuntimeError(f"{how} {scenario}: status {status}: {said}")
    return kinds, status == 0


@functools.cache
def findings_without(program, *where):
    kinds, complete = findings(program, *where)
    if not complete:
        raise RuntimeError(f"{where}: the program itself does not come to the end of it")
    return kinds


def row_of(mutant):
    """Its line in the table of docs/validation.md."""
    found = "a broken invariant" if mutant["found_as"] == INVARIANT else f"`{mutant['found_as']}`"
    scenario = f"[{mutant['scenario']}](../tests/mutants/scenarios/{mutant['scenario']}.json)"
    return f"| {mutant['breaks']} | {found} | `{mutant['look']}` {scenario}, {mutant['kernel']} |"


class Mutants(unittest.TestCase):
    chosen, build = MUTANTS, None

    def test_each_is_found(self):
        for mutant in self.chosen:
            with self.subTest(mutant["name"]):
                where = [mutant[key] for key in ("look", "scenario", "kernel", "policy")]
                text = mutate.mutated_text(mutant["source"], mutant["edits"])
                with tempfile.TemporaryDirectory() as directory:
                    program = self.build.mutant(mutant["source"], text, pathlib.Path(directory))
                    found, _ = findings(program, *where)
                new = found - findings_without(self.build.program, *where)
                self.assertIn(mutant["found_as"], new, mutant["breaks"])

    def test_each_still_has_its_place(self):
        for mutant in MUTANTS:
            with self.subTest(mutant["name"]):
                text = mutate.mutated_text(mutant["source"], mutant["edits"])
                self.assertNotEqual(text, (mutate.ROOT / mutant["source"]).read_text(encoding="utf-8"))

    def test_each_stands_in_the_table(self):
        lines = (mutate.ROOT / "docs/validation.md").read_text(encoding="utf-8").splitlines()
        self.assertEqual([line for line in lines if "tests/mutants/scenarios/" in line], [*map(row_of, MUTANTS)])

    def test_each_scenario_is_used(self):
        there = {path.stem for path in (HERE / "scenarios").glob("*.json")}
        self.assertEqual(there, {mutant["scenario"] for mutant in MUTANTS})


def main():
    if len(sys.argv) < 4:
        sys.exit(__doc__)
    Mutants.build = mutate.Build(*sys.argv[1:4])
    names = sys.argv[4:]
    if names:
        Mutants.chosen = [mutant for mutant in MUTANTS if mutant["name"] in names]
        if len(Mutants.chosen) != len(names):
            sys.exit(f"no such mutant: {set(names) - {mutant['name'] for mutant in MUTANTS}}")
    unittest.main(argv=sys.argv[:1])


if __name__ == "__main__":
    main()
