"""Applying SQL sources to a real server: psql's behaviour, failures, assumed roles, and the origin of every row."""

from __future__ import annotations

import itertools
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import psycopg
import pytest

from migration_audit.model.errors import ServerError
from migration_audit.model.location import Location
from migration_audit.model.sql import SessionScope, SqlFailure, SqlSource, Statement, TransactionMode
from migration_audit.shadow.apply import Application, apply_sources
from migration_audit.shadow.watch import Trace, TransactionSpan
from migration_audit.sources import load_source

pytestmark = pytest.mark.server

_roles = itertools.count(1)


def source_of(folder: Path, **files: str) -> SqlSource:
    """A source of files that are named and written here; ``__`` in a name is left alone, ``.sql`` is added."""
    for name, text in files.items():
        (folder / f"{name}.sql").write_text(text)
    return load_source("owner", [folder / f"{name}.sql" for name in files], shown_from=folder)


def apply(database: str, folder: Path, **files: str) -> Application:
    return apply_sources(database, [source_of(folder, **files)])


def rows(database: str, query: str) -> list[tuple[object, ...]]:
    with psycopg.connect(database) as connection:
        return connection.execute(query.encode()).fetchall()


def origin(database: str, trace: Trace, catalog: str, condition: str) -> str | None:
    """``file:line`` of the only row of a catalog that fulfils a condition."""
    found = rows(database, f"select xmin::text::bigint, cmin::text::bigint from pg_catalog.{catalog} where {condition}")
    assert len(found) == 1, found
    xmin, cmin = found[0]
    at = trace.locate(int(str(xmin)), int(str(cmin)))
    return str(at) if at else None


def table_origin(database: str, trace: Trace, name: str) -> str | None:
    return origin(database, trace, "pg_type", f"typname = '{name}'")


CALLBACKS = (
    *("afterConnect", "beforeValidate", "afterValidate", "createSchema", "beforeCreateSchema"),
    *("beforeMigrate", "beforeMigrate__a", "beforeEachMigrate", "afterEachMigrate"),
    *("afterVersioned", "beforeRepeatables", "afterMigrateApplied", "afterMigrate"),
)


def test_callbacks_run_in_the_sessions_and_transactions_of_flyway(database: str, tmp_path: Path) -> None:
    """The expected rows are those that Flyway 11.20.3 itself wrote."""
    journal = (
        "create schema c; create table c.j (n serial, t text, x text default current_setting('my.x', true), "
        "pid int default pg_backend_pid(), xid bigint default txid_current(), "
        "sp text default current_setting('search_path'), u text default current_user);\n"
    )
    mark = "insert into c.j (t) values ('{0}'); set my.x = '{0}'; set role pg_monitor; set search_path = pg_catalog;\n"
    texts = {f"{name}.sql": mark.format(name).replace("set role pg_monitor; ", "") for name in CALLBACKS}
    texts["afterConnect.sql"] = journal + texts["afterConnect.sql"]
    texts |= {"V1__a.sql": mark.format("V1"), "V2__b.sql": mark.format("V2").replace("set my.x = 'V2'; ", "")}
    texts |= {"V3__c.sql": "vacuum c.j;\n", "R__d.sql": mark.format("R")}
    for name in ("beforeEachMigrate.sql", "afterEachMigrate.sql"):
        texts[name] = f"reset role; {texts[name]}"
    for name, text in texts.items():
        (tmp_path / name).write_text(text)
    source = load_source("legacy", [tmp_path], shown_from=tmp_path, form="flyway")
    assert apply_sources(database, [source]).applied.failure is None
    found = rows(database, "select t, x, pid, xid, sp, u from c.j order by n")
    each = ("beforeEachMigrate", "{}", "afterEachMigrate")
    assert [t for t, *_ in found] == [
        *CALLBACKS[:7],
        *(name.format(version) for version in ("V1", "V2") for name in each),
        *("beforeEachMigrate", "afterEachMigrate", "afterVersioned", "beforeRepeatables"),
        *("beforeEachMigrate", "R", "afterEachMigrate", "afterMigrateApplied", "afterMigrate"),
    ]
    before = {str(t): (x, pid) for t, x, pid, *_ in reversed(found)}
    history = {before[name][1] for name in CALLBACKS[:5]}
    migrations = {before[name][1] for name in ("V1", "V2", "R", "beforeEachMigrate", "afterEachMigrate")}
    others = [before[name][1] for name in ("beforeMigrate", "afterVersioned", "beforeRepeatables", "afterMigrate")]
    assert (len(history), len(migrations), len(set(others))) == (1, 1, 4)
    assert before["beforeValidate"][0] == "afterConnect"
    assert before["beforeMigrate"][0] is before["beforeEachMigrate"][0] is before["afterVersioned"][0] is None
    assert before["beforeMigrate__a"] == ("beforeMigrate", before["beforeMigrate"][1])
    assert before["V2"][0] == "beforeEachMigrate"
    # One transaction for a migration and its callbacks; none for VACUUM and its own.
    transactions = [xid for t, _, _, xid, *_ in found if t in {"beforeEachMigrate", "V1", "V2", "R", "afterEachMigrate"}]
    assert [len(set(transactions[at : at + 3])) for at in (0, 3)] == [1, 1]
    assert transactions[6] != transactions[7]
    # Role and path are restored before each migration, and before each callback with a session of its own.
    path = '"public","$user", public'
    restored = {str(t): sp for t, _, _, _, sp, _ in found if t not in {"V1", "V2", "R", "afterEachMigrate", "afterConnect"}}
    assert set(restored.values()) == {path}


