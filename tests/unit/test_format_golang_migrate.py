"""Which files golang-migrate applies, in which order, and what its ledger says; tests/runners asks golang-migrate itself."""

from __future__ import annotations

import pytest

from fix_formats import applied, plan, tree
from migration_audit.formats import EntryState, LedgerEntry, Row, find_format
from migration_audit.model.errors import SourceError
from migration_audit.model.sql import TransactionMode


def test_the_up_files_are_applied_by_number() -> None:
    names = ("10_b.up.sql", "9_a.up.sql", "0007_c.up.sql", "9_a.down.sql", "0_.up.sql", "11_x.y.up.txt")
    found = plan("golang-migrate", tree({name: name for name in names}))
    order = ["0_.up.sql", "0007_c.up.sql", "9_a.up.sql", "10_b.up.sql", "11_x.y.up.txt"]
    assert applied(found) == [(name, name) for name in order]
    assert [file.entry for file in found.files] == ["0", "7", "9", "10", "11"]
    assert {file.transaction for file in found.files} == {TransactionMode.MESSAGE}
    assert [str(each) for each in found.not_applied] == ["db/9_a.down.sql: down migration"]


def test_what_golang_migrate_does_not_read_is_named() -> None:
    names = ("1_a.up.sql", "2.up.sql", "3_c.sql", f"{2**64}_d.up.sql", "old/4_d.up.sql", "README.md", "5_e.UP.sql")
    found = plan("golang-migrate", tree(dict.fromkeys(names, "")))
    assert [str(each) for each in found.not_applied] == [
        "db/18446744073709551616_d.up.sql: the runner reads names such as 1_title.up.sql",
        "db/2.up.sql: the runner reads names such as 1_title.up.sql",
        "db/3_c.sql: the runner reads names such as 1_title.up.sql",
        "db/5_e.UP.sql: the runner reads names such as 1_title.up.sql",
        "db/old/4_d.up.sql: in a subfolder, which the runner does not read",
    ]
    assert not any(each.by_rule for each in found.not_applied)


def test_a_version_without_an_up_file_is_a_note() -> None:
    found = plan("golang-migrate", tree({"1_a.up.sql": "", "2_b.down.sql": ""}))
    assert found.notes == ("db/2_b.down.sql has no up file: golang-migrate records its version and applies nothing",)


@pytest.mark.parametrize(
    ("names", "reported"),
    [
        (("1_a.up.sql", "01_b.up.sql"), "db/1_a.up.sql: its version 1 is the same as that of db/01_b.up.sql"),
        (("1_a.down.sql", "1_b.down.sql"), "db/1_b.down.sql: its version 1 is the same as that of db/1_a.down.sql"),
        ((f"{2**63}_a.up.sql",), "exceeds the ledger's bigint, so golang-migrate fails"),
    ],
)
def test_what_is_refused(names: tuple[str, ...], reported: str) -> None:
    with pytest.raises(SourceError) as refused:
        plan("golang-migrate", tree(dict.fromkeys(names, "")))
    assert reported in str(refused.value)
    assert refused.value.todo


def test_a_byte_order_mark_is_refused() -> None:
    with pytest.raises(SourceError, match=r"db/1_a.up.sql:1: starts with a byte order mark"):
        plan("golang-migrate", tree({"1_a.up.sql": "\ufeffselect 1"}))


A, B, F = EntryState.APPLIED, EntryState.ABSENT, EntryState.FAILED


@pytest.mark.parametrize(
    ("rows", "states", "beyond"),
    [
        ([], [B, B, B], ()),
        ([{"version": "3", "dirty": "false"}], [A, A, A], ()),
        ([{"version": "2", "dirty": "false"}], [A, A, B], ()),
        ([{"version": "2", "dirty": "true"}], [A, F, B], ()),
        ([{"version": "-1", "dirty": "true"}], [B, B, B], ()),
        ([{"version": "7", "dirty": "false"}], [A, A, A], ("7",)),
        ([{"version": "1", "dirty": "false"}, {"version": "3", "dirty": "false"}], [A, A, A], ()),
    ],
)
def test_the_one_row_of_the_ledger(rows: list[Row], states: list[EntryState], beyond: tuple[str, ...]) -> None:
    ledger = find_format("golang-migrate").ledger
    assert ledger is not None
    read = ledger.read(rows, [LedgerEntry(name=name, path=f"{name}.sql") for name in ("1", "2", "3")])
    assert [verdict.state for verdict in read.verdicts] == states
    assert read.beyond == beyond
    assert bool(read.notes) == (len(rows) > 1)
    assert all(verdict.why for verdict in read.verdicts if verdict.state is not A)


@pytest.mark.parametrize(
    ("names", "other", "reason"),
    [
        (("1_a.up.sql",), None, "1_a.up.sql is named as golang-migrate's"),
        (("1_a.down.sql",), None, None),
        (("a.sql",), None, None),
        (("sub/1_a.up.sql",), None, None),
        (("1_a.up.sql",), "../Cargo.toml", None),
        (("1_a.up.sql",), "../go.mod", "1_a.up.sql is named as golang-migrate's"),
    ],
)
def test_how_a_folder_is_recognised(names: tuple[str, ...], other: str | None, reason: str | None) -> None:
    found = tree(dict.fromkeys(names, ""), other={other: ""} if other else {})
    assert find_format("golang-migrate").recognise(found) == reason
