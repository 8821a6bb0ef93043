-- Whether a role may create tables in the first of the schemas that Directus uses, and which extensions are there.
-- The settings migration_audit.role (without it: one that may do everything) and migration_audit.schemas name them.
with asked as (
    select coalesce(nullif(pg_catalog.current_setting('migration_audit.schemas', true), ''), '{}')::text[] as schemas,
           nullif(pg_catalog.current_setting('migration_audit.role', true), '')::pg_catalog.name as role
)
select coalesce(
           (
               select pg_catalog.has_schema_privilege(rol.oid, nsp.oid, 'CREATE')
                 from pg_catalog.pg_roles as rol
                 join pg_catalog.pg_namespace as nsp on nsp.nspname = ask.schemas[1]
                where rol.rolname = ask.role
           ),
           true
       ) as can_create,
       exists (select from pg_catalog.pg_proc as pro where pro.proname = 'postgis_version') as postgis,
       pg_catalog.to_regclass('timescaledb_information.dimensions') is not null as timescaledb,
       (
           select nsp.nspname::text
             from pg_catalog.pg_class as rel
             join pg_catalog.pg_namespace as nsp on nsp.oid = rel.relnamespace
            where rel.oid = pg_catalog.to_regclass('geometry_columns')
       ) as geometries
  from asked as ask
 order by ask.schemas;
