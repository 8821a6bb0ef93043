-- Primary keys and UNIQUE constraints of the tables in which Directus looks (setting migration_audit.schemas).
with asked as (
    select coalesce(nullif(pg_catalog.current_setting('migration_audit.schemas', true), ''), '{}')::text[] as schemas
), seen as (
    select rel.oid
      from asked as ask
      join pg_catalog.pg_namespace as nsp on nsp.nspname = any (ask.schemas)
      join pg_catalog.pg_class as rel on rel.relnamespace = nsp.oid and rel.relkind in ('r', 'p')
)
select con.conrelid::pg_catalog.int8 as oid,
       con.conname::text as name,
       con.contype = 'p' as "primary",
       (
           select pg_catalog.array_agg(att.attname::text order by pos.number)
             from pg_catalog.unnest(con.conkey) with ordinality as pos (attnum, number)
             join pg_catalog.pg_attribute as att on att.attrelid = con.conrelid and att.attnum = pos.attnum
       ) as columns
  from seen
  join pg_catalog.pg_constraint as con on con.conrelid = seen.oid and con.contype in ('p', 'u')
 order by con.conrelid, con.oid;
