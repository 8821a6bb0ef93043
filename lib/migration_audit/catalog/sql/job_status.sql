-- How jobs go: the statistics that every role may read; the history of runs shows only one's own jobs.
select job.job_id,
       coalesce(agg.user_view_schema, job.hypertable_schema, job.proc_schema) as schema,
       coalesce(agg.user_view_name, job.hypertable_name) as table,
       pg_catalog.format('%I.%I', job.proc_schema, job.proc_name) as procedure,
       job.scheduled,
       coalesce(sta.total_runs, 0)::pg_catalog.int8 as runs,
       coalesce(sta.total_failures, 0)::pg_catalog.int8 as failures,
       coalesce(sta.last_run_status = 'Failed', false) as last_run_failed,
       case when sta.total_runs > 0 and pg_catalog.isfinite(sta.last_run_started_at)
            then pg_catalog.to_char(sta.last_run_started_at, 'YYYY-MM-DD"T"HH24:MI:SS"Z"') end as last_run,
       case when pg_catalog.isfinite(due.at)
            then pg_catalog.to_char(due.at, 'YYYY-MM-DD"T"HH24:MI:SS"Z"') end as next_run,
       job.scheduled and coalesce(sta.job_status, '') <> 'Running' and case
           when coalesce(sta.total_runs, 0) > 0
           then coalesce(
                    pg_catalog.isfinite(due.at)
                    and due.at + greatest(interval '1 hour', job.schedule_interval) < pg_catalog.now(), false
                )
           else not coalesce(pg_catalog.isfinite(due.at) and due.at > pg_catalog.now(), false)
       end as is_overdue
  from timescaledb_information.jobs as job
  -- Until 2.22 a job that never ran is not in the statistics.
  left join timescaledb_information.job_stats as sta on sta.job_id = job.job_id
  -- Until 2.19 the view names the hypertable behind a continuous aggregate.
  left join _timescaledb_catalog.hypertable as hyp
    on hyp.schema_name = job.hypertable_schema and hyp.table_name = job.hypertable_name
  left join _timescaledb_catalog.continuous_agg as agg on agg.mat_hypertable_id = hyp.id
 cross join lateral (select coalesce(sta.next_start, job.next_start, job.initial_start) as at) as due
 where job.job_id >= 1000
 order by job.job_id;
