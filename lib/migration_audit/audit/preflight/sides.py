"""The sides of a comparison on the command line: SQL files, saved snapshots, live databases."""

from __future__ import annotations

import errno
import os
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

from migration_audit import catalog, formats, shadow, sources
from migration_audit.audit.preflight.loading import source_facts, with_outside
from migration_audit.audit.preflight.side_values import ValuedSide, ValueKind, Values, mapping_for, refuse_unused, values_for
from migration_audit.audit.run_in_parallel import run_in_parallel
from migration_audit.model.errors import UsageError
from migration_audit.model.finding import Unavailable
from migration_audit.model.location import Location
from migration_audit.model.preflight import OriginMap, SourceFacts
from migration_audit.model.progress import FILE_TIMEOUT, STATEMENT_TIMEOUT, Progress
from migration_audit.model.rows import RowsComparison, SourceRows
from migration_audit.model.side_effects import SourceUndone
from migration_audit.model.snapshot import RolesRead, Snapshot
from migration_audit.model.sql import SqlSource
from migration_audit.project.boundary import boundary_of_sides
from migration_audit.project.secrecy import holds_password

if TYPE_CHECKING:
    from migration_audit.audit.preflight.shadows import Shadow
    from migration_audit.project import Project
# What reads and compares databases is imported in functions: the first thing that a comparison of SQL waits for is servers.


_URL = re.compile(r"postgres(?:ql)?(?:\+\w+)?://", re.IGNORECASE)
_FORMS = (
    "a .sql file, a folder of them, several joined by +, a format and the folder of its runner (flyway:db/migration), "
    "a snapshot (.json), env:NAME, service:NAME or a URL"
)
_ADDRESSES = frozenset({"http", "https", "ftp", "s3", "git", "ssh", "file"})
_FORMAT_LIKE = re.compile(r"(?!env:|service:)([a-z][a-z-]+):")
_FORMAT = re.compile(rf"({'|'.join(map(re.escape, formats.NAMES))}):")


class SideKind(StrEnum):
    """What a side is read from."""

    SQL = "sql"
    SNAPSHOT = "snapshot"
    LIVE = "live"


