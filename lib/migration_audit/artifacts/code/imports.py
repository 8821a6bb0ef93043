"""Which modules a file imports, and which files of the project those may be."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from tree_sitter import Node

from migration_audit.artifacts.code.languages import ECMA, GO, PYTHON, SourceLanguage, line_of, text_of
from migration_audit.artifacts.code.literals import HOLE, Constants, folded_text, text_of_parts
from migration_audit.model.code import Import, Literal
from migration_audit.model.location import Location

Aliases = tuple[tuple[str, str], ...]
"""Prefix of a specifier, and the path that it means: ``("@/", "processor/src/")``; exact where there is no ``*``."""

EXTENSION: Final = re.compile(r"\.(?:d\.)?(?:[cm]?[jt]sx?|pyi?|go|json)\Z")
_BUILT: Final = frozenset({"dist", "build", "out", "lib", "output", ".next"})
_PATH: Final = re.compile(r"[\w@.~#$/…*+-]+\.(?:[cm]?[jt]s|[jt]sx|py|go)\Z")


@dataclass(frozen=True, slots=True, kw_only=True)
class Resolver:
    """What is needed beyond a file to know what it imports."""

    aliases: Callable[[str], Aliases] = lambda _: ()
    """The aliases that hold for a file: tsconfig.json ``paths``, package.json ``imports``."""


def without_extension(path: str) -> str:
    """``a/b.js`` and ``a/b/index.ts`` are ``a/b``."""
    bare = EXTENSION.sub("", path)
    return re.sub(r"/(?:index|__init__)\Z", "", bare)


def imports_of(
    node: Node,
    path: str,
    language: SourceLanguage,
    resolver: Resolver,
    constants: Constants,
    renamed: Mapping[str, str],
) -> Iterator[Import]:
    """What this one node imports; ``renamed`` are names that imports above it have here, and what they stand for."""
    reader = _READERS.get(language.name)
    for written, names in reader(node, language, constants, renamed) if reader else ():
        yield Import(
            written=written,
            candidates=candidates(written, path, language, resolver),
            names=names,
            at=Location(path, line_of(node)),
        )


def path_in_text(found: Literal, language: SourceLanguage, resolver: Resolver) -> Iterator[Import]:
    """A text that is the path of a source file: ``new Worker('./db/migrate.js')``, ``fork('dist/db/migrate.js')``."""
    text = found.text.strip()
    if _PATH.fullmatch(text):
        names = candidates(text if text.startswith(".") else f"./{text}", found.at.path, language, resolver)
        yield Import(written=text, candidates=(*names, *_anywhere(text)), at=found.at)


def candidates(written: str, path: str, language: SourceLanguage, resolver: Resolver) -> tuple[str, ...]:
    """The files that a specifier may mean, without extension; ``*/`` in front is any folder."""
    folder = posixpath.dirname(path)
    if language is PYTHON:
        return tuple(_python(written, folder))
    if language is GO:
        return _anywhere(written)
    plain = without_extension(written.partition("?")[0])
    if plain.startswith("."):
        here = posixpath.normpath(posixpath.join(folder, plain))
        return tuple(dict.fromkeys([_indexless(here), *_built(here)]))
    found = [posixpath.normpath(target) for target in _aliased(plain, resolver.aliases(path))]
    return tuple(dict.fromkeys([*map(_indexless, found), *_anywhere(re.sub(r"\A(?:@[\w-]*|[~#])/?", "", plain))]))


def _indexless(path: str) -> str:
    return re.sub(r"/(?:index|__init__)\Z", "", path)


def _anywhere(path: str) -> tuple[str, ...]:
    """The last parts of a path, as those of a file in any folder; a single part says too little."""
    parts = [part for part in without_extension(path).split("/") if part not in {"", ".", ".."}]
    return ("*/" + "/".join(parts[-2:]),) if len(parts) > 1 else ()


def _built(path: str) -> Iterator[str]:
    """A file of a build's output, as the source that it is built from."""
    parts = path.split("/")
    for position, part in enumerate(parts[:-1]):
        if part in _BUILT:
            yield "*/" + "/".join(parts[position + 1 :])


def _aliased(written: str, aliases: Aliases) -> Iterator[str]:
    for prefix, target in aliases:
        if prefix.endswith("*") and written.startswith(prefix[:-1]):
            yield target.replace("*", written[len(prefix) - 1 :], 1)
        elif written == without_extension(prefix):
            yield without_extension(target)


def _python(written: str, folder: str) -> Iterator[str]:
    if written == HOLE:
        return
    dots = len(written) - len(written.lstrip("."))
    tail = written[dots:].replace(".", "/")
    if dots:
        yield _indexless(posixpath.normpath(posixpath.join(folder, *[".."] * (dots - 1), tail)))
        return
    parts = folder.split("/") if folder else []
    for depth in range(len(parts), -1, -1):  # any folder above may be on sys.path
        for source in ("", "src", "lib"):
            yield posixpath.normpath(posixpath.join(*parts[:depth], source, tail))
    yield from _anywhere(tail)


Found = Iterator[tuple[str, tuple[tuple[str, str], ...]]]


