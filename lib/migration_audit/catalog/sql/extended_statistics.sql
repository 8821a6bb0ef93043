-- Extended statistics: their definitions, not what was measured.
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
select nsp.nspname as schema,
       sta.stxname as name,
       case when relation.nspname ~ '^[a-z_][a-z0-9_$]*$' then relation.nspname::text
            else '"' || pg_catalog.replace(relation.nspname, '"', '""') || '"' end
       || '.'
       || case when relation.relname ~ '^[a-z_][a-z0-9_$]*$' then relation.relname::text
               else '"' || pg_catalog.replace(relation.relname, '"', '""') || '"' end as table,
       pg_catalog.pg_get_statisticsobjdef(sta.oid) as definition,
       nullif(sta.stxstattarget, -1)::pg_catalog.int4 as statistics,
       pg_catalog.pg_get_userbyid(sta.stxowner) as owner,
       des.description as comment,
       case relation.relkind when 'm' then 'materialized view' else 'table' end as relation,
       sta.xmin::text || ',' || sta.cmin::text as origin
  from relation
  join pg_catalog.pg_statistic_ext as sta on sta.stxrelid = relation.oid
  join pg_catalog.pg_namespace as nsp on nsp.oid = sta.stxnamespace
  left join pg_catalog.pg_description as des
    on des.classoid = sta.tableoid and des.objoid = sta.oid and des.objsubid = 0
 order by nsp.nspname, sta.stxname;
