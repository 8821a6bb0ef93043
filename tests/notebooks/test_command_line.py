"""The command line from outside: what it refuses, what it prints where, its exit codes, and what it leaves on the disk."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest

from fix_demo import Ran, run_cli
from fix_demo import evidence_of as newest_evidence
from fix_outside import wait_until
from migration_audit.audit.preflight.sides import parse_side
from migration_audit.cli.setup import cleared
from migration_audit.model.errors import UsageError
from migration_audit.model.sql import SqlFailure
from migration_audit.runner.rendering import packaged_notebooks

COMMANDS = [
    "", "init", "demo", "run", "compare", "snapshot", "check", "check list", "check explain",
    "server", "server status", "server install", "server start", "server stop", "lab",
]  # fmt: skip

TABLE = "create table t (id int primary key);\n"


def said(ran: Ran) -> list[str]:
    """What was reported beside the progress lines."""
    return [line for line in ran.err.splitlines() if not re.match(r"\[ *[\d.]+ s\] ", line)]


@pytest.fixture(scope="module")
def sides(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Sides of every kind, good and bad; commands run in this folder."""
    folder = tmp_path_factory.mktemp("sides")
    for path, text in {
        "same/1_t.sql": TABLE,
        "t.sql": TABLE,
        "a+b.sql": TABLE,
        "loud.SQL": TABLE,
        "reported.sql": f"{TABLE}comment on table t is 'telemetry';\n",
        "more.sql": "create index t_id on t (id);\n",
        "unicode.sql": 'create table t (id int primary key, "ü€" int);\n',
        "bad/1_good.sql": "create table good (id int);\n",
        "bad/2_bad.sql": "-- the second fails\n\ncreate table t (\n  id int,\n  worse nope\n);\n",
        "role.sql": "create role twice password 'pl4nt3d'; create role twice password 'pl4nt3d';\n",
        "empty.sql": " \n",
        "no_sql/readme.md": "nothing",
        "other.json": '{"a": 1}',
        "list.json": "[]",
        "broken.json": "[1",
        "future.json": '{"schema_version": 99, "objects": []}',
        "big.sql": "".join(f"create table t{n} (id int primary key, a text, b text);\n" for n in range(700)),
        "timescale.sql": "create extension timescaledb;\ncreate table m (ts timestamptz not null, v float);\n"
        "select create_hypertable('m', 'ts');\nalter table m set (timescaledb.compress);\n",
    }.items():
        (folder / path).parent.mkdir(exist_ok=True)
        (folder / path).write_text(text, "utf-8")
    (folder / "empty").mkdir()
    (folder / "latin.sql").write_bytes(b'create table "caf\xe9" ();\n')
    return folder


@pytest.mark.parametrize("command", COMMANDS, ids=lambda c: c or "no command")
def test_help_is_readable_at_a_hundred_columns(command):
    ran = run_cli(*command.split(), "--help", COLUMNS="100")
    assert ran.code == 0
    assert ran.out.startswith(
        f"Usage: {'python -m migration_audit' if 'python' in ran.out else 'migration-audit'} {command}".strip()
    )
    assert max(map(len, ran.out.splitlines())) <= 100
    assert "..." not in re.sub(r"\[[A-Z]+\]\.\.\.", "", ran.out), "nothing is cut off"


def test_without_arguments_it_shows_its_commands():
    ran = run_cli()
    assert ran.code == 2
    assert all(re.search(rf"^  {name} ", ran.err, re.MULTILINE) for name in ("init", "run", "compare", "lab"))


