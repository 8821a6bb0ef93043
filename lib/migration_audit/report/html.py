"""The report that a reviewer reads: one HTML file, made from executed notebooks and the evidence.

It opens offline, runs no script, prints, and comes out byte for byte the same from the same notebooks and evidence.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from markupsafe import Markup

from migration_audit.model.enumeration import with_rest
from migration_audit.model.errors import AuditError, NotebookError
from migration_audit.model.evidence import EarlierRuns, Evidence
from migration_audit.model.finding import Verdict
from migration_audit.model.strict_json import parse_json
from migration_audit.report import strip, table_page
from migration_audit.report.badges import verdict_pill
from migration_audit.report.banner import Banner, verdict_sentence
from migration_audit.report.check_tables import check_anchor, check_table, finding_anchor
from migration_audit.report.escape import html as safe
from migration_audit.report.escape import html_with_code, many_lines, one_line, slug
from migration_audit.report.figure import Figure, in_report
from migration_audit.report.findings_page import check_views, history, new_keys, run_command, since
from migration_audit.report.grid import Grid
from migration_audit.report.listings import NOT_SHOWN, digest_table
from migration_audit.report.outputs import ReplayedNotebook, joined, render_outputs
from migration_audit.report.page import render_page
from migration_audit.report.prose import Anchors, TocEntry, relinked, render_markdown, with_anchors
from migration_audit.report.table import Stacked
from migration_audit.report.triage import findings_of
from migration_audit.report.view import EvidenceView

Notebook = Mapping[str, Any]
NotebookSource = Notebook | tuple[str, Notebook] | Path | str
_FIRST_RUN = EarlierRuns()
_FIRST_SCREEN = 8
"""Blockers that the first screen names one by one; the others are counted there and listed below."""
_OWN_ANCHORS = (
    "main",
    "top",
    "findings",
    "checks",
    "facts",
    "contents",
    "digests",
    "what-blocks",
    "not-checked",
    "human-eye",
)
_ELSEWHERE = frozenset({"audit", "checks", "findings", "digests"})
"""What the page itself shows, of all notebooks at once."""


_NOT_SHOWN = Markup("<p><strong>{}</strong>: {}<br>{}</p>")
"""Parts that lack the same thing, once: outcome, titles and reason."""
_ALL_NOT_SHOWN = Markup("<p><strong>{}</strong>: {}</p>")
"""Outcome and reason, once for all that a part would show."""


@dataclass(frozen=True, slots=True)
class ListItem:
    """A line of a list on the first screen."""

    check: str
    text: Markup
    anchor: str | None


@dataclass(frozen=True, slots=True)
class Section:
    """One notebook as a part of the report."""

    anchor: str
    title: str
    body: Markup
    toc: tuple[TocEntry, ...]


def render_report(*, notebooks: Sequence[NotebookSource], evidence: Evidence, earlier: EarlierRuns = _FIRST_RUN) -> str:
    """The whole report as one HTML page.

    ``notebooks`` are executed notebooks in reading order, as paths or as loaded (a dict of nbformat 4, or
    that with its name); what has a ``value`` is shown in the report's own form, and once.
    ``earlier`` are the runs before, to compare with.
    Raises NotebookError for a file that is not a notebook.
    """
    facts = EvidenceView(evidence)
    pill = verdict_pill(facts.verdict)
    lines = list(_blocking(facts))
    sections, shown = _sections(notebooks, facts)
    checks = check_table(facts.results, caption="Every check", anchors=True, has_work_list="work" in shown)
    return render_page(
        "report.html.j2",
        evidence=facts,
        pill=pill,
        sentence=safe(one_line(verdict_sentence(facts.verdict, facts.environment))),
        title=one_line(f"{pill.glyph} {facts.environment}: {pill.word} · {facts.project}"),
        steps=_next_steps(facts),
        since=since(evidence, earlier.compared),
        history=history(facts, earlier.verdicts),
        blocking=lines[:_FIRST_SCREEN],
        more_blocking=len(lines) - _FIRST_SCREEN,
        warnings=list(_weighing(facts)),
        info=[(one_line(r.id), check_anchor(r.id)) for r in facts.triage.info],
        doubts=[html_with_code(one_line(doubt)) for doubt in facts.doubts],
        not_looked_at=[html_with_code(one_line(str(cause))) for cause in facts.triage.not_looked_at],
        notes=[safe(one_line(note)) for note in facts.notes],
        head_facts=[(name, safe(one_line(value))) for name, value in facts.facts],
        found=list(check_views(evidence, new=new_keys(evidence, earlier.compared))),
        checks=table_page.render(checks),
        sections=sections,
        digests=table_page.render(digest_table(evidence)),
        has_pictures=any("<figure" in section.body for section in sections),
        patterns=strip.PATTERNS,
        picture_rules=strip.ON_PAGE,
    )


def _next_steps(facts: EvidenceView) -> tuple[Markup, ...]:
    """Sentences with the commands to type; anything but a clean run names more than one way on."""
    sign = Markup("Sign the run: <code>migration-audit sign RUN --as YOU --key FILE</code>. RUN is the folder of this page.")
    again = Markup("audit again: <code>{}</code>").format(safe(one_line(run_command(facts.evidence))))
    match facts.verdict:
        case Verdict.CLEAN:
            return (sign,)
        case Verdict.REVIEW:
            return (Markup("Read each warning below, and decide whether it is acceptable."), sign)
        case Verdict.INCOMPLETE:
            return (
                Markup("Remove the causes below; what they prevented from being checked is unknown. Then {}.").format(again),
            )
    port = " The port below is the SQL that the owner lacks." if facts.evidence.port else ""
    fix = Markup("Fix each blocker as its section says, in the database or in the owner's SQL.{} Then {}.")
    waive = Markup(
        "Or accept a finding for a limited time: a <code>[[waiver]]</code> in audit.toml with the finding's key, a reason, "
        "an owner and the last day."
    )
    return (fix.format(port, again), waive)


def _blocking(evidence: EvidenceView) -> Iterator[ListItem]:
    for result, finding in findings_of(evidence.triage.blockers):
        if finding is None:
            yield ListItem(one_line(result.id), safe(one_line(result.reason or result.title)), check_anchor(result.id))
        elif finding.waived is None:
            yield ListItem(one_line(result.id), safe(one_line(finding.summary)), finding_anchor(finding))


def _weighing(evidence: EvidenceView) -> Iterator[ListItem]:
    for result in evidence.triage.warnings:
        open_first = sorted(result.findings, key=lambda f: f.waived is not None)
        first = open_first[0].summary if open_first else result.reason or result.title
        first += f" ({open_first[0].waived})" if open_first and open_first[0].waived else ""
        yield ListItem(one_line(result.id), safe(one_line(with_rest(first, len(result.findings)))), check_anchor(result.id))


def _sections(notebooks: Sequence[NotebookSource], evidence: EvidenceView) -> tuple[list[Section], frozenset[str]]:
    """The sections, and what their tables are about."""
    loaded = [_loaded(notebook, number) for number, notebook in enumerate(notebooks, start=1)]
    taken = {check_anchor(r.id) for r in evidence.results}
    taken |= {finding_anchor(f) for r in evidence.results for f in r.findings}
    anchors = Anchors(taken | set(_OWN_ANCHORS))
    names = frozenset(name for name, _ in loaded)
    last = {about: name for name, notebook in loaded for about in _shown_in(notebook)}
    return [_section(name, notebook, anchors, names, last) for name, notebook in loaded], frozenset(last)


def _shown_in(notebook: Notebook) -> Iterator[str]:
    """What the tables of a replayed notebook are about."""
    if isinstance(notebook, ReplayedNotebook):
        yield from (value.about for value in notebook.shown if isinstance(value, Grid) and value.about)


def _loaded(notebook: NotebookSource, number: int) -> tuple[str, Notebook]:
    """The notebook with its name: the given one, the file's, else the one that papermill noted, else a number."""
    if isinstance(notebook, tuple):
        return notebook
    if isinstance(notebook, Mapping):
        noted = (notebook.get("metadata") or {}).get("papermill") or {}
        path = noted.get("output_path") or noted.get("input_path") or f"notebook-{number}"
        return Path(str(path)).stem, notebook
    path = Path(notebook)
    try:
        loaded = parse_json(path.read_bytes(), where=str(path))
    except (OSError, AuditError) as error:
        raise NotebookError(f"cannot be read: {error}", where=str(path), todo="run the audit again") from error
    if not isinstance(loaded, dict) or loaded.get("nbformat") != 4:
        raise NotebookError("is not a notebook of format 4", where=str(path), todo="save it with JupyterLab 3 or later")
    return path.stem, loaded


