"""Whether everything that ``pg_dump`` sees differ is explained by a difference of ours; pure, from two texts.

``dump_text`` tells how a dump becomes named parts, ``claims`` which of them a difference explains.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from migration_audit.compare.claims import CLASS, Claims
from migration_audit.compare.dump_text import ROUTINE, Address, identifiers, parts
from migration_audit.compare.spelling import one_spelling, one_spelling_of_routine
from migration_audit.model.drift import Drift
from migration_audit.model.objects import CatalogObject
from migration_audit.model.relations import Constraint, Table
from migration_audit.model.snapshot import Snapshot, Unmodelled
from migration_audit.model.witness import Unexplained, Witness

LONGEST = 300
"""Characters of a text that a finding shows."""

_NO_DEFAULT = re.compile(r"(?:^SET)? ?DEFAULT NULL(?:::[^:']+?)?(?= (?:CONSTRAINT .+ )?NOT NULL|$)")
"""``DEFAULT NULL`` as it is printed where somebody wrote it, with the type, and where nobody did."""
_NAMED_NOT_NULL = re.compile(r' CONSTRAINT ("(?:[^"]|"")+"|\w+) NOT NULL')


def hear_witness(drift: Drift, *, expected: tuple[Snapshot, str], actual: tuple[Snapshot, str]) -> Witness:
    """The verdict of two dumps about a comparison; each side is a snapshot and the dump of the same database."""
    inherited = _inherited_columns(expected[0]) & _inherited_columns(actual[0])
    left, right = (_as_inherited(parts(dump), inherited, snapshot) for snapshot, dump in (expected, actual))
    differing = {a: (left.get(a), right.get(a)) for a in sorted(left.keys() | right.keys()) if not _equal(a, left, right)}
    claims = Claims(expected[0], actual[0])
    claimed_by = {(d.kind, d.key): set(claims.of(d)) for d in drift.differences}
    claimed = set[Address]().union(*claimed_by.values())
    classes = {_class_of(thing) for thing in (*drift.unmodelled_expected, *drift.unmodelled_actual)}
    unexplained = [
        _unexplained(address, *texts)
        for address, texts in differing.items()
        if claimed.isdisjoint(_claimable(address)) and not _is_of(classes, address)
    ]
    seen = {claim for address in differing for claim in _claimable(address)}
    unseen = {key for key, addresses in claimed_by.items() if seen.isdisjoint(addresses)}
    by_others = set[Address]().union(*(addresses for key, addresses in claimed_by.items() if key not in unseen))
    # What stands in the text of something larger that differs (a view's columns, a parent's) is seen with it.
    beyond = [
        (d.kind, d.key)
        for d in drift.roots
        if (d.kind, d.key) in unseen
        and by_others.isdisjoint(claimed_by[d.kind, d.key])
        and not any(owner in claimed_by and owner not in unseen for owner in _owners(d.there, expected[0], actual[0]))
    ]
    return Witness(unexplained=tuple(unexplained), beyond=tuple(beyond))


def _inherited_columns(snapshot: Snapshot) -> set[tuple[str, str]]:
    """Schema, and table and column, of all columns of tables that inherit."""
    tables = (table for table in snapshot.of(Table) if table.inherits)
    return {(table.schema, f"{table.name} {column}") for table in tables for column in table.column_order}


def _as_inherited(dump: Mapping[Address, str], columns: set[tuple[str, str]], snapshot: Snapshot) -> Mapping[Address, str]:
    """The dump without what it has to say of a column because of a parent, and what comes back as the column's own.

    That is ``DEFAULT NULL`` where the column lacks its parent's default, and, from PostgreSQL 18 on, the name of a NOT NULL
    that came with the parent.
    """
    own = {(c.schema, c.table, c.name) for c in snapshot.of(Constraint) if c.type == "not null"}
    found = dict(dump)
    for address, text in dump.items():
        if address[0] in {"COLUMN", "COLUMN DEFAULT"} and address[1:] in columns:
            named = _NAMED_NOT_NULL.search(text)
            if named and (address[1], address[2].partition(" ")[0], identifiers(named[1])[0]) not in own:
                text = text[: named.start()] + " NOT NULL" + text[named.end() :]  # noqa: PLW2901
            found[address] = _NO_DEFAULT.sub("", text) if "DEFAULT NULL" in text else text
    return {address: text for address, text in found.items() if text or address[0] != "COLUMN DEFAULT"}


def _owners(obj: CatalogObject, *sides: Snapshot) -> Iterator[tuple[str, str]]:
    """What the object belongs to, what that belongs to, and so on."""
    owner = obj.belongs_to
    while owner is not None:
        yield owner
        there = next((side.by_key[owner] for side in sides if owner in side.by_key), None)
        owner = there.belongs_to if there else None


def _equal(address: Address, left: Mapping[Address, str], right: Mapping[Address, str]) -> bool:
    one, other = left.get(address), right.get(address)
    if one is None or other is None or one == other:
        return one == other
    if address[0] != "COLUMN ORDER":
        spell = one_spelling_of_routine if address[0] == ROUTINE else one_spelling
        return spell(one) == spell(other)
    first, second = one.split("\n"), other.split("\n")
    return [n for n in first if n in second] == [n for n in second if n in first]


def _claimable(address: Address) -> Iterator[Address]:
    """What explains a part: a claim to it, to all of its class, or to all that belongs to one object."""
    kind, schema, name = address
    yield address
    yield kind, "", "*"
    yield kind.partition(" ON ")[0], "", "*"
    yield kind, schema, f"{name.partition(' ')[0]} *"


def _is_of(classes: set[str], address: Address) -> bool:
    """Whether a part is about one of the classes: ``RULE`` for a rule, its state, and a comment on it."""
    about = address[0].rpartition(" ON ")[2].removeprefix("OWNER OF ") + " "
    return any(about.startswith(f"{one} ") for one in classes)


def _unexplained(address: Address, expected: str | None, actual: str | None) -> Unexplained:
    kind, schema, name = address
    return Unexplained(
        kind=kind, name=f"{schema}.{name}" if schema else name, expected=_short(expected), actual=_short(actual)
    )


def _short(text: str | None) -> str | None:
    line = " ".join(text.split()) if text is not None else None
    return line if line is None or len(line) <= LONGEST else line[: LONGEST - 1] + "…"


def _class_of(thing: Unmodelled) -> str:
    return CLASS.get(thing.kind, thing.kind.upper())


__all__ = ["hear_witness"]
