"""The line of a key is what the reader of an error message goes to: it must be right for every way to write TOML."""

import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from migration_audit.project.locate import KeyPath, locate, nearest

ROOT = Path(__file__).parents[2]


def paths_of(value: object, path: KeyPath = ()) -> set[KeyPath]:
    """Every path that tomllib knows, which is every path that the locator must know."""
    found: set[KeyPath] = {path} if path else set()
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, item in items:
        found |= paths_of(item, (*path, name))
    return found


CASES = {
    "plain key": ("a = 1", {("a",): 1}),
    "blank lines and comments": ("# [no]\n\n  # x = 1\n a = 1 # b = 2\n", {("a",): 4}),
    "windows line ends": ("a = 1\r\n\r\n[t]\r\nb = 2\r\n", {("a",): 1, ("t",): 3, ("t", "b"): 4}),
    "table": ("[t]\na = 1\n[u]\n  b = 2", {("t",): 1, ("t", "a"): 2, ("u",): 3, ("u", "b"): 4}),
    "table in a table": ("[t.u]\na = 1", {("t",): 1, ("t", "u"): 1, ("t", "u", "a"): 2}),
    "parent after child": ("[t.u]\n[t]\na = 1", {("t",): 1, ("t", "u"): 1, ("t", "a"): 3}),
    "spaces in a header": ("[ t . u ]\na = 1", {("t", "u", "a"): 2}),
    "dotted keys": ("t.u.a = 1\nt.b = 2", {("t",): 1, ("t", "u"): 1, ("t", "u", "a"): 1, ("t", "b"): 2}),
    "quoted keys": ('["a.b"]\n\'c d\' = 1\n"e\\"f" = 2\n"" = 3', {("a.b", "c d"): 2, ("a.b", 'e"f'): 3, ("a.b", ""): 4}),
    "array of tables": (
        "[[p]]\na = 1\n[[p]]\na = 2",
        {("p",): 1, ("p", 0): 1, ("p", 0, "a"): 2, ("p", 1): 3, ("p", 1, "a"): 4},
    ),
    "array of tables below a table": ("[s]\n[[s.x]]\na = 1\n[[s.x]]", {("s", "x", 0, "a"): 3, ("s", "x", 1): 4}),
    "table below an array of tables": (
        "[[p]]\n[p.q]\na = 1\n[[p]]\n[p.q]\na = 2\n[[p.r]]\nb = 3",
        {("p", 0, "q", "a"): 3, ("p", 1, "q", "a"): 6, ("p", 1, "r", 0, "b"): 8},
    ),
    "array over several lines": (
        "a = [\n  1, # ]\n  [2,\n 3],\n]\nb = 1",
        {("a", 0): 2, ("a", 1): 3, ("a", 1, 1): 4, ("b",): 6},
    ),
    "empty array and table": ("a = []\nb = {}\nc = [ # nothing\n]\nd = 1", {("d",): 5}),
    "inline table": ("a = {b = 1, c.d = [\n 2]}\ne = 1", {("a", "b"): 1, ("a", "c", "d", 0): 2, ("e",): 3}),
    "brackets in strings": ('a = \'[x]"#\'\nb = "]#\\"\'"\n[c]', {("b",): 2, ("c",): 3}),
    "string over several lines": ('a = """\n[x]\nb = 1\n\\"""\n"""\nc = 1', {("a",): 1, ("c",): 6}),
    "quotes before the closing quotes": ('a = """x"""""\nb = """"y""""\nc = 1', {("b",): 2, ("c",): 3}),
    "literal over several lines": ("a = '''\nb = '1' ''\n''''\nc = 1", {("a",): 1, ("c",): 4}),
    "empty strings": ("a = \"\"\nb = ''\nc = \"\"\"\"\"\"\nd = ''''''\ne = [\"\",'']", {("c",): 3, ("d",): 4, ("e", 1): 5}),
    "dates and numbers": (
        "a = 1979-05-27 07:32:00Z # x\nb = -1.5e+3\nc = [inf,-nan]\nd = 0xFF",
        {("b",): 2, ("c", 1): 3, ("d",): 4},
    ),
}


@pytest.mark.parametrize(("text", "expected"), CASES.values(), ids=CASES.keys())
def test_every_key_is_found_on_its_line(text: str, expected: dict[KeyPath, int]) -> None:
    found = locate(text)
    assert found.keys() == paths_of(tomllib.loads(text))
    assert {path: found[path] for path in expected} == expected


REAL_FILES = [
    ROOT / "pyproject.toml",
    ROOT / "lib/migration_audit/demo/trm/audit.toml",
]


@pytest.mark.parametrize("file", REAL_FILES, ids=lambda file: file.name)
def test_real_files_are_read_to_their_end(file: Path) -> None:
    text = file.read_text("utf-8")
    found = locate(text)
    assert found.keys() == paths_of(tomllib.loads(text))
    lines = text.split("\n")
    for path, line in found.items():
        if isinstance(path[-1], str):
            assert path[-1] in lines[line - 1]


VALUES = ["1", '"]"', '"""\n[x]\n"""', "'''\n\n'''", "[1, 2]", "[\n 1,\n\n 2, # ]\n]", "{a = 1, b = '}'}", "true", "[[]]"]
BLANKS = ["", "\n", "# [c]\n", "\n\n  # k = 1\n"]
PAIRS = st.lists(st.tuples(st.sampled_from(BLANKS), st.sampled_from(VALUES)), max_size=4)


@given(st.lists(st.tuples(st.sampled_from(["table", "item", "dotted"]), st.sampled_from(BLANKS), PAIRS), max_size=6))
def test_any_document_is_located_as_it_was_written(sections: list[tuple[str, str, list[tuple[str, str]]]]) -> None:
    text, expected, items = "", {}, 0

    def write(path: KeyPath, line: str) -> None:
        nonlocal text
        expected[path] = text.count("\n") + 1
        text += line + "\n"

    for number, (shape, blank, pairs) in enumerate(sections):
        text += blank
        here: KeyPath = ("items", items) if shape == "item" else ("top", f"t{number}")
        if shape == "item":
            write(here, "[[items]]")
            items += 1
        else:
            write(here, f"[top.t{number}]")
        for position, (space, value) in enumerate(pairs):
            text += space
            name = f"k{position}"
            write(
                (*here, "sub", name) if shape == "dotted" else (*here, name),
                f"{'sub.' * (shape == 'dotted')}{name} = {value}",
            )
    found = locate(text)
    assert found.keys() == paths_of(tomllib.loads(text))
    assert {path: found[path] for path in expected} == expected


def test_a_key_that_is_not_there_stands_where_its_table_stands() -> None:
    lines = locate("x = 1\n[t]\n[t.u]\n")
    assert nearest(lines, ("t", "u", "missing")) == 3
    assert nearest(lines, ("t", "missing", "deeper")) == 2
    assert nearest(lines, ("missing",)) == 1
