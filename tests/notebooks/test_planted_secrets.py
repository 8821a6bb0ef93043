"""Passwords are planted wherever one can be, and searched for in every byte that is written or printed afterwards."""

from __future__ import annotations

import shutil
from pathlib import Path

import psycopg
import pytest
from psycopg import sql

from fix_demo import Ran, evidence_of, run_cli
from fix_outside import HALVES, Guarded, every_byte, with_environments
from migration_audit.audit.demo import demo_root

pytestmark = pytest.mark.slow

PLACES = ("mapping", "server", "subscription", "job", "setting", "sql", "wrong", "service", "pgpass")
"""Each place has a password of its own, so that a leak tells where it came from."""


def planted(place: str) -> str:
    return f"pl4nt3d-{place}'\"<&>\\{place}-end5ecret"


NEEDLES = (*HALVES, b"pl4nt3d", b"end5ecret")


def literal(text: str) -> str:
    """The text as a standard string constant."""
    return "'" + text.replace("'", "''") + "'"


FILE_SECRET = "pl4nt3d-file-9end5ecret"
IN_FILES = {
    "deploy/compose.yaml": {
        "      DB_CLIENT: pg\n": f"""      DB_CLIENT: pg
      ODDLY_NAMED: {FILE_SECRET}
      MAIL: smtp://u:{FILE_SECRET}@mail.example
      API_TOKEN: {FILE_SECRET}
""",
        '"pg_isready -U directus -d trm"': f'"pg_isready -U directus -d trm && report --token {FILE_SECRET}"',
        "    build: ../processor\n": f"    build: {{context: ../processor, args: {{NPM: {FILE_SECRET}}}}}\n"
        f'    command: ["node", "dist/main.js", "--api-token", "{FILE_SECRET}"]\n',
    },
    "processor/Dockerfile": {"FROM ": f"ARG NPM_TOKEN={FILE_SECRET}\nFROM "},
    "directus/entrypoint.sh": {
        'step "5/5 start"': f"export API_TOKEN={FILE_SECRET}\ncurl --token={FILE_SECRET} http://u:{FILE_SECRET}@h/x\n"
        'step "5/5 start"'
    },
    "processor/src/config.ts": {
        "export interface": f"""const apiKey = "{FILE_SECRET}";
const said = "{FILE_SECRET} was in migrations_applied once";
export interface"""
    },
    "processor/package.json": {'"dev":': f'"seed": "TOKEN={FILE_SECRET} tsx src/db/migrate.ts",\n    "dev":'},
    "processor/README.md": {"# ": f"Start with `API_TOKEN={FILE_SECRET} pnpm migrate`.\n\n# "},
}
"""Secrets that people write into files of the project: what stands there, and what stands there instead."""

OWNERS_SQL = f"""
create extension if not exists postgres_fdw;
create server if not exists elsewhere foreign data wrapper postgres_fdw options (host 'h', dbname 'd');
create user mapping if not exists for public server elsewhere options (user 'u', password {literal(planted("sql"))});
do $$ begin
  if not exists (select from pg_roles where rolname = 'with_password') then
    create role with_password login password {literal(planted("sql"))};
  end if;
end $$;
"""


