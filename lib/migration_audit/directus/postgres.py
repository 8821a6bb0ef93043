"""A database in memory: what PostgreSQL does with Directus's statements, and what it refuses."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from copy import copy, deepcopy
from dataclasses import replace
from typing import Any, Final

from migration_audit.directus.statement import DirectusStatement, PgError, knex_name, tag_of
from migration_audit.directus.types import castable, comparable_types
from migration_audit.model.directus_database import (
    DirectusColumn,
    DirectusDatabase,
    DirectusForeignKey,
    DirectusIndex,
    DirectusKey,
    DirectusTable,
)

_NO_CLASS: Final = 'data type json has no default operator class for access method "btree"'


class DatabaseState:
    """A database that can be changed."""

    def __init__(self, database: DirectusDatabase) -> None:
        """The database as it was read; nothing of it is changed."""
        self.given = database
        self.tables: dict[str, DirectusTable] = {}
        for table in database.tables:
            self.tables.setdefault(table.name, table)
        self.foreign_keys = list(database.foreign_keys)
        self.collections = [dict(deepcopy(row)) for row in database.collections]
        self.fields = [dict(deepcopy(row)) for row in database.fields]
        self.relations = [dict(deepcopy(row)) for row in database.relations]
        self.statements: list[DirectusStatement] = []
        self.guesses: list[str] = []
        # Table, column and foreign table of each foreign key whose rows are known to be right.
        self.satisfied = {(key.table, key.columns[0], key.foreign_table) for key in self.foreign_keys}

    def copy(self) -> DatabaseState:
        """An independent copy, without the statements."""
        made = copy(self)
        made.tables, made.foreign_keys, made.satisfied = dict(self.tables), list(self.foreign_keys), set(self.satisfied)
        made.collections, made.fields, made.relations = deepcopy((self.collections, self.fields, self.relations))
        made.statements, made.guesses = [], []
        return made

    def database(self) -> DirectusDatabase:
        """What it is now, as a value."""
        return replace(
            self.given,
            tables=tuple(self.tables.values()),
            foreign_keys=tuple(self.foreign_keys),
            collections=tuple(self.collections),
            fields=tuple(self.fields),
            relations=tuple(self.relations),
        )

    # What all statements have in common

    def guess(self, known: bool | None, message: str) -> None:
        """Refuse where something is known to be in the way, as rows may; note it where it is unknown."""
        if known:
            raise PgError(message)
        if known is None:
            self.guesses.append(message)

    def _done(self, verb: str, table: str, name: str, sql: str, *, drops: bool = False, rewrites: bool = False) -> None:
        self.statements.append(DirectusStatement(verb=verb, table=table, name=name, sql=sql))
        tag = tag_of(verb)
        for trigger in self.given.event_triggers:
            fires = {"sql_drop": drops, "table_rewrite": rewrites}.get(trigger.event, True)
            if fires and (not trigger.tags or tag in trigger.tags):
                self.guess(trigger.raises, f'event trigger "{trigger.name}" refuses {tag} on {table}')

    def references(self, name: str) -> list[DirectusForeignKey]:
        """The foreign keys that refer to a table."""
        return [key for key in self.foreign_keys if key.foreign_visible and key.foreign_table == name]

    def rows(self, table: str) -> list[dict[str, Any]]:
        """The rows of one of Directus's three tables."""
        return {
            "directus_collections": self.collections,
            "directus_fields": self.fields,
            "directus_relations": self.relations,
        }[table]

    @property
    def seen_keys(self) -> list[DirectusForeignKey]:
        """The foreign keys that the inspector lists: of one column, in a schema of the search path."""
        return [key for key in self.foreign_keys if key.visible and len(key.columns) == 1]

    def table(self, name: str) -> DirectusTable:
        """The table that Directus's role is about to change; raises PgError where it may not, or there is none."""
        found = self.tables.get(knex_name(name))
        if found is None:
            raise PgError(f'relation "{name}" does not exist')
        if not found.may_alter:
            raise PgError(f"must be owner of table {name}")
        return found

    def _column(self, table: DirectusTable, name: str) -> DirectusColumn:
        found = next((column for column in table.columns if column.name == knex_name(name)), None)
        if found is None:
            raise PgError(f'column "{name}" of relation "{table.name}" does not exist')
        return found

    @property
    def _schema(self) -> str:
        """Where tables are created: the first schema of the search path, where Directus's own are."""
        own = self.tables.get("directus_collections")
        return own.schema if own else next((table.schema for table in self.tables.values()), "public")

    def _free(self, name: str) -> None:
        """Raise PgError where a table, index or constraint of this name is there."""
        here = [table for table in self.tables.values() if table.schema == self._schema]
        keys = {key.name for table in here for key in table.keys}
        indexes = {index.name for table in here for index in table.indexes}
        if name in {table.name for table in here} or name in keys or name in indexes or name in self.given.names:
            raise PgError(f'relation "{name}" already exists')

    # Tables

    def create_table(self, name: str, columns: Iterable[DirectusColumn], keys: Iterable[DirectusKey], sql: str) -> None:
        """CREATE TABLE."""
        name = knex_name(name)
        self._free(name)
        if not self.given.can_create:
            raise PgError("permission denied for schema public")
        made = tuple(columns)
        for number, column in enumerate(made):
            if any(other.name == column.name for other in made[:number]):
                raise PgError(f'column "{column.name}" specified more than once')
        for key in keys:
            self._free(key.name)
        if name in self.tables:
            self.guesses.append(f'the table "{name}" is then in two schemas of the search path')
        self.tables[name] = DirectusTable(schema=self._schema, name=name, columns=made, keys=tuple(keys), has_rows=False)
        self._done("create table", name, "", sql)

    def drop_table(self, name: str) -> None:
        """DROP TABLE, without CASCADE."""
        name = knex_name(name)
        table = self.tables.get(name)
        if table is None:
            raise PgError(f'table "{name}" does not exist')
        if not table.may_drop:
            raise PgError(f"must be owner of table {name}")
        if table.extension:
            raise PgError(f"cannot drop table {name} because extension {table.extension} requires it")
        others = [key for key in self.references(name) if key.table != name]
        blockers = [one.text for one in table.dependants if not one.own]
        blockers += [f"constraint {key.name} on table {key.table}" for key in others]
        if blockers:
            raise PgError(f"cannot drop table {name} because other objects depend on it ({', '.join(blockers)})")
        self.foreign_keys = [key for key in self.foreign_keys if key.table != name]
        del self.tables[name]
        self.satisfied = {each for each in self.satisfied if name not in {each[0], each[2]}}
        self._done("drop table", name, "", f'drop table "{name}"', drops=True)

    # Columns

    def add_column(self, table_name: str, column: DirectusColumn, sql: str, *, key: DirectusKey | None = None) -> None:
        """ADD COLUMN."""
        table = self.table(table_name)
        if any(other.name == column.name for other in table.columns):
            raise PgError(f'column "{column.name}" of relation "{table_name}" already exists')
        if key is not None and any(other.primary for other in table.keys):
            raise PgError(f'multiple primary keys for table "{table_name}" are not allowed')
        if not column.nullable and column.default is None and not column.serial:
            self.guess(table.has_rows, f'column "{column.name}" of relation "{table_name}" contains null values')
        filled = column.default is None and table.has_rows
        is_same_for_all = not column.serial and column.default not in {None, "gen_random_uuid()"}
        repeated = table.has_several if is_same_for_all and table.has_rows is not False else False
        stored = replace(column, has_nulls=filled if not column.serial else False, has_duplicates=repeated)
        self.satisfied.discard((table_name, column.name, "*"))
        if column.default is None:
            self.satisfied.add((table_name, column.name, "*"))
        keys = (*table.keys, key) if key else table.keys
        self.tables[table_name] = replace(table, columns=(*table.columns, stored), keys=keys)
        for child in self._children(table_name):
            kept = tuple(one for one in child.columns if one.name != column.name)
            if any(one.name == column.name and one.type != column.type for one in child.columns):
                raise PgError(f'child table "{child.name}" has different type for column "{column.name}"')
            self.tables[child.name] = replace(child, columns=(*kept, replace(stored, inherited=True)))
        self._done("add column", table_name, column.name, sql, rewrites=column.serial)

    def drop_column(self, table_name: str, name: str) -> None:
        """DROP COLUMN, without CASCADE."""
        table = self.table(table_name)
        if self._column(table, name).inherited:
            raise PgError(f'cannot drop inherited column "{name}"')
        if name in table.partition_columns:
            raise PgError(f'cannot drop column "{name}" because it is part of the partition key of relation "{table_name}"')
        pinned = [key for key in self.references(table_name) if name in key.foreign_columns]
        blockers = [one.text for one in table.dependants if one.column == name]
        blockers += [f"constraint {key.name} on table {key.table}" for key in pinned if key.table != table_name]
        blockers += [f"constraint {key.name}" for key in pinned if key.table == table_name and name not in key.columns]
        if blockers:
            what = f"cannot drop column {name} of table {table_name} because other objects depend on it"
            raise PgError(f"{what} ({', '.join(blockers)})")
        for each in (table, *self._children(table_name)):
            self._forget_column(each, name)
        self._done("drop column", table_name, name, f'alter table "{table_name}" drop column "{name}"', drops=True)

    def _forget_column(self, table: DirectusTable, name: str) -> None:
        self.foreign_keys = [k for k in self.foreign_keys if not (k.table == table.name and name in k.columns)]
        self.satisfied = {each for each in self.satisfied if each[:2] != (table.name, name)}
        self.tables[table.name] = replace(
            table,
            columns=tuple(column for column in table.columns if column.name != name),
            keys=tuple(key for key in table.keys if name not in key.columns),
            indexes=tuple(index for index in table.indexes if name not in {*index.columns, *index.uses}),
        )

    def _set_column(self, table_name: str, name: str, change: Callable[[DirectusColumn], DirectusColumn]) -> None:
        for table in (self.tables[table_name], *self._children(table_name)):
            columns = tuple(change(column) if column.name == name else column for column in table.columns)
            self.tables[table.name] = replace(table, columns=columns)

    def _children(self, name: str) -> Iterator[DirectusTable]:
        """The tables that inherit from one, and those that inherit from them."""
        for table in list(self.tables.values()):
            if name in table.parents:
                yield table
                yield from self._children(table.name)

    def set_default(self, table_name: str, name: str, default: str | None, sql: str) -> None:
        """SET DEFAULT, or DROP DEFAULT for None."""
        column = self._column(self.table(table_name), name)
        _refuse_identity(column, table_name)
        if column.generated:
            raise PgError(f'column "{name}" of relation "{table_name}" is a generated column')
        self._set_column(table_name, name, lambda one: replace(one, default=default))
        self._done("alter column", table_name, name, sql, drops=default is None and column.default is not None)

    def drop_not_null(self, table_name: str, name: str) -> None:
        """DROP NOT NULL."""
        table = self.table(table_name)
        column = self._column(table, name)
        _refuse_identity(column, table_name)
        if any(key.primary and name in key.columns for key in table.keys):
            raise PgError(f'column "{name}" is in a primary key')
        if table.hypertable and name in table.partition_columns:
            raise PgError(f'cannot drop not-null constraint from a time-partitioned column "{name}"')
        self._set_column(table_name, name, lambda one: replace(one, nullable=True))
        self._done("alter column", table_name, name, f'alter table "{table_name}" alter column "{name}" drop not null')

    def set_not_null(self, table_name: str, name: str) -> None:
        """SET NOT NULL."""
        table = self.table(table_name)
        column = self._column(table, name)
        nulls = False if table.has_rows is False or not column.nullable else column.has_nulls
        self.guess(nulls, f'column "{name}" of relation "{table_name}" contains null values')
        self._set_column(table_name, name, lambda one: replace(one, nullable=False))
        self._done("alter column", table_name, name, f'alter table "{table_name}" alter column "{name}" set not null')

    def set_type(self, table_name: str, name: str, wanted: DirectusColumn, sql: str) -> None:
        """ALTER COLUMN … TYPE … USING (column::type)."""
        table = self.table(table_name)
        column = self._column(table, name)
        if name in table.partition_columns and not table.hypertable:
            raise PgError(f'cannot alter column "{name}" because it is part of the partition key of relation "{table_name}"')
        if column.inherited:
            raise PgError(f'cannot alter inherited column "{name}"')
        users = [one.text for one in table.dependants if one.column == name]
        if users:
            raise PgError(f"cannot alter type of a column used by {', '.join(users)}")
        can = castable(column.type, wanted.type)
        if can is False:
            raise PgError(f"cannot cast type {column.type} to {wanted.type}")
        if can is None and table.has_rows is not False:
            self.guess(None, f"the rows of {table_name}.{name} may not be of type {wanted.type}")
        if column.serial and wanted.type not in {"smallint", "integer", "bigint"}:
            raise PgError("identity column type must be smallint, integer, or bigint")
        for key in self.foreign_keys:
            self._retyped(key, table_name, name, wanted.type)
        indexed = {each for key in table.keys for each in key.columns} | {c for one in table.indexes for c in one.columns}
        if wanted.type == "json" and name in indexed:
            raise PgError(_NO_CLASS)
        self._set_column(
            table_name,
            name,
            lambda one: replace(
                one, type=wanted.type, max_length=wanted.max_length, precision=wanted.precision, scale=wanted.scale
            ),
        )
        self._done("alter column", table_name, name, sql, rewrites=column.type != wanted.type)

    def _retyped(self, key: DirectusForeignKey, table: str, column: str, wanted: str) -> None:
        for mine, theirs in zip(key.columns, key.foreign_columns, strict=True):
            referenced, referring = self._type_of(key.foreign_table, theirs), self._type_of(key.table, mine)
            if (key.table, mine) == (table, column):
                referring = wanted
            elif (key.foreign_table, theirs) != (table, column):
                continue
            else:
                referenced = wanted
            if referenced and referring and not comparable_types(referenced, referring):
                raise PgError(f'foreign key constraint "{key.name}" cannot be implemented')

    def _type_of(self, table: str, column: str) -> str | None:
        found = self.tables.get(table)
        return next((one.type for one in found.columns if one.name == column), None) if found else None

    # Keys, indexes and foreign keys

    def add_key(self, table_name: str, key: DirectusKey, sql: str) -> None:
        """ADD CONSTRAINT … PRIMARY KEY or UNIQUE."""
        table = self.table(table_name)
        if key.primary and any(other.primary for other in table.keys):
            raise PgError(f'multiple primary keys for table "{table_name}" are not allowed')
        self._free(key.name)
        for name in key.columns:
            column = self._column(table, name)
            if column.type == "json":
                raise PgError(_NO_CLASS)
            if table.has_rows is not False:
                self.guess(column.has_duplicates, f'could not create unique index "{key.name}"')
                if key.primary and column.nullable:
                    self.guess(column.has_nulls, f'column "{name}" of relation "{table_name}" contains null values')
        missing = [name for name in table.partition_columns if name not in key.columns]
        if missing:
            raise PgError(f'cannot create a unique index without the column "{missing[0]}" (used in partitioning)')
        self.tables[table_name] = replace(table, keys=(*table.keys, key))
        if key.primary:
            for name in key.columns:
                self._set_column(table_name, name, lambda one: replace(one, nullable=False))
        self._done("add constraint", table_name, key.name, sql)

    def drop_constraint(self, table_name: str, name: str) -> None:
        """DROP CONSTRAINT, of a key or a foreign key."""
        table = self.table(table_name)
        sql = f'alter table "{table_name}" drop constraint "{name}"'
        foreign = [key for key in self.foreign_keys if key.table == table_name and key.name == name]
        keys = [key for key in table.keys if key.name == name]
        if not foreign and not keys:
            raise PgError(f'constraint "{name}" of relation "{table_name}" does not exist')
        for key in keys:
            users = [one for one in self.references(table_name) if set(one.foreign_columns) == set(key.columns)]
            if users:
                raise PgError(f"cannot drop constraint {name} on table {table_name} because other objects depend on it")
        self.foreign_keys = [key for key in self.foreign_keys if key not in foreign]
        self.tables[table_name] = replace(table, keys=tuple(key for key in table.keys if key.name != name))
        self._done("drop constraint", table_name, name, sql, drops=True)

    def add_index(self, table_name: str, index: DirectusIndex, sql: str) -> None:
        """CREATE INDEX."""
        table = self.table(table_name)
        self._free(index.name)
        for name in index.columns:
            if self._column(table, name).type == "json":
                raise PgError(_NO_CLASS)
        self.tables[table_name] = replace(table, indexes=(*table.indexes, index))
        self._done("create index", table_name, index.name, sql)

    def drop_index(self, table_name: str, name: str) -> None:
        """DROP INDEX; it is looked up by its name alone."""
        for table in self.tables.values():
            if any(index.name == name for index in table.indexes):
                self.table(table.name)
                kept = tuple(index for index in table.indexes if index.name != name)
                self.tables[table.name] = replace(table, indexes=kept)
                self._done("drop index", table.name, name, f'drop index "{name}"', drops=True)
                return
        if any(key.name == name for table in self.tables.values() for key in table.keys):
            raise PgError(f"cannot drop index {name} because constraint {name} on table {table_name} requires it")
        raise PgError(f'index "{name}" does not exist')

    def add_foreign_key(self, key: DirectusForeignKey, sql: str) -> None:
        """ADD CONSTRAINT … FOREIGN KEY."""
        table = self.table(key.table)
        taken = {other.name for other in table.keys} | {k.name for k in self.foreign_keys if k.table == key.table}
        if key.name in taken:
            raise PgError(f'constraint "{key.name}" for relation "{key.table}" already exists')
        types = self._type_of(key.table, key.columns[0]), self._type_of(key.foreign_table, key.foreign_columns[0])
        if types[0] is None or types[1] is None:
            raise PgError(f'column "{key.foreign_columns[0]}" referenced in foreign key constraint does not exist')
        if not self.tables[key.foreign_table].may_refer:
            raise PgError(f"permission denied for table {key.foreign_table}")
        if not comparable_types(types[1], types[0]):
            raise PgError(f'foreign key constraint "{key.name}" cannot be implemented')
        safe = {(key.table, key.columns[0], other) for other in (key.foreign_table, "*")}
        if table.has_rows is not False and not safe & self.satisfied:
            self.guess(None, f'insert or update on table "{table.name}" violates foreign key constraint "{key.name}"')
        self.foreign_keys.append(key)
        self.satisfied.add((key.table, key.columns[0], key.foreign_table))
        self._done("add constraint", key.table, key.name, sql)


def _refuse_identity(column: DirectusColumn, table: str) -> None:
    if column.identity:
        raise PgError(f'column "{column.name}" of relation "{table}" is an identity column')