def _section(name: str, notebook: Notebook, anchors: Anchors, names: frozenset[str], last: Mapping[str, str]) -> Section:
    anchor = anchors.new(slug(name))
    toc: list[TocEntry] = []
    parts: list[Markup] = []
    paragraphs = list(_paragraphs(notebook, name, last))
    repeated = Counter(reason for _, _, reason in paragraphs if reason)
    not_shown: dict[tuple[str, str], list[str]] = {}
    for prose, shown, reason in paragraphs:
        if prose is not None and toc and shown and not any(shown):
            continue  # all that it introduces is shown elsewhere on the page
        if prose is not None and toc and reason and repeated[reason] > 1 and (title := _title(prose)):
            not_shown.setdefault(reason, []).append(title)
            continue
        if prose is not None:
            html, entries = with_anchors(
                render_markdown(joined(prose.get("source", "")), prose.get("attachments")), name, anchors
            )
            parts.append(Markup('<div class="prose">{}</div>').format(relinked(html, name, names)))
            toc += entries
        below = [_ALL_NOT_SHOWN.format(safe(reason[0]), html_with_code(reason[1]))] if reason else shown
        parts += [_without_caption(each, toc[-1].title) for each in below] if toc else below
    for (outcome, why), titles in not_shown.items():
        parts.append(_NOT_SHOWN.format(safe(outcome), safe(" · ".join(titles)), html_with_code(why)))
    title = str(toc[0].title.unescape()) if toc else name
    return Section(anchor, title, Markup("\n").join(filter(None, parts)), tuple(e for e in toc[1:] if e.level <= 3))


