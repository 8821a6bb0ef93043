"""Sign a run, and verify one: signatures (``signoff``), the policy's arithmetic (``gate``), the page (``report``)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from itertools import combinations
from pathlib import Path

from migration_audit import signoff
from migration_audit.artifacts.git.command import each_line_once
from migration_audit.audit.facts.files import write_atomically
from migration_audit.gate import judge_notebooks, judge_reviewers, rejections
from migration_audit.model.enumeration import some_of
from migration_audit.model.errors import AuditError, SignoffError
from migration_audit.model.finding import Verdict
from migration_audit.model.signoff import Decision, Sentence, SignedRun, SignOff, fails, failures, holds, remark
from migration_audit.report.page import render_signed_off
from migration_audit.review.history import authors, check_signer
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
        return self.run.is_intact and not failures(self.about_run)

    @property
    def exit_code(self) -> int:
        """0 when all of it holds, 1 when the only thing against it is a reviewer who rejects it, 4 otherwise."""
        if not self.is_intact:
            return 4
        if self.is_rejected:
            return 1
        return 4 if failures(self.about_policy) else 0


@each_line_once()
def propose_recomputed(
    folder: Path, authority: Authority, *, reviewer: str, now: datetime, withdraws: bool = False
) -> Proposal:
    """The run as it would be signed; raises as ``signoff.propose`` does, and for results that its facts do not give."""
    from migration_audit.runner.rendering import recomputed  # noqa: PLC0415  checks and facts: only who judges needs them

    proposal = signoff.propose(folder, authority, reviewer=reviewer, now=now, withdraws=withdraws)
    needs = authority.policy.of(proposal.run.environment)
    run, evidence = proposal.run, proposal.evidence
    if not withdraws:
        people = partial(authors, run, authority, now=now)
        check_signer(reviewer, needs, authority.source, signs=run.environment, authors=people)
    producer = signoff.judge_producer(proposal.folder, needs, authority, now=now, generated_at=evidence.generated_at)
    signoff.refuse([*recomputed(proposal.folder, evidence), judge_notebooks(evidence, needs), producer], proposal.folder)
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


@each_line_once()
def verify(folder: Path, authority: Authority, *, now: datetime | None = None) -> Verified:
    """Everything that can be verified of a run without its database and its sources. Raises UsageError for no run."""
    now = now or datetime.now(UTC)
    folder = signoff.find_run(folder)
    run = signoff.read_signed_run(folder, authority, now=now)
    needs = authority.policy.of(run.environment)
    computed = (*run.sentences, *recomputed_sentences(run))
    evidence = None if failures(computed) else run.evidence  # else it may be anything
    people: frozenset[str] = frozenset()
    by_evidence: list[Sentence] = []
    if evidence:
        people = authors(run, authority, now=now)
        producer = signoff.judge_producer(folder, needs, authority, now=now, generated_at=run.generated_at)
        by_evidence = [judge_notebooks(evidence, needs), producer]
    return Verified(
        run=run,
        about_run=(*computed, *project_sentences(run, authority), *page_sentences(folder, run)),
        about_policy=(*judge_reviewers(run, needs, roles=authority.policy.roles, authors=people), *by_evidence),
        is_rejected=bool(rejections(run, needs)),
    )


def recomputed_sentences(run: SignedRun) -> Iterator[Sentence]:
    """Whether the facts give what the evidence says; files that are not those of the run say nothing about it."""
    if run.evidence is not None and not failures(run.sentences):
        from migration_audit.runner.rendering import recomputed  # noqa: PLC0415  checks and facts: only who judges needs them

        yield from recomputed(Path(run.folder), run.evidence)


def signed_page(folder: Path, run: SignedRun) -> bytes:
    """``signed-off.html`` of a run as it is in a folder."""
    subjects = signoff.subjects(folder)
    html = (folder / "report.html").read_text("utf-8")
    return render_signed_off(html, run, files=len(subjects)).encode()


def write_page(folder: Path, authority: Authority) -> Path:
    """Write the signed-off page again; its path. Raises AuditError for a run whose files or signatures do not hold."""
    folder = signoff.find_run(folder)
    run = signoff.read_signed_run(folder, authority, now=datetime.now(UTC))
    if not run.is_intact or not run.is_signed:
        what = "has no signed-off page: it is not signed, or was changed after signing"
        raise AuditError(what, where=str(folder), todo="`migration-audit verify` shows what is wrong")
    write_atomically(folder / signoff.SIGNED_PAGE, signed_page(folder, run))
    return folder / signoff.SIGNED_PAGE


def page_sentences(folder: Path, run: SignedRun) -> Iterator[Sentence]:
    """Whether the signed-off page is one that the report and its sign-offs give.

    It is written for reading, and not committed: there may be none, or one of fewer sign-offs.
    """
    page = folder / signoff.SIGNED_PAGE
    again = f"`migration-audit verify --page {run.folder}` writes it again"
    if not page.exists() and not page.is_symlink():
        if run.is_signed:
            yield remark(f"{page.name} is missing: {again}")
        return
    try:
        content = page.read_bytes()
        is_same = content == signed_page(folder, run)
        is_older = not is_same and any(content == signed_page(folder, replace(run, signoffs=some)) for some in _fewer(run))
    except (OSError, ValueError):
        yield fails(f"{page.name} is missing or cannot be made", again)
        return
    if is_same:
        yield holds(f"{page.name} matches the report and its sign-offs")
    elif is_older:
        yield remark(f"{page.name} is older than the last sign-off: {again}")
    else:
        yield fails(f"{page.name} does not match the report and its sign-offs", again)


def _fewer(run: SignedRun) -> Iterator[tuple[SignOff, ...]]:
    """The sign-offs that may have been there when the page was made: two reviewers sign in clones of their own."""
    if len(run.signoffs) <= _MOST:
        for number in range(1, len(run.signoffs)):
            yield from combinations(run.signoffs, number)


def project_sentences(run: SignedRun, authority: Authority) -> Iterator[Sentence]:
    """That the run is of another project than audit.toml, where it is."""
    if run.evidence is not None and run.evidence.project != authority.project.name:
        text = f"the run is of the project {run.evidence.project}, not of {authority.project.name}"
        yield fails(text, "sign a run of this project, or name the right audit.toml with --config")
