"""A port runs as it is and covers the legacy side, whatever the objects are called: every kind under hostile names."""

from __future__ import annotations

from typing import Any

import pytest

from database.test_port import try_port
from migration_audit.model.identifiers import in_quotes, literal
from migration_audit.model.port import ProofOutcome
from migration_audit.sources import load_source

pytestmark = [pytest.mark.server, pytest.mark.timescale, pytest.mark.slow]

NAMES = (
    *("order", "table", "TO", "Upper", "a.b", 'we"ird', 'q"."r', "new\nline", "tab\tle", "ümlaut", "sp ace", "x, y"),
    *("$1", "$port$", "--x", "/* c", "it's", "e'x", "back\\slash", "a (b", "a=b", "a: b", "%s {0}", "n" * 63),
)

NEW = {
    "type": "create type {n}.{n} as enum ({l}, 'b'); comment on type {n}.{n} is {l};",
    "composite": "create type {n}.{comp} as ({n} integer, b text); comment on column {n}.{comp}.{n} is {l};",
    "domain": "create domain {n}.{dom} as integer default 3 constraint {n} check (value > 0);"
    "comment on constraint {n} on domain {n}.{dom} is {l};",
    "range": "create type {n}.{range} as range (subtype = float8, multirange_type_name = {n}.{multi});",
    "table": "create table {n}.{t} ({n} integer generated always as identity primary key,"
    " k integer default 3 constraint {n} check (k > 0), g integer generated always as (k * 2) stored,"
    " e {n}.{n} default {l}, p {n}.{comp}, q {n}.{dom}, z text);"
    "alter table {n}.{t} alter z set storage external, alter {n} set statistics 33, alter {n} set (n_distinct = 4);"
    "alter table {n}.{t} owner to {role}; comment on column {n}.{t}.{n} is {l}; grant update ({n}) on {n}.{t} to {reader};",
    "sequences": "create sequence {n}.{seq}; create table {n}.{serial} ({n} bigserial);"
    "create table {n}.{default} (a bigint default nextval({q_seq}));",
    "foreign key": "create table {n}.{fk} ({n} integer constraint {n} references {n}.{t} ({n}) on delete cascade);",
    "partitions": "create table {n}.{parted} ({n} integer not null, v text) partition by list ({n});"
    "create table {n}.{part} partition of {n}.{parted} for values in (1);"
    "create table {n}.{attached} (v text, {n} integer not null);"
    "alter table {n}.{parted} attach partition {n}.{attached} default;"
    "create index {iparted} on {n}.{parted} ({n});",
    "child": "create table {n}.{child} (x integer) inherits ({n}.{t});",
    "index": "create unique index {i} on {n}.{t} ({n} desc, lower(z)) include (k); comment on index {n}.{i} is {l};"
    "alter table {n}.{t} cluster on {i}; alter index {n}.{i} alter column 2 set statistics 44;",
    "replica identity": "alter table {n}.{t} replica identity using index {t_pkey};",
    "exclusion": "alter table {n}.{t} add constraint {exclude} exclude using btree (k with =);",
    "statistics": "create statistics {n}.{stats} on {n}, k from {n}.{t}; alter statistics {n}.{stats} set statistics 8;"
    "alter statistics {n}.{stats} owner to {role};",
    "view": "create view {n}.{v} as select {n}, k as {x} from {n}.{t}; alter view {n}.{v} alter {x} set default 4;"
    "comment on column {n}.{v}.{x} is {l}; alter view {n}.{v} owner to {role};",
    "materialized view": "create materialized view {n}.{mv} as select {n} from {n}.{t};"
    "create index {imv} on {n}.{mv} ({n});",
    "function": "create function {n}.{n}({n} integer, e {n}.{n} default {l}) returns integer language sql"
    " set search_path = {n}, public as 'select 1'; comment on function {n}.{n}(integer, {n}.{n}) is {l};"
    "grant execute on function {n}.{n} to {role};",
    "procedure": "create procedure {n}.{proc}(inout {n} integer) language sql as 'select 1';"
    "alter procedure {n}.{proc} owner to {role};",
    "trigger": "create function {n}.{tf}() returns trigger language plpgsql as 'begin return new; end';"
    "create trigger {n} before update of {n} on {n}.{fk} for each row when (old.{n} is distinct from new.{n})"
    " execute function {n}.{tf}({l}); alter table {n}.{fk} enable always trigger {n};"
    "comment on trigger {n} on {n}.{fk} is {l};",
    "rule": "create rule {n} as on delete to {n}.{serial} where old.{n} > 3 do instead nothing;"
    "alter table {n}.{serial} disable rule {n};",
    "policy": "create policy {n} on {n}.{t} to {role} using ({n} > 0); alter table {n}.{t} enable row level security;"
    "comment on policy {n} on {n}.{t} is {l};",
    "aggregate": "create function {n}.{step}(integer, {n}.{n}) returns integer language sql immutable as 'select 1';"
    "create aggregate {n}.{agg}({n}.{n}) (sfunc = {n}.{step}, stype = integer, initcond = '0');"
    "comment on aggregate {n}.{agg}({n}.{n}) is {l}; grant execute on function {n}.{agg} to {role};",
    "operator": "create function {n}.{eq}({n}.{comp}, {n}.{comp}) returns boolean language sql immutable as 'select true';"
    "create operator {n}.=== (function = {n}.{eq}, leftarg = {n}.{comp}, rightarg = {n}.{comp},"
    " commutator = operator({n}.===)); comment on operator {n}.=== ({n}.{comp}, {n}.{comp}) is {l};",
    "cast": "create function {n}.{cf}({n}.{comp}) returns {n}.{n} language sql immutable as $f$ select null::{n}.{n} $f$;"
    "create cast ({n}.{comp} as {n}.{n}) with function {n}.{cf}({n}.{comp});"
    "comment on cast ({n}.{comp} as {n}.{n}) is {l};",
    "collation": "create collation {n}.{coll} (provider = icu, locale = 'de-DE');"
    "create table {n}.{collated} ({n} text collate {n}.{coll}); comment on collation {n}.{coll} is {l};",
    "text search": "create text search dictionary {n}.{n} (template = simple, accept = false);"
    "create text search configuration {n}.{n} (parser = default);"
    "alter text search configuration {n}.{n} add mapping for word with {n}.{n}, simple;",
    "foreign data": "create foreign data wrapper {fdw}; create server {srv} foreign data wrapper {fdw} options (host {l});"
    "create foreign table {n}.{ft} ({n} integer options (column_name {l})) server {srv} options (table_name {l});"
    "grant usage on foreign server {srv} to {role};",
    "publication": "create publication {pub} for table {n}.{serial} where ({n} > 3), table {n}.{default} (a);"
    "comment on publication {pub} is {l}; create publication {pubs} for tables in schema {n};",
    "event trigger": "create function {n}.{ef}() returns event_trigger language plpgsql as 'begin end';"
    "create event trigger {et} on ddl_command_end when tag in ('CREATE AGGREGATE') execute function {n}.{ef}();"
    "comment on event trigger {et} is {l};",
    "default privileges": "alter default privileges for role {role} in schema {n} grant select on tables to {role};"
    "alter default privileges for role {role} grant select on sequences to public;",
    "schema": "comment on schema {n} is {l}; grant usage on schema {n} to {role};",
    "settings": 'alter role {role} set search_path = {n}, public, "$user"; alter role {role} set application_name = {l};',
    "hypertables": "create table {n}.{h} ({n} timestamptz not null, k integer);"
    "select create_hypertable({q_h}, {l}, create_default_indexes => false); create index {ih} on {n}.{h} (k, {n});"
    "create table {n}.{space} (at timestamptz not null, {n} integer);"
    "select create_hypertable({q_space}, 'at', {l}, 3, associated_schema_name => {l}, associated_table_prefix => {short});"
    "create table {n}.{numbers} ({n} bigint not null);"
    "select create_hypertable({q_numbers}, {l}, chunk_time_interval => 10);"
    "create function {n}.{now}() returns bigint language sql stable as 'select 1::bigint';"
    "select set_integer_now_func({q_numbers}, {q_now});",
}
"""What the legacy side makes in a schema of that name, and the owner does not."""

