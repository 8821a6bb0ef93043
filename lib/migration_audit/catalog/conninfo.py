"""Connection strings, handled so that nothing of a password can reach a message.

libpq quotes what it could not parse, and what it could not parse is often the second half of a password with an ``@`` or
a ``/`` in it. So a string that can be read in two ways is refused here, before libpq sees it, and without being quoted.
"""

from __future__ import annotations

import re
from urllib.parse import quote, unquote

import psycopg
from psycopg.conninfo import conninfo_to_dict

from migration_audit.model.errors import DatabaseError

_SCHEME = re.compile(r"postgres(?:ql)?://", re.IGNORECASE)
_BAD_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})")
_ENCODE = "in a URL, write special characters of user and password percent-encoded: @ as %40, / as %2F, % as %25"
MASK = "***"
_SHORT = 6
"""Characters: a shorter text is likely to be a part of words that are no secret."""


def parse_conninfo(conninfo: str) -> dict[str, str]:
    """The parameters of a connection string: a URL, or ``key=value`` pairs.

    Raises DatabaseError for one that is empty, malformed or ambiguous; nothing of it is quoted.
    """
    if not conninfo.strip():
        raise DatabaseError("the connection string is empty", todo="check the environment variable that should contain it")
    if _SCHEME.match(conninfo):
        _refuse_ambiguous_url(conninfo)
    try:
        parameters = {name: str(value) for name, value in conninfo_to_dict(conninfo).items() if value is not None}
    except psycopg.ProgrammingError:
        raise _malformed("the connection string is malformed (it is not shown, because it may contain a password)") from None
    for name in ("port", "connect_timeout"):
        if not all(part.isdecimal() for part in parameters.get(name, "").split(",") if part):
            raise _malformed(f"the connection string has a {name} that is not a number")
    return parameters


def _refuse_ambiguous_url(url: str) -> None:
    rest = url[_SCHEME.match(url).end() :]  # type: ignore[union-attr]  # the caller matched it
    if _BAD_ESCAPE.search(rest):
        raise _malformed("the connection URL has a % that is not part of a percent-encoded character")
    if rest.count("@") > 1:
        raise _malformed("the connection URL has more than one @, so that its password and host cannot be distinguished")
    if "@" in rest and "@" not in rest.split("/", 1)[0]:
        raise _malformed("the connection URL has a / before its @, so that its password and host cannot be distinguished")


def _malformed(what: str) -> DatabaseError:
    return DatabaseError(what, todo=_ENCODE)


def shown_server(parameters: dict[str, str]) -> str:
    """Where a connection string leads, for people: ``database on host:port``; never user or password."""
    host = parameters.get("host") or parameters.get("hostaddr") or parameters.get("service") or "the default host"
    port = f":{parameters['port']}" if parameters.get("port") else ""
    database = parameters.get("dbname")
    return f"{database} on {host}{port}" if database else f"{host}{port}"


def scrub(text: str, conninfo: str, parameters: dict[str, str]) -> str:
    """The text without the password, in whatever form it may be there."""
    secrets = {parameters.get("password", ""), parameters.get("sslpassword", "")}
    written = conninfo.rpartition("@")[0].rpartition(":")[2]  # as the URL spells it
    if _SCHEME.match(conninfo) and "//" not in written:
        secrets.add(written)
    forms = {form for secret in secrets if secret for form in (secret, quote(secret, safe=""), unquote(secret))}
    for form in sorted(forms, key=len, reverse=True):
        text = _whole(form).sub(MASK, text)
    return text


def _whole(secret: str) -> re.Pattern[str]:
    """The secret wherever it is; a short one only where it is not part of a word, which would show what it is."""
    if len(secret) >= _SHORT:
        return re.compile(re.escape(secret))
    return re.compile(rf"(?<!\w){re.escape(secret)}(?!\w)")
