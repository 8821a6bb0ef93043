-- Foreign keys of all schemas, oldest first, and whether both sides are where Directus looks.
-- The setting migration_audit.schemas lists its schemas.
with asked as (
    select coalesce(nullif(pg_catalog.current_setting('migration_audit.schemas', true), ''), '{}')::text[] as schemas
)
select con.conname::text as name,
       case when nsp.nspname = any (ask.schemas) then '' else nsp.nspname || '.' end || rel.relname as "table",
       (
           select pg_catalog.array_agg(att.attname::text order by pos.number)
             from pg_catalog.unnest(con.conkey) with ordinality as pos (attnum, number)
             join pg_catalog.pg_attribute as att on att.attrelid = con.conrelid and att.attnum = pos.attnum
       ) as columns,
       far.relname::text as foreign_table,
       (
           select pg_catalog.array_agg(att.attname::text order by pos.number)
             from pg_catalog.unnest(con.confkey) with ordinality as pos (attnum, number)
             join pg_catalog.pg_attribute as att on att.attrelid = con.confrelid and att.attnum = pos.attnum
       ) as foreign_columns,
       case con.confupdtype
           when 'r' then 'RESTRICT'
           when 'c' then 'CASCADE'
           when 'n' then 'SET NULL'
           when 'd' then 'SET DEFAULT'
           else 'NO ACTION'
       end as on_update,
       case con.confdeltype
           when 'r' then 'RESTRICT'
           when 'c' then 'CASCADE'
           when 'n' then 'SET NULL'
           when 'd' then 'SET DEFAULT'
           else 'NO ACTION'
       end as on_delete,
       nsp.nspname = any (ask.schemas) as visible,
       fns.nspname = any (ask.schemas) as foreign_visible
  from asked as ask
 cross join pg_catalog.pg_constraint as con
  join pg_catalog.pg_class as rel on rel.oid = con.conrelid
  join pg_catalog.pg_namespace as nsp on nsp.oid = rel.relnamespace
  join pg_catalog.pg_class as far on far.oid = con.confrelid
  join pg_catalog.pg_namespace as fns on fns.oid = far.relnamespace
 where con.contype = 'f'
 order by con.oid;
