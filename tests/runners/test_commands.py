"""Real runners as commands: each migrates its own shadow, and is audited like SQL. Its ledger is nobody's gap."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg
import pytest

from fix_demo import evidence_of, findings, run_cli
from fix_runners import command_python, from_npm, from_pypi, write
from migration_audit.audit.audit import Audit
from migration_audit.audit.preflight.loading import load
from migration_audit.catalog import read_snapshot
from migration_audit.compare import without_ledgers
from migration_audit.model.finding import CheckResult, Outcome, Phase
from migration_audit.model.relations import Table
from migration_audit.project import load_project
from migration_audit.shadow.apply import apply_sources

pytestmark = [pytest.mark.server, pytest.mark.slow]

NPM = ("knex@3.3.0", "pg@8.23.1", "typeorm@1.1.1", "reflect-metadata@0.2.2", "drizzle-orm@0.45.4")
PYPI = (
    *("alembic==1.20.1", "sqlalchemy==2.1.9", "mako==1.4.3", "markupsafe==3.0.4", "typing_extensions==4.16.0"),
    *("lazy-importer==0.1.0", "django==5.2.19", "asgiref==3.13.0", "sqlparse==0.6.1"),
    *("yoyo-migrations==9.0.0", "importlib-metadata==10.2.0", "tabulate==0.10.0", "zipp==4.1.2"),
    *("psycopg==3.3.9", "psycopg-binary==3.3.9", "psycopg2-binary==2.9.13"),
)
URL = 'DATABASE_URL = "{url}"'


@dataclass(frozen=True, kw_only=True)
class Runner:
    """A project of one runner with one migration, and the SQL of an owner who has all of it."""

    command: str
    env: str = URL
    files: Mapping[str, str]
    watched: str
    broken: tuple[str, str, str, str]
    """A file, a text in it, another one with which the migration fails, and what is said then."""
    owner: str
    lacking: tuple[str, str]
    """A text of the owner's SQL, and what is there without it."""
    ledgers: tuple[str, ...]
    more: str = field(default="")
    """More of ``[legacy]``."""


KNEX = Runner(
    command='["npx", "knex", "migrate:latest"]',
    files={
        "knexfile.js": "module.exports = { client: 'pg', connection: process.env.DATABASE_URL }\n",
        "migrations/20240101000000_users.js": """
exports.up = (knex) => knex.schema.createTable('users', (t) => {
  t.increments('id')
  t.string('email').notNullable().unique()
  t.timestamp('seen').defaultTo(knex.fn.now())
})
exports.down = (knex) => knex.schema.dropTable('users')
""",
        "migrations/20240102000000_index.js": """
exports.up = (knex) => knex.raw('create index users_seen on users (seen desc)')
exports.down = (knex) => knex.raw('drop index users_seen')
""",
    },
    watched='["migrations/*.js", "knexfile.js"]',
    broken=("migrations/20240102000000_index.js", "on users", "on nobody", 'relation "nobody" does not exist'),
    owner="""
create table if not exists users (
  id serial primary key, email varchar(255) not null, seen timestamptz default current_timestamp,
  constraint users_email_unique unique (email)
);
create index if not exists users_seen on users (seen desc);
""",
    lacking=("create index if not exists users_seen on users (seen desc);", "index public.users_seen"),
    ledgers=("public.knex_migrations", "public.knex_migrations_lock"),
)

TYPEORM = Runner(
    command='["npx", "typeorm", "migration:run", "-d", "source.js"]',
    files={
        "source.js": """
const { DataSource } = require('typeorm')
module.exports.source = new DataSource({
  type: 'postgres', url: process.env.DATABASE_URL, migrations: [__dirname + '/migrations/*.js']
})
""",
        "migrations/1700000000000-Users.js": """
module.exports = class Users1700000000000 {
  name = 'Users1700000000000'
  async up(runner) {
    await runner.query('CREATE TABLE "users" ("id" BIGSERIAL PRIMARY KEY, "email" varchar NOT NULL)')
    await runner.query(`CREATE FUNCTION "one"() RETURNS int LANGUAGE sql AS 'select 1'`)
  }
  async down(runner) { await runner.query('DROP TABLE "users"') }
}
""",
    },
    watched='["migrations/*.js"]',
    broken=("migrations/1700000000000-Users.js", "varchar NOT", "no_type NOT", 'type "no_type" does not exist'),
    owner="""
create table if not exists users (id bigserial primary key, email varchar not null);
create or replace function one() returns int language sql as 'select 1';
""",
    lacking=("create or replace function one() returns int language sql as 'select 1';", "function public.one()"),
    ledgers=("public.migrations",),
)

