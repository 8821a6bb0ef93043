-- The search_path that a role (setting migration_audit.role) has here by ALTER ROLE or ALTER DATABASE, the nearest one.
select pg_catalog.substr(item.text, 1 + pg_catalog.length('search_path=')) as search_path
  from pg_catalog.pg_db_role_setting as dbr
 cross join pg_catalog.unnest(dbr.setconfig) as item (text)
  left join pg_catalog.pg_roles as rol on rol.oid = dbr.setrole
  left join pg_catalog.pg_database as dat on dat.oid = dbr.setdatabase
 where item.text like 'search\_path=%'
   and (dbr.setrole = 0 or rol.rolname = pg_catalog.current_setting('migration_audit.role', true)::pg_catalog.name)
   and (dbr.setdatabase = 0 or dat.datname = pg_catalog.current_database())
 order by dbr.setrole = 0, dbr.setdatabase = 0, item.text;
