"""The gate asks of a command, a snapshot and a database what it asks of SQL: is it still what was audited?"""

from __future__ import annotations

import json

import pytest

from fix_model import snapshot
from fix_signed import ANN, BOB, World
from migration_audit.audit.preflight.loading import load, source_facts
from migration_audit.audit.preflight.project_sides import load_catalog
from migration_audit.catalog import dump_snapshot

SQL = 'sql = ["legacy/*.sql"]'
COMMAND = 'command = ["true"]\nroot = "runner"\nfiles = ["migrations/*.js", "knexfile.js"]'


def signed(world: World, **how):
    return world.sign(world.sign(world.run(**how), ANN), BOB)


def said(world: World, *, phase: str = "preflight", **how: object) -> tuple[int, dict[str, str]]:
    gate = world.gate(phase=phase, **how)["prod"]
    return gate.exit_code, {r.need.value: r.text for r in gate.requirements if r.ok is False}


@pytest.fixture
def commanded(world: World) -> World:
    """Its legacy source is a command."""
    for name in ("migrations/1.js", "migrations/2.js", "knexfile.js", "other.js"):
        world.write(f"runner/{name}", f"// {name}\n")
    world.edit(SQL, COMMAND)
    world.commit()
    world.publish()
    return world


def test_the_evidence_names_what_the_command_reads(commanded: World) -> None:
    project = commanded.project
    facts = source_facts("legacy", load(project, project.legacy))
    assert [path for path, _ in facts.files] == ["runner/knexfile.js", "runner/migrations/1.js", "runner/migrations/2.js"]
    signed(commanded)
    assert said(commanded) == (0, {})


@pytest.mark.parametrize(
    ("name", "text", "reported"),
    [
        ("runner/migrations/1.js", "// changed\n", "legacy: changed: runner/migrations/1.js"),
        ("runner/migrations/3.js", "// new\n", "legacy: new: runner/migrations/3.js"),
    ],
)
def test_another_file_than_was_audited_closes_it(commanded: World, name: str, text: str, reported: str) -> None:
    signed(commanded)
    commanded.write(name, text)
    code, wrong = said(commanded)
    assert code == 4
    assert reported in " ".join(wrong.values())


def test_a_file_that_the_command_does_not_read_is_its_own_business(commanded: World) -> None:
    signed(commanded)
    commanded.write("runner/other.js", "// changed\n")
    commanded.commit()
    assert said(commanded) == (0, {})


def test_the_deletion_of_its_migrations_passes(commanded: World) -> None:
    signed(commanded)
    commanded.git("rm", "-q", "-r", "runner/migrations")
    commanded.commit()
    assert said(commanded, policy_from="origin/main") == (0, {})
    assert said(commanded) == (0, {})


def test_a_command_without_files_has_nothing_that_could_be_held_against_it(commanded: World) -> None:
    commanded.edit('\nfiles = ["migrations/*.js", "knexfile.js"]', "")
    commanded.commit()
    commanded.publish()
    signed(commanded)
    code, wrong = said(commanded)
    assert code == 4
    assert "the evidence lists no files of legacy" in " ".join(wrong.values())


def test_a_snapshot_must_be_the_one_that_was_audited(world: World) -> None:
    (world.root / "legacy.json").write_bytes(dump_snapshot(snapshot()))
    world.edit(SQL, 'snapshot = "legacy.json"')
    world.commit()
    world.publish()
    facts = load_catalog(world.project, world.project.legacy).facts
    assert [path for path, _ in facts.files] == ["legacy.json"]
    signed(world)
    assert said(world) == (0, {})
    body = json.loads((world.root / "legacy.json").read_text("utf-8"))
    (world.root / "legacy.json").write_text(json.dumps(body, indent=1))
    code, wrong = said(world)
    assert (code, "legacy: changed: legacy.json" in " ".join(wrong.values())) == (4, True)


def test_a_database_has_no_files_and_the_gate_says_so(world: World) -> None:
    world.edit(SQL, 'dsn_env = "LEGACY_URL"')
    world.commit()
    world.publish()
    signed(world)
    gate = world.gate()["prod"]
    assert gate.exit_code == 0
    assert any(
        "legacy: a database without files: only the evidence contains its catalog" in r.text
        for r in gate.requirements
        if r.ok is None
    )
