"""The folder of a fleet run: its plan, the expected side, one evidence file for each target, and what sums them up.

<time>-<run>[-shard-2-of-8]/
    plan.json        what is audited, and against what
    expected.json    the expected side, as a saved snapshot
    targets/3f/…     the evidence of each target
    index.jsonl      a line for each target; index.html for people; summary.json for programs
    statement.json   the root over all targets, and the digests of the files above; signatures/ has who signed it
"""

from __future__ import annotations

import errno
import fcntl
import hashlib
import os
import re
import stat
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, fields, replace
from datetime import datetime
from pathlib import Path
from typing import Final

from migration_audit.audit.facts.files import write_atomically
from migration_audit.fleet.evidence import Direction, TargetEvidence, parse_target_evidence, target_evidence_bytes
from migration_audit.fleet.targets import FleetTarget, parse_shard, targets_digest
from migration_audit.model.codec import CONVERTER, structured
from migration_audit.model.errors import AuditError, UsageError
from migration_audit.model.snapshot import canonical_json
from migration_audit.model.strict_json import parse_json
from migration_audit.runner.folders import new_folder
from migration_audit.signoff import sign_as_producer
from migration_audit.signoff.statement import PRODUCER_FILE

PLAN: Final = "plan.json"
EXPECTED: Final = "expected.json"
STATEMENT: Final = "statement.json"
SUMMARY: Final = "summary.json"
INDEX: Final = "index.jsonl"
PAGE: Final = "index.html"
SIGNATURES: Final = "signatures"
_TARGETS: Final = "targets"
_LOCK: Final = ".lock"
_MOST_IN_NAME: Final = 60
_MOST_BYTES: Final = 1 << 30
_MOVE: Final = "move it away, and start again"
_MOVE_FOLDER: Final = "move the folder away, and start again"
_RESTORE: Final = "restore the file, or start another fleet run"


class RunFolder:
    """The folder of one fleet run, or of one part of it."""

    def __init__(self, path: Path, planned: PlannedRun) -> None:
        """The folder that has this plan."""
        self.path = path
        self.planned = planned
        self._references = {target.name: target.reference for target in planned.targets}

    def evidence_file(self, target: str) -> Path:
        """Where the evidence of a target is: in one of 256 folders, under a name that is a file's name everywhere."""
        return self.path / evidence_name(target)

    def evidence(self, target: str) -> TargetEvidence | None:
        """The evidence of a target; None where there is none.

        Raises AuditError for a file that is not evidence of it, or whose outcome does not follow from its differences.
        """
        path, plan = self.evidence_file(target), self.planned.plan
        content = read_file(path)
        if content is None:
            return None
        found = parse_target_evidence(content, where=str(path))
        if found.run != plan.run or found.target != target:
            what = f"contains evidence of another fleet run or target ({found.target}) instead of this run's of {target}"
        elif found.reference != self._references.get(target) or found.expected != plan.expected:
            what = f"contains evidence of another database or another expected side than those of {target}"
        elif not found.is_consistent(plan.direction):
            what = f"was changed: the outcome of {target} does not match its differences"
        else:
            return found
        raise AuditError(what, where=str(path), todo=_MOVE)

    def write(self, evidence: TargetEvidence) -> None:
        """Save the evidence in place of older evidence of this run. Raises AuditError where that of another run is there."""
        if evidence.run != self.planned.plan.run:
            raise ValueError("evidence of another fleet run")
        self.evidence(evidence.target)
        write_atomically(self.evidence_file(evidence.target), target_evidence_bytes(evidence))

    @property
    def is_finished(self) -> bool:
        """Whether a fleet run has finished here."""
        return (self.path / STATEMENT).is_file()

    def reopen(self, people: Iterable[str]) -> None:
        """From now on it is unfinished, until the statement is written again; these people go on with it."""
        for name in (STATEMENT, PRODUCER_FILE):
            (self.path / name).unlink(missing_ok=True)
        known = sorted({*self.planned.people, *people})
        if known != list(self.planned.people):
            self.planned = replace(self.planned, people=tuple(known))
            _write_plan(self.path, self.planned)

    @property
    def is_signed(self) -> bool:
        """Whether a signature is about it: nothing in it may change any more."""
        folder = self.path / SIGNATURES
        return folder.is_dir() and any(folder.iterdir())

    def sign_as_producer(self, key: Path | None) -> None:
        """Sign the statement of a run that has finished, if there is a key and no such signature. Raises AuditError."""
        if key is not None and not (self.path / PRODUCER_FILE).exists():
            sign_as_producer(self.path, key=key)

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Only one start works in this folder. Raises AuditError while another one does."""
        handle = os.open(self.path / _LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o644)
        try:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                todo = "wait for it to end, or give each process a part: --shard 1/2, --shard 2/2"
                raise AuditError("another process works on this fleet run", where=str(self.path), todo=todo) from None
            yield
        finally:
            os.close(handle)


def evidence_name(target: str) -> str:
    """``targets/3f/acme-3f2a….json``: a name that is a file's name everywhere, and another one for each target."""
    digest = hashlib.sha256(target.encode()).hexdigest()
    shown = re.sub(r"[^A-Za-z0-9_.-]+", "-", target)[:_MOST_IN_NAME].strip("-.")
    return f"{_TARGETS}/{digest[:2]}/{shown + '-' if shown else ''}{digest[:16]}.json"


