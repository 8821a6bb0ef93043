"""Which files node-pg-migrate applies, in which order and which part; tests/runners asks node-pg-migrate itself."""

from __future__ import annotations

import pytest

from fix_formats import applied, plan, tree
from migration_audit.formats import EntryState, LedgerEntry, find_format
from migration_audit.model.errors import SourceError

NAME = "node-pg-migrate"
Files = dict[str, str | bytes]
UP, DOWN = "-- Up Migration\n", "-- Down Migration\n"

PARTS = {
    "both": (UP + "a;\n" + DOWN + "b;\n", "-- Up Migration a;", ["3: down section"]),
    "no marker": ("a;\n", "a;", []),
    "up alone": ("\n" + UP + "a;\n", "-- Up Migration a;", []),
    "down first": (DOWN + "b;\n" + UP + "a;\n", "-- Up Migration a;", ["1: down section"]),
    "down alone": ("a;\n" + DOWN + "b;\n", "a; -- Down Migration b;", []),
    "SQL before": ("\nc;\n" + UP + "a;\n", "-- Up Migration a;", ["2: before the up section"]),
    "comments before": ("-- c\n/* d */\n" + UP + "a;\n" + DOWN, "-- Up Migration a;", []),
    "dashes": ("---\n" + UP + "---\na;\n---\n" + DOWN + "b;", "--- -- Up Migration --- a;", ["5: down section"]),
    "twice": (
        UP + "a;\n" + DOWN + "b;\n" + UP + "c;\n" + DOWN + "d;\n",
        "-- Up Migration a;",
        ["3: down section", "5: a second up section, which node-pg-migrate treats as part of the down section"],
    ),
    "a letter of two bytes before": ("-- é\n" + UP + "a;\n" + DOWN + "b;\n", "-- Up Migration a;", ["4: down section"]),
}


@pytest.mark.parametrize(("text", "expected", "left"), PARTS.values(), ids=PARTS)
def test_the_part_that_is_applied(text: str, expected: str, left: list[str]) -> None:
    found = plan(NAME, tree({"1_a.sql": text}))
    assert applied(found) == [("1_a.sql", expected)]
    assert found.files[0].text.count(b"\n") == text.count("\n")
    assert [str(each) for each in found.not_applied] == [f"db/1_a.sql:{each}" for each in left]
    assert [each.by_rule for each in found.not_applied] == [each.endswith(" section") and "up" not in each for each in left]
    assert found.one_transaction


def test_a_down_line_alone_is_a_note() -> None:
    assert plan(NAME, tree({"1_a.sql": "a;\n" + DOWN + "b;"})).notes == (
        "db/1_a.sql has a down line but no up line: node-pg-migrate applies the whole file",
    )


REFUSED = {
    "JavaScript": (
        {"1_a.sql": "", "2_b.js": ""},
        "db/2_b.js: a migration that is a program\n  → run node-pg-migrate itself",
    ),
    "TypeScript": ({"1_a.sql": "", "2_b.mts": ""}, "db/2_b.mts: a migration that is a program"),
    "text": (
        {"1_a.sql": "", "README.md": ""},
        "db/README.md: node-pg-migrate treats every file in its folder as a migration, and fails at this one",
    ),
    "no number": ({"1_a.sql": "", "b.sql": ""}, "db/b.sql: the name does not begin with a number"),
    "no date": ({"1_a.sql": "", "20201301000000000.sql": ""}, "db/20201301000000000.sql: node-pg-migrate reads 20201301"),
    "an hour too late": ({"1_a.sql": "", "20201201240000001.sql": ""}, "db/20201201240000001.sql: node-pg-migrate reads"),
    "an apostrophe": (
        {"1_it's.sql": ""},
        "db/1_it's.sql: node-pg-migrate inserts the name into SQL unescaped, so its apostrophe ends the string",
    ),
    "a body": (
        {"1.sql": "do $$\n-- up migration\n$$"},
        "db/1.sql:2: node-pg-migrate splits the file here, which is not a comment line to the server",
    ),
    "a string": (
        {"1.sql": "select '\n--down migration'"},
        "db/1.sql:2: node-pg-migrate splits the file here, which is not a comment line to the server",
    ),
    "a block comment": (
        {"1.sql": "/*\n-- Up Migration\n*/"},
        "db/1.sql:2: node-pg-migrate splits the file here, which is not a comment line to the server",
    ),
    "over two lines": (
        {"1.sql": "--\nup migration"},
        "db/1.sql:1: node-pg-migrate splits the file here, which is not a comment line to the server",
    ),
    "a byte order mark": ({"1.sql": b"\xef\xbb\xbfselect 1"}, "db/1.sql:1: starts with a byte order mark"),
    "a down file": (
        {"1_a.sql": "", "2_b.down.sql": ""},
        "db/2_b.down.sql: there is no .up.sql next to it: node-pg-migrate applies it or fails",
    ),
    "is next to it, but node-pg-migrate rejects two files of one migration": (
        {"1.up.sql": "", "1.down.sql": "", "1.sql": ""},
        "db/1.up.sql: 1.sql is next to it, but node-pg-migrate rejects two files of one migration",
    ),
}


