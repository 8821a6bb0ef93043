"""From an environment to what libpq needs to connect; the value goes to the driver and is never shown."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from migration_audit.model.errors import DatabaseError
from migration_audit.project.environment import Environment

_URL: Final = re.compile(r"(?:postgresql|postgres)(?:\+\w+)?://", re.IGNORECASE)
_MISREAD: Final = re.compile(r"\s|%00|%(?![0-9A-Fa-f]{2})")


def resolve(environment: Environment, environ: Mapping[str, str]) -> str:
    """A PostgreSQL URL or conninfo for this environment.

    An SQLAlchemy URL (``postgresql+psycopg://…``) is given back as libpq's. Raises DatabaseError, which names the
    environment and the variable and never the value, when the variable is not set or holds something else.
    """
    if environment.service is not None:
        return f"service={environment.service}"
    name = environment.dsn_env or ""
    value = environ.get(name, "").strip()
    if not value:
        state = "is empty" if name in environ else "is not set"
        raise _unusable(environment, f"variable {name} {state}", f"set it to the URL of the {environment.name} database")
    scheme = _URL.match(value)
    conninfo = f"postgresql://{value[scheme.end() :]}" if scheme else value
    if scheme and _is_ambiguous(value[scheme.end() :]):
        what = f"the URL in variable {name} is ambiguous"
        raise _unusable(environment, what, "write @ / : % ? and a space in user and password as %40 %2F %3A %25 %3F %20")
    if not _is_conninfo(conninfo):
        what = f"variable {name} does not contain a PostgreSQL URL"
        raise _unusable(environment, what, "expected postgresql://user@host:port/database or key=value settings")
    return conninfo


def _is_ambiguous(rest: str) -> bool:
    """Whether libpq would take a part of the password for a host or a port, and show it when that fails."""
    user, at, _ = rest.partition("@")
    return rest.count("@") > 1 or bool(at and re.search("[/?]", user)) or bool(_MISREAD.search(rest))


def _is_conninfo(text: str) -> bool:
    """Whether libpq can read the text; what it says when it cannot would show parts of it."""
    from psycopg import ProgrammingError  # noqa: PLC0415 (only who connects needs the driver)
    from psycopg.conninfo import conninfo_to_dict  # noqa: PLC0415

    try:
        return bool(conninfo_to_dict(text))
    except (ProgrammingError, ValueError):  # ValueError: bytes that are not UTF-8
        return False


def _unusable(environment: Environment, what: str, todo: str) -> DatabaseError:
    return DatabaseError(what, where=f"environment {environment.name}", todo=todo)
