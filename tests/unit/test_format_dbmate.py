"""What dbmate applies, in which order and transaction, and what its ledger says; tests/runners asks dbmate itself."""

from __future__ import annotations

import pytest

from fix_formats import applied, plan, tree
from migration_audit.formats import EntryState, LedgerEntry, find_format
from migration_audit.formats.interface import path_changes
from migration_audit.model.errors import SourceError
from migration_audit.model.sql import TransactionMode

UP, DOWN = "-- migrate:up\n", "-- migrate:down\n"


def test_only_the_up_sections_are_applied_and_the_lines_stay() -> None:
    text = "-- a\n" + UP + "create table a ();\n" + DOWN + "drop table a;\n" + UP + "create table b ();\n" + DOWN + "\n"
    found = plan("dbmate", tree({"1_a.sql": text}))
    assert applied(found) == [
        ("1_a.sql", "-- migrate:up create table a ();"),
        ("1_a.sql", "-- migrate:up create table b ();"),
    ]
    assert [file.text.count(b"\n") for file in found.files] == [text.count("\n")] * 2
    assert found.files[1].text.splitlines()[6] == b"create table b ();"
    assert [str(each) for each in found.not_applied] == ["db/1_a.sql:4: down section"]


def test_the_order_is_that_of_the_names_bytes() -> None:
    found = plan("dbmate", tree(dict.fromkeys(("2_a.sql", "10_b.sql", "1_c.sql", "01.sql"), UP + DOWN)))
    assert [(file.path, file.entry) for file in found.files] == [
        ("01.sql", "01"),
        ("10_b.sql", "10"),
        ("1_c.sql", "1"),
        ("2_a.sql", "2"),
    ]


def test_several_folders_are_one_list() -> None:
    found = plan("dbmate", tree({"2_b.sql": UP + DOWN}, shown="x"), tree({"1_a.sql": UP + DOWN}, shown="y"))
    assert [(file.tree, file.path) for file in found.files] == [(1, "1_a.sql"), (0, "2_b.sql")]


def test_what_dbmate_does_not_read_is_named() -> None:
    found = plan("dbmate", tree({"1_a.sql": UP + DOWN, "b.sql": "", "2.SQL": "", "old/3_c.sql": "", "README.md": ""}))
    assert [str(each) for each in found.not_applied] == [
        "db/2.SQL: the runner reads names that begin with a digit and end in .sql",
        "db/b.sql: the runner reads names that begin with a digit and end in .sql",
        "db/old/3_c.sql: in a subfolder, which the runner does not read",
    ]
    assert not any(each.by_rule for each in found.not_applied)


def test_chosen_files_may_lie_in_one_folder_deeper() -> None:
    assert [f.path for f in plan("dbmate", tree({"m/1_a.sql": UP + DOWN}, is_whole=False)).files] == ["m/1_a.sql"]
    with pytest.raises(SourceError, match="these are in several: db/m, db/n"):
        plan("dbmate", tree({"m/1_a.sql": UP + DOWN, "n/2_b.sql": UP + DOWN}, is_whole=False))


@pytest.mark.parametrize(
    ("options", "mode"),
    [
        ("", TransactionMode.FILE),
        (" transaction:false", TransactionMode.MESSAGE),
        ("\ttransaction:false\r", TransactionMode.MESSAGE),
        (" a:b transaction:true transaction:false because", TransactionMode.MESSAGE),
        (" transaction:false transaction:true", TransactionMode.FILE),
        (" transaction: false", TransactionMode.FILE),
        (" transaction:FALSE", TransactionMode.FILE),
        (" transaction:false:x", TransactionMode.FILE),
    ],
)
def test_how_a_section_opts_out_of_its_transaction(options: str, mode: TransactionMode) -> None:
    found = plan("dbmate", tree({"1.sql": f"-- migrate:up{options}\nselect 1;\n{DOWN}"}))
    assert [file.transaction for file in found.files] == [mode]


