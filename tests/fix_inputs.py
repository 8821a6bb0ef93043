"""A whole set of inputs for checks, in which nothing is wrong; a case replaces what it is about."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Any

import fix_boot
import fix_code
import fix_directus
import fix_rehearsal
from fix_documents import DOCUMENT_RULES, command, drop_rule
from fix_model import SERVER, column, constraint, dimension, extension, hypertable, index, snapshot, table
from migration_audit.compare import compare
from migration_audit.model.boot import Attempt, FixtureShadow, Rehearsal, RehearsalRole, RightsFrom
from migration_audit.model.code import FixtureFacts
from migration_audit.model.live import Demand, LedgerState, Obstacle, Wanted
from migration_audit.model.live import Ledger as LiveLedger
from migration_audit.model.location import Location
from migration_audit.model.preflight import Convergence, CrossCheck, ProbeResult, SourceFacts
from migration_audit.model.privileges import Access, Membership, ProbeRights, RoleFacts
from migration_audit.model.rows import RowsComparison, SeedMode, SequenceComparison, TableComparison
from migration_audit.model.side_effects import SourceUndone, Undoing, Undone
from migration_audit.model.snapshot import HypertableChunks, Snapshot
from migration_audit.model.sql import Applied, Similarity, SqlFailure, StatementMatch
from migration_audit.project import AuditScope, Environment, LedgerSettings, Project, Source

AT = Location("audit.toml", 7)

SCHEMA = (
    extension(),
    table(),
    column("device_id"),
    column("ts", type="timestamp with time zone"),
    index(),
    constraint(),
    hypertable(),
    dimension(),
)
"""A small schema that both sources make."""


def without(kind: str, name: str = "") -> Snapshot:
    """The schema without the objects of this kind (and name)."""
    return snapshot(*(o for o in SCHEMA if not (o.kind == kind and o.key.endswith(name))))


def with_changed(kind: str, name: str = "", **attributes: Any) -> Snapshot:
    """The schema with other attributes on the objects of this kind (and name)."""
    from dataclasses import replace

    return snapshot(*(replace(o, **attributes) if o.kind == kind and o.key.endswith(name) else o for o in SCHEMA))


def drift(actual: Snapshot, expected: Snapshot | None = None) -> Any:
    return compare(expected=expected or snapshot(*SCHEMA), actual=actual)


def project(**given: Any) -> Project:
    defaults = {
        "path": Path("/trm/audit.toml"),
        "name": "trm",
        "writer_role": "processor",
        "provider": None,
        "legacy": Source(
            name="processor migrations",
            root=Path("/trm/processor"),
            sql=("*.sql",),
            at=AT,
            ledger=LedgerSettings(schema="processor", table="migrations_applied", name_column="filename"),
        ),
        "owner": Source(
            name="directus db-init",
            root=Path("/trm/directus"),
            sql=("*.sql",),
            role="directus",
            at=AT,
            ledger=LedgerSettings(
                schema="directus", table="migrations_applied", name_column="filename", checksum_column="checksum"
            ),
        ),
        "environments": (environment(),),
        "scope": AuditScope(),
        "rules": {},
        "probes": (),
        "hypertables": (),
        "report_out": Path("/trm/reports"),
        "retirement": (*fix_code.RULES, fix_boot.RET007),
        "boot": fix_boot.SETTINGS,
    }
    return Project(**{**defaults, **given})


def environment(**given: Any) -> Environment:
    return Environment(**{"name": "prod", "dsn_env": "TRM_PROD_DSN", "at": AT, **given})


def source(role: str = "owner", **given: Any) -> SourceFacts:
    files = {"owner": ("db-init/001_a.sql", "a" * 64), "legacy": ("migrations/0001_a.sql", "b" * 64)}
    return SourceFacts(**{"role": role, "name": role, "files": (files[role],), **given})


def ledger(role: str = "owner", **given: Any) -> LiveLedger:
    rows = {"owner": ("directus", "001_a.sql", "a" * 64), "legacy": ("processor", "0001_a.sql", None)}
    schema, name, checksum = rows[role]
    names = given.setdefault("names", (name,))
    checksums = given.pop("checksums", (checksum,) * len(names))
    defaults = {
        "table": f"{schema}.migrations_applied",
        "state": LedgerState.PRESENT,
        "columns": ("filename",),
        "rows": tuple({"filename": n, "checksum": c} for n, c in zip(names, checksums, strict=True)),
    }
    return LiveLedger(**{**defaults, **given})


def applied(*sequence: str, failure: str | None = None) -> Applied:
    failed = None
    if failure:
        failed = SqlFailure(at=Location("a.sql", 3), statement="create table x", message=failure, sqlstate="42P07")
    return Applied(sequence=sequence, failure=failed)


def convergence(*sequence: str, failure: str | None = None, result: Snapshot | None = None) -> Convergence:
    return Convergence(
        sequence=sequence,
        reference=sequence[:1] if len(set(sequence)) == 1 else ("owner",),
        applied=applied(*sequence, failure=failure),
        drift=None if failure else drift(result or snapshot(*SCHEMA)),
    )


def probe(**given: Any) -> ProbeResult:
    defaults = {
        "name": "upsert",
        "sql": "insert …",
        "role": "processor",
        "error": None,
        "arbiters": ("public.positions_device_ts",),
        "expected_arbiter": "public.positions_device_ts",
        "where": "audit.toml:7",
    }
    return ProbeResult(**{**defaults, **given})


def chunks(**given: Any) -> HypertableChunks:
    defaults = {
        "schema": "public",
        "table": "positions",
        "chunks": 3,
        "compressed": 0,
        "first": "2026-01-01T00:00:00+00:00",
        "last": "2026-01-04T00:00:00+00:00",
        "widths": (("1 day", 3),),
        "plain_widths": (("1 day", 3),),
    }
    return HypertableChunks(**{**defaults, **given})


def access(**given: Any) -> Access:
    """The writer's role, which may do nothing but write."""
    roles = (RoleFacts(name="processor"),)
    return Access(**{"role": "processor", "exists": True, "postgres_number": 170005, "roles": roles, **given})


