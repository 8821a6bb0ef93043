"""Every kind of statement that pg_dump writes is seen as exactly one change, of the right kind, by the right attribute.

All cases are made in one database, each in a schema of its own: one snapshot before the changes and one after them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, NamedTuple

import psycopg
import pytest

from fix_versions import server_of
from migration_audit.catalog import dump_snapshot, load_snapshot, read_snapshot, save_snapshot
from migration_audit.catalog.queries import CLUSTER_KINDS, KINDS
from migration_audit.compare import compare
from migration_audit.model.drift import Difference
from migration_audit.model.snapshot import RolesRead, Snapshot
from pg_dump_statements import EXCUSED, STATEMENTS

pytestmark = pytest.mark.server

Expected = tuple[str, str, str, tuple[str, ...]]


class Case(NamedTuple):
    """What is there before, what is done, and what of it is seen; ``@`` stands for the case's own schema."""

    setup: str
    change: str
    expected: list[Expected]
    since: int = 15


def made(kind: str, key: str) -> Expected:
    return ("unexpected", kind, key, ())


def changed(kind: str, key: str, *fields: str) -> Expected:
    return ("changed", kind, key, fields)


def table(name: str, *columns: str) -> list[Expected]:
    return [made("table", f"@.{name}"), *(made("column", f"@.{name}.{column}") for column in columns)]


OF_THE_DATABASE = changed("database", "this database", "comment", "privileges", "settings")
"""All cases that say something of the database: it is one object."""
TABLE = "create table t (a int, b text, c int4range);"
TRIGGER_FUNCTION = "create function f() returns trigger language plpgsql as 'begin return new; end';"
EVENT_FUNCTION = "create function f() returns event_trigger language plpgsql as 'begin end';"
BASE_TYPE = (
    "create type base; create function base_in(cstring) returns base language internal strict immutable as 'int4in';"
    "create function base_out(base) returns cstring language internal strict immutable as 'int4out';"
)
OPERATORS = "create operator === (leftarg = int, rightarg = int, function = int4eq);"
PARENT = "create table p (a int, b text) partition by range (a); create table p1 partition of p for values from (0) to (9);"
WRAPPER = "create foreign data wrapper @_w; create server @_s foreign data wrapper @_w;"
PUBLICATION = f"{TABLE} create publication @_p;"
SUBSCRIPTION = "create subscription @_s connection 'host=nowhere password=hunter2' publication p with (connect = false);"

