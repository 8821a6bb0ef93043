"""``reports/index.html``: every check of every environment, as of the latest runs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import quote

from migration_audit.model.finding import CheckResult, Phase, Verdict
from migration_audit.report import table_page
from migration_audit.report.check_tables import check_anchor, matrix
from migration_audit.report.escape import html as safe
from migration_audit.report.escape import one_line
from migration_audit.report.page import render_page
from migration_audit.report.pills import verdict_pill
from migration_audit.report.triage import triage

_RETIRED = Phase.RETIRED.value


@dataclass(frozen=True, slots=True, kw_only=True)
class RunSummary:
    """What the matrix needs of one run."""

    environment: str
    verdict: Verdict
    report: str
    """Path of the run's ``report.html``, relative to the folder of ``index.html``, with ``/``."""
    results: tuple[CheckResult, ...] = ()
    project: str = ""
    phase: str = ""
    generated_at: str = ""
    """ISO 8601, as the evidence has it."""
    commit: str = ""
    decisions: tuple[str, ...] = ()
    """Who decided what about it, as its files say."""

    @property
    def href(self) -> str:
        """The report's address; a name can never turn it into anything but a path below this folder."""
        return quote(self.report.lstrip("/"), safe="/")


def render_index(runs: Sequence[RunSummary]) -> str:
    """The page: the newest run of each environment in each phase, and checks × environments; older runs are linked."""
    columns: dict[tuple[str, str], list[RunSummary]] = {}
    for run in runs:
        columns.setdefault((run.environment, run.phase), []).append(run)
    ordered = {key: sorted(of, key=lambda r: (r.generated_at, r.report), reverse=True) for key, of in columns.items()}
    has_retired = any(phase == _RETIRED for _, phase in ordered)
    named = {_name(run, has_retired): (run, earlier) for run, *earlier in ordered.values()}
    table = matrix(
        {name: run.results for name, (run, _) in named.items()},
        note="each link leads to what was found",
        link=lambda name, check: f"{named[name][0].href}#{check_anchor(check)}",
    )
    return render_page(
        "index.html.j2",
        has_retired=has_retired,
        project=safe(one_line(", ".join(sorted({run.project for run in runs if run.project})) or "no project")),
        cards=[_card(name, run, earlier) for name, (run, earlier) in named.items()],
        matrix=table_page.render(table),
    )


def _name(run: RunSummary, has_retired: bool) -> str:
    return f"{run.environment}, {run.phase}" if has_retired and run.phase else run.environment


def _card(name: str, run: RunSummary, earlier: Sequence[RunSummary]) -> dict[str, object]:
    held = triage(run.results)
    return {
        "name": safe(one_line(name)),
        "href": run.href,
        "pill": verdict_pill(run.verdict),
        "found": f"{held.found}; {len(held.undecided)} could not be checked" if held.undecided else held.found,
        "facts": [
            (label, safe(one_line(value)))
            for label, value in (
                ("Phase", run.phase),
                ("Audited", run.generated_at),
                ("Commit", run.commit[:12]),
                ("Sign-offs", ", ".join(run.decisions) or "not signed"),
            )
            if value
        ],
        "earlier": [(each.href, verdict_pill(each.verdict), _day(each)) for each in earlier],
    }


def _day(run: RunSummary) -> str:
    """``2026-11-23 06:40 UTC``."""
    return one_line(f"{run.generated_at[:16].replace('T', ' ')} UTC")
