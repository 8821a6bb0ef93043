"""What pipelines of CI run: the steps of GitHub workflows and composite actions, the scripts of GitLab.

A step is read in the language of its ``shell``, with the lines of its file. An expression ``${{ … }}`` is known only
where the file itself lists its values (``matrix``, ``env``, ``inputs``). Actions of the project are followed, others not.
Source: https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-syntax, https://docs.gitlab.com/ci/yaml/
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import fields, replace
from itertools import zip_longest
from typing import Any, Final

import yaml

from migration_audit.artifacts.code.ddl import ddl_in
from migration_audit.artifacts.code.imports import Resolver
from migration_audit.artifacts.code.languages import PYTHON, SHELL, SourceLanguage
from migration_audit.artifacts.code.started_programs import TAKEN_AS_WRITTEN
from migration_audit.artifacts.code.syntax import read_source
from migration_audit.artifacts.compose.tree import compose_nodes
from migration_audit.model.code import CodeFile, CodeName, Literal, ManifestScript, Opaque, Unread
from migration_audit.model.errors import ArtifactError
from migration_audit.model.location import Location

_GITHUB: Final = re.compile(r"(?:\A|/)\.(?:github|gitea|forgejo)/workflows/[^/]+\.ya?ml\Z|(?:\A|/)action\.ya?ml\Z")
_GITLAB: Final = re.compile(r"(?:\A|/|\.)gitlab-ci\.ya?ml\Z")
_EXPRESSION: Final = re.compile(r"\$\{\{(.*?)\}\}", re.DOTALL)
_COMMAND: Final = re.compile(r"(?m)^[ \t]*\$\{\{(.*?)\}\}")
"""An expression in the place of a program."""
_VALUE_OF: Final = re.compile(r"\s*(?:matrix|env|inputs|github\.event\.inputs)\.([\w-]+)\s*")
_VARIABLE: Final = re.compile(r"\$(?:\{(\w+)\}|(\w+))")
_MOST_VALUES: Final = 50
_TITLES: Final = frozenset({"name", "run-name", "description", "author"})
"""Keys whose texts are there to be read by people."""
_SCRIPTS: Final = ("before_script", "script", "after_script")

Local = Callable[[str], "str | None"]
"""The path of a file of the project, by what an action calls it; None where it does not exist."""


def is_pipeline(path: str) -> bool:
    """Whether a file of this name describes a pipeline."""
    return bool(_GITHUB.search(path) or _GITLAB.search(path))


def read_pipeline(text: str, path: str, resolver: Resolver, local: Local) -> tuple[CodeFile | None, Unread | None]:
    """What the pipeline runs, and what else it contains."""
    try:
        roots = [node for node in compose_nodes(text, path) if isinstance(node, yaml.MappingNode)]
    except ArtifactError as error:
        line = int((error.where or "").rpartition(":")[2] or 1)
        return None, Unread(path=path, reason=error.what, line=line)
    reader = _Pipeline(text, path, resolver, local)
    parts = [part for root in roots for part in (reader.github(root) if _GITHUB.search(path) else reader.gitlab(root))]
    return _joined(path, parts), None


class _Pipeline:
    def __init__(self, text: str, path: str, resolver: Resolver, local: Local) -> None:
        self._lines = text.split("\n")
        self._path = path
        self._resolver = resolver
        self._local = local
        self._values: dict[str, list[str]] = {}
        self._given: frozenset[str] = frozenset()
        self._set = frozenset(re.findall(r"(\w+)\+?=", text))
        """Variables that a step sets, maybe for later steps."""

    def github(self, root: yaml.MappingNode) -> Iterator[CodeFile]:
        """A workflow, or an action."""
        self._values, self._given = _values(root), _given(root)
        yield self._texts(root)
        default = _text(_at(root, "defaults", "run", "shell"))
        for _, job in _entries(_at(root, "jobs")):
            windows = "pwsh" if "windows" in " ".join(_scalars(_at(job, "runs-on"))).lower() else None
            shell = _text(_at(job, "defaults", "run", "shell")) or default or windows
            yield from self._uses(job)
            yield from self._images(_at(job, "container"), *(service for _, service in _entries(_at(job, "services"))))
            for step in _items(_at(job, "steps")):
                yield from self._step(step, shell)
        runs = _at(root, "runs")
        yield from self._programs(runs)
        for step in _items(_at(runs, "steps")):
            yield from self._step(step, None)

    def gitlab(self, root: yaml.MappingNode) -> Iterator[CodeFile]:
        """A pipeline of GitLab: each job, and what holds for all of them."""
        self._values, self._given = _values(root), _given(root)
        yield self._texts(root)
        for kind, included in _included(_at(root, "include")):
            if kind == "template":
                yield self._opaque(included, "includes a GitLab template, which is not read", _text(included) or "")
            else:
                yield from self._include(kind, included)
        for job in (root, *(job for _, job in _entries(root))):
            images = (_at(job, "image"), *_items(_at(job, "services")))
            yield from self._images(*images)
            yield from self._started(*(_at(image, key) for image in images for key in ("entrypoint", "command")))
            yield from self._triggered(_at(job, "trigger"))
            scripts = [*(_at(job, key) for key in _SCRIPTS), _at(job, "hooks", "pre_get_sources_script")]
            scripts += [_at(step, "script") for step in _items(_at(job, "run"))]
            yield from (self._run(line, SHELL) for script in scripts for line in _commands(script))

    def _include(self, kind: str, node: yaml.Node) -> Iterator[CodeFile]:
        """A file of the project, or one that only GitLab can fetch."""
        return self._follow(node, "./" + (_text(node) or "") if kind == "local" else "https://")

    def _triggered(self, trigger: yaml.Node | None) -> Iterator[CodeFile]:
        """Another pipeline that a job starts."""
        included = list(_included(_at(trigger, "include")))
        for kind, each in included:
            yield from self._include(kind, each)
        if trigger is not None and not included:
            yield self._opaque(trigger, "starts the pipeline of another project", " ".join(_scalars(trigger)), is_all=True)

    def _started(self, *nodes: yaml.Node | None) -> Iterator[CodeFile]:
        """The entrypoint and the command of a container."""
        for node in (node for node in nodes if node is not None):
            if words := tuple(word for text in _scalars(node) for word in text.split()):
                script = ManifestScript(name="", words=words, at=self._place(node))
                yield self._file(scripts=(script,))

    def _step(self, step: yaml.Node, shell: str | None) -> Iterator[CodeFile]:
        run, own = _at(step, "run"), _text(_at(step, "shell"))
        yield from self._uses(step)
        if not isinstance(run, yaml.ScalarNode):
            return
        name = posixpath.basename(f"{own or shell or ''} bash".split()[0])
        language = {"bash": SHELL, "sh": SHELL, "dash": SHELL, "zsh": SHELL, "python": PYTHON, "python3": PYTHON}.get(name)
        if language is not None:
            yield self._run(run, language)
            if any(self._is_unknown(match) for match in _COMMAND.finditer(run.value)):
                yield self._opaque(run, "runs a command that is only known at run time", run.value, is_all=True)
        else:
            yield self._opaque(run, f"is written for {name}, which is not read", run.value)

    def _run(self, node: yaml.ScalarNode, language: SourceLanguage) -> CodeFile:
        """The text of a step; once more for each value that the file gives an expression in it."""
        text, first = self._written(node)
        is_block = node.style in ("|", ">")
        parts = []
        for spelling in self._spellings(text, language):
            source = "\n" * (first - 1) + spelling
            found = read_source(source.encode(), self._path, language, self._resolver)
            found = replace(found, opaque=tuple(replace(part, is_all=False) for part in found.opaque))
            parts.append(found if is_block or "\n" not in spelling else _moved(found, self._place(node)))
        return _joined(self._path, parts)

    def _written(self, node: yaml.ScalarNode) -> tuple[str, int]:
        """The text, with the line breaks of the file, and its first line."""
        first = node.start_mark.line + 1
        if node.style not in ("|", ">"):
            return node.value, first
        if node.style == ">":
            is_last = node.end_mark.line == len(self._lines) - 1
            folded = _folded(self._lines[first : node.end_mark.line + is_last])
            words = node.value.split()
            if folded.replace(" \\\n", " ").split()[: len(words)] == words:
                return folded, first + 1
        return node.value, first + 1

    def _spellings(self, text: str, language: SourceLanguage) -> Iterator[str]:
        if language is not SHELL or not self._is_spelt_out(text):
            yield _EXPRESSION.sub(_unknown, text)
        for match in {match[0]: match for match in _EXPRESSION.finditer(text)}.values():
            known = _VALUE_OF.fullmatch(match[1])
            for value in self._values.get(known[1], [])[:_MOST_VALUES] if known else ():
                if "\n" not in value and "${{" not in value:
                    yield _EXPRESSION.sub(_unknown, text.replace(match[0], value))
        for name, spelled in {match[1] or match[2]: match[0] for match in _VARIABLE.finditer(text)}.items():
            for value in self._values.get(name, [])[:_MOST_VALUES]:
                if "\n" not in value and "$" not in value:
                    yield _EXPRESSION.sub(_unknown, text.replace(spelled, value))

    def _is_spelt_out(self, text: str) -> bool:
        """Whether the file lists each value of the one variable in a text, which sets none itself."""
        named = {match[1] or match[2] for match in _VARIABLE.finditer(text)}
        if len(named) != 1 or len(_VARIABLE.findall(text)) != text.count("$"):
            return False
        (name,) = named
        values = self._values.get(name, [])
        is_set = re.search(r"\bread\b|\bprintf\s+-v|\bunset\b", text) or name in self._set | self._given
        return 0 < len(values) <= _MOST_VALUES and not is_set and all(map(TAKEN_AS_WRITTEN.fullmatch, values))

    def _is_unknown(self, match: re.Match[str]) -> bool:
        known = _VALUE_OF.fullmatch(match[1])
        return known is None or not self._values.get(known[1])

    def _uses(self, node: yaml.Node) -> Iterator[CodeFile]:
        used = _at(node, "uses")
        if used is not None and (name := _text(used)):
            yield from self._follow(used, name, " ".join(_scalars(_at(node, "with"))))

    def _follow(self, node: yaml.Node, name: str, given: str = "") -> Iterator[CodeFile]:
        """An action, a workflow or an included file: read where it is one of the project."""
        is_local = name.startswith(("./", "/"))
        found = self._local(name) if is_local else None
        if found is not None:
            yield self._file(follows=(found,))
        elif is_local:
            yield self._opaque(node, f"uses {name}, which does not exist in the project", name, is_all=True)
        elif re.search(r"/workflows/[^/]+\.ya?ml@|\Ahttps?://", name):
            yield self._opaque(node, "runs a pipeline that is not in the project", f"{name} {given}", is_all=True)
        else:
            yield self._opaque(node, "uses an action that is not read", f"{name} {given}")

    def _images(self, *nodes: yaml.Node | None) -> Iterator[CodeFile]:
        for node in nodes:
            named = next((n for n in (_at(node, "image"), _at(node, "name"), node) if _text(n)), None)
            if named is not None:
                yield self._opaque(named, "runs in an image that is not inspected", _text(named) or "")

    def _programs(self, runs: yaml.Node | None) -> Iterator[CodeFile]:
        """What an action of JavaScript or Docker starts."""
        for key in ("pre", "main", "post", "pre-entrypoint", "entrypoint", "post-entrypoint", "image"):
            node = _at(runs, key)
            if node is not None and (name := _text(node)):
                script = ManifestScript(name=key, words=(name,), at=self._place(node))
                yield self._file(scripts=(script,))
        yield from self._started(_at(runs, "args"))

    def _texts(self, root: yaml.Node) -> CodeFile:
        """Everything that is written in the file and is not a step: names and texts."""
        names: list[CodeName] = []
        literals: list[Literal] = []
        for key, node in _everything(root):
            if isinstance(node, yaml.ScalarNode) and key not in _TITLES and key not in {"run", *_SCRIPTS}:
                literals.append(Literal(text=node.value, at=self._place(node)))
            keys = [key for key, _ in node.value] if isinstance(node, yaml.MappingNode) else []
            names += [CodeName(text=key.value, at=self._place(key)) for key in keys if isinstance(key, yaml.ScalarNode)]
        ddl = tuple(one for literal in literals for one in ddl_in(literal))
        return self._file(names=tuple(names), literals=tuple(literals), ddl=ddl)

    def _opaque(self, node: yaml.Node, reason: str, text: str, *, is_all: bool = False) -> CodeFile:
        return self._file(opaque=(Opaque(reason=reason, text=text, at=self._place(node), is_all=is_all),))

    def _file(self, **parts: Any) -> CodeFile:
        return CodeFile(path=self._path, language="YAML", **parts)

    def _place(self, node: yaml.Node) -> Location:
        return Location(self._path, node.start_mark.line + 1)


def _folded(lines: Sequence[str]) -> str:
    """What ``>`` makes of these lines, with a line of its own for each of them: they are joined as a shell joins lines."""
    depth = min((len(line) - len(line.lstrip()) for line in lines if line.strip()), default=0)
    made = ""
    plain = [each[depth:].rstrip() for each in lines]
    for line, after in zip_longest(plain, plain[1:], fillvalue=""):
        is_joined = line and after.strip() and not line.startswith("#") and not after.startswith(" ")
        made += f"{line} \\\n" if is_joined else f"{line}\n"
    return made


def _unknown(match: re.Match[str]) -> str:
    """A word that no shell knows, of the same length and with the same line breaks."""
    return "${" + re.sub(r"[^\n]", "_", match[0][3:-1]).replace("\n", "") + "}" + "\n" * match[0].count("\n")


def _joined(path: str, parts: Sequence[CodeFile]) -> CodeFile:
    """Several readings as those of one file."""
    made = CodeFile(path=path, language="YAML")
    names = [field.name for field in fields(CodeFile) if field.name not in {"path", "language"}]
    given: dict[str, Any] = {n: tuple(dict.fromkeys(one for part in parts for one in getattr(part, n))) for n in names}
    return replace(made, **given)


def _moved(file: CodeFile, at: Location) -> CodeFile:
    """The same, all of it at one place: a text in quotes has no lines of its own."""
    made: dict[str, Any] = {}
    for field in fields(CodeFile):
        value = getattr(file, field.name)
        if isinstance(value, tuple):
            lines = {"lines": ()} if field.name == "literals" else {}
            made[field.name] = tuple(replace(one, at=at, **lines) for one in value)
    return replace(file, **made)


def _at(node: yaml.Node | None, *path: str) -> yaml.Node | None:
    for key in path:
        node = dict(_entries(node)).get(key)
    return node


def _entries(node: yaml.Node | None) -> Iterator[tuple[str, yaml.Node]]:
    for key, value in node.value if isinstance(node, yaml.MappingNode) else ():
        if isinstance(key, yaml.ScalarNode) and key.value == "<<":
            yield from (pair for merged in (value, *_items(value)) for pair in _entries(merged))
    for key, value in node.value if isinstance(node, yaml.MappingNode) else ():
        if isinstance(key, yaml.ScalarNode) and key.value != "<<":
            yield key.value, value


def _items(node: yaml.Node | None) -> Sequence[yaml.Node]:
    return node.value if isinstance(node, yaml.SequenceNode) else ()


def _text(node: yaml.Node | None) -> str | None:
    return str(node.value) if isinstance(node, yaml.ScalarNode) else None


def _pairs(node: yaml.Node) -> Iterator[tuple[str, yaml.Node]]:
    for key, value in node.value if isinstance(node, yaml.MappingNode) else ():
        yield _text(key) or "", value


def _commands(node: yaml.Node | None) -> Iterator[yaml.ScalarNode]:
    """The commands of a script of GitLab: a text or a list, in which aliases may bring lists."""
    if isinstance(node, yaml.ScalarNode):
        yield node
    elif node is not None and node.tag != "!reference":  # what it refers to is read where it is
        for item in _items(node):
            yield from _commands(item)


def _included(node: yaml.Node | None) -> Iterator[tuple[str, yaml.Node]]:
    """The files that a pipeline includes: ``local``, ``template``, or another kind that only GitLab can fetch."""
    for item in _items(node) if isinstance(node, yaml.SequenceNode) else filter(None, [node]):
        kinds = dict(_entries(item)) or {"remote" if "://" in (_text(item) or "") else "local": item}
        kind = next((kind for kind in ("local", "template") if kind in kinds), "remote")
        yield kind, kinds.get(kind, item)


def _scalars(node: yaml.Node | None) -> Iterator[str]:
    return (inner.value for _, inner in _everything(node) if isinstance(inner, yaml.ScalarNode))


def _everything(node: yaml.Node | None) -> Iterator[tuple[str, yaml.Node]]:
    """All nodes with the key under which they are, each once: an alias may lead back."""
    todo, seen = [("", node)] if node is not None else [], set()
    while todo:
        name, here = todo.pop()
        if id(here) in seen:
            continue
        seen.add(id(here))
        yield name, here
        todo += reversed([*_pairs(here)])
        todo += [(name, item) for item in reversed(_items(here))]


def _given(root: yaml.Node) -> frozenset[str]:
    """Keys with a description of their values: who starts the pipeline may give others."""
    pairs = (pair for _, node in _everything(root) for pair in _pairs(node))
    return frozenset(key for key, value in pairs if isinstance(value, yaml.MappingNode))


def _values(root: yaml.Node) -> dict[str, list[str]]:
    """The texts that the file gives to each key: in a matrix, in ``env``, as the default or a choice of an input."""
    found: dict[str, list[str]] = {}
    for _, node in _everything(root):
        for key, value in _pairs(node):
            texts = [*_scalars(value)] if not isinstance(value, yaml.MappingNode) else []
            texts += [*_scalars(_at(value, "default")), *_scalars(_at(value, "options"))]
            found.setdefault(key, []).extend(text for text in texts if text not in found.get(key, []))
    return found
