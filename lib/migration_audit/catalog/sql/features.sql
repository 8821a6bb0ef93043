-- Which server this is, who reads it, and what it has: asked for by what exists, never by a version number.
select pg_catalog.current_database() as database,
       pg_catalog.current_setting('server_version') as postgres_version,
       pg_catalog.current_setting('server_version_num')::pg_catalog.int4 as postgres_number,
       current_user as read_as,
       pg_catalog.pg_is_in_recovery() as in_recovery,
       extract(epoch from pg_catalog.pg_postmaster_start_time())::pg_catalog.text as started_at,
       pg_catalog.current_setting('transaction_read_only') = 'on' as is_read_only,
       pg_catalog.current_setting('transaction_isolation') in ('repeatable read', 'serializable') as is_one_instant,
       pg_catalog.has_function_privilege('pg_catalog.pg_control_system()', 'execute') as may_read_system_identifier,
       -- 1,000 tables of ten columns.
       pg_catalog.pg_relation_size('pg_catalog.pg_attribute') > 4000000 as is_large,
       array(
           select array[ext.extname::text, ext.extversion]
             from pg_catalog.pg_extension as ext
            order by ext.extname
       ) as extension_versions,
       exists (select from pg_catalog.pg_extension as ext where ext.extname = 'timescaledb') as has_timescaledb,
       nullif(pg_catalog.current_setting('timescaledb.license', true), '') as timescaledb_license,
       exists (
           select
             from pg_catalog.pg_class as rel
             join pg_catalog.pg_namespace as nsp on nsp.oid = rel.relnamespace
            where nsp.nspname = '_timescaledb_catalog' and rel.relname = 'chunk_column_stats'
       ) as has_chunk_skipping,
       exists (
           select
             from pg_catalog.pg_attribute as att
             join pg_catalog.pg_class as rel on rel.oid = att.attrelid
             join pg_catalog.pg_namespace as nsp on nsp.oid = rel.relnamespace
            where nsp.nspname = '_timescaledb_catalog'
              and rel.relname = 'dimension_slice'
              and att.attname = 'chunk_id'
       ) as has_slice_per_chunk,
       exists (
           select
             from pg_catalog.pg_class as rel
             join pg_catalog.pg_namespace as nsp on nsp.oid = rel.relnamespace
            where nsp.nspname = '_timescaledb_catalog' and rel.relname = 'bgw_job'
       ) as has_jobs_in_catalog,
       exists (
           select
             from pg_catalog.pg_class as rel
             join pg_catalog.pg_namespace as nsp on nsp.oid = rel.relnamespace
            where nsp.nspname = '_timescaledb_catalog' and rel.relname = 'hypertable_cagg_settings'
       ) as has_granular_refresh;
