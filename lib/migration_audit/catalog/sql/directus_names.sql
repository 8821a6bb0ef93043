-- Names in the first of the schemas in the setting migration_audit.schemas, but those of tables and indexes.
with asked as (
    select coalesce(nullif(pg_catalog.current_setting('migration_audit.schemas', true), ''), '{}')::text[] as schemas
), taken as (
    select rel.relname::text as name
      from asked as ask
      join pg_catalog.pg_namespace as nsp on nsp.nspname = ask.schemas[1]
      join pg_catalog.pg_class as rel on rel.relnamespace = nsp.oid
      left join pg_catalog.pg_index as ind on ind.indexrelid = rel.oid
      left join pg_catalog.pg_class as tab on tab.oid = ind.indrelid
     where rel.relkind in ('S', 'v', 'm', 'f', 'c')
        or tab.relkind = 'm'
    union
    select typ.typname::text
      from asked as ask
      join pg_catalog.pg_namespace as nsp on nsp.nspname = ask.schemas[1]
      join pg_catalog.pg_type as typ on typ.typnamespace = nsp.oid and typ.typrelid = 0 and typ.typcategory <> 'A'
)
select tak.name
  from taken as tak
 order by tak.name collate "C";
