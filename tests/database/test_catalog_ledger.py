"""A ledger is read, or it is said why not; "nothing there" is said only of what is not there."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest

from migration_audit.catalog import ledger, open_connection, read_ledger, read_snapshot
from migration_audit.formats import LedgerFormat
from migration_audit.formats.ledgers import named_ledger
from migration_audit.model.errors import DatabaseError, UsageError
from migration_audit.model.live import Ledger, LedgerState

pytestmark = pytest.mark.server


def plain_ledger(name: str, checksum: str | None = None) -> LedgerFormat:
    return named_ledger("public.done", name_column=name, checksum_column=checksum, stems=False)


def look(conninfo: str, table: str = "public.done", name: str = "name", checksum: str | None = None) -> Ledger:
    with open_connection(conninfo) as connection:
        return read_ledger(connection, table, plain_ledger(name, checksum))


def make(conninfo: str, statements: str) -> None:
    with psycopg.connect(conninfo, autocommit=True) as connection:
        connection.execute(statements.encode())


def test_what_was_applied_is_read_in_order(database: str) -> None:
    make(
        database,
        "create table done (id serial, name text, sum text); insert into done (name, sum) values "
        "('003_c.sql', 'cc'), ('001_a.sql', 'aa'), ('002_b.sql', null)",
    )
    expected = [("001_a.sql", "aa"), ("002_b.sql", None), ("003_c.sql", "cc")]
    assert look(database, checksum="sum") == Ledger(
        table="public.done",
        state=LedgerState.PRESENT,
        columns=("id", "name", "sum"),
        names=("001_a.sql", "002_b.sql", "003_c.sql"),
        rows=tuple({"name": name, "sum": checksum} for name, checksum in expected),
    )


def test_without_a_checksum_column_there_are_no_checksums(database: str) -> None:
    make(database, "create table done (name text); insert into done values ('a')")
    ledger = look(database)
    assert (ledger.names, ledger.rows) == (("a",), ({"name": "a"},))


def test_an_empty_ledger_is_present(database: str) -> None:
    make(database, "create table done (name text)")
    assert (look(database).state, look(database).names) == (LedgerState.PRESENT, ())


def test_a_ledger_that_is_not_there_is_absent(database: str) -> None:
    ledger = look(database)
    assert (ledger.state, ledger.reason) == (LedgerState.ABSENT, "The table public.done does not exist.")
    assert look(database, "nowhere.done").state is LedgerState.ABSENT


def test_a_checksum_of_bytes_is_reported_in_hex(database: str) -> None:
    make(database, r"create table done (name text, sum bytea); insert into done values ('a', '\x00ff')")
    assert look(database, checksum="sum").rows == ({"name": "a", "sum": "00ff"},)


@pytest.mark.parametrize(
    ("table", "create"),
    [
        ("done", "create table done (name text)"),
        ("public.done", "create table done (name text)"),
        ('"Odd S"."Odd.T"', 'create schema "Odd S"; create table "Odd S"."Odd.T" (name text)'),
        ("PUBLIC.Done", "create table done (name text)"),
        ("public.done", "create view done as select 'a' as name"),
    ],
)
def test_a_ledger_is_named_as_sql_spells_it(database: str, table: str, create: str) -> None:
    make(database, create)
    assert look(database, table).state is LedgerState.PRESENT


@pytest.mark.parametrize("table", ["", "a.b.c", 'a"b', "a b", "public.", "1x; drop table t"])
def test_a_name_that_cannot_be_one_is_refused(database: str, table: str) -> None:
    with pytest.raises(UsageError, match="table"):
        look(database, table)


def test_a_ledger_of_another_shape_tells_its_columns(database: str) -> None:
    make(database, "create table done (id int, filename text)")
    ledger = look(database, checksum="sum")
    assert (ledger.state, ledger.columns) == (LedgerState.OTHER_SHAPE, ("id", "filename"))
    assert ledger.reason == "public.done has no column name and no column sum; it has id, filename."


def test_rows_without_a_name_are_reported(database: str) -> None:
    make(database, "create table done (name text); insert into done values ('a'), (null)")
    ledger = look(database)
    assert (ledger.state, ledger.names) == (LedgerState.OTHER_SHAPE, ("a",))
    assert ledger.reason == "public.done has rows without a name: 1."


def test_values_that_no_ledger_has_are_not_carried_around(database: str) -> None:
    make(database, "create table done (name text); insert into done values ('a'), (repeat('é', 4096))")
    assert look(database).state is LedgerState.PRESENT
    make(database, "insert into done values (repeat('é', 4097))")
    ledger = look(database)
    assert (ledger.state, ledger.names) == (LedgerState.OTHER_SHAPE, ())
    assert ledger.reason == "public.done has values of more than 4,096 characters in name, too long for a ledger."


@pytest.fixture
def plain(database: str, cluster: Any) -> Iterator[str]:
    make(database, "create role plain login")
    yield cluster.conninfo(str(psycopg.conninfo.conninfo_to_dict(database)["dbname"]), "plain")
    make(database, "drop owned by plain; drop role plain")


@pytest.mark.parametrize(
    ("create", "said"),
    [
        ("create table done (name text)", "permission denied for table done"),
        ("create schema far; create table far.done (name text); grant select on far.done to plain", "schema far"),
        (
            (
                "create table done (name text); grant select on done to plain; insert into done values ('a');"
                "alter table done enable row level security"
            ),
            "row-level security",
        ),
        ("create view done as select (1 / 0)::text as name; grant select on done to plain", "division by zero"),
    ],
    ids=["table", "schema", "row security", "failing view"],
)
def test_a_ledger_that_may_not_be_read_is_unreadable(database: str, plain: str, create: str, said: str) -> None:
    make(database, create)
    ledger = look(plain, "far.done" if "far" in create else "public.done")
    assert ledger.state is LedgerState.UNREADABLE
    assert ledger.names == ()
    assert said in str(ledger.reason)


def test_a_refusal_does_not_end_the_transaction(database: str, plain: str) -> None:
    make(database, "create table done (name text)")
    with open_connection(plain) as connection:
        assert read_ledger(connection, "done", plain_ledger("name")).state is LedgerState.UNREADABLE
        assert ("table", "public.done") in read_snapshot(connection).snapshot.by_key


def test_the_ledger_is_read_at_the_instant_of_the_snapshot(database: str) -> None:
    make(database, "create table done (name text)")
    with open_connection(database) as connection:
        read_snapshot(connection)
        make(database, "insert into done values ('later')")
        assert read_ledger(connection, "done", plain_ledger("name")).names == ()


FOREIGN = {
    "a foreign table": "create foreign table done (name text) server far options (filename '/etc/passwd')",
    "one as a partition": (
        "create table done (name text) partition by list (name);"
        "create foreign table far_part partition of done default server far options (filename '/etc/passwd')"
    ),
}


@pytest.mark.parametrize("name", FOREIGN)
def test_a_ledger_on_another_server_is_not_read(database: str, name: str) -> None:
    make(database, f"create extension file_fdw; create server far foreign data wrapper file_fdw; {FOREIGN[name]}")
    ledger = look(database)
    assert (ledger.state, ledger.names) == (LedgerState.UNREADABLE, ())
    assert "public.done is a foreign table, or has one as a part" in str(ledger.reason)


def test_no_view_leads_to_a_foreign_table(database: str) -> None:
    make(
        database, f"create extension file_fdw; create server far foreign data wrapper file_fdw; {FOREIGN['a foreign table']}"
    )
    make(database, "alter table done rename to far_table; create view done as select name from far_table")
    ledger = look(database)
    assert (ledger.state, ledger.names) == (LedgerState.UNREADABLE, ())
    assert "foreign table" in str(ledger.reason)


def test_partitions_of_a_ledger_are_read(database: str) -> None:
    make(database, "create table done (name text) partition by list (name); create table p partition of done default")
    make(database, "insert into done values ('a')")
    assert look(database).names == ("a",)


def test_a_template_is_not_audited(cluster: Any) -> None:
    with pytest.raises(DatabaseError, match="template1: is a template"), open_connection(cluster.conninfo("template1")):
        pass


REPLACED = "drop table done; create table done (name text); insert into done values ('2.sql')"
TRUNCATED = "truncate done; insert into done values ('2.sql')"


@pytest.mark.parametrize("ddl", [REPLACED, TRUNCATED])
@pytest.mark.parametrize(("times", "readings"), [(1, 2), (2, 3), (3, 3)])
def test_a_ledger_that_ddl_replaces_meanwhile_is_read_again(
    database: str, monkeypatch: pytest.MonkeyPatch, times: int, readings: int, ddl: str
) -> None:
    make(database, "create table done (name text); insert into done values ('1.sql')")
    begun: list[str] = []
    rows = ledger._rows

    def replaced_before(*args: Any) -> Any:
        begun.append("")
        if len(begun) <= times:
            make(database, ddl)
        return rows(*args)

    monkeypatch.setattr(ledger, "_rows", replaced_before)
    if times < 3:
        assert look(database).names == ("2.sql",)
    else:
        with pytest.raises(DatabaseError, match=r"(?s)changed while it was read: table public.done was .*DDL was running"):
            look(database)
    assert len(begun) == readings


def test_a_ledger_that_is_dropped_meanwhile_is_absent(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    make(database, "create table done (name text)")
    rows = ledger._rows

    def dropped_before(*args: Any) -> Any:
        make(database, "drop table done")
        return rows(*args)

    monkeypatch.setattr(ledger, "_rows", dropped_before)
    assert look(database).state is LedgerState.ABSENT
