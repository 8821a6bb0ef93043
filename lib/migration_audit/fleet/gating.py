"""Whether a fleet run may open the gate: by the policy, for every target, against the owner's SQL of this tree."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from psycopg.conninfo import conninfo_to_dict

from migration_audit.artifacts.git.repository import first_link
from migration_audit.fleet.evidence import Direction, TargetEvidence, TargetOutcome
from migration_audit.fleet.finish import sum_up
from migration_audit.fleet.groups import DifferenceGroup
from migration_audit.fleet.reviewers import (
    fleet_authors,
    fleet_producer,
    last_approved,
    needs_of,
    other_runs,
    read_signed_fleet,
)
from migration_audit.fleet.statements import FleetStatement
from migration_audit.fleet.store import RunFolder
from migration_audit.fleet.summary import FleetSummary, difference_text, repeated_text
from migration_audit.fleet.targets import FleetTarget, parse_reference
from migration_audit.fleet.verify import read_statement, verify_statement
from migration_audit.gate import (
    EnvironmentGate,
    Requirement,
    RequirementKind,
    judge_age,
    judge_bytes,
    judge_sentences,
    judge_signatures,
)
from migration_audit.model.enumeration import some_of
from migration_audit.model.errors import AuditError, SourceError
from migration_audit.model.evidence import CLOCKS
from migration_audit.model.signoff import Sentence, SignedRun, fails, failures, holds, remark
from migration_audit.project import audited_digest
from migration_audit.review.checkout import Checkout
from migration_audit.review.checkout_files import expected_files
from migration_audit.review.merging import merge_sentences
from migration_audit.review.settings import policy_settings, tree_sentences
from migration_audit.review.tree import files_differ, merges_of
from migration_audit.signoff import Authority

_AGAIN = "run the fleet again, and sign that run"
_SHOWN = 5


@dataclass(frozen=True, kw_only=True)
class FleetGateInput:
    """What a fleet run is judged by."""

    authority: Authority
    checkout: Checkout
    """The files that are judged, and what they are merged into."""
    targets: Sequence[FleetTarget]
    """Those that have to be in the run."""
    direction: Direction
    """What a target has to be, at least."""
    applied: str | None
    """The digest of what the owner's SQL of the checkout makes, where it was applied again."""
    now: datetime


def judge_fleet(folder: RunFolder, given: FleetGateInput) -> EnvironmentGate:
    """Every requirement of a fleet run, met or not.

    Raises AuditError where it has not finished, or git or the checkout cannot be read.
    """
    _, facts, files = read_statement(folder)
    run = read_signed_fleet(folder, given.authority, now=given.now)
    wrong = failures(verify_statement(folder, facts, files, now=given.now))
    found = list(judge_bytes(run, [*wrong, *_lost(folder, given.authority)]))
    if not wrong:  # else it may be anything
        databases = _Databases(before=_before(folder, given))
        summary = sum_up(folder, now=facts.generated_at, each=databases.add)
        found = [*_run(folder, facts, given), *found, *_judged(folder, run, summary, databases, given)]
    return EnvironmentGate(environment="fleet", run=run, requirements=tuple(found))


def _judged(
    folder: RunFolder, run: SignedRun, summary: FleetSummary, databases: _Databases, given: FleetGateInput
) -> Iterator[Requirement]:
    authority, needs = given.authority, needs_of(given.authority)
    authors = fleet_authors(folder, authority, now=given.now)
    yield from judge_signatures(run, needs, roles=authority.policy.roles, authors=authors, command="fleet sign")
    yield from _verdict(summary)
    read_at = summary.first_read_at or summary.generated_at
    latest = summary.last_read_at or summary.generated_at
    age = judge_age(read_at, needs, now=given.now, is_of_the_future=latest > given.now + CLOCKS)
    kind = RequirementKind
    for need, sentences in (
        (kind.TARGETS, [_targets(folder, given)]),
        (kind.AGE, [age]),
        (kind.SOURCES, _sources(folder, given)),
        (kind.SETTINGS, _settings(folder, given)),
        (kind.PRODUCER, [fleet_producer(folder, authority, now=given.now)]),
        (kind.SERVER, _server(databases, is_pinned=needs.pinned)),
    ):
        yield from judge_sentences(need, sentences)


