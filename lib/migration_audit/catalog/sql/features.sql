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
       ) as has_granular_refresh,
       -- Kinds without a row in the catalog that their query begins with.
       array(
           select known.kind
             from (
                  values
                  ('access_methods', exists (select from pg_catalog.pg_am where oid >= 16384)),
                  ('aggregates', exists (select from pg_catalog.pg_aggregate where aggfnoid >= 16384)),
                  ('casts', exists (select from pg_catalog.pg_cast where oid >= 16384)),
                  ('collations', exists (select from pg_catalog.pg_collation where oid >= 16384)),
                  ('conversions', exists (select from pg_catalog.pg_conversion where oid >= 16384)),
                  ('default_privileges', exists (select from pg_catalog.pg_default_acl)),
                  ('event_triggers', exists (select from pg_catalog.pg_event_trigger where oid >= 16384)),
                  ('extended_statistics', exists (select from pg_catalog.pg_statistic_ext)),
                  ('foreign_data_wrappers', exists (select from pg_catalog.pg_foreign_data_wrapper where oid >= 16384)),
                  ('foreign_servers', exists (select from pg_catalog.pg_foreign_server where oid >= 16384)),
                  ('languages', exists (select from pg_catalog.pg_language where oid >= 16384)),
                  ('large_objects', exists (select from pg_catalog.pg_largeobject_metadata)),
                  ('materialized_views', exists (select from pg_catalog.pg_class where relkind = 'm')),
                  ('operator_classes', exists (select from pg_catalog.pg_opclass where oid >= 16384)),
                  ('operator_families', exists (select from pg_catalog.pg_opfamily where oid >= 16384)),
                  ('operators', exists (select from pg_catalog.pg_operator where oid >= 16384)),
                  ('policies', exists (select from pg_catalog.pg_policy)),
                  ('publication_tables', exists (select from pg_catalog.pg_publication_rel)),
                  ('publications', exists (select from pg_catalog.pg_publication where oid >= 16384)),
                  ('security_labels', exists (select from pg_catalog.pg_seclabel)),
                  ('sequences', exists (select from pg_catalog.pg_sequence)),
                  ('subscriptions', exists (select from pg_catalog.pg_subscription)),
                  ('tablespaces', exists (select from pg_catalog.pg_tablespace where oid >= 16384)),
                  ('text_search_configurations', exists (select from pg_catalog.pg_ts_config where oid >= 16384)),
                  ('text_search_dictionaries', exists (select from pg_catalog.pg_ts_dict where oid >= 16384)),
                  ('text_search_parsers', exists (select from pg_catalog.pg_ts_parser where oid >= 16384)),
                  ('text_search_templates', exists (select from pg_catalog.pg_ts_template where oid >= 16384)),
                  ('transforms', exists (select from pg_catalog.pg_transform where oid >= 16384)),
                  ('triggers', exists (select from pg_catalog.pg_trigger where not tgisinternal)),
                  ('user_mappings', exists (select from pg_catalog.pg_foreign_server))
                  ) as known (kind, is_there)
            where not known.is_there
            order by 1
       ) as absent_kinds;