DRIZZLE = Runner(
    command='["node", "migrate.mjs"]',
    files={
        "migrate.mjs": """
import { drizzle } from 'drizzle-orm/node-postgres'
import { migrate } from 'drizzle-orm/node-postgres/migrator'
import pg from 'pg'
const pool = new pg.Pool({ connectionString: process.env.DATABASE_URL })
try { await migrate(drizzle(pool), { migrationsFolder: './drizzle' }) } finally { await pool.end() }
""",
        "drizzle/meta/_journal.json": """
{"version": "7", "dialect": "postgresql", "entries": [
  {"idx": 0, "version": "7", "when": 1700000000000, "tag": "0000_users", "breakpoints": true}]}
""",
        "drizzle/0000_users.sql": """
CREATE TABLE "users" ("id" serial PRIMARY KEY NOT NULL, "email" text NOT NULL);
--> statement-breakpoint
CREATE INDEX "users_email" ON "users" ("email");
""",
    },
    watched='["drizzle"]',
    broken=("drizzle/0000_users.sql", 'ON "users"', 'ON "nobody"', 'relation "nobody" does not exist'),
    owner="""
create table if not exists users (id serial primary key not null, email text not null);
create index if not exists users_email on users (email);
""",
    lacking=("create index if not exists users_email on users (email);", "index public.users_email"),
    ledgers=("drizzle.__drizzle_migrations",),
)

ALEMBIC = Runner(
    command='["PYTHON", "-m", "alembic.config", "upgrade", "head"]',
    env='DATABASE_URL = "postgresql+psycopg://{user}:{password}@{host}:{port}/{database}"',
    files={
        "alembic.ini": "[alembic]\nscript_location = .\n",
        "env.py": """
import os
from alembic import context
from sqlalchemy import create_engine
with create_engine(os.environ["DATABASE_URL"]).connect() as connection:
    context.configure(connection=connection)
    with context.begin_transaction():
        context.run_migrations()
""",
        "versions/0001_users.py": """
import sqlalchemy as sa
from alembic import op
revision, down_revision = "0001", None
def upgrade():
    email = sa.Column("email", sa.String(200), nullable=False)
    op.create_table("users", sa.Column("id", sa.Integer, primary_key=True), email)
""",
        "versions/0002_index.py": """
from alembic import op
revision, down_revision = "0002", "0001"
def upgrade():
    op.create_index("users_email", "users", ["email"], unique=True)
""",
    },
    watched='["versions/*.py", "env.py"]',
    broken=("versions/0002_index.py", '["email"]', '["nothing"]', 'column "nothing" does not exist'),
    owner="""
create table if not exists users (id serial primary key, email varchar(200) not null);
create unique index if not exists users_email on users (email);
""",
    lacking=("create unique index if not exists users_email on users (email);", "index public.users_email"),
    ledgers=("public.alembic_version",),
)

DJANGO = Runner(
    command='["PYTHON", "manage.py", "migrate", "--no-input"]',
    env="",
    files={
        "manage.py": """
import os, sys
os.environ["DJANGO_SETTINGS_MODULE"] = "settings"
from django.core.management import execute_from_command_line
execute_from_command_line(sys.argv)
""",
        "settings.py": """
import os
SECRET_KEY = "of no use here"
INSTALLED_APPS = ["fleet"]
DATABASES = {"default": {"ENGINE": "django.db.backends.postgresql", "NAME": os.environ["PGDATABASE"]}}
""",
        "fleet/__init__.py": "",
        "fleet/migrations/__init__.py": "",
        "fleet/migrations/0001_initial.py": """
from django.db import migrations, models
class Migration(migrations.Migration):
    initial = True
    dependencies = []
    operations = [
        migrations.CreateModel("Device", [
            ("id", models.BigAutoField(primary_key=True)), ("name", models.CharField(max_length=50)),
        ]),
        migrations.AddIndex("Device", models.Index(fields=["name"], name="device_name")),
    ]
""",
    },
    watched='["**/*.py"]',
    broken=("fleet/migrations/0001_initial.py", 'fields=["name"]', 'fields=["nothing"]', "no field named 'nothing'"),
    owner="""
create table if not exists fleet_device (id bigint generated by default as identity primary key, name varchar(50) not null);
create index if not exists device_name on fleet_device (name);
""",
    lacking=("create index if not exists device_name on fleet_device (name);", "index public.device_name"),
    ledgers=("public.django_migrations",),
)

