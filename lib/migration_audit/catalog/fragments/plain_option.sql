-- Names of options that are shown.
-- Options of postgres_fdw, dblink and file_fdw whose values are no secrets; every other value is redacted.
values ('analyze_sampling'), ('application_name'), ('async_capable'), ('batch_size'), ('client_encoding'),
       ('column_name'), ('connect_timeout'), ('dbname'), ('delimiter'), ('encoding'), ('escape'),
       ('extensions'), ('fdw_startup_cost'), ('fdw_tuple_cost'), ('fetch_size'), ('filename'),
       ('force_not_null'), ('force_null'), ('format'), ('header'), ('host'), ('hostaddr'),
       ('import_collate'), ('import_default'), ('import_generated'), ('import_not_null'),
       ('keep_connections'), ('null'), ('parallel_abort'), ('parallel_commit'), ('password_required'),
       ('port'), ('quote'), ('schema_name'), ('service'), ('sslmode'), ('table_name'),
       ('target_session_attrs'), ('truncatable'), ('updatable'), ('use_remote_estimate'), ('user'),
       ('username')
