"""Comparisons as checks take them: coverage, drift, or the reason why nothing was compared."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from migration_audit.compare import AGAINST_LIVE, Rules, compare, in_scope, left_out_by_scope, without_ledgers
from migration_audit.model.drift import Drift
from migration_audit.model.finding import Excluded, Outcome, Unavailable, first_unavailable
from migration_audit.model.objects import Key
from migration_audit.model.preflight import CrossCheck
from migration_audit.model.snapshot import Snapshot

if TYPE_CHECKING:
    from migration_audit.project import Project, Source

Read = Snapshot | Unavailable
Dump = str | Unavailable


@dataclass(frozen=True, slots=True, kw_only=True)
class Coverage:
    """The comparison of both sides."""

    drift: Drift | Unavailable
    whole: Drift | Unavailable
    """The same with the ledgers of runners: what ``pg_dump`` sees as well."""
    sides: tuple[Read, Read]
    """What was compared: the sides without ledgers."""


def coverage_of(project: Project, legacy: Read, owner: Read, *, rules: Rules) -> Coverage:
    """What legacy has, looked up in the owner's; each side is its snapshot, or the reason why it is missing.

    Where legacy is a snapshot or a database, and no shadow, ``[scope]`` counts, and it is weighed as live databases are: its
    versions and its owners are those of one server.
    """
    if isinstance(legacy, Unavailable) or isinstance(owner, Unavailable):
        why = first_unavailable(legacy, owner)
        return Coverage(drift=why, whole=why, sides=(legacy, owner))
    named = [source.ledger for source in (project.legacy, project.owner) if source.ledger is not None]
    bare, own = without_ledgers(legacy, named), without_ledgers(owner, named)
    drift = _compared(project, bare.snapshot, own.snapshot, rules)
    ledgers = tuple(f"ledgers of runners, {each}" for each in dict.fromkeys((*bare.left_out, *own.left_out)))
    if isinstance(drift, Drift):
        drift = replace(drift, expected_name=_name(project.legacy), not_compared=(*drift.not_compared, *ledgers))
    else:
        drift = replace(drift, reason="; ".join([drift.reason, *ledgers, *_hint(project.legacy)]))
    has_ledgers = bool(bare.left_out or own.left_out)
    whole = compare(expected=legacy, actual=owner, rules=rules) if has_ledgers and isinstance(drift, Drift) else drift
    return Coverage(drift=drift, whole=whole, sides=(bare.snapshot, own.snapshot))


def _compared(project: Project, legacy: Snapshot, owner: Snapshot, rules: Rules) -> Drift | Unavailable:
    expected, actual = (_name(project.legacy), legacy), ("the owner's SQL", owner)
    if project.legacy.is_applied:
        return compared(expected=expected, actual=actual, rules=rules)
    drift = compared(
        expected=expected,
        actual=actual,
        rules=AGAINST_LIVE.override(project.rules),
        scope_of=project,
        actual_applied_by=owner.server.read_as,
    )
    if isinstance(drift, Unavailable):
        return drift
    scoped = (f"{each.objects} out of scope by {each.pattern}: {each.reason}" for each in in_scope(legacy, project)[1])
    return replace(drift, not_compared=(*drift.not_compared, *scoped, *drift.assumptions))


def cross_check_of(
    drift: Drift | Unavailable, expected: tuple[Read, Dump], actual: tuple[Read, Dump]
) -> CrossCheck | Unavailable:
    """The cross-check's verdict about a comparison of two shadows; each side is its snapshot and its dump."""
    (left, left_dump), (right, right_dump) = expected, actual
    if isinstance(drift, Unavailable) or isinstance(left, Unavailable) or isinstance(right, Unavailable):
        return first_unavailable(drift, left, right)
    if isinstance(left_dump, Unavailable) or isinstance(right_dump, Unavailable):
        return first_unavailable(left_dump, right_dump)
    from migration_audit.compare.cross_check import cross_check_with_pg_dump  # noqa: PLC0415  the parser is slow to load

    return cross_check_with_pg_dump(drift, expected=(left, left_dump), actual=(right, right_dump))


def _hint(legacy: Source) -> tuple[str, ...]:
    """What may be wrong where there is nothing to compare."""
    if legacy.command is None:
        return ()
    return (
        "the command succeeded: check that it reads the database's address from its variables (`env`) and finds its files",
    )


def _name(legacy: Source) -> str:
    if legacy.command is not None:
        return "the legacy command's schema"
    if legacy.is_applied:
        return "the legacy SQL"
    return "the legacy database" if legacy.snapshot is None else "the legacy snapshot"


Keys = tuple[Key, ...]
"""Kind and key of objects."""


def compared(
    *,
    expected: tuple[str, Snapshot],
    actual: tuple[str, Snapshot],
    rules: Rules,
    scope_of: Project | None = None,
    expected_applied_by: str | None = None,
    actual_applied_by: str | None = None,
) -> Drift | Unavailable:
    """The differences between two named sides, or why nothing could be compared: no differences would read as success.

    With ``scope_of`` only what the ``[scope]`` of this project leaves in is compared. ``expected_applied_by`` and
    ``actual_applied_by`` are as ``compare`` takes them. Raises AuditError when one snapshot holds a key twice.
    """
    left, right = expected[1], actual[1]
    if scope_of is not None:
        if count := left_out_by_scope(left, scope_of):
            why = f"nothing was compared: [scope] in audit.toml excludes all objects that {expected[0]} creates ({count})"
            return Unavailable(reason=why, outcome=Outcome.ERRORED)
        (left, _), (right, _) = in_scope(left, scope_of), in_scope(right, scope_of)
    drift = compare(
        expected=left,
        actual=right,
        rules=rules,
        expected_applied_by=expected_applied_by,
        actual_applied_by=actual_applied_by,
    )
    if drift.compared_nothing:
        return Unavailable(reason=drift.why_nothing(expected=expected[0], actual=actual[0]), outcome=Outcome.ERRORED)
    return drift


def without(snapshot: Snapshot, keys: Collection[tuple[str, str]]) -> Snapshot:
    """The snapshot without these objects."""
    if not keys:
        return snapshot
    gone = frozenset(keys)
    return snapshot.keeping(obj for obj in snapshot.objects if (obj.kind, obj.key) not in gone)


def scoped_drift(
    project: Project, *, owner: Snapshot | Unavailable, live: Snapshot, prelude: Keys
) -> tuple[Drift | Unavailable, tuple[Excluded, ...]]:
    """The drift of what is in scope, and how many live objects each rule left out."""
    excluded = (*_excluded_by_prelude(live, prelude), *in_scope(without(live, prelude), project)[1])
    if isinstance(owner, Unavailable):
        return owner, excluded
    drift = compared(
        expected=("the owner's SQL", replace(owner, unmodelled=())),
        actual=("the live database", without(live, prelude)),
        rules=AGAINST_LIVE.override(project.rules),
        scope_of=project,
        expected_applied_by=owner.server.read_as,
    )
    return drift, excluded


def _excluded_by_prelude(live: Snapshot, keys: Keys) -> tuple[Excluded, ...]:
    """How many live objects are the prelude's; empty without one."""
    count = len(live.by_key.keys() & set(keys))
    return (Excluded(pattern="(prelude)", reason="what `prelude` in audit.toml creates", objects=count),) if keys else ()
