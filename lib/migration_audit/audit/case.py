"""What follows from the facts of one audit: comparisons, results, verdict. Nothing is read, so it can be done again.

A run, which gathers facts, and ``verify`` and ``gate``, which check them afterwards, compute the rest by this code.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from functools import cached_property

from migration_audit.audit.coverage import Coverage, coverage_of, scoped_drift
from migration_audit.audit.facts.types import (
    EnvironmentComputed,
    EnvironmentFacts,
    SharedComputed,
    SharedFacts,
    WaiverComputed,
)
from migration_audit.checks import ALL, judge
from migration_audit.compare import Rules
from migration_audit.directus.agreement import RehearsedBoots, rehearsed_boots
from migration_audit.directus.boots import DirectusBoots, compute_boots
from migration_audit.gate import apply_waivers, decide
from migration_audit.model.drift import Drift
from migration_audit.model.evidence import Evidence
from migration_audit.model.finding import (
    Check,
    CheckResult,
    Excluded,
    Finding,
    Outcome,
    Phase,
    Unavailable,
    Verdict,
    WaiverUse,
)
from migration_audit.model.port import SavedPort
from migration_audit.model.preflight import SourceFacts
from migration_audit.model.snapshot import Snapshot
from migration_audit.project import Environment, Project

_NO_ENVIRONMENT = Unavailable(reason="no environment was named", outcome=Outcome.ERRORED)
_NO_SOURCE = Unavailable(reason="the facts do not list its files", outcome=Outcome.ERRORED)
_NO_WAIVER = Unavailable(reason="audit.toml has no [[waiver]] for this environment", required=False)
_OF_ENVIRONMENT = EnvironmentFacts.__annotations__.keys() | EnvironmentComputed.__annotations__.keys() - {"project"}
_OF_WAIVERS = WaiverComputed.__annotations__.keys()


class Case(ABC):
    """The facts of one project, and of one of its environments where one was named, with what follows from them."""

    project: Project
    environment: Environment | None
    phase: Phase

    @property
    @abstractmethod
    def evidence(self) -> Evidence:
        """What the run says of itself, with its results."""

    @property
    @abstractmethod
    def shared(self) -> SharedFacts:
        """The facts that are the same for every environment."""

    @property
    @abstractmethod
    def own(self) -> EnvironmentFacts:
        """The facts of the environment."""

    @property
    @abstractmethod
    def today(self) -> date:
        """The day by which waivers are judged: that of the evidence."""

    def seal(self) -> None:
        """Leave a mark in the run's folder that every notebook reached its end; nothing where facts are only shown."""
        return

    @property
    def environment_name(self) -> str:
        """The environment's name; raises ValueError for an audit that was opened without one."""
        if self.environment is None:
            raise ValueError("this notebook is open without an environment")
        return self.environment.name

    @property
    def opened_facts(self) -> tuple[tuple[str, str], ...]:
        """Project, phase, environment, database and time of reading, each with its name; what it names is read."""
        if self.environment is None:
            on, read_at = f"both sides on {self.shared['shadow']}", self.shared["gathered_at"]
        else:
            live = self.live
            on, read_at = (
                f"not read: {live.reason}" if isinstance(live, Unavailable) else live.server.described,
                self.own["read_at"],
            )
        return (*self._named, ("Database", on), ("Read at", read_at))

    @property
    def _named(self) -> tuple[tuple[str, str], ...]:
        environment = "none: SQL alone" if self.environment is None else self.environment.name
        return (("Project", self.project.name), ("Phase", self.phase.value), ("Environment", environment))

    @property
    def _is_read(self) -> bool:
        """Whether the facts that ``opened_facts`` names are there already."""
        return ("own" if self.environment is not None else "shared") in self.__dict__

    def __repr__(self) -> str:
        """Project, phase, environment, and database and time where they were read; reads nothing."""
        facts = self.opened_facts if self._is_read else (*self._named, ("Read at", "not read yet"))
        return "Audit\n" + "\n".join(f"  {name:11}  {value}" for name, value in facts)

    @property
    def rules(self) -> Rules:
        """The weights of differences, with this project's overrides."""
        return Rules().override(self.project.rules)

    @property
    def legacy(self) -> Snapshot | Unavailable:
        """The catalog that the legacy side makes."""
        return self.shared["legacy"]

    @property
    def no_legacy(self) -> Unavailable | None:
        """Why the legacy side cannot be compared: after the deletion its SQL is gone, and its snapshot is empty."""
        is_empty = isinstance(self.legacy, Snapshot) and not self.legacy.objects
        return self.shared["no_coverage"] if is_empty and self.phase is Phase.RETIRED else None

    @property
    def owner(self) -> Snapshot | Unavailable:
        """The catalog that the owner's SQL makes."""
        return self.shared["owner"]

    @property
    def live(self) -> Snapshot | Unavailable:
        """The catalog of the live database."""
        return self.own["live"]

    @cached_property
    def coverage(self) -> Drift | Unavailable:
        """The legacy side looked up in the owner's."""
        gone = self.shared["no_coverage"]
        if gone is not None and self.phase is Phase.RETIRED:
            return gone
        return self._coverage.drift

    @property
    def coverage_sides(self) -> tuple[Snapshot | Unavailable, Snapshot | Unavailable]:
        """The legacy side and the owner's as coverage compares them: without the ledgers of runners."""
        return self._coverage.sides

    @cached_property
    def _coverage(self) -> Coverage:
        return coverage_of(self.project, self.legacy, self.owner, rules=self.rules)

    @cached_property
    def _scoped(self) -> tuple[Drift | Unavailable, tuple[Excluded, ...] | Unavailable]:
        if isinstance(self.live, Unavailable):
            return self.live, self.live
        return scoped_drift(self.project, owner=self.owner, live=self.live, prelude=self.shared["prelude"])

    @property
    def live_drift(self) -> Drift | Unavailable:
        """What the owner's SQL makes, looked up in the live database, in scope."""
        return self._scoped[0]

    @property
    def excluded(self) -> tuple[Excluded, ...] | Unavailable:
        """How many live objects each rule leaves out."""
        return self._scoped[1]

    @cached_property
    def shared_results(self) -> tuple[CheckResult, ...]:
        """The checks whose answer is the same for every environment, with the SQL of a proven port."""
        computed: SharedComputed = {"coverage": self.coverage, "project": self.project}
        return with_fixes(judge(shared_checks(), {**self.shared, **computed}, self.phase), self.shared["port"])

    @cached_property
    def live_results(self) -> tuple[CheckResult, ...]:
        """The checks about the environment."""
        return judge(live_checks(), {**self.shared, **self.own, **self._computed()}, self.phase)

    @cached_property
    def _directus_boots(self) -> DirectusBoots | Unavailable:
        return directus_boots(self.shared, self.own, self.environment)

    @cached_property
    def directus_rehearsed(self) -> RehearsedBoots | Unavailable:
        """What the real Directus did on throw-away databases, in addition to what was computed."""
        if self.environment is None:
            return _NO_ENVIRONMENT
        return directus_rehearsed(self.shared, self.own, self.environment, self._directus_boots)

    def _computed(self) -> EnvironmentComputed:
        sources = self.shared["sources"]
        by_role: dict[str, SourceFacts | Unavailable] = dict.fromkeys(("legacy", "owner"), _NO_SOURCE)
        if isinstance(sources, Unavailable):
            by_role = dict.fromkeys(by_role, sources)
        else:
            by_role |= {source.role: source for source in sources}
        return {
            "live_drift": self.live_drift,
            "excluded": self.excluded,
            "directus_boots": self._directus_boots,
            "directus_rehearsed": self.directus_rehearsed,
            "legacy_source": by_role["legacy"],
            "owner_source": by_role["owner"],
            "project": self.project,
            "environment": self.environment or _NO_ENVIRONMENT,
        }

    @cached_property
    def _waived(self) -> tuple[tuple[CheckResult, ...], tuple[WaiverUse, ...]]:
        results = (*self.shared_results, *self.live_results)
        return apply_waivers(results, self.project.waivers, environment=self.environment_name, today=self.today)

    @property
    def waivers(self) -> tuple[WaiverUse, ...]:
        """What became of each waiver of this environment."""
        return self._waived[1]

    @cached_property
    def results(self) -> tuple[CheckResult, ...]:
        """All results of this environment, what is waived marked, and what became of the waivers last."""
        marked, uses = self._waived
        computed: WaiverComputed = {"waivers": uses or _NO_WAIVER}
        return (*marked, *judge(waiver_checks(), computed, self.phase))

    @property
    def verdict(self) -> Verdict:
        """What the results amount to."""
        return decide(self.results)


