"""The folders of ``reports/``: one for each run of each environment, never written twice."""

from __future__ import annotations

import re
import stat
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from functools import cache
from itertools import islice
from pathlib import Path
from typing import Final

from migration_audit.audit.facts.files import write_atomically, write_json_file
from migration_audit.model.codec import CONVERTER, structured
from migration_audit.model.errors import AuditError
from migration_audit.model.evidence import EarlierRun, EarlierRuns, Evidence, PastVerdict
from migration_audit.model.finding import Outcome, Phase
from migration_audit.model.strict_json import parse_json
from migration_audit.report.page import IndexedRun, render_index
from migration_audit.signoff import EVIDENCE_FILE, SIGNED, evidence_of
from migration_audit.signoff.decisions import FOLDER as SIGNATURES
from migration_audit.signoff.decisions import read_decision

_RUN: Final = re.compile(r"\d{8}T\d{6}Z-")
"""How the folder of a run begins; other folders are other people's."""


_RACES: Final = 20
"""How often others may remove a folder while a new one is made in it."""
EARLIER_FILE: Final = "earlier.json"
_MOST_READ: Final = 20
"""Folders that are read in search of a finished run."""
_MOST_VERDICTS: Final = 11
"""With the new run, a dozen."""
_MOST_FINDINGS: Final = 500
_MOST_EARLIER: Final = 12
"""Earlier runs of an environment that are listed."""


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
            made[environment] = new_folder(out / environment, name)
        yield made
    finally:
        for folder in made.values():
            with suppress(OSError):  # it is not empty
                folder.rmdir()
                folder.parent.rmdir()


def new_folder(place: Path, name: str) -> Path:
    """A folder of this name that did not exist before; a second run in one second gets a number. Raises AuditError."""
    for attempt in range(1, 1000):
        folder = place / (name if attempt == 1 else f"{name}-{attempt}")
        try:
            folder.mkdir(parents=True)
        except FileExistsError:
            # a link that leads nowhere, or a file, is in the way of it or of a folder above it; or the folder is gone again
            taken = next((each for each in (folder, *folder.parents) if _is_in_the_way(each)), None)
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
    raise AuditError("there are too many runs within one second", where=str(place), todo="wait a second")


def _is_in_the_way(path: Path) -> bool:
    """Whether there is something else than a folder; one look decides, as another run may remove a folder between two."""
    try:
        mode = path.lstat().st_mode
    except (FileNotFoundError, NotADirectoryError):
        return False
    return not path.is_dir() if stat.S_ISLNK(mode) else not stat.S_ISDIR(mode)


def _folders(place: Path) -> list[Path]:
    return [p for p in place.iterdir() if p.is_dir() and not p.name.startswith(".")] if place.is_dir() else []


def _runs(places: Iterable[Path], environment: str) -> list[Path]:
    """The runs of an environment that have an evidence.json, in these report folders, newest first."""
    found = [run for place in places for run in _folders(place / environment) if is_run_name(run.name)]
    return sorted((run for run in found if (run / EVIDENCE_FILE).is_file()), key=lambda run: run.name, reverse=True)


def save_earlier(folder: Path, runs: EarlierRuns) -> None:
    """Keep the earlier runs with a run, so that its report can be made again when they are gone.

    There is no file where there are none. Raises AuditError.
    """
    if runs.verdicts:
        write_json_file(folder / EARLIER_FILE, CONVERTER.unstructure(runs, unstructure_as=EarlierRuns))


def load_earlier(folder: Path) -> EarlierRuns:
    """The earlier runs that a run's folder names. Raises AuditError for a file that does not list them."""
    path = folder / EARLIER_FILE
    if not path.is_file():
        return EarlierRuns()
    return structured(CONVERTER, parse_json(path.read_bytes(), where=path.name), EarlierRuns, where=path.name)


