"""Every kind of statement that PostgreSQL's parser knows: what it leaves behind is compared, or named as not compared."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path
from typing import Any

import postgast
import psycopg
import pytest

from fix_demo import run_cli
from migration_audit.audit.preflight.loading import source_facts, with_outside
from migration_audit.catalog import read_snapshot
from migration_audit.model.snapshot import RolesRead
from migration_audit.model.sql_tree import parse
from migration_audit.report.rows import not_compared_of
from migration_audit.shadow.apply import apply_sources
from migration_audit.shadow.binaries import BinaryServer
from migration_audit.sources import load_source

pytestmark = pytest.mark.server


class Fate(StrEnum):
    """What becomes of the effect of a statement."""

    COMPARED = "compared"
    """The snapshot of the database has it."""
    ROWS = "rows"
    """Rows, which are compared as counts and digests."""
    SERVER = "server"
    """The snapshot of a database's whole server has it."""
    NAMED = "named"
    """SQL008 names it with file and line, and so does ``compare``."""
    NOTHING = "nothing"
    """It ends with the session, changes how data are stored, or reads."""
    INNER = "inner"
    """What it runs has a kind of its own."""


SETUP = """
create schema s; create table t (a int primary key, b text); insert into t values (1, 'x'); create table u (a int);
create table parted (a int) partition by range (a); create view v as select a from t;
create materialized view m as select a from t with no data; create sequence q;
create function f() returns int language sql as 'select 1'; create procedure pr() language sql as 'create table of_pr ()';
create function tf() returns trigger language plpgsql as 'begin return new; end';
create function ef() returns event_trigger language plpgsql as 'begin end';
create type e as enum ('a'); create type c as (x int); create domain d as int;
create foreign data wrapper w; create server srv foreign data wrapper w; create user mapping for public server srv;
create publication pub for table t; create extension hstore;
create event trigger et on ddl_command_end execute function ef();
create text search configuration tc (copy = simple); create text search dictionary td (template = simple);
create collation co (locale = 'C'); create policy po on t; create rule ru as on delete to u do instead nothing;
create statistics st on a, b from t; create operator family of using btree;
create operator === (leftarg = int, rightarg = int, function = int4eq, commutator = ===);
create aggregate ag (int) (sfunc = int4pl, stype = int); create role of_setup; create trigger tr before insert on t
for each row execute function tf(); alter table u owner to of_setup; grant select on t to of_setup;
"""
C, R, S, N, O, I = Fate.COMPARED, Fate.ROWS, Fate.SERVER, Fate.NAMED, Fate.NOTHING, Fate.INNER  # noqa: E741
_TYPE = """create type ty; create function tin(cstring) returns ty language internal as 'int4in' strict;
create function tout(ty) returns cstring language internal as 'int4out' strict;
create type ty (input = tin, output = tout, like = int4); alter type ty set (storage = plain)"""
_GONE = "create subscription s1 connection '' publication p with (connect = false, slot_name = none); drop subscription s1"
KINDS: dict[str, tuple[Fate, str]] = {
    "AlterCollationStmt": (O, "alter collation co refresh version"),  # of the library that this server runs with
    "AlterDatabaseRefreshCollStmt": (N, "alter database template1 refresh collation version"),
    "AlterDatabaseSetStmt": (N, "alter database postgres set work_mem = '1MB'"),
    "AlterDatabaseStmt": (N, "alter database postgres connection limit 3"),
    "AlterDefaultPrivilegesStmt": (C, "alter default privileges grant select on tables to of_setup"),
    "AlterDomainStmt": (C, "alter domain d set default 1"),
    "AlterEnumStmt": (C, "alter type e add value 'b'"),
    "AlterEventTrigStmt": (C, "alter event trigger et disable"),
    "AlterExtensionContentsStmt": (C, "alter extension hstore add function f()"),
    "AlterExtensionStmt": (O, "alter extension hstore update"),  # there is one version of it; versions are compared
    "AlterFdwStmt": (C, "alter foreign data wrapper w options (a '1')"),
    "AlterForeignServerStmt": (C, "alter server srv options (a '1')"),
    "AlterFunctionStmt": (C, "alter function f() immutable"),
    "AlterObjectDependsStmt": (C, "alter function f() depends on extension hstore"),
    "AlterObjectSchemaStmt": (C, "alter table u set schema s"),
    "AlterOpFamilyStmt": (C, "alter operator family of using btree add operator 1 === (int, int)"),
    "AlterOperatorStmt": (C, "alter operator === (int, int) set (restrict = eqsel)"),
    "AlterOwnerStmt": (C, "alter function f() owner to of_setup"),
    "AlterPolicyStmt": (C, "alter policy po on t using (a > 0)"),
    "AlterPublicationStmt": (C, "alter publication pub add table u"),
    "AlterRoleSetStmt": (S, "alter role of_setup set work_mem = '1MB'"),
    "AlterRoleStmt": (S, "alter role of_setup createdb"),
    "AlterSeqStmt": (C, "alter sequence q increment 2"),
    "AlterStatsStmt": (C, "alter statistics st set statistics 7"),
    "AlterSubscriptionStmt": (N, "alter subscription sub set publication p2 with (refresh = false)"),
    "AlterSystemStmt": (N, "alter system set work_mem = '1MB'"),
    "AlterTSConfigurationStmt": (C, "alter text search configuration tc drop mapping for word"),
    "AlterTSDictionaryStmt": (C, "alter text search dictionary td (accept = false)"),
    "AlterTableMoveAllStmt": (O, "alter table all in tablespace pg_default set tablespace pg_default"),
    "AlterTableSpaceOptionsStmt": (N, "alter tablespace pg_default set (seq_page_cost = 2)"),
    "AlterTableStmt": (C, "alter table t add column x int"),
    "AlterTypeStmt": (C, _TYPE),
    "AlterUserMappingStmt": (C, "alter user mapping for public server srv options (a '1')"),
    "CallStmt": (I, "call pr()"),
    "CheckPointStmt": (O, "checkpoint"),
    "ClosePortalStmt": (O, "close all"),
    "ClusterStmt": (C, "cluster t using t_pkey"),
    "CommentStmt": (C, "comment on table t is 'x'"),
    "CompositeTypeStmt": (C, "create type c2 as (x int)"),
    "ConstraintsSetStmt": (O, "set constraints all deferred"),
    "CopyStmt": (R, "copy t from stdin"),
    "CreateAmStmt": (C, "create access method am type table handler heap_tableam_handler"),
    "CreateCastStmt": (C, "create cast (int as c) with inout"),
    "CreateConversionStmt": (C, "create conversion cv for 'UTF8' to 'LATIN1' from utf8_to_iso8859_1"),
    "CreateDomainStmt": (C, "create domain d2 as int"),
    "CreateEnumStmt": (C, "create type e2 as enum ('a')"),
    "CreateEventTrigStmt": (C, "create event trigger et2 on sql_drop execute function ef()"),
    "CreateExtensionStmt": (C, "create extension citext"),
    "CreateFdwStmt": (C, "create foreign data wrapper w2"),
    "CreateForeignServerStmt": (C, "create server srv2 foreign data wrapper w"),
    "CreateForeignTableStmt": (C, "create foreign table ft (a int) server srv"),
    "CreateFunctionStmt": (C, "create function f2() returns int language sql as 'select 1'"),
    "CreateOpClassStmt": (C, "create operator class oc for type int using hash as operator 1 ==="),
    "CreateOpFamilyStmt": (C, "create operator family of2 using hash"),
    "CreatePLangStmt": (C, "create language pl2 handler plpgsql_call_handler"),
    "CreatePolicyStmt": (C, "create policy po2 on t"),
    "CreatePublicationStmt": (C, "create publication pub2"),
    "CreateRangeStmt": (C, "create type r as range (subtype = int)"),
    "CreateRoleStmt": (S, "create role another"),
    "CreateSchemaStmt": (C, "create schema s2"),
    "CreateSeqStmt": (C, "create sequence q2"),
    "CreateStatsStmt": (C, "create statistics st2 on a, b from t"),
    "CreateStmt": (C, "create table t2 ()"),
    "CreateSubscriptionStmt": (C, "create subscription s2 connection '' publication p with (connect = false)"),
    "CreateTableAsStmt": (C, "create table ta as select 1 as a"),
    "CreateTableSpaceStmt": (N, "create tablespace ts location '/tmp'"),
    "CreateTransformStmt": (C, "create transform for int language sql (from sql with function prsd_lextype(internal))"),
    "CreateTrigStmt": (C, "create trigger tr2 before insert on t for each row execute function tf()"),
    "CreateUserMappingStmt": (C, "create user mapping for of_setup server srv"),
    "CreatedbStmt": (N, "create database other"),
    "DeallocateStmt": (O, "deallocate all"),
    "DeclareCursorStmt": (O, "begin; declare cu cursor for select 1; commit"),
    "DefineStmt": (C, "create aggregate ag2 (int) (sfunc = int4pl, stype = int)"),
    "DeleteStmt": (R, "delete from t"),
    "DiscardStmt": (O, "discard all"),
    "DoStmt": (I, "do $$ begin create table of_do (); end $$"),
    "DropOwnedStmt": (C, "drop owned by of_setup"),
    "DropRoleStmt": (S, "create role gone; drop role gone; drop role if exists gone; create role stays"),
    "DropStmt": (C, "drop table t cascade"),
    "DropSubscriptionStmt": (O, _GONE),
    "DropTableSpaceStmt": (N, "drop tablespace if exists nowhere"),
    "DropUserMappingStmt": (C, "drop user mapping for public server srv"),
    "DropdbStmt": (N, "drop database if exists other"),
    "ExecuteStmt": (I, "prepare x as insert into t values (2); execute x"),
    "ExplainStmt": (I, "explain analyze insert into t values (3)"),
    "FetchStmt": (O, "begin; declare cu cursor for select 1; fetch cu; commit"),
    "GrantRoleStmt": (S, "grant of_setup to pg_monitor"),
    "GrantStmt": (C, "grant insert on t to of_setup"),
    "ImportForeignSchemaStmt": (N, "import foreign schema a from server srv into s"),
    "IndexStmt": (C, "create index i on t (b)"),
    "InsertStmt": (R, "insert into t values (4)"),
    "ListenStmt": (O, "listen x"),
    "LoadStmt": (N, "load 'auto_explain'"),
    "LockStmt": (O, "begin; lock table t; commit"),
    "MergeStmt": (R, "merge into t using (select 9 as a) as n on t.a = n.a when not matched then insert values (n.a)"),
    "NotifyStmt": (O, "notify x"),
    "PrepareStmt": (O, "prepare y as select 1"),
    "ReassignOwnedStmt": (C, "reassign owned by of_setup to current_user"),
    "RefreshMatViewStmt": (O, "refresh materialized view m"),  # computed rows are nobody's to compare: docs/trust.md
    "ReindexStmt": (O, "reindex table t"),
    "RenameStmt": (C, "alter table t rename to t3"),
    "ReplicaIdentityStmt": (C, "alter table t replica identity full"),
    "RuleStmt": (C, "create rule ru2 as on update to u do instead nothing"),
    "SecLabelStmt": (C, "security label on table t is null"),
    "SelectStmt": (O, "select 1"),
    "TransactionStmt": (O, "begin; commit"),
    "TruncateStmt": (R, "truncate t cascade"),
    "UnlistenStmt": (O, "unlisten *"),
    "UpdateStmt": (R, "update t set b = 'other'"),
    "VacuumStmt": (O, "vacuum analyze t"),
    "VariableSetStmt": (O, "set work_mem = '1MB'"),
    "VariableShowStmt": (O, "show work_mem"),
    "ViewStmt": (C, "create view v2 as select 1 as a"),
}  # fmt: skip
PARTS = {"RawStmt", "PLAssignStmt", "ReturnStmt", "SetOperationStmt"}
"""Nodes that are no statements of their own, but parts of one."""
UNPROVEN = {"SecLabelStmt": "no provider of labels is installed", "CreateTransformStmt": "see tests/drift/transforms"}


