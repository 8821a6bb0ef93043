"""What one environment needs before the gate opens, and whether it has it. Pure: all facts come in as values.

Each requirement that is not met has an exit code of its own: 1 the evidence or a reviewer says no, 3 it could not be
audited, 4 not signed, or the files differ from what was signed. The largest one is the environment's.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from migration_audit.gate.policy import approvals, judge_age, judge_notebooks, judge_rejections, rejections
from migration_audit.gate.verdict import EXIT_CODES, decide, still_waived
from migration_audit.model.enumeration import plural, some_of
from migration_audit.model.evidence import Evidence
from migration_audit.model.finding import Outcome, Severity, Verdict
from migration_audit.model.signoff import Decision, Sentence, SignedRun, SignOff, fails, failures, holds, remark
from migration_audit.project import EnvironmentPolicy

IDENTITY = ("database", "system_identifier")
"""By what a server and its database are pinned in audit.toml."""


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
    """What ``text`` only counts, a line each: the blockers."""


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
    """Signed files of the policy's revision that are missing here or differ."""
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
    found = _judged(environment, run, needs, roles, authors, facts)
    return EnvironmentGate(environment=environment, run=run, requirements=tuple(found))


def judge_sentences(need: RequirementKind, sentences: Iterable[Sentence | None], *, code: int = 4) -> Iterator[Requirement]:
    """A requirement for each of these sentences; ``code`` is the exit code of one that does not hold."""
    for s in sentences:
        if s is not None:
            yield Requirement(need=need, ok=s.ok, text=s.text, todo=s.todo, code=code if s.ok is False else 0)


def judge_signatures(
    run: SignedRun,
    needs: EnvironmentPolicy,
    *,
    roles: Mapping[str, Sequence[str]],
    authors: Iterable[str],
    command: str = "sign",
) -> Iterator[Requirement]:
    """Whether enough reviewers approve; ``command`` is the one that signs such a run."""
    code = 1 if rejections(run, needs) else 4
    found = (*_without_effect(run), *approvals(run, needs, roles=roles, authors=authors, command=command))
    yield from judge_sentences(RequirementKind.SIGNATURES, found, code=code)


def judge_bytes(run: SignedRun, more: Iterable[Sentence]) -> Iterator[Requirement]:
    """Whether the run's files and signatures are what was signed; ``more`` is what else differs."""
    broken = (s for each in run.signoffs if not each.is_intact for s in failures(each.sentences))
    wrong = [*failures(run.sentences), *broken, *more]
    yield from judge_sentences(RequirementKind.BYTES, wrong or [holds(f"statement.json, SHA-256 {run.statement_sha256}")])


def _judged(
    environment: str,
    run: SignedRun | None,
    needs: EnvironmentPolicy,
    roles: Mapping[str, Sequence[str]],
    authors: Iterable[str],
    facts: Facts,
) -> Iterator[Requirement]:
    kind, removed = RequirementKind, list(_removed(facts))
    if facts.retired is not None and (run is None or facts.retired.ok):
        yield from judge_sentences(kind.RUN, [facts.retired])
        yield from judge_sentences(kind.BYTES, removed)
        return
    if run is None:
        todo = (
            f"`migration-audit run --env {environment} --phase {facts.phase}`, read its report, `migration-audit sign RUN`"
        )
        yield from judge_sentences(kind.RUN, [fails(f"no run of {environment} in phase {facts.phase} is signed", todo)])
        yield from judge_sentences(kind.BYTES, removed)
        return
    if failures(run.sentences):  # nothing else follows from its evidence
        yield from judge_bytes(run, removed)
        return
    evidence = run.evidence
    if evidence is None:
        yield from judge_sentences(kind.BYTES, [fails("its evidence cannot be read", "audit again")])
        return
    yield _run(run, evidence, environment, facts)
    yield from judge_bytes(run, removed)
    yield from judge_signatures(run, needs, roles=roles, authors=authors)
    yield from judge_sentences(kind.DECISION, _decision(rejections(run, needs), facts), code=1)
    yield _verdict(evidence, facts)
    age = judge_age(evidence.generated_at, needs, now=facts.now, is_of_the_future=evidence.is_of_the_future(facts.now))
    for need, sentences in (
        (kind.AGE, (age,)),
        (kind.SOURCES, facts.files),
        (kind.SETTINGS, facts.settings),
        (kind.COMMIT, (facts.commit,)),
        (kind.NOTEBOOKS, (judge_notebooks(evidence, needs),)),
        (kind.PRODUCER, (facts.producer,)),
        (kind.SERVER, _server(evidence, needs, facts)),
        (kind.LIVE, (facts.live or remark("not requested: --live reads the database again"),)),
    ):
        yield from judge_sentences(need, sentences)


