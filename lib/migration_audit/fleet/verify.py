"""Whether a fleet run matches its statement: each file, each target, the root over them. Needs no database."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from migration_audit.catalog import load_snapshot
from migration_audit.fleet.evidence import Direction, TargetEvidence, TargetOutcome, target_evidence_bytes
from migration_audit.fleet.finish import index_line, render_page_of, statement_of, sum_up
from migration_audit.fleet.read_target import why_unchecked
from migration_audit.fleet.statements import FleetStatement, read_fleet_statement
from migration_audit.fleet.store import EXPECTED, INDEX, PAGE, PLAN, STATEMENT, SUMMARY, RunFolder, evidence_name, read_file
from migration_audit.fleet.summary import summary_bytes
from migration_audit.fleet.targets import targets_digest
from migration_audit.model.enumeration import some_of
from migration_audit.model.errors import AuditError
from migration_audit.model.signoff import Sentence
from migration_audit.model.snapshot import canonical_json

_FILES: Final = (EXPECTED, INDEX, PAGE, PLAN, SUMMARY)
_RESTORE: Final = "restore the file, or start another fleet run"


def read_statement(folder: RunFolder) -> tuple[bytes, FleetStatement, dict[str, str]]:
    """The statement, what it says, and the digests in it. Raises AuditError where there is none that can be read."""
    path = folder.path / STATEMENT
    content = read_file(path)
    if content is None:
        todo = "call `migration-audit fleet run` again: it continues where it stopped"
        raise AuditError("has not finished", where=str(folder.path), todo=todo)
    facts, files = read_fleet_statement(content, where=str(path))
    return content, facts, files


def verify_folder(folder: RunFolder) -> Iterator[Sentence]:
    """One sentence for each thing that the statement promises, without the signatures.

    Raises AuditError where there is no statement.
    """
    _, facts, files = read_statement(folder)
    yield from _verify_files(folder, files)
    yield from _verify_plan(folder, facts)
    yield from _verify_targets(folder, facts)


def _verify_files(folder: RunFolder, files: dict[str, str]) -> Iterator[Sentence]:
    wrong = [name for name in _FILES if _digest(folder.path / name) != files.get(name)]
    strange = sorted(files.keys() - set(_FILES))
    if wrong or strange:
        yield Sentence(ok=False, text=f"do not match the statement: {', '.join([*wrong, *strange])}", todo=_RESTORE)
    else:
        yield Sentence(ok=True, text=f"these files match the statement: {', '.join(_FILES)}")


def _digest(path: Path) -> str | None:
    content = read_file(path)
    return None if content is None else hashlib.sha256(content).hexdigest()


def _verify_plan(folder: RunFolder, facts: FleetStatement) -> Iterator[Sentence]:
    plan = folder.planned.plan
    try:
        expected = load_snapshot(folder.path / EXPECTED).digest
    except AuditError as error:
        yield Sentence(ok=False, text=f"the expected side cannot be read: {error.what}", todo=_RESTORE)
        return
    same = (plan.run, plan.expected, plan.direction, folder.planned.shard) == (
        *(facts.run, facts.expected, facts.direction, facts.shard),
    )
    listed = folder.planned.targets
    is_whole = len(listed) < folder.planned.in_all or targets_digest(listed) == plan.targets
    if same and is_whole and expected == plan.expected:
        yield Sentence(ok=True, text=f"the expected side is {plan.expected_named}, {expected}")
    else:
        yield Sentence(ok=False, text="plan, expected side and statement are of different fleet runs", todo=_RESTORE)


def _verify_targets(folder: RunFolder, facts: FleetStatement) -> Iterator[Sentence]:
    """The evidence gives the outcomes, the root, the summary and the page that were signed."""
    lines = iter((read_file(folder.path / INDEX) or b"").splitlines())
    changed: list[str] = []

    def check(evidence: TargetEvidence, leaf: bytes) -> None:
        is_indexed = next(lines, b"") == canonical_json(index_line(evidence, leaf))
        if not (is_indexed and is_consistent(evidence, facts) and _is_as_written(folder, evidence)):
            changed.append(evidence.target)

    try:
        summary = sum_up(folder, now=facts.generated_at, each=check)
    except AuditError as error:
        yield Sentence(ok=False, text=f"evidence: {error}", todo=_RESTORE)
        return
    if changed:
        text = f"the evidence was changed after the run was summed up: {some_of(changed)}"
        yield Sentence(ok=False, text=text, todo=_RESTORE)
    else:
        yield Sentence(ok=True, text=f"the evidence of {summary.targets:,} targets matches their outcomes")
    if strange := _strangers(folder):
        yield Sentence(ok=False, text=f"not part of the fleet run: {some_of(strange)}", todo="move these files away")
    if statement_of(summary) == facts:
        yield Sentence(ok=True, text=f"the root over them is {facts.root}")
    else:
        yield Sentence(ok=False, text="root and counts of the statement do not match the targets", todo=_RESTORE)
    pages = ((SUMMARY, summary_bytes(summary)), (PAGE, render_page_of(summary).encode()))
    wrong = [name for name, content in pages if read_file(folder.path / name) != content]
    if wrong:
        yield Sentence(ok=False, text=f"do not match the evidence: {', '.join(wrong)}", todo=_RESTORE)
    else:
        yield Sentence(ok=True, text=f"{SUMMARY} and {PAGE} match the evidence")


def is_consistent(evidence: TargetEvidence, facts: FleetStatement) -> bool:
    """Whether the evidence is of this fleet run, and its outcome is what its differences amount to."""
    if (evidence.run, evidence.expected) != (facts.run, facts.expected):
        return False
    if evidence.comparison is None:
        return evidence.outcome is TargetOutcome.UNCHECKED and bool(evidence.reason)
    outcome = evidence.comparison.outcome(Direction(facts.direction))
    reason = why_unchecked(evidence.comparison) if outcome is TargetOutcome.UNCHECKED else None
    return (evidence.outcome, evidence.reason) == (outcome, reason)


def _is_as_written(folder: RunFolder, evidence: TargetEvidence) -> bool:
    """Other bytes with the same meaning are other bytes."""
    return read_file(folder.evidence_file(evidence.target)) == target_evidence_bytes(evidence)


def _strangers(folder: RunFolder) -> list[str]:
    known = {evidence_name(target.name) for target in folder.planned.targets}
    found = (path.relative_to(folder.path).as_posix() for path in folder.path.glob("targets/**/*") if path.is_file())
    return sorted(name for name in found if name not in known)


def index_leaves(folder: RunFolder) -> list[tuple[str, bytes]]:
    """Target and leaf of each line of the index. Raises AuditError for anything but an index."""
    content = read_file(folder.path / INDEX) or b""
    try:
        lines = [json.loads(line) for line in content.splitlines()]
        return [(str(line["target"]), bytes.fromhex(line["leaf"])) for line in lines]
    except (ValueError, KeyError, TypeError) as error:
        raise AuditError(f"cannot be read: {error}", where=str(folder.path / INDEX), todo=_RESTORE) from None
