"""What goose applies, where it cuts, and what its ledger says; tests/runners asks goose itself."""

from __future__ import annotations

import itertools

import pytest

from fix_formats import applied, plan, tree
from migration_audit.formats import EntryState, LedgerEntry, Row, find_format
from migration_audit.formats.goose_reader import SubstitutionError, substitute
from migration_audit.model.errors import SourceError
from migration_audit.model.sql import TransactionMode

UP, DOWN = "-- +goose Up\n", "-- +goose Down\n"
BEGIN, END = "-- +goose StatementBegin\n", "-- +goose StatementEnd\n"
ON, OFF = "-- +goose ENVSUB ON\n", "-- +goose ENVSUB OFF\n"


def messages(text: str, **values: str) -> list[str]:
    """What goose sends of one file."""
    (file,) = plan("goose", tree({"1_a.sql": text}), placeholders=values).files
    edges = itertools.pairwise([0, *(file.cuts or ())])
    return [file.text[start:stop].decode().strip() for start, stop in edges]


def test_the_order_is_by_version_and_the_ledger_has_no_zeros() -> None:
    names = ("10_b.sql", "9_a.sql", "0007_c.sql", "20240131120000_d.sql", "+8_e.sql")
    found = plan("goose", tree(dict.fromkeys(names, UP)))
    assert [(file.path, file.entry) for file in found.files] == [
        ("0007_c.sql", "7"),
        ("+8_e.sql", "8"),
        ("9_a.sql", "9"),
        ("10_b.sql", "10"),
        ("20240131120000_d.sql", "20240131120000"),
    ]


def test_only_the_up_section_is_applied_at_its_lines() -> None:
    text = f"\n-- a\n{UP}\n-- b\ncreate table a (\n-- i\ni int\n);\n{DOWN}\ndrop table a;\n"
    found = plan("goose", tree({"1_a.sql": text, "old/2_b.sql": "", "3_c.SQL": ""}))
    assert applied(found) == [("1_a.sql", "create table a ( -- i i int );")]
    assert found.files[0].text.decode().split("\n")[5] == "create table a ("
    assert [(str(each), each.by_rule) for each in found.not_applied] == [
        ("db/1_a.sql:10: down section", True),
        ("db/3_c.SQL: the runner reads names that end in .sql", False),
        ("db/old/2_b.sql: in a subfolder, which the runner does not read", False),
    ]


@pytest.mark.parametrize(
    ("text", "sent"),
    [
        ("a;\nb;\n", ["a;", "b;"]),
        ("a; b;\nc;\n", ["a; b;", "c;"]),
        ("a; /* x */\nb;\n", ["a; /* x */\nb;"]),
        (f"{BEGIN}a;\nb;\n{END}c;\n", ["a;\nb;", "c;"]),
        (f"{BEGIN}a\n{END}b;\n", ["a\n;", "b;"]),
        (f"a\n{BEGIN}b;\n{END}", ["a\nb;"]),
        (f"{BEGIN}{END}a;\nb;\n", ["b;"]),
        (f"{BEGIN}{END}-- x\n\na;\nb;\n", ["b;"]),
        (f"-- x\n{BEGIN}-- y\na;\n{END}", ["a;"]),
    ],
)
def test_where_a_message_ends(text: str, sent: list[str]) -> None:
    assert messages(UP + text) == sent


def test_the_line_that_goose_loses_is_named() -> None:
    found = plan("goose", tree({"1_a.sql": UP + BEGIN + END + "-- x\ncreate table a ();\ncreate table b ();\n"}))
    assert [(str(each), each.by_rule) for each in found.not_applied] == [
        ("db/1_a.sql:5: ignored: goose drops the line after an empty block", False)
    ]


@pytest.mark.parametrize(
    ("text", "mode"),
    [
        (UP, TransactionMode.FILE),
        ("-- +goose NO TRANSACTION\n" + UP, TransactionMode.MESSAGE),
        (UP + "--+goose no transaction\r\nvacuum;\n", TransactionMode.MESSAGE),
        (UP + "vacuum;\n" + DOWN + "-- +goose NO TRANSACTION\n", TransactionMode.MESSAGE),
    ],
)
def test_how_a_file_opts_out_of_its_transaction(text: str, mode: TransactionMode) -> None:
    (file,) = plan("goose", tree({"1_a.sql": text})).files
    assert file.transaction is mode


