"""What SQL wrote where no comparison looks, whatever its text: other databases, large objects, parts of extensions."""

from __future__ import annotations

from collections.abc import Iterator

import psycopg

from migration_audit.model.outside import Outside, OutsideKind
from migration_audit.shadow.trace import Trace

_WORDS = "is made or changed by this statement, and is not compared"
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
     union
    select 'a large object', lob.xmin::text, lob.cmin::text
      from pg_catalog.pg_largeobject_metadata as lob
     union
    select 'built-in function ' || pro.oid::pg_catalog.regprocedure, pro.xmin::text, pro.cmin::text
      from pg_catalog.pg_proc as pro
      left join pg_catalog.pg_init_privs as ini on ini.classoid = pro.tableoid and ini.objoid = pro.oid
     where pro.oid < 16384 and pro.proacl is not distinct from ini.initprivs
     order by 1
"""
_MEMBERS = """
    with member as (
        select dep.classid, dep.objid, ext.extname, dep.xmin as by_xmin, dep.cmin as by_cmin,
               ext.xmin as ext_xmin, ext.cmin as ext_cmin
          from pg_catalog.pg_depend as dep
          join pg_catalog.pg_extension as ext on ext.oid = dep.refobjid
         where dep.deptype = 'e' and dep.refclassid = 'pg_catalog.pg_extension'::pg_catalog.regclass and dep.objsubid = 0
    ), written (classid, objid, place, written_by, acl, xmin, cmin) as (
        select pro.tableoid, pro.oid, pro.tableoid, pro.oid, pro.proacl, pro.xmin, pro.cmin from pg_catalog.pg_proc as pro
         union all
        select rel.tableoid, rel.oid, rel.tableoid, rel.oid, rel.relacl, rel.xmin, rel.cmin from pg_catalog.pg_class as rel
         union all
        select typ.tableoid, typ.oid, typ.tableoid, typ.oid, typ.typacl, typ.xmin, typ.cmin from pg_catalog.pg_type as typ
         union all
        select 'pg_catalog.pg_class'::pg_catalog.regclass, rew.ev_class, rew.tableoid, rew.oid, null, rew.xmin, rew.cmin
          from pg_catalog.pg_rewrite as rew
         union all
        select 'pg_catalog.pg_class'::pg_catalog.regclass, tgr.tgrelid, tgr.tableoid, tgr.oid, null, tgr.xmin, tgr.cmin
          from pg_catalog.pg_trigger as tgr
         where not tgr.tgisinternal
         union all
        select 'pg_catalog.pg_class'::pg_catalog.regclass, ind.indrelid, 'pg_catalog.pg_class'::pg_catalog.regclass,
               ind.indexrelid, null, ind.xmin, ind.cmin
          from pg_catalog.pg_index as ind
         union all
        select 'pg_catalog.pg_class'::pg_catalog.regclass, pol.polrelid, pol.tableoid, pol.oid, null, pol.xmin, pol.cmin
          from pg_catalog.pg_policy as pol
    )
    select obj.type || ' ' || obj.identity || ' of extension ' || pg_catalog.quote_ident(mem.extname),
           wri.xmin::text, wri.cmin::text, mem.by_xmin::text, mem.by_cmin::text, mem.ext_xmin::text, mem.ext_cmin::text
      from written as wri
      join member as mem on mem.classid = wri.classid and mem.objid = wri.objid
      left join pg_catalog.pg_init_privs as ini
        on ini.classoid = wri.place and ini.objoid = wri.written_by and ini.objsubid = 0
     cross join lateral pg_catalog.pg_identify_object(wri.place, wri.written_by, 0) as obj
     where (wri.xmin, wri.cmin::text) is distinct from (mem.by_xmin, mem.by_cmin::text)
       and wri.acl is not distinct from ini.initprivs
     order by 1
"""
"""Privileges that differ from those of the extension's script are compared; the rest of a member is not."""


def changed_elsewhere(connection: psycopg.Connection, trace: Trace) -> Iterator[Outside]:
    """Each thing that a traced statement wrote last, and that no comparison sees. Raises psycopg.Error."""
    for what, xmin, cmin in connection.execute(_WRITTEN.encode()).fetchall():
        if (at := trace.locate(int(xmin), int(cmin))) is not None:
            yield Outside(kind=OutsideKind.SERVER, what=what, words=_WORDS, at=at)
    yield from _changed_members(connection, trace)


def _changed_members(connection: psycopg.Connection, trace: Trace) -> Iterator[Outside]:
    """What belongs to an extension and was not written by the statement that made it a member or updated the extension."""
    for what, *ids in connection.execute(_MEMBERS.encode()).fetchall():
        at, *by_extension = (trace.locate(int(ids[i]), int(ids[i + 1])) for i in range(0, len(ids), 2))
        if at is not None and at not in by_extension:
            yield Outside(kind=OutsideKind.SERVER, what=what, words=_WORDS, at=at)
