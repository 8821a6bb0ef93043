"""Rows that migrations write, from outside: ``compare`` and ``run`` tell what the owner's side lacks, and show no value."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest

from fix_demo import evidence_of, findings, outcomes, run_cli

pytestmark = [pytest.mark.server, pytest.mark.slow]

PRICE = "create table price (code text primary key, cents int not null, at timestamptz default now());\n"
SEEDED = f"{PRICE}insert into price values ('basic', 900), ('pl4nt3d', 2900);\n"
LACKS = "public.price has 2 rows on the expected side, 0 on the actual one"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "a.sql").write_text(SEEDED)
    (tmp_path / "b.sql").write_text(PRICE)
    (tmp_path / "c.sql").write_text(SEEDED.replace("900", "901", 1))
    (tmp_path / "audit.toml").write_text(
        '[project]\nname = "p"\n[legacy]\nsql = ["a.sql"]\n[owner]\nsql = ["b.sql"]\n[environments.dev]\ndsn_env = "DEV"\n'
        '[[seed]]\ntable = "public.other"\nmode = "ignore"\n'
    )
    return tmp_path


def test_text_has_a_line_for_each_table_and_the_exit_code_is_that_of_the_schema(folder: Path) -> None:
    ran = run_cli("compare", "a.sql", "b.sql", cwd=folder)
    assert ran.code == 0, ran.err
    assert f"  {LACKS} (written at a.sql:2)\n" in ran.out
    assert "pl4nt3d" not in ran.out + ran.err


def test_a_time_is_no_difference_and_another_value_is(folder: Path) -> None:
    ran = run_cli("compare", "a.sql", "a.sql", cwd=folder)
    assert "on the expected side" not in ran.out
    ran = run_cli("compare", "a.sql", "c.sql", cwd=folder)
    assert "public.price has 2 rows on the expected side, 2 on the actual one: 1 changed (cents)" in ran.out
    assert "public.price.at is left out" in ran.out


def test_json_has_counts_and_digests(folder: Path) -> None:
    ran = run_cli("compare", "a.sql", "c.sql", "--format", "json", cwd=folder)
    (price,) = json.loads(ran.out)["rows"]["tables"]
    counts = {name: price[name] for name in ("table", "differs", "missing", "changed", "extra", "changed_columns")}
    assert counts == {
        "table": "public.price",
        "differs": True,
        "missing": 0,
        "changed": 1,
        "extra": 0,
        "changed_columns": ["cents"],
    }
    assert price["expected"]["rows"] == price["actual"]["rows"] == 2
    assert price["expected"]["digest"].startswith("hmac-sha256:")
    assert price["expected"]["digest"] != price["actual"]["digest"]
    assert [each["column"] for each in price["left_out"]] == ["at"]


def test_the_rules_of_an_audit_toml_count_for_compare_too(folder: Path) -> None:
    text = (folder / "audit.toml").read_text().replace("public.other", "public.price")
    (folder / "audit.toml").write_text(text)
    ran = run_cli("compare", "a.sql", "b.sql", "--config", "audit.toml", cwd=folder)
    assert LACKS not in ran.out
    assert "audit.toml:9: rows of public.price are not compared" in ran.out


def test_a_run_warns_and_keeps_counts_and_digests_in_its_evidence(folder: Path, database: str) -> None:
    run_cli("run", "--out", str(folder / "out"), cwd=folder, DEV=database)
    evidence = evidence_of(folder / "out", "dev")
    (finding,) = findings(evidence, "COV014")
    assert (finding["key"], finding["summary"], finding["where"]) == ("COV014:table:public.price", LACKS, "a.sql:2")
    assert {check: outcomes(evidence)[check] for check in ("COV001", "COV002", "COV014")} == {
        "COV001": "passed",
        "COV002": "passed",
        "COV014": "failed",
    }
    (table,) = evidence["rows"]["tables"]
    assert (table["expected"]["rows"], table["actual"]["rows"]) == (2, 0)
    assert evidence["rows"]["notes"] == [
        "audit.toml:9: [[seed]] public.other matches no table with rows, or only tables of an earlier [[seed]]"
    ]
    assert "pl4nt3d" not in json.dumps([evidence["rows"], finding]), "SQL004 shows the statement as the file has it"


def test_no_value_can_be_guessed_from_a_digest(folder: Path, database: str) -> None:
    """Both sides of one comparison have the same key, and no two comparisons have."""
    bodies = [json.loads(run_cli("compare", "a.sql", "a.sql", "--format", "json", cwd=folder).out) for _ in range(2)]
    digests = [
        (body["rows"]["tables"][0]["expected"]["digest"], body["rows"]["tables"][0]["actual"]["digest"]) for body in bodies
    ]
    assert digests[0][0] == digests[0][1]
    assert digests[1][0] == digests[1][1]
    assert digests[0][0] != digests[1][0]
    run_cli("run", "--out", str(folder / "out"), cwd=folder, DEV=database)
    written = b"".join(path.read_bytes() for path in (folder / "out").rglob("*") if path.is_file())
    guess = hashlib.sha256(b"pl4nt3d").hexdigest()[:16].encode()
    assert guess not in written
