"""What is signed for a fleet: a statement about each target, and one about all of them that names their root. Pure.

Both have the form of an in-toto Statement v1: https://github.com/in-toto/attestation/blob/main/spec/v1/statement.md.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from migration_audit.fleet.evidence import Direction, TargetEvidence, TargetOutcome, target_evidence_bytes
from migration_audit.fleet.merkle import leaf_hash
from migration_audit.model.codec import CONVERTER, TIME, structured
from migration_audit.model.errors import AuditError
from migration_audit.model.snapshot import canonical_json
from migration_audit.model.strict_json import parse_json
from migration_audit.signoff.statement import STATEMENT_TYPE

TARGET_TYPE: Final = "https://migration-audit.dev/fleet-target/v1"
FLEET_TYPE: Final = "https://migration-audit.dev/fleet/v1"

_DIGEST: Final = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True, kw_only=True)
class FleetStatement:
    """What the statement about all targets records, apart from the digests of files."""

    run: str
    tool: str
    project: str | None
    expected: str
    direction: Direction
    shard: str | None
    targets: int
    outcomes: dict[str, int]
    repeated: int
    """How many targets lead to the same database as one before them."""
    root: str
    """The Merkle root (hex) over the targets' statements, in the order of their names."""
    first_read_at: datetime | None
    last_read_at: datetime | None
    generated_at: datetime


def target_statement(evidence: TargetEvidence, *, file: str) -> bytes:
    """The statement about one target: the digest of its evidence, and what it amounts to."""
    return canonical_json(
        {
            "_type": STATEMENT_TYPE,
            "subject": [{"name": file, "digest": {"sha256": _sha256(target_evidence_bytes(evidence))}}],
            "predicateType": TARGET_TYPE,
            "predicate": {
                "run": evidence.run,
                "target": evidence.target,
                "reference": evidence.reference,
                "expected": evidence.expected,
                "read_at": evidence.read_at.strftime(TIME),
                "outcome": evidence.outcome.value,
                "fingerprint": evidence.fingerprint,
            },
        }
    )


def leaf_of(evidence: TargetEvidence, *, file: str) -> bytes:
    """The leaf of a target."""
    return leaf_hash(target_statement(evidence, file=file))


def fleet_statement(facts: FleetStatement, files: Mapping[str, bytes]) -> bytes:
    """The statement about all targets; ``files`` are names and SHA-256 digests."""
    body = {
        "_type": STATEMENT_TYPE,
        "subject": [{"name": name, "digest": {"sha256": digest.hex()}} for name, digest in sorted(files.items())],
        "predicateType": FLEET_TYPE,
        "predicate": CONVERTER.unstructure(facts),
    }
    return canonical_json(body) + b"\n"


def read_fleet_statement(content: bytes, *, where: str) -> tuple[FleetStatement, dict[str, str]]:
    """The facts of such a statement, and digests of files. Raises AuditError, which names ``where``, for another file."""
    body: Any = parse_json(content, where=where)
    try:
        kinds = body["_type"], body["predicateType"]
        files = {str(each["name"]): str(each["digest"]["sha256"]) for each in body["subject"]}
        predicate = body["predicate"]
    except (KeyError, TypeError):
        kinds, files, predicate = ("", ""), {}, {}
    if kinds != (STATEMENT_TYPE, FLEET_TYPE) or len(files) != len(body["subject"]):
        todo = "name the folder, or the proof, of a fleet run"
        raise AuditError("is not the statement of a fleet run", where=where, todo=todo)
    facts = structured(CONVERTER, predicate, FleetStatement, where=where)
    if not all(map(_DIGEST.fullmatch, files.values())) or content != fleet_statement(
        facts, {name: bytes.fromhex(digest) for name, digest in files.items()}
    ):
        what = "is not as `migration-audit fleet run` writes it: it contains more, or in another form"
        raise AuditError(what, where=where, todo="restore it, or start another fleet run")
    return facts, files


def count_outcomes(outcomes: Mapping[TargetOutcome, int]) -> dict[str, int]:
    """How many targets ended with each outcome, also those that none ended with."""
    return {outcome.value: outcomes.get(outcome, 0) for outcome in TargetOutcome}


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
