"""The summary of a fleet run: for programs as JSON, for people as text. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from migration_audit.fleet.evidence import TargetDifference, TargetOutcome
from migration_audit.fleet.groups import DifferenceGroup, RepeatedDatabase, Unchecked
from migration_audit.fleet.store import PlannedRun
from migration_audit.model.codec import CONVERTER
from migration_audit.model.enumeration import first_lines
from migration_audit.model.snapshot import canonical_json
from migration_audit.report.escape import one_line

SCHEMA_VERSION: Final = 1
_MARKS: Final = {
    TargetOutcome.EQUAL: "✓",
    TargetOutcome.COVERED: "✓",
    TargetOutcome.BLOCKED: "✕",
    TargetOutcome.UNCHECKED: "!",
}
_MOST_SHOWN: Final = 6
_MOST_ROWS: Final = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class FleetSummary:
    """What a fleet run found."""

    planned: PlannedRun
    outcomes: dict[str, int]
    groups: tuple[DifferenceGroup, ...]
    unchecked: tuple[Unchecked, ...]
    """The first of them; ``outcomes`` counts all."""
    repeated: tuple[RepeatedDatabase, ...]
    """The first of them."""
    repeated_in_all: int
    root: str
    first_read_at: datetime | None
    last_read_at: datetime | None
    generated_at: datetime

    @property
    def exit_code(self) -> int:
        """0 every target is fine, 1 one blocks, 3 one could not be checked, or two are the same database."""
        if self.repeated:
            return TargetOutcome.UNCHECKED.exit_code
        return max((TargetOutcome(name).exit_code for name, count in self.outcomes.items() if count), default=3)

    @property
    def targets(self) -> int:
        """How many targets there are."""
        return len(self.planned.targets)

    def count(self, outcome: TargetOutcome) -> int:
        """How many of them ended so."""
        return self.outcomes[outcome.value]


def summary_bytes(summary: FleetSummary) -> bytes:
    """The content of summary.json. Which targets there are is in plan.json and the index."""
    plan = summary.planned.plan
    body: dict[str, Any] = {
        "schema_version": SCHEMA_VERSION,
        "run": plan.run,
        "project": plan.project,
        "expected": {"named": plan.expected_named, "digest": plan.expected},
        "direction": plan.direction.value,
        "shard": summary.planned.shard,
        "targets": summary.targets,
        "outcomes": summary.outcomes,
        "exit_code": summary.exit_code,
        "groups": [CONVERTER.unstructure(group) for group in summary.groups],
        "unchecked": [CONVERTER.unstructure(each) for each in summary.unchecked],
        "repeated": [CONVERTER.unstructure(each) for each in summary.repeated],
        "repeated_in_all": summary.repeated_in_all,
        "root": summary.root,
        "first_read_at": CONVERTER.unstructure(summary.first_read_at),
        "last_read_at": CONVERTER.unstructure(summary.last_read_at),
        "generated_at": CONVERTER.unstructure(summary.generated_at),
    }
    return canonical_json(body) + b"\n"


def summary_text(summary: FleetSummary) -> str:
    """What a terminal shows: the counts, each kind of difference once, and what could not be checked."""
    plan, shard = summary.planned.plan, summary.planned.shard
    part = f" (part {shard} of {summary.planned.in_all:,})" if shard else ""
    head = f"{_targets(summary.targets)}{part} against {one_line(plan.expected_named)}: {counts_text(summary.outcomes)}"
    return "\n".join([head, *_groups(summary), *_unchecked(summary), *_repeated(summary)]) + "\n"


def counts_text(outcomes: Mapping[str, int]) -> str:
    """``1,990 equal, 9 blocked, 1 could not check``."""
    return ", ".join(f"{outcomes[each]:,} {each}" for each in TargetOutcome if outcomes.get(each))


def _groups(summary: FleetSummary) -> Iterator[str]:
    for number, group in enumerate(summary.groups[:_MOST_ROWS], start=1):
        counted = f"{_targets(group.targets)} {group.outcome.value}"
        yield f"\n{_MARKS[group.outcome]} difference {number}: {counted}: {group.some_targets}"
        yield from (f"    {line}" for line in first_lines(list(map(difference_text, group.differences)), most=_MOST_SHOWN))
        yield from (f"    cannot be compared: {one_line(each)}" for each in group.unmodelled[:_MOST_SHOWN])
        yield from (f"    not known: {one_line(each)}" for each in group.not_known[:_MOST_SHOWN])
    if len(summary.groups) > _MOST_ROWS:
        yield f"\n… and {len(summary.groups) - _MOST_ROWS:,} more kinds of difference: see index.html"


def _unchecked(summary: FleetSummary) -> Iterator[str]:
    if count := summary.count(TargetOutcome.UNCHECKED):
        yield f"\n! could not check {_targets(count)}:"
        yield from _first_rows([(each.target, each.sentence) for each in summary.unchecked], count)


def _repeated(summary: FleetSummary) -> Iterator[str]:
    if summary.repeated:
        yield f"\n! {repeated_text(summary.repeated_in_all)}:"
        yield from _first_rows([(each.target, each.same_as) for each in summary.repeated], summary.repeated_in_all)


def _first_rows(rows: Sequence[tuple[str, str]], count: int) -> Iterator[str]:
    """The first of ``count`` rows, and how many more there are."""
    yield from (f"    {one_line(name)}: {one_line(text)}" for name, text in rows[:_MOST_ROWS])
    if count > _MOST_ROWS:
        yield f"    … and {count - _MOST_ROWS:,} more: see index.html"


def repeated_text(count: int) -> str:
    """How many targets lead to the database of another one, and what that means."""
    return (
        f"{_targets(count)} with the database of another target: the one that was meant was not read; correct the reference"
    )


def difference_text(difference: TargetDifference) -> str:
    """One difference on one line."""
    head = f"{difference.severity.value}: {difference.kind} {difference.key} {difference.verdict.value}"
    changes = ", ".join(
        f"{f.name} {'(not set)' if f.expected is None else f.expected} → {'(not set)' if f.actual is None else f.actual}"
        for f in difference.fields
    )
    return one_line(f"{head}: {changes}" if changes else head)


def _targets(count: int) -> str:
    return f"{count:,} target{'' if count == 1 else 's'}"
