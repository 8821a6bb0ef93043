-- Every relation that is not hidden, for kinds that are on one.
select rel.tableoid, rel.oid, nsp.nspname, rel.relname, rel.relkind, rel.relowner
  from pg_catalog.pg_class as rel
  join pg_catalog.pg_namespace as nsp on nsp.oid = rel.relnamespace
 where rel.relnamespace not in (select hid.oid from hidden_schema as hid)
   and rel.oid not in (select hid.oid from hidden_relation as hid)
