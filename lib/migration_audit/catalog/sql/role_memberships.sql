-- Members of roles, but for what initdb granted.
-- That is between predefined roles, and only later grants have an OID from 16384 on (PostgreSQL 15 gives them none).
-- What only some versions of PostgreSQL have is asked of the row as JSON.
select pg_catalog.pg_get_userbyid(mem.roleid) as role,
       pg_catalog.pg_get_userbyid(mem.member) as member,
       case mem.grantor when 10 then '(superuser)' else pg_catalog.pg_get_userbyid(mem.grantor)::text end as grantor,
       array(
           select opt.name
             from (
                   values
                       ('ADMIN', mem.admin_option),
                       -- PostgreSQL 16 and later: the member's own attribute is what a plain grant gives.
                       ('INHERIT', (has.facts ->> 'inherit_option')::pg_catalog.bool and not rol.rolinherit),
                       ('NO INHERIT', not (has.facts ->> 'inherit_option')::pg_catalog.bool and rol.rolinherit),
                       ('NO SET', not (has.facts ->> 'set_option')::pg_catalog.bool)
                  ) as opt (name, is_set)
            where opt.is_set
            order by opt.name collate "C"
       ) as options,
       mem.xmin::text || ',' || mem.cmin::text as origin
  from pg_catalog.pg_auth_members as mem
  join pg_catalog.pg_roles as rol on rol.oid = mem.member
 cross join pg_catalog.to_jsonb(mem.*) as has (facts)
 where mem.roleid >= 16384 or mem.member >= 16384 or (has.facts ->> 'oid')::pg_catalog.oid >= 16384
 order by 1, 2, 3;
