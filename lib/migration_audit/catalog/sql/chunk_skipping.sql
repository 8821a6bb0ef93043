-- Columns by whose range queries may skip chunks; the other rows hold the ranges of chunks.
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
       sta.column_name as column,
       sta.xmin::text || ',' || sta.cmin::text as origin
  from named_table as named
  join _timescaledb_catalog.chunk_column_stats as sta on sta.hypertable_id = named.id
 -- The row of the setting has the chunk 0 until 2.21 and none since 2.22.
 where coalesce(sta.chunk_id, 0) = 0
 order by named.schema, named.table, sta.column_name;
