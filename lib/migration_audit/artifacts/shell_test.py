"""Whether a condition of a script is true: decided only where every word of it is known and no file is asked for."""

from __future__ import annotations

from collections.abc import Callable
from fnmatch import fnmatchcase
from typing import Final

from tree_sitter import Node

from migration_audit.artifacts.shell_parse import text_of
from migration_audit.artifacts.shell_words import State, expand

_UNARY: Final[dict[str, Callable[[str], bool]]] = {"-z": lambda text: not text, "-n": bool}
_BINARY: Final[dict[str, Callable[[str, str], bool]]] = {
    "=": lambda a, b: a == b,
    "==": lambda a, b: a == b,
    "!=": lambda a, b: a != b,
    "-eq": lambda a, b: int(a) == int(b),
    "-ne": lambda a, b: int(a) != int(b),
    "-gt": lambda a, b: int(a) > int(b),
    "-ge": lambda a, b: int(a) >= int(b),
    "-lt": lambda a, b: int(a) < int(b),
    "-le": lambda a, b: int(a) <= int(b),
}


def decide(node: Node, state: State) -> bool | None:
    """The outcome of a condition; None where it takes a run to know."""
    match node.type:
        case "negated_command":
            inner = decide(node.named_children[-1], state)
            return None if inner is None else not inner
        case "test_command":
            named = node.named_children
            return _expression(named[0], state) if len(named) == 1 else None
        case "command":
            words = [word for child in node.named_children for word in expand(child, state)]
            if not all(word.known for word in words) or not words:
                return None
            return _command([word.text for word in words])
        case _:
            return None


def _command(texts: list[str]) -> bool | None:
    if texts[0] == "test":
        return _words(texts[1:])
    return {":": True, "true": True, "false": False}.get(texts[0])


def _expression(node: Node, state: State) -> bool | None:
    if node.type == "unary_expression":
        operator, operand = node.children[0], node.children[-1]
        if text_of(operator) == "!":
            inner = _expression(operand, state)
            return None if inner is None else not inner
        texts = _texts([operand], state, quoted=True)
        return None if texts is None else _words([text_of(operator), *texts])
    if node.type == "binary_expression":
        left, operator, right = node.children[0], node.children[1], node.children[-1]
        texts = _texts([left, right], state, quoted=True)
        return None if texts is None else _words([texts[0], text_of(operator), texts[1]])
    if node.type in ("word", "string", "raw_string", "simple_expansion", "expansion"):
        texts = _texts([node], state, quoted=True)
        return None if texts is None else _words(texts)
    return None


def _texts(nodes: list[Node], state: State, *, quoted: bool) -> list[str] | None:
    """One text for each node; None where one of them is unknown."""
    texts: list[str] = []
    for node in nodes:
        words = expand(node, state)
        if not all(word.known for word in words):
            return None
        texts.append(" ".join(word.text for word in words))
    return texts if quoted else [text for text in texts if text]


def _words(texts: list[str]) -> bool | None:
    try:
        match texts:
            case [text]:
                return bool(text)
            case [operator, text] if operator in _UNARY:
                return bool(_UNARY[operator](text))
            case [left, operator, right] if operator in _BINARY:
                return bool(_BINARY[operator](left, right))
    except ValueError:
        return None
    return None


def matching_case(subject: str, patterns: list[str]) -> bool:
    """Whether a ``case`` item takes this word."""
    return any(fnmatchcase(subject, pattern) for pattern in patterns)
