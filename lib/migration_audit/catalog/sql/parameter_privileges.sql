-- Who may set server parameters that are not everybody's to set.
select par.parname as name,
       array(
           select case acl.grantee when 0 then 'PUBLIC' else pg_catalog.pg_get_userbyid(acl.grantee)::text end
                  || ': '
                  || pg_catalog.string_agg(
                         acl.privilege_type || case when acl.is_grantable then ' (with grant option)' else '' end,
                         ', ' order by acl.privilege_type
                     )
             from pg_catalog.aclexplode(par.paracl) as acl
            -- The bootstrap superuser has them all, and is named once anything was granted.
            where acl.grantee <> 10
            group by acl.grantee
            order by 1
       ) as privileges,
       par.xmin::text || ',' || par.cmin::text as origin
  from pg_catalog.pg_parameter_acl as par
 order by par.parname;
