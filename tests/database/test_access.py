"""What a role may do is read as PostgreSQL itself decides it: each way to run DDL is tried out by the role."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import psycopg
import pytest

from fix_inputs import environment, project
from fix_versions import server_of
from migration_audit.audit.inputs.privileges import scoped_access
from migration_audit.catalog import open_connection, read_snapshot
from migration_audit.catalog.access import read_access
from migration_audit.checks import BY_ID, judge
from migration_audit.checks.ddl_ways import ddl_ways, other_rights
from migration_audit.compare import in_scope
from migration_audit.model.finding import Outcome, Phase
from migration_audit.model.privileges import Access, reach
from migration_audit.project import AuditScope, ScopeRule

pytestmark = pytest.mark.server

_REFUSED = (
    psycopg.errors.InsufficientPrivilege,
    psycopg.errors.UndefinedObject,
    psycopg.errors.UndefinedTable,
    psycopg.errors.UndefinedFunction,
    psycopg.errors.InvalidSchemaName,
)
"""It may not, or there is nothing yet that it could do it with."""
ROLES = ("w", "mid", "top", '"Odd Role"')


@dataclass(frozen=True)
class Place:
    """A database in which ``w`` is the writer, and everything that is made for one test is taken back after it."""

    admin: str
    plain: str
    """The same as the role ``w``."""
    number: int

    def make(self, *statements: str) -> None:
        with psycopg.connect(self.admin, autocommit=True) as connection:
            for statement in statements:
                connection.execute(statement.encode())

    def access(self, role: str = "w") -> Access:
        """As any role that may connect reads it: here the writer itself."""
        with open_connection(self.plain) as connection:
            return scoped(connection, read_access(connection, role))

    def may(self, *statements: str) -> bool:
        """Whether the writer, logged in, can do it; rolled back."""
        with psycopg.connect(self.plain) as connection:
            try:
                for statement in statements:
                    connection.execute(statement.encode())
            except _REFUSED:
                return False
            finally:
                connection.rollback()
        return True


def scoped(connection: Any, access: Access, **given: Any) -> Access:
    snapshot = read_snapshot(connection).snapshot
    settings = project(**given)
    return scoped_access(access, in_scope(snapshot, settings)[0], settings)


@pytest.fixture(scope="module", params=["newer", "15", "16", "18"])
def running(request: pytest.FixtureRequest) -> Iterator[Any]:
    if request.param == "newer":
        yield request.getfixturevalue("cluster")
        return
    with server_of(request.param).cluster() as cluster:
        yield cluster


@pytest.fixture(scope="module")
def admin(running: Any) -> Iterator[str]:
    yield running.create_database("access")
    running.drop_database("access")


@pytest.fixture
def place(running: Any, admin: str) -> Iterator[Place]:
    with psycopg.connect(admin) as connection:
        number = connection.info.server_version
    made = Place(admin=admin, plain=running.conninfo("access", "w"), number=number)
    made.make("create role w login", *(f"create role {name}" for name in ROLES[1:]), "create table t (a int)")
    yield made
    made.make(
        "alter database access owner to current_user",
        *(f"drop owned by {name} cascade" for name in ROLES),
        "drop schema if exists s, later cascade",
        "drop foreign data wrapper if exists fdw cascade",
        "drop schema if exists public cascade",
        "create schema public authorization pg_database_owner",
        "grant usage on schema public to public",
        *(f"drop role {name}" for name in ROLES),
    )


# what is made: (statements, the way's key, its words, and how the writer proves it: statements as itself)
WAYS = {
    "superuser": (["alter role w superuser"], "superuser:w", "is a superuser", ["create schema s"]),
    "superuser by SET ROLE": (
        ["alter role mid superuser", "grant mid to w"],
        "superuser:mid",
        "is a superuser through mid (after SET ROLE)",
        ["set role mid", "create schema s"],
    ),
    "CREATEROLE": (["alter role w createrole"], "createrole:w", "may create and change roles", ["create role x"]),
    "owns a table": (
        ["alter table t owner to w"],
        "owns:table:public.t",
        "owns table public.t",
        ["alter table t add b int"],
    ),
    "owns a table through two roles": (
        ["alter table t owner to top", "grant top to mid", "grant mid to w"],
        "owns:table:public.t",
        "owns table public.t through mid (inherited) and top (inherited)",
        ["alter table t add b int"],
    ),
    "owns a function": (
        ["create function f() returns int language sql as 'select 1'", "alter function f owner to w"],
        "owns:function:public.f()",
        "owns function public.f()",
        ["drop function f"],
    ),
    "owns a view": (
        ["create view v as select 1 as a", "alter view v owner to w"],
        "owns:view:public.v",
        "owns view",
        ["drop view v"],
    ),
    "owns the schema": (["create schema s authorization w"], "owns:schema:s", "owns schema s", ["create table s.x ()"]),
    "owns the database": (
        ["alter database access owner to w"],
        "owns:database:access",
        "owns database access",
        ["create schema s"],
    ),
    "owns the schema public with the database": (
        ["alter database access owner to w"],
        "owns:schema:public",
        "owns schema public through pg_database_owner (inherited)",
        ["create table x ()"],
    ),
    "CREATE on the schema": (
        ["grant create on schema public to w"],
        "create:schema:public",
        "may create objects in schema public",
        ["create table x ()"],
    ),
    "CREATE on the schema to PUBLIC": (
        ["grant create on schema public to public"],
        "create:schema:public:PUBLIC",
        "may create objects in schema public, as every role may",
        ["create table x ()"],
    ),
    "CREATE on the schema through an odd role": (
        ['grant create on schema public to "Odd Role"', 'grant "Odd Role" to w'],
        "create:schema:public:Odd Role",
        "may create objects in schema public through Odd Role (inherited)",
        ["create table x ()"],
    ),
    "CREATE on the database": (
        ["grant create on database access to w"],
        "create:database:access",
        "may create schemas in database access",
        ["create schema s"],
    ),
    "TRIGGER on a table": (
        ["grant trigger on t to w"],
        "trigger:table:public.t",
        "may create triggers on public.t",
        ["create trigger g before update on t for each row execute function suppress_redundant_updates_trigger()"],
    ),
    "a foreign-data wrapper": (
        ["create foreign data wrapper fdw", "grant usage on foreign data wrapper fdw to w"],
        "usage:foreign-data wrapper:fdw",
        "may create foreign servers of fdw",
        ["create server x foreign data wrapper fdw"],
    ),
    "NOINHERIT is no wall": (
        ["alter role w noinherit", "alter table t owner to mid", "grant mid to w"],
        "owns:table:public.t",
        "owns table public.t through mid (after SET ROLE)",
        ["set role mid", "alter table t add b int"],
    ),
    "files of the server": (
        ["grant pg_write_server_files to w"],
        "member:pg_write_server_files",
        "may write files as the server's user",
        ["copy (select 1) to '/dev/null'"],
    ),
}


def test_a_role_that_may_do_nothing_has_no_way(place: Place) -> None:
    assert ddl_ways(place.access()) == ()
    for _, _, _, proof in WAYS.values():
        assert not place.may(*proof[-1:])


@pytest.mark.parametrize("case", WAYS.values(), ids=WAYS)
def test_a_way_to_run_ddl_is_found_is_one_and_ends_by_the_sql_that_is_shown(
    place: Place, case: tuple[list[str], str, str, list[str]]
) -> None:
    made, key, text, proof = case
    place.make(*made)
    ways = {way.key: way for way in ddl_ways(place.access(), owner_role="Odd Role")}
    assert ways[key].text.startswith(text)
    assert place.may(*proof)
    # What follows from owning the database ends with it.
    assert [key for key, way in ways.items() if way.fix_sql is None] == ["owns:schema:public"] * (
        "alter database" in made[0]
    )
    place.make(*(statement for way in ways.values() if way.fix_sql for statement in way.fix_sql.splitlines()))
    assert ddl_ways(place.access()) == ()
    assert not place.may(*proof)


def test_default_privileges_will_be_a_way(place: Place) -> None:
    place.make("alter default privileges for role mid grant create on schemas to w")
    (way,) = ddl_ways(place.access())
    assert way.text == "will be able to create objects: default privileges give it CREATE on schemas that mid makes"
    place.make("grant create on database access to mid", "set role mid; create schema later; reset role")
    assert place.may("create table later.x ()")


def test_a_membership_that_neither_inherits_nor_sets_gives_nothing(place: Place) -> None:
    if place.number < 160000:
        pytest.skip("PostgreSQL 16 and later have such memberships")
    place.make("alter table t owner to mid", "grant mid to w with inherit false, set false")
    assert ddl_ways(place.access()) == ()
    assert "is a member of mid without INHERIT, SET or ADMIN, which gives it nothing" in other_rights(place.access())
    assert not place.may("set role mid")
    assert not place.may("alter table t add b int")


def test_an_administrator_of_a_role_is_two_commands_away(place: Place) -> None:
    if place.number < 160000:
        pytest.skip("PostgreSQL 16 and later have such memberships")
    place.make("alter table t owner to mid", "grant mid to w with inherit false, set false, admin true")
    (way,) = ddl_ways(place.access())
    assert way.text == "owns table public.t through mid (after GRANT to itself, by its ADMIN option)"
    assert place.may("grant mid to w with set true", "set role mid", "alter table t add b int")


def test_a_role_that_is_only_inherited_brings_no_attributes(place: Place) -> None:
    if place.number < 160000:
        pytest.skip("PostgreSQL 16 and later have such memberships")
    place.make("alter role mid createrole", "grant mid to w with set false")
    assert ddl_ways(place.access()) == ()
    assert not place.may("create role x")


def test_set_role_does_not_follow_a_link_that_only_inherits(place: Place) -> None:
    if place.number < 160000:
        pytest.skip("PostgreSQL 16 and later have such memberships")
    place.make("grant mid to w with set false", "grant top to mid with inherit false", "alter table t owner to top")
    assert ddl_ways(place.access()) == ()
    assert not place.may("set role top")


def test_a_creator_of_roles_grants_itself_the_owner_before_16(place: Place) -> None:
    place.make("alter role w createrole", "alter table t owner to mid")
    (way,) = ddl_ways(place.access())
    is_old = place.number < 160000
    assert ("grant itself every role" in way.text) is is_old
    assert place.may("grant mid to w", "set role mid", "alter table t add b int") is is_old


@pytest.mark.parametrize(
    "chain",
    ["grant mid to w", "alter role w noinherit; grant mid to w; grant top to mid", "grant top to w; grant mid to top"],
)
def test_routes_agree_with_pg_has_role(place: Place, chain: str) -> None:
    place.make("alter database access owner to top", *chain.split("; "))
    found = reach(place.access())
    names = ["w", "mid", "top", "Odd Role", "pg_database_owner"]
    with psycopg.connect(place.admin) as connection:
        for name in names:
            how = "SET" if place.number >= 160000 else "MEMBER"
            inherits, sets = connection.execute(
                "select pg_has_role('w', %s, 'USAGE'), pg_has_role('w', %s, %s)", [name, name, how]
            ).fetchone() or (None, None)
            assert (name in found.identities) is sets, name
            assert (name in found.rights) is (inherits or sets), name


def test_what_is_no_ddl_is_distinguished(place: Place) -> None:
    place.make("alter role w createdb bypassrls", "grant truncate, references on t to w")
    assert ddl_ways(place.access()) == ()
    reported = other_rights(place.access())
    assert {"may TRUNCATE public.t", "has REFERENCES on public.t", "may create other databases"} <= set(reported)
    assert "may make temporary tables, as every role may" in reported


def test_a_function_that_runs_as_its_owner_is_reported(place: Place) -> None:
    place.make(
        "create function f() returns void language plpgsql security definer as 'begin create table made (); end'",
        "create function g() returns void language sql security definer as ''",
        "revoke execute on function g() from public",
    )
    assert ddl_ways(place.access()) == ()
    assert place.may("select f()")  # what it does nobody can know: a person has to look
    (reported,) = (text for text in other_rights(place.access()) if "SECURITY DEFINER" in text)
    assert reported.startswith("may call public.f, which runs as ")


def test_what_is_out_of_scope_is_reported_and_does_not_count(place: Place) -> None:
    place.make(
        "create schema s authorization w",
        "create table s.own ()",
        "alter table s.own owner to w",
        "alter table t owner to w",
    )
    excluded = ScopeRule(pattern="public.t", reason="somebody else's", at=environment().at)
    with open_connection(place.plain) as connection:
        access = scoped(connection, read_access(connection, "w"), scope=AuditScope(schemas=("public",), exclude=(excluded,)))
    assert ddl_ways(access) == ()
    assert access.elsewhere == ("owns schema s, out of scope",)


def test_a_role_that_is_not_there_is_undecided(place: Place) -> None:
    access = place.access("nobody")
    assert (access.exists, ddl_ways(access)) == (False, ())
    inputs = {"writer_access": access, "project": project(), "environment": environment()}
    (result,) = judge([BY_ID["PRV001"]], inputs, Phase.RETIRED)
    assert (result.outcome, result.required) == (Outcome.SKIPPED, True)