WRONG = {
    "an unknown command": (["bogus"], "No such command 'bogus'"),
    "an unknown option": (["run", "--bogus"], "No such option"),
    "a missing argument": (["compare", "t.sql"], "Missing argument 'ACTUAL'"),
    "an unknown phase": (["run", "--phase", "later"], "'preflight', 'retired'"),
    "an unknown direction": (["compare", "t.sql", "t.sql", "--direction", "up"], "'covers', 'equal'"),
    "no audit.toml": (["run"], "no audit.toml here or in a parent folder"),
    "no such audit.toml": (["run", "--config", "typo.toml"], "typo.toml: the file does not exist"),
    "no such folder": (["run", "--config", "nowhere"], "nowhere: the file does not exist"),
    "a side that is not there": (["compare", "nope", "t.sql"], "nope does not exist"),
    "a joined side that is not there": (["compare", "t.sql+nope.sql", "t.sql"], "nope.sql does not exist"),
    "a missing one of many joined sides": (["compare", "t.sql+" * 1000 + "nope.sql", "t.sql"], "nope.sql does not exist"),
    "a name that is too long": (["compare", "x" * 5000, "t.sql"], "xxx does not exist"),
    "a side without a name": (["compare", "", "t.sql"], "a side is empty"),
    "a trailing plus": (["compare", "t.sql+", "t.sql"], "a file or folder is missing in “t.sql+”"),
    "no variable's name": (["compare", "env:", "t.sql"], "env: names no variable"),
    "a format without a folder": (["compare", "flyway:", "t.sql"], "a file or folder is missing in “flyway:”"),
    "an address": (["compare", "https://example.org/t.sql", "t.sql"], "is an address, and nothing is downloaded"),
    "a file of another kind": (["compare", "/etc/passwd", "t.sql"], "ends neither in .sql nor in .json"),
    "an unknown format": (["compare", "fliway:db", "t.sql"], "unknown format fliway"),
    "JSON of something else": (["compare", "other.json", "t.sql"], "other.json: this JSON file is not a snapshot"),
    "a list": (["compare", "list.json", "t.sql"], "list.json: this JSON file is not a snapshot"),
    "no JSON": (["compare", "broken.json", "t.sql"], "broken.json: the snapshot is not JSON"),
    "a snapshot of the future": (["compare", "future.json", "t.sql"], "future.json: the snapshot has schema version 99"),
    "a joined snapshot": (["compare", "other.json+t.sql", "t.sql"], "a snapshot cannot be joined: other.json"),
    "output into no folder": (["snapshot", "t.sql", "-o", "nowhere/x.json"], "nowhere: the folder does not exist"),
    "output onto a folder": (["snapshot", "t.sql", "-o", "same"], "'same' is a directory"),
    "rules of no audit.toml": (["compare", "t.sql", "t.sql", "--config", "typo.toml"], "typo.toml: the file does not exist"),
    "an unknown check": (["check", "explain", "XYZ9"], "the check XYZ9 does not exist"),
    "an unknown server": (["server", "start", "bogus"], "unknown server `bogus`"),
    "an unknown environment of the demo": (["lab", "--env", "nope"], "unknown environment nope"),
}  # fmt: skip


@pytest.mark.parametrize(("arguments", "expected"), WRONG.values(), ids=WRONG)
def test_wrong_usage_is_reported_and_is_code_2(sides, arguments, expected):
    ran = run_cli(*arguments, cwd=sides)
    assert ran.code == 2, ran.err
    assert expected in ran.err
    assert ran.out == ""
    assert "Traceback" not in ran.err
    assert len(said(ran)) >= 2, "what happened, and what to do"


@pytest.mark.parametrize(
    "side",
    [
        "postgresql://u:pl4nt3d@h/db",
        "POSTGRES://u:pl4nt3d@h/db",
        "postgresql+psycopg://u:pl4nt3d@h/db",
        "postgresql://u:pl4/nt3d@h/db",
        "postgresql://u@h/db?password=pl4nt3d",
        "postgresql://h/db?user=u&sslpassword=pl4nt3d",
        "host=h password=pl4nt3d",
        "host=h PASSWORD = 'pl4nt3d'",
        " postgresql://u:pl4nt3d@h/db",
        "t.sql+postgresql://u:pl4nt3d@h/db",
        "mysql://u:pl4nt3d@h/db",
    ],
)
def test_a_side_with_a_password_is_refused_and_not_repeated(side):
    with pytest.raises(
        UsageError, match="a URL with a password is not accepted: the command line is visible to all users of this machine"
    ) as raised:
        parse_side(side)
    assert "env:NAME" in str(raised.value)
    assert not re.search("pl4|nt3d", str(raised.value))


def test_a_password_on_the_command_line_is_in_no_output(sides):
    ran = run_cli("compare", "postgresql://u:pl4nt3d@h/db", "t.sql", cwd=sides)
    assert (ran.code, ran.out) == (2, "")
    assert "a URL with a password is not accepted: the command line is visible to all users of this machine" in ran.err
    assert "pl4nt3d" not in ran.err


