"""Names with line ends, quotes, or what separates the fields of a dump: the cross-check knows what is meant."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from fix_demo import run_cli

pytestmark = pytest.mark.server

NAMES = (
    "a\nb",
    "a\rb",
    "a\tb",
    "a; Type: TABLE; Schema: x; Owner: -",
    "--\n-- Name: z; Type: TABLE; Schema: public; Owner: -\n--",
    "$$ $a$",
    'a"\nb',
    "a.b (c) [d] {e} %s \\x :y ON z",
    "a'b",
    "*",
)


def quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def schema_of(name: str) -> str:
    """One schema with an object of every kind that is called so, and a comment on what may have one."""

    def n(ending: str = "") -> str:
        return quoted(name + ending)

    text = "'" + name.replace("'", "''") + "'"
    table = f"{n()}.{n()}"
    return "".join(
        f"{statement};\n"
        for statement in (
            f"create schema {n()}",
            f"create table {table} ({n()} int not null default 1, c text, constraint {n('k')} primary key ({n()}))",
            f"alter table {table} add constraint {n('c')} check ({n()} > 0)",
            f"create index {n('i')} on {table} (c)",
            f"create view {n()}.{n('v')} as select {n()} from {table}",
            f"create materialized view {n()}.{n('m')} as select {n()} from {table}",
            f"create sequence {n()}.{n('s')}",
            f"create type {n()}.{n('e')} as enum ({text})",
            f"create type {n()}.{n('ct')} as ({n()} int)",
            f"create domain {n()}.{n('d')} as int constraint {n('dc')} check (value > 0)",
            f"create function {n()}.{n('f')}({n()} int) returns int language sql as 'select 1'",
            f"create procedure {n()}.{n('pr')}() language sql as 'select 1'",
            f"create aggregate {n()}.{n('ag')}(int) (sfunc = int4pl, stype = int)",
            f"create function {n()}.{n('tf')}() returns trigger language plpgsql as 'begin return new; end'",
            f"create trigger {n('t')} before insert on {table} for each row execute function {n()}.{n('tf')}()",
            f"alter table {table} disable trigger {n('t')}",
            f"create policy {n('p')} on {table} using (true)",
            f"create rule {n('r')} as on update to {table} do instead nothing",
            f"create statistics {n()}.{n('st')} on {n()}, c from {table}",
            f"create text search configuration {n()}.{n('ts')} (copy = simple)",
            f'create collation {n()}.{n("co")} (provider = libc, locale = "C")',
            f"create operator {n()}.=== (leftarg = int, rightarg = int, procedure = int4eq)",
            f"create table {n()}.{n('pt')} ({n()} int) partition by range ({n()})",
            f"create table {n()}.{n('p1')} partition of {n()}.{n('pt')} for values from (1) to (2)",
            f"create table {n()}.{n('h')} () inherits ({table})",
            f"create table {n()}.{n('fk')} (x int constraint {n('fkc')} references {table})",
            f"create table {n()}.{n('id')} (x int generated always as identity, y serial)",
            f"create foreign data wrapper {n()}",
            f"create server {n('sv')} foreign data wrapper {n()}",
            f"create foreign table {n()}.{n('ft')} (a int) server {n('sv')}",
            f"create publication {n()} for table {table}",
            f"alter default privileges in schema {n()} grant select on tables to public",
            f"grant select on {table} to public",
            f"grant select ({n()}) on {table} to public",
            f"grant usage on schema {n()} to public",
            f"alter table {table} cluster on {n('k')}",
            f"alter table {table} alter column c set statistics 100",
            f"comment on table {table} is {text}",
            f"comment on column {table}.{n()} is {text}",
            f"comment on constraint {n('k')} on {table} is {text}",
            f"comment on trigger {n('t')} on {table} is {text}",
            f"comment on policy {n('p')} on {table} is {text}",
            f"comment on function {n()}.{n('f')}(int) is {text}",
        )
    )


@pytest.mark.slow
def test_pg_dump_agrees_whatever_the_names_hold(tmp_path: Path) -> None:
    (tmp_path / "all.sql").write_text("".join(map(schema_of, NAMES)), "utf-8", newline="")
    (tmp_path / "one.sql").write_text("create table one ()", "utf-8")
    ran = run_cli("compare", "all.sql", "one.sql", "--format", "json", cwd=tmp_path)
    assert ran.code == 1, ran.err
    found = json.loads(ran.out)
    assert len(found["differences"]) > 40 * len(NAMES)
    assert found["cross_check"] == {"method": "pg_dump", "agrees": True, "unexplained": [], "beyond": []}
