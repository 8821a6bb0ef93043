-- What TimescaleDB holds that no other file of this folder reads: data in a tier of which no test can be made.
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
select found.kind, found.identity
  from (
        select 'tiered storage' as kind, pg_catalog.format('%I.%I', hyp.schema_name, hyp.table_name) as identity
          from hypertable
          join _timescaledb_catalog.hypertable as hyp on hyp.id = hypertable.id
         where exists (
                   select
                     from _timescaledb_catalog.chunk as chu
                    where chu.hypertable_id = hyp.id and chu.osm_chunk
               )
         union all
        select 'continuous aggregate without its views',
               pg_catalog.format('%I.%I', agg.user_view_schema, agg.user_view_name)
          from _timescaledb_catalog.continuous_agg as agg
         where not exists (
                   select
                     from pg_catalog.pg_class as rel
                     join pg_catalog.pg_namespace as nsp on nsp.oid = rel.relnamespace
                    where nsp.nspname = agg.user_view_schema and rel.relname = agg.user_view_name
               )
            or not exists (
                   select
                     from pg_catalog.pg_class as rel
                     join pg_catalog.pg_namespace as nsp on nsp.oid = rel.relnamespace
                    where nsp.nspname = agg.direct_view_schema and rel.relname = agg.direct_view_name
               )
       ) as found
 order by found.kind collate "C", found.identity collate "C";
