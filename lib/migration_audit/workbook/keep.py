"""What notebooks of one run hand to each other: plain JSON files in the run's ``facts`` folder.

``preflight.json``  sources, the shadow's server, results of the SQL and COV checks, where the owner's objects come from
``legacy.json``     the snapshots; ``owner.json``, ``live.json`` likewise
``live.json`` …     and ``live-results.json``, the results of the LIV checks
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from migration_audit import catalog
from migration_audit.model.documents import CommandResult
from migration_audit.model.errors import AuditError
from migration_audit.model.finding import CheckResult, Outcome, Unavailable
from migration_audit.model.location import Location
from migration_audit.model.port import KeptPort
from migration_audit.model.preflight import SourceFacts
from migration_audit.model.snapshot import ServerIdentity, Snapshot
from migration_audit.model.sql import NotApplied

SEAL = "sealed.json"
"""What the last cell of ``40_signoff`` leaves in the run's folder; a run without it is not complete."""

OriginMap = Mapping[tuple[str, str], Location]


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptPreflight:
    """What a later notebook needs of the pre-flight."""

    shadow: str
    sources: tuple[SourceFacts, ...] | Unavailable
    legacy: Snapshot | Unavailable
    owner: Snapshot | Unavailable
    owner_origins: OriginMap
    results: tuple[CheckResult, ...]
    port: KeptPort | Unavailable | None = None
    """None where nothing is to be ported."""
    rows: Mapping[str, Any] | None = None
    """The rows that migrations write, as ``RowsComparison.to_json`` tells them; None where they were not compared."""
    prelude: tuple[tuple[str, str], ...] = ()
    """Kind and key of the objects that a prelude makes, and nobody compares."""
    artifacts: tuple[tuple[str, str], ...] = ()
    """Path and SHA-256 of the other files that were judged."""
    reports: tuple[tuple[str, str], ...] = ()
    """Path and SHA-256 of the reports of commands."""


def write_atomically(path: Path, content: bytes) -> None:
    """The file with exactly this content, or as it was before; never half of it. Raises AuditError."""
    unfinished = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        unfinished.write_bytes(content)
        unfinished.replace(path)
    except OSError as error:
        todo = "free some space, make it writable, or choose another folder with --out"
        raise AuditError(f"cannot be written: {error.strerror}", where=str(path), todo=todo) from error
    finally:
        with suppress(OSError):
            unfinished.unlink()


def write_json(path: Path, value: Any) -> None:
    """Readable JSON with sorted keys, written atomically."""
    write_atomically(path, (json.dumps(value, indent=1, sort_keys=True, ensure_ascii=False) + "\n").encode())


def keep_preflight(folder: Path, kept: KeptPreflight) -> None:
    """Write the pre-flight's facts for the notebooks that follow."""
    folder.mkdir(parents=True, exist_ok=True)
    for role, snapshot in (("legacy", kept.legacy), ("owner", kept.owner)):
        if isinstance(snapshot, Snapshot):
            catalog.save_snapshot(snapshot, folder / f"{role}.json")
    missing = {r: _why(s) for r, s in (("legacy", kept.legacy), ("owner", kept.owner)) if isinstance(s, Unavailable)}
    body = {
        "shadow": kept.shadow,
        "sources": _why(kept.sources) if isinstance(kept.sources, Unavailable) else [asdict(s) for s in kept.sources],
        "missing": missing,
        "owner_origins": [[kind, key, at.path, at.line] for (kind, key), at in sorted(kept.owner_origins.items())],
        "results": [result.to_json() for result in kept.results],
        "port": _why(kept.port) if isinstance(kept.port, Unavailable) else asdict(kept.port) if kept.port else None,
        "rows": kept.rows,
        "prelude": kept.prelude,
        "artifacts": kept.artifacts,
        "reports": kept.reports,
    }
    write_json(folder / "preflight.json", body)


