"""The rules of the tree, each a function from the root of a tree to a list of "path:line: what is wrong"."""
import ast
import re
import subprocess
from fnmatch import fnmatch
from pathlib import Path

import cpp_text

FLOORS = ("sim", "models", "results", "scenarios")
MODELS = ("workload", "profiles", "memory", "hardware", "policy", "firmware", "lifecycle", "driver",
          "machine")
MAX_FILE_LINES = 400
MAX_FUNCTION_LINES = 70

# Header -> the only files of the floors that may include it.
LIBRARIES = {
    r"nlohmann/.*": ("scenarios/load/*", "results/*"),
    r"CLI/.*": ("scenarios/cli/*",),
    r"spdlog/.*": ("scenarios/cli/logging.*",),
    r"boost/graph/.*": ("sim/graph/*",),
    r"protozero/.*": ("results/trace/pftrace.*",),
    r"zlib\.h": ("results/trace/gzip_file.*",),
}

# What may make two runs differ: pattern, floors it is banned from, files whose use of it reaches no result.
BANNED = (
    (r"\bstd::\w+_distribution\b", FLOORS, ()),
    (r"\brandom_device\b", FLOORS, ()),
    (r"\b(system_clock|steady_clock|high_resolution_clock)\b", FLOORS,
     ("scenarios/experiment/replicate.*", "scenarios/experiment/sweep.*", "scenarios/cli/cmd_explore.cpp",
      "results/record/manifest.*")),
    (r"\bstd::(ranges::)?shuffle\b", FLOORS, ()),
    (r"\bunordered_(multi)?(map|set)\b", ("sim", "models", "results"),
     ("sim/search/search.hpp",)),  # which asks it for membership alone
    (r"\bs?rand\s*\(", FLOORS, ()),
    # Not as wide on every machine; Boost.Math takes it unless it is told not to.
    (r"\blong double\b", FLOORS, ()),
    (r"\bboost::math::(?!(policies|cdf|quantile|complement)\b|\w+<double, InDouble>)", FLOORS, ()),
)
UNFINISHED = re.compile(r"\b(" + "|".join(("TO" + "DO", "FIX" + "ME", "X" * 3, "HA" + "CK")) + r")\b")
INCLUDE = re.compile(r'^\s*#\s*include\s*(["<])([^">]+)[">]')
LINK = re.compile(r"\[[^\]]*\]\(\s*<?([^)\s>]+)>?[^)]*\)")


def files(root, suffixes, folders=FLOORS + ("tests",)):
    for folder in folders:
        for path in sorted((root / folder).rglob("*")):
            if path.suffix in suffixes and path.is_file():
                yield path.relative_to(root)


def lines(root, path):
    return enumerate((root / path).read_text(encoding="utf-8").splitlines(), 1)


def includes(root):
    for path in files(root, (".hpp", ".cpp"), FLOORS):
        for number, line in lines(root, path):
            if match := INCLUDE.match(line):
                yield path, number, match[2], match[1] == '"'


def may_include(user, used):
    """Whether the file `user` may include the project's header `used`."""
    user, used = user.split("/"), used.split("/")
    if user[0] != used[0]:
        reads_files_only = user[0] == "results" and user[1] in ("check", "compare", "report")
        return FLOORS.index(used[0]) < FLOORS.index(user[0]) and not (reads_files_only and used[0] == "models")
    if user[0] == "models" and user[1] in MODELS and used[1] in MODELS:
        return MODELS.index(used[1]) <= MODELS.index(user[1])
    return True


def floors(root):
    """An include line names a floor, and only one that stands below."""
    found = []
    for path, number, used, quoted in includes(root):
        if used.split("/")[0] in FLOORS:
            if not may_include(path.as_posix(), used):
                found.append(f"{path}:{number}: may not include {used}")
        elif quoted:
            found.append(f"{path}:{number}: {used} names no floor")
    return found


