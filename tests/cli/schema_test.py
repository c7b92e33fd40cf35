"""The generated JSON Schema and the loader agree: what one accepts the other accepts, where a schema can tell."""
import json
import subprocess
import sys
import unittest
from pathlib import Path

import jsonschema

BINARY = sys.argv.pop() if len(sys.argv) > 1 else "build/release/scenarios/userqsim"
CORPUS = Path("tests/cli/bad")

# Kinds that a schema cannot tell: what JSON parsers settle first, and what needs the whole scenario.
NOT_JSON = {"truncated", "duplicate_keys"}
WHOLE_SCENARIO = {"no_slots", "buffer_too_large", "job_cycles", "references", "events", "faults"}
# The same within other kinds: bounds that depend on another field, and arithmetic on the text.
BEYOND_A_SCHEMA = {
    "out_of_range": {
        "zero_horizon", "zero_mutex_held_limit", "beyond_a_century", "time_overflow", "finer_than_ns", "zero_size", "size_overflow",
        "half_a_byte", "zero_period", "number_overflow", "cost_above_range", "slowdown_below_one", "fill_above_one",
        "exponential_zero_mean", "measure_from", "warm_up_terminating", "warm_up_and_measure_from", "reversed_range", "range_of_three"},
    "wrong_types": {"no_processes"},
}


def userqsim(*arguments, text=None):
    return subprocess.run([BINARY, *arguments], input=text, capture_output=True, text=True, check=False)


def can_tell(path):
    kind = path.parent.name
    return kind not in NOT_JSON | WHOLE_SCENARIO and path.stem not in BEYOND_A_SCHEMA.get(kind, ())


class SchemaTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        schema = json.loads(userqsim("schema").stdout)
        jsonschema.Draft7Validator.check_schema(schema)
        cls.validator = jsonschema.Draft7Validator(schema)

    def accepts(self, document):
        return self.validator.is_valid(document)

    def test_the_library_is_accepted_by_both(self):
        for path in sorted(Path("scenarios/library").glob("*.json")):
            with self.subTest(path=path.name):
                errors = [error.message for error in self.validator.iter_errors(json.loads(path.read_text("utf-8")))]
                self.assertEqual(errors, [])
                self.assertEqual(userqsim("validate", str(path)).returncode, 0)

    def test_what_the_schema_can_tell_is_refused_by_both(self):
        paths = [path for path in sorted(CORPUS.glob("*/*.json")) if can_tell(path)]
        self.assertGreater(len(paths), 50)
        for path in paths:
            with self.subTest(path=str(path)):
                self.assertFalse(self.accepts(json.loads(path.read_text("utf-8"))))
                self.assertEqual(userqsim("validate", str(path)).returncode, 2)

    def test_the_exceptions_are_exceptions(self):
        """A case listed above as beyond the schema is indeed accepted by it; else it should be compared."""
        for kind, names in BEYOND_A_SCHEMA.items():
            for name in sorted(names - {"number_overflow"}):  # Python reads that one as infinity
                with self.subTest(path=f"{kind}/{name}"):
                    self.assertTrue(self.accepts(json.loads((CORPUS / kind / f"{name}.json").read_text("utf-8"))))

    def test_every_mutation_of_the_flagship_gets_one_answer(self):
        """Each value replaced by one of another type, each key renamed: both accept or both refuse."""
        flagship = json.loads(Path("scenarios/library/game-and-llm-on-16g.json").read_text("utf-8"))
        for pointer, document in mutations(flagship):
            with self.subTest(mutation=pointer):
                answer = userqsim("validate", "-", text=json.dumps(document)).returncode == 0
                self.assertEqual(self.accepts(document), answer)


class StudySchemaTest(unittest.TestCase):
    """The same of studies; their points are `sweep --dry-run`'s to judge."""

    # What is a value of the scenario, or a name that has to be somebody's, or depends on another key, is beyond a schema.
    BEYOND_A_SCHEMA = ("/values", "/from", "/to", "/value", "/pointer", "/scenario", "/samples renamed", "/factors/")

    @classmethod
    def setUpClass(cls):
        schema = json.loads(userqsim("schema", "--study").stdout)
        jsonschema.Draft7Validator.check_schema(schema)
        cls.validator = jsonschema.Draft7Validator(schema)

    def test_the_examples_are_accepted_by_both(self):
        paths = sorted(Path("scenarios/studies").glob("*.json"))
        self.assertGreaterEqual(len(paths), 2)
        for path in paths:
            with self.subTest(path=path.name):
                errors = [error.message for error in self.validator.iter_errors(json.loads(path.read_text("utf-8")))]
                self.assertEqual(errors, [])
                self.assertEqual(userqsim("sweep", "--dry-run", str(path)).returncode, 0)

    def test_every_mutation_of_a_study_gets_one_answer(self):
        study = {
            "format": "userqsim-study/1", "name": "s", "question": "?", "scenario": "one-queue-by-hand", "seed": 3,
            "replications": 2, "policies": ["hybrid"], "design": "sobol", "samples": 4, "metrics": ["evictions"],
            "factors": [
                {"name": "a", "pointer": "/overrides/costs/mes_api/value", "log_range": {"from": "2us", "to": "9us"}},
                {"name": "b", "pointer": "/overrides/costs/unmap/value", "values": ["2us", "3us"]}],
            "constraints": [{"factor": "a", "relation": "!=", "other": "b"}]}
        count = 0
        for pointer, document in mutations(study):
            if any(part in pointer for part in self.BEYOND_A_SCHEMA):
                continue
            count += 1
            with self.subTest(mutation=pointer):
                answer = userqsim("sweep", "--dry-run", "-", text=json.dumps(document)).returncode == 0
                self.assertEqual(self.validator.is_valid(document), answer)
        self.assertGreater(count, 60)


def mutations(document):
    """Documents that differ from `document` in one place, with the place's name."""
    for pointer, holder, key in places(document):
        kept = holder[key]
        for other in (None, 12345, [], {}, True):
            if type(other) is not type(kept):
                holder[key] = other
                yield f"{pointer} = {other!r}", document
        holder[key] = kept
        if isinstance(holder, dict):
            del holder[key]
            holder[key + "_"] = kept
            yield f"{pointer} renamed", document
            del holder[key + "_"]
            holder[key] = kept


def places(node, pointer=""):
    items = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    for key, value in list(items):
        if not str(key).startswith("x-"):
            yield f"{pointer}/{key}", node, key
            yield from places(value, f"{pointer}/{key}")


if __name__ == "__main__":
    unittest.main()
