"""The bytes of a SQL file, checked before anything trusts them to be text."""

from __future__ import annotations

import codecs
import os
import re
from pathlib import Path, PurePath
from typing import Final

from migration_audit.model.errors import SourceError
from migration_audit.model.location import line_at
from migration_audit.project.boundary import Boundary, paths_that_match

_FOREIGN_MARKS = (
    (codecs.BOM_UTF32_LE, "UTF-32"),
    (codecs.BOM_UTF32_BE, "UTF-32"),
    (codecs.BOM_UTF16_LE, "UTF-16"),
    (codecs.BOM_UTF16_BE, "UTF-16"),
)


_NESTED: Final = re.compile(rb"(?:/\*[^*/'\"$]{0,200}){1000}")
"""So many comments that begin within one another."""
MOST_BYTES: Final = 100_000_000
"""A file of SQL that is larger is a dump of data."""


def check_source_inside(path: Path, shown: str, boundary: Boundary) -> None:
    """Raise SourceError for a file or folder that a link leads out of what is audited; nothing of its target is read."""
    if (target := boundary.target_outside(path)) is not None:
        what = f"leads to {target}, which is outside of {boundary} and is not read"
        raise SourceError(what, where=shown, todo="copy what it leads to into the repository, or name it itself")


def read_bytes(path: Path, shown: str, boundary: Boundary) -> bytes:
    """The raw bytes of the file.

    Raises SourceError if it is missing, no file, too large, outside of ``boundary``, or cannot be read.
    """
    try:
        os.fspath(path).encode()
    except UnicodeEncodeError:
        name = os.fsencode(path).decode(errors="replace")
        raise SourceError("the name of this file is not UTF-8", where=name, todo="rename it") from None
    check_source_inside(path, shown, boundary)
    try:
        if path.is_dir():
            raise SourceError("is a folder, not a file", where=shown, todo="name its files: folder/*.sql")
        if path.exists() and not path.is_file():
            raise SourceError("is not a regular file", where=shown, todo="save the SQL to a file first")
        if path.stat().st_size > MOST_BYTES:
            todo = "load data with other tools: an audit compares what migrations create"
            raise SourceError("is larger than 100 MB", where=shown, todo=todo)
        return path.read_bytes()
    except FileNotFoundError:
        todo = "the link is broken" if path.is_symlink() else "check the path, and the folder it is relative to"
        raise SourceError("file does not exist", where=shown, todo=todo) from None
    except OSError as error:
        raise SourceError(f"cannot be read: {error.strerror or error}", where=shown, todo="check its permissions") from error


def check_text(raw: bytes, shown: str) -> bytes:
    """``raw`` without a UTF-8 byte order mark. Raises SourceError, with the line, for what is not UTF-8 text."""
    for mark, encoding in _FOREIGN_MARKS:
        if raw.startswith(mark):
            raise SourceError(
                f"not UTF-8: its byte order mark says {encoding}", where=f"{shown}:1", todo="save the file as UTF-8"
            )
    try:
        raw.decode()
    except UnicodeDecodeError as error:
        raise SourceError(
            f"not UTF-8: byte 0x{raw[error.start]:02X} at offset {error.start}",
            where=f"{shown}:{line_at(raw, error.start)}",
            todo="save the file as UTF-8",
        ) from None
    zero = raw.find(b"\0")
    if zero >= 0:
        raise SourceError(
            f"contains a NUL byte at offset {zero}",
            where=f"{shown}:{line_at(raw, zero)}",
            todo="PostgreSQL's text cannot contain NUL: save the file as UTF-8 text",
        )
    if nested := _NESTED.search(raw):
        raise SourceError(
            "comments are nested more than 1,000 deep",
            where=f"{shown}:{line_at(raw, nested.start())}",
            todo="the parser's time grows with the square of their depth: flatten them",
        )
    return raw.removeprefix(codecs.BOM_UTF8)


def paths_of_glob(root: Path, pattern: str) -> list[Path]:
    """The files and folders that a glob matches, sorted; ``.`` is the root itself.

    Raises ValueError for a pattern that is empty, absolute or not a glob, SourceError for a folder that cannot be listed.
    """
    try:
        if pattern and PurePath(pattern) == PurePath():
            return [root] if root.is_dir() else []
        return paths_that_match(root, pattern, error=SourceError)
    except NotImplementedError as error:  # what pathlib says of an absolute pattern
        raise ValueError(str(error)) from None