def test_the_table_has_every_kind_of_statement() -> None:
    nodes = postgast.pg_query_pb2.Node.DESCRIPTOR.oneofs_by_name["node"].fields
    known = {field.message_type.name for field in nodes if field.message_type.name.endswith("Stmt")}
    assert known - PARTS == KINDS.keys()


@pytest.mark.parametrize("kind", KINDS)
def test_each_example_is_of_its_kind(kind: str) -> None:
    walked = {type(node).__name__ for _, node in postgast.walk(parse(KINDS[kind][1]))}
    assert kind in walked


OTHERS = {
    "in a database": "alter role postgres in database postgres set work_mem = '1MB'",
    "renamed": "alter database other rename to another",
    "owned": "alter database other owner to current_user",
    "comment": "comment on database postgres is 'x'",
    "grant": "revoke connect on database postgres from public",
    "label": "security label on database postgres is 'x'",
    "a slot": "select pg_create_physical_replication_slot('a')",
    "a logical slot": "select pg_create_logical_replication_slot('a', 'test_decoding')",
    "a slot that goes": "select pg_drop_replication_slot('a')",
    "an origin": "select pg_replication_origin_create('a')",
    "sessions": "select pg_terminate_backend(1)",
    "left open": "prepare transaction 'x'",
    "left open and ended": "commit prepared 'x'",
}


