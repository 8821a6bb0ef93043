"""The producer's signature over a run's statement: those who may read the databases made this run."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from migration_audit.model.errors import AuditError, UsageError
from migration_audit.model.signoff import Sentence, SignedRun
from migration_audit.project import EnvironmentPolicy
from migration_audit.signoff import openssh
from migration_audit.signoff.authority import Authority
from migration_audit.signoff.sshsig import read_signature
from migration_audit.signoff.statement import PRODUCER_FILE, STATEMENT_FILE

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
