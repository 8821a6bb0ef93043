"""What statements did to a database: step by step, and what a legacy statement made, looked up in a comparison."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from migration_audit.model.drift import Difference, DiffVerdict, Drift
from migration_audit.model.identifiers import identifiers_in
from migration_audit.model.location import Location
from migration_audit.model.objects import Key
from migration_audit.model.preflight import OriginMap
from migration_audit.model.side_effects import ObjectId, SeenObject, Undoing, Undone
from migration_audit.model.snapshot import Snapshot
from migration_audit.model.sql import Similarity, StatementMatch

Locate = Callable[[int, int], Location | None]
"""``xmin`` and ``cmin`` of a catalog row to the statement that wrote it."""

_WORDS = {"table column": "column", "table constraint": "constraint", "statistics object": "statistics"}
_ROUTINES = frozenset({"function", "procedure", "aggregate"})


@dataclass(slots=True)
class _Life:
    """One object from the moment it was seen first."""

    first: SeenObject
    is_given: bool
    """Whether it was there before the first statement."""
    path: str = ""
    """The file in which the states below were seen."""
    states: list[tuple[str, Location | None]] = field(default_factory=list)
    """Its definitions within this file, each with the statement after which it was seen."""


@dataclass(frozen=True, slots=True)
class _Removed:
    life: _Life
    at: Location
    along: int
    seen_before: int
    """How many objects had been seen before the statement that removed it."""


class ObjectHistory:
    """Takes readings of a catalog in the order of the statements, and says at the end what was undone."""

    def __init__(self, given: Iterable[SeenObject] = ()) -> None:
        """``given`` exists before the first statement: the source did not create it."""
        self._lives = {seen.id: _Life(seen, is_given=True, states=[(seen.state, None)]) for seen in given}
        self._events: list[_Removed | Undone] = []
        self._created: list[SeenObject] = []

    def before(self, seen: Iterable[SeenObject], read: Collection[int]) -> None:
        """A reading before a statement: what changed since the last one was changed by statements that undo nothing.

        ``seen`` are all objects whose OID is in ``read``; what is not among them is gone.
        """
        there = {one.id: one for one in seen}
        for key in [key for key in self._lives if key[1] in read and key not in there]:
            del self._lives[key]  # its transaction was rolled back to be repeated
        for one in there.values():
            self._take(one, None)

    def after(self, seen: Iterable[SeenObject], read: Collection[int], at: Location) -> None:
        """A reading after the statement at ``at``: what changed since the last one is its doing."""
        there = {one.id: one for one in seen}
        gone = {key: self._lives.pop(key) for key in list(self._lives) if key[1] in read and key not in there}
        self._events += _roots(gone, at, len(self._created))
        for one in there.values():
            self._take(one, at)

    def undone(self, locate: Locate, *, is_own: Callable[[Location], bool]) -> tuple[Undone, ...]:
        """Everything that is created and removed, or changed and changed back, in the order in which it was undone.

        ``is_own`` says whether the statement at a location is one of the source's.
        """
        found = (one if isinstance(one, Undone) else self._undone(one, locate) for one in self._events)
        own = (one for one in found if one is not None and is_own(one.undone) and (not one.made or is_own(one.made)))
        return _last_of_each(own)

    def _undone(self, removed: _Removed, locate: Locate) -> Undone | None:
        """A removal with its places; None where the source did not create the object."""
        seen = removed.life.first
        if removed.life.is_given:
            return None
        successor = self._successor(seen, removed.seen_before)
        return Undone(
            kind=_WORDS.get(seen.kind, seen.kind),
            name=seen.name,
            how=Undoing.REMOVED,
            made=_place(seen, locate),
            undone=removed.at,
            along=removed.along,
            again=_place(successor, locate) if successor else None,
        )

    def _successor(self, seen: SeenObject, seen_before: int) -> SeenObject | None:
        """What takes the place of a removed object: of its very name, or a routine that was created when it was gone."""
        later = self._created[self._created.index(seen) + 1 :]
        after = self._created[seen_before:]
        very = (one for one in later if (one.kind, one.name) == (seen.kind, seen.name))
        return next(very, None) or next((one for one in after if _name(one) == _name(seen)), None)

    def left(self, locate: Locate, *, is_own: Callable[[Location], bool]) -> Counter[str]:
        """How many objects that the source created are there, by the file that created them.

        A part counts only where another file created what it is a part of.
        """
        counts: Counter[str] = Counter()
        for life in self._lives.values():
            parent = life.first.parent
            holder = self._lives.get((*parent, 0)) if parent else None
            if life.is_given:
                continue
            made = _place(life.first, locate)
            of_holder = _place(holder.first, locate) if holder else None
            if holder and not holder.is_given and (of_holder and of_holder.path) == (made and made.path):
                continue
            if made is None or is_own(made):
                counts[made.path if made else ""] += 1
        return counts

    def _take(self, seen: SeenObject, at: Location | None) -> None:
        life = self._lives.get(seen.id)
        if life is None:
            self._created.append(seen)
            path = at.path if at else ""
            self._lives[seen.id] = _Life(seen, is_given=False, path=path, states=[(seen.state, at)])
            return
        if at is not None and at.path != life.path:
            life.path, life.states = at.path, life.states[-1:]
        if seen.state == life.states[-1][0]:
            return
        earlier = next((i for i, (state, _) in enumerate(life.states) if state == seen.state), None)
        life.states.append((seen.state, at))
        if earlier is None or at is None:
            return
        changed = life.states[earlier + 1][1]
        kind = _WORDS.get(life.first.kind, life.first.kind)
        if changed is not None:
            self._events.append(Undone(kind=kind, name=life.first.name, how=Undoing.CHANGED_BACK, made=changed, undone=at))
        life.states = life.states[-1:]


def _roots(gone: Mapping[ObjectId, _Life], at: Location, seen_before: int) -> Iterator[_Removed]:
    """What is gone and is not a part of something else that is gone; of a schema, with the number of objects in it."""
    holders = Counter((*parent, 0) for life in gone.values() if (parent := life.first.parent) is not None)
    for key, life in sorted(gone.items(), key=lambda item: item[0]):
        parent = life.first.parent
        if parent is None or (*parent, 0) not in gone:
            yield _Removed(life, at, holders[key] if life.first.kind == "schema" else 0, seen_before)


def _last_of_each(found: Iterable[Undone]) -> tuple[Undone, ...]:
    """Of an object that is removed several times and is gone in the end, the last removal alone."""
    kept: dict[tuple[object, ...], Undone] = {}
    for one in found:
        again = one.again if one.how is Undoing.REMOVED else one.undone
        key = (one.kind, one.name, one.how, again)
        kept.pop(key, None)
        kept[key] = one
    lost = {(one.kind, one.name) for one in kept.values() if one.how is Undoing.REMOVED and one.again is None}
    return tuple(one for one in kept.values() if one.again is None or (one.kind, one.name) not in lost)


def _place(seen: SeenObject, locate: Locate) -> Location | None:
    """The statement that wrote the object's row."""
    return locate(*seen.origin) if seen.origin else None


def _name(seen: SeenObject) -> tuple[str, str]:
    """By what a reader takes two objects for the same: routines by name, whatever their arguments are."""
    return seen.kind, seen.name.partition("(")[0] if seen.kind in _ROUTINES else seen.name


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
