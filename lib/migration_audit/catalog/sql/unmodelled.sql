-- User-defined objects that no other file of this folder reads: while there are any, "covered" is not known.
-- Built in is what came with initdb (OID below 16384); what an extension or another object brings along is left out.
-- So are temporary objects: they end with their session, and one may be gone while its row is still seen.
with brought_along as not materialized (
    select dep.classid, dep.objid
      from pg_catalog.pg_depend as dep
     where dep.deptype in ('e', 'i')
), system_schema as (
    select nsp.oid from pg_catalog.pg_namespace as nsp where nsp.nspname in ('pg_catalog', 'information_schema')
), candidate as (
    -- What is put among the built-in objects: no dump has it, so that it cannot be ported.
    select 'pg_catalog.pg_proc'::pg_catalog.regclass as classid, pro.oid
      from pg_catalog.pg_proc as pro
     where pro.prokind <> 'a' and pro.pronamespace in (select sys.oid from system_schema as sys)
     union all
    select 'pg_catalog.pg_type'::pg_catalog.regclass, typ.oid
      from pg_catalog.pg_type as typ
     where typ.typtype <> 'c' and typ.typnamespace in (select sys.oid from system_schema as sys)
     union all
    select 'pg_catalog.pg_class'::pg_catalog.regclass, rel.oid
      from pg_catalog.pg_class as rel
     where rel.relnamespace in (select sys.oid from system_schema as sys)
     union all
    -- A kind of type that this version does not know.
    select 'pg_catalog.pg_type'::pg_catalog.regclass, typ.oid
      from pg_catalog.pg_type as typ
     where typ.typtype not in ('b', 'c', 'd', 'e', 'm', 'p', 'r')
     union all
    select 'pg_catalog.pg_proc'::pg_catalog.regclass, pro.oid
      from pg_catalog.pg_proc as pro
     where pro.prokind not in ('a', 'f', 'p', 'w')
     union all
    select 'pg_catalog.pg_class'::pg_catalog.regclass, rel.oid
      from pg_catalog.pg_class as rel
     where rel.relkind not in ('r', 'p', 'f', 'v', 'm', 'i', 'I', 'S', 't', 'c')
     union all
    select 'pg_catalog.pg_constraint'::pg_catalog.regclass, con.oid
      from pg_catalog.pg_constraint as con
     where con.contype not in ('c', 'f', 'n', 'p', 't', 'u', 'x')
)
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
 order by obj.type collate "C", obj.identity collate "C";
