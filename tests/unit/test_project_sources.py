"""``[legacy]`` and ``[owner]`` of audit.toml: what a source may be, and what is refused, at its line."""

from __future__ import annotations

from pathlib import Path

import pytest

from migration_audit.model.command import filled
from migration_audit.model.errors import ConfigError
from migration_audit.model.location import Location
from migration_audit.project import Project, load_project

REST = '[environments.dev]\ndsn_env = "X"\n'
SQL = 'sql = ["new/*.sql"]\n'


def project(folder: Path, *, legacy: str = SQL, owner: str = SQL) -> Project:
    text = f'[project]\nname = "p"\n[owner]\n{owner}\n{REST}[legacy]\n{legacy}'
    (folder / "audit.toml").write_text(text)
    return load_project(folder / "audit.toml")


def test_a_command_with_all_that_belongs_to_it(tmp_path: Path) -> None:
    legacy = """
root = "service"
command = ["npx", "knex", "migrate:latest"]
directory = "service/db"
env = { DATABASE_URL = "{url}", NODE_ENV = "production", EMPTY = "" }
files = ["migrations/*.js"]
timeout = 60
rerun = true
"""
    source = project(tmp_path, legacy=legacy).legacy
    assert source.command is not None
    assert source.command.words == ("npx", "knex", "migrate:latest")
    assert source.command.directory == tmp_path / "service" / "db"
    assert dict(source.command.env) == {"DATABASE_URL": "{url}", "NODE_ENV": "production", "EMPTY": ""}
    assert source.command.files == ("migrations/*.js",)
    assert (source.command.timeout, source.rerun, source.sql) == (60, True, ())
    assert source.command.at == Location("audit.toml", 11)
    assert source.is_applied


def test_a_command_runs_in_the_root_unless_configured(tmp_path: Path) -> None:
    source = project(tmp_path, owner='root = "platform"\ncommand = ["make", "migrate"]\n').owner
    assert source.command is not None
    assert source.command.directory == tmp_path / "platform"
    assert source.command.timeout == 300


def test_sql_has_limits_of_time(tmp_path: Path) -> None:
    given = project(tmp_path, legacy=f"{SQL}statement_timeout = 7\ntimeout = 9\n")
    assert (given.legacy.statement_timeout, given.legacy.file_timeout) == (7, 9)
    assert (given.owner.statement_timeout, given.owner.file_timeout) == (100, 600)


def test_a_legacy_schema_that_only_a_catalog_knows(tmp_path: Path) -> None:
    saved = project(tmp_path, legacy='snapshot = "old/legacy.json"\n').legacy
    read = project(tmp_path, legacy='dsn_env = "LEGACY_URL"\n').legacy
    assert (saved.snapshot, saved.is_applied) == (tmp_path / "old" / "legacy.json", False)
    assert (read.dsn_env, read.is_applied) == ("LEGACY_URL", False)


@pytest.mark.parametrize(
    "value",
    [
        "{url}",
        "postgresql://{user}:{password}@{host}:{port}/{database}",
        "postgresql+psycopg://{user}:{password}@{host}:{port}/{database}?sslmode=disable",
        "jdbc:postgresql://{host}:{port}/{database}",
        "host={host} user={user} password={password}",
        "host={host} password='{password}'",
        '{{"url": "{url}"}}',
    ],
)
def test_a_value_that_leads_to_the_shadow_is_no_secret(tmp_path: Path, value: str) -> None:
    source = project(tmp_path, legacy=f"command = ['x']\nenv.V = '''{value}'''\n").legacy
    assert source.command is not None
    assert source.command.env["V"] == value


