"""Which side of a comparison has nothing to compare, and what the comparison then says."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from fix_inputs import AT, SCHEMA, project
from fix_model import extension, role, snapshot, table
from migration_audit.compare import compare, left_out_by_scope
from migration_audit.model.access import Database
from migration_audit.model.routines import Schema
from migration_audit.model.snapshot import RolesRead, Unmodelled
from migration_audit.project import AuditScope
from migration_audit.project.scope import ScopeRule

PLPGSQL = extension("plpgsql", schema="pg_catalog", version="1.0", comment="PL/pgSQL procedural language")
PUBLIC = Schema(name="public", owner="pg_database_owner", privileges=("PUBLIC: USAGE",), comment="standard public schema")
DATABASE = Database(settings=(), connection_limit=None, owner="postgres", privileges=(), comment=None)
FRESH = (PLPGSQL, PUBLIC, DATABASE)
ROLE = role()
HOSTED = (
    PLPGSQL,
    replace(PUBLIC, owner="admin", comment=None, privileges=("(owner): CREATE", "PUBLIC (granted by admin): USAGE")),
    replace(DATABASE, owner="app", connection_limit=90, comment="prod", privileges=("PUBLIC: none",)),
)
"""What whoever runs a server made of a new database."""

OWN, SHARED, NONE = RolesRead.OWN, RolesRead.SHARED, RolesRead.NONE

SIDES = {
    "a new database": (FRESH, OWN, True),
    "a new database of others": (FRESH, SHARED, True),
    "a new database whose server nobody read": (FRESH, NONE, True),
    "no object at all": ((), OWN, True),
    "a table": ((*FRESH, table()), OWN, False),
    "an extension": ((*FRESH, extension()), OWN, False),
    "plpgsql in a schema of its own": ((PUBLIC, DATABASE, replace(PLPGSQL, schema="app")), OWN, False),
    "a schema": ((*FRESH, replace(PUBLIC, name="app")), OWN, False),
    "a role": ((*FRESH, ROLE), OWN, False),
    "a role of a server of others": ((*FRESH, ROLE), SHARED, True),
    "a role and a table on a server of others": ((*FRESH, ROLE, table()), SHARED, False),
    "a grant to everybody": ((PLPGSQL, DATABASE, replace(PUBLIC, privileges=("PUBLIC: CREATE, USAGE",))), OWN, False),
    "a revoke": ((PLPGSQL, DATABASE, replace(PUBLIC, privileges=())), OWN, False),
    "a grant to a role": ((PLPGSQL, DATABASE, replace(PUBLIC, privileges=("PUBLIC: USAGE", "app: CREATE"))), NONE, False),
    "a grant on the database": ((PLPGSQL, PUBLIC, replace(DATABASE, privileges=("app: CONNECT",))), NONE, False),
    "a setting of the database": ((PLPGSQL, PUBLIC, replace(DATABASE, settings=("search_path=app",))), NONE, False),
    "a comment on the database": ((PLPGSQL, PUBLIC, replace(DATABASE, comment="x")), OWN, False),
    "another owner of the database": ((PLPGSQL, PUBLIC, replace(DATABASE, owner="app")), OWN, False),
    "a hosted database": (HOSTED, SHARED, True),
    "a hosted database with a table": ((*HOSTED, table()), SHARED, False),
}


@pytest.mark.parametrize(("objects", "roles", "is_empty"), SIDES.values(), ids=SIDES)
def test_a_side_is_empty_when_it_has_what_a_new_database_has(objects, roles, is_empty):
    one = snapshot(*objects, roles=roles)
    drift = compare(expected=one, actual=one)
    assert drift.empty == (("expected", "actual") if is_empty else ())
    assert (drift.equal, drift.covered, drift.compared_nothing) == (not is_empty, not is_empty, is_empty)


FULL, EMPTY = snapshot(*FRESH, *SCHEMA, roles=OWN), snapshot(*FRESH, roles=OWN)
NAMED = {"expected": "the legacy SQL", "actual": "the owner's SQL"}

DIRECTIONS = {
    "an empty expected side": (EMPTY, FULL, "nothing was compared: the legacy SQL has no objects"),
    "both": (EMPTY, EMPTY, "nothing was compared: the legacy SQL and the owner's SQL have no objects"),
    "only what is not modelled": (
        replace(EMPTY, unmodelled=(Unmodelled(kind="rule", identity="r on t"),)),
        FULL,
        "those of an empty database; rule r on t is of a kind that the audit cannot compare",
    ),
    "roles, which the other side does not know": (
        snapshot(*FRESH, ROLE, roles=OWN),
        replace(FULL, roles=NONE),
        "; not compared: roles, their members and settings, and privileges on parameters: not read on the actual side",
    ),
}


@pytest.mark.parametrize(("expected", "actual", "why"), DIRECTIONS.values(), ids=DIRECTIONS)
def test_an_empty_expected_side_proves_nothing_and_says_which(expected, actual, why):
    drift = compare(expected=expected, actual=actual)
    assert (drift.equal, drift.covered, drift.compared_nothing) == (False, False, True)
    assert why in drift.why_nothing(**NAMED)


def test_an_empty_actual_side_lacks_everything():
    drift = compare(expected=FULL, actual=EMPTY)
    assert (drift.compared_nothing, drift.covered, drift.empty) == (False, False, ("actual",))
    assert {(d.verdict, d.kind) for d in drift.differences} == {("missing", obj.kind) for obj in SCHEMA}


EXTENSION = snapshot(*FRESH, extension(), roles=OWN)
LEDGER = snapshot(*FRESH, extension(), table("migrations_applied", schema="directus"), roles=OWN)
EVERYTHING = ScopeRule(pattern="public.*", reason="r", at=AT)

SCOPES = {
    "a schema of another name": (FULL, AuditScope(schemas=("positoins",)), len(SCHEMA) - 1),
    "a glob that takes everything": (FULL, AuditScope(exclude=(EVERYTHING,)), len(SCHEMA) - 1),
    "a scope that leaves something": (FULL, AuditScope(schemas=("public",)), 0),
    "nothing that a scope could leave out": (EXTENSION, AuditScope(schemas=("positions",)), 0),
    "a ledger is no object that a scope leaves out": (LEDGER, AuditScope(schemas=("public",)), 0),
    "an empty side": (EMPTY, AuditScope(schemas=("public",)), 0),
}


@pytest.mark.parametrize(("side", "scope", "left_out"), SCOPES.values(), ids=SCOPES)
def test_a_scope_that_leaves_nothing_is_known(side, scope, left_out):
    assert left_out_by_scope(side, project(scope=scope, path=Path("/trm/audit.toml"))) == left_out
