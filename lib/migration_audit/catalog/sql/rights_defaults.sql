-- Sequences and functions in the column defaults of a relation (its OID in the setting migration_audit.relation),
-- and whether a role (setting migration_audit.role) may use them. An identity column asks for nothing.
with asked as (
    select nullif(pg_catalog.current_setting('migration_audit.relation', true), '')::pg_catalog.oid as relation,
           rol.oid as role
      from pg_catalog.pg_roles as rol
     where rol.rolname = pg_catalog.current_setting('migration_audit.role', true)::pg_catalog.name
), used as (
    select att.attname, dep.refclassid, dep.refobjid, asked.role
      from asked
      join pg_catalog.pg_attrdef as adf on adf.adrelid = asked.relation
      join pg_catalog.pg_attribute as att on att.attrelid = adf.adrelid and att.attnum = adf.adnum
      join pg_catalog.pg_depend as dep
        on dep.classid = 'pg_catalog.pg_attrdef'::pg_catalog.regclass and dep.objid = adf.oid
)
select used.attname::text as column,
       'sequence' as kind,
       pg_catalog.quote_ident(nsp.nspname) || '.' || pg_catalog.quote_ident(seq.relname) as name,
       pg_catalog.has_sequence_privilege(used.role, seq.oid, 'USAGE')
       or pg_catalog.has_sequence_privilege(used.role, seq.oid, 'UPDATE') as may
  from used
  join pg_catalog.pg_class as seq
    on used.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass and seq.oid = used.refobjid and seq.relkind = 'S'
  join pg_catalog.pg_namespace as nsp on nsp.oid = seq.relnamespace
 union all
select used.attname::text,
       'function',
       pg_catalog.format(
           '%I.%I(%s)', nsp.nspname, pro.proname, pg_catalog.pg_get_function_identity_arguments(pro.oid)
       ),
       pg_catalog.has_function_privilege(used.role, pro.oid, 'EXECUTE')
  from used
  join pg_catalog.pg_proc as pro
    on used.refclassid = 'pg_catalog.pg_proc'::pg_catalog.regclass and pro.oid = used.refobjid
  join pg_catalog.pg_namespace as nsp on nsp.oid = pro.pronamespace
 order by 1, 2, 3;
