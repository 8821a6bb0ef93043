"""Notebooks for a target of a fleet: a whole audit of the first one of each kind of difference."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from fix_fleet import EQUAL, SCHEMA, Fleet, folders, load

pytestmark = [pytest.mark.server, pytest.mark.slow]

PROJECT = """
[project]
name = "tenants"

[legacy]
name = "service"
format = "files"
sql = ["legacy/*.sql"]

[owner]
name = "platform"
format = "files"
sql = ["schema.sql"]

[environments.tenant]
dsn_env = "TENANT"

[environments.pinned]
dsn_env = "TENANT"
database = "tenant_00"

[environments.service]
service = "tenant"
"""


@pytest.fixture
def finished(fleet: Fleet, place: Path) -> Path:
    """A finished fleet run of a project: one target is equal, two differ in the same way."""
    again = re.sub("create (table|index)", r"create \1 if not exists", SCHEMA)
    (place / "legacy").mkdir()
    for name in ("legacy/1.sql", "schema.sql"):
        (place / name).write_text(again, "utf-8")
    (place / "audit.toml").write_text(PROJECT, "utf-8")
    (place / "targets.txt").write_text(fleet.lines(EQUAL[0], "drift_a1", "drift_a2"), "utf-8")
    ran = fleet.run("run", "--targets", "targets.txt", "--workers", "1", cwd=place)
    assert ran.code == 1, ran.err
    return folders(place)[0]


def test_the_first_of_each_kind_of_difference_gets_a_report(finished: Path, fleet: Fleet, place: Path) -> None:
    ran = fleet.run("notebooks", str(finished), "--env", "tenant", cwd=place)
    assert ran.code == 1, ran.err
    assert ran.out.startswith("drift_a1  ✕ blocked ")
    assert "LIV004 index public.invoice_customer is in the owner's SQL and missing in tenant" in ran.out
    assert "drift_a2" not in ran.out
    (report,) = finished.glob("notebooks/*/tenant/*/report.html")
    assert report.parents[2].name.startswith("drift_a1-")
    assert load(report.with_name("evidence.json"))["server"]["database"] == "drift_a1"
    assert fleet.run("verify", str(finished), "--intact", cwd=place).code == 0, "the fleet run is unchanged"


def test_a_named_target_gets_a_report_where_it_is_asked_for(finished: Path, fleet: Fleet, place: Path) -> None:
    ran = fleet.run("notebooks", str(finished), EQUAL[0], "--env", "tenant", "--out", "elsewhere", cwd=place)
    assert ran.code == 0, ran.out
    (evidence,) = place.glob("elsewhere/*/tenant/*/evidence.json")
    assert load(evidence)["server"]["database"] == EQUAL[0]
    assert not (finished / "notebooks").exists()


def test_a_target_that_leads_elsewhere_by_now_is_named(fleet: Fleet, place: Path, saved_side: Path) -> None:
    (place / "audit.toml").write_text(PROJECT, "utf-8")
    (place / "legacy").mkdir()
    for name in ("legacy/1.sql", "schema.sql"):
        (place / name).write_text(SCHEMA, "utf-8")
    (place / "targets.txt").write_text("moved = env:MOVED\n", "utf-8")
    first, later = (f"{fleet.variables['FLEET']} dbname={name}" for name in ("drift_a1", EQUAL[0]))
    arguments = ("--targets", "targets.txt", "--expected", str(saved_side), "--workers", "1")
    assert fleet.run("run", *arguments, cwd=place, MOVED=first).code == 1
    ran = fleet.run("notebooks", str(folders(place)[0]), "--env", "tenant", cwd=place, MOVED=later)
    assert ran.code == 3, ran.out
    assert f"its database is {EQUAL[0]}, but the fleet run read drift_a1" in " ".join(ran.err.split())


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("nobody", "--env", "tenant"), "has no target nobody"),
        (("--env", "pinned"), "environment pinned: accepts only one database → name an environment without database"),
        (
            ("--env", "service"),
            "environment service: leads to an entry of pg_service.conf → name an environment with dsn_env",
        ),
        (("--env", "nowhere"), "nowhere"),
    ],
)
def test_what_cannot_be_audited_is_reported_before_an_audit(
    arguments: tuple[str, ...], message: str, finished: Path, fleet: Fleet, place: Path
) -> None:
    ran = fleet.run("notebooks", str(finished), *arguments, cwd=place)
    assert ran.code == 2
    assert message in " ".join(ran.err.split())
    assert not (finished / "notebooks").exists()


def test_without_a_difference_there_is_nothing_to_show(fleet: Fleet, place: Path, saved_side: Path) -> None:
    (place / "audit.toml").write_text(PROJECT, "utf-8")
    (place / "targets.txt").write_text(fleet.lines(EQUAL[0]), "utf-8")
    fleet.run("run", "--targets", "targets.txt", "--expected", str(saved_side), "--workers", "1", cwd=place)
    ran = fleet.run("notebooks", str(folders(place)[0]), "--env", "tenant", cwd=place)
    assert ran.code == 2
    assert "no target of this fleet run differs" in ran.err