FAILING = {
    "an empty folder": ("empty", ["empty: this folder contains no .sql files"]),
    "a folder without SQL": ("no_sql", ["no_sql: this folder contains no .sql files"]),
    "a folder without SQL, joined": ("t.sql+no_sql", ["no_sql: this folder contains no .sql files"]),
    "an empty file": ("empty.sql", ["empty.sql:1: the file contains comments but no statement"]),
    "not UTF-8": ("latin.sql", ["latin.sql:1: not UTF-8: byte 0xE9"]),
    "SQL that fails": (
        "bad",
        ['bad/2_bad.sql:3: type "nope" does not exist (line 5)', "create table t ( id int, worse nope )"],
    ),
    "a file twice": ("t.sql+t.sql", ['t.sql:1: relation "t" already exists']),
    "SQL with a password": ("role.sql", ["role.sql:1", "create role twice password '***'"]),
    "an unset variable": ("env:THE_UNSET", ["variable THE_UNSET is not set"]),
    "a variable with junk": ("env:THE_JUNK", ["variable THE_JUNK does not contain a PostgreSQL URL"]),
    "a variable that leads nowhere": ("env:THE_DEAD", ["db on 127.0.0.1:1: cannot connect: Connection refused"]),
    "an unknown service": ("service:nope", ["nope: cannot connect", "pg_service.conf"]),
    "a server that is not there": ("postgresql://u@127.0.0.1:1/db", ["db on 127.0.0.1:1: cannot connect"]),
}


@pytest.mark.parametrize(("side", "expected"), FAILING.values(), ids=FAILING)
def test_what_cannot_be_compared_is_reported_and_is_code_3(sides, side, expected, server):
    variables = {"THE_JUNK": "see pl4nt3d", "THE_DEAD": "postgresql://u:pl4nt3d@127.0.0.1:1/db"}
    ran = run_cli("compare", side, "t.sql", "--format", "json", cwd=sides, **variables)
    assert ran.code == 3, ran.err
    assert ran.out == ""
    for part in expected:
        assert part in ran.err
    assert "→" in ran.err
    assert not re.search("Traceback|pl4nt3d", ran.err)


def test_a_password_in_a_failing_statement_is_not_shown():
    from migration_audit.model.location import Location

    text = "CREATE USER a PASSWORD E'it''s' ; ALTER ROLE b WITH ENCRYPTED PASSWORD 'x' VALID UNTIL 'y'"
    failure = SqlFailure(at=Location("a.sql", 1), statement=text, message="", sqlstate=None)
    assert failure.shown_statement == (
        "CREATE USER a PASSWORD '***' ; ALTER ROLE b WITH ENCRYPTED PASSWORD '***' VALID UNTIL 'y'"
    )


@pytest.fixture
def apache(server) -> None:
    if "Apache" not in server.description:
        pytest.skip("the server has TimescaleDB's Community edition")


def test_sql_that_needs_another_edition_names_the_server_that_has_it(sides, apache):
    ran = run_cli("snapshot", "timescale.sql", cwd=sides)
    assert ran.code == 3
    assert "timescale.sql:4" in ran.err
    assert "Apache edition" in ran.err
    assert "MIGRATION_AUDIT_SERVER=docker" in ran.err


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["same", "t.sql"], 0),
        (["a+b.sql", "loud.SQL"], 0),
        (["t.sql+more.sql", "t.sql"], 1),
        (["t.sql", "t.sql+more.sql"], 0),
        (["t.sql", "t.sql+more.sql", "--direction", "equal"], 1),
        (["reported.sql", "t.sql"], 0),
        (["reported.sql", "t.sql", "--config", "with_rules"], 1),
    ],
    ids=[
        "equal",
        "odd names",
        "not covered",
        "covered",
        "covered and not equal",
        "a comment",
        "a comment by the rules of an audit.toml",
    ],
)
def test_the_exit_code_is_the_answer(sides, server, arguments, code):
    from migration_audit.audit.demo import demo_root

    rules = sides / "with_rules"
    rules.mkdir(exist_ok=True)
    text = (demo_root() / "audit.toml").read_text("utf-8")
    (rules / "audit.toml").write_text(text + '\n[rules]\ncomments = "blocker"\n', "utf-8")
    ran = run_cli("compare", *arguments, cwd=sides)
    assert ran.code == code, ran.out + ran.err
    assert ran.out.startswith("✓" if code == 0 else "✕")


