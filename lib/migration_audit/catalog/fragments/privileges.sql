-- The entries of an ACL in words: acl is its column, owner that of the object's owner, type the letter of acldefault().
select line.text
  from (
        select case acl.grantee
                   when 0 then 'PUBLIC'
                   when ${owner} then '(owner)'
                   else pg_catalog.pg_get_userbyid(acl.grantee)::text
               end
               || case acl.grantor
                      when ${owner} then ''
                      else ' (granted by ' || pg_catalog.pg_get_userbyid(acl.grantor) || ')'
                  end
               || ': '
               || pg_catalog.string_agg(
                      acl.privilege_type
                      || case when acl.is_grantable then ' (with grant option)' else '' end,
                      ', ' order by acl.privilege_type
                  ) as text
          from pg_catalog.unnest(${acl}) as item
         cross join pg_catalog.aclexplode(array[item]) as acl
         -- The owner's own default is left out: an ACL that was never touched has no entry for it.
         where acl.grantee <> ${owner} or not (item = any (pg_catalog.acldefault('${type}', ${owner})))
         group by acl.grantee, acl.grantor
         union all
        select '(owner): none'
         where not exists (
                   select from pg_catalog.aclexplode(${acl}) as acl where acl.grantee = ${owner}
               )
       ) as line
 order by line.text collate "C"
