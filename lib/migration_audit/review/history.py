"""What earlier runs and commits say of a run: which was approved last, who may not sign it, which decisions were undone."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from functools import partial
from pathlib import Path, PurePosixPath
from typing import TypeVar

from migration_audit import signoff
from migration_audit.artifacts.git.refs import commits_touching, find_revision, is_shallow, merge_base, people_of
from migration_audit.artifacts.git.repository import Revision, TreeEntry, find_top
from migration_audit.gate import judge_reviewers, rejections
from migration_audit.model.errors import AuditError, SignoffError
from migration_audit.model.evidence import HOME
from migration_audit.model.signoff import Decision, Sentence, SignedRun, SignOff, fails, failures, remark
from migration_audit.project import EnvironmentPolicy
from migration_audit.signoff import Authority
from migration_audit.signoff.openssh import NAMESPACE

RunT = TypeVar("RunT")
Files = dict[PurePosixPath, TreeEntry]


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
    older = [
        each
        for path in signoff.signed_folders(folder)
        if (each := signoff.read_signed_run(path, authority, now=now)).generated_at < run.generated_at and each.is_intact
    ]
    return newest_approved(
        sorted(older, key=lambda each: each.generated_at),
        authority,
        authority.policy.of(run.environment),
        signed=lambda each: each,
        authors=lambda each, before: _authors(each, before, authority),
    )


def newest_approved(
    older: Iterable[RunT],
    authority: Authority,
    needs: EnvironmentPolicy,
    *,
    signed: Callable[[RunT], SignedRun],
    authors: Callable[[RunT, RunT | None], frozenset[str]],
) -> RunT | None:
    """The last of these runs, which come in order of time, that the policy's reviewers approve and none rejects.

    ``authors`` of a run depend on the approved one before it.
    """
    last = None
    for each in older:
        judged = partial(judge_reviewers, signed(each), needs, roles=authority.policy.roles)
        if failures(judged(authors=())) or failures(judged(authors=authors(each, last))):  # authors take long to find
            continue
        last = each
    return last


def check_signer(
    reviewer: str, needs: EnvironmentPolicy, source: str, *, signs: str, authors: Callable[[], frozenset[str]]
) -> None:
    """Raise SignoffError for a reviewer whose approval the policy of ``source`` would not count; ``signs`` names what."""
    if needs.signers and reviewer not in needs.signers:
        what = f"{reviewer} may not sign {signs}: its signers are {', '.join(needs.signers)}"
        raise SignoffError(what, where=source, todo="ask one of them to sign")
    if not needs.author_may_sign and reviewer.casefold() in authors():
        what = f"{reviewer} started this run, or changed an audited file since the last approved run"
        raise SignoffError(what, where=source, todo="ask another reviewer to review and sign it")


def _authors(run: SignedRun, before: SignedRun | None, authority: Authority) -> frozenset[str]:
    people = {name.casefold() for name in run.evidence.author.values() if name} if run.evidence else set()
    if run.evidence is None:
        return frozenset(people)
    folder = authority.project.directory
    paths = [authority.project.path, *(folder / name for name in run.evidence.files)]
    places = {name: _place(run, authority, name) for name in (HOME, *run.evidence.commit)}
    people |= people_since(places, paths, audited=_commits(run), since=_commits(before))
    return frozenset(people | set(other_names(run, authority, people)))


def people_since(
    places: Mapping[str, Path | None], paths: Sequence[Path], *, audited: Mapping[str, str], since: Mapping[str, str]
) -> set[str]:
    """Who changed one of these paths up to the audited commits and after those of ``since``: addresses in lower case.

    ``places`` are the repositories by name, ``audited`` and ``since`` commits of them. Without a commit, or where it is not
    here, since it was squashed, HEAD counts as the audited one, and the whole history as changed since.
    """
    people: set[str] = set()
    for name, place in places.items():
        head = _revision(place, audited.get(name)) or _revision(place, "HEAD")
        if head is not None:
            people |= people_of(head.top, commits_touching(head, paths, since=_revision(place, since.get(name))))
    return people


def _commits(run: SignedRun | None) -> dict[str, str]:
    states = run.evidence.commit if run and run.evidence else {}
    return {name: state.commit for name, state in states.items() if state.commit}


def other_names(run: SignedRun, authority: Authority, people: set[str], *, namespace: str = NAMESPACE) -> Iterator[str]:
    """The reviewers of a run who signed with a key of one of these people."""
    for each in run.signoffs:
        if each.counts and signoff.holds_key_of(each, people, authority, namespace=namespace):
            yield each.reviewer.casefold()


def _place(run: SignedRun, authority: Authority, name: str) -> Path | None:
    state = run.evidence.commit.get(name) if run.evidence else None
    if name == HOME:
        return authority.project.directory
    return authority.project.directory / state.path if state and state.path else None


def _revision(folder: Path | None, named: str | None) -> Revision | None:
    try:
        return find_revision(folder, named) if folder is not None and named and folder.is_dir() else None
    except AuditError:
        return None


def undone_decisions(
    environment: str, run: SignedRun, here: Mapping[str, SignedRun], authority: Authority, *, below: Path, now: datetime
) -> Iterator[Sentence]:
    """Rejections and withdrawals about ``run``, or about a newer one, that the tree's runs (``here``) do not have.

    They are those of the commits between the policy's revision and HEAD, of all of HEAD's where there is no such revision;
    ``below`` is a folder of the repository. In a shallow clone, a note that commits which were not fetched could not be
    searched. Raises AuditError.
    """
    if find_top(below) is None:
        return
    if is_shallow(below):
        yield remark(
            "shallow clone: only its commits were searched for undone rejections and for authors (git fetch --unshallow)"
        )
    reported: set[tuple[str, str]] = set()
    for commit, state in _states(environment, authority, below, now):
        if state.generated_at < run.generated_at:
            continue
        withdrawn = [s for s in state.signoffs if s.counts and s.decision is Decision.WITHDRAW]
        for each in (*rejections(state, authority.policy.of(environment)), *withdrawn):
            if _answered(each, here.get(state.name)) or (state.name, each.reviewer) in reported:
                continue
            reported.add((state.name, each.reviewer))
            did = "rejected" if each.decision is Decision.REJECT else "withdrew an approval of"
            comment = f": {each.comment}" if each.comment else ""
            text = f"{each.reviewer} {did} {state.name} in commit {commit[:9]} of this proposal, which is undone here"
            yield fails(text + comment, "a revert does not withdraw a decision: audit again, and sign the new run")


def _states(environment: str, authority: Authority, below: Path, now: datetime) -> Iterator[tuple[str, SignedRun]]:
    """Each signed run as each of these commits has it, once for the same files."""
    folder = authority.project.report_out / signoff.SIGNED / environment
    head = find_revision(below, "HEAD")
    if not head.has_inside(folder):
        return
    base = merge_base(below, authority.revision) if authority.revision else None
    seen: set[frozenset[tuple[PurePosixPath, str]]] = set()
    for commit in commits_touching(head, [folder], since=base):
        at = Revision(top=head.top, named=commit[:9], commit=commit)
        runs: dict[str, Files] = {}
        for path, entry in at.entries(folder).items():
            runs.setdefault(path.parts[0], {})[path] = entry
        for name, files in runs.items():
            mark = frozenset((path, entry.object_id) for path, entry in files.items())
            if mark not in seen:
                seen.add(mark)
                contents = at.contents(files.values())
                with tempfile.TemporaryDirectory(prefix="migration-audit-history-") as copy:
                    for path, entry in files.items():
                        target = Path(copy) / environment / path
                        target.parent.mkdir(parents=True, exist_ok=True)
                        target.write_bytes(contents.get(entry.object_id, b""))
                    yield commit, signoff.read_signed_run(Path(copy) / environment / name, authority, now=now)


def _answered(decision: SignOff, here: SignedRun | None) -> bool:
    """Whether the tree has this decision, or a later one of the same reviewer about the same run."""
    own = (s for s in here.signoffs if s.counts and s.reviewer == decision.reviewer) if here else ()
    return any(s.signed_at and decision.signed_at and s.signed_at >= decision.signed_at for s in own)
