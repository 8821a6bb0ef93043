"""Who signed a fleet run, and who may not: whoever started it, and whoever changed what targets are compared with."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from datetime import datetime

from migration_audit.audit.repositories import tops_of
from migration_audit.fleet.signatures import NAMESPACE, TrustedKeys, read_signatures, read_signoffs
from migration_audit.fleet.statements import FleetStatement
from migration_audit.fleet.store import PLAN, RunFolder, open_folder, read_file
from migration_audit.fleet.verify import read_statement
from migration_audit.gate import approvals
from migration_audit.model.errors import AuditError, SignoffError
from migration_audit.model.signoff import Sentence, SignedRun
from migration_audit.project import EnvironmentPolicy
from migration_audit.review.people import other_names, people_since
from migration_audit.signoff import Authority, judge_producer


def needs_of(authority: Authority) -> EnvironmentPolicy:
    """What the policy asks of a fleet run: what [policy] says, and no table of one environment."""
    return authority.policy.default


def read_signed_fleet(folder: RunFolder, trusted: TrustedKeys, *, now: datetime) -> SignedRun:
    """The fleet run with its signatures, each an approval. Raises AuditError where it has not finished."""
    statement, facts, _ = read_statement(folder)
    return SignedRun(
        folder=str(folder.path),
        name=folder.path.name,
        environment="fleet",
        statement_sha256=hashlib.sha256(statement).hexdigest(),
        signoffs=tuple(read_signoffs(statement, facts, read_signatures(folder), trusted, now=now)),
    )


def fleet_authors(folder: RunFolder, trusted: TrustedKeys, authority: Authority, *, now: datetime) -> frozenset[str]:
    """Who started the run, and who changed audit.toml, the owner's SQL or the prelude since the last approved run.

    E-mail addresses in lower case, as of a run with notebooks; a key that allowed_signers gives to one of them is theirs
    under each other name as well. Raises AuditError.
    """
    before = last_approved(folder, trusted, authority, now=now)
    return _authors(folder, read_signed_fleet(folder, trusted, now=now), before, authority)


def last_approved(folder: RunFolder, trusted: TrustedKeys, authority: Authority, *, now: datetime) -> RunFolder | None:
    """The newest older run that enough reviewers signed, of those in the same folder as this one."""
    _, facts, _ = read_statement(folder)
    older = [
        (each.generated_at, other) for other, each in neighbours(folder) if each and each.generated_at < facts.generated_at
    ]
    last = None
    for _, other in sorted(older, key=lambda each: each[0]):  # who wrote the one depends on the one before it
        run = read_signed_fleet(other, trusted, now=now)
        if _is_enough(run, frozenset(), authority) and _is_enough(run, _authors(other, run, last, authority), authority):
            last = other
    return last


def _is_enough(run: SignedRun, people: frozenset[str], authority: Authority) -> bool:
    found = approvals(run, needs_of(authority), roles=authority.policy.roles, authors=people)
    return all(sentence.ok is not False for sentence in found)


def fleet_producer(folder: RunFolder, run: SignedRun, authority: Authority, *, now: datetime) -> Sentence:
    """Whether a producer of the policy made the run. Raises AuditError."""
    _, facts, _ = read_statement(folder)
    at = facts.generated_at
    return judge_producer(run, needs_of(authority), authority, now=now, generated_at=at, command="fleet run")


def _authors(folder: RunFolder, run: SignedRun, before: RunFolder | None, authority: Authority) -> frozenset[str]:
    planned, project = folder.planned, authority.project
    places = tops_of(project, planned.plan.files)
    paths = [project.path, *(project.directory / name for name in planned.plan.files)]
    since = before.planned.commits if before else {}
    people = {*planned.people, *people_since(places, paths, audited=planned.commits, since=since)}
    return frozenset((*people, *other_names(run, authority, people, namespace=NAMESPACE)))


def check_signer(folder: RunFolder, reviewer: str, trusted: TrustedKeys, *, now: datetime) -> None:
    """Raise SignoffError for somebody whose signature the policy would not count."""
    authority = trusted.authority
    if authority is None:
        return
    needs = needs_of(authority)
    if needs.signers and reviewer not in needs.signers:
        what = f"{reviewer} may not sign a fleet run: its signers are {', '.join(needs.signers)}"
        raise SignoffError(what, where=authority.source, todo="ask one of them to sign")
    if not needs.author_may_sign and reviewer.casefold() in fleet_authors(folder, trusted, authority, now=now):
        what = f"{reviewer} started this run, or changed an audited file since the last approved run"
        raise SignoffError(what, where=authority.source, todo="ask another reviewer to review and sign it")
    producer = fleet_producer(folder, read_signed_fleet(folder, trusted, now=now), authority, now=now)
    if producer.ok is False:
        raise SignoffError(f"may not be signed: {producer.text}", where=str(folder.path), todo=producer.todo)


def neighbours(folder: RunFolder) -> Iterator[tuple[RunFolder, FleetStatement | None]]:
    """The other whole runs in the same folder, of the same project and list of targets; None for one that has not finished.

    What is not the folder of a fleet run, or has another plan than its statement names, is left out.
    """
    own, plan = folder.path.resolve(), folder.planned.plan
    for path in sorted(own.parent.iterdir()):
        if path == own or not (path / PLAN).is_file():
            continue
        try:
            other = open_folder(path)
            about = other.planned.plan
            if other.planned.shard is not None or (about.project, about.targets) != (plan.project, plan.targets):
                continue
            if not other.is_finished:
                yield other, None
                continue
            _, facts, files = read_statement(other)
            content = read_file(path / PLAN) or b""
        except AuditError:
            continue
        if facts.run == about.run and files.get(PLAN) == hashlib.sha256(content).hexdigest():
            yield other, facts
