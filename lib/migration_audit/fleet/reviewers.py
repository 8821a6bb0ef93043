"""Who signed a fleet run, and who may not: who started it, and who changed what targets are compared with."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from datetime import datetime
from functools import partial

from migration_audit.audit.repositories import tops_of
from migration_audit.fleet.signatures import NAMESPACE, TrustedKeys, read_signatures, read_signoffs
from migration_audit.fleet.statements import FleetStatement
from migration_audit.fleet.store import PLAN, RunFolder, open_folder, read_file
from migration_audit.fleet.verify import read_statement
from migration_audit.model.errors import AuditError
from migration_audit.model.signoff import Sentence, SignedRun
from migration_audit.project import EnvironmentPolicy
from migration_audit.review.history import check_signer, newest_approved, other_names, people_since
from migration_audit.signoff import Authority, judge_producer, refuse


def needs_of(authority: Authority) -> EnvironmentPolicy:
    """What the policy asks of a fleet run: what [policy] says, and no table of one environment."""
    return authority.policy.default


def read_signed_fleet(folder: RunFolder, authority: Authority, *, now: datetime) -> SignedRun:
    """The fleet run with its signatures, each an approval. Raises AuditError where it has not finished."""
    statement, facts, _ = read_statement(folder)
    return SignedRun(
        folder=str(folder.path),
        name=folder.path.name,
        environment="fleet",
        statement_sha256=hashlib.sha256(statement).hexdigest(),
        signoffs=tuple(read_signoffs(statement, facts, read_signatures(folder), TrustedKeys.of(authority), now=now)),
    )


def fleet_authors(folder: RunFolder, authority: Authority, *, now: datetime) -> frozenset[str]:
    """Who started the run, and who changed audit.toml, the owner's SQL or the prelude since the last approved run.

    E-mail addresses in lower case, as of a run with notebooks; a key that allowed_signers gives to one of them is theirs
    under each other name as well. Raises AuditError.
    """
    return _authors(folder, last_approved(folder, authority, now=now), authority, now=now)


def last_approved(folder: RunFolder, authority: Authority, *, now: datetime) -> RunFolder | None:
    """The newest older run that enough reviewers signed, of those in the same folder as this one."""
    _, facts, _ = read_statement(folder)
    others = [(each.generated_at, other) for other, each in other_runs(folder) if each]
    return newest_approved(
        [other for at, other in sorted(others, key=lambda each: each[0]) if at < facts.generated_at],
        authority,
        needs_of(authority),
        signed=lambda other: read_signed_fleet(other, authority, now=now),
        authors=lambda other, before: _authors(other, before, authority, now=now),
    )


def fleet_producer(folder: RunFolder, authority: Authority, *, now: datetime) -> Sentence:
    """Whether a producer of the policy made the run. Raises AuditError."""
    at = read_statement(folder)[1].generated_at
    return judge_producer(folder.path, needs_of(authority), authority, now=now, generated_at=at, command="fleet run")


def check_fleet_signer(folder: RunFolder, reviewer: str, authority: Authority, *, now: datetime) -> None:
    """Raise SignoffError for a reviewer or a run whose signature the policy would not count."""
    people = partial(fleet_authors, folder, authority, now=now)
    check_signer(reviewer, needs_of(authority), authority.source, signs="a fleet run", authors=people)
    refuse([fleet_producer(folder, authority, now=now)], folder.path)


def _authors(folder: RunFolder, before: RunFolder | None, authority: Authority, *, now: datetime) -> frozenset[str]:
    planned, project = folder.planned, authority.project
    places = tops_of(project, planned.plan.files)
    paths = [project.path, *(project.directory / name for name in planned.plan.files)]
    since = before.planned.commits if before else {}
    people = {*planned.people, *people_since(places, paths, audited=planned.commits, since=since)}
    run = read_signed_fleet(folder, authority, now=now)
    return frozenset((*people, *other_names(run, authority, people, namespace=NAMESPACE)))


def other_runs(folder: RunFolder) -> Iterator[tuple[RunFolder, FleetStatement | None]]:
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
