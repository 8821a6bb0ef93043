-- Tables of the schemas in which Directus looks (setting migration_audit.schemas), and what a role may do with each.
-- Without the setting migration_audit.role, or with that of a role that is absent, it may do everything.
with asked as (
    select coalesce(nullif(pg_catalog.current_setting('migration_audit.schemas', true), ''), '{}')::text[] as schemas,
           nullif(pg_catalog.current_setting('migration_audit.role', true), '')::pg_catalog.name as role
)
select rel.oid::pg_catalog.int8 as oid,
       nsp.nspname::text as schema,
       rel.relname::text as name,
       rel.relkind = 'p' as partitioned,
       coalesce(rol.rolsuper or pg_catalog.pg_has_role(rol.oid, rel.relowner, 'USAGE'), true) as may_alter,
       coalesce(
           rol.rolsuper
           or pg_catalog.pg_has_role(rol.oid, rel.relowner, 'USAGE')
           or pg_catalog.pg_has_role(rol.oid, nsp.nspowner, 'USAGE'),
           true
       ) as may_drop,
       coalesce(
           rol.rolsuper
           or pg_catalog.has_table_privilege(rol.oid, rel.oid, 'REFERENCES')
           or pg_catalog.has_any_column_privilege(rol.oid, rel.oid, 'REFERENCES'),
           true
       ) as may_refer,
       coalesce(
           rol.rolsuper
           or pg_catalog.pg_has_role(rol.oid, rel.relowner, 'USAGE')
           or pg_catalog.has_table_privilege(
                  rol.oid, rel.oid, 'SELECT, INSERT, UPDATE, DELETE, TRUNCATE, REFERENCES, TRIGGER'
              )
           or pg_catalog.has_any_column_privilege(rol.oid, rel.oid, 'SELECT, INSERT, UPDATE, REFERENCES'),
           true
       ) as visible,
       (
           select ext.extname::text
             from pg_catalog.pg_depend as dep
             join pg_catalog.pg_extension as ext on ext.oid = dep.refobjid
            where dep.classid = rel.tableoid
              and dep.objid = rel.oid
              and dep.deptype = 'e'
              and dep.refclassid = ext.tableoid
       ) as extension,
       (
           select pg_catalog.array_agg(att.attname::text order by att.attnum)
             from pg_catalog.pg_partitioned_table as par
             join pg_catalog.pg_attribute as att on att.attrelid = rel.oid and att.attnum = any (par.partattrs)
            where par.partrelid = rel.oid
       ) as partition_columns,
       array(
           select par.relname::text
             from pg_catalog.pg_inherits as inh
             join pg_catalog.pg_class as par on par.oid = inh.inhparent
            where inh.inhrelid = rel.oid
            order by inh.inhseqno
       ) as parents,
       pg_catalog.has_schema_privilege(nsp.oid, 'USAGE')
       and pg_catalog.has_table_privilege(rel.oid, 'SELECT')
       and not pg_catalog.row_security_active(rel.oid) as may_read
  from asked as ask
  join pg_catalog.pg_namespace as nsp on nsp.nspname = any (ask.schemas)
  join pg_catalog.pg_class as rel on rel.relnamespace = nsp.oid and rel.relkind in ('r', 'p')
  left join pg_catalog.pg_roles as rol on rol.rolname = ask.role
 order by pg_catalog.array_position(ask.schemas, nsp.nspname::text), rel.relname collate "C";
