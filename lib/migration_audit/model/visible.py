"""Text from outside of the program, and SQL of the same meaning, with everything spelled out that cannot be seen.

https://www.postgresql.org/docs/current/sql-syntax-lexical.html
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Iterator

from migration_audit.model.errors import AuditError

_SHORT = {"\n": r"\n", "\t": r"\t", "\r": r"\r"}
# Control, format (bidi overrides, zero-width), surrogate, line and paragraph separators: invisible, or worse.
_INVISIBLE = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
_STRING = re.compile(r"[^\x20-\x7e\n]")


def _is_invisible(char: str) -> bool:
    """Whether the character cannot be seen, or does something to a terminal or to its neighbours."""
    return unicodedata.category(char) in _INVISIBLE


def one_line(text: str) -> str:
    r"""The text with everything invisible spelled out, for a name or a sentence.

    >>> print(one_line("a\nb\u202ec"), one_line("naïve"))
    a\nb\u202ec naïve
    """
    return text if text.isprintable() else "".join(map(_spelled, text))


def many_lines(text: str) -> str:
    r"""Like ``one_line``, but line ends stay line ends and tabs become four blanks: for SQL and source code."""
    flat = text.replace("\r\n", "\n").replace("\t", "    ")
    return "\n".join(one_line(line) for line in flat.split("\n"))


def for_terminal(text: str) -> str:
    r"""Like ``one_line``, but line ends and tabs stay what they are: for what a program prints.

    >>> for_terminal("a\tb\n\x1b[2J\r") == "a\tb\n\\x1b[2J\\r"
    True
    """
    return "\n".join("\t".join(map(one_line, line.split("\t"))) for line in text.split("\n"))


def for_json(text: str) -> str:
    r"""The same JSON, with everything invisible in its strings as JSON spells it.

    >>> print(for_json('["a\u202eb", "naïve"]'))
    ["a\u202eb", "naïve"]
    """
    return _STRING.sub(lambda found: json.dumps(found[0])[1:-1] if _is_invisible(found[0]) else found[0], text)


def _spelled(char: str) -> str:
    if not _is_invisible(char):
        return char
    return _SHORT.get(char) or (f"\\x{ord(char):02x}" if ord(char) < 256 else f"\\u{ord(char):04x}")


_PLACES = re.compile(r"(location|stmt_len|stmt_location|rexpr_list_start|rexpr_list_end|list_start|list_end): -?\d+\n")
_DOLLAR = re.compile(r"(\$[^$]*\$)(.*)\1\Z", re.DOTALL)
_OF_E = re.compile(r"\\(.)|(.)", re.DOTALL)


def visible_sql(text: str) -> str:
    """The SQL with names as ``U&"…"``, texts and bodies as ``E'…'`` and comments spelled out, where they hold such things.

    What can be seen stays as it is. Raises AuditError where no spelling has the same meaning.
    """
    import postgast  # noqa: PLC0415

    text = text.encode(errors="backslashreplace").decode()
    if all(map(_is_plain, text)):
        return text
    try:
        made = "".join(_pieces(text))
        same = _tree(made) == _tree(text)
    except postgast.PgQueryError as error:
        raise _refused() from error
    if not same or not all(map(_is_plain, made)):
        raise _refused()
    return made


def _refused() -> AuditError:
    return AuditError(
        "the SQL contains invisible characters that cannot be escaped there",
        todo="inspect the objects with `--format json`, and rename those with such characters",
    )


def _is_plain(char: str) -> bool:
    return char in "\n\t" or not _is_invisible(char)


def _tree(text: str) -> str:
    import postgast  # noqa: PLC0415  slow to import, and every command shows text

    return _PLACES.sub("", str(postgast.parse(text)))


def _pieces(text: str) -> Iterator[str]:
    import postgast  # noqa: PLC0415

    content, end, before = text.encode(), 0, ""
    for token in postgast.scan(text).tokens:
        yield _blanks(content[end : token.start].decode())
        before = content[max(0, token.start - 1) : token.start].decode(errors="replace")
        piece = content[token.start : token.end].decode()
        if all(map(_is_plain, piece)):
            yield piece
        else:
            # A prefix must not become a part of the word before it.
            yield (" " if before.isalnum() or before in {"_", "$", '"', "'"} else "") + _token(piece)
        end = token.end
    yield _blanks(content[end:].decode())


def _blanks(text: str) -> str:
    return "".join(char if _is_plain(char) else " " for char in text)


def _token(piece: str) -> str:
    if piece.startswith("--"):
        return one_line(piece)
    if piece.startswith("/*"):
        return many_lines(piece)
    if piece.startswith('"'):
        return 'U&"' + _escaped(piece[1:-1].replace("\\", "\\\\"), "\\{:04X}", "\\+{:06X}") + '"'
    if piece.startswith("'"):
        return _text(piece[1:-1].replace("\\", "\\\\"))
    if piece[:2] in {"E'", "e'"}:
        return _text(_OF_E.sub(lambda found: found[2] or (found[1] if not _is_plain(found[1]) else found[0]), piece[2:-1]))
    if body := _DOLLAR.match(piece):
        return _text(body[2].replace("\\", "\\\\").replace("'", "''"))
    raise _refused()


def _text(body: str) -> str:
    return "E'" + _escaped(body, "\\u{:04x}", "\\U{:08x}") + "'"


def _escaped(body: str, short: str, long: str) -> str:
    return "".join(c if _is_plain(c) else (short if ord(c) < 0x10000 else long).format(ord(c)) for c in body)


def width(text: str) -> int:
    """How many terminal columns the text takes."""
    if text.isascii():
        return len(text)
    return sum(0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)
