"""The verbs that notebooks call; ``workbook`` hands them out."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from migration_audit import checks as all_checks
from migration_audit.audit.case import Case
from migration_audit.compare import in_scope
from migration_audit.model.finding import CheckResult, Outcome, Unavailable
from migration_audit.model.snapshot import NotRead, Snapshot
from migration_audit.model.timescale import Dimension
from migration_audit.report.banner import Banner
from migration_audit.report.boot_tables import (
    boot_figure,
    boot_table,
    directus_rehearsal_table,
    rehearsal_table,
    rehearsed_rows,
)
from migration_audit.report.check_tables import check_table, findings_table, work_list_table
from migration_audit.report.listings import (
    PortBlock,
    audit_table,
    catalogue_table,
    digest_table,
    environment_table,
    evidence_table,
    scope_table,
    statement_table,
    unavailable,
)
from migration_audit.report.object_tables import constraint_table, difference_table, index_table
from migration_audit.report.probe_figure import coverage_figure, probe_figure
from migration_audit.report.rows import rows_table, source_table
from migration_audit.report.setting_tables import column_table, extension_table, hypertable_table
from migration_audit.report.timeline import chunk_timelines
from migration_audit.report.triage import family, triage
from migration_audit.workbook.explore import (
    checks,
    columns,
    compare,
    coverage,
    differences,
    differences_frame,
    engine,
    findings,
    frame,
    probes,
    refresh,
    show,
    side,
    sides,
)
from migration_audit.workbook.interactive import browse, pick
from migration_audit.workbook.session import open_audit

__all__ = [
    "browse",
    "checks",
    "columns",
    "compare",
    "coverage",
    "differences",
    "differences_frame",
    "engine",
    "findings",
    "frame",
    "open_audit",
    "pick",
    "probes",
    "refresh",
    "seal",
    "show",
    "show_audit",
    "show_boot",
    "show_catalogue",
    "show_checks",
    "show_chunks",
    "show_column_types",
    "show_constraints",
    "show_coverage",
    "show_differences",
    "show_digests",
    "show_directus_rehearsal",
    "show_environments",
    "show_evidence",
    "show_extensions",
    "show_findings",
    "show_hypertables",
    "show_index_sets",
    "show_port",
    "show_probes",
    "show_rehearsal",
    "show_rows",
    "show_scope",
    "show_sources",
    "show_stack",
    "show_statements",
    "show_verdict",
    "show_work_list",
    "side",
    "sides",
]


def show_audit(audit: Case) -> Any:
    """What the notebook is about: project, environment, database, and when it was read. Reads what it names."""
    return audit_table(audit.opened_facts)


def show_sources(audit: Case) -> Any:
    """The SQL files of both sides with their digests."""
    return _shown(audit.shared["sources"], source_table)


def show_statements(audit: Case) -> Any:
    """Each legacy statement, and how the owner's SQL has it: in its words, in its effect, otherwise or not at all."""
    return _shown(audit.shared["statements"], statement_table)


def show_checks(audit: Case, *families: str) -> Any:
    """How each check of these families (``SQL``, ``COV``, ``LIV``, ``BOOT``, …) ended; all of them by default."""
    return check_table(_results(audit, families))


def show_findings(audit: Case, *families: str, brief: bool = False) -> Any:
    """What the failed checks of these families found, blockers first; ``brief`` leaves out values and SQL."""
    return findings_table(_results(audit, families), brief=brief)


def show_column_types(audit: Case) -> Any:
    """Column types side by side: legacy against owner, or, where an environment is named, owner against live."""
    if audit.environment is None:
        return _unavailable(audit.no_legacy) if audit.no_legacy else _both(*audit.coverage_sides, column_table)
    return _both(audit.owner, audit.live, lambda a, b: column_table(a, _scoped(audit, b)))


def show_index_sets(audit: Case) -> Any:
    """Which index is on which side, and where its definition is another."""
    return _sides(audit, index_table)


def show_hypertables(audit: Case) -> Any:
    """Dimensions, chunk intervals and partitions of each hypertable, side by side."""
    return _sides(audit, hypertable_table)


def show_constraints(audit: Case) -> Any:
    """Which constraint is on which side, and where its definition is another."""
    return _sides(audit, constraint_table)


def show_extensions(audit: Case) -> Any:
    """Extensions with their versions, side by side."""
    return _sides(audit, extension_table)


def show_differences(audit: Case) -> Any:
    """Every difference with its attributes: coverage, or, where an environment is named, drift; named findings folded."""
    drift = audit.coverage if audit.environment is None else audit.live_drift
    keys = [finding.key for result in _results(audit, ()) for finding in result.findings]
    return _shown(drift, lambda found: difference_table(found, findings=keys))


def show_coverage(audit: Case) -> Any:
    """How much of each kind is the same: legacy in the owner's, or, where an environment is named, the owner's in live."""
    environment = audit.environment
    if environment is None:
        return _shown(audit.coverage, lambda drift: coverage_figure(drift, expected="legacy", actual="owner"))
    return _shown(audit.live_drift, lambda drift: coverage_figure(drift, expected="owner", actual=environment.name))


def show_rows(audit: Case) -> Any:
    """The rows that the legacy SQL leaves in tables, looked up on the owner's side: counts and digests, never values."""
    return _shown(audit.shared["rows"], rows_table)


def show_port(audit: Case) -> Any:
    """What the owner's next file would have to say so that the owner covers the legacy side, and whether that is proven."""
    return _shown(audit.shared["port"], PortBlock)


