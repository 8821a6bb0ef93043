"""The runs of an environment before a new one: what its report compares itself with.

They are a file of the run next to its evidence, so that the report can be made again when they are gone.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from migration_audit.audit.facts.files import write_json_file
from migration_audit.model.codec import strict_converter, structured
from migration_audit.model.evidence import EarlierRun, Evidence
from migration_audit.model.finding import Outcome, Phase
from migration_audit.model.strict_json import parse_json
from migration_audit.runner.folders import SIGNED, is_run_name
from migration_audit.signoff import EVIDENCE_FILE, evidence_of

EARLIER_FILE: Final = "earlier.json"
_CONVERTER: Final = strict_converter()
_MOST_READ: Final = 20
"""Folders that are read in search of a finished run."""
_MOST_FINDINGS: Final = 500


def save_earlier(folder: Path, runs: tuple[EarlierRun, ...]) -> None:
    """Keep the earlier runs with a run; no file where there are none. Raises AuditError."""
    if runs:
        write_json_file(folder / EARLIER_FILE, _CONVERTER.unstructure(runs, unstructure_as=tuple[EarlierRun, ...]))


def load_earlier(folder: Path) -> tuple[EarlierRun, ...]:
    """The earlier runs that a run's folder names. Raises AuditError for a file that does not list them."""
    path = folder / EARLIER_FILE
    if not path.is_file():
        return ()
    return structured(_CONVERTER, parse_json(path.read_bytes(), where=path.name), tuple[EarlierRun, ...], where=path.name)


def earlier_runs(out: Path, environment: str, *, phase: Phase, before: Path) -> tuple[EarlierRun, ...]:
    """The last finished run of this environment and phase, and the last signed one where that is another.

    ``before`` is the folder of the new run. What this version cannot read is passed over.
    """
    last = next(_finished((out, out / SIGNED), environment, phase, before), None)
    signed = next(_finished((out / SIGNED,), environment, phase, before), None)
    found = (last,) if last == signed else (last, signed)
    return tuple(run for run in found if run is not None)


def _finished(places: tuple[Path, ...], environment: str, phase: Phase, before: Path) -> Iterator[EarlierRun]:
    folders = [
        run
        for place in places
        if (place / environment).is_dir()
        for run in (place / environment).iterdir()
        if is_run_name(run.name) and run != before and run.name <= before.name and (run / EVIDENCE_FILE).is_file()
    ]
    for folder in sorted(folders, key=lambda run: run.name, reverse=True)[:_MOST_READ]:
        evidence = evidence_of(folder)
        if evidence is not None and evidence.complete and (evidence.phase, evidence.environment) == (phase, environment):
            yield _earlier(folder, evidence, is_signed=folder.parent.parent.name == SIGNED)


def _earlier(folder: Path, evidence: Evidence, *, is_signed: bool) -> EarlierRun:
    found = {f.key: f.summary for c in evidence.checks if c.outcome is Outcome.FAILED for f in c.findings}
    return EarlierRun(
        run=folder.name,
        generated_at=evidence.generated_at,
        signed=is_signed,
        verdict=evidence.verdict,
        findings=dict(sorted(found.items())[:_MOST_FINDINGS]),
    )
