-- Tablespaces belong to the whole server: all where that is read, else those that something in this database is in.
select tsp.spcname as name,
       array(
           select opt.text from pg_catalog.unnest(tsp.spcoptions) as opt (text) order by opt.text collate "C"
       ) as options,
       pg_catalog.pg_get_userbyid(tsp.spcowner) as owner,
       case when tsp.spcacl is null then '{}'::pg_catalog.text[] else array(
           -- <privileges acl=tsp.spcacl owner=tsp.spcowner type=t>
           select line.text
             from (
                   select case acl.grantee
                              when 0 then 'PUBLIC'
                              when tsp.spcowner then '(owner)'
                              else pg_catalog.pg_get_userbyid(acl.grantee)::text
                          end
                          || case acl.grantor
                                 when tsp.spcowner then ''
                                 else ' (granted by ' || pg_catalog.pg_get_userbyid(acl.grantor) || ')'
                             end
                          || ': '
                          || pg_catalog.string_agg(
                                 acl.privilege_type
                                 || case when acl.is_grantable then ' (with grant option)' else '' end,
                                 ', ' order by acl.privilege_type
                             ) as text
                     from pg_catalog.unnest(tsp.spcacl) as item
                    cross join pg_catalog.aclexplode(array[item]) as acl
                    -- The owner's own default is left out: an ACL that was never touched has no entry for it.
                    where acl.grantee <> tsp.spcowner or not (item = any (pg_catalog.acldefault('t', tsp.spcowner)))
                    group by acl.grantee, acl.grantor
                    union all
                   select '(owner): none'
                    where not exists (
                              select from pg_catalog.aclexplode(tsp.spcacl) as acl where acl.grantee = tsp.spcowner
                          )
                  ) as line
            order by line.text collate "C"
           -- </privileges>
       ) end as privileges,
       des.description as comment,
       tsp.xmin::text || ',' || tsp.cmin::text as origin
  from pg_catalog.pg_tablespace as tsp
  left join pg_catalog.pg_shdescription as des on des.classoid = tsp.tableoid and des.objoid = tsp.oid
 where tsp.oid >= 16384
   and (
           pg_catalog.current_setting('migration_audit.roles', true) in ('own', 'shared')
           or tsp.oid in (select rel.reltablespace from pg_catalog.pg_class as rel where rel.reltablespace >= 16384)
       )
 order by tsp.spcname;
