"""The text of strings, templates and concatenations, with what is computed in them left open."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from tree_sitter import Node

from migration_audit.artifacts.code.languages import SourceLanguage, line_of, text_of
from migration_audit.artifacts.shell.parse import ansi_c_text
from migration_audit.model.code import Literal
from migration_audit.model.location import Location, line_starts

HOLE: Final = "…"
"""What is computed. PostgreSQL takes this character for a letter, so that a hole reads as a name."""

_SIMPLE: Final = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f", "v": "\v", "0": "\0", "a": "\a"}
_CODE: Final = re.compile(r"\\(?:x([0-9a-fA-F]{2})|u\{([0-9a-fA-F]+)\}|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8}))\Z")


@dataclass(frozen=True, slots=True)
class TextPart:
    """A part of a text that is on one place of the file."""

    text: str
    line: int
    raw: bool = False
    """The text is in the file as it is: its line breaks are the file's."""


@dataclass(frozen=True, slots=True)
class FoldedExpression:
    """The text of an expression, and the computed parts of it, which may hold texts of their own."""

    chunks: tuple[TextPart, ...]
    open: tuple[Node, ...] = ()

    @property
    def text(self) -> str:
        """The whole text."""
        return text_of_parts(self.chunks)


Constants = Mapping[str, tuple[TextPart, ...]]
"""Names that a file gives to one text, once."""


def fold_expression(node: Node, language: SourceLanguage, constants: Constants) -> FoldedExpression | None:
    """The text that this expression amounts to; None when it is not text."""
    if node.type in language.strings:
        return _string(node, language, constants)
    if node.type in {"concatenated_string", "concatenation"}:  # the latter of a shell: mig"rate"
        parts = [child for child in node.named_children if node.type == "concatenation" or child.type == "string"]
        return joined_text([fold_expression(child, language, constants) or _open(child, {}) for child in parts])
    if node.type in language.additions:
        return _sum(node, language, constants)
    if node.type in language.wrappers and node.named_child_count:
        return fold_expression(node.named_children[0], language, constants)
    if node.type in language.holes and (constant := _hole(node, language, constants)[0]):
        return FoldedExpression(tuple(constant))
    return _joined_list(node, language, constants)


def folded_text(node: Node, language: SourceLanguage, constants: Constants, *, default: str = HOLE) -> str:
    """The text of an expression; ``default`` when it is not text."""
    folded = fold_expression(node, language, constants)
    return folded.text if folded is not None else default


def text_of_parts(parts: Iterable[TextPart]) -> str:
    """The text that these parts make."""
    return "".join(part.text for part in parts)


_SETS: Final = dict.fromkeys(
    ("assignment_expression", "assignment_statement", "augmented_assignment", "augmented_assignment_expression"),
    ("left", "right"),
)
"""Statements that change a variable, with the fields of its name and of the value."""


def appended_texts(
    nodes: Iterable[Node], language: SourceLanguage, constants: Constants
) -> Iterator[tuple[Node, list[FoldedExpression]]]:
    """Texts that a variable is extended by, one after the other as in the file: ``q = 'ALTER'; q += ' TABLE t'``.

    Each comes with the node of its first part; branches and loops are read as if each part was appended once.
    """
    fields = _SETS | {kind: (name, value) for kind, name, value in language.assignments}
    found: dict[str, tuple[Node, list[FoldedExpression]]] = {}
    for node in nodes:
        if node.type not in fields:
            continue
        name, value = (_only(node.child_by_field_name(field)) for field in fields[node.type])
        if name is None or value is None:
            continue
        variable, appends = text_of(name), any(child.type == "+=" for child in node.children)
        left = value.child_by_field_name("left") if value.type in language.additions else None
        if left is not None and text_of(left) == variable:
            value, appends = value.child_by_field_name("right") or value, True
        folded = fold_expression(value, language, constants) or _open(value, constants)
        if appends and variable in found:
            found[variable][1].append(folded)
            continue
        if variable in found:
            yield found.pop(variable)
        found[variable] = node, [folded]
    yield from found.values()


def _only(node: Node | None) -> Node | None:
    """The first of a list of expressions, as Go has them on both sides of an assignment."""
    return node.named_children[0] if node is not None and node.type == "expression_list" else node


def joined_text(parts: Sequence[FoldedExpression]) -> FoldedExpression:
    """The parts as one text."""
    return FoldedExpression(tuple(c for part in parts for c in part.chunks), tuple(n for part in parts for n in part.open))


def literal_of(folded: FoldedExpression, path: str, node: Node) -> Literal:
    """The text as a value that findings can be made of."""
    text = ""
    lines: list[tuple[int, int]] = []
    for chunk in folded.chunks:
        for offset, line in line_starts(chunk.text, chunk.line) if chunk.raw else [(0, chunk.line)]:
            if not lines or lines[-1][1] != line:
                lines.append((len(text) + offset, line))
        text += chunk.text
    return Literal(text=text, at=Location(path, line_of(node)), lines=tuple(lines))


