"""Which variables a runner's configuration reads its connection from, and what a shadow's would be."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from migration_audit.detect.listing import Listing

_READS: Final = re.compile(
    r"""(?:process\.env\.|Deno\.env\.get\(["']|import\.meta\.env\.)([A-Z][A-Z0-9_]*)"""
    r"""|(?:process\.env|os\.environ|ENV)\[["']([A-Z][A-Z0-9_]*)["']\]"""
    r"""|(?:os\.environ\.get|os\.getenv|getenv|env|config|ENV\.fetch|System\.get_env|System\.fetch_env!)\(\s*["']([A-Z][A-Z0-9_]*)["']""",
)
_BY_DEFAULT: Final = re.compile(r"\bdj_database_url\.config\(\s*(?:\)|default)|\benv\.db\(\s*(?:\)|default)")
"""Django's helpers that read DATABASE_URL without naming it."""
_URL: Final = re.compile(
    r"(?:.*_)?(?:DATABASE|DB|PG|POSTGRES(?:QL)?|SQL|SQLALCHEMY_DATABASE|CONNECTION)_?(?:URL|URI|DSN|STRING)"
)
_PARTS: Final = {
    "host": re.compile(r"(?:.*_)?(?:DB|DATABASE|PG|POSTGRES(?:QL)?|SQL)_?HOST(?:NAME)?"),
    "port": re.compile(r"(?:.*_)?(?:DB|DATABASE|PG|POSTGRES(?:QL)?|SQL)_?PORT"),
    "user": re.compile(r"(?:.*_)?(?:DB|DATABASE|PG|POSTGRES(?:QL)?|SQL)_?USER(?:NAME)?"),
    "password": re.compile(r"(?:.*_)?(?:DB|DATABASE|PG|POSTGRES(?:QL)?|SQL)_?PASS(?:WORD|WD)?"),
    "database": re.compile(r"(?:.*_)?(?:(?:DB|DATABASE|POSTGRES(?:QL)?|SQL)_?(?:NAME|DB|DATABASE)|PGDATABASE)"),
}


def connection(listing: Listing, paths: Iterable[str]) -> tuple[tuple[tuple[str, str], ...], str | None, str | None]:
    """The ``env`` of a command that reads these files, the file that says so, and what is left to decide of it.

    One variable for the whole address, or one for each part of it; where several could be meant, none is taken.
    """
    read = {path: sorted(_names(listing.text(path))) for path in paths}
    urls = {name: path for path, names in read.items() for name in names if _URL.fullmatch(name)}
    if len(urls) == 1:
        ((name, path),) = urls.items()
        return ((name, "{url}"),), path, None
    parts = {
        part: {name: path for path, names in read.items() for name in names if pattern.fullmatch(name)}
        for part, pattern in _PARTS.items()
    }
    if not urls and all(len(parts[part]) == 1 for part in ("host", "user", "password", "database")):
        given = [(name, f"{{{part}}}", path) for part, names in parts.items() for name, path in names.items()]
        if len(parts["port"]) <= 1:
            return tuple((name, value) for name, value, _ in given), given[0][2], None
    names = [*urls, *(name for found in parts.values() for name in found)]
    shown = ", ".join(read) or "no file"
    if names:
        return (), None, f"which of {', '.join(dict.fromkeys(names))} ({shown}) contains the address of the database?"
    return (), None, f"how does it get the address of the database? {shown} does not name a variable for it"


def _names(text: str) -> set[str]:
    named = {name for match in _READS.findall(text) for name in match if name}
    return named | {"DATABASE_URL"} if _BY_DEFAULT.search(text) else named
