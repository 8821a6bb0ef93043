"""The port on a real server: for each kind of object a legacy side, an owner side that lacks it, and the proof.

Most pairs live in a schema of their own (``{s}``), so that one legacy shadow, one owner shadow and one proof serve them all:
what still blocks after the port names the schema, and so the pair. What belongs to a whole database or server has a proof of
its own.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from migration_audit.audit.preflight.port import MadePort, PortTask, proven
from migration_audit.audit.preflight.shadows import build_shadow
from migration_audit.compare import Rules, compare
from migration_audit.model.drift import DiffVerdict, Drift
from migration_audit.model.finding import Severity
from migration_audit.model.port import ProofOutcome
from migration_audit.sources import load_source

pytestmark = pytest.mark.server

ITEM = "create table {s}.item (id integer primary key, label text);"
PARTED = "create table {s}.log (id integer not null, at date not null) partition by range (at);"
READING = "create table {s}.reading (device integer not null, at timestamptz not null, v double precision);"
HYPER = READING + "select create_hypertable('{s}.reading', 'at', create_default_indexes => false);"
LOG = "create table {s}.log (n bigint not null, text text);"

PAIRS: dict[str, tuple[str, str]] = {
    "schema": ("", "drop schema {s};"),
    "schema_comment": ("comment on schema {s} is 'ours';", "create table {s}.x ();"),
    "enum": ("create type {s}.mood as enum ('sad', 'it''s ok');", ""),
    "enum_values_added": (
        "create type {s}.mood as enum ('first', 'sad', 'so so', 'ok', 'last');",
        "create type {s}.mood as enum ('sad', 'ok');",
    ),
    "composite": ('create type {s}.pair as (a integer, "B" text collate "C");', ""),
    "composite_attribute_added": ("create type {s}.pair as (a integer, b text);", "create type {s}.pair as (a integer);"),
    "domain": ("create domain {s}.code as text default 'x' not null constraint short check (length(value) < 9);", ""),
    "domain_constraint_added": (
        "create domain {s}.code as text default 'y' constraint short check (length(value) < 9);",
        "create domain {s}.code as text;",
    ),
    "range": ("create type {s}.span as range (subtype = float8, subtype_diff = float8mi);", ""),
    "sequence": ("create sequence {s}.s as integer increment 5 minvalue 10 maxvalue 900 start 20 cache 3 cycle;", ""),
    "sequence_numbers": ("create sequence {s}.s increment 7 cache 2;", "create sequence {s}.s;"),
    "sequence_owned": (ITEM + "create sequence {s}.s owned by {s}.item.id;", ITEM + "create sequence {s}.s;"),
    "table": (ITEM, ""),
    "table_serial_and_identity": (
        "create table {s}.t (a bigserial primary key, b integer generated always as identity (start 5 increment 2));",
        "",
    ),
    "table_generated": ("create table {s}.t (a integer, b integer generated always as (a * 2) stored);", ""),
    "table_options": (
        "create unlogged table {s}.t (a text) with (fillfactor = 70, toast.autovacuum_enabled = false);",
        "",
    ),
    "table_of_type": (
        "create type {s}.pair as (a integer, b text); create table {s}.t of {s}.pair (a with options not null default 3);",
        "create type {s}.pair as (a integer, b text);",
    ),
    "table_without_columns": ("create table {s}.t ();", ""),
    "table_storage": (
        (
            "create table {s}.t (a text, b numeric); alter table {s}.t alter a set storage external,"
            "alter a set statistics 50, alter a set compression pglz, alter b set (n_distinct = 5);"
        ),
        "create table {s}.t (a text);",
    ),
    "table_inherits": (
        ITEM + "create table {s}.child (more text default 'x') inherits ({s}.item);"
        "alter table {s}.child alter label set default 'inherited';",
        ITEM,
    ),
    "table_partitions": (
        (
            "create table {s}.log (id integer not null, at date not null, primary key (id, at)) partition by range (at);"
            "create table {s}.log_1 partition of {s}.log for values from ('2026-01-01') to ('2026-02-01');"
            "create table {s}.log_x (at date not null, id integer not null);"
            "alter table {s}.log attach partition {s}.log_x default;"
            "create index log_at on {s}.log (at);"
        ),
        "",
    ),
    "partition_of_a_table_that_is_there": (
        PARTED + "create index log_at on {s}.log (at);"
        "create table {s}.log_1 partition of {s}.log for values from ('2026-01-01') to ('2026-02-01');",
        PARTED + "create index log_at on {s}.log (at);",
    ),
    "trigger_of_partitions": (
        PARTED + "create table {s}.a_log partition of {s}.log default;"
        "create function {s}.f() returns trigger language plpgsql as 'begin return new; end';"
        "create trigger t after insert on {s}.log for each row execute function {s}.f();",
        PARTED + "create table {s}.a_log partition of {s}.log default;",
    ),
    "row_security": (
        ITEM + "alter table {s}.item enable row level security, force row level security;"
        "create policy seen on {s}.item as restrictive for update to public using (id > 0) with check (id > 1);",
        ITEM,
    ),
    "policy_changed": (
        ITEM + "create policy seen on {s}.item using (id > 0);",
        ITEM + "create policy seen on {s}.item using (id > 5);",
    ),
    "replica_identity": (
        (
            "create table {s}.t (a integer not null); create unique index t_a on {s}.t (a);"
            "alter table {s}.t replica identity using index t_a;"
        ),
        "create table {s}.t (a integer not null);",
    ),
    "column": (ITEM + "alter table {s}.item add note varchar(20) collate \"C\" default 'none' not null;", ITEM),
    "columns_in_order": (ITEM + "alter table {s}.item add z text, add a text, add m integer default 3;", ITEM),
    "column_of_a_partitioned_table": (
        PARTED + "create table {s}.log_1 partition of {s}.log default; alter table {s}.log add c integer;",
        PARTED + "create table {s}.log_1 partition of {s}.log default;",
    ),
    "column_with_its_own_type": (
        ITEM + "create type {s}.mood as enum ('ok'); alter table {s}.item add m {s}.mood default 'ok', add n {s}.mood[];",
        ITEM,
    ),
    "column_identity_added": (
        "create table {s}.t (a integer generated by default as identity);",
        "create table {s}.t (a integer not null);",
    ),
    "column_identity_kind": (
        "create table {s}.t (a integer generated always as identity);",
        "create table {s}.t (a integer generated by default as identity);",
    ),
    "column_may_be_null": ("create table {s}.t (a integer);", "create table {s}.t (a integer not null);"),
    "default": (ITEM + "alter table {s}.item alter label set default 'it''s';", ITEM),
    "default_dropped": (ITEM, ITEM + "alter table {s}.item alter label set default 'x';"),
    "default_of_a_function": (
        ITEM + "create function {s}.f() returns text language sql return 'x'; "
        "alter table {s}.item alter label set default {s}.f();",
        ITEM,
    ),
    "index": (ITEM + "create index item_label on {s}.item (label desc nulls last) where id > 3;", ITEM),
    "index_unique_and_expression": (
        ITEM + "create unique index item_u on {s}.item (lower(label)) include (id) with (fillfactor = 50);"
        "alter index {s}.item_u alter column 1 set statistics 77;",
        ITEM,
    ),
    "index_clustered": (ITEM + "create index i on {s}.item (label); alter table {s}.item cluster on i;", ITEM),
    "index_by_a_function": (
        ITEM + "create function {s}.f(t text) returns text language sql immutable as $$ select upper(t) $$;"
        "create index i on {s}.item ({s}.f(label));",
        ITEM,
    ),
    "constraint_check": (ITEM + "alter table {s}.item add constraint k check (label <> '$port$; --');", ITEM),
    "constraint_keys": (
        "create table {s}.t (a integer primary key, b integer, unique nulls not distinct (b) deferrable);",
        "create table {s}.t (a integer not null, b integer);",
    ),
    "constraint_foreign_key": (
        (
            "create table {s}.a (b integer); create table {s}.z (id integer primary key);"
            "alter table {s}.a add foreign key (b) references {s}.z on delete cascade deferrable;"
        ),
        "",
    ),
    "constraint_exclude": (
        "create table {s}.t (r int4range, exclude using gist (r with &&));",
        "create table {s}.t (r int4range);",
    ),
    "constraint_not_valid": (ITEM + "alter table {s}.item add constraint k check (id > 0) not valid;", ITEM),
    "constraint_validated": (
        ITEM + "alter table {s}.item add constraint k check (id > 0);",
        ITEM + "alter table {s}.item add constraint k check (id > 0) not valid;",
    ),
    "constraint_deferrable": (
        ITEM + "create table {s}.c (i integer constraint f references {s}.item deferrable initially deferred);",
        ITEM + "create table {s}.c (i integer constraint f references {s}.item);",
    ),
    "view": (
        ITEM + "create view {s}.v with (security_barrier) as select id, label as l from {s}.item where label like '%x';",
        ITEM,
    ),
    "view_of_views": (
        ITEM + "create view {s}.z as select id from {s}.item; create view {s}.m as select id from {s}.z;"
        "create view {s}.a as select m.id from {s}.m join {s}.z using (id);",
        ITEM,
    ),
    "view_with_more": (
        ITEM + "create view {s}.v as select id, label from {s}.item;"
        "alter view {s}.v alter label set default 'd'; comment on column {s}.v.label is 'l';",
        ITEM + "create view {s}.v as select id from {s}.item;",
    ),
    "view_options": (
        ITEM + "create view {s}.v with (check_option = local, security_invoker) as select id from {s}.item;",
        ITEM + "create view {s}.v with (security_barrier) as select id from {s}.item;",
    ),
    "view_recursive": (
        "create view {s}.v as with recursive t (n) as (values (1) union all select n + 1 from t) select n from t;",
        "",
    ),
    "materialized_view": (
        ITEM
        + "create materialized view {s}.m with (fillfactor = 80) as select label, count(*) as n from {s}.item group by 1;"
        "create unique index m_label on {s}.m (label);",
        ITEM,
    ),
    "function": (
        (
            "create function {s}.f(a integer default 3, variadic b text[] default '{{}}')"
            " returns setof text language plpgsql "
            "stable strict security definer cost 7 rows 9 set search_path to 'pg_catalog' as $body$ begin return query "
            "select $$ $port$ */ -- '' $$::text; end $body$;"
        ),
        "",
    ),
    "function_of_a_table": (ITEM + "create function {s}.f({s}.item) returns {s}.item language sql as 'select $1';", ITEM),
    "function_before_what_it_names": (
        "create function {s}.a() returns text language sql as $$ select 'x' $$;"
        + ITEM
        + "create function {s}.b() returns bigint language sql begin atomic select count(*) from {s}.item; end;",
        "",
    ),
    "function_replaced": (
        "create function {s}.f() returns integer language sql as 'select 2';",
        "create function {s}.f() returns integer language sql as 'select 1';",
    ),
    "procedure": ("create procedure {s}.p(inout a integer) language plpgsql as 'begin a := 1; end';", ""),
    "aggregate": (
        (
            "create function {s}.plus(integer, integer) returns integer language sql immutable as 'select $1 + $2';"
            "create aggregate {s}.total(integer) (sfunc = {s}.plus, stype = integer, initcond = '0', parallel = safe);"
        ),
        "",
    ),
    "trigger": (
        ITEM + "create function {s}.f() returns trigger language plpgsql as 'begin return new; end';"
        "create trigger t before update of label on {s}.item for each row when (old.id <> new.id) execute function {s}.f();"
        "alter table {s}.item enable always trigger t; comment on trigger t on {s}.item is 'why';",
        ITEM,
    ),
    "trigger_replaced": (
        ITEM + "create function {s}.f() returns trigger language plpgsql as 'begin return new; end';"
        "create trigger t before insert on {s}.item for each row execute function {s}.f();",
        ITEM + "create function {s}.f() returns trigger language plpgsql as 'begin return new; end';"
        "create trigger t after update on {s}.item for each row execute function {s}.f();",
    ),
    "constraint_trigger": (
        ITEM + "create function {s}.f() returns trigger language plpgsql as 'begin return new; end';"
        "create constraint trigger t after insert on {s}.item deferrable for each row execute function {s}.f();",
        ITEM,
    ),
    "rule": (
        ITEM + "create rule r as on delete to {s}.item do instead (select 1; select 2);"
        "alter table {s}.item disable rule r; comment on rule r on {s}.item is 'r';",
        ITEM,
    ),
    "statistics": (
        ITEM + "create statistics {s}.st (ndistinct) on id, label from {s}.item; alter statistics {s}.st set statistics 30;",
        ITEM,
    ),
    "comments": (
        ITEM + "comment on table {s}.item is E'two\\nlines */ $$'; comment on column {s}.item.label is 'it''s \\ -- x';"
        "comment on constraint item_pkey on {s}.item is 'k'; comment on index {s}.item_pkey is 'i';",
        ITEM + "create view {s}.blocks_nothing as select 1 as a; drop view {s}.blocks_nothing;",
    ),
    "hypertable": (HYPER, ""),
    "hypertable_of_a_table_that_is_there": (HYPER, READING),
    "hypertable_with_everything": (
        (
            "create table {s}.reading (device integer not null, at timestamptz not null, primary key (device, at));"
            "select create_hypertable('{s}.reading', 'at', 'device', 4, chunk_time_interval => interval '6 hours',"
            "associated_schema_name => '{s}', associated_table_prefix => 'c');"
        ),
        "",
    ),
    "hypertable_interval": (
        HYPER + "select set_chunk_time_interval('{s}.reading', interval '3 days');",
        HYPER,
    ),
    "hypertable_partitions": (
        HYPER + "select add_dimension('{s}.reading', 'device', number_partitions => 8);",
        HYPER + "select add_dimension('{s}.reading', 'device', number_partitions => 2);",
    ),
    "hypertable_dimension": (HYPER + "select add_dimension('{s}.reading', 'device', number_partitions => 3);", HYPER),
    "hypertable_of_numbers": (
        LOG + "select create_hypertable('{s}.log', 'n', chunk_time_interval => 5000);"
        "create function {s}.now() returns bigint language sql stable as 'select 1::bigint';"
        "select set_integer_now_func('{s}.log', '{s}.now');",
        "",
    ),
    "hypertable_trigger": (
        HYPER + "create function {s}.f() returns trigger language plpgsql as 'begin return new; end';"
        "create trigger t before insert on {s}.reading for each row execute function {s}.f();",
        HYPER,
    ),
    "collation": ("create collation {s}.german (provider = icu, locale = 'de-DE', deterministic = false);", ""),
    "cast_and_operator": (
        (
            "create type {s}.p as (a integer);"
            "create function {s}.c({s}.p) returns integer language sql immutable as 'select 1';"
            "create cast ({s}.p as integer) with function {s}.c({s}.p) as assignment;"
            "create function {s}.eq({s}.p, {s}.p) returns boolean language sql immutable as 'select true';"
            "create operator {s}.=== (function = {s}.eq, leftarg = {s}.p, rightarg = {s}.p, hashes,"
            "commutator = operator({s}.===));"
        ),
        "",
    ),
    "text_search": (
        (
            "create text search dictionary {s}.d (template = snowball, language = 'english', stopwords = 'english');"
            "create text search configuration {s}.c (copy = pg_catalog.simple);"
            "alter text search configuration {s}.c alter mapping for asciiword with {s}.d, simple;"
        ),
        "",
    ),
    "odd_names": (
        (
            'create table {s}."select" ("user" integer primary key, "a""b" text default \'$port$\''
            ' check ("a""b" <> \'$port$\'),'
            "\"new\nline */ -- $$\" integer); create type {s}.\"it's\" as enum ('$port$', E'back\\\\slash', '*/');"
            'create index "I; drop table x" on {s}."select" ("new\nline */ -- $$");'
            'create view {s}."order" as select "user" as "group" from {s}."select";'
            "comment on table {s}.\"select\" is '*/ $port$; \\ drop';"
            "create function {s}.\"F$port$\"() returns text language sql as $a$ select '$port$'::text $a$;"
        ),
        "",
    ),
}
"""What the legacy side makes in a schema, and what of it the owner makes."""


STRICT = Rules().override(dict.fromkeys(("comments", "owners", "privileges", "column_order"), Severity.BLOCKER))
"""What by itself only informs must be ported too."""


@dataclass(frozen=True)
class Tried:
    before: Drift
    made: MadePort

    def blocking(self, schema: str) -> list[str]:
        return [
            f"{d.kind} {d.key}"
            for d in self.before.differences
            if d.verdict is not DiffVerdict.UNEXPECTED and _schema_of(d.kind, d.key) == schema
        ]


def _schema_of(kind: str, key: str) -> str | None:
    match = re.search(r"\bpair_\w+?_end\b", key)
    return match.group() if match else None


def schema_of(pair: str) -> str:
    return f"pair_{pair}_end"


@pytest.fixture
def write(tmp_path):
    def written(name: str, sql: str) -> Any:
        path = tmp_path / f"{name}.sql"
        path.write_text(sql + "\nselect 1;\n", encoding="utf-8")
        return load_source(name, [path], shown_from=tmp_path)

    return written


def try_port(server: Any, legacy: Any, owner: Any, rules: Rules = STRICT) -> Tried:
    built = []
    for source in (legacy, owner):
        with server.cluster() as cluster:
            shadow, _ = build_shadow(cluster, "side", [source])
        assert shadow.applied.failure is None, str(shadow.applied.failure)
        built.append(shadow)
    expected, actual = (one.snapshot for one in built)
    drift = compare(expected=expected, actual=actual, rules=rules)
    about = PortTask(drift=drift, expected=expected, actual=actual, origins=built[0].origins, rules=rules)
    return Tried(drift, proven(about, server=server, owner=[owner]))


@pytest.fixture(scope="module")
def all_pairs(server, tmp_path_factory):
    folder = tmp_path_factory.mktemp("pairs")
    sources = []
    for side, name in ((0, "legacy"), (1, "owner")):
        texts = ["create extension timescaledb;"]
        for pair, sql in PAIRS.items():
            schema = schema_of(pair)
            texts.append(f"create schema {schema};\n" + sql[side].format(s=schema))
        path = folder / f"{name}.sql"
        path.write_text("\n".join(texts), encoding="utf-8")
        sources.append(load_source(name, [path], shown_from=folder))
    return try_port(server, *sources)


@pytest.mark.timescale
@pytest.mark.parametrize("pair", PAIRS)
def test_the_owner_covers_the_legacy_side_after_the_port(all_pairs, pair):
    schema = schema_of(pair)
    assert all_pairs.blocking(schema), "the owner lacks nothing: this pair shows nothing"
    assert [reason for reason in all_pairs.made.proof.reasons if schema in reason] == []


@pytest.mark.timescale
def test_all_pairs_together_are_proven(all_pairs):
    assert all_pairs.made.proof.reasons == ()
    assert all_pairs.made.proof.outcome is ProofOutcome.PROVEN


@pytest.mark.timescale
def test_comments_and_privileges_that_do_not_block_are_ported_too(all_pairs):
    asked = [step.about for step in all_pairs.made.port.for_person]
    assert [about for about in asked if about[0] != "table"] == []


GLOBAL: dict[str, tuple[str, str]] = {
    "extension": ("create schema x; create extension pg_trgm with schema x;", "select 1;"),
    "roles_and_privileges": (
        (
            "create role app login noinherit; create role reader; grant reader to app;"
            "create table t (a integer, b text); alter table t owner to app;"
            "grant select, insert on t to reader with grant option; grant update (b) on t to reader;"
            "create function f() returns integer language sql as 'select 1'; revoke execute on function f() from public;"
            "grant execute on function f() to reader; create schema s authorization app; grant usage on schema s to reader;"
            "create type mood as enum ('ok'); revoke usage on type mood from public;"
            "alter default privileges for role app in schema s grant select on tables to reader;"
            "alter default privileges for role app revoke execute on functions from public;"
        ),
        "create table t (a integer);",
    ),
    "a_role_that_the_owner_takes_for_granted": (
        "create role reader; create table t (a integer); grant select on t to reader;",
        "create table t (a integer); grant select on t to reader;",
    ),
    "event_trigger": (
        (
            "create table log (tag text); create function reported() returns event_trigger language plpgsql as $$ begin "
            "insert into public.log values (tg_tag); end $$;"
            "create event trigger watch on ddl_command_end when tag in ('CREATE TABLE', 'DROP TABLE')"
            " execute function reported();"
            "alter event trigger watch enable always; comment on event trigger watch is 'w';"
        ),
        "create table log (tag text);",
    ),
    "publication": (
        (
            "create table t (a integer primary key, b text); create table u (a integer primary key);"
            "create publication p for table t (a) where (a > 3) with (publish = 'insert, update');"
            "create publication everything for all tables;"
        ),
        "create table t (a integer primary key, b text); create table u (a integer primary key);",
    ),
    "foreign_tables": (
        (
            "create extension postgres_fdw;"
            "create server s foreign data wrapper postgres_fdw options (host 'h', dbname 'd');"
            "create foreign table f (a integer options (column_name 'x') not null, b text) server s "
            "options (schema_name 'public', table_name 'it''s');"
        ),
        "create extension postgres_fdw;",
    ),
}
"""The same for what belongs to a whole database or server; none of it is in a schema of its own."""


@pytest.mark.slow
@pytest.mark.parametrize("pair", GLOBAL)
def test_what_belongs_to_no_schema(server, write, pair):
    legacy, owner = GLOBAL[pair]
    tried = try_port(server, write("legacy", legacy), write("owner", owner))
    assert not tried.before.covered
    assert (tried.made.proof.outcome, tried.made.proof.reasons) == (ProofOutcome.PROVEN, ())


REFUSED: dict[str, tuple[str, str, str]] = {
    "type": ("create table t (a bigint);", "create table t (a integer);", "ALTER COLUMN a TYPE bigint"),
    "not_null": ("create table t (a integer not null);", "create table t (a integer);", "ALTER COLUMN a SET NOT NULL"),
    "index": (
        "create table t (a integer, b integer); create index i on t (a);",
        "create table t (a integer, b integer); create index i on t (b);",
        "DROP INDEX public.i;",
    ),
    "a_secret": (
        (
            "create extension postgres_fdw; create server s foreign data wrapper postgres_fdw; create role app;"
            "create user mapping for app server s options (password 'hidden-value');"
        ),
        "create extension postgres_fdw; create server s foreign data wrapper postgres_fdw; create role app;",
        "CREATE USER MAPPING IF NOT EXISTS FOR app SERVER s",
    ),
    "a_name_that_is_taken": (
        "create table a (id integer primary key); create index i on a (id);",
        "create table a (id integer primary key); create table b (); create view i as select 1 as x;",
        "is missing",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_is_not_covered_afterwards_is_not_offered_and_says_why(server, write, case):
    legacy, owner, shown = REFUSED[case]
    made = try_port(server, write("legacy", legacy), write("owner", owner)).made
    text = made.text(expected="legacy", actual="owner")
    assert made.proof.outcome is ProofOutcome.REFUTED
    assert made.proof.reasons
    assert [line for line in text.splitlines() if line and not line.startswith("--")] == []
    assert "NOT OFFERED" in text
    assert shown in text
    assert "hidden-value" not in text


DRIFT = Path(__file__).parents[1] / "drift"
SAMPLE = ("hypertable_missing", "index_unique", "role_missing", "table_renamed", "type_enum_label", "view_missing")
CASES = [
    pytest.param(path.parent, id=path.parent.name)
    for path in sorted(DRIFT.glob("*/expected.sql"))
    if path.parent.name in SAMPLE or os.environ.get("MIGRATION_AUDIT_PORT_OF_ALL_CASES") == "1"
]
"""The folders of ``tests/drift``: a few, or all of them, which takes several minutes."""


@pytest.mark.slow
@pytest.mark.timescale
@pytest.mark.parametrize("case", CASES)
def test_a_drift_case_is_covered_by_its_port_or_says_why_not(server, case):
    sides = [
        load_source(side, [path for path in (case / "base.sql", case / f"{side}.sql") if path.exists()], shown_from=DRIFT)
        for side in ("expected", "actual")
    ]
    tried = try_port(server, *sides, rules=Rules())
    text = tried.made.text(expected="legacy", actual="owner")
    runs = [line for line in text.splitlines() if line and not line.startswith("--")]
    if tried.made.proof.outcome is ProofOutcome.PARTIAL:
        assert runs
        assert tried.made.proof.reasons
    elif tried.made.proof.outcome is ProofOutcome.PROVEN or tried.before.covered:
        assert tried.made.proof.is_proven == bool(runs) or tried.before.covered
    else:
        assert tried.made.proof.outcome is ProofOutcome.REFUTED
        assert tried.made.proof.reasons
        assert runs == []


@pytest.mark.slow
def test_nothing_that_only_the_owner_has_is_dropped(server, write):
    legacy = write("legacy", "create table t (a integer, b integer);")
    owner = write(
        "owner", "create table t (a integer, extra text); create table more (a integer); create index i on more (a);"
    )
    made = try_port(server, legacy, owner).made
    assert made.proof.is_proven
    assert not re.search(r"(?i)drop|extra|more", "".join(step.sql for step in made.port.steps))


@pytest.mark.slow
def test_what_does_not_block_and_is_refused_is_left_to_a_person(server, write):
    legacy = write("legacy", "create table t (a integer, b integer); comment on table t is 'said';")
    owner = write(
        "owner",
        "create table t (a integer);"
        "create function no() returns event_trigger language plpgsql as $$ begin raise 'no comment'; end $$;"
        "create event trigger no on ddl_command_start when tag in ('COMMENT') execute function no();",
    )
    made = try_port(server, legacy, owner, rules=Rules()).made
    assert made.proof.is_proven
    assert [(step.about, "no comment" in step.for_person) for step in made.port.for_person] == [
        (("table", "public.t"), True)
    ]
    assert "ADD COLUMN IF NOT EXISTS b integer;" in made.text(expected="legacy", actual="owner")
