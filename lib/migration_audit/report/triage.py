"""Results in the order in which a reviewer needs them: what blocks, what to look at, what could not be checked."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import groupby

from migration_audit.model.finding import CheckResult, Finding, Outcome, Severity
from migration_audit.report.escape import sentence

_NO_REASON = "no reason was recorded"
_A_RUN = 3
"""Neighbours from which on a list of checks names the first and the last."""
_NOUNS = {Severity.BLOCKER: "blocker", Severity.WARNING: "warning", Severity.INFO: "info"}

_FAMILIES = {
    "SQL": "The two SQL sources",
    "COV": "Coverage: what the legacy SQL has, looked up in the owner's SQL",
    "LIV": "The live database against the owner's SQL",
    "PRV": "Who may run DDL",
    "BOOT": "The fresh stack",
    "SNAP": "The Directus snapshot and raw SQL",
    "RET": "The runner is removed",
    "DOC": "The documents are consistent",
    "CMD": "Acceptance commands",
    "WVR": "Waivers",
}


@cache
def family(check_id: str) -> str:
    """The letters in front of a check's number: ``COV003`` is of ``COV``."""
    match = re.match(r"[A-Za-z]+", check_id)
    return match.group().upper() if match else check_id


def family_title(letters: str) -> str:
    """A family's line in tables; a family that we do not know is called by its letters."""
    return f"{letters} · {_FAMILIES[letters]}" if letters in _FAMILIES else letters


def by_family(ids: Iterable[str]) -> list[tuple[str, list[str]]]:
    """Check ids by family: the families in the order of the audit, unknown ones last; ids in order."""
    order = {letters: number for number, letters in enumerate(_FAMILIES)}
    ordered = sorted(set(ids), key=lambda i: (order.get(family(i), len(order)), family(i), i))
    return [(letters, list(group)) for letters, group in groupby(ordered, key=family)]


