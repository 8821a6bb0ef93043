"""Which files drop a table: SQL, scripts, and the blocks of code in documents, which are there to be copied.

A search, not a parser: the statement may be in a script's argument, in a DO block or in a string that EXECUTE gets. Names
that a program puts together at run time are not found.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Final

from migration_audit.artifacts.documents.markdown import parse_document
from migration_audit.artifacts.text import read_text
from migration_audit.model.documents import PassageKind, TableDrop
from migration_audit.model.location import Location, line_at
from migration_audit.project.locate import shown_path

_SQL_TOKEN: Final = re.compile(r"'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"|(?P<comment>--[^\n]*|/\*.*?(?:\*/|\Z))", re.DOTALL)
_COMMENT_LINE: Final = re.compile(r"^[ \t]*(?:#|//|--|\*|/\*)[^\n]*$", re.MULTILINE)


def find_drops(
    path: Path, tables: Sequence[str], *, shown_from: Path, within: Mapping[str, str] | None = None
) -> Iterator[TableDrop]:
    """Each place of the file that drops one of ``tables``, whatever schema it names.

    ``within``: schemas and owners with the table of each, which goes with them (DROP SCHEMA, DROP OWNED BY).
    Comments do not count; of Markdown only blocks of code do. Raises ArtifactError when the file cannot be read.
    """
    text, shown = read_text(path, shown_from), shown_path(path, shown_from)
    cleaned = _cleaned(text, shown)
    as_named = {table.lower(): table for table in reversed(tables)}
    found = [(as_named[(match[1] or match[2]).lower()], match) for match in _pattern(tables).finditer(cleaned)]
    found += [(table, m) for name, table in (within or {}).items() for m in _with_its_schema(name).finditer(cleaned)]
    for table, match in found:
        yield TableDrop(table=table, at=Location(shown, line_at(cleaned, match.start())), text=_one_line(text, match))


def _cleaned(text: str, shown: str) -> str:
    """The text with blanks where it is not executed; lines keep their numbers, characters their places."""
    suffix = PurePosixPath(shown).suffix.lower()
    if suffix == ".sql":
        return _without_sql_comments(text)
    if suffix in {".md", ".markdown"}:
        return _without_sql_comments(_only_code(text, shown))
    return _COMMENT_LINE.sub(lambda match: _spaces(match[0]), text)


def _pattern(tables: Sequence[str]) -> re.Pattern[str]:
    names = "|".join(re.escape(table) for table in sorted(tables, key=len, reverse=True))
    part = r"[\w\"\\.${}:\s]"
    return re.compile(
        rf"""
        \bdrop \s+ (?:foreign \s+)? table \s+ (?:if \s+ exists \s+)?
        (?:
            (?: {part}{{1,200}}, ){{0,20}} \s*                # other tables of the same statement
            (?: [\w\\"${{}}:]+ \s*\.\s* ){{0,2}} \\?"? ({names}) (?![\w$.])
          | [^;]{{0,300}}? '(?:\w+\.)?({names})'              # as an argument: format('DROP TABLE %I', 'x')
        )
        """,
        re.IGNORECASE | re.VERBOSE,
    )


def _with_its_schema(name: str) -> re.Pattern[str]:
    return re.compile(
        rf"\bdrop \s+ (?:schema \s+ (?:if \s+ exists \s+)? | owned \s+ by \s+)"
        rf'(?: [\w\"$]+ \s*,\s* ){{0,20}} \\?"? {re.escape(name)} (?![\w$])',
        re.IGNORECASE | re.VERBOSE,
    )


def _without_sql_comments(text: str) -> str:
    return _SQL_TOKEN.sub(lambda match: _spaces(match[0]) if match["comment"] else match[0], text)


def _only_code(text: str, shown: str) -> str:
    """The document with every line blank that is not code, so that lines keep their numbers."""
    document = parse_document(text, path=shown)
    kept = {line for passage in document.passages if passage.kind is PassageKind.CODE for _, line in passage.shown.lines}
    return "\n".join(line if number in kept else _spaces(line) for number, line in enumerate(document.source, start=1))


def _spaces(text: str) -> str:
    return re.sub(r"[^\n]", " ", text)


def _one_line(text: str, match: re.Match[str]) -> str:
    line = " ".join(text[match.start() : match.end()].split())
    return line if len(line) <= 200 else line[:199] + "…"
