"""What the policy asks of a run: enough reviewers approve, none rejects, it is recent, its notebooks are ours. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta

from migration_audit.model.enumeration import some_of
from migration_audit.model.evidence import Evidence
from migration_audit.model.signoff import Decision, Sentence, SignedRun, SignOff, fails, holds, remark
from migration_audit.project import EnvironmentPolicy


def judge_reviewers(
    run: SignedRun,
    needs: EnvironmentPolicy,
    *,
    roles: Mapping[str, Sequence[str]],
    authors: Iterable[str],
) -> tuple[Sentence, ...]:
    """What the policy makes of a run's sign-offs: its approvals and its rejections."""
    return (*approvals(run, needs, roles=roles, authors=authors), *judge_rejections(rejections(run, needs)))


def approvals(
    run: SignedRun,
    needs: EnvironmentPolicy,
    *,
    roles: Mapping[str, Sequence[str]],
    authors: Iterable[str],
    command: str = "sign",
) -> Iterator[Sentence]:
    """Whose approval does not count, how many do, and which roles are missing.

    ``command`` is the one that signs such a run.
    """
    ask = f"`migration-audit {command} {run.folder} --as REVIEWER --key FILE`"
    if not run.signoffs:
        yield fails("this run is not signed", ask)
        return
    authors = frozenset(authors)
    approving = []
    for signoff in run.signoffs:
        if signoff.decision is not Decision.APPROVE or not signoff.counts:
            continue
        why_not = _why_not(signoff.reviewer, needs, authors)
        if why_not is None:
            approving.append(signoff)
        else:
            yield remark(f"{signoff.reviewer} does not count: {why_not}")
    people = _people(approving)
    words = f"{len(people)} of {needs.quorum} required reviewers {'approves' if needs.quorum == 1 else 'approve'}"
    if len(people) < len(approving):
        words += ": sign-offs with the same key or name count as one person's"
    words += f" ({', '.join(people)})" if people else ""
    yield holds(words) if len(people) >= needs.quorum else fails(words, ask)
    for role in needs.roles:
        members = set(roles.get(role, ()))
        if found := [name for name in people if name in members]:
            yield holds(f"role {role}: {', '.join(found)} approves")
        else:
            yield fails(f"no reviewer of role {role} approves", f"ask one of {', '.join(sorted(members))} to sign")


def rejections(run: SignedRun, needs: EnvironmentPolicy) -> tuple[SignOff, ...]:
    """The valid decisions against the run. Its author may always say no."""
    found = (s for s in run.signoffs if s.decision is Decision.REJECT and s.counts)
    return tuple(s for s in found if not needs.signers or s.reviewer in needs.signers)


def judge_rejections(against: Iterable[SignOff]) -> Iterator[Sentence]:
    """Who rejects the run, and why."""
    for signoff in against:
        text = f"{signoff.reviewer} rejects it" + (f": {signoff.comment}" if signoff.comment else "")
        yield fails(text, "resolve what they report, audit again, and sign the new run")


def judge_age(read_at: datetime, needs: EnvironmentPolicy, *, now: datetime, is_of_the_future: bool) -> Sentence:
    """Whether evidence of that time is recent enough."""
    age = now - read_at
    if is_of_the_future:
        return fails("its evidence is dated in the future", "correct the clock")
    if needs.max_age is None:
        return holds(f"{_span(age)} old; the policy sets no limit")
    if age > needs.max_age:
        return fails(f"{_span(age)} old, but the policy allows {_span(needs.max_age)}", "audit again, and sign the new run")
    return holds(f"{_span(age)} old, of {_span(needs.max_age)}")


def judge_notebooks(evidence: Evidence, needs: EnvironmentPolicy) -> Sentence:
    """Results come from the facts, whatever a notebook says; but what a changed one showed cannot be computed again."""
    changed = evidence.changed_notebooks
    if not changed:
        return holds("the packaged notebooks were executed")
    text = f"changed notebooks were executed: {some_of(changed)}"
    if needs.changed_notebooks:
        return remark(f"{text}; the policy allows it")
    return fails(text, "move notebooks/ away and audit again, or set changed_notebooks = true in [policy]")


def _why_not(reviewer: str, needs: EnvironmentPolicy, authors: frozenset[str]) -> str | None:
    """Reason why an approval of this reviewer does not count, or None."""
    if needs.signers and reviewer not in needs.signers:
        return f"the policy allows {', '.join(needs.signers)} to sign for this environment"
    if not needs.author_may_sign and reviewer.casefold() in authors:
        return "who ran the audit, or changed what it audits since the last approved run, may not sign it"
    return None


def _people(signoffs: Sequence[SignOff]) -> list[str]:
    """One name for each different person: neither a key nor a name, however it is written, counts twice."""
    names: list[str] = []
    seen: set[str] = set()
    for signoff in sorted(signoffs, key=lambda s: s.reviewer):
        marks = {signoff.reviewer.casefold(), signoff.fingerprint or ""}
        if not marks & seen:
            names.append(signoff.reviewer)
        seen |= marks
    return names


def _span(time: timedelta) -> str:
    hours = int(time.total_seconds() // 3600)
    return f"{hours // 24} days" if hours >= 48 else f"{max(hours, 0)} hours"