def _title(prose: Notebook) -> str | None:
    """The heading that a cell of prose begins with."""
    found = re.match(r"#+ +(.+)", joined(prose.get("source", "")))
    return one_line(found[1].strip()) if found else None


def _why_not_shown(values: Sequence[Any]) -> tuple[str, str] | None:
    """Outcome and reason, where all that a paragraph would show is not shown, for one reason."""
    reasons = set()
    for value in values:
        if value is None or _is_elsewhere(value):
            continue
        if not isinstance(value, Grid) or value.about != NOT_SHOWN:
            return None
        outcome, reason = value.groups[0].rows[0].cells
        reasons.add((outcome.text(), reason.text()))
    return reasons.pop() if len(reasons) == 1 else None


def _without_caption(shown: Markup, heading: Markup) -> Markup:
    """What a cell shows, where its caption is the heading above it: for screen readers alone."""
    return shown.replace(Markup("<b>{}</b>").format(heading), Markup('<b class="hid">{}</b>').format(heading), 1)


def _paragraphs(
    notebook: Notebook, name: str, last: Mapping[str, str]
) -> Iterator[tuple[Notebook | None, list[Markup], tuple[str, str] | None]]:
    """Each cell of prose with what the code cells below it show, and why they show nothing."""
    values = iter(notebook.shown) if isinstance(notebook, ReplayedNotebook) else None
    prose: Notebook | None = None
    below: list[Any] = []
    shown: list[Markup] = []
    for cell in notebook.get("cells", ()):
        if cell.get("cell_type") == "markdown":
            yield prose, shown, _why_not_shown(below)
            prose, below, shown = cell, [], []
        elif cell.get("cell_type") == "code":
            below.append(cell if values is None else next(values))
            shown.append(_code_cell(cell) if values is None else _value(below[-1], name, last))
    yield prose, shown, _why_not_shown(below)


def _code_cell(cell: Mapping[str, Any]) -> Markup:
    """The code of a notebook that is not a packaged one, and what it gave."""
    source = joined(cell.get("source", ""))
    if not source.strip() and not cell.get("outputs"):
        return Markup("")
    code = Markup('<details class="source"><summary>Code</summary><pre>{}</pre></details>').format(safe(many_lines(source)))
    return Markup("\n").join([code, *render_outputs(cell.get("outputs") or [])])


def _value(value: Any, notebook: str, last: Mapping[str, str]) -> Markup:
    """A value in the page's own form; nothing where the page shows it elsewhere."""
    match value:
        case _ if value is None or _is_elsewhere(value):
            return Markup("")
        case Grid() if last.get(value.about, notebook) != notebook and not any(group.marked for group in value.groups):
            return table_page.heading_line(value)
        case Grid():
            return table_page.render(_with_anchors(value) if value.about == "work" else value)
        case Figure():
            return in_report(value)
        case Stacked():
            parts = Markup("").join(_value(part, notebook, last) for part in value.parts)
            return parts or Markup("<p>{}</p>").format(value.nothing)
    return table_page.without_styles(value._repr_html_())


def _is_elsewhere(value: Any) -> bool:
    return isinstance(value, Banner) or (isinstance(value, Grid) and value.about in _ELSEWHERE)


def _with_anchors(table: Grid) -> Grid:
    """The work list with a place to link to for each check."""
    return replace(table, groups=tuple(replace(group, anchor=check_anchor(group.labels[0])) for group in table.groups))
