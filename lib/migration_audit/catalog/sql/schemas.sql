-- Schemas that are neither built in nor an extension's; "public" is listed, since its privileges matter.
-- The owner of the built-in "public" (OID 2200) is given as PostgreSQL 15 and later set it: databases that an older one
-- created keep its bootstrap superuser (OID 10) there, which was not decided by anyone.
with hidden_schema as (
    -- <hidden_schema>
    select nsp.oid
      from pg_catalog.pg_namespace as nsp
     where nsp.nspname ~ '^pg_'
        or nsp.nspname = 'information_schema'
        or exists (
               select
                 from pg_catalog.pg_depend as dep
                 join pg_catalog.pg_extension as ext on ext.oid = dep.refobjid
                where dep.classid = 'pg_catalog.pg_namespace'::pg_catalog.regclass
                  and dep.objid = nsp.oid
                  and dep.deptype = 'e'
                  and ext.extname = 'timescaledb'
           )
    -- </hidden_schema>
)
select nsp.nspname as name,
       case when nsp.oid = 2200 and nsp.nspowner = 10 then 'pg_database_owner'
            else pg_catalog.pg_get_userbyid(nsp.nspowner) end as owner,
       case when nsp.nspacl is null then '{}'::pg_catalog.text[] else array(
           -- <privileges acl=nsp.nspacl owner=nsp.nspowner type=n>
           select line.text
             from (
                   select case acl.grantee
                              when 0 then 'PUBLIC'
                              when nsp.nspowner then '(owner)'
                              else pg_catalog.pg_get_userbyid(acl.grantee)::text
                          end
                          || case acl.grantor
                                 when nsp.nspowner then ''
                                 else ' (granted by ' || pg_catalog.pg_get_userbyid(acl.grantor) || ')'
                             end
                          || ': '
                          || pg_catalog.string_agg(
                                 acl.privilege_type
                                 || case when acl.is_grantable then ' (with grant option)' else '' end,
                                 ', ' order by acl.privilege_type
                             ) as text
                     from pg_catalog.unnest(nsp.nspacl) as item
                    cross join pg_catalog.aclexplode(array[item]) as acl
                    -- The owner's own default is left out: an ACL that was never touched has no entry for it.
                    where acl.grantee <> nsp.nspowner or not (item = any (pg_catalog.acldefault('n', nsp.nspowner)))
                    group by acl.grantee, acl.grantor
                    union all
                   select '(owner): none'
                    where not exists (
                              select from pg_catalog.aclexplode(nsp.nspacl) as acl where acl.grantee = nsp.nspowner
                          )
                  ) as line
            order by line.text collate "C"
           -- </privileges>
       ) end as privileges,
       des.description as comment,
       nsp.xmin::text || ',' || nsp.cmin::text as origin
  from pg_catalog.pg_namespace as nsp
  left join pg_catalog.pg_description as des
    on des.classoid = nsp.tableoid and des.objoid = nsp.oid and des.objsubid = 0
 where nsp.oid not in (select hid.oid from hidden_schema as hid)
   and not exists (
           select
             from pg_catalog.pg_depend as dep
            where dep.classid = 'pg_catalog.pg_namespace'::pg_catalog.regclass
              and dep.objid = nsp.oid
              and dep.deptype = 'e'
       )
 order by nsp.nspname;
