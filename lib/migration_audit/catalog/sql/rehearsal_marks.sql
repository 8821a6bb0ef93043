-- Tables and their columns with what no other one ever has: a table that was dropped and made again has another OID,
-- such a column another number.
select 'table' as kind,
       array[nsp.nspname::text, rel.relname::text] as names,
       rel.oid::pg_catalog.int8 as mark
  from pg_catalog.pg_class as rel
  join pg_catalog.pg_namespace as nsp on nsp.oid = rel.relnamespace
 where rel.relkind in ('r', 'p') and nsp.nspname !~ '^pg_'
 union all
select 'column',
       array[nsp.nspname::text, rel.relname::text, att.attname::text],
       att.attnum::pg_catalog.int8
  from pg_catalog.pg_attribute as att
  join pg_catalog.pg_class as rel on rel.oid = att.attrelid
  join pg_catalog.pg_namespace as nsp on nsp.oid = rel.relnamespace
 where rel.relkind in ('r', 'p') and nsp.nspname !~ '^pg_' and att.attnum > 0 and not att.attisdropped
 order by 1, 2;
