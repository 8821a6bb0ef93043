"""For people who explore: any two sides compared, one object on every side, and a data frame of everything.

Nothing here is part of a report. ``docs/explore.md`` has recipes.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, cast, overload

from migration_audit.audit.case import Case
from migration_audit.model.drift import Drift
from migration_audit.model.errors import AuditError, UsageError
from migration_audit.model.finding import CheckResult, Unavailable
from migration_audit.model.location import Location
from migration_audit.project import Probe, resolve
from migration_audit.report.inline import IdentifierText, Text
from migration_audit.report.listings import connection_name
from migration_audit.report.table import ReportTable, Row, plain_table
from migration_audit.workbook import frames
from migration_audit.workbook.catalogs import SOURCES, ReadCatalog, SideOrigin
from migration_audit.workbook.comparing import CLASSES, Comparison, Wanted, compared_sides
from migration_audit.workbook.frames import FRAMES, object_columns
from migration_audit.workbook.objects import SideOverview, object_table
from migration_audit.workbook.session import Session, current

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd
    from sqlalchemy import Engine


def side(name: str) -> SideOverview:
    """One side, read on first use.

    ``name`` is ``legacy``, ``owner``, ``legacy then owner``, ``owner then legacy``, an environment of audit.toml, ``live``
    for the one that was opened, a saved snapshot (``.json``), a ``.sql`` file or a folder of SQL (with its format in front:
    ``flyway:db/migration``), ``env:NAME`` of a variable that holds a URL, or ``service:NAME``.

    Raises UsageError for a name that means nothing, and AuditError where the side cannot be read; other sides still can.
    """
    return SideOverview(current().side(name))


def compare(
    expected: str | SideOverview,
    actual: str | SideOverview,
    *,
    kind: Wanted = None,
    schema: Wanted = None,
    name: Wanted = None,
    verdict: Wanted = None,
    severity: Wanted = None,
) -> Comparison:
    """What ``expected`` has, looked up in ``actual``: any two sides, by the rules that audits use for them.

    What is shown can be narrowed here or with ``filter`` afterwards; ``name`` is a glob. Raises as ``side`` does, and
    AuditError where there was nothing to compare.
    """
    session = current()
    read = [session.side(one) if isinstance(one, str) else one.read for one in (expected, actual)]
    found = compared_sides(read[0], read[1], session.project)
    return found.filter(kind=kind, schema=schema, name=name, verdict=verdict, severity=severity)


def show(key: str, *, kind: str | None = None) -> ReportTable:
    """One object on every side: its definition, its attributes, where it is defined, and where the sides differ.

    ``key`` is a key (``public.positions.ts``), a name, or a glob. A side that cannot be read is named, with the reason.
    Raises UsageError where no side has such an object.
    """
    session = current()
    names = (
        list(dict.fromkeys(["legacy", "owner", *(e.name for e in session.project.environments)])) if session.project else []
    )
    names += [name for name in session.read if name not in names]
    if not names:
        raise UsageError("no side was read yet", todo='read one first: workbook.side("path/to/sql")')
    return object_table(key, {name: _side_or_reason(name) for name in names}, kind=kind)


def _side_or_reason(name: str) -> ReadCatalog | str:
    try:
        return current().side(name)
    except AuditError as error:
        return str(error).replace("\n  → ", "; ")


def sides() -> ReportTable:
    """Every side that can be named here: which database or SQL it is, and when it was read. Reads nothing."""
    session = current()
    rows = []
    for name in session.names:
        read, failed = session.read.get(name), session.failed.get(name)
        state = "could not be read" if failed else "read" if read else "not read yet"
        what = failed.replace("\n  → ", "; ") if failed else read.described if read else _meant(name)
        times = [f"{at:%Y-%m-%d %H:%M:%S} UTC" if at else "" for at in (read and read.read_at, session.before.get(name))]
        rows.append(Row((IdentifierText(name), Text(state), Text(what), *map(Text, times)), marked=bool(failed)))
    headings = ("Side", "State", "What", "Read at", "Read before")
    nothing = 'No side was read yet: workbook.side("path/to/sql").'
    return plain_table("Sides", headings, rows, note=_about(session), nothing=nothing)


def _about(session: Session) -> str:
    if session.project is None:
        return "no audit.toml here or in a parent folder"
    opened = session.audit.environment if session.audit is not None else None
    named = f", environment {opened.name}" if opened is not None else ""
    return f"project {session.project.name}{named}, {session.project.path.name}"


def _meant(name: str) -> str:
    if name in SOURCES:
        return f"the SQL of {name} on an empty server"
    project = current().project
    environment = project.environment(name) if project else None
    return f"the database of {connection_name(environment)}" if environment else ""


def refresh(*names: str) -> ReportTable:
    """Read these sides again (all that were read, by default), and say when each is read now and was read before.

    A side that cannot be read again is named with the reason; what was read of it before is gone. Audits gather their facts
    again too. Raises UsageError for a name that means nothing.
    """
    current().refresh(names)
    return sides()


@overload
def frame(audit: Case, kind: str, /, *, side: str) -> pd.DataFrame: ...
@overload
def frame(kind: str, side: str | SideOverview, /) -> pd.DataFrame: ...
def frame(first: Case | str, second: str | SideOverview, /, *, side: str | None = None) -> pd.DataFrame:
    """The objects of one kind (``column``, ``index``, …) on one side, a row each: ``frame("column", "prod")``.

    A side without such objects gives an empty frame with its columns; ``workbook.columns("column")`` says what they mean.
    ``frame(audit, "column", side="live")`` takes them from an audit. Raises UsageError for a kind or a side that does not
    exist, AuditError where the side cannot be read.
    """
    if isinstance(first, Case):
        return SideOverview(_of_audit(first, side or "")).frame(cast(str, second))
    return (SideOverview(current().side(second)) if isinstance(second, str) else second).frame(first)


def differences(expected: str | SideOverview, actual: str | SideOverview, **shown: Wanted) -> pd.DataFrame:
    """The differences between two sides as a frame; filters and errors are those of ``compare``."""
    return compare(expected, actual, **shown).differences


def coverage(expected: str | SideOverview = "legacy", actual: str | SideOverview = "owner", **shown: Wanted) -> pd.DataFrame:
    """Every object of either side with what the comparison says of it, the same ones too; as ``compare`` otherwise."""
    return compare(expected, actual, **shown).objects


def checks(environment: str = "live") -> pd.DataFrame:
    """How each check ended for this environment (the one that was opened, by default). Raises UsageError."""
    return frames.check_frame(_results(environment))


def findings(environment: str = "live") -> pd.DataFrame:
    """What the checks found in this environment (the one that was opened, by default). Raises UsageError."""
    return frames.finding_frame(_results(environment))


def _results(environment: str) -> Sequence[CheckResult]:
    return current().audit_of(environment).results


def probes(sql: str | None = None, *, side: str = "owner") -> pd.DataFrame:
    """How the writer's statements fare on what the SQL of a side makes, and which index each ON CONFLICT uses.

    The statements are those of audit.toml, or the one given as ``sql``. Each is executed with the writer's rights alone on a
    throw-away database, never on a live one. Raises UsageError for a side that is not SQL of audit.toml, and as ``side``.
    """
    project = current().project
    if project is None:
        raise UsageError("there is no audit.toml here or in a parent folder", todo="migration-audit init writes one")
    if side not in SOURCES:
        raise frames.unknown_name("side for probes", side, tuple(SOURCES))
    given = Probe(name="given", sql=sql.strip(), role=None, arbiter=None, at=Location("notebook", 1)) if sql else None
    asked = (given,) if given else project.probes
    from migration_audit.audit.preflight.project_sides import probe_project_side  # noqa: PLC0415

    return frames.probe_frame(probe_project_side(project, SOURCES[side], asked, progress=lambda _: None))


def columns(of: str) -> pd.DataFrame:
    """What each column of a frame holds: ``differences``, ``coverage``, ``checks``, …, or a kind of object.

    Raises UsageError for a frame that does not exist.
    """
    if of not in FRAMES and of not in CLASSES:
        raise frames.unknown_name("frame", of, (*FRAMES, *sorted(CLASSES)))
    found = FRAMES[of] if of in FRAMES else object_columns(CLASSES[of])
    names = {"column": ("str", ""), "dtype": ("str", ""), "meaning": ("str", "")}
    return frames.typed_frame(names, [(name, dtype, meaning) for name, (dtype, meaning) in found.items()])


def differences_frame(audit: Case) -> pd.DataFrame:
    """The drift of an audit's live database: a row for each object, or each attribute that differs."""
    drift = audit.live_drift
    if not isinstance(drift, Drift):
        raise AuditError(drift.reason, where=audit.environment_name)
    found = Comparison(expected=_of_audit(audit, "owner"), actual=_of_audit(audit, "live"), drift=drift)
    return frames.difference_frame(drift.roots, found.expected, found.actual)


