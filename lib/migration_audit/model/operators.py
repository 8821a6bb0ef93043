"""What extends SQL: aggregates, operators and their classes, casts, collations, languages, transforms, text search …"""

from __future__ import annotations

from dataclasses import dataclass

from migration_audit.model.identifiers import dotted, quoted
from migration_audit.model.objects import ByArguments, CatalogObject, InSchema, Key, Named, shown_only


@dataclass(frozen=True, slots=True, kw_only=True)
class Aggregate(ByArguments, kind="aggregate"):
    """An aggregate function: ordinary, ordered-set or hypothetical-set."""

    definition: tuple[str, ...]
    """Kind and named arguments, then each clause that is set, as ``CREATE AGGREGATE`` names it."""
    owner: str
    privileges: tuple[str, ...]
    comment: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Operator(InSchema, kind="operator", identity=("schema", "name", "left", "right")):
    """An operator; one that another operator only names as its commutator or negator is none yet."""

    left: str
    """Type of the left operand; ``NONE`` for a prefix operator."""
    right: str
    """Type of the right operand."""
    function: str
    """The function that computes it, with argument types."""
    commutator: str | None
    """The operator that gives the same with operands exchanged; None without one."""
    negator: str | None
    """The operator that gives the opposite; None without one."""
    restrict: str | None
    """The function that estimates how many rows a condition with it keeps; None without one."""
    join: str | None
    """The function that estimates how many rows a join by it gives; None without one."""
    merges: bool
    """Whether it can serve a merge join."""
    hashes: bool
    """Whether it can serve a hash join."""
    owner: str
    comment: str | None

    def _spelled_key(self) -> str:
        """``schema.=== (integer, integer)``."""
        return f"{dotted(self.schema)}.{self.name} ({self.left}, {self.right})"


@dataclass(frozen=True, slots=True, kw_only=True)
class ByMethod(InSchema, identity=("schema", "name", "method")):
    """An object of a schema that is for one index access method."""

    method: str
    """The index access method."""

    def _spelled_key(self) -> str:
        """``schema.name USING method``."""
        return f"{dotted(self.schema, self.name)} USING {quoted(self.method)}"


@dataclass(frozen=True, slots=True, kw_only=True)
class OperatorFamily(ByMethod, kind="operator family"):
    """An operator family; an operator class without a family brings one of its own name along."""

    members: tuple[str, ...]
    """Operators and functions that belong to no class of the family."""
    owner: str
    comment: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class OperatorClass(ByMethod, kind="operator class"):
    """An operator class, with the members that it brings into its family."""

    type: str
    """The type that is indexed."""
    family: str
    """The operator family, by its key."""
    default: bool
    """Whether indexes on this type use it unless another one is named."""
    storage: str | None
    """The type that the index stores, where it is another one."""
    members: tuple[str, ...]
    """The operators and functions that it brings, each with its number."""
    owner: str
    comment: str | None

    @property
    def belongs_to(self) -> Key:
        """The family."""
        return ("operator family", self.family)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cast(CatalogObject, kind="cast", identity=("source", "target")):
    """A cast between two types."""

    source: str
    """The type that is cast."""
    target: str
    """The type that it becomes."""
    method: str
    """``function``, ``binary`` (without function) or ``inout``."""
    function: str | None
    """The function that casts, with argument types; None for ``binary`` and ``inout``."""
    context: str
    """``explicit``, ``assignment`` or ``implicit``."""
    comment: str | None

    def _spelled_key(self) -> str:
        """``integer AS public.t``."""
        return f"{self.source} AS {self.target}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Conversion(InSchema, kind="conversion"):
    """A conversion between two encodings."""

    source: str
    """The encoding that is converted, ``LATIN1``."""
    target: str
    """The encoding that it becomes."""
    function: str
    """The function that converts, with argument types."""
    default: bool
    """Whether it is used wherever these two encodings meet."""
    owner: str
    comment: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Collation(InSchema, kind="collation"):
    """A collation; the version of the library that it was made with is a state of the server, and not compared."""

    provider: str
    """``libc``, ``icu``, ``builtin`` or ``default``."""
    locale: str | None
    """The locale of ``icu`` and ``builtin``; None for the others."""
    lc_collate: str | None
    """LC_COLLATE, the sort order of ``libc``; None for the others."""
    lc_ctype: str | None
    """LC_CTYPE, the character classes of ``libc``; None for the others."""
    rules: str | None
    """Sort rules added to ICU's (PostgreSQL 16 and later); None without any."""
    deterministic: bool
    """False: strings of different bytes may be equal."""
    encoding: str | None = shown_only()
    """None for one that serves every encoding: ``CREATE COLLATION … FROM`` takes it over, and nothing else can say it."""
    owner: str
    comment: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Language(Named, kind="language"):
    """A procedural language that no extension brought."""

    trusted: bool
    """Whether roles that are not superusers may use it."""
    handler: str | None
    """The function that calls its functions; None without one."""
    inline: str | None
    """The function that runs ``DO`` blocks in it; None without one."""
    validator: str | None
    """The function that checks new functions in it; None without one."""
    owner: str
    privileges: tuple[str, ...]
    comment: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Transform(CatalogObject, kind="transform", identity=("type", "language")):
    """How a procedural language sees a type."""

    type: str
    """The type that is handed over."""
    language: str
    """The procedural language."""
    from_sql: str | None
    """The function that makes the language's value; None for the usual one."""
    to_sql: str | None
    """The function that makes SQL's value; None for the usual one."""
    comment: str | None

    def _spelled_key(self) -> str:
        """``FOR type LANGUAGE language``."""
        return f"FOR {self.type} LANGUAGE {quoted(self.language)}"


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessMethod(Named, kind="access method"):
    """An access method of tables or indexes."""

    type: str
    """``table`` or ``index``."""
    handler: str
    """Its handler function, with argument types."""
    comment: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class TextSearchParser(InSchema, kind="text search parser"):
    """Splits a text into tokens."""

    functions: tuple[str, ...]
    """``START = …``, ``GETTOKEN = …``, ``END = …``, ``LEXTYPES = …``, and ``HEADLINE = …`` where it is set."""
    comment: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class TextSearchTemplate(InSchema, kind="text search template"):
    """What dictionaries are made from."""

    functions: tuple[str, ...]
    """``LEXIZE = …``, and ``INIT = …`` where it is set."""
    comment: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class TextSearchDictionary(InSchema, kind="text search dictionary"):
    """Makes lexemes of tokens."""

    template: str
    """The template that it is made of, ``schema.name``."""
    definition: str | None
    """The template's options, as they were written."""
    owner: str
    comment: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class TextSearchConfiguration(InSchema, kind="text search configuration"):
    """Which dictionaries a kind of token goes through."""

    parser: str
    """The parser that cuts text into tokens, ``schema.name``."""
    mappings: tuple[str, ...]
    """``asciiword: public.ours, simple``, sorted by kind of token."""
    owner: str
    comment: str | None
