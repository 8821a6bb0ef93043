"""The whole way on real databases: audit with a waiver, sign, ask the gate, and ask it again with the database read anew."""

from __future__ import annotations

import json
import subprocess

import psycopg
import pytest

from fix_demo import run_cli
from fix_production import only_reads, watched
from fix_signed import ANN

pytestmark = [pytest.mark.server, pytest.mark.timescale, pytest.mark.slow]

WAIVER = """
[policy]
allowed_signers = "allowed_signers"
max_age = "1 day"

[[waiver]]
finding = "{finding}"
environment = "dev"
reason = "create_hypertable made the second one; it goes with the next release"
owner = "ann@example.org"
expires = 2099-12-31

[[waiver]]
finding = "LIV004:index:public.nothing"
environment = "dev"
reason = "it was there once"
owner = "ann@example.org"
expires = 2099-12-31
"""


def git(folder, *arguments):
    who = ("-c", "user.name=m", "-c", "user.email=mal@example.org")
    subprocess.run(["git", "-C", str(folder), *who, *arguments], check=True, capture_output=True)


def newest(folder):
    return json.loads((max(folder.iterdir()) / "evidence.json").read_text())


def test_from_a_finding_to_an_open_gate(trm, demo_cluster, demo_variables, tmp_path):
    key = tmp_path / "ann"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(key)], check=True)
    (trm / "allowed_signers").write_text(f"{ANN} {key.with_suffix('.pub').read_text()}")
    toml = (trm / "audit.toml").read_text()
    (trm / ".gitattributes").write_text("reports/** -text\n")

    def cli(*arguments):
        return run_cli(*arguments, cwd=trm, **demo_variables)

    finding = "COV013:index:public.positions_ts+public.positions_ts_idx"
    (trm / "audit.toml").write_text(toml + WAIVER.format(finding=finding))
    git(trm, "init", "-q")
    git(trm, "add", "-A")
    git(trm, "commit", "-q", "-m", "x")
    ran = cli("run", "--env", "dev")
    evidence = newest(trm / "reports/dev")
    found = {c["id"]: c for c in evidence["checks"]}
    keys = [f["key"] for f in found["COV013"]["findings"]]
    assert keys == [finding], keys
    assert (ran.code, "1 warning, 1 info, 1 waived" in ran.out) == (0, True), ran.out
    assert [w["state"] for w in evidence["waivers"]] == ["applied", "unused"]
    assert [f["key"] for f in found["WVR002"]["findings"]] == ["WVR002:LIV004:index:public.nothing"]
    assert evidence["verdict"] == "review"

    assert cli("gate", "--env", "dev").code == 4
    ran = cli("sign", "reports/dev", "--as", ANN, "--key", str(key), "--yes")
    assert ran.code == 0, ran.err
    assert f"accepted by this signature (1)\n  {finding}" in ran.out
    assert cli("verify", "reports/signed/dev").code == 0
    with watched(demo_cluster) as watch:
        ran = cli("gate", "--env", "dev", "--live")
    assert ran.code == 0, ran.out
    only_reads(watch)
    assert "read now, and unchanged since the audit (" in ran.out
    # Once runs are there, the tree is as clean as before.
    git(trm, "add", "-A")
    git(trm, "commit", "-q", "-m", "signed")
    assert cli("gate", "--env", "dev").code == 0

    variable = next(name for name in demo_variables if "DEV" in name)
    with psycopg.connect(demo_variables[variable], autocommit=True) as connection:
        connection.execute("CREATE INDEX by_hand ON public.positions (latitude)")
        connection.execute("COMMENT ON COLUMN public.positions.latitude IS 'north'")
        try:
            ran = cli("gate", "--env", "dev", "--live")
            changes = "column public.positions.latitude: comment; index public.by_hand is new"
            assert (ran.code, f"changed since it was audited: {changes}" in ran.out) == (4, True), ran.out
            assert cli("gate", "--env", "dev").code == 0
        finally:
            connection.execute("DROP INDEX public.by_hand")
            connection.execute("COMMENT ON COLUMN public.positions.latitude IS NULL")
    other = next(value for name, value in demo_variables.items() if "STAGE" in name)
    ran = run_cli("gate", "--env", "dev", "--live", cwd=trm, **{**demo_variables, variable: other})
    assert (ran.code, "this is a different database: its database is trm_stage" in ran.out) == (4, True)
    ran = run_cli(
        "gate", "--env", "dev", "--live", cwd=trm, **{**demo_variables, variable: "postgresql://nowhere.invalid/x"}
    )
    assert (ran.code, "--live" in ran.err) == (3, True), ran.err
