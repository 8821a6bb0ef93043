-- User-defined text search parsers; they have no owner.
select nsp.nspname as schema,
       prs.prsname as name,
       array(
           select part.name || ' = ' || part.value
             from (
                   values
                       (1, 'START', nullif(prs.prsstart, 0)::pg_catalog.regprocedure::text),
                       (2, 'GETTOKEN', nullif(prs.prstoken, 0)::pg_catalog.regprocedure::text),
                       (3, 'END', nullif(prs.prsend, 0)::pg_catalog.regprocedure::text),
                       (4, 'HEADLINE', nullif(prs.prsheadline, 0)::pg_catalog.regprocedure::text),
                       (5, 'LEXTYPES', nullif(prs.prslextype, 0)::pg_catalog.regprocedure::text)
                  ) as part (position, name, value)
            where part.value is not null
            order by part.position
       ) as functions,
       des.description as comment,
       prs.xmin::text || ',' || prs.cmin::text as origin
  from pg_catalog.pg_ts_parser as prs
  join pg_catalog.pg_namespace as nsp on nsp.oid = prs.prsnamespace
  left join pg_catalog.pg_description as des
    on des.classoid = prs.tableoid and des.objoid = prs.oid and des.objsubid = 0
 where prs.oid >= 16384
   and nsp.nspname !~ '^pg_(temp|toast)'
   and not exists (
           select
             from pg_catalog.pg_depend as dep
            where dep.classid = prs.tableoid and dep.objid = prs.oid and dep.deptype in ('e', 'i')
       )
 order by nsp.nspname, prs.prsname;