CHANGED: dict[str, tuple[str, str]] = {
    "type": ("create type {n}.{n} as enum ('a', {l}, 'b');", "create type {n}.{n} as enum ('a', 'b');"),
    "composite": ("create type {n}.{comp} as (a integer, {n} text);", "create type {n}.{comp} as (a integer);"),
    "domain": (
        "create domain {n}.{dom} as text default {l} constraint {n} check (value <> {l});",
        "create domain {n}.{dom} as text;",
    ),
    "columns": (
        "create table {n}.{t} ({n} integer default 4 generated always as identity, k text default {l}, z text);"
        "alter table {n}.{t} alter z set storage external, alter {n} set statistics 7; comment on table {n}.{t} is {l};"
        "alter table {n}.{t} owner to {role}; grant select on {n}.{t} to {reader};".replace("default 4 ", ""),
        "create table {n}.{t} ({n} integer not null, k text, z text);",
    ),
    "index options": (
        (
            "create table {n}.{it} ({n} integer not null); create unique index {i} on {n}.{it} ({n}) with (fillfactor = 50);"
            "alter table {n}.{it} replica identity using index {i}; alter table {n}.{it} cluster on {i};"
        ),
        "create table {n}.{it} ({n} integer not null); create unique index {i} on {n}.{it} ({n}) with (fillfactor = 50);",
    ),
    "constraints": (
        (
            "create table {n}.{ct} ({n} integer primary key, b integer constraint {n} references {n}.{ct} deferrable,"
            " constraint {x} check (b > 0));"
        ),
        (
            "create table {n}.{ct} ({n} integer primary key, b integer constraint {n} references {n}.{ct});"
            "alter table {n}.{ct} add constraint {x} check (b > 0) not valid;"
        ),
    ),
    "views": (
        (
            "create view {n}.{v} with (security_barrier) as select 1 as {n}, 2 as {x};"
            " alter view {n}.{v} alter {n} set default 3;"
        ),
        "create view {n}.{v} as select 1 as {n};",
    ),
    "function": (
        "create function {n}.{n}({n} integer) returns integer language sql as 'select 2';",
        "create function {n}.{n}({n} integer) returns integer language sql as 'select 1';",
    ),
    "triggers": (
        (
            "create table {n}.{tt} ({n} integer);"
            "create function {n}.{tf}() returns trigger language plpgsql as 'begin return new; end';"
            "create trigger {n} before update on {n}.{tt} for each row execute function {n}.{tf}({l});"
            "create rule {x} as on delete to {n}.{tt} where old.{n} > 2 do instead nothing;"
            "create policy {n} on {n}.{tt} using ({n} > 3);"
        ),
        (
            "create table {n}.{tt} ({n} integer);"
            "create function {n}.{tf}() returns trigger language plpgsql as 'begin return new; end';"
            "create trigger {n} before insert on {n}.{tt} for each row execute function {n}.{tf}();"
            "create rule {x} as on delete to {n}.{tt} where old.{n} > 1 do instead nothing;"
            "create policy {n} on {n}.{tt} using ({n} > 1);"
        ),
    ),
    "sequence": (
        "create table {n}.{st} ({n} integer); create sequence {n}.{seq} increment 4 owned by {n}.{st}.{n};",
        "create table {n}.{st} ({n} integer); create sequence {n}.{seq};",
    ),
    "partition": (
        (
            "create table {n}.{parted} ({n} integer not null) partition by list ({n});"
            "create table {n}.{part} partition of {n}.{parted} for values in (1);"
        ),
        (
            "create table {n}.{parted} ({n} integer not null) partition by list ({n});"
            "create table {n}.{part} ({n} integer not null);"
        ),
    ),
    "renames": (
        (
            "create table {n}.{was} ({n} integer, b text, constraint {n} check (b <> 'x'));"
            "create index {i2} on {n}.{was} (b);"
            "create sequence {n}.{s2};"
        ),
        (
            "create table {n}.{now} ({n} integer, b text, constraint {n} check (b <> 'x'));"
            "create index {i2} on {n}.{now} (b);"
            "create sequence {n}.{s2};"
        ),
    ),
    "renamed parts": (
        "create table {n}.{r} (a integer, {n} bytea, constraint {n} check (a > 2)); create index {i3} on {n}.{r} (a);",
        "create table {n}.{r} (a integer, {x} bytea, constraint {x} check (a > 2)); create index {i4} on {n}.{r} (a);",
    ),
    "hypertable": (
        (
            "create table {n}.{h} ({n} timestamptz not null, k integer);"
            "select create_hypertable({q_h}, {l}, chunk_time_interval => interval '3 days');"
            "select add_dimension({q_h}, 'k', number_partitions => 4);"
        ),
        "create table {n}.{h} ({n} timestamptz not null, k integer); select create_hypertable({q_h}, {l});",
    ),
}
"""What both sides have under that name: as the legacy side makes it, and as the owner does."""


