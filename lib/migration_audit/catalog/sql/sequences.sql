-- Sequences: of their own, owned by a column (serial), or of an identity column. Their current value is data.
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
), hidden_relation as (
    -- <hidden_relation>
    select dep.objid as oid
      from pg_catalog.pg_depend as dep
     where dep.refclassid = 'pg_catalog.pg_extension'::pg_catalog.regclass
       and dep.classid = 'pg_catalog.pg_class'::pg_catalog.regclass
       and dep.deptype = 'e'
     union all
    select pg_catalog.unnest(
               coalesce(nullif(pg_catalog.current_setting('migration_audit.hidden_relations', true), ''), '{}')
               ::pg_catalog.oid[]
           )
    -- </hidden_relation>
), relation as (
    -- <relation>
    select rel.tableoid, rel.oid, nsp.nspname, rel.relname, rel.relkind, rel.relowner
      from pg_catalog.pg_class as rel
      join pg_catalog.pg_namespace as nsp on nsp.oid = rel.relnamespace
     where rel.relnamespace not in (select hid.oid from hidden_schema as hid)
       and rel.oid not in (select hid.oid from hidden_relation as hid)
    -- </relation>
)
select relation.nspname as schema,
       relation.relname as name,
       pg_catalog.format_type(seq.seqtypid, null) as type,
       seq.seqstart as start,
       seq.seqincrement as increment,
       seq.seqmin as minimum,
       seq.seqmax as maximum,
       seq.seqcache as cache,
       seq.seqcycle as cycle,
       case rel.relpersistence when 'u' then 'unlogged' else 'permanent' end as persistence,
       (
           select case when tns.nspname ~ '^[a-z_][a-z0-9_$]*$' then tns.nspname::text
                       else '"' || pg_catalog.replace(tns.nspname, '"', '""') || '"' end
                  || '.'
                  || case when tab.relname ~ '^[a-z_][a-z0-9_$]*$' then tab.relname::text
                          else '"' || pg_catalog.replace(tab.relname, '"', '""') || '"' end
                  || '.'
                  || case when att.attname ~ '^[a-z_][a-z0-9_$]*$' then att.attname::text
                          else '"' || pg_catalog.replace(att.attname, '"', '""') || '"' end
             from pg_catalog.pg_depend as dep
             join pg_catalog.pg_class as tab on tab.oid = dep.refobjid
             join pg_catalog.pg_namespace as tns on tns.oid = tab.relnamespace
             join pg_catalog.pg_attribute as att on att.attrelid = tab.oid and att.attnum = dep.refobjsubid
            where dep.classid = rel.tableoid
              and dep.objid = rel.oid
              and dep.refclassid = rel.tableoid
              and dep.refobjsubid > 0
              and dep.deptype in ('a', 'i')
       ) as owned_by,
       pg_catalog.pg_get_userbyid(rel.relowner) as owner,
       case when rel.relacl is null then '{}'::pg_catalog.text[] else array(
           -- <privileges acl=rel.relacl owner=rel.relowner type=s>
           select line.text
             from (
                   select case acl.grantee
                              when 0 then 'PUBLIC'
                              when rel.relowner then '(owner)'
                              else pg_catalog.pg_get_userbyid(acl.grantee)::text
                          end
                          || case acl.grantor
                                 when rel.relowner then ''
                                 else ' (granted by ' || pg_catalog.pg_get_userbyid(acl.grantor) || ')'
                             end
                          || ': '
                          || pg_catalog.string_agg(
                                 acl.privilege_type
                                 || case when acl.is_grantable then ' (with grant option)' else '' end,
                                 ', ' order by acl.privilege_type
                             ) as text
                     from pg_catalog.unnest(rel.relacl) as item
                    cross join pg_catalog.aclexplode(array[item]) as acl
                    -- The owner's own default is left out: an ACL that was never touched has no entry for it.
                    where acl.grantee <> rel.relowner or not (item = any (pg_catalog.acldefault('s', rel.relowner)))
                    group by acl.grantee, acl.grantor
                    union all
                   select '(owner): none'
                    where not exists (
                              select from pg_catalog.aclexplode(rel.relacl) as acl where acl.grantee = rel.relowner
                          )
                  ) as line
            order by line.text collate "C"
           -- </privileges>
       ) end as privileges,
       des.description as comment,
       seq.xmin::text || ',' || seq.cmin::text as origin
  from relation
  join pg_catalog.pg_class as rel on rel.oid = relation.oid
  join pg_catalog.pg_sequence as seq on seq.seqrelid = rel.oid
  left join pg_catalog.pg_description as des
    on des.classoid = rel.tableoid and des.objoid = rel.oid and des.objsubid = 0
 order by relation.nspname, relation.relname;
