-- Dimensions of hypertables: by time, by integer, or by hash.
-- An interval is in microseconds, that of an integer column in its own unit.
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
       dim.column_name as column,
       dim.column_type::text as column_type,
       kind.type,
       case kind.type
           when 'integer' then dim.interval_length::text
           when 'time' then (
           select dim.interval_length / unit.size || ' ' || unit.name
                  || case when dim.interval_length = unit.size then '' else 's' end
             from (
                   values ('day', 86400000000), ('hour', 3600000000), ('minute', 60000000), ('second', 1000000),
                          ('millisecond', 1000), ('microsecond', 1)
                  ) as unit (name, size)
            where dim.interval_length % unit.size = 0
            order by unit.size desc
            limit 1
       )
       end as chunk_interval,
       dim.num_slices::pg_catalog.int4 as partitions,
       case when dim.partitioning_func <> 'get_partition_hash' or dim.partitioning_func_schema !~ '^_timescaledb_'
            then pg_catalog.format('%I.%I', dim.partitioning_func_schema, dim.partitioning_func) end
           as partitioning_function,
       case when dim.integer_now_func <> ''
            then pg_catalog.format('%I.%I', dim.integer_now_func_schema, dim.integer_now_func) end
           as integer_now_function,
       dim.xmin::text || ',' || dim.cmin::text as origin
  from hypertable as hyp
  join _timescaledb_catalog.dimension as dim on dim.hypertable_id = hyp.id
  -- A partitioning function turns the column into another type, and that one is cut into ranges.
  left join pg_catalog.pg_namespace as fns on fns.nspname = dim.partitioning_func_schema
  left join lateral (
           select pro.prorettype
             from pg_catalog.pg_proc as pro
            where pro.pronamespace = fns.oid and pro.proname = dim.partitioning_func
            order by pro.oid
            limit 1
       ) as pro on true
 cross join lateral (
           select case
                      when dim.num_slices is not null then 'hash'
                      when coalesce(pro.prorettype, dim.column_type::pg_catalog.oid) in (
                               'pg_catalog.int2'::pg_catalog.regtype, 'pg_catalog.int4'::pg_catalog.regtype,
                               'pg_catalog.int8'::pg_catalog.regtype
                           ) then 'integer'
                      else 'time'
                  end as type
       ) as kind
 order by hyp.schema_name, hyp.table_name, dim.column_name;