def test_json_is_alone_on_stdout(sides, server):
    ran = run_cli("compare", "unicode.sql", "t.sql", "--format", "json", cwd=sides, PYTHONIOENCODING="ascii")
    assert ran.code == 1
    found = json.loads(ran.out)
    assert (found["schema_version"], found["covered"], found["equal"]) == (2, False, False)
    (difference,) = found["differences"]
    assert (difference["verdict"], difference["severity"], difference["kind"]) == ("missing", "blocker", "column")
    assert difference["key"] == 'public.t."ü€"'
    assert difference["defined_at"] == {"expected": "unicode.sql:1", "actual": None}
    assert not said(ran)


@pytest.mark.slow
def test_a_terminal_without_unicode_gets_the_answer_all_the_same(sides, server):
    ran = run_cli("compare", "t.sql", "same", cwd=sides, PYTHONIOENCODING="latin-1")
    assert (ran.code, ran.err) == (0, "")
    assert ran.out.startswith("\\u2713 equal: no differences\n\nCross-check: pg_dump agrees\n\nApplied, expected: 1 file")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("written", "says"),
    [("insert into t values (1);", True), ("", False)],
    ids=["rows", "no rows"],
)
def test_the_answer_names_its_servers_and_what_it_does_not_count(sides, server, written, says):
    (sides / "rows.sql").write_text(f"create table t (a int); {written}")
    (sides / "none.sql").write_text("create table t (a int);")
    ran = run_cli("compare", "rows.sql", "none.sql", cwd=sides)
    assert ran.code == 0, ran.out + ran.err
    assert ("! the rows that the SQL writes differ" in ran.out) is says
    assert "both sides are the same files" not in ran.out
    assert "! both sides are the same files" in run_cli("compare", "none.sql", "none.sql", cwd=sides).out
    assert re.search(r"\nServer, both sides: PostgreSQL \d+[.\d]*\n\Z", ran.out)
    found = json.loads(run_cli("compare", "rows.sql", "none.sql", "--format", "json", cwd=sides).out)
    assert found["servers"]["expected"].keys() == found["servers"]["actual"].keys() == {"PostgreSQL"}


@pytest.fixture
def live(database: str, sides: Path) -> str:
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute(TABLE)
        connection.execute("create table beside (id int)")
    return database


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["t.sql", "env:LIVE"], 0),
        (["env:LIVE", "t.sql"], 1),
        (["t.sql", "env:LIVE", "--direction", "equal"], 1),
        (["env:LIVE", "env:LIVE", "--direction", "equal"], 0),
    ],
    ids=["SQL in live", "live in SQL", "SQL is live", "live is live"],
)
def test_live_and_sql_in_both_directions(sides, live, arguments, code):
    ran = run_cli("compare", *arguments, cwd=sides, LIVE=live)
    assert ran.code == code, ran.out + ran.err
    assert ("public.beside" in ran.out) is (arguments[0] != arguments[1])


@pytest.mark.slow
def test_two_snapshots_of_one_database_are_the_same_bytes_and_replace_a_file_as_a_whole(sides, live, tmp_path):
    one, other = tmp_path / "one.json", tmp_path / "other.json"
    other.write_text("before")
    for path in (one, other):
        assert run_cli("snapshot", "env:LIVE", "-o", str(path), LIVE=live).code == 0
    assert one.read_bytes() == other.read_bytes() == run_cli("snapshot", "env:LIVE", LIVE=live).out.encode()
    assert {path.name for path in tmp_path.iterdir()} == {"one.json", "other.json"}
    ran = run_cli("compare", str(one), "env:LIVE", "--direction", "equal", LIVE=live)
    assert ran.code == 0, ran.out


def test_a_snapshot_that_fails_leaves_the_file_as_it_was(sides, tmp_path, server):
    file = tmp_path / "one.json"
    file.write_text("precious")
    assert run_cli("snapshot", "bad", "-o", str(file), cwd=sides).code == 3
    assert file.read_text() == "precious"
    assert {path.name for path in tmp_path.iterdir()} == {"one.json"}