@pytest.mark.parametrize("text", [*(text for fate, text in KINDS.values() if fate is Fate.NAMED), *OTHERS.values()])
def test_what_is_not_compared_is_named(tmp_path: Path, text: str) -> None:
    (tmp_path / "a.sql").write_text(f"select 1;\n{text};\n")
    outside = [
        one for each in load_source("o", [tmp_path / "a.sql"], shown_from=tmp_path).statements for one in each.outside
    ]
    assert [str(one.at) for one in outside] == ["a.sql:2"]


@pytest.fixture(scope="module")
def base(server: Any) -> Iterator[Any]:
    if not isinstance(server, BinaryServer):
        pytest.skip("needs a server of our own")
    with server.cluster() as cluster:
        with psycopg.connect(cluster.create_database("base"), autocommit=True) as connection:
            connection.execute(SETUP.encode())
        yield cluster


def _rows(conninfo: str) -> object:
    with psycopg.connect(conninfo) as connection:
        return connection.execute("select array_agg(t order by a) from t").fetchone()


@pytest.mark.slow
def test_what_each_statement_leaves_behind_is_seen_or_is_nothing(base: Any) -> None:
    wrong = {}
    with psycopg.connect(base.conninfo("base"), autocommit=True) as connection:
        connection.execute("vacuum analyze")
    start = {roles: read_snapshot(base.conninfo("base"), roles=roles).snapshot for roles in RolesRead}
    rows = _rows(base.conninfo("base"))
    for number, (kind, (fate, text)) in enumerate(KINDS.items()):
        if fate is Fate.NAMED or kind in UNPROVEN:
            continue
        roles = RolesRead.OWN if fate is Fate.SERVER else RolesRead.NONE
        conninfo = base.create_database(f"d{number}", template="base")
        before = start[RolesRead.NONE] if fate is not Fate.SERVER else read_snapshot(conninfo, roles=roles).snapshot
        with psycopg.connect(conninfo, autocommit=True) as connection:
            if kind == "CopyStmt":
                with connection.cursor() as cursor, cursor.copy(text.encode()) as copy:
                    copy.write("7\tx\n")
            else:
                for part in [text] if "$$" in text else text.split(";"):
                    try:
                        connection.execute(part.encode())
                    except psycopg.Error as error:
                        wrong[kind] = str(error)
        seen = read_snapshot(conninfo, roles=roles).snapshot.objects != before.objects
        same_rows = kind in {"DropStmt", "RenameStmt"} or _rows(conninfo) == rows
        base.drop_database(f"d{number}")
        expected = {
            Fate.COMPARED: seen,
            Fate.SERVER: seen,
            Fate.ROWS: not seen and not same_rows,
            Fate.INNER: seen or not same_rows,
            Fate.NOTHING: not seen and same_rows,
        }[fate]
        if not expected:
            wrong[kind] = f"{fate}: {text} (seen: {seen}, same rows: {same_rows})"
    assert wrong == {}


