-- User-defined operator families, with the members that do not belong to one of their classes.
select nsp.nspname as schema,
       opf.opfname as name,
       ame.amname as method,
       array(
           select mem.text
             from (
                   select 'OPERATOR ' || amo.amopstrategy || ' ' || amo.amopopr::pg_catalog.regoperator::text
                          || case when amo.amoppurpose = 'o' then pg_catalog.format(
                                 ' FOR ORDER BY %I.%I', sns.nspname, sor.opfname
                             ) else '' end as text
                     from pg_catalog.pg_amop as amo
                     left join pg_catalog.pg_opfamily as sor on sor.oid = amo.amopsortfamily
                     left join pg_catalog.pg_namespace as sns on sns.oid = sor.opfnamespace
                    where amo.amopfamily = opf.oid
                      and not exists (
                              select
                                from pg_catalog.pg_depend as dep
                               where dep.classid = amo.tableoid
                                 and dep.objid = amo.oid
                                 and dep.refclassid = 'pg_catalog.pg_opclass'::pg_catalog.regclass
                          )
                    union all
                   select pg_catalog.format(
                              'FUNCTION %s (%s, %s) %s', amp.amprocnum,
                              pg_catalog.format_type(amp.amproclefttype, null),
                              pg_catalog.format_type(amp.amprocrighttype, null), amp.amproc::pg_catalog.regprocedure
                          )
                     from pg_catalog.pg_amproc as amp
                    where amp.amprocfamily = opf.oid
                      and not exists (
                              select
                                from pg_catalog.pg_depend as dep
                               where dep.classid = amp.tableoid
                                 and dep.objid = amp.oid
                                 and dep.refclassid = 'pg_catalog.pg_opclass'::pg_catalog.regclass
                          )
                  ) as mem
            order by mem.text collate "C"
       ) as members,
       pg_catalog.pg_get_userbyid(opf.opfowner) as owner,
       des.description as comment,
       opf.xmin::text || ',' || opf.cmin::text as origin
  from pg_catalog.pg_opfamily as opf
  join pg_catalog.pg_namespace as nsp on nsp.oid = opf.opfnamespace
  join pg_catalog.pg_am as ame on ame.oid = opf.opfmethod
  left join pg_catalog.pg_description as des
    on des.classoid = opf.tableoid and des.objoid = opf.oid and des.objsubid = 0
 where opf.oid >= 16384
   and nsp.nspname !~ '^pg_(temp|toast)'
   and not exists (
           select
             from pg_catalog.pg_depend as dep
            where dep.classid = opf.tableoid and dep.objid = opf.oid and dep.deptype in ('e', 'i')
       )
 order by nsp.nspname, opf.opfname, ame.amname;
