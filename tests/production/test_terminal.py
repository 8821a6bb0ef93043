"""What somebody else chose reaches no terminal as it is: names, errors and definitions, in every command and format."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
import unicodedata
from pathlib import Path
from typing import Any

import click
import psycopg
import pytest
from click.testing import CliRunner

from fix_demo import Ran, run_cli
from migration_audit.catalog import load_snapshot, read_snapshot
from migration_audit.cli.group import Commands
from migration_audit.model.errors import AuditError
from migration_audit.model.visible import visible_sql

pytestmark = pytest.mark.server

SEQUENCE = "\x1b]0;title\x07\x1b[2J\x9b31m\u202egnp\u2066\u200b\r"
"""What sets a terminal's title, clears it, colours it (C1), and turns text around."""
NAME = f'a"b\\{SEQUENCE}'
QUOTED = '"' + NAME.replace('"', '""') + '"'
TEXT = "'it''s \\ " + SEQUENCE + "'"
SCHEMA = f"""
create table {QUOTED} (id int primary key, {QUOTED} text default {TEXT});
comment on table {QUOTED} is {TEXT};
create index on {QUOTED} ({QUOTED}) where {QUOTED} <> {TEXT};
create view v as select {QUOTED} as {QUOTED}, {TEXT}::text as c from {QUOTED};
create function f() returns text language plpgsql as $$ begin -- {SEQUENCE}
  return {TEXT}; end $$;
"""


def invisible(text: str) -> set[str]:
    return {c for c in text if c not in "\n\t" and unicodedata.category(c) in {"Cc", "Cf", "Cs", "Zl", "Zp"}}


def seen(ran: Ran, code: int) -> Ran:
    assert ran.code == code, ran.err
    assert not invisible(ran.out + ran.err)
    return ran


@pytest.fixture
def sides(tmp_path: Path) -> Path:
    for name, text in {
        "hostile.sql": SCHEMA,
        "empty.sql": "create table t ();",
        "fails.sql": f"do $$ begin raise exception using message = {TEXT}, detail = {TEXT}, hint = {TEXT}; end $$;",
        "syntax.sql": f"create tabel {QUOTED} ();",
        f"bad{SEQUENCE}.sql": "nonsense;",
    }.items():
        (tmp_path / name).write_text(text, "utf-8", newline="")
    return tmp_path


@pytest.mark.parametrize("form", ["text", "json"])
def test_names_and_definitions_in_a_comparison(sides: Path, form: str) -> None:
    ran = seen(run_cli("compare", "hostile.sql", "empty.sql", "--format", form, cwd=sides), 1)
    assert "u202egnp" in ran.out
    if form == "json":
        found = json.loads(ran.out)
        assert any(SEQUENCE in each["key"] for each in found["differences"])


@pytest.mark.slow
def test_the_sql_of_a_comparison_runs_and_makes_the_same(sides: Path, database: str) -> None:
    ran = seen(run_cli("compare", "hostile.sql", "empty.sql", "--format", "sql", cwd=sides), 1)
    assert "the port is proven" in ran.err
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute(ran.out.encode())
    (sides / "port.sql").write_text(ran.out, "utf-8")
    assert seen(run_cli("compare", "hostile.sql", "port.sql", cwd=sides), 0)
    assert any(SEQUENCE in obj.key for obj in read_snapshot(database).snapshot.objects)


@pytest.mark.slow
def test_a_snapshot_on_stdout_is_the_same_snapshot(sides: Path) -> None:
    ran = seen(run_cli("snapshot", "hostile.sql", cwd=sides), 0)
    run_cli("snapshot", "hostile.sql", "-o", "saved.json", cwd=sides)
    (sides / "printed.json").write_text(ran.out, "utf-8")
    printed, saved = (load_snapshot(sides / name) for name in ("printed.json", "saved.json"))
    assert printed.objects == saved.objects


@pytest.mark.parametrize("name", ["fails.sql", "syntax.sql", f"bad{SEQUENCE}.sql", f"none{SEQUENCE}.sql"])
def test_errors_of_the_server_and_names_of_files(sides: Path, name: str) -> None:
    ran = run_cli("compare", name, "empty.sql", cwd=sides)
    assert ran.code in {2, 3}
    assert not invisible(ran.out + ran.err)
    assert "u202egnp" in ran.err


