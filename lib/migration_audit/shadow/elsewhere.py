"""What SQL did to other databases of its server, whatever its text says: its rows in the catalogs that databases share."""

from __future__ import annotations

from collections.abc import Iterator

import psycopg

from migration_audit.model.outside import Outside, OutsideKind
from migration_audit.shadow.trace import Trace

_WRITTEN = """
    select 'database ' || pg_catalog.quote_ident(dat.datname), dat.xmin::text, dat.cmin::text
      from pg_catalog.pg_database as dat
     where dat.datname <> pg_catalog.current_database()
     union
    select 'settings in database ' || pg_catalog.quote_ident(dat.datname), drs.xmin::text, drs.cmin::text
      from pg_catalog.pg_db_role_setting as drs
      join pg_catalog.pg_database as dat on dat.oid = drs.setdatabase
     where dat.datname <> pg_catalog.current_database()
     union
    select 'the comment on database ' || pg_catalog.quote_ident(dat.datname), des.xmin::text, des.cmin::text
      from pg_catalog.pg_shdescription as des
      join pg_catalog.pg_database as dat on dat.tableoid = des.classoid and dat.oid = des.objoid
     where dat.datname <> pg_catalog.current_database()
     union
    select 'replication origin ' || pg_catalog.quote_ident(ori.roname), ori.xmin::text, ori.cmin::text
      from pg_catalog.pg_replication_origin as ori
     where ori.roname not like 'pg\\_%'
     order by 1
"""


def changed_elsewhere(connection: psycopg.Connection, trace: Trace) -> Iterator[Outside]:
    """Each thing beside its database that a traced statement wrote last. Raises psycopg.Error."""
    for what, xmin, cmin in connection.execute(_WRITTEN.encode()).fetchall():
        if (at := trace.locate(int(xmin), int(cmin))) is not None:
            words = "is made or changed by this statement, and is not compared"
            yield Outside(kind=OutsideKind.SERVER, what=what, words=words, at=at)