def directus_boots(
    shared: SharedFacts, own: EnvironmentFacts, environment: Environment | None
) -> DirectusBoots | Unavailable:
    """What the next boots of Directus do, computed; the first reason where a fact is not there."""
    snapshot, target = own["directus_snapshot"], own["directus_target"]
    runtime, live = own["directus_runtime"], own["directus_live"]
    if isinstance(snapshot, Unavailable):
        return snapshot
    if isinstance(target, Unavailable):
        return target
    if isinstance(runtime, Unavailable):
        return runtime
    if isinstance(live, Unavailable):
        return live
    owner = shared["directus_owner"]
    return compute_boots(
        snapshot.body,
        target,
        runtime,
        environment=environment.name if environment else "the environment",
        live=live.database,
        owner=None if isinstance(owner, Unavailable) else owner,
        why_not_live=live.reason,
    )


def directus_rehearsed(
    shared: SharedFacts, own: EnvironmentFacts, environment: Environment, boots: DirectusBoots | Unavailable
) -> RehearsedBoots | Unavailable:
    """What the real Directus did on throw-away databases, in addition to what was computed; else why it was not run."""
    snapshot, raw = own["directus_snapshot"], own["raw_tables"]
    return rehearsed_boots(
        own["directus_rehearsal"],
        shared["fresh_rehearsal"],
        environment=environment.name,
        boots=boots,
        file=None if isinstance(snapshot, Unavailable) else snapshot.body,
        target=own["directus_target"],
        runtime=own["directus_runtime"],
        raw=frozenset() if isinstance(raw, Unavailable) else frozenset(table.key for table in raw),
    )