@pytest.mark.slow
@pytest.mark.parametrize("unbuffered", ["", "1"], ids=["buffered", "unbuffered"])
@pytest.mark.parametrize(
    "arguments", [["compare", "big.sql", "t.sql", "--format", "json"], ["snapshot", "big.sql"]], ids=lambda a: a[0]
)
def test_a_reader_that_has_read_enough_is_no_crash_and_no_verdict(sides, server, arguments, unbuffered):
    process = subprocess.Popen(
        [sys.executable, "-m", "migration_audit", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=sides,
        env={**os.environ, "PYTHONUNBUFFERED": unbuffered},
    )
    with process:
        process.stdout.read(1)
        process.stdout.close()
        assert process.stderr.read() == b""
    assert process.returncode == 3


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_output_that_does_not_fit_is_reported(sides, server):
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(
            [sys.executable, "-m", "migration_audit", "check", "list"],
            stdout=full,
            stderr=subprocess.PIPE,
            check=False,
            text=True,
        )
    assert done.returncode == 3
    assert done.stderr == "migration-audit: the output cannot be written: No space left on device\n"


@pytest.mark.slow
def test_a_closed_stdout_is_only_silent(sides, server):
    command = f"'{sys.executable}' -m migration_audit compare t.sql t.sql+more.sql --direction equal >&-"
    done = subprocess.run(["/bin/sh", "-c", command], stderr=subprocess.PIPE, cwd=sides, check=False, text=True)
    assert (done.returncode, done.stderr) == (1, "")


class TestInit:
    @pytest.mark.parametrize("name", ["audit.toml", "pyproject.toml"])
    def test_an_audit_toml_that_is_there_stays(self, tmp_path, name):
        (tmp_path / name).write_text("[tool.migration-audit]")
        ran = run_cli("init", str(tmp_path))
        assert ran.code == 2
        assert f"{tmp_path / name}: already exists" in ran.err
        assert [path.read_text() for path in tmp_path.iterdir()] == ["[tool.migration-audit]"]

    @pytest.mark.parametrize("name", ["audit.toml", "pyproject.toml"])
    def test_notebooks_are_copied_next_to_an_audit_toml_that_is_there(self, tmp_path, name):
        (tmp_path / name).write_text("[tool.migration-audit]")
        ran = run_cli("init", "--notebooks", cwd=tmp_path)
        assert (ran.code, ran.err) == (0, "")
        assert ran.out.splitlines() == [f"left unchanged: {name} already exists", "wrote notebooks"]
        assert (tmp_path / name).read_text() == "[tool.migration-audit]"
        copied, packaged = tmp_path / "notebooks", packaged_notebooks()
        assert {p.name: p.read_bytes() for p in copied.iterdir()} == {p.name: cleared(p) for p in packaged.glob("*.ipynb")}
        cells = [cell for p in copied.iterdir() for cell in json.loads(p.read_text("utf-8"))["cells"] if "outputs" in cell]
        assert len(cells) > 50
        assert not [cell for cell in cells if cell["outputs"] or cell["execution_count"]], "those of the example"
        (copied / "00_index.ipynb").write_text("mine")
        ran = run_cli("init", "--notebooks", cwd=tmp_path)
        assert (ran.code, ran.out) == (2, "")
        assert "the notebooks folder already exists" in ran.err
        assert (copied / "00_index.ipynb").read_text() == "mine"

    def test_a_pyproject_of_others_is_no_configuration(self, tmp_path):
        (tmp_path / "pyproject.toml").write_text("[project]")
        lines = run_cli("init", cwd=tmp_path).out.splitlines()
        assert lines[:2] == ["wrote audit.toml", "wrote audit.schema.json"]
        assert lines[2].startswith("→ name the two sources") and lines[2].endswith("migration-audit run")

    def test_a_notebooks_folder_that_is_there_stays_and_nothing_is_started(self, tmp_path):
        (tmp_path / "notebooks").mkdir()
        ran = run_cli("init", str(tmp_path), "--notebooks")
        assert ran.code == 2
        assert "the notebooks folder already exists" in ran.err
        assert not (tmp_path / "audit.toml").exists()

    def test_what_is_detected_is_written_once_and_reported(self, trm):
        (trm / "audit.toml").unlink()
        shutil.rmtree(trm / "environments")
        ran = run_cli("init", "--detect", "--notebooks", cwd=trm)
        assert (ran.code, ran.err) == (0, "")
        lines = ran.out.splitlines()
        assert (lines[0], lines[-2]) == ("wrote audit.toml", "wrote notebooks")
        assert lines[-1].startswith("→ name the two sources")
        assert "  [legacy] processor/src/db/migrations (files): processor/src/db/migrations/0001_positions.sql:4" in ran.out
        assert "to be decided (3):" in lines
        assert run_cli("check", "static", "audit.toml", cwd=trm).code == 0
        before = (trm / "audit.toml").read_text("utf-8")
        ran = run_cli("init", "--detect", cwd=trm)
        assert (ran.code, ran.out) == (2, "")
        assert "audit.toml: already exists" in ran.err
        assert (trm / "audit.toml").read_text("utf-8") == before

    @pytest.mark.slow
    def test_an_audit_of_what_was_detected_says_what_is_left_to_fill_in(self, tmp_path, server):
        (tmp_path / "migrations").mkdir()
        (tmp_path / "migrations" / "V1__a.sql").write_text(TABLE)
        assert run_cli("init", "--detect", cwd=tmp_path).code == 0
        ran = run_cli("run", cwd=tmp_path)
        assert ran.code == 3
        assert "audit.toml: [owner] sql is not filled in yet: 'FILL IN: the globs of its files'" in " ".join(ran.out.split())

    @pytest.mark.slow
    def test_what_it_wrote_runs_and_says_what_to_fill_in(self, tmp_path, server):
        folder = tmp_path / "new" / "one"
        ran = run_cli("init", str(folder), "--notebooks")
        assert (ran.code, ran.err) == (0, "")
        written = [folder / name for name in ("audit.toml", "audit.schema.json", "notebooks")]
        *said, todo = ran.out.splitlines()
        assert said == [f"wrote {path}" for path in written]
        assert todo.startswith("→ name the two sources")
        ran = run_cli("run", "--config", str(folder), cwd=tmp_path)
        assert ran.code == 3
        assert "no .sql files match 'service/migrations/*.sql'" in ran.out
        assert "variable STAGE_DATABASE_URL is not set" in ran.out
        evidence = newest_evidence(folder / "reports", "stage")
        assert evidence["verdict"] == "incomplete"
        decided = {c["id"] for c in evidence["checks"] if c["outcome"] in {"passed", "failed"}}
        skipped = [c["id"] for c in evidence["checks"] if c["outcome"] == "skipped" and c["required"]]
        assert (decided, skipped) == (set(), [])


class TestConfig:
    def test_every_mistake_is_reported_at_once_with_its_line(self, trm):
        path = trm / "audit.toml"
        text = (
            path.read_text("utf-8")
            .replace('name = "trm"', 'nam = "trm"', 1)
            .replace('dsn_env = "TRM_DEV_DSN"', "dsn_env = 3")
        )
        text = text.replace('dsn_env = "TRM_STAGE_DSN"', 'dsn_env = "postgresql://u:pl4nt3d@h/db"')
        path.write_text(text, "utf-8")
        lines = text.splitlines()
        ran = run_cli("run", cwd=trm)
        assert ran.code == 2
        line = lines.index('nam = "trm"') + 1
        assert f"audit.toml:{line}: project.nam is not a known key" in ran.err
        for part in (
            "project.name is missing",
            "environments.dev.dsn_env",
            "environments.stage.dsn_env looks like a connection URL",
        ):
            assert part in ran.err
        assert len(re.findall(r"audit\.toml:\d+: ", ran.err)) == 4
        assert "pl4nt3d" not in ran.err
        assert not (trm / "reports").exists()

    def test_an_unknown_environment_is_met_with_the_nearest(self, trm):
        ran = run_cli("run", "--env", "stge", cwd=trm)
        assert ran.code == 2
        assert "unknown environment stge" in ran.err
        assert "did you mean stage? it has: dev, stage, prod" in ran.err

    def test_a_name_with_a_mistake_does_not_lead_to_another_audit_toml(self, trm):
        ran = run_cli("run", "--config", "audti.toml", cwd=trm)
        assert ran.code == 2
        assert "audti.toml: the file does not exist" in ran.err


class TestChecks:
    def test_list_has_a_line_for_each(self):
        from migration_audit.checks import ALL

        ran = run_cli("check", "list")
        assert ran.code == 0
        assert [line.split()[0] for line in ran.out.splitlines()] == [check.id for check in ALL]

    def test_explain_takes_small_letters(self):
        ran = run_cli("check", "explain", "cov003")
        assert ran.code == 0
        assert ran.out.startswith("COV003  ")
        assert all(part in ran.out for part in ("Why: ", "Fix: ", "Severity: blocker"))


@contextmanager
def installed_server() -> Iterator[dict[str, str]]:
    """Variables for an installed PostgreSQL and a cache of its own, so that nobody's server is stopped here."""
    folders = [Path(initdb).resolve().parent for initdb in sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))]
    if not folders:
        pytest.skip("no PostgreSQL is installed here")
    cache = Path(tempfile.mkdtemp(prefix="ma-cache-", dir="/tmp"))
    cache.chmod(0o755)
    yield {"MIGRATION_AUDIT_CACHE": str(cache), "MIGRATION_AUDIT_SERVER": f"local:{folders[-1]}"}
    shutil.rmtree(cache, ignore_errors=True)