_NOUNS = {SideKind.SNAPSHOT: "snapshot", SideKind.LIVE: "database"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """One side as it was named; nothing of it is read yet."""

    kind: SideKind
    named: str
    paths: tuple[Path, ...] = ()
    """Of a snapshot: the one file."""
    sources: tuple[tuple[str, tuple[Path, ...]], ...] = ()
    """Of SQL: formats, each with its files and folders, in apply order."""
    values: Values = field(default=(), repr=False)
    """What the command line puts into its SQL."""
    conninfo: str = field(default="", repr=False)
    statement_timeout: int = STATEMENT_TIMEOUT
    """Seconds that one statement of its SQL may take."""

    @property
    def is_sql(self) -> bool:
        """Whether it has to be applied to a server."""
        return self.kind is SideKind.SQL

    @property
    def is_live(self) -> bool:
        """Whether it is a database in use."""
        return self.kind is SideKind.LIVE


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadSide:
    """One side, read."""

    snapshot: Snapshot
    origins: OriginMap
    sources: tuple[SourceFacts, ...] = ()
    """What was applied, of a side that is SQL."""
    dump: str | Unavailable = Unavailable(reason="only shadows can be dumped", required=False)  # noqa: RUF009  it is frozen
    """What the cross-check sees: only where both sides are SQL."""
    undone: SourceUndone | None = None
    """What its SQL creates and takes away again."""
    rows: SourceRows | None = None
    """What its SQL leaves in tables."""


def parse_side(text: str) -> Side:
    """What a command-line argument names; raises UsageError for what it cannot mean, and for a password in it."""
    if holds_password(text) and not path_exists(text):
        raise UsageError(
            "a URL with a password is not accepted: the command line is visible to all users of this machine",
            todo="put it into a variable and use env:NAME, or use service:NAME with ~/.pgpass",
        )
    if _URL.match(text):
        return Side(kind=SideKind.LIVE, named=text, conninfo=text)
    scheme, _, name = text.partition(":")
    if text == "env:":
        raise UsageError("env: names no variable", todo="write env:NAME, the variable that holds the URL")
    if scheme.lower() in _ADDRESSES and name.startswith("//"):
        raise UsageError(f"{text} is an address, and nothing is downloaded", todo="save it as a file first")
    if scheme == "env" and name:
        return Side(kind=SideKind.LIVE, named=text, conninfo=_resolved(name, dsn_env=name))
    if scheme == "service" and name:
        return Side(kind=SideKind.LIVE, named=text, conninfo=_resolved(name, service=name))
    return _side_of_files(text)


def _side_of_files(text: str) -> Side:
    """Files and folders with the formats in front of them; a format holds up to the next one."""
    found: list[tuple[str, list[Path]]] = []
    missing = []
    for part in _parts(text):
        named = None if path_exists(part) else _FORMAT.match(part)
        name = _without_format(part) if named else part
        if named or not found:
            found.append((named[1] if named else "files", []))
        found[-1][1].append(Path(name))
        if not name or not path_exists(name):
            if named is None and (unknown := _FORMAT_LIKE.match(part)):
                formats.find_format(unknown[1])  # which names those that exist
            missing.append(name)
        elif found[-1][0] == "files" and Path(name).is_file() and Path(name).suffix.lower() not in (".sql", ".json"):
            what = f"{name} is a file whose name ends neither in .sql nor in .json"
            raise UsageError(what, todo="SQL is read from .sql files: rename it, or copy it to one")
    if "" in missing:
        raise UsageError(
            f"a file or folder is missing in “{text}”" if text else "a side is empty", todo=f"a side is {_FORMS}"
        )
    if missing:
        raise UsageError(f"{', '.join(missing)} does not exist", todo=f"a side is {_FORMS}")
    paths = [path for _, each in found for path in each]
    snapshots = [str(path) for path in paths if path.suffix == ".json"]
    if not snapshots:
        return Side(kind=SideKind.SQL, named=text, sources=tuple((form, tuple(each)) for form, each in found))
    if len(paths) > 1:
        raise UsageError(f"a snapshot cannot be joined: {', '.join(snapshots)}", todo=f"a side is {_FORMS}")
    return Side(kind=SideKind.SNAPSHOT, named=text, paths=tuple(paths))


def _parts(text: str) -> Iterator[str]:
    """The text at each ``+`` that is not in the name of a file or folder: the longest name that exists is taken."""
    words = text.split("+")
    while words:
        starts = ("+".join(words[:end]) for end in range(len(words), 0, -1))
        part = next((s for s in starts if path_exists(s) or path_exists(_without_format(s))), words[0])
        yield part
        words = words[part.count("+") + 1 :]


def _without_format(part: str) -> str:
    named = _FORMAT.match(part)
    return part[named.end() :] if named else part


def path_exists(text: str) -> bool:
    """Whether a file or folder has this name; a text that is too long for a name, as one that joins many, has none.

    Raises OSError where that cannot be looked up.
    """
    try:
        return Path(text).exists()
    except OSError as error:
        if error.errno == errno.ENAMETOOLONG:
            return False
        raise


def _resolved(name: str, *, dsn_env: str | None = None, service: str | None = None) -> str:
    from migration_audit.project import Environment, resolve  # noqa: PLC0415

    environment = Environment(
        name=f"{'env' if dsn_env else 'service'}:{name}", dsn_env=dsn_env, service=service, at=Location("command line", 1)
    )
    return resolve(environment, os.environ)


def with_values(expected: Side, actual: Side, given: Values) -> tuple[Side, Side]:
    """Both sides with the values that the command line gives to each."""
    return replace(expected, values=values_for("expected", given)), replace(actual, values=values_for("actual", given))


def read_sides(
    sides: Sequence[Side],
    *,
    progress: Progress,
    given: Values = (),
    dumped: bool = True,
    find: Callable[[Collection[str]], shadow.ShadowServer] | None = None,
    steps: Progress = lambda _: None,
    meanwhile: Callable[[], object] = lambda: None,
) -> tuple[ReadSide, ...]:
    """The sides, read at the same time; SQL sides each on a cluster of its own.

    ``given`` are the values that they have; ``dumped``: two SQL sides are dumped as well, to be cross-checked. ``find``
    gives a server with these extensions, instead of the first that there is. ``steps`` gets a line for each step and wait;
    ``meanwhile`` is run in this thread while the sides are read.

    Raises SqlError when SQL does not apply, SourceError, ServerError or DatabaseError when a side cannot be read, and
    UsageError when no side uses one of the values.
    """
    loaded = {side: load_side(side) for side in sides if side.is_sql}
    refuse_unused(given, [_valued(side, sequence) for side, sequence in loaded.items()])
    server: shadow.ShadowServer | None = None
    if loaded:
        extensions = _extensions(source for each in loaded.values() for source in each)
        server = find(extensions) if find else shadow.find_server(None, extensions=extensions, progress=progress)
        steps(f"server: {server.description}")
    dumped = dumped and len(sides) > 1 and all(side.is_sql for side in sides)
    # The roles of a server that others use count only if a side is SQL, which shows which of them it creates.
    shared = RolesRead.SHARED if loaded else RolesRead.NONE
    # Two connections at most: one for each side, or both for the only live one.
    is_alone = sum(side.is_live for side in sides) == 1

    def read(side: Side) -> ReadSide:
        steps(
            f"{side.named}: "
            + ("applying its SQL to an empty server" if side.is_sql else f"reading the {_NOUNS[side.kind]}")
        )
        found = _read(side, loaded.get(side), server, progress, dumped=dumped, shared=shared, is_alone=is_alone)
        steps(f"{side.named}: {len(found.snapshot.objects):,} objects")
        return found

    def while_servers_start() -> None:
        if server and (why := shadow.why_not_isolated(server)):
            progress(f"the SQL runs without isolation from this machine ({why}): see docs/trust.md")
        meanwhile()

    return tuple(run_in_parallel(read, sides, meanwhile=while_servers_start))


def load_side(side: Side) -> tuple[SqlSource, ...]:
    """The sources of a SQL side, in apply order. Raises SourceError."""
    loaded = (
        sources.load_source(
            side.named,
            each,
            shown_from=Path.cwd(),
            form=form,
            placeholders=mapping_for(form, side.values, ValueKind.PLACEHOLDER),
            variables=mapping_for(form, side.values, ValueKind.VARIABLE),
            boundary=boundary_of_sides(each),
        )
        for form, each in side.sources
    )
    seconds = side.statement_timeout
    file_timeout = FILE_TIMEOUT * seconds // STATEMENT_TIMEOUT
    return tuple(replace(each, statement_timeout=seconds, file_timeout=file_timeout) for each in loaded)


def _valued(side: Side, sequence: Sequence[SqlSource]) -> ValuedSide:
    return ValuedSide(values=side.values, loaded=sequence, load=lambda values: load_side(replace(side, values=values)))


def _read(
    side: Side,
    sequence: tuple[SqlSource, ...] | None,
    server: shadow.ShadowServer | None,
    progress: Progress,
    *,
    dumped: bool,
    shared: RolesRead,
    is_alone: bool,
) -> ReadSide:
    if side.kind is SideKind.SNAPSHOT:
        return ReadSide(snapshot=catalog.load_snapshot(side.paths[0]), origins={})
    if side.kind is SideKind.LIVE:
        return ReadSide(snapshot=catalog.read_snapshot(side.conninfo, roles=shared, is_shared=is_alone).snapshot, origins={})
    if sequence is None or server is None:
        raise ValueError("a SQL side is loaded before it is read")
    facts = tuple(source_facts(side.named, source) for source in sequence)
    with server.cluster() as cluster:
        from migration_audit.audit.preflight.shadows import build_shadow  # noqa: PLC0415

        built, _ = build_shadow(cluster, "side", sequence, dumped_by=server if dumped else None, watched_as=side.named)
    snapshot = refuse_failure(built)
    for role in built.applied.assumed_roles:
        progress(f"{side.named}: the SQL uses role {role} without creating it; here it was created without rights")
    for note in built.applied.notes:
        progress(f"{side.named}: {note}")
    return ReadSide(
        snapshot=snapshot,
        origins=built.origins,
        sources=tuple(with_outside(each, built.outside) for each in facts),
        dump=built.dump,
        undone=built.undone,
        rows=built.rows,
    )


def refuse_failure(built: Shadow) -> Snapshot:
    """The catalog of a shadow; raises SqlError where its SQL did not apply."""
    failure = built.applied.failure
    if failure is None and built.snapshot is not None:
        return built.snapshot
    if failure is None:
        raise ValueError("a shadow without a snapshot has a failure")
    from migration_audit.shadow.failures import sql_error  # noqa: PLC0415

    raise sql_error(failure)


def compare_side_rows(
    sides: tuple[Side, Side], read: tuple[ReadSide, ReadSide], project: Project | None
) -> RowsComparison | None:
    """The rows that the SQL of the expected side leaves, looked up on the actual side; None where a side is not SQL.

    ``project`` says which rows count. Raises ServerError and SourceError as ``read_sides`` does.
    """
    from migration_audit.audit.preflight.rows import compared_rows, row_scope, rows_again  # noqa: PLC0415

    (left, right), (expected, actual) = read, (read[0].rows, read[1].rows)
    if expected is None or actual is None:
        return None

    def again(only: Collection[str]) -> tuple[SourceRows, SourceRows]:
        sequences = load_side(sides[0]), load_side(sides[1])
        server = shadow.find_server(None, extensions=_extensions([*sequences[0], *sequences[1]]), progress=lambda _: None)
        return rows_again(server, sequences, only)

    scope = row_scope(project, left.snapshot, right.snapshot)
    return compared_rows((expected, actual), there=right.snapshot, scope=scope, again=again)


def _extensions(found: Iterable[SqlSource]) -> list[str]:
    return sorted(frozenset[str]().union(*(sources.needed_extensions(source) for source in found)))
