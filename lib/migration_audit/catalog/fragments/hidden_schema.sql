-- Schemas of the server and of TimescaleDB, which brings its own.
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