class _Named(dict[str, str]):
    """Fills ``{n}`` with the name, ``{l}`` with it as a text, ``{word}`` with a name of both, ``{q_word}`` as a text."""

    def __init__(self, name: str) -> None:
        super().__init__(n=in_quotes(name), l=literal(name), short=literal(name[:20]))
        self._name = name

    def __missing__(self, word: str) -> str:
        if word.startswith("q_"):
            return literal(f"{self['n']}.{self[word[2:]]}")
        return in_quotes(f"{self._name[:50]} {word}")


@pytest.fixture(scope="module")
def tried(server: Any, tmp_path_factory: Any) -> Any:
    """The port of each of the two tables, for all names together."""
    folder = tmp_path_factory.mktemp("hostile")

    def port(which: str, legacy: list[str], owner: list[str]) -> Any:
        sources = []
        for side, texts in (("legacy", legacy), ("owner", owner)):
            head = ["create extension timescaledb;"]
            for name in NAMES:
                of_name = _Named(name)
                roles = ("create role {role}; create role {reader};" if which == "changed" or side == "legacy" else "",)
                schema = () if side == "owner" and which == "new" else ("create schema {n};",)
                head += [text.format_map(of_name) for text in (*roles, *schema, *texts)]
            path = folder / f"{which}-{side}.sql"
            path.write_text("\n".join(head), "utf-8")
            sources.append(load_source(side, [path], shown_from=folder))
        return try_port(server, *sources)

    return {
        "new": port("new", list(NEW.values()), []),
        "changed": port("changed", *(list(side) for side in zip(*CHANGED.values(), strict=True))),
    }