def member(*names: str, **given: Any) -> Access:
    """The writer's role as a member of each of these in turn."""
    chain = ("processor", *names)
    return access(
        roles=tuple(RoleFacts(name=name) for name in chain),
        memberships=tuple(Membership(member=m, role=r) for m, r in pairwise(chain)),
        **given,
    )


def rights(**given: Any) -> ProbeRights:
    return ProbeRights(**{"name": "upsert", "role": "processor", "where": "audit.toml:7", **given})


def obstacle(**given: Any) -> Obstacle:
    wanted = Wanted(
        kind="index",
        key="public.positions_device_ts",
        demand=Demand.UNIQUE,
        schema="public",
        table="positions",
        index="CREATE UNIQUE INDEX …",
    )
    return Obstacle(**{"wanted": wanted, "columns": "device_id, ts", "keys": 0, "rows": 0, "listing": "SELECT …", **given})


def attempt(**given: Any) -> Attempt:
    return Attempt(**{"name": "upsert", "role": "processor", "where": "audit.toml:7", "rows": 1, "again": "", **given})


NOT_THERE = {"rows": None, "again": None, "error": 'relation "positions" does not exist', "sqlstate": "42P01"}
"""What a probe gets on a server that nobody prepared."""


def rehearsal(**given: Any) -> Rehearsal:
    return Rehearsal(
        **{
            "writer": RehearsalRole(
                name="processor",
                source=RightsFrom.NOBODY,
                rights=("GRANT INSERT ON public.positions TO processor;",),
            ),
            "with_owner": (attempt(),),
            "without_owner": (attempt(**NOT_THERE),),
            "access": access(),
            **given,
        }
    )


FIXTURE = "processor/test/fixtures/schema.sql"


def fixture(**given: Any) -> FixtureFacts:
    """The fixture of the integration tests, in order."""
    return FixtureFacts(
        **{
            "path": FIXTURE,
            "exists": True,
            "head": "syncs with trm/directus/db-init/",
            "expected_head": "syncs with trm/directus/db-init/",
            "loads": (Location("processor/test/db.test.ts", 9),),
            "loaded_by": ("processor/test/**/*.ts",),
            "looked_at": 2,
            "where": "audit.toml:7",
            **given,
        }
    )


