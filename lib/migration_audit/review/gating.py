"""The facts that the gate asks for: signed runs, the files of this tree and of its merge base, on request the database."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

from migration_audit import catalog, signoff
from migration_audit.artifacts.git.command import each_line_once
from migration_audit.artifacts.git.repository import first_link, is_ignored
from migration_audit.audit.facts.store import FOLDER as FACTS
from migration_audit.audit.facts.store import load_facts
from migration_audit.gate import IDENTITY, EnvironmentGate, Facts, RequirementKind, judge_environment
from migration_audit.model.enumeration import some_of
from migration_audit.model.errors import AuditError, SignoffError, UsageError
from migration_audit.model.evidence import Evidence
from migration_audit.model.finding import Phase, Verdict
from migration_audit.model.signoff import Sentence, SignedRun, fails, failures, holds
from migration_audit.model.snapshot import Snapshot, changes_between
from migration_audit.project import Environment, Project, resolve
from migration_audit.project.boundary import paths_below
from migration_audit.review import history
from migration_audit.review.checkout import Checkout
from migration_audit.review.signing import page_sentences, project_sentences, recomputed_sentences
from migration_audit.review.tree import ProposedTree, has_legacy
from migration_audit.runner.folders import is_run_name
from migration_audit.signoff import Authority

_OF_THE_RUN = frozenset(RequirementKind) - {
    RequirementKind.AGE,
    RequirementKind.SOURCES,
    RequirementKind.SETTINGS,
    RequirementKind.COMMIT,
    RequirementKind.LIVE,
}
"""What a run after the retirement goes on being asked for, whatever becomes of the files and as long as it may be."""


def required_environments(authority: Authority, names: Sequence[str], phase: Phase) -> tuple[Environment, ...]:
    """The environments that the gate asks for: those named, else all that the policy's audit.toml requires in this phase.

    Raises UsageError for a name that the policy's audit.toml does not have, and when there would be none at all.
    """
    project = authority.project
    if names:
        return tuple(project.environment(name) for name in dict.fromkeys(names))
    found = tuple(e for e in project.environments if phase in e.phases and authority.policy.of(e.name).required)
    if not found:
        raise UsageError(
            f"no environment is required in phase {phase.value}", where=authority.source, todo="name one with --env"
        )
    return found


def judge_runs(
    project: Project,
    authority: Authority,
    environments: Sequence[Environment],
    *,
    phase: Phase,
    live: bool,
    out: Path,
    checkout: Checkout | None = None,
    now: datetime | None = None,
) -> tuple[EnvironmentGate, ...]:
    """Each environment with its requirements; ``out`` is the folder of reports.

    ``checkout`` is what is judged where the project has several repositories.

    Raises AuditError where git cannot be asked, or with ``live`` a database.
    """
    _refuse_links(out, project.directory)
    given = _GateInput(
        project=project,
        authority=authority,
        checkout=checkout or Checkout.in_place(authority),
        phase=phase,
        live=live,
        out=out,
        now=now or datetime.now(UTC),
    )
    with each_line_once():
        known = dict.fromkeys([*(e.name for e in environments), *(e.name for e in authority.project.environments)])
        runs = {name: given.newest(name) for name in known}
        return tuple(given.judge(e, runs) for e in environments)


@dataclass(frozen=True, kw_only=True)
class _GateInput:
    project: Project
    authority: Authority
    checkout: Checkout
    phase: Phase
    live: bool
    out: Path
    now: datetime
    _signed: dict[str, list[SignedRun]] = field(default_factory=dict)

    def signed(self, environment: str) -> list[SignedRun]:
        """Every run that is among the signed ones of an environment, oldest first, whether it holds or not."""
        if environment not in self._signed:
            folder = self.out / signoff.SIGNED / environment
            _refuse_links(folder, self.project.directory)
            found = signoff.signed_folders(folder)
            for path in (path for each in found for path in (each, *paths_below(each))):
                _refuse_links(path, folder)
            self._signed[environment] = [signoff.read_signed_run(p, self.authority, now=self.now) for p in found]
        return self._signed[environment]

    def newest(self, environment: str) -> SignedRun | None:
        """The newest run that was signed for the environment in this phase, by the time in its evidence.

        One that does not hold is of every phase, and one without a time is the newest: neither makes room for an older one.
        """
        due = [r for r in self.signed(environment) if not _holds(r) or r.evidence is None or r.evidence.phase is self.phase]
        return max(due, key=_time_of, default=None)

    def judge(self, environment: Environment, runs: Mapping[str, SignedRun | None]) -> EnvironmentGate:
        run, authors = runs[environment.name], set[str]()
        lost, retired = self._lost(environment.name, run), self._retired(environment)
        facts = Facts(now=self.now, phase=self.phase.value, removed=lost, retired=retired)
        if run is not None and not (retired and retired.ok):
            more = (*recomputed_sentences(run), *project_sentences(run, self.authority), *_page(run))
            run = replace(run, sentences=(*run.sentences, *more))
            if run.evidence is not None and not failures(run.sentences):  # else it may be anything
                authors |= history.authors(run, self.authority, now=self.now)
                facts = replace(self._facts(environment, run, run.evidence, runs), removed=lost)
        needs = self.authority.policy.of(environment.name)
        roles = self.authority.policy.roles
        return judge_environment(environment.name, run, needs, roles=roles, authors=authors, facts=facts)

    def _retired(self, environment: Environment) -> Sentence | None:
        """Whether no legacy file is left, here and in the policy's revision, and a signed run after it holds."""
        project, name = self.authority.project, environment.name
        runs = [r for r in self.signed(name) if r.is_signed and r.evidence and r.evidence.phase is Phase.RETIRED]
        if self.phase is not Phase.PREFLIGHT or not runs or not project.legacy.is_applied:
            return None
        if has_legacy(self.checkout.project, self.checkout.revision, self.checkout.merges):
            return None
        after = replace(self, phase=Phase.RETIRED, live=False)
        run = max(runs, key=_time_of)
        gate = after.judge(environment, {each.name: after.newest(each.name) for each in project.environments})
        wrong = [r for r in gate.requirements if r.code and r.need in _OF_THE_RUN]
        if wrong:
            what = f"{run.name}, the last run after the retirement, does not hold: {wrong[0].text}"
            return fails(f"no legacy file is left, but {what}", wrong[0].todo)
        return holds(f"the retirement is done: no legacy file is left, and {run.name} was audited after the retirement")

    def _facts(
        self, environment: Environment, run: SignedRun, evidence: Evidence, runs: Mapping[str, SignedRun | None]
    ) -> Facts:
        tree = ProposedTree(
            project=self.checkout.project,
            revision=self.checkout.revision,
            merges=self.checkout.merges,
            phase=self.phase,
            evidence=evidence,
            folder=Path(run.folder),
        )
        signed = {each.name: each for each in self.signed(environment.name)}
        needs = self.authority.policy.of(environment.name)
        pins = {name: getattr(environment, name) for name in IDENTITY}
        return Facts(
            now=self.now,
            phase=self.phase.value,
            unsigned=self._unsigned(environment.name, run),
            refused=tuple(
                history.undone_decisions(
                    environment.name, run, signed, self.authority, below=self.project.directory, now=self.now
                )
            ),
            files=tuple(tree.files()),
            settings=tuple(tree.settings()),
            commit=tree.commit(),
            producer=signoff.judge_producer(
                Path(run.folder), needs, self.authority, now=self.now, generated_at=evidence.generated_at
            ),
            pins={name: pin for name, pin in pins.items() if pin is not None},
            approved_server=_server_of(history.last_approved(run, self.authority, now=self.now)),
            same_server=_same_server(environment.name, run, runs),
            live=self._live(environment, evidence, Path(run.folder)) if self.live else None,
        )

    def _unsigned(self, environment: str, run: SignedRun) -> str | None:
        """The verdict of the newest unsigned run of this phase, when it is newer than the signed one."""
        folder = self.out / environment
        found = [(p, signoff.evidence_of(p)) for p in folder.iterdir() if p.is_dir()] if folder.is_dir() else []
        if any(evidence is None and is_run_name(path.name) and path.name > run.name for path, evidence in found):
            return Verdict.INCOMPLETE.value
        due = [each for _, each in found if each is not None and each.phase is self.phase]
        newest = max(due, key=lambda each: each.generated_at, default=None)
        return newest.verdict.value if newest and newest.generated_at > run.generated_at else None

    def _lost(self, environment: str, run: SignedRun | None) -> tuple[str, ...]:
        """What was signed for this environment and is missing here or differs, apart from the run itself.

        The policy's revision says what was signed: a branch cannot leave out signatures that are inconvenient.
        """
        others = (each for each in self.signed(environment) if run is None or each.name != run.name)
        lost = [each.name for each in others if not _holds(each)]
        if (revision := self.authority.revision) is not None:
            there = self.authority.project.report_out / signoff.SIGNED / environment
            missing = revision.missing_in(self.out / signoff.SIGNED / environment, of=there)
            lost += [str(path) for path in missing if path.name != signoff.SIGNED_PAGE]
        return tuple(f"{signoff.SIGNED}/{environment}/{each}" for each in lost)

    def _live(self, environment: Environment, evidence: Evidence, folder: Path) -> Sentence:
        audited = evidence.snapshots.get("live")
        try:
            conninfo = resolve(environment, os.environ)
            limit = environment.statement_timeout * 1000
            snapshot = catalog.with_connection(conninfo, catalog.read_snapshot, statement_timeout_ms=limit).snapshot
        except AuditError as error:
            raise AuditError(f"--live: {error.what}", where=error.where or environment.name, todo=error.todo) from error
        for name in IDENTITY:
            now, then = getattr(snapshot.server, name), getattr(evidence.server, name, None)
            if now != then:
                text = f"this is a different database: its {name.replace('_', ' ')} is {now}, but {then} was audited"
                return fails(text, "check the connection, or audit this database and sign that run")
        if snapshot.digest != audited:
            text = f"its catalog has changed since it was audited: {_changes(folder, snapshot)}"
            return fails(text, "audit again, and sign the new run")
        return holds(f"read now, and unchanged since the audit ({snapshot.digest[:19]}…)")


