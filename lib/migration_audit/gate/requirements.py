"""What one environment needs before the gate opens, and whether it has it. Pure: all facts come in as values.

Each requirement that is not met has an exit code of its own: 1 the evidence or a reviewer says no, 3 it could not be
audited, 4 not signed, or the files differ from what was signed. The largest one is the environment's.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from migration_audit.gate.policy import approvals, judge_notebooks, rejections
from migration_audit.gate.verdict import decide, still_waived
from migration_audit.model.enumeration import some_of
from migration_audit.model.evidence import Evidence
from migration_audit.model.finding import CheckResult, Outcome, Severity, Verdict
from migration_audit.model.signoff import Decision, Sentence, SignedRun, SignOff
from migration_audit.project import EnvironmentPolicy

_IDENTITY = ("database", "system_identifier")


class RequirementKind(StrEnum):
    """The requirements, in the order of the table."""

    RUN = "a signed run"
    BYTES = "no change since"
    SIGNATURES = "enough signatures"
    DECISION = "not rejected"
    VERDICT = "nothing blocks"
    TARGETS = "every target"
    AGE = "recent enough"
    SOURCES = "the same SQL"
    SETTINGS = "the same audit.toml"
    COMMIT = "a clean commit"
    NOTEBOOKS = "the packaged notebooks"
    PRODUCER = "a known producer"
    SERVER = "the right database"
    LIVE = "database unchanged"


@dataclass(frozen=True, slots=True, kw_only=True)
class Requirement:
    """One of them, for one environment."""

    need: RequirementKind
    ok: bool | None
    """None: it does not apply, or was not asked for."""
    text: str
    todo: str = ""
    code: int = 0
    """The exit code that it leads to, 0 where it is met."""
    details: tuple[str, ...] = ()
    """What ``text`` does not name any more, a line each: the blockers after the third."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What is known of the tree that asks, as far as one environment goes."""

    now: datetime
    phase: str
    retired: Sentence | None = None
    """Whether the deletion is done, by a signed run of the phase after it: then there is nothing to gate."""
    unsigned: str | None = None
    """Verdict of the newest unsigned run, if it is newer than the signed one."""
    removed: tuple[str, ...] = ()
    """Signed files that the policy's revision has, and this tree has not, or has otherwise."""
    refused: tuple[Sentence, ...] = ()
    """Rejections and withdrawals that only an earlier commit of the proposal has; a note where not all was searched."""
    files: tuple[Sentence, ...] = ()
    """About the SQL files and everything else that the evidence names by digest."""
    settings: tuple[Sentence, ...] = ()
    """About audit.toml: of the audit, of the policy, of this tree."""
    commit: Sentence | None = None
    producer: Sentence | None = None
    """Whether one of the policy's producers made the run."""
    pins: Mapping[str, str] = field(default_factory=dict)
    """What the policy's audit.toml pins of the server: ``database``, ``system_identifier``."""
    approved_server: Mapping[str, str] = field(default_factory=dict)
    """The same of the newest older run that is approved."""
    same_server: str | None = None
    """Another environment whose signed evidence is of the very same database."""
    live: Sentence | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class EnvironmentGate:
    """One environment before the gate."""

    environment: str
    run: SignedRun | None
    requirements: tuple[Requirement, ...]

    @property
    def exit_code(self) -> int:
        """The largest code of what is not met."""
        return max((r.code for r in self.requirements), default=0)


def judge_environment(
    environment: str,
    run: SignedRun | None,
    needs: EnvironmentPolicy,
    *,
    roles: Mapping[str, Sequence[str]],
    authors: Iterable[str],
    facts: Facts,
) -> EnvironmentGate:
    """Every requirement of one environment, with the newest run that was signed for it (None: there is none)."""
    if facts.retired is not None and (run is None or facts.retired.ok):
        done = Requirement(need=RequirementKind.RUN, code=0 if facts.retired.ok else 4, **asdict(facts.retired))
        return EnvironmentGate(environment=environment, run=run, requirements=(done, *_removed(facts)))
    if run is None:
        todo = (
            f"`migration-audit run --env {environment} --phase {facts.phase}`, read its report, `migration-audit sign RUN`"
        )
        text = f"no run of {environment} in phase {facts.phase} is signed"
        missing = Requirement(need=RequirementKind.RUN, ok=False, text=text, todo=todo, code=4)
        return EnvironmentGate(environment=environment, run=None, requirements=(missing, *_removed(facts)))
    evidence = run.evidence
    if evidence is None or any(s.ok is False for s in run.sentences):  # nothing else can be said by its evidence
        unread = Requirement(
            need=RequirementKind.BYTES, ok=False, text="its evidence cannot be read", todo="audit again", code=4
        )
        found = tuple(_bytes(run, facts)) if any(s.ok is False for s in run.sentences) else (unread,)
        return EnvironmentGate(environment=environment, run=run, requirements=found)
    found = (
        *_run(run, evidence, environment, facts),
        *_bytes(run, facts),
        *judge_signatures(run, needs, roles=roles, authors=authors),
        *_decision(rejections(run, needs), facts),
        *_verdict(evidence, facts),
        judge_age(evidence.generated_at, needs, now=facts.now, is_of_the_future=evidence.is_of_the_future(facts.now)),
        *judge_sentences(RequirementKind.SOURCES, facts.files),
        *judge_sentences(RequirementKind.SETTINGS, facts.settings),
        *judge_sentences(RequirementKind.COMMIT, [facts.commit] if facts.commit else []),
        *judge_sentences(RequirementKind.NOTEBOOKS, [judge_notebooks(evidence, needs)]),
        *judge_sentences(RequirementKind.PRODUCER, [facts.producer] if facts.producer else []),
        *_server(evidence, needs, facts),
        *judge_sentences(
            RequirementKind.LIVE, [facts.live or Sentence(ok=None, text="not requested: --live reads the database again")]
        ),
    )
    return EnvironmentGate(environment=environment, run=run, requirements=found)


