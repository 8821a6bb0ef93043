"""Random schemas and random changes: for every pair, the comparison of catalogs and ``pg_dump`` must agree.

``make fuzz`` runs it for a while; ``MIGRATION_AUDIT_FUZZ_SEED=7 make fuzz`` replays one seed. One seed is one database: a
base schema, then one mutation after the other. After each, the catalog is read and dumped, and compared with the state
before it and with the base.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from random import Random
from typing import Any

import psycopg

import fuzz.rare  # noqa: F401  it registers its mutations
from fuzz.base import base_schema
from fuzz.contents import changed_rows, read_contents
from fuzz.mutations import MUTATIONS
from fuzz.world import ROLES, Nothing, World
from migration_audit.catalog import read_snapshot
from migration_audit.catalog.queries import TIMESCALEDB_KINDS
from migration_audit.compare import compare, cross_check_with_pg_dump
from migration_audit.model.drift import Difference
from migration_audit.model.relations import Constraint, Index
from migration_audit.model.snapshot import SERVER_WIDE, RolesRead, Snapshot
from migration_audit.shadow import find_server
from migration_audit.shadow.pg_dump import dump_schema, find_pg_dump

_BEYOND = SERVER_WIDE | {"database"} | {cls.kind for cls in TIMESCALEDB_KINDS.values()}
State = tuple[Snapshot, str]


@dataclass
class Result:
    """What one seed gave."""

    seed: int
    pairs: int = 0
    equal: int = 0
    applied: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)
    failures: list[str] = field(default_factory=list)


def disagreement(expected: State, actual: State) -> tuple[bool, str | None]:
    """Whether the pair is equal, and what one of the methods sees and the other does not (None: they agree)."""
    drift = compare(expected=expected[0], actual=actual[0])
    cross_check = cross_check_with_pg_dump(drift, expected=expected, actual=actual)
    if cross_check.unexplained:
        return False, "unexplained: " + "; ".join(map(str, cross_check.unexplained))
    # A partition's trigger comes with its parent's, and is written there alone.
    triggers = Counter(str(getattr(d.present_object, "name", "")) for d in drift.differences if d.kind == "trigger")
    cloned = {
        d.key for d in drift.differences if d.kind == "trigger" and triggers[str(getattr(d.present_object, "name", ""))] > 1
    }
    reported = [
        f"{d.kind} {d.key}"
        for d in drift.differences
        if (d.kind, d.key) in cross_check.beyond and not (_beyond(d) or d.key in cloned)
    ]
    if reported:
        return False, "only we see: " + "; ".join(reported)
    return not drift.differences, None


def _beyond(difference: Difference) -> bool:
    """What pg_dump is known not to write: what it leaves to other programs, a comment on a constraint that is inherited, the
    statistics of a constraint's index.
    """
    there = difference.present_object
    if there.kind in _BEYOND:
        return True
    changed = {change.name for change in difference.fields}
    if isinstance(there, Index):
        return there.constraint is not None and changed == {"statistics"}
    return isinstance(there, Constraint) and not there.is_local and changed == {"comment"}


def run_seed(cluster: Any, pg_dump: Any, seed: int, *, mutations: int, only: str | None = None) -> Result:
    """One database: a base, then mutations one after the other."""
    result = Result(seed)
    name = f"fuzz_{seed}"
    make_roles(cluster.conninfo())
    conninfo = cluster.create_database(name)
    try:
        with psycopg.connect(conninfo, autocommit=True) as connection:
            rng = Random(seed)
            connection.execute(base_schema(rng))
            world = World(connection, rng)
            said: set[str] = set()
            base = last = read_state(conninfo, pg_dump)
            rows = read_contents(connection)
            names = sorted(MUTATIONS)
            deck = rng.sample(names, len(names)) * (1 + mutations // len(names))
            for number, chosen in enumerate([only] * mutations if only else deck[:mutations]):
                statement = _mutate(world, chosen, result)
                if statement is None:
                    continue
                now = read_state(conninfo, pg_dump)
                before_rows, rows = rows, read_contents(connection)
                if not compare(expected=last[0], actual=now[0]).differences and not chosen.startswith("same_"):
                    came = changed_rows(before_rows, rows)
                    if came:
                        where = f"seed {seed} step {number} {chosen}"
                        result.failures.append(f"{where}: neither sees {statement}\n    {came[:4]}")
                for side, before in (("before it", last), ("the base", base)):
                    result.pairs += 1
                    equal, why = disagreement(before, now)
                    result.equal += equal
                    if why and why not in said:
                        said.add(why)
                        result.failures.append(f"seed {seed} step {number} {chosen} against {side}: {statement}\n    {why}")
                last = now
    finally:
        cluster.drop_database(name)
    return result


def _mutate(world: World, name: str, result: Result) -> str | None:
    try:
        statement = MUTATIONS[name](world)
        world.connection.execute(statement)
    except (Nothing, psycopg.Error) as error:
        result.refused[f"{name}: {type(error).__name__}"] += 1
        return None
    result.applied[name] += 1
    return statement


def read_state(conninfo: str, pg_dump: Any) -> State:
    """Both witnesses of a database as it stands, at the same time."""
    with ThreadPoolExecutor(max_workers=1) as beside:
        dump = beside.submit(dump_schema, pg_dump, conninfo)
        return read_snapshot(conninfo, roles=RolesRead.OWN).snapshot, dump.result()


def make_roles(conninfo: str) -> None:
    """The roles of the base as they are at the start, and none that a mutation made: they belong to the whole cluster."""
    with psycopg.connect(conninfo, autocommit=True) as connection:
        connection.execute("reset all")
        found = connection.execute("select rolname from pg_roles where rolname ~ '^fuzz_'").fetchall()
        for (role,) in found:
            for parameter in connection.execute("select parname from pg_parameter_acl").fetchall():
                connection.execute(f"revoke all on parameter {parameter[0]} from {role}")
            connection.execute(f"drop role {role}")
        for role in ROLES:
            connection.execute(f"create role {role}")


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--pairs", type=int, default=2000)
    options.add_argument("--mutations", type=int, default=40, help="of one database")
    options.add_argument("--only", help="this mutation alone")
    given = options.parse_args()
    chosen = os.environ.get("MIGRATION_AUDIT_FUZZ_SEED")
    seed = int(chosen) if chosen else int(time.time()) % 1_000_000 * 1000
    server = find_server(extensions=["timescaledb", "postgis"], progress=print)
    pg_dump, pairs, failures, equal = find_pg_dump(server), 0, 0, 0
    applied, refused = Counter[str](), Counter[str]()
    with server.cluster() as cluster:
        make_roles(cluster.conninfo())
        while pairs < given.pairs:
            result = run_seed(cluster, pg_dump, seed, mutations=given.mutations, only=given.only)
            pairs, failures, seed = pairs + result.pairs, failures + len(result.failures), seed + 1
            equal += result.equal
            applied.update(result.applied)
            refused.update(result.refused)
            print(f"seed {result.seed}: {result.pairs} pairs, {len(result.failures)} disagreements", flush=True)
            for failure in result.failures:
                print(failure, flush=True)
            if chosen:
                break
    print(f"{pairs} pairs, {equal} of them equal, {failures} disagreements, {len(applied)} of {len(MUTATIONS)} mutations")
    never = sorted(set(MUTATIONS) - set(applied))
    if never:
        print("never applied:", ", ".join(never))
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