def built(actual: Snapshot | None = None, **given: Any) -> dict[str, FixtureShadow]:
    """What the fixture builds: the owner's schema, unless something else is given."""
    made = {"drift": drift(actual or snapshot(*SCHEMA)), **given}
    return {FIXTURE: FixtureShadow(path=FIXTURE, **made)}


def statement(**given: Any) -> StatementMatch:
    """A legacy statement that the owner has letter by letter."""
    at = {"legacy": Location("migrations/0001_a.sql", 1), "owner": Location("db-init/001_a.sql", 3)}
    return StatementMatch(**{**at, "text": "create table positions ()", "similarity": Similarity.IDENTICAL, **given})


def undone(**given: Any) -> Undone:
    """A table that the same file creates and drops."""
    places = {"made": Location("migrations/0002_b.sql", 1), "undone": Location("migrations/0002_b.sql", 9)}
    return Undone(**{"kind": "table", "name": "public.t", "how": Undoing.REMOVED, **places, **given})


def taken_back(*found: Undone, **given: Any) -> tuple[SourceUndone, ...]:
    """What the legacy source takes away again; another file of it leaves something."""
    legacy = SourceUndone(**{"role": "legacy", "undone": found, "left": (("migrations/0001_a.sql", 3),), **given})
    return (legacy, SourceUndone(role="owner"))


def seeded(**given: Any) -> TableComparison:
    """A table whose two rows only the legacy side has."""
    counts = {"expected": 2, "actual": 0, "missing": 2, "differs": True}
    place = Location("migrations/0001_a.sql", 7)
    return TableComparison(**{"table": "public.price", "mode": SeedMode.COVERED, **counts, "where": place, **given})


def position(**given: Any) -> SequenceComparison:
    """A sequence that the owner's side starts anew."""
    return SequenceComparison(**{"sequence": "public.n", "expected": 3, "actual": 1, "is_behind": True, **given})


class _Inputs(dict[str, Any]):
    """Inputs by name; one that has no quiet value is an error that says where to add it."""

    def __missing__(self, name: str) -> Any:
        raise KeyError(f"the input {name} has no quiet value: add one to inputs() in tests/fix_inputs.py")


def inputs(**given: Any) -> dict[str, Any]:
    """Everything that a check may ask for, with nothing wrong in it."""
    whole = snapshot(*SCHEMA)
    defaults = {
        "sources": (source("legacy"), source("owner")),
        "statements": (statement(),),
        "rows": RowsComparison(),
        "undone": (SourceUndone(role="legacy"), SourceUndone(role="owner")),
        "legacy_source": source("legacy"),
        "owner_source": source("owner"),
        "legacy_applied": applied("legacy"),
        "owner_applied": applied("owner"),
        "legacy": whole,
        "owner": whole,
        "legacy_origins": {},
        "owner_origins": {},
        "coverage": drift(whole),
        "cross_check": CrossCheck(),
        "repeats": (convergence("legacy", "legacy"), convergence("owner", "owner")),
        "orders": (convergence("owner", "owner"), convergence("legacy", "owner"), convergence("owner", "legacy")),
        "probes": (probe(),),
        "project": project(),
        "environment": environment(),
        "live": snapshot(*SCHEMA, chunks=(chunks(),)),
        "live_drift": drift(whole),
        "excluded": (),
        "owner_ledger": ledger("owner"),
        "legacy_ledger": ledger("legacy", state=LedgerState.ABSENT, names=(), checksums=()),
        "obstacles": (),
        "writer_access": access(),
        "probe_rights": (rights(),),
        "rehearsal": rehearsal(),
        "fixture_facts": (fixture(),),
        "fixture_shadows": built(),
        "document_rules": DOCUMENT_RULES,
        "drop_rules": (drop_rule(),),
        "commands": (command(),),
        "waivers": (),
    }
    of_directus = fix_directus.inputs(**{name: value for name, value in given.items() if name.startswith("directus_")})
    of_directus.setdefault("directus_rehearsed", fix_rehearsal.quiet())
    return _Inputs({**fix_boot.inputs(), **of_directus, **fix_code.inputs(), **defaults, **given})


__all__ = ["AT", "SCHEMA", "SERVER"]
