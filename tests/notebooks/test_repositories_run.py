"""A whole run over several repositories: what it reads, shows and signs is what one repository with the same files gives."""

from __future__ import annotations

import socket
import subprocess
from pathlib import Path

import pytest

from fix_demo import evidence_of, findings, outcomes, run_cli
from fix_layouts import PARTS, lay_out

pytestmark = pytest.mark.slow


def test_a_run_from_a_repository_next_to_the_four(tmp_path: Path, demo_variables: dict[str, str]) -> None:
    made = lay_out("audit repository", tmp_path)
    config = str(made.audit / "audit.toml")
    key = tmp_path / "key"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(key)], check=True)
    options = ("--env", "stage", "--config", config, "--producer-key", str(key))
    ran = run_cli("run", *options, cwd=made.part("docs"), **demo_variables)
    assert ran.code in {0, 1}, ran.out + ran.err
    evidence = evidence_of(made.audit / "reports", "stage")
    assert set(evidence["commit"]) == {"audit", *PARTS}
    assert all(each["clean"] for each in evidence["commit"].values())
    assert "errored" not in outcomes(evidence).values()
    assert any(f["where"].startswith("../processor/") for f in findings(evidence, "RET003"))
    (run,) = (made.audit / "reports" / "stage").iterdir()
    assert str(made.folder) not in (run / "report.html").read_text("utf-8"), "paths of this machine"
    assert str(made.folder) not in (run / "evidence.json").read_text("utf-8")
    assert evidence["producer"]["host"] == socket.gethostname()
    check = ["ssh-keygen", "-Y", "check-novalidate", "-n", "migration-audit-producer", "-s", str(run / "statement.json.sig")]
    assert subprocess.run(check, input=(run / "statement.json").read_bytes(), check=False).returncode == 0
