"""The objects that a prelude makes: which they are on both sides, and what is left without them."""

from __future__ import annotations

from collections.abc import Collection

from migration_audit.model.rule_use import Excluded
from migration_audit.model.snapshot import Snapshot

Keys = tuple[tuple[str, str], ...]
"""Kind and key of objects."""

EXCLUDED = "(prelude)"


def shared_with(base: Snapshot | None, *sides: Snapshot) -> Keys:
    """The objects of the prelude that every side has as the prelude made them; what a side changed is its own business."""
    if base is None:
        return ()
    return tuple(key for key, obj in base.by_key.items() if all(side.by_key.get(key) == obj for side in sides))


def without(snapshot: Snapshot, keys: Collection[tuple[str, str]]) -> Snapshot:
    """The snapshot without these objects."""
    if not keys:
        return snapshot
    gone = frozenset(keys)
    return snapshot.keeping(obj for obj in snapshot.objects if (obj.kind, obj.key) not in gone)


def excluded_by_prelude(live: Snapshot, keys: Keys) -> tuple[Excluded, ...]:
    """How many live objects are the prelude's; empty without one."""
    count = len(live.by_key.keys() & set(keys))
    return (Excluded(pattern=EXCLUDED, reason="what `prelude` in audit.toml creates", objects=count),) if keys else ()
