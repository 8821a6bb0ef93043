"""The proof of one target: its evidence, the way from it to the root, and the signed statement with the root.

Whoever gets it can verify this target alone, and learns nothing of the others but how many there are.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from migration_audit.fleet.evidence import TargetEvidence, parse_target_evidence, target_evidence_bytes
from migration_audit.fleet.merkle import inclusion_proof, root_from_proof
from migration_audit.fleet.signatures import TrustedKeys, judge_signatures, read_signatures
from migration_audit.fleet.statements import FleetStatement, leaf_of, read_fleet_statement
from migration_audit.fleet.store import RunFolder, evidence_name
from migration_audit.fleet.verify import index_leaves, is_consistent, read_statement
from migration_audit.model.codec import strict_converter, structured
from migration_audit.model.errors import AuditError, UsageError
from migration_audit.model.signoff import Sentence
from migration_audit.model.snapshot import canonical_json
from migration_audit.model.strict_json import parse_json

PROOF_TYPE: Final = "https://migration-audit.dev/fleet-proof/v1"
_CONVERTER: Final = strict_converter()
_AGAIN: Final = "ask for another proof: migration-audit fleet prove FOLDER TARGET"


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
        signatures={name: each.decode() for name, each in read_signatures(folder).items()},
    )
    if not _leads_to_root(proof, evidence, facts):
        what = f"the evidence of {target} has changed since the run was summed up"
        raise AuditError(what, where=str(folder.path), todo="`migration-audit fleet verify` shows what is wrong")
    return canonical_json(_CONVERTER.unstructure(proof)) + b"\n"


def verify_proof(content: bytes, *, where: str, trusted: TrustedKeys | None, now: datetime) -> Iterator[Sentence]:
    """One sentence for each thing that is proven. Raises AuditError, which names ``where``, for anything but a proof."""
    body: Any = parse_json(content, where=where)
    proof = structured(_CONVERTER, body, TargetProof, where=where)
    if proof.type != PROOF_TYPE:
        raise AuditError("is not a proof of a target", where=where, todo=_AGAIN)
    evidence = parse_target_evidence(proof.evidence.encode(), where=where)
    facts, _ = read_fleet_statement(proof.statement.encode(), where=where)
    is_same = target_evidence_bytes(evidence).decode() == proof.evidence and is_consistent(evidence, facts)
    yield Sentence(
        ok=is_same,
        text=f"target {evidence.target}, read {evidence.read_at:%Y-%m-%dT%H:%M:%SZ}: {evidence.outcome}"
        if is_same
        else f"the outcome of {evidence.target} does not match its evidence",
        todo=_AGAIN,
    )
    is_included = _leads_to_root(proof, evidence, facts)
    yield Sentence(
        ok=is_included,
        text=f"it is one of the {facts.targets:,} targets under the root {facts.root}"
        if is_included
        else f"it is not one of the targets under the root {facts.root}",
        todo=_AGAIN,
    )
    signatures = {name: text.encode() for name, text in proof.signatures.items()}
    yield from judge_signatures(proof.statement.encode(), facts, signatures, trusted, now=now)


def _leads_to_root(proof: TargetProof, evidence: TargetEvidence, facts: FleetStatement) -> bool:
    leaf = leaf_of(evidence, file=evidence_name(evidence.target))
    try:
        path = [bytes.fromhex(each) for each in proof.path]
    except ValueError:
        return False
    found = root_from_proof(leaf, proof.place, facts.targets, path)
    return found is not None and found.hex() == facts.root
