"""One formatted SQL changelog, line by line as Liquibase reads it: its changesets, properties, and what it leaves out.

The rules are those of ``AbstractFormattedChangeLogParser``. Liquibase looks at lines alone: a line of a string or
a body that looks like its own counts for it too.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import NoReturn

from migration_audit.formats.interface import how_to_fill, refuse_lines
from migration_audit.formats.lexer import comment_lines
from migration_audit.model.errors import SourceError
from migration_audit.model.sql import NotApplied

HEADER = re.compile(r"\s*--\s*liquibase\s*formatted.*", re.IGNORECASE)
_QUOTED = r'(".*?"|\S*)'


@dataclass(frozen=True, slots=True, kw_only=True)
class Changeset:
    """One changeset: what identifies it, its attributes, and the lines of its SQL."""

    author: str
    id: str
    line: int
    rows: tuple[tuple[int, str], ...]
    """Lines of SQL with their numbers; those that are Liquibase's own are left out."""
    logical_path: str | None
    splits: bool
    strips_comments: bool
    delimiter: str | None
    in_transaction: bool
    ignored: bool
    dbms: str | None
    contexts: str | None
    labels: str | None
    valid_checksums: tuple[str, ...]


@dataclass(slots=True, kw_only=True)
class Changelog:
    """What one file holds."""

    changesets: list[Changeset] = field(default_factory=list)
    left_out: list[NotApplied] = field(default_factory=list)


class Properties:
    """Values of ``${name}``: of audit.toml, then of the first global property, then of the last one of the file alone."""

    def __init__(self, given: Mapping[str, str]) -> None:
        """``given`` are the placeholders of audit.toml."""
        self._global = {name.lower(): value for name, value in given.items()}
        self._local: dict[tuple[str, str], str] = {}

    def define(self, line: str, shown: str) -> None:
        """A ``--property`` line; one for another database does not count."""
        name, value = _attribute(line, r"name:\s*(\S+)"), _attribute(line, r"value:\s*(\S+)")
        dbms = _attribute(line, r"dbms:([^,][\w!,]+)")
        if name is None or value is None or not is_for_postgres(dbms):
            return
        if (_attribute(line, r"global:(\S+)") or "true").lower() == "true":
            self._global.setdefault(name.lower(), value)
        else:
            self._local[shown, name.lower()] = value

    def expand(self, text: str, shown: str, line: int) -> str:
        """``text`` with values in it. Raises SourceError for a name without one: Liquibase would send it as it is."""

        def value(match: re.Match[str]) -> str:
            name = match[1].strip()
            found = self._global.get(name.lower(), self._local.get((shown, name.lower())))
            if found is None:
                raise SourceError(
                    f"the property ${{{name}}} is not set here",
                    where=f"{shown}:{line}",
                    todo=f'{how_to_fill(name)}; give "${{{name}}}" as its value to leave it as it is',
                )
            refuse_lines(found, name, f"{shown}:{line}")
            return found

        return re.sub(r"\$\{([^{}]*)\}", value, text)


def is_for_postgres(dbms: str | None) -> bool:
    """Whether ``dbms:`` names PostgreSQL: by name, by what it excludes, or not at all."""
    names = [name.strip().lower() for name in (dbms or "").split(",") if name.strip()]
    if not names or "all" in names:
        return True
    if "none" in names or "!postgresql" in names:
        return False
    return "postgresql" in names or all(name.startswith("!") for name in names)


def read_changelog(text: str, shown: str, properties: Properties) -> Changelog:
    """The changesets of a file. Raises SourceError, with the line, for what Liquibase refuses or this format does not do."""
    return _Reader(text, shown, properties).read()


