-- User-defined operators; one that is only named as another one's commutator or negator has no function yet.
select nsp.nspname as schema,
       opr.oprname as name,
       case opr.oprleft when 0 then 'NONE' else pg_catalog.format_type(opr.oprleft, null) end as left,
       pg_catalog.format_type(opr.oprright, null) as right,
       opr.oprcode::pg_catalog.regprocedure::text as function,
       nullif(opr.oprcom, 0)::pg_catalog.regoperator::text as commutator,
       nullif(opr.oprnegate, 0)::pg_catalog.regoperator::text as negator,
       nullif(opr.oprrest, 0)::pg_catalog.regprocedure::text as restrict,
       nullif(opr.oprjoin, 0)::pg_catalog.regprocedure::text as join,
       opr.oprcanmerge as merges,
       opr.oprcanhash as hashes,
       pg_catalog.pg_get_userbyid(opr.oprowner) as owner,
       des.description as comment,
       opr.xmin::text || ',' || opr.cmin::text as origin
  from pg_catalog.pg_operator as opr
  join pg_catalog.pg_namespace as nsp on nsp.oid = opr.oprnamespace
  left join pg_catalog.pg_description as des
    on des.classoid = opr.tableoid and des.objoid = opr.oid and des.objsubid = 0
 where opr.oid >= 16384
   and opr.oprcode <> 0
   and nsp.nspname !~ '^pg_(temp|toast)'
   and not exists (
           select
             from pg_catalog.pg_depend as dep
            where dep.classid = opr.tableoid and dep.objid = opr.oid and dep.deptype in ('e', 'i')
       )
 order by nsp.nspname, opr.oprname, 3, 4;
