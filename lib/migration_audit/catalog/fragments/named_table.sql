-- Hypertables by the names that people use.
-- What people know it by: the hypertable of a continuous aggregate goes by the name of the view.
select hyp.id, rel.oid, agg.mat_hypertable_id is not null as is_aggregate,
       coalesce(agg.user_view_schema, hyp.schema_name) as schema,
       coalesce(agg.user_view_name, hyp.table_name) as table
  from _timescaledb_catalog.hypertable as hyp
  join pg_catalog.pg_namespace as nsp on nsp.nspname = hyp.schema_name
  join pg_catalog.pg_class as rel on rel.relnamespace = nsp.oid and rel.relname = hyp.table_name
  left join _timescaledb_catalog.continuous_agg as agg on agg.mat_hypertable_id = hyp.id
 where exists (select from _timescaledb_catalog.dimension as dim where dim.hypertable_id = hyp.id)