_DO = "do $$ begin execute {}; end $$;"
_SLOT = "'select pg_create_phys' || 'ical_replication_slot(''x'')'"
ONLY_ONE = {
    "create database other;": r"a\.sql:2: CREATE DATABASE makes another database, which is not compared",
    "alter database postgres set work_mem = '1MB';": r"a\.sql:2: ALTER DATABASE changes another database",
    _DO.format("'alter dat' || 'abase postgres set work_mem = 99'"): r"a\.sql:2: settings in database",
    _DO.format("'alter dat' || 'abase postgres connection limit 9'"): r"a\.sql:2: database postgres",
    _DO.format("'comment on dat' || 'abase postgres is ''x'''"): r"a\.sql:2: the comment on database postgres",
    _DO.format("'comment on dat' || 'abase postgres is null'"): r"a\.sql:2: the comment on database postgres",
    _DO.format("'comment on table' || 'space pg_default is ''x'''"): r"a\.sql:2: the comment on tablespace",
    _DO.format("'alter table' || 'space pg_default set (seq_page_cost = 2)'"): r"a\.sql:2: tablespace pg_default",
    "do $$ begin perform pg_replication_origin_create('x'); end $$;": r"a\.sql:2: .*origin",
    _DO.format("'select pg_replication_ori' || 'gin_create(''x'')'"): r"a\.sql:2: replication origin x",
    _DO.format(_SLOT): r"a\.sql:2: replication slot x",
    f"begin; {_DO.format(_SLOT)} select 1; commit;": r"a\.sql:2: replication slot x is made",
    "do $$ begin perform pg_create_physical_replication_slot('x'); end $$;": r"a\.sql:2: pg_create_physical_replication",
    "alter function pg_sleep(double precision) cost 99;": r"a\.sql:2: built-in function pg_sleep\(double precision\) is",
    _DO.format("'select lo_cre' || 'ate(0)'"): r"a\.sql:2: a large object is made",
}


