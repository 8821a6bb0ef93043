"""Whether a fleet run matches its statement: each file, each target, the root over them. Needs no database."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from migration_audit.catalog import object_maker, parse_snapshot
from migration_audit.fleet.evidence import TargetEvidence, TargetOutcome, target_evidence_bytes
from migration_audit.fleet.finish import index_line, render_page_of, statement_of, sum_up
from migration_audit.fleet.statements import FleetStatement, read_fleet_statement
from migration_audit.fleet.store import EXPECTED, INDEX, PAGE, PLAN, STATEMENT, SUMMARY, RunFolder, evidence_name, read_file
from migration_audit.fleet.summary import repeated_text, summary_bytes
from migration_audit.model.enumeration import some_of
from migration_audit.model.errors import AuditError
from migration_audit.model.evidence import CLOCKS
from migration_audit.model.signoff import Sentence, fails, failures, holds, remark
from migration_audit.model.snapshot import canonical_json
from migration_audit.model.strict_json import parse_json

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


def check_unchanged(folder: RunFolder, expected: bytes, *, now: datetime) -> None:
    """Raise AuditError where the folder of a fleet run that is continued was changed.

    ``expected`` is its expected side as it is now; other bytes with the same digest are the same side.
    """
    path = folder.path / EXPECTED
    content = read_file(path) or b""
    if content != expected and _digest_of_snapshot(content, str(path)) != folder.planned.plan.expected:
        todo = "move the folder away, and start again"
        raise AuditError("is not the expected side of this fleet run any more", where=str(path), todo=todo)
    wrong = failures(verify_folder(folder, now=now)) if folder.is_finished else []
    if wrong:
        todo = "move the folder away, and start again; `migration-audit fleet verify` shows what is wrong"
        raise AuditError(f"was changed since it was summed up: {wrong[0].text}", where=str(folder.path), todo=todo)


def verify_folder(folder: RunFolder, *, now: datetime) -> Iterator[Sentence]:
    """One sentence for each thing that the statement promises, without the signatures.

    Raises AuditError where there is no statement.
    """
    _, facts, files = read_statement(folder)
    yield from verify_statement(folder, facts, files, now=now)


def verify_statement(
    folder: RunFolder, facts: FleetStatement, files: Mapping[str, str], *, now: datetime
) -> Iterator[Sentence]:
    """The same of a statement that was read before."""
    yield from _verify_files(folder, files)
    yield from _verify_plan(folder, facts)
    yield from _verify_targets(folder, facts)
    yield from dates_sentences(facts, now)


def dates_sentences(facts: FleetStatement, now: datetime) -> Iterator[Sentence]:
    """That the evidence is dated later than clocks may be wrong, where it is."""
    latest = max(facts.generated_at, facts.last_read_at or facts.generated_at)
    if latest > min(now, facts.generated_at) + CLOCKS:
        yield fails("its evidence is dated in the future", "correct the clock, and read it again")


def age_sentences(read_at: datetime | None, max_age: timedelta | None, now: datetime) -> Iterator[Sentence]:
    """That evidence of that time is too old, where there is a limit and it is."""
    if max_age is not None and (read_at is None or read_at < now - max_age):
        when = "was never read" if read_at is None else f"was read at {read_at:%Y-%m-%dT%H:%M:%SZ}"
        text = f"the oldest evidence {when}, which --max-age does not allow"
        yield fails(text, "read it again, and sign that run")


def verdict_sentence(facts: FleetStatement) -> Sentence:
    """What the targets amount to: it is not a fault of the files, and a signature does not change it."""
    wrong = [
        f"{facts.outcomes[each]:,} {each}"
        for each in (TargetOutcome.BLOCKED, TargetOutcome.UNCHECKED)
        if facts.outcomes.get(each)
    ]
    wrong += [repeated_text(facts.repeated)] if facts.repeated else []
    if not wrong:
        return remark("no target blocks")
    return remark(f"not every target is as expected: {', '.join(wrong)}; `fleet gate` does not let it pass")


def _verify_files(folder: RunFolder, files: Mapping[str, str]) -> Iterator[Sentence]:
    wrong = [name for name in _FILES if _digest(folder.path / name) != files.get(name)]
    strange = sorted(files.keys() - set(_FILES))
    differing = ", ".join([*wrong, *strange])
    good = holds(f"these files match the statement: {', '.join(_FILES)}")
    yield fails(f"do not match the statement: {differing}", _RESTORE) if differing else good


def _digest(path: Path) -> str | None:
    return None if (content := read_file(path)) is None else hashlib.sha256(content).hexdigest()


def _verify_plan(folder: RunFolder, facts: FleetStatement) -> Iterator[Sentence]:
    plan = folder.planned.plan
    try:
        expected = _digest_of_snapshot(read_file(folder.path / EXPECTED) or b"", str(folder.path / EXPECTED))
    except AuditError as error:
        yield fails(f"the expected side cannot be read: {error.what}", _RESTORE)
        return
    same = (plan.run, plan.expected, plan.direction, folder.planned.shard) == (
        *(facts.run, facts.expected, facts.direction, facts.shard),
    )
    if not folder.planned.is_of_its_plan:
        yield fails(f"{PLAN} does not list the targets that it is named by", _RESTORE)
    if same and expected == plan.expected:
        yield holds(f"the expected side is {plan.expected_named}, {expected}")
    else:
        yield fails("plan, expected side and statement are of different fleet runs", _RESTORE)


def _digest_of_snapshot(content: bytes, where: str) -> str:
    """Raises AuditError for what is not a saved snapshot."""
    return parse_snapshot(parse_json(content, where=where, made=object_maker()), where=where).digest


def _verify_targets(folder: RunFolder, facts: FleetStatement) -> Iterator[Sentence]:
    """The evidence gives the outcomes, the root, the summary and the page that were signed."""
    lines = iter((read_file(folder.path / INDEX) or b"").splitlines(keepends=True))
    changed: list[str] = []

    def check(evidence: TargetEvidence, leaf: bytes) -> None:
        is_indexed = next(lines, b"") == canonical_json(index_line(evidence, leaf)) + b"\n"
        if not (is_indexed and _is_as_written(folder, evidence)):
            changed.append(evidence.target)

    try:
        summary = sum_up(folder, now=facts.generated_at, each=check)
    except AuditError as error:
        yield fails(f"evidence: {error}", _RESTORE)
        return
    if changed:
        yield fails(f"the evidence was changed after the run was summed up: {some_of(changed)}", _RESTORE)
    else:
        yield holds(f"the evidence of {summary.targets:,} targets matches their outcomes")
    if next(lines, None) is not None:
        yield fails(f"{INDEX} has more lines than there are targets", _RESTORE)
    if strange := _unexpected_files(folder):
        yield fails(f"not part of the fleet run: {some_of(strange)}", "move these files away")
    if statement_of(summary) == facts:
        yield holds(f"the root over them is {facts.root}")
    else:
        yield fails("root and counts of the statement do not match the targets", _RESTORE)
    pages = ((SUMMARY, summary_bytes(summary)), (PAGE, render_page_of(summary).encode()))
    wrong = [name for name, content in pages if read_file(folder.path / name) != content]
    if wrong:
        yield fails(f"do not match the evidence: {', '.join(wrong)}", _RESTORE)
    else:
        yield holds(f"{SUMMARY} and {PAGE} match the evidence")


def _is_as_written(folder: RunFolder, evidence: TargetEvidence) -> bool:
    """Other bytes with the same meaning are other bytes."""
    return read_file(folder.evidence_file(evidence.target)) == target_evidence_bytes(evidence)


def _unexpected_files(folder: RunFolder) -> list[str]:
    known = {evidence_name(target.name) for target in folder.planned.targets}
    found = (
        path.relative_to(folder.path).as_posix()
        for path in folder.path.glob("targets/**/*")
        if path.is_symlink() or not path.is_dir()
    )
    return sorted(name for name in found if name not in known)


def index_leaves(folder: RunFolder) -> list[tuple[str, bytes]]:
    """Target and leaf of each line of the index. Raises AuditError for anything but an index."""
    content = read_file(folder.path / INDEX) or b""
    try:
        lines = [parse_json(line, where=str(folder.path / INDEX)) for line in content.splitlines()]
        return [(str(line["target"]), bytes.fromhex(line["leaf"])) for line in lines]
    except (ValueError, KeyError, TypeError) as error:
        raise AuditError(f"cannot be read: {error}", where=str(folder.path / INDEX), todo=_RESTORE) from None
