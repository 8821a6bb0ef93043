-- Transforms: how a procedural language sees a type.
select pg_catalog.format_type(trf.trftype, null) as type,
       lan.lanname as language,
       nullif(trf.trffromsql, 0)::pg_catalog.regprocedure::text as from_sql,
       nullif(trf.trftosql, 0)::pg_catalog.regprocedure::text as to_sql,
       des.description as comment,
       trf.xmin::text || ',' || trf.cmin::text as origin
  from pg_catalog.pg_transform as trf
  join pg_catalog.pg_language as lan on lan.oid = trf.trflang
  left join pg_catalog.pg_description as des
    on des.classoid = trf.tableoid and des.objoid = trf.oid and des.objsubid = 0
 where trf.oid >= 16384
   and not exists (
           select
             from pg_catalog.pg_depend as dep
            where dep.classid = trf.tableoid and dep.objid = trf.oid and dep.deptype in ('e', 'i')
       )
 order by 1, lan.lanname;
