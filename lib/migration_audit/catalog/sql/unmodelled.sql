-- What somebody made and no other file of this folder reads: while there is any, nobody can say "covered".
-- Built in is what came with initdb (OID below 16384); what an extension or another object brings along is not told.
-- Nor are temporary objects: they go with somebody's session, and one may be gone while its row is still seen.
with hidden_relation as (
    select pg_catalog.unnest(
               coalesce(nullif(pg_catalog.current_setting('migration_audit.hidden_relations', true), ''), '{}')
               ::pg_catalog.oid[]
           ) as oid
), brought_along as not materialized (
    select dep.classid, dep.objid
      from pg_catalog.pg_depend as dep
     where dep.deptype in ('e', 'i')
), system_schema as (
    select nsp.oid from pg_catalog.pg_namespace as nsp where nsp.nspname in ('pg_catalog', 'information_schema')
), candidate as (
    select 'pg_catalog.pg_proc'::pg_catalog.regclass as classid, pro.oid
      from pg_catalog.pg_proc as pro
     where pro.prokind = 'a' or pro.pronamespace in (select sys.oid from system_schema as sys)
     union all
    select 'pg_catalog.pg_type'::pg_catalog.regclass, typ.oid
      from pg_catalog.pg_type as typ
     where typ.typtype in ('b', 'p') and (typ.typelem = 0 or typ.typcategory <> 'A')
        or typ.typtype in ('e', 'd', 'r') and typ.typnamespace in (select sys.oid from system_schema as sys)
     union all
    select 'pg_catalog.pg_class'::pg_catalog.regclass, rel.oid
      from pg_catalog.pg_class as rel
     where rel.relnamespace in (select sys.oid from system_schema as sys)
     union all
    select 'pg_catalog.pg_cast'::pg_catalog.regclass, cas.oid from pg_catalog.pg_cast as cas
     union all
    select 'pg_catalog.pg_collation'::pg_catalog.regclass, col.oid from pg_catalog.pg_collation as col
     union all
    select 'pg_catalog.pg_conversion'::pg_catalog.regclass, con.oid from pg_catalog.pg_conversion as con
     union all
    select 'pg_catalog.pg_event_trigger'::pg_catalog.regclass, evt.oid from pg_catalog.pg_event_trigger as evt
     union all
    select 'pg_catalog.pg_foreign_data_wrapper'::pg_catalog.regclass, fdw.oid
      from pg_catalog.pg_foreign_data_wrapper as fdw
     union all
    select 'pg_catalog.pg_foreign_server'::pg_catalog.regclass, srv.oid from pg_catalog.pg_foreign_server as srv
     union all
    select 'pg_catalog.pg_user_mapping'::pg_catalog.regclass, ump.umid from pg_catalog.pg_user_mappings as ump
     union all
    select 'pg_catalog.pg_language'::pg_catalog.regclass, lan.oid from pg_catalog.pg_language as lan
     union all
    select 'pg_catalog.pg_operator'::pg_catalog.regclass, opr.oid from pg_catalog.pg_operator as opr
     union all
    select 'pg_catalog.pg_opclass'::pg_catalog.regclass, opc.oid from pg_catalog.pg_opclass as opc
     union all
    select 'pg_catalog.pg_opfamily'::pg_catalog.regclass, opf.oid from pg_catalog.pg_opfamily as opf
     union all
    select 'pg_catalog.pg_am'::pg_catalog.regclass, ame.oid from pg_catalog.pg_am as ame
     union all
    select 'pg_catalog.pg_publication'::pg_catalog.regclass, pub.oid from pg_catalog.pg_publication as pub
     union all
    select 'pg_catalog.pg_subscription'::pg_catalog.regclass, sub.oid
      from pg_catalog.pg_subscription as sub
      join pg_catalog.pg_database as dat on dat.oid = sub.subdbid
     where dat.datname = pg_catalog.current_database()
     union all
    select 'pg_catalog.pg_rewrite'::pg_catalog.regclass, rul.oid
      from pg_catalog.pg_rewrite as rul
     where rul.rulename <> '_RETURN'
       and rul.ev_class not in (select tmp.oid from pg_catalog.pg_class as tmp where tmp.relpersistence = 't')
       and not exists (
               select
                 from brought_along as tab
                where tab.classid = 'pg_catalog.pg_class'::pg_catalog.regclass and tab.objid = rul.ev_class
           )
     union all
    select 'pg_catalog.pg_statistic_ext'::pg_catalog.regclass, sta.oid
      from pg_catalog.pg_statistic_ext as sta
     where sta.stxrelid not in (select hid.oid from hidden_relation as hid)
       and sta.stxrelid not in (select tmp.oid from pg_catalog.pg_class as tmp where tmp.relpersistence = 't')
     union all
    select 'pg_catalog.pg_ts_config'::pg_catalog.regclass, tsc.oid from pg_catalog.pg_ts_config as tsc
     union all
    select 'pg_catalog.pg_ts_dict'::pg_catalog.regclass, tsd.oid from pg_catalog.pg_ts_dict as tsd
     union all
    select 'pg_catalog.pg_ts_parser'::pg_catalog.regclass, tsp.oid from pg_catalog.pg_ts_parser as tsp
     union all
    select 'pg_catalog.pg_ts_template'::pg_catalog.regclass, tst.oid from pg_catalog.pg_ts_template as tst
     union all
    select 'pg_catalog.pg_transform'::pg_catalog.regclass, trf.oid from pg_catalog.pg_transform as trf
     union all
    select 'pg_catalog.pg_default_acl'::pg_catalog.regclass, dac.oid from pg_catalog.pg_default_acl as dac
), found as (
    select obj.type as kind, obj.identity
      from candidate
     cross join lateral pg_catalog.pg_identify_object(candidate.classid, candidate.oid, 0) as obj
     where candidate.oid >= 16384
       and obj.identity is not null
       and coalesce(obj.schema, '') !~ '^pg_temp'
       and not exists (
               select
                 from brought_along as dep
                where dep.classid = candidate.classid and dep.objid = candidate.oid
           )
     union all
    select 'security label', sec.provider || ' on ' || obj.type || ' ' || obj.identity
      from pg_catalog.pg_seclabel as sec
     cross join lateral pg_catalog.pg_identify_object(sec.classoid, sec.objoid, sec.objsubid) as obj
     where not (
               sec.classoid = 'pg_catalog.pg_class'::pg_catalog.regclass
               and sec.objoid in (select hid.oid from hidden_relation as hid)
           )
     union all
    -- The number of a large object says nothing, and one without privileges is data.
    select distinct 'large object', 'with privileges, owned by ' || pg_catalog.pg_get_userbyid(lob.lomowner)
      from pg_catalog.pg_largeobject_metadata as lob
     where lob.lomacl is not null
     union all
    -- Tablespaces belong to the whole server: only those that this database uses.
    select 'tablespace', tsp.spcname
      from pg_catalog.pg_tablespace as tsp
     where tsp.oid >= 16384
       and exists (
               select
                 from pg_catalog.pg_class as rel
                where rel.reltablespace = tsp.oid and rel.oid not in (select hid.oid from hidden_relation as hid)
           )
     union all
    select 'foreign table options', obj.identity
      from pg_catalog.pg_foreign_table as fta
     cross join lateral pg_catalog.pg_identify_object(
                   'pg_catalog.pg_class'::pg_catalog.regclass, fta.ftrelid, 0
               ) as obj
     where fta.ftrelid not in (select hid.oid from hidden_relation as hid)
       and (
               exists (
                   select
                     from pg_catalog.pg_options_to_table(fta.ftoptions) as opt
                    where opt.option_name not in ('schema_name', 'table_name')
               )
               or exists (
                   select
                     from pg_catalog.pg_attribute as att
                    cross join pg_catalog.pg_options_to_table(att.attfdwoptions) as opt
                    where att.attrelid = fta.ftrelid and opt.option_name <> 'column_name'
               )
           )
     union all
    -- Only PostgreSQL 18 and later have more to say of a column's NOT NULL than that it is there.
    select 'not-null constraint', pg_catalog.format('%I on %s', con.conname, obj.identity)
      from pg_catalog.pg_constraint as con
     cross join lateral pg_catalog.pg_identify_object(
                   'pg_catalog.pg_class'::pg_catalog.regclass, con.conrelid, 0
               ) as obj
     where con.contype = 'n'
       and con.conrelid >= 16384
       and (not con.convalidated or con.connoinherit)
       and con.conrelid not in (select hid.oid from hidden_relation as hid)
     union all
    select 'dependency on an extension', obj.type || ' ' || obj.identity || ' on ' || ext.extname
      from pg_catalog.pg_depend as dep
      join pg_catalog.pg_extension as ext on ext.oid = dep.refobjid
     cross join lateral pg_catalog.pg_identify_object(dep.classid, dep.objid, dep.objsubid) as obj
     where dep.deptype = 'x'
)
select found.kind, found.identity
  from found
 order by found.kind collate "C", found.identity collate "C";