def _of_audit(audit: Case, name: str) -> ReadCatalog:
    """A side as an audit has it. Raises UsageError for another name, AuditError where it was not read."""
    known = ("legacy", "owner", *(("live",) if audit.environment is not None else ()))
    if name not in known:
        raise frames.unknown_name("side", name, known)
    snapshot = getattr(audit, name)
    if isinstance(snapshot, Unavailable):
        raise AuditError(snapshot.reason, where=name)
    origins = {} if name == "live" else audit.shared["legacy_origins" if name == "legacy" else "owner_origins"]
    origin = SideOrigin.ENVIRONMENT if name == "live" else SideOrigin.SQL
    return ReadCatalog(name=name, origin=origin, snapshot=snapshot, origins=origins, read_at=audit.evidence.generated_at)


def engine(of: Case | str) -> Engine:
    """A SQLAlchemy engine on the live database of an audit, or of an environment by name; its connections are read only.

    For ``pandas.read_sql`` and ``%sql``. Connecting raises DatabaseError where the database cannot be reached.
    """
    from sqlalchemy import create_engine  # noqa: PLC0415
    from sqlalchemy.pool import NullPool  # noqa: PLC0415

    environment = current().environment(of) if isinstance(of, str) else of.project.environment(of.environment_name)

    def connect() -> Any:
        from migration_audit.catalog import open_connection  # noqa: PLC0415

        return open_connection(resolve(environment, os.environ), statement_timeout_ms=environment.statement_timeout * 1000)

    return create_engine("postgresql+psycopg://", creator=connect, poolclass=NullPool)