def _run(run: SignedRun, evidence: Evidence, environment: str, facts: Facts) -> Iterator[Requirement]:
    if evidence.environment != environment:
        text = f"the run is of environment {evidence.environment}: sign-offs of another environment do not count"
        yield Requirement(need=RequirementKind.RUN, ok=False, text=text, todo="sign a run of this environment", code=4)
    elif evidence.phase != facts.phase:
        text = f"the run is of phase {evidence.phase}, but {facts.phase} is required"
        yield Requirement(need=RequirementKind.RUN, ok=False, text=text, todo="sign a run of this phase", code=4)
    elif facts.unsigned in {Verdict.BLOCKED, Verdict.INCOMPLETE}:
        text = f"{run.name} is signed, but a newer run is not signed and is {facts.unsigned}"
        code = 1 if facts.unsigned == Verdict.BLOCKED else 3
        yield Requirement(
            need=RequirementKind.RUN, ok=False, text=text, todo="resolve what it reports, and sign a new run", code=code
        )
    else:
        yield Requirement(need=RequirementKind.RUN, ok=True, text=run.name)


def _bytes(run: SignedRun, facts: Facts) -> Iterator[Requirement]:
    wrong = [s for s in run.sentences if s.ok is False]
    wrong += [s for o in run.signoffs if not o.is_intact for s in o.sentences if s.ok is False]
    for sentence in wrong:
        yield Requirement(need=RequirementKind.BYTES, ok=False, text=sentence.text, todo=sentence.todo, code=4)
    yield from _removed(facts)
    if not wrong and not facts.removed:
        yield Requirement(need=RequirementKind.BYTES, ok=True, text=f"statement.json, SHA-256 {run.statement_sha256}")


def _removed(facts: Facts) -> Iterator[Requirement]:
    for name in facts.removed:
        text = f"{name} was signed, but is missing or changed"
        yield Requirement(
            need=RequirementKind.BYTES, ok=False, text=text, todo="restore it from git, or merge the branch", code=4
        )


def judge_signatures(
    run: SignedRun,
    needs: EnvironmentPolicy,
    *,
    roles: Mapping[str, Sequence[str]],
    authors: Iterable[str],
    command: str = "sign",
) -> Iterator[Requirement]:
    """Whether enough reviewers approve; ``command`` is the one that signs such a run."""
    against = rejections(run, needs)
    texts = {f"{s.reviewer} rejects it" for s in against}
    for signoff in run.signoffs:
        if signoff.is_intact and not signoff.is_authorised:
            why = next(s for s in signoff.sentences if s.ok is False)
            word = "approval" if signoff.decision is Decision.APPROVE else "rejection"
            text = f"the {word} of {signoff.reviewer} does not count: {why.text}"
            yield Requirement(need=RequirementKind.SIGNATURES, ok=None, text=text)
    for sentence in approvals(run, needs, roles=roles, authors=authors, command=command):
        if not any(sentence.text.startswith(text) for text in texts):
            code = 0 if sentence.ok is not False else 1 if against else 4
            yield Requirement(
                need=RequirementKind.SIGNATURES, ok=sentence.ok, text=sentence.text, todo=sentence.todo, code=code
            )


def _decision(against: Sequence[SignOff], facts: Facts) -> Iterator[Requirement]:
    for signoff in against:
        text = f"{signoff.reviewer} rejects it" + (f": {signoff.comment}" if signoff.comment else "")
        yield Requirement(
            need=RequirementKind.DECISION,
            ok=False,
            text=text,
            todo="resolve what they report, audit again, and sign the new run",
            code=1,
        )
    for sentence in facts.refused:
        code = 1 if sentence.ok is False else 0
        yield Requirement(need=RequirementKind.DECISION, ok=sentence.ok, text=sentence.text, todo=sentence.todo, code=code)
    if not against and all(sentence.ok is not False for sentence in facts.refused):
        yield Requirement(need=RequirementKind.DECISION, ok=True, text="no reviewer rejects it")