def _string(node: Node, language: SourceLanguage, constants: Constants) -> FoldedExpression:
    chunks: list[TextPart] = []
    holes: list[Node] = []
    source, start = node.text or b"", node.start_byte
    if node.type == "ansi_c_string":
        return FoldedExpression((TextPart(ansi_c_text(node), line_of(node)),))
    if node.type == "word" and b"\\" in source:
        return FoldedExpression((TextPart(re.sub(r"\\(?:\n|(.))", r"\1", text_of(node)), line_of(node)),))
    if not node.child_count and len(source) > 1 and source[:1] == source[-1:] == b"'":
        source, start = source[1:-1], start + 1  # a shell's raw string has no parts
    at, line = 0, line_of(node)
    for part in _parts(node, language):
        before = source[at : part.start_byte - start]
        chunks += [TextPart(before.decode(errors="replace"), line, raw=True)] if before else []
        at, line = part.end_byte - start, int(part.end_point[0]) + 1
        if part.type in language.escapes:
            chunks.append(TextPart(_unescape(text_of(part)), line_of(part)))
        elif part.type in language.holes:
            constant, inside = _hole(part, language, constants)
            chunks += constant or [TextPart(HOLE, line_of(part))]
            holes += inside
    rest = source[at:]
    chunks += [TextPart(rest.decode(errors="replace"), line, raw=True)] if rest else []
    return FoldedExpression(tuple(chunks), tuple(holes))


def _parts(node: Node, language: SourceLanguage) -> Iterator[Node]:
    """The parts of a string that are not its text as it is, in order."""
    for child in node.children:
        if child.type in language.quotes | language.escapes | language.holes:
            yield child
        else:
            yield from _parts(child, language)


def _hole(part: Node, language: SourceLanguage, constants: Constants) -> tuple[list[TextPart], list[Node]]:
    inner = part.named_children[0] if part.named_child_count else None
    is_whole = inner is not None and (part.type != "expansion" or text_of(part) == f"${{{text_of(inner)}}}")
    if inner is not None and is_whole and text_of(inner) in constants:
        return [TextPart(chunk.text, line_of(part)) for chunk in constants[text_of(inner)]], []
    if inner is not None and inner.type in language.strings:
        folded = fold_expression(inner, language, constants)
        if folded is not None and not folded.open:
            return list(folded.chunks), []
    return [], list(part.named_children)


def _sum(node: Node, language: SourceLanguage, constants: Constants) -> FoldedExpression | None:
    operator = node.child_by_field_name("operator")
    left, right = node.child_by_field_name("left"), node.child_by_field_name("right")
    if operator is None or operator.type != "+" or left is None or right is None:
        return None
    sides = [(side, fold_expression(side, language, constants)) for side in (left, right)]
    if all(folded is None for _, folded in sides):
        return None
    return joined_text([folded or _open(side, constants) for side, folded in sides])


def _open(node: Node, constants: Constants) -> FoldedExpression:
    if text_of(node) in constants:
        return FoldedExpression(tuple(TextPart(chunk.text, line_of(node)) for chunk in constants[text_of(node)]))
    return FoldedExpression((TextPart(HOLE, line_of(node)),), (node,))


def _joined_list(node: Node, language: SourceLanguage, constants: Constants) -> FoldedExpression | None:
    """``['a', 'b'].join(' ')``, ``' '.join(['a', 'b'])`` and ``'a'.concat('b')``."""
    function, arguments = node.child_by_field_name("function"), node.child_by_field_name("arguments")
    if function is None or arguments is None or function.type not in {"member_expression", "attribute"}:
        return None
    host, method = function.named_children[0], text_of(function.named_children[-1])
    given = arguments.named_children
    if method == "concat" and host.type in language.strings:
        items, between = [host, *given], ""
    elif method == "join" and host.type == "array":
        items = host.named_children
        between = folded_text(given[0], language, constants, default=",") if given else ","
    elif method == "join" and host.type == "string" and len(given) == 1 and given[0].type in {"list", "tuple"}:
        items, between = given[0].named_children, folded_text(host, language, constants, default="")
    else:
        return None
    folded = [
        fold_expression(item, language, constants) or _open(item, constants) for item in items if item.type != "comment"
    ]
    if not any(item.type in language.strings for item in items):
        return None
    separated = [
        part
        for item in folded
        for part in (FoldedExpression((TextPart(between, item.chunks[0].line if item.chunks else 1),)), item)
    ]
    return joined_text(separated[1:])


def _unescape(escape: str) -> str:
    code = _CODE.match(escape)
    if code:
        number = int(next(filter(None, code.groups())), 16)
        return chr(number) if number < 0x110000 else escape
    if escape.startswith("\\"):
        rest = escape[1:]
        return "" if rest in {"\n", "\r\n"} else _SIMPLE.get(rest, rest)
    return {"{{": "{", "}}": "}", "&quot;": '"', "&apos;": "'"}.get(escape, escape)