YOYO = Runner(
    command='["sh", "-c", "exec PYTHON -m yoyo apply --batch --database \\"$DATABASE_URL\\" migrations"]',
    files={
        "migrations/0001.users.py": """
from yoyo import step
steps = [step("create table users (id int primary key, email text)", "drop table users")]
""",
        "migrations/0002.index.sql": "create index users_email on users (email);\n",
        "migrations/0002.index.rollback.sql": "drop index users_email;\n",
    },
    watched='["migrations"]',
    broken=("migrations/0002.index.sql", "(email)", "(nothing)", 'column "nothing" does not exist'),
    owner="""
create table if not exists users (id int primary key, email text);
create index if not exists users_email on users (email);
""",
    lacking=("create index if not exists users_email on users (email);", "index public.users_email"),
    ledgers=("public._yoyo_log", "public._yoyo_migration", "public._yoyo_version", "public.yoyo_lock"),
)

RUNNERS = {"knex": KNEX, "typeorm": TYPEORM, "drizzle": DRIZZLE, "alembic": ALEMBIC, "django": DJANGO, "yoyo": YOYO}


@dataclass
class Tried:
    """The project of a runner on the disk."""

    runner: Runner
    root: Path

    @property
    def shown(self) -> str:
        (name,) = (source.command for source in [load_project(self.root / "audit.toml").legacy])
        assert name is not None
        return " ".join(name.words)

    def replace(self, name: str, before: str, after: str) -> None:
        path = self.root / name
        text = path.read_text("utf-8")
        assert text.count(before) == 1
        path.write_text(text.replace(before, after), "utf-8")

    def results(self) -> dict[str, CheckResult]:
        project = load_project(self.root / "audit.toml")
        audit = Audit(project, environment=None, phase=Phase.PREFLIGHT, folder=None)
        return {result.id: result for result in audit.shared_results}


@pytest.fixture(params=RUNNERS.values(), ids=RUNNERS)
def tried(request: pytest.FixtureRequest) -> Iterator[Tried]:
    """Below /tmp, as the command runs as another user where the tests run as root."""
    with tempfile.TemporaryDirectory(prefix="ma-runner-", dir="/tmp") as name:
        yield made(Path(name), request.param)


def made(root: Path, runner: Runner) -> Tried:
    command, env = runner.command, runner.env
    if "PYTHON" in command:
        packages = from_pypi(*PYPI, program="alembic").parent.parent
        command = command.replace("PYTHON", command_python())
        env = ", ".join(filter(None, [env, f'PYTHONPATH = "{packages}"']))
    else:
        (root / "legacy").mkdir()
        (root / "legacy" / "node_modules").symlink_to(from_npm(*NPM) / "node_modules")
    write(root / "legacy", runner.files)
    write(root / "owner", {"001.sql": runner.owner})
    write(
        root,
        {
            "audit.toml": f"""
[project]
name = "commands"

[legacy]
root = "legacy"
command = {command}
env = {{ {env} }}
files = {runner.watched}
timeout = 120
{runner.more}

[owner]
sql = ["owner/*.sql"]

[environments.dev]
dsn_env = "COMMANDS_DEV"
"""
        },
    )
    root.chmod(0o755)
    return Tried(runner, root)


def test_an_owner_who_has_all_of_it_covers_the_runner(tried: Tried) -> None:
    results = tried.results()
    coverage = {name: result for name, result in results.items() if name.startswith(("SQL", "COV"))}
    # None of these migrations looks whether its table is there: after the owner, the legacy runner fails.
    (collision,) = (finding for result in coverage.values() for finding in result.findings)
    assert collision.key == f"SQL005:owner+legacy:{collision.where}"
    assert "applying owner, then legacy failed: command `" in collision.summary
    assert "already exists" in collision.summary
    assert {name for name, result in coverage.items() if result.outcome is Outcome.SKIPPED} == {"SQL004", "COV012"}
    assert results["COV011"].outcome is Outcome.PASSED
    for ledger in tried.runner.ledgers:
        assert ledger in (results["COV007"].reason or "")


