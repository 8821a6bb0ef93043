"""Every kind is read, with what somebody decided about it: one statement at a time, on a real server."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest

from migration_audit.catalog import read_snapshot
from migration_audit.catalog.queries import KINDS
from migration_audit.model.snapshot import Snapshot

pytestmark = pytest.mark.server


def apply(conninfo: str, *statements: str) -> Snapshot:
    with psycopg.connect(conninfo, autocommit=True) as connection:
        for statement in statements:
            connection.execute(statement)
    return read_snapshot(conninfo).snapshot


TABLE = "create table t (id integer, v text, n numeric(8,2))"

COMMON = {
    "extensions",
    "schemas",
    "types",
    "functions",
    "tables",
    "columns",
    "sequences",
    "indexes",
    "constraints",
    "views",
    "materialized_views",
    "triggers",
    "policies",
}
CASES: dict[str, tuple[str, str, str, dict[str, Any]]] = {
    "extension": (
        "create schema x; create extension pg_trgm schema x",
        "extension",
        "pg_trgm",
        {"schema": "x"},
    ),
    "schema": (
        "create schema s; comment on schema s is 'ours'",
        "schema",
        "s",
        {"comment": "ours", "privileges": ()},
    ),
    "table": (
        f"{TABLE}; comment on table t is 'the t'",
        "table",
        "public.t",
        {
            "relation": "table",
            "persistence": "permanent",
            "access_method": "heap",
            "column_order": ("id", "v", "n"),
            "comment": "the t",
            "inherits": (),
            "options": (),
            "replica_identity": "default",
            "row_security": False,
        },
    ),
    "table unlogged with options": (
        "create unlogged table t (v text) with (fillfactor = 70, toast.autovacuum_enabled = false)",
        "table",
        "public.t",
        {"persistence": "unlogged", "options": ("fillfactor=70", "toast.autovacuum_enabled=false")},
    ),
    "table with row security": (
        f"{TABLE}; alter table t enable row level security; alter table t force row level security",
        "table",
        "public.t",
        {"row_security": True, "force_row_security": True},
    ),
    "table with replica identity": (
        (
            "create table t (id int not null); create unique index t_id on t (id);"
            " alter table t replica identity using index t_id"
        ),
        "table",
        "public.t",
        {"replica_identity": "index t_id"},
    ),
    "table of a type": (
        "create type row_of as (a int); create table t of row_of",
        "table",
        "public.t",
        {"of_type": "public.row_of"},
    ),
    "table that inherits": (
        "create schema far; create table far.a (x int); create table b (y int); create table t () inherits (b, far.a)",
        "table",
        "public.t",
        {"inherits": ("public.b", "far.a"), "column_order": ("y", "x")},
    ),
    "partitioned table": (
        "create table t (k int, at date) partition by range (at)",
        "table",
        "public.t",
        {"relation": "partitioned table", "partition_key": "RANGE (at)"},
    ),
    "partition": (
        (
            "create table t (k int, at date) partition by range (at);"
            "create table p partition of t for values from ('2025-01-01') to ('2026-01-01')"
        ),
        "table",
        "public.p",
        {"partition_bound": "FOR VALUES FROM ('2025-01-01') TO ('2026-01-01')", "inherits": ("public.t",)},
    ),
    "foreign table": (
        (
            "create foreign data wrapper w; create server srv foreign data wrapper w;"
            "create foreign table t (a int options (column_name 'b', secret 'hunter2'))"
            " server srv options (table_name 'far', password 'hunter2')"
        ),
        "table",
        "public.t",
        {"relation": "foreign table", "server": "srv", "options": ("password=(redacted)", "table_name=far")},
    ),
    "column of a foreign table": (
        (
            "create foreign data wrapper w2; create server srv2 foreign data wrapper w2;"
            "create foreign table t (a int options (column_name 'b', secret 'hunter2')) server srv2"
        ),
        "column",
        "public.t.a",
        {"options": ("column_name=b", "secret=(redacted)")},
    ),
    "column": (
        "create table t (v varchar(64) default 'x' not null); comment on column t.v is 'a v'",
        "column",
        "public.t.v",
        {
            "type": "character varying(64)",
            "not_null": True,
            "default": "'x'::character varying",
            "generated": None,
            "identity_kind": None,
            "collation": None,
            "storage": "extended",
            "compression": None,
            "statistics": None,
            "options": (),
            "is_local": True,
            "comment": "a v",
            "relation": "table",
        },
    ),
    "column of another schema's type": (
        "create schema feel; create type feel.mood as enum ('a'); create table t (v feel.mood default 'a')",
        "column",
        "public.t.v",
        {"type": "feel.mood", "default": "'a'::feel.mood"},
    ),
    "column with identity": (
        "create table t (id int generated by default as identity)",
        "column",
        "public.t.id",
        {"identity_kind": "by default", "not_null": True},
    ),
    "column generated": (
        "create table t (a int, b int generated always as (a * 2) stored)",
        "column",
        "public.t.b",
        {"generated": "stored", "default": "(a * 2)"},
    ),
    "column with serial": (
        "create table t (id serial)",
        "column",
        "public.t.id",
        {"default": "nextval('public.t_id_seq'::regclass)"},
    ),
    "column with physical options": (
        (
            'create table t (v text compression pglz collate "C"); alter table t alter v set storage external;'
            "alter table t alter v set statistics 42; alter table t alter v set (n_distinct = 5)"
        ),
        "column",
        "public.t.v",
        {
            "collation": '"C"',
            "compression": "pglz",
            "storage": "external",
            "statistics": 42,
            "options": ("n_distinct=5",),
        },
    ),
    "column only inherited": (
        "create table a (x int); create table t () inherits (a)",
        "column",
        "public.t.x",
        {"is_local": False},
    ),
    "column of a view": (
        "create view v as select 1::bigint as one",
        "column",
        "public.v.one",
        {"type": "bigint", "relation": "view"},
    ),
    "column of a materialized view": (
        "create materialized view m as select 1::bigint as one",
        "column",
        "public.m.one",
        {"type": "bigint", "relation": "materialized view"},
    ),
    "index": (
        f"{TABLE}; create unique index i on t (v desc, id) include (n) where id > 0; comment on index i is 'idx'",
        "index",
        "public.i",
        {
            "table": "public.t",
            "definition": "CREATE UNIQUE INDEX i ON public.t USING btree (v DESC, id) INCLUDE (n) WHERE (id > 0)",
            "signature": "CREATE UNIQUE INDEX ON public.t USING btree (v DESC, id) INCLUDE (n) WHERE (id > 0)",
            "columns": "(v DESC, id) INCLUDE (n) WHERE (id > 0)",
            "unique": True,
            "constraint": None,
            "valid": True,
            "ready": True,
            "clustered": False,
            "comment": "idx",
        },
    ),
    "index of a constraint": (
        "create table t (id int constraint t_id primary key)",
        "index",
        "public.t_id",
        {"constraint": "t_id", "unique": True, "columns": "(id)"},
    ),
    "index clustered, with statistics": (
        f"{TABLE}; create index i on t ((id + 1)); alter index i alter column 1 set statistics 9;alter table t cluster on i",
        "index",
        "public.i",
        {"clustered": True, "statistics": ("1=9",), "columns": "(((id + 1)))"},
    ),
    "index of a partitioned table": (
        "create table t (k int) partition by list (k); create index i on t (k)",
        "index",
        "public.i",
        {"signature": "CREATE INDEX ON ONLY public.t USING btree (k)", "columns": "(k)"},
    ),
    "index clone on a partition": (
        "create table t (k int) partition by list (k); create table p partition of t default; create index i on t (k)",
        "index",
        "public.p_k_idx",
        {"table": "public.p", "columns": "(k)"},
    ),
    "primary key": (
        "create table t (id int, constraint pk primary key (id) deferrable initially deferred)",
        "constraint",
        "public.t.pk",
        {
            "type": "primary key",
            "definition": "PRIMARY KEY (id) DEFERRABLE INITIALLY DEFERRED",
            "deferrable": True,
            "deferred": True,
            "validated": True,
            "is_local": True,
        },
    ),
    "unique": (
        "create table t (id int, constraint u unique nulls not distinct (id))",
        "constraint",
        "public.t.u",
        {"type": "unique", "definition": "UNIQUE NULLS NOT DISTINCT (id)"},
    ),
    "check not valid": (
        f"{TABLE}; alter table t add constraint c check (id > 0) no inherit not valid; comment on constraint c on t is 'p'",
        "constraint",
        "public.t.c",
        {"type": "check", "definition": "CHECK ((id > 0)) NO INHERIT NOT VALID", "validated": False, "comment": "p"},
    ),
    "foreign key": (
        "create table a (id int primary key); create table t (a int constraint f references a on delete cascade)",
        "constraint",
        "public.t.f",
        {"type": "foreign key", "definition": "FOREIGN KEY (a) REFERENCES public.a(id) ON DELETE CASCADE"},
    ),
    "exclusion": (
        "create table t (r int4range, constraint e exclude using gist (r with &&))",
        "constraint",
        "public.t.e",
        {"type": "exclude", "definition": "EXCLUDE USING gist (r WITH &&)"},
    ),
    "constraint clone on a partition": (
        "create table t (k int primary key) partition by list (k); create table p partition of t default",
        "constraint",
        "public.p.p_pkey",
        {"is_local": False},
    ),
    "sequence": (
        (
            "create sequence s as smallint start 5 increment -2 minvalue -10 maxvalue 7 cache 3 cycle;"
            "comment on sequence s is 'seq'"
        ),
        "sequence",
        "public.s",
        {
            "type": "smallint",
            "start": 5,
            "increment": -2,
            "minimum": -10,
            "maximum": 7,
            "cache": 3,
            "cycle": True,
            "persistence": "permanent",
            "owned_by": None,
            "comment": "seq",
        },
    ),
    "sequence of a serial": ("create table t (id bigserial)", "sequence", "public.t_id_seq", {"owned_by": "public.t.id"}),
    "sequence of an identity": (
        "create table t (id int generated always as identity (start 100))",
        "sequence",
        "public.t_id_seq",
        {"owned_by": "public.t.id", "start": 100, "type": "integer"},
    ),
    "view": (
        (
            f"{TABLE}; create view v with (security_barrier) as select id from t where id > 0 with local check option;"
            "comment on view v is 'vue'"
        ),
        "view",
        "public.v",
        {"options": ("check_option=local", "security_barrier=true"), "comment": "vue"},
    ),
    "materialized view": (
        "create materialized view m with (fillfactor = 50) as select 1 as a with no data",
        "materialized view",
        "public.m",
        {"definition": " SELECT 1 AS a;", "options": ("fillfactor=50",), "access_method": "heap"},
    ),
    "function": (
        (
            "create function f(a int, b text default 'x') returns int language sql stable as 'select 1';"
            "comment on function f is 'eff'"
        ),
        "function",
        "public.f(integer, text)",
        {
            "definition": "CREATE OR REPLACE FUNCTION public.f(a integer, b text DEFAULT 'x'::text)\n"
            " RETURNS integer\n LANGUAGE sql\n STABLE\nAS $function$select 1$function$\n",
            "privileges": ("PUBLIC: EXECUTE",),
            "comment": "eff",
        },
    ),
    "procedure": (
        "create procedure p(inout a int) language plpgsql as 'begin a := 1; end'",
        "function",
        "public.p(integer)",
        {},
    ),
    "enum": (
        (
            "create type mood as enum ('sad', 'it''s'); alter type mood add value 'ok' before 'it''s';"
            "comment on type mood is 'm'"
        ),
        "type",
        "public.mood",
        {
            "category": "enum",
            "definition": ("'sad'", "'ok'", "'it''s'"),
            "privileges": ("PUBLIC: USAGE",),
            "comment": "m",
        },
    ),
    "domain": (
        (
            """create domain d as varchar(5) collate "C" default 'x' not null constraint short check (length(value) > 1);"""
            "comment on constraint short on domain d is 'why'"
        ),
        "type",
        "public.d",
        {
            "category": "domain",
            "definition": (
                "character varying(5)",
                'COLLATE "C"',
                "DEFAULT 'x'::character varying",
                "NOT NULL",
                "CONSTRAINT short CHECK ((length((VALUE)::text) > 1))",
            ),
            "comment": "constraint short: why",
        },
    ),
    "composite": (
        (
            'create type c as (a int, gone int, b text collate "C"); alter type c drop attribute gone;'
            "comment on column c.a is 'first'"
        ),
        "type",
        "public.c",
        {"category": "composite", "definition": ("a integer", 'b text COLLATE "C"'), "comment": "attribute a: first"},
    ),
    "range": (
        "create type r as range (subtype = float8, subtype_diff = float8mi)",
        "type",
        "public.r",
        {
            "category": "range",
            "definition": (
                "SUBTYPE = double precision",
                "SUBTYPE_OPCLASS = pg_catalog.float8_ops",
                "SUBTYPE_DIFF = float8mi",
                "MULTIRANGE_TYPE_NAME = public.r_multirange",
            ),
        },
    ),
    "trigger": (
        (
            f"{TABLE}; create function f() returns trigger language plpgsql as 'begin return new; end';"
            "create trigger g before insert on t for each row execute function f(); alter table t enable always trigger g;"
            "comment on trigger g on t is 'tr'"
        ),
        "trigger",
        "public.t.g",
        {
            "definition": "CREATE TRIGGER g BEFORE INSERT ON public.t FOR EACH ROW EXECUTE FUNCTION public.f()",
            "enabled": "always",
            "comment": "tr",
            "relation": "table",
        },
    ),
    "trigger of a view": (
        (
            "create view v as select 1 as a;"
            "create function f() returns trigger language plpgsql as 'begin return new; end';"
            "create trigger g instead of insert on v for each row execute function f()"
        ),
        "trigger",
        "public.v.g",
        {"relation": "view", "enabled": "origin"},
    ),
    "policy": (
        (
            f"{TABLE}; create policy p on t as restrictive for update to public using (id > 0) with check (id > 1);"
            "comment on policy p on t is 'pol'"
        ),
        "policy",
        "public.t.p",
        {
            "command": "update",
            "permissive": False,
            "roles": ("PUBLIC",),
            "using": "(id > 0)",
            "check": "(id > 1)",
            "comment": "pol",
        },
    ),
}


def in_schema(value: Any, number: int) -> Any:
    """What a case expects, as it is when the case runs in a schema of its own."""
    if isinstance(value, str):
        return value.replace("public.", f"case_{number}.")
    return tuple(in_schema(item, number) for item in value) if isinstance(value, tuple) else value


@pytest.fixture(scope="module")
def gallery(cluster: Any) -> Iterator[Snapshot]:
    """All cases in one database, each in its schema: one snapshot serves them all."""
    conninfo = cluster.create_database("gallery")
    with psycopg.connect(conninfo, autocommit=True) as connection:
        for number, (statements, *_) in enumerate(CASES.values()):
            connection.execute(f"create schema case_{number}; set search_path = case_{number}".encode())
            connection.execute(statements.encode())
    yield read_snapshot(conninfo).snapshot
    cluster.drop_database("gallery")


@pytest.mark.parametrize(("number", "case"), list(enumerate(CASES.values())), ids=CASES)
def test_a_kind_is_read_with_its_fields(gallery: Snapshot, number: int, case: tuple[str, str, str, dict[str, Any]]) -> None:
    _, kind, key, expected = case
    found = gallery.by_key[kind, in_schema(key, number)]
    assert {name: getattr(found, name) for name in expected} == {n: in_schema(v, number) for n, v in expected.items()}


def test_every_kind_has_a_case(gallery: Snapshot) -> None:
    tested = {kind for _, kind, _, _ in CASES.values()}
    # Those that a schema seldom has are in test_catalog_kinds_rare.py; test_catalog_kinds_pg_dump.py has them all.
    assert tested == {cls.kind for name, cls in KINDS.items() if name in COMMON}


def test_no_secret_of_a_foreign_server_is_read(database: str) -> None:
    snapshot = apply(
        database,
        "create foreign data wrapper w options (a 'hunter2')",
        "create server srv foreign data wrapper w options (password 'hunter2')",
        "create user mapping for public server srv options (password 'hunter2')",
        "create foreign table t (a int options (x 'hunter2')) server srv options (password 'hunter2')",
    )
    assert "hunter2" not in repr(snapshot)
    assert snapshot.by_key["table", "public.t"].options == ("password=(redacted)",)
    assert snapshot.unmodelled == ()


def test_every_object_belongs_to_one_that_is_there(database: str) -> None:
    snapshot = apply(
        database,
        'create table "Odd.T" (id serial primary key, "C c" int generated always as identity)',
        'create view "V" as select 1 as a',
        "create materialized view mv as select 1 as a",
    )
    orphans = [obj for obj in snapshot.objects if obj.belongs_to and obj.belongs_to not in snapshot.by_key]
    assert orphans == []


def test_dropped_columns_leave_no_trace(database: str) -> None:
    snapshot = apply(database, "create table t (a int, b int, c int)", "alter table t drop column b")
    assert [obj.key for obj in snapshot.objects if obj.kind == "column"] == ["public.t.a", "public.t.c"]
    table = snapshot.by_key["table", "public.t"]
    assert table.column_order == ("a", "c")


def test_a_foreign_key_of_and_to_partitioned_tables_is_reported_once(database: str) -> None:
    snapshot = apply(
        database,
        "create table a (id int primary key) partition by range (id)",
        "create table a1 partition of a for values from (0) to (9)",
        "create table a2 partition of a for values from (9) to (99) partition by range (id)",
        "create table a21 partition of a2 for values from (9) to (99)",
        "create table t (a int references a) partition by list (a)",
        "create table t1 partition of t default",
    )
    keys = [obj.key for obj in snapshot.objects if obj.kind == "constraint" and "fkey" in obj.key]
    assert keys == ["public.t.t_a_fkey"]


def test_members_of_an_extension_are_its_own_business(database: str) -> None:
    before = {(obj.kind, obj.key) for obj in read_snapshot(database).snapshot.objects}
    snapshot = apply(database, "create extension postgis", "create extension pg_stat_statements")
    added = {(obj.kind, obj.key) for obj in snapshot.objects} - before
    assert added == {("extension", "postgis"), ("extension", "pg_stat_statements")}
    assert snapshot.unmodelled == ()


def test_what_someone_puts_next_to_an_extension_is_read(database: str) -> None:
    snapshot = apply(
        database,
        "create extension postgis",
        "create table t (id int references spatial_ref_sys)",
        "create extension moddatetime",
        "create table u (at timestamp)",
        "create trigger g before update on u for each row execute function moddatetime (at)",
    )
    assert ("constraint", "public.t.t_id_fkey") in snapshot.by_key
    assert ("trigger", "public.u.g") in snapshot.by_key
