"""``init --detect``: what is recognised in small trees, what is left to decide, and that the file it writes loads."""

from __future__ import annotations

import shutil
import tomllib
from pathlib import Path
from typing import Any

import pytest

from fix_formats import SAMPLES
from migration_audit.audit.demo import demo_root
from migration_audit.detect import ConfigDraft, draft_of, list_folder
from migration_audit.project import load_project
from migration_audit.sources import load_globs, load_source

TABLE = "create table t (id int primary key);\n"
INDEX = "create index t_id on t (id);\n"
DIRECTUS = {"cms/Dockerfile": "FROM directus/directus:11.17.4\n"}
OWNER = {**DIRECTUS, "cms/db-init/001_t.sql": TABLE}
MANIFEST = '{"name": "x", "dependencies": {%s}}'


def tree(base: Path, files: dict[str, str]) -> Path:
    for path, text in files.items():
        target = base / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, "utf-8")
    return base


@pytest.fixture
def home(tmp_path: Path) -> Path:
    folder = tmp_path / "beside" / "home"
    folder.mkdir(parents=True)
    return folder


def drafted(home: Path, files: dict[str, str]) -> tuple[dict[str, Any], ConfigDraft]:
    """The tables of the file that is written for a tree, and the draft; it loads, whatever was found."""
    draft = draft_of(list_folder(tree(home, files)))
    (home / "audit.toml").write_text(draft.text, "utf-8")
    load_project(home / "audit.toml")
    return tomllib.loads(draft.text), draft


USUAL_FOLDERS = {
    "dbmate": "db/migrations",
    "flyway": "src/main/resources/db/migration",
    "goose": "db/migrations",
    "liquibase-sql": "changelog",
    "prisma": "prisma/migrations",
    "sqitch": "db",
}
"""Where a format's files usually lie, if not in ``migrations``."""
FORMATS = {
    **{name: (USUAL_FOLDERS.get(name, "migrations"), name, files) for name, files in SAMPLES.items()},
    "flyway, a folder for each year": (
        "db/migration",
        "flyway",
        {"2025/V1__init.sql": TABLE, "2026/V2__idx.sql": INDEX},
    ),
    "graphile-migrate": ("migrations", "graphile-migrate", {**SAMPLES["graphile-migrate"], "current.sql": ""}),
    "sqlx": ("migrations", "sqlx", {**SAMPLES["sqlx"], "../Cargo.toml": '[dependencies]\nsqlx = "0.8"\n'}),
}


@pytest.mark.parametrize(("folder", "form", "files"), FORMATS.values(), ids=FORMATS)
@pytest.mark.parametrize("project", [".", "service"])
def test_a_format_is_written_with_its_folder(home, project, folder, form, files):
    folder = folder if project == "." else f"{project}/{folder}"
    tables, draft = drafted(home, {f"{folder}/{name}": text for name, text in files.items()})
    assert (tables["legacy"]["sql"], tables["legacy"]["format"]) == ([folder], form)
    assert "FILL IN" in tables["owner"]["sql"][0]
    assert [one.split("]")[0] for one in draft.left] == ["[owner", "[environments"]
    as_written = load_globs("x", home, tables["legacy"]["sql"], shown_from=home, form=form)
    as_named = load_source("x", [home / folder], shown_from=home, form=form)
    assert [f.path for f in as_written.files] == [f.path for f in as_named.files]
    assert as_written.not_applied == as_named.not_applied


