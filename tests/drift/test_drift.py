"""Drift cases: two SQL files, and the differences that must be found between what they make.

A case is a folder with ``expected.sql``, ``actual.sql`` and ``drift.json``, a list of
``[verdict, kind, key, [fields that differ]]``; empty for two ways to write the same schema. What stands in ``base.sql``, if
there is one, is applied to both sides first. ``MIGRATION_AUDIT_WRITE_GOLDEN=1`` rewrites the JSON: read the diff.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from migration_audit.catalog import read_snapshot
from migration_audit.compare import compare, cross_check_with_pg_dump
from migration_audit.model.drift import Drift
from migration_audit.model.snapshot import RolesRead, Snapshot
from migration_audit.shadow.apply import apply_sources
from migration_audit.shadow.pg_dump import dump_schema, find_pg_dump
from migration_audit.sources import load_source

HERE = Path(__file__).parent
CASES = sorted(path.parent for path in HERE.glob("*/expected.sql"))
WRITE = os.environ.get("MIGRATION_AUDIT_WRITE_GOLDEN") == "1"
SIDES = ("expected", "actual")


def files_of(case: Path, side: str) -> list[Path]:
    """The files of one side, in the order in which they are applied."""
    return [path for path in (case / "base.sql", case / f"{side}.sql") if path.exists()]


Side = tuple[Snapshot, str]
"""A catalog, and the dump of the same database."""


def read_side(server: Any, cluster: Any, name: str, files: list[Path], roles: RolesRead) -> Side:
    """What the files make, in a database that is dropped again."""
    conninfo = cluster.create_database(name)
    try:
        applied = apply_sources(conninfo, [load_source(name, files, shown_from=HERE)]).applied
        assert applied.failure is None, f"{applied.failure}"
        snapshot = read_snapshot(conninfo, roles=roles, assumed_roles=applied.assumed_roles).snapshot
        return snapshot, dump_schema(find_pg_dump(server), conninfo)
    finally:
        cluster.drop_database(name)


def read_alone(server: Any, files: list[Path]) -> Side:
    """The same in a cluster of its own, with its roles: those belong to a whole cluster."""
    with server.cluster() as cluster:
        return read_side(server, cluster, "alone", files, RolesRead.OWN)


@pytest.fixture(scope="module")
def sides(server: Any, cluster: Any) -> Iterator[dict[tuple[str, str], Future[Side]]]:
    """The snapshot of each side of each case, a few read at a time; sides of the same SQL share one."""
    read: dict[tuple[Any, ...], Future[Side]] = {}
    with ThreadPoolExecutor(max_workers=3) as pool:

        def submit(case: Path, side: str) -> Future[Side]:
            files, alone = files_of(case, side), is_about_the_server(case)
            key = (alone, *(path.read_bytes() for path in files))
            if key not in read:
                read[key] = (
                    pool.submit(read_alone, server, files)
                    if alone
                    else pool.submit(read_side, server, cluster, f"drift_{len(read)}", files, RolesRead.NONE)
                )
            return read[key]

        yield {(case.name, side): submit(case, side) for case in CASES for side in SIDES}


def is_about_the_server(case: Path) -> bool:
    """Whether a side makes or alters what no database holds."""
    found = re.compile(
        r"(?im)^(create|alter|drop|comment on) (role|user|group|tablespace)|^(grant|revoke)\b.*( on parameter )"
    )
    return any(found.search(path.read_text(encoding="utf-8")) for path in case.glob("*.sql"))


def found(drift: Drift) -> list[list[Any]]:
    reported = [[str(d.verdict), d.kind, d.key, [f.name for f in d.fields]] for d in drift.differences]
    unmodelled = {"expected": drift.unmodelled_expected, "actual": drift.unmodelled_actual}
    return reported + [["unmodelled", u.kind, u.identity, [side]] for side, rows in unmodelled.items() for u in rows]


def spelled(rows: list[list[Any]]) -> str:
    """One difference a line, so that a person can read the diff of a golden file."""
    return "[\n" + ",\n".join("  " + json.dumps(row, ensure_ascii=False) for row in rows) + "\n]\n" if rows else "[]\n"


@pytest.mark.server
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_drift(case: Path, sides: dict[tuple[str, str], Future[Side]]) -> None:
    expected, actual = (sides[case.name, side].result(timeout=120) for side in SIDES)
    drift = compare(expected=expected[0], actual=actual[0])
    golden = case / "drift.json"
    if WRITE:
        golden.write_text(spelled(found(drift)), encoding="utf-8")
    assert found(drift) == json.loads(golden.read_text(encoding="utf-8"))
    assert cross_check_with_pg_dump(drift, expected=expected, actual=actual).unexplained == ()


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_case_says_in_its_name_whether_its_sides_are_equal(case: Path) -> None:
    is_equal = json.loads((case / "drift.json").read_text(encoding="utf-8")) == []
    assert case.name.startswith("same_") == is_equal


def test_every_attribute_of_every_kind_has_a_case() -> None:
    """What no case changes could be dropped from the catalog's queries without a test that fails."""
    from migration_audit.catalog.queries import KINDS, TIMESCALEDB_KINDS

    rows = [row for case in CASES for row in json.loads((case / "drift.json").read_text(encoding="utf-8"))]
    changed = {(kind, name) for verdict, kind, _, names in rows if verdict == "changed" for name in names}
    come_and_go = {(kind, verdict) for verdict, kind, _, _ in rows}
    kinds = [cls for cls in {**KINDS, **TIMESCALEDB_KINDS}.values() if cls.kind in OF_TABLES]
    attributes = {(cls.kind, name) for cls in kinds for name in cls.compared()}
    assert attributes - changed == NEEDS_ANOTHER_SERVER
    assert {(cls.kind, verdict) for cls in kinds for verdict in ("missing", "unexpected")} <= come_and_go


OF_TABLES = {
    *("extension", "schema", "table", "column", "index", "constraint", "sequence", "view", "materialized view"),
    *("function", "type", "trigger", "policy", "hypertable", "dimension"),
}
"""The kinds of which every attribute has a case here. The others are changed in
``database/test_catalog_kinds_pg_dump.py`` and ``database/test_timescale_fleet.py``, by kind and not by attribute."""

NEEDS_ANOTHER_SERVER = {
    ("index", "ready"),
}
"""Attributes that no SQL file can change on the embedded server."""
