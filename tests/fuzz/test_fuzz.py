"""A bounded run of the property test: for every pair, the comparison and ``pg_dump`` agree. ``make fuzz`` runs more."""

from __future__ import annotations

import os
from typing import Any

import pytest

from fuzz.mutations import MUTATIONS
from fuzz.run import make_roles, run_seed
from migration_audit.shadow.witness import find_pg_dump

pytestmark = pytest.mark.server

SEED = int(os.environ.get("MIGRATION_AUDIT_FUZZ_SEED", "20261123"))


def test_there_are_enough_ways_to_change_a_schema():
    assert len(MUTATIONS) >= 150


def test_our_verdict_and_the_witness_agree(server: Any, cluster: Any):
    make_roles(cluster.conninfo())
    result = run_seed(cluster, find_pg_dump(server), SEED, mutations=40)
    assert not result.failures, f"MIGRATION_AUDIT_FUZZ_SEED={SEED}\n" + "\n".join(result.failures)
    assert result.pairs >= 50
    assert len(result.applied) >= 30


@pytest.mark.parametrize("name", sorted(n for n in MUTATIONS if n.startswith("same_")))
def test_the_same_in_other_words_is_equal(same: Any, name: str):
    assert same[name] == []


@pytest.fixture(scope="module")
def same(server: Any, cluster: Any) -> dict[str, list[str]]:
    """What each mutation that changes nothing was told to have changed."""
    make_roles(cluster.conninfo())
    return _differences_of_same(cluster, find_pg_dump(server))


def _differences_of_same(cluster: Any, pg_dump: Any) -> dict[str, list[str]]:
    from random import Random

    import psycopg

    from fuzz.base import base_schema
    from fuzz.run import read_state
    from fuzz.world import World
    from migration_audit.compare import compare
    from migration_audit.compare.dump_text import parts

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
