"""What ``directus schema apply`` would find of the owner's SQL alone."""

from __future__ import annotations

from typing import Final

import psycopg

from migration_audit import catalog, driver
from migration_audit.model.directus_database import DirectusDatabase
from migration_audit.model.finding import Outcome, Unavailable
from migration_audit.project import Project

NO_SNAPSHOT: Final = Unavailable(reason="audit.toml has no [snapshot]", required=False)


def owner_tables(project: Project, conninfo: str) -> DirectusDatabase | Unavailable:
    """The tables of a shadow that has the owner's SQL; not of a command, which may be Directus itself."""
    if project.snapshot is None:
        return NO_SNAPSHOT
    if project.owner.command is not None:
        return Unavailable(reason="the owner is a command: it is not known which tables raw SQL creates", required=False)
    try:
        with driver.connect(conninfo, autocommit=True, application_name="migration-audit") as connection:
            return catalog.read_directus_database(connection)
    except psycopg.Error as error:
        return Unavailable(reason=f"the owner's tables cannot be read: {error}", outcome=Outcome.ERRORED)
