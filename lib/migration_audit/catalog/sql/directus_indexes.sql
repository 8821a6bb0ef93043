-- Indexes of no primary key or UNIQUE, of the tables in which Directus looks (setting migration_audit.schemas).
with asked as (
    select coalesce(nullif(pg_catalog.current_setting('migration_audit.schemas', true), ''), '{}')::text[] as schemas
), seen as (
    select rel.oid
      from asked as ask
      join pg_catalog.pg_namespace as nsp on nsp.nspname = any (ask.schemas)
      join pg_catalog.pg_class as rel on rel.relnamespace = nsp.oid and rel.relkind in ('r', 'p')
)
select ind.indrelid::pg_catalog.int8 as oid,
       rel.relname::text as name,
       ind.indisunique as "unique",
       (
           select pg_catalog.array_agg(coalesce(att.attname::text, '') order by pos.number)
             from pg_catalog.unnest(ind.indkey::pg_catalog.int2[]) with ordinality as pos (attnum, number)
             left join pg_catalog.pg_attribute as att
               on att.attrelid = ind.indrelid and att.attnum = pos.attnum and pos.attnum > 0
       ) as columns,
       array(
           select distinct att.attname::text collate "C"
             from pg_catalog.pg_depend as dep
             join pg_catalog.pg_attribute as att on att.attrelid = dep.refobjid and att.attnum = dep.refobjsubid
            where dep.classid = rel.tableoid
              and dep.objid = ind.indexrelid
              and dep.refclassid = rel.tableoid
              and dep.refobjid = ind.indrelid
            order by 1
       ) as uses
  from seen
  join pg_catalog.pg_index as ind on ind.indrelid = seen.oid
  join pg_catalog.pg_class as rel on rel.oid = ind.indexrelid
 where not exists (
           select
             from pg_catalog.pg_constraint as con
            where con.conindid = ind.indexrelid and con.contype in ('p', 'u')
       )
 order by ind.indrelid, rel.relname collate "C";