COMMANDS = {
    "knex": (
        {
            "knexfile.js": "module.exports = { connection: process.env.DATABASE_URL, directory: './db/steps' }",
            "db/steps/1_init.js": "",
            "package.json": MANIFEST % '"knex": "3"',
        },
        {
            "command": ["npx", "knex", "migrate:latest", "--knexfile", "knexfile.js"],
            "env": {"DATABASE_URL": "{url}"},
            "files": ["db/steps/*.js", "knexfile.js", "package.json"],
            "ledger": {"format": "knex"},
        },
    ),
    "knex, the parts of an address": (
        {
            "knexfile.ts": "host: process.env.DB_HOST, port: process.env.DB_PORT, user: process.env.DB_USER,"
            "password: process.env.DB_PASSWORD, database: process.env.DB_NAME",
            "migrations/1_init.ts": "",
        },
        {
            "env": {
                "DB_HOST": "{host}",
                "DB_PORT": "{port}",
                "DB_USER": "{user}",
                "DB_PASSWORD": "{password}",
                "DB_NAME": "{database}",
            }
        },
    ),
    "Alembic": (
        {
            "alembic.ini": "[alembic]\nscript_location = %(here)s/app/alembic\n",
            "app/alembic/env.py": 'url = os.environ["DATABASE_URL"]',
            "app/alembic/versions/1a2b_init.py": "",
        },
        {
            "command": ["alembic", "upgrade", "head"],
            "env": {"DATABASE_URL": "{url}"},
            "files": ["app/alembic/versions/*.py", "alembic.ini"],
        },
    ),
    "Django": (
        {
            "manage.py": "os.environ.setdefault('DJANGO_SETTINGS_MODULE', 'shop.settings')",
            "shop/settings.py": "DATABASES = {'default': dj_database_url.config()}",
            "orders/migrations/0001_initial.py": "",
            "orders/migrations/__init__.py": "",
            "people/migrations/0001_initial.py": "",
            "requirements.txt": "django",
        },
        {
            "command": ["python", "manage.py", "migrate", "--noinput"],
            "env": {"DATABASE_URL": "{url}"},
            "files": ["**/migrations/*.py", "manage.py", "requirements.txt"],
            "ledger": {"format": "django"},
        },
    ),
    "TypeORM": (
        {
            "package.json": MANIFEST % '"typeorm": "0.3"',
            "src/data-source.ts": "export const db = new DataSource({ url: process.env.POSTGRES_URL })",
            "src/migrations/1-init.ts": "",
        },
        {
            "command": ["npx", "typeorm-ts-node-commonjs", "migration:run", "-d", "src/data-source.ts"],
            "env": {"POSTGRES_URL": "{url}"},
        },
    ),
    "Drizzle": (
        {
            "drizzle.config.ts": "export default { out: './migrations', url: process.env['DATABASE_URL'] }",
            "migrations/0000_init.sql": f"{TABLE}--> statement-breakpoint\n{INDEX}",
            "migrations/meta/_journal.json": "{}",
        },
        {"command": ["npx", "drizzle-kit", "migrate", "--config", "drizzle.config.ts"]},
    ),
    "Rails": (
        {"Rakefile": "", "db/migrate/2026_init.rb": "", "config/database.yml": 'url: <%= ENV["DATABASE_URL"] %>'},
        {"command": ["bin/rails", "db:migrate"], "env": {"DATABASE_URL": "{url}"}},
    ),
    "Diesel": (
        {
            "diesel.toml": "",
            "Cargo.toml": "",
            "migrations/2026_a/up.sql": TABLE,
            "migrations/2026_a/down.sql": "drop table t",
        },
        {"command": ["diesel", "migration", "run"]},
    ),
}


@pytest.mark.parametrize(("files", "expected"), COMMANDS.values(), ids=COMMANDS)
@pytest.mark.parametrize("project", [".", "service"])
def test_a_runner_without_sql_files_is_a_command(home, project, files, expected):
    tables, draft = drafted(home, {f"{project}/{path}": text for path, text in files.items()})
    legacy = tables["legacy"]
    assert {name: legacy[name] for name in expected} == expected
    assert legacy.get("root", ".") == project
    assert "sql" not in legacy
    assert draft.unused == ()
    assert "Found, but not used:" not in draft.text


ADDRESSES = {
    "no variable": ("connection: 'x'", "how does it get the address of the database?"),
    "two of them": ("process.env.DATABASE_URL || process.env.TEST_DB_URL", "which of DATABASE_URL, TEST_DB_URL"),
    "parts that lack the host": ("process.env.DB_USER, process.env.DB_NAME", "which of DB_USER, DB_NAME"),
}


@pytest.mark.parametrize(("text", "question"), ADDRESSES.values(), ids=ADDRESSES)
def test_an_address_that_is_not_clear_is_asked_for(home, text, question):
    tables, draft = drafted(home, {"knexfile.js": text, "migrations/1.js": ""})
    assert "env" not in tables["legacy"]
    assert any(question in one for one in draft.left)


