"""Results in the order in which a reviewer needs them: what blocks, what to look at, what could not be checked."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby

from migration_audit.model.drift import Severity
from migration_audit.model.finding import CheckResult, Finding, Outcome

FAMILIES = {
    "SQL": "The two SQL sources",
    "COV": "Coverage: what legacy has, looked up in the owner's SQL",
    "LIV": "The live database against the owner's SQL",
    "PRV": "Who may run DDL",
    "BOOT": "The fresh stack",
    "SNAP": "The Directus snapshot and raw SQL",
    "RET": "The runner is removed",
    "DOC": "The documents are consistent",
    "CMD": "Acceptance commands",
    "WVR": "Waivers",
}


def family(check_id: str) -> str:
    """The letters in front of a check's number: ``COV003`` is of ``COV``."""
    match = re.match(r"[A-Za-z]+", check_id)
    return match.group().upper() if match else check_id


def family_title(letters: str) -> str:
    """A family's line in tables; a family that we do not know is called by its letters."""
    return f"{letters} · {FAMILIES[letters]}" if letters in FAMILIES else letters


def by_family(ids: Iterable[str]) -> list[tuple[str, list[str]]]:
    """Check ids by family: the families in the order of the audit, unknown ones last; ids in order."""
    order = {letters: number for number, letters in enumerate(FAMILIES)}
    ordered = sorted(set(ids), key=lambda i: (order.get(family(i), len(order)), family(i), i))
    return [(letters, list(group)) for letters, group in groupby(ordered, key=family)]


def results_in_order(results: Iterable[CheckResult]) -> list[CheckResult]:
    """The results by family and id; two of the same id keep their order."""
    held = list(results)
    families = by_family(r.id for r in held)
    place = {check_id: number for number, (_, ids) in enumerate(families) for check_id in ids}
    return sorted(held, key=lambda r: (place[r.id], r.id))


_NO_REASON = "no reason was recorded"


@dataclass(frozen=True, slots=True, kw_only=True)
class UndecidedCheck:
    """A check that was due and could not be decided."""

    check: str
    title: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Triage:
    """The results of one environment, sorted by what they ask of the reader."""

    blockers: tuple[CheckResult, ...]
    warnings: tuple[CheckResult, ...]
    told: tuple[CheckResult, ...]
    undecided: tuple[UndecidedCheck, ...]
    counts: tuple[tuple[Outcome, int], ...]

    @property
    def failed(self) -> tuple[CheckResult, ...]:
        """All failed checks, blockers first."""
        return (*self.blockers, *self.warnings, *self.told)

    @property
    def summary(self) -> str:
        """``24 checks: 15 passed, 5 failed, 4 pending``."""
        total = sum(number for _, number in self.counts)
        parts = ", ".join(f"{number} {outcome.value}" for outcome, number in self.counts if number)
        return f"{total} check{'s' * (total != 1)}" + (f": {parts}" if parts else "")


def triage(results: Iterable[CheckResult]) -> Triage:
    """What the results amount to, without deciding anything."""
    ordered = results_in_order(results)
    failed = [r for r in ordered if r.outcome is Outcome.FAILED]
    undecided = (r for r in ordered if r.is_undecided)
    return Triage(
        blockers=tuple(r for r in failed if r.weight is Severity.BLOCKER),
        warnings=tuple(r for r in failed if r.weight is Severity.WARNING),
        told=tuple(r for r in failed if r.weight is Severity.INFO),
        undecided=tuple(
            UndecidedCheck(check=r.id, title=r.title, reason=r.unchecked or r.reason or _NO_REASON) for r in undecided
        ),
        counts=tuple((o, sum(r.outcome is o for r in ordered)) for o in Outcome),
    )


def findings_of(results: Sequence[CheckResult]) -> tuple[tuple[CheckResult, Finding | None], ...]:
    """Each finding with its check; a check that failed without a finding stands for itself."""
    return tuple((r, f) for r in results for f in (r.findings or (None,)))
