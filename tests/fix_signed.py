"""A finished run that may be signed, in a git repository of its own, made by the functions that write real ones."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

import fix_inputs
import fix_model
from migration_audit import signoff
from migration_audit.artifacts.git.command import each_line_once, run_git
from migration_audit.audit.evidence import build_evidence
from migration_audit.audit.facts.store import save_facts
from migration_audit.audit.facts.types import Part, fact_types
from migration_audit.audit.inputs.boot import boot_inputs
from migration_audit.audit.inputs.directus import deployment_of, directus_inputs
from migration_audit.audit.inputs.retirement import documents_inputs, retirement_inputs
from migration_audit.audit.preflight.loading import load, source_facts
from migration_audit.audit.preflight.project_sides import load_catalog
from migration_audit.audit.rehearsals.writer import rehearsal_inputs
from migration_audit.audit.saved import SavedCase
from migration_audit.model.finding import Outcome, Phase, Unavailable, Verdict
from migration_audit.model.live import Ledger, LedgerState
from migration_audit.model.preflight import DATABASE, SourceFacts
from migration_audit.model.signoff import Decision
from migration_audit.model.snapshot import ServerIdentity, Snapshot
from migration_audit.project import Project, load_project
from migration_audit.review import gating, signing
from migration_audit.review.checkout import check_out
from migration_audit.runner.rendering import NOTEBOOKS, executed_notebooks, packaged_notebooks
from migration_audit.runner.run import _write_report
from migration_audit.workbook.replay import replay

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
ANN, BOB, EVE, MAL = "ann@example.org", "bob@example.org", "eve@example.org", "mal@example.org"
POLICY = """
[[rule]]
check = "RET001"
absent = ["service/migrations"]

[[rule]]
check = "RET002"
absent = ["service/runner.ts"]

[policy]
allowed_signers = ".audit/allowed_signers"
revoked = ".audit/revoked"
quorum = 2
max_age = "14 days"
"""
SERVER = ServerIdentity(
    database="trm_prod",
    system_identifier="7442190517340081234",
    postgres_version="17.5",
    extension_versions=(("timescaledb", "2.19.3"),),
    timescaledb_license="apache",
    read_as="auditor",
)
INDEXES = ("i", "j", "k", "l", "m")
"""Those of the owner's schema that a live database may lack."""
UNREAD = Unavailable(reason="the database is down", outcome=Outcome.ERRORED)
_NOT_ASKED = Unavailable(reason="audit.toml does not ask for it", required=False)


def live_snapshot(gone: Sequence[str] = (), *, strange: bool = False, server: ServerIdentity = SERVER) -> Snapshot:
    """What both sources make, without some indexes, and perhaps with a table that nobody makes."""
    indexes = [fix_model.index(name, f"(ts, {name})") for name in INDEXES if name not in gone]
    more = [fix_model.table("stranger")] if strange else []
    return fix_model.snapshot(*fix_inputs.SCHEMA, *indexes, *more, server=server)


def shared_facts(project: Project, *, phase: Phase, legacy: bool = True) -> dict[str, object]:
    """The facts of a pre-flight in which nothing is wrong."""
    whole = live_snapshot(server=fix_model.SERVER)
    return {
        **quiet_facts("shared"),
        **boot_inputs(project),
        **retirement_inputs(project),
        **documents_inputs(project),
        **rehearsal_inputs(project, phase=phase, progress=lambda _: None),
        "sources": (source_files(project, "legacy", named=legacy), source_files(project, "owner")),
        "directus_owner": _NOT_ASKED,
        "fresh_rehearsal": _NOT_ASKED,
        "audited_phase": phase.value,
        "gathered_at": "2026-01-01T00:00:00Z",
        "legacy": whole,
        "owner": whole,
        "probes": (),
        "no_coverage": None,
        "prelude": (),
        "port": None,
        "shadow": "PostgreSQL 17.6",
        "artifacts": (),
        "reports": (),
    }


def quiet_facts(part: Part) -> dict[str, object]:
    """The facts of this part that checks ask for, with nothing wrong in them."""
    return {name: value for name, value in fix_inputs.inputs().items() if name in fact_types(part)}


def source_files(project: Project, role: str, *, named: bool = True) -> SourceFacts:
    """Which files a source has; none where ``named`` says so, and where it is a database."""
    source = getattr(project, role)
    if not named or source.dsn_env:
        return SourceFacts(role=role, name=source.name, files=(), format=DATABASE if source.dsn_env else "")
    return source_facts(role, load(project, source)) if source.is_applied else load_catalog(project, source).facts


