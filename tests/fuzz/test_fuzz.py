"""A bounded run of the property test: for every pair, the comparison and ``pg_dump`` agree. ``make fuzz`` runs more."""

from __future__ import annotations

import os
from typing import Any

import pytest

from fuzz import run
from fuzz.mutations import MUTATIONS
from fuzz.run import make_roles, read_state, run_seed
from migration_audit.shadow.pg_dump import find_pg_dump

pytestmark = [pytest.mark.server, pytest.mark.slow]

SEED = int(os.environ.get("MIGRATION_AUDIT_FUZZ_SEED", "20261123"))


def test_there_are_enough_ways_to_change_a_schema():
    assert len(MUTATIONS) >= 220


@pytest.mark.parametrize("seed", [SEED, SEED + 1])
def test_our_verdict_and_the_witness_agree(server: Any, cluster: Any, seed: int):
    result = run_seed(cluster, find_pg_dump(server), seed, mutations=64)
    assert not result.failures, f"MIGRATION_AUDIT_FUZZ_SEED={seed}\n" + "\n".join(result.failures)
    assert result.pairs >= 100
    assert len(result.applied) >= 50


def test_what_neither_method_sees_is_a_failure(server: Any, cluster: Any, monkeypatch: pytest.MonkeyPatch):
    """The rows of the catalogs are a third look: here the other two are blind."""
    first: list[Any] = []

    def read_once(conninfo: str, pg_dump: Any) -> Any:
        first[:] = first or [read_state(conninfo, pg_dump)]
        return first[0]

    monkeypatch.setattr(run, "read_state", read_once)
    result = run_seed(cluster, find_pg_dump(server), SEED + 2, mutations=1, only="create_schema")
    assert (result.pairs, result.equal, len(result.failures)) == (2, 2, 1)
    assert "neither sees create schema" in result.failures[0]


@pytest.mark.parametrize("name", sorted(n for n in MUTATIONS if n.startswith("same_")))
def test_the_same_in_other_words_is_equal(same: Any, name: str):
    assert same[name] == []


@pytest.fixture(scope="module")
def same(server: Any, cluster: Any) -> dict[str, list[str]]:
    """What the report says that a mutation changed which changes nothing."""
    make_roles(cluster.conninfo())
    return _differences_of_same(cluster, find_pg_dump(server))


def _differences_of_same(cluster: Any, pg_dump: Any) -> dict[str, list[str]]:
    from random import Random

    import psycopg

    from fuzz.base import base_schema
    from fuzz.world import World
    from migration_audit.compare import compare
    from migration_audit.compare.dump_parts import parts

    conninfo = cluster.create_database("fuzz_same")
    found = {}
    with psycopg.connect(conninfo, autocommit=True) as connection:
        connection.execute(base_schema(Random(1)))
        world = World(connection, Random(1))
        before = read_state(conninfo, pg_dump)
        for name in sorted(n for n in MUTATIONS if n.startswith("same_")):
            connection.execute(MUTATIONS[name](world))
            after = read_state(conninfo, pg_dump)
            ours = [f"{d.kind} {d.key}" for d in compare(expected=before[0], actual=after[0]).differences]
            found[name] = ours + ([] if parts(before[1]) == parts(after[1]) else ["pg_dump"])
            before = after
    cluster.drop_database("fuzz_same")
    return found
