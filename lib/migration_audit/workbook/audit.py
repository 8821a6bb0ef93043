"""One audit of one environment, as the notebooks hold it: facts are made on first use and kept for the next notebook."""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import cached_property
from pathlib import Path
from typing import Any

from migration_audit.checks import ALL, judge
from migration_audit.compare import Rules
from migration_audit.model.finding import CheckResult, Outcome, Phase, Unavailable
from migration_audit.model.snapshot import ServerIdentity, Snapshot
from migration_audit.project import Environment, Project
from migration_audit.workbook.keep import KeptPreflight, keep_live, keep_preflight, kept_live, kept_preflight
from migration_audit.workbook.live import Live, read_live
from migration_audit.workbook.preflight import Preflight, run_preflight

_LIVE_FAMILIES = ("LIV",)
_PREFLIGHT_FAMILIES = ("SQL", "COV")


class Audit:
    """Everything that the notebooks of one environment share.

    ``folder`` is where facts are kept between notebooks; None for a notebook that somebody runs on its own.
    """

    def __init__(
        self,
        project: Project,
        *,
        environment: Environment | None,
        phase: Phase,
        folder: Path | None,
        progress: Callable[[str], None] | None = None,
    ) -> None:
        """Nothing is read or started yet."""
        self.project = project
        self.environment = environment
        self.phase = phase
        self.folder = folder
        self._progress = progress or on_stderr

    @property
    def environment_name(self) -> str:
        """The environment's name; raises ValueError for an audit that was opened without one."""
        if self.environment is None:
            raise ValueError("this notebook was opened without an environment")
        return self.environment.name

    @property
    def rules(self) -> Rules:
        """The weights of differences, with this project's overrides."""
        return Rules().override(self.project.rules)

    @cached_property
    def fresh_preflight(self) -> Preflight:
        """The pre-flight, executed now: both sources on real servers."""
        return run_preflight(self.project, rules=self.rules, progress=self._progress)

    @cached_property
    def preflight(self) -> KeptPreflight:
        """The pre-flight's facts: those that an earlier notebook of this run kept, else executed now."""
        kept = kept_preflight(self.folder) if self.folder else None
        if kept is not None:
            return kept
        found = self.fresh_preflight
        results = judge(_of(_PREFLIGHT_FAMILIES), self._preflight_inputs(found), self.phase)
        made = KeptPreflight(
            shadow=found.shadow,
            sources=found.sources,
            legacy=found.legacy,
            owner=found.owner,
            owner_origins=found.owner_origins,
            results=results,
        )
        if self.folder:
            keep_preflight(self.folder, made)
        return made

    @cached_property
    def live(self) -> Live:
        """The live database, read now."""
        environment = self.project.environment(self.environment_name)
        return read_live(self.project, environment, owner=self.preflight.owner)

    @cached_property
    def live_results(self) -> tuple[CheckResult, ...]:
        """The LIV checks on the live database as it is now."""
        results = judge(_of(_LIVE_FAMILIES), self._live_inputs(), self.phase)
        if self.folder:
            keep_live(self.folder, self.live.live, results)
        return results

    @cached_property
    def live_summary(self) -> tuple[ServerIdentity | None, str | None, tuple[CheckResult, ...]]:
        """Server, snapshot digest and results of the live part: kept by an earlier notebook, else made now."""
        kept = kept_live(self.folder) if self.folder else None
        if kept is not None:
            return kept
        results, live = self.live_results, self.live.live
        return (live.server, live.digest, results) if isinstance(live, Snapshot) else (None, None, results)

    @property
    def results(self) -> tuple[CheckResult, ...]:
        """All results of this environment, pre-flight first."""
        return (*self.preflight.results, *self.live_summary[2])

    def _preflight_inputs(self, found: Preflight) -> dict[str, Any]:
        names = (
            *("sources", "legacy_applied", "owner_applied", "legacy", "owner"),
            *("legacy_origins", "owner_origins", "coverage", "witness", "repeats", "orders", "probes"),
        )
        return {**{name: getattr(found, name) for name in names}, "project": self.project}

    def _live_inputs(self) -> dict[str, Any]:
        live, before = self.live, self.preflight
        sources: dict[str, Any] = {"legacy": before.sources, "owner": before.sources}
        if not isinstance(before.sources, Unavailable):
            sources = {source.role: source for source in before.sources}
        return {
            **{n: getattr(live, n) for n in ("live", "live_drift", "excluded", "owner_ledger", "legacy_ledger")},
            "legacy": before.legacy,
            "owner": before.owner,
            "owner_origins": before.owner_origins,
            "legacy_source": sources["legacy"],
            "owner_source": sources["owner"],
            "project": self.project,
            "environment": self.environment or Unavailable(reason="no environment was named", outcome=Outcome.ERRORED),
        }


def _of(families: tuple[str, ...]) -> list[Any]:
    return [check for check in ALL if check.id[:3] in families]


def on_stderr(line: str) -> None:
    """What takes long (an installation), told where the program's own messages go."""
    sys.stderr.write(f"· {line}\n")
    sys.stderr.flush()
