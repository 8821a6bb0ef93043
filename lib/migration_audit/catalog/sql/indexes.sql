-- Indexes of tables and materialized views, those of constraints and of partitions included.
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
       irl.relname as name,
       case when relation.nspname ~ '^[a-z_][a-z0-9_$]*$' then relation.nspname::text
            else '"' || pg_catalog.replace(relation.nspname, '"', '""') || '"' end
       || '.'
       || case when relation.relname ~ '^[a-z_][a-z0-9_$]*$' then relation.relname::text
               else '"' || pg_catalog.replace(relation.relname, '"', '""') || '"' end as table,
       written.definition,
       tsp.spcname as tablespace,
       ind.indisvalid as valid,
       ind.indisready as ready,
       ind.indisclustered as clustered,
       -- Only an expression can have a target of its own.
       case when ind.indexprs is null then '{}'::pg_catalog.text[] else array(
           select att.attnum || '=' || att.attstattarget
             from pg_catalog.pg_attribute as att
            where att.attrelid = irl.oid and att.attstattarget >= 0
            order by att.attnum
       ) end as statistics,
       des.description as comment,
       case when irl.relispartition then (
           select case when pns.nspname ~ '^[a-z_][a-z0-9_$]*$' then pns.nspname::text
                       else '"' || pg_catalog.replace(pns.nspname, '"', '""') || '"' end
                  || '.'
                  || case when par.relname ~ '^[a-z_][a-z0-9_$]*$' then par.relname::text
                          else '"' || pg_catalog.replace(par.relname, '"', '""') || '"' end
             from pg_catalog.pg_inherits as inh
             join pg_catalog.pg_class as par on par.oid = inh.inhparent
             join pg_catalog.pg_namespace as pns on pns.oid = par.relnamespace
            where inh.inhrelid = irl.oid
       ) end as attached_to,
       ind.indisunique as unique,
       con.conname as constraint,
       written.verb || pg_catalog.substr(written.definition, written.place_at) as signature,
       pg_catalog.substr(written.definition, written.place_at + pg_catalog.length(written.place)) as columns,
       ind.xmin::text || ',' || ind.cmin::text as origin
  from relation
  join pg_catalog.pg_index as ind on ind.indrelid = relation.oid
  join pg_catalog.pg_class as irl on irl.oid = ind.indexrelid
  join pg_catalog.pg_am as ame on ame.oid = irl.relam
 cross join lateral (
           select pg_catalog.pg_get_indexdef(irl.oid) as definition,
                  word.verb,
                  pg_catalog.length(word.verb || pg_catalog.quote_ident(irl.relname)) + 2 as place_at,
                  'ON ' || case irl.relkind when 'I' then 'ONLY ' else '' end
                      || pg_catalog.format('%I.%I USING %I ', relation.nspname, relation.relname, ame.amname) as place
             from (
                   values ('CREATE ' || case when ind.indisunique then 'UNIQUE ' else '' end || 'INDEX ')
                  ) as word (verb)
           -- Each definition is made once, however often it is used.
           offset 0
       ) as written
  left join pg_catalog.pg_tablespace as tsp on tsp.oid = irl.reltablespace
  left join pg_catalog.pg_constraint as con
    on con.conindid = irl.oid and con.conrelid = ind.indrelid and con.contype in ('p', 'u', 'x')
  left join pg_catalog.pg_description as des
    on des.classoid = irl.tableoid and des.objoid = irl.oid and des.objsubid = 0
 where relation.relkind in ('r', 'p', 'm')
 order by relation.nspname, irl.relname;
