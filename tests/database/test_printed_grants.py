"""GRANT, REVOKE, ALTER … OWNER and the clean-up that we print run as they are, whatever roles and objects are called."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from fix_inputs import environment, project, source
from migration_audit.audit.grants import as_sql, grants_for
from migration_audit.audit.inputs.privileges import scoped_access
from migration_audit.catalog import open_connection, read_ledger, read_snapshot
from migration_audit.catalog.access import read_access
from migration_audit.catalog.duplicates import count_obstacles
from migration_audit.catalog.rights import read_rights
from migration_audit.checks import BY_ID, judge
from migration_audit.checks.ddl_ways import ddl_ways
from migration_audit.checks.liv009_jobs import run as live_jobs
from migration_audit.compare import compare
from migration_audit.model.finding import Finding, Phase
from migration_audit.model.identifiers import in_quotes, literal
from migration_audit.model.live import wanted_in
from migration_audit.model.location import Location
from migration_audit.model.snapshot import Snapshot
from migration_audit.project import AuditScope, Probe
from migration_audit.shadow.probes import rehearse
from migration_audit.sources.needs import statement_needs

pytestmark = pytest.mark.server

NAMES = ("order", 'we"ird', "new\nline", "x, y", "$cleanup$", "it's \\ --x", "a.b (", "n" * 63)


@pytest.fixture(scope="module")
def admin(server: Any) -> Iterator[str]:
    """A server of its own: roles belong to a whole server."""
    with server.cluster() as cluster:
        yield cluster.conninfo()


class Place:
    """A database of a hostile name, with a role and a schema of that name, and another role."""

    def __init__(self, admin: str, name: str) -> None:
        self.name, self.n, self.other_name = name, in_quotes(name), f"{name[:50]} other"
        self.other = in_quotes(self.other_name)
        with psycopg.connect(admin, autocommit=True) as connection:
            connection.execute(f"create database {self.n}".encode())
        self.admin = make_conninfo(admin, dbname=name)
        self.plain = make_conninfo(admin, dbname=name, user=name)
        self.run(f"create role {self.n} login; create role {self.other}; create schema {self.n}")

    def run(self, *statements: str) -> None:
        with psycopg.connect(self.admin, autocommit=True) as connection:
            for statement in statements:
                connection.execute(statement.encode())

    def names(self, text: str) -> str:
        """``{n}`` and ``{o}`` in a text are the name and the other role."""
        return text.replace("{n}", self.n).replace("{o}", self.other).replace("{l}", literal(self.name))


@pytest.fixture
def place(admin: str, request: pytest.FixtureRequest) -> Iterator[Place]:
    made = Place(admin, request.param)
    yield made
    with psycopg.connect(admin, autocommit=True) as connection:
        connection.execute(f"drop database {made.n}".encode())
        connection.execute(f"drop role {made.n}, {made.other}".encode())


each_name = pytest.mark.parametrize("place", NAMES, indirect=True)

OWNED = (
    "create table {n}.{n} (a serial, b integer generated always as identity)",
    "create table {n}.parted (a integer) partition by list (a); create table {n}.part partition of {n}.parted default",
    "create server {n} foreign data wrapper {n}",
    "create foreign table {n}.far () server {n}",
    "create view {n}.v as select 1 as a; create materialized view {n}.m as select 1 as a",
    "create sequence {n}.s",
    "create type {n}.e as enum (); create domain {n}.d as integer",
    "create type {n}.r as range (subtype = integer)",
    "create function {n}.{n}({n}.{n}, integer) returns integer language sql as 'select 1'",
    "create procedure {n}.p(inout a integer) language sql as 'select 1'",
    "create aggregate {n}.g({n}.c) (sfunc = {n}.step, stype = integer)",
    "create operator {n}.=== (function = {n}.eq, leftarg = {n}.c, rightarg = {n}.c)",
    "create operator family {n}.{n} using btree",
    "create operator class {n}.{n} for type {n}.c using btree family {n}.{n} as operator 1 {n}.===",
    "create collation {n}.{n} (locale = 'C'); create conversion {n}.{n} for 'LATIN1' to 'UTF8' from iso8859_1_to_utf8",
    "create statistics {n}.{n} on a, b from {n}.{n}",
    "create text search dictionary {n}.{n} (template = simple)",
    "create text search configuration {n}.{n} (parser = default)",
    "create publication {n}",
)
BEFORE = (
    "create foreign data wrapper {n}",  # only a superuser may own one
    "create type {n}.c as (a integer)",
    "create function {n}.step(integer, {n}.c) returns integer language sql as 'select 1'",
    "create function {n}.eq({n}.c, {n}.c) returns boolean language sql as 'select true'",
)
GRANTED = (
    "grant create on database {n} to {n}",
    "grant create on schema {n} to {n}",
    "grant trigger on {n}.{n} to {n}",
    "grant usage on foreign data wrapper {n} to {n}",
)


def access_of(place: Place) -> Any:
    with open_connection(place.admin) as connection:
        live = read_snapshot(connection).snapshot
        return scoped_access(read_access(connection, place.name), live, project(scope=AuditScope()))


@each_name
def test_every_way_to_run_ddl_ends_by_the_sql_that_is_shown(place: Place) -> None:
    place.run(*map(place.names, BEFORE))
    with psycopg.connect(place.admin, autocommit=True) as connection:
        connection.execute(place.names("alter role {n} superuser; set session authorization {n}").encode())
        for statement in OWNED:
            connection.execute(place.names(statement).encode())
    place.run(place.names("alter role {n} nosuperuser createrole; alter schema {n} owner to {n}"))
    place.run(*map(place.names, ["alter role {o} createdb", "alter database {n} owner to {n}"]))
    ways = ddl_ways(access_of(place), owner_role=place.other_name)
    owned = {way.key.split(":")[1] for way in ways}
    assert {
        *("table", "view", "materialized view", "sequence", "function", "type", "aggregate", "operator"),
        "database",
    } <= owned
    assert {"operator family", "operator class", "collation", "conversion", "extended statistics", "schema"} <= owned
    place.run(*(way.fix_sql for way in ways if way.fix_sql))
    assert [way.key for way in ddl_ways(access_of(place), owner_role=place.other_name)] == []


@each_name
def test_every_grant_that_makes_ddl_possible_is_taken_back(place: Place) -> None:
    place.run(*map(place.names, ["create table {n}.{n} ()", "create foreign data wrapper {n}", *GRANTED]))
    ways = ddl_ways(access_of(place))
    assert len(ways) == len(GRANTED)
    place.run(*(str(way.fix_sql) for way in ways))
    assert ddl_ways(access_of(place)) == ()


@each_name
def test_a_membership_is_left(place: Place) -> None:
    place.run(*map(place.names, ["create table {n}.t ()", "alter table {n}.t owner to {o}", "grant {o} to {n}"]))
    owner = replace(project().owner, role=place.other_name)
    inputs = {"writer_access": access_of(place), "project": project(owner=owner), "environment": environment()}
    for check in ("PRV001", "PRV003"):
        (result,) = judge([BY_ID[check]], inputs, Phase.RETIRED)
        assert [finding.fix_sql for finding in result.findings] == [
            place.names("REVOKE {o} FROM {n};")
        ] or place.name.islower()
        assert result.findings
    place.run(*{str(finding.fix_sql) for finding in result.findings})
    assert ddl_ways(access_of(place)) == ()


NEEDING = (
    "create table {n}.{n} ({n} serial, b text unique); create table {n}.u (a integer, {n} integer)",
    "create function {n}.f() returns integer language sql as 'select 1'; revoke execute on function {n}.f() from public",
    "alter table {n}.u alter a set default {n}.f(); revoke connect on database {n} from public",
    "alter role {n} set search_path = {n}, public",
)
STATEMENTS = (
    "insert into {n}.{n} (b) values ('x') on conflict (b) do update set b = excluded.b returning {n}",
    "select b from {n} where {n} = 1",
    "update u set {n} = 3 where a = 1",
    "insert into u ({n}) values (2)",
    "delete from u",
)


@each_name
def test_what_a_statement_lacks_is_granted_by_the_sql_that_is_shown(place: Place) -> None:
    place.run(*map(place.names, NEEDING))
    statements = [place.names(statement) for statement in STATEMENTS]

    def rights() -> Any:
        with open_connection(place.admin) as connection:
            return read_rights(connection, place.name, [statement_needs(statement) for statement in statements])

    for _ in range(2):  # the rights in a schema show when it may be entered
        found = rights()
        assert [one.undecided for one in found] == [()] * len(statements)
        place.run(*dict.fromkeys(fix for one in found for fix in one.fixes))
    assert [one.lacks for one in rights()] == [()] * len(statements)
    with psycopg.connect(place.plain) as connection:
        for statement in statements:
            connection.execute(statement.encode())


@each_name
def test_the_least_grants_of_a_rehearsal_are_enough(place: Place) -> None:
    place.run(*map(place.names, NEEDING[:1]))
    at = Location(path="audit.toml", line=1)
    texts = [place.names(STATEMENTS[0]), place.names("update {n}.u set {n} = 3 where a = 1")]
    probes = [(Probe(name=text, sql=text, role=None, at=at), statement_needs(text)) for text in texts]
    done = rehearse(place.admin, probes, role=place.name, least_rights={place.name}, look=lambda _: None)
    assert [attempt.error for attempt in done.attempts] == [None, None]
    place.run(*done.grants[place.name])
    place.run(place.names("grant connect on database {n} to {n}"))
    with psycopg.connect(place.plain) as connection:
        for text in texts:
            connection.execute(text.encode())


@each_name
@pytest.mark.parametrize("is_shared", [False, True])
def test_the_clean_up_of_the_legacy_ledger(place: Place, is_shared: bool) -> None:
    name = place.name
    place.run(place.names("create table {n}.{n} ({n} text)"))
    rows = ["0001_a.sql", f"{name}.sql", "$cleanup$.sql"] + (["001_a.sql"] if is_shared else [])
    place.run(*(place.names("insert into {n}.{n} values (") + literal(row) + ")" for row in rows))
    settings = replace(project().legacy.ledger, schema=name, table=name, name_column=name)  # type: ignore[type-var]
    legacy = replace(project().legacy, ledger=settings)
    owner = replace(project().owner, ledger=settings) if is_shared else project().owner
    with open_connection(place.admin) as connection:
        ledger = read_ledger(connection, settings.key, settings.format)
    files = tuple((f"migrations/{row}", "b" * 64) for row in rows[:3])
    inputs = {
        "legacy_ledger": ledger,
        "legacy_source": source("legacy", files=files),
        "owner_source": source("owner", files=(("db-init/001_a.sql", "a" * 64),)),
        "project": project(legacy=legacy, owner=owner),
        "environment": environment(),
    }
    (result,) = judge([BY_ID["LIV011"]], inputs, Phase.PREFLIGHT)
    (finding,) = result.findings
    place.run(str(finding.fix_sql))
    with psycopg.connect(place.admin) as connection:
        if is_shared:
            assert connection.execute(place.names("select * from {n}.{n}").encode()).fetchall() == [("001_a.sql",)]
        else:
            assert connection.execute("select to_regclass(%s)", [place.names("{n}.{n}")]).fetchone() == (None,)


@each_name
def test_the_rights_that_an_audit_needs(place: Place) -> None:
    place.run(place.names("create table {n}.{n} (); create schema processor; create table processor.migrations_applied ()"))
    ledger = replace(project().owner.ledger, schema=place.name, table=place.name)  # type: ignore[type-var]
    owner = replace(project().owner, name=place.name, ledger=ledger)
    asked = project(owner=owner, environments=(replace(environment(), database=place.name),))
    place.run(as_sql(grants_for(asked, role=place.name)))
    with psycopg.connect(place.plain) as connection:
        assert connection.execute(place.names("select from {n}.{n}").encode()).fetchall() == []
        assert connection.execute("select from processor.migrations_applied").fetchall() == []


@each_name
def test_rows_in_the_way_are_listed_by_the_sql_that_is_shown(place: Place) -> None:
    made = "create table {n}.{n} ({n} text, k integer)"
    place.run(place.names(made), place.names("insert into {n}.{n} values ('a', 1), ('a', 1), (null, 2)"))
    live = read_snapshot(place.admin).snapshot
    place.run(
        place.names("truncate {n}.{n}; alter table {n}.{n} alter {n} set not null, add constraint {o} unique (k, {n})"),
        place.names("create unique index on {n}.{n} (lower({n})) where {n} <> {l}"),
        place.names("alter table {n}.{n} add column {o} integer not null"),
    )
    wanted = wanted_in(compare(expected=read_snapshot(place.admin).snapshot, actual=live), live)
    place.run(
        place.names("drop table {n}.{n}"),
        place.names(made),
        place.names("insert into {n}.{n} values ('a', 1), ('a', 1), (null, 2)"),
    )
    with open_connection(place.admin) as connection:
        found = count_obstacles(connection, wanted)
    assert [one for one in found if one.reason is not None or not one.keys] == []
    with psycopg.connect(place.admin) as connection:
        assert [bool(connection.execute(one.listing.encode()).fetchall()) for one in found] == [True] * len(found)
    assert len(found) >= 4


@pytest.mark.slow
@pytest.mark.timescale
@pytest.mark.parametrize("name", ["public", "order", "Time scale"])
def test_what_is_shown_for_a_job_runs_where_timescaledb_is_elsewhere(community: Any, name: str) -> None:
    with community.cluster():
        conninfo = community.create_database(f"jobs in {name}")
        with psycopg.connect(conninfo, autocommit=True) as connection:
            n = in_quotes(name)
            connection.execute(f"create schema if not exists {n}; create extension timescaledb schema {n}".encode())
            connection.execute("create procedure goes(integer, jsonb) language plpgsql as $$ begin end $$")
            row = connection.execute(f"select {n}.add_job('goes', '1h', scheduled => false)".encode()).fetchone()
        live = read_snapshot(conninfo).snapshot
        (off,) = [one for one in live.jobs if row == (one.job_id,)]
        failed = replace(off, last_run_failed=True)
        fixes = [_of_jobs(replace(live, jobs=(job,))) for job in (off, failed)]
        assert [fix.partition("(")[0].split(".")[-1] for fix in fixes] == ["alter_job", "run_job"]
        with psycopg.connect(conninfo, autocommit=True) as connection:
            for fix in fixes:
                connection.execute(fix.encode())
        assert [one.scheduled for one in read_snapshot(conninfo).snapshot.jobs if row == (one.job_id,)] == [True]


def _of_jobs(live: Snapshot) -> str:
    (found,) = [one for one in live_jobs(live, environment()) if isinstance(one, Finding)]
    return str(found.fix_sql)
