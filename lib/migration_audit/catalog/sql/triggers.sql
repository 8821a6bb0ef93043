-- User-defined triggers: not those of constraints, nor those that call a function of TimescaleDB.
with hidden_schema as (
    -- <hidden_schema>
    select nsp.oid
      from pg_catalog.pg_namespace as nsp
     where nsp.nspname ~ '^pg_'
        or nsp.nspname = 'information_schema'
        or exists (
               select
                 from pg_catalog.pg_depend as dep
                 join pg_catalog.pg_extension as ext on ext.oid = dep.refobjid
                where dep.classid = 'pg_catalog.pg_namespace'::pg_catalog.regclass
                  and dep.objid = nsp.oid
                  and dep.deptype = 'e'
                  and ext.extname = 'timescaledb'
           )
    -- </hidden_schema>
), hidden_relation as (
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
), relation as (
    -- <relation>
    select rel.tableoid, rel.oid, nsp.nspname, rel.relname, rel.relkind, rel.relowner
      from pg_catalog.pg_class as rel
      join pg_catalog.pg_namespace as nsp on nsp.oid = rel.relnamespace
     where rel.relnamespace not in (select hid.oid from hidden_schema as hid)
       and rel.oid not in (select hid.oid from hidden_relation as hid)
    -- </relation>
)
select relation.nspname as schema,
       relation.relname as table,
       tri.tgname as name,
       pg_catalog.pg_get_triggerdef(tri.oid) as definition,
       case tri.tgenabled
           when 'O' then 'origin' when 'D' then 'disabled' when 'R' then 'replica' else 'always'
       end as enabled,
       des.description as comment,
       case relation.relkind when 'v' then 'view' else 'table' end as relation,
       tri.xmin::text || ',' || tri.cmin::text as origin
  from relation
  join pg_catalog.pg_trigger as tri on tri.tgrelid = relation.oid
  left join pg_catalog.pg_description as des
    on des.classoid = tri.tableoid and des.objoid = tri.oid and des.objsubid = 0
 where not tri.tgisinternal
   and not exists (
           select
             from pg_catalog.pg_depend as dep
             join pg_catalog.pg_extension as ext on ext.oid = dep.refobjid
            where dep.classid = 'pg_catalog.pg_proc'::pg_catalog.regclass
              and dep.objid = tri.tgfoid
              and dep.deptype = 'e'
              and ext.extname = 'timescaledb'
       )
 order by relation.nspname, relation.relname, tri.tgname;
