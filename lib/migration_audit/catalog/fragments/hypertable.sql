-- The hypertables that users created.
-- Compressed data has hypertables of its own without a dimension, and so has each continuous aggregate.
select hyp.id, rel.oid, hyp.schema_name, hyp.table_name
  from _timescaledb_catalog.hypertable as hyp
  join pg_catalog.pg_namespace as nsp on nsp.nspname = hyp.schema_name
  join pg_catalog.pg_class as rel on rel.relnamespace = nsp.oid and rel.relname = hyp.table_name
 where exists (select from _timescaledb_catalog.dimension as dim where dim.hypertable_id = hyp.id)
   and not exists (
           select from _timescaledb_catalog.continuous_agg as agg where agg.mat_hypertable_id = hyp.id
       )
