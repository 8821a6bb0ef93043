"""SNAP006: SQL after `schema apply` on Directus's own columns."""

from __future__ import annotations

from collections.abc import Iterator

from migration_audit.checks.directus_rules import INDEXES_SEEN_SINCE
from migration_audit.model.directus import ColumnChange, DirectusSnapshot, SnapshotColumn, TargetVersion
from migration_audit.model.drift import Severity
from migration_audit.model.finding import Check, Finding, Phase, Said, Told

_OWN_NAME = {"unique": "unique", "index": "index"}


def run(
    post_changes: tuple[ColumnChange, ...], directus_snapshot: DirectusSnapshot, directus_target: TargetVersion
) -> Iterator[Said]:
    """Look for what db-init-post does to single columns that the snapshot has.

    Why: schema apply compares each column. What it sees beyond the snapshot it takes away on the next boot: under its own
    name ({table}_{column}_unique), or a NOT NULL, a default, a type, without a word; a constraint or index of another name
    it cannot find, and every boot stops with rc 1.
    Fix: write it into the snapshot (set it in Directus and snapshot again).
    Fine when: it is a composite UNIQUE, a CHECK, a foreign key, a unique index that is no constraint or a column of its own:
    Directus does not see those, or leaves them.
    Source: run on Directus 11.17.4.
    """
    columns = {(f.collection, f.name): f.column for f in directus_snapshot.fields if f.column is not None}
    kept = 0
    for change in post_changes:
        column = columns.get((change.table, change.column))
        if change.kind == "undecided":
            yield _undecided(change)
        elif change.kind == "kept" or (column is None and change.column):
            kept += 1
        elif column is None or change.kind == "unmeasured":
            yield Told(text=f"{change.at}: what Directus does about {change.words} was not measured")
        elif not _unseen(change, directus_target) and not _already(change, column):
            yield _finding(change, column)
    if kept:
        yield Told(text=f"{kept} {'change' if kept == 1 else 'changes'} that Directus does not see, and leaves as made")


def _unseen(change: ColumnChange, target: TargetVersion) -> bool:
    return change.kind == "index" and target.version is not None and target.version < INDEXES_SEEN_SINCE


def _already(change: ColumnChange, column: SnapshotColumn) -> bool:
    """Whether the snapshot wants what the SQL does; defaults and types are spelled too freely to be compared."""
    wanted = {
        "unique": column.is_unique is True,
        "index": column.is_indexed is True,
        "not null": column.is_nullable is False,
        "null": column.is_nullable is True,
    }
    return wanted.get(change.kind, False)


def _undecided(change: ColumnChange) -> Finding:
    return Finding(
        key=f"SNAP006:undecided:{change.at}",
        summary=f"{change.at}: {change.words}: whether it touches a column of Directus cannot be judged by reading",
        where=str(change.at),
    )


def _finding(change: ColumnChange, column: SnapshotColumn) -> Finding:
    name = f"{change.table}.{change.column}"
    own = f"{change.table}_{change.column}_{_OWN_NAME.get(change.kind, '')}"
    if change.kind in _OWN_NAME and change.name != own:
        shown = change.name or "its name"
        does = f"every boot: schema apply looks for {own} instead of {shown} and stops (`… does not exist`, rc 1)"
    elif change.kind == "dropped":
        already = f'Field "{change.column}" already exists in collection "{change.table}"'
        does = f"every boot: schema apply stops with `{already}` (rc 1)"
    else:
        does = "the next schema apply reverts it without a word, and exits 0"
    return Finding(
        key=f"SNAP006:{name}:{change.kind}",
        summary=f"{change.words} on {name}, which Directus manages: {does}",
        expected=_wanted(change.kind, column),
        actual=change.words,
        where=str(change.at),
    )


def _wanted(kind: str, column: SnapshotColumn) -> str:
    words = {
        "unique": f"is_unique: {column.is_unique}",
        "index": f"is_indexed: {column.is_indexed}",
        "not null": f"is_nullable: {column.is_nullable}",
        "null": f"is_nullable: {column.is_nullable}",
        "default": f"default_value: {column.default or 'null'}",
        "dropped": f"field {column.data_type}",
        "type": f"data_type: {column.data_type}",
    }
    return f"the snapshot's {words[kind].lower()}"


CHECK = Check(
    id="SNAP006",
    title="SQL after schema apply leaves single columns of Directus alone",
    severity=Severity.WARNING,
    phases=tuple(Phase),
    run=run,
)
