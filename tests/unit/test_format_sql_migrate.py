"""What sql-migrate applies, where it cuts, and what its ledger says; tests/runners asks sql-migrate itself."""

from __future__ import annotations

import itertools

import pytest

from fix_formats import applied, plan, tree
from migration_audit.formats import EntryState, LedgerEntry, find_format
from migration_audit.formats.chunks import ends_statement
from migration_audit.model.errors import SourceError
from migration_audit.model.sql import TransactionMode

UP, DOWN = "-- +migrate Up\n", "-- +migrate Down\n"
BEGIN, END = "-- +migrate StatementBegin\n", "-- +migrate StatementEnd\n"


def one(text: str) -> tuple[str, list[str]]:
    """The applied text of one file, and its messages."""
    (file,) = plan("sql-migrate", tree({"1_a.sql": text})).files
    edges = [0, *(file.cuts or ())]
    messages = [file.text[start:stop].decode().strip() for start, stop in itertools.pairwise(edges)]
    return file.text.decode(), messages


def test_the_order_is_by_number_then_by_name() -> None:
    names = ("a.sql", "10_a.sql", "9_z.sql", "B.sql", "1_b.sql", "01_c.sql", "1_a.sql", "1.sql")
    found = plan("sql-migrate", tree(dict.fromkeys(names, UP)))
    order = ["01_c.sql", "1.sql", "1_a.sql", "1_b.sql", "9_z.sql", "10_a.sql", "B.sql", "a.sql"]
    assert [(file.path, file.entry) for file in found.files] == [(name, name) for name in order]


def test_only_the_up_sections_are_applied_at_their_lines() -> None:
    text = f"-- a\n{UP}\ncreate table a ();\n{DOWN}drop table a;\n{UP}create table b (\n-- i\ni int\n);\n{DOWN}"
    found = plan("sql-migrate", tree({"1_a.sql": text}))
    assert applied(found) == [("1_a.sql", "create table a (); create table b ( i int );")]
    lines = found.files[0].text.decode().split("\n")
    assert (lines[3], lines[7:11]) == ("create table a ();", ["create table b (", "", "i int", ");"])
    assert [str(each) for each in found.not_applied] == ["db/1_a.sql:5: down section"]


def test_sql_that_sql_migrate_never_reads_is_named() -> None:
    found = plan("sql-migrate", tree({"1.sql": f"\n-- x\ncreate table a ();\n{UP}", "2.SQL": "", "old/3.sql": ""}))
    assert [str(each) for each in found.not_applied] == [
        "db/1.sql:3: before the first marker, which sql-migrate ignores",
        "db/2.SQL: the runner reads names that end in .sql",
        "db/old/3.sql: in a subfolder, which the runner does not read",
    ]
    assert not any(each.by_rule for each in found.not_applied)


@pytest.mark.parametrize(
    ("text", "messages"),
    [
        ("a;\nb;\n", ["a;", "b;"]),
        ("a; b;\nc;\n", ["a; b;", "c;"]),
        ("a; /* x */\nb; -- y\n", ["a; /* x */\nb; -- y"]),
        ("a; --x\n", ["a; --x"]),
        (f"{BEGIN}a;\nb;\n{END}c;\n", ["a;\nb;", "c;"]),
        (f"a\n{BEGIN}b;\n{END}", ["a\n\nb;"]),
        (f"{BEGIN}a\n{END}b;\n", ["a\n;", "b;"]),
        ("a--;\n;\n", ["a--;\n;", ";"]),
        (f"{BEGIN}\n{END}a;\n", ["a;"]),
        (f"-- x;\n{BEGIN}-- only a comment\n{END}", []),
    ],
)
def test_where_a_message_ends(text: str, messages: list[str]) -> None:
    assert one(UP + text)[1] == messages


def test_lines_that_begin_with_a_comment_are_left_out_of_bodies() -> None:
    body = "create function f() returns int language sql as $$\n-- one\nselect 1\n-- two\n$$;\ncreate table a ();\n"
    text, messages = one(UP + BEGIN + body + END + "create table b ();\n")
    assert messages[0].startswith("create function f() returns int language sql as $$\nselect 1\n$$")
    lines = text.split("\n")
    assert (lines.index("create table a ();"), lines.index("create table b ();")) == (7, 9)


@pytest.mark.parametrize(
    ("line", "ends"),
    [
        ("a;", True),
        ("a; ", True),
        ("a;\u00a0\u2003", True),
        ("a; -- b", True),
        ("a;--b", False),
        ("a; /* b */", False),
        ("-- a;", False),
        ("--a;", False),
        ("/* a;", True),
        ("';'", False),
        ("", False),
    ],
)
def test_which_lines_end_a_statement(line: str, ends: bool) -> None:
    assert ends_statement(line.encode()) is ends