def _run(run: SignedRun, evidence: Evidence, environment: str, facts: Facts) -> Requirement:
    code = 4
    if evidence.environment != environment:
        text = f"the run is of environment {evidence.environment}: sign-offs of another environment do not count"
        todo = "sign a run of this environment"
    elif evidence.phase != facts.phase:
        text, todo = f"the run is of phase {evidence.phase}, but {facts.phase} is required", "sign a run of this phase"
    elif facts.unsigned in {Verdict.BLOCKED, Verdict.INCOMPLETE}:
        text = f"{run.name} is signed, but a newer run is not signed and is {facts.unsigned}"
        todo, code = "resolve what it reports, and sign a new run", EXIT_CODES[Verdict(facts.unsigned)]
    else:
        return Requirement(need=RequirementKind.RUN, ok=True, text=run.name)
    return Requirement(need=RequirementKind.RUN, ok=False, text=text, todo=todo, code=code)


def _removed(facts: Facts) -> Iterator[Sentence]:
    for name in facts.removed:
        yield fails(f"{name} was signed, but is missing or changed", "restore it from git, or merge the branch")


def _without_effect(run: SignedRun) -> Iterator[Sentence]:
    """Decisions that do not count, each with the reason."""
    for signoff in run.signoffs:
        if signoff.is_intact and not signoff.is_authorised:
            word = "approval" if signoff.decision is Decision.APPROVE else "rejection"
            yield remark(f"the {word} of {signoff.reviewer} does not count: {failures(signoff.sentences)[0].text}")


def _decision(against: Sequence[SignOff], facts: Facts) -> Iterator[Sentence]:
    yield from judge_rejections(against)
    yield from facts.refused
    if not against and not failures(facts.refused):
        yield holds("no reviewer rejects it")


def _verdict(evidence: Evidence, facts: Facts) -> Requirement:
    """The verdict is decided again from the signed results, with the waivers that hold today."""
    results, kind = still_waived(evidence, today=facts.now.date()), RequirementKind.VERDICT
    verdict = decide(results)
    if not evidence.complete or verdict is Verdict.INCOMPLETE:
        undecided = some_of([r.id for r in results if r.is_undecided])
        text = f"the audit is incomplete: {undecided or 'the run did not finish'}"
        return Requirement(need=kind, ok=False, text=text, todo="resolve that, and audit again", code=3)
    if verdict is not Verdict.BLOCKED:
        return Requirement(need=kind, ok=True, text=f"verdict {verdict.value}")
    failed = [r for r in results if r.outcome is Outcome.FAILED and r.weight is Severity.BLOCKER]
    blocking = tuple(f"{f.key} ({f.summary})" for r in failed for f in r.findings if not f.waived)
    number = len(blocking)
    text = f"it is blocked by {number:,} {plural('finding', number)}" if blocking else "it is blocked: see its report"
    todo = "fix it, or waive it; then audit and sign again"
    return Requirement(need=kind, ok=False, text=text, todo=todo, code=1, details=blocking)


def _server(evidence: Evidence, needs: EnvironmentPolicy, facts: Facts) -> Iterator[Sentence]:
    server = {name: getattr(evidence.server, name, None) for name in IDENTITY}
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
    if wrong:
        todo = "audit the database of this environment, and sign that run; pin it in audit.toml where it is another one now"
        yield from (fails(text, todo) for text in wrong)
        return
    where = f"{server['database']} on server {server['system_identifier'] or 'unknown'}"
    for known, by in ((facts.pins, "pinned in audit.toml"), (facts.approved_server, "as in the last approved run")):
        if all(known.get(name) is not None and known[name] == server[name] for name in IDENTITY):
            yield holds(f"{where}, {by}")
            return
    todo = "pin database and system_identifier of the environment in audit.toml"
    yield Sentence(ok=False if needs.pinned else None, text=f"{where}: not pinned", todo=todo)
