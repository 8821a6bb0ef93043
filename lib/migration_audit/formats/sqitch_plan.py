"""``sqitch.plan``: pragmas, changes with what they require, tags; and which script each change has.

The rules are those of ``App::Sqitch::Plan``; what it refuses raises SourceError with the line.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, field
from typing import NoReturn

from migration_audit.model.errors import SourceError

_PUNCTUATION = "-!\"#$%&'()*+,./:;<=>?@[\\]^`{|}~"
_STAMP = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")
_PRAGMA = re.compile(r"[ \t]*%[ \t]*(?P<name>[^ \t=]+?)(?:[ \t]*=[ \t]*(?P<value>.+))?")
_LINE = re.compile(
    r"[ \t]*(?P<mark>@|[ \t]*[+-][ \t]*)?(?P<name>[^ \t@#\\]+)(?:[ \t]+(?:\[(?P<dependencies>[^\]]+)\][ \t]*)?"
    r"(?P<stamp>\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ)?[ \t]*(?P<planner>[^<]+[ \t]+<[^>]+>)?)?"
)
_DEPENDENCY = re.compile(
    r"(?P<conflicts>!?)(?:(?P<project>[^:@#\\ \t]+):)?"
    r"(?:(?P<id>[0-9a-f]{40})|(?P<change>[^@#\\: \t]+)?(?:@(?P<tag>[^@#\\: \t]+))?)"
)
_RESERVED = frozenset({"ROOT", "HEAD"})
_HASH = re.compile(r"[0-9a-f]{40}")
_SYMBOLIC = re.compile(r"[~/=%^]\d+$")


@dataclass(frozen=True, slots=True)
class PlanDependency:
    """What a change requires or must not meet: ``users``, ``users@v1``, ``!other``, ``project:users``."""

    text: str
    conflicts: bool
    project: str | None
    id: str | None
    change: str | None
    tag: str | None


@dataclass(slots=True)
class PlannedChange:
    """One line of the plan that deploys a script."""

    name: str
    line: int
    dependencies: tuple[PlanDependency, ...]
    tags: list[str] = field(default_factory=list)
    rework_tags: list[str] = field(default_factory=list)
    """Tags up to the next change of this name, the last one first: the script of this one is named after one of them."""


@dataclass(frozen=True, slots=True)
class SqitchPlan:
    """The changes in the order in which they are deployed."""

    project: str
    changes: tuple[PlannedChange, ...]


def is_name(name: str) -> bool:
    """Whether Sqitch accepts it as the name of a project, a change or a tag.

    >>> is_name("users/add"), is_name("-x"), is_name("x."), is_name("x=3")
    (True, False, False, False)
    """
    edges_are_fine = bool(name) and name[0] not in _PUNCTUATION and name[-1] not in _PUNCTUATION
    ends_in_a_word = bool(name) and (name[-1] == "_" or unicodedata.category(name[-1])[0] in "LMN")
    return edges_are_fine and ends_in_a_word and not re.search(r"[ \t:@#\\]", name) and not _SYMBOLIC.search(name)


def parse_plan(text: str, shown: str) -> SqitchPlan:
    """The plan. Raises SourceError for what Sqitch refuses."""
    return _Parser(text, shown).parse()


class _Parser:
    def __init__(self, text: str, shown: str) -> None:
        self._lines = re.split(r"\r?\n", text)
        self._shown = shown
        self._at = 0
        self._project = ""
        self._sections: list[PlannedChange] = []
        self._section: dict[str, PlannedChange] = {}
        self._named: dict[str, PlannedChange] = {}
        self._tags: dict[str, int] = {}
        self._lines_of: dict[str, int] = {}

    def parse(self) -> SqitchPlan:
        self._read_pragmas()
        if not self._project:
            raise SourceError("the plan lacks %project", where=f"{self._shown}:1", todo="write %project=NAME")
        while self._at < len(self._lines):
            line = self._next()
            if not re.fullmatch(r"[ \t]*(?:#.*)?", line):
                self._read_line(re.sub(r"[ \t]*(?:#.*)?$", "", line))
        self._end_section()
        return SqitchPlan(self._project, tuple(self._sections))

    def _next(self) -> str:
        self._at += 1
        return self._lines[self._at - 1]

    def _refuse(self, what: str, todo: str = "correct the plan: Sqitch rejects it too") -> NoReturn:
        raise SourceError(what, where=f"{self._shown}:{self._at}", todo=todo)

    def _read_pragmas(self) -> None:
        while self._at < len(self._lines):
            line = self._next()
            if re.fullmatch(r"[ \t]*", line):
                return
            if re.fullmatch(r"[ \t]*#.*", line):
                continue
            match = _PRAGMA.fullmatch(re.sub(r"[ \t]*(?:#.*)?$", "", line))
            if match is None:
                self._refuse("a blank line must come between pragmas and changes")
            if match["name"] == "project":
                self._project = match["value"] or ""
                if not is_name(self._project):
                    self._refuse(f"{self._project!r} is not a valid project name")

    def _read_line(self, line: str) -> None:
        match = _LINE.fullmatch(line)
        if match is None or not is_name(match["name"]):
            self._refuse("not a change or a tag: its name is invalid, or its time or planner is malformed")
        if match["stamp"] is None or match["planner"] is None:
            self._refuse("the time, or the planner's name and address, is missing")
        name = match["name"]
        if name in _RESERVED or _HASH.match(name):
            self._refuse(f"{name} is not a valid name for a change or a tag")
        mark = (match["mark"] or "").strip()
        if mark == "@":
            self._read_tag(name, match["dependencies"])
        elif mark == "-":
            self._refuse("a line with - is not a change to deploy", "remove it")
        else:
            self._read_change(name, match["dependencies"])

    def _read_tag(self, name: str, dependencies: str | None) -> None:
        if "/" in name:
            self._refuse(f"the tag {name} contains a /")
        if not self._section and not self._sections:
            self._refuse(f"the tag {name} comes before the first change")
        if name in self._tags:
            self._refuse(f"the tag {name} is also on line {self._tags[name]}")
        if dependencies:
            self._refuse("a tag cannot have dependencies")
        last = next(reversed(self._section.values())) if self._section else self._sections[-1]
        self._end_section()
        last.tags.append(name)
        self._tags[name] = self._at

    def _read_change(self, name: str, dependencies: str | None) -> None:
        if name in self._section:
            self._refuse(f"the change {name} is also on line {self._section[name].line}, with no tag between them")
        found: list[PlanDependency] = []
        for text in (dependencies or "").split():
            match = _DEPENDENCY.fullmatch(text)
            if match is None or not any((match["id"], match["change"], match["tag"])):
                self._refuse(f"{text!r} is not a valid dependency")
            if text in {each.text for each in found}:
                self._refuse(f"the dependency {text} appears twice")
            conflicts = bool(match["conflicts"])
            found.append(PlanDependency(text, conflicts, match["project"], match["id"], match["change"], match["tag"]))
        change = PlannedChange(name, self._at, tuple(found))
        earlier = self._named.get(name)
        if earlier is not None:
            since = self._sections[self._sections.index(earlier) + 1 :]
            tags = [tag for each in reversed(since) for tag in each.tags]
            earlier.rework_tags += [*tags, *earlier.tags]
        self._section[name] = self._named[name] = change

    def _end_section(self) -> None:
        """What a change requires must be planned before it."""
        seen: set[str] = set()
        for change in self._section.values():
            for each in change.dependencies:
                if not each.conflicts and each.id is None and each.project in {None, self._project}:
                    self._check(change, each, seen)
            seen.add(change.name)
        self._lines_of |= {change.name: change.line for change in self._section.values()}
        self._sections += self._section.values()
        self._section = {}

    def _check(self, change: PlannedChange, dependency: PlanDependency, seen: set[str]) -> None:
        name, tag = dependency.change, dependency.tag
        if tag is None:
            is_there = name in self._lines_of or name in seen
        elif name is None:
            is_there = tag in self._tags
        else:
            is_there = tag in self._tags and self._lines_of.get(name, self._tags[tag]) < self._tags[tag]
        if not is_there:
            self._at = change.line
            self._refuse(f"{change.name} requires {dependency.text}, which is not planned before it")
