"""What a ``.sql`` file of a program holds: names, texts and DDL, statement by statement."""

from __future__ import annotations

import re
from typing import Final

from migration_audit.artifacts.code.ddl import commands_of, shortened
from migration_audit.artifacts.code.sql_tokens import EmbeddedSqlToken, heads, tokens_of
from migration_audit.model.code import CodeFile, CodeName, Ddl, Literal, Unread
from migration_audit.model.location import Location, line_in, line_starts

_COPIED: Final = re.compile(r"(?im)(^\s*copy\b[^;]*\bfrom\s+stdin\b[^;]*;[^\n]*\n)(.*?)(^\\\.$)", re.DOTALL)
_PSQL: Final = re.compile(r"(?m)^\s*\\[^\n]*")


def read_sql(text: str, path: str) -> tuple[CodeFile, Unread | None]:
    """What the file holds; where a quote is never closed, what follows it is not read, and that is reported."""
    plain = _PSQL.sub(_blank, _COPIED.sub(lambda m: m[1] + _blank(m[2]) + _blank(m[3]), text))
    tokens = tokens_of(plain)
    lines = _Lines(path, plain)
    found = CodeFile(
        path=path,
        language="SQL",
        names=tuple(CodeName(text=t.content, at=lines.at(t.start)) for t in tokens if not t.is_string and _is_word(t)),
        literals=tuple(_literal(t, lines) for t in tokens if t.is_string),
        ddl=tuple(
            Ddl(
                command=command,
                statement=shortened(plain[tokens[head.start].start : tokens[head.end - 1].end]),
                at=lines.at(tokens[head.start].start),
            )
            for head in heads(tokens)
            for command in commands_of(tokens[head.start : head.end], head.command)
        ),
    )
    rest = plain[tokens[-1].end :] if tokens else plain
    if not _is_comment(rest):
        return found, Unread(
            path=path, reason="is not understood as SQL here", line=lines.at(len(plain) - len(rest.lstrip())).line
        )
    return found, None


def head_comment(text: str) -> str:
    """The comments at the top of SQL, in front of the first statement, without their marks, on one line."""
    rest, comments = text.removeprefix("\ufeff"), []
    while match := re.match(r"\s*(?:--([^\n]*)|/\*(.*?)\*/)", rest, re.DOTALL):
        comments.append(match[1] if match[1] is not None else re.sub(r"(?m)^\s*\*", "", match[2]))
        rest = rest[match.end() :]
    return " ".join(" ".join(comments).split())


def _is_word(token: EmbeddedSqlToken) -> bool:
    return bool(re.match(r'[\w"]', token.text))


def _literal(token: EmbeddedSqlToken, lines: _Lines) -> Literal:
    at = lines.at(token.start)
    text = token.text
    return Literal(text=text, at=at, lines=tuple(line_starts(text, at.line)))


def _is_comment(text: str) -> bool:
    return not re.sub(r"--[^\n]*|/\*.*?\*/", "", text, flags=re.DOTALL).strip()


def _blank(text: re.Match[str] | str) -> str:
    whole = text if isinstance(text, str) else text.group()
    return re.sub(r"[^\n]", " ", whole)


class _Lines:
    def __init__(self, path: str, text: str) -> None:
        self._path = path
        self._starts = line_starts(text)

    def at(self, offset: int) -> Location:
        return Location(self._path, line_in(self._starts, offset))