@pytest.fixture
def role(database: str) -> Iterator[str]:
    """A name that no role has; whatever role gets it is dropped afterwards."""
    name = f"writer_{next(_roles)}"
    yield name
    with psycopg.connect(database, autocommit=True) as connection:
        if connection.execute("select from pg_roles where rolname = %s", [name]).fetchone():
            connection.execute(f"drop owned by {name}; drop role {name}".encode())


def failure_of(application: Application) -> SqlFailure:
    assert application.applied.failure is not None
    return application.applied.failure


def test_two_sources_are_applied_in_order(database: str, tmp_path: Path) -> None:
    legacy = SqlSource(name="legacy", files=source_of(tmp_path, a="create table t (a int)").files)
    owner = source_of(tmp_path, b="alter table t add b int;\ncomment on table t is 'é'")
    application = apply_sources(database, [legacy, owner])
    assert application.applied.failure is None
    assert application.applied.sequence == ("legacy", "owner")
    assert rows(database, "select obj_description('t'::regclass)") == [("é",)]


def test_each_file_has_a_session_of_its_own(database: str, tmp_path: Path, role: str) -> None:
    application = apply(
        database,
        tmp_path,
        a=f"create role {role}; create schema s; set search_path = s; create temp table scratch (a int); set role {role}",
        b="create table here (a int); create temp table scratch (a int)",
    )
    assert application.applied.failure is None
    assert rows(database, "select relnamespace::regnamespace::text, relowner::regrole::text = current_user "
                          "from pg_class where relname = 'here'") == [("public", True)]  # fmt: skip


def test_what_psql_can_run_runs(database: str, tmp_path: Path) -> None:
    application = apply(
        database,
        tmp_path,
        a="""set lock_timeout = '1s';
create table t (a int primary key, b text);
vacuum t;
create index concurrently t_b on t (b);
copy t from stdin;
1\tone
2\t;
\\.
copy t to stdout;
begin isolation level serializable;
set local work_mem = '8MB';
set transaction isolation level repeatable read;
truncate t;
copy t from stdin with (freeze);
3\tthree
\\.
commit and chain;
insert into t values (4, '100%');
rollback;
create procedure p() language plpgsql as $$ begin insert into t values (5, 'five'); commit; end $$;
call p();
create function f() returns int language sql begin atomic select 1; select 2; end;
select * from t;
""",
    )
    assert application.applied.failure is None
    assert rows(database, "select a, b from t order by a") == [(3, "three"), (5, "five")]


