-- User-defined objects of this database, and roles: what each is a part of, and its state, read between two statements.
-- A state holds OIDs where a name would follow search_path or the renaming of something else. Left out are privileges,
-- comments, what an extension or another object brings along, temporary objects, and chunks. Where the setting
-- migration_audit.objects lists OIDs, only those are read.
with asked as (
    select nullif(pg_catalog.current_setting('migration_audit.objects', true), '')::pg_catalog.oid[] as oids
), asked_oid as (
    -- Looked up by hash: an array that is not a constant would be searched for each row.
    select pg_catalog.unnest(ask.oids) as oid
      from asked as ask
), brought_along as not materialized (
    select dep.classid, dep.objid
      from pg_catalog.pg_depend as dep
     where dep.deptype in ('e', 'i', 'P', 'S')
       -- A partitioned table and its key column depend on each other.
       and (dep.refclassid, dep.refobjid) <> (dep.classid, dep.objid)
), own_schema as (
    select nsp.oid, nsp.nspname, nsp.tableoid, nsp.xmin, nsp.cmin
      from pg_catalog.pg_namespace as nsp
     where nsp.nspname !~ '^pg_'
       and nsp.nspname <> 'information_schema'
       and not exists (
               select
                 from pg_catalog.pg_depend as dep
                where dep.classid = nsp.tableoid and dep.objid = nsp.oid and dep.deptype = 'e'
           )
), asked_relation as (
    select rel.tableoid as class, rel.oid, rel.relname, rel.relnamespace, rel.relkind, rel.relispartition,
           rel.relrowsecurity, rel.relforcerowsecurity, pg_catalog.format('%I.%I', own.nspname, rel.relname) as name,
           coalesce(typ.xmin, rel.xmin) as xmin, coalesce(typ.cmin, rel.cmin) as cmin
      from pg_catalog.pg_class as rel
     cross join asked as ask
      join own_schema as own on own.oid = rel.relnamespace
      left join pg_catalog.pg_type as typ on typ.oid = rel.reltype
     where rel.relkind in ('r', 'p', 'f', 'v', 'm', 'S', 'i', 'I')
       and (ask.oids is null or rel.oid in (select one.oid from asked_oid as one))
), object as (
    select rel.class, rel.oid, 0 as part,
           case when idx.indrelid is null and inh.inhparent is null and seq.refobjid is null
               then 'pg_catalog.pg_namespace'::pg_catalog.regclass else rel.class end as parent_class,
           coalesce(idx.indrelid, inh.inhparent, seq.refobjid, rel.relnamespace) as parent,
           pg_catalog.concat_ws(
               ' ', rel.relname, rel.relnamespace, rel.relispartition, rel.relrowsecurity, rel.relforcerowsecurity,
               rul.ev_action::text
           ) as state, rel.xmin, rel.cmin, rel.name
      from asked_relation as rel
      left join pg_catalog.pg_index as idx on idx.indexrelid = rel.oid
      left join pg_catalog.pg_inherits as inh on inh.inhrelid = rel.oid and rel.relispartition
      left join pg_catalog.pg_rewrite as rul
        on rul.ev_class = rel.oid and rel.relkind = 'v' and rul.rulename = '_RETURN'
      left join pg_catalog.pg_depend as seq
        on seq.classid = rel.class and seq.objid = rel.oid and rel.relkind = 'S'
       and seq.refclassid = rel.class and seq.deptype = 'a'
     union all
    select rel.class, att.attrelid, att.attnum, rel.class, rel.oid,
           pg_catalog.concat_ws(
               ' ', att.attname, att.atttypid, att.atttypmod, att.attnotnull, att.attidentity, att.attgenerated,
               att.attcollation, def.adbin::text
           ), att.xmin, att.cmin, rel.name || pg_catalog.format('.%I', att.attname)
      from asked_relation as rel
      join pg_catalog.pg_attribute as att on att.attrelid = rel.oid
      left join pg_catalog.pg_attrdef as def on def.adrelid = att.attrelid and def.adnum = att.attnum
     where rel.relkind in ('r', 'p', 'f') and att.attnum > 0 and not att.attisdropped and att.attislocal
     union all
    select con.tableoid, con.oid, 0,
           case when con.conrelid <> 0 then 'pg_catalog.pg_class'::pg_catalog.regclass
               else 'pg_catalog.pg_type'::pg_catalog.regclass end,
           case when con.conrelid <> 0 then con.conrelid else con.contypid end,
           pg_catalog.concat_ws(' ', con.conname, con.convalidated, con.condeferrable, con.condeferred),
           con.xmin, con.cmin, null
      from pg_catalog.pg_constraint as con
     cross join asked as ask
      join own_schema as own on own.oid = con.connamespace
     where con.contype in ('c', 'f', 'p', 'u', 'x') and con.conislocal and con.conparentid = 0
       and (ask.oids is null or con.oid in (select one.oid from asked_oid as one))
     union all
    select trg.tableoid, trg.oid, 0, 'pg_catalog.pg_class'::pg_catalog.regclass, trg.tgrelid,
           pg_catalog.concat_ws(
               ' ', trg.tgname, trg.tgfoid, trg.tgtype, trg.tgattr, pg_catalog.encode(trg.tgargs, 'hex'),
               trg.tgqual::text
           ), trg.xmin, trg.cmin, null
      from pg_catalog.pg_trigger as trg
     cross join asked as ask
      join pg_catalog.pg_class as rel on rel.oid = trg.tgrelid
      join own_schema as own on own.oid = rel.relnamespace
      where not trg.tgisinternal
        and trg.tgparentid = 0
        and (ask.oids is null or trg.oid in (select one.oid from asked_oid as one))
     union all
    select pol.tableoid, pol.oid, 0, 'pg_catalog.pg_class'::pg_catalog.regclass, pol.polrelid,
           pg_catalog.concat_ws(
               ' ', pol.polname, pol.polcmd, pol.polroles::text, pol.polqual::text, pol.polwithcheck::text
           ), pol.xmin, pol.cmin, null
      from pg_catalog.pg_policy as pol
     cross join asked as ask
     where ask.oids is null or pol.oid in (select one.oid from asked_oid as one)
     union all
    select rul.tableoid, rul.oid, 0, 'pg_catalog.pg_class'::pg_catalog.regclass, rul.ev_class,
           pg_catalog.concat_ws(' ', rul.rulename, rul.ev_type, rul.is_instead, rul.ev_qual::text, rul.ev_action::text),
           rul.xmin, rul.cmin, null
      from pg_catalog.pg_rewrite as rul
     cross join asked as ask
     where rul.rulename <> '_RETURN' and (ask.oids is null or rul.oid in (select one.oid from asked_oid as one))
     union all
    select pro.tableoid, pro.oid, 0, 'pg_catalog.pg_namespace'::pg_catalog.regclass, pro.pronamespace,
           pg_catalog.concat_ws(
               ' ', pro.proname, pro.pronamespace, pro.prolang, pro.prosrc, pro.probin, pro.prosqlbody::text,
               pro.prorettype, pro.proargnames::text, pro.proargdefaults::text, pro.provolatile, pro.proparallel,
               pro.prosecdef, pro.proleakproof, pro.proisstrict, pro.procost, pro.prorows, pro.proconfig::text
           ), pro.xmin, pro.cmin, null
      from pg_catalog.pg_proc as pro
     cross join asked as ask
      join own_schema as own on own.oid = pro.pronamespace
     where ask.oids is null or pro.oid in (select one.oid from asked_oid as one)
     union all
    select typ.tableoid, typ.oid, 0, 'pg_catalog.pg_namespace'::pg_catalog.regclass, typ.typnamespace,
           pg_catalog.concat_ws(
               ' ', typ.typname, typ.typnamespace, typ.typnotnull, typ.typdefaultbin::text,
               (select pg_catalog.string_agg(lab.enumlabel, ',' order by lab.enumsortorder)
                  from pg_catalog.pg_enum as lab where lab.enumtypid = typ.oid)
           ), typ.xmin, typ.cmin, null
      from pg_catalog.pg_type as typ
     cross join asked as ask
      join own_schema as own on own.oid = typ.typnamespace
     where ask.oids is null or typ.oid in (select one.oid from asked_oid as one)
     union all
    select own.tableoid, own.oid, 0, null, null, own.nspname::text, own.xmin, own.cmin, null
      from own_schema as own
     cross join asked as ask
     where ask.oids is null or own.oid in (select one.oid from asked_oid as one)
     union all
    select rare.class, rare.oid, 0, null, null, rare.state::text, rare.xmin, rare.cmin, null
      from (
            select ext.tableoid, ext.oid, ext.extname || ' ' || ext.extversion, ext.xmin, ext.cmin
              from pg_catalog.pg_extension as ext
             union all
            select 'pg_catalog.pg_authid'::pg_catalog.regclass, rol.oid, rol.rolname, null, null
              from pg_catalog.pg_roles as rol
             union all
            select sts.tableoid, sts.oid, sts.stxname, sts.xmin, sts.cmin from pg_catalog.pg_statistic_ext as sts
             union all
            select evt.tableoid, evt.oid, evt.evtname, evt.xmin, evt.cmin from pg_catalog.pg_event_trigger as evt
             union all
            select pub.tableoid, pub.oid, pub.pubname, pub.xmin, pub.cmin from pg_catalog.pg_publication as pub
             union all
            select fdw.tableoid, fdw.oid, fdw.fdwname, fdw.xmin, fdw.cmin
              from pg_catalog.pg_foreign_data_wrapper as fdw
             union all
            select srv.tableoid, srv.oid, srv.srvname, srv.xmin, srv.cmin from pg_catalog.pg_foreign_server as srv
             union all
            select col.tableoid, col.oid, col.collname, col.xmin, col.cmin from pg_catalog.pg_collation as col
             union all
            select cnv.tableoid, cnv.oid, cnv.conname, cnv.xmin, cnv.cmin from pg_catalog.pg_conversion as cnv
             union all
            select cas.tableoid, cas.oid, '', cas.xmin, cas.cmin from pg_catalog.pg_cast as cas
             union all
            select opr.tableoid, opr.oid, opr.oprname, opr.xmin, opr.cmin from pg_catalog.pg_operator as opr
             union all
            select opc.tableoid, opc.oid, opc.opcname, opc.xmin, opc.cmin from pg_catalog.pg_opclass as opc
             union all
            select opf.tableoid, opf.oid, opf.opfname, opf.xmin, opf.cmin from pg_catalog.pg_opfamily as opf
             union all
            select ame.tableoid, ame.oid, ame.amname, ame.xmin, ame.cmin from pg_catalog.pg_am as ame
             union all
            select lan.tableoid, lan.oid, lan.lanname, lan.xmin, lan.cmin from pg_catalog.pg_language as lan
             union all
            select trf.tableoid, trf.oid, '', trf.xmin, trf.cmin from pg_catalog.pg_transform as trf
             union all
            select cfg.tableoid, cfg.oid, cfg.cfgname, cfg.xmin, cfg.cmin from pg_catalog.pg_ts_config as cfg
             union all
            select dic.tableoid, dic.oid, dic.dictname, dic.xmin, dic.cmin from pg_catalog.pg_ts_dict as dic
           ) as rare (class, oid, state, xmin, cmin)
     cross join asked as ask
     where ask.oids is null or rare.oid in (select one.oid from asked_oid as one)
)
select obj.class::pg_catalog.oid::pg_catalog.int8 as class, obj.oid::pg_catalog.int8 as id,
       obj.part::pg_catalog.int4 as part,
       coalesce(idn.type, 'column') as kind, coalesce(obj.name, idn.identity) as name,
       obj.parent_class::pg_catalog.oid::pg_catalog.int8 as parent_class, obj.parent::pg_catalog.int8 as parent,
       -- Where in its statement an expression stood is not what it says.
       pg_catalog.md5(
           pg_catalog.regexp_replace(obj.state, ':([a-z]+_)?(location|len|start|end) -?[0-9]+', '', 'g')
       ) as state,
       obj.xmin::text || ',' || obj.cmin::text as origin
  from object as obj
  left join lateral pg_catalog.pg_identify_object(obj.class, obj.oid, 0) as idn on obj.part = 0
 where obj.oid >= 16384
   and (obj.part > 0 or idn.identity is not null)
   and not exists (select from brought_along as dep where dep.classid = obj.class and dep.objid = obj.oid)
 order by obj.class, obj.oid, obj.part;
