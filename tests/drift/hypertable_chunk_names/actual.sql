create schema chunks;
select create_hypertable('reading', 'at', associated_schema_name => 'chunks', associated_table_prefix => 'part');
