-- Every relation of a name (setting migration_audit.relation), and what a role (migration_audit.role) meets there.
with asked as (
    select pg_catalog.current_setting('migration_audit.relation', true)::pg_catalog.name as relation, rol.oid as role
      from pg_catalog.pg_roles as rol
     where rol.rolname = pg_catalog.current_setting('migration_audit.role', true)::pg_catalog.name
)
select rel.oid::pg_catalog.int8 as oid,
       nsp.nspname::text as schema,
       rel.relname::text as name,
       rel.relkind::text as kind,
       pg_catalog.has_schema_privilege(asked.role, nsp.oid, 'USAGE') as may_enter,
       array(
           select att.attname::text
             from pg_catalog.pg_attribute as att
            where att.attrelid = rel.oid and att.attnum > 0 and not att.attisdropped
            order by att.attnum
       ) as columns,
       rel.relrowsecurity
       and not rol.rolsuper
       and not rol.rolbypassrls
       and (
               rel.relforcerowsecurity or not pg_catalog.pg_has_role(asked.role, rel.relowner, 'USAGE')
           ) as has_row_security,
       array(
           select pol.polname::text
             from pg_catalog.pg_policy as pol
            where pol.polrelid = rel.oid
              and exists (
                      select
                        from pg_catalog.unnest(pol.polroles) as to_role (oid)
                       where to_role.oid = 0 or pg_catalog.pg_has_role(asked.role, to_role.oid, 'USAGE')
                  )
            order by pol.polname
       ) as policies,
       rel.relkind = 'v'
       and exists (
               select
                 from pg_catalog.pg_options_to_table(rel.reloptions) as opt
                where opt.option_name = 'security_invoker' and opt.option_value::pg_catalog.bool
           ) as invoker
  from asked
  join pg_catalog.pg_roles as rol on rol.oid = asked.role
  join pg_catalog.pg_class as rel on rel.relname = asked.relation
  join pg_catalog.pg_namespace as nsp on nsp.oid = rel.relnamespace
 where rel.relkind in ('r', 'p', 'v', 'm', 'f')
 order by nsp.nspname;
