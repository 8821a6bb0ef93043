-- Privileges of some roles (setting migration_audit.roles) or of everybody (grantee NULL) that make DDL possible.
-- What an owner has on what it owns is left out: ownership is read separately.
with chosen as (
    select coalesce(nullif(pg_catalog.current_setting('migration_audit.roles', true), ''), '{}')
           ::pg_catalog.text[]::pg_catalog.name[] as names
), item as (
    select 'database' as kind, array[dat.datname::pg_catalog.text] as names, dat.datdba as owner,
           coalesce(dat.datacl, pg_catalog.acldefault('d', dat.datdba)) as acl
      from pg_catalog.pg_database as dat
     where dat.datname = pg_catalog.current_database()
     union all
    select 'schema', array[nsp.nspname::pg_catalog.text], nsp.nspowner, nsp.nspacl
      from pg_catalog.pg_namespace as nsp
     where nsp.nspname !~ '^pg_' and nsp.nspname <> 'information_schema'
       and not exists (
               select
                 from pg_catalog.pg_depend as dep
                where dep.classid = 'pg_catalog.pg_namespace'::pg_catalog.regclass
                  and dep.objid = nsp.oid
                  and dep.deptype = 'e'
           )
     union all
    select 'table', array[nsp.nspname::pg_catalog.text, rel.relname::pg_catalog.text], rel.relowner, rel.relacl
      from pg_catalog.pg_class as rel
      join pg_catalog.pg_namespace as nsp on nsp.oid = rel.relnamespace
     where rel.relkind in ('r', 'p', 'f', 'v', 'm') and rel.relacl is not null
       and nsp.nspname !~ '^(pg|_timescaledb|timescaledb)_' and nsp.nspname <> 'information_schema'
       and not exists (
               select
                 from pg_catalog.pg_depend as dep
                where dep.classid = 'pg_catalog.pg_class'::pg_catalog.regclass
                  and dep.objid = rel.oid
                  and dep.deptype = 'e'
           )
     union all
    select 'foreign-data wrapper', array[fdw.fdwname::pg_catalog.text], fdw.fdwowner, fdw.fdwacl
      from pg_catalog.pg_foreign_data_wrapper as fdw
     union all
    select 'default privileges',
           array[
               case def.defaclobjtype when 'n' then 'schemas' else 'tables' end,
               pg_catalog.pg_get_userbyid(def.defaclrole)::pg_catalog.text,
               nsp.nspname::pg_catalog.text
           ],
           def.defaclrole,
           def.defaclacl
      from pg_catalog.pg_default_acl as def
      left join pg_catalog.pg_namespace as nsp on nsp.oid = def.defaclnamespace
     where def.defaclobjtype in ('n', 'r')
)
select distinct item.kind,
       item.names,
       acl.privilege_type as privilege,
       case acl.grantee when 0 then null else pg_catalog.pg_get_userbyid(acl.grantee)::text end as grantee
  from item
 cross join pg_catalog.aclexplode(item.acl) as acl
 cross join chosen
  left join pg_catalog.pg_roles as rol on rol.oid = acl.grantee
 where (acl.grantee = 0 or rol.rolname = any (chosen.names))
   and acl.grantee <> item.owner
   and (item.kind, acl.privilege_type) in (
           ('database', 'CREATE'), ('database', 'TEMPORARY'), ('schema', 'CREATE'), ('table', 'TRIGGER'),
           ('table', 'TRUNCATE'), ('table', 'REFERENCES'), ('table', 'MAINTAIN'), ('foreign-data wrapper', 'USAGE'),
           ('default privileges', 'CREATE'), ('default privileges', 'TRIGGER')
       )
 order by 1, 2, 3, 4;