def _ecma(node: Node, language: SourceLanguage, constants: Constants, renamed: Mapping[str, str]) -> Found:
    source = node.child_by_field_name("source")
    if node.type in {"import_statement", "export_statement", "import_require_clause"} and source is not None:
        yield _text(source, language, constants), tuple(_ecma_names(node))
    elif node.type == "call_expression":
        function, arguments = node.child_by_field_name("function"), node.child_by_field_name("arguments")
        if function is None or arguments is None or not arguments.named_child_count:
            return
        name = text_of(function)
        if name in {"import", "require", "require.resolve", "import.meta.resolve"} or name.endswith(".mock"):
            yield _text(arguments.named_children[0], language, constants), tuple(_bound_by(node))
        elif name == "import.meta.glob":
            yield re.sub(r"\*+", HOLE, _text(arguments.named_children[0], language, constants)), ()


def _ecma_names(node: Node) -> Iterator[tuple[str, str]]:
    for child in _below(
        node, {"import_specifier", "export_specifier", "namespace_import", "namespace_export", "import_clause"}
    ):
        if child.type in {"import_specifier", "export_specifier"}:
            name, alias = child.child_by_field_name("name"), child.child_by_field_name("alias")
            if name is not None:
                yield text_of(name), text_of(alias or name)
        elif child.type == "import_clause":
            yield from (("default", text_of(each)) for each in child.named_children if each.type == "identifier")
        elif child.named_child_count:
            yield "*", text_of(child.named_children[0])


def _bound_by(call: Node) -> Iterator[tuple[str, str]]:
    """The names that ``const { migrate: m } = await import(…)`` binds."""
    at: Node | None = call.parent
    while at is not None and at.type in {"await_expression", "parenthesized_expression", "as_expression"}:
        at = at.parent
    if at is not None and at.type == "member_expression":  # (await import('x')).migrate
        member = at.child_by_field_name("property")
        at = at.parent
        name = at.child_by_field_name("name") if at is not None and at.type == "variable_declarator" else None
        if member is not None and name is not None:
            yield text_of(member), text_of(name)
        return
    name = at.child_by_field_name("name") if at is not None and at.type == "variable_declarator" else None
    if name is None:
        return
    if name.type == "identifier":
        yield "*", text_of(name)
    for child in name.named_children:
        if child.type == "shorthand_property_identifier_pattern":
            yield text_of(child), text_of(child)
        elif child.type == "pair_pattern":
            key, value = child.child_by_field_name("key"), child.child_by_field_name("value")
            if key is not None and value is not None:
                yield text_of(key), text_of(value)


def _python_imports(node: Node, language: SourceLanguage, constants: Constants, renamed: Mapping[str, str]) -> Found:
    if node.type == "import_statement":
        for child in node.children_by_field_name("name"):
            name, local = _aliased_name(child)
            yield name, (("*", local),)
    elif node.type == "import_from_statement":
        module = node.child_by_field_name("module_name")
        base = text_of(module) if module is not None else ""
        names = tuple(_aliased_name(child) for child in node.children_by_field_name("name"))
        has_all = any(child.type == "wildcard_import" for child in node.children)
        yield base, (("*", "."),) if has_all else names
        for name, local in names:  # a name that is imported may be a module itself
            yield f"{base}{'' if base.endswith('.') else '.'}{name}", (("*", local),)
    elif node.type == "call":
        function, arguments = node.child_by_field_name("function"), node.child_by_field_name("arguments")
        if function is not None and arguments is not None and arguments.named_child_count:
            given = [each for each in arguments.named_children if each.type != "comment"]
            last = text_of(function).rpartition(".")[2]
            last = renamed.get(last, last)
            if last in _LOAD_NAMES or text_of(function) == "pydoc.locate":
                written = _text(given[0], language, constants)
                yield from ((name, ()) for name in dict.fromkeys([written, *_LOCATED.findall(written)]))
            elif last in _LOAD_FILES and HOLE in (
                written := _text(given[min(_LOAD_FILES[last], len(given) - 1)], language, constants)
            ):
                yield written, ()  # any other text is found as the path of a file


_LOAD_NAMES: Final = frozenset({"__import__", "import_module", "run_module"})
_LOAD_FILES: Final = {"run_path": 0, "spec_from_file_location": 1, "SourceFileLoader": 1}
"""Which argument is the path."""
_LOCATED: Final = re.compile(r"\A(\w+\..+)\.\w+\Z")


def _aliased_name(node: Node) -> tuple[str, str]:
    name, alias = node.child_by_field_name("name"), node.child_by_field_name("alias")
    whole = text_of(name or node)
    return whole, text_of(alias) if alias is not None else whole.split(".")[0]


def _go(node: Node, language: SourceLanguage, constants: Constants, renamed: Mapping[str, str]) -> Found:
    if node.type == "import_spec" and (path := node.child_by_field_name("path")) is not None:
        name = node.child_by_field_name("name")
        written = _text(path, language, constants)
        yield written, (("*", text_of(name) if name is not None else written.rsplit("/", 1)[-1]),)


_READERS: Final[Mapping[str, Callable[[Node, SourceLanguage, Constants, Mapping[str, str]], Found]]] = {
    **dict.fromkeys(ECMA, _ecma),
    PYTHON.name: _python_imports,
    GO.name: _go,
}


def _text(node: Node, language: SourceLanguage, constants: Constants) -> str:
    named = text_of_parts(constants.get(text_of(node), ()))
    return folded_text(node, language, constants, default=named or HOLE)


def _below(node: Node, kinds: set[str]) -> Iterator[Node]:
    for child in node.named_children:
        if child.type in kinds:
            yield child
        yield from _below(child, kinds)