@pytest.fixture(scope="module")
def initialised(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("initialised")
    run_cli("init", cwd=folder)
    return folder


@pytest.mark.parametrize("encoding", ["utf-8", "ascii"])
@pytest.mark.parametrize("arguments", [[NAME], ["check", "explain", NAME], ["run", "--env", NAME], ["--" + NAME]])
def test_errors_of_the_command_line(initialised: Path, arguments: list[str], encoding: str) -> None:
    ran = run_cli(*arguments, cwd=initialised, PYTHONIOENCODING=encoding)
    assert ran.code in {1, 2, 3}
    assert not invisible(ran.out + ran.err)
    assert "u202egnp" in ran.err


def test_a_terminal_gets_it_as_little_as_a_file_does(sides: Path) -> None:
    """click leaves sequences in where it writes to a terminal."""
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "migration_audit", "compare", "fails.sql", "empty.sql"]
    with subprocess.Popen(command, cwd=sides, stdout=theirs, stderr=theirs) as started:
        os.close(theirs)
        shown = b""
        while part := read(ours):
            shown += part
    os.close(ours)
    assert started.returncode == 3
    text = shown.decode().replace("\r\n", "\n")
    assert not invisible(text)
    assert "u202egnp" in text


def read(descriptor: int) -> bytes:
    try:
        return os.read(descriptor, 1 << 16)
    except OSError:  # EIO: the other end is closed
        return b""


def failing(error: BaseException) -> Any:
    @click.group(cls=Commands)
    def group() -> None:
        """Commands."""

    @group.command()
    def fail() -> None:
        raise error

    return group


@pytest.mark.parametrize(
    "error",
    [
        AuditError(NAME, where=NAME, todo=NAME),
        ZeroDivisionError(NAME),
        OSError(2, "No such file", NAME),
        click.UsageError(NAME),
    ],
    ids=lambda error: type(error).__name__,
)
def test_errors_and_tracebacks(error: BaseException) -> None:
    ended = CliRunner().invoke(failing(error), ["fail"])
    assert not invisible(ended.output)
    assert "u202egnp" in ended.output


def test_no_line_of_someone_else_is_a_command_of_github_actions(monkeypatch: pytest.MonkeyPatch) -> None:
    hostile = "x\n::add-mask::e\n  ::stop-commands::y\n##[error]z"
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    shown = CliRunner().invoke(failing(AuditError(hostile)), ["fail"]).output
    assert not [line for line in shown.splitlines() if line.strip().startswith("::") or "##[" in line]
    assert all(word in shown for word in ("add-mask", "stop-commands", "[error]z"))


SAME_SQL = {
    "nothing to do": ("select 'a', \"b\"; -- c\n\tselect 1", "select 'a', \"b\"; -- c\n\tselect 1"),
    "a name": ('select "a\x1b""\\"', 'select U&"a\\001B""\\\\"'),
    "beyond the first plane": ('select "\U000e0041"', 'select U&"\\+0E0041"'),
    "a text": ("select 'it''s \\ \x07'", "select E'it''s \\\\ \\u0007'"),
    "a text behind a word": ("select date'\u200b'", "select date E'\\u200b'"),
    "a text with escapes": ("select E'\\n\\\x07\\\\\u202e'", "select E'\\n\\u0007\\\\\\u202e'"),
    "a body": ("do $x$ begin null; -- '\\\x1b\nend $x$", "do E' begin null; -- ''\\\\\\u001b\nend '"),
    "comments": ("select 1 -- \x1b\n/* \x9b\n */", "select 1 -- \\x1b\n/* \\x9b\n */"),
    "blanks": ("select\r\n1\x0c", "select \n1 "),
}


@pytest.mark.parametrize("case", SAME_SQL)
def test_sql_of_the_same_meaning(case: str) -> None:
    before, after = SAME_SQL[case]
    assert visible_sql(before) == after


@pytest.mark.parametrize("sql", ["select U&'\x1b'", "select B'\x1b'", "select '\x1b"])
def test_sql_that_cannot_be_written_otherwise_is_refused(sql: str) -> None:
    with pytest.raises(AuditError, match="the SQL contains invisible characters that cannot be escaped there"):
        visible_sql(sql)
