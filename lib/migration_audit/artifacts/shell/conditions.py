"""Whether a condition of a script is true: decided only where every word of it is known, and what it asks of files."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from typing import Final

from tree_sitter import Node

from migration_audit.artifacts.shell.parse import chain_of, shell_text_of
from migration_audit.artifacts.shell.path_state import FILE_TESTS
from migration_audit.artifacts.shell.words import ShellVariables, expand

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
_GLOB: Final = re.compile(r"[*?\[]|\{[^}]*(?:,|\.\.)[^}]*\}")
"""Wildcards, and what bash alone writes out: ``{a,b}``."""


@dataclass(frozen=True, slots=True)
class Answer:
    """The outcome of a condition."""

    value: bool | None
    """None where it takes a run to know."""
    why: str = ""
    """What of a file keeps it unknown; empty for every other reason."""
    is_test: bool = True
    """Whether it only asks: then it may be left out where it does not matter."""

    @property
    def opposite(self) -> Answer:
        """What ``!`` makes of it."""
        return replace(self, value=None if self.value is None else not self.value)

    def and_(self, other: Answer) -> Answer:
        """Both."""
        if self.value is False or other.value is False:
            return Answer(False)
        return Answer(True) if self.value and other.value else Answer(None, self.why or other.why)

    def or_(self, other: Answer) -> Answer:
        """One of the two."""
        return self.opposite.and_(other.opposite).opposite


_UNKNOWN: Final = Answer(None)
_COMMAND: Final = Answer(None, is_test=False)

Ask = Callable[[str, str], Answer]
"""How ``[ operator path ]`` answers."""


def decide_condition(node: Node, state: ShellVariables, ask: Ask) -> Answer:
    """The outcome of a condition that changes nothing; of every other one it takes a run to know."""
    match node.type:
        case "negated_command":
            answer = decide_condition(node.named_children[-1], state, ask).opposite
        case "test_command" if node.children[0].type == "[":
            answer = _words([text for child in node.children[1:-1] for text in _flat(child, state)], ask)
        case "test_command":
            named = node.named_children
            answer = _expression(named[0], state, ask) if len(named) == 1 else _UNKNOWN
        case "command":
            answer = _command(node, state, ask)
        case "list":
            answer = decide_chain(chain_of(node), state, ask)[-1]
        case "redirected_statement":
            answer = decide_condition(node.named_children[0], state, ask)
        case _:
            answer = _COMMAND
    return answer


def decide_chain(chain: Sequence[Node], state: ShellVariables, ask: Ask) -> list[Answer]:
    """The outcome of the first part of ``a && b || c``, then that of each list of the chain."""
    answers = [decide_condition(chain[0].children[0], state, ask)]
    for node in chain:
        left, is_and = answers[-1], node.children[1].type == "&&"
        if left.value is (not is_and):  # the right side does not run
            answers.append(left)
            continue
        right = decide_condition(node.children[2], state, ask)
        if left.is_test and right.is_test:
            answers.append(left.and_(right) if is_and else left.or_(right))
        else:
            answers.append(right if left.value is is_and else _COMMAND)
    return answers


def _command(node: Node, state: ShellVariables, ask: Ask) -> Answer:
    operands = node.named_children[1:]
    match _texts(node.named_children[:1], state):
        case ["test"]:
            texts = None if any(map(is_pattern, operands)) else _texts(operands, state)
            return _UNKNOWN if texts is None else _words(texts, ask)
        case [":" | "true" | "false" as known]:
            is_plain = not any(map(is_pattern, operands)) and _texts(operands, state) is not None
            return Answer(known != "false") if is_plain else _COMMAND
    return _COMMAND


def _expression(node: Node, state: ShellVariables, ask: Ask) -> Answer:
    """The expression between ``[[`` and its end."""
    match node.type:
        case "parenthesized_expression":
            answer = _expression(node.named_children[0], state, ask)
        case "unary_expression" if shell_text_of(node.children[0]) == "!":
            answer = _expression(node.children[-1], state, ask).opposite
        case "unary_expression":
            answer = _of_texts([shell_text_of(node.children[0]), node.children[-1]], state, ask)
        case "binary_expression" if len(node.children) == 3:
            answer = _binary(node, state, ask)
        case "word" | "string" | "raw_string" | "simple_expansion" | "expansion" | "concatenation":
            answer = _of_texts([node], state, ask)
        case _:
            answer = _UNKNOWN
    return answer


def _binary(node: Node, state: ShellVariables, ask: Ask) -> Answer:
    left, operator, right = node.children
    sign = shell_text_of(operator)
    if sign == "&&":
        return _expression(left, state, ask).and_(_expression(right, state, ask))
    if sign == "||":
        return _expression(left, state, ask).or_(_expression(right, state, ask))
    if sign in ("==", "=", "!=") and is_pattern(right):
        return _matches(left, sign, right, state)
    return _of_texts([left, sign, right], state, ask)


def _of_texts(parts: list[str | Node], state: ShellVariables, ask: Ask) -> Answer:
    operands = [part for part in parts if isinstance(part, Node)]
    texts = _texts(operands, state)
    if texts is None or any(map(is_pattern, operands)):
        return _UNKNOWN
    known = iter(texts)
    return _words([part if isinstance(part, str) else next(known) for part in parts], ask)


def _matches(left: Node, sign: str, right: Node, state: ShellVariables) -> Answer:
    """``[[ $X == v* ]]``: the right side is a pattern."""
    texts = _texts([left, right], state)
    return _UNKNOWN if texts is None else Answer(fnmatchcase(*texts) is (sign != "!="))


def _texts(nodes: list[Node], state: ShellVariables) -> list[str] | None:
    """One text for each node; None where one of them is unknown."""
    texts: list[str] = []
    for node in nodes:
        words = expand(node, state)
        if not all(word.known for word in words):
            return None
        texts.append(" ".join(word.text for word in words))
    return texts


def is_pattern(node: Node) -> bool:
    """Whether a word without quotes becomes the names of files, or is a pattern."""
    return node.type not in ("string", "raw_string") and bool(_GLOB.search(shell_text_of(node)))


def _flat(node: Node, state: ShellVariables) -> list[str | None]:
    """The words between ``[`` and ``]`` as ``test`` gets them; None for one that is unknown or a pattern."""
    if node.type.endswith("_expression") and node.type != "simple_expansion":
        return [text for child in node.children for text in _flat(child, state)]
    if not node.is_named or node.type == "test_operator":
        return [shell_text_of(node)]
    return [word.text if word.known and not is_pattern(node) else None for word in expand(node, state)]


def _words(texts: Sequence[str | None], ask: Ask) -> Answer:
    """The words of ``test``; ``-a`` and ``-o`` join what is around them."""
    for joiner, join in (("-o", Answer.or_), ("-a", Answer.and_)):
        if joiner in texts[1:-1] and len(texts) > 3:
            at = texts.index(joiner, 1)
            return join(_words(texts[:at], ask), _words(texts[at + 1 :], ask))
    known = [text for text in texts if text is not None]
    try:
        return _plain(known, ask) if len(known) == len(texts) else _UNKNOWN
    except ValueError:  # -eq of what is not a number
        return _UNKNOWN


def _plain(texts: list[str], ask: Ask) -> Answer:
    """One test, by the number of its words."""
    match texts:
        case []:
            answer = Answer(False)
        case [text]:
            answer = Answer(bool(text))
        case ["!", *rest] if len(rest) != 2 or rest[0] not in _BINARY:
            answer = _plain(rest, ask).opposite
        case [operator, text] if operator in _UNARY:
            answer = Answer(_UNARY[operator](text))
        case [operator, path] if operator in FILE_TESTS:
            answer = ask(operator, path) if path else Answer(False)
        case [left, operator, right] if operator in _BINARY:
            answer = Answer(_BINARY[operator](left, right))
        case _:
            answer = _UNKNOWN
    return answer


def matching_case(subject: str, patterns: list[str]) -> bool:
    """Whether a ``case`` item takes this word."""
    return any(fnmatchcase(subject, pattern) for pattern in patterns)