FAILURES = {
    "syntax": ("create table t (a int);\n\ncreate tabel u ();", 3, "42601", 'syntax error at or near "tabel"'),
    "line of the mistake": ("create table t (\n  a int,\n  b odd\n);", 1, "42704", '"odd" does not exist (line 3)'),
    "detail": ("create table t (a int unique);\ninsert into t values (1), (1);", 2, "23505", "DETAIL: Key (a)=(1)"),
    "hint": ("select lenght('a')", 1, "42883", "HINT: No function matches"),
    "a ledger": ("select from _sqlx_migrations", 1, "42P01", "HINT: _sqlx_migrations is the ledger of sqlx, which creates"),
    "of several runners": (
        "alter table public.schema_migrations add dirty bool",
        1,
        "42P01",
        "HINT: public.schema_migrations is the ledger of dbmate, Ecto, golang-migrate or Rails, which creates it before",
    ),
    "what to do": ("drop table flyway_schema_history", 1, "42P01", "Put its CREATE TABLE into a file that prelude in"),
    "a ledger's schema": ("alter table graphile_migrate.current add a int", 1, "3F000", "is the ledger of graphile-migrate"),
    "a lock next to a ledger": ("insert into knex_migrations_lock values (1)", 1, "42P01", "is the ledger of knex"),
    "copy": ("create table t (a int);\ncopy t from stdin;\n1\nx\n\\.\n", 2, "22P02", "CONTEXT: COPY t, line 2, column a"),
    "deferred": (
        """create table t (a int primary key);
create table u (a int references t deferrable initially deferred);
begin;
insert into u values (1);
commit;""",
        5,
        "23503",
        "violates foreign key",
    ),
    "open block": ("create table t ();\nbegin;\ncreate table u ();\n", 2, None, "not committed: it would be rolled back"),
    "chained block": ("begin;\ncreate table u ();\ncommit and chain;\n", 3, None, "not committed"),
    "multibyte": ("comment on schema public is 'ééé\n'; select 'ü',\n x", 2, "42703", 'column "x" does not exist (line 3)'),
}  # fmt: skip


@pytest.mark.parametrize(("text", "line", "sqlstate", "message"), FAILURES.values(), ids=FAILURES)
def test_a_failure_names_file_line_and_message(
    database: str, tmp_path: Path, text: str, line: int, sqlstate: str | None, message: str
) -> None:
    failure = failure_of(apply(database, tmp_path, bad=text))
    assert failure.at == Location("bad.sql", line)
    assert failure.sqlstate == sqlstate
    assert message in failure.message
    assert failure.statement in text


def test_any_other_table_is_no_ledger(database: str, tmp_path: Path) -> None:
    assert "HINT" not in failure_of(apply(database, tmp_path, bad="select from public.changes")).message


def test_nothing_runs_after_a_failure(database: str, tmp_path: Path) -> None:
    failure = failure_of(
        apply(
            database,
            tmp_path,
            a="create table before (a int); begin; create table inside (a int); select 1/0; commit",
            b="create table after (a int)",
        )
    )
    assert str(failure.at) == "a.sql:1"
    assert failure.statement == "select 1/0"
    assert rows(database, "select relname from pg_class where relname in ('before', 'inside', 'after')") == [("before",)]


def test_warnings_are_kept_once_and_notices_are_not(database: str, tmp_path: Path) -> None:
    text = """set client_min_messages = notice;
create table if not exists t (a int);
create table if not exists t (a int);
do $$ begin raise warning 'mind the gap'; end $$;
"""
    assert apply(database, tmp_path, a=text).applied.notices == ("a.sql:4: mind the gap",)


