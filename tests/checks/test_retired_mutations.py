"""The tree after a correct retirement passes; one thing put back makes exactly the check speak that is about it."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from migration_audit import demo
from migration_audit.audit.inputs.boot import boot_inputs
from migration_audit.audit.inputs.retirement import documents_inputs, retirement_inputs
from migration_audit.audit.rehearsals.writer import rehearsal_inputs
from migration_audit.checks import BY_ID, judge
from migration_audit.model.finding import CheckResult, Outcome, Phase, Severity
from migration_audit.project import load_project

pytestmark = pytest.mark.slow

DEMO = Path(demo.__file__).parent
NEED_A_SERVER = {"BOOT005", "BOOT006"}
STATIC = [c for c in BY_ID.values() if c.id.startswith(("BOOT", "RET", "DOC", "CMD")) and c.id not in NEED_A_SERVER]
"""What the files alone decide."""


def results(tree: Path, phase: Phase = Phase.RETIRED) -> dict[str, CheckResult]:
    project = load_project(tree / "audit.toml")
    given = {
        "project": project,
        "sources": (),
        "fixture_shadows": {},
        "owner_origins": {},
        **boot_inputs(project),
        **documents_inputs(project),
        **retirement_inputs(project),
    }
    return {result.id: result for result in judge(STATIC, given, phase)}


def findings(tree: Path) -> dict[str, tuple[str, ...]]:
    return {name: tuple(finding.key for finding in result.findings) for name, result in results(tree).items()}


@pytest.fixture
def retired(retired_tree, tmp_path):
    return Path(shutil.copytree(retired_tree, tmp_path / "trm"))


@pytest.fixture(scope="module")
def quiet(retired_tree):
    return findings(retired_tree)


# One change each: the file, what stands there (None: nothing yet), what is put in its place, and which checks speak.
MAIN = "processor/src/main.ts"
BOOT = "await migrateLegacyTopic(redis);\n"
PAGE = "docs/wiki/entities/processor.md"
LOCKED = "\nsnapshots:\n"

COMPOSE = "deploy/compose.yaml"
WAITS = """    depends_on:
      directus:
        condition: service_healthy
      redis:
        condition: service_healthy
"""
HEALTH = """      test: ["CMD-SHELL", "wget -q --spider http://127.0.0.1:8055/server/health || exit 1"]
"""
STEP_3 = """step "3/5 schema apply: the collections of snapshots/schema.yaml"
directus schema apply --yes snapshots/schema.yaml

"""
STEP_4 = """step "4/5 db-init-post: composite UNIQUE constraints on collections"
sh apply-db-init.sh db-init-post

