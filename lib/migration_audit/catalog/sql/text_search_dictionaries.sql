-- User-defined text search dictionaries.
select nsp.nspname as schema,
       dic.dictname as name,
       pg_catalog.format('%I.%I', tns.nspname, tmp.tmplname) as template,
       dic.dictinitoption as definition,
       pg_catalog.pg_get_userbyid(dic.dictowner) as owner,
       des.description as comment,
       dic.xmin::text || ',' || dic.cmin::text as origin
  from pg_catalog.pg_ts_dict as dic
  join pg_catalog.pg_namespace as nsp on nsp.oid = dic.dictnamespace
  join pg_catalog.pg_ts_template as tmp on tmp.oid = dic.dicttemplate
  join pg_catalog.pg_namespace as tns on tns.oid = tmp.tmplnamespace
  left join pg_catalog.pg_description as des
    on des.classoid = dic.tableoid and des.objoid = dic.oid and des.objsubid = 0
 where dic.oid >= 16384
   and nsp.nspname !~ '^pg_(temp|toast)'
   and not exists (
           select
             from pg_catalog.pg_depend as dep
            where dep.classid = dic.tableoid and dep.objid = dic.oid and dep.deptype in ('e', 'i')
       )
 order by nsp.nspname, dic.dictname;
