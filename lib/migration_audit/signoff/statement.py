"""statement.json, an in-toto Statement v1 that names every file of a run by its SHA-256, and the producer's signature.

Format: https://github.com/in-toto/attestation/blob/main/spec/v1/statement.md. There is no agreed predicate for a human
review, so that the predicate type is our own.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

from migration_audit.model.errors import AuditError, UsageError
from migration_audit.model.evidence import Evidence, evidence_body, parse_evidence
from migration_audit.model.signoff import Sentence, fails, holds, remark
from migration_audit.model.strict_json import parse_json
from migration_audit.project import EnvironmentPolicy
from migration_audit.project.boundary import paths_below
from migration_audit.signoff import openssh
from migration_audit.signoff.authority import Authority
from migration_audit.signoff.decisions import FOLDER
from migration_audit.signoff.openssh import read_signature

STATEMENT_TYPE = "https://in-toto.io/Statement/v1"
STATEMENT_FILE = "statement.json"
PRODUCER_FILE = "statement.json.sig"
"""The producer's signature over the statement, which can therefore not name it."""
_REPEATED = ("project", "environment", "phase", "verdict", "generated_at", "producer", "commit", "server", "tool")
PREDICATE_TYPE = "https://migration-audit.dev/run/v1"
NAMESPACE = "migration-audit-producer"
"""Apart from that of reviewers: neither signature can be used as the other."""
SIGNED = "signed"
"""Below the report folder: ``signed/<environment>/<run>/``."""
SIGNED_PAGE = "signed-off.html"
"""Made from the report and the sign-offs, and written again with each; no signature covers it."""
EVIDENCE_FILE = "evidence.json"
_PARTS = {"_type", "subject", "predicateType", "predicate"}


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
        "predicate": {**_repeated(evidence), "run": folder.name},
    }


def _repeated(evidence: Evidence) -> dict[str, Any]:
    """What the predicate repeats of the evidence."""
    body = evidence_body(evidence)
    return {name: body[name] for name in _REPEATED}


def sign_as_producer(folder: Path, *, key: Path) -> None:
    """Sign the statement of a run that was just made. Raises UsageError for no key, AuditError where it cannot sign."""
    if not key.is_file():
        raise UsageError("the key does not exist", where=str(key), todo="name a private key file")
    openssh.sign_file(folder / STATEMENT_FILE, key=key, namespace=NAMESPACE)


def judge_producer(
    folder: Path,
    needs: EnvironmentPolicy,
    authority: Authority,
    *,
    now: datetime,
    generated_at: datetime,
    command: str = "run",
) -> Sentence:
    """Whether one of the policy's producers signed the run's statement. Raises AuditError without ssh-keygen.

    ``generated_at`` is the time of the run, and ``command`` the one that makes such runs.
    A key has to be valid at the time of the evidence and when the signature reached the protected branch (else now), and
    not to be revoked.
    """
    path = folder / PRODUCER_FILE
    if not needs.producers:
        return remark("the policy names no producers: only the evidence itself names who made the run")
    todo = f"have a producer of the policy run the audit: migration-audit {command} --producer-key FILE"
    try:
        content, message = path.read_bytes(), (folder / STATEMENT_FILE).read_bytes()
        key = openssh.fingerprint(read_signature(content).key_line)
    except OSError:
        return fails(f"no producer of the policy signed it: {PRODUCER_FILE} is missing", todo)
    except (ValueError, AuditError) as error:
        return fails(f"{PRODUCER_FILE} cannot be read: {error}", todo)
    lines = "".join(f"{line}\n" for line in needs.producers).encode()
    names = [name for line in needs.producers for name in line.split()[0].strip('"').split(",")]
    times = (generated_at, authority.reached(folder, path, content) or now)
    keys = openssh.PolicyKeys(allowed_signers=lines, revoked=authority.revoked)
    for name in dict.fromkeys(names):
        if all(
            openssh.is_signed_by(message, content, identity=name, at=at, keys=keys, revocation=True, namespace=NAMESPACE)
            for at in times
        ):
            return holds(f"{name} made it: the statement is signed with the key {key}")
    return fails(f"no producer of the policy signed it: the key {key} is not valid", todo)


def signed_folders(folder: Path) -> list[Path]:
    """The runs below ``signed/<environment>``, by name; no others: what git left of one, its page, is not a run."""
    found = sorted(p for p in folder.iterdir() if p.is_dir() and not p.name.startswith(".")) if folder.is_dir() else []
    return [p for p in found if p.is_symlink() or {each.name for each in p.iterdir()} != {SIGNED_PAGE}]


def _read_json(path: Path) -> dict[str, Any]:
    """The object in a JSON file; empty when it cannot be read as one."""
    try:
        found = parse_json(path.read_bytes(), where=path.name)
    except (OSError, AuditError):
        return {}
    return found if isinstance(found, dict) else {}


def subjects(folder: Path) -> dict[str, str]:
    """The files that a run's statement names, with their SHA-256; empty when it is not a statement."""
    return _subjects(_read_json(folder / STATEMENT_FILE)) or {}