@pytest.mark.parametrize(
    ("marker", "mode"),
    [
        ("-- +migrate Up", TransactionMode.FILE),
        ("-- +migrate Up notransaction", TransactionMode.MESSAGE),
        ("-- +migrate Up x\tnotransaction\r", TransactionMode.MESSAGE),
        ("-- +migrate Up NOTRANSACTION", TransactionMode.FILE),
        ("-- +migrate Down notransaction\n-- +migrate Up", TransactionMode.FILE),
        ("-- +migrate Up\n-- +migrate Up notransaction", TransactionMode.MESSAGE),
    ],
)
def test_how_a_file_opts_out_of_its_transaction(marker: str, mode: TransactionMode) -> None:
    (file,) = plan("sql-migrate", tree({"1.sql": f"{marker}\nselect 1;\n"})).files
    assert file.transaction is mode


REFUSED = {
    "no marker": ("select 1;\n", "db/1_a.sql:1: the line `-- +migrate Up`, which sql-migrate requires, is missing"),
    "a byte order mark": ("\ufeff" + UP, "starts with a byte order mark"),
    "no semicolon": (
        UP + "\nselect 1\n",
        "db/1_a.sql:3: this statement is not terminated: sql-migrate requires a line that ends with a semicolon",
    ),
    "no semicolon before down": (
        UP + "select 1\n" + DOWN,
        "db/1_a.sql:2: this statement is not terminated: sql-migrate requires a line that ends with a semicolon",
    ),
    "no semicolon in down": (
        UP + DOWN + "select 1\n",
        "db/1_a.sql:3: this statement is not terminated: sql-migrate requires a line that ends with a semicolon",
    ),
    "a comment at the end": (
        UP + "select 1;\n--x\n",
        "db/1_a.sql:3: this statement is not terminated: sql-migrate requires a line that ends with a semicolon",
    ),
    "no end of the block": (UP + BEGIN + "select 1;\n", "no `-- +migrate StatementEnd` follows"),
    "another case": (
        UP + "-- +migrate down\n",
        "db/1_a.sql:2: `-- +migrate down` is not a marker for sql-migrate, which ignores it",
    ),
    "no command": ("-- +migrate\n" + UP, "db/1_a.sql:1: `-- +migrate` is not a marker for sql-migrate, which ignores it"),
    "indented": (
        UP + "select 1\n;\n  -- +migrate Down\n",
        "db/1_a.sql:4: `-- +migrate Down` is not a marker for sql-migrate, which ignores it",
    ),
    "a comment that is cut": (UP + "/* a;\n b */ select 1;\n", "db/1_a.sql:2: sql-migrate ends a statement here"),
    "a string that is cut": (UP + "select 'a;\nb';\n", "db/1_a.sql:2: sql-migrate ends a statement here"),
    "a body that is cut": (UP + "do $$\nbegin\n  perform 1;\nend $$;\n", "comment that begins at line 2"),
}


@pytest.mark.parametrize(("text", "reported"), REFUSED.values(), ids=REFUSED)
def test_what_is_refused_with_its_line(text: str, reported: str) -> None:
    with pytest.raises(SourceError) as refused:
        plan("sql-migrate", tree({"1_a.sql": text}))
    assert reported in str(refused.value)
    assert refused.value.todo


def test_a_number_beyond_64_bits_and_a_second_folder_are_refused() -> None:
    with pytest.raises(SourceError, match="exceeds 64 bits"):
        plan("sql-migrate", tree({f"{2**63}_a.sql": UP}))
    with pytest.raises(SourceError, match="sql-migrate reads one folder"):
        plan("sql-migrate", tree({}, shown="x"), tree({}, shown="y"))


@pytest.mark.parametrize(
    ("sql", "notes"),
    [
        ("set search_path = app;\n", ["db/1.sql:2"]),
        ("select pg_catalog.set_config('search_path', '', false);\n", ["db/1.sql:2"]),
        ("set search_path = app, public;\n", []),
    ],
)
def test_a_search_path_without_the_ledgers_schema_is_a_note(sql: str, notes: list[str]) -> None:
    found = plan("sql-migrate", tree({"1.sql": UP + sql}))
    assert [note.partition(" sets ")[0] for note in found.notes] == notes


def test_the_ledger_has_a_row_for_each_file_name() -> None:
    ledger = find_format("sql-migrate").ledger
    assert ledger is not None
    read = ledger.read([{"id": "1.sql"}, {"id": "3.sql"}], [LedgerEntry(name=n, path=n) for n in ("1.sql", "2.sql")])
    assert [verdict.state for verdict in read.verdicts] == [EntryState.APPLIED, EntryState.ABSENT]
    assert read.beyond == ("3.sql",)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (UP, "1.sql has the line `-- +migrate Up`"),
        ("x\n-- +migrate Down\r\n", "1.sql has the line `-- +migrate Down`"),
        ("-- +migrate StatementBegin\n", None),
        ("select 1;", None),
    ],
)
def test_how_a_folder_is_recognised(text: str, reason: str | None) -> None:
    assert find_format("sql-migrate").recognise(tree({"1.sql": text})) == reason
