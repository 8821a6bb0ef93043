"""From a merged tree to the facts of one service, and to what cannot be known about it."""

from __future__ import annotations

import os
import posixpath
import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from migration_audit.artifacts.compose.tree import YamlNode
from migration_audit.artifacts.text import word_list
from migration_audit.model.compose import Build, CommandWords, DependsOn, Doubt, HealthCheck, Mount, MountKind, Service
from migration_audit.model.errors import ArtifactError
from migration_audit.model.unset import is_open

_TRUE: Final = frozenset({"true", "y", "yes", "on"})
_FALSE: Final = frozenset({"false", "n", "no", "off"})
_DOUBTED: Final = word_list(
    "depends_on healthcheck command entrypoint profiles build image working_dir volumes environment ports"
)
_MOUNT_KINDS: Final = {"volume": MountKind.VOLUME, "tmpfs": MountKind.TMPFS, "image": MountKind.OTHERS}
_TESTS: Final = ("CMD", "CMD-SHELL", "NONE")


def build_service(name: str, tree: YamlNode, profiles: tuple[str, ...], folder: Path) -> Service:
    """The service of this name as the model has it; ``folder`` is the project's.

    Raises ArtifactError for what Compose would refuse.
    """
    own = _texts(tree.get("profiles"))
    return Service(
        name=name,
        at=tree.at,
        active=not own or "*" in profiles or bool(set(own) & set(profiles)),
        profiles=own,
        depends_on=tuple(_dependencies(tree.get("depends_on"))),
        healthcheck=_healthcheck(tree.get("healthcheck")),
        entrypoint=_words(tree.get("entrypoint")),
        command=_words(tree.get("command")),
        image=_marked(tree.get("image")),
        build=_build(tree.get("build"), folder),
        environment=tuple((key, _known(value)) for key, value in _entries(tree.get("environment"))),
        ports=tuple(dict.fromkeys([*_ports(tree.get("ports")), *_ports(tree.get("expose"))])),
        mounts=(*_mounts(tree.get("volumes")), *_other_mounts(tree)),
        working_dir=_marked(tree.get("working_dir")),
        doubts=tuple(_doubts(tree)),
        hooks=tuple(_hooks(tree)),
        has_no_container=_text(tree.get("scale") or tree.get("deploy", "replicas")) == "0",
    )


def _doubts(service: YamlNode) -> Iterator[Doubt]:
    for part in _DOUBTED:
        tree = service.get(part)
        for path, inner in tree.walk() if tree is not None else ():
            if inner.doubt:
                yield Doubt(part=part, path=path, reason=inner.doubt, at=inner.at)
    for part in ("command", "entrypoint"):
        tree = service.get(part)
        if tree is not None and tree.marked is not None and _cut(tree.marked) != tree.marked:
            reason = "Compose splits this text into words itself and stops at the first ; & | < or >: no shell runs it"
            yield Doubt(part=part, path=None, reason=reason, at=tree.at)
    check = service.get("healthcheck", "test")
    if (
        check is not None
        and check.items
        and check.items[0].marked not in (*_TESTS, *filter(is_open, [check.items[0].marked or ""]))
    ):
        reason = f"a test begins with CMD, CMD-SHELL or NONE: the engine rejects {check.items[0].text!r}"
        yield Doubt(part="healthcheck", path=None, reason=reason, at=check.at)
    if (inline := service.get("build", "dockerfile_inline")) is not None:
        reason = "a Dockerfile within a Compose file is not read: write it to a file, and name that in build"
        yield Doubt(part="entrypoint", path=None, reason=reason, at=inline.at)
    if service.get("env_file") is not None:
        at = service.map["env_file"].at
        yield Doubt(part="environment", path=None, reason="variables of env_file are read when the container starts", at=at)


def _text(tree: YamlNode | None) -> str | None:
    return tree.text if tree is not None else None


def _marked(tree: YamlNode | None) -> str | None:
    """The text with the places of variables that have no value."""
    return tree.marked if tree is not None else None


def _known(tree: YamlNode) -> str | None:
    """The text that the files alone decide; None for every other."""
    return None if tree.marked is None or is_open(tree.marked) else tree.marked


def _texts(tree: YamlNode | None) -> tuple[str, ...]:
    items = tree.items if tree is not None else ()
    return tuple(dict.fromkeys(item.text for item in items if item.text is not None))


def _entries(tree: YamlNode | None) -> Iterator[tuple[str, YamlNode]]:
    yield from (tree.map.items() if tree is not None else ())


def _flag(tree: YamlNode | None, *, default: bool) -> bool:
    if tree is None or tree.text is None or is_open(tree.marked or ""):
        return default
    word = tree.text.lower()
    if word not in _TRUE | _FALSE:
        raise ArtifactError(f"{tree.text!r} is neither true nor false", where=str(tree.at), todo="write true or false")
    return word in _TRUE


