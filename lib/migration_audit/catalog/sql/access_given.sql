-- What SQL gave to a role (setting migration_audit.role), or to a role that it is a member of; not to everybody.
with recursive reached as (
    select rol.oid
      from pg_catalog.pg_roles as rol
     where rol.rolname = pg_catalog.current_setting('migration_audit.role', true)::pg_catalog.name
     union
    select mem.roleid
      from reached
      join pg_catalog.pg_auth_members as mem on mem.member = reached.oid
), own_relation as (
    select rel.oid, rel.relkind, rel.relowner, rel.relacl,
           array[nsp.nspname::pg_catalog.text, rel.relname::pg_catalog.text] as names
      from pg_catalog.pg_class as rel
      join pg_catalog.pg_namespace as nsp on nsp.oid = rel.relnamespace
     where rel.relkind in ('r', 'p', 'f', 'v', 'm', 'S')
       and nsp.nspname !~ '^(pg|_timescaledb|timescaledb)_' and nsp.nspname <> 'information_schema'
       and not exists (
               select
                 from pg_catalog.pg_depend as dep
                where dep.classid = 'pg_catalog.pg_class'::pg_catalog.regclass
                  and dep.objid = rel.oid
                  and dep.deptype = 'e'
           )
), own_schema as (
    select nsp.nspowner, nsp.nspacl, array[nsp.nspname::pg_catalog.text] as names
      from pg_catalog.pg_namespace as nsp
     where nsp.nspname !~ '^(pg|_timescaledb|timescaledb)_' and nsp.nspname <> 'information_schema'
), item as (
    select case own_relation.relkind when 'S' then 'sequence' else 'table' end as kind,
           own_relation.names,
           null::pg_catalog.text as maker,
           own_relation.relowner as owner,
           own_relation.relacl as acl
      from own_relation
     union all
    select 'column', own_relation.names || att.attname::pg_catalog.text, null, own_relation.relowner, att.attacl
      from own_relation
      join pg_catalog.pg_attribute as att on att.attrelid = own_relation.oid
     where att.attacl is not null
     union all
    select 'schema', own_schema.names, null, own_schema.nspowner, own_schema.nspacl
      from own_schema
     union all
    select 'function',
           array[nsp.nspname::pg_catalog.text, pro.proname::pg_catalog.text],
           null,
           pro.proowner,
           pro.proacl
      from pg_catalog.pg_proc as pro
      join pg_catalog.pg_namespace as nsp on nsp.oid = pro.pronamespace
     where nsp.nspname !~ '^(pg|_timescaledb|timescaledb)_' and nsp.nspname <> 'information_schema'
       and not exists (
               select
                 from pg_catalog.pg_depend as dep
                where dep.classid = 'pg_catalog.pg_proc'::pg_catalog.regclass
                  and dep.objid = pro.oid
                  and dep.deptype = 'e'
           )
     union all
    select case def.defaclobjtype when 'S' then 'sequences' else 'tables' end,
           case when nsp.nspname is null then '{}' else array[nsp.nspname::pg_catalog.text] end,
           pg_catalog.pg_get_userbyid(def.defaclrole)::pg_catalog.text, def.defaclrole, def.defaclacl
      from pg_catalog.pg_default_acl as def
      left join pg_catalog.pg_namespace as nsp on nsp.oid = def.defaclnamespace
     where def.defaclobjtype in ('r', 'S')
), given as (
    select item.kind, item.names, item.maker, acl.privilege_type as privilege, acl.grantee
      from item
     cross join pg_catalog.aclexplode(item.acl) as acl
     where acl.grantee <> item.owner
       and acl.grantee in (select reached.oid from reached)
     union all
    select item.kind, item.names, null, 'ownership', item.owner
      from item
     where item.maker is null and item.kind in ('table', 'sequence', 'schema')
       and item.owner in (select reached.oid from reached)
       and item.owner <> (select rol.oid from pg_catalog.pg_roles as rol where rol.rolname = current_user)
)
select given.kind,
       given.names,
       given.maker,
       pg_catalog.string_agg(given.privilege, ', ' order by given.privilege) as privileges,
       pg_catalog.pg_get_userbyid(given.grantee)::text as grantee
  from given
 group by given.kind, given.names, given.maker, given.grantee
 order by 1, 2, 3, 5;