def test_what_the_owner_lacks_is_located_at_the_command(tried: Tried) -> None:
    text, lacking = tried.runner.lacking
    tried.replace("owner/001.sql", text, "")
    results = tried.results()
    found = [finding for result in results.values() for finding in result.findings if result.id.startswith("COV")]
    assert [finding.summary.partition(" is in ")[0] for finding in found] == [lacking]
    assert (found[0].where or "").startswith("command `")


def test_a_migration_that_fails_is_no_coverage(tried: Tried) -> None:
    name, before, after, said = tried.runner.broken
    tried.replace(f"legacy/{name}", before, after)
    results = tried.results()
    (failed,) = results["SQL002"].findings
    assert "it ended with exit code 1" in failed.summary
    assert said in failed.summary
    of_both = {name for name in results if name.startswith("COV0")} - {"COV012", "COV013"}
    assert {results[name].outcome for name in of_both} == {Outcome.ERRORED}


def test_its_ledger_is_known_by_name_and_shape(tried: Tried, server: Any) -> None:
    project = load_project(tried.root / "audit.toml")
    with server.cluster(tcp=True) as cluster:
        conninfo = cluster.create_database("known")
        assert apply_sources(conninfo, [load(project, project.legacy)]).applied.failure is None
        snapshot = read_snapshot(conninfo).snapshot
        found = without_ledgers(snapshot, ())
        left = {table.key for table in found.snapshot.of(Table)}
        assert {table.key for table in snapshot.of(Table)} - left == set(tried.runner.ledgers)
        assert left
        with psycopg.connect(conninfo, autocommit=True) as connection:
            for table in tried.runner.ledgers:
                connection.execute(f"alter table {table} add column of_ours integer".encode())
        ours = without_ledgers(read_snapshot(conninfo).snapshot, ())
        gone = set(tried.runner.ledgers) - {table.key for table in ours.snapshot.of(Table)}
        assert gone <= {"drizzle.__drizzle_migrations"}, "with another column it is somebody's table"


def test_a_runner_that_finds_no_migrations_proves_nothing(tried: Tried) -> None:
    if tried.runner == DJANGO:
        pytest.skip("an app without migrations is another project")
    for folder in ("migrations", "versions", "drizzle"):
        shutil.rmtree(tried.root / "legacy" / folder, ignore_errors=True)
        (tried.root / "legacy" / folder).mkdir()
        (tried.root / "legacy" / folder / "note.txt").write_text("none yet")
    write(tried.root / "legacy", {"drizzle/meta/_journal.json": '{"version": "7", "dialect": "postgresql", "entries": []}'})
    text = (tried.root / "audit.toml").read_text("utf-8")
    (tried.root / "audit.toml").write_text(text.replace(f"files = {tried.runner.watched}", 'files = ["**/note.txt"]'))
    results = tried.results()
    assert results["COV002"].outcome is Outcome.ERRORED, results["COV002"]
    assert "nothing was compared" in (results["COV002"].reason or "")


def test_a_whole_run_of_the_command_line(server: Any, cluster: Any) -> None:
    with tempfile.TemporaryDirectory(prefix="ma-runner-", dir="/tmp") as name:
        tried = made(Path(name), KNEX)
        project = load_project(tried.root / "audit.toml")
        with server.cluster(tcp=True) as other:
            live = other.create_database("live")
            assert apply_sources(live, [load(project, project.legacy), load(project, project.owner)]).applied.failure is None
            ran = run_cli("run", "--config", str(tried.root), "--out", str(tried.root / "reports"), COMMANDS_DEV=live)
        evidence = evidence_of(tried.root / "reports", "dev")
        assert evidence["complete"], ran.err
        (legacy, owner) = evidence["sources"]
        assert [file["path"] for file in legacy["files"]] == [
            "legacy/knexfile.js",
            "legacy/migrations/20240101000000_users.js",
            "legacy/migrations/20240102000000_index.js",
        ]
        assert legacy["format"] == "command"
        assert "npx knex migrate:latest" in legacy["notes"][0]
        assert owner["files"][0]["path"] == "owner/001.sql"
        blockers = [c["id"] for c in evidence["checks"] if c["outcome"] == "failed" and c["severity"] == "blocker"]
        assert blockers == ["SQL005"], "owner, then legacy: its migrations do not look whether their tables are there"
        assert findings(evidence, "LIV012") == []
