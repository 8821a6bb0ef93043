"""Signatures over the statement of a fleet run: ``signatures/<identity>.sig``, by OpenSSH, in a separate namespace.

The proof of one target is its evidence, the way from it to the root, and the signed statement with the root: it verifies
this target alone, and shows nothing of the others but how many there are.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

from migration_audit.audit.facts.files import write_atomically
from migration_audit.fleet.evidence import TargetEvidence, parse_target_evidence, target_evidence_bytes
from migration_audit.fleet.merkle import inclusion_proof, root_from_proof
from migration_audit.fleet.statements import FleetStatement, leaf_of, read_fleet_statement
from migration_audit.fleet.store import SIGNATURES, STATEMENT, RunFolder, evidence_name, read_file
from migration_audit.fleet.verify import age_sentences, dates_sentences, index_leaves, read_statement
from migration_audit.model.codec import CONVERTER, TIME, structured
from migration_audit.model.errors import AuditError, SignoffError, UsageError
from migration_audit.model.signoff import Decision, Sentence, SignOff, fails, holds, remark
from migration_audit.model.snapshot import canonical_json
from migration_audit.model.strict_json import parse_json
from migration_audit.signoff import Authority, check_reviewer, find_key_file, openssh
from migration_audit.signoff.decisions import is_identity
from migration_audit.signoff.openssh import read_signature

NAMESPACE: Final = "migration-audit-fleet"
"""Apart from those of reviewers and producers: no signature can be used as another."""
_SUFFIX: Final = ".sig"
PROOF_TYPE: Final = "https://migration-audit.dev/fleet-proof/v1"
_AGAIN: Final = "ask for another proof: migration-audit fleet prove FOLDER TARGET"


@dataclass(frozen=True, slots=True, kw_only=True)
class TrustedKeys:
    """The keys that signatures are judged by."""

    keys: openssh.PolicyKeys
    source: str
    """Where they were read from, for people."""
    project: str | None = None
    """The project whose keys they are; None where they are of a file alone."""
    authority: Authority | None = None
    """The policy with these keys; None where they are of a file alone."""

    @classmethod
    def of(cls, authority: Authority) -> TrustedKeys:
        """The keys of a policy."""
        project = authority.project.name
        return cls(keys=authority.keys, source=authority.source, project=project, authority=authority)


def read_signatures(folder: RunFolder) -> dict[str, bytes]:
    """The signatures of a folder by identity. Raises AuditError for a file that cannot be read."""
    place = folder.path / SIGNATURES
    names = sorted(path.name for path in place.iterdir()) if place.is_dir() else []
    return {name.removesuffix(_SUFFIX): read_file(place / name) or b"" for name in names}


def judge_project(facts: FleetStatement, trusted: TrustedKeys) -> Iterator[Sentence]:
    """That the keys are those of another project than the fleet run, where both have one and it is so."""
    if None not in {facts.project, trusted.project} and facts.project != trusted.project:
        text = f"the fleet run is of the project {facts.project}, but the keys are of {trusted.project}"
        yield fails(text, "name the right audit.toml with --config")


def sign_statement(
    folder: RunFolder, statement: bytes, *, identity: str, key: str, trusted: TrustedKeys, now: datetime
) -> Path:
    """Sign these bytes, which the folder's statement has to have still, as ``identity``; the signature's file.

    Raises UsageError for an identity or a key that cannot be one, SignoffError when the signature would not count or exists
    already, and AuditError when ssh-keygen does not sign.
    """
    check_reviewer(identity, trusted.keys, trusted.source)
    place = folder.path / SIGNATURES / f"{identity}{_SUFFIX}"
    if place.exists():
        raise SignoffError(f"{identity} has signed it already", where=str(place), todo="there is nothing to do")
    with tempfile.TemporaryDirectory(prefix="migration-audit-keys-") as name:
        copy = Path(name) / STATEMENT
        copy.write_bytes(statement)
        chosen = find_key_file(key, identity, trusted.keys.allowed_signers, Path(name))
        openssh.sign_file(copy, key=chosen, namespace=NAMESPACE)
        signature = copy.with_name(f"{STATEMENT}{_SUFFIX}").read_bytes()
    if not _is_good(statement, signature, identity, (now,), trusted):
        todo = f"sign with a key that {trusted.source} has for {identity}, valid for the namespace {NAMESPACE}"
        raise SignoffError("nothing was signed: the key is not valid", where=identity, todo=todo)
    if read_file(folder.path / STATEMENT) != statement:
        what = "nothing was signed: the statement has changed since it was shown"
        raise SignoffError(what, where=str(folder.path), todo="sign again, and read what is shown")
    write_atomically(place, signature)
    return place


def judge_signatures(
    statement: bytes, facts: FleetStatement, signatures: Mapping[str, bytes], trusted: TrustedKeys | None, *, now: datetime
) -> Iterator[Sentence]:
    """Who signed the statement, and whether that counts. A key has to be valid when the run was summed up, and now."""
    if trusted is not None:
        yield from judge_project(facts, trusted)
    if not signatures:
        yield fails("it is not signed", "migration-audit fleet sign FOLDER --as IDENTITY --key FILE")
    for each in read_signoffs(statement, facts, signatures, trusted, now=now):
        yield from each.sentences


def read_signoffs(
    statement: bytes, facts: FleetStatement, signatures: Mapping[str, bytes], trusted: TrustedKeys | None, *, now: datetime
) -> Iterator[SignOff]:
    """Each signature as an approval, with one sentence about it."""
    for identity, signature in signatures.items():
        given = SignOff(reviewer=identity, decision=Decision.APPROVE, signed_at=facts.generated_at)
        try:
            key = openssh.fingerprint(read_signature(signature).key_line)
        except (ValueError, AuditError) as error:
            text = f"the signature of {identity} cannot be read: {error}"
            yield replace(given, sentences=(fails(text, "restore the file"),))
            continue
        given = replace(given, fingerprint=key, signed=(statement, signature), is_intact=True)
        if not is_identity(identity):
            text = f"{identity} is not a valid name of a signer"
            yield replace(given, sentences=(fails(text, "move the file away"),))
        elif trusted is None:
            text = f"signed as {identity} with the key {key}, which was not judged: no keys are named"
            yield replace(given, sentences=(remark(text),))
        elif _is_good(statement, signature, identity, (facts.generated_at, now), trusted):
            good = holds(f"{identity} signed it with the key {key}")
            yield replace(given, is_authorised=True, sentences=(good,))
        else:
            what = f"the signature of {identity} is invalid: it is of another statement, or {trusted.source} does not accept"
            bad = fails(f"{what} the key {key} for {identity}", "restore both, or sign again")
            yield replace(given, sentences=(bad,))


def _is_good(statement: bytes, signature: bytes, identity: str, times: tuple[datetime, ...], trusted: TrustedKeys) -> bool:
    return all(
        openssh.is_signed_by(
            statement, signature, identity=identity, at=at, keys=trusted.keys, revocation=True, namespace=NAMESPACE
        )
        for at in times
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetProof:
    """The content of a proof's file; texts are files as they are."""

    type: str
    evidence: str
    place: int
    """Which leaf of the tree the target is, counted from 0."""
    path: tuple[str, ...]
    """The hashes (hex) from the leaf upwards."""
    statement: str
    signatures: dict[str, str]


