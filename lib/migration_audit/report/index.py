"""``reports/index.html``: every check of every environment, as of the latest runs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import quote

from migration_audit.model.finding import CheckResult, Verdict
from migration_audit.report import table_html
from migration_audit.report.check_tables import check_anchor, matrix
from migration_audit.report.escape import html as safe
from migration_audit.report.escape import one_line
from migration_audit.report.page import render_page
from migration_audit.report.pills import verdict_pill
from migration_audit.report.triage import triage


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

    @property
    def href(self) -> str:
        """The report's address; a name can never turn it into anything but a path below this folder."""
        return quote(self.report.lstrip("/"), safe="/")


def render_index(runs: Sequence[RunSummary]) -> str:
    """The page: a verdict per environment, and checks × environments; of several runs of one, the latest counts."""
    latest: dict[str, RunSummary] = {}
    for run in sorted(runs, key=lambda r: (r.generated_at, r.report)):
        latest[run.environment] = run
    shown = [latest[name] for name in dict.fromkeys(run.environment for run in runs)]
    by_name = {run.environment: run for run in shown}
    table = matrix(
        {run.environment: run.results for run in shown},
        note="each link leads to the findings",
        link=lambda environment, check: f"{by_name[environment].href}#{check_anchor(check)}",
    )
    return render_page(
        "index.html.j2",
        project=safe(one_line(", ".join(sorted({run.project for run in shown if run.project})) or "no project")),
        cards=[_card(run) for run in shown],
        matrix=table_html.render(table),
    )


def _card(run: RunSummary) -> dict[str, object]:
    return {
        "name": safe(one_line(run.environment)),
        "href": run.href,
        "pill": verdict_pill(run.verdict),
        "facts": [
            (name, safe(one_line(value)))
            for name, value in (
                ("Phase", run.phase),
                ("Audited", run.generated_at),
                ("Commit", run.commit),
                ("Checks", triage(run.results).summary),
            )
            if value
        ],
    }
