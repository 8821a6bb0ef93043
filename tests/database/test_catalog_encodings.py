"""A database in another encoding than UTF-8 is audited, and bytes that are no text are named."""

from __future__ import annotations

import ast
import itertools
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

import migration_audit.catalog
from migration_audit.catalog import open_connection, read_directus, read_ledger, read_snapshot
from migration_audit.catalog.access import read_access
from migration_audit.catalog.duplicates import count_obstacles
from migration_audit.catalog.rights import read_rights
from migration_audit.formats.ledgers import named_ledger
from migration_audit.model.access import LargeObjects
from migration_audit.model.errors import DatabaseError
from migration_audit.model.live import Demand, LedgerState, Wanted
from migration_audit.model.relations import Table
from migration_audit.model.snapshot import RolesRead
from migration_audit.sources.needs import statement_needs

pytestmark = pytest.mark.server

LEDGER = named_ledger("public.done", name_column="name", checksum_column=None, stems=False)
# A name that the encoding has, as psql sends it in UTF-8.
NAMES = {
    "LATIN1": "caf\u00e9",
    "LATIN9": "prix_\u20ac",
    "WIN1252": "caf\u00e9",
    "KOI8R": "\u0434\u0430",
    "EUC_JP": "\u65e5\u8a18",
    "EUC_KR": "\uc77c\uae30",
    "SQL_ASCII": "caf\u00e9",
}
_numbers = itertools.count(1)


@pytest.fixture
def encoded(cluster: Any) -> Iterator[Callable[[str], str]]:
    """Makes databases of other encodings."""
    made: list[str] = []

    def make(encoding: str) -> str:
        name = f"encoded_{next(_numbers)}"
        # The locale C goes with every encoding.
        cluster.execute(
            f"create database {{}} template template0 encoding '{encoding}' locale_provider libc locale 'C'", name
        )
        made.append(name)
        return str(cluster.conninfo(name))

    yield make
    for name in made:
        cluster.drop_database(name)


def run(conninfo: str, *statements: str | bytes) -> None:
    encoding = "sql_ascii" if isinstance(statements[0], bytes) else "utf8"
    with psycopg.connect(conninfo, autocommit=True, client_encoding=encoding) as connection:
        for statement in statements:
            connection.execute(statement if isinstance(statement, bytes) else statement.encode())


@pytest.mark.parametrize("encoding", NAMES)
def test_a_database_of_another_encoding_is_audited(encoded: Callable[[str], str], encoding: str) -> None:
    conninfo, name = encoded(encoding), NAMES[encoding]
    run(
        conninfo,
        "create extension timescaledb",
        f'create table "{name}" (a int); comment on table "{name}" is \'{name}\'',
        f"create table done (name text); insert into done values ('{name}')",
        "select lo_create(4711)",
        "grant select on large object 4711 to public",
    )
    unique = Wanted(kind="constraint", key="k", demand=Demand.UNIQUE, schema="public", table=name, constraint="unique (a)")
    with open_connection(conninfo) as connection:
        live = read_snapshot(connection, roles=RolesRead.SHARED).snapshot
        ledger = read_ledger(connection, "done", LEDGER)
        elsewhere = read_ledger(connection, "\U0001d400.done", LEDGER)
        (counted,) = count_obstacles(connection, [unique])
        directus = read_directus(connection, live, role=None, raw_tables=[("public", name)])
        access = read_access(connection, connection.info.user)
        (rights,) = read_rights(connection, connection.info.user, [statement_needs(f'select a from "{name}"')])
    (table,) = (table for table in live.of(Table) if table.name != "done")
    assert (table.name, table.comment) == (name, name)
    assert [objects.privileges for objects in live.of(LargeObjects)] == [("1 x (owner): SELECT, UPDATE; PUBLIC: SELECT",)]
    assert ledger.names == (name,)
    assert elsewhere.state is LedgerState.ABSENT
    assert (counted.keys, counted.reason) == (0, None)
    assert directus.rights[0].key.endswith(name) or name in directus.rights[0].key
    assert access.exists
    assert rights.lacks == ()


def test_our_sql_is_ascii() -> None:
    folder = Path(migration_audit.catalog.__file__).parent
    for path in (*folder.glob("sql/*.sql"), *folder.glob("*.py")):
        for text in [path.read_text("utf-8")] if path.suffix == ".sql" else sql_in(path):
            assert text.isascii(), (path.name, text)


def sql_in(path: Path) -> list[str]:
    strings = [node.value for node in ast.walk(ast.parse(path.read_text("utf-8"))) if isinstance(node, ast.Constant)]
    return [text for text in strings if isinstance(text, str) and "pg_catalog." in text]


def test_bytes_that_are_no_text_are_named(encoded: Callable[[str], str]) -> None:
    conninfo = encoded("SQL_ASCII")
    run(conninfo, b'create table "caf\xe9" (a int)', b"create view v as select 1 as a; comment on view v is 'na\xefve'")
    with pytest.raises(DatabaseError) as caught:
        read_snapshot(conninfo)
    said = str(caught.value)
    assert "SQL_ASCII: " in said
    assert "tables, name caf\\xe9" in said
    assert "views, comment na\\xefve" in said
    assert "→ rename" in said


def test_a_name_of_the_server_in_another_encoding_is_named(encoded: Callable[[str], str], cluster: Any) -> None:
    conninfo = encoded("EUC_JP")
    cluster.execute("create role {}", "\u65e5")
    try:
        with pytest.raises(DatabaseError) as caught:
            read_snapshot(conninfo, roles=RolesRead.SHARED)
    finally:
        cluster.execute("drop role {}", "\u65e5")
    assert "EUC_JP: roles, name \u65e5" in str(caught.value)


def test_a_ledger_of_bytes_that_are_no_text_is_unreadable(encoded: Callable[[str], str]) -> None:
    conninfo = encoded("SQL_ASCII")
    run(conninfo, b"create table done (name text); insert into done values ('caf\xe9')")
    with open_connection(conninfo) as connection:
        ledger = read_ledger(connection, "done", LEDGER)
        assert connection.execute("select 1").fetchone() == (1,)
    assert ledger.state is LedgerState.UNREADABLE
    assert "0xe9" in (ledger.reason or "")
