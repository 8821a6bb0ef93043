"""Markdown cells as HTML: headings that can be linked to, links between notebooks that stay within the report.

HTML out of a notebook is reduced to what an allow-list knows: a person who can change a notebook can put anything into
it. What is left cannot run, load, or lie over the rest of the page; the Content-Security-Policy is the second line.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from html import unescape
from posixpath import basename
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from markupsafe import Markup, escape

from migration_audit.artifacts.text import word_set
from migration_audit.report.escape import many_lines, slug

if TYPE_CHECKING:
    from markdown_it.rules_core import StateCore
    from nh3 import Cleaner

_HEADING = re.compile(r"<h([1-6])>(.*?)</h\1>", re.DOTALL)
_HREF = re.compile(r'<a href="([^"]*)"')
_A_TAG = re.compile(r"<(/?)a\b", re.IGNORECASE)
_URL = re.compile(r"""(https?://[^\s<]*[^\s<.,:;!?"')\]])""")


@dataclass(frozen=True, slots=True)
class TocEntry:
    """A line of the table of contents."""

    level: int
    """2 for a notebook's title, 3 and more for what is below it."""
    title: Markup
    anchor: str


class Anchors:
    """The ids of one page: each is given out once."""

    def __init__(self, taken: set[str]) -> None:
        """``taken`` are the ids that the page has already."""
        self._taken = taken

    def new(self, wanted: str) -> str:
        """``wanted``, or with a number when it was given out before."""
        anchor, number = wanted, 2
        while anchor in self._taken:
            anchor, number = f"{wanted}-{number}", number + 1
        self._taken.add(anchor)
        return anchor


def render_markdown(source: str, attachments: Mapping[str, Any] | None = None) -> Markup:
    """A Markdown cell as safe HTML; its attached pictures are embedded."""
    return clean_html(str(_markdown()(_with_attachments(source, attachments or {}))))


def with_anchors(html: Markup, notebook: str, anchors: Anchors) -> tuple[Markup, list[TocEntry]]:
    """The HTML of a cell with ids on its headings, one level down (the page has its own title), and their list."""
    entries: list[TocEntry] = []

    def anchored(match: re.Match[str]) -> str:
        level, inner = min(int(match[1]) + 1, 6), match[2]
        words = Markup(inner).striptags()  # noqa: S704 (out of clean HTML)
        anchor = anchors.new(_heading_anchor(notebook, words))
        entries.append(TocEntry(level, Markup("{}").format(words), anchor))
        return f'<h{level} id="{anchor}">{inner}</h{level}>'

    return Markup(_HEADING.sub(anchored, html)), entries  # noqa: S704 (clean HTML and ids of ours)


def _heading_anchor(notebook: str, words: str) -> str:
    """The id of a heading of a notebook; JupyterLab's own is the words with blanks turned into dashes."""
    return f"{slug(notebook)}--{slug(words.strip().replace(' ', '-'))}"


def relinked(html: Markup, notebook: str, notebooks: frozenset[str]) -> Markup:
    """The HTML with links to ``10_x.ipynb``, ``10_x.ipynb#A-heading`` and ``#A-heading`` leading into this page."""

    def inside(match: re.Match[str]) -> str:
        path, _, fragment = unquote(unescape(match[1])).partition("#")
        name = basename(path).removesuffix(".ipynb") if path else notebook
        if name not in notebooks or not (fragment or path):
            return match[0]
        return f'<a href="#{_heading_anchor(name, fragment) if fragment else slug(name)}"'

    return Markup(_HREF.sub(inside, html))  # noqa: S704 (clean HTML and ids of ours)


@cache
def _markdown() -> Callable[[str], Any]:
    from markdown_it import MarkdownIt  # noqa: PLC0415 (only reports read Markdown)

    parser = MarkdownIt("commonmark").enable(["table", "strikethrough"])
    parser.validateLink = lambda url: True  # type: ignore[method-assign]  # clean_html decides which links and pictures stay
    parser.core.ruler.push("bare_urls", _link_bare_urls)
    return parser.render


def _link_bare_urls(state: StateCore) -> None:
    """Make a link of each ``https://…`` in the text, except within a link."""
    for block in state.tokens:
        depth = 0
        for token in block.children or ():
            if token.type in {"link_open", "link_close"}:
                depth += token.nesting
            elif token.type == "html_inline" and (tag := _A_TAG.match(token.content)):
                depth += -1 if tag[1] else 1
            elif token.type == "text" and depth <= 0:
                parts = [str(escape(part)) for part in _URL.split(token.content)]
                parts[1::2] = [f'<a href="{url}">{url}</a>' for url in parts[1::2]]
                token.type, token.content = "html_inline", "".join(parts)


def _with_attachments(source: str, attachments: Mapping[str, Any]) -> str:
    """The source with ``attachment:name`` replaced by the picture that the cell carries."""
    for name, bundle in sorted(attachments.items()):
        for mime, data in sorted(bundle.items()):
            body = "".join(data) if isinstance(data, list) else str(data)
            source = source.replace(f"attachment:{name}", f"data:{mime};base64,{''.join(body.split())}")
    return source


_TAGS = word_set(
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
_CSS = word_set(
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
_CLOSE_THEMSELVES = word_set("br col dd dt hr img input li link meta p td th tr wbr")
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