def own_facts(
    project: Project, shared: dict[str, object], live: Snapshot | Unavailable, *, environment: str, at: datetime
) -> dict[str, object]:
    """The facts of one environment whose database is ``live``."""
    read = {"audited_environment": environment, "read_at": f"{at:%Y-%m-%dT%H:%M:%SZ}"}
    nobody = Ledger(table="", state=LedgerState.ABSENT, reason="audit.toml names no ledger")
    asked = directus_inputs(
        project, deployment_of(project), owner=shared["owner"], owner_origins={}, live=live, directus=_NOT_ASKED
    )
    quiet = {**quiet_facts("environment"), "writer_access": _NOT_ASKED, "probe_rights": (), "directus_rehearsal": _NOT_ASKED}
    return {**quiet, **asked, **read, "owner_ledger": nobody, "legacy_ledger": nobody, "live": live}


_COMMITTED = {"EMAIL": MAL, "NAME": "m", "DATE": "2026-12-01T00:00:00Z"}  # the same content is the same commit
_WHO = {f"GIT_{role}_{what}": value for role in ("AUTHOR", "COMMITTER") for what, value in _COMMITTED.items()}
_RUNS: OrderedDict[bytes, dict[str, bytes]] = OrderedDict()
"""The files of runs, by the digest of all that they depend on."""
_MOST_RUNS = 64


