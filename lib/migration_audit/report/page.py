"""Pages made from templates: the index of all runs, and a signed report with its decisions.

Every page is one file that loads nothing and runs nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from markupsafe import Markup, escape

from migration_audit.model.evidence import HOME, Evidence
from migration_audit.model.finding import Phase
from migration_audit.model.signoff import Decision, SignedRun, SignOff
from migration_audit.report import table_page
from migration_audit.report.badges import FAIL, PASS, PENDING, verdict_pill
from migration_audit.report.check_tables import check_anchor, matrix
from migration_audit.report.escape import html as safe
from migration_audit.report.escape import one_line
from migration_audit.report.triage import triage

if TYPE_CHECKING:
    from jinja2 import Environment

_STYLE = """<style>
.signed { margin: 20px 0; padding: 4px 18px 10px; border: 2px solid #57606a; border-radius: 6px; }
.signed h2 { margin-top: .6em; } .signed td.pass { color: #0a5c2b; font-weight: 700; white-space: nowrap; }
.signed td.fail { color: #8f0d1c; font-weight: 700; white-space: nowrap; } .signed table { width: 100%; }
.signed-strip { margin: 0 0 8px; font-weight: 700; }
</style>
"""
_PILLS = {Decision.APPROVE: PASS, Decision.REJECT: FAIL, Decision.WITHDRAW: PENDING}
_PAST = {Decision.APPROVE: "approved", Decision.REJECT: "rejected", Decision.WITHDRAW: "withdrawn"}


def render_page(template: str, **values: Any) -> str:
    """The page that ``templates/<template>`` makes of these values; text is escaped, ``Markup`` is not."""
    return _environment().get_template(template).render(**values) + "\n"


@cache
def _environment() -> Environment:
    import jinja2  # noqa: PLC0415 (only pages need it)

    return jinja2.Environment(
        loader=jinja2.PackageLoader("migration_audit.report"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexedRun:
    """One run as the index shows it."""

    environment: str
    """The name of its folder."""
    evidence: Evidence
    report: str
    """Path of the run's ``report.html``, relative to the folder of ``index.html``, with ``/``."""
    decisions: tuple[str, ...] = ()
    """Who decided what about it, as its files say."""

    @property
    def href(self) -> str:
        """The report's address; a name can never turn it into anything but a path below this folder."""
        return quote(self.report.lstrip("/"), safe="/")


def render_index(runs: Sequence[IndexedRun]) -> str:
    """The page: the newest run of each environment in each phase, and checks × environments; older runs are linked."""
    columns: dict[tuple[str, Phase], list[IndexedRun]] = {}
    for run in runs:
        columns.setdefault((run.environment, run.evidence.phase), []).append(run)
    for column in columns.values():
        column.sort(key=lambda run: (run.evidence.generated_at, run.report), reverse=True)
    has_retired = any(phase is Phase.RETIRED for _, phase in columns)
    named = {_name(run, has_retired): (run, earlier) for run, *earlier in columns.values()}
    table = matrix(
        {name: run.evidence.checks for name, (run, _) in named.items()},
        link=lambda name, check: f"{named[name][0].href}#{check_anchor(check)}",
    )
    return render_page(
        "index.html.j2",
        has_retired=has_retired,
        project=safe(one_line(", ".join(sorted({run.evidence.project for run in runs})) or "no project")),
        cards=[_card(name, run, earlier) for name, (run, earlier) in named.items()],
        matrix=table_page.render(table),
    )


def _name(run: IndexedRun, has_retired: bool) -> str:
    return f"{run.environment}, {run.evidence.phase}" if has_retired else run.environment


def _card(name: str, run: IndexedRun, earlier: Sequence[IndexedRun]) -> dict[str, object]:
    evidence, held = run.evidence, triage(run.evidence.checks)
    home = evidence.commit.get(HOME)
    return {
        "name": safe(one_line(name)),
        "href": run.href,
        "pill": verdict_pill(evidence.verdict),
        "found": f"{held.found}; {len(held.undecided)} could not be checked" if held.undecided else held.found,
        "facts": [
            (label, safe(one_line(value)))
            for label, value in (
                ("Phase", evidence.phase.value),
                ("Audited", f"{evidence.generated_at:%Y-%m-%dT%H:%M:%SZ}"),
                ("Commit", home.commit[:12] if home and home.commit else ""),
                ("Sign-offs", ", ".join(run.decisions) or "not signed"),
            )
            if value
        ],
        "earlier": [
            (each.href, verdict_pill(each.evidence.verdict), f"{each.evidence.generated_at:%Y-%m-%d %H:%M} UTC")
            for each in earlier
        ],
    }


def render_signed_off(html: str, run: SignedRun, *, files: int) -> str:
    """The page that ``html`` (the content of report.html) and the run's sign-offs give; its statement names ``files``.

    The page depends on these alone, not on who may sign or on the time: `verify` makes it again and compares byte for byte.
    A change here makes every page of older runs differ; `verify --page` writes it again.
    """
    decided = sorted((s for s in run.signoffs if s.decision is not None), key=lambda s: s.reviewer)
    keys = sorted({key for s in decided for key in s.waivers})
    sheet = render_page(
        "signoff_sheet.html.j2",
        statement=run.statement_sha256,
        files=files,
        signoffs=[_shown(s) for s in decided],
        waivers=[(safe(one_line(k)), ", ".join(s.reviewer for s in decided if k in s.waivers)) for k in keys],
        path=f"reports/signed/{run.environment}/{run.name}",
    )
    strip = Markup('<p class="signed-strip"><a href="#signed-off">{}</a></p>\n').format(
        " · ".join(f"{_PILLS[s.decision].glyph} {_PAST[s.decision]} by {s.reviewer}" for s in decided if s.decision)
    )
    html = _before(html, "</head>", _STYLE)
    html = _before(html, '<header class="top" id="top">', strip)
    return _before(html, '<nav class="toc"', sheet, or_else="</body>")


def _shown(signoff: SignOff) -> dict[str, object]:
    pill = _PILLS[signoff.decision or Decision.REJECT]
    return {
        "reviewer": signoff.reviewer,
        "tone": pill.tone,
        "glyph": pill.glyph,
        "word": (signoff.decision or Decision.REJECT).value,
        "signed": signoff.signed_at.strftime("%Y-%m-%d %H:%M UTC") if signoff.signed_at else "",
        "holds": signoff.expires.strftime("%Y-%m-%d %H:%M UTC") if signoff.expires else "no expiry",
        "key": signoff.fingerprint or "",
        "comment": _paragraphs(signoff.comment),
    }


def _paragraphs(text: str) -> Markup:
    return Markup("<br>").join(safe(one_line(line)) for line in text.splitlines()) if text else escape("–")


def _before(html: str, mark: str, added: str, *, or_else: str | None = None) -> str:
    """The page with something added before the first place of a kind; at its end where it has none."""
    for place in filter(None, (mark, or_else)):
        head, found, tail = html.partition(place)
        if found:
            return f"{head}{added}{found}{tail}"
    return html + added
