"""A Directus snapshot file (``directus schema snapshot``) as typed facts, each with its line."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import yaml
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode
from yaml.resolver import Resolver

from migration_audit.artifacts.text import read_shown_text
from migration_audit.model.directus import DirectusSnapshot, SnapshotEntry
from migration_audit.model.errors import ArtifactError
from migration_audit.model.location import Location

_AGAIN = "export it again: directus schema snapshot"
_NULL = "tag:yaml.org,2002:null"
# The same loader in C, where PyYAML was built with it: a snapshot of hundreds of collections has 100,000 lines.
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_NULLS: Final = frozenset({"", "~", "null", "Null", "NULL"})
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


def read_directus_snapshot(path: Path, *, shown: str) -> DirectusSnapshot:
    """The snapshot at ``path`` (YAML or JSON), whose locations call it ``shown``.

    Raises ArtifactError at the line where the file is not YAML, has a key twice, or is not shaped like a snapshot.
    Source: files written by Directus 11.17.4, 12.3.1 and 12.4.0.
    """
    root = _compose(read_shown_text(path, shown), shown)
    reader = _Reader(shown)
    body = reader.mapping(root, "the file")
    form = reader.text(body.get("version"))
    if form not in {"1", "2"}:
        raise ArtifactError(
            f"is a snapshot of format {form or 'without a version'}, expected version: 1, or 2 for a partial one",
            where=f"{shown}:{body['version'].line if 'version' in body else 1}",
            todo=_AGAIN,
        )
    for name in ("directus", "vendor"):
        reader.text(body.get(name))
    try:
        value = js_value(root)
    except JsYamlError as error:
        raise ArtifactError(str(error), where=f"{shown}:{error.line}", todo=_AGAIN) from None
    return DirectusSnapshot(
        path=shown,
        body=value,
        collections=tuple(reader.entries(body.get("collections"), "collections")),
        fields=tuple(reader.entries(body.get("fields"), "fields")),
        relations=tuple(reader.entries(body.get("relations"), "relations")),
        lines=tuple((name, entry.line) for name, entry in body.items()),
    )


def _compose(text: str, shown: str) -> Node:
    try:
        root = yaml.compose(text, Loader=_LOADER)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = min(mark.line + 1, len(text.splitlines())) if mark else 1
        raise ArtifactError(f"is not YAML: {error.problem or error.context}", where=f"{shown}:{line}", todo=_AGAIN) from None
    except (yaml.YAMLError, RecursionError) as error:
        raise ArtifactError(f"is not YAML: {str(error).splitlines()[0]}", where=f"{shown}:1", todo=_AGAIN) from None
    if root is None:
        raise ArtifactError("is empty", where=f"{shown}:1", todo=_AGAIN)
    return root


@dataclass(frozen=True, slots=True)
class _Entry:
    """The value of a key, and the line of the key."""

    value: Node
    line: int


class _Reader:
    """Walks the nodes, and says where one is not what a snapshot has there."""

    def __init__(self, shown: str) -> None:
        self._shown = shown

    def wrong(self, line: int, what: str) -> ArtifactError:
        return ArtifactError(what, where=f"{self._shown}:{line}", todo=_AGAIN)

    def mapping(self, node: Node, name: str) -> dict[str, _Entry]:
        line = node.start_mark.line + 1
        if not isinstance(node, MappingNode):
            raise self.wrong(line, f"{name} is not a mapping")
        found: dict[str, _Entry] = {}
        for key, value in node.value:
            at = key.start_mark.line + 1
            if not isinstance(key, ScalarNode) or key.value == "<<":
                raise self.wrong(at, f"{name} has a key that Directus does not write")
            if key.value in found:
                raise self.wrong(at, f"the key {key.value!r} appears twice in {name}")
            found[key.value] = _Entry(value, at)
        return found

    def items(self, entry: _Entry | None, name: str) -> Iterator[tuple[dict[str, _Entry], Location]]:
        if entry is None or _is_null(entry.value):
            return
        if not isinstance(entry.value, SequenceNode):
            raise self.wrong(entry.line, f"{name} is not a list")
        for node in entry.value.value:
            yield self.mapping(node, f"an entry of {name}"), Location(self._shown, node.start_mark.line + 1)

    def text(self, entry: _Entry | None) -> str | None:
        if entry is None or _is_null(entry.value):
            return None
        if not isinstance(entry.value, ScalarNode):
            raise self.wrong(entry.line, "expected a string here")
        return str(entry.value.value)

    def name(self, body: Mapping[str, _Entry], key: str, at: Location) -> str:
        found = self.text(body.get(key))
        if not found:
            raise self.wrong(at.line, f"an entry lacks {key}")
        return found

    def part(self, entry: _Entry | None, name: str) -> dict[str, _Entry] | None:
        """A mapping that may be null."""
        return None if entry is None or _is_null(entry.value) else self.mapping(entry.value, name)

    def entries(self, entry: _Entry | None, section: str) -> Iterator[SnapshotEntry]:
        for body, at in self.items(entry, section):
            for part in ("meta", "schema"):
                self.part(body.get(part), part)
            field = "" if section == "collections" else self.name(body, "field", at)
            yield SnapshotEntry(collection=self.name(body, "collection", at), field=field, at=at)


def _is_null(node: Node) -> bool:
    return bool(node.tag == _NULL)


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
    if text in _NULLS:
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
