"""A Dockerfile as its instructions, each with the lines at which it is.

Source: https://docs.docker.com/reference/dockerfile/, checked against BuildKit's own parser.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

from e2b_dockerfile_utils import PatternMatcher

from migration_audit.artifacts.shell.parse import ShellScript
from migration_audit.model.errors import ArtifactError
from migration_audit.model.location import Location

_DIRECTIVE: Final = re.compile(r"#\s*([A-Za-z]+)\s*=\s*(.+?)\s*\Z")
_HEREDOC: Final = re.compile(r"<<(-?)(?:'([A-Za-z_]\w*)'|\"([A-Za-z_]\w*)\"|([A-Za-z_]\w*))")
_TAKES_HEREDOCS: Final = frozenset({"RUN", "COPY", "ADD"})
_FLAG: Final = re.compile(r"\s*(--[a-z-]+(?:=(?:\"[^\"]*\"|\S*))?)(?=\s|\Z)")
_NAMES: Final = re.compile(
    r"ADD|ARG|CMD|COPY|ENTRYPOINT|ENV|EXPOSE|FROM|HEALTHCHECK|LABEL|MAINTAINER|ONBUILD|RUN|SHELL|STOPSIGNAL|USER|VOLUME|WORKDIR"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Heredoc:
    """A file within an instruction."""

    name: str
    text: str
    at: Location


@dataclass(frozen=True, slots=True, kw_only=True)
class Instruction:
    """One instruction."""

    name: str
    """In capitals."""
    lines: tuple[str, ...]
    """What follows the name, line by line, without the character that continues a line."""
    at: Location
    flags: tuple[str, ...] = ()
    heredocs: tuple[Heredoc, ...] = field(default=())

    @property
    def text(self) -> str:
        """What follows the name and the flags, on one line."""
        return "".join(self.lines).strip()

    @property
    def script(self) -> ShellScript:
        """The same for a shell; its lines are those of the file."""
        return ShellScript(text="\\\n".join(self.lines), at=self.at)

    @property
    def words(self) -> tuple[str, ...] | None:
        """The list of the exec form; None for the shell form: anything but a JSON list of strings."""
        if not self.text.startswith("["):
            return None
        try:
            value = json.loads(self.text)
        except ValueError:
            return None
        is_list = isinstance(value, list) and all(isinstance(word, str) for word in value)
        return tuple(value) if is_list else None

    def inner(self) -> Instruction:
        """The instruction that ONBUILD keeps for another build."""
        name, _, rest = self.lines[0].strip().partition(" ")
        flags, lines = _flags([rest, *self.lines[1:]])
        return Instruction(name=name.upper(), lines=tuple(lines), at=self.at, flags=flags)

    def flag(self, name: str) -> str | None:
        """The value of ``--name=value``."""
        start = f"--{name}="
        return next((flag[len(start) :].strip('"') for flag in self.flags if flag.startswith(start)), None)


def parse_dockerfile(text: str, shown: str) -> tuple[Instruction, ...]:
    """The instructions in order. Raises ArtifactError, with the line, for anything but instructions, or without FROM."""
    found = tuple(_Lexer(text.split("\n"), shown).instructions())
    if not any(instruction.name == "FROM" for instruction in found):
        raise ArtifactError("has no FROM", where=f"{shown}:1", todo="check that this is a Dockerfile")
    return found


class _Lexer:
    def __init__(self, lines: list[str], shown: str) -> None:
        self._lines = lines
        self._shown = shown
        self._row = 0
        self._escape = "\\"

    def instructions(self) -> Iterator[Instruction]:
        self._directives()
        while self._row < len(self._lines):
            line = self._lines[self._row]
            if not line.strip() or line.lstrip().startswith("#"):
                self._row += 1
            else:
                yield self._instruction()

    def _directives(self) -> None:
        for line in self._lines:
            directive = _DIRECTIVE.match(line)
            if directive is None:
                return
            if directive[1].lower() == "escape":
                self._escape = directive[2]

    def _instruction(self) -> Instruction:
        at = Location(self._shown, self._row + 1)
        lines = list(self._continued())
        written, *behind = re.split(r"[ \t]", lines[0].lstrip(), maxsplit=1)
        name, rest = written.upper(), "".join(behind)
        if not _NAMES.fullmatch(name):
            raise ArtifactError(f"{name[:40]} is not an instruction", where=str(at), todo="check that this is a Dockerfile")
        lines[0] = rest
        if name == "ONBUILD":
            return Instruction(name=name, lines=tuple(lines), at=at)
        flags, lines = _flags(lines)
        heredocs = tuple(self._heredocs(" ".join(lines))) if name in _TAKES_HEREDOCS else ()
        return Instruction(name=name, lines=tuple(lines), at=at, flags=flags, heredocs=heredocs)

    def _continued(self) -> Iterator[str]:
        """The lines of one instruction; comments between them become empty, so that lines keep their number."""
        ending = re.compile(rf"{re.escape(self._escape)}[ \t]*\Z")
        is_first = True
        while self._row < len(self._lines):
            line = self._lines[self._row]
            self._row += 1
            if not is_first and (not line.strip() or line.lstrip().startswith("#")):
                yield ""
                continue
            is_first = False
            continues = ending.search(line)
            yield line[: continues.start()] if continues else line
            if not continues:
                return

    def _heredocs(self, text: str) -> Iterator[Heredoc]:
        """The lines behind the instruction, one text for each ``<<NAME`` in it."""
        for match in _HEREDOC.finditer(text):
            name = match[2] or match[3] or match[4]
            at = Location(self._shown, self._row + 1)
            body: list[str] = []
            while self._row < len(self._lines):
                line = self._lines[self._row].lstrip("\t") if match[1] else self._lines[self._row]
                self._row += 1
                if line == name:
                    break
                body.append(line)
            else:
                raise ArtifactError(
                    f"the here-document <<{name} is not closed", where=str(at), todo=f"end it with a line {name}"
                )
            yield Heredoc(name=name, text="".join(f"{line}\n" for line in body), at=at)


def _flags(lines: list[str]) -> tuple[tuple[str, ...], list[str]]:
    """The flags in front, which may be on several lines; what stays of those lines keeps its place."""
    flags: list[str] = []
    left = list(lines)
    for position, line in enumerate(left):
        while match := _FLAG.match(line):
            flags.append(match[1])
            line = line[match.end() :]  # noqa: PLW2901 - one flag after the other
        left[position] = line
        if line.strip():
            break
    return tuple(flags), left


def split_words(text: str) -> tuple[str, ...]:
    """The words of COPY, ENV and others: blanks divide them, quotes hold them together.

    >>> split_words('A="b c" d\\\\ e')
    ('A=b c', 'd e')
    """
    words = re.findall(r"(?:\"(?:\\.|[^\"\\])*\"|'[^']*'|\\.|[^\s\"'\\])+", text, re.DOTALL)
    return tuple(re.sub(r"\"((?:\\.|[^\"\\])*)\"|'([^']*)'|\\(.)", _unquote, word, flags=re.DOTALL) for word in words)


def _unquote(match: re.Match[str]) -> str:
    if match[1] is not None:
        return re.sub(r"\\(.)", r"\1", match[1])
    return match[2] if match[2] is not None else match[3]


def ignore_patterns(patterns: Sequence[tuple[str, Location]]) -> PatternMatcher:
    """``.dockerignore`` or ``--exclude``: the last pattern that matches a path, relative to the context with ``/``, decides.

    Raises ArtifactError, with the place, for a pattern that the build rejects. Matches by a port of BuildKit's own matcher.
    Source: https://docs.docker.com/build/concepts/context/#dockerignore-files

    >>> at = Location(".dockerignore", 1)
    >>> ignore_patterns([("**/*.sql", at), ("!keep/a.sql", at)]).matches("keep/a.sql")
    False
    """
    for pattern, at in patterns:
        try:
            PatternMatcher([pattern])
        except ValueError:
            raise ArtifactError(
                f"{pattern!r} is not a pattern: the build rejects it", where=str(at), todo="correct the pattern"
            ) from None
    return PatternMatcher([pattern for pattern, _ in patterns])
