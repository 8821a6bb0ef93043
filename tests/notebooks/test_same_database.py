"""Two environments whose variables lead to one database: one of the two was not audited, and neither may be signed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import psycopg
import pytest

from fix_demo import evidence_of, run_cli

pytestmark = [pytest.mark.server, pytest.mark.slow]

TOML = """[project]
name = "p"
[legacy]
sql = ["a.sql"]
[owner]
sql = ["a.sql"]
[environments.dev]
dsn_env = "DEV"
[environments.stage]
dsn_env = "STAGE"
[environments.prod]
dsn_env = "PROD"
"""


@pytest.fixture
def other(cluster: Any) -> Any:
    yield cluster.create_database("same_database_other")
    cluster.drop_database("same_database_other")


def test_neither_of_two_environments_of_one_database_is_clean(tmp_path: Path, database: str, other: str) -> None:
    (tmp_path / "a.sql").write_text("create table t (i int);\n")
    (tmp_path / "audit.toml").write_text(TOML)
    for conninfo in (database, other):
        with psycopg.connect(conninfo, autocommit=True) as connection:
            connection.execute("create table t (i int)")
    again = psycopg.conninfo.make_conninfo(database, application_name="another_way", connect_timeout=60)
    variables = {"DEV": database, "STAGE": other, "PROD": again}
    ran = run_cli("run", "--out", "out", "--format", "json", cwd=tmp_path, **variables)
    assert ran.code == 3, ran.out + ran.err
    found = {each["environment"]: each for each in json.loads(ran.out)["environments"]}
    assert found["stage"]["error"] is None, "a database of its own on the same server"
    assert evidence_of(tmp_path / "out", "stage")["complete"]
    for name, another in (("dev", "prod"), ("prod", "dev")):
        assert found[name]["verdict"] == "incomplete"
        assert f"leads to the same database as {another}" in found[name]["error"]
        assert "dev by DEV" in found[name]["error"]
        assert "prod by PROD" in found[name]["error"]
        assert not evidence_of(tmp_path / "out", name)["complete"]
        assert database not in found[name]["error"], "a connection may have a password"
    signed = run_cli("sign", found["prod"]["folder"], "--as", "ann@example.org", "--key", "none", "--yes", cwd=tmp_path)
    assert signed.code != 0