def _run(folder: RunFolder, facts: FleetStatement, given: FleetGateInput) -> Iterator[Requirement]:
    project, plan = given.authority.project.name, folder.planned.plan
    wrong = []
    if folder.planned.shard is not None:
        todo = "join the parts: migration-audit fleet merge FOLDER..."
        wrong.append((f"it is part {folder.planned.shard} of a fleet run", todo, 4))
    if plan.project != project:
        whose = f"of the project {plan.project}" if plan.project else "of no project: --expected named what was expected"
        todo = "run the fleet with audit.toml alone, and sign that run"
        wrong.append((f"the run is {whose}, not of {project}", todo, 4))
    if given.direction is Direction.EQUAL and plan.direction is not Direction.EQUAL:
        todo = "run the fleet with --direction equal, and sign that run"
        wrong.append((f"targets were compared with --direction {plan.direction}, but equal is required", todo, 4))
    for other, newer in other_runs(folder):
        name = other.path.name
        if newer is None and name > folder.path.name:
            wrong.append((f"a newer run, {name}, has not finished", "finish it, and sign that run", 3))
        elif newer is not None and newer.generated_at > facts.generated_at and (code := _code_of(newer)):
            outcome = "blocks" if code == 1 else "is incomplete"
            wrong.append((f"a newer run, {name}, {outcome}", "resolve what it reports, and sign a new run", code))
    for text, todo, code in wrong:
        yield Requirement(need=RequirementKind.RUN, ok=False, text=text, todo=todo, code=code)
    if not wrong:
        yield Requirement(need=RequirementKind.RUN, ok=True, text=folder.path.name)


def _code_of(facts: FleetStatement) -> int:
    if facts.repeated or facts.outcomes.get(TargetOutcome.UNCHECKED):
        return TargetOutcome.UNCHECKED.exit_code
    return TargetOutcome.BLOCKED.exit_code if facts.outcomes.get(TargetOutcome.BLOCKED) else 0


def _lost(folder: RunFolder, authority: Authority) -> Iterator[Sentence]:
    """That the policy's revision has the run, and files of it are missing here or differ, where that is so."""
    revision, place = authority.revision, folder.path.resolve()
    if revision is None or not revision.has_inside(place):
        return
    lost = [f"{folder.path.name}/{path}" for path in revision.missing_in(place, of=place)]
    link = first_link(place, below=revision.top)
    lost += [str(link)] if link is not None else []
    if lost:
        text = f"files of {revision.named} are missing here or differ: {some_of(lost, most=_SHOWN)}"
        yield fails(text, "restore it from git, or merge the branch")


def _verdict(summary: FleetSummary) -> Iterator[Requirement]:
    """Whatever is signed: a target that blocks, or was not read, keeps the gate closed."""
    blocked, unchecked = summary.count(TargetOutcome.BLOCKED), summary.count(TargetOutcome.UNCHECKED)

    def fault(text: str, details: tuple[str, ...], *, todo: str = _AGAIN, code: int = 3) -> Requirement:
        kind = RequirementKind.VERDICT
        return Requirement(need=kind, ok=False, text=text, todo=todo, code=code, details=details[:_SHOWN])

    if blocked:
        details = tuple(_group(each) for each in summary.groups if each.outcome is TargetOutcome.BLOCKED)
        text = f"{blocked:,} of {summary.targets:,} targets block, in {len(details):,} kinds of difference"
        todo = "fix them, or leave the differences out in [rules] or [scope]; then run the fleet and sign again"
        yield fault(text, details, todo=todo, code=1)
    if unchecked:
        details = tuple(f"{each.target}: {each.sentence}" for each in summary.unchecked)
        yield fault(f"{unchecked:,} of {summary.targets:,} targets could not be checked", details)
    if summary.repeated_in_all:
        details = tuple(f"{each.target}: {each.same_as}" for each in summary.repeated)
        yield fault(repeated_text(summary.repeated_in_all), details)
    if not (blocked or unchecked or summary.repeated_in_all):
        text = f"{summary.targets:,} targets, none of which blocks"
        yield Requirement(need=RequirementKind.VERDICT, ok=True, text=text)


def _group(group: DifferenceGroup) -> str:
    what = "; ".join(map(difference_text, group.differences[:3])) or some_of([*group.unmodelled, *group.not_known], most=3)
    return f"{group.some_targets}: {what}"


def _targets(folder: RunFolder, given: FleetGateInput) -> Sentence:
    """No target of the list is missing, or was read somewhere else than the list says."""
    read = {each.name: each.reference for each in folder.planned.targets}
    missing = [each.name for each in given.targets if each.name not in read]
    other = [each.name for each in given.targets if read.get(each.name, each.reference) != each.reference]
    wrong = [f"not in the run: {some_of(missing, most=_SHOWN)}"] if missing else []
    wrong += [f"read by another reference than listed: {some_of(other, most=_SHOWN)}"] if other else []
    if wrong:
        return fails("; ".join(wrong), _AGAIN)
    more = len(read) - len(given.targets)
    text = f"each of the {len(given.targets):,} listed targets is in the run" + (f", and {more:,} more" if more else "")
    return holds(text)


