"""Who may not sign a run: whoever ran it, and whoever changed what it audits since a run was approved last."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from migration_audit.artifacts.git.refs import commits_touching, find_revision, people_of
from migration_audit.artifacts.git.repository import Revision
from migration_audit.model.errors import AuditError
from migration_audit.model.evidence import HOME
from migration_audit.model.signoff import Decision, SignedRun
from migration_audit.signoff.authority import Authority
from migration_audit.signoff.files import SIGNED, signed_folders
from migration_audit.signoff.signatures import read_signed_run


def authors(run: SignedRun, authority: Authority, *, now: datetime) -> frozenset[str]:
    """Who ran the audit, and authors, committers and co-authors of what it audits, by e-mail address in lower case.

    These are the commits of every repository that changed an audited file since the newest older run that is approved: all
    of the history that is here, where there is none. Of a repository that is not at its place here, only the author of the
    audited commit is known, whom the evidence names.
    """
    people = {name.casefold() for name in run.evidence.author.values() if name} if run.evidence else set()
    if run.evidence is None:
        return frozenset(people)
    before = last_approved(run, authority, now=now)
    folder = authority.project.directory
    paths = [authority.project.path, *(folder / name for name in run.evidence.files)]
    for name in dict.fromkeys((HOME, *run.evidence.commit)):
        audited = _commit(run, authority, name) or _revision(_place(run, authority, name), "HEAD")  # HEAD: it was squashed
        if audited is not None:
            since = _commit(before, authority, name) if before else None
            people |= people_of(audited.top, commits_touching(audited, paths, since=since))
    return frozenset(people)


def last_approved(run: SignedRun, authority: Authority, *, now: datetime) -> SignedRun | None:
    """The newest older run of the environment that enough reviewers approve; None for none."""
    return next(_approved(run, authority, now), None)


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


def _approved(run: SignedRun, authority: Authority, now: datetime) -> Iterator[SignedRun]:
    """Older runs of the environment with enough approvals and no rejection, newest first."""
    environment = Path(run.folder).absolute().parent
    folder = environment if environment.parent.name == SIGNED else environment.parent / SIGNED / environment.name
    quorum = authority.policy.of(run.environment).quorum
    others = [read_signed_run(p, authority, now=now) for p in signed_folders(folder)]
    for each in sorted(others, key=lambda each: each.generated_at, reverse=True):
        counting = [s for s in each.signoffs if s.counts]
        approving = {s.fingerprint for s in counting if s.decision is Decision.APPROVE}
        is_rejected = any(s.decision is Decision.REJECT for s in counting)
        if each.generated_at < run.generated_at and each.is_intact and len(approving) >= quorum and not is_rejected:
            yield each