REFUSED = {
    "no marker": ("select 1;\n", "db/1_a.sql:1: the line `-- migrate:up`, which dbmate requires, is missing"),
    "a byte order mark": ("\ufeff" + UP + DOWN, "byte order mark"),
    "no down": ("\n" + UP + "select 1;\n", "db/1_a.sql:2: no `-- migrate:down` follows"),
    "no down in the first": (UP + "select 1;\n" + UP + DOWN, "db/1_a.sql:1: no `-- migrate:down` follows"),
    "two downs": (UP + DOWN + "\n" + DOWN, "db/1_a.sql:4: a second `-- migrate:down`"),
    "a statement before": ("-- x\nselect 1;\n" + UP + DOWN, "db/1_a.sql:2: dbmate allows only empty lines"),
    "a block comment before": ("/* x */\n" + UP + DOWN, "db/1_a.sql:1: dbmate allows only empty lines"),
    "a marker in a string": (
        UP + "select '\n" + DOWN + "';\n",
        "db/1_a.sql:3: dbmate splits the file at this line, which is inside a string, a body or a block comment",
    ),
    "a marker in a body": (
        UP + "do $$ begin\n" + DOWN + "end $$;\n" + DOWN,
        "db/1_a.sql:3: dbmate splits the file at this line, which is inside a string, a body or a block comment",
    ),
    "a marker in a comment": (
        "/*\n" + UP + "*/\n" + UP + DOWN,
        "db/1_a.sql:2: dbmate splits the file at this line, which is inside a string, a body or a block comment",
    ),
    "a marker over two lines": (
        "--\nmigrate:up\n" + DOWN,
        "db/1_a.sql:1: dbmate reads this line and the following ones as one marker, but the server does not",
    ),
    "an indented marker": (
        UP + "select 1;\n  -- migrate:down\n" + DOWN,
        "db/1_a.sql:3: `-- migrate:down` is not a marker for dbmate, which applies what follows unchanged",
    ),
    "another case": (
        UP + "-- Migrate:Down\n" + DOWN,
        "db/1_a.sql:2: `-- Migrate:Down` is not a marker for dbmate, which applies what follows unchanged",
    ),
    "a semicolon behind it": (
        UP + "-- migrate:down;\n" + DOWN,
        "db/1_a.sql:2: `-- migrate:down;` is not a marker for dbmate, which applies what follows unchanged",
    ),
}


@pytest.mark.parametrize(("text", "reported"), REFUSED.values(), ids=REFUSED)
def test_what_is_refused_with_its_line(text: str, reported: str) -> None:
    with pytest.raises(SourceError) as refused:
        plan("dbmate", tree({"1_a.sql": text}))
    assert reported in str(refused.value)
    assert refused.value.todo


def test_a_version_twice_is_refused_by_both_names() -> None:
    with pytest.raises(SourceError, match=r"y/1_b.sql: its version 1 is the same as that of x/1_a.sql"):
        plan("dbmate", tree({"1_a.sql": UP + DOWN}, shown="x"), tree({"1_b.sql": UP + DOWN}, shown="y"))


@pytest.mark.parametrize(
    ("sql", "schemas"),
    [
        ("set search_path = app, public;", [("app", "public")]),
        ("SET SESSION search_path TO 'App';", [("App",)]),
        ("set schema 'x';", [("x",)]),
        ("select pg_catalog.set_config('search_path', '', false);", [()]),
        ('set local search_path to "$user", public', [("public",)]),
        ("set search_path to default; set work_mem = 1;", []),
        ("create function f() returns int language sql set search_path = app as 'select 1';", []),
        ("select 'set search_path = app';", []),
    ],
)
def test_changes_of_the_search_path(sql: str, schemas: list[tuple[str, ...]]) -> None:
    assert [change.schemas for change in path_changes(sql.encode())] == schemas


def test_the_search_path_is_a_note_where_dbmate_would_look_for_its_ledger_elsewhere() -> None:
    text = UP + "set search_path = app;\n" + DOWN
    local = "-- migrate:up transaction:false\nset local search_path = app;\n" + DOWN
    found = plan("dbmate", tree({"1.sql": text, "2.sql": UP + "set search_path = public, app;\n" + DOWN, "3.sql": local}))
    assert [note.partition(":2 ")[0] for note in found.notes] == ["db/1.sql"]


def test_the_ledger_has_a_row_for_each_version() -> None:
    ledger = find_format("dbmate").ledger
    assert ledger is not None
    read = ledger.read([{"version": "1"}, {"version": "3"}], [LedgerEntry(name=n, path=f"{n}.sql") for n in ("1", "2")])
    assert [verdict.state for verdict in read.verdicts] == [EntryState.APPLIED, EntryState.ABSENT]
    assert read.verdicts[1].why == "no row has version 2"
    assert read.beyond == ("3",)


@pytest.mark.parametrize(
    ("files", "reason"),
    [
        ({"1_a.sql": UP + DOWN}, "1_a.sql has the line `-- migrate:up`"),
        ({"1_a.sql": "create table a ();"}, None),
        ({"a.sql": UP + DOWN}, None),
        ({"sub/1_a.sql": UP + DOWN}, None),
    ],
)
def test_how_a_folder_is_recognised(files: dict[str, str | bytes], reason: str | None) -> None:
    assert find_format("dbmate").recognise(tree(files)) == reason
