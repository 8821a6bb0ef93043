"""Ledgers of runners: known by name and shape, left out with all that belongs to them, and nothing else with them."""

from __future__ import annotations

import pytest

from fix_model import column, constraint, index, schema, sequence, snapshot, table
from migration_audit.compare import known_ledgers, without_ledgers
from migration_audit.project import LedgerSettings

LEDGERS = {
    "alembic": ("alembic_version", {"version_num": "character varying(32)"}),
    "django": ("django_migrations", {"id": "bigint", "app": "text", "name": "text", "applied": "timestamp with time zone"}),
    "knex": (
        "knex_migrations",
        {"id": "integer", "name": "text", "batch": "integer", "migration_time": "timestamp with time zone"},
    ),
    "the lock of knex": ("knex_migrations_lock", {"index": "integer", "is_locked": "integer"}),
    "typeorm": ("migrations", {"id": "integer", "timestamp": "bigint", "name": "character varying"}),
    "drizzle": ("__drizzle_migrations", {"id": "integer", "hash": "text", "created_at": "bigint"}),
    "a newer drizzle": ("__drizzle_migrations", {"id": "integer", "hash": "text", "created_at": "bigint", "name": "text"}),
    "sequelize": ("SequelizeMeta", {"name": "character varying(255)"}),
    "laravel": ("migrations", {"id": "integer", "migration": "character varying(255)", "batch": "integer"}),
    "rails and dbmate": ("schema_migrations", {"version": "character varying"}),
    "flyway": (
        "flyway_schema_history",
        dict.fromkeys(("installed_rank", "version", "description", "type", "script", "checksum", "success"), "text"),
    ),
    "golang-migrate": ("schema_migrations", {"version": "bigint", "dirty": "boolean"}),
}
OTHERS = {
    "a table of that name": ("migrations", {"id": "integer", "bird": "text"}),
    "the journeys of birds": ("migrations", {"id": "integer", "timestamp": "timestamp with time zone", "name": "text"}),
    "one column more": ("alembic_version", {"version_num": "text", "note": "text"}),
    "one column less": ("knex_migrations_lock", {"index": "integer"}),
    "contenttypes of django": ("django_content_type", {"id": "integer", "app_label": "text", "model": "text"}),
    "another name": ("versions", {"version_num": "character varying(32)"}),
}


def made(name: str, columns: dict[str, str], *, home: str = "public"):
    return (
        table(schema=home, name=name, column_order=tuple(columns)),
        *(column(each, schema=home, table=name, type=kind) for each, kind in columns.items()),
    )


@pytest.mark.parametrize(("name", "columns"), LEDGERS.values(), ids=LEDGERS)
@pytest.mark.parametrize("home", ["public", "app"])
def test_a_ledger_is_known_by_name_and_shape(name: str, columns: dict[str, str], home: str) -> None:
    found = without_ledgers(snapshot(*made(name, columns, home=home), *made("users", {"id": "integer"})), ())
    assert {obj.key for obj in found.snapshot.objects} == {"public.users", "public.users.id"}
    (reported,) = found.left_out
    assert name in reported


@pytest.mark.parametrize(("name", "columns"), OTHERS.values(), ids=OTHERS)
def test_what_only_looks_like_one_stays(name: str, columns: dict[str, str]) -> None:
    before = snapshot(*made(name, columns))
    found = without_ledgers(before, ())
    assert found.snapshot is before
    assert found.left_out == ()


def test_what_audit_toml_names_is_left_out_with_all_that_belongs_to_it() -> None:
    settings = LedgerSettings(schema="app", table="applied", name_column="name")
    ours = made("applied", {"id": "integer", "name": "text"}, home="app")
    parts = (
        schema(name="app"),
        sequence(schema="app", name="applied_id_seq", owned_by="app.applied.id"),
        constraint(schema="app", table="applied", name="applied_pkey"),
        index(schema="app", name="applied_name", table="app.applied"),
    )
    found = without_ledgers(snapshot(*ours, *parts), [settings])
    assert found.snapshot.objects == ()
    assert found.left_out == ("app.applied (a ledger that audit.toml names)",)


def test_a_schema_in_which_something_else_is_stays() -> None:
    ours = made("alembic_version", {"version_num": "text"}, home="app")
    found = without_ledgers(snapshot(schema(name="app"), *ours, *made("users", {"id": "integer"}, home="app")), ())
    assert {obj.key for obj in found.snapshot.objects} == {"app", "app.users", "app.users.id"}


def test_the_tables_next_to_a_ledger_are_left_out_with_it_alone() -> None:
    beside = made("databasechangeloglock", {"id": "integer"})
    assert known_ledgers(snapshot(*beside)) == {}