def _dependencies(tree: YamlNode | None) -> Iterator[DependsOn]:
    for service, entry in _entries(tree):
        yield DependsOn(
            service=service,
            condition=_text(entry.get("condition")) or "",
            required=_flag(entry.get("required"), default=True),
            at=entry.at,
        )


def _healthcheck(tree: YamlNode | None) -> HealthCheck | None:
    if tree is None or not tree.map:
        return None
    test = tree.get("test")
    words: tuple[str, ...] | None = None
    if test is not None and test.marked is not None:
        words = ("CMD-SHELL", test.marked) if test.marked else None
    elif test is not None and test.items:
        words = tuple(item.marked or "" for item in test.items)
    disabled = _flag(tree.get("disable"), default=False) or bool(words and words[0] == "NONE")
    return HealthCheck(test=words, disabled=disabled, at=test.at if test is not None else tree.at)


def _words(tree: YamlNode | None) -> CommandWords | None:
    """A text is split into words as a shell would, without being one. Nothing (null) keeps the image's own."""
    if tree is None or tree.value is None:
        return None
    if tree.marked is None:
        return CommandWords(words=tuple(item.marked or "" for item in tree.items), at=tree.at)
    try:
        return CommandWords(words=tuple(shlex.split(_cut(tree.marked))), at=tree.at)
    except ValueError as error:
        raise ArtifactError(f"cannot be split into words: {error}", where=str(tree.at), todo="close the quote") from None


def _cut(text: str) -> str:
    """The text up to the first operator of a shell that is not quoted."""
    for token in re.finditer(r"""\\.|'[^']*'|"(?:\\.|[^"\\])*"|[;&|<>]|[^\\'";&|<>]+|.""", text, re.DOTALL):
        if token[0] in ";&|<>":
            return text[: token.start()]
    return text


def _hooks(service: YamlNode) -> Iterator[CommandWords]:
    watched = service.get("develop", "watch")
    lists = [service.get("post_start"), service.get("pre_stop")]
    hooks = [hook for each in lists if each is not None for hook in each.items]
    hooks += [hook for each in (watched.items if watched is not None else ()) if (hook := each.get("exec")) is not None]
    for hook in hooks:
        if (words := _words(hook.get("command"))) is not None:
            yield words


def _build(tree: YamlNode | None, folder: Path) -> Build | None:
    if tree is None or tree.value is None:
        return None
    args = tuple((key, _known(value)) for key, value in _entries(tree.get("args")) if value.text is not None)
    return Build(
        context=_marked(tree.get("context")) or os.path.normpath(folder.absolute()),
        dockerfile=_marked(tree.get("dockerfile")) or "Dockerfile",
        target=_marked(tree.get("target")),
        args=args,
        at=tree.at,
    )


def _ports(tree: YamlNode | None) -> Iterator[str]:
    """Ports inside the container: ``127.0.0.1:8055:80/tcp`` is 80."""
    for item in tree.items if tree is not None else ():
        text = item.text if item.text is not None else _text(item.get("target"))
        if text:
            yield text.rpartition(":")[2].partition("/")[0]


def _mounts(tree: YamlNode | None) -> Iterator[Mount]:
    for item in tree.items if tree is not None else ():
        kind, source, target = (_marked(item.get(key)) for key in ("type", "source", "target"))
        if kind is not None and source and target and (kind == "bind" or is_open(kind)):
            yield Mount(source=source, target=target, at=item.at)
        elif target and is_open(target):
            yield Mount(source=target, target=target, at=item.at)
        elif target and kind in _MOUNT_KINDS:
            named = f"the {kind} {source or target}"
            yield Mount(source=named, target=target, at=item.at, kind=_MOUNT_KINDS[kind], is_named=source is not None)


def _other_mounts(service: YamlNode) -> Iterator[Mount]:
    """``tmpfs``, ``configs``, ``secrets`` and ``volumes_from``."""
    for item in _one_or_more(service.get("tmpfs")):
        target = (item.marked or "").partition(":")[0].rstrip("/")
        yield Mount(source=f"the tmpfs {target}", target=target or "/", at=item.at, kind=MountKind.TMPFS)
    for part, folder in (("configs", "/"), ("secrets", "/run/secrets")):
        for item in _one_or_more(service.get(part)):
            name = item.marked or _marked(item.get("source")) or ""
            target = posixpath.join(folder, _marked(item.get("target")) or name)
            yield Mount(source=f"the {part.removesuffix('s')} {name}", target=target, at=item.at, kind=MountKind.CONFIG)
    for item in _one_or_more(service.get("volumes_from")):
        yield Mount(source=f"volumes_from {item.marked or ''}", target="/", at=item.at, kind=MountKind.OTHERS)


def _one_or_more(tree: YamlNode | None) -> tuple[YamlNode, ...]:
    if tree is None or tree.value is None:
        return ()
    return tree.items or ((tree,) if tree.marked else ())