def prove_target(folder: RunFolder, target: str) -> bytes:
    """The proof of a target, as a file. Raises UsageError for a target of another run, AuditError for changed evidence."""
    statement, facts, _ = read_statement(folder)
    leaves = index_leaves(folder)
    place = next((number for number, (name, _) in enumerate(leaves) if name == target), None)
    evidence = folder.evidence(target) if place is not None else None
    if place is None or evidence is None:
        raise UsageError(f"{target} is not a target of this fleet run", where=str(folder.path), todo="see index.jsonl")
    proof = TargetProof(
        type=PROOF_TYPE,
        evidence=target_evidence_bytes(evidence).decode(),
        place=place,
        path=tuple(each.hex() for each in inclusion_proof([leaf for _, leaf in leaves], place)),
        statement=statement.decode(),
        signatures={name: each.decode("ascii", "replace") for name, each in read_signatures(folder).items()},
    )
    if not _leads_to_root(proof, evidence, facts):
        what = f"the evidence of {target} has changed since the run was summed up"
        raise AuditError(what, where=str(folder.path), todo="`migration-audit fleet verify` shows what is wrong")
    return canonical_json(CONVERTER.unstructure(proof)) + b"\n"


def verify_proof(
    content: bytes,
    *,
    where: str,
    target: str | None,
    max_age: timedelta | None,
    trusted: TrustedKeys | None,
    now: datetime,
) -> tuple[list[Sentence], list[Sentence]]:
    """One sentence for each thing that is proven of a target, and for each signature.

    ``target`` is the one that it has to be about, and ``max_age`` how old it may be, where they are named. Raises
    AuditError, which names ``where``, for anything but a proof.
    """
    body: Any = parse_json(content, where=where)
    proof = structured(CONVERTER, body, TargetProof, where=where)
    texts = (proof.evidence, proof.statement, *proof.signatures, *proof.signatures.values())
    if proof.type != PROOF_TYPE or not all(map(_is_unicode, texts)):
        raise AuditError("is not a proof of a target", where=where, todo=_AGAIN)
    evidence = parse_target_evidence(proof.evidence.encode(), where=where)
    facts, _ = read_fleet_statement(proof.statement.encode(), where=where)
    signatures = {name: text.encode() for name, text in proof.signatures.items()}
    about = [*_about_target(proof, evidence, facts, target), *dates_sentences(facts, now)]
    about += age_sentences(evidence.read_at, max_age, now)
    return about, list(judge_signatures(proof.statement.encode(), facts, signatures, trusted, now=now))


def _about_target(
    proof: TargetProof, evidence: TargetEvidence, facts: FleetStatement, target: str | None
) -> Iterator[Sentence]:
    if target is not None and evidence.target != target:
        text = f"it is the proof of target {evidence.target}, not of {target}"
        yield fails(text, _AGAIN)
    is_same = (
        target_evidence_bytes(evidence).decode() == proof.evidence
        and (evidence.run, evidence.expected) == (facts.run, facts.expected)
        and evidence.is_consistent(facts.direction)
    )
    if is_same:
        yield holds(f"target {evidence.target}, read {evidence.read_at:{TIME}}: {evidence.outcome}")
    else:
        yield fails(f"the outcome of {evidence.target} does not match its evidence", _AGAIN)
    if _leads_to_root(proof, evidence, facts):
        yield holds(f"it is one of the {facts.targets:,} targets under the root {facts.root}")
    else:
        yield fails(f"it is not one of the targets under the root {facts.root}", _AGAIN)


def _is_unicode(text: str) -> bool:
    """Whether it can be bytes of UTF-8: a JSON text may have half of a character."""
    return not any("\ud800" <= char <= "\udfff" for char in text)


def _leads_to_root(proof: TargetProof, evidence: TargetEvidence, facts: FleetStatement) -> bool:
    leaf = leaf_of(evidence, file=evidence_name(evidence.target))
    try:
        path = [bytes.fromhex(each) for each in proof.path]
    except ValueError:
        return False
    found = root_from_proof(leaf, proof.place, facts.targets, path)
    return found is not None and found.hex() == facts.root
