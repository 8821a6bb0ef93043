-- One role and every role that it is a member of, directly or not, with the attributes that SET ROLE brings.
-- The role is the one that the setting migration_audit.role names.
with recursive membership as (
    select mem.roleid, mem.member
      from pg_catalog.pg_auth_members as mem
     union all
    -- No row says so, and yet the owner of this database is a member of pg_database_owner (OID 6171).
    select 6171::pg_catalog.oid, dat.datdba
      from pg_catalog.pg_database as dat
     where dat.datname = pg_catalog.current_database()
), reached as (
    select rol.oid
      from pg_catalog.pg_roles as rol
     where rol.rolname = pg_catalog.current_setting('migration_audit.role', true)::pg_catalog.name
     union
    select membership.roleid
      from reached
      join membership on membership.member = reached.oid
)
select rol.rolname::text as name,
       rol.rolsuper as superuser,
       rol.rolcreaterole as create_role,
       rol.rolcreatedb as create_database,
       rol.rolbypassrls as bypass_rls,
       rol.rolcanlogin as can_login
  from reached
  join pg_catalog.pg_roles as rol on rol.oid = reached.oid
 order by rol.rolname collate "C";
