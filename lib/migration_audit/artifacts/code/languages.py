"""The programming languages that can be read, what their grammars call the things that matter here, and what they miss."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Set
from dataclasses import dataclass, replace
from functools import cache
from typing import Final

import tree_sitter_bash
import tree_sitter_go
import tree_sitter_javascript
import tree_sitter_json
import tree_sitter_python
import tree_sitter_typescript
from tree_sitter import Language as Grammar
from tree_sitter import Node, Parser

from migration_audit.artifacts.shell.parse import apart
from migration_audit.artifacts.text import word_set
from migration_audit.model.code import Opaque
from migration_audit.model.location import Location

_HOLDS_STATEMENTS: Final = word_set(
    "block class_body compound_statement do_group document module program source_file statement_block statement_list "
    "switch_body"
)
"""Nodes whose children are statements or members: an error in one child says nothing about the others."""
ECMA: Final = frozenset({"TypeScript", "TSX", "JavaScript"})
"""Languages with one syntax for calls and imports."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceLanguage:
    """One language: its grammar, and the names of the grammar's nodes by what they are to us."""

    name: str
    grammar: Callable[[], object]
    extensions: tuple[str, ...]
    names: frozenset[str] = frozenset()
    strings: frozenset[str] = frozenset()
    """Nodes that hold text."""
    quotes: frozenset[str] = frozenset()
    """Parts of a string that are not its text."""
    holes: frozenset[str] = frozenset()
    """Parts of a string that are computed."""
    escapes: frozenset[str] = frozenset()
    additions: frozenset[str] = frozenset()
    """Nodes with an operator between a left and a right side."""
    wrappers: frozenset[str] = frozenset()
    """Nodes that change nothing about the value in them: brackets, casts, ``await``."""
    calls: tuple[tuple[str, str], ...] = ()
    """Nodes that call, and the field that holds what is called."""
    members: tuple[tuple[str, str, str], ...] = ()
    """Nodes such as ``a.b``, with the fields of ``a`` and ``b``."""
    functions: frozenset[str] = frozenset()
    """Nodes that define a function under their ``name``."""
    values: frozenset[str] = frozenset()
    """Nodes in which an identifier is a value that is handed on."""
    assignments: tuple[tuple[str, str, str], ...] = ()
    """Nodes that name a value, with the fields of the name and of the value."""
    statements_of_text: frozenset[str] = frozenset()
    """Statements that, holding nothing but a string, are documentation."""

    def parse(self, source: bytes) -> Node:
        """The root of the syntax tree; it has nodes of error where the text is not of this language."""
        known = _NEWER.sub(_older, source) if self.name in ECMA else source
        known = apart(source.decode(errors="replace")).encode() if self.name == "shell" and b"$" in source else known
        return _parser(self.name).parse(known).root_node


# Newer than the grammars: spelt as what they were before, of the same length, so that every place stays true.
_NEWER: Final = re.compile(rb"\bexport type (?=\*)|\bimport defer (?=\*)|(?<=for \()(?:using|await using)(?= \w+ of\b)")


def _older(match: re.Match[bytes]) -> bytes:
    word, _, _ = match.group().partition(b" ")
    return (b"const" if word in {b"using", b"await"} else word).ljust(len(match.group()))


TYPESCRIPT: Final = SourceLanguage(
    name="TypeScript",
    grammar=tree_sitter_typescript.language_typescript,
    extensions=(".ts", ".mts", ".cts"),
    names=word_set(
        "identifier property_identifier private_property_identifier shorthand_property_identifier "
        "shorthand_property_identifier_pattern type_identifier"
    ),
    strings=frozenset({"string", "template_string", "jsx_text", "regex_pattern"}),
    quotes=frozenset({'"', "'", "`"}),
    holes=frozenset({"template_substitution"}),
    escapes=frozenset({"escape_sequence", "html_character_reference"}),
    additions=frozenset({"binary_expression"}),
    wrappers=word_set(
        "parenthesized_expression as_expression satisfies_expression non_null_expression await_expression type_assertion"
    ),
    functions=frozenset({"function_declaration", "generator_function_declaration", "method_definition"}),
    values=word_set(
        "arguments array pair variable_declarator assignment_expression return_statement arrow_function spread_element "
        "ternary_expression binary_expression export_statement object augmented_assignment_expression "
        "public_field_definition field_definition sequence_expression template_substitution jsx_expression"
    ),
    calls=(("call_expression", "function"), ("new_expression", "constructor"), ("decorator", "")),
    members=(("member_expression", "object", "property"), ("subscript_expression", "object", "index")),
    assignments=(("variable_declarator", "name", "value"),),
)
TSX: Final = replace(TYPESCRIPT, name="TSX", grammar=tree_sitter_typescript.language_tsx, extensions=(".tsx",))
JAVASCRIPT: Final = replace(
    TYPESCRIPT, name="JavaScript", grammar=tree_sitter_javascript.language, extensions=(".js", ".mjs", ".cjs", ".jsx")
)
PYTHON: Final = SourceLanguage(
    name="Python",
    grammar=tree_sitter_python.language,
    extensions=(".py", ".pyi"),
    names=frozenset({"identifier"}),
    strings=frozenset({"string"}),
    quotes=frozenset({"string_start", "string_end"}),
    holes=frozenset({"interpolation"}),
    escapes=frozenset({"escape_sequence", "escape_interpolation"}),
    additions=frozenset({"binary_operator"}),
    wrappers=frozenset({"parenthesized_expression", "await"}),
    functions=frozenset({"function_definition"}),
    values=word_set(
        "argument_list list tuple set pair assignment return_statement keyword_argument conditional_expression "
        "boolean_operator lambda list_splat default_parameter expression_list interpolation"
    ),
    calls=(("call", "function"), ("decorator", "")),
    members=(("attribute", "object", "attribute"),),
    assignments=(("assignment", "left", "right"),),
    statements_of_text=frozenset({"expression_statement"}),
)
GO: Final = SourceLanguage(
    name="Go",
    grammar=tree_sitter_go.language,
    extensions=(".go",),
    names=frozenset({"identifier", "field_identifier", "type_identifier", "package_identifier"}),
    strings=frozenset({"interpreted_string_literal", "raw_string_literal"}),
    quotes=frozenset({'"', "`"}),
    escapes=frozenset({"escape_sequence"}),
    additions=frozenset({"binary_expression"}),
    wrappers=frozenset({"parenthesized_expression"}),
    functions=frozenset({"function_declaration", "method_declaration"}),
    values=frozenset({"argument_list", "expression_list", "literal_element", "keyed_element", "return_statement"}),
    calls=(("call_expression", "function"), ("type_conversion_expression", "type")),
    members=(("selector_expression", "operand", "field"), ("qualified_type", "package", "name")),
    assignments=(
        ("const_spec", "name", "value"),
        ("var_spec", "name", "value"),
        ("short_var_declaration", "left", "right"),
    ),
)
JSON: Final = SourceLanguage(
    name="JSON",
    grammar=tree_sitter_json.language,
    extensions=(".json", ".jsonc"),
    strings=frozenset({"string"}),
    quotes=frozenset({'"'}),
    escapes=frozenset({"escape_sequence"}),
)
SHELL: Final = SourceLanguage(
    name="shell",
    grammar=tree_sitter_bash.language,
    extensions=(".sh", ".bash"),
    names=frozenset({"variable_name"}),
    strings=frozenset({"string", "raw_string", "ansi_c_string", "heredoc_body", "word"}),
    quotes=frozenset({'"'}),
    holes=frozenset({"simple_expansion", "expansion", "command_substitution", "arithmetic_expansion"}),
    assignments=(("variable_assignment", "name", "value"),),
)