def kept_preflight(folder: Path) -> KeptPreflight | None:
    """What ``keep_preflight`` wrote, or None when nothing was kept."""
    path = folder / "preflight.json"
    if not path.is_file():
        return None
    body = json.loads(path.read_text("utf-8"))
    snapshots = {
        role: _unavailable(body["missing"][role])
        if role in body["missing"]
        else catalog.load_snapshot(folder / f"{role}.json")
        for role in ("legacy", "owner")
    }
    sources = body["sources"]
    return KeptPreflight(
        shadow=body["shadow"],
        sources=_unavailable(sources) if isinstance(sources, dict) else tuple(_source(s) for s in sources),
        legacy=snapshots["legacy"],
        owner=snapshots["owner"],
        owner_origins={(kind, key): Location(path, line) for kind, key, path, line in body["owner_origins"]},
        results=tuple(CheckResult.from_json(result) for result in body["results"]),
        port=_port(body.get("port")),
        rows=body["rows"],
        prelude=tuple((kind, key) for kind, key in body["prelude"]),
        artifacts=tuple((path, sha256) for path, sha256 in body["artifacts"]),
        reports=tuple((path, sha256) for path, sha256 in body["reports"]),
    )


def keep_live(folder: Path, live: Snapshot | Unavailable, results: Sequence[CheckResult]) -> None:
    """Write the live snapshot and the results of the LIV checks."""
    folder.mkdir(parents=True, exist_ok=True)
    if isinstance(live, Snapshot):
        catalog.save_snapshot(live, folder / "live.json")
    server = asdict(live.server) if isinstance(live, Snapshot) else None
    write_json(folder / "live-results.json", {"server": server, "results": [r.to_json() for r in results]})


def kept_live(folder: Path) -> tuple[ServerIdentity | None, str | None, tuple[CheckResult, ...]] | None:
    """Server, snapshot digest and results that ``keep_live`` wrote, or None when nothing was kept."""
    path = folder / "live-results.json"
    if not path.is_file():
        return None
    body = json.loads(path.read_text("utf-8"))
    results = tuple(CheckResult.from_json(result) for result in body["results"])
    if body["server"] is None:
        return None, None, results
    snapshot = catalog.load_snapshot(folder / "live.json")
    return snapshot.server, snapshot.digest, results


def keep_commands(folder: Path, results: Sequence[CommandResult]) -> None:
    """Write how the acceptance commands ended, for the notebooks that judge them."""
    write_json(folder / "commands.json", [result.to_json() for result in results])


def kept_commands(folder: Path) -> tuple[CommandResult, ...] | None:
    """What ``keep_commands`` wrote, or None when this run executed none."""
    path = folder / "commands.json"
    if not path.is_file():
        return None
    return tuple(CommandResult.from_json(body) for body in json.loads(path.read_text("utf-8")))


def keep_rehearsal(folder: Path, rows: Sequence[Sequence[str]] | Unavailable) -> None:
    """Write how the writer's statements fared, for the notebook that shows it."""
    write_json(folder / "rehearsal.json", _why(rows) if isinstance(rows, Unavailable) else list(map(list, rows)))


def kept_rehearsal(folder: Path) -> list[tuple[str, str, str, str]] | Unavailable | None:
    """What ``keep_rehearsal`` wrote, or None when nothing was kept."""
    path = folder / "rehearsal.json"
    if not path.is_file():
        return None
    body = json.loads(path.read_text("utf-8"))
    return _unavailable(body) if isinstance(body, dict) else [(a, b, c, d) for a, b, c, d in body]


def _why(unavailable: Unavailable) -> dict[str, Any]:
    return {"reason": unavailable.reason, "outcome": unavailable.outcome.value, "required": unavailable.required}


def _unavailable(body: dict[str, Any]) -> Unavailable:
    return Unavailable(reason=body["reason"], outcome=Outcome(body["outcome"]), required=body["required"])


def _port(body: dict[str, Any] | None) -> KeptPort | Unavailable | None:
    if body is None:
        return None
    if "outcome" in body:
        return _unavailable(body)
    return KeptPort(**{**body, "fixes": tuple((kind, key, sql) for kind, key, sql in body["fixes"])})


def _source(body: dict[str, Any]) -> SourceFacts:
    return SourceFacts(
        role=body["role"],
        name=body["name"],
        files=tuple((path, sha256) for path, sha256 in body["files"]),
        duplicates=tuple((number, tuple(paths)) for number, paths in body["duplicates"]),
        gaps=tuple(body["gaps"]),
        format=body["format"],
        session=body["session"],
        transactions=tuple(body["transactions"]),
        entries=tuple(body["entries"]),
        checksums=tuple(body["checksums"]),
        not_applied=tuple(NotApplied(**each) for each in body["not_applied"]),
        notes=tuple(body["notes"]),
    )