@pytest.mark.parametrize("which", ["new", "changed"])
def test_a_port_of_every_kind_is_proven(tried: dict[str, Any], which: str) -> None:
    made = tried[which].made
    assert (made.proof.outcome, made.proof.reasons) == (ProofOutcome.PROVEN, ())
    assert [(step.about, step.for_person) for step in made.port.for_person if step.about[0] != "table"] == []


@pytest.mark.parametrize("which", ["new", "changed"])
def test_every_name_and_every_kind_is_in_it(tried: dict[str, Any], which: str) -> None:
    running = tried[which].made.port.running
    for name in NAMES:
        assert [step for step in running if in_quotes(name) in step.sql or literal(name) in step.sql], name
    kinds = {step.about[0] for step in running}
    wanted = {
        "new": {
            *("aggregate", "cast", "collation", "column", "constraint", "default privileges", "dimension", "event trigger"),
            *("extended statistics", "foreign-data wrapper", "function", "hypertable", "index", "materialized view"),
            *("operator", "policy", "publication", "publication table", "role", "rule", "schema", "sequence", "server"),
            *("settings", "table", "text search configuration", "text search dictionary", "trigger", "type", "view"),
        },
        "changed": {"column", "constraint", "function", "policy", "rule", "sequence", "table", "trigger", "type", "view"},
    }
    assert wanted[which] <= kinds