def earlier_runs(out: Path, environment: str, *, phase: Phase, before: Path) -> EarlierRuns:
    """The runs of this environment and phase before the folder of a new one, ``before``.

    A run that cannot be read here may be one of another phase; like one that did not finish, it is listed without a verdict,
    and the new run is not compared with it.
    """
    read = cache(evidence_of)

    def is_ours(folder: Path) -> bool:
        evidence = read(folder)
        return evidence is None or (evidence.phase, evidence.environment) == (phase, environment)

    def finished(places: Iterable[Path]) -> EarlierRun | None:
        for folder in islice(_earlier_folders(places, environment, before), _MOST_READ):
            evidence = read(folder)
            if evidence is not None and evidence.complete and is_ours(folder):
                return _earlier(folder, evidence)
        return None

    last, signed = finished((out, out / SIGNED)), finished((out / SIGNED,))
    compared = (last,) if last == signed else (last, signed)
    shown = islice(filter(is_ours, _earlier_folders((out, out / SIGNED), environment, before)), _MOST_VERDICTS)
    return EarlierRuns(
        compared=tuple(run for run in compared if run is not None),
        verdicts=tuple(_verdict(folder, read(folder)) for folder in shown),
    )


def _earlier_folders(places: Iterable[Path], environment: str, before: Path) -> Iterator[Path]:
    """The folders of earlier runs that have evidence, the last one first."""
    return (run for run in _runs(places, environment) if run != before and run.name <= before.name)


def _is_signed(folder: Path) -> bool:
    return folder.parent.parent.name == SIGNED


def _verdict(folder: Path, evidence: Evidence | None) -> PastVerdict:
    verdict = evidence.verdict if evidence is not None and evidence.complete else None
    return PastVerdict(run=folder.name, signed=_is_signed(folder), verdict=verdict)


def _earlier(folder: Path, evidence: Evidence) -> EarlierRun:
    found = {f.key: f.summary for c in evidence.checks if c.outcome is Outcome.FAILED for f in c.findings}
    return EarlierRun(
        run=folder.name,
        generated_at=evidence.generated_at,
        signed=_is_signed(folder),
        verdict=evidence.verdict,
        findings=dict(sorted(found.items())[:_MOST_FINDINGS]),
        undecided=tuple(c.id for c in evidence.checks if c.is_undecided),
    )


def write_index(out: Path, *, order: Sequence[str], progress: Callable[[str], None]) -> None:
    """``index.html``: the checks by environments over the newest run of each in each phase; ``order`` comes first.

    Runs of the phase after the deletion are found in the folder ``retired`` as well. What is in the folder and was not
    written by this version is left out, and that is reported. Raises AuditError.
    """
    places = {name: number for number, name in enumerate(order)}
    indexed = []
    for base in (out, out / Phase.RETIRED.value):
        names = {folder.name for place in (base, base / SIGNED) for folder in _folders(place)} - {SIGNED}
        for name in sorted(names, key=lambda name: (places.get(name, len(places)), name)):
            for run, evidence in _shown_runs(base, name, lambda line: progress(f"{out / 'index.html'} leaves out {line}")):
                report = f"{run.relative_to(out).as_posix()}/report.html"
                decisions = tuple(_decisions(run / SIGNATURES))
                indexed.append(IndexedRun(environment=name, evidence=evidence, report=report, decisions=decisions))
    write_atomically(out / "index.html", render_index(indexed).encode())


def _shown_runs(base: Path, environment: str, leave_out: Callable[[str], None]) -> Iterator[tuple[Path, Evidence]]:
    """The newest run of an environment, signed or not, and its readable earlier ones; none where it cannot be read.

    A run that is dated in the future is left out, and is never the newest.
    """
    runs = _runs((base, base / SIGNED), environment)
    for newest in runs:
        evidence = evidence_of(newest)
        if evidence is None:
            leave_out(f"{newest}: its evidence.json is not one of this version")
            return
        if evidence.is_of_the_future(datetime.now(UTC)):
            leave_out(f"{newest}: its evidence is dated in the future")
            continue
        yield newest, evidence
        for run in [each for each in runs if each.name < newest.name][:_MOST_EARLIER]:
            if (earlier := evidence_of(run)) is not None:
                yield run, earlier
        return


def _decisions(folder: Path) -> Iterator[str]:
    """Who decided what, as the files say; whether their signatures hold is for ``verify``."""
    for path in sorted(folder.glob("*.json")):
        with suppress(OSError, ValueError):
            signed = read_decision(path.read_bytes())
            yield f"{signed.decision.value} by {signed.reviewer}"
