"""Sequences: on their own, or owned by a column."""

from __future__ import annotations

from migration_audit.model.drift import Difference
from migration_audit.model.identifiers import parts_of, sql_name
from migration_audit.model.relations import Column, Sequence
from migration_audit.port.owner_grants_comment import changed_owner_grants_comment, new_owner_grants_comment
from migration_audit.port.step import Rank, Sides, StepDraft, Steps, run


def sequence_numbers(sequence: Sequence) -> str:
    """Its numbers as CREATE SEQUENCE writes them."""
    cycle = "CYCLE" if sequence.cycle else "NO CYCLE"
    return (
        f"INCREMENT BY {sequence.increment} MINVALUE {sequence.minimum} MAXVALUE {sequence.maximum} "
        f"START WITH {sequence.start} CACHE {sequence.cache} {cycle}"
    )


def create_sequence(sequence: Sequence, sides: Sides) -> Steps:
    """A missing sequence; one of an identity column comes with the column."""
    if not _is_identity(sequence, sides):
        unlogged = "UNLOGGED " if sequence.persistence == "unlogged" else ""
        yield run(
            sequence,
            Rank.SEQUENCE,
            f"CREATE {unlogged}SEQUENCE IF NOT EXISTS {sql_name(sequence.schema, sequence.name)} AS {sequence.type} "
            f"{sequence_numbers(sequence)};",
            makes=frozenset({(sequence.schema, sequence.name)}),
        )
        if sequence.owned_by:
            yield _owned_by(sequence)
    yield from new_owner_grants_comment(sequence, sides)


def _is_identity(sequence: Sequence, sides: Sides) -> bool:
    column = sides.expected.by_key.get(("column", sequence.owned_by or ""))
    return isinstance(column, Column) and column.identity_kind is not None


def _owned_by(sequence: Sequence) -> StepDraft:
    owner = sql_name(*parts_of(sequence.owned_by)) if sequence.owned_by else "NONE"
    return run(sequence, Rank.OWNED_BY, f"ALTER SEQUENCE {sql_name(sequence.schema, sequence.name)} OWNED BY {owner};")


def change_sequence(difference: Difference, sides: Sides) -> Steps:
    """A sequence that both sides have; its numbers go on from where they are."""
    sequence = difference.expected
    if not isinstance(sequence, Sequence):
        return
    changed = {change.name for change in difference.fields}
    alter = f"ALTER SEQUENCE {sql_name(sequence.schema, sequence.name)}"
    numbers = {"type", "start", "increment", "minimum", "maximum", "cache", "cycle"}
    if numbers & changed:
        yield run(
            sequence,
            Rank.SETTING,
            f"{alter} AS {sequence.type} {sequence_numbers(sequence)};",
            note="fails without changes if the sequence has already passed its new limits",
        )
    if "owned_by" in changed:
        yield _owned_by(sequence)
    if "persistence" in changed:
        yield run(sequence, Rank.SETTING, f"{alter} SET {'UNLOGGED' if sequence.persistence == 'unlogged' else 'LOGGED'};")
    yield from changed_owner_grants_comment(difference, sides)
