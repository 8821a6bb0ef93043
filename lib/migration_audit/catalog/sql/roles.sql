-- Roles that somebody made, without their passwords: not those of initdb, and not the bootstrap superuser.
select rol.rolname as name,
       array(
           select att.name
             from (
                   values
                       ('SUPERUSER', rol.rolsuper), ('NOINHERIT', not rol.rolinherit),
                       ('CREATEROLE', rol.rolcreaterole), ('CREATEDB', rol.rolcreatedb),
                       ('LOGIN', rol.rolcanlogin), ('REPLICATION', rol.rolreplication), ('BYPASSRLS', rol.rolbypassrls)
                  ) as att (name, is_set)
            where att.is_set
            order by att.name collate "C"
       ) as attributes,
       nullif(rol.rolconnlimit, -1) as connection_limit,
       rol.rolvaliduntil::text as valid_until,
       des.description as comment,
       -- The catalog behind this view is open to superusers alone.
       coalesce(
           case when pg_catalog.has_table_privilege('pg_catalog.pg_authid', 'select')
                then (pg_catalog.xpath('//origin/text()', pg_catalog.query_to_xml(
                    'select xmin::text || '','' || cmin::text as origin from pg_catalog.pg_authid where oid = '
                    || rol.oid, false, true, ''
                )))[1]::text end,
           '0,0'
       ) as origin
  from pg_catalog.pg_roles as rol
  left join pg_catalog.pg_shdescription as des
    on des.classoid = 'pg_catalog.pg_authid'::pg_catalog.regclass and des.objoid = rol.oid
 where rol.oid >= 16384
 order by rol.rolname;
