-- User-defined text search templates; they have no owner.
select nsp.nspname as schema,
       tmp.tmplname as name,
       array(
           select part.name || ' = ' || part.value
             from (
                   values
                       (1, 'INIT', nullif(tmp.tmplinit, 0)::pg_catalog.regprocedure::text),
                       (2, 'LEXIZE', nullif(tmp.tmpllexize, 0)::pg_catalog.regprocedure::text)
                  ) as part (position, name, value)
            where part.value is not null
            order by part.position
       ) as functions,
       des.description as comment,
       tmp.xmin::text || ',' || tmp.cmin::text as origin
  from pg_catalog.pg_ts_template as tmp
  join pg_catalog.pg_namespace as nsp on nsp.oid = tmp.tmplnamespace
  left join pg_catalog.pg_description as des
    on des.classoid = tmp.tableoid and des.objoid = tmp.oid and des.objsubid = 0
 where tmp.oid >= 16384
   and nsp.nspname !~ '^pg_(temp|toast)'
   and not exists (
           select
             from pg_catalog.pg_depend as dep
            where dep.classid = tmp.tableoid and dep.objid = tmp.oid and dep.deptype in ('e', 'i')
       )
 order by nsp.nspname, tmp.tmplname;
