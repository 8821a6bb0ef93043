-- The same for what TimescaleDB keeps of hypertables and chunks.
with whole as (
    select rel.oid, nsp.nspname, rel.relname
      from pg_catalog.pg_class as rel
      join pg_catalog.pg_namespace as nsp on nsp.oid = rel.relnamespace
), chunk as (
    -- A chunk's table is named by schema and name, in later versions by its OID; one that is gone is shown as a number.
    select chu.id, pg_catalog.to_jsonb(chu) ->> 'schema_name' as schema,
           pg_catalog.to_jsonb(chu) ->> 'table_name' as name,
           pg_catalog.to_jsonb(chu) ->> 'relid' as relation,
           coalesce(pg_catalog.to_jsonb(chu) ->> 'dropped', 'false') = 'true' as is_dropped
      from _timescaledb_catalog.chunk as chu
)
select found.line
  from (
        select '_timescaledb_catalog.hypertable: row ' || hyp.id || ' is of table '
               || pg_catalog.format('%I.%I', hyp.schema_name, hyp.table_name) || ', which does not exist' as line
          from _timescaledb_catalog.hypertable as hyp
         where not exists (
                   select from whole as rel where rel.nspname = hyp.schema_name and rel.relname = hyp.table_name
               )
         union all
        -- Where a chunk is marked as dropped, its row is kept without a table.
        select '_timescaledb_catalog.chunk: row ' || chunk.id || ' is of table '
               || coalesce(chunk.relation, pg_catalog.format('%I.%I', chunk.schema, chunk.name))
               || ', which does not exist'
          from chunk
          left join whole as named on named.nspname::text = chunk.schema and named.relname::text = chunk.name
          left join whole as numbered on numbered.oid::text = chunk.relation
         where not chunk.is_dropped
           and case when chunk.relation is null then named.oid is null
                    else chunk.relation ~ '^[0-9]+$' and numbered.oid is null end
         union all
        select '_timescaledb_catalog.dimension: row ' || dim.id || ' is of column '
               || pg_catalog.format('%I.%I.%I', hyp.schema_name, hyp.table_name, dim.column_name)
               || ', which does not exist'
          from _timescaledb_catalog.dimension as dim
          join _timescaledb_catalog.hypertable as hyp on hyp.id = dim.hypertable_id
          join whole as rel on rel.nspname = hyp.schema_name and rel.relname = hyp.table_name
         where not exists (
                   select
                     from pg_catalog.pg_attribute as att
                    where att.attrelid = rel.oid and att.attname = dim.column_name and not att.attisdropped
               )
       ) as found
 order by found.line collate "C";
