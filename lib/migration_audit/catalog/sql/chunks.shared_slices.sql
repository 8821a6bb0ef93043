-- What the chunks of each hypertable look like: how many, from when to when, how wide; the latest 400 one by one.
-- For TimescaleDB before 2.28, where chunks share slices. A chunk without a table is one that was dropped (until 2.25).
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
), first_dimension as (
    select distinct on (dim.hypertable_id) dim.id, dim.hypertable_id,
           -- Of all that can be cut into ranges, only integers are not stored as microseconds.
           coalesce(pro.prorettype, dim.column_type::pg_catalog.oid) not in (
               'pg_catalog.int2'::pg_catalog.regtype, 'pg_catalog.int4'::pg_catalog.regtype,
               'pg_catalog.int8'::pg_catalog.regtype
           ) as is_time
      from _timescaledb_catalog.dimension as dim
      left join pg_catalog.pg_namespace as fns on fns.nspname = dim.partitioning_func_schema
      left join pg_catalog.pg_proc as pro on pro.pronamespace = fns.oid and pro.proname = dim.partitioning_func
     where dim.num_slices is null
     order by dim.hypertable_id, dim.id
), chunk as (
    select chu.hypertable_id, chu.status & 1 = 1 as is_compressed, sli.range_start, sli.range_end, dim.is_time
      from first_dimension as dim
      join _timescaledb_catalog.dimension_slice as sli on sli.dimension_id = dim.id
      join _timescaledb_catalog.chunk_constraint as con on con.dimension_slice_id = sli.id
      join _timescaledb_catalog.chunk as chu on chu.id = con.chunk_id
      join pg_catalog.pg_namespace as nsp on nsp.nspname = chu.schema_name
      join pg_catalog.pg_class as rel on rel.relnamespace = nsp.oid and rel.relname = chu.table_name
     where not chu.osm_chunk
), bound as (
    select chunk.hypertable_id, chunk.is_compressed, chunk.range_start, chunk.range_end,
           case when chunk.is_time then from_start.text else chunk.range_start::text end as starts,
           case when chunk.is_time then from_end.text else chunk.range_end::text end as ends,
           case
               when chunk.range_start <= -9223372036854775807 or chunk.range_end >= 9223372036854775807 then 'unbounded'
               when not chunk.is_time then (chunk.range_end - chunk.range_start)::text
               else (
                        select (chunk.range_end - chunk.range_start) / unit.size || ' ' || unit.name
                               || case when chunk.range_end - chunk.range_start = unit.size then '' else 's' end
                          from (
                                values ('day', 86400000000), ('hour', 3600000000), ('minute', 60000000),
                                       ('second', 1000000), ('millisecond', 1000), ('microsecond', 1)
                               ) as unit (name, size)
                         where (chunk.range_end - chunk.range_start) % unit.size = 0
                         order by unit.size desc
                         limit 1
                    )
           end as width,
           pg_catalog.row_number() over (
               partition by chunk.hypertable_id order by chunk.range_start desc, chunk.range_end desc
           ) as age
      from chunk
     cross join lateral (
               -- What lies outside of PostgreSQL's timestamps cannot be shown as one.
               select case
                          when chunk.range_start < -62135596800000000 then '-infinity'
                          when chunk.range_start >= 9223371331200000000 then 'infinity'
                          else pg_catalog.to_char(
                                   timestamp '1970-01-01' + chunk.range_start / 1000000 * interval '1 second'
                                   + chunk.range_start % 1000000 * interval '1 microsecond',
                                   case when chunk.range_start % 1000000 = 0 then 'YYYY-MM-DD"T"HH24:MI:SS"Z"'
                                        else 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"' end
                               )
                      end as text
           ) as from_start
     cross join lateral (
               select case
                          when chunk.range_end < -62135596800000000 then '-infinity'
                          when chunk.range_end >= 9223371331200000000 then 'infinity'
                          else pg_catalog.to_char(
                                   timestamp '1970-01-01' + chunk.range_end / 1000000 * interval '1 second'
                                   + chunk.range_end % 1000000 * interval '1 microsecond',
                                   case when chunk.range_end % 1000000 = 0 then 'YYYY-MM-DD"T"HH24:MI:SS"Z"'
                                        else 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"' end
                               )
                      end as text
           ) as from_end
), total as materialized (
    select bound.hypertable_id,
           pg_catalog.count(*)::pg_catalog.int4 as chunks,
           (pg_catalog.count(*) filter (where bound.is_compressed))::pg_catalog.int4 as compressed,
           (pg_catalog.array_agg(bound.starts order by bound.range_start))[1] as first,
           (pg_catalog.array_agg(bound.ends order by bound.range_end desc))[1] as last,
           pg_catalog.jsonb_agg(
               pg_catalog.jsonb_build_array(bound.starts, bound.ends) order by bound.range_start, bound.range_end
           ) filter (where bound.age <= 400) as ranges
      from bound
     group by bound.hypertable_id
), width as materialized (
    select per.hypertable_id,
           pg_catalog.jsonb_agg(pg_catalog.jsonb_build_array(per.width, per.chunks) order by per.size, per.width)
               as widths,
           pg_catalog.jsonb_agg(pg_catalog.jsonb_build_array(per.width, per.plain) order by per.size, per.width)
               filter (where per.plain > 0) as plain_widths
      from (
            select bound.hypertable_id, bound.width, pg_catalog.count(*) as chunks,
                   pg_catalog.count(*) filter (where not bound.is_compressed) as plain,
                   pg_catalog.min(bound.range_end::pg_catalog.numeric - bound.range_start) as size
              from bound
             group by bound.hypertable_id, bound.width
           ) as per
     group by per.hypertable_id
)
select hyp.schema_name as schema,
       hyp.table_name as table,
       coalesce(total.chunks, 0) as chunks,
       coalesce(total.compressed, 0) as compressed,
       total.first,
       total.last,
       coalesce(width.widths, '[]') as widths,
       coalesce(width.plain_widths, '[]') as plain_widths,
       coalesce(total.ranges, '[]') as ranges
  from hypertable as hyp
  left join total on total.hypertable_id = hyp.id
  left join width on width.hypertable_id = hyp.id
 order by hyp.schema_name, hyp.table_name;