def shared_checks() -> tuple[Check, ...]:
    """The checks whose answer is the same for every environment."""
    return tuple(check for check in ALL if (_OF_ENVIRONMENT | _OF_WAIVERS).isdisjoint(check.inputs))


def live_checks() -> tuple[Check, ...]:
    """The checks about one environment."""
    return tuple(check for check in ALL if not _OF_ENVIRONMENT.isdisjoint(check.inputs))


def waiver_checks() -> tuple[Check, ...]:
    """The checks about what became of all the others."""
    return tuple(check for check in ALL if not _OF_WAIVERS.isdisjoint(check.inputs))


def with_fixes(results: tuple[CheckResult, ...], port: SavedPort | Unavailable | None) -> tuple[CheckResult, ...]:
    """The results with the SQL of the proven port next to each coverage finding that it settles."""
    fixes = {f"{kind}:{key}": sql for kind, key, sql in port.fixes} if isinstance(port, SavedPort) else {}
    return tuple(
        replace(result, findings=tuple(_fixed(finding, fixes) for finding in result.findings))
        if fixes and result.id.startswith("COV")
        else result
        for result in results
    )


def _fixed(finding: Finding, fixes: Mapping[str, str]) -> Finding:
    about = finding.key.partition(":")[2]
    sql = fixes.get(about) or fixes.get(about.rpartition(":")[0])
    return replace(finding, fix_sql=sql) if sql else finding
