-- Access methods that no extension brought.
select ame.amname as name,
       case ame.amtype when 't' then 'table' else 'index' end as type,
       ame.amhandler::pg_catalog.regprocedure::text as handler,
       des.description as comment,
       ame.xmin::text || ',' || ame.cmin::text as origin
  from pg_catalog.pg_am as ame
  left join pg_catalog.pg_description as des
    on des.classoid = ame.tableoid and des.objoid = ame.oid and des.objsubid = 0
 where ame.oid >= 16384
   and not exists (
           select
             from pg_catalog.pg_depend as dep
            where dep.classid = ame.tableoid and dep.objid = ame.oid and dep.deptype in ('e', 'i')
       )
 order by ame.amname;
