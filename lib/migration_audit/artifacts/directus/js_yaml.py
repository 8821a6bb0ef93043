"""The values of YAML nodes as js-yaml 4 reads them: ``yes`` is a text there, ``0o17`` a number, a date a date."""

from __future__ import annotations

import re
from typing import Any, Final

from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode
from yaml.resolver import Resolver

_NULL: Final = frozenset({"", "~", "null", "Null", "NULL"})
_TRUE: Final = frozenset({"true", "True", "TRUE"})
_FALSE: Final = frozenset({"false", "False", "FALSE"})
# Numbers with underscores are texts since 4.2, and no version writes one.
_INTEGER: Final = re.compile(r"([-+]?)(?:0b([01]+)|0x([0-9a-fA-F]+)|0o([0-7]+)|([0-9]+))\Z")
_FLOAT: Final = re.compile(r"[-+]?[0-9]+(?:\.[0-9]*)?(?:[eE][-+]?[0-9]+)?\Z|\.[0-9]+(?:[eE][-+]?[0-9]+)?\Z")
_ENDLESS: Final = re.compile(r"[-+]?\.(?:inf|Inf|INF)\Z|\.(?:nan|NaN|NAN)\Z")
_DATE: Final = re.compile(r"\d{4}-\d\d-\d\d\Z|\d{4}-\d\d?-\d\d?(?:[Tt]|[ \t]+)\d\d?:\d\d:\d\d")
_BASES: Final = (2, 16, 8, 10)
_RESOLVER: Final[Any] = Resolver()
_MOST_EXACT: Final = 1 << 53


class JsYamlError(Exception):
    """js-yaml refuses the file, or a value is in it that no JSON has."""

    def __init__(self, node: Node, what: str) -> None:
        """``node`` is where, ``what`` says why."""
        super().__init__(what)
        self.line = node.start_mark.line + 1


def js_value(node: Node) -> Any:
    """The value of a composed node, as JSON has it; a date becomes ``{"$date": text}``, which equals no text.

    Raises JsYamlError for a key that is there twice, and for a tag.
    """
    _check_tag(node)
    if isinstance(node, ScalarNode):
        return node.value if node.style else _plain(node.value)
    if isinstance(node, MappingNode):
        return _mapping(node)
    return [js_value(item) for item in node.value] if isinstance(node, SequenceNode) else None


def _mapping(node: MappingNode) -> dict[str, Any]:
    found: dict[str, Any] = {}
    own: set[str] = set()
    for key_node, value_node in node.value:
        if isinstance(key_node, ScalarNode) and key_node.value == "<<" and not key_node.style:
            for merged in value_node.value if isinstance(value_node, SequenceNode) else [value_node]:
                if not isinstance(merged, MappingNode):
                    raise JsYamlError(merged, "the value of << is not a mapping")
                found = {**_mapping(merged), **found}
            continue
        key = _key(key_node)
        if key in own:
            raise JsYamlError(key_node, f"the key {key!r} appears twice")
        own.add(key)
        found[key] = js_value(value_node)
    return found


def _key(node: Node) -> str:
    """``String(key)``."""
    found = js_value(node)
    if isinstance(found, bool):
        return "true" if found else "false"
    if found is None:
        return "null"
    if not isinstance(found, str | int | float):
        raise JsYamlError(node, "a key is neither a string nor a number")
    return str(found)


def _check_tag(node: Node) -> None:
    if isinstance(node, ScalarNode):
        implicit = {_RESOLVER.resolve(ScalarNode, node.value, (not node.style, bool(node.style)))}
    else:
        implicit = {"tag:yaml.org,2002:map", "tag:yaml.org,2002:seq"}
    if node.tag not in implicit:
        raise JsYamlError(node, f"the value has the tag {node.tag}, which Directus does not write")


def _plain(text: str) -> Any:
    if text in _NULL:
        return None
    if text in _TRUE or text in _FALSE:
        return text in _TRUE
    number = _number(text)
    if number is not None:
        return number
    if _ENDLESS.match(text):
        return {"$number": text}
    return {"$date": text} if _DATE.match(text) else text


def _number(text: str) -> int | float | None:
    match = _INTEGER.match(text)
    if match:
        digits, base = next((digits, base) for digits, base in zip(match.groups()[1:], _BASES, strict=True) if digits)
        found = int(match[1] + digits, base)
        return found if abs(found) <= _MOST_EXACT else int(float(found))
    value = float(text) if _FLOAT.match(text) else float("inf")
    if value in {float("inf"), float("-inf")}:
        return None
    return int(value) if value.is_integer() else value


__all__ = ["JsYamlError", "js_value"]
