"""The runs of an environment before a new one: what its report compares itself with.

They are a file of the run next to its evidence, so that the report can be made again when they are gone.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cache
from itertools import islice
from pathlib import Path
from typing import Final

from migration_audit.audit.facts.files import write_json_file
from migration_audit.model.codec import strict_converter, structured
from migration_audit.model.evidence import EarlierRun, EarlierRuns, Evidence, PastVerdict
from migration_audit.model.finding import Outcome, Phase
from migration_audit.model.strict_json import parse_json
from migration_audit.runner.folders import SIGNED, is_run_name
from migration_audit.signoff import EVIDENCE_FILE, evidence_of

EARLIER_FILE: Final = "earlier.json"
_CONVERTER: Final = strict_converter()
_MOST_READ: Final = 20
"""Folders that are read in search of a finished run."""
_MOST_VERDICTS: Final = 11
"""With the new run, a dozen."""
_MOST_FINDINGS: Final = 500


def save_earlier(folder: Path, runs: EarlierRuns) -> None:
    """Keep the earlier runs with a run; no file where there are none. Raises AuditError."""
    if runs.verdicts:
        write_json_file(folder / EARLIER_FILE, _CONVERTER.unstructure(runs, unstructure_as=EarlierRuns))


def load_earlier(folder: Path) -> EarlierRuns:
    """The earlier runs that a run's folder names. Raises AuditError for a file that does not list them."""
    path = folder / EARLIER_FILE
    if not path.is_file():
        return EarlierRuns()
    return structured(_CONVERTER, parse_json(path.read_bytes(), where=path.name), EarlierRuns, where=path.name)


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
        for folder in islice(_folders(places, environment, before), _MOST_READ):
            evidence = read(folder)
            if evidence is not None and evidence.complete and is_ours(folder):
                return _earlier(folder, evidence)
        return None

    last, signed = finished((out, out / SIGNED)), finished((out / SIGNED,))
    compared = (last,) if last == signed else (last, signed)
    shown = islice(filter(is_ours, _folders((out, out / SIGNED), environment, before)), _MOST_VERDICTS)
    return EarlierRuns(
        compared=tuple(run for run in compared if run is not None),
        verdicts=tuple(_verdict(folder, read(folder)) for folder in shown),
    )


def _folders(places: Iterable[Path], environment: str, before: Path) -> Iterator[Path]:
    """The folders of earlier runs that have evidence, the last one first."""
    found = [
        run
        for place in places
        if (place / environment).is_dir()
        for run in (place / environment).iterdir()
        if is_run_name(run.name) and run != before and run.name <= before.name and (run / EVIDENCE_FILE).is_file()
    ]
    return iter(sorted(found, key=lambda run: run.name, reverse=True))


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
    )