def named(server: Any, file: Path) -> list[str]:
    """What ``compare`` and SQL008 say of the file: each thing that it does beside its database, on a server of its own."""
    source = load_source("a", [file], shown_from=file.parent)
    with server.cluster() as cluster:
        application = apply_sources(cluster.create_database("side"), [source], is_observed=True)
    assert application.applied.failure is None
    return list(not_compared_of(with_outside(source_facts("side", source), application.outside)))


@pytest.mark.parametrize("text", ONLY_ONE)
def test_what_is_done_next_to_the_database_is_named(server: Any, tmp_path: Path, text: str) -> None:
    (tmp_path / "a.sql").write_text(f"create table t ();\n{text}\n")
    assert [bool(re.match(ONLY_ONE[text], one)) for one in named(server, tmp_path / "a.sql")] == [True]


@pytest.mark.slow
@pytest.mark.parametrize("text", [*ONLY_ONE][:3])
def test_compare_names_what_only_one_side_does_next_to_its_database(tmp_path: Path, text: str) -> None:
    (tmp_path / "a.sql").write_text(f"create table t ();\n{text}\n")
    (tmp_path / "b.sql").write_text("create table t ();\n")
    reported = ONLY_ONE[text]
    said = run_cli("compare", "a.sql", "b.sql", "--direction", "equal", "--no-cross-check", cwd=tmp_path)
    assert re.search(rf"! not compared, expected side: {reported}", said.out), said.out + said.err
    said = run_cli("compare", "b.sql", "a.sql", "--format", "json", "--no-cross-check", cwd=tmp_path)
    found = json.loads(said.out)
    assert [bool(re.match(f"actual: {reported}", one)) for one in found["not_compared"]] == [True]
    assert [one["at"] for one in found["sources"]["actual"][0]["outside"]] == ["a.sql:2"]
    assert "not compared: actual: a.sql:2" in said.err


