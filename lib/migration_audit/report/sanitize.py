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
    from nh3 import Cleaner


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
    "table": {"cellpadding"},
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
_OTHERS = {tag: names for tag, names in _BY_TAG.items() if tag != "img"}
# No position, z-index, url(), animation, negative margin: an output stays where it is and loads nothing.
_CSS = _words(
    """align-items background-color border border-bottom border-bottom-color border-bottom-style border-bottom-width
    border-collapse border-color border-left border-radius border-right border-spacing border-style border-top
    border-width caption-side color cursor display flex-wrap font font-family font-size font-style
    font-variant-numeric font-weight gap grid-template-columns height justify-content line-height margin
    margin-bottom margin-left margin-right margin-top max-width min-width overflow overflow-wrap overflow-x padding
    padding-bottom padding-left padding-right padding-top text-align text-decoration text-overflow text-transform
    vertical-align white-space width word-break"""
)
_UNREADABLE = re.compile(r"[<>\\{}@&\"']|url|expression|image|/\*|!\s*important|(?:^|[\s(])-[\d.]", re.IGNORECASE)
_DEEPEST = 200
_NESTING = re.compile(r"<(/?)([a-z][^\s/>]*)", re.IGNORECASE)
_CLOSE_THEMSELVES = _words("br col dd dt hr img input li link meta p td th tr wbr")
_WITH_CONTENT = {"script", "style", "title", "template", "noscript", "iframe", "object", "svg", "math"}
"""Elements whose text is not for people."""


@lru_cache(maxsize=256)
def clean_html(source: str) -> Markup:
    """The HTML with known elements, attributes, styles, embedded pictures and plain links only.

    HTML nested deeper than any table or text needs is shown as its source: parsing it takes quadratic time.
    """
    if _depth(source) > _DEEPEST:
        return Markup("<pre>{}</pre>").format(many_lines(source))
    return Markup(_cleaner().clean(source))  # noqa: S704 (this is where it becomes safe)


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
    from nh3 import Cleaner  # noqa: PLC0415 (an HTML parser that only reports need)

    return Cleaner(
        tags=set(_TAGS),
        clean_content_tags=_WITH_CONTENT,
        attributes={"*": set(_EVERYWHERE), "img": {*_BY_TAG["img"], "src"}, "a": {"href"}, **_OTHERS},
        attribute_filter=_filtered,
        url_schemes={"http", "https", "mailto", "data"},
        link_rel=None,
    )


def _filtered(tag: str, name: str, value: str) -> str | None:
    """The value of an attribute that is allowed by its name; None for one that is not."""
    if name == "style":
        return clean_css(value) or None
    if name == "src":
        return value if _PICTURE.match(value.strip()) else None
    if name == "href":
        return value if _LINK.match(value.strip()) else None
    return value


def _depth(html: str) -> int:
    """How deep the elements are nested at most, by their tags alone."""
    depth = deepest = 0
    for closing, tag in _NESTING.findall(html):
        if tag.lower() not in _CLOSE_THEMSELVES:
            depth = max(depth - 1, 0) if closing else depth + 1
            deepest = max(deepest, depth)
    return deepest