LEFT = {
    "nothing": ({}, "no source was found", "no second source was found"),
    "one source": ({"migrations/1_a.sql": TABLE, "migrations/2_b.sql": INDEX}, None, "no second source was found"),
    "two sources": (
        {"a/migrations/V1__a.sql": TABLE, "b/db-init/001_a.sql": TABLE},
        "no file indicates which runner is to be retired",
        "no file indicates which runner stays",
    ),
    "two folders of one project": (
        {"package.json": "{}", "sql/1_a.sql": TABLE, "sql/2_a.sql": INDEX, "migrations/1_b.sql": TABLE},
        "no file indicates which runner is to be retired",
        "no file indicates which runner stays",
    ),
    "a Directus alone": (OWNER, "no other source was found", None),
    "a Directus without SQL": (
        {**DIRECTUS, "service/migrations/V1__a.sql": TABLE},
        None,
        "cms/Dockerfile:1 is Directus, and cms contains no SQL that creates tables",
    ),
    "a Directus and another": ({**OWNER, "service/migrations/V1__a.sql": TABLE}, None, None),
    "a Directus and two others": (
        {**OWNER, "a/migrations/V1__a.sql": TABLE, "b/migrations/V1__a.sql": TABLE},
        "no file indicates which runner is to be retired",
        None,
    ),
    "a Directus with two folders": (
        {**OWNER, "cms/sql/1_a.sql": TABLE, "cms/sql/2_a.sql": TABLE, "service/migrations/V1__a.sql": TABLE},
        None,
        "several folders of the Directus project hold SQL",
    ),
}


@pytest.mark.parametrize(("files", "legacy", "owner"), LEFT.values(), ids=LEFT)
def test_what_no_file_says_is_left_to_decide(home, files, legacy, owner):
    tables, draft = drafted(home, files)
    for table, why in (("legacy", legacy), ("owner", owner)):
        asked = [one for one in draft.left if one.startswith(f"[{table}] ")]
        assert bool(asked) == (why is not None), asked
        assert why is None or why in asked[0]
        assert ("FILL IN" in tables[table].get("sql", [""])[0]) == (why is not None)
    assert draft.text.splitlines()[3].startswith(f"# TO BE DECIDED ({len(draft.left)})")


def test_candidates_that_no_one_can_choose_between_stand_behind_a_hash(home):
    _, draft = drafted(home, LEFT["two sources"][0])
    both = "a/migrations (flyway); b/db-init (files)"
    assert [one.split("]")[0] for one in draft.left if both in one] == ["[legacy", "[owner"]
    for line in ('#sql = ["a/migrations"]', '#format = "flyway"', '#sql = ["b/db-init/*.sql"]'):
        assert draft.text.count(line) == 2, "once below [legacy], once below [owner]"


NOT_TAKEN = {
    "tests": ({"tests/migrations/V1__a.sql": TABLE}, "tests/migrations (flyway): it is for tests, examples or data"),
    "an example": (
        {"examples/shop/001_a.sql": TABLE, "examples/shop/002_a.sql": TABLE},
        "it is for tests, examples or data",
    ),
    "another database by its folder": ({"db/mysql/V1__a.sql": TABLE}, "db/mysql (flyway): mysql is not PostgreSQL"),
    "another database by its SQL": (
        {"migrations/V1__a.sql": "create table t (\n id int AUTO_INCREMENT);"},
        "migrations (flyway): migrations/V1__a.sql:2 is not PostgreSQL's SQL",
    ),
    "a schema without numbers": ({"lib/tables.sql": TABLE}, "lib: lib/tables.sql:1 creates objects, but nothing indicates"),
    "a schema beside migrations": (
        {"package.json": "{}", "db/migrations/V1__a.sql": TABLE, "db/schema/all.sql": TABLE},
        "db/schema/all.sql:1 creates objects, but the migrations of this project are in db/migrations",
    ),
}


@pytest.mark.parametrize(("files", "reason"), NOT_TAKEN.values(), ids=NOT_TAKEN)
def test_what_is_seen_and_not_taken_is_reported(home, files, reason):
    _, draft = drafted(home, files)
    (line,) = [line for line in draft.text.splitlines() if line.startswith("# - ")]
    assert reason in line
    assert draft.unused == (line.removeprefix("# - "),)


IGNORED = {
    "queries": {"sql/1_a.sql": "select 1;", "sql/2_b.sql": "update t set id = 1;"},
    "installed packages": {"node_modules/x/migrations/V1__a.sql": TABLE, "vendor/y/migrations/V1__a.sql": TABLE},
    "what was built": {"dist/db/migrations/V1__a.sql": TABLE, "target/classes/db/migration/V1__a.sql": TABLE},
    "hidden folders": {".cache/migrations/V1__a.sql": TABLE},
}


@pytest.mark.parametrize("files", IGNORED.values(), ids=IGNORED)
def test_what_is_no_ones_migration_is_not_mentioned(home, files):
    _, draft = drafted(home, files)
    assert draft.taken == ()
    assert "V1__a" not in draft.text
    assert "sql/" not in draft.text