def test_at_most_200_warnings_are_kept(database: str, tmp_path: Path) -> None:
    text = "do $$ begin for i in 1..300 loop raise warning '%', i; end loop; end $$"
    assert len(apply(database, tmp_path, a=text).applied.notices) == 200


def test_an_unreachable_database_is_a_server_error(tmp_path: Path) -> None:
    with pytest.raises(ServerError, match="cannot be reached") as caught:
        apply_sources(f"host={tmp_path} dbname=x password=s3cret", [])
    assert "s3cret" not in str(caught.value)


ROLE_TEXTS = {
    "autocommit": "create table t (a int);\ngrant select on t to ROLE;\n",
    "in a block": "begin;\ncreate table t (a int);\ninsert into t values (1);\ngrant select on t to ROLE;\ncommit;\n",
    "in a chained block": "begin;\ncommit and chain;\ncreate table t (a int);\ngrant select on t to ROLE;\ncommit;\n",
    "first in a read-committed block": "begin;\nset transaction isolation level serializable;\n"
    "create table t (a int);\nsavepoint s;\ngrant select on t to ROLE;\nrelease s;\ncommit;\n",
    "in a DO block": "create table t (a int);\ndo $$ begin grant select on t to ROLE; end $$;\n",
    "as the owner": "create table t (a int);\nalter table t owner to ROLE;\n",
}


@pytest.mark.parametrize("text", ROLE_TEXTS.values(), ids=ROLE_TEXTS)
def test_a_role_that_no_one_made_is_assumed(database: str, tmp_path: Path, role: str, text: str) -> None:
    application = apply(database, tmp_path, a=text.replace("ROLE", role))
    assert application.applied.failure is None
    assert application.applied.assumed_roles == (role,)
    assert rows(database, f"select rolcanlogin, rolsuper from pg_roles where rolname = '{role}'") == [(False, False)]
    assert rows(database, f"select has_table_privilege('{role}', 't', 'select')") == [(True,)]
    column = "attrelid = 't'::regclass and attname = 'a'"
    assert origin(database, application.trace, "pg_attribute", column) == next(
        f"a.sql:{number}" for number, line in enumerate(text.splitlines(), 1) if line.startswith("create table t")
    )


def test_a_block_that_runs_again_for_a_role_is_traced_once(database: str, tmp_path: Path, role: str) -> None:
    tables = "".join(f"create table t{number} (a int);\n" for number in range(9))
    more = tables.replace("table t", "table u")
    application = apply(database, tmp_path, a=f"begin;\n{tables}grant select on t3 to {role};\n{more}commit;\n")
    assert application.applied.assumed_roles == (role,)
    origins = [table_origin(database, application.trace, f"{letter}{number}") for letter in "tu" for number in (0, 4, 8)]
    assert origins == [f"a.sql:{line}" for line in (2, 6, 10, 12, 16, 20)]


def test_a_role_with_odd_letters_is_assumed(database: str, tmp_path: Path) -> None:
    application = apply(database, tmp_path, a='grant usage on schema public to "we""ird Röle"')
    assert application.applied.assumed_roles == ('we"ird Röle',)
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute('drop owned by "we""ird Röle"; drop role "we""ird Röle"')


@pytest.mark.parametrize("text", ["alter role nobody_here login", "select 'nope'::regrole"], ids=["reserved", "regrole"])
def test_a_role_that_may_not_be_created_is_the_original_failure(database: str, tmp_path: Path, role: str, text: str) -> None:
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute(f"create role {role} login".encode())
    plain = psycopg.conninfo.make_conninfo(database, user=role)
    application = apply_sources(plain, [source_of(tmp_path, a=text)])
    assert failure_of(application).sqlstate == "42704"
    assert application.applied.assumed_roles == ()


def test_a_missing_type_is_no_missing_role(database: str, tmp_path: Path) -> None:
    application = apply(database, tmp_path, a="create table t (a citext)")
    assert failure_of(application).message.startswith('type "citext" does not exist')


