"""The demo's two trees: what a correct retirement changes is listed here, and nothing else differs."""

from __future__ import annotations

from pathlib import Path

from migration_audit import demo

BEFORE, OVERLAY = (Path(demo.__file__).with_name(name) for name in ("trm", "retirement"))

GONE = {
    "processor/src/db/migrate.ts",
    "processor/src/db/migrations/0001_positions.sql",
    "processor/src/db/migrations/0002_positions_faulty.sql",
    "processor/test/migrate.test.ts",
}
MADE = {"processor/test/fixtures/schema.sql"}
CHANGED = {
    "deploy/README.md",
    "docs/log.md",
    "docs/wiki/entities/postgres-timescaledb.md",
    "docs/wiki/entities/processor.md",
    "processor/.planning/ROADMAP.md",
    "processor/.planning/phase-1-throughput/04-postgres-schema.md",
    "processor/Dockerfile",
    "processor/README.md",
    "processor/compose.dev.yaml",
    "processor/package.json",
    "processor/pnpm-lock.yaml",
    "processor/src/main.ts",
    "processor/test/integration/ingest.test.ts",
}
"""Each of them is a deliverable of the seed's task, or follows from one: its compose.dev.yaml, its README."""


def files(tree: Path) -> dict[str, bytes]:
    """Without what happened to the demo's databases: that is no part of a team's tree."""
    found = {path.relative_to(tree).as_posix(): path.read_bytes() for path in tree.rglob("*") if path.is_file()}
    return {name: content for name, content in found.items() if not name.startswith("environments/")}


def test_the_retirement_changes_what_is_listed_and_nothing_else(retired_tree: Path):
    before, after = files(BEFORE), files(retired_tree)
    assert before.keys() - after.keys() == GONE
    assert after.keys() - before.keys() == MADE
    assert {name for name in before.keys() & after.keys() if before[name] != after[name]} == CHANGED
    assert not (retired_tree / "environments").exists()


def test_the_overlay_has_nothing_else():
    assert files(OVERLAY).keys() == MADE | CHANGED


def test_scripts_can_be_run_in_both_trees(retired_tree: Path):
    scripts = {
        tree: {name for name in files(tree) if (tree / name).stat().st_mode & 0o111} for tree in (BEFORE, retired_tree)
    }
    assert scripts[BEFORE] == scripts[retired_tree]
