"""What SQL reaches for outside of its database, read from its text: where, what, and whether applying it does so."""

from __future__ import annotations

from pathlib import Path

import pytest

from migration_audit.sources import load_source

REFUSED = {
    "a program": ("copy t to program 'id';", "program COPY … TO PROGRAM runs a program on the server"),
    "a program's output": ("copy t from program 'id';", "program COPY … FROM PROGRAM runs a program on the server"),
    "a file": ("copy t to '/tmp/x';", "file COPY … TO a file writes a file of the server"),
    "a file that is read": ("copy t from '/proc/1/environ';", "file COPY … FROM a file reads a file of the server"),
    "a query": ("copy (select 1) to '/tmp/x';", "file COPY … TO a file writes a file of the server"),
    "a function": ("select pg_read_file('/etc/passwd');", "file pg_read_file() reads or writes files of the server"),
    "a qualified one": ("select pg_catalog.pg_ls_dir('/');", "file pg_ls_dir() reads or writes files of the server"),
    "a large object": ("select lo_export(1, '/tmp/x');", "file lo_export() reads or writes files of the server"),
    "adminpack": ("select pg_file_write('x', 'y', true);", "file pg_file_write() reads or writes files of the server"),
    "dblink": ("select * from dblink('h', 'select 1') as x (a int);", "network dblink() connects to another server"),
    "within a query": (
        "insert into t select dblink_exec('h', 'drop table t');",
        "network dblink_exec() connects to another server",
    ),
    "a subscription": (
        "create subscription s connection 'host=h' publication p;",
        "network CREATE SUBSCRIPTION connects to another server",
    ),
    "a foreign schema": (
        "import foreign schema a from server b into c;",
        "network IMPORT FOREIGN SCHEMA connects to another server",
    ),
    "a DO block": (
        "do $$ begin copy t to program 'id'; end $$;",
        "program COPY … TO PROGRAM runs a program on the server",
    ),
    "a constant that a DO block executes": (
        "do $$ begin execute 'copy t to program ''id'''; end $$;",
        "program COPY … TO PROGRAM runs a program on the server",
    ),
    "a DO block in another language": (
        "do language plpython3u $$ import os $$;",
        "program a body in plpython3u is in a language that can do anything the server's account can",
    ),
    "explained": ("explain analyze select pg_read_file('x');", "file pg_read_file() reads or writes files of the server"),
    "a materialized view": (
        "create materialized view m as select pg_read_file('x');",
        "file pg_read_file() reads or writes files of the server",
    ),
}
TOLD = {
    "a function that would": (
        "create function f() returns text language plpgsql as $$ begin return pg_read_file('x'); end $$;",
        "file pg_read_file() reads or writes files of the server, when function f() is used",
    ),
    "one with a body that is parsed": (
        "create function s.f() returns text begin atomic select pg_read_file('x'); end;",
        "file pg_read_file() reads or writes files of the server, when function s.f() is used",
    ),
    "a view that would": (
        "create view v as select pg_read_file('x');",
        "file pg_read_file() reads or writes files of the server, when the view is used",
    ),
    "a language": (
        "create procedure p() language plperlu as $$ system('id') $$;",
        "code a body in plperlu is in a language that can do anything the server's account can, when procedure p() is used",
    ),
    "a library": (
        "create function f() returns int language c as '/tmp/x.so', 'f';",
        "code a body in c is in a language that can do anything the server's account can, when function f() is used",
    ),
    "LOAD": ("load '/tmp/x.so';", "code LOAD loads a library into the server"),
}
WRITES = {
    "UPDATE": ("update pg_index set indisvalid = false;", "UPDATE pg_index"),
    "INSERT": ('insert into "pg_catalog"."pg_enum" values (1);', "INSERT INTO pg_enum"),
    "DELETE": ("with gone as (delete from only pg_depend returning 1) select * from gone;", "DELETE FROM pg_depend"),
    "MERGE": ("merge into pg_class as c using x on c.oid = x.a when matched then delete;", "MERGE INTO pg_class"),
    "COPY": ("copy pg_catalog.pg_proc from stdin;\n1\n\\.", "COPY pg_proc"),
    "TRUNCATE": ("truncate t, pg_statistic;", "TRUNCATE pg_statistic"),
    "ALTER TABLE": ("alter table pg_class add x int;", "ALTER TABLE pg_class"),
    "a DO block": ("do $$ begin execute 'update pg_type set typlen = 1'; end $$;", "UPDATE pg_type"),
}
SERVERS = {
    "ALTER SYSTEM": (
        "alter system set work_mem = '1MB';",
        "server ALTER SYSTEM changes a server-wide setting, which is not compared",
    ),
    "reload": ("select pg_reload_conf();", "server pg_reload_conf() makes changed server-wide settings effective"),
}
QUIET = {
    "tables whose names are like those of the catalog": "insert into pg_jobs values (1); update app.pg_class set a = 1;",
    "a query of the catalog": "do $$ begin perform 1 from pg_index; end $$; copy pg_class to stdout;",
    "settings of the session": "update pg_settings set setting = '1' where name = 'work_mem';",
    "COPY from the file itself": "copy t from stdin;\n1\n\\.",
    "COPY to the client": "copy t to stdout;",
    "a subscription that does not connect": "create subscription s connection '' publication p with (connect = false);",
    "a comment": "-- copy t to program 'id'\nselect 1;",
    "a string": "insert into notes values ('copy t to program ''id''');",
    "a library of an extension": "create function f() returns int language c as '$libdir/postgis-3', 'f';",
    "a trusted language": "do $$ begin perform 1; end $$;",
    "extensions": "create extension dblink; create extension postgres_fdw;",
    "a column": "create table copy_of_files (program text, pg_ls text);",
    "what the parser does not take": "copy t to program;",
}