def results_in_order(results: Iterable[CheckResult]) -> list[CheckResult]:
    """The results by family and id; two of the same id keep their order."""
    held = list(results)
    families = by_family(r.id for r in held)
    place = {check_id: number for number, (_, ids) in enumerate(families) for check_id in ids}
    return sorted(held, key=lambda r: (place[r.id], r.id))


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenCheck:
    """A check without an answer: it could not be decided, or audit.toml does not ask for it."""

    check: str
    title: str
    reason: str
    """In one line."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cause:
    """Why checks have no answer, with all that it stops."""

    reason: str
    stopped: tuple[OpenCheck, ...]

    @classmethod
    def of(cls, checks: Sequence[OpenCheck]) -> tuple[Cause, ...]:
        """The reasons of these checks, each once."""
        reasons = dict.fromkeys(one.reason for one in checks)
        return tuple(cls(reason=r, stopped=tuple(one for one in checks if one.reason == r)) for r in reasons)

    def __str__(self) -> str:
        """``LIV001–LIV014, PRV001 (15 checks): connection refused``; a single check is named with its title."""
        first = self.stopped[0]
        if len(self.stopped) == 1:
            return f"{first.check} {first.title}: {self.reason}"
        return f"{ranges([one.check for one in self.stopped])} ({len(self.stopped)} checks): {self.reason}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Triage:
    """The results of one environment, sorted by what they ask of the reader."""

    blockers: tuple[CheckResult, ...]
    warnings: tuple[CheckResult, ...]
    info: tuple[CheckResult, ...]
    undecided: tuple[OpenCheck, ...]
    not_asked: tuple[OpenCheck, ...]
    passed: int
    not_due: int

    @property
    def failed(self) -> tuple[CheckResult, ...]:
        """All checks that found something, blockers first."""
        return (*self.blockers, *self.warnings, *self.info)

    @property
    def causes(self) -> tuple[Cause, ...]:
        """Why checks could not be decided, each cause once."""
        return Cause.of(self.undecided)

    @property
    def not_looked_at(self) -> tuple[Cause, ...]:
        """What audit.toml does not ask for, and so nothing is known of; a waiver that is not there hides nothing."""
        return Cause.of([one for one in self.not_asked if family(one.check) != "WVR"])

    @property
    def found(self) -> str:
        """``2 blockers, 1 warning, 1 info, 1 waived``; of what was found, not of checks."""
        weighed = Counter(
            "waived" if finding is not None and finding.waived else _NOUNS[result.severity]
            for result, finding in findings_of(self.failed)
        )
        order = (*_NOUNS.values(), "waived")
        return ", ".join(_many(weighed[noun], noun) for noun in order if weighed[noun]) or "no findings"

    @property
    def summary(self) -> str:
        """``2 blockers, 1 info. 24 checks: 1 could not be checked, 15 passed, 2 found something, 6 are not due``."""
        stopped = {one.check for one in self.undecided}
        partly = sum(result.id in stopped for result in self.failed)
        alone = len(self.undecided) - partly
        found = f"{len(self.failed)} found something" + f" ({partly} of them looked at a part only)" * bool(partly)
        parts = (
            (alone, f"{alone} could not be checked"),
            (self.passed, f"{self.passed} passed"),
            (len(self.failed), found),
            (len(self.not_asked), f"{len(self.not_asked)} {'do' if len(self.not_asked) != 1 else 'does'} not apply"),
            (self.not_due, f"{self.not_due} {'are' if self.not_due != 1 else 'is'} not due"),
        )
        total = sum(number for number, _ in parts)
        checks = _many(total, "check") + ": " * bool(total) + ", ".join(text for number, text in parts if number)
        return f"{self.found}. {checks}" if self.failed else checks


def _many(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'s' * (number != 1 and noun not in {'info', 'waived'})}"


def ranges(ids: Sequence[str]) -> str:
    """Check ids with runs of neighbours as one.

    >>> ranges(["LIV001", "LIV002", "LIV003", "PRV001", "PRV003"])
    'LIV001–LIV003, PRV001, PRV003'
    """
    runs: list[list[str]] = []
    for one in ids:
        last = runs[-1][-1] if runs else ""
        is_next = family(last) == family(one) and _number(one) == _number(last) + 1
        runs[-1].append(one) if is_next else runs.append([one])
    return ", ".join(", ".join(run) if len(run) < _A_RUN else f"{run[0]}–{run[-1]}" for run in runs)


def _number(check_id: str) -> int:
    digits = check_id.lstrip("ABCDEFGHIJKLMNOPQRSTUVWXYZ")
    return int(digits) if digits.isdecimal() else -1


def triage(results: Iterable[CheckResult]) -> Triage:
    """What the results amount to, without deciding anything."""
    ordered = results_in_order(results)
    failed = [r for r in ordered if r.outcome is Outcome.FAILED]
    return Triage(
        blockers=tuple(r for r in failed if r.weight is Severity.BLOCKER),
        warnings=tuple(r for r in failed if r.weight is Severity.WARNING),
        info=tuple(r for r in failed if r.weight is Severity.INFO),
        undecided=tuple(_open(r) for r in ordered if r.is_undecided),
        not_asked=tuple(_open(r) for r in ordered if r.outcome is Outcome.SKIPPED and not r.required),
        passed=sum(r.outcome is Outcome.PASSED for r in ordered),
        not_due=sum(r.outcome is Outcome.PENDING for r in ordered),
    )


def _open(result: CheckResult) -> OpenCheck:
    return OpenCheck(check=result.id, title=result.title, reason=sentence(result.unchecked or result.reason or _NO_REASON))


def findings_of(results: Sequence[CheckResult]) -> tuple[tuple[CheckResult, Finding | None], ...]:
    """Each finding with its check; a check that failed without a finding is its own."""
    return tuple((r, f) for r in results for f in (r.findings or (None,)))