def test_comments_and_strings_are_no_sql_of_another_database(home):
    comments = "/*\n - The primary key (`Action`) is changed, ENGINE = x\n*/\n-- table `a`\n"
    text = f"{comments}{TABLE}comment on table t is 'key `x`';"
    tables, _ = drafted(home, {"migrations/V1__a.sql": text})
    assert tables["legacy"]["sql"] == ["migrations"]


def test_databases_of_other_vendors_do_not_hide_that_of_postgresql(home):
    files = {f"db/migration/{name}/V1__a.sql": TABLE for name in ("mysql", "postgresql", "h2")}
    tables, _ = drafted(home, files)
    assert tables["legacy"]["sql"] == ["db/migration/postgresql"]


def test_names_of_two_runners_are_distinguished_by_the_manifest(home):
    both = f"-- migrate:up\n-- +migrate Up\n{TABLE}-- +migrate Down\n-- migrate:down\ndrop table t;\n"
    tables, draft = drafted(home, {"migrations/1_a.sql": both})
    assert "format" not in tables["legacy"]
    assert "migrations looks like dbmate and like sql-migrate: which runner is it?" in "".join(draft.left)
    tables, _ = drafted(home, {"go.mod": "require github.com/rubenv/sql-migrate v1.8.1\n"})
    assert tables["legacy"]["format"] == "sql-migrate"


@pytest.mark.parametrize("folder", ["we [ird]*/migrations", 'o\'k "so"/migrations', "ünï/migrations", "a#b/migrations"])
def test_a_folder_with_an_odd_name_is_found_by_what_is_written(home, folder):
    tables, _ = drafted(home, {f"{folder}/001_a.sql": TABLE, f"{folder}/002_b.sql": INDEX})
    source = load_globs("x", home, tables["legacy"]["sql"], shown_from=home)
    assert [file.path for file in source.files] == [f"{folder}/001_a.sql", f"{folder}/002_b.sql"]


def test_a_name_that_toml_cannot_hold_is_passed_over(home):
    tree(home, {"migrations/001_a.sql": TABLE})
    (home / "migrations" / "bad\n002_b.sql").write_text(TABLE)
    (home / "migrations" / "\udcff3.sql").write_text(TABLE)
    _, draft = drafted(home, {})
    assert draft.taken == (
        "[legacy] migrations (files): migrations/001_a.sql:1 creates objects; 1 file in the order of their names",
    )


class TestBeside:
    """Folders beside the one that audit.toml is written to."""

    def test_projects_next_to_an_empty_folder_are_looked_at(self, home):
        tree(home.parent, {**OWNER, "service/go.mod": "", "service/migrations/V1__a.sql": TABLE})
        tables, _ = drafted(home, {})
        assert (tables["legacy"]["root"], tables["legacy"]["sql"]) == ("../service", ["migrations"])
        assert (tables["owner"]["root"], tables["owner"]["sql"]) == ("../cms", ["db-init/*.sql"])
        assert "rule" not in tables, "rules are about files below audit.toml"
        project = load_project(home / "audit.toml")
        (file,) = load_globs("x", project.owner.root, project.owner.sql, shown_from=home).files
        assert file.path == "../cms/db-init/001_t.sql"

    def test_repositories_of_their_own_have_a_table(self, home):
        """The sources are in two of three clones; one clone says what its protected branch is."""
        service = {
            "package.json": MANIFEST % '"pg": "8"',
            "migrations/1_a.up.sql": TABLE,
            "migrations/1_a.down.sql": "drop table t;",
        }
        tree(home.parent / "service one", {**service, ".git/refs/remotes/origin/HEAD": "ref: refs/remotes/origin/trunk\n"})
        tree(home.parent / "platform", {**OWNER, ".git/HEAD": ""})
        tree(home.parent / "docs", {"package.json": MANIFEST % "", ".git/HEAD": ""})
        tables, draft = drafted(home, {".git/HEAD": ""})
        assert tables["repository"] == {
            "service-one": {"path": "../service one", "policy_from": "origin/trunk"},
            "platform": {"path": "../platform"},
        }
        assert any("[repository.platform] which is the protected branch" in each for each in draft.left), draft.left

    def test_one_repository_needs_no_table(self, home):
        tables, _ = drafted(home, {**OWNER, "package.json": MANIFEST % "", ".git/HEAD": "", "migrations/1_a.sql": TABLE})
        assert "repository" not in tables

    def test_the_folder_itself_goes_before_those_next_to_it(self, home):
        tree(home.parent, {"other/go.mod": "", "other/migrations/V1__a.sql": TABLE})
        tables, _ = drafted(home, {"migrations/V1__b.sql": TABLE})
        assert tables["legacy"]["sql"] == ["migrations"]

    def test_a_folder_next_to_it_that_is_no_project_is_not_looked_at(self, home):
        tree(home.parent, {"downloads/migrations/V1__a.sql": TABLE})
        _, draft = drafted(home, {})
        assert draft.taken == ()
        assert "downloads" not in draft.text


