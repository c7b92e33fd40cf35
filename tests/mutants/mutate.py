"""Builds a program that differs from the built one in one source file, beside it and without touching it. Where the
build compiles several files as one, that file's neighbours are compiled again with it.
"""
import json
import os
import pathlib
import re
import shlex
import subprocess

ROOT = pathlib.Path(__file__).resolve().parents[2]
INCLUDED = re.compile(r'^#include "(.+)"$', re.MULTILINE)


class Build:
    """A build directory of Ninja's, and the program in it."""

    def __init__(self, program, directory, ninja):
        self.program = pathlib.Path(program).resolve()
        self.directory = pathlib.Path(directory).resolve()
        with open(self.directory / "compile_commands.json", encoding="utf-8") as file:
            entries = json.load(file)
        self._compile = {source: entry for entry in entries for source in self._sources(entry["file"])}
        target = self.program.relative_to(self.directory)
        commands = subprocess.run([ninja, "-C", self.directory, "-t", "commands", "-s", target],
                                  capture_output=True, text=True, check=True).stdout.splitlines()
        # CMake frames the call of the linker: ": && c++ ... -o program ... && :".
        (self._link,) = [words for words in self._calls(commands[-1]) if "-o" in words]

    @staticmethod
    def _sources(file):
        """The files that are compiled as `file`: itself, or those that CMake has put together in it."""
        path = pathlib.Path(file)
        if not path.name.startswith("unity_"):
            return [os.path.realpath(path)]
        return [os.path.realpath(source) for source in INCLUDED.findall(path.read_text(encoding="utf-8"))]

    @staticmethod
    def _calls(line):
        call = []
        for word in shlex.split(line):
            if word == "&&":
                yield call
                call = []
            else:
                call.append(word)
        yield call

    def mutant(self, source, text, place):
        """The program with `text` in the place of the file `source`; all that is made lies in `place`."""
        original = os.path.realpath(ROOT / source)
        entry = self._compile[original]
        mutated = place / pathlib.Path(source).name
        mutated.write_text(text, encoding="utf-8")
        compiled = mutated
        if os.path.realpath(entry["file"]) != original:
            compiled = place / "together.cpp"
            together = pathlib.Path(entry["file"]).read_text(encoding="utf-8")
            compiled.write_text(INCLUDED.sub(
                lambda line: f'#include "{mutated}"' if os.path.realpath(line[1]) == original else line[0], together),
                encoding="utf-8")
        made, program = place / "mutated.o", place / "userqsim"
        command = shlex.split(entry["command"])
        self._replace_after(command, "-o", made)
        self._replace_after(command, "-c", compiled)
        # A mutant may leave something unused.
        self._call(command + ["-Wno-error"], entry["directory"])
        # Before the libraries: of an archive only what is still missing is taken.
        command = list(self._link)
        self._replace_after(command, "-o", program)
        command.insert(command.index("-o"), str(made))
        self._call(command, self.directory)
        return program

    @staticmethod
    def _replace_after(command, option, value):
        command[command.index(option) + 1] = str(value)

    @staticmethod
    def _call(command, directory):
        done = subprocess.run(command, cwd=directory, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise RuntimeError(f"{shlex.join(command)}:\n{done.stdout}{done.stderr}")


def mutated_text(source, edits):
    """The file's text after `edits`, each of which finds the lines that it replaces exactly once."""
    text = (ROOT / source).read_text(encoding="utf-8")
    for edit in edits:
        old, new = "\n".join(edit["old"]), "\n".join(edit["new"])
        times = text.count(old)
        if times != 1:
            raise ValueError(f"{source}: {old!r} occurs {times} times, not once")
        text = text.replace(old, new)
    return text
