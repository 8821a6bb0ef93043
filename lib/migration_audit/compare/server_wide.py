"""What belongs to a whole server, roles above all, as far as two snapshots can be compared in it.

A server that was made for the SQL alone holds nothing else: there every role counts. In a server that others use, what
only that side has may be anybody's, and is not told as a difference; what the SQL makes and the server lacks is. Where one
side does not know the roles at all, none are compared, and that is said.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from itertools import groupby

from migration_audit.model.access import Role
from migration_audit.model.objects import CatalogObject
from migration_audit.model.snapshot import SERVER_WIDE, RolesRead, Snapshot

Key = tuple[str, str]

WHAT = "roles, their members and settings, and privileges on parameters"


def without_server_wide(expected: Snapshot, actual: Snapshot) -> tuple[Snapshot, Snapshot, tuple[str, ...], tuple[str, ...]]:
    """Both snapshots with what of their servers can be compared; what was taken for equal, and what was not compared."""
    sides = {"expected": expected, "actual": actual}
    blind = [side for side, snapshot in sides.items() if snapshot.roles is RolesRead.NONE]
    if blind:
        why = f"{WHAT}: not read on {'either' if len(blind) == 2 else f'the {blind[0]}'} side"
        used = _used(expected) | _used(actual)
        return _without_server(expected, used), _without_server(actual, used), (), (why,)
    one, others_one = of_interest(expected, actual)
    other, others_other = of_interest(actual, expected)
    taken = [
        f"{WHAT} that only exist on the {side} server are not in scope: {count}"
        for side, count in (("expected", others_one), ("actual", others_other))
        if count
    ]
    if RolesRead.SHARED in {expected.roles, actual.roles}:  # there it is not read whether a role has a password
        one, other = _without_passwords(one), _without_passwords(other)
    return one, other, tuple(taken), ()


def _without_passwords(snapshot: Snapshot) -> Snapshot:
    if all(role.password is None for role in snapshot.of(Role)):
        return snapshot
    without = (replace(obj, password=None) if isinstance(obj, Role) else obj for obj in snapshot.objects)
    return replace(snapshot, objects=tuple(without))


def of_interest(shared: Snapshot, other: Snapshot) -> tuple[Snapshot, int]:
    """A snapshot of a server that others use without what ``other`` does not have either, and how many those are."""
    if shared.roles is not RolesRead.SHARED:
        return shared, 0
    used = _used(shared) | _used(other)
    kept = [obj for obj in shared.objects if _key(obj) in other.by_key or _is_here(obj, used)]
    return shared.keeping(kept), len(shared.objects) - len(kept)


def _without_server(snapshot: Snapshot, used: frozenset[str]) -> Snapshot:
    return snapshot.keeping(obj for obj in snapshot.objects if _is_here(obj, used))


def _is_here(obj: CatalogObject, used: frozenset[str]) -> bool:
    """Whether it is in the database, or a tablespace that something in a database is in."""
    return obj.kind not in SERVER_WIDE and (obj.kind != "tablespace" or obj.key in used)


def _used(snapshot: Snapshot) -> frozenset[str]:
    return frozenset(_spaces(snapshot.objects))


def _spaces(objects: Iterable[CatalogObject]) -> Iterable[str]:
    for cls, same in groupby(objects, key=type):
        if hasattr(cls, "tablespace") or hasattr(cls, "tablespaces"):
            for obj in same:
                if (space := getattr(obj, "tablespace", None)) is not None:
                    yield space
                yield from getattr(obj, "tablespaces", ())


def _key(obj: CatalogObject) -> Key:
    return obj.kind, obj.key
