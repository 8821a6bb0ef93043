-- A mark for each thing that made_objects.sql may list: another one once a row that describes it is written.
-- It is cheap to read between any two statements; only what has another mark than before is then read in full.
with written as (
    select rel.oid, rel.xmin::text || ',' || rel.cmin::text as version from pg_catalog.pg_class as rel
     union all
    select att.attrelid, att.attnum || ',' || att.xmin::text || ',' || att.cmin::text
      from pg_catalog.pg_attribute as att
     where att.attnum > 0
     union all
    select def.adrelid, def.xmin::text || ',' || def.cmin::text from pg_catalog.pg_attrdef as def
     union all
    select rul.ev_class, rul.xmin::text || ',' || rul.cmin::text from pg_catalog.pg_rewrite as rul
     union all
    select rul.oid, rul.xmin::text || ',' || rul.cmin::text from pg_catalog.pg_rewrite as rul
     union all
    select con.oid, con.xmin::text || ',' || con.cmin::text from pg_catalog.pg_constraint as con
     union all
    select trg.oid, trg.xmin::text || ',' || trg.cmin::text from pg_catalog.pg_trigger as trg
     union all
    select pol.oid, pol.xmin::text || ',' || pol.cmin::text from pg_catalog.pg_policy as pol
     union all
    select pro.oid, pro.xmin::text || ',' || pro.cmin::text from pg_catalog.pg_proc as pro
     union all
    select typ.oid, typ.xmin::text || ',' || typ.cmin::text from pg_catalog.pg_type as typ
     union all
    select lab.enumtypid, lab.xmin::text || ',' || lab.cmin::text from pg_catalog.pg_enum as lab
     union all
    select nsp.oid, nsp.xmin::text || ',' || nsp.cmin::text from pg_catalog.pg_namespace as nsp
     union all
    select ext.oid, ext.xmin::text || ',' || ext.cmin::text from pg_catalog.pg_extension as ext
     union all
    select rol.oid, rol.rolname::text from pg_catalog.pg_roles as rol
     union all
    select sts.oid, sts.xmin::text || ',' || sts.cmin::text from pg_catalog.pg_statistic_ext as sts
     union all
    select evt.oid, evt.xmin::text || ',' || evt.cmin::text from pg_catalog.pg_event_trigger as evt
     union all
    select pub.oid, pub.xmin::text || ',' || pub.cmin::text from pg_catalog.pg_publication as pub
     union all
    select fdw.oid, fdw.xmin::text || ',' || fdw.cmin::text from pg_catalog.pg_foreign_data_wrapper as fdw
     union all
    select srv.oid, srv.xmin::text || ',' || srv.cmin::text from pg_catalog.pg_foreign_server as srv
     union all
    select col.oid, col.xmin::text || ',' || col.cmin::text from pg_catalog.pg_collation as col
     union all
    select cnv.oid, cnv.xmin::text || ',' || cnv.cmin::text from pg_catalog.pg_conversion as cnv
     union all
    select cas.oid, cas.xmin::text || ',' || cas.cmin::text from pg_catalog.pg_cast as cas
     union all
    select opr.oid, opr.xmin::text || ',' || opr.cmin::text from pg_catalog.pg_operator as opr
     union all
    select opc.oid, opc.xmin::text || ',' || opc.cmin::text from pg_catalog.pg_opclass as opc
     union all
    select opf.oid, opf.xmin::text || ',' || opf.cmin::text from pg_catalog.pg_opfamily as opf
     union all
    select ame.oid, ame.xmin::text || ',' || ame.cmin::text from pg_catalog.pg_am as ame
     union all
    select lan.oid, lan.xmin::text || ',' || lan.cmin::text from pg_catalog.pg_language as lan
     union all
    select trf.oid, trf.xmin::text || ',' || trf.cmin::text from pg_catalog.pg_transform as trf
     union all
    select cfg.oid, cfg.xmin::text || ',' || cfg.cmin::text from pg_catalog.pg_ts_config as cfg
     union all
    select dic.oid, dic.xmin::text || ',' || dic.cmin::text from pg_catalog.pg_ts_dict as dic
)
select wri.oid::pg_catalog.int8 as id,
       pg_catalog.sum(pg_catalog.hashtextextended(wri.version, 0))::text as mark
  from written as wri
 where wri.oid >= 16384
 group by wri.oid
 order by wri.oid;
