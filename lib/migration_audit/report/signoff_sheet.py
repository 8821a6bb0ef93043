"""``signed-off.html``: the report as it was signed, with a sheet of the decisions about it.

It is made from files that are signed, so that it comes out byte for byte the same from the same report and sign-offs:
`verify` makes it again and compares. A change here makes every page of older runs differ; `verify --page` writes it anew.
"""

from __future__ import annotations

from markupsafe import Markup, escape

from migration_audit.model.signoff import Decision, SignedRun, SignOff
from migration_audit.report.escape import html as safe
from migration_audit.report.escape import one_line
from migration_audit.report.page import render_page
from migration_audit.report.pills import FAIL, PASS, PENDING

_STYLE = """<style>
.signed { margin: 20px 0; padding: 4px 18px 10px; border: 2px solid #57606a; border-radius: 6px; }
.signed h2 { margin-top: .6em; } .signed td.pass { color: #0a5c2b; font-weight: 700; white-space: nowrap; }
.signed td.fail { color: #8f0d1c; font-weight: 700; white-space: nowrap; } .signed table { width: 100%; }
.signed-strip { margin: 0 0 8px; font-weight: 700; }
</style>
"""
_PILLS = {Decision.APPROVE: PASS, Decision.REJECT: FAIL, Decision.WITHDRAW: PENDING}
_PAST = {Decision.APPROVE: "approved", Decision.REJECT: "rejected", Decision.WITHDRAW: "withdrawn"}


def render_signed_off(html: str, run: SignedRun, *, files: int) -> str:
    """The page that ``html`` (the content of report.html) and the run's sign-offs give; its statement names ``files``.

    The page depends on these alone, not on who may sign or on the time.
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
