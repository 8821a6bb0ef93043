"""The databases of a fleet: a name and a reference for each, from the lines of a file. No secret is ever among them."""

from __future__ import annotations

import configparser
import fnmatch
import hashlib
import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeVar

from psycopg import ProgrammingError
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from migration_audit.model.errors import AuditError, DatabaseError, UsageError
from migration_audit.model.location import Location
from migration_audit.model.snapshot import canonical_json
from migration_audit.project import Environment, resolve
from migration_audit.project.secrecy import holds_password

ItemT = TypeVar("ItemT")

_REFERENCE: Final = re.compile(r"(env):([A-Za-z_][A-Za-z0-9_]*)(?:/(.+))?|(service):([\w\u0080-\uffff.-]+)(?:/(.+))?")
_URL: Final = re.compile(r"postgres(?:ql)?://\S+", re.IGNORECASE)
_PATTERN: Final = re.compile(r"service:[\w\u0080-\uffff.*?\[\]!-]+")
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f]")
_LONGEST: Final = 200
_FORMS: Final = (
    "write NAME = env:VARIABLE, NAME = env:VARIABLE/DATABASE, NAME = service:SERVICE, NAME = service:SERVICE/DATABASE or"
    " NAME = a PostgreSQL URL without a password; or service:PATTERN alone"
)
UNKNOWN: Final = "a server that is not known here"
_PORT: Final = "5432"
Services = Mapping[str, Mapping[str, str]]


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class FleetTarget:
    """One database of the fleet."""

    name: str
    """What people call it; no two targets have the same name."""
    reference: str
    """``env:VARIABLE``, ``service:SERVICE``, each perhaps with ``/DATABASE``, or a URL without a password."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """The parts of a reference."""

    variable: str | None = None
    service: str | None = None
    url: str | None = None
    database: str | None = None
    """The database, where it is another one than the variable or the service names."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """A target or a pattern, and where it is listed."""

    where: str
    target: FleetTarget | None = None
    pattern: str | None = None
    """Of names of services, with ``*`` and ``?``."""


def parse_targets(text: str, where: str) -> list[Listed]:
    """What the lines of a targets file list; blank lines and lines that start with # do not count.

    Raises UsageError with file and line for a password, anywhere in the file, and for a line of another form.
    """
    found = []
    for number, line in enumerate(text.removeprefix("\ufeff").split("\n"), start=1):
        at = f"{where}:{number}"
        if holds_password(line):
            todo = "put it into a variable and name that (env:VARIABLE), or name a service whose password is in ~/.pgpass"
            raise UsageError("contains a password, which must not be in a targets file", where=at, todo=todo)
        stripped = line.strip()
        if stripped and not stripped.startswith("#"):
            found.append(_listed(stripped, at))
    return found


def _listed(line: str, where: str) -> Listed:
    name, equals, reference = (part.strip() for part in line.partition("="))
    if not equals and _PATTERN.fullmatch(line):
        return Listed(where=where, pattern=line.removeprefix("service:"))
    if not equals:
        raise UsageError("is not a target", where=where, todo=_FORMS)
    return Listed(where=where, target=make_target(name, reference, where=where))


def make_target(name: str, reference: str, *, where: str) -> FleetTarget:
    """The target; raises UsageError, which names ``where``, for a name or a reference that is not one."""
    if not name or len(name) > _LONGEST or not name.isprintable():
        what = f"the name of a target has 1 to {_LONGEST} characters, and no invisible characters"
        raise UsageError(what, where=where, todo=_FORMS)
    parse_reference(reference, where=where)
    return FleetTarget(name=name, reference=reference)


def parse_reference(text: str, *, where: str) -> Reference:
    """The parts of a reference; raises UsageError, which names ``where``, for any other text, and for a password."""
    if holds_password(text):
        raise UsageError("contains a password", where=where, todo=_FORMS)
    if _URL.fullmatch(text):
        return Reference(url=text)
    found = _REFERENCE.fullmatch(text)
    if found is None or _CONTROL.search(text):
        raise UsageError("is not a reference to a database", where=where, todo=_FORMS)
    return Reference(variable=found[2], service=found[5], database=found[3] or found[6])


def check_targets(listed: Iterable[tuple[FleetTarget, str]]) -> tuple[FleetTarget, ...]:
    """The targets sorted by name, each with the place that lists it given.

    Raises UsageError for a name that is listed twice, or looks like another one, and AuditError where there is no target.
    """
    places: dict[str, str] = {}
    found = []
    for target, where in listed:
        seen = unicodedata.normalize("NFKC", target.name)
        if seen in places:
            what = f"target {target.name} is listed twice: first at {places[seen]}"
            raise UsageError(what, where=where, todo="give each target a name of its own")
        places[seen] = where
        found.append(target)
    if not found:
        raise AuditError("there are no targets: nothing was audited", where="fleet", todo="check the targets file or query")
    return tuple(sorted(found))


def targets_digest(targets: Sequence[FleetTarget]) -> str:
    """``sha256:…`` over the names and references of the sorted targets."""
    body = [[target.name, target.reference] for target in targets]
    return f"sha256:{hashlib.sha256(canonical_json(body)).hexdigest()}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Shard:
    """One part of several, each of which is audited by itself.

    >>> [list(Shard(number=n, of=2).take("abcde")) for n in (1, 2)]
    [['a', 'c', 'e'], ['b', 'd']]
    """

    number: int
    of: int

    def take(self, items: Sequence[ItemT]) -> Sequence[ItemT]:
        """The items of this part: each ``of``-th one."""
        return items[self.number - 1 :: self.of]

    def __str__(self) -> str:
        """``2/8``."""
        return f"{self.number}/{self.of}"


def parse_shard(text: str) -> Shard:
    """``2/8``: the second of eight parts. Raises UsageError."""
    found = re.fullmatch(r"([1-9][0-9]{0,5})/([1-9][0-9]{0,5})", text)
    if found is None or int(found[1]) > int(found[2]):
        raise UsageError("is not a part of several", where=f"--shard {text}", todo="write --shard 2/8: the second of eight")
    return Shard(number=int(found[1]), of=int(found[2]))


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
