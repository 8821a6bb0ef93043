"""What a run keeps of its facts: the checks answer the same, and less is reported."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

import fix_directus
from fix_inputs import inputs
from fix_model import column, snapshot
from migration_audit.audit.case import shared_checks
from migration_audit.audit.demo import demo_root
from migration_audit.audit.facts.pruning import pruned
from migration_audit.audit.facts.store import hidden_differences, load_facts, save_facts, with_hidden_differences
from migration_audit.audit.facts.types import fact_types
from migration_audit.audit.inputs.boot import boot_inputs
from migration_audit.audit.inputs.retirement import documents_inputs, retirement_inputs
from migration_audit.checks import judge
from migration_audit.compare import Rules, compare
from migration_audit.model.finding import Phase, Unavailable
from migration_audit.model.other_servers import UserMapping
from migration_audit.model.redaction import Redacted
from migration_audit.model.snapshot import Snapshot
from migration_audit.project import Project, load_project

pytestmark = pytest.mark.slow

ALEMBIC = Path(__file__).parents[1] / "data" / "example-alembic"
PROJECTS = {"demo": demo_root(), "alembic before": ALEMBIC / "before", "alembic after": ALEMBIC / "after"}


def facts_of(project: Project) -> dict[str, Any]:
    read = {**boot_inputs(project), **retirement_inputs(project), **documents_inputs(project)}
    return {**inputs(), **read, "project": project}


@pytest.mark.parametrize("phase", Phase)
@pytest.mark.parametrize("name", PROJECTS)
def test_the_checks_answer_the_same(name: str, phase: Phase) -> None:
    project = load_project(PROJECTS[name] / "audit.toml")
    whole = facts_of(project)
    kept = pruned(project, whole)
    assert kept["code"] != whole["code"], "something was left out"
    assert judge(shared_checks(), kept, phase) == judge(shared_checks(), whole, phase)


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("deploy/compose.yaml", "DB_CLIENT: pg", "DB_CLIENT: pg\n      ODD: hush-9-hush"),
        ("deploy/compose.yaml", "DB_CLIENT: pg", "DB_CLIENT: pg\n      API_TOKEN: hush-9-hush"),
        ("deploy/compose.yaml", "-d trm", "-d trm && tell --token hush-9-hush"),
        ("deploy/compose.yaml", "build: ../processor", "build: {context: ../processor, args: {A: hush-9-hush}}"),
        ("deploy/compose.yaml", "build: ../processor", 'build: ../processor\n    command: ["a", "--secret", "hush-9-hush"]'),
        ("directus/entrypoint.sh", 'exec "$@"', 'curl http://me:hush-9-hush@host/\nexec "$@"'),
        ("processor/src/config.ts", "export interface", "const a = 'hush-9-hush in migrations_applied';\nexport interface"),
        ("processor/package.json", '"dev":', '"seed": "TOKEN=hush-9-hush tsx src/db/migrate.ts",\n    "dev":'),
        ("processor/README.md", "# ", "`PASSWORD=hush-9-hush pnpm migrate`\n\n# "),
    ],
)
def test_a_secret_in_a_file_is_in_no_fact(tmp_path: Path, file: str, old: str, new: str) -> None:
    root = tmp_path / "trm"
    shutil.copytree(demo_root(), root)
    text = (root / file).read_text("utf-8")
    assert old in text
    (root / file).write_text(text.replace(old, new, 1), "utf-8")
    project = load_project(root / "audit.toml")
    whole = facts_of(project)
    kept = pruned(project, whole)
    assert "hush-9-hush" in str(whole)
    assert "hush-9-hush" not in str({name: value for name, value in kept.items() if name in fact_types("shared")})
    assert [r.outcome for r in judge(shared_checks(), kept, Phase.RETIRED)] == [
        r.outcome for r in judge(shared_checks(), whole, Phase.RETIRED)
    ]


def mapping(fingerprint: str) -> Snapshot:
    options = ("user=u", Redacted("password=(redacted)", fingerprint))
    return snapshot(column("a"), UserMapping(server="s", user="u", options=options))


@pytest.mark.parametrize(("owner", "differs"), [("one", False), ("other", True)], ids=["equal", "different"])
def test_a_hidden_value_is_distinguished_after_it_was_kept(tmp_path: Path, owner: str, differs: bool) -> None:
    legacy, actual = mapping("one"), mapping(owner)
    facts = {**dict.fromkeys(fact_types("shared")), **facts_of(load_project(demo_root() / "audit.toml"))}
    facts |= {"legacy": legacy, "owner": actual, "no_coverage": None, "port": None, "prelude": (), "shadow": "x"}
    facts |= {
        "artifacts": (),
        "reports": (),
        "audited_phase": "preflight",
        "gathered_at": "",
        "directus_owner": fix_directus.settled(),
    }
    facts["fresh_rehearsal"] = Unavailable(reason="not asked", required=False)
    save_facts(tmp_path, "shared", facts)
    kept = load_facts(tmp_path, "shared")
    assert kept is not None
    assert bool(hidden_differences(legacy, actual)) is differs
    found, fresh = (
        compare(expected=e, actual=a, rules=Rules()) for e, a in ((kept["legacy"], kept["owner"]), (legacy, actual))
    )
    assert [d.fields for d in found.differences] == [d.fields for d in fresh.differences]
    assert bool(found.differences) is differs


def test_with_a_catalog_that_another_process_read_only_names_are_compared() -> None:
    kept = with_hidden_differences(mapping("one"), (("user mapping", "FOR u SERVER s", "password=(redacted)"),), "owner")
    options = ("user=u", "password=(redacted)")
    live = snapshot(column("a"), UserMapping(server="s", user="u", options=options))
    assert compare(expected=kept, actual=live, rules=Rules()).differences == ()
