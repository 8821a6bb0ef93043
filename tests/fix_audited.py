"""Signed evidence of a small project whose rules list work, and the branch on which that work is done."""

from __future__ import annotations

from pathlib import Path

import pytest

from fix_signed import ANN, BOB, EVE, POLICY, TOML, World, new_world
from migration_audit.audit.inputs.artifact_digests import artifact_digests

FILES = {
    "app/main.ts": 'import { migrate } from "./migrate.js";\nawait migrate();\nawait serve();\n',
    "app/migrate.ts": "export async function migrate() {}\n",
    "app/pool.ts": "export const pool = new Pool();\n",
    "app/package.json": '{"dependencies": {"knex": "1.0.0", "pg": "8.0.0"}}\n',
    "docs/readme.md": "# App\n\nIt runs its migrations.\n",
    "compose.yaml": "services:\n  db: {image: postgres}\n  app: {image: app, depends_on: [db]}\n",
    "entrypoint.sh": "#!/bin/sh\nexec app\n",
    "post/001.sql": "CREATE INDEX i ON a (id);\n",
}
RULES = """
[[rule]]
check = "RET009"
present = ["compose.yaml"]

[[rule]]
check = "DOC006"
drops = ["migrations_applied"]
in = ["post/*.sql"]

[[rule]]
check = "RET002"
absent = ["app/migrate.ts"]

[[rule]]
check = "RET003"
calls = ["migrate"]
module = "app/migrate.ts"
in = ["app/**/*.ts"]

[[rule]]
check = "RET005"
ddl = true
in = ["app/**/*.ts", "entrypoint.sh"]

[[rule]]
check = "RET006"
packages = ["knex"]
in = ["app/package.json"]

[[rule]]
check = "DOC002"
says_not = ["runs its migrations"]
in = ["docs/*.md"]
"""
DONE = {
    "app/main.ts": "await serve();\n",
    "app/package.json": '{"dependencies": {"pg": "8.0.0"}}\n',
    "docs/readme.md": "# App\n\nIt runs no DDL.\n",
}


def audit(world: World, **how) -> Path:
    """A run of the files that are there, signed by two."""
    files = [{"path": path, "sha256": sha256} for path, sha256 in artifact_digests(world.project)]
    return world.sign(world.sign(world.run(artifacts=files, **how), ANN, anyway=True), BOB, anyway=True)


@pytest.fixture(scope="session")
def audited_once(tmp_path_factory: pytest.TempPathFactory, signing_keys: Path) -> World:
    """Signed evidence on main; copied for each test, since it takes a while to make."""
    made = new_world(tmp_path_factory.mktemp("audited") / "repo", signing_keys, TOML + POLICY + RULES, branch="main")
    for name, text in FILES.items():
        made.write(name, text)
    made.write(".gitattributes", "reports/** -text\n")
    made.allow(ANN, BOB, EVE)
    made.commit()
    audit(made)
    made.commit("signed")
    made.publish()
    made.git("checkout", "-q", "-b", "retire")
    return made


@pytest.fixture
def audited(audited_once: World, tmp_path: Path) -> World:
    """Signed evidence on main, and a branch off it, on which nothing has been done."""
    return audited_once.copy(tmp_path / "repo")


def retire(world: World) -> None:
    """The deletion as the work list has it."""
    world.git("rm", "-q", "-r", "legacy", "app/migrate.ts")
    for name, text in DONE.items():
        world.write(name, text)


def gate(world: World, **how) -> tuple[int, str]:
    """The exit code of the gate of prod, and what is not met."""
    found = world.gate(**{"policy_from": "origin/main", **how})["prod"]
    return found.exit_code, "\n".join(f"{r.need.value}: {r.text}" for r in found.requirements if r.ok is False)