EQ = "citext_eq(citext, citext)"
OF_EXTENSIONS = {
    f"alter function {EQ} set search_path = public;": "function public.citext_eq",
    f"alter function {EQ} owner to other;": "function public.citext_eq",
    f"create or replace function {EQ} returns bool language sql as 'select false';": "function",
    "create table hidden (a int);\nalter extension citext add table hidden;": "(table|type) public.hidden",
    "create rule r as on insert to pg_stat_statements_info do instead nothing;": "rule r on public.pg_stat_statements_info",
    f"comment on function {EQ} is 'x';": "the comment on function public.citext_eq",
    f"select 1; alter function {EQ} cost 7; select 2;": "function public.citext_eq",
    f"begin; alter function {EQ} cost 7; alter function citext_ne(citext, citext) cost 1; end;": "function public.citext_eq",
    f"do $$ begin execute 'alter func' || 'tion {EQ} cost 7'; end $$;": "function public.citext_eq",
    f"alter system set work_mem = '2MB'; comment on function {EQ} is 'y';": "the comment on function|ALTER SYSTEM",
    "create extension pg_trgm; alter function similarity(text, text) cost 7;": "function public.similarity",
    f"alter function {EQ} cost 7; create extension pg_trgm; alter extension citext set schema s;": "function s.citext_eq",
}


IN_ONE = {
    "do $$ begin create extension citext; alter function citext_eq(citext, citext) cost 7; end $$;": True,
    "do $$ begin create extension citext; execute 'comment on type ' || 'citext is null'; end $$;": True,
    "create function f() returns void language plpgsql as $$ begin create extension citext;"
    " alter function citext_eq(citext, citext) cost 7; end $$;"
    "\nselect f();": True,
    "do $$ begin if not exists (select from pg_extension where extname = 'citext') then create extension citext; end if;"
    " end $$;": False,
    "create extension if not exists citext;": False,
}
"""What one statement does: whether that may be more than to create the extension."""


@pytest.mark.parametrize("text", IN_ONE)
def test_what_a_statement_does_besides_creating_an_extension_is_named(server: Any, tmp_path: Path, text: str) -> None:
    (tmp_path / "a.sql").write_text(f"create schema s;\n{text}\n")
    said = named(server, tmp_path / "a.sql")
    reported = f"a.sql:{2 + text.count(chr(10))}: members of extension citext are written by"
    assert [one.startswith(reported) for one in said] == ([True] if IN_ONE[text] else []), said


@pytest.mark.parametrize("text", OF_EXTENSIONS)
def test_what_is_done_to_extensions_is_named(server: Any, tmp_path: Path, text: str) -> None:
    both = (
        "create role other;\ncreate extension citext; create schema s;\ncreate extension pg_stat_statements;\n"
        "create table t ();\n"
    )
    (tmp_path / "a.sql").write_text(f"{both}{text}\nselect 1;\n")
    said = "\n".join(named(server, tmp_path / "a.sql"))
    found = re.findall(r"(?m)^a\.sql:(\d+): (.*?),? (?:is made or changed by|which)", said)
    assert found, said
    assert {line for line, _ in found} == {str(5 + text.count("\n"))}
    assert [what for _, what in found if not re.match(OF_EXTENSIONS[text], what)] == []
    # Newer versions of PostgreSQL make the types of a table members with it.
    things = {what for _, what in found if not what.startswith("type ")}
    assert len(things) == 1 + ("ALTER SYSTEM" in OF_EXTENSIONS[text]), found


