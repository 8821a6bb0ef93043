"""What the words of a command become: variables with known values are put in, all others are unknown."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Final

from tree_sitter import Node

from migration_audit.artifacts.shell.parse import ShellScript, ansi_c_text, shell_text_of
from migration_audit.model.unset import is_open, readable

_EXPANSION: Final = re.compile(r"\$\{(?P<name>[A-Za-z_]\w*|\d+|[@*#?])(?:(?P<op>:?[-+=?])(?P<word>.*))?\}", re.DOTALL)
_SIMPLE: Final = re.compile(r"\$(?:\{(\w+)\}|(\w+))")

PATH: Final = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
"""Where a shell looks for programs, if nothing says something else."""


@dataclass(frozen=True, slots=True)
class Word:
    """One word; as it is written where it is unknown what it becomes."""

    text: str
    known: bool = True


@dataclass(slots=True)
class ShellVariables:
    """What a shell knows at one point; None is a value that cannot be known."""

    variables: dict[str, str | None]
    arguments: list[Word] = field(default_factory=list)
    """$1, $2, …"""
    arguments_known: bool = True
    """Whether their number is known."""
    functions: dict[str, tuple[ShellScript, Node]] = field(default_factory=dict)
    """The body of each function, and the text in which it is."""
    errexit: bool = False
    pipefail: bool = False
    folder: str | None = "/"
    """The working directory; None where it is unknown."""

    def copy(self) -> ShellVariables:
        """A state of its own, as a subshell has."""
        return replace(self, variables=dict(self.variables), arguments=list(self.arguments), functions=dict(self.functions))

    def value(self, name: str) -> str | None:
        """What ``$name`` is; None where it is unknown."""
        if name.isdigit() and name != "0":
            place = int(name) - 1
            if place < len(self.arguments):
                argument = self.arguments[place]
                return argument.text if argument.known else None
            return "" if self.arguments_known else None
        if name == "#":
            return str(len(self.arguments)) if self.arguments_known else None
        if name in "@*":
            known = self.arguments_known and all(a.known for a in self.arguments)
            return " ".join(a.text for a in self.arguments) if known else None
        return self.variables.get(name, PATH if name == "PATH" else None)

    def forget(self, other: ShellVariables) -> None:
        """Where ``other``, which a part that may not run has left, says something else: unknown."""
        for name in {*self.variables, *other.variables}:
            if self.variables.get(name) != other.variables.get(name):
                self.variables[name] = None
        if self.arguments != other.arguments:
            self.arguments_known = False
            self.arguments = []
        if self.folder != other.folder:
            self.folder = None
        self.errexit = self.errexit and other.errexit


def expand(node: Node, state: ShellVariables) -> list[Word]:
    """The words that one word of a script becomes: none, one or several."""
    if node.type == "command_name" and node.child_count == 1:
        return expand(node.children[0], state)
    if shell_text_of(node) in ('"$@"', '"${@}"') or (node.type in ("simple_expansion", "expansion") and _is_all(node)):
        if state.arguments_known:
            return list(state.arguments)
        return [Word(readable(shell_text_of(node)), known=False)]
    value = _value(node, state)
    if value is None or is_open(value):
        return [Word(readable(shell_text_of(node)), known=False)]
    if node.type in ("simple_expansion", "expansion"):
        return [Word(part) for part in value.split()]
    return [Word(value)]


def _is_all(node: Node) -> bool:
    return shell_text_of(node) in ("$@", "$*", "${@}", "${*}")


def _value(node: Node, state: ShellVariables) -> str | None:
    """The text that a node becomes; None where it is unknown."""
    text = shell_text_of(node)
    made: str | None = None
    match node.type:
        case "word" | "number" | "test_operator" | "extglob_pattern" | "regex":
            made = re.sub(r"\\(.)", r"\1", text.replace("\\\n", ""), flags=re.DOTALL)
        case "raw_string":
            made = text[1:-1]
        case "ansi_c_string":
            made = ansi_c_text(node)
        case "string":
            made = _joined(list(_string_parts(node)), state)
        case "concatenation":
            made = _joined([_value(child, state) for child in node.children], state)
        case "simple_expansion":
            made = state.value(text[1:])
        case "expansion":
            made = _expansion(text, state)
        case "command_name":
            made = _value(node.children[0], state) if node.child_count == 1 else None
        case "variable_name":
            made = text
        case _:
            made = None
    return made


def _string_parts(node: Node) -> Iterator[str | Node]:
    """The parts of a text in double quotes, with what is between two expansions, which is not a node."""
    raw = node.text or b""
    at = 1
    for child in node.named_children:
        start, end = child.start_byte - node.start_byte, child.end_byte - node.start_byte
        if start > at:
            yield _unescaped(raw[at:start].decode())
        if child.type == "string_content":
            yield _unescaped(raw[start:end].decode())
        else:
            yield child
        at = end
    if len(raw) - 1 > at:
        yield _unescaped(raw[at:-1].decode())


def _unescaped(text: str) -> str:
    return re.sub(r'\\([$`"\\\n])', lambda m: "" if m[1] == "\n" else m[1], text)


def _joined(parts: list[str | Node] | list[str | None], state: ShellVariables) -> str | None:
    made: list[str] = []
    for part in parts:
        value = _value(part, state) if isinstance(part, Node) else part
        if value is None:
            return None
        made.append(value)
    return "".join(made)


def _expansion(text: str, state: ShellVariables) -> str | None:
    match = _EXPANSION.fullmatch(text)
    if match is None:
        return None
    value = state.value(match["name"])
    if match["op"] is None:
        return value
    if value is None:
        return None
    counts = bool(value) if match["op"][0] == ":" else True
    if match["op"][-1] == "+":
        return _plain(match["word"], state) if counts else ""
    return value if counts else _plain(match["word"], state)


def _plain(text: str, state: ShellVariables) -> str | None:
    """The word behind an operator of ``${…}``, which may hold variables and quotes."""
    unknown = False

    def put(match: re.Match[str]) -> str:
        nonlocal unknown
        value = state.value(match[1] or match[2])
        unknown = unknown or value is None
        return value or ""

    made = _SIMPLE.sub(put, text.replace('"', "").replace("'", ""))
    return None if unknown or "$" in made or "`" in made else made
