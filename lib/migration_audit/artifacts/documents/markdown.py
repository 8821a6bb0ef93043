"""Markdown files as passages: what a reader of the rendered page reads, block by block, with the lines of the file.

CommonMark as the specification has it (https://spec.commonmark.org/0.31.2/), with the tables and the strikethrough of
GitHub. Wiki links are text to that parser; ``fold`` reads them.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Final

from markdown_it import MarkdownIt
from markdown_it.token import Token

from migration_audit.artifacts.documents.inline import TextOnLine, fold_pieces, fold_text, html_blocks, inline_pieces
from migration_audit.artifacts.text import read_text
from migration_audit.model.documents import Document, Passage, PassageKind, Sought
from migration_audit.model.errors import ArtifactError
from migration_audit.project.locate import shown_path

_FRONT_MATTER: Final = re.compile(r"\A---[ \t]*\n(?:.*\n)*?(?:---|\.\.\.)[ \t]*(?:\n|\Z)")
_OPEN_BOX: Final = re.compile(r"\[ \]\s")
_BOX: Final = re.compile(r"\[[ xX]\]\s+")
_HEADING_ID: Final = re.compile(r"\s*\{#[\w:.-]+\}\s*\Z")
_LIMIT: Final = 2_000_000
"""Characters: a Markdown file beyond that is not a document that anybody reads."""


@cache
def _parser() -> MarkdownIt:
    return MarkdownIt("commonmark").enable(["table", "strikethrough"])


def read_document(path: Path, *, shown_from: Path) -> Document:
    """The Markdown file at ``path``, whose findings show its path from ``shown_from``.

    Raises ArtifactError when it cannot be read, is not UTF-8, or is longer than two million characters.
    """
    text, shown = read_text(path, shown_from), shown_path(path, shown_from)
    if len(text) > _LIMIT:
        raise ArtifactError("is too long for a document", where=shown, todo="exclude it with except in audit.toml")
    return parse_document(text, path=shown)


def parse_document(text: str, *, path: str) -> Document:
    """The passages of Markdown ``text``, in order."""
    text = unicodedata.normalize("NFC", text.replace("\r\n", "\n").replace("\r", "\n"))
    builder = _Builder()
    front = _FRONT_MATTER.match(text)
    if front:
        builder.code(front[0].splitlines(), first=1)
    # The parser shall count the lines of the file, so the front matter leaves its lines behind.
    body = "\n" * front[0].count("\n") + text[front.end() :] if front else text
    builder.build(_parser().parse(body))
    return Document(path=path, passages=tuple(builder.finished()), source=tuple(text.split("\n")))


def parse_statement(text: str) -> Sought:
    """A statement of audit.toml, which is Markdown as well: its emphasis, code spans and links are read as a document's."""
    pieces: list[TextOnLine] = []
    for token in _parser().parseInline(text):
        pieces += inline_pieces(token, first=1)[0]
    words = fold_pieces(pieces).text
    return Sought(text=text, words=words, key=_key(words))


def _key(words: str) -> str:
    """The first words, as far as they fit, so that the key of a finding can be read and typed.

    >>> _key("processor never runs ddl. schema is exclusively owned by directus")
    'processor-never-runs-ddl-schema-is-exclusively'
    """
    slug = re.sub(r"[^\w]+", "-", words).strip("-")
    return slug if len(slug) <= 48 else slug[:49].rpartition("-")[0] or slug[:48]


@dataclass(slots=True)
class _Draft:
    """A passage whose end is not known yet."""

    kind: PassageKind
    line: int
    pieces: list[TextOnLine]
    sections: tuple[str, ...]
    until: int


