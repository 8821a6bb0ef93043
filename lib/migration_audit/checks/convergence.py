"""What a sequence of sources leaves different: findings where it was promised to leave nothing, else notes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from migration_audit.checks.describe import due_changes, failure_finding, shown, word
from migration_audit.model.drift import DiffVerdict, Drift
from migration_audit.model.enumeration import some_of, with_rest
from migration_audit.model.finding import CheckOutput, Finding, Note, Unavailable
from migration_audit.model.preflight import Convergence

if TYPE_CHECKING:
    from migration_audit.project import Project


def sequences_compared(convergences: Iterable[Convergence]) -> Note:
    """Which sequences of sources were applied to empty servers, and compared with which."""
    done = [f"{_in_words(one.sequence)} against {_in_words(one.reference)}" for one in convergences]
    return Note(text=f"compared {some_of(done, between='; ')}" if done else "no sequence of sources: nothing to compare")


def _in_words(sequence: Sequence[str]) -> str:
    """``legacy twice``, ``owner alone``, ``legacy, then owner``."""
    if len(set(sequence)) == 1:
        return f"{sequence[0]} {'alone' if len(sequence) == 1 else 'twice'}"
    return ", then ".join(sequence)


def judged_by_promise(check_id: str, convergence: Convergence, project: Project) -> Iterator[CheckOutput]:
    """The findings of ``convergence``, or one note where it repeats a source whose runner applies each file once."""
    found = list(convergence_findings(check_id, convergence))
    role = convergence.sequence[0]
    source = {"legacy": project.legacy, "owner": project.owner}[role]
    if not found or set(convergence.sequence) != {role} or source.may_rerun:
        yield from found
        return
    why = "its ledger runs each file once" if source.rerun is None else "audit.toml sets rerun = false"
    first = found[0].summary if isinstance(found[0], Finding) else found[0].reason
    yield Note(text=f"{role}: for information, as {why}: {with_rest(first, len(found))}")


def convergence_findings(check_id: str, convergence: Convergence) -> Iterator[Finding | Unavailable]:
    """What a sequence of sources left different from its reference, or where it failed."""
    sequence, reference = _in_words(convergence.sequence), _in_words(convergence.reference)
    key = f"{check_id}:{'+'.join(convergence.sequence)}"
    if convergence.applied.failure:
        yield failure_finding(key, convergence.applied.failure, doing=f"applying {sequence} failed")
    if isinstance(convergence.drift, Unavailable):
        yield convergence.drift
    if not isinstance(convergence.drift, Drift):
        return
    for difference in convergence.drift.roots:
        if difference.verdict is DiffVerdict.UNEXPECTED and convergence.sequence != convergence.reference * 2:
            continue  # only the other source makes it: the coverage checks tell it
        changes = due_changes(difference)
        if difference.verdict is DiffVerdict.CHANGED and not changes:
            continue
        what = some_of([f"{word(c.name)}: {shown(c.expected)} → {shown(c.actual)}" for c in changes], between="; ")
        yield Finding(
            key=f"{key}:{difference.kind}:{difference.key}",
            summary=f"{difference.kind} {difference.key} is {difference.verdict} after {sequence}, compared with "
            f"{reference}" + (f" ({what})" if what else ""),
            expected="; ".join(f"{word(c.name)} {shown(c.expected)}" for c in changes) or None,
            actual="; ".join(f"{word(c.name)} {shown(c.actual)}" for c in changes) or None,
        )
