"""One comparison for every kind of object."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from migration_audit.compare.normalise import ComparedSides, normalised, pair_not_null, weight_of_name
from migration_audit.compare.renames import as_renames, rename_of, renamed_tables, under_new_names
from migration_audit.compare.rules import Rules
from migration_audit.compare.scope import beyond_fresh, without_server_wide
from migration_audit.compare.timescale import matched_jobs, weighed_by_version
from migration_audit.compare.unreadable import may_hide, without_unreadable
from migration_audit.model.access import Role
from migration_audit.model.bulk import many_objects
from migration_audit.model.drift import Difference, DiffVerdict, Drift, FieldChange, NotKnown, heaviest
from migration_audit.model.enumeration import some_of
from migration_audit.model.errors import AuditError
from migration_audit.model.finding import Severity
from migration_audit.model.objects import CatalogObject, Key
from migration_audit.model.redaction import Redacted
from migration_audit.model.relations import Constraint
from migration_audit.model.snapshot import Snapshot

# What takes its parts along when it is missing; a schema is not among them: its tables are made one by one.
_TAKES_ALONG = frozenset(
    {
        *("table", "view", "materialized view", "column", "constraint", "hypertable", "continuous aggregate"),
        *("publication", "server", "foreign-data wrapper", "operator family"),
    }
)


@many_objects()
def compare(
    *,
    expected: Snapshot,
    actual: Snapshot,
    rules: Rules | None = None,
    expected_applied_by: str | None = None,
    actual_applied_by: str | None = None,
) -> Drift:
    """Every difference between two snapshots, sorted by kind and key; and which sides have nothing to compare.

    ``expected_applied_by`` is given when expected is a shadow and actual is not: the role that applied the SQL, whose
    ownership the SQL did not ask for (see ``normalise``); ``actual_applied_by`` where it is the other way round. Raises
    AuditError when one snapshot holds a key twice.
    """
    rules = rules or Rules()
    expected, actual, assumptions, not_compared = without_server_wide(expected, actual)
    not_compared = (*not_compared, *_contents(expected, actual))
    left_jobs, right_jobs, renamed = matched_jobs(expected, actual)
    want, have = _by_key(left_jobs, "expected"), _by_key(right_jobs, "actual")
    want, have, not_null = pair_not_null(want, have)
    tables = renamed_tables(want, have)
    called, have = have, under_new_names(have, tables)
    sides = ComparedSides(
        expected=want, actual=have, expected_applied_by=expected_applied_by, actual_applied_by=actual_applied_by
    )
    found = [rename_of(want["table", new], called["table", old]) for old, new in tables.items()]
    not_known: list[NotKnown] = []
    lost, added = _takers(want, have), _takers(have, want)
    for key in sorted([*want, *(key for key in have if key not in want)]):  # two sorted runs: cheaper than a set
        if key not in have:
            found.append(_one_sided(DiffVerdict.MISSING, want[key], rules.missing(key[0]), lost))
        elif key not in want:
            found.append(_one_sided(DiffVerdict.UNEXPECTED, have[key], rules.unexpected, added))
        else:
            left, right = want[key], have[key]
            is_same = left == right
            if not is_same or may_hide(left):
                (left, right), hidden = without_unreadable(left, right)
                not_known += hidden
                is_same = left == right
            if not is_same:  # no normaliser makes equal objects differ
                left, right = normalised(left, right, sides)
            if not is_same and left != right:
                found.append(_changed(left, right, rules))
            elif isinstance(right, Constraint) and key in not_null:  # by the expected side's name
                found.append(rename_of(left, replace(right, name=not_null[key]), weight_of_name(right.name)))
    found = [weighed_by_version(one, expected, renamed, (want, have), rules.unexpected) for one in found]
    found = sorted(as_renames(found, want, have), key=lambda d: (d.kind, d.key))
    if expected_applied_by is not None:
        unstated = (
            f"objects to which the SQL gives no owner (it was applied as {expected_applied_by}) may have any owner",
            "settings of the database that the SQL does not set may have any value",
        )
        assumptions = (*unstated, *assumptions)
    if actual_applied_by is not None:
        unstated = (
            f"objects to which the SQL gives no owner (it was applied as {actual_applied_by}) may have had any owner",
            "owner, privileges and connection limit of the database are the server administrator's decision",
        )
        assumptions = (*unstated, *assumptions)
    assumed = {DiffVerdict.MISSING: actual.assumed_roles, DiffVerdict.UNEXPECTED: expected.assumed_roles}
    return Drift(
        differences=tuple(_with_notes(_folded(found), assumed)),
        unmodelled_expected=expected.unmodelled,
        unmodelled_actual=actual.unmodelled,
        assumptions=assumptions,
        not_compared=not_compared,
        not_known=tuple(not_known),
        empty=tuple(
            side for side, one in (("expected", expected), ("actual", actual)) if next(beyond_fresh(one), None) is None
        ),
        looked_up=tuple(sorted(Counter(kind for kind, _ in want).items())),
    )


def _by_key(snapshot: Snapshot, side: str) -> Mapping[Key, CatalogObject]:
    found = snapshot.by_key
    if len(found) != len(snapshot.objects):
        seen: set[Key] = set()
        twice = next(k for o in snapshot.objects if (k := (o.kind, o.key)) in seen or seen.add(k))  # type: ignore[func-returns-value]
        raise AuditError(
            f"the {side} snapshot contains {twice[0]} {twice[1]} twice",
            todo="read it again; if the error persists, report a bug",
        )
    return found


def _takers(objects: Mapping[Key, CatalogObject], others: Mapping[Key, CatalogObject]) -> Mapping[Key, Key]:
    """What one side alone has and takes its parts along; each key with itself, for all parts to share."""
    return {key: key for key in objects if key[0] in _TAKES_ALONG and key not in others}


def _one_sided(verdict: DiffVerdict, obj: CatalogObject, severity: Severity, takers: Mapping[Key, Key]) -> Difference:
    is_missing, owner = verdict is DiffVerdict.MISSING, obj.belongs_to
    return Difference(
        verdict=verdict,
        kind=obj.kind,
        key=obj.key,
        severity=severity,
        expected=obj if is_missing else None,
        actual=None if is_missing else obj,
        part_of=takers.get(owner) if owner else None,
    )


def _changed(expected: CatalogObject, actual: CatalogObject, rules: Rules) -> Difference:
    changes = tuple(
        FieldChange(
            name=name,
            expected=_text(left),
            actual=_text(_distinguished(right, left)),
            severity=rules.of_field(name, expected.kind),
        )
        for name in expected.compared()
        if (left := getattr(expected, name)) != (right := getattr(actual, name))
    )
    return Difference(
        verdict=DiffVerdict.CHANGED,
        kind=expected.kind,
        key=expected.key,
        severity=heaviest(changes),
        fields=changes,
        expected=expected,
        actual=actual,
    )


def _contents(expected: Snapshot, actual: Snapshot) -> Iterator[str]:
    """What is computed, and in no catalog: the rows of views that both sides store."""
    for kind in ("materialized view", "continuous aggregate"):
        if both := sorted(key for of_kind, key in expected.by_key if of_kind == kind and (kind, key) in actual.by_key):
            yield f"rows of {kind}s, and whether they have any: {some_of(both)}"


def _text(value: Any) -> str | None:
    """A value as a person reads it; None for "not set", which an empty list is too and an empty text is not."""
    if value is None:
        return None
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, tuple):
        return ", ".join(str(item) for item in value) if value else None
    return str(value)


def _distinguished(value: Any, other: Any) -> Any:
    """The value; each redacted text in it that the other has under the same name with another value says so."""
    if not isinstance(value, tuple):
        return value
    shown = {str(item) for item in other}
    differ = {item for item in value if isinstance(item, Redacted) and item not in other and str(item) in shown}
    return tuple(f"{item[:-1]}, differs)" if item in differ else item for item in value)


def _folded(found: list[Difference]) -> Iterator[Difference]:
    """The differences, after renames were found: what belongs to something renamed is not part of something missing."""
    renamed = {(d.kind, d.key): d for d in found if d.verdict is DiffVerdict.RENAMED}
    not_lost = renamed.keys() | {(kind, d.actual_key or d.key) for (kind, _), d in renamed.items()}
    for difference in found:
        if difference.verdict is DiffVerdict.RENAMED:
            owner = difference.present_object.belongs_to
            is_taken = owner is not None and owner[0] == "constraint" and owner in renamed
            yield replace(difference, part_of=owner) if is_taken else difference
        elif difference.verdict is not DiffVerdict.CHANGED and difference.part_of in not_lost:
            yield replace(difference, part_of=None)
        else:
            yield difference


def _with_notes(
    differences: Iterator[Difference], assumed_roles: Mapping[DiffVerdict, tuple[str, ...]]
) -> Iterator[Difference]:
    """The differences, with a note on each role that one side creates and the other only names."""
    for difference in differences:
        there = difference.present_object
        if isinstance(there, Role) and there.name in assumed_roles.get(difference.verdict, ()):
            side = "actual" if difference.verdict is DiffVerdict.MISSING else "expected"
            yield replace(difference, note=f"the {side} side assumes it: it names it but does not create it")
        else:
            yield difference
