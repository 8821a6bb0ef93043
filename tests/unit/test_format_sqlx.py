"""Which files sqlx applies, in which order and transaction, and what its ledger says; tests/runners asks sqlx itself."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import replace

import pytest

from fix_formats import plan, tree
from migration_audit.formats import EntryState, LedgerEntry, MigrationFolder, find_format
from migration_audit.model.errors import SourceError
from migration_audit.model.sql import TransactionMode

Files = dict[str, str | bytes]


def beside(files: Files, others: Mapping[str, str]) -> MigrationFolder:
    return replace(tree(files), other=lambda path: others[path].encode() if path in others else None)


def test_up_files_by_version() -> None:
    names = ("10_c.sql", "0009_b.up.sql", "0009_b.down.sql", "+2_a.sql", "-1_z.sql", "11_down.sql")
    found = plan("sqlx", tree(dict.fromkeys(names, "a;")))
    assert [(file.path, file.entry) for file in found.files] == [
        ("-1_z.sql", "-1"),
        ("+2_a.sql", "2"),
        ("0009_b.up.sql", "9"),
        ("10_c.sql", "10"),
        ("11_down.sql", "11"),
    ]
    assert [(str(each), each.by_rule) for each in found.not_applied] == [("db/0009_b.down.sql: down migration", True)]


def test_what_sqlx_does_not_read_is_named() -> None:
    found = plan("sqlx", tree(dict.fromkeys(("1_a.sql", "b.sql", "2_b.SQL", "2.sql", "sub/2_b.sql", "x.md"), "a;")))
    assert [(str(each), each.by_rule) for each in found.not_applied] == [
        ("db/2.sql: the runner reads names such as 1_words.sql, with a number before the first _", False),
        ("db/2_b.SQL: the runner reads names such as 1_words.sql, with a number before the first _", False),
        ("db/b.sql: the runner reads names such as 1_words.sql, with a number before the first _", False),
        ("db/sub/2_b.sql: in a subfolder, which the runner does not read", False),
    ]


REFUSED = {
    "words": ({"a_b.sql": ""}, "db/a_b.sql: sqlx fails at the version a, which is not a 64-bit integer"),
    "nothing": ({"_b.sql": ""}, "db/_b.sql: sqlx fails at the version nothing"),
    "too large": (
        {"9223372036854775808_b.sql": ""},
        "db/9223372036854775808_b.sql: sqlx fails at the version 9223372036854775808",
    ),
    "other digits": ({"١_b.sql": ""}, "db/١_b.sql: sqlx fails at the version ١"),
    "twice": ({"1_a.sql": "", "01_b.up.sql": ""}, "db/1_a.sql: its version 1 is the same as that of db/01_b.up.sql"),
    "a byte order mark": ({"1_a.sql": b"\xef\xbb\xbf"}, "db/1_a.sql:1: starts with a byte order mark"),
}


@pytest.mark.parametrize(("files", "message"), REFUSED.values(), ids=REFUSED)
def test_refused(files: Files, message: str) -> None:
    with pytest.raises(SourceError) as refused:
        plan("sqlx", tree(files))
    assert str(refused.value).startswith(message)


@pytest.mark.parametrize(
    ("text", "mode"),
    [
        ("-- no-transaction\na;", TransactionMode.MESSAGE),
        ("-- no-transactional\na;", TransactionMode.MESSAGE),
        ("--no-transaction\na;", TransactionMode.FILE),
        ("\n-- no-transaction\na;", TransactionMode.FILE),
        ("-- NO-TRANSACTION\na;", TransactionMode.FILE),
    ],
)
def test_how_a_file_opts_out(text: str, mode: TransactionMode) -> None:
    assert [file.transaction for file in plan("sqlx", tree({"1_a.sql": text})).files] == [mode]


def test_the_checksum_is_that_of_the_bytes_or_of_what_sqlx_toml_counts() -> None:
    text = "create table a (\r\n);\r\n"
    settings = '[migrate]\ntable-name = "x.m"\ncreate-schemas = ["x"]\nignored-chars = ["\\r", " "]\n'
    whole = plan("sqlx", tree({"1_a.sql": text}))
    counted = plan("sqlx", beside({"1_a.sql": text}, {"../sqlx.toml": settings}))
    assert whole.files[0].checksum == hashlib.sha384(text.encode()).hexdigest()
    assert counted.files[0].checksum == hashlib.sha384(b"createtablea(\n);\n").hexdigest()
    assert counted.files[0].text == text.encode()
    assert counted.opening == ("create schema if not exists x",)
    assert counted.notes == (
        "checksums ignore '\\r', ' ' (sqlx.toml)",
        "the ledger is x.m (sqlx.toml): name it in the ledger of audit.toml",
    )
    with pytest.raises(SourceError, match=r"sqlx\.toml:1: is not TOML"):
        plan("sqlx", beside({"1_a.sql": text}, {"../sqlx.toml": "["}))


CARGO = {"../Cargo.toml": '[dependencies]\nsqlx = "0.8"\n'}


@pytest.mark.parametrize(
    ("files", "others", "reason"),
    [
        ({"1_a.sql": ""}, CARGO, "db/1_a.sql is named as sqlx's, and Cargo.toml depends on sqlx"),
        (
            {"1_a.up.sql": "", "1_a.down.sql": ""},
            CARGO,
            "db/1_a.down.sql is named as sqlx's, and Cargo.toml depends on sqlx",
        ),
        ({"1_a.sql": ""}, {"../Cargo.toml": "[dependencies]\n"}, None),
        ({"1_a.sql": ""}, {}, None),
        ({"1_a.sql": "-- migrate:up\n"}, CARGO, None),
        ({"V1__a.sql": ""}, CARGO, None),
    ],
)
def test_recognised(files: Files, others: Mapping[str, str], reason: str | None) -> None:
    assert find_format("sqlx").recognise(beside(files, others)) == reason


def test_the_ledger() -> None:
    ledger = find_format("sqlx").ledger
    assert ledger is not None
    entries = [LedgerEntry(name=str(n), path=f"{n}_x.sql", checksum=f"{n}{n}") for n in (1, 2, 3, 4)]
    rows = [
        {"version": "1", "success": "true", "checksum": "11"},
        {"version": "2", "success": "false", "checksum": "22"},
        {"version": "3", "success": "true", "checksum": "00"},
        {"version": "9", "success": "true", "checksum": "99"},
    ]
    found = ledger.read(rows, entries)
    expected = [EntryState.APPLIED, EntryState.FAILED, EntryState.CHANGED, EntryState.ABSENT]
    assert [verdict.state for verdict in found.verdicts] == expected
    assert found.beyond == ("9",)
