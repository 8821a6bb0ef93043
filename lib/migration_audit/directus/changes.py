"""What SQL after an apply does to a column, made in the model."""

from __future__ import annotations

from dataclasses import replace

from migration_audit.directus.postgres import DatabaseState
from migration_audit.model.directus import ColumnChange
from migration_audit.model.directus_database import DirectusColumn, DirectusIndex, DirectusKey


def make_change(state: DatabaseState, change: ColumnChange) -> None:
    """Change ``state`` as the SQL does; nothing where the table is not there."""
    table = state.tables.get(change.table)
    if table is None:
        return
    name = change.name or f"{change.table}_{change.column}_{'key' if change.kind == 'unique' else 'idx'}"
    if change.kind == "unique":
        state.tables[change.table] = replace(
            table, keys=(*table.keys, DirectusKey(name=name, primary=False, columns=(change.column,)))
        )
    elif change.kind == "index":
        made = DirectusIndex(name=name, columns=(change.column,))
        state.tables[change.table] = replace(table, indexes=(*table.indexes, made))
    elif change.kind == "dropped":
        state.drop_column(change.table, change.column)
    else:
        columns = tuple(_changed(one, change) if one.name == change.column else one for one in table.columns)
        state.tables[change.table] = replace(table, columns=columns)


def _changed(column: DirectusColumn, change: ColumnChange) -> DirectusColumn:
    match change.kind:
        case "not null" | "null":
            return replace(column, nullable=change.kind == "null")
        case "default":
            return replace(column, default=change.value if change.value is not None else "'another'::text")
        case "type":
            # Which type does not matter: Directus makes it what the file says.
            return replace(column, type="text" if column.type != "text" else "character varying", max_length=None)
        case _:
            return column


__all__ = ["make_change"]