def _verdict(evidence: Evidence, facts: Facts) -> Iterator[Requirement]:
    """The verdict is decided again from the signed results, with the waivers that hold today."""
    results = still_waived(evidence, today=facts.now.date())
    verdict = decide(results)
    if not evidence.complete or verdict is Verdict.INCOMPLETE:
        text = "the audit is incomplete: " + (some_of(_undecided(results)) or "the run did not finish")
        yield Requirement(need=RequirementKind.VERDICT, ok=False, text=text, todo="resolve that, and audit again", code=3)
    elif verdict is Verdict.BLOCKED:
        failed = [r for r in results if r.outcome is Outcome.FAILED and r.weight is Severity.BLOCKER]
        blocking = tuple(f"{f.key} ({f.summary})" for r in failed for f in r.findings if not f.waived)
        text = (
            f"it is blocked by {len(blocking):,} finding{'s' * (len(blocking) != 1)}"
            if blocking
            else "it is blocked: see its report"
        )
        yield Requirement(
            need=RequirementKind.VERDICT,
            ok=False,
            text=text,
            todo="fix it, or waive it; then audit and sign again",
            code=1,
            details=blocking,
        )
    else:
        yield Requirement(need=RequirementKind.VERDICT, ok=True, text=f"verdict {verdict.value}")


def _undecided(results: Iterable[CheckResult]) -> list[str]:
    return [r.id for r in results if r.is_undecided]


def judge_age(read_at: datetime, needs: EnvironmentPolicy, *, now: datetime, is_of_the_future: bool) -> Requirement:
    """Whether evidence of that time is recent enough."""
    age, kind = now - read_at, RequirementKind.AGE
    if is_of_the_future:
        return Requirement(need=kind, ok=False, text="its evidence is dated in the future", todo="correct the clock", code=4)
    if needs.max_age is None:
        return Requirement(need=kind, ok=True, text=f"{_days(age)} old; the policy sets no limit")
    if age > needs.max_age:
        text = f"{_days(age)} old, but the policy allows {_days(needs.max_age)}"
        return Requirement(need=kind, ok=False, text=text, todo="audit again, and sign the new run", code=4)
    return Requirement(need=kind, ok=True, text=f"{_days(age)} old, of {_days(needs.max_age)}")


def _days(span: timedelta) -> str:
    hours = int(span.total_seconds() // 3600)
    return f"{hours // 24} days" if hours >= 48 else f"{max(hours, 0)} hours"


def _server(evidence: Evidence, needs: EnvironmentPolicy, facts: Facts) -> Iterator[Requirement]:
    server = {name: getattr(evidence.server, name, None) for name in _IDENTITY}
    wrong = [
        f"its {name.replace('_', ' ')} is {server.get(name)}, but audit.toml pins {pin}"
        for name, pin in sorted(facts.pins.items())
        if server.get(name) != pin
    ]
    wrong += [
        f"its {name.replace('_', ' ')} is {server[name]}, but the last approved run was of {known}"
        for name, known in sorted(facts.approved_server.items())
        if name not in facts.pins and server.get(name) not in {None, known}
    ]
    if facts.same_server:
        wrong.append(f"it audited the same database as the run of {facts.same_server}")
    for text in wrong:
        todo = "audit the database of this environment, and sign that run; pin it in audit.toml where it is another one now"
        yield Requirement(need=RequirementKind.SERVER, ok=False, text=text, todo=todo, code=4)
    if wrong:
        return
    where = f"{server.get('database')} on server {server.get('system_identifier') or 'unknown'}"
    for known, by in ((facts.pins, "pinned in audit.toml"), (facts.approved_server, "as in the last approved run")):
        if all(known.get(name) is not None and known[name] == server.get(name) for name in _IDENTITY):
            yield Requirement(need=RequirementKind.SERVER, ok=True, text=f"{where}, {by}")
            return
    todo = "pin database and system_identifier of the environment in audit.toml"
    code = 4 if needs.pinned else 0
    yield Requirement(
        need=RequirementKind.SERVER, ok=False if code else None, text=f"{where}: not pinned", todo=todo, code=code
    )


def judge_sentences(need: RequirementKind, sentences: Iterable[Sentence]) -> Iterator[Requirement]:
    """A requirement for each of these sentences."""
    for s in sentences:
        yield Requirement(need=need, ok=s.ok, text=s.text, todo=s.todo, code=4 if s.ok is False else 0)