VALUES = {"NAME": "app", "EMPTY": "", "LONG": "abcdef"}


@pytest.mark.parametrize(
    ("text", "replaced"),
    [
        ("$NAME ${NAME}x $NAMEx", "app appx "),
        ("${EMPTY:-a} ${EMPTY-a} ${NAME:-a} ${NONE:-a} ${NONE-a}", "a  app a a"),
        ("${NONE:-${NAME}-$NAME}", "app-app"),
        ("${NAME?no} ${EMPTY?no}", "app "),
        ("${LONG:2} ${LONG:1:3} ${LONG: -2} ${LONG:9} ${LONG:0:-1} ${LONG:-9}", "cdef bcd ef  abcde abcdef"),
        (r"\\ \$NAME $$NAME $(NAME) $", r"\\ $NAME $NAME $(NAME) $"),
        ("100%", "100%"),
    ],
)
def test_variables_are_replaced_as_goose_does(text: str, replaced: str) -> None:
    assert substitute(text, VALUES.get) == replaced


@pytest.mark.parametrize("text", ["$5", "${5}", "$_a", "${NAME", "${NAME+x}", "${LONG:x}", "${NONE?why}", "${NAME:-$5}"])
def test_variables_that_goose_refuses(text: str) -> None:
    with pytest.raises(SubstitutionError):
        substitute(text, VALUES.get)


def test_variables_count_only_where_they_are_switched_on() -> None:
    text = f"{UP}a $NAME;\n{ON}b $NAME;\n{OFF}c $NAME;\n{DOWN}{ON}d $NOBODY;\n"
    assert messages(text, NAME="x") == ["a $NAME;", "b x;", "c $NAME;"]


REFUSED = {
    "` is not an annotation of goose, which rejects the file": ("select 1;\n", "db/1_a.sql:1: SQL before `-- +goose Up`"),
    "nothing": ("-- x\n", "db/1_a.sql:1: the line `-- +goose Up`, which goose requires, is missing"),
    "a byte order mark": ("\ufeff" + UP, "starts with a byte order mark"),
    "two ups": (UP + UP, "db/1_a.sql:2: a second `-- +goose Up`"),
    "two downs": (UP + DOWN + DOWN, "db/1_a.sql:3: `-- +goose Down` has to follow"),
    "only down": (DOWN, "db/1_a.sql:1: `-- +goose Down` has to follow"),
    "down in a block": (UP + BEGIN + DOWN + END, "db/1_a.sql:3: `-- +goose Down` has to follow"),
    "a block before up": (BEGIN + UP, "db/1_a.sql:1: `-- +goose StatementBegin` has to follow"),
    "no begin": (UP + END, "db/1_a.sql:2: no `-- +goose StatementBegin` precedes this"),
    "no end": (UP + BEGIN + "select 1;\n", "db/1_a.sql:2: no `-- +goose StatementEnd` follows"),
    "no semicolon": (
        UP + "\nselect 1\n-- x\n",
        "db/1_a.sql:3: this statement is not terminated: goose requires a line that ends with a semicolon",
    ),
    "no semicolon before down": (
        UP + "select 1\n" + DOWN,
        "db/1_a.sql:2: this statement is not terminated: goose requires a line that ends with a semicolon",
    ),
    "indented": (UP + " -- +goose Down\n", "db/1_a.sql:2: `-- +goose Down` is not an annotation"),
    "unknown": (UP + "-- +goose Dwon\n", "db/1_a.sql:2: `-- +goose Dwon` is not an annotation"),
    "in a body": (UP + BEGIN + "do $$\n-- uses +goose\n$$;\n" + END, "db/1_a.sql:4: `-- uses +goose` is not an annotation"),
    "a body that is cut": (UP + "do $$\nbegin\n  perform 1;\nend $$;\n", "db/1_a.sql:4: goose ends a statement here"),
    "a begin alone": ("-- +goose NO TRANSACTION\n" + UP + "begin;\n", "db/1_a.sql:3: goose's driver drops a connection"),
    "an unknown variable": (UP + ON + "select '$NAME';\n", "db/1_a.sql:3: the value of $NAME is unknown"),
    "an unknown variable with a default": (
        UP + ON + "select '${NAME:-x}';\n",
        "db/1_a.sql:3: the value of $NAME is unknown",
    ),
    "no variable": (UP + ON + "select '$5';\n", "db/1_a.sql:3: goose cannot replace the variables"),
    "no variable in down": (UP + DOWN + ON + "select '$5';\n", "db/1_a.sql:4: goose cannot replace the variables"),
}


