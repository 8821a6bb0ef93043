-- Functions, procedures, window and trigger functions; aggregates are a kind of their own.
-- What a type brings along (the constructors of a range) depends on it internally, and is left out.
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
select nsp.nspname as schema,
       pro.proname as name,
       pg_catalog.oidvectortypes(pro.proargtypes) as arguments,
       pg_catalog.pg_get_functiondef(pro.oid) as definition,
       pg_catalog.pg_get_userbyid(pro.proowner) as owner,
       case when pro.proacl is null then '{PUBLIC: EXECUTE}'::pg_catalog.text[] else array(
           -- <privileges acl=pro.proacl owner=pro.proowner type=f>
           select line.text
             from (
                   select case acl.grantee
                              when 0 then 'PUBLIC'
                              when pro.proowner then '(owner)'
                              else pg_catalog.pg_get_userbyid(acl.grantee)::text
                          end
                          || case acl.grantor
                                 when pro.proowner then ''
                                 else ' (granted by ' || pg_catalog.pg_get_userbyid(acl.grantor) || ')'
                             end
                          || ': '
                          || pg_catalog.string_agg(
                                 acl.privilege_type
                                 || case when acl.is_grantable then ' (with grant option)' else '' end,
                                 ', ' order by acl.privilege_type
                             ) as text
                     from pg_catalog.unnest(pro.proacl) as item
                    cross join pg_catalog.aclexplode(array[item]) as acl
                    -- The owner's own default is left out: an ACL that was never touched has no entry for it.
                    where acl.grantee <> pro.proowner or not (item = any (pg_catalog.acldefault('f', pro.proowner)))
                    group by acl.grantee, acl.grantor
                    union all
                   select '(owner): none'
                    where not exists (
                              select from pg_catalog.aclexplode(pro.proacl) as acl where acl.grantee = pro.proowner
                          )
                  ) as line
            order by line.text collate "C"
           -- </privileges>
       ) end as privileges,
       des.description as comment,
       pro.xmin::text || ',' || pro.cmin::text as origin
  from pg_catalog.pg_proc as pro
  join pg_catalog.pg_namespace as nsp on nsp.oid = pro.pronamespace
  left join pg_catalog.pg_description as des
    on des.classoid = pro.tableoid and des.objoid = pro.oid and des.objsubid = 0
 where pro.prokind in ('f', 'p', 'w')
   and pro.pronamespace not in (select hid.oid from hidden_schema as hid)
   and not exists (
           select
             from pg_catalog.pg_depend as dep
            where dep.classid = pro.tableoid and dep.objid = pro.oid and dep.deptype in ('e', 'i')
       )
 order by nsp.nspname, pro.proname, pg_catalog.oidvectortypes(pro.proargtypes) collate "C";
