-- User-defined conversions between encodings.
select nsp.nspname as schema,
       con.conname as name,
       pg_catalog.pg_encoding_to_char(con.conforencoding) as source,
       pg_catalog.pg_encoding_to_char(con.contoencoding) as target,
       con.conproc::pg_catalog.regprocedure::text as function,
       con.condefault as default,
       pg_catalog.pg_get_userbyid(con.conowner) as owner,
       des.description as comment,
       con.xmin::text || ',' || con.cmin::text as origin
  from pg_catalog.pg_conversion as con
  join pg_catalog.pg_namespace as nsp on nsp.oid = con.connamespace
  left join pg_catalog.pg_description as des
    on des.classoid = con.tableoid and des.objoid = con.oid and des.objsubid = 0
 where con.oid >= 16384
   and nsp.nspname !~ '^pg_(temp|toast)'
   and not exists (
           select
             from pg_catalog.pg_depend as dep
            where dep.classid = con.tableoid and dep.objid = con.oid and dep.deptype in ('e', 'i')
       )
 order by nsp.nspname, con.conname;