def found(folder: Path, text: str) -> list[tuple[str, bool, bool]]:
    (folder / "a.sql").write_text(f"select 1;\n{text}\n")
    source = load_source("owner", [folder / "a.sql"], shown_from=folder)
    outside = [one for statement in source.statements for one in statement.outside]
    assert all(str(one.at) == "a.sql:2" for one in outside)
    return [(f"{one.kind.value} {one}", one.is_refused(is_shared=False), one.is_refused(is_shared=True)) for one in outside]


@pytest.mark.parametrize("name", REFUSED)
def test_what_applying_it_would_do_is_refused(tmp_path: Path, name: str) -> None:
    text, reported = REFUSED[name]
    assert found(tmp_path, text) == [(reported, True, True)]


@pytest.mark.parametrize("name", TOLD)
def test_what_it_only_defines_is_reported(tmp_path: Path, name: str) -> None:
    text, reported = TOLD[name]
    assert found(tmp_path, text) == [(reported, False, False)]


@pytest.mark.parametrize("name", SERVERS)
def test_settings_of_the_server_are_refused_where_others_use_it(tmp_path: Path, name: str) -> None:
    text, reported = SERVERS[name]
    assert found(tmp_path, text) == [(reported, False, True)]


@pytest.mark.parametrize("name", WRITES)
def test_what_writes_the_system_catalog_is_reported(tmp_path: Path, name: str) -> None:
    text, reported = WRITES[name]
    assert found(tmp_path, text) == [(f"catalog {reported} writes the system catalog, past every check", False, False)]


@pytest.mark.parametrize("name", QUIET)
def test_what_stays_in_the_database(tmp_path: Path, name: str) -> None:
    assert found(tmp_path, QUIET[name]) == []


def test_the_line_is_that_of_the_statement_within(tmp_path: Path) -> None:
    (tmp_path / "a.sql").write_text("do $$\nbegin\n  perform 1;\n  copy t to program 'id';\nend $$;\n")
    (statement,) = load_source("owner", [tmp_path / "a.sql"], shown_from=tmp_path).statements
    assert [str(one.at) for one in statement.outside] == ["a.sql:4"]


def test_nothing_of_a_program_file_or_host_is_reported(tmp_path: Path) -> None:
    text = "copy t to program 'curl s3cret'; select dblink_connect('password=s3cret'); copy t to '/s3cret';"
    assert "s3cret" not in str(found(tmp_path, text))
    assert len(found(tmp_path, text)) == 3
