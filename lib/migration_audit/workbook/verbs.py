"""The verbs that notebooks call; ``workbook`` hands them out."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

from migration_audit import report
from migration_audit.checks import ALL
from migration_audit.compare import in_scope
from migration_audit.gate import decide
from migration_audit.model.finding import CheckResult, Outcome, Unavailable
from migration_audit.model.snapshot import Snapshot
from migration_audit.report.triage import family
from migration_audit.workbook.audit import Audit
from migration_audit.workbook.evidence import build_evidence
from migration_audit.workbook.explore import differences_frame, engine, frame
from migration_audit.workbook.keep import SEAL, write_json
from migration_audit.workbook.opening import open_audit

__all__ = [
    "differences_frame",
    "engine",
    "frame",
    "open_audit",
    "seal",
    "show_boot",
    "show_catalogue",
    "show_checks",
    "show_chunks",
    "show_column_types",
    "show_constraints",
    "show_differences",
    "show_digests",
    "show_environments",
    "show_evidence",
    "show_extensions",
    "show_findings",
    "show_hypertables",
    "show_index_sets",
    "show_port",
    "show_rehearsal",
    "show_rows",
    "show_scope",
    "show_sources",
    "show_stack",
    "show_statements",
    "show_verdict",
    "show_work_list",
]


def show_sources(audit: Audit) -> Any:
    """The SQL files of both sides with their digests."""
    return _shown(audit.preflight.sources, report.source_table)


def show_statements(audit: Audit) -> Any:
    """Each legacy statement, and how the owner's SQL has it: in its words, in its effect, otherwise or not at all."""
    return _shown(audit.fresh_preflight.statements, report.statement_table)


def show_checks(audit: Audit, *families: str) -> Any:
    """How each check of these families (``SQL``, ``COV``, ``LIV``, ``BOOT``, …) ended; all of them by default."""
    return report.check_table(_results(audit, families))


def show_findings(audit: Audit, *families: str) -> Any:
    """What the failed checks of these families found, blockers first."""
    return report.findings_table(_results(audit, families))


def show_column_types(audit: Audit) -> Any:
    """Column types side by side: legacy against owner, or, where an environment is named, owner against live."""
    if audit.environment is None:
        return _both(audit.preflight.legacy, audit.preflight.owner, report.column_table)
    return _both(audit.preflight.owner, _live(audit), lambda a, b: report.column_table(a, _scoped(audit, b)))


def show_index_sets(audit: Audit) -> Any:
    """Which index is on which side, and where its definition is another."""
    return _sides(audit, report.index_table)


def show_hypertables(audit: Audit) -> Any:
    """Dimensions, chunk intervals and partitions of each hypertable, side by side."""
    return _sides(audit, report.hypertable_table)


def show_constraints(audit: Audit) -> Any:
    """Which constraint is on which side, and where its definition is another."""
    return _sides(audit, report.constraint_table)


def show_extensions(audit: Audit) -> Any:
    """Extensions with their versions, side by side."""
    return _sides(audit, report.extension_table)


def show_differences(audit: Audit) -> Any:
    """Every difference with its attributes: coverage, or, where an environment is named, drift."""
    drift = audit.fresh_preflight.coverage if audit.environment is None else audit.live.live_drift
    return _shown(drift, report.difference_table)


def show_rows(audit: Audit) -> Any:
    """The rows that the legacy SQL leaves in tables, looked up on the owner's side: counts and digests, never values."""
    return _shown(audit.fresh_preflight.rows, report.rows_table)


def show_port(audit: Audit) -> Any:
    """What the owner's next file would have to say so that the owner covers the legacy side, and whether that is proven."""
    return _shown(audit.preflight.port, report.port_block)


def show_stack(audit: Audit) -> Any:
    """Who waits for whom in the compose files."""
    return _shown(audit.boot["stack"], report.stack_table)


def show_boot(audit: Audit) -> Any:
    """The commands that a start of the owner's container runs, in order."""
    settings = audit.project.boot
    return _shown(audit.boot["owner_boot"], lambda boot: report.boot_table(boot, settings.steps if settings else ()))