@dataclass
class World:
    """A repository with audit.toml, two SQL sources, keys, and the folder of reports."""

    root: Path
    keys: Path

    def git(self, *arguments: str, **env: str) -> str:
        """What git prints; it must succeed."""
        command = ["git", "-C", str(self.root), *arguments]
        done = subprocess.run(command, env={**os.environ, **_WHO, **env}, capture_output=True, text=True, check=True)
        return done.stdout.strip()

    def start(self, branch: str = "work") -> World:
        """Make it a repository, with nothing in it yet."""
        self.root.mkdir()
        self.git("init", "-q", "--template=", "-b", branch)
        self.git("config", "user.email", MAL)
        return self

    def copy(self, root: Path) -> World:
        """The same in another place."""
        return World(root=Path(shutil.copytree(self.root, root, symlinks=True)), keys=self.keys)

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

    def run(self, environment: str = "prod", *, at: datetime = NOW, **how: Any) -> Path:
        """A finished run: facts, notebooks, the report, the evidence, the statement, all made as a run makes them.

        ``how`` is what ``_audit`` takes. What was made of the same files, commit, and variables is not made again.
        """
        folder = self.root / "reports" / environment / f"{at:%Y%m%dT%H%M%SZ}-abcdef0"
        key = hashlib.sha256(repr([environment, at, sorted(how.items()), *self._looked_at()]).encode()).digest()
        if key in _RUNS:
            _RUNS.move_to_end(key)
            for name, content in _RUNS[key].items():
                (folder / name).parent.mkdir(parents=True, exist_ok=True)
                (folder / name).write_bytes(content)
            return folder
        is_new = not folder.exists()
        self._audit(folder, environment, at=at, **how)
        if is_new:  # else it may hold more than was made now
            _RUNS[key] = {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
        if len(_RUNS) > _MOST_RUNS:
            _RUNS.popitem(last=False)
        return folder

    def _looked_at(self) -> Iterator[object]:
        """All that a run may depend on: files of this repository and next to it, what git knows, and variables."""
        for place, folders, files in os.walk(self.root.parent):
            here = Path(place)
            folders[:] = sorted({*folders} - {"objects", "logs"} - ({"reports"} if here == self.root else set()))
            for path in (here / name for name in sorted([*files, *folders])):
                is_index = path == self.root / ".git/index"  # which has times and inodes as well
                content = path.read_bytes() if path.is_file() and not is_index else None
                yield path.relative_to(self.root.parent), path.is_symlink() and path.readlink(), content
        for asked in (("rev-parse", "HEAD"), ("ls-files", "-v", "--stage")):
            yield run_git(self.root, *asked).stdout
        yield sorted((name, value) for name, value in os.environ.items() if name != "PYTEST_CURRENT_TEST")

    def _audit(
        self,
        folder: Path,
        environment: str,
        *,
        at: datetime,
        gone: Sequence[str] = (),
        strange: bool = False,
        unread: bool = False,
        phase: str = "preflight",
        server: ServerIdentity = SERVER,
        legacy: bool = True,
        own: Sequence[str] = (),
        **more: Any,
    ) -> None:
        """Make a run.

        ``gone`` are indexes that the live database lacks, ``strange`` adds a table that nobody makes (a warning), ``unread``
        leaves the live database unread. ``own`` are notebooks with a cell more. Without ``legacy`` the facts name no files
        of it. ``more`` is written over what the evidence says.
        """
        facts, project = folder / "facts", self.project
        shared = shared_facts(project, phase=Phase(phase), legacy=legacy)
        for name in ("artifacts", "reports"):
            shared[name] = tuple((f["path"], f["sha256"]) for f in more.pop(name, ()))
        live = live_snapshot(gone, strange=strange, server=server)
        save_facts(facts, "shared", shared)
        save_facts(
            facts, "environment", own_facts(project, shared, UNREAD if unread else live, environment=environment, at=at)
        )
        (facts / "audit.toml").write_bytes(project.path.read_bytes())
        case = SavedCase(folder, environment=environment, phase=Phase(phase), generated_at=at, project=project)
        body = build_evidence(case, now=at)
        for name in NOTEBOOKS:
            shown = replay(packaged_notebooks() / name, case.with_evidence(body))
            if name in own:
                shown["cells"].append({"cell_type": "markdown", "source": "All is well.", "metadata": {}})
            (folder / name).write_text(json.dumps(shown))
        _write_report(folder, replace(body, notebooks=executed_notebooks(folder), **more), case)

    @each_line_once()
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
        anyway: bool = False,
        **how: object,
    ) -> Path:
        """Sign as the command does; where the run stands then. ``anyway``: as a version did that
        looked neither at the verdict nor at the time.
        """
        authority = self.authority(**how)
        looked_at = max(at, NOW) if anyway else at
        proposal = signing.propose_recomputed(
            folder, authority, reviewer=who, now=looked_at, withdraws=decision == "withdraw"
        )
        seen = replace(proposal, evidence=replace(proposal.evidence, verdict=Verdict.BLOCKED)) if anyway else proposal
        what = signing.decision_of(seen, reviewer=who, decision=Decision(decision), comment=comment, expires=expires, now=at)
        what = replace(what, verdict=proposal.evidence.verdict.value)
        signoff.add_signature(proposal, what, authority, key=key or str(self.key(who)), page_of=signing.signed_page, now=at)
        return proposal.target

    @each_line_once()
    def verify(self, folder: Path, *, now: datetime = NOW + timedelta(hours=2), **how: object):
        """Everything that is verified."""
        return signing.verify(folder, self.authority(**how), now=now)

    @each_line_once()
    def gate(
        self, *names: str, now: datetime = NOW + timedelta(hours=2), phase: str = "preflight", live=False, **how: object
    ):
        """What the gate says of each environment, by name."""
        project, authority = self.project, self.authority(**how)
        asked = gating.required_environments(authority, names or ("prod",), Phase(phase))
        out = authority.project.report_out
        with check_out(authority, (), {}) as checkout:
            found = gating.judge_runs(
                project, authority, asked, phase=Phase(phase), live=live, out=out, checkout=checkout, now=now
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


def new_world(root: Path, keys: Path, toml: str = TOML + POLICY, branch: str = "work") -> World:
    """A repository with one file of SQL on each side, which are not committed yet."""
    made = World(root=root, keys=keys).start(branch)
    for name in ("legacy/0001_a.sql", "owner/001_a.sql"):
        made.write(name, "CREATE TABLE a (id int);\n")
    made.write("audit.toml", toml)
    made.write(".audit/revoked", "# nobody yet\n")
    return made


@pytest.fixture(scope="session")
def world_once(tmp_path_factory: pytest.TempPathFactory, signing_keys: Path) -> World:
    """What ``world`` is a copy of."""
    made = new_world(tmp_path_factory.mktemp("world") / "repo", signing_keys)
    made.allow(ANN, BOB)
    made.commit()
    made.publish()
    return made


@pytest.fixture
def world(world_once: World, tmp_path: Path) -> World:
    """A repository on a branch off origin/main; ann and bob are reviewers, mal proposes and eve is nobody."""
    return world_once.copy(tmp_path / "repo")


def restate(folder: Path) -> None:
    """Name the files of a run as they are now in its statement, whatever they are, as a forger would.

    Signatures and the signed-off page are not of the run.
    """
    statement = json.loads((folder / "statement.json").read_text())
    paths = sorted(path.relative_to(folder) for path in folder.rglob("*") if path.is_file())
    named = [path for path in paths if path.parts[0] not in {"statement.json", "signoff", "signed-off.html"}]
    digests = {path.as_posix(): hashlib.sha256((folder / path).read_bytes()).hexdigest() for path in named}
    statement["subject"] = [{"name": name, "digest": {"sha256": digest}} for name, digest in digests.items()]
    try:
        body = json.loads((folder / "evidence.json").read_text())
    except (ValueError, RecursionError):
        body = None
    body = body if isinstance(body, dict) else {}
    statement["predicate"] |= {name: body.get(name) for name in statement["predicate"]} | {"run": folder.name}
    (folder / "statement.json").write_text(json.dumps(statement))


def said(sentences) -> str:
    """What does not hold, one sentence a line."""
    return "\n".join(s.text for s in sentences if s.ok is False)


__all__ = ["ANN", "BOB", "EVE", "MAL", "NOW", "SERVER", "World", "said", "signing_keys", "world", "world_once"]
