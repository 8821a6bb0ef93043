"""Variables in Compose files, and the ``.env`` files that give them values."""

from __future__ import annotations

import re
from collections import ChainMap
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from migration_audit.artifacts.compose.tree import YamlNode
from migration_audit.model.errors import ArtifactError
from migration_audit.model.unset import as_empty, mark, names_in

_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_OPERATORS: Final = (":-", "-", ":?", "?", ":+", "+")
_ENTRY: Final = re.compile(r"\s*(?:export\s+)?(?P<name>[A-Za-z_][\w.-]*)\s*(?:=|:\s)[ \t]*")
_ESCAPES: Final = {"n": "\n", "r": "\r", "t": "\t", '"': '"', "\\": "\\", "$": "$$"}


@dataclass(frozen=True, slots=True)
class ReplacedText:
    """A text after its variables were replaced."""

    marked: str
    """With the place of each variable that the files give no value (``model/unset.py``)."""
    doubt: str | None = None
    """Why Compose may see another text."""

    @property
    def text(self) -> str:
        """What Compose makes of it while these variables have no value."""
        return as_empty(self.marked)


class TemplateError(ValueError):
    """A ``$`` that Compose refuses."""


def replace_variables(text: str, values: Mapping[str, str]) -> ReplacedText:
    """``text`` as Compose reads it: ``$$`` is a dollar, ``${NAME:-default}`` and the like are replaced.

    A variable without a value is an empty text, as in Compose, and a doubt: it may be set where Compose runs.
    Raises TemplateError for what Compose refuses as an invalid format.

    >>> replace_variables("$A ${B:-b} $$C ${D+d}", {"A": "a"}).text
    'a b $C '
    """
    template = _Template(text, values)
    made = template.until_end()
    doubt = "; ".join(dict.fromkeys(template.doubts)) or None
    return ReplacedText(made, doubt)


def replace_in(tree: YamlNode, values: Mapping[str, str]) -> YamlNode:
    """The tree with the variables of all its texts replaced; keys are left as they are. Raises ArtifactError."""
    if isinstance(tree.value, str):
        try:
            replaced = replace_variables(tree.value, values)
        except TemplateError as error:
            todo = "write $$ for a literal dollar sign"
            raise ArtifactError(str(error), where=str(tree.at), todo=todo) from None
        return YamlNode(replaced.marked, tree.at, tree.tag, replaced.doubt)
    if isinstance(tree.value, tuple):
        return YamlNode(tuple(replace_in(item, values) for item in tree.value), tree.at, tree.tag)
    if tree.value is None:
        return tree
    return YamlNode({key: replace_in(value, values) for key, value in tree.value.items()}, tree.at, tree.tag)


class _Template:
    def __init__(self, text: str, values: Mapping[str, str]) -> None:
        self.text = text
        self.at = 0
        self.values = values
        self.doubts: list[str] = []

    def until_end(self, closing: str = "") -> str:
        """The replaced text up to ``closing`` (which is stepped over) or the end."""
        made: list[str] = []
        while self.at < len(self.text):
            here = self.text[self.at]
            if here == closing:
                self.at += 1
                return "".join(made)
            if here == "$":
                made.append(self.dollar())
            else:
                made.append(here)
                self.at += 1
        if closing:
            raise TemplateError(f"the variable in {self.text!r} is never closed")
        return "".join(made)

    def dollar(self) -> str:
        self.at += 1
        if self.text.startswith("$", self.at):
            self.at += 1
            return "$"
        is_braced = self.text.startswith("{", self.at)
        match = _NAME.match(self.text, self.at + is_braced)
        if match is None:
            if is_braced:
                raise TemplateError(f"{self.text!r} contains a variable that Compose cannot parse")
            return "$"  # a dollar before anything else is one
        self.at = match.end()
        return self.braced(match[0]) if is_braced else self.plain(match[0])

    def plain(self, name: str) -> str:
        value = self.values.get(name, mark(name))
        self.doubts += [f"the variable {unknown} is not set here" for unknown in names_in(value)]
        return value

    def braced(self, name: str) -> str:
        if self.text.startswith("}", self.at):
            self.at += 1
            return self.plain(name)
        operator = next((o for o in _OPERATORS if self.text.startswith(o, self.at)), None)
        if operator is None:
            raise TemplateError(f"{self.text!r} contains a variable that Compose cannot parse")
        self.at += len(operator)
        outer, self.doubts = self.doubts, []
        word = self.until_end("}")
        inner, self.doubts = self.doubts, outer
        has_value = bool(self.values.get(name)) if operator[0] == ":" else name in self.values
        if operator[-1] == "+":
            self.doubts += inner if has_value else []
            return word if has_value else ""
        if has_value:
            return self.plain(name)
        if operator[-1] == "?":
            self.doubts.append(f"Compose does not run without the variable {name}")
            return mark(name)
        self.doubts += inner
        return word


def parse_env(text: str, shown: str, outer: Mapping[str, str]) -> dict[str, str]:
    """The variables of a ``.env`` file; ``outer`` are those that it may refer to and that win over its own.

    Raises ArtifactError, with the line, for a line that is not an assignment.
    """
    found: dict[str, str] = {}
    known = ChainMap(dict(outer), found)
    at = 0
    while at < len(text):
        end = text.find("\n", at)
        end = len(text) if end < 0 else end
        line = text[at:end]
        if not line.strip() or line.lstrip().startswith("#"):
            at = end + 1
            continue
        entry = _ENTRY.match(text, at)
        if entry is None or entry.end() > end + 1:
            at = _bare_name(text, at, end, shown)
            continue
        value, at = _value(text, min(entry.end(), end), known)
        found[entry["name"]] = value
    return {**found, **outer}


def _bare_name(text: str, at: int, end: int, shown: str) -> int:
    """A name alone passes the caller's variable through: nothing to learn from it."""
    if re.fullmatch(r"\s*(?:export\s+)?[A-Za-z_][\w.-]*\s*", text[at:end]):
        return end + 1
    where = f"{shown}:{text.count(chr(10), 0, at) + 1}"
    raise ArtifactError("is not an assignment NAME=value", where=where, todo="correct the line, or put # in front of it")


def _value(text: str, at: int, values: Mapping[str, str]) -> tuple[str, int]:
    """The value that starts at ``at``, and where the next line starts."""
    quote = text[at : at + 1]
    closing = _closing(text, at, quote) if quote in ("'", '"') else -1
    if closing < 0:
        end = text.find("\n", at)
        end = len(text) if end < 0 else end
        raw = re.sub(r"(?:^|\s+)#.*", "", text[at:end]).strip()
        return _lenient(raw, values), end + 1
    end = text.find("\n", closing)
    body = text[at + 1 : closing]
    if quote == '"':
        escaped = re.sub(r"\\(.)", lambda m: _ESCAPES.get(m[1], m[0]), body, flags=re.DOTALL)
        body = _lenient(escaped, values)
    return body, (len(text) if end < 0 else end + 1)


def _closing(text: str, at: int, quote: str) -> int:
    """The position of the quote that ends a text; -1 where it is never closed."""
    match = re.compile(rf"(?:\\.|[^\\{quote}])*{quote}", re.DOTALL).match(text, at + 1)
    return match.end() - 1 if match else -1


def _lenient(text: str, values: Mapping[str, str]) -> str:
    """A dollar that is not a variable stays one in ``.env``."""
    try:
        return replace_variables(text, values).marked
    except TemplateError:
        return text