class _Reader:
    def __init__(self, text: str, shown: str, properties: Properties) -> None:
        self._lines = re.split(r"\r\n|\r|\n", text)
        self._shown = shown
        self._properties = properties
        self._found = Changelog()
        self._open: tuple[int, re.Match[str]] | None = None
        self._rows: list[tuple[int, str]] = []
        self._checksums: list[str] = []
        self._logical_path: str | None = None
        self._at = 0
        self._loose: int | None = None

    def read(self) -> Changelog:
        while self._at < len(self._lines):
            line = self._lines[self._at]
            self._at += 1
            if HEADER.fullmatch(line):
                self._logical_path = _attribute(line, r"logicalFilePath:(\S*)") or None
            elif self._obey(line, _ANYWHERE) or self._obey(line, _OUTSIDE if self._open is None else _IN_CHANGESET):
                continue
            self._keep(line)
        self._close()
        return self._found

    def _obey(self, line: str, instructions: _Instructions) -> bool:
        """Whether a line is one of these instructions to Liquibase, and not SQL."""
        for pattern, action in instructions:
            if (match := pattern.fullmatch(line)) is not None:
                if isinstance(action, str):
                    self._malformed(action)
                action(self, match)
                return True
        return False

    def refuse(self, what: str, todo: str, *, line: int | None = None) -> NoReturn:
        raise SourceError(what, where=f"{self._shown}:{line or self._at}", todo=todo)

    def _malformed(self, written: str) -> NoReturn:
        self.refuse("Liquibase does not accept this line", f"write it as {written}, or begin the comment with another word")

    def define(self, property_line: re.Match[str]) -> None:
        self._properties.define(property_line[0], self._shown)

    def ignore(self, match: re.Match[str]) -> None:
        """``--ignoreLines:`` with a number, or up to ``end``."""
        count = match[1]
        self._found.left_out.append(NotApplied(path=self._shown, line=self._at, reason="ignoreLines"))
        if count == "start":
            while self._at < len(self._lines):
                self._at += 1
                end = _IGNORE_LINES.fullmatch(self._lines[self._at - 1])
                if end is not None and end[1] == "end":
                    return
                if end is None and _LIKE_IGNORE_LINES.fullmatch(self._lines[self._at - 1]):
                    self._malformed("--ignoreLines:end")
            return
        if not count.isdecimal():
            self._malformed("--ignoreLines:COUNT or --ignoreLines:start")
        self._at = min(len(self._lines), self._at + int(count))

    def begin(self, match: re.Match[str]) -> None:
        sql = "".join(f"{text}\n" for _, text in self._rows)
        if not any(each.start == len(sql.encode()) for each in comment_lines(f"{sql}{match[0]}".encode())):
            what = "Liquibase begins a changeset here, inside a string, a body or a comment"
            self.refuse(what, "rewrite the line")
        if match[2]:
            self._malformed("--changeset AUTHOR:ID, without a space before the id")
        self._close()
        self._open = self._at, match

    def accept_checksum(self, match: re.Match[str]) -> None:
        self._checksums.append(match[1].strip())

    def leave_rollback(self, _: re.Match[str]) -> None:
        """A ``--rollback`` line; several in a row are one."""
        last = self._found.left_out[-1] if self._found.left_out else None
        if last is None or last.reason != "rollback" or (self._rows and self._rows[-1][0] > (last.line or 0)):
            self._found.left_out.append(NotApplied(path=self._shown, line=self._at, reason="rollback"))

    def skip_rollback(self, _: re.Match[str]) -> None:
        """A comment of several lines that holds SQL to roll back."""
        begun = self._at
        self._found.left_out.append(NotApplied(path=self._shown, line=begun, reason="rollback"))
        while self._at < len(self._lines):
            self._at += 1
            if self._lines[self._at - 1].rstrip().endswith("*/"):
                return
        self.refuse("this rollback comment is not closed", "end it with */", line=begun)

    def _keep(self, line: str) -> None:
        if self._open is not None:
            self._rows.append((self._at, line))
        elif self._loose is None and line.strip() and not line.lstrip().startswith("--"):
            self._loose = self._at
            reason = "before the first changeset, which Liquibase ignores"
            self._found.left_out.append(NotApplied(path=self._shown, line=self._at, reason=reason, by_rule=False))

    def _close(self) -> None:
        if self._open is None:
            return
        line, match = self._open
        rows, checksums = tuple(self._rows), tuple(self._checksums)
        self._open, self._rows, self._checksums = None, [], []
        if not any(text.strip() for _, text in rows):
            self.refuse("the changeset contains no SQL", "write its SQL, or remove it", line=line)
        self._found.changesets.append(self._changeset(line, match, rows, checksums))

    def _changeset(
        self, line: int, match: re.Match[str], rows: tuple[tuple[int, str], ...], checksums: tuple[str, ...]
    ) -> Changeset:
        header = match[0]

        def given(pattern: str) -> str | None:
            value = _attribute(header, pattern)
            return None if value is None else self._properties.expand(value.strip('"'), self._shown, line)

        # Liquibase finds endDelimiter in rollbackEndDelimiter too, and the last of them counts.

        def flag(name: str, *, default: bool) -> bool:
            value = _attribute(header, rf"{name}:(\w+)")
            return default if value is None else value.lower() == "true"

        if _attribute(header, r"runWith:([\w${}]+)") not in {None, "jdbc"}:
            self.refuse("runWith passes the SQL to another program", "run Liquibase itself on the shadow", line=line)
        ends_with_slash = "".join(f"{text}\n" for _, text in rows).strip().endswith("\n/")
        delimiter = _attribute(header, r"endDelimiter:(\S*)")
        if delimiter == "":
            self.refuse("the endDelimiter is empty", "write it directly after the colon", line=line)
        is_last = self._at >= len(self._lines)
        return Changeset(
            author=self._properties.expand(match[1].strip('"'), self._shown, line),
            id=self._properties.expand(match[3].strip('"'), self._shown, line),
            line=line,
            rows=rows,
            logical_path=given(r"logicalFilePath:(\S*)") or self._logical_path,
            splits=flag("splitStatements", default=True),
            strips_comments=flag("stripComments", default=True),
            delimiter=r"\n/$" if delimiter is None and ends_with_slash and is_last else delimiter,
            in_transaction=flag("runInTransaction", default=True),
            ignored=(given(r"ignore:(\w*)") or "").lower() == "true",
            dbms=given(r"dbms:([^,][\w!,]+)"),
            contexts=given(rf"contextFilter:{_QUOTED}") or given(rf"context:{_QUOTED}"),
            labels=given(rf"labels:{_QUOTED}"),
            valid_checksums=checksums,
        )


