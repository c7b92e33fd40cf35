"""Holds the tree against its rules (rules.py), and each rule against a tree that breaks it.

Usage: architecture_test.py [path of the userqsim binary]
"""
import stat
import sys
import tempfile
import unittest
from pathlib import Path

import cpp_text
import rules

ROOT = Path(__file__).resolve().parents[2]
BINARY = None

HEADER = "// A part.\n#pragma once\n"
LONG_BODY = "  step();\n" * rules.MAX_FUNCTION_LINES


class Tree(unittest.TestCase):
    def test_rules(self):
        for rule in rules.SOURCE_RULES:
            with self.subTest(rule.__name__):
                self.assertEqual(rule(ROOT), [], rule.__doc__)

    def test_schema_is_fresh(self):
        if BINARY is None:
            self.skipTest("no binary named on the command line")
        self.assertEqual(rules.schema_is_fresh(ROOT, BINARY), [])


class SeededViolations(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = Path(folder.name)

    def write(self, path, text):
        file = self.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")

    def expect(self, rule, path, text, line):
        """The rule finds `text` in `path` wrong at `line` (0: right)."""
        with self.subTest(path=path, text=text[:200]):
            self.write(path, text)
            found = rule(self.root)
            if line:
                self.assertEqual([place.split(": ")[0] for place in found], [f"{path}:{line}"])
            else:
                self.assertEqual(found, [])
            (self.root / path).unlink()

    def test_floors(self):
        for path, used, allowed in (
                ("sim/core/a.cpp", "models/workload/ids.hpp", False),
                ("models/workload/a.cpp", "sim/core/id.hpp", True),
                ("models/workload/a.cpp", "models/memory/facts.hpp", False),
                ("models/workload/a.cpp", "models/profiles/costs.hpp", False),
                ("models/memory/a.cpp", "models/profiles/costs.hpp", True),
                ("models/profiles/a.cpp", "models/workload/spec.hpp", True),
                ("models/profiles/a.cpp", "models/memory/spec.hpp", False),
                ("models/policy/a.cpp", "models/firmware/spec.hpp", False),
                ("models/driver/a.cpp", "models/firmware/spec.hpp", True),
                ("models/machine/a.cpp", "results/record/csv.hpp", False),
                ("results/record/a.cpp", "models/machine/probes.hpp", True),
                ("results/compare/a.cpp", "models/machine/probes.hpp", False),
                ("results/report/a.cpp", "models/machine/probes.hpp", False),
                ("results/report/a.cpp", "results/record/csv.hpp", True),
                ("results/record/a.cpp", "scenarios/load/scenario.hpp", False),
                ("scenarios/cli/a.cpp", "results/record/csv.hpp", True),
                ("scenarios/cli/a.cpp", "logging.hpp", False)):
            self.expect(rules.floors, path, f'// A part.\n#include "{used}"\n', 0 if allowed else 2)
        self.expect(rules.floors, "sim/core/a.hpp", "#include <models/workload/ids.hpp>\n", 1)

    def test_libraries(self):
        for path, used, allowed in (
                ("scenarios/load/json.cpp", "nlohmann/json.hpp", True),
                ("scenarios/cli/run.cpp", "nlohmann/json.hpp", False),
                ("models/machine/a.hpp", "nlohmann/json_fwd.hpp", False),
                ("scenarios/cli/main.cpp", "CLI/CLI.hpp", True),
                ("scenarios/experiment/a.cpp", "CLI/CLI.hpp", False),
                ("scenarios/cli/logging.cpp", "spdlog/spdlog.h", True),
                ("scenarios/cli/run.cpp", "spdlog/spdlog.h", False),
                ("sim/graph/digraph.cpp", "boost/graph/adjacency_list.hpp", True),
                ("sim/core/a.cpp", "boost/graph/adjacency_list.hpp", False)):
            self.expect(rules.libraries, path, f"#include <{used}>\n", 0 if allowed else 1)
        self.write("results/record/a_writer.cpp", "#include <nlohmann/json.hpp>\n")
        self.expect(rules.libraries, "results/report/b_writer.cpp", "#include <nlohmann/json.hpp>\n", 1)

    def test_sizes(self):
        self.expect(rules.sizes, "sim/core/a.cpp", "//\n" * rules.MAX_FILE_LINES, 0)
        self.expect(rules.sizes, "sim/core/a.cpp", "//\n" * (rules.MAX_FILE_LINES + 1), 1)
        self.expect(rules.sizes, "tests/unit/a.cpp", "\nTEST_CASE(\"a\") {\n" + LONG_BODY + "}\n", 2)
        self.expect(rules.sizes, "sim/core/a.cpp", "void f() {\n" + LONG_BODY[10:-10] + "}\n", 0)
        self.expect(rules.sizes, "tests/cli/a.py", "\ndef f():\n" + "  g()\n" * rules.MAX_FUNCTION_LINES, 2)
        for before in ("namespace a {\n", "class A {\n public:\n  A() = default;\n",
                       "template <class T>\nstruct A {\n", "namespace a {\nnamespace {\nint x = f({1, 2});\n",
                       "enum class E { a, b };\n",
                       "constexpr char open = '{';\nconstexpr auto text = R\"(void g() {)\";\n", "#define OPEN {\n",
                       "constexpr long big = 1'000'000;\n", "A::A() : x_{1} {}\n",
                       "void g() { h([] { return 1; }); }\n"):
            for head in ("void f() {\n", "template <class T>\nauto g(T t = {}) const -> int {\n",
                         "A::A(int x) : a_{x}, b_(x) {\n"):
                text = before + head + LONG_BODY + "}\n"
                self.expect(rules.sizes, "sim/core/a.hpp", text, before.count("\n") + 1)

    def test_functions_that_are_found(self):
        text = ("struct A {\n public:\n  A() : a_{1} {\n  }\n  int a_ = 0;\n};\n"
                "int f(A a) {\n  if (a) {\n  }\n}\nint table[] = {\n  1,\n};\n")
        self.assertEqual(cpp_text.functions(text), [(3, 4), (7, 10)])

    def test_banned(self):
        for path, code, allowed in (
                ("sim/core/a.cpp", "std::normal_distribution<> d;", False),
                ("sim/core/a.cpp", "std::random_device d;", False),
                ("models/driver/a.cpp", "auto t = std::chrono::system_clock::now();", False),
                ("scenarios/experiment/a.cpp", "auto t = std::chrono::steady_clock::now();", False),
                ("scenarios/experiment/replicate.cpp", "auto t = std::chrono::steady_clock::now();", True),
                ("sim/core/a.cpp", "std::chrono::high_resolution_clock c;", False),
                ("models/policy/a.cpp", "std::shuffle(a, b, c);", False),
                ("models/policy/a.cpp", "std::ranges::shuffle(a, c);", False),
                ("results/record/a.cpp", "std::unordered_map<int, int> m;", False),
                ("models/policy/a.cpp", "#include <unordered_set>", False),
                ("scenarios/load/a.cpp", "std::unordered_map<int, int> m;", True),
                ("sim/core/a.cpp", "int x = rand();", False),
                ("sim/core/a.cpp", "long double x = 0;", False),
                ("sim/core/a.cpp", "const boost::math::students_t t(3);", False),
                ("sim/core/a.cpp", "const boost::math::normal_distribution<double> n;", False),
                ("sim/core/a.cpp", "const boost::math::students_t_distribution<double, InDouble> t(3);", True),
                ("sim/core/a.cpp", "auto p = boost::math::cdf(t, 0.5);", True),
                ("sim/core/a.cpp", "int x = operand(1);  // rand() is not called", True),
                ("sim/core/a.cpp", "// " + "TO" + "DO later", False),
                ("tests/unit/a.cpp", "// FIX" + "ME", False),
                ("tests/CMakeLists.txt", "# HA" + "CK", False)):
            self.expect(rules.banned, path, f"\n{code}\n", 0 if allowed else 2)

    def test_headers(self):
        self.expect(rules.headers, "sim/core/a.hpp", HEADER, 0)
        self.expect(rules.headers, "sim/core/a.hpp", "// A part.\n", 1)
        self.expect(rules.headers, "tests/support/a.hpp", "#pragma once\n// A part.\n", 1)

    def test_test_namespaces(self):
        for text, line in (("\nnamespace userqsim::a_test {\n", 0), ("\nnamespace userqsim {\n", 1),
                           ("\nnamespace userqsim::b_test {\n", 1)):
            self.expect(rules.test_namespaces, "tests/unit/a_test.cpp", text, line)

    def test_links(self):
        self.write("docs/there.md", "")
        self.expect(rules.links, "README.md", "[a](docs/there.md#part) [b](https://example.org) [c](#here)\n", 0)
        self.expect(rules.links, "README.md", "\n[a](docs/gone.md)\n", 2)
        self.expect(rules.links, "docs/adr/0001-a.md", "[a](../gone.md)\n", 1)
        self.expect(rules.links, "README.md", "```\n[a](gone)\n```\n`[](gone)`\n", 0)

    def test_schema(self):
        path = "scenarios/schema/userqsim-scenario-1.schema.json"
        self.write("prints", "#!/bin/sh\necho '{}'\n")
        binary = self.root / "prints"
        binary.chmod(binary.stat().st_mode | stat.S_IXUSR)
        self.assertEqual(len(rules.schema_is_fresh(self.root, binary)), 2)
        self.write(path.replace("scenario-1", "study-1"), "{}\n")
        for text, stale in (("{}\n", False), ("{ }\n", True)):
            self.write(path, text)
            self.assertEqual(bool(rules.schema_is_fresh(self.root, binary)), stale)


if __name__ == "__main__":
    if len(sys.argv) > 1 and not sys.argv[1].startswith("-"):
        BINARY = str(Path(sys.argv.pop(1)).resolve())
    unittest.main()
