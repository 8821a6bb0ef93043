"""Parts of one fleet run, read by several machines, as one folder."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from migration_audit.audit.facts.files import write_atomically
from migration_audit.fleet.finish import finish_run
from migration_audit.fleet.store import EXPECTED, PlannedRun, RunFolder, new_folder, newest_folder, open_folder, read_file
from migration_audit.fleet.summary import FleetSummary
from migration_audit.fleet.targets import Shard, parse_shard, targets_digest
from migration_audit.fleet.verify import check_unchanged, verify_folder
from migration_audit.model.errors import AuditError, UsageError


def merge_parts(
    places: Sequence[Path], *, out: Path, producer_key: Path | None = None, now: datetime
) -> tuple[RunFolder, FleetSummary]:
    """All of the fleet run, in a separate folder, and what was found.

    Raises UsageError where the folders are not all parts of one fleet run, and AuditError for a part that is not what its
    statement says.
    """
    parts = {shard.number: folder for shard, folder in _checked([open_folder(place) for place in places])}
    folders = [parts[number] for number in sorted(parts)]
    for folder in folders:
        wrong = [sentence.text for sentence in verify_folder(folder, now=now) if sentence.ok is False]
        if wrong:
            raise AuditError(wrong[0], where=str(folder.path), todo="`migration-audit fleet verify` shows what is wrong")
    targets = tuple(sorted(target for folder in folders for target in folder.planned.targets))
    plan = folders[0].planned.plan
    if targets_digest(targets) != plan.targets:
        raise AuditError("the parts do not give the list of targets", where="fleet merge", todo="read the parts again")
    whole = PlannedRun(
        plan=plan,
        shard=None,
        targets=targets,
        in_all=len(targets),
        commits=folders[0].planned.commits,
        people=tuple(sorted({name for folder in folders for name in folder.planned.people})),
    )
    expected = read_file(folders[0].path / EXPECTED) or b""
    merged = newest_folder(out, whole)
    if merged is None or merged.is_finished:
        merged = new_folder(out, whole, expected, now)
    with merged.locked():
        check_unchanged(merged, expected, now=now)
        for folder in folders:
            for target in folder.planned.targets:
                write_atomically(merged.evidence_file(target.name), read_file(folder.evidence_file(target.name)) or b"")
        summary = finish_run(merged, now=now)
        if producer_key is not None:
            merged.sign_as_producer(producer_key)
        return merged, summary


def _checked(folders: Sequence[RunFolder]) -> list[tuple[Shard, RunFolder]]:
    if len({folder.planned.plan.run for folder in folders}) != 1:
        todo = "each part needs the same expected side, list of targets, direction, settings and version"
        raise UsageError("the folders are parts of different fleet runs", where="fleet merge", todo=todo)
    found = []
    for folder in folders:
        if folder.planned.shard is None:
            raise UsageError("is not a part of a fleet run", where=str(folder.path), todo="name folders of --shard I/N")
        found.append((parse_shard(folder.planned.shard), folder))
    of = {shard.of for shard, _ in found}
    numbers = [shard.number for shard, _ in found]
    if len(of) > 1 or len(set(numbers)) < len(numbers):
        todo = "name one folder for each part; all parts must have the same N in --shard I/N"
        raise UsageError("the folders are not the different parts of one fleet run", where="fleet merge", todo=todo)
    missing = sorted(set(range(1, of.pop() + 1)) - set(numbers))
    if missing:
        what = f"parts are missing: {', '.join(f'{number}/{found[0][0].of}' for number in missing)}"
        raise UsageError(what, where="fleet merge", todo="read them first: fleet run --shard I/N")
    return found
