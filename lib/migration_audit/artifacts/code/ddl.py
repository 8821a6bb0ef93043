"""Whether a text is DDL, by PostgreSQL's own parser, and what a ``.sql`` file of a program holds.

What counts: the statements that PostgreSQL itself logs under ``log_statement = ddl``, TRUNCATE, TimescaleDB's and PostGIS's
functions that make or change tables, and ``DO`` blocks with one of those. A text counts when

- it parses, and a statement of it is DDL; or
- it is the beginning of DDL: the parser gets past verb, kind and name, and stops at the end of the text or at a part that
  the program computes.

So ``create a new user`` is prose: no kind of object is called ``a``. What PostgreSQL would accept word for word, such as
``create user failed``, is prose where it is written as a sentence or meant for people (thrown, logged, the title of a test),
and DDL everywhere else: a finding too many is read and waived, one too few is deployed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise
from typing import Final

import postgast

from migration_audit.artifacts.code.literals import HOLE
from migration_audit.artifacts.code.sql_tokens import EmbeddedSqlToken, heads, tokens_of
from migration_audit.artifacts.text import word_set
from migration_audit.model.code import CodeFile, CodeName, Ddl, Literal, Unread
from migration_audit.model.location import Location, line_in, line_starts
from migration_audit.model.sql_tree import parse

_MENTIONS_VERB: Final = re.compile(
    r"\b(?:create|alter|drop|truncate|comment|grant|revoke|reassign|security|import|refresh|cluster|into|do|\w+\s*\()",
    re.IGNORECASE,
)
_PLACEHOLDER: Final = re.compile(
    r"%(?:\(\w+\)|\[\d+\]|\d+\$)?[+#]?[sdvqwxrIL]|\{\w*(?:![rsa])?\}|\?\?|\$\{[^}]*\}|:\w+:|(?<![\w:]):\w+\b(?!\s*:)|\$\d+(?!\w*\$)"
)
_PSQL: Final = re.compile(
    r"""\bpsql\b[^\n;|&]*?\s(?:-\w*c|--command)[\s=]*(?P<quote>\\?["'])(?P<sql>.*?)(?P=quote)""", re.DOTALL
)
_COPIED: Final = re.compile(r"(?im)(^\s*copy\b[^;]*\bfrom\s+stdin\b[^;]*;[^\n]*\n)(.*?)(^\\\.$)", re.DOTALL)
_META_COMMAND: Final = re.compile(r"(?m)^\s*\\[^\n]*")
"""Of psql."""
_COMMENT: Final = re.compile(r"--[^\n]*|/\*.*?\*/", re.DOTALL)
_WORDS_ONLY: Final = re.compile(r"[A-Za-z]+(?:\s+[A-Za-z]+)*[.!]?\s*\Z")
_SENTENCE: Final = re.compile(r"[A-Z][a-z]+(?:\s|\Z)")


def ddl_in(found: Literal, *, is_human_message: bool = False) -> tuple[Ddl, ...]:
    """The DDL of a text; ``is_human_message``: the text is there to be read by people."""
    text = _for_psql(found.text)
    if not _MENTIONS_VERB.search(text):
        return ()
    for spelling in _spellings(text):
        if _is_prose(spelling, is_human_message=is_human_message):
            return ()
        statements = tuple(_statements(spelling))
        if statements:
            return tuple(
                Ddl(
                    command=command,
                    statement=shortened(text[start:end]),
                    at=type(found.at)(found.at.path, found.line_of(start)),
                )
                for command, start, end in statements
            )
    return ()


def _for_psql(text: str) -> str:
    """What a command hands to psql, at its place, of ``psql -c "CREATE …"``; any other text as it is."""
    handed = list(_PSQL.finditer(text))
    if not handed:
        return text
    made = [" "] * len(text)
    for match in handed:
        made[match.start("sql") : match.end("sql")] = match["sql"]
        made[match.end("sql") : match.end("sql") + 1] = ";"
    return "".join(made)


def shortened(statement: str) -> str:
    """A statement on one line, cut."""
    line = " ".join(statement.split())
    return line if len(line) <= 100 else line[:99] + "…"


def _is_prose(text: str, *, is_human_message: bool) -> bool:
    plain = text.strip()
    return bool(_WORDS_ONLY.match(plain)) and (is_human_message or bool(_SENTENCE.match(plain)))


def _spellings(text: str) -> Iterator[str]:
    """The text with what is computed as a name, then as nothing; of the same length, so that places stay true."""
    yield text
    named = _PLACEHOLDER.sub(lambda match: HOLE * len(match.group()), text)
    if named != text:
        yield named
    if HOLE in named:
        yield named.replace(HOLE, " ")


def _statements(text: str) -> Iterator[tuple[str, int, int]]:
    """Command, start and end of each statement of DDL up to where the text stops being SQL."""
    stop, is_open = _parsed_to(text)
    tokens = tokens_of(text[:stop])
    for head in heads(tokens):
        is_last = head.end >= len(tokens)
        if not is_last or is_open:
            is_bare = head.command is not None and head.named is None
            if is_bare and not (text.isupper() and " " in text.strip()):
                continue
            for command in commands_of(tokens[head.start : head.end], head.command):
                yield command, tokens[head.start].start, tokens[head.end - 1].end


def commands_of(tokens: list[EmbeddedSqlToken], command: str | None) -> Iterator[str]:
    """What a statement does to the schema: by its first words, by a function that it calls, in the body of its DO."""
    if command is not None:
        yield command
        return
    words = [token.word for token in tokens]
    if words[0] == "DO":
        yield from (f"DO: {inside}" for token in tokens if token.is_string for inside in _in_body(token.content))
        return
    if words[0] in {"SELECT", "WITH"} and "INTO" in words and "INSERT" not in words:
        yield "SELECT INTO"
    for token, following in pairwise(tokens):
        if following.text == "(" and token.content.lower() in DDL_FUNCTIONS and not token.is_string:
            yield f"{token.content.lower()}()"


def _in_body(body: str) -> Iterator[str]:
    """DDL in the body of a procedure, also in the texts that it executes."""
    tokens = tokens_of(body)
    for head in heads(tokens, procedural=True):
        yield from commands_of(tokens[head.start : head.end], head.command)
    for token in tokens:
        if token.is_string:
            yield from (
                command for command, _, _ in _statements(_PLACEHOLDER.sub(lambda m: HOLE * len(m.group()), token.content))
            )


def _parsed_to(text: str) -> tuple[int, bool]:
    """How far the parser gets, and whether it stops because something is still to come rather than wrong."""
    try:
        parse(text)
    except postgast.PgQueryError as error:
        stop = max(0, (error.cursorpos or 1) - 1)
        rest = text[stop:]
        unclosed = "unterminated" in str(error)
        if not rest.strip() or unclosed or _next_word(rest).find(HOLE) >= 0:
            return (stop if rest.strip() and not unclosed else len(text)), True
        before = text[:stop].rstrip()
        return stop, before.endswith(HOLE) and not rest[0].isalpha()
    return len(text), True


def _next_word(text: str) -> str:
    match = re.match(r"[\w…$]+", text)
    return match.group() if match else ""


DDL_FUNCTIONS: Final = word_set(
    "create_hypertable create_distributed_hypertable add_dimension set_chunk_time_interval set_number_partitions "
    "set_integer_now_func add_compression_policy remove_compression_policy add_columnstore_policy remove_columnstore_policy "
    "add_retention_policy remove_retention_policy add_reorder_policy remove_reorder_policy add_continuous_aggregate_policy "
    "remove_continuous_aggregate_policy add_process_hypertable_invalidations_policy add_tiering_policy add_policies "
    "remove_policies alter_policies add_job alter_job delete_job attach_tablespace detach_tablespace detach_tablespaces "
    "enable_chunk_skipping disable_chunk_skipping drop_chunks move_chunk addgeometrycolumn dropgeometrycolumn "
    "dropgeometrytable updategeometrysrid create_distributed_table create_reference_table"
)
"""Functions and procedures that make or change tables (https://docs.timescale.com/api/, https://postgis.net/docs/)."""


def read_sql(text: str, path: str) -> tuple[CodeFile, Unread | None]:
    """What the file holds; where a quote is never closed, what follows it is not read, and that is reported."""
    plain = _META_COMMAND.sub(_blank, _COPIED.sub(lambda m: m[1] + _blank(m[2]) + _blank(m[3]), text))
    tokens = tokens_of(plain)
    lines = _Lines(path, plain)
    found = CodeFile(
        path=path,
        language="SQL",
        names=tuple(
            CodeName(text=t.content, at=lines.at(t.start)) for t in tokens if not t.is_string and re.match(r'[\w"]', t.text)
        ),
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
    if _COMMENT.sub("", rest).strip():
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


def _literal(token: EmbeddedSqlToken, lines: _Lines) -> Literal:
    at = lines.at(token.start)
    return Literal(text=token.text, at=at, lines=tuple(line_starts(token.text, at.line)))


def _blank(text: re.Match[str] | str) -> str:
    whole = text if isinstance(text, str) else text.group()
    return re.sub(r"[^\n]", " ", whole)


class _Lines:
    def __init__(self, path: str, text: str) -> None:
        self._path = path
        self._starts = line_starts(text)

    def at(self, offset: int) -> Location:
        return Location(self._path, line_in(self._starts, offset))
