"""A signed run as facts: what its files and signatures say, and whether they hold."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

from migration_audit.model.evidence import Evidence


class Decision(StrEnum):
    """What a reviewer decides about a run."""

    APPROVE = "approve"
    REJECT = "reject"
    WITHDRAW = "withdraw"
    """The reviewer takes back what they decided before, and decides nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sentence:
    """One thing that was verified, and how it ended: ``holds``, ``fails`` and ``remark`` make it."""

    ok: bool | None
    """None: it does not apply, and the text says why."""
    text: str
    todo: str = ""
    """What to do where it does not hold."""


def holds(text: str) -> Sentence:
    """Something that is as it has to be."""
    return Sentence(ok=True, text=text)


def fails(text: str, todo: str) -> Sentence:
    """Something that is not as it has to be, and what to do."""
    return Sentence(ok=False, text=text, todo=todo)


def remark(text: str) -> Sentence:
    """Something that decides nothing."""
    return Sentence(ok=None, text=text)


def failures(sentences: Iterable[Sentence]) -> list[Sentence]:
    """Those that do not hold."""
    return [sentence for sentence in sentences if sentence.ok is False]


@dataclass(frozen=True, slots=True, kw_only=True)
class SignOff:
    """One reviewer's signed decision, as it was read and verified."""

    reviewer: str
    decision: Decision | None
    """None where the file cannot be read."""
    comment: str = ""
    signed_at: datetime | None = None
    expires: datetime | None = None
    fingerprint: str | None = None
    waivers: tuple[str, ...] = ()
    """Keys of the waived findings that the reviewer saw and accepted."""
    signed: tuple[bytes, bytes] = (b"", b"")
    """The decision's file and its signature."""
    sentences: tuple[Sentence, ...] = ()
    is_intact: bool = False
    """The signature is one of these bytes, and they are about this very run."""
    is_authorised: bool = False
    """The key is this reviewer's, was valid then and is not revoked, and the decision is still valid."""
    is_current: bool = True
    """The reviewer signed no later decision about this run."""

    @property
    def counts(self) -> bool:
        """Whether this decision is one at all, and the reviewer's last."""
        return self.is_intact and self.is_authorised and self.is_current


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedRun:
    """A run's folder with its signatures."""

    folder: str
    """As it was named, for messages."""
    name: str
    """The folder's own name, which the statement repeats."""
    environment: str
    evidence: Evidence | None = None
    """None where evidence.json cannot be read; ``sentences`` say why."""
    statement_sha256: str
    sentences: tuple[Sentence, ...] = ()
    """About the files and the statement, without the signatures."""
    signoffs: tuple[SignOff, ...]

    @property
    def generated_at(self) -> datetime:
        """The time in the evidence; the end of time where it cannot be read, so that no older run takes its place."""
        return self.evidence.generated_at if self.evidence else datetime.max.replace(tzinfo=UTC)

    @property
    def is_intact(self) -> bool:
        """Whether every file and every signature is what it claims to be; says nothing about who may sign."""
        return not failures(self.sentences) and all(s.is_intact for s in self.signoffs)

    @property
    def is_signed(self) -> bool:
        """Whether there is a signature at all, good or bad."""
        return bool(self.signoffs)
