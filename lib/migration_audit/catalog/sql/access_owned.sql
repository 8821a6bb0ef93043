-- The database and the schemas that some roles (setting migration_audit.roles) own.
-- Everything else that has an owner is in the snapshot.
with chosen as (
    select coalesce(nullif(pg_catalog.current_setting('migration_audit.roles', true), ''), '{}')
           ::pg_catalog.text[]::pg_catalog.name[] as names
)
select 'database' as kind, array[dat.datname::pg_catalog.text] as names, rol.rolname::text as owner
  from pg_catalog.pg_database as dat
  join pg_catalog.pg_roles as rol on rol.oid = dat.datdba
 cross join chosen
 where dat.datname = pg_catalog.current_database()
   and rol.rolname = any (chosen.names)
 union all
select 'schema', array[nsp.nspname::pg_catalog.text], rol.rolname::text
  from pg_catalog.pg_namespace as nsp
  join pg_catalog.pg_roles as rol on rol.oid = nsp.nspowner
 cross join chosen
 where nsp.nspname !~ '^pg_' and nsp.nspname <> 'information_schema'
   and not exists (
           select
             from pg_catalog.pg_depend as dep
            where dep.classid = 'pg_catalog.pg_namespace'::pg_catalog.regclass
              and dep.objid = nsp.oid
              and dep.deptype = 'e'
       )
   and rol.rolname = any (chosen.names)
 order by 1, 2;