_parsed = lru_cache(maxsize=16)(parse_evidence)  # a gate looks at the evidence of each run several times


def _read_evidence(folder: Path) -> Evidence:
    """The evidence of a run. Raises AuditError."""
    path = folder / EVIDENCE_FILE
    try:
        return _parsed(path.read_bytes())
    except OSError as error:
        todo = "restore it from git, or run the audit again"
        raise AuditError(f"cannot be read: {error.strerror}", where=path.name, todo=todo) from None


def evidence_of(folder: Path) -> Evidence | None:
    """The evidence of a run; None when it cannot be read."""
    try:
        return _read_evidence(folder)
    except AuditError:
        return None


def file_sentences(folder: Path) -> Iterator[Sentence]:
    """One sentence for each promise about the files of a run and its statement; one that does not hold names the file."""
    statement = _read_json(folder / STATEMENT_FILE)
    named = _subjects(statement)
    if named is None:
        yield fails(
            f"{STATEMENT_FILE} is missing, or it is not a statement of a run", "restore it from git, or run the audit again"
        )
        return
    good = holds(f"{len(named)} files match {STATEMENT_FILE} byte for byte")
    yield from list(_wrong_files(folder, named)) or [good]
    try:
        evidence = _read_evidence(folder)
    except AuditError as error:
        yield fails(f"{EVIDENCE_FILE} {error.what}", error.todo or "run the audit again")
        return
    predicate = statement.get("predicate")
    differing = list(_wrong_predicate(folder, predicate if isinstance(predicate, dict) else {}, evidence))
    yield from differing
    if not differing:
        server = evidence.server
        database, identifier = (server.database, server.system_identifier) if server else (None, None)
        yield holds(
            f"the statement is about this run: project {evidence.project}, environment {evidence.environment}, "
            f"run {folder.name}, database {database or 'unknown'} on server {identifier or 'unknown'}"
        )
    if evidence.complete and evidence.error is None:
        yield holds("the run finished")
    else:
        yield fails("the run did not finish: its evidence is incomplete", "run the audit again")


def _wrong_files(folder: Path, named: Mapping[str, str]) -> Iterator[Sentence]:
    for name, digest in sorted(named.items()):
        path = folder / name
        if path.is_symlink() or not path.is_file():
            yield fails(f"{name} is missing", "restore it from git")
        elif hashlib.sha256(path.read_bytes()).hexdigest() != digest:
            yield fails(f"{name} has changed since the run ended: its SHA-256 differs", "restore it from git")
    for name in sorted(set(_present(folder)) - set(named)):
        yield fails(
            f"{name} does not belong to the run: {STATEMENT_FILE} does not list it", "remove it or move it elsewhere"
        )


def _present(folder: Path) -> Iterator[str]:
    """The files that a statement should name; what sign-offs add is not among them."""
    for path in paths_below(folder):
        name = path.relative_to(folder).as_posix()
        is_own = name in {STATEMENT_FILE, PRODUCER_FILE, SIGNED_PAGE} or name.split("/")[0] == FOLDER
        if not is_own and (path.is_symlink() or not path.is_dir()):
            yield name


def _wrong_predicate(folder: Path, predicate: Mapping[str, Any], evidence: Evidence) -> Iterator[Sentence]:
    expected = _repeated(evidence)
    for name in sorted(predicate.keys() - expected.keys() - {"run"}):
        yield fails(f"{STATEMENT_FILE} lists {name}, which no run writes", "restore it from git")
    for name, value in expected.items():
        if predicate.get(name) != value:
            yield fails(f"{STATEMENT_FILE} and {EVIDENCE_FILE} differ in {name}", "restore both from git")
    if predicate.get("run") != folder.name:
        yield fails(
            f"the statement is about the run {predicate.get('run')}, but this folder is named {folder.name}",
            "a run is signed under its own name: restore the folder from git",
        )
    if evidence.environment != folder.parent.name:
        yield fails(
            f"the run is of environment {evidence.environment}, but is in the folder {folder.parent.name}",
            "a sign-off only counts for its own environment: move it back",
        )


def _subjects(statement: Mapping[str, Any]) -> dict[str, str] | None:
    """File names and digests of a statement of ours; None for anything else."""
    if statement.get("_type") != STATEMENT_TYPE or statement.get("predicateType") != PREDICATE_TYPE:
        return None
    try:
        found = {str(s["name"]): str(s["digest"]["sha256"]) for s in statement["subject"]}
        is_exact = statement.keys() == _PARTS and all(
            s.keys() == {"name", "digest"} and s["digest"].keys() == {"sha256"} for s in statement["subject"]
        )
    except (KeyError, TypeError, AttributeError):
        return None
    is_whole = EVIDENCE_FILE in found and "report.html" in found and len(found) == len(statement["subject"])
    is_inside = all(not name.startswith("/") and ".." not in name.split("/") for name in found)
    return found if is_exact and is_whole and is_inside else None