def show_stack(audit: Case) -> Any:
    """In which order the containers of the Compose files start, and the owner's steps."""
    settings = audit.project.boot
    steps, owner = (settings.steps, settings.owner_service) if settings else ((), None)
    boot = audit.shared["owner_boot"]
    return _shown(audit.shared["stack"], lambda stack: boot_figure(stack, boot, steps, owner=owner))


def show_boot(audit: Case) -> Any:
    """The commands that a start of the owner's container runs, in order."""
    settings = audit.project.boot
    return _shown(audit.shared["owner_boot"], lambda boot: boot_table(boot, settings.steps if settings else ()))


def show_rehearsal(audit: Case) -> Any:
    """How the writer's statements fared on the owner's schema, and without it."""
    return _shown(audit.shared["rehearsal"], lambda found: rehearsal_table(rehearsed_rows(found)))


def show_probes(audit: Case) -> Any:
    """Which index each ON CONFLICT of the writer uses on the owner's schema, and whether the environment has it so."""
    name = audit.environment.name if audit.environment is not None else None
    owner, live = (
        side if isinstance(side, Snapshot) else None for side in (audit.shared["owner"], audit.live if name else None)
    )
    return _shown(audit.shared["probes"], lambda probes: probe_figure(probes, owner=owner, live=live, environment=name))


def show_directus_rehearsal(audit: Case) -> Any:
    """What the real Directus did with the snapshot file, boot by boot, next to what the model predicts."""
    return _shown(audit.directus_rehearsed, directus_rehearsal_table)


def show_work_list(audit: Case) -> Any:
    """What the deletion has to touch, file and line: the findings of checks that are not due yet."""
    return work_list_table(_results(audit, ("RET", "DOC", "CMD")))


def show_scope(audit: Case) -> Any:
    """What is live and out of scope, counted by the rule that says so."""
    return _shown(audit.excluded, scope_table)


def show_chunks(audit: Case) -> Any:
    """The chunks of each hypertable of the live database over time."""
    return _shown(audit.live, lambda live: _timelines(live, audit.owner))


def show_verdict(audit: Case) -> Any:
    """The verdict of this environment, and what it rests on."""
    held = triage(audit.results)
    return Banner(
        verdict=audit.verdict,
        environment=audit.environment_name,
        blockers=[finding for result in held.blockers for finding in result.findings if finding.waived is None],
        warnings=[finding for result in held.warnings for finding in result.findings],
        incomplete_reasons=[f"{one.check}: {one.reason}" for one in held.undecided],
        not_looked_at=[str(cause) for cause in held.not_looked_at],
    )


def show_environments(audit: Case) -> Any:
    """The environments of audit.toml and the names under which their connections are found."""
    return environment_table(audit.project.environments)


def show_catalogue() -> Any:
    """Every check that there is."""
    return catalogue_table(all_checks.ALL)


def show_digests(audit: Case, *what: str) -> Any:
    """What a reviewer is asked to sign, by digest: the ``files`` and the ``catalogs`` that were judged; both by default."""
    return digest_table(audit.evidence, *what)


def show_evidence(audit: Case) -> Any:
    """Where the evidence comes from: server, shadow, commits, time."""
    return evidence_table(audit.evidence)


def seal(audit: Case) -> None:
    """Leave a mark in the run's folder that every notebook reached its end. Nothing outside a run."""
    audit.seal()


def _results(audit: Case, families: tuple[str, ...]) -> tuple[CheckResult, ...]:
    """The results of these families, waived findings marked where an environment is named."""
    results = audit.shared_results if audit.environment is None else audit.results
    return tuple(result for result in results if not families or family(result.id) in families)


def _timelines(live: Snapshot, owner: Snapshot | Unavailable) -> Any:
    if isinstance(live.chunks, NotRead):
        return unavailable(live.chunks.reason, errored=False)
    dimensions = reversed(owner.of(Dimension)) if isinstance(owner, Snapshot) else ()
    settings = {(d.schema, d.table): d.chunk_interval for d in dimensions if d.type in {"time", "integer"}}
    return chunk_timelines(live.chunks, settings)


def _scoped(audit: Case, snapshot: Snapshot) -> Snapshot:
    return in_scope(snapshot, audit.project)[0]


def _sides(audit: Case, render: Callable[[dict[str, Snapshot]], Any]) -> Any:
    if audit.no_legacy is not None and audit.environment is None:
        return _unavailable(audit.no_legacy)
    legacy, owner = audit.coverage_sides if audit.environment is None else (audit.legacy, audit.owner)
    sides: dict[str, Snapshot | Unavailable] = {"legacy": legacy, "owner": owner}
    if audit.no_legacy is not None:
        del sides["legacy"]
    if audit.environment is not None:
        sides[audit.environment.name] = audit.live
    there = {name: _scoped(audit, s) for name, s in sides.items() if isinstance(s, Snapshot)}
    lacking = [s for s in sides.values() if isinstance(s, Unavailable)]
    return _unavailable(lacking[0]) if lacking else render(there)


def _both(expected: Snapshot | Unavailable, actual: Snapshot | Unavailable, render: Callable[..., Any]) -> Any:
    for one in (expected, actual):
        if isinstance(one, Unavailable):
            return _unavailable(one)
    return render(expected, actual)


def _shown(value: Any, render: Callable[[Any], Any]) -> Any:
    return _unavailable(value) if isinstance(value, Unavailable) else render(value)


def _unavailable(why: Unavailable) -> Any:
    return unavailable(why.reason, errored=why.outcome is Outcome.ERRORED)
