-- TimescaleDB's settings that no other file of this folder reads yet.
with hypertable as (
    -- Compressed data has hypertables of its own without a dimension, and so has each continuous aggregate.
    select hyp.id, rel.oid, hyp.schema_name, hyp.table_name
      from _timescaledb_catalog.hypertable as hyp
      join pg_catalog.pg_namespace as nsp on nsp.nspname = hyp.schema_name
      join pg_catalog.pg_class as rel on rel.relnamespace = nsp.oid and rel.relname = hyp.table_name
     where exists (select from _timescaledb_catalog.dimension as dim where dim.hypertable_id = hyp.id)
       and not exists (
               select from _timescaledb_catalog.continuous_agg as agg where agg.mat_hypertable_id = hyp.id
           )
)
select found.kind, found.identity
  from (
        select 'continuous aggregate' as kind,
               pg_catalog.format('%I.%I', agg.user_view_schema, agg.user_view_name) as identity
          from _timescaledb_catalog.continuous_agg as agg
         union all
        select 'compression settings', pg_catalog.format('%I.%I', hyp.schema_name, hyp.table_name)
          from hypertable as hyp
          join _timescaledb_catalog.compression_settings as cmp on cmp.relid::pg_catalog.oid = hyp.oid
         union all
        -- Jobs below 1000 come with TimescaleDB.
        select distinct 'job', pg_catalog.format('%I.%I', job.proc_schema, job.proc_name)
               || case when job.hypertable_name <> ''
                       then pg_catalog.format(' on %I.%I', job.hypertable_schema, job.hypertable_name) else '' end
          from timescaledb_information.jobs as job
         where job.job_id >= 1000
         union all
        select 'hypertable tablespace',
               pg_catalog.format('%I for %I.%I', tsp.tablespace_name, hyp.schema_name, hyp.table_name)
          from hypertable as hyp
          join _timescaledb_catalog.tablespace as tsp on tsp.hypertable_id = hyp.id
         union all
        select distinct 'chunk skipping',
               pg_catalog.format('%I.%I.%I', hyp.schema_name, hyp.table_name, sta.column_name)
          from hypertable as hyp
          join _timescaledb_catalog.chunk_column_stats as sta on sta.hypertable_id = hyp.id
       ) as found
 order by found.kind collate "C", found.identity collate "C";