TRACED = """create table auto (a int);
begin;
create table first (a int);
set local work_mem = '8MB';
do $$ begin
  create table inner_a (a int);
  begin perform 1/0; exception when division_by_zero then null; end;
  begin create table inner_b (a int); exception when others then null; end;
end $$;
savepoint s;
create table gone (a int);
rollback to s;
create table second (a int); create table third (a int);
select 1;
commit;
do $$ begin create table in_do (a int); end $$;
begin; create table rolled_back (a int); rollback;
create function f() returns int language sql as 'select 1';
start transaction; create table x (a int); commit and chain;
create table y (a int); end;
create or replace function f() returns int language sql as 'select 2';
create index auto_a on auto (a);
"""


def test_every_row_is_traced_to_its_statement(database: str, tmp_path: Path) -> None:
    trace = apply(database, tmp_path, before="create table zero (a int)", a=TRACED).trace
    expected = {
        "zero": "before.sql:1",
        "auto": "a.sql:1",
        "first": "a.sql:3",
        "inner_a": "a.sql:5",
        "inner_b": "a.sql:5",
        "second": "a.sql:13",
        "third": "a.sql:13",
        "in_do": "a.sql:16",
        "x": "a.sql:19",
        "y": "a.sql:20",
    }
    assert {name: table_origin(database, trace, name) for name in expected} == expected
    assert origin(database, trace, "pg_proc", "proname = 'f'") == "a.sql:21"
    assert origin(database, trace, "pg_index", "indexrelid = 'auto_a'::regclass") == "a.sql:22"
    assert origin(database, trace, "pg_namespace", "nspname = 'pg_catalog'") is None


def test_tracing_leaves_nothing_behind(database: str, tmp_path: Path) -> None:
    apply(database, tmp_path, a="begin;\ncreate table t (a int);\ncommit;\n")
    query = "select relname::text from pg_class where relname like '%marker%' or relnamespace = 'public'::regnamespace"
    assert rows(database, query) == [("t",)]


UNFRIENDLY = {
    "another role": "begin;\nset local role ROLE;\ncreate table other.t (a int);\nreset role;\ncommit;\n",
    "settings that must come first": "begin read only;\nset transaction read write;\nset local work_mem = '8MB';\n"
    "set transaction isolation level serializable;\ncreate table other.t (a int);\ncommit;\n",
    "a read-only block": "begin read only;\nselect 1;\nselect 2;\ncommit;\ncreate table other.t (a int);\n",
    "an event trigger": "create function e() returns event_trigger language plpgsql as "
    "$$ begin if current_query() ~ 'marker' then raise 'seen'; end if; end $$; "
    "create event trigger ROLE on ddl_command_end execute function e();\n"
    "begin;\ncreate table other.t (a int);\ncommit;\n",
    "an empty search path": "set search_path = '';\nbegin;\ncreate table other.t (a int);\ncommit;\n",
}


@pytest.mark.parametrize("text", UNFRIENDLY.values(), ids=UNFRIENDLY)
def test_tracing_does_not_disturb(database: str, tmp_path: Path, role: str, text: str) -> None:
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute(f"create role {role}; create schema other authorization {role}".encode())
    # Twice, in two files: the second session starts when what the first one made is there.
    again = "drop table other.t;" + text.split("\n", 1)[1] if "event trigger" in text else "select 1"
    application = apply(database, tmp_path, a=text.replace("ROLE", role), b=again)
    assert application.applied.failure is None
    file = "b" if "event trigger" in text else "a"
    line = 1 + (again if file == "b" else text).split("create table")[0].count("\n")
    assert table_origin(database, application.trace, "t") == f"{file}.sql:{line}"


def test_a_plain_role_is_traced_too(database: str, tmp_path: Path, role: str) -> None:
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute(f"create role {role} login; grant create on schema public to {role}".encode())
    plain = psycopg.conninfo.make_conninfo(database, user=role)
    text = "begin;\ncreate table s (a int);\ncreate table t (a int);\ncommit;\n"
    trace = apply_sources(plain, [source_of(tmp_path, a=text)]).trace
    assert [table_origin(database, trace, name) for name in "st"] == ["a.sql:2", "a.sql:3"]