"""

MUTATIONS = {
    # the runner
    "a call inside a template literal": (
        MAIN,
        BOOT,
        f"{BOOT}log.info({{}}, `schema ${{await migrate(pool)}}`);\n",
        {"RET003"},
    ),
    "a call": (MAIN, BOOT, f"await migrate(pool);\n{BOOT}", {"RET003"}),
    "a call with no parentheses around its name": (MAIN, BOOT, f"void (await db.migrate?.(pool));\n{BOOT}", {"RET003"}),
    "a call in a comment": (MAIN, BOOT, f"// await migrate(pool);\n/* migrate(pool) */\n{BOOT}", set()),
    "a call in a text": (MAIN, BOOT, f"log.info({{}}, 'migrate(pool) is gone');\n{BOOT}", set()),
    "a look-alike": (MAIN, BOOT, f"await emigrate(pool);\nawait migrateAll(pool);\n{BOOT}", set()),
    "an import": (MAIN, BOOT, f"import './db/migrate.js';\n{BOOT}", {"RET003"}),
    "a script": ("processor/package.json", '"dev":', '"migrate": "tsx src/db/migrate.ts",\n    "dev":', {"RET003"}),
    "the module, emptied": ("processor/src/db/migrate.ts", None, "export {};\n", {"RET002"}),
    # the ledger and DDL
    "the ledger's name in a comment": (MAIN, BOOT, f"// migrations_applied stays in old databases\n{BOOT}", set()),
    "the ledger's name in a template literal": (
        MAIN,
        BOOT,
        f"await pool.query(`SELECT count(*) FROM migrations_applied`);\n{BOOT}",
        {"RET004"},
    ),
    "DDL in a template literal": (
        MAIN,
        BOOT,
        f"await pool.query(`\n  ALTER TABLE positions\n    ADD COLUMN IF NOT EXISTS note text\n`);\n{BOOT}",
        {"RET005"},
    ),
    "DDL in a .sql file": ("processor/src/db/bootstrap.sql", None, "create table if not exists x (a int);\n", {"RET005"}),
    "a statement that is no DDL": (MAIN, BOOT, f"await pool.query('UPDATE positions SET faulty = false');\n{BOOT}", set()),
    # dependencies, image, files
    "the library in the lock alone": (
        "processor/pnpm-lock.yaml",
        LOCKED,
        f"\n  node-pg-migrate@7.9.1:\n    resolution: {{integrity: sha512-x}}\n{LOCKED}",
        {"RET006"},
    ),
    "the migrations in the image": (
        "processor/Dockerfile",
        "COPY package.json ./\nUSER",
        "COPY src/db/migrations ./dist/db/migrations\nCOPY package.json ./\nUSER",
        {"RET007"},
    ),
    # Two checks are about it: the Dockerfile copies all of src/.
    "a migration": ("processor/src/db/migrations/0003_x.sql", None, "select 1;\n", {"RET001", "RET007"}),
    "the folder of migrations, empty and not ignored": ("processor/src/db/migrations/", None, "", {"RET001"}),
    "another pool": ("processor/src/db/pool.ts", "max: 10,", "max: 11,", {"RET009"}),
    # the fixture
    "a fixture that does not say what it syncs with": (
        "processor/test/fixtures/schema.sql",
        "-- syncs with `trm/directus/db-init/` — update both when schema changes.\n",
        "",
        {"RET008"},
    ),
    # the boot
    "depends_on in its short form": (COMPOSE, WAITS, "    depends_on: [directus, redis]\n", {"BOOT002"}),
    "the writer waits for the start alone": (
        COMPOSE,
        "      directus:\n        condition: service_healthy",
        "      directus:\n        condition: service_started",
        {"BOOT002"},
    ),
    "a health check that always succeeds": (COMPOSE, HEALTH, '      test: ["CMD", "true"]\n', {"BOOT003"}),
    "no health check": (COMPOSE, HEALTH, "      disable: true\n", {"BOOT003"}),
    "a health check written as a shell's line": (
        COMPOSE,
        HEALTH,
        "      test: wget -q --spider http://127.0.0.1:8055/server/health || exit 1\n",
        set(),
    ),
    "the steps 3 and 4 the other way round": ("directus/entrypoint.sh", STEP_3 + STEP_4, STEP_4 + STEP_3, {"BOOT001"}),
    "a step in a comment": (
        "directus/entrypoint.sh",
        "sh apply-db-init.sh db-init-post",
        "# sh apply-db-init.sh db-init-post",
        {"BOOT001"},
    ),
    "development without the order": (
        "processor/compose.dev.yaml",
        "      directus:\n        condition: service_healthy\n",
        "      postgres:\n        condition: service_healthy\n",
        {"BOOT004"},
    ),
    # the documents
    "the sentence is gone": (PAGE, "Processor never runs DDL. ", "", {"DOC001"}),
    "the sentence in a comment": (
        PAGE,
        "Processor never runs DDL. Schema",
        "<!-- Processor never runs DDL. --> Schema",
        {"DOC001"},
    ),
    "the sentence, wrapped and emphasised otherwise": (
        PAGE,
        "Processor never runs DDL.",
        "**Processor**\n_never_ runs `DDL`.",
        set(),
    ),
    "the sentence in another section": (PAGE, "## Schema ownership vs. write access", "## Access", {"DOC001"}),
    "the caveat is back, wrapped": (
        PAGE,
        "## Operations",
        "It is owned by [[processor]]’s\n*migration runner*.\n\n## Operations",
        {"DOC002"},
    ),
    "the caveat in a comment": (
        PAGE,
        "## Operations",
        "<!-- owned by [[processor]]'s migration runner -->\n\n## Operations",
        set(),
    ),
    "the split is back": (
        "docs/wiki/entities/postgres-timescaledb.md",
        "is the only one",
        "has a split authority",
        {"DOC002"},
    ),
    "the deploy README names the runner": (
        "deploy/README.md",
        "Only then",
        "Only then, after its Migration  Runner,",
        {"DOC002"},
    ),
    "the log's entry is of another kind": ("docs/log.md", "note | Processor's", "decision | Processor's", {"DOC003"}),
    "the log's entry in a comment": (
        "docs/log.md",
        "## [2026-05-02] note | Processor's migration runner retired",
        "<!-- note -->",
        {"DOC003"},
    ),
    "no note in the roadmap": (
        "processor/.planning/ROADMAP.md",
        "Migration runner retired",
        "Something changed",
        {"DOC004"},
    ),
    "nothing about development": ("processor/README.md", "### Development without Directus", "### Development", {"DOC005"}),
    "a script that drops the ledger": (
        "directus/apply-db-init.sh",
        "set -eu\n",
        'set -eu\npsql -c "DROP TABLE IF EXISTS processor.migrations_applied"\n',
        {"DOC006"},
    ),
    "the owner's SQL drops the ledger": ("directus/db-init/004_x.sql", None, "drop table migrations_applied;\n", {"DOC006"}),
    "a handbook without the clean-up": ("processor/OPERATIONS.md", None, "# Operations\n", {"DOC006"}),
    "a handbook with the clean-up": (
        "processor/OPERATIONS.md",
        None,
        "# Operations\n\n```sql\nDROP TABLE processor.migrations_applied;\n```\n",
        set(),
    ),
}


def mutate(tree: Path, path: str, old: str | None, new: str) -> None:
    file = tree / path
    if path.endswith("/"):
        file.mkdir()
        return
    if old is None:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(new, "utf-8")
        return
    text = file.read_text("utf-8")
    assert text.count(old) == 1, f"{path} has {text.count(old)} times: {old}"
    file.write_text(text.replace(old, new), "utf-8")


@pytest.mark.parametrize(("path", "old", "new", "speaking"), MUTATIONS.values(), ids=MUTATIONS)
def test_one_change_makes_one_check_speak(retired, quiet, path, old, new, speaking):
    mutate(retired, path, old, new)
    now = findings(retired)
    assert {name for name, keys in now.items() if keys != quiet[name]} == speaking


def test_an_empty_folder_of_migrations_that_git_ignores_is_gone(retired, quiet):
    (retired / "processor/src/db/migrations").mkdir()
    with (retired / "processor/.gitignore").open("a") as ignored:
        ignored.write("src/db/migrations/\n")
    assert findings(retired) == quiet


def test_the_retired_tree_passes(quiet, retired_tree):
    found = results(retired_tree)
    assert {name: keys for name, keys in quiet.items() if keys} == {}
    undecided = {name for name, result in found.items() if result.outcome is not Outcome.PASSED}
    # The fixture has to be applied to a server, and the commands need node and a container.
    assert undecided == {"RET008", "CMD001"}
    assert all(found[name].outcome is Outcome.SKIPPED and found[name].required for name in undecided)


def test_the_tree_before_the_retirement_is_blocked_by_the_full_list():
    failed = {name: result for name, result in results(DEMO / "trm").items() if result.outcome is Outcome.FAILED}
    blockers = {name for name, result in failed.items() if result.severity is Severity.BLOCKER}
    assert blockers == {*(f"RET00{n}" for n in range(1, 9)), "DOC001", "DOC002", "DOC003"}
    assert set(failed) - blockers == {"DOC004", "DOC005"}


def test_before_the_deletion_the_same_list_is_the_work_of_its_author():
    found = results(DEMO / "trm", Phase.PREFLIGHT)
    work = {name: result for name, result in found.items() if result.findings}
    assert set(work) == {*(f"RET00{n}" for n in range(1, 9)), *(f"DOC00{n}" for n in range(1, 6))}
    assert {result.outcome for result in work.values()} == {Outcome.PENDING}
    for finding in (finding for result in work.values() for finding in result.findings):
        path, _, line = finding.where.rpartition(":")
        assert (DEMO / "trm" / path).is_file(), finding
        assert 1 <= int(line) <= (DEMO / "trm" / path).read_text("utf-8").count("\n") + 1, finding


@pytest.mark.server
@pytest.mark.timescale
def test_the_fixture_builds_what_the_owner_builds_to_the_last_column(retired):
    def fixture():
        project = load_project(retired / "audit.toml")
        given = {**retirement_inputs(project), **rehearsal_inputs(project, phase=Phase.RETIRED, progress=print)}
        (result,) = judge([BY_ID["RET008"]], {**given, "owner_origins": {}}, Phase.RETIRED)
        return result

    assert fixture().outcome is Outcome.PASSED
    one_behind = "attributes  jsonb            not null default '{}',"
    faulty = "\n    faulty      boolean          not null default false"
    mutate(retired, "processor/test/fixtures/schema.sql", one_behind + faulty, one_behind[:-1])
    assert [finding.key for finding in fixture().findings] == [
        "RET008:processor/test/fixtures/schema.sql:column:public.positions.faulty"
    ]
