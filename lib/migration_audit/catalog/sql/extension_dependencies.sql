-- What is to be dropped with an extension, without being its member.
select obj.type || ' ' || obj.identity as object,
       ext.extname as extension,
       dep.xmin::text || ',' || dep.cmin::text as origin
  from pg_catalog.pg_depend as dep
  join pg_catalog.pg_extension as ext on ext.oid = dep.refobjid
 cross join lateral pg_catalog.pg_identify_object(dep.classid, dep.objid, dep.objsubid) as obj
 where dep.deptype = 'x'
   and dep.refclassid = 'pg_catalog.pg_extension'::pg_catalog.regclass
 order by 1, ext.extname;