def _changes(folder: Path, now: Snapshot) -> str:
    """How the database differs from the facts of the run, which its statement covers."""
    facts = load_facts(folder / FACTS, "environment")
    audited = facts["live"] if facts else None
    found = changes_between(audited, now) if isinstance(audited, Snapshot) else ()
    return some_of(found, most=10, between="; ") or "the facts of the run do not show what"


def _time_of(run: SignedRun) -> tuple[datetime, str]:
    return run.generated_at, run.name


def _refuse_links(folder: Path, below: Path) -> None:
    """A link in place of the reports could lead to other ones."""
    link = first_link(folder, below=below if folder.is_relative_to(below) else folder.parent)
    if link is not None:
        what, todo = "is a symbolic link, and signed runs are not read through links", "replace it with the folder itself"
        raise SignoffError(what, where=str(link), todo=todo)


def _page(run: SignedRun) -> Iterator[Sentence]:
    """Notes on the signed-off page; one that git ignores was made here, and is not part of the proposal."""
    is_local = is_ignored(Path(run.folder) / signoff.SIGNED_PAGE)
    for sentence in page_sentences(Path(run.folder), run):
        yield replace(sentence, ok=None) if is_local and sentence.ok is False else sentence


def _holds(run: SignedRun) -> bool:
    return run.is_signed and run.is_intact


def _server_of(run: SignedRun | None) -> dict[str, str]:
    """The names under which a server is pinned, as far as they are known."""
    server = run.evidence.server if run and run.evidence else None
    found = {name: getattr(server, name, None) for name in IDENTITY}
    return {name: value for name, value in found.items() if value}


def _same_server(environment: str, run: SignedRun, runs: Mapping[str, SignedRun | None]) -> str | None:
    own = _server_of(run)
    others = (name for name, other in runs.items() if name != environment and _server_of(other) == own)
    return next(others, None) if len(own) == 2 else None