def test_a_block_whose_marker_is_gone_is_not_guessed_at(database: str, tmp_path: Path) -> None:
    text = "begin;\ncreate table a (a int);\ndiscard temp;\ncreate table b (a int);\ncommit;\ncreate table c (a int);"
    application = apply(database, tmp_path, a=text)
    assert application.applied.failure is None
    origins = [table_origin(database, application.trace, name) for name in "abc"]
    assert origins == ["a.sql:2", None, "a.sql:6"]


@pytest.mark.timescale
def test_hypertables_are_traced(database: str, tmp_path: Path) -> None:
    text = """create extension timescaledb;
create table metrics (at timestamptz not null, device text);
select create_hypertable('metrics', 'at');
begin;
create table more (at timestamptz not null);
select create_hypertable('more', 'at', create_default_indexes => false);
create index more_at on more (at);
commit;
insert into metrics values ('2024-01-01', 'a');
"""
    application = apply(database, tmp_path, a=text)
    assert application.applied.failure is None
    trace = application.trace
    assert table_origin(database, trace, "metrics") == "a.sql:2"
    assert origin(database, trace, "pg_index", "indexrelid = 'metrics_at_idx'::regclass") == "a.sql:3"
    assert origin(database, trace, "pg_index", "indexrelid = 'more_at'::regclass") == "a.sql:7"
    assert origin(database, trace, "pg_extension", "extname = 'timescaledb'") == "a.sql:1"
    chunk = "relname like '\\_hyper\\_1\\_%chunk' and relkind = 'r'"
    assert origin(database, trace, "pg_class", chunk) == "a.sql:9"
    hypertables = rows(
        database,
        "select table_name::text, xmin::text::bigint, cmin::text::bigint from _timescaledb_catalog.hypertable order by 1",
    )
    located = {str(name): str(trace.locate(int(str(x)), int(str(c)))) for name, x, c in hypertables}
    assert located == {"metrics": "a.sql:3", "more": "a.sql:6"}


def test_transaction_ids_are_distinguished_after_a_wraparound() -> None:
    """A catalog row holds 32 bits of a 64-bit id."""
    early, late = Location("a", 1), Location("a", 2)
    turn = 2**32
    trace = Trace(
        [
            TransactionSpan(turn - 5, turn + 5, ((2**32, Statement(text="", at=early)),)),
            TransactionSpan(turn + 5, turn + 9, ((3, Statement(text="", at=late)), (2**32, None))),
        ]
    )
    cases = {turn - 6: None, turn - 5: early, 4: early, 5: late, 8: late, 9: None, 2: early}
    assert {xid: trace.locate(xid, 0) for xid in cases} == cases
    assert trace.locate(6, 4) is None
    assert Trace().locate(1, 1) is None


def test_the_result_is_that_of_psql(database: str, tmp_path: Path, cluster: Any) -> None:
    """The same files through psql give the same tables and the same failing statement."""
    psql = shutil.which("psql")
    if psql is None:
        pytest.skip("no psql on this machine to compare with")
    text = "create table t (a int);\nbegin;\ncreate table u (a int);\ncommit;\nselect 1/0;\ncreate table v (a int);\n"
    ours = failure_of(apply(database, tmp_path, a=text))
    other = cluster.create_database("psql_twin")
    script = tmp_path / "a.sql"
    done = subprocess.run(
        [psql, "-X", "-q", "-v", "ON_ERROR_STOP=1", "-d", other, "-f", script], capture_output=True, text=True, check=False
    )
    query = "select relname::text from pg_class where relnamespace = 'public'::regnamespace order by 1"
    assert done.returncode == 3
    assert f"a.sql:{ours.at.line}: ERROR:  {ours.message}" in done.stderr
    assert rows(database, query) == rows(other, query) == [("t",), ("u",)]
    cluster.drop_database("psql_twin")


