"""The folders of ``reports/``: one for each run of each environment, never written twice."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from migration_audit.model.errors import AuditError
from migration_audit.model.evidence import Evidence
from migration_audit.signoff import EVIDENCE_FILE, evidence_of

SIGNED = "signed"


_RUN: Final = re.compile(r"\d{8}T\d{6}Z-")
"""How the folder of a run begins; other folders are other people's."""


_RACES: Final = 20
"""How often others may remove a folder while a new one is made in it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FinishedRun:
    """One finished run of one environment."""

    environment: str
    folder: Path
    evidence: Evidence | None
    """None where this version cannot read it."""


def is_run_name(name: str) -> bool:
    """Whether a folder of this name is one of a run."""
    return _RUN.match(name) is not None


def run_name(now: datetime, commit: str | None) -> str:
    """``20261123T114500Z-1a2b3c4`` : UTC time and commit, so that names sort by time."""
    return f"{now.strftime('%Y%m%dT%H%M%SZ')}-{commit[:7] if commit else 'nocommit'}"


@contextmanager
def run_folders(out: Path, environments: Iterable[str], name: str) -> Iterator[dict[str, Path]]:
    """A new folder of each environment; those in which nothing was written are removed again. Raises AuditError."""
    made: dict[str, Path] = {}
    try:
        for environment in environments:
            made[environment] = _new_run_folder(out, environment, name)
        yield made
    finally:
        for folder in made.values():
            with suppress(OSError):  # it is not empty
                folder.rmdir()
                folder.parent.rmdir()


def _new_run_folder(out: Path, environment: str, name: str) -> Path:
    """A folder that did not exist before; a second run in one second gets a number."""
    for attempt in range(1, 1000):
        folder = out / environment / (name if attempt == 1 else f"{name}-{attempt}")
        try:
            folder.mkdir(parents=True)
        except FileExistsError:
            # a link that leads nowhere, or a file, is in the way of it or of a folder above it; or the folder is gone again
            taken = next((each for each in (folder, *folder.parents) if os.path.lexists(each) and not each.is_dir()), None)
            if taken is not None:
                what = "is a link that leads nowhere" if taken.is_symlink() else "is a file"
                todo = "choose another report folder with --out, or remove it"
                raise AuditError(f"{what}, where a folder is needed", where=str(taken), todo=todo) from None
            continue
        except OSError as error:
            if isinstance(error, FileNotFoundError) and attempt < _RACES:
                continue  # a run that ended meanwhile has removed the empty folder above
            raise AuditError(
                f"the report folder cannot be written: {error.strerror}",
                where=str(folder),
                todo="choose another one with --out, or make it writable",
            ) from None
        return folder
    raise AuditError("there are too many runs within one second", where=str(out / environment), todo="wait a second")


def latest_runs(out: Path) -> Iterator[FinishedRun]:
    """The newest run of each environment that has an evidence.json, signed or not, by environment name.

    Runs that are dated in the future come before it: they are for a note, and never the newest.
    """
    signed = out / SIGNED
    names = {folder.name for place in (out, signed) for folder in _folders(place)} - {SIGNED}
    for name in sorted(names):
        runs = [run for place in (out, signed) for run in _folders(place / name) if _RUN.match(run.name)]
        for run in sorted(runs, key=lambda p: p.name, reverse=True):
            if (run / EVIDENCE_FILE).is_file():
                found = FinishedRun(environment=name, folder=run, evidence=evidence_of(run))
                yield found
                if found.evidence is None or not found.evidence.is_of_the_future(datetime.now(UTC)):
                    break


def runs_before(out: Path, run: FinishedRun, *, most: int) -> Iterator[FinishedRun]:
    """The readable runs of the same environment before this one, newest first, signed or not; at most ``most`` are read."""
    folders = [each for place in (out, out / SIGNED) for each in _folders(place / run.environment) if _RUN.match(each.name)]
    older = sorted((each for each in folders if each.name < run.folder.name), key=lambda each: each.name, reverse=True)
    for folder in older[:most]:
        if (evidence := evidence_of(folder)) is not None:
            yield FinishedRun(environment=run.environment, folder=folder, evidence=evidence)


def _folders(place: Path) -> list[Path]:
    return [p for p in place.iterdir() if p.is_dir() and not p.name.startswith(".")] if place.is_dir() else []