@pytest.mark.parametrize(("text", "reported"), REFUSED.values(), ids=REFUSED)
def test_what_is_refused_with_its_line(text: str, reported: str) -> None:
    with pytest.raises(SourceError) as refused:
        plan("goose", tree({"1_a.sql": text}))
    assert reported in str(refused.value)
    assert refused.value.todo


@pytest.mark.parametrize(
    ("names", "reported"),
    [
        (("1_a.sql", "01_b.sql"), "its version 1 is the same as that of db/01_b.sql"),
        (("a.sql",), "db/a.sql: the name has no version"),
        (("0_a.sql",), "db/0_a.sql: the name has no version"),
        (("1-a.sql",), "db/1-a.sql: the name has no version"),
        ((f"{2**63}_a.sql",), "the name has no version"),
        (("1_a.sql", "2_b.go"), "db/2_b.go: is a migration in Go"),
    ],
)
def test_which_names_are_refused(names: tuple[str, ...], reported: str) -> None:
    with pytest.raises(SourceError) as refused:
        plan("goose", tree(dict.fromkeys(names, UP)))
    assert reported in str(refused.value)


def test_other_go_files_are_none_of_gooses() -> None:
    assert plan("goose", tree({"1_a.sql": UP, "embed.go": "", "2_b_test.go": ""})).not_applied == ()


def test_a_migration_in_go_next_to_the_chosen_files_is_refused() -> None:
    chosen = tree({"1_a.sql": UP}, is_whole=False, not_chosen=("2_b.go",))
    with pytest.raises(SourceError, match=r"db/2_b\.go: is a migration in Go"):
        plan("goose", chosen)


A, B, F = EntryState.APPLIED, EntryState.ABSENT, EntryState.FAILED


def row(version: str, is_applied: str = "true") -> Row:
    return {"id": "1", "version_id": version, "is_applied": is_applied}


@pytest.mark.parametrize(
    ("rows", "states", "beyond"),
    [
        ([], [B, B], ()),
        ([row("0")], [B, B], ()),
        ([row("0"), row("1"), row("2")], [A, A], ()),
        ([row("0"), row("2")], [B, A], ()),
        ([row("0"), row("1"), row("1", "false"), row("2")], [F, A], ()),
        ([row("1"), row("1", "false"), row("1"), row("2")], [A, A], ()),
        ([row("1"), row("2"), row("7"), row("8"), row("8", "false")], [A, A], ("7",)),
    ],
)
def test_the_last_row_of_a_version_decides(rows: list[Row], states: list[EntryState], beyond: tuple[str, ...]) -> None:
    ledger = find_format("goose").ledger
    assert ledger is not None
    read = ledger.read(rows, [LedgerEntry(name=name, path=f"{name}.sql") for name in ("1", "2")])
    assert [verdict.state for verdict in read.verdicts] == states
    assert read.beyond == beyond
    assert all(verdict.why for verdict in read.verdicts if verdict.state is not A)


@pytest.mark.parametrize(
    ("files", "reason"),
    [
        ({"1_a.sql": UP}, "1_a.sql has the line `-- +goose Up`"),
        ({"1_a.sql": "--+goose up\r\n"}, "1_a.sql has the line `--+goose up`"),
        ({"a.sql": UP}, None),
        ({"1_a.sql": "select 1;"}, None),
        ({"sub/1_a.sql": UP}, None),
    ],
)
def test_how_a_folder_is_recognised(files: dict[str, str | bytes], reason: str | None) -> None:
    assert find_format("goose").recognise(tree(files)) == reason
