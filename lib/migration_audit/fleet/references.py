"""From a reference to what libpq needs to connect, and to which server that leads; values are never shown."""

from __future__ import annotations

import configparser
import fnmatch
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from psycopg import ProgrammingError
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from migration_audit.fleet.targets import FleetTarget, parse_reference
from migration_audit.model.errors import AuditError, DatabaseError, UsageError
from migration_audit.model.location import Location
from migration_audit.project import Environment, resolve

UNKNOWN: Final = "a server that is not known here"
_PORT: Final = "5432"

Services = Mapping[str, Mapping[str, str]]


def conninfo_of(target: FleetTarget, environ: Mapping[str, str]) -> str:
    """A conninfo for the target. Raises DatabaseError for a variable that is not set or does not contain a URL."""
    parts = parse_reference(target.reference, where=target.name)
    if parts.url is not None:
        return parts.url
    named = Environment(name=target.reference, dsn_env=parts.variable, service=parts.service, at=Location("fleet", 1))
    conninfo = resolve(named, environ)
    return make_conninfo(conninfo, dbname=parts.database) if parts.database is not None else conninfo


def server_address(target: FleetTarget, environ: Mapping[str, str], services: Services) -> str:
    """``host:port`` of the target, as far as it is known without connecting; else that it is not known."""
    try:
        given = conninfo_to_dict(conninfo_of(target, environ))
    except (DatabaseError, ProgrammingError):
        return UNKNOWN
    service = given.get("service") or (environ.get("PGSERVICE") if not given.get("host") else None)
    if service and service not in services:
        return UNKNOWN
    settings = {**services.get(str(service), {}), **{name: str(value) for name, value in given.items() if value}}
    host = settings.get("hostaddr") or settings.get("host") or environ.get("PGHOSTADDR") or environ.get("PGHOST")
    return f"{host or 'localhost'}:{settings.get('port') or environ.get('PGPORT') or _PORT}"


def read_services(environ: Mapping[str, str]) -> Services:
    """The services of pg_service.conf: the user's file, then the system's. Raises AuditError for one that is malformed.

    https://www.postgresql.org/docs/current/libpq-pgservice.html
    """
    user = environ.get("PGSERVICEFILE") or str(Path("~/.pg_service.conf").expanduser())
    places = [Path(user)]
    if folder := environ.get("PGSYSCONFDIR"):
        places.append(Path(folder) / "pg_service.conf")
    found: dict[str, Mapping[str, str]] = {}
    for place in places:
        if place.is_file():
            for name, settings in _services_in(place).items():
                found.setdefault(name, settings)
    return found


def _services_in(path: Path) -> dict[str, Mapping[str, str]]:
    parser = configparser.RawConfigParser(
        delimiters=("=",), comment_prefixes=("#",), strict=False, default_section="\0", empty_lines_in_values=False
    )
    try:
        parser.read_string(path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError, configparser.Error) as error:
        # The parser's message may show a line, which may contain a password.
        what = f"cannot be read ({type(error).__name__})"
        raise AuditError(what, where=str(path), todo="see the documentation of pg_service.conf") from None
    return {name: dict(parser.items(name)) for name in parser.sections()}


def services_like(pattern: str, services: Services, *, where: str) -> list[FleetTarget]:
    """A target for each service whose name matches, called like it. Raises UsageError where none does."""
    names = [name for name in services if fnmatch.fnmatchcase(name, pattern)]
    if not names:
        todo = "check the pattern, and which file PGSERVICEFILE (else ~/.pg_service.conf) names"
        raise UsageError(f"no service matches {pattern}", where=where, todo=todo)
    return [FleetTarget(name=name, reference=f"service:{name}") for name in sorted(names)]