_Instructions = tuple[tuple[re.Pattern[str], str | Callable[[_Reader, re.Match[str]], None]], ...]
"""Lines for Liquibase, and what to do at each; a text says how to write a line that Liquibase does not accept."""


def _line(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern, re.IGNORECASE)


_IGNORE_LINES = _line(r"--\s*ignoreLines:(\w+)")
_LIKE_IGNORE_LINES = _line(r"-\s*ignoreLines:\w+.*|--\s*ignore:\w+")
_COMMENT = _line(r"--\s*comment:? .*")
_ANYWHERE: _Instructions = (
    (
        _line(r"\s*--\s*include(?:All)?\s+(?:file|path|relativeToChangelogFile)\s*:.*"),
        lambda reader, _: reader.refuse(
            "an include refers to other changelogs", "name those changelogs in their order, or use command"
        ),
    ),
    (_line(r"\s*--\s*property\s+.*:.*\s+.*:.*"), _Reader.define),
    (_line(r"\s*-+\s*property\s.*"), "--property name:NAME value:VALUE"),
    (_IGNORE_LINES, _Reader.ignore),
    (_LIKE_IGNORE_LINES, "--ignoreLines:COUNT or --ignoreLines:start"),
    (_line(r'\s*--\s*changeset\s+("[^"]+"|[^:]+):(\s*)("[^"]+"|\S+).*'), _Reader.begin),
    (_line(r"(?:-\s*changeset\s|\s*--\s*changeset).*"), "--changeset AUTHOR:ID"),
)
_OUTSIDE: _Instructions = (
    (
        _COMMENT,
        lambda reader, _: reader.refuse(
            "Liquibase does not accept comment: outside of a changeset", "move it below a --changeset line"
        ),
    ),
)
_IN_CHANGESET: _Instructions = (
    (_COMMENT, lambda *_: None),
    (_line(r"-\s*comment:? .*|--\s*comments:? .*"), "--comment TEXT"),
    (_line(r"--\s*validCheckSum:? (.*)"), _Reader.accept_checksum),
    (_line(r"-\s*validCheckSum.*"), "--validCheckSum: CHECKSUM"),
    (_line(r"\s*--\s*rollback .*"), _Reader.leave_rollback),
    (_line(r"\s*-\s*rollback\s.*"), "--rollback SQL"),
    (_line(r"\s*/\*\s*liquibase\s*rollback\s*"), _Reader.skip_rollback),
    (_line(r"\s*-\s*precondition.*"), "--preconditions onFail:…"),
    (
        _line(r"\s*--\s*precondition-.*"),
        lambda reader, _: reader.refuse(
            "a precondition decides at run time whether the changeset is applied",
            "run Liquibase itself on the shadow (`command` in audit.toml), or remove the precondition",
        ),
    ),
    (_line(r"\s*--\s*preconditions.*"), lambda *_: None),  # says what to do when one of them fails
)


def _attribute(line: str, pattern: str) -> str | None:
    """The last ``name:value`` of a line, as a greedy pattern finds it."""
    match = re.fullmatch(rf".*{pattern}.*", line, re.IGNORECASE)
    return match[1] if match else None