CASES: dict[str, Case] = {
    "ALTER COLLATION OWNER": Case(
        'create collation k from "C"', "alter collation k owner to @_r", [changed("collation", "@.k", "owner")]
    ),
    "ALTER DEFAULT PRIVILEGES GRANT": Case(
        "",
        "alter default privileges for role @_r in schema @ grant select on tables to public",
        [made("default privileges", "FOR ROLE @_r IN SCHEMA @ ON tables")],
    ),
    "ALTER DEFAULT PRIVILEGES REVOKE": Case(
        "alter default privileges for role @_r revoke execute on functions from public",
        "alter default privileges for role @_r grant execute on functions to @_r2",
        [changed("default privileges", "FOR ROLE @_r ON functions", "privileges")],
    ),
    "ALTER EVENT TRIGGER ENABLE": Case(
        f"{EVENT_FUNCTION} create event trigger @_e on sql_drop when tag in ('DROP CAST') execute function f()",
        "alter event trigger @_e disable",
        [changed("event trigger", "@_e", "enabled")],
    ),
    "ALTER FOREIGN DATA WRAPPER OPTIONS": Case(
        "create foreign data wrapper @_w options (password 'one')",
        "alter foreign data wrapper @_w options (set password 'two')",
        [changed("foreign-data wrapper", "@_w", "options")],
    ),
    "ALTER FOREIGN TABLE OPTIONS": Case(
        f"{WRAPPER} create foreign table ft (a int) server @_s options (table_name 'x')",
        "alter foreign table ft options (set table_name 'y')",
        [changed("table", "@.ft", "options")],
    ),
    "ALTER FOREIGN TABLE ALTER COLUMN OPTIONS": Case(
        f"{WRAPPER} create foreign table ft (a int options (secret 'x')) server @_s",
        "alter foreign table ft alter a options (set secret 'y')",
        [changed("column", "@.ft.a", "options")],
    ),
    "ALTER INDEX ATTACH PARTITION": Case(
        f"{PARENT} create index i on only p (a); create index i1 on p1 (a)",
        "alter index i attach partition i1",
        [changed("index", "@.i", "valid"), changed("index", "@.i1", "attached_to")],
    ),
    "ALTER INDEX SET STATISTICS": Case(
        f"{TABLE} create index i on t ((a + 1))",
        "alter index i alter column 1 set statistics 400",
        [changed("index", "@.i", "statistics")],
    ),
    "ALTER OPERATOR FAMILY ADD": Case(
        "create operator family k using btree",
        "alter operator family k using btree add operator 1 < (int8, int4), function 1 (int8, int4) btint84cmp(int8, int4)",
        [changed("operator family", "@.k USING btree", "members")],
    ),
    "ALTER PUBLICATION ADD TABLE": Case(
        PUBLICATION, "alter publication @_p add table t", [made("publication table", "@_p TABLE @.t")]
    ),
    "ALTER PUBLICATION ADD TABLE (columns)": Case(
        f"{PUBLICATION} alter publication @_p add table t (a, b)",
        "alter publication @_p set table t (a)",
        [changed("publication table", "@_p TABLE @.t", "columns")],
    ),
    "ALTER PUBLICATION ADD TABLE WHERE": Case(
        f"{PUBLICATION} alter publication @_p add table t where (a > 0)",
        "alter publication @_p set table t where (a > 1)",
        [changed("publication table", "@_p TABLE @.t", "filter")],
    ),
    "ALTER PUBLICATION ADD TABLES IN SCHEMA": Case(
        PUBLICATION, "alter publication @_p add tables in schema @", [changed("publication", "@_p", "schemas")]
    ),
    "ALTER PUBLICATION SET": Case(
        PUBLICATION,
        "alter publication @_p set (publish = 'insert', publish_via_partition_root)",
        [changed("publication", "@_p", "publish", "via_root")],
    ),
    "ALTER ROLE SET": Case(
        "create role @_x; alter role @_x set work_mem = '4MB'",
        "alter role @_x set work_mem = '5MB'",
        [changed("settings", "of role @_x in all databases", "options")],
    ),
    "ALTER ROLE SET (a setting of a program's own)": Case(
        "create role @_x; alter role @_x set app.secret = 'hunter2'",
        "alter role @_x set app.secret = 'hunter3'",
        [changed("settings", "of role @_x in all databases", "options")],
    ),
    "ALTER DATABASE SET": Case(
        "",
        "do $$ begin execute format('alter database %I set work_mem = ''5MB''', current_database()); end $$",
        [OF_THE_DATABASE],
    ),
    "COMMENT ON DATABASE": Case(
        "",
        "do $$ begin execute format('comment on database %I is ''ours''', current_database()); end $$",
        [OF_THE_DATABASE],
    ),
    "GRANT ON DATABASE": Case(
        "",
        "do $$ begin execute format('grant create on database %I to @_r', current_database()); end $$",
        [OF_THE_DATABASE],
    ),
    "CREATE TABLESPACE": Case("", "create tablespace @_space2 location ''", [made("tablespace", "@_space2")]),
    "ALTER SCHEMA OWNER": Case("create schema @_s", "alter schema @_s owner to @_r", [changed("schema", "@_s", "owner")]),
    "ALTER SEQUENCE OWNED BY": Case(
        f"{TABLE} create sequence s", "alter sequence s owned by t.a", [changed("sequence", "@.s", "owned_by")]
    ),
    "ALTER SEQUENCE of an identity": Case(
        "create table t (a int generated always as identity)",
        "alter table t alter a set increment by 7 set cache 3",
        [changed("sequence", "@.t_a_seq", "increment", "cache")],
    ),
    "ALTER SERVER OPTIONS": Case(
        "create foreign data wrapper @_w; create server @_s foreign data wrapper @_w options (host 'x', token 'one')",
        "alter server @_s version '2' options (set token 'two')",
        [changed("server", "@_s", "version", "options")],
    ),
    "ALTER STATISTICS SET STATISTICS": Case(
        f"{TABLE} create statistics s on a, b from t",
        "alter statistics s set statistics 90",
        [changed("extended statistics", "@.s", "statistics")],
    ),
    "ALTER SUBSCRIPTION CONNECTION": Case(
        SUBSCRIPTION,
        "alter subscription @_s connection 'host=nowhere password=hunter3'",
        [changed("subscription", "@_s", "options")],
    ),
    "ALTER SUBSCRIPTION SET": Case(
        SUBSCRIPTION,
        "alter subscription @_s set (binary, synchronous_commit = local)",
        [changed("subscription", "@_s", "options")],
    ),
    "ALTER TABLE ALTER COLUMN SET COMPRESSION": Case(
        TABLE, "alter table t alter b set compression pglz", [changed("column", "@.t.b", "compression")]
    ),
    "ALTER TABLE ALTER COLUMN SET STATISTICS": Case(
        TABLE, "alter table t alter a set statistics 90", [changed("column", "@.t.a", "statistics")]
    ),
    "ALTER TABLE ALTER COLUMN SET STORAGE": Case(
        TABLE, "alter table t alter b set storage main", [changed("column", "@.t.b", "storage")]
    ),
    "ALTER TABLE ALTER COLUMN SET (n_distinct)": Case(
        TABLE, "alter table t alter a set (n_distinct = 10)", [changed("column", "@.t.a", "options")]
    ),
    "ALTER TABLE ADD PRIMARY KEY": Case(
        "create table t (a int not null)",
        "alter table t add constraint k primary key (a)",
        [made("constraint", "@.t.k"), made("index", "@.k")],
    ),
    "ALTER TABLE ADD PRIMARY KEY WITHOUT OVERLAPS": Case(
        "create table t (c int4range not null, d tstzrange not null)",
        "alter table t add constraint k primary key (c, d without overlaps)",
        [made("constraint", "@.t.k"), made("index", "@.k")],
        18,
    ),
    "ALTER TABLE ADD FOREIGN KEY NOT VALID": Case(
        "create table o (a int primary key); create table t (a int)",
        "alter table t add constraint k foreign key (a) references o not valid",
        [made("constraint", "@.t.k")],
    ),
    "ALTER TABLE VALIDATE CONSTRAINT": Case(
        f"{TABLE} alter table t add constraint k check (a > 0) not valid",
        "alter table t validate constraint k",
        [changed("constraint", "@.t.k", "definition", "validated")],
    ),
    "ALTER TABLE ALTER CONSTRAINT DEFERRABLE": Case(
        "create table o (a int primary key); create table t (a int constraint k references o)",
        "alter table t alter constraint k deferrable initially deferred",
        [changed("constraint", "@.t.k", "definition", "deferrable", "deferred")],
    ),
    "ALTER TABLE ALTER CONSTRAINT NOT ENFORCED": Case(
        "create table o (a int primary key); create table t (a int constraint k references o)",
        "alter table t alter constraint k not enforced",
        [changed("constraint", "@.t.k", "definition", "validated")],
        18,
    ),
    "CONSTRAINT NULLS NOT DISTINCT": Case(
        "create table t (a int, constraint k unique (a))",
        "alter table t drop constraint k; alter table t add constraint k unique nulls not distinct (a)",
        [changed("constraint", "@.t.k", "definition"), changed("index", "@.k", "definition")],
    ),
    "CONSTRAINT NOT NULL (named)": Case(
        TABLE,
        "alter table t add constraint mine not null a",
        [made("constraint", "@.t.mine"), changed("column", "@.t.a", "not_null")],
        18,
    ),
    "CONSTRAINT NOT NULL NO INHERIT": Case(
        TABLE,
        "alter table t add not null a no inherit",
        [made("constraint", "@.t.t_a_not_null"), changed("column", "@.t.a", "not_null")],
        18,
    ),
    "CONSTRAINT NOT NULL NOT VALID": Case(
        TABLE,
        "alter table t add not null a not valid",
        [made("constraint", "@.t.t_a_not_null"), changed("column", "@.t.a", "not_null")],
        18,
    ),
    "ALTER TABLE CLUSTER ON": Case(
        f"{TABLE} create index i on t (a)", "alter table t cluster on i", [changed("index", "@.i", "clustered")]
    ),
    "ALTER TABLE DISABLE TRIGGER on a partition": Case(
        f"{PARENT} {TRIGGER_FUNCTION} create trigger g after insert on p for each row execute function f()",
        "alter table p1 disable trigger g",
        [changed("trigger", "@.p1.g", "enabled")],
    ),
    "ALTER TABLE DISABLE RULE": Case(
        f"{TABLE} create rule k as on insert to t do nothing",
        "alter table t disable rule k",
        [changed("rule", "@.t.k", "enabled")],
    ),
    "ALTER TABLE ENABLE ROW LEVEL SECURITY": Case(
        TABLE, "alter table t enable row level security", [changed("table", "@.t", "row_security")]
    ),
    "ALTER TABLE REPLICA IDENTITY": Case(
        TABLE, "alter table t replica identity full", [changed("table", "@.t", "replica_identity")]
    ),
    "ALTER TABLE SET ACCESS METHOD": Case(
        f"{TABLE} create access method @_m type table handler heap_tableam_handler",
        "alter table t set access method @_m",
        [changed("table", "@.t", "access_method")],
    ),
    "ALTER TABLE SET TABLESPACE": Case(
        "set allow_in_place_tablespaces = on; create table t (a int)",
        "alter table t set tablespace @_space",
        [changed("table", "@.t", "tablespace")],
    ),
    "ALTER TABLE SET LOGGED": Case(TABLE, "alter table t set unlogged", [changed("table", "@.t", "persistence")]),
    "ALTER TABLE ATTACH PARTITION": Case(
        "create table p (a int) partition by range (a); create table t (a int)",
        "alter table p attach partition t for values from (0) to (9)",
        [changed("table", "@.t", "inherits", "partition_bound"), changed("column", "@.t.a", "is_local")],
    ),
    "ALTER TABLE INHERIT": Case(
        "create table p (a int); create table q (a int); create table t () inherits (p, q)",
        "alter table t no inherit p; alter table t inherit p",
        [changed("table", "@.t", "inherits")],
    ),
    "ALTER TABLE OF": Case(
        "create type row_of as (a int); create table t (a int)",
        "alter table t of row_of",
        [changed("table", "@.t", "of_type")],
    ),
    "ALTER TEXT SEARCH CONFIGURATION ALTER MAPPING": Case(
        "create text search configuration k (copy = simple)",
        "alter text search configuration k alter mapping for asciiword with english_stem, simple",
        [changed("text search configuration", "@.k", "mappings")],
    ),
    "ALTER TEXT SEARCH DICTIONARY": Case(
        "create text search dictionary k (template = simple)",
        "alter text search dictionary k (accept = false)",
        [changed("text search dictionary", "@.k", "definition")],
    ),
    "ALTER TYPE SET": Case(
        f"{BASE_TYPE} create type base (input = base_in, output = base_out, internallength = 4, passedbyvalue)",
        "create function base_send(base) returns bytea language internal strict immutable as 'int4send';"
        "alter type base set (send = base_send)",
        [changed("type", "@.base", "definition"), made("function", "@.base_send(@.base)")],
    ),
    "ALTER VIEW ALTER COLUMN SET DEFAULT": Case(
        f"{TABLE} create view v as select a from t",
        "alter view v alter a set default 1",
        [changed("column", "@.v.a", "default")],
    ),
    "ALTER … DEPENDS ON EXTENSION": Case(
        "create function f() returns int language sql as 'select 1'",
        "alter function f() depends on extension plpgsql",
        [made("extension dependency", "function @.f() ON plpgsql")],
    ),
    "COMMENT ON ACCESS METHOD": Case(
        "create access method @_m type index handler bthandler",
        "comment on access method @_m is 'x'",
        [changed("access method", "@_m", "comment")],
    ),
    "COMMENT ON COLLATION": Case(
        'create collation k from "C"', "comment on collation k is 'x'", [changed("collation", "@.k", "comment")]
    ),
    "COMMENT ON COLUMN": Case(TABLE, "comment on column t.a is 'x'", [changed("column", "@.t.a", "comment")]),
    "COMMENT ON COLUMN of a type": Case(
        "create type k as (a int)", "comment on column k.a is 'x'", [changed("type", "@.k", "comment")]
    ),
    "COMMENT ON CONVERSION": Case(
        "create conversion k for 'LATIN1' to 'UTF8' from iso8859_1_to_utf8",
        "comment on conversion k is 'x'",
        [changed("conversion", "@.k", "comment")],
    ),
    "COMMENT ON LARGE OBJECT": Case(
        "",
        "select lo_create(870); alter large object 870 owner to @_r; comment on large object 870 is 'x'",
        [made("large objects", "of @_r")],
    ),
    "COMMENT ON POLICY": Case(
        f"{TABLE} create policy k on t", "comment on policy k on t is 'x'", [changed("policy", "@.t.k", "comment")]
    ),
    "COMMENT ON PUBLICATION": Case(
        PUBLICATION, "comment on publication @_p is 'x'", [changed("publication", "@_p", "comment")]
    ),
    "COMMENT ON RULE": Case(
        f"{TABLE} create rule k as on insert to t do nothing",
        "comment on rule k on t is 'x'",
        [changed("rule", "@.t.k", "comment")],
    ),
    "COMMENT ON SCHEMA": Case("", "comment on schema @ is 'x'", [changed("schema", "@", "comment")]),
    "COMMENT ON SUBSCRIPTION": Case(
        SUBSCRIPTION, "comment on subscription @_s is 'x'", [changed("subscription", "@_s", "comment")]
    ),
    "COMMENT ON TABLE": Case(TABLE, "comment on table t is 'x'", [changed("table", "@.t", "comment")]),
    "COMMENT ON TEXT SEARCH CONFIGURATION": Case(
        "create text search configuration k (copy = simple)",
        "comment on text search configuration k is 'x'",
        [changed("text search configuration", "@.k", "comment")],
    ),
    "COMMENT ON TEXT SEARCH DICTIONARY": Case(
        "create text search dictionary k (template = simple)",
        "comment on text search dictionary k is 'x'",
        [changed("text search dictionary", "@.k", "comment")],
    ),
    "COMMENT ON TEXT SEARCH PARSER": Case(
        "create text search parser k"
        " (start = prsd_start, gettoken = prsd_nexttoken, end = prsd_end, lextypes = prsd_lextype)",
        "comment on text search parser k is 'x'",
        [changed("text search parser", "@.k", "comment")],
    ),
    "COMMENT ON TEXT SEARCH TEMPLATE": Case(
        "create text search template k (lexize = dsimple_lexize)",
        "comment on text search template k is 'x'",
        [changed("text search template", "@.k", "comment")],
    ),
    "COMMENT ON TYPE": Case(BASE_TYPE, "comment on type base is 'x'", [changed("type", "@.base", "comment")]),
    "CREATE ACCESS METHOD": Case(
        "", "create access method @_m type index handler gisthandler", [made("access method", "@_m")]
    ),
    "CREATE AGGREGATE": Case(
        "", "create aggregate k(int) (sfunc = int4pl, stype = int)", [made("aggregate", "@.k(integer)")]
    ),
    "CREATE AGGREGATE (another clause)": Case(
        "create aggregate k(int) (sfunc = int4pl, stype = int)",
        "create or replace aggregate k(int) (sfunc = int4pl, stype = int, initcond = '1', parallel = safe)",
        [changed("aggregate", "@.k(integer)", "definition")],
    ),
    "CREATE CAST": Case(
        "create type k as (a int)",
        "create cast (text as k) with inout as assignment",
        [made("cast", "text AS @.k")],
    ),
    "CREATE CAST (another context)": Case(
        "create type k as (a int); create cast (text as k) with inout as assignment",
        "drop cast (text as k); create cast (text as k) with inout as implicit",
        [changed("cast", "text AS @.k", "context")],
    ),
    "CREATE COLLATION": Case("", 'create collation k from "C"', [made("collation", "@.k")]),
    "CREATE COLLATION (another one)": Case(
        "create collation k (provider = icu, locale = 'en')",
        "drop collation k; create collation k (provider = icu, locale = 'de', deterministic = false)",
        [changed("collation", "@.k", "locale", "deterministic")],
    ),
    "CREATE CONVERSION": Case(
        "",
        "create default conversion k for 'LATIN2' to 'UTF8' from iso8859_to_utf8",
        [made("conversion", "@.k")],
    ),
    "CREATE DOMAIN": Case(
        "", "create domain k as text collate \"C\" default 'x' not null check (value <> '')", [made("type", "@.k")]
    ),
    "CREATE DOMAIN (named NOT NULL)": Case(
        "create domain k as int not null",
        "alter domain k drop not null; alter domain k add constraint mine not null",
        [changed("type", "@.k", "definition")],
        18,
    ),
    "CREATE EVENT TRIGGER": Case(
        EVENT_FUNCTION,
        "create event trigger @_e on sql_drop when tag in ('DROP CAST') execute function f()",
        [made("event trigger", "@_e")],
    ),
    "CREATE EXTENSION": Case("", "create extension tablefunc schema @", [made("extension", "tablefunc")]),
    "CREATE FOREIGN DATA WRAPPER": Case("", "create foreign data wrapper @_w", [made("foreign-data wrapper", "@_w")]),
    "CREATE FOREIGN TABLE": Case(WRAPPER, "create foreign table ft (a int) server @_s", table("ft", "a")),
    "CREATE FUNCTION": Case(
        "", "create function f(a int) returns int language sql return a", [made("function", "@.f(integer)")]
    ),
    "CREATE FUNCTION SUPPORT": Case(
        "create function f() returns int language sql as 'select 1'",
        "alter function f() support varchar_support",
        [changed("function", "@.f()", "definition")],
    ),
    "CREATE INDEX": Case(TABLE, "create index i on t (a)", [made("index", "@.i")]),
    "CREATE LANGUAGE": Case(
        "create function h() returns language_handler language c as '$libdir/plpgsql', 'plpgsql_call_handler'",
        "create language @_l handler h",
        [made("language", "@_l")],
    ),
    "CREATE MATERIALIZED VIEW": Case(
        "",
        "create materialized view m as select 1 as a",
        [made("materialized view", "@.m"), made("column", "@.m.a")],
    ),
    "CREATE OPERATOR": Case("", OPERATORS, [made("operator", "@.=== (integer, integer)")]),
    "ALTER OPERATOR SET": Case(
        OPERATORS,
        "alter operator === (int, int) set (restrict = eqsel, join = eqjoinsel)",
        [changed("operator", "@.=== (integer, integer)", "restrict", "join")],
    ),
    "CREATE OPERATOR (prefix)": Case(
        "create function k(int) returns int language sql as 'select 1'",
        "create operator !== (rightarg = int, function = k)",
        [made("operator", "@.!== (NONE, integer)")],
    ),
    "CREATE OPERATOR CLASS": Case(
        "create operator family fam using btree",
        "create operator class k for type int8 using btree family fam as operator 1 <, function 1 btint8cmp(int8, int8)",
        [made("operator class", "@.k USING btree")],
    ),
    "CREATE OPERATOR CLASS (another member)": Case(
        "create operator class k for type int8 using btree as operator 1 <, function 1 btint8cmp(int8, int8)",
        "drop operator family k using btree cascade;"
        "create operator class k for type int8 using btree"
        " as operator 1 <, operator 2 <=, function 1 btint8cmp(int8, int8)",
        [changed("operator class", "@.k USING btree", "members")],
    ),
    "CREATE OPERATOR FAMILY": Case("", "create operator family k using hash", [made("operator family", "@.k USING hash")]),
    "CREATE POLICY": Case(TABLE, "create policy k on t for select using (true)", [made("policy", "@.t.k")]),
    "CREATE PROCEDURE": Case("", "create procedure f(a int) language sql as 'select 1'", [made("function", "@.f(integer)")]),
    "CREATE PUBLICATION": Case("", "create publication @_p with (publish = '')", [made("publication", "@_p")]),
    "CREATE PUBLICATION FOR ALL TABLES": Case(
        "create publication @_p",
        "drop publication @_p; create publication @_p for all tables",
        [changed("publication", "@_p", "all_tables")],
    ),
    "CREATE PUBLICATION WITH publish_generated_columns": Case(
        "create publication @_p",
        "alter publication @_p set (publish_generated_columns = stored)",
        [changed("publication", "@_p", "generated_columns")],
        18,
    ),
    "CREATE ROLE": Case("", "create role @_x login nosuperuser connection limit 3", [made("role", "@_x")]),
    "ALTER ROLE": Case("create role @_x", "alter role @_x createdb", [changed("role", "@_x", "attributes")]),
    "GRANT role": Case("create role @_x; create role @_y", "grant @_x to @_y", [made("role membership", "@_x TO @_y")]),
    "GRANT role WITH ADMIN OPTION": Case(
        "create role @_x; create role @_y; grant @_x to @_y",
        "grant @_x to @_y with admin option",
        [changed("role membership", "@_x TO @_y", "options")],
    ),
    "GRANT SET ON PARAMETER": Case(
        "", "grant set on parameter log_min_messages to @_r", [made("parameter privileges", "log_min_messages")]
    ),
    "CREATE RULE": Case(TABLE, "create rule k as on insert to t do nothing", [made("rule", "@.t.k")]),
    "CREATE SCHEMA": Case("", "create schema @_s", [made("schema", "@_s")]),
    "CREATE SEQUENCE": Case("", "create sequence s", [made("sequence", "@.s")]),
    "CREATE SERVER": Case(
        "create foreign data wrapper @_w", "create server @_s foreign data wrapper @_w", [made("server", "@_s")]
    ),
    "CREATE STATISTICS": Case(TABLE, "create statistics s on a, b from t", [made("extended statistics", "@.s")]),
    "CREATE STATISTICS (an expression)": Case(
        f"{TABLE} create statistics s (ndistinct) on a, b from t",
        "drop statistics s; create statistics s (ndistinct) on (a * 2), b from t",
        [changed("extended statistics", "@.s", "definition")],
    ),
    "CREATE SUBSCRIPTION": Case("", SUBSCRIPTION, [made("subscription", "@_s")]),
    "CREATE SUBSCRIPTION WITH (origin)": Case(
        SUBSCRIPTION, "alter subscription @_s set (origin = none)", [changed("subscription", "@_s", "options")], 16
    ),
    "CREATE TABLE": Case("", "create table t (a int, b text)", table("t", "a", "b")),
    "CREATE TABLE WITH GENERATED COLUMN": Case(
        "create table t (a int)",
        "alter table t add g int generated always as (a * 2) stored",
        [made("column", "@.t.g")],
    ),
    "CREATE TABLE WITH VIRTUAL COLUMN": Case(
        "create table t (a int, g int generated always as (a * 2) stored)",
        "alter table t drop g; alter table t add g int generated always as (a * 2) virtual",
        [changed("column", "@.t.g", "generated")],
        18,
    ),
    "CREATE TABLE PARTITION OF": Case(
        "create table p (a int) partition by range (a)",
        "create table t partition of p for values from (0) to (9)",
        table("t", "a"),
    ),
    "CREATE TABLE INHERITS": Case("create table p (a int)", "create table t () inherits (p)", table("t", "a")),
    "CREATE TEXT SEARCH CONFIGURATION": Case(
        "", "create text search configuration k (copy = simple)", [made("text search configuration", "@.k")]
    ),
    "CREATE TEXT SEARCH DICTIONARY": Case(
        "", "create text search dictionary k (template = simple)", [made("text search dictionary", "@.k")]
    ),
    "CREATE TEXT SEARCH PARSER": Case(
        "",
        "create text search parser k"
        " (start = prsd_start, gettoken = prsd_nexttoken, end = prsd_end, lextypes = prsd_lextype)",
        [made("text search parser", "@.k")],
    ),
    "CREATE TEXT SEARCH TEMPLATE": Case(
        "", "create text search template k (lexize = dsimple_lexize)", [made("text search template", "@.k")]
    ),
    "CREATE TRANSFORM": Case(
        "create type k as (a int);"
        "create function f(internal) returns internal language internal immutable strict as 'textout'",
        "create transform for k language plpgsql (from sql with function f(internal))",
        [made("transform", "FOR @.k LANGUAGE plpgsql")],
    ),
    "CREATE TRIGGER": Case(
        f"{TABLE} {TRIGGER_FUNCTION}",
        "create trigger g before insert on t for each row when (new.a > 10) execute function f()",
        [made("trigger", "@.t.g")],
    ),
    "CREATE TYPE AS": Case("", "create type k as (a int, b text)", [made("type", "@.k")]),
    "CREATE TYPE AS ENUM": Case("", "create type k as enum ('a', 'b')", [made("type", "@.k")]),
    "CREATE TYPE AS RANGE": Case("", 'create type k as range (subtype = text, collation = "C")', [made("type", "@.k")]),
    "CREATE TYPE (base)": Case(
        BASE_TYPE,
        "create type base (input = base_in, output = base_out, internallength = 4, passedbyvalue, default = '42')",
        [changed("type", "@.base", "category", "definition")],
    ),
    "CREATE TYPE (shell)": Case("", "create type k", [made("type", "@.k")]),
    "CREATE USER MAPPING": Case(
        WRAPPER, "create user mapping for @_r server @_s", [made("user mapping", "FOR @_r SERVER @_s")]
    ),
    "ALTER USER MAPPING OPTIONS": Case(
        f"{WRAPPER} create user mapping for public server @_s options (user 'u', password 'hunter2')",
        "alter user mapping for public server @_s options (set password 'hunter3')",
        [changed("user mapping", "FOR PUBLIC SERVER @_s", "options")],
    ),
    "CREATE VIEW": Case(
        "",
        "create view v with (security_barrier) as select 1 as a",
        [made("view", "@.v"), made("column", "@.v.a")],
    ),
    "DROP SCHEMA public": Case("", "drop schema public", [("missing", "schema", "public", ())]),
    "GRANT ON DOMAIN": Case(
        "create domain k as int", "grant usage on domain k to @_r", [changed("type", "@.k", "privileges")]
    ),
    "GRANT ON FOREIGN DATA WRAPPER": Case(
        "create foreign data wrapper @_w",
        "grant usage on foreign data wrapper @_w to @_r",
        [changed("foreign-data wrapper", "@_w", "privileges")],
    ),
    "GRANT ON FOREIGN SERVER": Case(
        WRAPPER, "grant usage on foreign server @_s to @_r", [changed("server", "@_s", "privileges")]
    ),
    "GRANT ON FUNCTION pg_catalog": Case(
        "",
        "grant execute on function pg_catalog.pg_sleep(float8) to @_r",
        [made("changed privileges", "function pg_catalog.pg_sleep(double precision)")],
    ),
    "GRANT ON FUNCTION of an extension": Case(
        "create extension fuzzystrmatch schema @",
        "revoke execute on function soundex(text) from public",
        [made("changed privileges", "function @.soundex(pg_catalog.text)")],
    ),
    "GRANT ON LARGE OBJECT": Case(
        "select lo_create(871)",
        "alter large object 871 owner to @_r; grant select on large object 871 to @_r2",
        [made("large objects", "of @_r")],
    ),
    "GRANT ON SCHEMA": Case("", "grant usage on schema @ to @_r", [changed("schema", "@", "privileges")]),
    "GRANT ON TABLE": Case(TABLE, "grant select on t to @_r with grant option", [changed("table", "@.t", "privileges")]),
    "GRANT ON TABLE (column)": Case(TABLE, "grant insert (a) on t to @_r", [changed("column", "@.t.a", "privileges")]),
    "GRANT ON TABLE pg_catalog (column)": Case(
        "",
        "grant select (prosrc) on pg_catalog.pg_proc to @_r",
        [made("changed privileges", "table column pg_catalog.pg_proc.prosrc")],
    ),
    "GRANT ON TYPE": Case(
        BASE_TYPE + "create type base (input = base_in, output = base_out)",
        "grant usage on type base to @_r",
        [changed("type", "@.base", "privileges")],
    ),
    "REVOKE ON LANGUAGE": Case(
        "", "revoke usage on language plpgsql from public", [made("changed privileges", "language plpgsql")]
    ),
    "SECURITY LABEL": Case(
        TABLE,
        "insert into pg_seclabel values ('t'::regclass, 'pg_class'::regclass, 0, 'dummy', 'secret')",
        [made("security label", "FOR dummy ON table @.t")],
    ),
}