@pytest.fixture
def own_server() -> Iterator[dict[str, str]]:
    with installed_server() as variables:
        yield variables


class TestServer:
    def test_status_tells_of_every_provider(self):
        ran = run_cli("server", "status")
        assert ran.code == 0
        rows = {line.split()[1].partition(":")[0] for line in ran.out.splitlines()}
        assert rows >= {"url", "local", "docker", "debian"}

    @pytest.mark.slow
    def test_start_and_stop_twice(self, own_server):
        assert run_cli("server", "stop", **own_server).err.endswith("no server was running\n")
        try:
            first, second = (run_cli("server", "start", **own_server) for _ in range(2))
            assert (first.code, second.code) == (0, 0), first.err + second.err
            assert first.out == second.out, "the one that runs"
            with psycopg.connect(first.out.strip()) as connection:
                assert connection.execute("select 1").fetchone() == (1,)
            assert "running: PostgreSQL" in run_cli("server", "status", **own_server).out
        finally:
            stops = [run_cli("server", "stop", **own_server) for _ in range(2)]
        assert [ran.code for ran in stops] == [0, 0]
        assert "stopped" in stops[0].err
        assert "no server was running" in stops[1].err
        with pytest.raises(psycopg.OperationalError):
            psycopg.connect(first.out.strip())

    def test_a_url_that_cannot_be_read_shows_no_part_of_its_password(self, sides):
        url = "postgresql://u:pl4nt3d@end5ecret@127.0.0.1:1/db"
        variables = {"MIGRATION_AUDIT_SERVER": "url", "MIGRATION_AUDIT_SERVER_URL": url}
        for arguments in (["compare", "t.sql", "t.sql"], ["server", "status"]):
            ran = run_cli(*arguments, cwd=sides, **variables)
            assert "is ambiguous" in ran.out + ran.err
            assert not re.search("pl4nt3d|end5ecret", ran.out + ran.err)


