"""Full text search: parsers, templates, dictionaries and configurations."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from migration_audit.model.objects import InSchema


@dataclass(frozen=True, slots=True, kw_only=True)
class TextSearchParser(InSchema):
    """Splits a text into tokens."""

    kind: ClassVar[str] = "text search parser"

    functions: tuple[str, ...]
    """``START = …``, ``GETTOKEN = …``, ``END = …``, ``LEXTYPES = …``, and ``HEADLINE = …`` where it is set."""
    comment: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class TextSearchTemplate(InSchema):
    """What dictionaries are made from."""

    kind: ClassVar[str] = "text search template"

    functions: tuple[str, ...]
    """``LEXIZE = …``, and ``INIT = …`` where it is set."""
    comment: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class TextSearchDictionary(InSchema):
    """Makes lexemes of tokens."""

    kind: ClassVar[str] = "text search dictionary"

    template: str
    """The template that it is made of, ``schema.name``."""
    definition: str | None
    """The template's options, as they were written."""
    owner: str
    comment: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class TextSearchConfiguration(InSchema):
    """Which dictionaries a kind of token goes through."""

    kind: ClassVar[str] = "text search configuration"

    parser: str
    """The parser that cuts text into tokens, ``schema.name``."""
    mappings: tuple[str, ...]
    """``asciiword: public.ours, simple``, sorted by kind of token."""
    owner: str
    comment: str | None
