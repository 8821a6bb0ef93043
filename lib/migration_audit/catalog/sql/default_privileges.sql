-- Default privileges: what the objects that a role will make are granted.
select pg_catalog.pg_get_userbyid(dac.defaclrole) as role,
       nsp.nspname as schema,
       case dac.defaclobjtype
           when 'r' then 'tables' when 'S' then 'sequences' when 'f' then 'functions' when 'T' then 'types'
           when 'n' then 'schemas' else 'large objects'
       end as objects,
       array(
           select line.text
             from (
                   select case acl.grantee
                              when 0 then 'PUBLIC'
                              when dac.defaclrole then '(owner)'
                              else pg_catalog.pg_get_userbyid(acl.grantee)::text
                          end
                          || ': '
                          || pg_catalog.string_agg(
                                 acl.privilege_type
                                 || case when acl.is_grantable then ' (with grant option)' else '' end,
                                 ', ' order by acl.privilege_type
                             ) as text
                     from pg_catalog.unnest(dac.defaclacl) as item
                    cross join pg_catalog.aclexplode(array[item]) as acl
                    -- Without a schema, the list replaces PostgreSQL's own, in which the owner may do everything.
                    where dac.defaclnamespace <> 0
                       or acl.grantee <> dac.defaclrole
                       or not (item = any (pg_catalog.acldefault(
                              case dac.defaclobjtype when 'S' then 's'::pg_catalog."char" else dac.defaclobjtype end,
                              dac.defaclrole
                          )))
                    group by acl.grantee, acl.grantor
                    union all
                   select '(owner): none'
                    where dac.defaclnamespace = 0
                      and not exists (
                              select
                                from pg_catalog.aclexplode(dac.defaclacl) as acl
                               where acl.grantee = dac.defaclrole
                          )
                  ) as line
            order by line.text collate "C"
       ) as privileges,
       dac.xmin::text || ',' || dac.cmin::text as origin
  from pg_catalog.pg_default_acl as dac
  left join pg_catalog.pg_namespace as nsp on nsp.oid = dac.defaclnamespace
 where not exists (
           select
             from pg_catalog.pg_depend as dep
            where dep.classid = dac.tableoid and dep.objid = dac.oid and dep.deptype in ('e')
       )
 order by 1, nsp.nspname, 3;
