-- Row-security policies.
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
       relation.relname as table,
       pol.polname as name,
       case pol.polcmd
           when 'r' then 'select' when 'a' then 'insert' when 'w' then 'update' when 'd' then 'delete' else 'all'
       end as command,
       pol.polpermissive as permissive,
       array(
           select who.name
             from (
                   select case rol.oid when 0 then 'PUBLIC' else pg_catalog.pg_get_userbyid(rol.oid)::text end
                     from pg_catalog.unnest(pol.polroles) as rol (oid)
                  ) as who (name)
            order by who.name collate "C"
       ) as roles,
       pg_catalog.pg_get_expr(pol.polqual, pol.polrelid) as using,
       pg_catalog.pg_get_expr(pol.polwithcheck, pol.polrelid) as check,
       des.description as comment,
       pol.xmin::text || ',' || pol.cmin::text as origin
  from relation
  join pg_catalog.pg_policy as pol on pol.polrelid = relation.oid
  left join pg_catalog.pg_description as des
    on des.classoid = pol.tableoid and des.objoid = pol.oid and des.objsubid = 0
 order by relation.nspname, relation.relname, pol.polname;
