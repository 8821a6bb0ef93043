"""A fleet of small databases on the session's server: cloned from a template, some of them changed."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg
import pytest

import fix_model
from fix_demo import Ran, run_cli
from migration_audit.catalog import dump_snapshot
from migration_audit.fleet.evidence import (
    Direction,
    TargetComparison,
    TargetDifference,
    TargetEvidence,
    TargetOutcome,
    TargetServer,
    target_evidence_bytes,
)
from migration_audit.fleet.finish import finish_run
from migration_audit.fleet.store import FleetPlan, PlannedRun, RunFolder, new_run
from migration_audit.fleet.targets import FleetTarget, Shard, targets_digest
from migration_audit.model.drift import DiffVerdict
from migration_audit.model.finding import Severity

SCHEMA = """
create table public.customer (id bigint primary key, name varchar(64) not null, at timestamptz default now());
create table public.invoice (id bigint primary key, customer bigint not null references public.customer, total numeric);
create index invoice_customer on public.invoice (customer);
"""
EQUAL = tuple(f"tenant_{number:02}" for number in range(24))
CHANGED = {
    "drift_a1": "drop index public.invoice_customer",
    "drift_a2": "drop index public.invoice_customer",
    "drift_a3": "drop index public.invoice_customer",
    "drift_b1": "alter table public.customer alter column name type text",
    "drift_b2": "alter table public.customer alter column name type text",
    "drift_c1": "create table public.scratch (id int)",
}
LOCKED = "locked"
READER = "fleet_reader"


@dataclass(frozen=True)
class Fleet:
    """Where the databases are."""

    cluster: Any
    variables: dict[str, str]
    """``FLEET`` leads to the server as a role that owns nothing, ``ADMIN`` as its owner, ``DOWN`` nowhere."""

    def execute(self, database: str, sql: str) -> None:
        with psycopg.connect(self.cluster.conninfo(database), autocommit=True) as connection:
            connection.execute(sql.encode())

    def lines(self, *names: str) -> str:
        return "".join(f"{name} = env:FLEET/{name}\n" for name in names)

    def run(self, *arguments: str, cwd: Path, **variables: str) -> Ran:
        return run_cli("fleet", *arguments, cwd=cwd, **self.variables, **variables)


@pytest.fixture(scope="module")
def fleet(server: Any) -> Iterator[Fleet]:
    """The databases, made once for a file of tests, on a server of their own: to drop them takes longer than a server."""
    with server.cluster() as cluster:
        template = cluster.create_database("fleet_template")
        with psycopg.connect(template) as connection:
            connection.execute(SCHEMA.encode())
        for name in [*EQUAL, *CHANGED, LOCKED]:
            cluster.create_database(name, template="fleet_template")
        made = Fleet(
            cluster,
            {
                "FLEET": f"{cluster.conninfo('postgres')} user={READER}",
                "ADMIN": cluster.conninfo("postgres"),
                "DOWN": "host=127.0.0.1 port=1 dbname=x user=x",
            },
        )
        made.execute("postgres", f"create role {READER} login")
        for name, sql in CHANGED.items():
            made.execute(name, sql)
        made.execute("postgres", f"revoke connect on database {LOCKED} from public")
        yield made


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A folder with the expected side as SQL."""
    (tmp_path / "schema.sql").write_text(SCHEMA, "utf-8")
    return tmp_path


