-- User-defined operator classes, with the members that each brings into its family.
select nsp.nspname as schema,
       opc.opcname as name,
       ame.amname as method,
       pg_catalog.format_type(opc.opcintype, null) as type,
       case when fns.nspname ~ '^[a-z_][a-z0-9_$]*$' then fns.nspname::text
            else '"' || pg_catalog.replace(fns.nspname, '"', '""') || '"' end
       || '.'
       || case when opf.opfname ~ '^[a-z_][a-z0-9_$]*$' then opf.opfname::text
               else '"' || pg_catalog.replace(opf.opfname, '"', '""') || '"' end
       || ' USING '
       || case when ame.amname ~ '^[a-z_][a-z0-9_$]*$' then ame.amname::text
               else '"' || pg_catalog.replace(ame.amname, '"', '""') || '"' end as family,
       opc.opcdefault as default,
       case when opc.opckeytype <> 0 then pg_catalog.format_type(opc.opckeytype, null) end as storage,
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
                    where amo.amopfamily = opc.opcfamily and exists (
                              select
                                from pg_catalog.pg_depend as dep
                               where dep.classid = amo.tableoid
                                 and dep.objid = amo.oid
                                 and dep.refclassid = 'pg_catalog.pg_opclass'::pg_catalog.regclass
                                 and dep.refobjid = opc.oid
                          )
                    union all
                   select pg_catalog.format(
                              'FUNCTION %s (%s, %s) %s', amp.amprocnum,
                              pg_catalog.format_type(amp.amproclefttype, null),
                              pg_catalog.format_type(amp.amprocrighttype, null), amp.amproc::pg_catalog.regprocedure
                          )
                     from pg_catalog.pg_amproc as amp
                    where amp.amprocfamily = opc.opcfamily and exists (
                              select
                                from pg_catalog.pg_depend as dep
                               where dep.classid = amp.tableoid
                                 and dep.objid = amp.oid
                                 and dep.refclassid = 'pg_catalog.pg_opclass'::pg_catalog.regclass
                                 and dep.refobjid = opc.oid
                          )
                  ) as mem
            order by mem.text collate "C"
       ) as members,
       pg_catalog.pg_get_userbyid(opc.opcowner) as owner,
       des.description as comment,
       opc.xmin::text || ',' || opc.cmin::text as origin
  from pg_catalog.pg_opclass as opc
  join pg_catalog.pg_namespace as nsp on nsp.oid = opc.opcnamespace
  join pg_catalog.pg_am as ame on ame.oid = opc.opcmethod
  join pg_catalog.pg_opfamily as opf on opf.oid = opc.opcfamily
  join pg_catalog.pg_namespace as fns on fns.oid = opf.opfnamespace
  left join pg_catalog.pg_description as des
    on des.classoid = opc.tableoid and des.objoid = opc.oid and des.objsubid = 0
 where opc.oid >= 16384
   and nsp.nspname !~ '^pg_(temp|toast)'
   and not exists (
           select
             from pg_catalog.pg_depend as dep
            where dep.classid = opc.tableoid and dep.objid = opc.oid and dep.deptype in ('e', 'i')
       )
 order by nsp.nspname, opc.opcname, ame.amname;
