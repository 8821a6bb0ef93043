"""package.json, and the lock files of npm, pnpm and Yarn.

Formats: https://docs.npmjs.com/cli/configuring-npm/package-lock-json, https://github.com/pnpm/spec/tree/master/lockfile,
https://github.com/yarnpkg/berry.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Final

import yaml
from tree_sitter import Node

from migration_audit.artifacts.code.languages import JSON, line_of
from migration_audit.artifacts.code.scripts import pairs, shell_words_of, text_in
from migration_audit.artifacts.text import word_list
from migration_audit.model.code import LibraryDependency
from migration_audit.model.location import Location

_SECTIONS: Final = word_list(
    "dependencies devDependencies optionalDependencies peerDependencies bundledDependencies bundleDependencies overrides "
    "resolutions"
)
_ALIAS: Final = re.compile(r"(?:npm:)?(@?[^@/\s]+(?:/[^@/\s]+)?)@(.+)\Z")
_PROGRAM: Final = re.compile(r"(?:@[\w.-]+/)?[A-Za-z][\w.-]*")
_SPEC_5: Final = re.compile(r"/(@[^/]+/[^/@]+|[^/@]+)/(\d[^_(/]*)")
_SPEC: Final = re.compile(r"/?(@?[^@/\s()]+(?:/[^@/\s()]+)?)(?:@|/)([^()\s]*)")


def package_json(text: str, path: str) -> Iterator[LibraryDependency]:
    """Every library that package.json names, of each kind of dependency, and every program that a script runs."""
    for key, value in pairs(_json(text)):
        if key in _SECTIONS:
            yield from _declared(value, key, path)
        elif key == "scripts":
            yield from _run_by_scripts(value, path)
        elif key == "pnpm":
            for inner, table in pairs(value):
                if inner == "overrides":
                    yield from _declared(table, "pnpm.overrides", path)


def package_lock(text: str, path: str) -> Iterator[LibraryDependency]:
    """Every package that npm has locked: lockfileVersion 1, 2 and 3."""
    for key, value in pairs(_json(text)):
        if key == "packages":
            yield from _npm_packages(value, path)
        elif key == "dependencies":
            yield from _npm_dependencies(value, path)


def pnpm_lock(text: str, path: str) -> Iterator[LibraryDependency]:
    """Every package that pnpm has locked: lockfileVersion 5 to 9, workspaces among them."""
    documents = list(yaml.compose_all(text, Loader=_LOADER))
    if not documents:
        raise ValueError("it is empty")
    for document in documents:
        if not isinstance(document, yaml.MappingNode):
            raise ValueError("it is not a pnpm-lock.yaml")  # noqa: TRY004  a fault of the file, not of a caller
        for key, value in document.value:
            if key.value in _SECTIONS:
                yield from _pnpm_table(value, key.value, path)
            elif key.value == "importers":
                for importer, tables in value.value:
                    for section, table in tables.value:
                        if section.value in _SECTIONS:
                            where = "" if importer.value == "." else f" of {importer.value}"
                            yield from _pnpm_table(table, f"{section.value}{where}", path)
            elif key.value in {"packages", "snapshots"} and isinstance(value, yaml.MappingNode):
                for name, _ in value.value:
                    yield _locked(name.value, key.value, path, name)


def yarn_lock(text: str, path: str) -> Iterator[LibraryDependency]:
    """Every package that Yarn has locked, classic (1) and modern (2 and later)."""
    if not re.search(r"(?m)^(?:# yarn lockfile v1|__metadata:)", text):
        raise ValueError("it is not a yarn.lock")
    for number, line in enumerate(text.splitlines(), start=1):
        if not line or line[0] in " #\t" or not line.rstrip().endswith(":"):
            continue
        seen = set()
        for spec in re.split(r"\s*,\s*", line.rstrip()[:-1].replace('"', "")):
            for name, version in _yarn_names(spec):
                if name not in seen and name != "__metadata":
                    seen.add(name)
                    yield LibraryDependency(name=name, section="packages", version=version, at=Location(path, number))


_LOADER: Final = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def _json(text: str) -> Node:
    if not isinstance(json.loads(text), dict):
        raise ValueError("it is not a JSON object")  # noqa: TRY004  a fault of the file, not of a caller
    return JSON.parse(text.encode())


def _declared(table: Node, section: str, path: str) -> Iterator[LibraryDependency]:
    if table.type == "array":
        for item in table.named_children:
            yield LibraryDependency(name=text_in(item), section=section, at=Location(path, line_of(item)))
        return
    for name, value in pairs(table):
        at, version = Location(path, line_of(value)), text_in(value) if value.type == "string" else ""
        # An override may be written name@range, or parent>name.
        plain = re.sub(r"(?<=.)@.*", "", name.rpartition(">")[2])
        found = [*_with_alias(plain, section, version, at)]
        yield from found
        if len(found) == 1 and (fetched := _fetched(version)) not in (None, plain):
            yield LibraryDependency(name=fetched or "", section=section, version=version, at=at)
        if value.type == "object":
            yield from _declared(value, section, path)


def _with_alias(name: str, section: str, version: str, at: Location) -> Iterator[LibraryDependency]:
    """The library, and the one that it is another name of: ``"up": "npm:knex@3"``."""
    yield LibraryDependency(name=name, section=section, version=version, at=at)
    if version.startswith("npm:") and (alias := _ALIAS.match(version)):
        yield LibraryDependency(name=alias[1], section=section, version=alias[2], at=at)


def _fetched(version: str) -> str | None:
    """The library that an address, a repository or a file is of.

    >>> [*map(_fetched, ("github:knex/knex#2", "file:../x/knex-3.1.0.tgz", "https://r.org/@a/b/-/b-1.0.0.tgz", "^1.2.3"))]
    ['knex', 'knex', '@a/b', None]
    """
    if named := re.match(r"(?:patch|workspace):(@?[^@]+)@", version):
        return named[1]
    if registry := re.search(r"/((?:@[^/]+/)?[^/]+)/-/[^/]+\Z", version):
        return registry[1]
    address = re.sub(r"#.*|/(?:archive|tarball|tar\.gz|releases)/.*", "", version)
    if "/" not in address and not address.startswith(("file:", "link:", "portal:")):
        return None
    last = re.split(r"[/:]", address.rstrip("/"))[-1]
    return re.sub(r"(?:-v?\d[\w.+-]*?)?(?:\.git|\.tgz|\.tar\.gz)?\Z", "", last) or None


def _run_by_scripts(table: Node, path: str) -> Iterator[LibraryDependency]:
    for name, command in pairs(table):
        for word in dict.fromkeys(shell_words_of(text_in(command))):
            program, _, version = word.rpartition("@") if "@" in word[1:] else (word, "", "")
            if _PROGRAM.fullmatch(program):
                at = Location(path, line_of(command))
                yield LibraryDependency(name=program, section=f"the script {name}", version=version, at=at)


def _npm_packages(table: Node, path: str) -> Iterator[LibraryDependency]:
    for place, value in pairs(table):
        facts = dict(pairs(value)) if value.type == "object" else {}
        at = Location(path, line_of(value))
        if not place or "node_modules/" not in place:  # the project, or a package of its workspace
            for key, inner in facts.items():
                if key in _SECTIONS:
                    yield from _declared(inner, key if not place else f"{key} of {place}", path)
            continue
        version = text_in(facts["version"]) if "version" in facts else ""
        names = {place.rpartition("node_modules/")[2], *([text_in(facts["name"])] if "name" in facts else [])}
        yield from (LibraryDependency(name=name, section="packages", version=version, at=at) for name in sorted(names))


def _npm_dependencies(table: Node, path: str) -> Iterator[LibraryDependency]:
    for name, value in pairs(table):
        facts = dict(pairs(value)) if value.type == "object" else {}
        version = text_in(facts["version"]) if "version" in facts else ""
        yield from _with_alias(name, "packages", version, Location(path, line_of(value)))
        if "dependencies" in facts:
            yield from _npm_dependencies(facts["dependencies"], path)


def _pnpm_table(table: yaml.Node, section: str, path: str) -> Iterator[LibraryDependency]:
    for name, value in table.value if isinstance(table, yaml.MappingNode) else ():
        version, at = _pnpm_version(value), _at(path, name)
        yield LibraryDependency(name=re.sub(r"(?<=.)@.*", "", name.value), section=section, version=version, at=at)
        if alias := _ALIAS.match(version.lstrip("/")):
            yield LibraryDependency(name=alias[1], section=section, version=alias[2], at=at)


def _pnpm_version(value: yaml.Node) -> str:
    if not isinstance(value, yaml.ScalarNode):
        value = next((inner for key, inner in value.value if key.value == "version"), value)
    return str(value.value).partition("(")[0] if isinstance(value, yaml.ScalarNode) else ""


def _locked(name: str, section: str, path: str, node: yaml.Node) -> LibraryDependency:
    match = _SPEC_5.match(name) or _SPEC.match(name)
    if match is None:
        return LibraryDependency(name=name.strip("/"), section=section, at=_at(path, node))
    return LibraryDependency(name=match[1], section=section, version=match[2], at=_at(path, node))


def _yarn_names(spec: str) -> Iterator[tuple[str, str]]:
    name, at, wanted = spec.rpartition("@npm:")
    if not at:
        head = re.match(r"(@?[^@]+)@?(.*)\Z", spec)
        if head is not None:
            yield head[1], head[2]
            if (fetched := _fetched(head[2])) is not None:
                yield fetched, head[2]
        return
    yield re.sub(r"(?<=.)@.*", "", name), wanted
    if alias := _ALIAS.match(wanted):
        yield alias[1], alias[2]


def _at(path: str, node: yaml.Node) -> Location:
    return Location(path, node.start_mark.line + 1)
