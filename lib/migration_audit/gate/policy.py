"""What the policy asks of a run: approvals of enough reviewers, no rejection, and the packaged notebooks. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from migration_audit.model.enumeration import some_of
from migration_audit.model.evidence import Evidence
from migration_audit.model.signoff import Decision, Sentence, SignedRun, SignOff
from migration_audit.project import EnvironmentPolicy


def _may_decide(signoff: SignOff, needs: EnvironmentPolicy, authors: Iterable[str]) -> str | None:
    """Why this reviewer's decision is none for this environment; None when it is one."""
    if not signoff.counts:
        return "see above"
    if needs.signers and signoff.reviewer not in needs.signers:
        return f"the policy allows {', '.join(needs.signers)} to sign for this environment"
    if not needs.author_may_sign and signoff.reviewer.casefold() in set(authors):
        return "who ran the audit, or changed what it audits since the last approved run, may not sign it"
    return None


def approvals(
    run: SignedRun,
    needs: EnvironmentPolicy,
    *,
    roles: Mapping[str, Sequence[str]],
    authors: Iterable[str],
    command: str = "sign",
) -> tuple[Sentence, ...]:
    """What the policy makes of a run's sign-offs: who does not count, how many do, which roles are missing.

    ``command`` is the one that signs such a run.
    """
    ask = f"`migration-audit {command} {run.folder} --as REVIEWER --key FILE`"
    return tuple(_sentences(run, needs, roles, frozenset(authors), ask))


def rejections(run: SignedRun, needs: EnvironmentPolicy) -> tuple[SignOff, ...]:
    """The valid decisions against the run. Its author may always say no."""
    asked = (s for s in run.signoffs if s.decision is Decision.REJECT and s.counts)
    return tuple(s for s in asked if not needs.signers or s.reviewer in needs.signers)


def _sentences(
    run: SignedRun, needs: EnvironmentPolicy, roles: Mapping[str, Sequence[str]], authors: frozenset[str], ask: str
) -> Iterator[Sentence]:
    if not run.signoffs:
        yield Sentence(ok=False, text="this run is not signed", todo=ask)
        return
    approving = []
    for signoff in run.signoffs:
        if signoff.decision is not Decision.APPROVE:
            continue
        why_not = _may_decide(signoff, needs, authors)
        if why_not is None:
            approving.append(signoff)
        elif signoff.counts:
            yield Sentence(ok=None, text=f"{signoff.reviewer} does not count: {why_not}")
    people = _people(approving)
    words = f"{len(people)} of {needs.quorum} required reviewers {'approves' if needs.quorum == 1 else 'approve'}"
    if len(people) < len(approving):
        words += ": sign-offs with the same key or name count as one person's"
    who = f" ({', '.join(people)})" if people else ""
    is_enough = len(people) >= needs.quorum
    yield Sentence(ok=is_enough, text=words + who, todo="" if is_enough else ask)
    yield from _roles(people, needs, roles)
    for signoff in rejections(run, needs):
        comment = f": {signoff.comment}" if signoff.comment else ""
        yield Sentence(
            ok=False,
            text=f"{signoff.reviewer} rejects it{comment}",
            todo="resolve what they report, audit again, and sign the new run",
        )


def _roles(people: Sequence[str], needs: EnvironmentPolicy, roles: Mapping[str, Sequence[str]]) -> Iterator[Sentence]:
    for role in needs.roles:
        members = set(roles.get(role, ()))
        found = [name for name in people if name in members]
        yield Sentence(
            ok=bool(found),
            text=f"role {role}: {', '.join(found)} approves" if found else f"no reviewer of role {role} approves",
            todo="" if found else f"ask one of {', '.join(sorted(members))} to sign",
        )


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


def judge_notebooks(evidence: Evidence, needs: EnvironmentPolicy) -> Sentence:
    """Results come from the facts, whatever a notebook says; but what a changed one showed cannot be computed again."""
    changed = evidence.changed_notebooks
    if not changed:
        return Sentence(ok=True, text="the packaged notebooks were executed")
    text = f"changed notebooks were executed: {some_of(changed)}"
    if needs.changed_notebooks:
        return Sentence(ok=None, text=f"{text}; the policy allows it")
    todo = "move notebooks/ away and audit again, or set changed_notebooks = true in [policy]"
    return Sentence(ok=False, text=text, todo=todo)