@dataclass(frozen=True)
class Running:
    """A server that was started, and the names of the installed PostgreSQL: its own, a link's, another installation's."""

    printed: str
    names: dict[str, str]
    cache: str

    def start(self, wanted: str, by: str) -> Ran:
        """``server start``, the server being named by an argument or by the variable."""
        variable = wanted if by == "variable" else ""
        arguments = [wanted] if wanted and by == "argument" else []
        variables = {"MIGRATION_AUDIT_CACHE": self.cache, "MIGRATION_AUDIT_SERVER": variable}
        return run_cli("server", "start", *arguments, **variables)


@pytest.fixture(scope="module")
def running() -> Iterator[Running]:
    with installed_server() as variables:
        cache, first = Path(variables["MIGRATION_AUDIT_CACHE"]), variables["MIGRATION_AUDIT_SERVER"]
        folder = Path(first.removeprefix("local:"))
        (cache / "same").symlink_to(folder)
        (cache / "other").mkdir()
        for program in folder.iterdir():
            (cache / "other" / program.name).symlink_to(program)
        names = {"first": first, "same": f"local:{cache / 'same'}", "other": f"local:{cache / 'other'}"}
        started = run_cli("server", "start", **variables)
        assert started.code == 0, started.err
        yield Running(printed=started.out, names=names, cache=str(cache))
        assert run_cli("server", "stop", **variables).code == 0


