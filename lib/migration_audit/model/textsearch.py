"""Full text search: parsers, templates, dictionaries and configurations."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from migration_audit.model.identifiers import dotted
from migration_audit.model.objects import CatalogObject


@dataclass(frozen=True, slots=True, kw_only=True)
class TextSearchParser(CatalogObject):
    """Splits a text into tokens."""

    kind: ClassVar[str] = "text search parser"
    identity: ClassVar[tuple[str, ...]] = ("schema", "name")

    schema: str
    name: str
    functions: tuple[str, ...]
    """``START = …``, ``GETTOKEN = …``, ``END = …``, ``LEXTYPES = …``, and ``HEADLINE = …`` where it is set."""
    comment: str | None

    @property
    def belongs_to(self) -> tuple[str, str] | None:
        """The schema."""
        return ("schema", dotted(self.schema))


@dataclass(frozen=True, slots=True, kw_only=True)
class TextSearchTemplate(CatalogObject):
    """What dictionaries are made from."""

    kind: ClassVar[str] = "text search template"
    identity: ClassVar[tuple[str, ...]] = ("schema", "name")

    schema: str
    name: str
    functions: tuple[str, ...]
    """``LEXIZE = …``, and ``INIT = …`` where it is set."""
    comment: str | None

    @property
    def belongs_to(self) -> tuple[str, str] | None:
        """The schema."""
        return ("schema", dotted(self.schema))


@dataclass(frozen=True, slots=True, kw_only=True)
class TextSearchDictionary(CatalogObject):
    """Makes lexemes of tokens."""

    kind: ClassVar[str] = "text search dictionary"
    identity: ClassVar[tuple[str, ...]] = ("schema", "name")

    schema: str
    name: str
    template: str
    """The template that it is made of, ``schema.name``."""
    definition: str | None
    """The template's options, as they were written."""
    owner: str
    comment: str | None

    @property
    def belongs_to(self) -> tuple[str, str] | None:
        """The schema."""
        return ("schema", dotted(self.schema))


@dataclass(frozen=True, slots=True, kw_only=True)
class TextSearchConfiguration(CatalogObject):
    """Which dictionaries a kind of token goes through."""

    kind: ClassVar[str] = "text search configuration"
    identity: ClassVar[tuple[str, ...]] = ("schema", "name")

    schema: str
    name: str
    parser: str
    """The parser that cuts text into tokens, ``schema.name``."""
    mappings: tuple[str, ...]
    """``asciiword: public.ours, simple``, sorted by kind of token."""
    owner: str
    comment: str | None

    @property
    def belongs_to(self) -> tuple[str, str] | None:
        """The schema."""
        return ("schema", dotted(self.schema))
