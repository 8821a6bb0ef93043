"""The three databases of the demo, each told as its history: who ran which SQL, in which order."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from migration_audit.demo.replay import build
from migration_audit.demo.steps import LEGACY_ROLE, OWNER_ROLE, History, Step
from migration_audit.model.errors import UsageError

__all__ = ["History", "Step", "build", "histories"]


def histories(root: Path) -> tuple[History, ...]:
    """The histories of dev, stage and prod, told with the SQL files below ``root`` (a copy of the ``trm`` tree)."""
    return (_dev(root), _stage(root), _prod(root))


def _dev(root: Path) -> History:
    here = root / "environments" / "dev"
    return History(
        environment="dev",
        steps=(
            _administrator(root),
            _owner("Directus alone runs DDL here", root, role=OWNER_ROLE, at=datetime(2026, 3, 1, 8, tzinfo=UTC)),
            _directus(root),
            _post(root, at=datetime(2026, 3, 1, 8, 1, tzinfo=UTC)),
            Step(title="The processor may write", files=(here / "grants.sql",), role=OWNER_ROLE),
            Step(title="Four days of positions", files=(here / "rows.sql",), role=LEGACY_ROLE),
        ),
    )


def _stage(root: Path) -> History:
    here = root / "environments" / "stage"
    legacy = _sorted(root / "processor/src/db/migrations")
    return History(
        environment="stage",
        steps=(
            _administrator(root, here / "database.sql"),
            _legacy("The processor made its tables itself", legacy, at=datetime(2025, 11, 3, 9, tzinfo=UTC)),
            _owner("db-init found them there", root, role=None, at=datetime(2026, 1, 12, 7, tzinfo=UTC)),
            _directus(root),
            _post(root, at=datetime(2026, 1, 12, 7, 1, tzinfo=UTC)),
            Step(title="Directus may mark rows", files=(here / "grants.sql",), role=LEGACY_ROLE),
            Step(title="Eight days of positions", files=(here / "rows.sql",), role=LEGACY_ROLE),
        ),
    )


def _prod(root: Path) -> History:
    here = root / "environments" / "prod"
    current = _sorted(root / "processor/src/db/migrations")
    # A runner knows a file by its name: the edited 0001 is the same file to it.
    older = _sorted(here / "processor-2025")
    names = {file.name for file in older}
    legacy = (*older, *(file for file in current if file.name not in names))
    return History(
        environment="prod",
        steps=(
            _administrator(root, here / "database.sql"),
            _legacy("The processor of 2025", legacy, at=datetime(2025, 6, 17, 21, tzinfo=UTC)),
            _owner(
                "The db-init of a release that had no third file yet",
                root,
                role=None,
                at=datetime(2025, 12, 2, 20, tzinfo=UTC),
                without="003_faulty_column.sql",
            ),
            _directus(root),
            _post(root, at=datetime(2025, 12, 2, 20, 1, tzinfo=UTC), without="002_devices_serial.sql"),
            Step(title="Directus may mark rows", files=(here / "grants.sql",), role=LEGACY_ROLE),
            Step(title="Six weeks of positions", files=(here / "rows.sql",), role=LEGACY_ROLE),
            Step(title="Changes by hand", files=(here / "drift.sql",)),
        ),
    )


def _administrator(root: Path, *more: Path) -> Step:
    return Step(title="The administrator", files=(root / "environments/all/database.sql", *more))


def _directus(root: Path) -> Step:
    return Step(title="Directus bootstraps", files=(root / "environments/all/directus.sql",), role=OWNER_ROLE)


def _post(root: Path, *, at: datetime, without: str | None = None) -> Step:
    files = tuple(file for file in _sorted(root / "directus/db-init-post") if file.name != without)
    return Step(title="db-init-post", files=files, role=OWNER_ROLE, runner="owner", applied_at=at)


def _legacy(title: str, files: tuple[Path, ...], *, at: datetime) -> Step:
    return Step(title=title, files=files, role=LEGACY_ROLE, runner="legacy", applied_at=at)


def _owner(title: str, root: Path, *, role: str | None, at: datetime, without: str | None = None) -> Step:
    files = tuple(file for file in _sorted(root / "directus/db-init") if file.name != without)
    return Step(title=title, files=files, role=role, runner="owner", applied_at=at)


def _sorted(folder: Path) -> tuple[Path, ...]:
    files = tuple(sorted(folder.glob("*.sql")))
    if not files:
        raise UsageError("there is no SQL file", where=str(folder), todo="point it at a whole copy of the demo's tree")
    return files