@pytest.mark.parametrize(("files", "message"), REFUSED.values(), ids=REFUSED)
def test_refused(files: Files, message: str) -> None:
    with pytest.raises(SourceError) as refused:
        plan(NAME, tree(files))
    assert str(refused.value).startswith(message)


def test_names_that_differ_by_punctuation_alone_have_no_order() -> None:
    found = plan(NAME, tree(dict.fromkeys(("1_a_b.sql", "1_ab.sql", "1_ac.sql", "01_ab.sql"), "a;")))
    assert found.duplicates == (("01_ab.sql", ("db/01_ab.sql", "db/1_a_b.sql", "db/1_ab.sql")),)


def test_pairs_are_applied_whole_under_the_name_without_up() -> None:
    found = plan(NAME, tree({"2.up.sql": "a;\n" + DOWN + "b;", "2.down.sql": "c;", "10.sql": UP + "d;\n" + DOWN}))
    assert applied(found) == [("2.up.sql", "a; -- Down Migration b;"), ("10.sql", "-- Up Migration d;")]
    assert [file.entry for file in found.files] == ["2", "10"]
    assert [str(each) for each in found.not_applied] == ["db/2.down.sql: down migration"]
    assert [file.entry for file in plan(NAME, tree({"2.up.sql": "a;", "3.sql": "b;"})).files] == ["2.up", "3"]


def test_chosen_files_are_the_migrations_and_code_next_to_them_is_named() -> None:
    near = ("a/3_c.js", "a/README.md", "a/helpers.ts", "b/4.sql")
    found = plan(NAME, tree({"b/2_b.sql": "b;", "a/1_a.sql": "a;"}, is_whole=False, not_chosen=near))
    assert [file.path for file in found.files] == ["a/1_a.sql", "b/2_b.sql"]
    assert [(str(each), each.by_rule) for each in found.not_applied] == [
        ("db/a/3_c.js: a migration that is a program, which no glob of audit.toml selects", False)
    ]


def test_what_is_not_read_is_named() -> None:
    found = plan(NAME, tree({"1_a.sql": "a;", ".2_b.sql": "", "sub/3_c.sql": "", ".keep": ""}))
    assert [str(each) for each in found.not_applied] == [
        "db/.2_b.sql: the runner reads names that do not begin with a dot",
        "db/sub/3_c.sql: in a subfolder, which the runner does not read",
    ]


@pytest.mark.parametrize(
    ("files", "reason"),
    [
        ({"1_a.sql": "\n--- up  migration\na;"}, "db/1_a.sql has the line `--- up  migration`"),
        ({"1_a.sql": "select '\n-- Up Migration'"}, None),
        ({"1_a.sql": "a;", "a.sql": UP}, None),
    ],
)
def test_recognised(files: Files, reason: str | None) -> None:
    assert find_format(NAME).recognise(tree(files)) == reason


def test_the_ledger_by_name_and_order() -> None:
    ledger = find_format(NAME).ledger
    assert ledger is not None
    entries = [LedgerEntry(name=name, path=f"{name}.sql") for name in ("1_a", "2_b")]
    rows = [{"id": str(number), "name": name, "run_on": None} for number, name in enumerate(("2_b", "0_x"))]
    found = ledger.read(rows, entries)
    assert [verdict.state for verdict in found.verdicts] == [EntryState.ABSENT, EntryState.APPLIED]
    assert found.beyond == ("0_x",)
    assert found.notes[0].startswith("the ledger has 2_b in the place of 1_a")
