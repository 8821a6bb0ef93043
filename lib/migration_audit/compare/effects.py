"""What a legacy statement made, looked up in the comparison of both catalogs: the same effect without the same words."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import replace

from migration_audit.model.drift import Difference, DiffVerdict, Drift
from migration_audit.model.identifiers import identifiers_in
from migration_audit.model.location import Location
from migration_audit.model.preflight import OriginMap
from migration_audit.model.snapshot import Snapshot
from migration_audit.model.sql import Similarity, StatementMatch

Key = tuple[str, str]

_MOST_NAMED = 3
_OF_ROWS = frozenset({"insert", "update", "delete", "merge", "copy", "truncate", "set", "reset", "analyze", "vacuum"})
"""Statements that make nothing of the schema; without a catalog row of their own they are not looked up."""
_ASPECT = {"comment": "comment", "grant": "privileges", "revoke": "privileges"}
_OF_OTHERS = frozenset({*_ASPECT.values(), "owner"})
"""What statements of their own say of an object, and not the one that makes it."""


def with_effects(
    matches: Iterable[StatementMatch],
    coverage: Drift,
    *,
    legacy: Snapshot,
    legacy_origins: OriginMap,
    owner_origins: OriginMap,
) -> tuple[StatementMatch, ...]:
    """The matches, with those that no text explains decided by what they made.

    A statement that last wrote no catalog row of its own (a GRANT, a COMMENT, one that a later statement went over) is
    judged by the objects that it names. Where the text is the same and what it made is not, the differences are named.
    """
    made: defaultdict[Location, list[Key]] = defaultdict(list)
    for key, at in legacy_origins.items():
        made[at].append(key)
    lookup = _Lookup(coverage, legacy, owner_origins)
    return tuple(lookup.judged(match, sorted(made.get(match.legacy, ()))) for match in matches)


def _is_about(difference: Difference, aspect: str | None, *, is_maker: bool) -> bool:
    """Whether the difference is in what the statement says: all of the object, or one aspect of it."""
    names = {change.name for change in difference.fields}
    if difference.verdict is not DiffVerdict.CHANGED:
        return True
    if aspect is not None:
        return aspect in names
    return not is_maker or not names <= _OF_OTHERS


class _Lookup:
    def __init__(self, coverage: Drift, legacy: Snapshot, owner_origins: OriginMap) -> None:
        self._differing = {(d.kind, d.key): d for d in coverage.differences if d.verdict is not DiffVerdict.UNEXPECTED}
        self._under: defaultdict[Key, list[Difference]] = defaultdict(list)
        for difference in self._differing.values():
            if owner := difference.present_object.belongs_to:
                self._under[owner].append(difference)
        self._origins = owner_origins
        self._by_name: defaultdict[str, list[Key]] = defaultdict(list)
        for key, obj in legacy.by_key.items():
            if obj.belongs_to is None or obj.belongs_to[0] == "schema":
                name = getattr(obj, "name", None) or getattr(obj, "table", None)
                if isinstance(name, str):
                    self._by_name[name].append(key)

    def judged(self, match: StatementMatch, made: list[Key]) -> StatementMatch:
        """The match, decided."""
        first = match.text.partition(" ")[0].lower()
        keys = made or ([] if first in _OF_ROWS else self._named(match.text))
        found = [self._differing[key] for key in keys if key in self._differing]
        if not made:
            found += [d for key in keys for d in self._under[key] if d not in found]
        differing = [d for d in found if _is_about(d, _ASPECT.get(first), is_maker=bool(made))]
        shown = tuple(f"{d.kind} {d.key}" for d in differing[:_MOST_NAMED])
        if match.similarity is not Similarity.ABSENT:
            return replace(match, differing=shown)
        at = next((self._origins[key] for key in self._main_first(keys) if key in self._origins), None)
        if not keys:
            return replace(match, similarity=Similarity.NO_SCHEMA)
        if not differing:
            return replace(match, similarity=Similarity.EFFECT, owner=at)
        is_absent = len(differing) == len(keys) and all(d.verdict is DiffVerdict.MISSING for d in differing)
        similarity = Similarity.ABSENT if is_absent else Similarity.DIFFERENT
        return replace(match, similarity=similarity, owner=None if is_absent else at, differing=shown)

    def _named(self, text: str) -> list[Key]:
        names = identifiers_in(text)
        found = [key for name in dict.fromkeys(names) for key in self._by_name.get(name, ())]
        # A schema is named with everything in it, and is hardly ever what a statement is about.
        return [key for key in found if key[0] != "schema"] or found

    def _main_first(self, keys: list[Key]) -> list[Key]:
        """What the others belong to before them: the table of its columns."""
        return sorted(keys, key=lambda key: (len(key[1]), key))
