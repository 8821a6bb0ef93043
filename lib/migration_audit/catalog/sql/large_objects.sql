-- Large objects that have privileges or a comment, counted by owner; their numbers and contents are data.
with labelled as (
    select lob.lomowner, lob.oid, des.description, lob.xmin as by_transaction, lob.cmin as by_command,
           array(
               select case acl.grantee
                          when 0 then 'PUBLIC'
                          when lob.lomowner then '(owner)'
                          else pg_catalog.pg_get_userbyid(acl.grantee)::text
                      end
                      || ': '
                      || pg_catalog.string_agg(
                             acl.privilege_type
                             || case when acl.is_grantable then ' (with grant option)' else '' end,
                             ', ' order by acl.privilege_type
                         )
                 from pg_catalog.aclexplode(lob.lomacl) as acl
                group by acl.grantee
                order by 1
           ) as lines
      from pg_catalog.pg_largeobject_metadata as lob
      left join pg_catalog.pg_description as des
        on des.classoid = 'pg_catalog.pg_largeobject'::pg_catalog.regclass and des.objoid = lob.oid
     where lob.lomacl is not null or des.description is not null
)
select pg_catalog.pg_get_userbyid(own.lomowner) as owner,
       array(
           select pg_catalog.count(*) || ' x ' || pg_catalog.array_to_string(lab.lines, '; ')
             from labelled as lab
            where lab.lomowner = own.lomowner and lab.lines <> '{}'
            group by lab.lines
            order by 1
       ) as privileges,
       (
           select pg_catalog.string_agg(lab.description, E'\n' order by lab.description collate "C")
             from labelled as lab
            where lab.lomowner = own.lomowner
       ) as comment,
       -- Where there are several, one of them.
       (
           select lab.by_transaction::text || ',' || lab.by_command::text
             from labelled as lab
            where lab.lomowner = own.lomowner
            order by lab.oid desc
            limit 1
       ) as origin
  from (select distinct lab.lomowner from labelled as lab) as own
 order by 1;
