"""The evidence of one environment: what is computed from facts, and the frame that says where the facts come from.

Readings of databases cannot be computed again, so evidence names who made them: account, host and CI job.
"""

from __future__ import annotations

import getpass
import hashlib
import os
import socket
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, Final

from migration_audit import __version__
from migration_audit.artifacts.git.repository import author_of, path_in_repository, user_of
from migration_audit.audit.case import Case
from migration_audit.audit.repositories import repositories_read, tops_of, without_credentials
from migration_audit.model.evidence import (
    HOME,
    SCHEMA_VERSION,
    AppliedSource,
    Evidence,
    ExecutedNotebook,
    FileDigest,
    PortDigest,
    Producer,
    Server,
    SettingsFile,
)
from migration_audit.model.finding import CheckResult, Outcome, Phase, Unavailable, Verdict
from migration_audit.model.port import SavedPort
from migration_audit.model.snapshot import Snapshot
from migration_audit.project import Project, audited_digest

_JOB: Final = ("CI_JOB_URL", "BUILDKITE_BUILD_URL", "CIRCLE_BUILD_URL", "BUILD_URL")
"""The address of the job, as GitLab, Buildkite, CircleCI and Jenkins name it."""


def this_producer(environ: Mapping[str, str] = os.environ) -> Producer:
    """The account, host and CI job of this process; None for what is not known."""
    try:
        user = getpass.getuser()
    except (KeyError, OSError):  # an account without a name, as in containers
        user = f"uid {os.getuid()}"
    return Producer(user=user, host=socket.gethostname() or None, job=_job(environ))


def _job(environ: Mapping[str, str]) -> str | None:
    if environ.get("GITHUB_RUN_ID"):
        parts = ("GITHUB_SERVER_URL", "GITHUB_REPOSITORY", "GITHUB_RUN_ID", "GITHUB_RUN_ATTEMPT")
        server, repository, run, attempt = (environ.get(name, "") for name in parts)
        return f"{without_credentials(server)}/{repository}/actions/runs/{run}/attempts/{attempt or 1}"
    url = next((environ[name] for name in _JOB if environ.get(name)), None)
    return without_credentials(url) if url else None


TOOL = f"migration-audit {__version__}"
_COMPARED_TWICE = "COV011"
"""The check that two methods agree."""


def build_evidence(case: Case, *, now: datetime, notebooks: Iterable[ExecutedNotebook] = ()) -> Evidence:
    """The evidence of one environment; it counts as complete once the report is written."""
    found = computed_fields(case)
    files = [file.path for source in found["sources"] for file in source.files]
    files += [file.path for file in found["artifacts"]]
    framed = _frame(case.project, environment=case.environment_name, phase=case.phase, now=now, files=files)
    return replace(framed, **found, notebooks=tuple(notebooks))


def computed_fields(case: Case) -> dict[str, Any]:
    """What follows from the facts, by field of ``Evidence``; ``verify`` and ``gate`` compute it again and compare."""
    sides = {"legacy": case.legacy, "owner": case.owner, "live": case.live}
    sources, port, rows = case.shared["sources"], case.shared["port"], case.shared["rows"]
    return {
        "project": case.project.name,
        "verdict": case.verdict,
        "server": Server.of(case.live.server) if isinstance(case.live, Snapshot) else None,
        "shadow": case.shared["shadow"],
        "sources": () if isinstance(sources, Unavailable) else tuple(map(AppliedSource.of, sources)),
        "artifacts": _files(case.shared["artifacts"]),
        "reports": _files(case.shared["reports"]),
        "snapshots": {name: side.digest for name, side in sides.items() if isinstance(side, Snapshot)},
        "rows": None if isinstance(rows, Unavailable) else rows.summary,
        "checks": tuple(case.results),
        "notes": tuple(_notes(case.results)),
        "waivers": tuple(case.waivers),
        "port": PortDigest(proven=port.proven, sha256=port.sha256) if isinstance(port, SavedPort) else None,
    }


def failed_evidence(project: Project, *, environment: str, phase: Phase, error: str) -> Evidence:
    """The evidence of a run that did not reach its end: nothing was decided, and it says why."""
    return replace(_frame(project, environment=environment, phase=phase, now=datetime.now(UTC)), error=error)


def _frame(project: Project, *, environment: str, phase: Phase, now: datetime, files: Collection[str] = ()) -> Evidence:
    """Which audit this is, of what, when, by whom, and from which commits of which repositories; nothing is decided.

    ``files`` are those that were read, relative to audit.toml.
    """
    return Evidence(
        schema_version=SCHEMA_VERSION,
        tool=TOOL,
        complete=False,
        error=None,
        project=project.name,
        phase=phase,
        environment=environment,
        generated_at=now.astimezone(UTC).replace(microsecond=0),
        producer=this_producer(),
        author=_authors(project, files),
        commit=repositories_read(project, files),
        config=_config(project, environment),
        verdict=Verdict.INCOMPLETE,
        server=None,
        shadow=None,
        sources=(),
        artifacts=(),
        reports=(),
        snapshots={},
        rows=None,
        checks=(),
        notes=(),
        waivers=(),
        port=None,
        notebooks=(),
    )


def _authors(project: Project, files: Iterable[str]) -> dict[str, str | None]:
    """Who wrote the audited commits, and who ran the audit."""
    tops = tops_of(project, files)
    others = {name: author_of(top) for name, top in tops.items() if name != HOME and top is not None}
    return {"commit": author_of(project.directory), "ran_by": user_of(project.directory), **others}


def _notes(results: Iterable[CheckResult]) -> Iterator[str]:
    """What a verdict rests on less than usual: "covered" by one method alone is reported where the verdict is."""
    for result in results:
        if result.id == _COMPARED_TWICE and result.outcome is Outcome.SKIPPED and not result.required:
            yield f"{result.id} was skipped: {result.reason}"


def _files(digests: Iterable[tuple[str, str]]) -> tuple[FileDigest, ...]:
    return tuple(FileDigest(path=path, sha256=sha256) for path, sha256 in digests)


def _config(project: Project, environment: str) -> SettingsFile:
    """Which audit.toml this was, where its repository has it, and at which of its lines the environment is."""
    content = project.content
    return SettingsFile(
        path=project.path.name,
        sha256=hashlib.sha256(content).hexdigest(),
        audited=audited_digest(content, file_name=project.path.name),
        prefix=path_in_repository(project.directory),
        environment_at=str(project.environment(environment).at),
    )
