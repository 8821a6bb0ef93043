"""evidence.json: the facts that are signed. Sorted keys, no floats, no secrets, ``complete`` written last."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from migration_audit import __version__
from migration_audit.artifacts.repository import author_of, path_in_repository, read_tree, user_of
from migration_audit.gate import decide
from migration_audit.model.finding import CheckResult, Outcome, Unavailable, Verdict
from migration_audit.model.port import KeptPort
from migration_audit.model.snapshot import ServerIdentity, Snapshot
from migration_audit.project import Project, audited_digest
from migration_audit.report import manifest_json
from migration_audit.workbook.audit import Audit

SCHEMA_VERSION = 1
COMPARED_TWICE = "COV011"
"""The check that two methods agree."""


def build_evidence(audit: Audit, *, now: datetime | None = None) -> dict[str, Any]:
    """The evidence of one environment, not yet complete: whoever writes the report after it makes it so."""
    environment = audit.environment
    if environment is None:
        raise ValueError("evidence is about one environment")
    server, digest, _ = audit.live_summary
    before = audit.preflight
    snapshots = {
        role: snapshot.digest
        for role, snapshot in (("legacy", before.legacy), ("owner", before.owner))
        if isinstance(snapshot, Snapshot)
    }
    if digest is not None:
        snapshots["live"] = digest
    return {
        **frame(audit.project, environment=environment.name, phase=audit.phase.value, now=now),
        "verdict": decide(audit.results).value,
        "server": _server(server),
        "shadow": {"description": before.shadow},
        "sources": []
        if isinstance(before.sources, Unavailable)
        else [{"role": s.role, **manifest_json([s])[0]} for s in before.sources],
        "artifacts": _files(before.artifacts),
        "reports": _files(before.reports),
        "snapshots": snapshots,
        "rows": before.rows,
        "checks": [result.to_json() for result in audit.results],
        "notes": list(_notes(audit.results)),
        "waivers": [use.to_json() for use in audit.waivers],
        "port": {"proven": before.port.proven, "sha256": before.port.sha256} if isinstance(before.port, KeptPort) else None,
    }


def failed_evidence(project: Project, *, environment: str, phase: str, error: str) -> dict[str, Any]:
    """The evidence of a run that did not reach its end: nothing was decided, and it says why."""
    return {
        **frame(project, environment=environment, phase=phase, now=None),
        "verdict": Verdict.INCOMPLETE.value,
        "server": None,
        "shadow": None,
        "sources": [],
        "artifacts": [],
        "reports": [],
        "snapshots": {},
        "rows": None,
        "checks": [],
        "notes": [],
        "error": error,
    }


def frame(project: Project, *, environment: str, phase: str, now: datetime | None) -> dict[str, Any]:
    """What every evidence starts with: which audit this is, of what, when, and from which commits."""
    return {
        "schema_version": SCHEMA_VERSION,
        "complete": False,
        "tool": f"migration-audit {__version__}",
        "project": project.name,
        "phase": phase,
        "environment": environment,
        "generated_at": (now or datetime.now(UTC)).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "commit": {
            "audit": asdict(read_tree(project.directory, without=project.report_out)),
            "legacy": asdict(read_tree(project.legacy.root, without=project.report_out)),
            "owner": asdict(read_tree(project.owner.root, without=project.report_out)),
        },
        "config": _config(project, environment),
        "author": {"commit": author_of(project.directory), "ran_by": user_of(project.directory)},
        "waivers": [],
        "error": None,
    }


def _notes(results: Iterable[CheckResult]) -> Iterator[str]:
    """What a verdict rests on less than usual: "covered" by one method alone is told where the verdict is."""
    for result in results:
        if result.id == COMPARED_TWICE and result.outcome is Outcome.SKIPPED and not result.required:
            yield f"{result.id} was not asked: {result.reason}"


def _files(digests: Iterable[tuple[str, str]]) -> list[dict[str, str]]:
    return [{"path": path, "sha256": sha256} for path, sha256 in digests]


def _server(server: ServerIdentity | None) -> dict[str, Any] | None:
    if server is None:
        return None
    return {**asdict(server), "extension_versions": dict(server.extension_versions)}


def _config(project: Project, environment: str) -> dict[str, Any]:
    """Which audit.toml this was, where its repository has it, and at which of its lines the environment stands."""
    content = project.path.read_bytes()
    return {
        "path": project.path.name,
        "sha256": hashlib.sha256(content).hexdigest(),
        "audited": audited_digest(content, file_name=project.path.name),
        "prefix": path_in_repository(project.directory),
        "environment_at": str(project.environment(environment).at),
    }