@pytest.fixture(scope="module")
def database(guarded: Guarded) -> str:
    """A copy of dev with a secret in every place where PostgreSQL and TimescaleDB keep one."""
    conninfo = guarded.copy("planted")
    with psycopg.connect(conninfo, autocommit=True) as connection:

        def run(text: str, *values: str) -> None:
            connection.execute(sql.SQL(text).format(*map(sql.Literal, values)))

        run("create extension postgres_fdw")
        run("create server elsewhere foreign data wrapper postgres_fdw options (host 'h', dbname 'd')")
        run("create user mapping for public server elsewhere options (user 'u', password {})", planted("mapping"))
        run("create foreign data wrapper plain")
        run("create server other foreign data wrapper plain options (api_key {}, host 'h')", planted("server"))
        run(
            "create subscription away connection {} publication p with (connect = false, slot_name = none)",
            f"host=h password='{planted('subscription').translate({39: None, 92: None})}'",
        )
        run("alter database planted set app.api_key to {}", planted("setting"))
        run(
            "insert into _timescaledb_config.bgw_job"
            " (id, application_name, schedule_interval, max_runtime, max_retries, retry_period, proc_schema, proc_name,"
            "  owner, scheduled, fixed_schedule, config)"
            " values (1000, 'Poll [1000]', '1 day', '0', -1, '1 hour', 'public', 'poll', 'postgres'::regrole, true, false,"
            "  jsonb_build_object('token', {}))",
            planted("job"),
        )
    return conninfo


@pytest.fixture(scope="module")
def place(guarded: Guarded, database: str, tmp_path_factory) -> Path:
    """A project whose SQL holds a secret; a service file and a .pgpass that do; a TMPDIR to be searched."""
    folder = tmp_path_factory.mktemp("planted")
    root = Path(shutil.copytree(demo_root(), folder / "trm"))
    (root / "directus/db-init/004_elsewhere.sql").write_text(OWNERS_SQL, "utf-8")
    for name, changes in IN_FILES.items():
        for old, new in changes.items():
            text = (root / name).read_text("utf-8")
            assert old in text, name
            (root / name).write_text(text.replace(old, new, 1), "utf-8")
    with_environments(
        root,
        odd='dsn_env = "ODD_DSN"',
        wrong='dsn_env = "WRONG_DSN"',
        served='service = "planted"',
        passed='dsn_env = "PASSED_DSN"',
        down='dsn_env = "DOWN_DSN"',
    )
    host, _, port = guarded.address.partition(":")
    inputs = folder / "inputs"
    inputs.mkdir()
    where = f"host={host}\nport={port}\ndbname=planted\nuser=reader\n"
    (inputs / "service.conf").write_text(f"[planted]\n{where}password={planted('service')}\n", "utf-8")
    escaped = planted("pgpass").replace("\\", "\\\\").replace(":", "\\:")
    (inputs / "pgpass").write_text(f"{host}:{port}:*:reader:{escaped}\n", "utf-8")
    (inputs / "pgpass").chmod(0o600)
    for name in ("home", "tmp"):
        (folder / name).mkdir()
    (folder / "tmp").chmod(0o1777)
    return folder


@pytest.fixture(scope="module")
def variables(place: Path, guarded: Guarded) -> dict[str, str]:
    return {
        "ODD_DSN": guarded.url("planted"),
        "WRONG_DSN": guarded.url("planted", password=planted("wrong")),
        "PASSED_DSN": f"postgresql://reader@{guarded.address}/planted",
        "DOWN_DSN": guarded.url("planted").replace(guarded.address, "127.0.0.1:1"),
        "PGSERVICEFILE": str(place / "inputs" / "service.conf"),
        "PGPASSFILE": str(place / "inputs" / "pgpass"),
        "PLANTED_DSN": f"{guarded.url('planted')}",
        "TMPDIR": str(place / "tmp"),
    }


def is_input(folder: Path, path: Path) -> bool:
    """What the test wrote itself."""
    shown = path.relative_to(folder).as_posix()
    return shown.startswith("inputs/") or path.name == "004_elsewhere.sql" or shown.removeprefix("trm/") in IN_FILES


def search(folder: Path, *ran: Ran) -> list[str]:
    """Where a planted password is: files, or the output of a command."""
    files = [
        f"{path.relative_to(folder)}: {needle.decode()}"
        for path, content in every_byte(folder)
        for needle in NEEDLES
        if needle in content and not is_input(folder, path)
    ]
    reported = [
        f"output of {number}: {needle.decode()}"
        for number, each in enumerate(ran)
        for needle in NEEDLES
        if needle in (each.out + each.err).encode()
    ]
    return files + reported


