"""Signatures over the statement of a fleet run: ``signatures/<identity>.sig``, by OpenSSH, in a separate namespace."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from migration_audit.audit.facts.files import write_atomically
from migration_audit.fleet.statements import FleetStatement
from migration_audit.fleet.store import SIGNATURES, STATEMENT, RunFolder, read_file
from migration_audit.model.errors import AuditError, SignoffError, UsageError
from migration_audit.model.signoff import Sentence
from migration_audit.signoff import find_key_file, openssh
from migration_audit.signoff.decisions import is_identity
from migration_audit.signoff.openssh import read_signature

NAMESPACE: Final = "migration-audit-fleet"
"""Apart from those of reviewers and producers: no signature can be used as another."""
_SUFFIX: Final = ".sig"


@dataclass(frozen=True, slots=True, kw_only=True)
class TrustedKeys:
    """The keys that signatures are judged by."""

    keys: openssh.PolicyKeys
    source: str
    """Where they were read from, for people."""


def read_signatures(folder: RunFolder) -> dict[str, bytes]:
    """The signatures of a folder by identity. Raises AuditError for a file that cannot be read."""
    place = folder.path / SIGNATURES
    names = sorted(path.name for path in place.iterdir()) if place.is_dir() else []
    return {name.removesuffix(_SUFFIX): read_file(place / name) or b"" for name in names}


def sign_statement(folder: RunFolder, *, identity: str, key: str, trusted: TrustedKeys, now: datetime) -> Path:
    """Sign the statement as ``identity``; the signature's file.

    Raises UsageError for an identity or a key that cannot be one, SignoffError when the signature would not count or exists
    already, and AuditError when ssh-keygen does not sign.
    """
    if not is_identity(identity):
        todo = "expected the name in allowed_signers, such as ann@example.org: letters, digits and . _ + @ -"
        raise UsageError("is not a valid name of a signer", where=identity, todo=todo)
    if not openssh.is_known(identity, trusted.keys):
        todo = "add a line with the signer's public key to allowed_signers there first"
        raise SignoffError(f"{identity} is not in {trusted.source}", where="--as", todo=todo)
    place = folder.path / SIGNATURES / f"{identity}{_SUFFIX}"
    if place.exists():
        raise SignoffError(f"{identity} has signed it already", where=str(place), todo="there is nothing to do")
    statement = (folder.path / STATEMENT).read_bytes()
    with tempfile.TemporaryDirectory(prefix="migration-audit-keys-") as name:
        copy = Path(name) / STATEMENT
        copy.write_bytes(statement)
        chosen = find_key_file(key, identity, trusted.keys.allowed_signers, Path(name))
        openssh.sign_file(copy, key=chosen, namespace=NAMESPACE)
        signature = copy.with_name(f"{STATEMENT}{_SUFFIX}").read_bytes()
    if not _is_good(statement, signature, identity, (now,), trusted):
        todo = f"sign with a key that {trusted.source} has for {identity}, valid for the namespace {NAMESPACE}"
        raise SignoffError("nothing was signed: the key is not valid", where=identity, todo=todo)
    write_atomically(place, signature)
    return place


def judge_signatures(
    statement: bytes, facts: FleetStatement, signatures: Mapping[str, bytes], trusted: TrustedKeys | None, *, now: datetime
) -> Iterator[Sentence]:
    """Who signed the statement, and whether that counts. A key has to be valid when the run was summed up, and now."""
    if not signatures:
        yield Sentence(ok=False, text="it is not signed", todo="migration-audit fleet sign FOLDER --as IDENTITY --key FILE")
    for identity, signature in signatures.items():
        try:
            key = openssh.fingerprint(read_signature(signature).key_line)
        except (ValueError, AuditError) as error:
            yield Sentence(ok=False, text=f"the signature of {identity} cannot be read: {error}", todo="restore the file")
            continue
        if trusted is None:
            yield Sentence(ok=None, text=f"signed as {identity} with the key {key}, which was not judged: no keys are named")
        elif _is_good(statement, signature, identity, (facts.generated_at, now), trusted):
            yield Sentence(ok=True, text=f"{identity} signed it with the key {key}")
        else:
            what = f"the signature of {identity} is invalid: it is of another statement, or {trusted.source} does not accept"
            yield Sentence(ok=False, text=f"{what} the key {key} for {identity}", todo="restore both, or sign again")


def _is_good(statement: bytes, signature: bytes, identity: str, times: tuple[datetime, ...], trusted: TrustedKeys) -> bool:
    return all(
        openssh.is_signed_by(
            statement, signature, identity=identity, at=at, keys=trusted.keys, revocation=True, namespace=NAMESPACE
        )
        for at in times
    )
