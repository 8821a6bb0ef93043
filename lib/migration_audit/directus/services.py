"""The services that an apply calls: what they check, what they change, and in which order."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from copy import deepcopy
from typing import Any

from migration_audit.directus import columns
from migration_audit.directus.behaviour import Behaviour
from migration_audit.directus.collections import assert_collections, forget_paths, related_collections
from migration_audit.directus.inspect import InspectedSchema, Relation, all_column_info, is_system, tables_in_database
from migration_audit.directus.js import MISSING, JsError, absent, equal, get, js_text, opt, spread, truthy
from migration_audit.directus.postgres import DatabaseState
from migration_audit.directus.rows import insert, update
from migration_audit.directus.statement import PgError, knex_name
from migration_audit.directus.types import ALIAS_TYPES
from migration_audit.model.directus_database import DirectusForeignKey, DirectusKey

_INJECTED = {
    "field": "id",
    "type": "integer",
    "meta": {"hidden": True, "interface": "numeric", "readonly": True},
    "schema": {"is_primary_key": True, "has_auto_increment": True},
}


class Services:
    """CollectionsService, FieldsService and RelationsService on one transaction."""

    def __init__(self, state: DatabaseState, version: Behaviour, excluded: frozenset[str]) -> None:
        """``state`` is changed in place; what was cached at the start is what an older state held."""
        self.state = state
        self.version = version
        self.excluded = excluded
        self.cached_columns = all_column_info(state)
        self.cached_keys = [key.name for key in state.seen_keys]

    # Collections

    def create_collection(self, schema: InspectedSchema, payload: dict[str, Any]) -> None:
        """``CollectionsService.createOne``."""
        name = payload.get("collection", MISSING)
        if not name or not isinstance(name, str):
            raise JsError('"collection" is required')
        if is_system(name):
            raise JsError('Collections can\'t start with "directus_"')
        if self.version.default_key and "/" in name:
            raise JsError('Collection name can\'t contain "/"')
        if self.version.strict_names and name != name.strip():
            raise JsError('"collection" can\'t start or end with whitespace')
        meta = payload.get("meta")
        if truthy(payload.get("schema")) and truthy(meta) and opt(meta, "status") in (MISSING, "active"):
            assert_collections(self.state, self.version, self.excluded)
        taken = {row["collection"] for row in self.state.collections} | schema.fields.keys()
        if name in taken:
            raise JsError(f'Collection "{name}" already exists')
        if truthy(payload.get("schema")):
            self._create_table(name, payload["fields"])
        if truthy(payload.get("meta")):
            self._insert_collection(name, payload["meta"])

    def _create_table(self, name: str, given: list[Any]) -> None:
        fields = list(given)
        if self.version.default_key and not any(
            opt(one, "schema", "is_primary_key") is True or opt(one, "schema", "has_auto_increment") is True
            for one in fields
        ):
            fields.insert(0, deepcopy(_INJECTED))
        for one in fields:
            if isinstance(one, dict) and truthy(opt(one, "meta")):
                one["meta"] = {**spread(one["meta"]), "field": one.get("field"), "collection": name}
        built = [
            columns.build_column(self.version, self.state, name, one)
            for one in fields
            if truthy(get(one, "type")) and get(one, "type") not in ALIAS_TYPES
        ]
        self._run_create_table(knex_name(name), [one for one in built if one.column is not None])
        self._insert_fields([one["meta"] for one in fields if truthy(get(one, "meta"))])

    def _run_create_table(self, name: str, built: list[columns.Built]) -> None:
        explicit = next((one for one in built if one.primary), None)
        serial = [one for one in built if one.increments]
        if not explicit and len(serial) > 1:
            raise PgError(f'multiple primary keys for table "{name}" are not allowed')
        first = explicit or next(iter(serial), None)
        keys = [DirectusKey(name=f"{name}_pkey", primary=True, columns=(first.name,))] if first else []
        parts = ", ".join(f'"{one.name}" {one.type}{columns.modifiers(one)}' for one in built)
        made = [columns.finished(name, one) for one in built]
        self.state.create_table(name, made, keys, f'create table "{name}" ({parts})')
        for one in built:
            one.primary = False
            columns.keys_after(self.state, name, one)

    def _insert_fields(self, metas: list[Any]) -> None:
        ungrouped = [meta for meta in metas if absent(opt(meta, "group"))]
        rows = [{"sort": number, **meta} for number, meta in enumerate(ungrouped, 1)]
        groups: dict[str, list[Any]] = {}
        for meta in metas:
            if len(ungrouped) < len(metas) and opt(meta, "group"):
                groups.setdefault(js_text(meta["group"]), []).append(meta)
        for same in groups.values():
            rows += [{"sort": number, **meta} for number, meta in enumerate(same, 1)]
        for row in rows:
            insert(self.state, "directus_fields", row)

    def _insert_collection(self, name: str, meta: Any) -> None:
        payload = {**(meta if isinstance(meta, Mapping) else {}), "collection": name}
        self._check_group(insert(self.state, "directus_collections", payload))

    def _check_group(self, row: Mapping[str, Any]) -> None:
        group = row.get("group")
        if group is not None and all(one["collection"] != group for one in self.state.collections):
            raise PgError('insert or update on table "directus_collections" violates foreign key constraint')

    def update_collection(self, name: str, values: Mapping[str, Any]) -> None:
        """``CollectionsService.updateOne``."""
        meta = values.get("meta")
        if not truthy(meta):
            return
        if opt(meta, "status") == "active":
            assert_collections(self.state, self.version, self.excluded)
        row = next((row for row in self.state.collections if row["collection"] == name), None)
        if row is None:
            self._insert_collection(name, meta)
            return
        update(self.state, "directus_collections", row, meta if isinstance(meta, Mapping) else {}, key="collection")
        self._check_group(row)

    def delete_collection(self, schema: InspectedSchema, name: str) -> None:
        """``CollectionsService.deleteOne``, with the relations that applyDiff deletes before."""
        for relation in [r for r in schema.relations if name in {r.related, r.collection}]:
            self.delete_relation(schema, relation.collection, relation.field)
        schema.relations = [r for r in schema.relations if name not in {r.related, r.collection}]
        row = next((row for row in self.state.collections if row["collection"] == name), None)
        there = name in tables_in_database(self.state)
        if name in self.excluded or (row is None and not there):
            raise JsError("You don't have permission to access this.")
        if there:
            self.state.drop_table(name)
        for other in self.state.collections:
            if other.get("group") == name:
                other["group"] = None
        if row is not None:
            self.state.collections.remove(row)
        if there:
            self.state.fields = [one for one in self.state.fields if one["collection"] != name]
            self.state.relations = [one for one in self.state.relations if one["many_collection"] != name]
            self._forget_copies(schema, name)
            self._leave_any(schema, name)

    def _forget_copies(self, schema: InspectedSchema, name: str, field: str | None = None) -> None:
        if not self.version.duplicated_fields:
            return
        near = related_collections(schema.relations, name) | ({name} if field is not None else set())
        rows = [row for row in self.state.collections if row["collection"] in near]
        for each in [field] if field is not None else schema.fields.get(name, {}):
            forget_paths(schema, rows, name, each)

    def _leave_any(self, schema: InspectedSchema, name: str) -> None:
        """Take the collection out of the relations to any of several collections."""
        for relation in schema.relations:
            allowed = relation.meta.get("one_allowed_collections") if relation.meta else None
            if relation.meta and allowed and name in allowed:
                left = [one for one in allowed if one != name]
                for row in self.state.relations:
                    if row["id"] == relation.meta["id"]:
                        row["one_allowed_collections"] = left

    # Fields

    def create_field(self, schema: InspectedSchema, collection: Any, payload: Any) -> None:
        """``FieldsService.createField``."""
        if not isinstance(collection, str) or collection not in schema.fields:
            raise JsError("Cannot read properties of undefined (reading 'fields')")
        name = get(payload, "field")
        if name is MISSING:
            raise JsError("Undefined binding(s) detected when compiling FIRST")
        rows = [one for one in self.state.fields if one["collection"] == collection]
        if js_text(name) in schema.fields[collection] or any(one["field"] == name for one in rows):
            raise JsError(f'Field "{js_text(name)}" already exists in collection "{collection}"')
        kind = get(payload, "type")
        if truthy(kind) and kind not in ALIAS_TYPES:
            if isinstance(name, Mapping | list):
                raise PgError(f"a column is called {js_text(name)}")
            columns.add(self.state, collection, columns.build_column(self.version, self.state, collection, payload))
        meta = get(payload, "meta")
        if truthy(meta):
            group = opt(meta, "group")
            sorts = [one["sort"] for one in rows if (not group or one.get("group") == group) and one.get("sort") is not None]
            made = {
                "sort": max(sorts) + 1 if sorts and max(sorts) else 1,
                **spread(meta),
                "collection": collection,
                "field": name,
            }
            insert(self.state, "directus_fields", made)

    def update_field(self, schema: InspectedSchema, collection: str, values: dict[str, Any]) -> None:
        """``FieldsService.updateField``."""
        name = values.get("field", MISSING)
        known = schema.fields.get(collection, {}).get(name)
        if truthy(values.get("schema")) and not truthy(values.get("type")) and known:
            values["type"] = known.type
        kind = values.get("type")
        if truthy(kind):
            if collection not in schema.fields:
                raise JsError("Cannot read properties of undefined (reading 'fields')")
            here = known.type if known else None
            if (kind == "alias" or here == "alias") and kind != (here or "alias"):
                raise JsError("Alias type cannot be changed")
        if truthy(values.get("schema")):
            self._update_column(collection, name, values)
        meta = values.get("meta")
        if truthy(meta) and not (self.version.system_fields and is_system(collection) and not self._row(collection, name)):
            row = self._row(collection, name)
            payload = {**(meta if isinstance(meta, Mapping) else {}), "collection": collection, "field": name}
            if row is None:
                insert(self.state, "directus_fields", payload)
            else:
                update(self.state, "directus_fields", row, payload, key="id")

    def _row(self, collection: str, name: Any) -> dict[str, Any] | None:
        rows = self.state.fields
        return next((row for row in rows if row["collection"] == collection and row["field"] == name), None)

    def _update_column(self, collection: str, name: Any, values: Mapping[str, Any]) -> None:
        existing = self.cached_columns.get((collection, name))
        if existing is None:
            raise JsError("Cannot read properties of undefined (reading 'is_primary_key')")
        wanted = values["schema"]
        if existing["is_primary_key"] and opt(wanted, "is_nullable") is True:
            raise JsError("Primary key cannot be null")
        if not equal(existing, wanted):
            built = columns.build_column(self.version, self.state, collection, values, existing)
            columns.alter(self.state, collection, built)

    def delete_field(self, schema: InspectedSchema, collection: str, name: str) -> None:
        """``FieldsService.deleteField``."""
        for relation in self._relations_of(schema, collection, name):
            if relation.collection == collection and relation.field == name:
                self.delete_relation(schema, collection, name)
                other = relation.one_field
                if relation.related and other and relation.related != collection and other != name:
                    self.delete_field(schema, relation.related, other)
            elif relation.one_field:
                for row in self.state.relations:
                    if row["many_collection"] == relation.collection and row["many_field"] == relation.field:
                        row["one_field"] = None
        known = schema.fields.get(collection, {}).get(name)
        if known is not None and not known.alias:
            self.state.drop_column(collection, name)
        self._forget_copies(schema, collection, name)
        self._forget_field(collection, name)

    def _forget_field(self, collection: str, name: str) -> None:
        for row in self.state.collections:
            if row["collection"] == collection:
                row.update({key: None for key in ("archive_field", "sort_field") if row.get(key) == name})
        if self._row(collection, name) is not None:
            for row in self.state.fields:
                if row["collection"] == collection and row.get("group") == name:
                    row["group"] = None
        self.state.fields = [
            row for row in self.state.fields if not (row["collection"] == collection and row["field"] == name)
        ]

    @staticmethod
    def _relations_of(schema: InspectedSchema, collection: str, name: str) -> Iterator[Relation]:
        for one in list(schema.relations):
            many = one.collection == collection and one.field == name
            if many or (one.related == collection and one.one_field == name):
                yield one

    # Relations

    def create_relation(self, schema: InspectedSchema, payload: Mapping[str, Any]) -> None:
        """``RelationsService.createOne``."""
        collection, name = payload.get("collection"), payload.get("field")
        if not collection or not name:
            raise JsError('"collection" is required')
        if not isinstance(collection, str) or collection not in schema.fields:
            raise JsError(f'Collection "{js_text(collection)}" doesn\'t exist')
        if not isinstance(name, str) or name not in schema.fields[collection]:
            raise JsError(f'Field "{js_text(name)}" doesn\'t exist in collection "{collection}"')
        if schema.primary[collection] == name:
            raise JsError(f'Field "{name}" in collection "{collection}" is a primary key')
        related = payload.get("related_collection")
        if truthy(related) and (not isinstance(related, str) or related not in schema.fields):
            raise JsError(f'Collection "{related}" doesn\'t exist')
        if any(one.collection == collection and one.field == name for one in schema.relations):
            raise JsError(f'Field "{name}" in collection "{collection}" already has an associated relationship')
        if related:
            key_name = columns.directus_index_name(self.version, "foreign", collection, name, most=60)
            self._add_foreign_key(schema, key_name, collection, name, related, payload.get("schema"))
        meta = spread(payload.get("meta"))
        own = {"many_collection": collection, "many_field": name, "one_collection": related or None}
        insert(self.state, "directus_relations", {**meta, **own})

    def _add_foreign_key(
        self, schema: InspectedSchema, key_name: str, collection: str, name: str, related: str, wanted: Any
    ) -> None:
        if related not in schema.primary:
            raise JsError("Cannot read properties of undefined (reading 'primary')")
        rules = {
            rule: js_text(opt(wanted, rule)) if truthy(opt(wanted, rule)) else "NO ACTION"
            for rule in ("on_update", "on_delete")
        }
        for rule in rules.values():
            if rule.upper() not in {"NO ACTION", "RESTRICT", "CASCADE", "SET NULL", "SET DEFAULT"}:
                raise PgError(f'syntax error at or near "{rule}"')
        key = DirectusForeignKey(
            name=key_name[:63],
            table=collection,
            columns=(name,),
            foreign_table=related,
            foreign_columns=(schema.primary[related],),
            on_update=rules["on_update"].upper(),
            on_delete=rules["on_delete"].upper(),
        )
        self.state.add_foreign_key(
            key, f'alter table "{collection}" add constraint "{key.name}" foreign key ("{name}") references "{related}"'
        )

    def update_relation(self, schema: InspectedSchema, collection: str, name: str, values: Mapping[str, Any]) -> None:
        """``RelationsService.updateOne``."""
        existing = _relation_of(schema, collection, name)
        wanted = values.get("schema")
        if existing.related and (truthy(wanted) or not self.version.relation_schema):
            key_name = columns.directus_index_name(self.version, "foreign", collection, name, most=60)
            if existing.schema is not None:
                key_name = existing.schema.name or key_name
                self.state.drop_constraint(collection, key_name)
                if self.version.relation_schema:
                    current = {"on_update": existing.schema.on_update, "on_delete": existing.schema.on_delete}
                    wanted = {**current, **(wanted if isinstance(wanted, Mapping) else {})}
            if not self.version.relation_schema:
                _check_types_are_known(schema, values)
            self._add_foreign_key(schema, key_name, collection, name, existing.related, wanted)
        meta = values.get("meta")
        if not truthy(meta):
            return
        if existing.meta is None:
            many = {"many_collection": values.get("collection"), "many_field": values.get("field")}
            if self.version.relation_schema:
                many = {"many_collection": collection, "many_field": name}
            payload = {**spread(meta), **many, "one_collection": existing.related or None}
            insert(self.state, "directus_relations", payload)
            return
        row = next((row for row in self.state.relations if row["id"] == existing.meta["id"]), None)
        if row is not None:
            update(self.state, "directus_relations", row, meta if isinstance(meta, Mapping) else {}, key="id")

    def delete_relation(self, schema: InspectedSchema, collection: str, name: str) -> None:
        """``RelationsService.deleteOne``."""
        existing = _relation_of(schema, collection, name)
        if existing.schema is not None and existing.schema.name in self.cached_keys:
            self.state.drop_constraint(existing.collection, existing.schema.name)
        if existing.meta is not None:
            self.state.relations = [
                row
                for row in self.state.relations
                if not (row["many_collection"] == collection and row["many_field"] == name)
            ]


def _relation_of(schema: InspectedSchema, collection: str, name: str) -> Relation:
    """The relation of a field; raises JsError, as both services do."""
    if collection not in schema.fields:
        raise JsError(f'Collection "{collection}" doesn\'t exist')
    if name not in schema.fields[collection]:
        raise JsError(f'Field "{name}" doesn\'t exist in collection "{collection}"')
    existing = next((one for one in schema.relations if one.collection == collection and one.field == name), None)
    if existing is None:
        raise JsError(f'Field "{name}" in collection "{collection}" doesn\'t have a relationship.')
    return existing


def _check_types_are_known(schema: InspectedSchema, values: Mapping[str, Any]) -> None:
    """``alterType``: raises JsError for a relation whose sides Directus does not know."""
    for collection, field in ((values.get("collection"), values.get("field")), (values.get("related_collection"), None)):
        if not isinstance(collection, str) or collection not in schema.fields:
            raise JsError("Cannot read properties of undefined (reading 'fields')")
        if (field if field is not None else schema.primary[collection]) not in schema.fields[collection]:
            raise JsError("Cannot read properties of undefined (reading 'dbType')")