def ours(text: str, number: int) -> str:
    """The text with the case's own schema for ``@``."""
    return text.replace("@", f"case_{number}")


@pytest.fixture(scope="module", params=["usual", "15", "16", "18"])
def any_cluster(request: pytest.FixtureRequest) -> Iterator[Any]:
    """A server of each version of PostgreSQL; the usual one also has TimescaleDB."""
    if request.param == "usual":
        yield request.getfixturevalue("cluster")
        return
    with server_of(request.param).cluster() as running:
        yield running


@pytest.fixture(scope="module")
def cases(any_cluster: Any) -> dict[str, tuple[int, Case]]:
    with psycopg.connect(any_cluster.conninfo()) as connection:
        version = connection.info.server_version // 10000
    return {name: (number, case) for number, (name, case) in enumerate(CASES.items()) if case.since <= version}


@pytest.fixture(scope="module")
def sides(any_cluster: Any, cases: dict[str, tuple[int, Case]]) -> Iterator[tuple[Snapshot, Snapshot]]:
    """All cases before their changes, and after them."""
    conninfo = any_cluster.create_database("kinds_pg_dump")
    with psycopg.connect(conninfo, autocommit=True) as connection:
        for number, case in cases.values():
            for role in re.findall(r"@_r2?\b", case.setup + case.change):
                connection.execute(ours(f"drop role if exists {role}; create role {role}", number).encode())
            connection.execute(ours("create schema @; set search_path = @", number).encode())
            connection.execute(ours(case.setup, number).encode())
            if "@_space" in case.change:
                connection.execute("set allow_in_place_tablespaces = on")
                connection.execute(ours("create tablespace @_space location ''", number).encode())
        before = read_snapshot(conninfo, roles=RolesRead.OWN).snapshot
        for number, case in cases.values():
            connection.execute(ours("set search_path = @", number).encode())
            connection.execute(ours(case.change, number).encode())
        after = read_snapshot(conninfo, roles=RolesRead.OWN).snapshot
        yield before, after
        clean(connection)
    any_cluster.drop_database("kinds_pg_dump")
    with psycopg.connect(any_cluster.conninfo(), autocommit=True) as connection:
        for line in connection.execute(
            "select format('drop tablespace %I', spcname) from pg_tablespace where spcname ~ '^case_' union all"
            " select format('revoke set on parameter log_min_messages from %I', rolname) from pg_roles"
            " where rolname ~ '^case_' and has_parameter_privilege(oid, 'log_min_messages', 'set') union all"
            " select format('drop role %I', rolname) from pg_roles where rolname ~ '^case_'"
        ).fetchall():
            connection.execute(line[0].encode())


