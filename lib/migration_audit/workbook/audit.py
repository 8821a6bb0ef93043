"""One audit of one environment, as the notebooks hold it: facts are made on first use and kept for the next notebook."""

from __future__ import annotations

import sys
from collections.abc import Callable
from datetime import UTC, datetime
from functools import cached_property, partial
from pathlib import Path
from typing import Any

from migration_audit.checks import judge
from migration_audit.compare import Rules
from migration_audit.gate import apply_waivers
from migration_audit.model.finding import CheckResult, Outcome, Phase, Unavailable
from migration_audit.model.image import Boot
from migration_audit.model.snapshot import ServerIdentity, Snapshot
from migration_audit.model.waiver import WaiverUse
from migration_audit.project import Environment, Project
from migration_audit.report import rehearsed_rows
from migration_audit.report.boot_tables import RehearsedRow
from migration_audit.workbook.artifact_digests import artifact_digests, report_digests
from migration_audit.workbook.asks import live_checks, shared_checks, waiver_checks
from migration_audit.workbook.boot import boot_inputs
from migration_audit.workbook.directus import directus_inputs
from migration_audit.workbook.documents import documents_inputs
from migration_audit.workbook.keep import (
    KeptPreflight,
    keep_live,
    keep_preflight,
    keep_rehearsal,
    kept_commands,
    kept_live,
    kept_preflight,
    kept_rehearsal,
)
from migration_audit.workbook.live import Live, read_live
from migration_audit.workbook.owner_alone import is_legacy_gone, run_owner_alone
from migration_audit.workbook.port import kept, with_fixes
from migration_audit.workbook.preflight import Preflight, run_preflight
from migration_audit.workbook.rehearsals import rehearsal_inputs
from migration_audit.workbook.retirement import retirement_inputs
from migration_audit.workbook.together import together


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
        if self.phase is Phase.RETIRED and is_legacy_gone(self.project):
            return run_owner_alone(self.project, progress=self._progress)
        return run_preflight(self.project, rules=self.rules, progress=self._progress)

    @cached_property
    def preflight(self) -> KeptPreflight:
        """The pre-flight's facts: those that an earlier notebook of this run kept, else executed now."""
        before = kept_preflight(self.folder) if self.folder else None
        if before is not None:
            return before
        # Each starts servers of its own and mostly waits for them.
        together(partial(getattr, self), ("fresh_preflight", "rehearsals"))
        found = self.fresh_preflight
        port = kept(found.port, expected=self.project.legacy.name, actual=self.project.owner.name)
        judged = judge(shared_checks(), self._preflight_inputs(found), self.phase)
        results = with_fixes(judged, port)
        made = KeptPreflight(
            shadow=found.shadow,
            sources=found.sources,
            legacy=found.legacy,
            owner=found.owner,
            owner_origins=found.owner_origins,
            prelude=found.prelude,
            results=results,
            port=port,
            rows=None if isinstance(found.rows, Unavailable) else found.rows.to_json(),
            artifacts=artifact_digests(self.project, self.boot),
            reports=report_digests(self.project),
        )
        if self.folder:
            keep_preflight(self.folder, made)
            keep_rehearsal(self.folder, self.rehearsed)
        return made

    @cached_property
    def live(self) -> Live:
        """The live database, read now."""
        environment = self.project.environment(self.environment_name)
        return read_live(self.project, environment, owner=self.preflight.owner, prelude=self.preflight.prelude)

    @cached_property
    def live_results(self) -> tuple[CheckResult, ...]:
        """The checks about the live database as it is now."""
        results = judge(live_checks(), self._live_inputs(), self.phase)
        if self.folder:
            keep_live(self.folder, self.live.live, results)
        return results

    @cached_property
    def live_summary(self) -> tuple[ServerIdentity | None, str | None, tuple[CheckResult, ...]]:
        """Server, snapshot digest and results of the live part: kept by an earlier notebook, else made now."""
        before = kept_live(self.folder) if self.folder else None
        if before is not None:
            return before
        results, live = self.live_results, self.live.live
        return (live.server, live.digest, results) if isinstance(live, Snapshot) else (None, None, results)

    @property
    def results(self) -> tuple[CheckResult, ...]:
        """All results of this environment, pre-flight first, what is waived marked, and what became of the waivers last."""
        marked, uses = self._waived
        asked = Unavailable(reason="audit.toml has no [[waiver]] for this environment", required=False)
        return (*marked, *judge(waiver_checks(), {"waivers": uses or asked}, self.phase))

    @property
    def waivers(self) -> tuple[WaiverUse, ...]:
        """What became of each waiver of this environment."""
        return self._waived[1]

    @cached_property
    def _waived(self) -> tuple[tuple[CheckResult, ...], tuple[WaiverUse, ...]]:
        results = (*self.preflight.results, *self.live_summary[2])
        today = datetime.now(UTC).date()
        return apply_waivers(results, self.project.waivers, environment=self.environment_name, today=today)

    @cached_property
    def boot(self) -> dict[str, Any]:
        """What the files say about the boot of a fresh stack, by the names under which checks ask for it."""
        return boot_inputs(self.project)

    @cached_property
    def rehearsals(self) -> dict[str, Any]:
        """The rehearsals, executed now."""
        return rehearsal_inputs(self.project, phase=self.phase, progress=self._progress)

    @cached_property
    def rehearsed(self) -> list[RehearsedRow] | Unavailable:
        """How the writer's statements fared: kept by an earlier notebook, else rehearsed now."""
        before = kept_rehearsal(self.folder) if self.folder else None
        if before is not None:
            return before
        rehearsal = self.rehearsals["rehearsal"]
        return rehearsal if isinstance(rehearsal, Unavailable) else rehearsed_rows(rehearsal)

    @cached_property
    def directus(self) -> dict[str, Any]:
        """The Directus snapshot beside this environment, by the names under which checks ask for it."""
        boot = self.boot["owner_boot"]
        return directus_inputs(
            self.project,
            owner=self.preflight.owner,
            owner_origins=self.preflight.owner_origins,
            live=self.live.live,
            directus=self.live.directus,
            image=self.boot["owner_image"] if self.project.boot else None,
            run=(boot.run if isinstance(boot, Boot) else boot) if self.project.boot else None,
            variables=self.boot["owner_variables"] if self.project.boot else None,
        )

    def _preflight_inputs(self, found: Preflight) -> dict[str, Any]:
        names = (
            *("sources", "legacy_applied", "owner_applied", "legacy", "owner"),
            *("legacy_origins", "owner_origins", "coverage", "witness", "repeats", "orders", "probes", "destructions"),
            *("statements", "undone", "rows"),
        )
        commands = kept_commands(self.folder) if self.folder else None
        return {
            **{name: getattr(found, name) for name in names},
            **self.boot,
            **retirement_inputs(self.project),
            **documents_inputs(self.project, commands=commands),
            **self.rehearsals,
            "project": self.project,
        }

    def _live_inputs(self) -> dict[str, Any]:
        live, before = self.live, self.preflight
        sources: dict[str, Any] = {"legacy": before.sources, "owner": before.sources}
        if not isinstance(before.sources, Unavailable):
            sources = {source.role: source for source in before.sources}
        return {
            **{n: getattr(live, n) for n in ("live", "live_drift", "excluded", "owner_ledger", "legacy_ledger")},
            **{n: getattr(live.rights, n) for n in ("obstacles", "writer_access", "probe_rights")},
            **self.boot,
            **self.directus,
            "legacy": before.legacy,
            "owner": before.owner,
            "owner_origins": before.owner_origins,
            "legacy_source": sources["legacy"],
            "owner_source": sources["owner"],
            "project": self.project,
            "environment": self.environment or Unavailable(reason="no environment was named", outcome=Outcome.ERRORED),
        }


def on_stderr(line: str) -> None:
    """What takes long (an installation), told where the program's own messages go."""
    sys.stderr.write(f"· {line}\n")
    sys.stderr.flush()
