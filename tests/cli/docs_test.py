"""What documents show of the program is what the program prints: each block that names its command.

A block begins with a line `<!-- userqsim ARGUMENTS -->` and ends with `<!-- end -->`; a code fence inside it is kept.
Pictures in docs/lifecycle are drawn from graphs that stand beside them. With --update the blocks and graphs are written
anew, and the pictures where Graphviz is installed.
"""
import pathlib
import re
import shutil
import subprocess
import sys
import unittest

UPDATE = "--update" in sys.argv
ARGUMENTS = [argument for argument in sys.argv[1:] if argument != "--update"]
BINARY = ARGUMENTS[0] if ARGUMENTS else "build/release/scenarios/userqsim"
DOCUMENTS = sorted([*pathlib.Path("docs").glob("*.md"), pathlib.Path("README.md")])
GRAPHS = pathlib.Path("docs/lifecycle")
BLOCK = re.compile(r"^<!-- userqsim (?P<command>[^\n]*) -->\n(?P<body>.*?)^<!-- end -->$", re.MULTILINE | re.DOTALL)
FENCE = re.compile(r"^\n(?P<opening>```\w*\n)(?P<text>.*)```\n\n$", re.DOTALL)
REFRESH = f"refresh it: /usr/bin/python3 tests/cli/docs_test.py {BINARY} --update"


def printed(command):
    return subprocess.run([BINARY, *command.split()], capture_output=True, text=True, check=True).stdout


def body(command, old):
    fence = FENCE.match(old)
    if fence:
        return f"\n{fence['opening']}{printed(command)}```\n\n"
    return f"\n{printed(command)}\n"


def graph_names():
    """The lifecycles: a kernel profile that has another's is not drawn again."""
    kernels = [line.split(",")[0].strip('"') for line in printed("list kernels --format csv").splitlines()[1:]]
    return [name for name in kernels
            if printed(f"graph lifecycle --kernel {name} --dot").startswith(f'digraph "lifecycle {name}"')]


class Docs(unittest.TestCase):
    def test_blocks(self):
        blocks = 0
        for path in DOCUMENTS:
            text = path.read_text("utf-8")
            blocks += len(BLOCK.findall(text))
            fresh = BLOCK.sub(
                lambda block: f"<!-- userqsim {block['command']} -->\n{body(block['command'], block['body'])}<!-- end -->",
                text)
            if UPDATE:
                path.write_text(fresh, "utf-8")
            else:
                self.assertTrue(text == fresh, f"{path} is stale; {REFRESH}")
        self.assertGreater(blocks, len(graph_names()))

    def test_every_block_is_read(self):
        for path in DOCUMENTS:
            text = path.read_text("utf-8")
            self.assertEqual(text.count("<!-- userqsim "), len(BLOCK.findall(text)), path)

    def test_graphs(self):
        for name in graph_names():
            path = GRAPHS / f"{name}.dot"
            fresh = printed(f"graph lifecycle --kernel {name} --dot")
            if UPDATE:
                path.write_text(fresh, "utf-8")
                if shutil.which("dot"):
                    subprocess.run(["dot", "-Tsvg", path, "-o", path.with_suffix(".svg")], check=True)
            self.assertTrue(path.exists() and path.read_text("utf-8") == fresh, f"{path} is stale; {REFRESH}")

    def test_pictures_show_the_graphs(self):
        """Every label stands in the picture as often as in the graph."""
        for path in sorted(GRAPHS.glob("*.dot")):
            labels = re.findall(r'label="(.*)"', path.read_text("utf-8"))
            graph = sorted(line for label in labels for line in label.split("\\n"))
            picture = re.findall(r"<text[^>]*>(.*)</text>", path.with_suffix(".svg").read_text("utf-8"))
            plain = [text.replace("&#45;", "-").replace("&gt;", ">").replace("&amp;", "&") for text in picture]
            self.assertEqual(sorted(plain), graph, f"{path.with_suffix('.svg')} is stale; {REFRESH}")

    def test_no_graph_is_left_over(self):
        self.assertEqual({path.stem for path in GRAPHS.iterdir()}, set(graph_names()))


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
