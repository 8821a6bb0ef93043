-- The database that is read: its settings, privileges and comment as a whole.
select array(
           select case when pg_catalog.split_part(opt.text, '=', 1) ~ '[.]'
                       then pg_catalog.split_part(opt.text, '=', 1) || '=(redacted)'
                            || coalesce(pg_catalog.chr(30) || pg_catalog.encode(pg_catalog.sha256(
                                pg_catalog.convert_to(
                                    nullif(pg_catalog.current_setting('migration_audit.salt', true), '')
                                    || opt.text,
                                    pg_catalog.getdatabaseencoding()
                                )
                            ), 'hex'), '')
                       else opt.text end
             from pg_catalog.pg_db_role_setting as drs
            cross join pg_catalog.unnest(drs.setconfig) as opt (text)
            where drs.setdatabase = dat.oid and drs.setrole = 0
            order by opt.text collate "C"
       ) as settings,
       nullif(dat.datconnlimit, -1) as connection_limit,
       pg_catalog.pg_get_userbyid(dat.datdba) as owner,
       case when dat.datacl is null then '{}'::pg_catalog.text[] else array(
           select line.text
             from (
                   select case acl.grantee
                              when 0 then 'PUBLIC'
                              when dat.datdba then '(owner)'
                              else pg_catalog.pg_get_userbyid(acl.grantee)::text
                          end
                          || case acl.grantor
                                 when dat.datdba then ''
                                 else ' (granted by ' || pg_catalog.pg_get_userbyid(acl.grantor) || ')'
                             end
                          || ': '
                          || pg_catalog.string_agg(
                                 acl.privilege_type
                                 || case when acl.is_grantable then ' (with grant option)' else '' end,
                                 ', ' order by acl.privilege_type
                             ) as text
                     from pg_catalog.unnest(dat.datacl) as item
                    cross join pg_catalog.aclexplode(array[item]) as acl
                    -- The defaults of the owner and of everybody are left out: an ACL that was never touched has none.
                    where not (item = any (pg_catalog.acldefault('d', dat.datdba)))
                    group by acl.grantee, acl.grantor
                    union all
                   select '(owner): none'
                    where not exists (
                              select from pg_catalog.aclexplode(dat.datacl) as acl where acl.grantee = dat.datdba
                          )
                    union all
                   select 'PUBLIC: none'
                    where not exists (
                              select from pg_catalog.aclexplode(dat.datacl) as acl where acl.grantee = 0
                          )
                  ) as line
            order by line.text collate "C"
       ) end as privileges,
       des.description as comment,
       dat.datistemplate as is_template,
       dat.xmin::text || ',' || dat.cmin::text as origin
  from pg_catalog.pg_database as dat
  left join pg_catalog.pg_shdescription as des on des.classoid = dat.tableoid and des.objoid = dat.oid
 where dat.datname = pg_catalog.current_database()
 order by dat.datname;