LANGUAGES: Final = (TYPESCRIPT, TSX, JAVASCRIPT, PYTHON, GO, JSON, SHELL)


def language_of(path: str) -> SourceLanguage | None:
    """The language by the file's extension; None for one that cannot be read."""
    return next((language for language in LANGUAGES if path.lower().endswith(language.extensions)), None)


@cache
def _parser(name: str) -> Parser:
    (language,) = (language for language in LANGUAGES if language.name == name)
    return Parser(Grammar(language.grammar()))


def line_of(node: Node) -> int:
    """The line of the file on which the node starts."""
    return int(node.start_point[0]) + 1


def text_of(node: Node) -> str:
    """The node as it is in the file."""
    return (node.text or b"").decode(errors="replace")


def nodes_below(root: Node) -> Iterator[Node]:
    """The node and all below it, in the order of the text."""
    todo = [root]
    while todo:
        node = todo.pop()
        yield node
        todo += reversed(node.children)


def innermost(node: Node | None, kinds: Set[str]) -> Node | None:
    """The node itself or the nearest one around it that is of one of these kinds."""
    while node is not None and node.type not in kinds:
        node = node.parent
    return node


def broken_parts(root: Node, source: bytes, path: str, language: SourceLanguage) -> tuple[Opaque, ...]:
    """Each part with an error in it, from the first line of its statement to the last.

    Behind an error a text of several lines belongs to it as well: a quote too many turns code into text, and text into code.
    """
    if not root.has_error:
        return ()
    lines = source.decode("utf-8", errors="replace").split("\n")
    made: list[tuple[int, int, int]] = []
    for first, last, at in sorted(_spans(root, language)):
        if made and first <= made[-1][1]:
            made[-1] = (made[-1][0], max(last, made[-1][1]), made[-1][2])
        else:
            made.append((first, last, at))
    reason = f"is not understood as {language.name} here"
    return tuple(
        Opaque(reason=reason, text="\n".join(lines[first - 1 : last]), at=Location(path, at), is_all=root.is_error)
        for first, last, at in made
    )


def _spans(root: Node, language: SourceLanguage) -> Iterator[tuple[int, int, int]]:
    """First line, last line, and the line of the error."""
    errors = list(_errors(root))
    for error in errors:
        whole = _statement(error)
        yield line_of(whole), whole.end_point[0] + 1, line_of(error)
    begin = min((error.start_byte for error in errors), default=0)
    for text in _texts(root, language):
        if text.start_byte >= begin and text.end_point[0] > text.start_point[0]:
            yield line_of(text), text.end_point[0] + 1, line_of(text)


def _errors(root: Node) -> Iterator[Node]:
    todo = [root]
    while todo:
        node = todo.pop()
        if node.is_error or node.is_missing:
            yield node
        else:
            todo += [child for child in node.children if child.has_error or child.is_missing]


def _statement(node: Node) -> Node:
    """The statement that holds the node."""
    while node.parent is not None and node.parent.type not in _HOLDS_STATEMENTS:
        node = node.parent
    return node


def _texts(root: Node, language: SourceLanguage) -> Iterator[Node]:
    todo = [root]
    while todo:
        node = todo.pop()
        if node.type in language.strings:
            yield node
        else:
            todo += node.children
