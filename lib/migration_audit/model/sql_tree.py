"""The parse tree of a SQL text, by PostgreSQL's own parser."""

from __future__ import annotations

from typing import Any

import postgast
from google.protobuf.message import DecodeError


def parse(text: str) -> Any:
    """The tree, as ``postgast`` gives it.

    Raises postgast.PgQueryError where the text is not SQL, and where it is nested deeper than protobuf's hundred levels,
    which some fifty ``||`` in a row are.
    """
    try:
        return postgast.parse(text)
    except (DecodeError, RecursionError):
        raise postgast.PgQueryError("nested too deeply to read") from None


def parse_or_none(text: str) -> Any | None:
    """The tree; None where ``parse`` refuses the text: the server will say why."""
    try:
        return parse(text)
    except postgast.PgQueryError:
        return None
