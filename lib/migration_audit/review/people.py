"""Who may not sign a run: whoever ran it, and whoever changed what it audits since a run was approved last."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path

from migration_audit import signoff
from migration_audit.artifacts.git.refs import commits_touching, find_revision, people_of
from migration_audit.artifacts.git.repository import Revision
from migration_audit.gate import approvals
from migration_audit.model.errors import AuditError
from migration_audit.model.evidence import HOME
from migration_audit.model.signoff import SignedRun
from migration_audit.project import EnvironmentPolicy
from migration_audit.signoff import Authority


def authors(run: SignedRun, authority: Authority, *, now: datetime) -> frozenset[str]:
    """Who ran the audit, and authors, committers and co-authors of what it audits, by e-mail address in lower case.

    These are the commits of every repository that changed an audited file since the newest older run that is approved: all
    of the history that is here, where there is none. Of a repository that is not at its place here, only the author of the
    audited commit is known, whom the evidence names. A key that allowed_signers gives to one of them is theirs under each
    other name as well: reviewers of the run who signed with it are among them.
    """
    return _authors(run, last_approved(run, authority, now=now), authority)


def last_approved(run: SignedRun, authority: Authority, *, now: datetime) -> SignedRun | None:
    """The newest older run of the environment that the policy's reviewers approve, and none rejects; None for none."""
    environment = Path(run.folder).absolute().parent
    is_signed = environment.parent.name == signoff.SIGNED
    folder = environment if is_signed else environment.parent / signoff.SIGNED / environment.name
    needs, roles = authority.policy.of(run.environment), authority.policy.roles
    found = [signoff.read_signed_run(path, authority, now=now) for path in signoff.signed_folders(folder)]
    last = None
    for each in sorted(found, key=lambda each: each.generated_at):  # who wrote the one depends on the one before it
        if each.generated_at >= run.generated_at or not each.is_intact:
            continue
        if _is_enough(each, needs, roles, frozenset()) and _is_enough(each, needs, roles, _authors(each, last, authority)):
            last = each
    return last


def _is_enough(run: SignedRun, needs: EnvironmentPolicy, roles: Mapping[str, Sequence[str]], people: frozenset[str]) -> bool:
    return all(s.ok is not False for s in approvals(run, needs, roles=roles, authors=people))


def _authors(run: SignedRun, before: SignedRun | None, authority: Authority) -> frozenset[str]:
    people = {name.casefold() for name in run.evidence.author.values() if name} if run.evidence else set()
    if run.evidence is None:
        return frozenset(people)
    folder = authority.project.directory
    paths = [authority.project.path, *(folder / name for name in run.evidence.files)]
    for name in dict.fromkeys((HOME, *run.evidence.commit)):
        audited = _commit(run, authority, name) or _revision(_place(run, authority, name), "HEAD")  # HEAD: it was squashed
        if audited is not None:
            since = _commit(before, authority, name) if before else None
            people |= people_of(audited.top, commits_touching(audited, paths, since=since))
    return frozenset(people | set(_other_names(run, authority, people)))


def _other_names(run: SignedRun, authority: Authority, people: set[str]) -> Iterator[str]:
    """The reviewers of a run who signed with a key of one of these people."""
    for each in run.signoffs:
        if each.counts and signoff.holds_key_of(run, each, people, authority):
            yield each.reviewer.casefold()


def _commit(run: SignedRun, authority: Authority, name: str) -> Revision | None:
    """The audited commit of a repository; None where it is not here."""
    state = run.evidence.commit.get(name) if run.evidence else None
    return _revision(_place(run, authority, name), state.commit) if state and state.commit else None


def _place(run: SignedRun, authority: Authority, name: str) -> Path | None:
    state = run.evidence.commit.get(name) if run.evidence else None
    if name == HOME:
        return authority.project.directory
    return authority.project.directory / state.path if state and state.path else None


def _revision(folder: Path | None, named: str) -> Revision | None:
    try:
        return find_revision(folder, named) if folder is not None and folder.is_dir() else None
    except AuditError:
        return None
