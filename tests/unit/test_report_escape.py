"""Text that somebody else chose, made safe to show."""

from __future__ import annotations

import unicodedata

import pytest
from tests.report_example import HOSTILE

from migration_audit.report import escape


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        pytest.param("positions", "positions", id="plain"),
        pytest.param("naïve 位置 שלום", "naïve 位置 שלום", id="letters of any script stay"),
        pytest.param("a\nb\tc\rd", r"a\nb\tc\rd", id="line ends and tabs"),
        pytest.param("a\x1b[31mb\x00", r"a\x1b[31mb\x00", id="terminal sequences"),
        pytest.param("a\u202eb\u200bc\u2028", r"a\u202eb\u200bc\u2028", id="overrides and zero width"),
        pytest.param("a\ud800", r"a\ud800", id="lone surrogate"),
    ],
)
def test_one_line_spells_out_what_cannot_be_seen(text, shown):
    assert escape.one_line(text) == shown


def test_many_lines_keeps_line_ends_and_nothing_else_invisible():
    assert escape.many_lines("a\r\n\tb\x07\u202e") == "a\n    b\\x07\\u202e"


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_what_is_shown_can_be_written_and_holds_nothing_invisible(text):
    for shown in (escape.one_line(text), escape.many_lines(text)):
        assert not {unicodedata.category(c) for c in shown.replace("\n", "")} & {"Cc", "Cf", "Cs", "Zl", "Zp"}
        assert shown.encode()


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_html_has_no_tags_but_ours(text):
    html = str(escape.html(escape.one_line(text)))
    for ours in ("<wbr>", "<bdi>", "</bdi>"):
        html = html.replace(ours, "")
    assert not set("<>\"'") & set(html)


def test_right_to_left_text_is_kept_apart():
    assert escape.html("שלום") == "<bdi>שלום</bdi>"


def test_long_words_may_break_after_slashes_first():
    path = "directus/db-init/" + "x" * 30 + ".sql:4"
    assert escape.html(path) == f"directus/<wbr>db-init/<wbr>{'x' * 30}.sql:4"
    assert escape.html("x" * 100).count("<wbr>") == 2
    assert "<wbr>" not in escape.html("select 1 from " * 40)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        pytest.param("a b", "`a b`", id="plain"),
        pytest.param("a|b", "<code>a&#124;b</code>", id="pipe"),
        pytest.param("a`b", "<code>a&#96;b</code>", id="tick"),
        pytest.param("a\nb", "<code>a<br>b</code>", id="line end"),
        pytest.param("", "", id="empty"),
    ],
)
def test_markdown_code(text, shown):
    assert escape.markdown_code(text) == shown


def test_markdown_leaves_no_mention_link_or_emphasis():
    assert not set("*[]@#`|<~_") & set(escape.markdown(HOSTILE["markdown"]).replace("&#", "")) - {"#"}


@pytest.mark.parametrize(
    ("text", "slug"),
    [
        ("COV003:index:public.positions", "COV003-index-public.positions"),
        ('a"><script>', "a-script"),
        ("--a  b--", "a-b"),
    ],
)
def test_slug(text, slug):
    assert escape.slug(text) == slug


@pytest.mark.parametrize(("text", "columns"), [("abc", 3), ("位置", 4), ("e\u0301", 1)])
def test_width(text, columns):
    assert escape.width(text) == columns


def test_without_ansi():
    assert escape.without_ansi("\x1b[0;31mError\x1b[0m: \x1b]8;;http://x\x07y") == "Error: y"
