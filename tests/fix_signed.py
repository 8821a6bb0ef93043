"""A finished run that may be signed, in a git repository of its own, made by the functions that write real ones."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from migration_audit.workbook.evidence import frame

from migration_audit import signoff
from migration_audit.gate import decide
from migration_audit.model.drift import Severity
from migration_audit.model.finding import CheckResult, Finding, Outcome, Phase
from migration_audit.model.signoff import Decision
from migration_audit.project import load_project
from migration_audit.runner.run import _write_report
from migration_audit.workbook import gating, preflight, signing

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
ANN, BOB, EVE, MAL = "ann@example.org", "bob@example.org", "eve@example.org", "mal@example.org"
POLICY = """
[policy]
allowed_signers = ".audit/allowed_signers"
revoked = ".audit/revoked"
quorum = 2
max_age = "14 days"
"""
SERVER = {
    "database": "trm_prod",
    "system_identifier": "7442190517340081234",
    "postgres_version": "17.6",
    "extension_versions": {"timescaledb": "2.19.3"},
    "timescaledb_license": "apache",
    "read_as": "auditor",
}
PASSED = CheckResult(id="LIV001", title="It is the one", severity=Severity.BLOCKER, outcome=Outcome.PASSED)


def failed(id_: str = "LIV004", severity: Severity = Severity.BLOCKER, key: str = "index:public.i") -> CheckResult:
    """A check that found one thing."""
    finding = Finding(key=f"{id_}:{key}", summary=f"{key} is missing")
    return CheckResult(id=id_, title="As it should be", severity=severity, outcome=Outcome.FAILED, findings=(finding,))


@dataclass
class World:
    """A repository with audit.toml, two SQL sources, keys, and the folder of reports."""

    root: Path
    keys: Path

    def git(self, *arguments: str, **env: str) -> str:
        """What git prints; it must succeed."""
        who = {"GIT_AUTHOR_EMAIL": MAL, "GIT_AUTHOR_NAME": "m", "GIT_COMMITTER_EMAIL": MAL, "GIT_COMMITTER_NAME": "m"}
        done = subprocess.run(
            ["git", "-C", str(self.root), *arguments],
            env={**os.environ, **who, **env},
            capture_output=True,
            text=True,
            check=True,
        )
        return done.stdout.strip()

    def commit(self, message: str = "x") -> None:
        """Commit all that is there."""
        self.git("add", "-A")
        self.git("commit", "-q", "--allow-empty", "-m", message)

    def publish(self) -> None:
        """What is committed is origin/main from now on."""
        self.git("update-ref", "refs/remotes/origin/main", "HEAD")

    def write(self, name: str, text: str) -> Path:
        """A file of the repository."""
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return path

    @property
    def toml(self) -> str:
        """audit.toml."""
        return (self.root / "audit.toml").read_text()

    def edit(self, old: str, new: str, name: str = "audit.toml") -> None:
        """Replace a text that must be there."""
        text = (self.root / name).read_text()
        assert old in text
        self.write(name, text.replace(old, new))

    @property
    def project(self):
        """audit.toml as it stands now."""
        return load_project(self.root / "audit.toml")

    def authority(self, **how):
        """Policy and keys."""
        return signoff.read_authority(self.project, **how)

    def key(self, name: str) -> Path:
        """The private key of somebody; made when it is first asked for."""
        path = self.keys / name.partition("@")[0]
        if not path.exists():
            subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", name, "-f", str(path)], check=True)
        return path

    def public(self, name: str) -> str:
        """Type and text of somebody's public key."""
        self.key(name)
        return " ".join(self.key(name).with_suffix(".pub").read_text().split()[:2])

    def allow(self, *lines: str) -> None:
        """allowed_signers: these lines, or names, whose key is for our namespace."""
        whole = [line if " " in line else f'{line} namespaces="migration-audit" {self.public(line)}' for line in lines]
        self.write(".audit/allowed_signers", "\n".join(whole) + "\n")

    def run(
        self,
        environment: str = "prod",
        *,
        results: Sequence[CheckResult] = (PASSED,),
        at: datetime = NOW,
        phase: str = "preflight",
        server: dict | None = None,
        waivers: Sequence[dict] = (),
        legacy: bool = True,
        **more: object,
    ) -> Path:
        """A finished run: a notebook, facts, the report, the evidence, the statement."""
        project = self.project
        body = frame(project, environment=environment, phase=phase, now=at)
        roles = [r for r in ("legacy", "owner") if r == "owner" or legacy]
        sources = [preflight.source_facts(r, preflight.load(project, getattr(project, r))) for r in roles]
        body |= {
            "verdict": decide(results).value,
            "server": SERVER if server is None else server,
            "shadow": {"description": "PostgreSQL 17.6"},
            "sources": [
                {"role": s.role, "name": s.name, "files": [{"path": p, "sha256": d} for p, d in s.files]} for s in sources
            ],
            "snapshots": {"legacy": "sha256:" + "1" * 64, "owner": "sha256:" + "2" * 64, "live": "sha256:" + "3" * 64},
            "checks": [r.to_json() for r in results],
            "waivers": list(waivers),
            **more,
        }
        folder = self.root / "reports" / environment / f"{at:%Y%m%dT%H%M%SZ}-abcdef0"
        (folder / "facts").mkdir(parents=True)
        cells = [{"cell_type": "markdown", "metadata": {}, "source": "# What is signed"}]
        notebook = {"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": cells}
        (folder / "40_signoff.ipynb").write_text(json.dumps(notebook))
        (folder / "facts" / "live.json").write_text("{}\n")
        _write_report(folder, body)
        return folder

    def sign(
        self,
        folder: Path,
        who: str = ANN,
        *,
        decision: str = "approve",
        comment: str = "",
        expires: datetime | None = None,
        at: datetime = NOW + timedelta(hours=1),
        key: str | None = None,
        **how: object,
    ) -> Path:
        """Sign as the command does; where the run stands then."""
        authority = self.authority(**how)
        proposal = signoff.propose(folder, authority, reviewer=who, now=at)
        what = signing.decision_of(
            proposal, reviewer=who, decision=Decision(decision), comment=comment, expires=expires, now=at
        )
        signoff.add_signature(proposal, what, authority, key=key or str(self.key(who)), page_of=signing.signed_page, now=at)
        return proposal.target

    def verify(self, folder: Path, *, now: datetime = NOW + timedelta(hours=2), **how: object):
        """Everything that is verified."""
        return signing.verify(folder, self.authority(**how), now=now)

    def gate(
        self, *names: str, now: datetime = NOW + timedelta(hours=2), phase: str = "preflight", live=False, **how: object
    ):
        """What the gate says of each environment, by name."""
        project, authority = self.project, self.authority(**how)
        asked = gating.required_environments(authority, names or ("prod",), Phase(phase))
        found = gating.ask_gate(
            project, authority, asked, phase=Phase(phase), live=live, out=authority.project.report_out, now=now
        )
        return {each.environment: each for each in found}


