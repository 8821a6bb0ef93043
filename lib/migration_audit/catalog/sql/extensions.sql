-- Installed extensions; what belongs to one is its own business and left out everywhere else.
select ext.extname as name,
       nsp.nspname as schema,
       ext.extversion as version,
       des.description as comment,
       ext.xmin::text || ',' || ext.cmin::text as origin
  from pg_catalog.pg_extension as ext
  join pg_catalog.pg_namespace as nsp on nsp.oid = ext.extnamespace
  left join pg_catalog.pg_description as des
    on des.classoid = ext.tableoid and des.objoid = ext.oid and des.objsubid = 0
 order by ext.extname;
