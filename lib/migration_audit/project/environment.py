"""``[environments.<name>]``: the live databases, which are only read, and what libpq needs to connect to each."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from migration_audit.model.errors import DatabaseError
from migration_audit.model.finding import Phase
from migration_audit.model.location import Location
from migration_audit.project import keys
from migration_audit.project.describe import computed, setting, table_in
from migration_audit.project.keys import VARIABLE
from migration_audit.project.locate import Found, KeyPath

_ENVIRONMENT_NAME: Final = re.compile(r"[a-z0-9](?:[a-z0-9_-]*[a-z0-9])?\Z")
"""A name that is a folder's name on every system: reports/<environment>/."""

_RESERVED_ENVIRONMENTS: Final = frozenset({"signed"})
"""reports/signed/ holds what was signed."""

_URL: Final = re.compile(r"(?:postgresql|postgres)(?:\+\w+)?://", re.IGNORECASE)
_MISREAD: Final = re.compile(r"\s|%00|%(?![0-9A-Fa-f]{2})")


@dataclass(frozen=True, slots=True, kw_only=True)
class Environment:
    """One live database; exactly one of ``dsn_env`` and ``service`` is set."""

    name: str = computed(lambda _, place: place.path[-1])
    dsn_env: str | None = setting(
        keys.pattern(VARIABLE, "the NAME of an environment variable that holds the URL, such as TRM_STAGE_DSN"),
        "Exactly one of dsn_env and service. dsn_env is the NAME of the variable that holds the URL.",
        example='"STAGE_DATABASE_URL"',
        is_live=True,
    )
    service: str | None = setting(
        keys.pattern(r"[\w\u0080-\uffff.-]+", "the name of an entry of pg_service.conf"),
        "An entry of pg_service.conf; its password is in .pgpass.",
        example='"app-prod"',
    )
    database: str | None = setting(
        keys.text("the name that the database must have"),
        "Pin: the name that current_database() returns. Another database is a blocker.",
        example='"app"',
    )
    system_identifier: str | None = setting(
        keys.pattern(r"[0-9]+", "the server's system identifier: the digits that pg_control_system() shows, in quotes"),
        "select system_identifier from pg_control_system()",
        example='"7301234567890123456"',
    )
    writer_role: str | None = setting(
        keys.role(),
        "The writer's role in this environment, if it differs from the project's.",
        default=None,
        example='"writer_stage"',
        fallback=lambda _, place: place.root["project"].get("writer_role"),
    )
    phases: tuple[Phase, ...] = setting(
        keys.choices(*Phase),
        "When this environment is audited: preflight (before the runner is deleted), retired (after it), or both.",
        default=tuple(Phase),
        convert=lambda given: tuple(phase for phase in Phase if phase in given),
    )
    statement_timeout: int = setting(
        keys.seconds(), "Seconds that one statement of the audit may take in this database.", default=60
    )
    at: Location = field(compare=False)


def environment_problems(tables: Mapping[str, Any]) -> Iterator[Found]:
    """Names that no folder can have everywhere, and databases that are reached in no way or in two."""
    for name, value in table_in(tables, "environments").items():
        path: KeyPath = ("environments", name)
        if not _ENVIRONMENT_NAME.match(name) or name in _RESERVED_ENVIRONMENTS:
            why = "is reserved" if name in _RESERVED_ENVIRONMENTS else "is not a portable folder name"
            yield path, why, "expected lower-case letters, digits, - and _, but not 'signed'"
        if isinstance(value, dict) and ("dsn_env" in value) == ("service" in value):
            what = "has both dsn_env and service" if "service" in value else "has neither dsn_env nor service"
            todo = "expected exactly one: dsn_env (a variable's name) or service (an entry of pg_service.conf)"
            yield path, what, todo


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
        raise _unusable(environment, f"variable {name} {state}", "set it to the URL of this database")
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
    where = environment.name if ":" in environment.name else f"environment {environment.name}"  # of a command line
    return DatabaseError(what, where=where, todo=todo)
