-- Hypertables, without those that TimescaleDB keeps for itself.
with hypertable as (
    -- <hypertable>
    -- Compressed data has hypertables of its own without a dimension, and so has each continuous aggregate.
    select hyp.id, rel.oid, hyp.schema_name, hyp.table_name
      from _timescaledb_catalog.hypertable as hyp
      join pg_catalog.pg_namespace as nsp on nsp.nspname = hyp.schema_name
      join pg_catalog.pg_class as rel on rel.relnamespace = nsp.oid and rel.relname = hyp.table_name
     where exists (select from _timescaledb_catalog.dimension as dim where dim.hypertable_id = hyp.id)
       and not exists (
               select from _timescaledb_catalog.continuous_agg as agg where agg.mat_hypertable_id = hyp.id
           )
    -- </hypertable>
)
select hyp.schema_name as schema,
       hyp.table_name as table,
       array(
           select dim.column_name::text
             from _timescaledb_catalog.dimension as dim
            where dim.hypertable_id = hyp.id
            order by dim.id
       ) as dimensions,
       nullif(hyp.associated_schema_name, '_timescaledb_internal') as associated_schema,
       -- The default carries the hypertable's number, which says nothing.
       case when hyp.associated_table_prefix <> '_hyper_' || hyp.id then hyp.associated_table_prefix end
           as chunk_prefix,
       nullif(hyp.chunk_target_size, 0) as chunk_target_size,
       hyp.xmin::text || ',' || hyp.cmin::text as origin
  from hypertable
  join _timescaledb_catalog.hypertable as hyp on hyp.id = hypertable.id
 order by hyp.schema_name, hyp.table_name;
