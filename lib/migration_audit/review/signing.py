"""Sign a run, and verify one: signatures (``signoff``), the policy's arithmetic (``gate``), the page (``report``)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import combinations
from pathlib import Path

from migration_audit import report, signoff
from migration_audit.artifacts.git.command import each_line_once
from migration_audit.audit.facts.files import write_atomically
from migration_audit.gate import approvals, judge_notebooks, rejections
from migration_audit.model.enumeration import some_of
from migration_audit.model.errors import AuditError, SignoffError
from migration_audit.model.finding import Verdict
from migration_audit.model.signoff import Decision, Sentence, SignedRun, SignOff
from migration_audit.review.people import authors
from migration_audit.signoff import Authority, Proposal, SignedDecision

_MOST = 6
"""Sign-offs of which every selection is tried."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verified:
    """A run, and everything that was verified about it."""

    run: SignedRun
    about_run: tuple[Sentence, ...]
    about_policy: tuple[Sentence, ...]
    """What the policy makes of the sign-offs."""
    is_rejected: bool

    @property
    def is_intact(self) -> bool:
        """Whether files, signatures and page are what they were; says nothing about who signed, and what."""
        return self.run.is_intact and all(s.ok is not False for s in self.about_run)

    @property
    def exit_code(self) -> int:
        """0 when all of it holds, 1 when the only thing against it is a reviewer who rejects it, 4 otherwise."""
        if not self.is_intact:
            return 4
        if self.is_rejected:
            return 1
        return 4 if any(s.ok is False for s in self.about_policy) else 0


@each_line_once()
def propose_recomputed(
    folder: Path, authority: Authority, *, reviewer: str, now: datetime, withdraws: bool = False
) -> Proposal:
    """The run as it would be signed; raises as ``signoff.propose`` does, and for results that its facts do not give."""
    from migration_audit.runner.rendering import recomputed  # noqa: PLC0415  checks and facts: only who judges needs them

    proposal = signoff.propose(folder, authority, reviewer=reviewer, now=now, withdraws=withdraws)
    needs = authority.policy.of(proposal.run.environment)
    if not withdraws and not needs.author_may_sign and reviewer.casefold() in authors(proposal.run, authority, now=now):
        what = f"{reviewer} made this run or its commit, or changed an audited file since the last approved run"
        raise SignoffError(what, where=authority.source, todo="ask another reviewer to review and sign it")
    wrong = [s for s in recomputed(proposal.folder, proposal.evidence) if s.ok is False]
    if wrong:
        what = some_of([s.text for s in wrong], most=5, between="; ")
        raise SignoffError(f"may not be signed: {what}", where=str(proposal.folder), todo=wrong[0].todo)
    producer = signoff.judge_producer(proposal.run, needs, authority, now=now)
    for sentence in (judge_notebooks(proposal.evidence, needs), producer):
        if sentence.ok is False:
            raise SignoffError(f"may not be signed: {sentence.text}", where=str(proposal.folder), todo=sentence.todo)
    return proposal


def decision_of(
    proposal: Proposal, *, reviewer: str, decision: Decision, comment: str, expires: datetime | None, now: datetime
) -> SignedDecision:
    """The decision as it will be signed: about this statement, and with the waivers that its evidence applies.

    Raises SignoffError for an approval of what could not be checked in whole: no policy makes that enough.
    """
    evidence = proposal.evidence
    if decision is Decision.APPROVE and evidence.verdict is Verdict.INCOMPLETE:
        undecided = some_of([check.id for check in evidence.checks if check.is_undecided], most=5)
        raise SignoffError(
            f"may not be approved: the verdict is incomplete{f', {undecided} could not be checked' if undecided else ''}",
            where=str(proposal.folder),
            todo="resolve what the report lists and audit again; a reviewer may still --decision reject",
        )
    return SignedDecision(
        reviewer=reviewer,
        decision=decision,
        comment=comment,
        statement_sha256=proposal.run.statement_sha256,
        project=evidence.project,
        environment=evidence.environment,
        run=proposal.run.name,
        verdict=evidence.verdict.value,
        waivers=evidence.waived,
        signed_at=now.replace(microsecond=0),
        expires=expires,
    )


def sign(proposal: Proposal, decision: SignedDecision, authority: Authority, *, key: str) -> SignOff:
    """Sign and file the run below ``signed/``, with its signed-off page; raises AuditError, and then nothing has changed."""
    now = datetime.now(UTC)
    return signoff.add_signature(proposal, decision, authority, key=key, page_of=signed_page, now=now)


