"""Just enough C++ to find functions: no preprocessor, no grammar, only braces and what stands before them."""
import re

TOKEN = re.compile(
    r'//[^\n]*|/\*.*?\*/'                                 # comments
    r'|R"(?P<tag>[^(\s]*)\(.*?\)(?P=tag)"'                # raw strings
    r'|"(?:\\.|[^"\\\n])*"|(?<![0-9A-Fa-f])\'(?:\\.|[^\'\\\n])+\'',  # strings, characters (not digit separators)
    re.DOTALL)
DIRECTIVE = re.compile(r"^[ \t]*#(?:[^\n]*\\\n)*[^\n]*", re.MULTILINE)
MARK = re.compile(r"[(){};]|\b(?:public|private|protected)\s*:")
SCOPE = re.compile(r"\b(namespace|class|struct|union|enum|extern)\b")


def blank(match):
    return re.sub(r"[^\n]", " ", match[0])


def without_comments_and_strings(text):
    """The same lines with comments, strings and characters blanked."""
    return TOKEN.sub(blank, text)


def is_scope(head):
    """Whether `head {` opens a namespace or a type rather than a function."""
    bare = head
    while (shorter := re.sub(r"<[^<>]*>|\[\[[^\]]*\]\]|\b(alignas|requires)\s*\([^()]*\)", " ", bare)) != bare:
        bare = shorter
    match = SCOPE.search(bare)
    return match is not None and "(" not in bare[:match.start()]


def functions(text):
    """(first line, last line) of every function, except those inside another."""
    code = DIRECTIVE.sub(blank, without_comments_and_strings(text))
    found = []
    head, body, depth, parens = 0, 0, 0, 0  # depth: open braces since the body's, while in a body or an initialiser
    for match in MARK.finditer(code):
        mark, end = match[0], match.end()
        if depth:
            depth += {"{": 1, "}": -1}.get(mark, 0)
            # Before a comma or a brace it was a member's initialiser: the head goes on, and so in parentheses.
            if depth == 0 and not parens and code[end:].lstrip()[:1] not in (",", "{"):
                if "(" in code[head:body]:
                    start = end - len(code[head:end].lstrip())
                    found.append((code.count("\n", 0, start) + 1, code.count("\n", 0, end) + 1))
                head = end
        elif mark in "()":
            parens += 1 if mark == "(" else -1
        elif mark == "{" and (parens or not is_scope(code[head:match.start()])):
            body, depth = match.start(), 1
        elif not parens:
            head = end
    return found