MEMBERS = """
create function tf() returns trigger language plpgsql as 'begin return new; end'; create extension citext;
create table member (a text, b int, constraint ch check (b > 0)); comment on table member is 'x';
create index i on member (lower(a));
create domain dom as text; create type en as enum ('a'); create sequence seq; create view vi as select * from member;
create trigger tr before insert on member for each row execute function tf(); alter extension citext add table member;
alter extension citext add domain dom; alter extension citext add type en; alter extension citext add sequence seq;
alter extension citext add view vi;
"""
OF_MEMBERS = {
    "comment on column member.a is 'x'": "the comment on table column public.member.a",
    "comment on trigger tr on member is 'x'": "the comment on trigger tr on public.member",
    "comment on index i is 'x'": "the comment on index public.i",
    "alter table member alter column a set statistics 7": "table column public.member.a",
    "alter table member alter a set storage external": "table column public.member.a",
    "alter table member alter a set (n_distinct = 7)": "table column public.member.a",
    "alter table member alter b set default 7": "table column public.member.b; the default of table column public.member.b",
    "alter view vi alter b set default 7": "the default of view column public.vi.b; view column public.vi.b",
    "alter table member add check (a <> 'x')": "table constraint member_a_check on public.member",
    "alter table member set (fillfactor = 70)": "table public.member",
    "alter table member enable row level security": "table public.member",
    "alter table member cluster on i": "the definition of index public.i",
    "alter index i set (fillfactor = 70)": "index public.i",
    "alter index i alter column 1 set statistics 7": "index column public.i.lower",
    "create index j on member (b)": "index column public.j.b; index public.j; the definition of index public.j",
    "create statistics st on a, b from member": "statistics object public.st",
    "create policy po on member": "policy po on public.member",
    "alter table member disable trigger tr": "trigger tr on public.member",
    "alter operator family citext_ops using hash drop function 2 (citext, citext)":
        "operator family public.citext_ops USING hash",
    "alter domain dom add check (value <> 'x')": "domain constraint dom_check on public.dom",
    "alter type en add value 'x'": "a label of type public.en",
    "alter sequence seq increment 7": "the numbers of sequence public.seq",
    "alter table member drop constraint ch": "table public.member",
    "comment on table member is null": "the comment on table public.member",
    "select 1; drop trigger tr on member; select 2": "table public.member",
    "drop index i": "table public.member; the definition of table public.member",
    f"alter extension citext drop function {EQ}": "function public.citext_eq(public.citext,public.citext)",
}  # fmt: skip


@pytest.fixture(scope="module")
def members(base: Any) -> Any:
    with psycopg.connect(base.create_database("members"), autocommit=True) as connection:
        connection.execute(MEMBERS.encode())
    return base


@pytest.mark.parametrize("text", OF_MEMBERS)
def test_what_is_done_to_a_member_and_what_hangs_on_it_is_named(members: Any, tmp_path: Path, text: str) -> None:
    (tmp_path / "a.sql").write_text(f"select 1;\n{text};\nselect 1;\n")
    conninfo = members.create_database("changed", template="members")
    try:
        source = load_source("o", [tmp_path / "a.sql"], shown_from=tmp_path)
        applied = apply_sources(conninfo, [source], is_observed=True)
    finally:
        members.drop_database("changed")
    assert applied.applied.failure is None
    named = sorted(one.what.replace(" of extension citext", "") for one in applied.outside)
    assert "; ".join(named) == OF_MEMBERS[text]
    assert {str(one.at) for one in applied.outside} == {"a.sql:2"}


SAME = {
    "a grant without effect": f"grant execute on function {EQ} to public; grant select on pg_stat_statements to public;",
    "a foreign key to a member": "create table other (a int references member_key (id));",
    "an index that is rebuilt": "reindex table member_key; vacuum full member_key; analyze member_key;",
    "changed and changed back": f"alter function {EQ} cost 7; alter function {EQ} cost 1;",
    "dropped, and rolled back": "begin; drop extension citext cascade; rollback;",
    "dropped, and rolled back to a savepoint": "begin; savepoint a; drop extension citext cascade; rollback to a; commit;",
    "made by a role that may read no catalog": "create role r; grant create on schema public to r; revoke select on"
    " pg_extension, pg_depend, pg_database from public; do $$ begin execute format('grant create on database %I to r',"
    " current_database()); end $$; set role r; create extension pg_trgm; do $$ begin end $$; reset role; select 1;",
    "rolled back": f"begin; alter function {EQ} cost 7; comment on function {EQ} is 'x'; rollback;",
    "a view and a child": "create view v as select * from member_key; create table child () inherits (member_key);",
    "another search_path": "set search_path = pg_catalog; create extension pg_trgm schema public;",
}


