"""evidence.json of one environment: what is computed from facts, and the frame that says where the facts come from."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from migration_audit import __version__
from migration_audit.artifacts.repository import author_of, path_in_repository, user_of
from migration_audit.audit.case import Case
from migration_audit.audit.repositories import HOME, repositories_read, tops_of
from migration_audit.model.finding import CheckResult, Outcome, Unavailable, Verdict
from migration_audit.model.port import SavedPort
from migration_audit.model.snapshot import ServerIdentity, Snapshot
from migration_audit.project import Project, audited_digest
from migration_audit.report import manifest_json

SCHEMA_VERSION = 2
TOOL = f"migration-audit {__version__}"
COMPARED_TWICE = "COV011"
"""The check that two methods agree."""


def build_evidence(case: Case, *, now: datetime, notebooks: Iterable[dict[str, Any]] = ()) -> dict[str, Any]:
    """The evidence of one environment, not yet complete: whoever writes the report after it makes it so."""
    found = computed(case)
    framed = frame(case.project, environment=case.environment_name, phase=case.phase.value, now=now, files=files_in(found))
    return {**framed, **found, "notebooks": list(notebooks)}


def files_in(evidence: Mapping[str, Any]) -> list[str]:
    """The files that an evidence names by digest, relative to audit.toml."""
    lists = (*(source.get("files") or () for source in evidence.get("sources") or ()), evidence.get("artifacts") or ())
    return [str(file["path"]) for files in lists for file in files]


def computed(case: Case) -> dict[str, Any]:
    """What the facts give: whoever has them can compute it again and compare."""
    sides = {"legacy": case.legacy, "owner": case.owner, "live": case.live}
    sources, port = case.shared["sources"], case.shared["port"]
    return {
        "project": case.project.name,
        "verdict": case.verdict.value,
        "server": _server(case.live.server) if isinstance(case.live, Snapshot) else None,
        "shadow": {"description": case.shared["shadow"]},
        "sources": [] if isinstance(sources, Unavailable) else [{"role": s.role, **manifest_json([s])[0]} for s in sources],
        "artifacts": _files(case.shared["artifacts"]),
        "reports": _files(case.shared["reports"]),
        "snapshots": {name: side.digest for name, side in sides.items() if isinstance(side, Snapshot)},
        "rows": None if isinstance(case.shared["rows"], Unavailable) else case.shared["rows"].to_json(),
        "checks": [result.to_json() for result in case.results],
        "notes": list(_notes(case.results)),
        "waivers": [use.to_json() for use in case.waivers],
        "port": {"proven": port.proven, "sha256": port.sha256} if isinstance(port, SavedPort) else None,
    }


def failed_evidence(project: Project, *, environment: str, phase: str, error: str) -> dict[str, Any]:
    """The evidence of a run that did not reach its end: nothing was decided, and it says why."""
    return {
        **frame(project, environment=environment, phase=phase, now=datetime.now(UTC)),
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
        "waivers": [],
        "port": None,
        "notebooks": [],
        "error": error,
    }


def frame(project: Project, *, environment: str, phase: str, now: datetime, files: Collection[str] = ()) -> dict[str, Any]:
    """What every evidence starts with: which audit this is, of what, when, and from which commits of which repositories.

    ``files`` are those that were read, relative to audit.toml.
    """
    return {
        "schema_version": SCHEMA_VERSION,
        "complete": False,
        "tool": TOOL,
        "project": project.name,
        "phase": phase,
        "environment": environment,
        "generated_at": now.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "commit": repositories_read(project, files),
        "config": _config(project, environment),
        "author": _authors(project, files),
        "error": None,
    }


def _authors(project: Project, files: Iterable[str]) -> dict[str, str | None]:
    """Who wrote the audited commits, and who ran the audit."""
    tops = tops_of(project, files)
    others = {name: author_of(top) for name, top in tops.items() if name != HOME and top is not None}
    return {"commit": author_of(project.directory), "ran_by": user_of(project.directory), **others}


def _notes(results: Iterable[CheckResult]) -> Iterator[str]:
    """What a verdict rests on less than usual: "covered" by one method alone is told where the verdict is."""
    for result in results:
        if result.id == COMPARED_TWICE and result.outcome is Outcome.SKIPPED and not result.required:
            yield f"{result.id} was not asked: {result.reason}"


def _files(digests: Iterable[tuple[str, str]]) -> list[dict[str, str]]:
    return [{"path": path, "sha256": sha256} for path, sha256 in digests]


def _server(server: ServerIdentity) -> dict[str, Any]:
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
