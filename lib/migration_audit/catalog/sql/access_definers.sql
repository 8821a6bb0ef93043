-- SECURITY DEFINER functions, no extension's, that a role (setting migration_audit.role) may call.
select 'function' as kind,
       array[nsp.nspname::pg_catalog.text, pro.proname::pg_catalog.text] as names,
       pg_catalog.pg_get_userbyid(pro.proowner)::text as owner
  from pg_catalog.pg_proc as pro
  join pg_catalog.pg_namespace as nsp on nsp.oid = pro.pronamespace
  join pg_catalog.pg_roles as rol
    on rol.rolname = pg_catalog.current_setting('migration_audit.role', true)::pg_catalog.name
 where pro.prosecdef
   and nsp.nspname !~ '^pg_' and nsp.nspname <> 'information_schema'
   and pg_catalog.has_schema_privilege(rol.oid, nsp.oid, 'USAGE')
   and pg_catalog.has_function_privilege(rol.oid, pro.oid, 'EXECUTE')
   and not exists (
           select
             from pg_catalog.pg_depend as dep
            where dep.classid = 'pg_catalog.pg_proc'::pg_catalog.regclass
              and dep.objid = pro.oid
              and dep.deptype = 'e'
       )
 order by nsp.nspname, pro.proname, pg_catalog.pg_get_function_identity_arguments(pro.oid);