REFUSED = {
    "nothing": ('name = "x"', 1, "legacy.sql is missing, expected one of sql, command, snapshot, dsn_env"),
    "sql and command": ('sql = ["a"]\ncommand = ["b"]', 3, "legacy.command is set together with sql, expected exactly one"),
    "command and snapshot": ('command = ["b"]\nsnapshot = "a"', 3, "legacy.snapshot is set together with command"),
    "snapshot and dsn_env": ('snapshot = "a"\ndsn_env = "A"', 3, "legacy.dsn_env is set together with snapshot"),
    "format of a command": ('command = ["b"]\nformat = "flyway"', 3, "legacy.format"),
    "settings of a command": ('command = ["b"]\nsettings = { role = "x" }', 3, "legacy.settings belongs to sql"),
    "a setting that does not count": (
        'sql = ["a"]\nsettings = { SESSION_AUTHORIZATION = "x" }',
        3,
        "legacy.settings.SESSION_AUTHORIZATION has no effect at the start of a session",
    ),
    "a statement of a command": (
        'command = ["b"]\nstatement_timeout = 3',
        3,
        "legacy.statement_timeout belongs to sql, but this source has command",
    ),
    "env of a snapshot": ('snapshot = "a"\nenv = { A = "b" }', 3, "legacy.env belongs to command"),
    "rerun of a snapshot": ('snapshot = "a"\nrerun = true', 3, "legacy.rerun belongs to sql or command"),
    "a command line": ('command = "npx knex"', 2, "legacy.command is wrong: expected a list of a program"),
    "no words": ("command = []", 2, "legacy.command is wrong: expected a list of a program"),
    "an unknown placeholder": (
        'command = ["b"]\n[legacy.env]\nA = "x"\nB = "{dsn}"',
        5,
        "legacy.env.B uses {dsn}, which is",
    ),
    "a brace": ('command = ["b"]\n[legacy.env]\nB = "{"', 4, "legacy.env.B uses {, which is not a placeholder"),
    "a closing brace": ('command = ["b"]\n[legacy.env]\nB = "a}b"', 4, "legacy.env.B uses }, which is not a placeholder"),
    "an attribute": ('command = ["b"]\n[legacy.env]\nB = "{url.x}"', 4, "legacy.env.B uses {url.x}"),
    "a variable's name": ('command = ["b"]\nenv = { "A-B" = "c" }', 3, "legacy.env is wrong: expected a table of variables"),
    "an argument that contains the shadow": ('command = ["b", "--url={url}"]', 2, "legacy.command[2] contains the shadow"),
    "a secret in env": (
        'command = ["b"]\nenv = { A = "redis://u:p@h" }',
        3,
        "contains a URL with a password, which must not be in this file",
    ),
    "a database in env": (
        'command = ["b"]\nenv = { A = "postgresql://db/x" }',
        3,
        "legacy.env.A looks like a connection URL",
    ),
    "no seconds": ('command = ["b"]\ntimeout = 0', 3, "legacy.timeout is wrong: expected a whole number of seconds"),
    "an absolute glob": (
        'command = ["b"]\nfiles = ["/etc/*"]',
        3,
        "legacy.files is wrong: expected a list of glob patterns",
    ),
    "a URL for a name": ('dsn_env = "postgresql://db/x"', 2, "legacy.dsn_env looks like a connection URL"),
}


@pytest.mark.parametrize(("table", "line", "said"), REFUSED.values(), ids=REFUSED)
def test_what_cannot_be_meant_is_refused(tmp_path: Path, table: str, line: int, said: str) -> None:
    with pytest.raises(ConfigError) as caught:
        project(tmp_path, legacy=table)
    found = str(caught.value)
    assert f"audit.toml:{7 + line}: " in found
    assert said in found


@pytest.mark.parametrize("key", ["snapshot", "dsn_env"])
def test_the_owner_must_be_something_that_can_be_applied(tmp_path: Path, key: str) -> None:
    with pytest.raises(ConfigError, match=rf"owner\.{key} is not a known key"):
        project(tmp_path, owner=f'{key} = "X"\n')


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        ("", ""),
        ("plain", "plain"),
        ("{host}:{port}", "h:1"),
        ("{{host}}", "{host}"),
        ("{{{host}}}", "{h}"),
        ("a{{", "a{"),
        ("}}", "}"),
    ],
)
def test_placeholders_are_filled_in(template: str, expected: str) -> None:
    assert filled(template, {"host": "h", "port": "1"}) == expected


def test_a_value_is_not_filled_in_twice() -> None:
    assert filled("{user}", {"user": "{host}", "host": "h"}) == "{host}"
