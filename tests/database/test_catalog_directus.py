"""What Directus recorded in a database is read, or it is said why not; so is who could drop the tables beside it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest

from migration_audit.catalog import open_connection, read_directus, read_directus_database, read_snapshot
from migration_audit.model.directus import DirectusLive, TableRights

pytestmark = pytest.mark.server

TABLES = """
create table {s}directus_collections (collection varchar(64) primary key, icon text);
create table {s}directus_fields (id serial primary key, collection varchar(64), field varchar(64));
insert into {s}directus_collections values ('devices'), ('positions');
insert into {s}directus_fields (collection, field) values ('devices', 'imei'), ('positions', 'faulty');
"""
POSITIONS = [("public", "positions")]


def make(conninfo: str, statements: str) -> None:
    with psycopg.connect(conninfo, autocommit=True) as connection:
        connection.execute(statements.encode())


def look(conninfo: str, *, role: str | None = "postgres", **given: Any) -> DirectusLive:
    with open_connection(conninfo) as connection:
        live = read_snapshot(connection).snapshot
        return read_directus(connection, live, role=role, raw_tables=given.pop("raw_tables", POSITIONS), **given)


def test_collections_and_fields_are_read_where_directus_keeps_them(database: str) -> None:
    make(database, TABLES.format(s="") + "create table positions (ts int)")
    seen = look(database)
    assert (seen.schema, seen.collections) == ("public", {"devices", "positions"})
    assert seen.fields == {("devices", "imei"), ("positions", "faulty")}
    assert (seen.tracks("positions"), seen.tracks("other"), seen.has("public.positions")) == (True, False, True)
    assert seen.reason is None


def test_a_database_without_directus_is_no_error(database: str) -> None:
    seen = look(database)
    assert (seen.schema, seen.collections, seen.reason) == (None, frozenset(), None)


def test_another_schema_is_found_and_two_are_not_guessed_between(database: str) -> None:
    make(database, "create schema cms; " + TABLES.format(s="cms."))
    assert look(database).schema == "cms"
    make(database, "create schema old; " + TABLES.format(s="old."))
    seen = look(database)
    assert seen.collections is None
    assert "cms and old: set DB_SEARCH_PATH" in (seen.reason or "")
    assert look(database, search_path=("old", "cms")).schema == "old"


@pytest.fixture
def roles(database: str, cluster: Any) -> Iterator[tuple[str, str]]:
    make(
        database,
        "create role plain login; create role team; create role direct in role team;"
        "create role aside noinherit; grant team to aside with inherit false",
    )
    yield database, cluster.conninfo(str(psycopg.conninfo.conninfo_to_dict(database)["dbname"]), "plain")
    make(database, "drop owned by team, direct, aside, plain; drop role team, direct, aside, plain")


def test_rows_that_may_not_be_read_are_reported_and_the_transaction_goes_on(roles: tuple[str, str]) -> None:
    database, plain = roles
    make(database, TABLES.format(s=""))
    with open_connection(plain) as connection:
        live = read_snapshot(connection).snapshot
        seen = read_directus(connection, live, role="team", raw_tables=POSITIONS)
        assert seen.collections is None
        assert "permission denied for table directus_" in (seen.reason or "")
        assert ("table", "public.directus_fields") in read_snapshot(connection).snapshot.by_key


def test_a_database_that_lacks_one_of_the_two_is_reported(database: str) -> None:
    make(database, "create table directus_collections (collection text)")
    assert "directus_fields" in (look(database).reason or "")


@pytest.mark.parametrize(
    ("role", "exists", "may_drop"),
    [
        ("team", True, True),
        ("direct", True, True),
        ("aside", True, False),
        ("plain", True, False),
        ("postgres", True, True),
        ("nobody_here", False, None),
        (None, False, None),
    ],
    ids=["owner", "inherits", "member who does not inherit", "stranger", "superuser", "no such role", "no role named"],
)
def test_who_could_drop_a_table(roles: tuple[str, str], role: str | None, exists: bool, may_drop: bool | None) -> None:
    database, _ = roles
    make(database, "create table positions (ts int); alter table positions owner to team")
    seen = look(database, role=role)
    assert seen.role_exists is exists
    assert seen.rights == (TableRights(key="public.positions", owner="team", may_drop=may_drop),)


def test_odd_names_are_names(database: str) -> None:
    make(database, 'create schema "S s"; create table "S s"."T""t" (a int)')
    assert [r.key for r in look(database, raw_tables=[("S s", 'T"t'), ("public", "gone")]).rights] == ['"S s"."T""t"']


def test_it_is_read_at_the_instant_of_the_snapshot(database: str) -> None:
    make(database, TABLES.format(s=""))
    with open_connection(database) as connection:
        live = read_snapshot(connection).snapshot
        make(database, "delete from directus_collections")
        assert read_directus(connection, live, role=None, raw_tables=[]).collections == {"devices", "positions"}


RELATIONS = "create table directus_relations (id serial primary key, many_collection varchar(64), many_field varchar(64));"


def test_what_an_apply_would_find_is_read_or_the_reason_is_reported(roles: tuple[str, str]) -> None:
    database, plain = roles
    make(database, TABLES.format(s="") + RELATIONS)
    assert look(database).database is not None
    make(database, "grant select on directus_collections, directus_fields to plain")
    seen = look(plain)
    assert seen.collections == {"devices", "positions"}
    assert seen.database is None
    assert "permission denied for table directus_relations" in (seen.reason or "")


def test_tables_outside_of_the_search_path_are_not_taken_for_none(database: str) -> None:
    make(database, "create schema cms; " + TABLES.format(s="cms."))
    seen = look(database)
    assert (seen.schema, seen.database) == ("cms", None)
    assert seen.reason == "directus_collections is in cms, and DB_SEARCH_PATH is public: set it where Directus runs"


def test_rows_of_partitions_are_rows_of_their_table(database: str) -> None:
    make(
        database,
        "create table positions (ts int) partition by range (ts); create table p partition of positions for values from (0)"
        " to (9); insert into positions values (1); create table empty (ts int)",
    )
    found = look(database).database
    assert found is not None
    assert {table.name: table.has_rows for table in found.tables} == {"positions": True, "p": True, "empty": False}


def test_rows_of_many_tables_are_looked_for_together(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    make(database, "create table t1 (a int); insert into t1 values (1); create table t2 (a int)")
    sent: list[object] = []
    execute = psycopg.Cursor.execute

    def counted(self: psycopg.Cursor[Any], *given: Any, **options: Any) -> psycopg.Cursor[Any]:
        sent.append(given[0])
        return execute(self, *given, **options)

    def queries() -> int:
        sent.clear()
        with psycopg.connect(database, autocommit=True) as connection:
            monkeypatch.setattr(psycopg.Cursor, "execute", counted)
            found = {table.name: table.has_rows for table in read_directus_database(connection).tables}
            monkeypatch.undo()
        assert (found["t1"], found["t2"]) == (True, False)
        return len(sent)

    few = queries()
    make(database, ";".join(f"create table more{n} (a int)" for n in range(150)))
    assert queries() == few


def test_tables_whose_rows_cannot_be_read_are_unknown_and_the_others_known(roles: tuple[str, str]) -> None:
    database, plain = roles
    make(
        database,
        "create table shown (a int); create table secret (a int); create table locked (a int);"
        "create table guarded (a int); alter table guarded enable row level security;"
        "grant select on shown, locked, guarded to plain",
    )
    with psycopg.connect(database) as other, psycopg.connect(plain) as connection:
        other.execute("lock table locked")
        connection.execute("set local lock_timeout = '10ms'")
        found = {table.name: table.has_rows for table in read_directus_database(connection).tables}
    assert found == {"shown": False, "secret": None, "locked": None, "guarded": None}


HIDDEN = {
    "no policy": "alter table directus_collections enable row level security",
    "a policy that hides some": (
        "alter table directus_fields enable row level security;"
        "create policy own on directus_fields to plain using (collection = 'devices')"
    ),
    "a view over hidden rows": (
        "alter table directus_collections rename to kept; alter table kept enable row level security;"
        "create view directus_collections with (security_invoker) as select * from kept; grant select on kept to plain"
    ),
}


@pytest.mark.parametrize("name", HIDDEN)
def test_rows_that_a_policy_hides_are_not_known(roles: tuple[str, str], name: str) -> None:
    database, plain = roles
    make(database, TABLES.format(s="") + HIDDEN[name])
    make(database, "grant select on directus_collections, directus_fields to plain")
    seen = look(plain, role=None, raw_tables=[])
    assert seen.collections is None
    assert "row-level security" in (seen.reason or "")


def test_a_view_in_the_place_of_a_table_is_read(database: str) -> None:
    make(database, TABLES.format(s="") + "alter table directus_collections rename to kept")
    make(database, "create view directus_collections as select * from kept")
    assert look(database, role=None, raw_tables=[]).collections == {"devices", "positions"}


def test_a_foreign_table_in_its_place_is_not_read(database: str) -> None:
    make(database, TABLES.format(s="") + "drop table directus_collections; create extension file_fdw")
    make(database, "create server far foreign data wrapper file_fdw")
    make(database, "create foreign table directus_collections (collection text) server far options (filename '/etc/passwd')")
    seen = look(database, role=None, raw_tables=[])
    assert seen.collections is None
    assert "foreign table" in (seen.reason or "")
