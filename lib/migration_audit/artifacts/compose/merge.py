"""The long form of a service's keys, and the rules by which one file's value goes over another's.

Source: https://github.com/compose-spec/compose-spec/blob/main/13-merge.md
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from migration_audit.artifacts.compose.tree import OVERRIDE, RESET, YamlNode
from migration_audit.model.unset import is_open

KeyPath = tuple[str, ...]

_REPLACED: Final[frozenset[KeyPath]] = frozenset({("command",), ("entrypoint",), ("healthcheck", "test")})
"""Lists of a service that the later file replaces; all other lists are joined."""
_UNIQUE: Final[frozenset[KeyPath]] = frozenset({("volumes",), ("configs",), ("secrets",)})
"""Lists of a service of which a later entry replaces an earlier one with the same ``target``."""


def long_form(services: YamlNode, folder: Path) -> YamlNode:
    """A file's ``services`` with every short form written out, and host paths in full, counted from ``folder``."""
    made = {name: _service(service, folder) if service.map else service for name, service in services.map.items()}
    return YamlNode(made, services.at, services.tag)


def _service(service: YamlNode, folder: Path) -> YamlNode:
    made = dict(service.map)
    if "depends_on" in made:
        made["depends_on"] = _depends_on(made["depends_on"])
    for key in ("environment", "labels", "annotations", "sysctls"):
        if key in made:
            made[key] = _named(made[key])
    if "build" in made:
        made["build"] = _build(made["build"], folder)
    if "extends" in made and made["extends"].text is not None:
        made["extends"] = _wrap(made["extends"], "service")
    if "volumes" in made:
        volumes = made["volumes"]
        items = tuple(_volume(item, folder) for item in volumes.items)
        made["volumes"] = YamlNode(items, volumes.at, volumes.tag) if volumes.items else volumes
    return YamlNode(made, service.at, service.tag)


def _wrap(tree: YamlNode, key: str) -> YamlNode:
    return YamlNode({key: YamlNode(tree.value, tree.at, None, tree.doubt)}, tree.at, tree.tag)


def _depends_on(tree: YamlNode) -> YamlNode:
    if not tree.items:
        return tree
    entries: dict[str, YamlNode] = {}
    for item in tree.items:
        condition = YamlNode("service_started", item.at, None, item.doubt)
        entries[item.marked or ""] = YamlNode({"condition": condition}, item.at)
    return YamlNode(entries, tree.at, tree.tag)


def _named(tree: YamlNode) -> YamlNode:
    if not tree.items:
        return tree
    entries: dict[str, YamlNode] = {}
    for item in tree.items:
        name, equals, value = (item.marked or "").partition("=")
        entries[name] = YamlNode(value if equals else None, item.at, None, item.doubt)
    return YamlNode(entries, tree.at, tree.tag)


def _build(tree: YamlNode, folder: Path) -> YamlNode:
    long = _wrap(tree, "context") if tree.marked is not None else tree
    if not long.map:
        return long
    made = dict(long.map)
    if "args" in made:
        made["args"] = _named(made["args"])
    context = made.get("context")
    path = context.marked if context is not None else None
    if context is not None and path is not None and not re.match(r"(?:[a-z+]+://|git@|github\.com/)", path):
        made["context"] = _in_full(context, path, folder)
    return YamlNode(made, long.at, long.tag)


def _in_full(tree: YamlNode, text: str, folder: Path) -> YamlNode:
    return YamlNode(os.path.normpath(folder / Path(text).expanduser()), tree.at, tree.tag, tree.doubt)


def _volume(tree: YamlNode, folder: Path) -> YamlNode:
    """The long form of ``source:target:mode``; only a source that is a path of the host is a bind mount."""
    entry = dict(tree.map)
    if tree.marked is not None:
        parts = tree.marked.split(":")
        source, target = (None, parts[0]) if len(parts) == 1 else (parts[0], parts[1])
        # A variable without a value may be the name of a volume, or a path that hides what the image has.
        is_bind = source is not None and (source.startswith((".", "/", "~")) or is_open(source))
        entry = {
            "type": YamlNode("bind" if is_bind else "volume", tree.at),
            "target": YamlNode(target.rstrip("/") or "/", tree.at),
        }
        if source is not None:
            entry["source"] = YamlNode(source, tree.at, None, tree.doubt)
    kind, path = entry.get("type"), entry.get("source")
    if kind is not None and kind.text == "bind" and path is not None and path.marked is not None:
        entry["source"] = _in_full(path, path.marked, folder)
    return YamlNode(entry, tree.at, tree.tag)


def merge(base: YamlNode, over: YamlNode, path: KeyPath = ()) -> YamlNode:
    """``over`` laid on ``base``: mappings key by key, lists joined, all else replaced; nothing replaces nothing."""
    if over.tag == OVERRIDE:
        return without_tags(over)
    of_service = path[2:] if path[:1] == ("services",) else ()
    if over.value is None and base.value is not None and of_service not in _REPLACED:
        return base
    if isinstance(base.value, Mapping) and isinstance(over.value, Mapping):
        return _merge_maps(base, over, path)
    if isinstance(base.value, tuple) and isinstance(over.value, tuple) and of_service not in _REPLACED:
        join = _joined_by_target if of_service in _UNIQUE else _joined
        return YamlNode(join(base.items, over.items), over.at)
    return without_tags(over)


def _merge_maps(base: YamlNode, over: YamlNode, path: KeyPath) -> YamlNode:
    made = dict(base.map)
    for key, value in over.map.items():
        if value.tag == RESET:
            made.pop(key, None)
        elif key in made:
            made[key] = merge(made[key], value, (*path, key))
        else:
            made[key] = without_tags(value)
    return YamlNode(made, over.at)


def _joined(base: tuple[YamlNode, ...], over: tuple[YamlNode, ...]) -> tuple[YamlNode, ...]:
    seen = {item.marked for item in base if item.marked is not None}
    return (*base, *(item for item in over if item.marked is None or item.marked not in seen))


def _joined_by_target(base: tuple[YamlNode, ...], over: tuple[YamlNode, ...]) -> tuple[YamlNode, ...]:
    by_key: dict[str, YamlNode] = {}
    for position, item in enumerate((*base, *over)):
        named = item.get("target")
        key = named.marked if named is not None and named.marked is not None else f"#{item.marked or position}"
        by_key[key] = merge(by_key[key], item) if key in by_key else item
    return tuple(by_key.values())


def without_tags(tree: YamlNode) -> YamlNode:
    """The tree as it counts where nothing lies under it: what is to be reset is gone."""
    if isinstance(tree.value, Mapping):
        kept = {key: without_tags(value) for key, value in tree.value.items() if value.tag != RESET}
        return YamlNode(kept, tree.at)
    if isinstance(tree.value, tuple):
        return YamlNode(tuple(without_tags(item) for item in tree.value if item.tag != RESET), tree.at)
    return YamlNode(tree.value, tree.at, None, tree.doubt)