@dataclass(slots=True)
class _Builder:
    drafts: list[_Draft] = field(default_factory=list)
    headings: list[tuple[int, str, int]] = field(default_factory=list)
    """Level, folded text, and position of each heading that is open."""
    items: list[int] = field(default_factory=list)
    """Position of the first passage of each list item that is open."""
    hidden: list[str] = field(default_factory=list)
    """The tags of HTML that hide what follows."""

    def build(self, tokens: Sequence[Token]) -> None:
        at = 0
        while at < len(tokens):
            at = self._block(tokens, at)
        self._close_headings(0)

    def finished(self) -> Iterator[Passage]:
        for draft in self.drafts:
            yield Passage(
                kind=draft.kind,
                line=draft.line,
                shown=fold_pieces(draft.pieces),
                linked=fold_pieces(draft.pieces, targets=True),
                sections=draft.sections,
                until=draft.until,
            )

    def code(self, lines: Sequence[str], *, first: int) -> None:
        pieces = [TextOnLine(f"{line}\n", first + number) for number, line in enumerate(lines)]
        self._add(PassageKind.CODE, first, pieces)

    def _block(self, tokens: Sequence[Token], at: int) -> int:
        """Take what begins at ``at``; the position after it."""
        token = tokens[at]
        first = token.map[0] + 1 if token.map else 1
        if token.type == "heading_open":
            self._heading(int(token.tag[1:]), tokens[at + 1], first)
            return at + 3
        if token.type == "tr_open":
            return self._row(tokens, at, first)
        if token.type == "inline":
            self._text(token, first)
        elif token.type in {"fence", "code_block"}:
            self.code(token.content.splitlines(), first=first + (token.type == "fence"))
        elif token.type == "html_block":
            blocks, aside = html_blocks(token.content, first=first, hidden=self.hidden)
            for pieces in (each for each in blocks if each):
                self._add(PassageKind.TEXT, pieces[0].line, pieces)
            self._add(PassageKind.ASIDE, first, aside)
        elif token.type == "list_item_open":
            self.items.append(len(self.drafts))
        elif token.type == "list_item_close":
            self._close_item()
        return at + 1

    def _heading(self, level: int, inline: Token, first: int) -> None:
        pieces, aside = inline_pieces(inline, first=first)
        self._close_headings(level)
        title = fold_text(_HEADING_ID.sub("", "".join(piece.text for piece in pieces)))
        self.headings.append((level, title, len(self.drafts)))
        self._add(PassageKind.HEADING, first, pieces)
        self._add(PassageKind.ASIDE, first, aside)

    def _row(self, tokens: Sequence[Token], at: int, first: int) -> int:
        pieces: list[TextOnLine] = []
        asides: list[TextOnLine] = []
        while tokens[at].type != "tr_close":
            if tokens[at].type == "inline":
                # A bar between the cells: no statement reaches from one into the next.
                text, aside = inline_pieces(tokens[at], first=first)
                pieces += [*([TextOnLine(" | ", first)] if pieces else []), *text]
                asides += aside
            at += 1
        self._add(PassageKind.TEXT, first, pieces)
        self._add(PassageKind.ASIDE, first, asides)
        return at + 1

    def _text(self, inline: Token, first: int) -> None:
        pieces, aside = inline_pieces(inline, first=first)
        opens_item = bool(self.items) and self.items[-1] == len(self.drafts)
        kind = PassageKind.TASK if opens_item and _OPEN_BOX.match(inline.content) else PassageKind.TEXT
        if opens_item and pieces and (box := _BOX.match(pieces[0].text)):
            pieces[0] = TextOnLine(pieces[0].text[box.end() :], pieces[0].line)
        self._add(kind, first, pieces)
        self._add(PassageKind.ASIDE, first, aside)

    def _add(self, kind: PassageKind, line: int, pieces: list[TextOnLine]) -> None:
        kind = PassageKind.ASIDE if self.hidden and kind is not PassageKind.HEADING else kind
        if not "".join(piece.text for piece in pieces).strip() and kind is not PassageKind.HEADING:
            return
        sections = tuple(title for _, title, _ in self.headings)
        self.drafts.append(_Draft(kind, line, pieces, sections, len(self.drafts) + 1))

    def _close_headings(self, level: int) -> None:
        """A heading of this level ends every section that is not above it; level 0 ends them all."""
        while self.headings and self.headings[-1][0] >= level:
            _, _, position = self.headings.pop()
            self.drafts[position].until = len(self.drafts)

    def _close_item(self) -> None:
        position = self.items.pop()
        if position < len(self.drafts):
            self.drafts[position].until = len(self.drafts)
            if self.drafts[position].kind is PassageKind.TASK:
                for draft in self.drafts[position:]:
                    draft.kind = PassageKind.TASK if draft.kind is PassageKind.TEXT else draft.kind


def read_section(text: str) -> Sought:
    """The heading that a rule names, with or without its ``#`` marks."""
    return parse_statement(_HEADING_ID.sub("", text.lstrip("# ").rstrip("# ")))