@pytest.mark.parametrize(
    ("mode", "messages", "text", "refused"),
    [
        (TransactionMode.FILE, (), "create table t (a int); create index concurrently i on t (a)", True),
        (TransactionMode.FILE, (), "create table t (a int); commit; create index concurrently i on t (a); begin", False),
        (TransactionMode.FILE, (4,), "create table t (a int); commit; create index concurrently i on t (a); begin", True),
        (
            TransactionMode.FILE,
            (2, 1, 1),
            "create table t (a int); commit; create index concurrently i on t (a); begin",
            False,
        ),
        (TransactionMode.MESSAGE, (3,), "create table t (a int); commit; create index concurrently i on t (a)", True),
        (TransactionMode.MESSAGE, (2, 1), "create table t (a int); commit; create index concurrently i on t (a)", False),
        (TransactionMode.MESSAGE, (4,), "begin; create table t (a int); commit; create table u ()", False),
        (TransactionMode.MESSAGE, (1,), "vacuum", False),
        (TransactionMode.MESSAGE, (2,), "vacuum; select 1", True),
        (TransactionMode.MESSAGE, (1, 1), "vacuum; select 1", False),
        (TransactionMode.MESSAGE, (3,), "create table t (a int); begin; create table u ()", True),
    ],
)
def test_what_one_message_means(
    database: str, tmp_path: Path, mode: TransactionMode, messages: tuple[int, ...], text: str, refused: bool
) -> None:
    source = source_of(tmp_path, a=text)
    sent = replace(source, files=tuple(replace(file, transaction=mode, messages=messages) for file in source.files))
    applied = apply_sources(database, [sent]).applied
    assert (applied.failure is not None) == refused, applied


@pytest.mark.parametrize(
    ("files", "refused"),
    [
        ({"a": "create table t (a int)", "b": "create index concurrently i on t (a)"}, True),
        ({"a": "create table t (a int); commit", "b": "create index concurrently i on t (a)"}, False),
        ({"a": "create table t (a int); commit", "b": "create index concurrently i on t (a); select 1"}, True),
        ({"a": "create table t (a int)", "b": "commit; create index concurrently i on t (a)"}, True),
        ({"a": "create table t (a int); commit; begin", "b": "create index concurrently i on t (a)"}, True),
        ({"a": "create table t (a int)", "b": "commit", "c": "create index concurrently i on t (a)", "d": "begin"}, False),
        ({"a": "-- nothing"}, False),
    ],
    ids=str,
)
def test_what_one_transaction_around_messages_means(
    database: str, tmp_path: Path, files: dict[str, str], refused: bool
) -> None:
    source = source_of(tmp_path, **files, z="select 1")
    whole = tuple(replace(f, transaction=TransactionMode.FILE, messages=(len(f.statements),)) for f in source.files)
    sent = replace(source, files=whole, session=SessionScope.SOURCE, one_transaction=True)
    applied = apply_sources(database, [sent]).applied
    assert (applied.failure is not None) == refused, applied


@pytest.mark.parametrize("mode", list(TransactionMode), ids=str)
@pytest.mark.parametrize("one_transaction", [False, True])
def test_what_stands_for_the_recording_of_a_file_runs_behind_it(
    database: str, tmp_path: Path, mode: TransactionMode, one_transaction: bool
) -> None:
    source = source_of(tmp_path, a="create table t (); select 1", b="-- nothing", c="drop table t")
    sent = replace(
        source,
        files=tuple(replace(file, transaction=mode) for file in source.files),
        session=SessionScope.SOURCE,
        one_transaction=one_transaction,
        recording=("table t",),
    )
    failure = apply_sources(database, [sent]).applied.failure
    assert failure is not None
    assert (str(failure.at), failure.sqlstate) == ("c.sql:1", "42P01")
