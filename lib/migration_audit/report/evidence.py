"""evidence.json as the report reads it: tolerant of what is not there, never more favourable than what is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from migration_audit.model.finding import CheckResult, Verdict
from migration_audit.report.escape import one_line
from migration_audit.report.triage import Triage, triage

Body = Mapping[str, Any]


@dataclass(frozen=True)
class Evidence:
    """The facts of one run."""

    body: Body

    @property
    def project(self) -> str:
        """The project's name."""
        return self._text("project", "unnamed project")

    @property
    def environment(self) -> str:
        """The environment's name."""
        return self._text("environment", "unnamed environment")

    @property
    def phase(self) -> str:
        """``preflight`` or ``retired``."""
        return self._text("phase", "not recorded")

    @property
    def generated_at(self) -> str:
        """When the facts were read (ISO 8601), as it was recorded."""
        return self._text("generated_at", "")

    @cached_property
    def results(self) -> tuple[CheckResult, ...]:
        """How each check ended."""
        defaults: dict[str, Any] = {"reason": None, "required": True, "findings": []}
        return tuple(CheckResult.from_json({**defaults, **check}) for check in self.body.get("checks") or ())

    @cached_property
    def triage(self) -> Triage:
        """The results by what they ask of the reader."""
        return triage(self.results)

    @property
    def verdict(self) -> Verdict:
        """The recorded verdict, or ``incomplete`` when the rest of the evidence does not bear it."""
        if self._doubts:
            return Verdict.INCOMPLETE
        return Verdict(self.body["verdict"])

    @property
    def doubts(self) -> tuple[str, ...]:
        """What keeps this evidence from being whole, each as a sentence; the reasons of ``incomplete``."""
        return (*self._doubts, *(f"{u.check} {u.title}: {u.reason}" for u in self.triage.undecided))

    @property
    def notes(self) -> tuple[str, ...]:
        """What the run has to say beside its checks."""
        changed = [str(book.get("name")) for book in self._notebooks if book.get("packaged") is not True]
        told = [f"Not the packaged notebooks were executed, but changed ones: {', '.join(changed)}."] if changed else []
        return (*told, *map(str, self.body.get("notes") or ()))

    @property
    def _notebooks(self) -> tuple[Body, ...]:
        return tuple(book for book in self.body.get("notebooks") or () if isinstance(book, Mapping))

    @cached_property
    def facts(self) -> tuple[tuple[str, str], ...]:
        """Name and value of what identifies the run, for the head of a report."""
        return tuple((name, value) for name, value in self._facts() if value)

    @cached_property
    def files(self) -> tuple[tuple[str, str, str], ...]:
        """Source, path and digest of every SQL file."""
        return tuple(
            (str(source.get("name", "")), str(file.get("path", "")), str(file.get("sha256", "")))
            for source in self.body.get("sources") or ()
            for file in source.get("files") or ()
        )

    @property
    def snapshots(self) -> tuple[tuple[str, str], ...]:
        """Name and digest of every snapshot."""
        return tuple(sorted((one_line(str(k)), one_line(str(v))) for k, v in (self.body.get("snapshots") or {}).items()))

    @cached_property
    def _doubts(self) -> tuple[str, ...]:
        recorded = self.body.get("verdict")
        found = []
        if self.body.get("error"):
            found.append(str(self.body["error"]))
        if self.body.get("complete") is not True:
            found.append("The run did not reach its end: this evidence is not marked complete.")
        if recorded not in {v.value for v in Verdict}:
            found.append(f"The recorded verdict {recorded!r} is none that the audit gives.")
        elif recorded in {"clean", "review"} and self.triage.blockers:
            found.append(f"The recorded verdict {recorded!r} contradicts the blocking findings below.")
        return tuple(found)

    def _facts(self) -> Iterator[tuple[str, str]]:
        server = self.body.get("server") or {}
        yield "Phase", self.phase
        yield "Audited", self.generated_at
        yield "Commit", ", ".join(_commits(self.body.get("commit") or {}))
        yield "Database", str(server.get("database") or "")
        versions = [f"PostgreSQL {server['postgres_version']}"] if server.get("postgres_version") else []
        extensions = server.get("extension_versions") or {}
        yield "Server", ", ".join([*versions, *(f"{name} {extensions[name]}" for name in sorted(extensions))])
        yield "System identifier", str(server.get("system_identifier") or "")
        yield "Read as", str(server.get("read_as") or "")
        own = sum(book.get("packaged") is not True for book in self._notebooks)
        yield "Notebooks", (f"{own} changed" if own else "the packaged ones") if self._notebooks else ""
        yield "Shadow", str((self.body.get("shadow") or {}).get("description") or "")

    def _text(self, name: str, absent: str) -> str:
        return one_line(str(self.body.get(name) or absent))


def _commits(commits: Body) -> Iterator[str]:
    """``legacy 1f0c9a2 (with uncommitted changes)``, in the order of the names."""
    for name in sorted(commits):
        commit = commits[name]
        if isinstance(commit, str):
            yield f"{name} {commit[:12]}"
        elif isinstance(commit, Mapping) and (digest := commit.get("commit") or commit.get("sha") or commit.get("id")):
            dirty = commit.get("dirty") or commit.get("clean") is False
            yield f"{name} {str(digest)[:12]}" + (" (with uncommitted changes)" if dirty else "")