LEDGER = "create table if not exists ops.migrations_applied (filename text, checksum text)"

LEDGERS = {
    "the only one": ({"src/run.ts": LEDGER}, {"table": "ops.migrations_applied", "name_column": "filename"}, "a SHA-256 of"),
    "with its digest": (
        {"src/run.ts": f"{LEDGER} // sha256"},
        {"table": "ops.migrations_applied", "name_column": "filename", "checksum_column": "checksum"},
        None,
    ),
    "without a schema": (
        {"src/run.py": "CREATE TABLE schema_migrations (version text)"},
        {"table": "public.schema_migrations", "name_column": "version"},
        "names no schema for schema_migrations: is it public?",
    ),
    "two of them": (
        {"src/a.go": LEDGER, "src/b.go": "create table db_version (name text)"},
        None,
        "Perhaps ops.migrations_applied (service/src/a.go:1), public.db_version (service/src/b.go:1).",
    ),
    "none": ({}, None, "in which table does its runner record what it applied?"),
    "one of the tests": ({"test/run.ts": LEDGER}, None, "in which table does its runner record what it applied?"),
    "another project's": ({"../other/go.mod": "", "../other/a.go": LEDGER}, None, "in which table does its runner"),
}


@pytest.mark.parametrize(("files", "ledger", "question"), LEDGERS.values(), ids=LEDGERS)
def test_the_ledger_of_plain_files_is_what_the_code_makes(home, files, ledger, question):
    whole = {"service/package.json": "{}", "service/migrations/1_a.sql": TABLE}
    whole |= {f"service/{path}": text for path, text in files.items()}
    tables, draft = drafted(home, whole)
    assert tables["legacy"].get("ledger") == ledger
    asked = [one for one in draft.left if one.startswith("[legacy.ledger]")]
    assert bool(asked) == (question is not None)
    assert question is None or question in asked[0]


COMPOSE = """\
services:
  db: {image: "timescale/timescaledb:latest-pg17"}
  cms: {build: ./cms, environment: {DB_USER: cms}}
  api: {build: {context: ./service}, environment: {DATABASE_URL: "postgres://writer:${PW:?its password}@db/app"}}
"""
BOTH = {**OWNER, "service/package.json": "{}", "service/migrations/V1__a.sql": TABLE}


def test_a_stack_that_builds_both_projects_is_taken(home):
    tables, draft = drafted(home, {**BOTH, "compose.yaml": COMPOSE, "compose.dev.yaml": COMPOSE})
    assert tables["boot"] == {
        "compose": ["compose.yaml"],
        "database_service": "db",
        "owner_service": "cms",
        "writer_service": "api",
    }
    assert (tables["project"]["writer_role"], tables["owner"]["role"]) == ("writer", "cms")
    assert "# Also there: compose.dev.yaml" in draft.text


STACKS = {
    "two of them": (
        {f"{name}/compose.yaml": COMPOSE.replace("./", "../") for name in "ab"},
        "a/compose.yaml, b/compose.yaml?",
    ),
    "one that builds neither": ({"compose.yaml": "services: {x: {image: y}}"}, "the writer's in compose.yaml?"),
    "one that builds the writer twice": (
        {"compose.yaml": f"{COMPOSE}  job: {{build: ./service}}\n"},
        "the writer's in compose.yaml?",
    ),
    "one that is broken": ({"compose.yaml": "services: [}"}, "[boot] compose.yaml:1"),
}


@pytest.mark.parametrize(("files", "question"), STACKS.values(), ids=STACKS)
def test_a_stack_that_is_not_clear_is_only_offered(home, files, question):
    tables, draft = drafted(home, {**BOTH, **files})
    assert "boot" not in tables
    assert any(question in one for one in draft.left)


