"""Markdown cells as HTML: headings that can be linked to, links between notebooks that stay within the report."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from html import unescape
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from markupsafe import Markup, escape

from migration_audit.report.escape import slug
from migration_audit.report.sanitize import clean_html

if TYPE_CHECKING:
    from markdown_it.rules_core import StateCore

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
        anchor = anchors.new(heading_anchor(notebook, words))
        entries.append(TocEntry(level, Markup("{}").format(words), anchor))
        return f'<h{level} id="{anchor}">{inner}</h{level}>'

    return Markup(_HEADING.sub(anchored, html)), entries  # noqa: S704 (clean HTML and ids of ours)


def heading_anchor(notebook: str, words: str) -> str:
    """The id of a heading of a notebook; JupyterLab's own is the words with blanks turned into dashes."""
    return f"{slug(notebook)}--{slug(words.strip().replace(' ', '-'))}"


def relinked(html: Markup, notebook: str, notebooks: frozenset[str]) -> Markup:
    """The HTML with links to ``10_x.ipynb``, ``10_x.ipynb#A-heading`` and ``#A-heading`` leading into this page."""

    def inside(match: re.Match[str]) -> str:
        path, _, fragment = unquote(unescape(match[1])).partition("#")
        name = path.rpartition("/")[2].removesuffix(".ipynb") if path else notebook
        if name not in notebooks or not (fragment or path):
            return match[0]
        return f'<a href="#{heading_anchor(name, fragment) if fragment else slug(name)}"'

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