def libraries(root):
    """A library that costs much or decides much stays behind its door."""
    found, writers = [], set()
    for path, number, used, _ in includes(root):
        for header, doors in LIBRARIES.items():
            if re.fullmatch(header, used) and not any(fnmatch(path.as_posix(), door) for door in doors):
                found.append(f"{path}:{number}: may not include {used}")
        if used.startswith("nlohmann/") and path.parts[0] == "results":
            writers.add(path)
            if len(writers) > 1:
                found.append(f"{path}:{number}: a second writer of results includes {used}")
    return found


def python_functions(text):
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            yield node.lineno, node.end_lineno


def sizes(root):
    """Files and functions are short."""
    found = []
    for path in files(root, (".hpp", ".cpp", ".py")):
        text = (root / path).read_text(encoding="utf-8")
        if (count := len(text.splitlines())) > MAX_FILE_LINES:
            found.append(f"{path}:1: {count} lines, more than {MAX_FILE_LINES}")
        functions = python_functions(text) if path.suffix == ".py" else cpp_text.functions(text)
        for first, last in functions:
            if (count := last - first + 1) > MAX_FUNCTION_LINES:
                found.append(f"{path}:{first}: a function of {count} lines, more than {MAX_FUNCTION_LINES}")
    return found


def banned(root):
    """Nothing that can differ between machines or runs; nothing left unfinished."""
    found = []
    for path in files(root, (".hpp", ".cpp"), FLOORS):
        code = cpp_text.without_comments_and_strings((root / path).read_text(encoding="utf-8"))
        for number, line in enumerate(code.splitlines(), 1):
            for pattern, where, allowed in BANNED:
                if path.parts[0] in where and not any(fnmatch(path.as_posix(), file) for file in allowed):
                    found += [f"{path}:{number}: {match[0]}" for match in re.finditer(pattern, line)]
    for path in files(root, (".hpp", ".cpp", ".py", ".txt")):
        found += [f"{path}:{number}: unfinished: {match[0]}"
                  for number, line in lines(root, path) for match in UNFINISHED.finditer(line)]
    return found


def headers(root):
    """A header opens with what it is, and is read once."""
    found = []
    for path in files(root, (".hpp",)):
        text = (root / path).read_text(encoding="utf-8")
        if not text.startswith(("//", "/*")):
            found.append(f"{path}:1: the first line says what the header is")
        if not re.search(r"^#pragma once$", text, re.MULTILINE):
            found.append(f"{path}:1: no #pragma once")
    return found


def test_namespaces(root):
    """A file of C++ tests is a namespace of its own, named after it: several are compiled as one."""
    found = []
    for path in files(root, (".cpp",), ("tests/unit", "tests/property", "tests/validation")):
        if f"\nnamespace userqsim::{path.stem} {{\n" not in (root / path).read_text(encoding="utf-8"):
            found.append(f"{path}:1: no namespace userqsim::{path.stem}")
    return found


def links(root):
    """A link in a document leads to a file."""
    found = []
    documents = [path.relative_to(root) for path in sorted(root.glob("*.md"))]
    for path in documents + list(files(root, (".md",), FLOORS + ("tests", "docs"))):
        fenced = False
        for number, line in lines(root, path):
            fenced ^= line.lstrip().startswith("```")
            for target in [] if fenced else LINK.findall(re.sub(r"`[^`]*`", "", line)):
                file = target.split("#")[0]
                if file and "://" not in file and not file.startswith("mailto:"):
                    if not (root / path.parent / file).exists():
                        found.append(f"{path}:{number}: no file {file}")
    return found


SOURCE_RULES = (floors, libraries, sizes, banned, headers, test_namespaces, links)


def schema_is_fresh(root, binary):
    """The committed schemas are those that the command prints."""
    found = []
    for kind, options in (("scenario", ()), ("study", ("--study",))):
        path = Path(f"scenarios/schema/userqsim-{kind}-1.schema.json")
        command = ("schema", *options)
        printed = subprocess.run([binary, *command], capture_output=True, check=True).stdout
        if not (root / path).is_file() or (root / path).read_bytes() != printed:
            found.append(f"{path}:1: differs from `userqsim {' '.join(command)}`; redirect the command's output into it")
    return found
