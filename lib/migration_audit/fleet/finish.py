"""What is written when a fleet run has finished: index, summary, page, and the statement over all of it."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from migration_audit.audit.facts.files import write_atomically
from migration_audit.fleet.evidence import TargetEvidence
from migration_audit.fleet.groups import Grouping
from migration_audit.fleet.merkle import Root
from migration_audit.fleet.page import render_page_of
from migration_audit.fleet.statements import FleetStatement, count_outcomes, fleet_statement, leaf_of
from migration_audit.fleet.store import EXPECTED, INDEX, PAGE, PLAN, STATEMENT, SUMMARY, RunFolder, evidence_name
from migration_audit.fleet.summary import FleetSummary, summary_bytes
from migration_audit.model.errors import AuditError
from migration_audit.model.snapshot import canonical_json


@dataclass(slots=True)
class _Times:
    first: datetime | None = None
    last: datetime | None = None

    def add(self, time: datetime) -> None:
        self.first = min(self.first or time, time)
        self.last = max(self.last or time, time)


def finish_run(folder: RunFolder, *, now: datetime) -> FleetSummary:
    """Sum up the evidence of the folder, and write it there; returns the summary.

    The statement comes last: a folder without one has not finished. Raises AuditError for a target without evidence.
    """
    path = folder.path
    unfinished = path / f".{INDEX}.{os.getpid()}.part"
    digest = hashlib.sha256()
    with unfinished.open("wb") as index:

        def keep(evidence: TargetEvidence, leaf: bytes) -> None:
            line = canonical_json(index_line(evidence, leaf)) + b"\n"
            digest.update(line)
            index.write(line)

        summary = sum_up(folder, now=now, each=keep)
    unfinished.replace(path / INDEX)
    write_atomically(path / SUMMARY, summary_bytes(summary))
    write_atomically(path / PAGE, render_page_of(summary).encode())
    files = {INDEX: digest.digest(), **{name: _digest(folder, name) for name in (PLAN, EXPECTED, SUMMARY, PAGE)}}
    write_atomically(path / STATEMENT, fleet_statement(statement_of(summary), files))
    return summary


def sum_up(
    folder: RunFolder, *, now: datetime, each: Callable[[TargetEvidence, bytes], None] = lambda _evidence, _leaf: None
) -> FleetSummary:
    """The summary of the evidence, one target at a time: ``each`` is called with it and its leaf.

    Raises AuditError for a target without evidence.
    """
    root, grouping, times = Root(), Grouping(), _Times()
    for target in folder.planned.targets:
        evidence = folder.evidence(target.name)
        if evidence is None:
            raise AuditError("has no evidence", where=target.name, todo="start the fleet run again")
        leaf = leaf_of(evidence, file=evidence_name(target.name))
        root.add(leaf)
        grouping.add(evidence)
        times.add(evidence.read_at)
        each(evidence, leaf)
    return FleetSummary(
        planned=folder.planned,
        outcomes=count_outcomes(grouping.outcomes),
        groups=grouping.groups,
        unchecked=tuple(grouping.unchecked),
        repeated=tuple(grouping.repeated),
        repeated_in_all=grouping.repeated_in_all,
        root=root.digest().hex(),
        first_read_at=times.first,
        last_read_at=times.last,
        generated_at=now,
    )


def statement_of(summary: FleetSummary) -> FleetStatement:
    """What the statement records of a summary."""
    plan = summary.planned.plan
    return FleetStatement(
        run=plan.run,
        tool=plan.tool,
        project=plan.project,
        expected=plan.expected,
        direction=plan.direction,
        shard=summary.planned.shard,
        targets=len(summary.planned.targets),
        outcomes=summary.outcomes,
        repeated=summary.repeated_in_all,
        root=summary.root,
        first_read_at=summary.first_read_at,
        last_read_at=summary.last_read_at,
        generated_at=summary.generated_at,
    )


def index_line(evidence: TargetEvidence, leaf: bytes) -> dict[str, Any]:
    """The line of a target in the index."""
    return {
        "target": evidence.target,
        "outcome": evidence.outcome.value,
        "fingerprint": evidence.fingerprint,
        "file": evidence_name(evidence.target),
        "leaf": leaf.hex(),
    }


def _digest(folder: RunFolder, name: str) -> bytes:
    return hashlib.sha256((folder.path / name).read_bytes()).digest()
