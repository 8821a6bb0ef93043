-- Tablespaces over which chunks are spread, in the order in which they were attached.
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
       pg_catalog.array_agg(tsp.tablespace_name::text order by tsp.id) as tablespaces,
       (
           select last.xmin::text || ',' || last.cmin::text
             from _timescaledb_catalog.tablespace as last
            where last.hypertable_id = named.id
            order by last.id desc
            limit 1
       ) as origin
  from named_table as named
  join _timescaledb_catalog.tablespace as tsp on tsp.hypertable_id = named.id
 group by named.id, named.schema, named.table
 order by named.schema, named.table;
