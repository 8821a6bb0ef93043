-- Procedural languages that no extension brought.
select lan.lanname as name,
       lan.lanpltrusted as trusted,
       nullif(lan.lanplcallfoid, 0)::pg_catalog.regprocedure::text as handler,
       nullif(lan.laninline, 0)::pg_catalog.regprocedure::text as inline,
       nullif(lan.lanvalidator, 0)::pg_catalog.regprocedure::text as validator,
       pg_catalog.pg_get_userbyid(lan.lanowner) as owner,
       case when lan.lanacl is null then '{PUBLIC: USAGE}'::pg_catalog.text[] else array(
           -- <privileges acl=lan.lanacl owner=lan.lanowner type=l>
           select line.text
             from (
                   select case acl.grantee
                              when 0 then 'PUBLIC'
                              when lan.lanowner then '(owner)'
                              else pg_catalog.pg_get_userbyid(acl.grantee)::text
                          end
                          || case acl.grantor
                                 when lan.lanowner then ''
                                 else ' (granted by ' || pg_catalog.pg_get_userbyid(acl.grantor) || ')'
                             end
                          || ': '
                          || pg_catalog.string_agg(
                                 acl.privilege_type
                                 || case when acl.is_grantable then ' (with grant option)' else '' end,
                                 ', ' order by acl.privilege_type
                             ) as text
                     from pg_catalog.unnest(lan.lanacl) as item
                    cross join pg_catalog.aclexplode(array[item]) as acl
                    -- The owner's own default is left out: an ACL that was never touched has no entry for it.
                    where acl.grantee <> lan.lanowner or not (item = any (pg_catalog.acldefault('l', lan.lanowner)))
                    group by acl.grantee, acl.grantor
                    union all
                   select '(owner): none'
                    where not exists (
                              select from pg_catalog.aclexplode(lan.lanacl) as acl where acl.grantee = lan.lanowner
                          )
                  ) as line
            order by line.text collate "C"
           -- </privileges>
       ) end as privileges,
       des.description as comment,
       lan.xmin::text || ',' || lan.cmin::text as origin
  from pg_catalog.pg_language as lan
  left join pg_catalog.pg_description as des
    on des.classoid = lan.tableoid and des.objoid = lan.oid and des.objsubid = 0
 where lan.oid >= 16384
   and not exists (
           select
             from pg_catalog.pg_depend as dep
            where dep.classid = lan.tableoid and dep.objid = lan.oid and dep.deptype in ('e', 'i')
       )
 order by lan.lanname;
