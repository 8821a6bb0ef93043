"""A command as the owner, and on both sides: port, probes, rehearsals and ledgers, from the command line."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import psycopg
import pytest

from fix_demo import Ran, evidence_of, findings, run_cli
from fix_runners import write
from migration_audit.audit.preflight.loading import load
from migration_audit.project import load_project
from migration_audit.shadow.apply import apply_sources

pytestmark = [pytest.mark.server, pytest.mark.slow]

RUNNER = """\
set -eu
run() { psql -X -q -v ON_ERROR_STOP=1 "$DATABASE_URL" "$@"; }
run -c 'create schema if not exists ops' -c 'create table if not exists ops.applied (name text primary key, sha text)'
for file in "$1"/*.sql; do
  name=$(basename "$file" .sql)
  sha=$(sha256sum "$file" | cut -d ' ' -f 1)
  if [ -z "$(run -At -c "select 1 from ops.applied where name = '$name'")" ]; then
    run -1 -f "$file" -c "insert into ops.applied values ('$name', '$sha')"
  fi
done
"""
TOML = """
[project]
name = "commands"
writer_role = "writer"

[legacy]
sql = ["legacy/*.sql"]
rerun = false

[owner]
command = ["sh", "run.sh", "owner"]
env = { DATABASE_URL = "{url}" }
files = ["owner/*.sql", "run.sh"]
timeout = 60

[owner.ledger]
table = "ops.applied"
name_column = "name"
checksum_column = "sha"

[environments.dev]
dsn_env = "COMMANDS_DEV"

[[probe]]
name = "insert"
sql = "insert into users (id, email) values (1, 'a') on conflict (id) do nothing"
arbiter = "public.users_pkey"
"""
USERS = "create table if not exists users (id integer primary key, email text not null);\n"
INDEX = "create index if not exists users_email on users (email);\n"
FILES = {
    "run.sh": RUNNER,
    "audit.toml": TOML,
    "legacy/1.sql": USERS + INDEX,
    "owner/001.users.sql": USERS,
    "owner/002.index.sql": INDEX,
}


@pytest.fixture
def root() -> Iterator[Path]:
    """Below /tmp, as commands run as another user where the tests run as root."""
    with tempfile.TemporaryDirectory(prefix="ma-owner-", dir="/tmp") as name:
        path = write(Path(name), FILES)
        path.chmod(0o755)
        yield path


@pytest.fixture
def live(server: Any, root: Path) -> Iterator[Callable[..., str]]:
    """A live database to which the owner's command was applied; its connection string."""
    with server.cluster(tcp=True) as cluster:

        def build(*statements: str) -> str:
            conninfo = cluster.create_database("live")
            project = load_project(root / "audit.toml")
            assert apply_sources(conninfo, [load(project, project.owner)]).applied.failure is None
            with psycopg.connect(conninfo, autocommit=True) as connection:
                for statement in ("create role writer", "grant select, insert, update on users to writer", *statements):
                    connection.execute(statement.encode())
            return conninfo

        yield build


@pytest.fixture
def audit(root: Path, live: Callable[..., str]) -> Callable[..., tuple[Ran, dict[str, Any]]]:
    def audit(*statements: str, **variables: str) -> tuple[Ran, dict[str, Any]]:
        out = root / "reports"
        ran = run_cli("run", "--config", str(root), "--out", str(out), COMMANDS_DEV=live(*statements), **variables)
        return ran, evidence_of(out, "dev")

    return audit


def outcome(evidence: Mapping[str, Any], check: str) -> tuple[str, str]:
    (found,) = (each for each in evidence["checks"] if each["id"] == check)
    return found["outcome"], found["reason"] or ""


def test_a_command_that_covers_the_legacy_sql_has_a_clean_run(audit) -> None:
    ran, evidence = audit()
    assert evidence["complete"], ran.err
    failed = {each["id"]: each["findings"] for each in evidence["checks"] if each["outcome"] in {"failed", "errored"}}
    assert set(failed) <= {"LIV002"}, failed  # the server of the tests may be another version than that of the shadows
    assert ran.code == 0
    assert outcome(evidence, "COV012")[0] == "passed"
    assert outcome(evidence, "BOOT005")[0] == "passed"
    assert outcome(evidence, "LIV010") == ("passed", "ops.applied: 2 rows")
    owner = evidence["sources"][1]
    assert [file["path"] for file in owner["files"]] == ["owner/001.users.sql", "owner/002.index.sql", "run.sh"]


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        (
            "delete from ops.applied where name = '002.index'",
            "has no entry for 002.index: as far as the ledger shows, the owner's runner has not applied it here",
        ),
        ("update ops.applied set sha = repeat('0', 64) where name = '002.index'", "with different contents"),
    ],
    ids=["missing", "changed"],
)
def test_the_live_ledger_is_held_against_what_the_command_records(audit, statement: str, said: str) -> None:
    _, evidence = audit(statement)
    (found,) = findings(evidence, "LIV010")
    assert said in found["summary"]
    assert found["where"] is None


def test_a_ledger_that_the_command_does_not_write_is_undecided(audit, root: Path) -> None:
    text = (root / "audit.toml").read_text("utf-8")
    (root / "audit.toml").write_text(text.replace('"ops.applied"', '"ops.others"'))
    ran, evidence = audit("create table ops.others (name text, sha text)")
    result, reason = outcome(evidence, "LIV010")
    assert result == "skipped"
    assert "recorded nothing in ops.others on an empty server" in reason
    assert ran.code == 3


def test_what_it_lacks_is_ported_and_the_port_is_proven_after_the_command(audit, root: Path) -> None:
    (root / "owner" / "002.index.sql").unlink()
    ran, evidence = audit()
    (found,) = findings(evidence, "COV003")
    assert "index public.users_email is in the legacy SQL and missing" in found["summary"]
    assert "CREATE INDEX" in found["fix_sql"]
    assert evidence["port"]["proven"] is True
    assert ran.code == 1


def test_both_sides_may_be_commands(audit, root: Path) -> None:
    text = (root / "audit.toml").read_text("utf-8")
    legacy = 'command = ["sh", "run.sh", "legacy"]\nenv = { DATABASE_URL = "{url}" }\nfiles = ["legacy/*.sql"]\n'
    (root / "audit.toml").write_text(text.replace('sql = ["legacy/*.sql"]\nrerun = false\n', legacy))
    ran, evidence = audit()
    assert outcome(evidence, "COV003")[0] == "passed"
    assert outcome(evidence, "SQL004")[1] == "legacy is a command: its statements are not known"
    assert ran.code == 0, ran.out


def test_a_command_that_makes_nothing_proves_nothing(audit, root: Path) -> None:
    text = (root / "audit.toml").read_text("utf-8")
    legacy = 'command = ["true"]\nfiles = ["legacy/*.sql"]\n'
    (root / "audit.toml").write_text(text.replace('sql = ["legacy/*.sql"]\nrerun = false\n', legacy))
    ran, evidence = audit()
    result, reason = outcome(evidence, "COV002")
    assert result == "errored"
    assert "nothing was compared: the legacy command's schema has no objects" in reason
    assert "reads the database's address from its variables" in reason
    assert ran.code == 3


def test_a_command_that_fails_halfway_is_no_verdict(audit, root: Path) -> None:
    text = (root / "audit.toml").read_text("utf-8")
    legacy = 'command = ["sh", "run.sh", "legacy"]\nenv = { DATABASE_URL = "{url}" }\nfiles = ["legacy/*.sql"]\n'
    (root / "audit.toml").write_text(text.replace('sql = ["legacy/*.sql"]\nrerun = false\n', legacy))
    (root / "legacy" / "2.sql").write_text("create table more (a integer);\nselect 1/0;\n")
    ran, evidence = audit()
    (found,) = findings(evidence, "SQL002")
    assert "command `sh run.sh legacy`: it ended with exit code 3" in found["summary"]
    assert "division by zero" in found["summary"]
    assert outcome(evidence, "COV002")[0] == "errored"
    assert ran.code == 3


def test_nothing_of_the_callers_secrets_is_in_any_file_of_a_run(live, root: Path) -> None:
    dev = live()
    with (root / "run.sh").open("a", encoding="utf-8") as script:
        script.write('env; echo "at $DATABASE_URL"; echo "$PGPASSWORD" >&2; exit 9\n')
    secrets = {"AWS_SECRET_ACCESS_KEY": "hunter2-of-the-caller", "DEPLOY": "hunter2-too"}
    out = root / "reports"
    ran = run_cli("run", "--config", str(root), "--out", str(out), COMMANDS_DEV=dev, **secrets)
    evidence = evidence_of(out, "dev")
    assert outcome(evidence, "SQL002")[0] == "failed"
    (found,) = findings(evidence, "SQL002")
    assert "at postgresql://postgres:***@" in found["actual"]
    for path in (root / "reports").rglob("*"):
        assert not path.is_file() or b"hunter2" not in path.read_bytes(), path
    assert "hunter2" not in ran.out + ran.err


def test_the_legacy_command_is_gone_after_the_retirement(root: Path, live) -> None:
    text = (root / "audit.toml").read_text("utf-8")
    legacy = 'command = ["sh", "run.sh", "legacy"]\nenv = { DATABASE_URL = "{url}" }\nfiles = ["legacy/*.sql"]\n'
    rule = '[[rule]]\ncheck = "RET001"\nabsent = ["legacy/1.sql"]\n[[rule]]\ncheck = "RET002"\nabsent = ["runner.ts"]\n'
    (root / "audit.toml").write_text(text.replace('sql = ["legacy/*.sql"]\nrerun = false\n', legacy) + rule)
    (root / "legacy" / "1.sql").unlink()
    out = root / "reports"
    ran = run_cli("run", "--config", str(root), "--phase", "retired", "--out", str(out), COMMANDS_DEV=live())
    evidence = evidence_of(out, "dev")
    assert ran.code == 0, (ran.out, ran.err)
    assert outcome(evidence, "LIV010")[0] == "passed"
