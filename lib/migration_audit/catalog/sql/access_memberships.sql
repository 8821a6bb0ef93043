-- What some roles (setting migration_audit.roles) are members of; several grants of one membership count together.
-- What only some versions of PostgreSQL have is asked of the row as JSON: before 16 the member's own attribute says
-- whether it inherits, and SET ROLE is always possible.
with chosen as (
    select coalesce(nullif(pg_catalog.current_setting('migration_audit.roles', true), ''), '{}')
           ::pg_catalog.text[]::pg_catalog.name[] as names
)
select pg_catalog.pg_get_userbyid(mem.roleid)::text as role,
       rol.rolname::text as member,
       pg_catalog.bool_or(coalesce((has.facts ->> 'inherit_option')::pg_catalog.bool, rol.rolinherit)) as inherit,
       pg_catalog.bool_or(coalesce((has.facts ->> 'set_option')::pg_catalog.bool, true)) as set,
       pg_catalog.bool_or(mem.admin_option) as admin
  from pg_catalog.pg_auth_members as mem
  join pg_catalog.pg_roles as rol on rol.oid = mem.member
 cross join pg_catalog.to_jsonb(mem.*) as has (facts)
 cross join chosen
 where rol.rolname = any (chosen.names)
 group by mem.roleid, rol.rolname
 union all
select 'pg_database_owner',
       rol.rolname::text,
       rol.rolinherit or pg_catalog.current_setting('server_version_num')::pg_catalog.int4 >= 160000,
       true,
       false
  from pg_catalog.pg_database as dat
  join pg_catalog.pg_roles as rol on rol.oid = dat.datdba
 cross join chosen
 where dat.datname = pg_catalog.current_database()
   and rol.rolname = any (chosen.names)
 order by 1, 2;