def show_rehearsal(audit: Audit) -> Any:
    """How the writer's statements fared on the owner's schema, and without it."""
    return _shown(audit.rehearsed, report.rehearsal_table)


def show_work_list(audit: Audit) -> Any:
    """What the deletion has to touch, file and line: the findings of checks that are not due yet."""
    return report.work_list_table(_results(audit, ("RET", "DOC", "CMD")))


def show_scope(audit: Audit) -> Any:
    """What is live and out of scope, counted by the rule that says so."""
    return _shown(audit.live.excluded, report.scope_table)


def show_chunks(audit: Audit) -> Any:
    """The chunks of each hypertable of the live database over time."""
    return _shown(_live(audit), _timelines)


def show_verdict(audit: Audit) -> Any:
    """The verdict of this environment, and what it rests on."""
    held = report.triage(audit.results)
    return report.verdict_banner(
        decide(audit.results),
        audit.environment_name,
        blockers=[finding for result in held.blockers for finding in result.findings if finding.waived is None],
        warnings=[finding for result in held.warnings for finding in result.findings],
        incomplete_reasons=[f"{one.check}: {one.reason}" for one in held.undecided],
    )


def show_environments(audit: Audit) -> Any:
    """The environments of audit.toml and the names under which their connections are found."""
    return report.environment_table(audit.project.environments)


def show_catalogue() -> Any:
    """Every check that there is."""
    return report.catalogue_table(ALL)


def show_digests(audit: Audit) -> Any:
    """What a reviewer is asked to sign, by digest: every SQL file and every catalog that was judged."""
    return report.digest_table(_evidence(audit))


def show_evidence(audit: Audit) -> Any:
    """Where the evidence comes from: server, shadow, commits, time."""
    return report.evidence_table(_evidence(audit))


def seal(audit: Audit) -> None:
    """Leave the evidence in the run's folder: the mark that every notebook reached its end. Nothing outside a run."""
    if audit.folder is not None:
        write_json(audit.folder / SEAL, _evidence(audit))


@lru_cache(maxsize=1)
def _evidence(audit: Audit) -> dict[str, Any]:
    """What is shown is what is sealed: it is made once."""
    return build_evidence(audit)


def _results(audit: Audit, families: tuple[str, ...]) -> tuple[CheckResult, ...]:
    """The results of these families, waived findings marked where an environment is named."""
    if audit.environment is None:
        results = audit.preflight.results
    else:
        if "LIV" in families:
            _ = audit.live_results  # the notebook about the live database reads it; the others take what it kept
        results = audit.results
    return tuple(result for result in results if not families or family(result.id) in families)


def _timelines(live: Snapshot) -> Any:
    return report.stacked([report.chunk_timeline(c) for c in live.chunks], nothing="There are no chunks.")


def _live(audit: Audit) -> Snapshot | Unavailable:
    return audit.live.live


def _scoped(audit: Audit, snapshot: Snapshot) -> Snapshot:
    return in_scope(snapshot, audit.project)[0]


def _sides(audit: Audit, render: Callable[[dict[str, Snapshot]], Any]) -> Any:
    sides: dict[str, Snapshot | Unavailable] = {"legacy": audit.preflight.legacy, "owner": audit.preflight.owner}
    if audit.environment is not None:
        sides[audit.environment.name] = _live(audit)
    there = {name: _scoped(audit, s) for name, s in sides.items() if isinstance(s, Snapshot)}
    lacking = [s for s in sides.values() if isinstance(s, Unavailable)]
    return _unavailable(lacking[0]) if lacking else render(there)


def _both(expected: Snapshot | Unavailable, actual: Snapshot | Unavailable, render: Callable[..., Any]) -> Any:
    for side in (expected, actual):
        if isinstance(side, Unavailable):
            return _unavailable(side)
    return render(expected, actual)


def _shown(value: Any, render: Callable[[Any], Any]) -> Any:
    return _unavailable(value) if isinstance(value, Unavailable) else render(value)


def _unavailable(why: Unavailable) -> Any:
    return report.unavailable(why.reason, errored=why.outcome is Outcome.ERRORED)
