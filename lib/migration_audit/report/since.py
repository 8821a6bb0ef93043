"""What changed since earlier runs: findings that are new, no longer found, and still found."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from migration_audit.model.evidence import EarlierRun, Evidence
from migration_audit.model.finding import Outcome
from migration_audit.report.check_tables import finding_anchor
from migration_audit.report.escape import html as safe
from migration_audit.report.escape import one_line
from migration_audit.report.pills import verdict_pill

_MOST = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Since:
    """The comparison with one earlier run."""

    what: Markup
    """``the last run (2026-11-28 14:02 UTC, ✕ blocked)``."""
    counts: str
    new: tuple[tuple[str, Markup], ...]
    """Anchor and sentence of each new finding."""
    gone: tuple[Markup, ...]
    more: int
    """How many more are new or no longer found than are listed."""


def since(evidence: Evidence, earlier: Sequence[EarlierRun]) -> tuple[Since, ...]:
    """One comparison for each earlier run, by the keys of findings."""
    return tuple(_since(evidence, run) for run in earlier)


def new_keys(evidence: Evidence, earlier: Sequence[EarlierRun]) -> frozenset[str]:
    """The keys of findings that the last run did not have; none where there was no run before."""
    return frozenset(_now(evidence)) - frozenset(earlier[0].findings) if earlier else frozenset()


def _now(evidence: Evidence) -> dict[str, tuple[str, str]]:
    failed = (c for c in evidence.checks if c.outcome is Outcome.FAILED)
    return {f.key: (finding_anchor(f), f.summary) for check in failed for f in check.findings}


def _since(evidence: Evidence, run: EarlierRun) -> Since:
    now = _now(evidence)
    new, gone = [key for key in now if key not in run.findings], [key for key in run.findings if key not in now]
    still = len(now) - len(new)
    pill = verdict_pill(run.verdict)
    which = "last signed run" if run.signed else "last run"
    return Since(
        what=Markup("{} ({}, {} {})").format(which, f"{run.generated_at:%Y-%m-%d %H:%M} UTC", pill.glyph, pill.word),
        counts=f"{len(new):,} new, {len(gone):,} no longer found, {still:,} still found",
        new=tuple((now[key][0], safe(one_line(now[key][1]))) for key in new[:_MOST]),
        gone=tuple(safe(one_line(run.findings[key])) for key in gone[:_MOST]),
        more=max(len(new) - _MOST, 0) + max(len(gone) - _MOST, 0),
    )