def verify(folder: Path, authority: Authority, *, now: datetime | None = None) -> Verified:
    """Everything that can be verified of a run without its database and its sources. Raises UsageError for no run."""
    now = now or datetime.now(UTC)
    folder = signoff.find_run(folder)
    run = signoff.read_signed_run(folder, authority, now=now)
    needs = authority.policy.of(run.environment)
    computed = (*run.sentences, *_recomputed(run))
    evidence = run.evidence if all(s.ok is not False for s in computed) else None  # else it may be anything
    people = authors(run, authority, now=now) if evidence else frozenset[str]()
    return Verified(
        run=run,
        about_run=(*computed, *_project_sentences(run, authority), *page_sentences(folder, run)),
        about_policy=(
            *approvals(run, needs, roles=authority.policy.roles, authors=people),
            *([judge_notebooks(evidence, needs)] if evidence else ()),
            *([signoff.judge_producer(run, needs, authority, now=now)] if evidence else ()),
        ),
        is_rejected=bool(rejections(run, needs)),
    )


def _recomputed(run: SignedRun) -> Iterator[Sentence]:
    """Whether the facts give what the evidence says; files that are not those of the run say nothing about it."""
    if run.evidence is not None and all(s.ok is not False for s in run.sentences):
        from migration_audit.runner.rendering import recomputed  # noqa: PLC0415  checks and facts: only who judges needs them

        yield from recomputed(Path(run.folder), run.evidence)


def signed_page(folder: Path, run: SignedRun) -> bytes:
    """``signed-off.html`` of a run as it is in a folder."""
    subjects = signoff.subjects(folder)
    html = (folder / "report.html").read_text("utf-8")
    return report.render_signed_off(html, run, files=len(subjects)).encode()


def write_page(folder: Path, authority: Authority) -> Path:
    """Make the signed-off page anew; its path. Raises AuditError for a run whose files or signatures do not hold."""
    folder = signoff.find_run(folder)
    run = signoff.read_signed_run(folder, authority, now=datetime.now(UTC))
    if not run.is_intact or not run.is_signed:
        what = "has no signed-off page: it is not signed, or was changed after signing"
        raise AuditError(what, where=str(folder), todo="`migration-audit verify` shows what is wrong")
    write_atomically(folder / signoff.SIGNED_PAGE, signed_page(folder, run))
    return folder / signoff.SIGNED_PAGE


def page_sentences(folder: Path, run: SignedRun) -> Iterator[Sentence]:
    """Whether the signed-off page is one that the report and its sign-offs give.

    It is made by whoever wants to read it, and not committed: there may be none, or one of fewer sign-offs.
    """
    page = folder / signoff.SIGNED_PAGE
    again = f"`migration-audit verify --page {run.folder}` writes it again"
    if not page.exists() and not page.is_symlink():
        if run.is_signed:
            yield Sentence(ok=None, text=f"{page.name} is missing: {again}")
        return
    try:
        content = page.read_bytes()
        is_same = content == signed_page(folder, run)
        is_older = not is_same and any(content == signed_page(folder, replace(run, signoffs=some)) for some in _fewer(run))
    except (OSError, ValueError):
        yield Sentence(ok=False, text=f"{page.name} is missing or cannot be made", todo=again)
        return
    if is_same:
        yield Sentence(ok=True, text=f"{page.name} matches the report and its sign-offs")
    elif is_older:
        yield Sentence(ok=None, text=f"{page.name} is older than the last sign-off: {again}")
    else:
        yield Sentence(ok=False, text=f"{page.name} does not match the report and its sign-offs", todo=again)


def _fewer(run: SignedRun) -> Iterator[tuple[SignOff, ...]]:
    """The sign-offs that may have been there when the page was made: two reviewers sign in clones of their own."""
    if len(run.signoffs) <= _MOST:
        for number in range(1, len(run.signoffs)):
            yield from combinations(run.signoffs, number)


def _project_sentences(run: SignedRun, authority: Authority) -> Iterator[Sentence]:
    if run.evidence is not None and run.evidence.project != authority.project.name:
        text = f"the run is of the project {run.evidence.project}, but audit.toml is of {authority.project.name}"
        yield Sentence(ok=False, text=text, todo="name the right audit.toml with --config")
