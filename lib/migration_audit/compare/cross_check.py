"""Whether everything that ``pg_dump`` sees differ is explained by a difference of ours; pure, from two texts.

``dump_parts`` splits a dump into named parts, ``claims`` says which of them a difference explains.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from migration_audit.compare.claims import Claims, class_of
from migration_audit.compare.dump_parts import ROUTINE, Address, Known, parts
from migration_audit.compare.spelling import one_spelling, one_spelling_of_default, one_spelling_of_routine
from migration_audit.model.drift import Drift
from migration_audit.model.identifiers import leading_name
from migration_audit.model.objects import owners
from migration_audit.model.preflight import CrossCheck, Unexplained
from migration_audit.model.relations import Constraint, Table
from migration_audit.model.snapshot import Snapshot

LONGEST = 300
"""Characters of a text that a finding shows."""

_SPELLINGS = {ROUTINE: one_spelling_of_routine, "COLUMN DEFAULT": one_spelling_of_default}
_NULL = re.compile(r"NULL(?:::[^:']+)?")
"""A default as it is printed, with the type, where a column lacks its parent's."""


def cross_check_with_pg_dump(drift: Drift, *, expected: tuple[Snapshot, str], actual: tuple[Snapshot, str]) -> CrossCheck:
    """The verdict of two dumps about a comparison; each side is a snapshot and the dump of the same database.

    Raises AuditError when the parser cannot read a dump.
    """
    inherited = _inherited_columns(expected[0]) & _inherited_columns(actual[0])
    known: Known = {}
    left, right = (_as_inherited(parts(dump, known), inherited, snapshot) for snapshot, dump in (expected, actual))
    differing = [address for address in sorted(left.keys() | right.keys()) if not _equal(address, left, right)]
    claims = Claims(expected[0], actual[0])
    claimed = {(d.kind, d.key): frozenset(claims.of(d)) for d in drift.differences}
    explained = frozenset[Address]().union(*claimed.values())
    classes = {class_of(thing.kind) for thing in (*drift.unmodelled_expected, *drift.unmodelled_actual)}
    unexplained = [
        _unexplained(address, left.get(address), right.get(address))
        for address in differing
        if explained.isdisjoint(_claimable(address)) and not _is_of(classes, address)
    ]
    in_dumps = {claim for address in differing for claim in _claimable(address)}
    seen = {key for key, addresses in claimed.items() if not in_dumps.isdisjoint(addresses)}
    # What is in the text of something larger that differs (a view's columns, a parent's) is seen with it.
    seen_with_it = frozenset[Address]().union(*(claimed[key] for key in seen))
    beyond = [
        (d.kind, d.key)
        for d in drift.roots
        if (d.kind, d.key) not in seen
        and seen_with_it.isdisjoint(claimed[d.kind, d.key])
        and seen.isdisjoint(owners(d.present_object, expected[0].by_key, actual[0].by_key))
    ]
    return CrossCheck(unexplained=tuple(unexplained), beyond=tuple(beyond))


def _inherited_columns(snapshot: Snapshot) -> set[tuple[str, str, str]]:
    """Schema, table and column of all columns of tables that inherit."""
    tables = (table for table in snapshot.of(Table) if table.inherits)
    return {(table.schema, table.name, column) for table in tables for column in table.column_order}


def _as_inherited(
    dump: Mapping[Address, str], columns: set[tuple[str, str, str]], snapshot: Snapshot
) -> Mapping[Address, str]:
    """The dump without what it has to say of a column because of a parent, and what comes back as the column's own.

    That is ``DEFAULT NULL`` where the column lacks its parent's default, and, from PostgreSQL 18 on, the name of a NOT NULL
    that came with the parent.
    """
    own = {(c.schema, c.table, c.name) for c in snapshot.of(Constraint) if c.type == "not null"}
    found = dict(dump)
    for address, text in dump.items():
        if address[1:] not in columns:
            continue
        if address.aspect == "COLUMN DEFAULT" and _NULL.fullmatch(text):
            del found[address]
        elif address.aspect == "COLUMN NOT NULL" and text.startswith("CONSTRAINT "):
            (name, *_), rest = leading_name(text.removeprefix("CONSTRAINT "))
            found[address] = text if (address.schema, address.name, name) in own else rest.strip()
    return found


def _equal(address: Address, left: Mapping[Address, str], right: Mapping[Address, str]) -> bool:
    one, other = left.get(address), right.get(address)
    if one is None or other is None or one == other:
        return one == other
    if address.aspect != "COLUMN ORDER":
        spell = _SPELLINGS.get(address.aspect, one_spelling)
        return spell(one) == spell(other)
    first, second = one.split("\n"), other.split("\n")
    return [n for n in first if n in second] == [n for n in second if n in first]


def _claimable(address: Address) -> Iterator[Address]:
    """What explains a part: a claim to it, to all of its class, or to all that belongs to one object."""
    yield address
    yield Address(address.aspect, "", "*")
    yield Address(address.aspect.partition(" ON ")[0], "", "*")
    yield address._replace(part="*")


def _is_of(classes: set[str], address: Address) -> bool:
    """Whether a part is about one of the classes: ``RULE`` for a rule, its state, and a comment on it."""
    about = address.aspect.rpartition(" ON ")[2].removeprefix("OWNER OF ") + " "
    return any(about.startswith(f"{one} ") for one in classes)


def _unexplained(address: Address, expected: str | None, actual: str | None) -> Unexplained:
    name = " ".join(filter(None, (address.name, address.part)))
    return Unexplained(
        kind=address.aspect,
        name=f"{address.schema}.{name}" if address.schema else name,
        expected=_short(expected),
        actual=_short(actual),
    )


def _short(text: str | None) -> str | None:
    line = " ".join(text.split()) if text is not None else None
    return line if line is None or len(line) <= LONGEST else line[: LONGEST - 1] + "…"
