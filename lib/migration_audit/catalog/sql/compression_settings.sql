-- Compression (columnstore) settings of hypertables and continuous aggregates.
-- Read from the tables: the views of these settings fail for a role that may not use every hypertable's schema.
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
       compression.is_enabled as enabled,
       hyp.status & 8 = 8 as direct_compress,
       (
           select pg_catalog.string_agg(pg_catalog.quote_ident(seg.name), ', ' order by seg.position)
             from pg_catalog.unnest(cmp.segmentby) with ordinality as seg (name, position)
       ) as segment_by,
       (
           select pg_catalog.string_agg(
                      pg_catalog.quote_ident(ord.name)
                      || case when cmp.orderby_desc[ord.position] then ' DESC' else ' ASC' end
                      || case
                             when cmp.orderby_nullsfirst[ord.position] = cmp.orderby_desc[ord.position] then ''
                             when cmp.orderby_nullsfirst[ord.position] then ' NULLS FIRST'
                             else ' NULLS LAST'
                         end,
                      ', ' order by ord.position
                  )
             from pg_catalog.unnest(cmp.orderby) with ordinality as ord (name, position)
       ) as order_by,
       width.text as compress_interval,
       -- Only TimescaleDB 2.22 and later have the column.
       array(
           select coalesce(one.setting ->> 'type', 'index') || '(' || coalesce(one.setting ->> 'column', '') || ')'
                  || coalesce((
                         select pg_catalog.string_agg(' ' || rest.key || '=' || rest.value, '' order by rest.key)
                           from pg_catalog.jsonb_each_text(one.setting - 'type' - 'column') as rest
                     ), '')
             from pg_catalog.jsonb_array_elements(
                      case pg_catalog.jsonb_typeof(pg_catalog.to_jsonb(cmp) -> 'index')
                          when 'array' then pg_catalog.to_jsonb(cmp) -> 'index'
                          when 'object' then pg_catalog.jsonb_build_array(pg_catalog.to_jsonb(cmp) -> 'index')
                          else '[]'
                      end
                  ) as one (setting)
            order by one.setting::text collate "C"
       ) as sparse_indexes,
       case when named.is_aggregate then 'continuous aggregate' else 'hypertable' end as relation,
       coalesce(cmp.xmin::text || ',' || cmp.cmin::text, hyp.xmin::text || ',' || hyp.cmin::text) as origin
  from named_table as named
  join _timescaledb_catalog.hypertable as hyp on hyp.id = named.id
  left join _timescaledb_catalog.compression_settings as cmp on cmp.relid::pg_catalog.oid = named.oid
 cross join lateral (
           -- Since 2.29 a flag says so and the state is always 0; that version's chunks go by their OID.
           select case
                      when exists (
                               select
                                 from pg_catalog.pg_attribute as att
                                where att.attrelid = '_timescaledb_catalog.chunk'::pg_catalog.regclass
                                  and att.attname = 'relid'
                                  and not att.attisdropped
                           )
                      then hyp.status & 4 = 4
                      else pg_catalog.to_jsonb(hyp) ->> 'compression_state' = '1'
                  end as is_enabled
       ) as compression
  left join lateral (
           select dim.compress_interval_length as length, coalesce(pro.prorettype, dim.column_type::pg_catalog.oid) in (
                            'pg_catalog.int2'::pg_catalog.regtype, 'pg_catalog.int4'::pg_catalog.regtype,
                            'pg_catalog.int8'::pg_catalog.regtype
                        ) as is_integer
             from _timescaledb_catalog.dimension as dim
             left join pg_catalog.pg_namespace as fns on fns.nspname = dim.partitioning_func_schema
             left join pg_catalog.pg_proc as pro on pro.pronamespace = fns.oid and pro.proname = dim.partitioning_func
            where dim.hypertable_id = named.id and dim.compress_interval_length is not null
            order by dim.id
            limit 1
       ) as merged on true
  left join lateral (
           select case
                      when merged.is_integer then merged.length::text
                      else (
           select merged.length / unit.size || ' ' || unit.name
                  || case when merged.length = unit.size then '' else 's' end
             from (
                   values ('day', 86400000000), ('hour', 3600000000), ('minute', 60000000), ('second', 1000000),
                          ('millisecond', 1000), ('microsecond', 1)
                  ) as unit (name, size)
            where merged.length % unit.size = 0
            order by unit.size desc
            limit 1
           )
                  end as text
       ) as width on merged.length is not null
 where compression.is_enabled
    or cmp.relid is not null
    or merged.length is not null
    or hyp.status & 8 = 8
 order by named.schema, named.table;
