"""The case of a run as its folder holds it: facts and settings from files, nothing is read again."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from copy import copy
from datetime import date, datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import NoReturn

from migration_audit.artifacts.git.command import line_of_git
from migration_audit.artifacts.git.repository import sha256_of
from migration_audit.audit.case import Case
from migration_audit.audit.facts.store import FOLDER, load_facts
from migration_audit.audit.facts.types import EnvironmentFacts, Part, SharedFacts
from migration_audit.audit.repositories import tops_of
from migration_audit.model.errors import AuditError
from migration_audit.model.evidence import Evidence
from migration_audit.model.finding import Phase, Unavailable
from migration_audit.project import Project, audited_digest, project_of

_AGAIN = "run the audit again"
_LONGEST = timedelta(days=1)
"""From the reading of an environment to the evidence about it: its notebooks take minutes."""


class SavedCase(Case):
    """The facts in a run's folder, with what follows from them."""

    def __init__(
        self, folder: Path, *, environment: str, phase: Phase, generated_at: datetime, project: Project | None = None
    ) -> None:
        """Take the settings from the facts unless ``project`` is given; ``generated_at`` is the time of the evidence.

        Raises AuditError where the folder has no facts, or its settings do not have the environment.
        """
        self.folder = folder
        self.project = project or _project(folder)
        self.phase = phase
        self.environment = self.project.environment(environment)
        self._generated_at = generated_at
        self._evidence: Evidence | None = None

    @classmethod
    def of(cls, folder: Path, evidence: Evidence) -> SavedCase:
        """The facts of a run that has its evidence. Raises AuditError."""
        about = (evidence.environment, evidence.phase, evidence.generated_at)
        return cls(folder, environment=about[0], phase=about[1], generated_at=about[2]).with_evidence(evidence)

    @property
    def evidence(self) -> Evidence:
        """The evidence that was given: what ``show_digests`` and its kin show."""
        if self._evidence is None:
            raise RuntimeError("there is no evidence")
        return self._evidence

    def without_environment(self) -> SavedCase:
        """The same facts as a notebook sees them that names no environment."""
        other = copy(self)
        other.environment = None
        return other

    def with_evidence(self, evidence: Evidence) -> SavedCase:
        """The same facts, with what was computed of them already, under this evidence."""
        other = copy(self)
        other._evidence = evidence
        return other

    @property
    def today(self) -> date:
        """The day of the evidence, by which its waivers were judged."""
        return self._generated_at.date()

    @cached_property
    def shared(self) -> SharedFacts:
        """The facts that are the same for every environment. Raises AuditError."""
        return load_facts(self.folder / FOLDER, "shared") or self._refuse_without("shared")

    @cached_property
    def own(self) -> EnvironmentFacts:
        """The facts of the environment. Raises AuditError."""
        return load_facts(self.folder / FOLDER, "environment") or self._refuse_without("environment")

    def check_origin(self) -> None:
        """Raise AuditError where the facts are those of another environment, phase or time than the evidence says."""
        evidence = self.evidence
        there = {"environment": self.own["audited_environment"], "phase": self.shared["audited_phase"]}
        for name, value in there.items():
            if value != getattr(evidence, name):
                self._refuse(f"{name}: the facts are of {value}, but the evidence has {getattr(evidence, name)}")
        read = datetime.fromisoformat(str(self.own["read_at"]))
        if not timedelta() <= evidence.generated_at - read <= _LONGEST:
            self._refuse(
                f"generated_at: the facts were read at {read:%Y-%m-%d %H:%M}, "
                f"but the evidence has {evidence.generated_at:%Y-%m-%d %H:%M}"
            )
        content = self.settings.read_bytes()
        config = {"path": self.settings.name, "sha256": hashlib.sha256(content).hexdigest()}
        config["audited"] = audited_digest(content, file_name=self.settings.name)
        for name, value in config.items():
            if getattr(evidence.config, name) != value:
                self._refuse(f"config.{name}: the evidence names a different {self.settings.name} than the facts")

    @property
    def settings(self) -> Path:
        """The settings among the facts. Raises AuditError."""
        return _settings(self.folder)

    def _refuse(self, what: str) -> None:
        raise AuditError(what, where=f"{self.folder.name}/{FOLDER}", todo=_AGAIN)

    def _refuse_without(self, part: Part) -> NoReturn:
        where = f"{self.folder.name}/{FOLDER}/{part}.json.gz"
        raise AuditError("the run has no facts: its results cannot be computed again", where=where, todo=_AGAIN)


def _settings(folder: Path) -> Path:
    found = [path for name in ("audit.toml", "pyproject.toml") if (path := folder / FOLDER / name).is_file()]
    if len(found) != 1:
        where = f"{folder.name}/{FOLDER}/audit.toml"
        raise AuditError("the run has no settings: its results cannot be computed again", where=where, todo=_AGAIN)
    return found[0]


def _project(folder: Path) -> Project:
    path = _settings(folder)
    return project_of(path.read_bytes(), path=path, shown=f"{FOLDER}/{path.name}")


def commits_of(project: Project) -> dict[str, str | None]:
    """The commit of each repository that audit.toml declares, and of its own, by name; None outside git."""
    return {
        name: line_of_git(top, "rev-parse", "--verify", "--quiet", "HEAD") if top else None
        for name, top in tops_of(project, ()).items()
    }


def changed_while_read(case: SavedCase, commits: Mapping[str, str | None]) -> list[str]:
    """What is not as it was when the audit began: audit.toml, files that were read, and commits, in words.

    ``commits`` are those of the beginning.
    """
    project, found = case.project, []
    if not project.path.is_file() or project.path.read_bytes() != project.content:
        found.append(project.path.name)
    if case.settings.read_bytes() != project.content:
        found.append(f"{project.path.name} (as the notebooks read it)")
    sources = case.shared["sources"]
    files = [] if isinstance(sources, Unavailable) else [file for source in sources for file in source.files]
    for path, sha256 in dict([*files, *case.shared["artifacts"]]).items():
        if sha256_of(project.directory / path) != sha256:
            found.append(path)
    now = commits_of(project)
    return found + [f"the commit of {name}" for name, commit in commits.items() if now.get(name) != commit]