TOML = """
[project]
name = "trm"
[legacy]
sql = ["legacy/*.sql"]
[owner]
sql = ["owner/*.sql"]
[environments.dev]
dsn_env = "TRM_DEV"
[environments.prod]
dsn_env = "TRM_PROD"
"""


@pytest.fixture(scope="session")
def signing_keys(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Keys that all tests share: making one is the slow part."""
    return tmp_path_factory.mktemp("keys")


@pytest.fixture
def world(tmp_path: Path, signing_keys: Path) -> World:
    """A repository on a branch off origin/main; ann and bob are reviewers, mal proposes and eve is nobody."""
    made = World(root=tmp_path / "repo", keys=signing_keys)
    made.root.mkdir()
    made.git("init", "-q", "-b", "work")
    made.git("config", "user.email", MAL)
    made.write("legacy/0001_a.sql", "CREATE TABLE a (id int);\n")
    made.write("owner/001_a.sql", "CREATE TABLE a (id int);\n")
    made.write("audit.toml", TOML + POLICY)
    made.write(".audit/revoked", "# nobody yet\n")
    made.allow(ANN, BOB)
    made.commit()
    made.publish()
    return made


def said(sentences) -> str:
    """What does not hold, one sentence a line."""
    return "\n".join(s.text for s in sentences if s.ok is False)


__all__ = ["ANN", "BOB", "EVE", "MAL", "NOW", "PASSED", "World", "failed", "said", "signing_keys", "world"]
