"""What is read of the kinds that a schema seldom has: their fields, one by one."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest

from migration_audit.catalog import read_snapshot
from migration_audit.compare import compare
from migration_audit.model.redaction import Redacted
from migration_audit.model.snapshot import RolesRead, Snapshot

pytestmark = pytest.mark.server

Found = dict[tuple[str, str], dict[str, Any]]

CASES: dict[str, tuple[str, Found]] = {
    "aggregate": (
        (
            'create aggregate k(variadic "any" order by variadic "any") (sfunc = ordered_set_transition_multi,'
            " stype = internal, finalfunc = rank_final, finalfunc_extra, hypothetical);"
            'comment on aggregate k(variadic "any" order by variadic "any") is \'rank\''
        ),
        {
            ("aggregate", 'public.k("any")'): {
                "definition": (
                    'hypothetical-set (VARIADIC "any" ORDER BY VARIADIC "any")',
                    'SFUNC = ordered_set_transition_multi(internal,"any")',
                    "STYPE = internal",
                    'FINALFUNC = rank_final(internal,"any")',
                    "FINALFUNC_EXTRA = true",
                    "FINALFUNC_MODIFY = w",
                    "MFINALFUNC_MODIFY = w",
                    "PARALLEL = u",
                ),
                "privileges": ("PUBLIC: EXECUTE",),
                "comment": "rank",
            }
        },
    ),
    "operator class and family": (
        (
            "create operator class k for type int4 using btree as operator 1 <, operator 3 =,"
            " function 1 btint4cmp(int4, int4);"
            "alter operator family k using btree add operator 1 < (int4, int8),"
            " function 1 (int4, int8) btint48cmp(int4, int8)"
        ),
        {
            ("operator class", "public.k USING btree"): {
                "type": "integer",
                "family": "public.k USING btree",
                "default": False,
                "storage": None,
                "members": (
                    "FUNCTION 1 (integer, integer) btint4cmp(integer,integer)",
                    "OPERATOR 1 <(integer,integer)",
                    "OPERATOR 3 =(integer,integer)",
                ),
            },
            ("operator family", "public.k USING btree"): {
                "members": (
                    "FUNCTION 1 (integer, bigint) btint48cmp(integer,bigint)",
                    "OPERATOR 1 <(integer,bigint)",
                ),
            },
        },
    ),
    "operator and what it only names": (
        (
            "create function g(int, text) returns bool language sql as 'select true';"
            "create operator <<< (leftarg = int, rightarg = text, function = g, commutator = >>>, restrict = contsel)"
        ),
        {
            ("operator", "public.<<< (integer, text)"): {
                "function": "public.g(integer,text)",
                "commutator": "public.>>>(text,integer)",
                "negator": None,
                "restrict": "contsel(internal,oid,internal,integer)",
            }
        },
    ),
    "cast": (
        (
            "create type kt as (a int); create function h(int) returns kt language sql as 'select row(1)::public.kt';"
            "create cast (int as kt) with function h(int) as assignment"
        ),
        {
            ("cast", "integer AS public.kt"): {
                "method": "function",
                "function": "public.h(integer)",
                "context": "assignment",
            }
        },
    ),
    "foreign data": (
        (
            "create foreign data wrapper w options (debug 'true'); create server s type 'x' version '1'"
            " foreign data wrapper w options (host 'far', port '5432', password 'hunter2'); create user mapping for public"
            " server s options (user 'me', password 'hunter2')"
        ),
        {
            ("foreign-data wrapper", "w"): {"handler": None, "options": ("debug=(redacted)",)},
            ("server", "s"): {
                "wrapper": "w",
                "type": "x",
                "version": "1",
                "options": ("host=far", "password=(redacted)", "port=5432"),
            },
            ("user mapping", "FOR PUBLIC SERVER s"): {"options": ("password=(redacted)", "user=me")},
        },
    ),
    "publication": (
        (
            'create table t (id int primary key, "B b" text); create publication p for table t (id, "B b") where (id > 0)'
            " with (publish = 'insert, delete')"
        ),
        {
            ("publication", "p"): {"all_tables": False, "publish": ("insert", "delete"), "schemas": ()},
            ("publication table", "p TABLE public.t"): {"columns": ("B b", "id"), "filter": "(id > 0)"},
        },
    ),
    "text search": (
        (
            "create text search dictionary d (template = simple, accept = false);"
            "create text search configuration c (parser = default);"
            "alter text search configuration c add mapping for word, asciiword with d, simple"
        ),
        {
            ("text search dictionary", "public.d"): {"template": "pg_catalog.simple", "definition": "accept = 'false'"},
            ("text search configuration", "public.c"): {
                "parser": 'pg_catalog."default"',
                "mappings": ("asciiword: public.d, simple", "word: public.d, simple"),
            },
        },
    ),
    "rule and statistics": (
        (
            "create table u (a int, b int); create rule r as on delete to u do instead nothing;"
            "create statistics st (mcv) on (a + b), b from u"
        ),
        {
            ("rule", "public.u.r"): {"enabled": "origin", "relation": "table"},
            ("extended statistics", "public.st"): {
                "table": "public.u",
                "definition": "CREATE STATISTICS public.st (mcv) ON b, (a + b) FROM public.u",
                "statistics": None,
            },
        },
    ),
    "types": (
        "create type shell",
        {("type", "public.shell"): {"category": "shell", "definition": ()}},
    ),
    "default privileges": (
        (
            "alter default privileges for role current_user revoke all on tables from current_user;"
            "alter default privileges for role current_user in schema public grant usage, select on sequences to public"
        ),
        {
            ("default privileges", "FOR ROLE {user} ON tables"): {"privileges": ("(owner): none",)},
            ("default privileges", "FOR ROLE {user} IN SCHEMA public ON sequences"): {
                "privileges": ("PUBLIC: SELECT, USAGE",)
            },
        },
    ),
    "event trigger": (
        (
            "create function e() returns event_trigger language plpgsql as 'begin end';"
            "create event trigger k on ddl_command_end when tag in ('DROP TABLE', 'CREATE TABLE') execute function e()"
        ),
        {
            ("event trigger", "k"): {
                "event": "ddl_command_end",
                "tags": ("CREATE TABLE", "DROP TABLE"),
                "function": "public.e()",
                "enabled": "origin",
            }
        },
    ),
}


@pytest.fixture(scope="module")
def conninfo(cluster: Any) -> Iterator[str]:
    """All cases in one database."""
    made = cluster.create_database("kinds_rare")
    with psycopg.connect(made, autocommit=True) as connection:
        for statements, _ in CASES.values():
            connection.execute(statements.encode())
    yield made
    cluster.drop_database("kinds_rare")


@pytest.fixture(scope="module")
def snapshot(conninfo: str) -> Snapshot:
    return read_snapshot(conninfo).snapshot


@pytest.mark.parametrize("expected", [found for _, found in CASES.values()], ids=CASES)
def test_a_kind_is_read_with_its_fields(snapshot: Snapshot, expected: Found) -> None:
    for (kind, key), values in expected.items():
        found = snapshot.by_key[kind, key.format(user=snapshot.server.read_as)]
        assert {name: getattr(found, name) for name in values} == values


def test_nothing_that_was_only_named_is_an_object(snapshot: Snapshot) -> None:
    assert [obj.key for obj in snapshot.objects if obj.kind == "operator"] == ["public.<<< (integer, text)"]
    assert snapshot.unmodelled == ()


NOT_READABLE = [("user mapping", "options")]


def test_a_role_that_may_only_connect_reads_the_same_but_for_secrets(
    cluster: Any, conninfo: str, snapshot: Snapshot
) -> None:
    with psycopg.connect(conninfo, autocommit=True) as connection:
        connection.execute("create role reads_rare login")
        try:
            plain = read_snapshot(cluster.conninfo("kinds_rare", "reads_rare")).snapshot
        finally:
            connection.execute("drop role reads_rare")
    for sides in ((snapshot, plain), (plain, snapshot), (plain, plain)):
        drift = compare(expected=sides[0], actual=sides[1])
        assert drift.differences == ()
        assert [(n.kind, n.attribute) for n in drift.not_known] == NOT_READABLE
        assert (drift.equal, drift.covered, drift.only_not_known) == (False, False, True)


SECRETS = (
    "create subscription s connection 'password=hunter2' publication p with (connect = false, slot_name = none)",
    "create extension postgres_fdw",
    "create server f foreign data wrapper postgres_fdw options (host 'h')",
    "create user mapping for public server f options (user 'u', password 'hunter2')",
    "create role of_secrets login password 'hunter2'",
)


def test_what_a_plain_role_may_not_see_is_not_known_and_no_difference(cluster: Any, database: str) -> None:
    with psycopg.connect(database, autocommit=True) as connection:
        name = connection.info.dbname
        connection.execute("create role reads_secrets login")
        for statement in SECRETS:
            connection.execute(statement.encode())
        try:
            plain = cluster.conninfo(name, "reads_secrets")
            for roles in (RolesRead.OWN, RolesRead.SHARED):
                drift = compare(
                    expected=read_snapshot(database, roles=RolesRead.OWN).snapshot,
                    actual=read_snapshot(plain, roles=roles).snapshot,
                )
                assert drift.differences == ()
                seen = {(n.kind, n.attribute) for n in drift.not_known if n.sides == ("actual",)}
                of_roles = {("role", "password")} if roles is RolesRead.OWN else set()
                assert seen == {("subscription", "options connection"), ("user mapping", "options")} | of_roles
        finally:
            connection.execute("drop subscription s; drop role reads_secrets; drop role of_secrets")


def test_roles_are_read_when_asked_for(conninfo: str, snapshot: Snapshot) -> None:
    with psycopg.connect(conninfo, autocommit=True) as connection:
        connection.execute("create role in_rare; create role of_rare login noinherit; grant in_rare to of_rare")
        connection.execute("alter role of_rare password 'hunter2'; alter role of_rare set search_path = a, b")
        try:
            asked = read_snapshot(conninfo, roles=RolesRead.OWN).snapshot
        finally:
            connection.execute("drop role in_rare; drop role of_rare")
    assert not {obj.kind for obj in snapshot.objects} & {"role", "role membership", "settings"}
    role = asked.by_key["role", "of_rare"]
    assert (role.attributes, role.connection_limit) == (("LOGIN", "NOINHERIT"), None)  # type: ignore[attr-defined]
    assert asked.by_key["role membership", "in_rare TO of_rare"].options == ()  # type: ignore[attr-defined]
    assert ("role", snapshot.server.read_as) not in asked.by_key
    assert "hunter2" not in repr(asked)


def test_redacted_values_are_equal_unless_both_are_known_and_differ() -> None:
    one, same, other = Redacted("p=(redacted)", "1"), Redacted("p=(redacted)", "1"), Redacted("p=(redacted)", "2")
    assert one == same
    assert one != other
    assert one == "p=(redacted)"
    assert "p=(redacted)" == other  # noqa: SIM300  # from the other side too
    assert (one,) != (other,)
    assert len({one, same, other}) == 2


def test_what_postgresql_and_extensions_come_with_is_nothing_of_ours(database: str) -> None:
    before = {
        (obj.kind, obj.key) for obj in read_snapshot(database, roles=RolesRead.OWN).snapshot.objects
    }  # roles of other tests
    with psycopg.connect(database, autocommit=True) as connection:
        for name in ("citext", "hstore", "postgres_fdw", "pg_stat_statements", "tablefunc"):
            connection.execute(f"create extension {name}".encode())
        connection.execute("create table t (a int) ; create statistics s on (a + 1) from t; drop statistics s")
    read = read_snapshot(database, roles=RolesRead.OWN).snapshot
    made = [obj for obj in read.objects if (obj.kind, obj.key) not in before]
    assert {obj.kind for obj in made} == {"extension", "table", "column"}
    assert read.unmodelled == ()
