-- Columns by which TimescaleDB splits hypertables.
select dim.hypertable_schema::text as schema,
       dim.hypertable_name::text as name,
       dim.column_name::text as "column"
  from timescaledb_information.dimensions as dim
 order by dim.hypertable_schema collate "C", dim.hypertable_name collate "C", dim.dimension_number;
