-- The value of any other option: hashed with the salt, where there is one.
else '(redacted)' || coalesce(pg_catalog.chr(30) || pg_catalog.encode(pg_catalog.sha256(
    pg_catalog.convert_to(
        nullif(pg_catalog.current_setting('migration_audit.salt', true), '')
        || ${option}.option_name || '=' || ${option}.option_value,
        pg_catalog.getdatabaseencoding()
    )
), 'hex'), '')