def clean(connection: psycopg.Connection[Any]) -> None:
    """Without the subscriptions, which keep a database from being dropped."""
    for (name,) in connection.execute("select subname from pg_subscription").fetchall():
        for step in (
            "alter subscription {} disable",
            "alter subscription {} set (slot_name = none)",
            "drop subscription {}",
        ):
            connection.execute(step.format(name).encode())


def reported(difference: Difference) -> Expected:
    return (difference.verdict.value, difference.kind, difference.key, tuple(sorted(f.name for f in difference.fields)))


def wanted(number: int, case: Case) -> set[Expected]:
    return {(verdict, kind, ours(key, number), tuple(sorted(fields))) for verdict, kind, key, fields in case.expected}


@pytest.mark.parametrize("name", CASES)
def test_a_change_is_seen_as_what_it_is(
    sides: tuple[Snapshot, Snapshot], cases: dict[str, tuple[int, Case]], name: str
) -> None:
    if name not in cases:
        pytest.skip("this version of PostgreSQL does not know the statement")
    number, case = cases[name]
    found = {reported(d) for d in compare(expected=sides[0], actual=sides[1]).differences}
    mine = re.compile(rf"case_{number}\b|case_{number}_")
    expected = wanted(number, case)
    assert expected <= found
    assert {one for one in found if mine.search(one[2])} == {one for one in expected if mine.search(one[2])}


