"""The case of a run as its folder holds it: facts and settings from files, nothing read anew."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from copy import copy
from datetime import date, datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import Any

from migration_audit.audit.case import Case
from migration_audit.audit.facts import FOLDER, Facts, load_facts
from migration_audit.model.errors import AuditError
from migration_audit.model.finding import Phase
from migration_audit.project import Project, audited_digest, project_of

_AGAIN = "run the audit again"
_LONGEST = timedelta(days=1)
"""From the reading of an environment to the evidence about it: its notebooks take minutes."""


class SavedCase(Case):
    """The facts in a run's folder, with what follows from them."""

    def __init__(self, folder: Path, evidence: Mapping[str, Any], *, project: Project | None = None) -> None:
        """Take environment, phase and day from the evidence, and the settings from the facts unless ``project`` is given.

        Raises AuditError where the folder has no facts, or the evidence names what the settings do not have.
        """
        self.folder = folder
        self._evidence = evidence
        self.project = project or _project(folder)
        try:
            self.phase = Phase(evidence["phase"])
            self.environment = self.project.environment(str(evidence["environment"]))
            self._today = datetime.fromisoformat(evidence["generated_at"]).date()
        except (KeyError, TypeError, ValueError) as error:
            raise AuditError(f"the evidence cannot be read: {error}", where=str(folder), todo=_AGAIN) from None

    @property
    def evidence(self) -> Mapping[str, Any]:
        """The evidence that was given: what ``show_digests`` and its kin show."""
        return self._evidence

    def without_environment(self) -> SavedCase:
        """The same facts as a notebook sees them that names no environment."""
        other = copy(self)
        other.environment = None
        return other

    def with_evidence(self, evidence: Mapping[str, Any]) -> SavedCase:
        """The same facts, with what was computed of them already, under this evidence."""
        other = copy(self)
        other._evidence = evidence
        return other

    @property
    def today(self) -> date:
        """The day of the evidence, by which its waivers were judged."""
        return self._today

    @cached_property
    def shared(self) -> Facts:
        """The facts that are the same for every environment. Raises AuditError."""
        return self._load("shared")

    @cached_property
    def own(self) -> Facts:
        """The facts of the environment. Raises AuditError."""
        return self._load("environment")

    def check_origin(self) -> None:
        """Raise AuditError where the facts are those of another environment, phase or time than the evidence says."""
        there = {"environment": self.own["audited_environment"], "phase": self.shared["audited_phase"]}
        for name, value in there.items():
            if value != self._evidence[name]:
                self._refuse(f"{name}: the facts are of {value}, the evidence says {self._evidence[name]}")
        read, said = (datetime.fromisoformat(str(at)) for at in (self.own["read_at"], self._evidence["generated_at"]))
        if not timedelta() <= said - read <= _LONGEST:
            self._refuse(
                f"generated_at: the facts were read at {read:%Y-%m-%d %H:%M}, the evidence says {said:%Y-%m-%d %H:%M}"
            )
        content = self.settings.read_bytes()
        config = {"path": self.settings.name, "sha256": hashlib.sha256(content).hexdigest()}
        config["audited"] = audited_digest(content, file_name=self.settings.name)
        for name, value in config.items():
            if self._evidence["config"].get(name) != value:
                self._refuse(f"config.{name}: the evidence speaks of another {self.settings.name} than the facts hold")

    @property
    def settings(self) -> Path:
        """The settings among the facts. Raises AuditError."""
        return _settings(self.folder)

    def _refuse(self, what: str) -> None:
        raise AuditError(what, where=f"{self.folder.name}/{FOLDER}", todo=_AGAIN)

    def _load(self, part: str) -> Facts:
        found = load_facts(self.folder / FOLDER, part)
        if found is None:
            where = f"{self.folder.name}/{FOLDER}/{part}.json.gz"
            raise AuditError("the run has no facts: its results cannot be computed again", where=where, todo=_AGAIN)
        return found


def _settings(folder: Path) -> Path:
    found = [path for name in ("audit.toml", "pyproject.toml") if (path := folder / FOLDER / name).is_file()]
    if len(found) != 1:
        where = f"{folder.name}/{FOLDER}/audit.toml"
        raise AuditError("the run has no settings: its results cannot be computed again", where=where, todo=_AGAIN)
    return found[0]


def _project(folder: Path) -> Project:
    path = _settings(folder)
    return project_of(path.read_bytes(), path=path, shown=f"{FOLDER}/{path.name}")
