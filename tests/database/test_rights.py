"""Whether a role may run a statement is reported without running it, and PostgreSQL is of the same opinion when it runs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest

from fix_network import proxy
from migration_audit.catalog import open_connection
from migration_audit.catalog.rights import LackingRights, read_rights
from migration_audit.sources.needs import statement_needs

pytestmark = pytest.mark.server

TABLES = (
    "create table t (id serial primary key, device text, ts int, n int default 0)",
    "create unique index on t (device, ts)",
    "create table u (k int generated always as identity, v text)",
    "create schema other",
    "create table other.far (a int)",
    'create table "Odd T" ("B b" int)',
    "create function rate(int) returns int language sql as 'select $1'",
    "revoke execute on function rate from public",
    "create view v as select device from t",
)
UPSERT = "insert into t (device, ts) values ('a', 1) on conflict (device, ts) do nothing"
CLOSED = "revoke usage on schema public from public"

# what was granted, the statement, what is lacking
CASES = {
    "everything": (
        ["grant select, insert on t to w", "grant usage on sequence t_id_seq to w"],
        UPSERT,
        [],
    ),
    "nothing": ([], "select device from t", ["no SELECT on public.t"]),
    "no schema": ([CLOSED, "grant select on t to w"], "select device from t", ["no USAGE on schema public"]),
    "no sequence": (
        ["grant select, insert on t to w"],
        UPSERT,
        ["no USAGE on sequence public.t_id_seq, the default of id"],
    ),
    "the sequence's column is given": (["grant insert on t to w"], "insert into t (id) values (7)", []),
    "identity asks for nothing": (["grant insert on u to w"], "insert into u (v) values ('x')", []),
    "ON CONFLICT reads": (
        ["grant insert on t to w", "grant usage on sequence t_id_seq to w"],
        UPSERT,
        ["no SELECT on public.t"],
    ),
    "ON CONFLICT without a target reads nothing": (
        ["grant insert on t to w", "grant usage on sequence t_id_seq to w"],
        "insert into t (device) values ('a') on conflict do nothing",
        [],
    ),
    "columns are enough": (["grant select (device) on t to w"], "select device from t", []),
    "some columns are not": (
        ["grant select (device) on t to w"],
        "select device, n from t",
        ["no SELECT (n) on public.t"],
    ),
    "all columns": (["grant select (device) on t to w"], "select * from t", ["no SELECT (id, ts, n) on public.t"]),
    "any column counts": (["grant select (n) on t to w"], "select count(*) from t", []),
    "UPDATE reads what it compares": (
        ["grant update on t to w"],
        "update t set n = 1 where device = 'a'",
        ["no SELECT on public.t"],
    ),
    "UPDATE without reading": (["grant update on t to w"], "update t set n = 1", []),
    "UPDATE of one column": (["grant update (n) on t to w"], "update t set n = 1, ts = 2", ["no UPDATE (ts) on public.t"]),
    "DELETE": (["grant select on t to w"], "delete from t where n = 1", ["no DELETE on public.t"]),
    "RETURNING reads": (["grant insert on u to w"], "insert into u (v) values ('x') returning k", ["no SELECT on public.u"]),
    "FOR UPDATE": (["grant select on u to w"], "select v from u for update", ["no UPDATE on public.u"]),
    "a join": (
        ["grant select on t to w"],
        "select n, a from t join other.far on a = n",
        ["no USAGE on schema other", "no SELECT on other.far"],
    ),
    "a subquery": (
        ["grant select on t to w"],
        "select n from t where exists (select from u where k = n)",
        ["no SELECT on public.u"],
    ),
    "an odd name": ([], 'select "B b" from "Odd T"', ['no SELECT on public."Odd T"']),
    "through a role": (["grant select on t to mid", "grant mid to w"], "select device from t", []),
    "through everybody": (["grant select on t to public"], "select device from t", []),
    "as the owner": (["alter table t owner to w"], UPSERT, []),
    "a view": (["grant select on v to w"], "select device from v", []),
    "a function": (["grant select on t to w"], "select rate(n) from t", ["no EXECUTE on function rate"]),
    "a function in a default": (
        ["alter table u add r int default rate(1)", "grant insert on u to w"],
        "insert into u (v) values ('x')",
        ["no EXECUTE on function public.rate(integer), the default of r"],
    ),
    "a relation that is not there": ([], "select a from nowhere", ["the relation nowhere does not exist"]),
    "a column that is not there": (["grant select on t to w"], "select nope from t", ["public.t has no column nope"]),
    "a function that is not there": ([], "select nope(1)", ["the function nope does not exist"]),
    "in the role's own schema": (
        ["create schema w authorization w", "create table w.t (device int)", "alter table w.t owner to w"],
        "select device from t",
        [],
    ),
    "by its search_path": (
        [
            "alter role w set search_path = other, public",
            "grant usage on schema other to w",
            "grant select on other.far to w",
        ],
        "select a from far",
        [],
    ),
    "by the database's search_path": (
        [
            "do $$ begin execute format('alter database %I set search_path = other', current_database()); end $$",
            "grant usage on schema other to w",
            "grant select on other.far to w",
        ],
        "select a from far",
        [],
    ),
    "not by another's search_path": (
        ["alter role mid set search_path = other", "grant usage on schema other to w"],
        "select a from far",
        ["the relation far does not exist"],
    ),
    "a table without policy": (
        ["grant insert on u to w", "alter table u enable row level security"],
        "insert into u (v) values ('x')",
        ["public.u has row-level security but no policy: INSERT affects no row"],
    ),
}


@pytest.fixture(scope="module")
def prepared(cluster: Any) -> Iterator[str]:
    conninfo = cluster.create_database("rights")
    make(conninfo, "create role w login", "create role mid", *TABLES)
    yield conninfo
    cluster.drop_database("rights")
    make(cluster.conninfo(), "drop role w", "drop role mid")


@pytest.fixture
def connection(prepared: str) -> Iterator[psycopg.Connection[Any]]:
    """A transaction of the superuser in which everything may be made: it is rolled back."""
    with psycopg.connect(prepared) as opened:
        opened.execute("select 1")
        yield opened
        opened.rollback()


def make(conninfo: str, *statements: str) -> None:
    with psycopg.connect(conninfo, autocommit=True) as connection:
        run(connection, *statements)


def run(connection: psycopg.Connection[Any], *statements: str) -> None:
    for statement in statements:
        connection.execute(statement.encode())


def look(connection: psycopg.Connection[Any], statement: str, role: str = "w") -> LackingRights:
    (rights,) = read_rights(connection, role, [statement_needs(statement)])
    return rights


_PATH = """
select coalesce((
    select split_part(item, '=', 2) from pg_db_role_setting, unnest(setconfig) as item
     where setrole = 'w'::regrole or setdatabase = (select oid from pg_database where datname = current_database())
), '"$user", public')
"""


def works(connection: psycopg.Connection[Any], statement: str, prefix: str = "") -> bool:
    """Whether the writer can run it; SET ROLE brings a role's rights, but not its settings."""
    (path,) = connection.execute(_PATH.encode()).fetchone() or ("",)
    try:
        with connection.transaction(force_rollback=True):
            run(connection, "set local role w", f"set local search_path = {path}", prefix + statement)
    except psycopg.Error:
        return False
    return True


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_what_is_lacking_is_reported_and_is_why_it_fails(connection: Any, case: tuple[list[str], str, list[str]]) -> None:
    granted, statement, lacks = case
    run(connection, *granted)
    found = look(connection, statement)
    assert list(found.lacks) == lacks
    assert found.undecided == ()
    assert works(connection, statement) is not bool(lacks)


