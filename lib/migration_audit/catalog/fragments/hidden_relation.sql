-- Relations of extensions, and those that hidden_relations.sql names.
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