@pytest.mark.parametrize("text", SAME.values(), ids=SAME)
def test_what_changes_no_member_is_not_named(server: Any, tmp_path: Path, text: str) -> None:
    (tmp_path / "a.sql").write_text(
        "create extension citext; create extension pg_stat_statements; create table member_key (id int primary key);\n"
        f"alter extension citext add table member_key;\n{text}\n"
    )
    said = named(server, tmp_path / "a.sql")
    reported = "table public.member_key of extension citext is made or changed by this statement, and is not compared"
    assert f"a.sql:2: {reported}" in said
    assert [one for one in said if not re.match(r"a\.sql:2: (table|type) public\.member_key", one)] == []


@pytest.mark.slow
def test_what_extensions_do_themselves_is_not_named(tmp_path: Path) -> None:
    (tmp_path / "a.sql").write_text(
        "create schema x;\ncreate extension citext;\ncreate extension pg_trgm version '1.5';\n"
        "alter extension pg_trgm update;\n"
        "alter extension citext set schema x;\nrevoke execute on function x.citext_eq(x.citext, x.citext) from public;\n"
        "create extension timescaledb;\ncreate table m (at timestamptz not null, v int);\n"
        "select create_hypertable('m', 'at');\ninsert into m select now(), 1;\n"
        "grant execute on all functions in schema x to public;\nanalyze;\n"
    )
    said = run_cli("compare", "a.sql", "a.sql", "--direction", "equal", "--no-cross-check", cwd=tmp_path)
    assert said.code == 0, said.out + said.err
    assert "not compared" not in said.out


def test_a_database_is_dropped_whatever_the_sql_in_it_keeps_open(base: Any) -> None:
    with psycopg.connect(base.create_database("kept"), autocommit=True) as connection:
        connection.execute("create subscription su connection '' publication p with (connect = false)")
        connection.execute("alter database kept is_template true")
    base.drop_database("kept")
    with psycopg.connect(base.conninfo()) as connection:
        assert connection.execute("select from pg_database where datname = 'kept'").fetchone() is None


@pytest.mark.slow
def test_compare_names_the_contents_that_it_does_not_compare(tmp_path: Path) -> None:
    (tmp_path / "a.sql").write_text("create materialized view m as select 1 as a;\n")
    (tmp_path / "b.sql").write_text("create materialized view m as select 1 as a with no data;\n")
    said = run_cli("compare", "a.sql", "b.sql", "--direction", "equal", "--no-cross-check", cwd=tmp_path)
    assert said.code == 0, said.out + said.err
    views = "rows of materialized views, and whether they have any: public.m"
    assert f"Not compared:\n  {views}\n" in said.out
    assert run_cli("snapshot", "b.sql", "-o", "b.json", cwd=tmp_path).code == 0
    said = run_cli("compare", "a.sql", "b.json", "--format", "json", cwd=tmp_path)
    tables = "rows of tables, which are only compared where both sides are SQL"
    assert json.loads(said.out)["not_compared"] == [views, tables]
    said = run_cli("compare", "a.sql", "b.json", "--format", "sql", cwd=tmp_path)
    assert [line.partition("] ")[2] for line in said.err.splitlines() if line.endswith((views, tables))] == [
        f"not compared: {views}",
        f"not compared: {tables}",
    ]


@pytest.mark.slow
def test_sql_that_ends_all_other_sessions_is_watched_all_the_same(tmp_path: Path) -> None:
    (tmp_path / "a.sql").write_text(
        "create table gone ();\nselect pg_terminate_backend(pid) from pg_stat_activity where pid <> pg_backend_pid()"
        " and datname = current_database();\ndrop table gone;\ncreate table t ();\n"
    )
    said = run_cli("compare", "a.sql", "a.sql", "--no-cross-check", cwd=tmp_path)
    assert said.code == 0, said.out + said.err
    assert "expected: table public.gone is created at a.sql:1 and dropped at a.sql:3" in said.out
