-- Security labels of objects of this database.
with hidden_relation as (
    -- <hidden_relation>
    select dep.objid as oid
      from pg_catalog.pg_depend as dep
     where dep.refclassid = 'pg_catalog.pg_extension'::pg_catalog.regclass
       and dep.classid = 'pg_catalog.pg_class'::pg_catalog.regclass
       and dep.deptype = 'e'
     union all
    select pg_catalog.unnest(
               coalesce(nullif(pg_catalog.current_setting('migration_audit.hidden_relations', true), ''), '{}')
               ::pg_catalog.oid[]
           )
    -- </hidden_relation>
)
select sec.provider,
       obj.type || ' ' || obj.identity as object,
       sec.label,
       sec.xmin::text || ',' || sec.cmin::text as origin
  from pg_catalog.pg_seclabel as sec
 cross join lateral pg_catalog.pg_identify_object(sec.classoid, sec.objoid, sec.objsubid) as obj
 where not (
           sec.classoid = 'pg_catalog.pg_class'::pg_catalog.regclass
           and sec.objoid in (select hid.oid from hidden_relation as hid)
       )
 order by sec.provider, 2;
