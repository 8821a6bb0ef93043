"""A Compose file as a tree in which every value knows its line.

YAML alone: anchors, aliases and merge keys are resolved here; what a key means is decided elsewhere. Scalars stay text,
since Compose replaces variables before it looks at types.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

import yaml

from migration_audit.model.errors import ArtifactError
from migration_audit.model.location import Location
from migration_audit.model.unset import as_empty

RESET: Final = "!reset"
OVERRIDE: Final = "!override"
_MOST_NODES: Final = 100_000
_NULLS: Final = frozenset({"", "~", "null", "Null", "NULL"})


@dataclass(frozen=True, slots=True)
class YamlNode:
    """A mapping, a list, a text or nothing (None), with the line at which it is."""

    value: Mapping[str, YamlNode] | tuple[YamlNode, ...] | str | None
    at: Location
    tag: str | None = None
    """``!reset`` or ``!override``."""
    doubt: str | None = None
    """Why a text may be another one where Compose runs: a variable without a value."""

    @property
    def map(self) -> Mapping[str, YamlNode]:
        """The entries of a mapping; empty for everything else."""
        return self.value if isinstance(self.value, Mapping) else {}

    @property
    def items(self) -> tuple[YamlNode, ...]:
        """The items of a list; empty for everything else."""
        return self.value if isinstance(self.value, tuple) else ()

    @property
    def text(self) -> str | None:
        """The text of a scalar, without variables that have no value; None for everything else."""
        return as_empty(self.value) if isinstance(self.value, str) else None

    @property
    def marked(self) -> str | None:
        """The text of a scalar with the places of these variables (``model/unset.py``)."""
        return self.value if isinstance(self.value, str) else None

    def get(self, *path: str) -> YamlNode | None:
        """What is at this path of keys; None where nothing is."""
        here: YamlNode | None = self
        for key in path:
            here = here.map.get(key) if here is not None else None
        return here

    def walk(self, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], YamlNode]]:
        """This tree and everything in it, each with its path of keys; items of a list are counted from 0."""
        yield path, self
        children = self.map or {str(number): item for number, item in enumerate(self.items)}
        for key, child in children.items():
            yield from child.walk((*path, key))


def parse_yaml(text: str, shown: str) -> list[YamlNode]:
    """The documents of a YAML text. Raises ArtifactError, with the line, for what is not YAML or repeats a key."""
    return [_Reader(shown).tree(node) for node in compose_nodes(text, shown)]


def compose_nodes(text: str, shown: str) -> list[yaml.Node]:
    """The documents of a YAML text as PyYAML's nodes. Raises ArtifactError, with the line, for what is not YAML."""
    try:
        return list(yaml.compose_all(text, Loader=yaml.SafeLoader))
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark else 1
        what = f"is not valid YAML: {error.problem or error.context}"
        raise ArtifactError(what, where=f"{shown}:{line}", todo="correct the file") from None
    except yaml.YAMLError as error:
        raise ArtifactError(f"is not valid YAML: {error}", where=f"{shown}:1", todo="correct the file") from None
    except RecursionError:
        raise ArtifactError("is nested too deeply", where=f"{shown}:1", todo="correct the file") from None


class _Reader:
    def __init__(self, shown: str) -> None:
        self._shown = shown
        self._open: list[int] = []
        self._nodes = 0

    def tree(self, node: yaml.Node) -> YamlNode:
        self._nodes += 1
        at = self._at(node)
        if id(node) in self._open:
            raise ArtifactError("an anchor contains an alias to itself", where=str(at), todo="remove the cycle")
        if self._nodes > _MOST_NODES:
            raise ArtifactError("it is too large once its aliases are expanded", where=str(at), todo="write the values out")
        tag = node.tag if node.tag in (RESET, OVERRIDE) else None
        self._open.append(id(node))
        try:
            if isinstance(node, yaml.MappingNode):
                return YamlNode(self._mapping(node), at, tag)
            if isinstance(node, yaml.SequenceNode):
                return YamlNode(tuple(self.tree(item) for item in node.value), at, tag)
            is_null = isinstance(node, yaml.ScalarNode) and not node.style and node.value in _NULLS
            return YamlNode(None if is_null else str(node.value), at, tag)
        finally:
            self._open.pop()

    def _mapping(self, node: yaml.MappingNode) -> dict[str, YamlNode]:
        """Own keys win over merged ones; among merged mappings the first wins."""
        own: dict[str, YamlNode] = {}
        merged: dict[str, YamlNode] = {}
        for key, value in node.value:
            if not isinstance(key, yaml.ScalarNode):
                raise ArtifactError("a key is not a string", where=str(self._at(key)), todo="write the key as a string")
            if key.value == "<<" and not key.style:
                for mapping in self._merged(value):
                    merged = {**mapping, **merged}
            elif key.value in own:
                raise ArtifactError(
                    f"the key {key.value} appears twice", where=str(self._at(key)), todo="remove one of them"
                )
            else:
                tree = self.tree(value)
                # A value has the place of its key, also one on lines of its own and one that an alias brings.
                own[key.value] = YamlNode(tree.value, self._at(key), tree.tag)
        return {**{k: v for k, v in merged.items() if k not in own}, **own}

    def _merged(self, node: yaml.Node) -> Iterator[Mapping[str, YamlNode]]:
        sources = node.value if isinstance(node, yaml.SequenceNode) else [node]
        for source in sources:
            if not isinstance(source, yaml.MappingNode):
                raise ArtifactError("<< takes mappings", where=str(self._at(source)), todo="merge a mapping, or remove it")
            yield self.tree(source).map

    def _at(self, node: yaml.Node) -> Location:
        return Location(self._shown, node.start_mark.line + 1)
