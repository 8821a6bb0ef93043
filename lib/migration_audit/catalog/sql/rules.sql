-- Rewrite rules, other than those that make views.
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
       rul.rulename as name,
       pg_catalog.pg_get_ruledef(rul.oid) as definition,
       case rul.ev_enabled
           when 'O' then 'origin' when 'D' then 'disabled' when 'R' then 'replica' else 'always'
       end as enabled,
       des.description as comment,
       case relation.relkind when 'v' then 'view' else 'table' end as relation,
       rul.xmin::text || ',' || rul.cmin::text as origin
  from relation
  join pg_catalog.pg_rewrite as rul on rul.ev_class = relation.oid
  left join pg_catalog.pg_description as des
    on des.classoid = rul.tableoid and des.objoid = rul.oid and des.objsubid = 0
 where rul.rulename <> '_RETURN'
 order by relation.nspname, relation.relname, rul.rulename;
