"""Which texts are DDL; ``…`` stands for what the program computes. PostgreSQL's parser and its own classes decide."""

from __future__ import annotations

import pytest

from migration_audit.artifacts.code.ddl import ddl_in
from migration_audit.model.code import Literal
from migration_audit.model.location import Location


def commands(text: str, *, is_human_message: bool = False) -> list[str]:
    return [ddl.command for ddl in ddl_in(Literal(text=text, at=Location("a.ts", 1)), is_human_message=is_human_message)]


DDL = {
    "CREATE TABLE x (a int)": ["CREATE TABLE"],
    "create table if not exists positions (": ["CREATE TABLE"],
    "ALTER TABLE … ADD COLUMN … …": ["ALTER TABLE"],
    "DROP TABLE … CASCADE": ["DROP TABLE"],
    "CREATE …INDEX a ON b (c)": ["CREATE INDEX"],
    "CREATE … INDEX a ON b (c)": ["CREATE INDEX"],
    "CREATE TABLE … (…)": ["CREATE TABLE"],
    "CREATE TABLE x (id int, …, b text)": ["CREATE TABLE"],
    "create extension if not exists timescaledb": ["CREATE EXTENSION"],
    "SELECT create_hypertable('positions','ts')": ["create_hypertable()"],
    "select public.create_hypertable(…, …)": ["create_hypertable()"],
    "TRUNCATE positions": ["TRUNCATE"],
    "truncate table positions": ["TRUNCATE"],
    "COMMENT ON TABLE x IS …": ["COMMENT ON TABLE"],
    "COMMENT ON TABLE x IS 'a'": ["COMMENT ON TABLE"],
    "GRANT SELECT ON x TO y": ["GRANT"],
    "REVOKE ALL ON x FROM y": ["REVOKE"],
    "GRANT … ON … TO …": ["GRANT"],
    "BEGIN; CREATE TABLE x(a int); COMMIT;": ["CREATE TABLE"],
    "DO $$ begin create table x (a int); end $$": ["DO: CREATE TABLE"],
    "DO $$ begin if not exists (select 1) then execute 'create table x (a int)'; end if; end $$": ["DO: CREATE TABLE"],
    "DO $$ begin execute format('create table %I (a int)', t); end $$": ["DO: CREATE TABLE"],
    "SELECT * INTO backup FROM positions": ["SELECT INTO"],
    "CREATE TABLE b AS SELECT * FROM a": ["CREATE TABLE"],
    "-- comment\nCREATE TABLE x (a int)": ["CREATE TABLE"],
    "/* c */ drop index concurrently if exists …": ["DROP INDEX"],
    "ALTER TABLE %s ADD COLUMN %s int": ["ALTER TABLE"],
    "create table {} (id int)": ["CREATE TABLE"],
    "CREATE TABLE ?? (id int)": ["CREATE TABLE"],
    "create temp table t on commit drop as select 1": ["CREATE TEMP TABLE"],
    "CALL add_columnstore_policy('x', interval '1 day')": ["add_columnstore_policy()"],
    "CREATE OR REPLACE FUNCTION f() RETURNS int AS $$ select 1 $$ language sql": ["CREATE OR REPLACE FUNCTION"],
    "alter role processor set search_path = public": ["ALTER ROLE"],
    "DROP TABLE positions": ["DROP TABLE"],
    "drop table positions": ["DROP TABLE"],
    "ALTER TABLE … …": ["ALTER TABLE"],
    "CREATE UNIQUE INDEX IF NOT EXISTS … ON … (…)": ["CREATE UNIQUE INDEX"],
    "create user failed": ["CREATE USER"],
    "DROP SCHEMA IF EXISTS …": ["DROP SCHEMA"],
    "refresh materialized view x": ["REFRESH MATERIALIZED VIEW"],
    "WITH a AS (SELECT 1) SELECT * INTO t FROM a": ["SELECT INTO"],
    "CREATE TYPE mood AS ENUM ('a')": ["CREATE TYPE"],
    "CREATE POLICY p ON t USING (true)": ["CREATE POLICY"],
    "ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT ON TABLES TO x": ["ALTER DEFAULT PRIVILEGES"],
    "DROP OWNED BY x": ["DROP OWNED"],
    "REASSIGN OWNED BY a TO b": ["REASSIGN OWNED"],
    "IMPORT FOREIGN SCHEMA a FROM SERVER b INTO c": ["IMPORT FOREIGN SCHEMA"],
    "SECURITY LABEL ON TABLE x IS 'y'": ["SECURITY LABEL"],
    "CREATE USER MAPPING FOR x SERVER y": ["CREATE USER MAPPING"],
    "CREATE EVENT TRIGGER e ON ddl_command_start EXECUTE FUNCTION f()": ["CREATE EVENT TRIGGER"],
    "CREATE MATERIALIZED VIEW m AS SELECT 1": ["CREATE MATERIALIZED VIEW"],
    "CREATE TEXT SEARCH CONFIGURATION x (copy=y)": ["CREATE TEXT SEARCH CONFIGURATION"],
    "CREATE ACCESS METHOD x TYPE INDEX HANDLER y": ["CREATE ACCESS METHOD"],
    "SELECT 1; DROP TABLE x": ["DROP TABLE"],
    "DROP TABLE": ["DROP TABLE"],
    "alter system set x = 1": ["ALTER SYSTEM"],
    "CREATE CONSTRAINT TRIGGER t AFTER INSERT ON x FOR EACH ROW EXECUTE FUNCTION f()": ["CREATE CONSTRAINT TRIGGER"],
}