def _sources(folder: RunFolder, given: FleetGateInput) -> Iterator[Sentence]:
    """Whether targets were compared with what the owner's SQL of this tree, and of what it is merged into, makes."""
    plan, checkout = folder.planned.plan, given.checkout
    audited, project = plan.files, given.checkout.project
    if not audited:
        yield fails("the run does not name the files of the owner's SQL", _AGAIN)
        return
    try:
        here = expected_files(project)
    except SourceError as error:
        yield fails(f"owner: {error.where}: {error.what}", f"repair it; {_AGAIN}")
        return
    wrong = files_differ(audited, here)
    if wrong:
        yield fails(f"the owner's SQL is not what targets were compared with: {wrong}", _AGAIN)
    else:
        yield holds(f"{len(audited):,} files of the owner's SQL unchanged since the run")
    merges = merges_of(project, checkout.revision, checkout.merges)
    commits = list(folder.planned.commits.values())
    yield from merge_sentences(merges, audited, (), commits, again=_AGAIN, files_of=expected_files)
    if given.applied is None:
        yield remark("not applied again: --apply does so, and compares what it makes with expected.json")
    elif given.applied != plan.expected:
        text = f"the owner's SQL, applied here, is not what targets were compared with: {given.applied}"
        yield fails(text, _AGAIN)
    else:
        yield holds(f"the owner's SQL, applied here, is what targets were compared with ({plan.expected[:19]}…)")


def _settings(folder: RunFolder, given: FleetGateInput) -> Iterator[Sentence]:
    """Whether [scope], [rules] and the like were those of the policy, and whether this tree has no less."""
    project, revision = given.checkout.project, given.checkout.revision
    policy = policy_settings(project, revision)
    where = revision.named if revision else "this tree"
    if folder.planned.plan.settings == audited_digest(policy, file_name=project.path.name):
        yield holds(f"it was made with the {project.path.name} of {where}")
    else:
        text = f"it was made with other audit settings than those of {project.path.name} in {where}"
        yield fails(text, f"merge the settings into {where} first, or restore them; {_AGAIN}")
    if revision is not None:
        yield from tree_sentences(project, policy, where)


def _before(folder: RunFolder, given: FleetGateInput) -> RunFolder | None:
    """The last approved run; None where there is none. Raises AuditError where its evidence is not what was approved."""
    before = last_approved(folder, given.authority, now=given.now)
    if before is not None:
        _, facts, _ = read_statement(before)
        if sum_up(before, now=facts.generated_at).root != facts.root:
            what, todo = "is the last approved run, and its evidence was changed", "restore it, or move it away"
            raise AuditError(what, where=str(before.path), todo=todo)
    return before


@dataclass(slots=True, kw_only=True)
class _Databases:
    """Which databases the targets are, target by target."""

    before: RunFolder | None
    """The last approved run."""
    wrong: list[str] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)
    """Targets whose database is neither that of the last approved run nor another one."""

    def add(self, evidence: TargetEvidence, _leaf: bytes) -> None:
        """Compare the database with the one that the reference names, and with the one of the last approved run.

        Under another reference, which is that of the listed targets, it may be another one.
        """
        if evidence.comparison is None:
            return
        name, server = evidence.target, evidence.comparison.server
        parts = parse_reference(evidence.reference, where=name)
        named = conninfo_to_dict(parts.url).get("dbname") if parts.url is not None else parts.database
        if named is not None and named != server.database:
            self.wrong.append(f"{name}: {server.database}, but its reference names {named}")
        approved = self.before.evidence(name) if self.before else None
        known = approved.comparison.server if approved and approved.comparison else None
        if approved is None or known is None or approved.reference != evidence.reference or not known.system_identifier:
            self.unknown.append(name)
        elif (known.database, known.system_identifier) != (server.database, server.system_identifier):
            then, now = (f"{each.database} on server {each.system_identifier or 'unknown'}" for each in (known, server))
            self.wrong.append(f"{name}: {now}, but {then} in the last approved run")


def _server(databases: _Databases, *, is_pinned: bool) -> Iterator[Sentence]:
    wrong, unknown = databases.wrong, databases.unknown
    if wrong:
        text = f"other databases were read: {some_of(wrong, most=_SHOWN, between='; ')}"
        todo = "correct the reference, run the fleet and sign again; where a target has moved, list it by another reference"
        yield fails(text, todo)
    if is_pinned and unknown:
        text = f"not known from the last approved run, which the policy asks for: {some_of(unknown, most=_SHOWN)}"
        yield fails(text, "keep the last approved run in the folder that holds this one")
    elif not wrong and unknown:
        rest = f"; not known from the last approved run: {some_of(unknown, most=3)}" if databases.before else ""
        yield remark(f"each is the database that its reference names{rest}")
    elif not wrong:
        yield holds("each is the database of the last approved run")