def test_nothing_else_is_seen(sides: tuple[Snapshot, Snapshot], cases: dict[str, tuple[int, Case]]) -> None:
    found = {reported(d) for d in compare(expected=sides[0], actual=sides[1]).differences}
    assert found == {one for number, case in cases.values() for one in wanted(number, case)}
    assert (sides[0].unmodelled, sides[1].unmodelled) == ((), ())


def test_every_kind_has_a_case() -> None:
    seen = {kind for case in CASES.values() for _, kind, _, _ in case.expected}
    assert seen == {cls.kind for cls in (*KINDS.values(), *CLUSTER_KINDS.values())}


def test_every_statement_of_pg_dump_has_a_case_or_a_reason() -> None:
    assert {s for s in STATEMENTS if s not in CASES and s not in EXCUSED} == set()
    assert not EXCUSED.keys() & CASES.keys()
    assert all(len(reason) > 20 for reason in EXCUSED.values())


def test_no_secret_is_kept(sides: tuple[Snapshot, Snapshot], tmp_path: Any) -> None:
    for side in sides:
        assert "hunter" not in repr(side)
        saved = dump_snapshot(side).decode()
        assert "hunter" not in saved
        assert "\x1e" not in saved
        assert not re.search(r"\b[0-9a-f]{64}\b", saved.replace(side.digest.removeprefix("sha256:"), ""))
    save_snapshot(sides[0], tmp_path / "one.json")
    assert compare(expected=load_snapshot(tmp_path / "one.json"), actual=sides[0]).equal