@pytest.fixture(scope="module")
def audited(place: Path, variables: dict[str, str]) -> Ran:
    """All five environments: a DSN with odd characters, a wrong password, a service, a .pgpass, nobody there."""
    return run_cli("run", "--config", str(place / "trm"), "--out", str(place / "reports"), cwd=place, **variables)


def test_the_audit_saw_the_places_that_hold_secrets(audited, place):
    evidence = evidence_of(place / "reports", "odd")
    reported = str(evidence["checks"])
    assert "subscription" in reported, audited.err
    assert "elsewhere" in reported, "the user mapping differs, or it was not compared"
    assert "redacted" in reported
    assert audited.code == 3
    for environment in ("wrong", "served", "passed", "down"):
        assert evidence_of(place / "reports", environment)["verdict"] == "incomplete"


def test_what_the_files_hold_was_judged(audited, place):
    checks = {check["id"]: str(check) for check in evidence_of(place / "reports", "odd")["checks"]}
    assert "the script seed runs TOKEN=**" in checks["RET003"]
    assert "processor/src/config.ts mentions migrations_applied" in checks["RET004"]
    assert "pnpm migrate" in checks["DOC002"]


def test_no_byte_of_a_run_holds_a_planted_password(audited, place):
    assert search(place, audited) == []


COMMANDS = {
    "compare as text": ("compare", "trm/directus/db-init", "env:PLANTED_DSN"),
    "compare as JSON": ("compare", "trm/directus/db-init", "env:PLANTED_DSN", "--format", "json"),
    "compare as SQL": ("compare", "trm/directus/db-init", "env:PLANTED_DSN", "--format", "sql"),
    "compare the other way": ("compare", "env:PLANTED_DSN", "trm/directus/db-init", "--format", "sql"),
    "compare SQL": ("compare", "trm/directus/db-init", "trm/processor/src/db/migrations", "--format", "sql"),
    "snapshot of a database": ("snapshot", "env:PLANTED_DSN", "-o", "tmp/live.json"),
    "snapshot of SQL": ("snapshot", "trm/directus/db-init", "-o", "tmp/sql.json"),
    "a wrong password": ("snapshot", "env:WRONG_DSN", "-o", "tmp/wrong.json"),
    "a service with a wrong password": ("snapshot", "service:planted", "-o", "tmp/service.json"),
    "a database that is down": ("snapshot", "env:DOWN_DSN"),
    "SQL that fails at a secret": ("compare", "tmp/fails.sql", "tmp/fails.sql"),
}


@pytest.mark.parametrize("name", COMMANDS)
def test_no_command_tells_a_planted_password(name, place, variables):
    secret = literal(planted("sql"))
    (place / "tmp" / "fails.sql").write_text(
        f"create server nowhere foreign data wrapper no_such_fdw options (host 'h', password {secret});\n", "utf-8"
    )
    ran = run_cli(*COMMANDS[name], cwd=place, **variables)
    (place / "tmp" / "fails.sql").unlink()
    assert "Traceback" not in ran.err
    assert "this is a mistake of migration-audit" not in ran.err
    assert search(place, ran) == []


def test_what_was_planted_is_really_there(database):
    """Otherwise nothing above could fail."""
    with psycopg.connect(database) as connection:
        found = connection.execute(
            "select (select string_agg(array_to_string(umoptions, ','), '') from pg_user_mapping),"
            " (select string_agg(subconninfo, '') from pg_subscription),"
            " (select string_agg(config::text, '') from _timescaledb_config.bgw_job),"
            " (select string_agg(array_to_string(srvoptions, ','), '') from pg_foreign_server),"
            " (select string_agg(array_to_string(setconfig, ','), '') from pg_db_role_setting)"
        ).fetchone()
    assert found is not None
    for text, name in zip(found, ("mapping", "subscription", "job", "server", "setting"), strict=True):
        assert f"pl4nt3d-{name}" in text