def read_file(path: Path) -> bytes | None:
    """The content; None where there is no such file.

    Raises AuditError for one that cannot be read, and for a link, a pipe, a device and what is larger than any of our files.
    """
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        with os.fdopen(handle, "rb") as file:
            if not stat.S_ISREG(os.fstat(handle).st_mode):
                raise AuditError("is not a regular file", where=str(path), todo=_RESTORE)
            content = file.read(_MOST_BYTES + 1) if os.fstat(handle).st_size <= _MOST_BYTES else None
    except FileNotFoundError:
        return None
    except OSError as error:
        what = "is a symbolic link" if error.errno == errno.ELOOP else f"cannot be read: {error.strerror}"
        raise AuditError(what, where=str(path), todo=_RESTORE) from None
    if content is None or len(content) > _MOST_BYTES:
        raise AuditError(f"exceeds {_MOST_BYTES:,} bytes", where=str(path), todo=_RESTORE)
    return content


def open_folder(path: Path) -> RunFolder:
    """The fleet run of a folder. Raises UsageError for another folder, AuditError for one with links to other folders."""
    content = read_file(path / PLAN) if path.is_dir() else None
    if content is None:
        todo = "name the folder that `migration-audit fleet run` wrote"
        raise UsageError("is not the folder of a fleet run", where=str(path), todo=todo)
    for folder in (path / SIGNATURES, path / _TARGETS, *(path / _TARGETS).glob("*")):
        if folder.is_symlink():
            raise AuditError("is a symbolic link", where=str(folder), todo="replace it with the folder itself")
    body = parse_json(content, where=str(path / PLAN))
    return RunFolder(path, structured(CONVERTER, body, PlannedRun, where=str(path / PLAN)))


def newest_folder(out: Path, planned: PlannedRun) -> RunFolder | None:
    """The newest folder of this very run and part; None where there is none.

    Raises AuditError where its plan was changed, or its statement removed after it was signed.
    """
    suffix = re.escape(_folder_suffix(planned))
    pattern = re.compile(rf"\d{{8}}T\d{{6}}Z-{suffix}(?:-\d+)?")
    for path in sorted(out.iterdir() if out.is_dir() else (), key=lambda p: p.name, reverse=True):
        if pattern.fullmatch(path.name) and (path / PLAN).is_file():
            found = open_folder(path)
            if (found.planned.plan.run, found.planned.shard) != (planned.plan.run, planned.shard):
                continue
            if (found.planned.targets, found.planned.in_all) != (planned.targets, planned.in_all):
                raise AuditError("was changed: it lists other targets", where=str(path / PLAN), todo=_MOVE_FOLDER)
            if found.is_signed and not found.is_finished:
                raise AuditError("is signed, but has no statement.json", where=str(path), todo=_MOVE_FOLDER)
            return found
    return None


def _folder_suffix(planned: PlannedRun) -> str:
    """What names the run and the part in the folder's name."""
    part = f"-shard-{planned.shard.replace('/', '-of-')}" if planned.shard else ""
    return f"{planned.plan.run[:12]}{part}"


def new_run(out: Path, planned: PlannedRun, expected: bytes, now: datetime) -> RunFolder:
    """A folder that did not exist before, with the plan in it. Raises AuditError where it cannot be made."""
    path = new_folder(out, f"{now:%Y%m%dT%H%M%SZ}-{_folder_suffix(planned)}")
    write_atomically(path / EXPECTED, expected)
    _write_plan(path, planned)
    return RunFolder(path, planned)


@dataclass(frozen=True, slots=True, kw_only=True)
class FleetPlan:
    """One fleet run. Two runs with the same plan are the same run, and one goes on where the other stopped."""

    schema_version: int
    tool: str
    """The version of this program; another one may judge differently."""
    project: str | None
    expected_named: str
    expected: str
    """The digest of the expected side."""
    applied_by: str | None
    """The role that applied the SQL of the expected side."""
    settings: str | None
    """The digest of the audit settings of audit.toml."""
    direction: Direction
    targets: str
    """The digest of the list of all targets, in whichever part of it this run reads."""
    files: dict[str, str]
    """SHA-256 of the files that the expected side was made of, by their path from audit.toml: the owner's SQL and the
    prelude. Empty where another side was named."""

    @property
    def run(self) -> str:
        """The name of the fleet run: a digest of the plan, and the same for each of its parts."""
        facts = [[each.name, getattr(self, each.name)] for each in fields(self) if each.name != "expected_named"]
        return hashlib.sha256(canonical_json(facts)).hexdigest()


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedRun:
    """A plan with its targets and the part that is read."""

    plan: FleetPlan
    shard: str | None
    """``2/8``; None for all of it."""
    targets: tuple[FleetTarget, ...]
    """Those of this part."""
    in_all: int
    """The number of targets of all parts."""
    commits: dict[str, str] = field(default_factory=dict)
    """What was checked out of the repository of audit.toml and of those of ``files``, by their names."""
    people: tuple[str, ...] = ()
    """E-mail addresses of who started the run, and who wrote these commits."""

    @property
    def is_of_its_plan(self) -> bool:
        """Whether the targets are those of the plan: each once, in order, and as many as the plan or the part has."""
        names = [target.name for target in self.targets]
        if names != sorted(set(names)):
            return False
        if self.shard is None:
            return self.in_all == len(names) and targets_digest(self.targets) == self.plan.targets
        return len(names) == len(parse_shard(self.shard).take(range(self.in_all)))


def _write_plan(folder: Path, planned: PlannedRun) -> None:
    write_atomically(folder / PLAN, canonical_json(CONVERTER.unstructure(planned)) + b"\n")