def test_what_has_to_be_gone_comes_from_the_projects_files(home):
    files = {
        **BOTH,
        "service/package.json": MANIFEST % '"knex": "3", "pg": "8"',
        "service/package-lock.json": "{}",
        "service/Dockerfile": "FROM node\nCOPY migrations ./migrations\n",
        "README.md": "# x\n\nThe service migrates its tables at boot.\n",
    }
    tables, draft = drafted(home, files)
    assert tables["rule"] == [
        {"check": "RET001", "absent": ["service/migrations"]},
        {"check": "RET006", "packages": ["knex"], "in": ["service/package-lock.json", "service/package.json"]},
        {"check": "RET007", "image": "service/Dockerfile", "carries": ["migrations"]},
    ]
    assert "# README.md:3" in draft.text.splitlines()


def test_every_line_says_where_it_was_taken_from(home):
    _, draft = drafted(home, {**BOTH, "compose.yaml": COMPOSE, "cms/snapshots/schema.yaml": SNAPSHOT})
    keys = [line for line in draft.text.splitlines() if " = " in line and not line.startswith(("#", "check"))]
    assert [line for line in keys if "  # " not in line] == []


SNAPSHOT = "version: 1\ndirectus: 11.17.4\nvendor: postgres\ncollections: []\nfields: []\nrelations: []\n"

SNAPSHOTS = {
    "one": ({"cms/snapshots/schema.yaml": SNAPSHOT}, {"file": "cms/snapshots/schema.yaml"}),
    "two": ({"cms/a.yaml": SNAPSHOT, "cms/b.yaml": SNAPSHOT}, None),
    "a file of another kind": ({"cms/a.yaml": "version: 1\ndirectus: yes\n"}, None),
}


@pytest.mark.parametrize(("files", "expected"), SNAPSHOTS.values(), ids=SNAPSHOTS)
def test_a_snapshot_of_directus(home, files, expected):
    tables, draft = drafted(home, {**BOTH, **files})
    assert tables.get("snapshot") == expected
    assert any("[snapshot]" in one for one in draft.left) == (len(files) == 2)


@pytest.fixture
def example(tmp_path: Path) -> Path:
    """The bundled example as its first user had it: without an audit.toml."""
    ignored = shutil.ignore_patterns("audit.toml", "environments")
    return Path(shutil.copytree(demo_root(), tmp_path / "trm", ignore=ignored))


def test_the_bundled_example_is_recognised_as_someone_wrote_it(example):
    tables, draft = drafted(example, {})
    written = tomllib.loads((demo_root() / "audit.toml").read_text("utf-8"))
    for table in ("legacy", "owner"):
        known = {name: value for name, value in written[table].items() if name not in {"role", "name"}}
        assert {name: tables[table][name] for name in known} == known
    assert tables["project"] == {"name": "trm", "writer_role": "processor"}
    assert tables["snapshot"] == written["snapshot"]
    taken = ("compose", "database_service", "owner_service", "writer_service", "post_sql")
    assert {name: tables["boot"][name] for name in taken} == {name: written["boot"][name] for name in taken}
    assert "directus/entrypoint.sh:13: directus bootstrap" in draft.text
    assert [one.split("]")[0] for one in draft.left] == ["[legacy", "[environments", "[[boot.step"]
    assert "node-pg-migrate: does it apply processor/src/db/migrations?" in draft.left[0]


def test_a_runner_that_is_to_be_chosen_has_its_ledger(home):
    files = {
        "service/alembic.ini": "[alembic]\nscript_location = alembic\n",
        "service/alembic/versions/1_a.py": "",
        "service/alembic/env.py": "import os\nos.environ['DATABASE_URL']\n",
        "platform/migrations/1_a.sql": TABLE,
        "platform/migrations/2_b.sql": INDEX,
    }
    _, draft = drafted(home, files)
    for table in ("legacy", "owner"):
        assert f'#[{table}.ledger]\n#format = "alembic"' in draft.text


@pytest.mark.parametrize("builds", [True, False])
def test_the_owners_dockerfile_is_named_where_no_compose_file_builds_it(home, builds):
    files = {
        "directus/Dockerfile": "FROM directus/directus:11.17.4\nCOPY db-init db-init\nCMD psql -f db-init/1_a.sql\n",
        "directus/db-init/1_a.sql": TABLE,
        "service/V1__a.sql": TABLE,
        "service/package.json": "{}",
        "compose.yaml": "services:\n  db: {image: 'postgres:17'}\n  service: {build: service}\n"
        + ("  directus: {build: directus}\n" if builds else ""),
    }
    tables, _ = drafted(home, files)
    assert tables["boot"].get("dockerfile") == (None if builds else "directus/Dockerfile")
