"""A comparison for other programs (``compare --format json``); names and shape are a contract."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from migration_audit.model.drift import Difference, DiffVerdict, Drift
from migration_audit.model.finding import Unavailable
from migration_audit.model.preflight import SourceFacts
from migration_audit.model.rows import RowsComparison
from migration_audit.model.snapshot import Unmodelled
from migration_audit.model.undone import SourceUndone
from migration_audit.report.drift_text import DefinedAt, agreed
from migration_audit.report.manifest import manifest_json, not_compared_of
from migration_audit.report.undone import undone_json

SCHEMA_VERSION = 1


def drift_json(
    drift: Drift,
    *,
    defined_at: DefinedAt,
    witness: Mapping[str, Any] | None = None,
    not_cross_checked: Unavailable | None = None,
    sources: Mapping[str, Sequence[SourceFacts]] | None = None,
    undone: Mapping[str, SourceUndone | None] | None = None,
    rows: RowsComparison | None = None,
    why_nothing: str | None = None,
) -> dict[str, Any]:
    """One JSON object with every difference, also those that a missing object takes along.

    ``sources`` holds what was applied on each side that is SQL, ``undone`` what that SQL takes away again, ``rows`` what it
    leaves in tables: these are not part of the verdict. ``equal`` and ``covered`` are only true when the cross-check
    agrees, or is not required: ``not_cross_checked`` is the reason why it was not asked, else null. ``nothing_compared`` is
    the reason where there was nothing to compare, else null; ``not_compared`` is what no comparison sees.
    """
    agrees = agreed(witness, not_cross_checked)
    return {
        "schema_version": SCHEMA_VERSION,
        "equal": drift.equal and agrees,
        "covered": drift.covered and agrees,
        "differences": [_difference(d, defined_at) for d in drift.differences],
        "unmodelled": [*_unmodelled("expected", drift.unmodelled_expected), *_unmodelled("actual", drift.unmodelled_actual)],
        "not_known": [
            {"kind": n.kind, "key": n.key, "attribute": n.attribute, "sides": list(n.sides)} for n in drift.not_known
        ],
        "witness": dict(witness) if witness is not None else None,
        "not_cross_checked": not_cross_checked.reason if not_cross_checked else None,
        "not_compared": [
            *drift.not_compared,
            *(f"{side}: {what}" for side, each in (sources or {}).items() for s in each for what in not_compared_of(s)),
        ],
        "sources": {side: manifest_json(each) for side, each in (sources or {}).items()},
        "nothing_compared": why_nothing,
        "undone": undone_json(undone or {}),
        "rows": asdict(rows.summary) if rows else None,
    }


def _difference(difference: Difference, defined_at: DefinedAt) -> dict[str, Any]:
    not_there = {DiffVerdict.MISSING: "actual", DiffVerdict.UNEXPECTED: "expected"}.get(difference.verdict)
    return {
        "verdict": difference.verdict.value,
        "severity": difference.severity.value,
        "kind": difference.kind,
        "key": difference.key,
        "fields": [{"name": f.name, "expected": f.expected, "actual": f.actual} for f in difference.fields],
        "defined_at": {
            side: None if side == not_there else defined_at(side, difference.kind, difference.key_on(side))
            for side in ("expected", "actual")
        },
    }


def _unmodelled(side: str, things: Iterable[Unmodelled]) -> list[dict[str, str]]:
    return [{"side": side, "kind": thing.kind, "identity": thing.identity} for thing in things]
