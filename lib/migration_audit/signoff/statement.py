"""statement.json, an in-toto Statement v1 that names every file of a run by its SHA-256, and the producer's signature.

Format: https://github.com/in-toto/attestation/blob/main/spec/v1/statement.md. There is no agreed predicate for a human
review, so that the predicate type is our own.
"""

from __future__ import annotations

import hashlib
from datetime import datetime
from pathlib import Path
from typing import Any

from migration_audit.model.errors import AuditError, UsageError
from migration_audit.model.evidence import Evidence, evidence_body
from migration_audit.model.signoff import Sentence, SignedRun
from migration_audit.project import EnvironmentPolicy
from migration_audit.project.listing import paths_below
from migration_audit.signoff import openssh
from migration_audit.signoff.authority import Authority
from migration_audit.signoff.openssh import read_signature

STATEMENT_TYPE = "https://in-toto.io/Statement/v1"
STATEMENT_FILE = "statement.json"
PRODUCER_FILE = "statement.json.sig"
"""The producer's signature over the statement, which can therefore not name it."""
_REPEATED = ("project", "environment", "phase", "verdict", "generated_at", "producer", "commit", "server", "tool")
PREDICATE_TYPE = "https://migration-audit.dev/run/v1"


def build_statement(folder: Path, evidence: Evidence) -> dict[str, Any]:
    """The statement over every file that is in the run's folder now, sorted by name.

    The predicate repeats what keeps a sign-off from being used elsewhere: environment, commits, server identity.
    """
    files = [p for p in paths_below(folder) if p.is_file() and p.name not in {STATEMENT_FILE, PRODUCER_FILE}]
    subject = [
        {
            "name": path.relative_to(folder).as_posix(),
            "digest": {"sha256": hashlib.sha256(path.read_bytes()).hexdigest()},
        }
        for path in files
    ]
    return {
        "_type": STATEMENT_TYPE,
        "subject": subject,
        "predicateType": PREDICATE_TYPE,
        "predicate": {**repeated(evidence), "run": folder.name},
    }


def repeated(evidence: Evidence) -> dict[str, Any]:
    """What the predicate repeats of the evidence."""
    body = evidence_body(evidence)
    return {name: body[name] for name in _REPEATED}


NAMESPACE = "migration-audit-producer"
"""Apart from that of reviewers: neither signature can be used as the other."""


def sign_as_producer(folder: Path, *, key: Path) -> None:
    """Sign the statement of a run that was just made. Raises UsageError for no key, AuditError where it cannot sign."""
    if not key.is_file():
        raise UsageError("the key does not exist", where=str(key), todo="name a private key file")
    openssh.sign_file(folder / STATEMENT_FILE, key=key, namespace=NAMESPACE)


def judge_producer(run: SignedRun, needs: EnvironmentPolicy, authority: Authority, *, now: datetime) -> Sentence:
    """Whether one of the policy's producers signed the run's statement. Raises AuditError without ssh-keygen.

    A key has to be valid at the time of the evidence and when the signature reached the protected branch (else now), and
    not to be revoked.
    """
    folder = Path(run.folder)
    path = folder / PRODUCER_FILE
    if not needs.producers:
        return Sentence(ok=None, text="the policy names no producers: only the evidence itself names who made the run")
    todo = "have a producer of the policy run the audit: migration-audit run --producer-key FILE"
    try:
        content, message = path.read_bytes(), (folder / STATEMENT_FILE).read_bytes()
        key = openssh.fingerprint(read_signature(content).key_line)
    except OSError:
        return Sentence(ok=False, text=f"no producer of the policy signed it: {PRODUCER_FILE} is missing", todo=todo)
    except (ValueError, AuditError) as error:
        return Sentence(ok=False, text=f"{PRODUCER_FILE} cannot be read: {error}", todo=todo)
    lines = "".join(f"{line}\n" for line in needs.producers).encode()
    names = [name for line in needs.producers for name in line.split()[0].strip('"').split(",")]
    times = (run.generated_at, authority.reached(folder, path, content) or now)
    keys = openssh.PolicyKeys(allowed_signers=lines, revoked=authority.revoked)
    for name in dict.fromkeys(names):
        if all(
            openssh.is_signed_by(message, content, identity=name, at=at, keys=keys, revocation=True, namespace=NAMESPACE)
            for at in times
        ):
            return Sentence(ok=True, text=f"{name} made it: the statement is signed with the key {key}")
    return Sentence(ok=False, text=f"no producer of the policy signed it: the key {key} is not valid", todo=todo)
