-- What continuous aggregates on a hypertable refresh piece by piece: only TimescaleDB 2.29 and later have the table.
with named_table as (
    -- <named_table>
    -- What people know it by: the hypertable of a continuous aggregate goes by the name of the view.
    select hyp.id, rel.oid, agg.mat_hypertable_id is not null as is_aggregate,
           coalesce(agg.user_view_schema, hyp.schema_name) as schema,
           coalesce(agg.user_view_name, hyp.table_name) as table
      from _timescaledb_catalog.hypertable as hyp
      join pg_catalog.pg_namespace as nsp on nsp.nspname = hyp.schema_name
      join pg_catalog.pg_class as rel on rel.relnamespace = nsp.oid and rel.relname = hyp.table_name
      left join _timescaledb_catalog.continuous_agg as agg on agg.mat_hypertable_id = hyp.id
     where exists (select from _timescaledb_catalog.dimension as dim where dim.hypertable_id = hyp.id)
    -- </named_table>
)
select named.schema,
       named.table,
       ref.granular_refresh_column as column,
       ref.granular_refresh_start_offset as start_offset,
       ref.granular_refresh_end_offset as end_offset,
       ref.xmin::text || ',' || ref.cmin::text as origin
  from named_table as named
  join _timescaledb_catalog.hypertable_cagg_settings as ref on ref.hypertable_id = named.id
 order by named.schema, named.table;