NO_DDL = [
    "create a new user",
    "Create table",
    "drop table",
    "Create index failed: disk full",
    "truncate",
    "TRUNCATE",
    "create",
    "CREATE",
    "insert into positions (a) values (1) on conflict do nothing",
    "SELECT * FROM positions WHERE created > now()",
    "UPDATE positions SET faulty = true",
    "Drop us a line",
    "alter ego",
    "Create user ${id} failed",
    "Create user … failed",
    "truncate text-sm",
    "comment on this page",
    "grant access",
    "Truncate long lines",
    "grant me a wish",
    "select into the void",
    "Create database backup",
    "SELECT 'create table x (a int)'",
    "INSERT INTO log VALUES ('drop table x')",
    "the index was dropped",
    "created_at",
    "DROP",
    "create_hypertable",
    "Could not create table x",
    "/create/table",
    "create:table",
    "CREATE …",
    "Drop table … failed",
    "DO $$ begin raise notice 'x'; end $$",
    "WITH x AS (SELECT 1) INSERT INTO y SELECT * FROM x",
    "refresh",
    "cluster",
    "Cluster nodes",
    "import foreign goods",
    "SELECT count(*) FROM t",
    "delete from x",
    "lock table x",
    "SET search_path = public",
    "BEGIN",
    "VACUUM positions",
    "COPY x FROM stdin",
]

READ_TWO_WAYS = ["create user failed", "drop table x cascade", "truncate positions", "grant access to bob"]


@pytest.mark.parametrize(("text", "expected"), DDL.items(), ids=DDL.keys())
def test_ddl(text, expected):
    assert commands(text) == expected


@pytest.mark.parametrize("text", NO_DDL)
def test_no_ddl(text):
    assert commands(text) == []


@pytest.mark.parametrize("text", READ_TWO_WAYS)
def test_what_postgresql_would_take_is_prose_only_where_it_is_said(text):
    assert commands(text)
    assert commands(text, is_human_message=True) == []
    assert commands(text.capitalize()) == []


def test_ddl_with_marks_of_sql_is_ddl_even_where_it_is_said():
    assert commands("drop table old_positions;", is_human_message=True) == ["DROP TABLE"]


def test_places_are_counted_in_characters():
    (found,) = ddl_in(
        Literal(text="-- größer …\nselect 'ä';\ndrop table ü;", at=Location("a.ts", 5), lines=((0, 5), (12, 6), (24, 7)))
    )
    assert (str(found.at), found.statement) == ("a.ts:7", "drop table ü")


def test_a_long_statement_is_cut():
    (found,) = ddl_in(Literal(text=f"create table x ({'a int, ' * 40}b int)", at=Location("a.ts", 1)))
    assert (len(found.statement), found.statement[-1]) == (100, "…")
