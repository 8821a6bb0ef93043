-- The same for what TimescaleDB keeps of hypertables and chunks.
with relation as (
    select rel.oid, nsp.nspname, rel.relname
      from pg_catalog.pg_class as rel
      join pg_catalog.pg_namespace as nsp on nsp.oid = rel.relnamespace
)
select found.line
  from (
        select '_timescaledb_catalog.hypertable: row ' || hyp.id || ' is of table '
               || pg_catalog.format('%I.%I', hyp.schema_name, hyp.table_name) || ', which does not exist' as line
          from _timescaledb_catalog.hypertable as hyp
         where not exists (
                   select from relation as rel where rel.nspname = hyp.schema_name and rel.relname = hyp.table_name
               )
         union all
        -- Where a chunk is marked as dropped, its row is kept without a table. Until 2.28 the row has the table's names; since
        -- then it has its OID, which is printed as a number where there is no such table.
        select '_timescaledb_catalog.chunk: row ' || chu.id || ' is of table '
               || coalesce(
                      has.facts ->> 'relid',
                      pg_catalog.format('%I.%I', has.facts ->> 'schema_name', has.facts ->> 'table_name')
                  ) || ', which does not exist'
          from _timescaledb_catalog.chunk as chu
         cross join lateral pg_catalog.to_jsonb(chu.*) as has (facts)
         where coalesce(has.facts ->> 'dropped', 'false') <> 'true'
           and case
                   when has.facts ? 'relid' then has.facts ->> 'relid' ~ '^[0-9]+$'
                   else not exists (
                       select
                         from relation as rel
                        where rel.nspname = has.facts ->> 'schema_name' and rel.relname = has.facts ->> 'table_name'
                   )
               end
         union all
        select '_timescaledb_catalog.dimension: row ' || dim.id || ' is of column '
               || pg_catalog.format('%I.%I.%I', hyp.schema_name, hyp.table_name, dim.column_name)
               || ', which does not exist'
          from _timescaledb_catalog.dimension as dim
          join _timescaledb_catalog.hypertable as hyp on hyp.id = dim.hypertable_id
          join relation as rel on rel.nspname = hyp.schema_name and rel.relname = hyp.table_name
         where not exists (
                   select
                     from pg_catalog.pg_attribute as att
                    where att.attrelid = rel.oid and att.attname = dim.column_name and not att.attisdropped
               )
       ) as found
 order by found.line collate "C";
