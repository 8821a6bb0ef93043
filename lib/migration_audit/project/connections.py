"""From an environment to what libpq needs to connect; the value goes to the driver and is never shown."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from migration_audit.model.errors import DatabaseError
from migration_audit.project.settings import Environment

_URL: Final = re.compile(r"(?:postgresql|postgres)(?:\+\w+)?://", re.IGNORECASE)
_CONNINFO: Final = re.compile(r"(?:\s*\w+\s*=\s*(?:'(?:[^'\\]|\\.)*'|(?!')(?:[^\s\\]|\\.)*))+\s*", re.DOTALL)
_BAD_PERCENT: Final = re.compile(r"%(?![0-9A-Fa-f]{2})")


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
    if scheme is not None:
        return _url(environment, name, value[scheme.end() :])
    if "://" in value or not _CONNINFO.fullmatch(value):
        what = f"variable {name} holds no PostgreSQL URL"
        raise _unusable(environment, what, "expected postgresql://user@host:port/database or key=value settings")
    return value


def _url(environment: Environment, name: str, rest: str) -> str:
    """The URL, unless libpq would misread it: it would quote what it misread, and that is the end of the password."""
    user, at, _ = rest.partition("@")
    if rest.count("@") > 1 or (at and re.search("[/?]", user)) or _BAD_PERCENT.search(rest):
        what = f"the URL in variable {name} cannot be read without guessing"
        raise _unusable(environment, what, "write @ / : % # ? in user and password as %40 %2F %3A %25 %23 %3F")
    return f"postgresql://{rest}"


def _unusable(environment: Environment, what: str, todo: str) -> DatabaseError:
    return DatabaseError(what, where=f"environment {environment.name}", todo=todo)
