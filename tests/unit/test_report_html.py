"""report.html: one file that says what blocks, runs nothing, and comes out the same every time."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest
from tests.report_example import (
    HOSTILE,
    OWNER,
    PROD,
    code_cell,
    evidence,
    notebook,
    prose,
    result,
    results,
    shown,
    state,
)
from tests.unit.test_report_sanitize import ATTACKS

from migration_audit.model.errors import NotebookError
from migration_audit.model.evidence import AppliedFile, Producer
from migration_audit.model.finding import Finding, Outcome, Verdict
from migration_audit.report.banner import Banner
from migration_audit.report.check_tables import findings_table
from migration_audit.report.ci import summary_markdown
from migration_audit.report.html import render_report
from migration_audit.report.prose import render_markdown
from migration_audit.report.setting_tables import column_table

ROOT = Path(__file__).parents[2]
CSP = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"


def notebooks():
    return [
        notebook(
            "00_index",
            prose("# The map\n\n- [reality](20_live_catalog.ipynb)\n- [indexes](20_live_catalog.ipynb#Index-sets)"),
        ),
        notebook(
            "20_live_catalog",
            prose("# Question 2: reality\n\nSee [below](#Index-sets)."),
            code_cell("audit.columns()", shown(column_table(OWNER, PROD))),
            prose("## Index sets\n\nTwo\n\n## Index sets"),
            code_cell("audit.findings()", shown(findings_table(results()))),
            code_cell("audit.verdict()", shown(Banner(verdict=Verdict.BLOCKED, environment="prod"))),
        ),
    ]


class Page(HTMLParser):
    """What a test asks of a page."""

    def __init__(self, html):
        super().__init__()
        self.tags, self.ids, self.links, self.sources, self.meta = [], [], [], [], {}
        self.feed(html)
        self.close()

    def handle_starttag(self, tag, attrs):
        held = dict(attrs)
        self.tags.append(tag)
        self.ids += [held["id"]] if "id" in held else []
        self.links += [held["href"]] if tag == "a" and "href" in held else []
        self.sources += [v for n, v in attrs if n in {"src", "srcset"} or (n == "href" and tag != "a")]
        assert not [n for n, _ in attrs if n.startswith("on")]
        if tag == "meta":
            self.meta[held.get("http-equiv") or held.get("name") or "charset"] = held.get("content")


def report(**more):
    return render_report(notebooks=notebooks(), evidence=evidence(**more))


def head(html):
    return html.partition("<nav")[0]


def text(html):
    return re.sub(r"\s+", " ", re.sub(r"<[^>]*>", "", html))


def test_the_head_says_who_what_and_by_what_it_is_blocked():
    said = text(head(report()))
    assert "✕ prod is blocked" in said
    for part in ("trm", "preflight", "4f2c9e1a77d0", "(with uncommitted changes)", "trm_prod", "17.6", "timescaledb 2.17.0"):
        assert part in said
    for check in ("LIV003", "LIV004", "LIV006", "LIV010"):
        assert f"{check} " in said
    assert said.index("What blocks") < said.index("What needs review")


def test_every_blocker_leads_to_its_finding():
    html = report()
    targets = re.findall(r'<a href="#(finding-[^"]+)"', head(html))
    assert len(targets) == 4
    for target in targets:
        row = html[html.index(f'<div class="finding" id="{target}"') :].partition("</pre>")[0]
        assert target.removeprefix("finding-").partition("-")[2].rpartition(".")[2] in text(row).replace(":", "-")


def test_links_within_the_page_resolve_and_ids_are_unique():
    page = Page(report())
    assert len(set(page.ids)) == len(page.ids)
    assert {link[1:] for link in page.links if link.startswith("#")} <= set(page.ids)
    assert "#20_live_catalog--Index-sets" in page.links
    assert "#20_live_catalog" in page.links


def test_the_page_loads_and_runs_nothing():
    page = Page(report())
    assert not {"script", "iframe", "object", "embed", "form", "base"} & set(page.tags)
    assert all(source.startswith("data:") for source in page.sources)
    assert page.meta["Content-Security-Policy"].startswith(CSP)


def test_the_page_can_be_read_without_a_mouse_and_without_eyes():
    html = report()
    page = Page(html)
    assert '<html lang="en">' in html
    assert page.tags.count("main") == page.tags.count("h1") == page.tags.count("title") == 1
    assert {"nav", "header", "footer"} <= set(page.tags)
    assert page.links[0] == "#main"
    assert ":focus-visible" in html
    assert "@page" in html
    assert "table-header-group" in html


def test_notebook_headings_are_a_level_below_the_title():
    html = report()
    assert '<h2 id="20_live_catalog--Question-2-reality">' in html
    assert '<h3 id="20_live_catalog--Index-sets">' in html
    assert '<h3 id="20_live_catalog--Index-sets-2">' in html


def test_code_is_folded_and_outputs_are_there():
    html = report()
    assert '<details class="source"><summary>Code</summary><pre>audit.columns()</pre></details>' in html
    assert "Column types" in html
    assert "&lt;table" not in html


@pytest.mark.slow
def test_the_same_bytes_in_another_process(tmp_path):
    code = "import sys; from tests.unit.test_report_html import report\nsys.stdout.buffer.write(report().encode())"
    for seed in ("1", "2"):
        env = {"PYTHONPATH": "tests", "PYTHONHASHSEED": seed, "PATH": "", "TZ": "Asia/Tokyo", "LC_ALL": "C"}
        run = subprocess.run([sys.executable, "-c", code], cwd=ROOT, env=env, capture_output=True, check=True)
        assert run.stdout.decode() == report()


def test_paths_and_loaded_notebooks_give_the_same(tmp_path):
    paths = []
    for name, loaded in zip(("00_index", "20_live_catalog"), notebooks(), strict=True):
        paths.append(tmp_path / f"{name}.ipynb")
        split = {**loaded, "cells": [{**c, "source": c["source"].splitlines(keepends=True)} for c in loaded["cells"]]}
        paths[-1].write_text(json.dumps(split), "utf-8")
    assert render_report(notebooks=paths, evidence=evidence()) == report()


@pytest.mark.parametrize(
    ("content", "said"),
    [
        pytest.param(None, "cannot be read", id="missing"),
        pytest.param("{", "cannot be read", id="cut off"),
        pytest.param("[]", "is not a notebook", id="something else"),
        pytest.param('{"nbformat": 3}', "is not a notebook of format 4", id="old"),
    ],
)
def test_a_file_that_is_no_notebook_is_named(tmp_path, content, said):
    path = tmp_path / "10_x.ipynb"
    if content is not None:
        path.write_text(content, "utf-8")
    with pytest.raises(NotebookError, match=said) as caught:
        render_report(notebooks=[path], evidence=evidence())
    assert caught.value.where == str(path)


@pytest.mark.parametrize("attack", ATTACKS.values(), ids=ATTACKS)
def test_nothing_in_a_notebook_gets_through(attack):
    output = {"output_type": "display_data", "metadata": {}, "data": {"text/html": attack, "text/plain": attack}}
    error = {"output_type": "error", "ename": attack, "evalue": attack, "traceback": [attack]}
    stream = {"output_type": "stream", "name": "stderr", "text": attack}
    held = notebook("x", prose(f"# {attack}\n\n{attack}"), code_cell(attack, output, error, stream))
    quiet = render_report(notebooks=[notebook("x", prose("# a"))], evidence=evidence())
    html = render_report(notebooks=[held], evidence=evidence())
    page = Page(html)
    assert not {"script", "iframe", "object", "embed", "form", "base", "template"} & set(page.tags)
    assert page.tags.count("style") == 1
    assert page.tags.count("main") == 1
    assert len(set(page.ids)) == len(page.ids)
    assert all(source.startswith("data:") for source in page.sources)
    assert head(html) == head(quiet)
    assert html.rstrip().endswith("</html>")


@pytest.mark.parametrize("name", HOSTILE.values(), ids=HOSTILE)
def test_nothing_in_evidence_gets_through(name):
    finding = Finding(key=name, summary=name, expected=name, actual="x", where=name, fix_sql=name)
    held = (
        result(name, name, Outcome.FAILED, findings=(finding,)),
        result("LIV001", name, Outcome.ERRORED, reason=name),
    )
    plain = evidence()
    html = render_report(
        notebooks=[],
        evidence=evidence(
            project=name,
            environment=name,
            notes=(name,),
            producer=Producer(user=name, host=name, job=name),
            error=name,
            checks=held,
            commit={name: state(name)},
            server=replace(plain.server, database=name, extension_versions={name: name}),
            shadow=name,
            snapshots={name: name},
            sources=(replace(plain.sources[0], name=name, files=(AppliedFile(path=name, sha256=name),)),),
        ),
    )
    page = Page(html)
    assert "script" not in page.tags
    assert "img" not in page.tags
    assert html.encode()
    assert all(c == "\n" or c.isprintable() for c in html)


@pytest.mark.parametrize(
    ("more", "said"),
    [
        pytest.param({"verdict": Verdict.CLEAN, "checks": ()}, "✓ prod is clean", id="clean"),
        pytest.param({"verdict": Verdict.REVIEW, "checks": ()}, "▲ prod needs a review", id="review"),
        pytest.param({"verdict": Verdict.INCOMPLETE}, "! prod could not be fully audited", id="incomplete"),
        pytest.param({"complete": False}, "The run did not finish", id="not complete"),
        pytest.param({"verdict": Verdict.CLEAN}, "contradicts the blocking findings", id="clean with blockers"),
        pytest.param({"verdict": Verdict.CLEAN, "checks": (), "error": "no route"}, "no route", id="error"),
    ],
)
def test_the_verdict_is_never_better_than_the_evidence(more, said):
    html = head(report(**more))
    assert said in text(html)
    if said.startswith(("The run", "contra", "no route")):
        assert "! prod could not be fully audited" in text(html)


def test_what_was_due_and_not_decided_stands_in_the_head():
    held = (result("LIV002", "Versions", Outcome.SKIPPED, reason="no rights"),)
    said = text(head(report(verdict=Verdict.INCOMPLETE, checks=held)))
    assert "What could not be checked LIV002 Versions: no rights" in said


def test_what_was_not_looked_at_is_on_the_first_screen_each_reason_once():
    held = [
        result(f"BOOT00{n}", "Boot", Outcome.SKIPPED, reason="audit.toml has no [boot]", required=False) for n in (1, 2, 3)
    ]
    held += [result("PRV001", "Roles", Outcome.SKIPPED, reason="audit.toml names no writer_role", required=False)]
    held += [result("WVR001", "Waivers", Outcome.SKIPPED, reason="no waiver", required=False)]
    found = evidence(checks=(*held, result("LIV001", "Reachable")), verdict=Verdict.CLEAN)
    first = " ".join(text(head(render_report(notebooks=(), evidence=found))).split())
    causes = (
        "PRV001 Roles: audit.toml names no writer_role",
        "BOOT001–BOOT003 (3 checks): audit.toml has no [boot]",
    )
    assert " ".join(("What was not looked at", *causes)) in first
    assert "WVR001" not in first, "a waiver that is not there hides nothing"
    assert "- BOOT001–BOOT003 (3 checks)" in summary_markdown(found)
    everything = evidence(checks=(result("LIV001", "Reachable"),), verdict=Verdict.CLEAN)
    assert "not looked at" not in render_report(notebooks=(), evidence=everything)


def test_hundreds_of_blockers_keep_the_head_short():
    findings = tuple(Finding(key=f"LIV003:{n}", summary=f"finding {n}") for n in range(300))
    held = (result("LIV003", "x", Outcome.FAILED, findings=findings),)
    html = report(checks=held)
    assert head(html).count("finding-LIV003") == 8
    assert "… and 292 more" in head(html)
    assert html.count('<div class="finding" id="finding-LIV003') == 300


def test_evidence_without_a_result_is_shown():
    html = render_report(notebooks=[], evidence=evidence(checks=(), complete=False, server=None, commit={}, sources=()))
    assert "! prod could not be fully audited" in text(head(html))
    assert "No checks were run." in html


def test_an_error_is_an_alert_and_its_traceback_is_folded():
    error = {"output_type": "error", "ename": "DatabaseError", "evalue": "no route", "traceback": ["\x1b[31mline 1"]}
    html = render_report(notebooks=[notebook("x", code_cell("f()", error))], evidence=evidence())
    assert 'role="alert"' in html
    assert "This cell stopped with DatabaseError" in text(html)
    assert "<pre>line 1</pre>" in html


@pytest.mark.parametrize(
    ("data", "shown_as"),
    [
        pytest.param({"text/plain": "<b>1</b>"}, '<pre class="plain">&lt;b&gt;1&lt;/b&gt;</pre>', id="text"),
        pytest.param({"text/markdown": "**b**"}, "<strong>b</strong>", id="markdown"),
        pytest.param({"text/html": "<b>h</b>", "text/plain": "p"}, "<b>h</b>", id="html before text"),
        pytest.param({"image/png": "iVBO\nRw0K", "text/plain": "a plot"}, 'alt="a plot"', id="picture"),
        pytest.param({"image/svg+xml": ["<svg>", "</svg>"]}, "data:image/svg+xml;base64,PHN2Zz48L3N2Zz4=", id="svg"),
        pytest.param({"application/json": {"b": 1, "a": 2}}, "&#34;a&#34;: 2", id="json"),
        pytest.param({"application/x-y": "z"}, "of a kind that this report does not show: application/x-y", id="other"),
    ],
)
def test_outputs_of_every_kind(data, shown_as):
    output = {"output_type": "display_data", "metadata": {}, "data": data}
    assert shown_as in render_report(notebooks=[notebook("x", code_cell("f()", output))], evidence=evidence())


@pytest.mark.parametrize("mime", ["image/png", "image/svg+xml"])
def test_a_picture_attached_to_a_markdown_cell_is_embedded(mime):
    cell = {**prose("![plan](attachment:a)"), "attachments": {"a": {mime: "iVBO"}}}
    assert f'src="data:{mime};base64,iVBO"' in render_report(notebooks=[notebook("x", cell)], evidence=evidence())


X = '<a href="https://x.org/a?b=1&amp;c_d_e=2">https://x.org/a?b=1&amp;c_d_e=2</a>'


@pytest.mark.parametrize(
    ("source", "shown_as"),
    [
        pytest.param("|a|b|\n|-|-:|\n|1|`2\\|3`|", '<td style="text-align:right"><code>2|3</code></td>', id="table"),
        pytest.param("~~a~~ b", "<p><s>a</s> b</p>", id="strikethrough"),
        pytest.param("see (https://x.org/a?b=1&c_d_e=2).", f"<p>see ({X}).</p>", id="bare URL"),
        pytest.param(
            '**https://x.org/a?b=1&amp;c_d_e=2**, "b"', f'<p><strong>{X}</strong>, "b"</p>', id="bare URL, escaped"
        ),
        pytest.param("<https://x.org/a?b=1&c_d_e=2>", f"<p>{X}</p>", id="URL in angle brackets"),
        pytest.param("[https://x.org](#a) http://", '<p><a href="#a">https://x.org</a> http://</p>', id="URL in a link"),
        pytest.param('<a href="#a">https://x.org</a>', '<p><a href="#a">https://x.org</a></p>', id="URL in a tag"),
        pytest.param("`https://x.org`", "<p><code>https://x.org</code></p>", id="URL in code"),
        pytest.param("a<br>b <kbd>c</kbd>", "<p>a<br>b <kbd>c</kbd></p>", id="HTML"),
        pytest.param("[x](javascript:a) ![y](https://x.org/y.png)", '<p><a>x</a> <img alt="y"></p>', id="nothing is loaded"),
    ],
)
def test_markdown_is_read_as_jupyter_reads_it(source, shown_as):
    assert shown_as in render_markdown(source)
