"""The evidence of one run: what is written to ``evidence.json``, signed, gated and rendered."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from itertools import zip_longest
from typing import TYPE_CHECKING, Any, Final

from migration_audit.model.codec import CONVERTER, structured
from migration_audit.model.errors import AuditError
from migration_audit.model.finding import CheckResult, Phase, Verdict, WaiverState, WaiverUse
from migration_audit.model.rows import RowsSummary
from migration_audit.model.snapshot import ServerIdentity
from migration_audit.model.sql import NotApplied
from migration_audit.model.strict_json import parse_json

if TYPE_CHECKING:
    from migration_audit.model.preflight import SourceFacts

SCHEMA_VERSION: Final = 3
CLOCKS: Final = timedelta(minutes=5)
"""How much the clocks of two machines may differ."""
HOME: Final = "audit"
"""The repository of audit.toml, among those that were read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FileDigest:
    """A file that was read, relative to audit.toml, and the SHA-256 (hex) of its bytes."""

    path: str
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AppliedFile:
    """An SQL file that was applied."""

    path: str
    sha256: str
    transaction: str | None = None
    """Where its transaction begins and ends: a value of ``TransactionMode``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AppliedSource:
    """One SQL source: its files in apply order, and what of it was not applied; names and shape are a contract."""

    role: str
    """``legacy`` or ``owner``."""
    name: str
    format: str
    session: str
    files: tuple[AppliedFile, ...] = ()
    not_applied: tuple[NotApplied, ...] = ()
    notes: tuple[str, ...] = ()

    @classmethod
    def of(cls, source: SourceFacts) -> AppliedSource:
        """What evidence says of a source."""
        files = zip_longest(source.files, source.transactions)
        return cls(
            role=source.role,
            name=source.name,
            format=source.format,
            session=source.session,
            files=tuple(AppliedFile(path=path, sha256=sha, transaction=mode) for (path, sha), mode in files),
            not_applied=source.not_applied,
            notes=source.notes,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class RepositoryState:
    """A repository whose files were read."""

    commit: str | None
    """None outside git."""
    clean: bool | None
    """Whether the working tree had no uncommitted changes; None outside git."""
    remote: str | None
    """The URL of the remote, without credentials."""
    path: str | None
    """From audit.toml."""
    files: int
    """How many of its files were read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SettingsFile:
    """The audit.toml of the run."""

    path: str
    sha256: str
    audited: str
    """A digest of what of it decides about the audit."""
    prefix: str | None
    """Its folder, from the root of its repository; None outside git."""
    environment_at: str
    """``file:line`` of the environment."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Producer:
    """Who read what cannot be computed again: the databases, the files, the servers."""

    user: str | None
    """The account of the operating system."""
    host: str | None
    job: str | None
    """The address of the CI job; None outside CI."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """The server and database that were read; never a secret."""

    database: str
    system_identifier: str | None
    postgres_version: str
    extension_versions: Mapping[str, str]
    timescaledb_license: str | None
    read_as: str
    in_recovery: bool

    @classmethod
    def of(cls, identity: ServerIdentity) -> Server:
        """What evidence says of a server."""
        known = {name: value for name, value in asdict(identity).items() if name in cls.__slots__}
        return cls(**{**known, "extension_versions": dict(identity.extension_versions)})


@dataclass(frozen=True, slots=True, kw_only=True)
class PortDigest:
    """The SQL that the owner lacks, as it was offered."""

    proven: bool
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ExecutedNotebook:
    """An executed notebook."""

    name: str
    sha256: str
    """Of its source: cells without outputs."""
    packaged: bool
    """Whether that is the source of the notebook that comes with this version."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EarlierRun:
    """A run of the same environment and phase before this one, for what changed since; nothing is decided by it."""

    run: str
    """The name of its folder."""
    generated_at: datetime
    signed: bool
    verdict: Verdict
    findings: Mapping[str, str]
    """Key and sentence of what its checks found."""
    undecided: tuple[str, ...] = ()
    """Checks that could not decide, wholly or in part: what they did not find may have been there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PastVerdict:
    """How a run before this one ended; nothing is decided by it."""

    run: str
    """The name of its folder, which begins with its time."""
    signed: bool
    verdict: Verdict | None
    """None where its evidence cannot be read, or the run did not finish."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EarlierRuns:
    """What a run's report shows of those before it."""

    compared: tuple[EarlierRun, ...] = ()
    """The last one, and the last signed one where that is another."""
    verdicts: tuple[PastVerdict, ...] = ()
    """The last one first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """One run of one environment."""

    schema_version: int
    tool: str
    """``migration-audit`` and its version."""
    complete: bool
    """Whether the run finished; the last thing that is written."""
    error: str | None
    """Why it did not."""
    project: str
    phase: Phase
    environment: str
    generated_at: datetime
    """UTC, to the second."""
    producer: Producer
    author: Mapping[str, str | None]
    """E-mail addresses: who wrote the audited commit of each repository (``commit``: of audit.toml's), and ``ran_by``."""
    commit: Mapping[str, RepositoryState]
    config: SettingsFile
    verdict: Verdict
    server: Server | None
    """None where the live database could not be read."""
    shadow: str | None
    """The server that SQL was applied to."""
    sources: tuple[AppliedSource, ...]
    artifacts: tuple[FileDigest, ...]
    """Other files of the tree that checks read."""
    reports: tuple[FileDigest, ...]
    """Reports of commands."""
    snapshots: Mapping[str, str]
    """Digest of each catalog: ``legacy``, ``owner``, ``live``."""
    rows: RowsSummary | None
    checks: tuple[CheckResult, ...]
    notes: tuple[str, ...]
    waivers: tuple[WaiverUse, ...]
    port: PortDigest | None
    notebooks: tuple[ExecutedNotebook, ...]

    @property
    def files(self) -> Iterator[str]:
        """The files that are named by digest, relative to audit.toml."""
        yield from (file.path for source in self.sources for file in source.files)
        yield from (file.path for file in self.artifacts)

    def is_of_the_future(self, now: datetime) -> bool:
        """Whether it is dated later than a clock may be wrong."""
        return self.generated_at > now + CLOCKS

    @property
    def waived(self) -> tuple[str, ...]:
        """The findings whose waivers it applied, which an approval accepts."""
        return tuple(sorted(each.finding for each in self.waivers if each.state is WaiverState.APPLIED))

    @property
    def changed_notebooks(self) -> tuple[str, ...]:
        """The executed notebooks that are not the packaged ones, by name."""
        return tuple(each.name for each in self.notebooks if not each.packaged)

    def source(self, role: str) -> AppliedSource | None:
        """The source of this role."""
        return next((each for each in self.sources if each.role == role), None)


def evidence_body(evidence: Evidence) -> dict[str, Any]:
    """The object of ``evidence.json``."""
    body: dict[str, Any] = CONVERTER.unstructure(evidence, unstructure_as=Evidence)
    return body


def parse_evidence(content: bytes) -> Evidence:
    """The evidence in the bytes of an ``evidence.json``.

    Raises AuditError for another schema version, and for a field that is missing, unknown or of another type.
    """
    where = "evidence.json"
    body = parse_json(content, where=where)
    if not isinstance(body, dict):
        raise AuditError("must be a JSON object", where=where, todo="restore the file, or run the audit again")
    version = body.get("schema_version")
    if version != SCHEMA_VERSION or isinstance(version, bool):
        what = (
            f"has schema version {version!r:.20}, written by {body.get('tool')!r:.60}; this version reads {SCHEMA_VERSION}"
        )
        raise AuditError(what, where=where, todo="read it with the version that wrote it, or run the audit again")
    return structured(CONVERTER, body, Evidence, where=where)
