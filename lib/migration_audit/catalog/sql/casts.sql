-- User-defined casts.
select pg_catalog.format_type(cas.castsource, null) as source,
       pg_catalog.format_type(cas.casttarget, null) as target,
       case cas.castmethod when 'f' then 'function' when 'b' then 'binary' else 'inout' end as method,
       nullif(cas.castfunc, 0)::pg_catalog.regprocedure::text as function,
       case cas.castcontext when 'e' then 'explicit' when 'a' then 'assignment' else 'implicit' end as context,
       des.description as comment,
       cas.xmin::text || ',' || cas.cmin::text as origin
  from pg_catalog.pg_cast as cas
  left join pg_catalog.pg_description as des
    on des.classoid = cas.tableoid and des.objoid = cas.oid and des.objsubid = 0
 where cas.oid >= 16384
   and not exists (
           select
             from pg_catalog.pg_depend as dep
            where dep.classid = cas.tableoid and dep.objid = cas.oid and dep.deptype in ('e', 'i')
       )
 order by 1, 2;
