-- Enum, domain, composite, range, base and shell types; array, row and multirange types come with another object.
with hidden_schema as (
    -- <hidden_schema>
    select nsp.oid
      from pg_catalog.pg_namespace as nsp
     where nsp.nspname ~ '^pg_'
        or nsp.nspname = 'information_schema'
        or exists (
               select
                 from pg_catalog.pg_depend as dep
                 join pg_catalog.pg_extension as ext on ext.oid = dep.refobjid
                where dep.classid = 'pg_catalog.pg_namespace'::pg_catalog.regclass
                  and dep.objid = nsp.oid
                  and dep.deptype = 'e'
                  and ext.extname = 'timescaledb'
           )
    -- </hidden_schema>
)
select nsp.nspname as schema,
       typ.typname as name,
       case typ.typtype
           when 'e' then 'enum' when 'd' then 'domain' when 'c' then 'composite' when 'r' then 'range'
           when 'b' then 'base' else 'shell'
       end as category,
       case typ.typtype
           when 'e' then array(
               select pg_catalog.quote_literal(enu.enumlabel)
                 from pg_catalog.pg_enum as enu
                where enu.enumtypid = typ.oid
                order by enu.enumsortorder
           )
           when 'd' then array[pg_catalog.format_type(typ.typbasetype, typ.typtypmod)]
               || case when typ.typcollation <> bas.typcollation
                       then array['COLLATE ' || typ.typcollation::pg_catalog.regcollation::text] else '{}' end
               || case when typ.typdefault is not null
                       then array['DEFAULT ' || coalesce(
                           pg_catalog.pg_get_expr(typ.typdefaultbin, 0), typ.typdefault
                       )] else '{}' end
               || case when typ.typnotnull then array[coalesce(
                           (
                               -- PostgreSQL 17 and later name it, and take several.
                               select pg_catalog.string_agg(
                                          pg_catalog.format('CONSTRAINT %I NOT NULL', con.conname), ' '
                                          order by con.conname
                                      )
                                 from pg_catalog.pg_constraint as con
                                where con.contypid = typ.oid
                                  and con.contype = 'n'
                                  and con.conname <> typ.typname || '_not_null'
                           ),
                           'NOT NULL'
                       )] else '{}' end
               || array(
                      select pg_catalog.format('CONSTRAINT %I ', con.conname)
                             || pg_catalog.pg_get_constraintdef(con.oid)
                        from pg_catalog.pg_constraint as con
                       where con.contypid = typ.oid and con.contype = 'c'
                       order by con.conname
                  )
           when 'c' then array(
               select pg_catalog.quote_ident(att.attname) || ' '
                      || pg_catalog.format_type(att.atttypid, att.atttypmod)
                      || case when att.attcollation <> aty.typcollation
                              then ' COLLATE ' || att.attcollation::pg_catalog.regcollation::text else '' end
                 from pg_catalog.pg_attribute as att
                 join pg_catalog.pg_type as aty on aty.oid = att.atttypid
                where att.attrelid = typ.typrelid and att.attnum > 0 and not att.attisdropped
                order by att.attnum
           )
           when 'b' then array(
               select part.name || ' = ' || part.value
                 from (
                       values
                           (1, 'INPUT', nullif(typ.typinput, 0)::pg_catalog.regprocedure::text),
                           (2, 'OUTPUT', nullif(typ.typoutput, 0)::pg_catalog.regprocedure::text),
                           (3, 'RECEIVE', nullif(typ.typreceive, 0)::pg_catalog.regprocedure::text),
                           (4, 'SEND', nullif(typ.typsend, 0)::pg_catalog.regprocedure::text),
                           (5, 'TYPMOD_IN', nullif(typ.typmodin, 0)::pg_catalog.regprocedure::text),
                           (6, 'TYPMOD_OUT', nullif(typ.typmodout, 0)::pg_catalog.regprocedure::text),
                           (7, 'ANALYZE', nullif(typ.typanalyze, 0)::pg_catalog.regprocedure::text),
                           (8, 'SUBSCRIPT', nullif(typ.typsubscript, 0)::pg_catalog.regprocedure::text),
                           (9, 'INTERNALLENGTH', case typ.typlen when -1 then 'VARIABLE' else typ.typlen::text end),
                           (10, 'PASSEDBYVALUE', nullif(typ.typbyval, false)::text),
                           (11, 'ALIGNMENT', typ.typalign::text),
                           (12, 'STORAGE', typ.typstorage::text),
                           (13, 'CATEGORY', typ.typcategory::text),
                           (14, 'PREFERRED', nullif(typ.typispreferred, false)::text),
                           (15, 'DEFAULT', typ.typdefault),
                           (16, 'ELEMENT', pg_catalog.format_type(nullif(typ.typelem, 0), null)),
                           (17, 'DELIMITER', typ.typdelim::text),
                           (18, 'COLLATABLE', nullif(typ.typcollation <> 0, false)::text)
                      ) as part (position, name, value)
                where part.value is not null
                order by part.position
           )
           when 'p' then '{}'::pg_catalog.text[]
           else array(
               select opt.text
                 from (
                       select 1, 'SUBTYPE = ' || pg_catalog.format_type(ran.rngsubtype, null)
                        union all
                       select 2, 'SUBTYPE_OPCLASS = ' || pg_catalog.format('%I.%I', ons.nspname, opc.opcname)
                         from pg_catalog.pg_opclass as opc
                         join pg_catalog.pg_namespace as ons on ons.oid = opc.opcnamespace
                        where opc.oid = ran.rngsubopc
                        union all
                       select 3, 'COLLATION = ' || ran.rngcollation::pg_catalog.regcollation::text
                        where ran.rngcollation <> 0
                        union all
                       select 4, 'CANONICAL = ' || ran.rngcanonical::pg_catalog.regproc::text
                        where ran.rngcanonical <> 0
                        union all
                       select 5, 'SUBTYPE_DIFF = ' || ran.rngsubdiff::pg_catalog.regproc::text
                        where ran.rngsubdiff <> 0
                        union all
                       select 6, 'MULTIRANGE_TYPE_NAME = ' || pg_catalog.format_type(ran.rngmultitypid, null)
                      ) as opt (position, text)
                order by opt.position
           )
       end as definition,
       pg_catalog.pg_get_userbyid(typ.typowner) as owner,
       case when typ.typacl is null then '{PUBLIC: USAGE}'::pg_catalog.text[] else array(
           -- <privileges acl=typ.typacl owner=typ.typowner type=T>
           select line.text
             from (
                   select case acl.grantee
                              when 0 then 'PUBLIC'
                              when typ.typowner then '(owner)'
                              else pg_catalog.pg_get_userbyid(acl.grantee)::text
                          end
                          || case acl.grantor
                                 when typ.typowner then ''
                                 else ' (granted by ' || pg_catalog.pg_get_userbyid(acl.grantor) || ')'
                             end
                          || ': '
                          || pg_catalog.string_agg(
                                 acl.privilege_type
                                 || case when acl.is_grantable then ' (with grant option)' else '' end,
                                 ', ' order by acl.privilege_type
                             ) as text
                     from pg_catalog.unnest(typ.typacl) as item
                    cross join pg_catalog.aclexplode(array[item]) as acl
                    -- The owner's own default is left out: an ACL that was never touched has no entry for it.
                    where acl.grantee <> typ.typowner or not (item = any (pg_catalog.acldefault('T', typ.typowner)))
                    group by acl.grantee, acl.grantor
                    union all
                   select '(owner): none'
                    where not exists (
                              select from pg_catalog.aclexplode(typ.typacl) as acl where acl.grantee = typ.typowner
                          )
                  ) as line
            order by line.text collate "C"
           -- </privileges>
       ) end as privileges,
       nullif(pg_catalog.concat_ws(
           E'\n',
           des.description,
           -- Comments on an attribute or on a domain's constraint have no other place.
           (
               select pg_catalog.string_agg(part.text, E'\n' order by part.text collate "C")
                 from (
                       select pg_catalog.format('attribute %I: %s', att.attname, sub.description)
                         from pg_catalog.pg_attribute as att
                         join pg_catalog.pg_description as sub
                           on sub.classoid = 'pg_catalog.pg_class'::pg_catalog.regclass
                          and sub.objoid = att.attrelid and sub.objsubid = att.attnum
                        where typ.typtype = 'c' and att.attrelid = typ.typrelid
                        union all
                       select pg_catalog.format('constraint %I: %s', con.conname, sub.description)
                         from pg_catalog.pg_constraint as con
                         join pg_catalog.pg_description as sub
                           on sub.classoid = 'pg_catalog.pg_constraint'::pg_catalog.regclass and sub.objoid = con.oid
                        where typ.typtype = 'd' and con.contypid = typ.oid
                        union all
                       select pg_catalog.format('multirange: %s', sub.description)
                         from pg_catalog.pg_description as sub
                        where sub.classoid = typ.tableoid and sub.objoid = ran.rngmultitypid and sub.objsubid = 0
                      ) as part (text)
           )
       ), '') as comment,
       typ.xmin::text || ',' || typ.cmin::text as origin
  from pg_catalog.pg_type as typ
  join pg_catalog.pg_namespace as nsp on nsp.oid = typ.typnamespace
  left join pg_catalog.pg_class as rel on rel.oid = typ.typrelid
  left join pg_catalog.pg_type as bas on bas.oid = typ.typbasetype
  left join pg_catalog.pg_range as ran on ran.rngtypid = typ.oid
  left join pg_catalog.pg_description as des
    on des.classoid = typ.tableoid and des.objoid = typ.oid and des.objsubid = 0
 where (typ.typtype in ('e', 'd', 'r', 'b', 'p') or typ.typtype = 'c' and rel.relkind = 'c')
   and typ.oid >= 16384
   and typ.typnamespace not in (select hid.oid from hidden_schema as hid)
   and not exists (
           select
             from pg_catalog.pg_depend as dep
            where dep.classid = typ.tableoid and dep.objid = typ.oid and dep.deptype in ('e', 'i')
       )
 order by nsp.nspname, typ.typname;
