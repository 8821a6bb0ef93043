"""Evidence as reports show it: by what it asks of the reader, never more favourable than it is; and where findings are."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

from migration_audit.model.command import is_command
from migration_audit.model.evidence import Evidence, Producer, RepositoryState
from migration_audit.model.finding import CheckResult, Finding, Verdict
from migration_audit.report.escape import one_line, sentence
from migration_audit.report.triage import Triage, triage


@dataclass(frozen=True)
class EvidenceView:
    """One run for its readers."""

    evidence: Evidence

    @property
    def project(self) -> str:
        """The project's name."""
        return one_line(self.evidence.project)

    @property
    def environment(self) -> str:
        """The environment's name."""
        return one_line(self.evidence.environment)

    @property
    def phase(self) -> str:
        """``preflight`` or ``retired``."""
        return self.evidence.phase.value

    @property
    def generated_at(self) -> str:
        """The time of the run, as ``evidence.json`` has it."""
        return f"{self.evidence.generated_at:%Y-%m-%dT%H:%M:%SZ}"

    @property
    def results(self) -> tuple[CheckResult, ...]:
        """How each check ended."""
        return self.evidence.checks

    @cached_property
    def triage(self) -> Triage:
        """The results by what they ask of the reader."""
        return triage(self.results)

    @property
    def verdict(self) -> Verdict:
        """The recorded verdict, or ``incomplete`` when the rest of the evidence contradicts it."""
        return Verdict.INCOMPLETE if self.unfinished else self.evidence.verdict

    @property
    def doubts(self) -> tuple[str, ...]:
        """What could not be checked, each cause once with what it stops; the reasons of ``incomplete``."""
        return (*self.unfinished, *map(str, self.triage.causes))

    @property
    def notes(self) -> tuple[str, ...]:
        """What a reader should know of the run besides its checks."""
        changed = self.evidence.changed_notebooks
        first = [f"Changed notebooks were executed instead of the packaged ones: {', '.join(changed)}."] if changed else []
        return (*first, *self.evidence.notes)

    @cached_property
    def facts(self) -> tuple[tuple[str, str], ...]:
        """Name and value of what identifies the run, for the head of a report."""
        return tuple((name, value) for name, value in self._facts() if value)

    @cached_property
    def unfinished(self) -> tuple[str, ...]:
        """Why the evidence itself is not whole: an error, a run that did not finish, a verdict that contradicts it."""
        found = []
        if self.evidence.error:
            found.append(sentence(self.evidence.error))
        if not self.evidence.complete:
            found.append("The run did not finish: this evidence is not marked complete.")
        if self.evidence.verdict in {Verdict.CLEAN, Verdict.REVIEW} and self.triage.blockers:
            found.append(f"The recorded verdict '{self.evidence.verdict}' contradicts the blocking findings below.")
        return tuple(found)

    def _facts(self) -> Iterator[tuple[str, str]]:
        server, books, producer = self.evidence.server, self.evidence.notebooks, self.evidence.producer
        yield "Phase", self.phase
        yield "Audited", self.generated_at
        yield "Commit", ", ".join(_commits(self.evidence.commit))
        if server is not None:
            extensions = (f"{name} {version}" for name, version in sorted(server.extension_versions.items()))
            yield "Database", server.database
            yield "Server", ", ".join([f"PostgreSQL {server.postgres_version}", *extensions])
            yield "System identifier", server.system_identifier or ""
            yield "Database role", server.read_as
        yield "Run by", producer_text(producer)
        changed = len(self.evidence.changed_notebooks)
        yield "Notebooks", (f"{changed} changed" if changed else "packaged, unchanged") if books else ""
        yield "SQL executed on", self.evidence.shadow or ""


def producer_text(producer: Producer) -> str:
    """``ann on build-7, job https://…``."""
    where = f"{producer.user or 'an unknown account'} on {producer.host or 'an unknown host'}"
    return f"{where}, job {producer.job}" if producer.job else where


def _commits(states: Mapping[str, RepositoryState]) -> Iterator[str]:
    """``1f0c9a2 (with uncommitted changes)``; of several repositories each with its name, in their order."""
    for name, state in sorted(states.items()):
        repository = f"{name} " if len(states) > 1 else ""
        if state.commit is None:
            yield f"{repository}(not in a git repository)"
        else:
            yield f"{repository}{state.commit[:12]}" + (" (with uncommitted changes)" if state.clean is False else "")


class Places:
    """The files of one run's repository.

    ``config`` of the evidence names where audit.toml is (``prefix``, its folder below the repository's root) and at which of
    its lines the environment.
    """

    def __init__(self, evidence: Evidence) -> None:
        """Nothing is read: evidence alone decides."""
        self._prefix = evidence.config.prefix or ""
        self._environment_at = evidence.config.environment_at

    def of(self, finding: Finding) -> tuple[str, int]:
        """Path from the repository's root, and line; the environment's line in audit.toml for what no file defines."""
        named = finding.where
        path, line = _split(self._environment_at if named is None or is_command(named) else named)
        joined = posixpath.normpath(posixpath.join(self._prefix, path))
        if joined.startswith(("../", "/")):  # another repository's file: no path of this one
            path, line = _split(self._environment_at)
            joined = posixpath.normpath(posixpath.join(self._prefix, path))
        return joined, line


def _split(where: str) -> tuple[str, int]:
    path, _, line = where.rpartition(":")
    return (path, max(1, int(line))) if path and line.isdecimal() else (where, 1)
