-- User-defined aggregates: ordinary, ordered-set and hypothetical-set ones.
select nsp.nspname as schema,
       pro.proname as name,
       pg_catalog.oidvectortypes(pro.proargtypes) as arguments,
       array[
           case agg.aggkind when 'o' then 'ordered-set ' when 'h' then 'hypothetical-set ' else '' end
           || '(' || pg_catalog.pg_get_function_arguments(pro.oid) || ')'
       ] || array(
           select part.name || ' = ' || part.value
             from (
                   values
                       (1, 'SFUNC', nullif(agg.aggtransfn, 0)::pg_catalog.regprocedure::text),
                       (2, 'STYPE', pg_catalog.format_type(agg.aggtranstype, null)),
                       (3, 'SSPACE', nullif(agg.aggtransspace, 0)::text),
                       (4, 'FINALFUNC', nullif(agg.aggfinalfn, 0)::pg_catalog.regprocedure::text),
                       (5, 'FINALFUNC_EXTRA', nullif(agg.aggfinalextra, false)::text),
                       (6, 'FINALFUNC_MODIFY', agg.aggfinalmodify::text),
                       (7, 'COMBINEFUNC', nullif(agg.aggcombinefn, 0)::pg_catalog.regprocedure::text),
                       (8, 'SERIALFUNC', nullif(agg.aggserialfn, 0)::pg_catalog.regprocedure::text),
                       (9, 'DESERIALFUNC', nullif(agg.aggdeserialfn, 0)::pg_catalog.regprocedure::text),
                       (10, 'INITCOND', agg.agginitval),
                       (11, 'MSFUNC', nullif(agg.aggmtransfn, 0)::pg_catalog.regprocedure::text),
                       (12, 'MINVFUNC', nullif(agg.aggminvtransfn, 0)::pg_catalog.regprocedure::text),
                       (13, 'MSTYPE', pg_catalog.format_type(nullif(agg.aggmtranstype, 0), null)),
                       (14, 'MSSPACE', nullif(agg.aggmtransspace, 0)::text),
                       (15, 'MFINALFUNC', nullif(agg.aggmfinalfn, 0)::pg_catalog.regprocedure::text),
                       (16, 'MFINALFUNC_EXTRA', nullif(agg.aggmfinalextra, false)::text),
                       (17, 'MFINALFUNC_MODIFY', agg.aggmfinalmodify::text),
                       (18, 'MINITCOND', agg.aggminitval),
                       (19, 'SORTOP', nullif(agg.aggsortop, 0)::pg_catalog.regoperator::text),
                       (20, 'PARALLEL', pro.proparallel::text)
                  ) as part (position, name, value)
            where part.value is not null
            order by part.position
       ) as definition,
       pg_catalog.pg_get_userbyid(pro.proowner) as owner,
       case when pro.proacl is null then '{PUBLIC: EXECUTE}'::pg_catalog.text[] else array(
           -- <privileges acl=pro.proacl owner=pro.proowner type=f>
           select line.text
             from (
                   select case acl.grantee
                              when 0 then 'PUBLIC'
                              when pro.proowner then '(owner)'
                              else pg_catalog.pg_get_userbyid(acl.grantee)::text
                          end
                          || case acl.grantor
                                 when pro.proowner then ''
                                 else ' (granted by ' || pg_catalog.pg_get_userbyid(acl.grantor) || ')'
                             end
                          || ': '
                          || pg_catalog.string_agg(
                                 acl.privilege_type
                                 || case when acl.is_grantable then ' (with grant option)' else '' end,
                                 ', ' order by acl.privilege_type
                             ) as text
                     from pg_catalog.unnest(pro.proacl) as item
                    cross join pg_catalog.aclexplode(array[item]) as acl
                    -- The owner's own default is left out: an ACL that was never touched has no entry for it.
                    where acl.grantee <> pro.proowner or not (item = any (pg_catalog.acldefault('f', pro.proowner)))
                    group by acl.grantee, acl.grantor
                    union all
                   select '(owner): none'
                    where not exists (
                              select from pg_catalog.aclexplode(pro.proacl) as acl where acl.grantee = pro.proowner
                          )
                  ) as line
            order by line.text collate "C"
           -- </privileges>
       ) end as privileges,
       des.description as comment,
       pro.xmin::text || ',' || pro.cmin::text as origin
  from pg_catalog.pg_proc as pro
  join pg_catalog.pg_aggregate as agg on agg.aggfnoid = pro.oid
  join pg_catalog.pg_namespace as nsp on nsp.oid = pro.pronamespace
  left join pg_catalog.pg_description as des
    on des.classoid = pro.tableoid and des.objoid = pro.oid and des.objsubid = 0
 where pro.oid >= 16384
   and nsp.nspname !~ '^pg_(temp|toast)'
   and not exists (
           select
             from pg_catalog.pg_depend as dep
            where dep.classid = pro.tableoid and dep.objid = pro.oid and dep.deptype in ('e', 'i')
       )
 order by nsp.nspname, pro.proname, pg_catalog.oidvectortypes(pro.proargtypes) collate "C";
