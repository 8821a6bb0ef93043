"""Compose files as one stack: several files, their includes, what their services extend, and the ``.env`` next to them."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from migration_audit.artifacts.compose.merge import long_form, merge, without_tags
from migration_audit.artifacts.compose.services import build_service
from migration_audit.artifacts.compose.tree import YamlNode, parse_yaml
from migration_audit.artifacts.compose.variables import parse_env, replace_in
from migration_audit.artifacts.text import check_artifact_inside, read_text
from migration_audit.model.compose import Stack
from migration_audit.model.errors import ArtifactError
from migration_audit.model.location import Location
from migration_audit.project.boundary import Boundary, boundary_of
from migration_audit.project.locate import shown_path

_OVERRIDES = ("compose.override.yaml", "compose.override.yml", "docker-compose.override.yml", "docker-compose.override.yaml")


def read_stack(files: Sequence[Path], *, profiles: Iterable[str] = (), shown_from: Path) -> Stack:
    """The stack of these Compose files, merged in this order, as ``docker compose -f a -f b`` sees it.

    Variables come from the ``.env`` next to the first file alone, never from the caller's environment: the answer is
    the same on every machine. Raises ArtifactError, with ``file:line``, for what Compose would refuse to load.
    """
    folder = files[0].parent
    loader = _Loader(shown_from, boundary_of(shown_from, *files))
    values = loader.env([folder / ".env"], {}, required=False)
    tree = loader.merged(files, folder, values)
    chosen = tuple(profiles) or tuple(filter(None, values.get("COMPOSE_PROFILES", "").split(",")))
    services = without_tags(tree).get("services")
    if services is None or not services.map:
        raise ArtifactError("has no services", where=f"{shown_path(files[0], shown_from)}:1", todo="check its path")
    return Stack(
        files=tuple(shown_path(file, shown_from) for file in files),
        profiles=chosen,
        services=tuple(build_service(name, service, chosen, folder) for name, service in services.map.items()),
        notes=tuple(_notes(files, shown_from)),
    )


def _notes(files: Sequence[Path], shown_from: Path) -> Iterator[str]:
    if len(files) == 1:
        for name in _OVERRIDES:
            if (files[0].parent / name).is_file():
                shown = shown_path(files[0].parent / name, shown_from)
                yield f"{shown} is also merged when Compose runs without -f, but audit.toml does not name it"


class _Loader:
    """Reads files; knows which are open, so that a circle ends with an error."""

    def __init__(self, shown_from: Path, boundary: Boundary) -> None:
        self._shown_from = shown_from
        self._boundary = boundary
        self._including: list[Path] = []

    def env(self, files: Sequence[Path], outer: Mapping[str, str], *, required: bool) -> dict[str, str]:
        """The variables of these files, the later ones first, below those of ``outer``."""
        values: dict[str, str] = {}
        for file in files:
            if required or file.is_file():
                shown = shown_path(file, self._shown_from)
                values |= parse_env(read_text(file, self._shown_from, self._boundary), shown, {**values, **outer})
        return {**values, **outer}

    def merged(self, files: Sequence[Path], folder: Path, values: Mapping[str, str]) -> YamlNode:
        """These files over each other, with everything that they include and extend."""
        tree = YamlNode({}, Location(shown_path(files[0], self._shown_from), 1))
        for file in files:
            for document in self._documents(file, folder, values):
                tree = merge(tree, self._whole(document, file, folder, values))
        return tree

    def _documents(self, file: Path, folder: Path, values: Mapping[str, str]) -> Iterator[YamlNode]:
        """The documents of one file, variables replaced, services in their long form."""
        shown = shown_path(file, self._shown_from)
        for document in parse_yaml(read_text(file, self._shown_from, self._boundary), shown):
            tree = replace_in(document, values)
            if not isinstance(tree.value, Mapping):
                raise ArtifactError("must be a mapping", where=str(tree.at), todo="a Compose file begins with `services:`")
            made = dict(tree.value)
            services = made.get("services")
            if services is not None and services.value is not None:
                if not isinstance(services.value, Mapping):
                    todo = "write each service as a key"
                    raise ArtifactError("services must be a mapping", where=str(services.at), todo=todo)
                made["services"] = long_form(services, Path(os.path.normpath(folder.absolute())))
            yield YamlNode(made, tree.at)

    def _whole(self, document: YamlNode, file: Path, folder: Path, values: Mapping[str, str]) -> YamlNode:
        services = document.get("services")
        made: dict[str, YamlNode] = {}
        for name, service in services.map.items() if services is not None else ():
            made[name] = self._extended(name, service, document, file, folder, values, ())
        for included in self._included(document, folder, values):
            for name, service in included.map.items():
                if name in made and without_tags(made[name]) != service:
                    what = f"the service {name} conflicts with the one included at {service.at}"
                    raise ArtifactError(what, where=str(made[name].at), todo="rename one, or override it in a separate file")
                made.setdefault(name, service)
        rest = {key: value for key, value in document.map.items() if key not in ("include", "services")}
        at = services.at if services is not None else document.at
        return YamlNode({**rest, "services": YamlNode(made, at)}, document.at)

    def _extended(
        self,
        name: str,
        service: YamlNode,
        document: YamlNode,
        file: Path,
        folder: Path,
        values: Mapping[str, str],
        open_: tuple[tuple[Path, str], ...],
    ) -> YamlNode:
        """The service over what it extends; paths count from ``folder``, not from a file that is merged over the first."""
        extends = service.get("extends")
        if extends is None:
            return service
        here = (file.resolve(), name)
        if here in open_:
            raise ArtifactError(f"the service {name} extends itself", where=str(extends.at), todo="remove the cycle")
        named, other = extends.get("service"), extends.get("file")
        base_name = named.text if named is not None and named.text else name
        base_file, base_folder, base_document = file, folder, document
        if other is not None and other.text:
            base_file = folder / other.text
            base_folder = base_file.parent
            base_document = self._one(base_file, values, extends)
        base = base_document.get("services", base_name)
        if base is None:
            shown = shown_path(base_file, self._shown_from)
            what = f"the service {name} extends {base_name}, which {shown} does not define"
            raise ArtifactError(what, where=str(extends.at), todo="check the name and the file")
        whole = self._extended(base_name, base, base_document, base_file, base_folder, values, (*open_, here))
        own = {key: value for key, value in service.map.items() if key != "extends"}
        merged = merge(without_tags(whole), YamlNode(own, service.at), ("services", name))
        # A tag counts once more when this file is laid over the one before it.
        tagged = {key: value for key, value in own.items() if value.tag}
        kept = {key: YamlNode(merged.map[key].value, v.at, v.tag) if key in merged.map else v for key, v in tagged.items()}
        return YamlNode({**merged.map, **kept}, service.at)

    def _one(self, file: Path, values: Mapping[str, str], named_by: YamlNode) -> YamlNode:
        check_artifact_inside(file, self._shown_from, self._boundary, at=named_by.at)
        if not file.is_file():
            what = f"extends names {shown_path(file, self._shown_from)}, which does not exist"
            raise ArtifactError(what, where=str(named_by.at), todo="the path is relative to the first Compose file's folder")
        tree = YamlNode({}, Location(shown_path(file, self._shown_from), 1))
        for document in self._documents(file, file.parent, values):
            tree = merge(tree, document)
        return tree

    def _included(self, document: YamlNode, folder: Path, values: Mapping[str, str]) -> Iterator[YamlNode]:
        include = document.get("include")
        for entry in include.items if include is not None else ():
            paths = _texts(entry) if entry.text else _texts(entry.get("path"))
            if not paths:
                raise ArtifactError("include names no file", where=str(entry.at), todo="name its path")
            files = [folder / path for path in paths]
            for file in files:
                check_artifact_inside(file, self._shown_from, self._boundary, at=entry.at)
                if not file.is_file():
                    what = f"include names {shown_path(file, self._shown_from)}, which does not exist"
                    raise ArtifactError(what, where=str(entry.at), todo="check the path")
                if file.resolve() in self._including:
                    raise ArtifactError("include contains itself", where=str(entry.at), todo="remove the cycle")
            directory = _texts(entry.get("project_directory"))
            inner = folder / directory[0] if directory else files[0].parent
            named = [folder / path for path in _texts(entry.get("env_file"))]
            for file in (*named, inner):
                check_artifact_inside(file, self._shown_from, self._boundary, at=entry.at)
            inner_values = self.env(named or [inner / ".env"], values, required=bool(named))
            self._including.append(files[0].resolve())
            services = self.merged(files, inner, inner_values).get("services")
            self._including.pop()
            if services is not None:
                yield without_tags(services)


def _texts(tree: YamlNode | None) -> list[str]:
    """A text, or the texts of a list."""
    if tree is None:
        return []
    return [tree.text] if tree.text else [item.text for item in tree.items if item.text]