@pytest.fixture(scope="session")
def saved_side(server: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The expected side as a saved snapshot, applied once."""
    del server  # it is installed
    folder = tmp_path_factory.mktemp("fleet")
    (folder / "schema.sql").write_text(SCHEMA, "utf-8")
    ran = run_cli("snapshot", "schema.sql", "-o", "expected.json", cwd=folder)
    assert ran.code == 0, ran.err
    return folder / "expected.json"


EXPECTED = fix_model.snapshot(fix_model.table())
MISSING = TargetDifference(
    verdict=DiffVerdict.MISSING,
    severity=Severity.BLOCKER,
    kind="index",
    key="public.invoice_customer",
    fields=(),
    part_of=None,
    definition=None,
    note=None,
)
TENANTS = ("acme", "globex", "hooli")


def reference_of(name: str) -> str:
    """Where the target of a made-up fleet is."""
    return f"env:FLEET/{name}"


def lines_of(names: Sequence[str]) -> str:
    """The targets file of a made-up fleet."""
    return "".join(f"{name} = {reference_of(name)}\n" for name in names)


def made_up_evidence(
    planned: PlannedRun, name: str, *, at: datetime, is_unread: bool = False, differences: Sequence[TargetDifference] = ()
) -> TargetEvidence:
    """What a worker would have read of a target."""
    server = TargetServer(
        database=name,
        system_identifier="7442190517340081234",
        started_at="2026-11-29T08:00:00.000001",
        postgres_version="17",
        read_as="r",
        in_recovery=False,
    )
    compared = TargetComparison(
        actual="sha256:0",
        server=server,
        differences=tuple(differences),
        not_known=(),
        unmodelled=(),
        not_compared=(),
        excluded=(),
        limits=(),
    )
    return TargetEvidence(
        schema_version=1,
        run=planned.plan.run,
        target=name,
        reference=reference_of(name),
        expected=planned.plan.expected,
        read_at=at,
        attempts=1,
        outcome=TargetOutcome.UNCHECKED if is_unread else compared.outcome(planned.plan.direction),
        reason="down" if is_unread else None,
        comparison=None if is_unread else compared,
    )


def made_up_plan(
    names: Sequence[str] = TENANTS, shard: Shard | None = None, origin: Mapping[str, Any] | None = None, **plan: Any
) -> PlannedRun:
    """The plan of a fleet run that no database is asked for; ``plan`` is written over what it says."""
    targets = tuple(sorted(FleetTarget(name=name, reference=reference_of(name)) for name in names))
    facts: dict[str, Any] = {
        "schema_version": 1,
        "tool": "1",
        "project": None,
        "expected_named": "the owner's SQL",
        "expected": EXPECTED.digest,
        "applied_by": None,
        "settings": None,
        "direction": Direction.COVERS,
        "targets": targets_digest(targets),
        "files": {},
        **plan,
    }
    taken = tuple(shard.take(targets) if shard else targets)
    about = dict(origin or {})
    return PlannedRun(
        plan=FleetPlan(**facts), shard=str(shard) if shard else None, targets=taken, in_all=len(targets), **about
    )


def made_up_fleet(
    out: Path,
    planned: PlannedRun,
    *,
    wrong: Sequence[str] = (),
    unread: Sequence[str] = (),
    read_at: datetime | None = None,
    at: datetime | None = None,
    finished: bool = True,
) -> RunFolder:
    """The folder of a fleet run, written as a run writes it; ``wrong`` targets lack an index."""
    at = at or datetime.now(UTC).replace(microsecond=0)
    folder = new_run(out, planned, dump_snapshot(EXPECTED), at)
    for target in planned.targets:
        differences = [MISSING] if target.name in wrong else []
        folder.write(
            made_up_evidence(
                planned, target.name, at=read_at or at, is_unread=target.name in unread, differences=differences
            )
        )
    if finished:
        finish_run(folder, now=at)
    return folder


def forge(folder: RunFolder, target: str, **change: Any) -> None:
    """Write other evidence of a target, whatever it amounts to."""
    found = folder.evidence(target)
    assert found is not None
    folder.evidence_file(target).write_bytes(target_evidence_bytes(replace(found, **change)))


def restate(folder: RunFolder, *, at: datetime | None = None) -> None:
    """Sum up the folder as it is now, as a forger would: no outcome is looked at."""
    before = TargetEvidence.is_consistent
    TargetEvidence.is_consistent = lambda *_: True  # type: ignore[method-assign]
    try:
        finish_run(folder, now=at or datetime.now(UTC).replace(microsecond=0))
    finally:
        TargetEvidence.is_consistent = before  # type: ignore[method-assign]


def folders(place: Path) -> list[Path]:
    """The folders of fleet runs, the oldest first."""
    return sorted((place / "reports" / "fleet").iterdir())


def load(path: Path) -> Any:
    return json.loads(path.read_text("utf-8"))


def evidence_in(folder: Path) -> dict[str, Any]:
    """The evidence of each target, by its name."""
    found = [load(path) for path in folder.glob("targets/*/*.json")]
    return {each["target"]: each for each in found}


__all__ = ["fleet", "place", "saved_side"]