class TestServerThatRuns:
    """``server start`` where one runs: the same server is handed out, any other is an error that names both."""

    @pytest.mark.parametrize("by", ["argument", "variable"])
    @pytest.mark.parametrize("name", ["first", "same", "none"])
    def test_the_same_server_is_handed_out_and_said(self, running, name, by):
        ran = running.start(running.names.get(name, ""), by)
        assert (ran.code, ran.out) == (0, running.printed), ran.err
        assert "is running already" in ran.err

    @pytest.mark.parametrize("by", ["argument", "variable"])
    @pytest.mark.parametrize("name", ["debian", "debian:trixie", "debian:sid", "docker", "url", "other"])
    def test_another_server_is_an_error_that_names_both(self, running, name, by):
        wanted = running.names.get(name, name)
        ran = running.start(wanted, by)
        assert (ran.code, ran.out) == (3, ""), ran.err
        assert f"`{running.names['first']}` is running (PostgreSQL" in ran.err
        assert f"but `{wanted}` was requested\n  → stop the running one: `migration-audit server stop`" in ran.err

    def test_a_server_that_does_not_exist_is_wrong_usage(self, running):
        ran = running.start("debian:potato", "argument")
        assert (ran.code, ran.out) == (2, "")
        assert "unknown server `debian:potato`" in ran.err


class TestLab:
    def test_an_unknown_environment_of_the_nearest_audit_toml(self, trm):
        (trm / "below").mkdir()
        text = (trm / "audit.toml").read_text("utf-8").replace("[environments.dev]", "[environments.ours]")
        (trm / "audit.toml").write_text(text, "utf-8")
        ran = run_cli("lab", "--env", "dev", cwd=trm / "below")
        assert ran.code == 2
        assert "it has: ours, stage, prod" in ran.err

    def test_an_invalid_audit_toml_is_no_reason_to_open_the_demo(self, tmp_path):
        (tmp_path / "audit.toml").write_text("[project")
        ran = run_cli("lab", cwd=tmp_path)
        assert ran.code == 2
        assert "audit.toml:1: is not valid TOML" in ran.err

    @pytest.mark.slow
    def test_without_notebooks_of_the_project_it_opens_copies_that_are_the_users(self, trm, start, tmp_path):
        data = tmp_path / "data"
        variables = {
            "BROWSER": "true",
            "JUPYTER_CONFIG_DIR": str(trm),
            "JUPYTER_DATA_DIR": str(trm),
            "XDG_DATA_HOME": str(data),
        }
        started = start("lab", cwd=trm, **variables)
        started.wait_for("is running at:")
        started.stop(signal.SIGTERM)
        (folder,) = (data / "migration-audit").iterdir()
        assert f"Serving notebooks from local directory: {folder}" in started.err
        index = folder / "00_index.ipynb"
        assert index.read_bytes() == cleared(packaged_notebooks() / index.name)
        index.write_text("mine")
        (folder / "10_preflight_diff.ipynb").unlink()
        again = start("lab", cwd=trm, **variables)
        again.wait_for("is running at:")
        again.stop(signal.SIGTERM)
        assert f"{index} was changed, or copied by another version: it stays as it is" in again.err
        assert index.read_text() == "mine"
        assert (folder / "10_preflight_diff.ipynb").exists()

    @pytest.mark.slow
    def test_it_opens_jupyterlab_on_the_projects_own_notebooks(self, trm, start):
        (trm / "notebooks").mkdir()
        started = start(
            "lab", "--env", "stage", cwd=trm, BROWSER="true", JUPYTER_CONFIG_DIR=str(trm), JUPYTER_DATA_DIR=str(trm)
        )
        started.wait_for("is running at:")
        assert f"Serving notebooks from local directory: {trm / 'notebooks'}" in started.err
        environment = Path(f"/proc/{started.process.pid}/environ")
        if environment.exists():
            variables = environment.read_bytes().decode(errors="replace").split("\0")
            assert f"MIGRATION_AUDIT_CONFIG={trm / 'audit.toml'}" in variables
            assert "MIGRATION_AUDIT_ENVIRONMENT=stage" in variables
        started.process.terminate()
        wait_until(lambda: started.process.poll() is not None)
