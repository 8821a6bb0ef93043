"""HTML out of a notebook, reduced to what an allow-list knows.

A report is made from executed notebooks, and whoever can change one can put anything into an output. What is left
here cannot run, load, or lie over the rest of the page; the page's Content-Security-Policy is the second line.
"""

from __future__ import annotations

import re
from functools import cache, lru_cache
from html import unescape
from typing import TYPE_CHECKING

from markupsafe import Markup

from migration_audit.report.escape import many_lines

if TYPE_CHECKING:
    from bleach.sanitizer import Cleaner


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_TAGS = _words(
    """a abbr b bdi blockquote br caption code col colgroup dd del details div dl dt em figcaption figure h1 h2 h3 h4
    h5 h6 hr i img ins kbd li mark ol p pre s samp small span strong sub summary sup table tbody td tfoot th thead time
    tr u ul var wbr"""
)
# No id and no class: an output must not answer to the page's own anchors, nor wear its styles.
_EVERYWHERE = frozenset({"style", "title", "lang", "dir", "role", "aria-label", "aria-hidden"})
_BY_TAG = {
    "td": {"colspan", "rowspan", "headers"},
    "th": {"colspan", "rowspan", "scope", "abbr"},
    "col": {"span"},
    "colgroup": {"span"},
    "img": {"alt", "width", "height"},
    "ol": {"start", "type"},
    "details": {"open"},
    "time": {"datetime"},
}
_PICTURE = re.compile(r"data:image/(?:png|jpeg|gif|webp|svg\+xml);base64,[A-Za-z0-9+/=\s]*\Z")
_LINK = re.compile(r"(?:https?://|mailto:|#|[\w.-]+\.ipynb(?:#|\Z))", re.IGNORECASE)
# No position, z-index, url(), animation, negative margin: an output stays where it is and loads nothing.
_CSS = _words(
    """background-color border border-bottom border-bottom-color border-bottom-style border-bottom-width
    border-collapse border-color border-left border-radius border-right border-spacing border-style border-top
    border-width caption-side color cursor display font font-family font-size font-style font-variant-numeric
    font-weight height line-height margin margin-bottom margin-left margin-right margin-top max-width min-width
    overflow overflow-wrap overflow-x padding padding-bottom padding-left padding-right padding-top text-align
    text-decoration text-transform vertical-align white-space width word-break"""
)
_UNREADABLE = re.compile(r"[<>\\{}@&\"']|url|expression|image|/\*|!\s*important|(?:^|[\s(])-[\d.]", re.IGNORECASE)
_DEEPEST = 200
_NESTING = re.compile(r"<(/?)([a-z][^\s/>]*)", re.IGNORECASE)
_CLOSE_THEMSELVES = _words("br col dd dt hr img input li link meta p td th tr wbr")
_WITH_CONTENT = ("script", "style", "title", "template", "noscript", "iframe", "object", "svg", "math")


@lru_cache(maxsize=256)
def clean_html(source: str) -> Markup:
    """The HTML with known elements, attributes, styles, embedded pictures and plain links only.

    HTML nested deeper than any table or text needs is shown as its source: parsing it takes quadratic time.
    """
    if _depth(source) > _DEEPEST:
        return Markup("<pre>{}</pre>").format(many_lines(source))
    return Markup(_cleaner().clean(_without_content(source)))  # noqa: S704 (this is where it becomes safe)


@lru_cache(maxsize=4096)
def clean_css(css: str) -> str:
    """The declarations of a ``style`` attribute that only say how the element itself looks.

    >>> clean_css("color: red; position: fixed; background: url(x)")
    'color:red'
    """
    kept = []
    for declaration in unescape(css).split(";"):
        name, _, value = declaration.partition(":")
        name, value = name.strip().lower(), value.strip()
        if name in _CSS and value and not _UNREADABLE.search(value):
            kept.append(f"{name}:{value}")
    return ";".join(kept)


@cache
def _cleaner() -> Cleaner:
    from bleach.sanitizer import Cleaner  # noqa: PLC0415 (an HTML parser that only reports need)

    return Cleaner(
        tags=_TAGS,
        attributes=_allowed,
        protocols={"http", "https", "mailto", "data"},
        strip=True,
        strip_comments=True,
        css_sanitizer=_Css(),
    )


class _Css:
    """What bleach asks about a ``style`` attribute; ours remembers, since a table repeats the same few."""

    def sanitize_css(self, style: str) -> str:
        return clean_css(style)


def _depth(html: str) -> int:
    """How deep the elements are nested at most, by their tags alone."""
    depth = deepest = 0
    for closing, tag in _NESTING.findall(html):
        if tag.lower() not in _CLOSE_THEMSELVES:
            depth = max(depth - 1, 0) if closing else depth + 1
            deepest = max(deepest, depth)
    return deepest


def _allowed(tag: str, name: str, value: str) -> bool:
    if name == "src":
        return tag == "img" and _PICTURE.match(value.strip()) is not None
    if name == "href":
        return tag == "a" and _LINK.match(value.strip()) is not None
    return name in _EVERYWHERE or name in _BY_TAG.get(tag, ())


def _without_content(html: str) -> str:
    """The HTML without elements whose text is not for people; the cleaner would leave that text standing.

    For looks alone: what this misses, the cleaner still takes apart. One pass per element, whatever the input.
    """
    for tag in _WITH_CONTENT:
        html = _cut(html, tag)
    return html


def _cut(html: str, tag: str) -> str:
    opening = re.compile(rf"<{tag}(?=[\s/>])", re.IGNORECASE)
    closing = re.compile(rf"</{tag}\s*>", re.IGNORECASE)
    kept, at = [], 0
    while (start := opening.search(html, at)) and (end := closing.search(html, start.end())):
        kept.append(html[at : start.start()])
        at = end.end()
    return "".join([*kept, html[at:]])