GRANTABLE = {name: case for name, case in CASES.items() if any(line.startswith("no ") for line in case[2])}
GRANTABLE.pop("a function")  # which of several functions is meant is not for the audit to say


@pytest.mark.parametrize("case", GRANTABLE.values(), ids=GRANTABLE)
def test_the_grants_that_are_shown_are_enough(connection: Any, case: tuple[list[str], str, list[str]]) -> None:
    granted, statement, _ = case
    run(connection, *granted)
    run(connection, *look(connection, statement).fixes)
    assert look(connection, statement).lacks == ()
    assert works(connection, statement)


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_explain_as_the_role_agrees(connection: Any, case: tuple[list[str], str, list[str]]) -> None:
    granted, statement, lacks = case
    if any(said in line for line in lacks for said in ("default of", "policy")):
        pytest.skip("EXPLAIN fills in no defaults and takes no row")
    run(connection, *granted)
    assert works(connection, statement, "set transaction read only; explain ") is not bool(lacks)


def test_without_connect_no_one_gets_that_far(database: str, cluster: Any, prepared: str) -> None:
    name = str(psycopg.conninfo.conninfo_to_dict(database)["dbname"])
    make(database, f"revoke connect on database {name} from public")
    with open_connection(database) as connection:
        assert look(connection, "select 1").lacks == ("no CONNECT on the database",)
        (fix,) = look(connection, "select 1").fixes
    plain = cluster.conninfo(name, "w")
    with pytest.raises(psycopg.OperationalError, match="permission denied for database"):
        psycopg.connect(plain)
    make(database, fix)
    psycopg.connect(plain).close()
    make(database, "drop owned by w")


def test_policies_are_named_and_decide(connection: Any) -> None:
    run(
        connection,
        "grant insert on u to w",
        "alter table u enable row level security",
        "create policy mine on u to w using (true)",
    )
    found = look(connection, "insert into u (v) values ('x')")
    assert (found.lacks, found.notes) == ((), ("row-level security of public.u decides row by row: mine",))


@pytest.mark.parametrize(
    ("made", "statement", "said"),
    [
        ([], "call p()", "without running it: it must be a SELECT"),
        (
            ["create function rate(text) returns int language sql as 'select 1'", "grant select on t to w"],
            "select rate(n) from t",
            "1 of 2 functions named rate",
        ),
        (
            ["create view i with (security_invoker) as select device from t", "grant select on i to w"],
            "select device from i",
            "security_invoker view",
        ),
    ],
    ids=["a call", "one of two functions", "a view that asks for the caller's rights"],
)
def test_what_the_catalog_does_not_answer_is_undecided(connection: Any, made: list[str], statement: str, said: str) -> None:
    run(connection, *made)
    found = look(connection, statement)
    assert found.lacks == ()
    assert said in " ".join(found.undecided)


def test_a_role_that_is_not_there_lacks_everything(connection: Any) -> None:
    assert look(connection, "select 1", role="nobody").lacks == ("the role nobody does not exist",)


def test_no_statement_more_is_a_round_trip_more(prepared: str) -> None:
    needs = [statement_needs(f"insert into t ({', '.join(names)}) values (1)") for names in (["n"], ["ts"], ["n", "ts"])]
    needs += [
        statement_needs("select * from u"),
        statement_needs("delete from other.far"),
        statement_needs("select rate(1)"),
    ]
    taken = []
    with proxy(prepared, delay=0.05) as way, open_connection(way.conninfo) as connection:
        for some in (needs[:1], needs):
            before = way.round_trips
            found = read_rights(connection, "w", some)
            assert all(each.lacks for each in found)
            taken.append(way.round_trips - before)
    assert taken[1] <= taken[0] + 1
