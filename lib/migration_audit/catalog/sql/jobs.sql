-- Policies and user-defined jobs, and those of TimescaleDB itself (below 1000).
-- For TimescaleDB 2.25 and later.
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
), known as (
    -- Parameters of TimescaleDB's own policies; any other value may be a secret.
    select pg_catalog.unnest(array[
               'compress_after', 'compress_created_before', 'recompress', 'recompress_after', 'maxchunks_to_compress',
               'verbose_log', 'drop_after', 'drop_created_before', 'index_name', 'start_offset', 'end_offset',
               'buckets_per_batch', 'max_batches_per_execution', 'refresh_newest_first', 'include_tiered_data'
           ]) as key
), salt as (
    select nullif(pg_catalog.current_setting('migration_audit.salt', true), '') as text
), job as (
    select bgw.id, bgw.xmin::text || ',' || bgw.cmin::text as origin, named.table, bgw.proc_schema, bgw.proc_name,
           bgw.schedule_interval, bgw.fixed_schedule, bgw.scheduled, bgw.max_runtime, bgw.max_retries, bgw.retry_period,
           bgw.check_schema, bgw.check_name, bgw.owner, bgw.timezone, named.is_aggregate,
           coalesce(named.schema, bgw.proc_schema) as schema,
           bgw.proc_schema ~ '^_timescaledb_(functions|internal)$' as is_builtin,
           -- The default carries the job's number and, for compression, the word of the version.
           nullif(
               pg_catalog.regexp_replace(bgw.application_name, ' \[[0-9]+\]$', ''),
               case
                   when bgw.proc_schema !~ '^_timescaledb_(functions|internal)$' then 'User-Defined Action'
                   when bgw.proc_name <> 'policy_compression'
                   then pg_catalog.initcap(pg_catalog.replace(
                            pg_catalog.regexp_replace(bgw.proc_name, '^policy_(.*)', '\1_policy'), '_', ' '
                        ))
                   when bgw.application_name like 'Compression Policy%' then 'Compression Policy'
                   else 'Columnstore Policy'
               end
           ) as name,
           pg_catalog.timezone(coalesce(bgw.timezone, 'UTC'), bgw.initial_start) as local_start,
           pg_catalog.extract('epoch', bgw.schedule_interval) as seconds,
           -- A start with fractions of a second is a time of day that TimescaleDB read: it was not written by hand.
           bgw.fixed_schedule
           and bgw.initial_start = pg_catalog.date_trunc('second', bgw.initial_start) as is_start_stated,
           case
               when bgw.config is null then '{}'::pg_catalog.text[]
               when pg_catalog.jsonb_typeof(bgw.config) <> 'object' then array['(redacted)']
               else array(
                   select item.key
                          || case
                                 when bgw.proc_schema ~ '^_timescaledb_(functions|internal)$'
                                  and (item.key in (select known.key from known)
                                       or pg_catalog.jsonb_typeof(item.value) in ('number', 'boolean', 'null'))
                                 then '=' || case item.value when '"0"' then '00:00:00'
                                                  else pg_catalog.btrim(item.value::text, '"') end
                                 -- Hashed with what only this process knows, and never shown.
                                 else ': (redacted)' || coalesce(
                                     pg_catalog.chr(30) || pg_catalog.encode(pg_catalog.sha256(pg_catalog.convert_to(
                                         salt.text || item.key || '=' || item.value::text,
                                         pg_catalog.getdatabaseencoding()
                                     )), 'hex'),
                                     ''
                                 )
                             end
                     from pg_catalog.jsonb_each(bgw.config) as item
                    -- Numbers of this one server.
                    where bgw.proc_schema !~ '^_timescaledb_(functions|internal)$'
                       or item.key not in ('hypertable_id', 'mat_hypertable_id')
                    order by item.key collate "C"
               )
           end as config,
           case
               when pg_catalog.jsonb_typeof(bgw.config) = 'object'
               then (bgw.config - 'hypertable_id' - 'mat_hypertable_id')::text
               else bgw.config::text
           end as plain_config
      from _timescaledb_catalog.bgw_job as bgw
     cross join salt
      left join named_table as named on named.id = bgw.hypertable_id
     where bgw.id >= 1000
        -- Those of TimescaleDB itself: telemetry, and the retention of the jobs' history.
        or bgw.id in (1, 3)
)
select job.schema,
       job.table,
       pg_catalog.format('%I.%I', job.proc_schema, job.proc_name) as procedure,
       pg_catalog.row_number() over (
           partition by job.schema, job.table, job.proc_schema, job.proc_name
           order by job.name collate "C", job.plain_config collate "C", job.schedule_interval, job.id
       )::pg_catalog.int4 as number,
       job.name,
       job.schedule_interval::text as schedule,
       job.fixed_schedule,
       case
           when not job.is_start_stated or not pg_catalog.isfinite(job.local_start) then null
           -- Of months the day and the time decide, of a week the day, else how far into the interval.
           when pg_catalog.extract('year', job.schedule_interval) <> 0
             or pg_catalog.extract('month', job.schedule_interval) <> 0
           then pg_catalog.to_char(job.local_start, '"day" FMDD HH24:MI:SS')
           when job.seconds = 604800 then pg_catalog.to_char(job.local_start, 'FMDay HH24:MI:SS')
           when job.seconds > 0
           then pg_catalog.make_interval(
                    secs => pg_catalog.mod(pg_catalog.extract('epoch', job.local_start), job.seconds)::pg_catalog.float8
                )::text
       end as starts_at,
       job.timezone,
       job.config,
       job.scheduled,
       job.max_runtime::text as max_runtime,
       job.max_retries,
       job.retry_period::text as retry_period,
       case when job.check_schema !~ '^_timescaledb_'
            then pg_catalog.format('%I.%I', job.check_schema, job.check_name) end as check_function,
       job.owner::text as owner,
       case when job.is_aggregate then 'continuous aggregate'
            when job.table is not null then 'hypertable' end as relation,
       job.origin
  from job
 order by job.schema, job.table, job.proc_schema, job.proc_name, job.id;
