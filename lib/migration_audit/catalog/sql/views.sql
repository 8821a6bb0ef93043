-- Views; their columns are columns. The origin is the rule that holds the query.
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
       pg_catalog.pg_get_viewdef(rel.oid) as definition,
       array(
           select opt.text from pg_catalog.unnest(rel.reloptions) as opt (text) order by opt.text collate "C"
       ) as options,
       pg_catalog.pg_get_userbyid(rel.relowner) as owner,
       case when rel.relacl is null then '{}'::pg_catalog.text[] else array(
           -- <privileges acl=rel.relacl owner=rel.relowner type=r>
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
                    where acl.grantee <> rel.relowner or not (item = any (pg_catalog.acldefault('r', rel.relowner)))
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
       rul.xmin::text || ',' || rul.cmin::text as origin
  from relation
  join pg_catalog.pg_class as rel on rel.oid = relation.oid
  join pg_catalog.pg_rewrite as rul on rul.ev_class = rel.oid and rul.rulename = '_RETURN'
  left join pg_catalog.pg_description as des
    on des.classoid = rel.tableoid and des.objoid = rel.oid and des.objsubid = 0
 where relation.relkind = 'v'
 order by relation.nspname, relation.relname;
