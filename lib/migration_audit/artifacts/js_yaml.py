"""The values of YAML nodes as js-yaml 4 reads them: ``yes`` is a text there, ``0o17`` a number, a date a date."""

from __future__ import annotations

import re
from typing import Any, Final

from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

_NULL: Final = frozenset({"", "~", "null", "Null", "NULL"})
_TRUE: Final = frozenset({"true", "True", "TRUE"})
_FALSE: Final = frozenset({"false", "False", "FALSE"})
_INTEGER: Final = re.compile(r"([-+]?)(?:0b([01_]+)|0x([0-9a-fA-F_]+)|0o([0-7_]+)|([0-9][0-9_]*))\Z")
_FLOAT: Final = re.compile(r"[-+]?[0-9][0-9_]*(?:\.[0-9_]*)?(?:[eE][-+]?[0-9]+)?\Z|\.[0-9_]+(?:[eE][-+]?[0-9]+)?\Z")
_DATE: Final = re.compile(r"\d{4}-\d\d-\d\d\Z|\d{4}-\d\d?-\d\d?(?:[Tt]|[ \t]+)\d\d?:\d\d:\d\d")
_BASES: Final = (2, 16, 8, 10)


def js_value(node: Node) -> Any:
    """The value of a composed node, as JSON has it; a date becomes ``{"$date": text}``, which equals no text."""
    if isinstance(node, ScalarNode):
        return node.value if node.style else _plain(node.value)
    if isinstance(node, MappingNode):
        return {
            str(js_value(key)) if not isinstance(key, ScalarNode) else key.value: js_value(value)
            for key, value in node.value
        }
    return [js_value(item) for item in node.value] if isinstance(node, SequenceNode) else None


def _plain(text: str) -> Any:
    if text in _NULL:
        return None
    if text in _TRUE or text in _FALSE:
        return text in _TRUE
    if text.endswith("_"):
        return text
    match = _INTEGER.match(text)
    if match:
        digits, base = next((digits, base) for digits, base in zip(match.groups()[1:], _BASES, strict=True) if digits)
        return int(match[1] + digits.replace("_", ""), base)
    if _FLOAT.match(text):
        value = float(text.replace("_", ""))
        return int(value) if value.is_integer() else value
    return {"$date": text} if _DATE.match(text) else text


__all__ = ["js_value"]
