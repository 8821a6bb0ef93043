-- User-defined roles, without their passwords; the server's own superuser where it is not as initdb created it.
select case rol.oid when 10 then '(superuser)' else rol.rolname::text end as name,
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
       (rol.rolvaliduntil at time zone 'UTC')::text as valid_until,
       has.password,
       has.assumed,
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
 cross join lateral (
           select rol.rolname = any (
                      coalesce(nullif(pg_catalog.current_setting('migration_audit.assumed_roles', true), ''), '{}')
                      ::pg_catalog.text[]
                  ),
                  case when rol.oid <> 10
                        and pg_catalog.current_setting('migration_audit.roles', true) = 'own'
                        and pg_catalog.has_table_privilege('pg_catalog.pg_authid', 'select')
                       then (pg_catalog.xpath('//has/text()', pg_catalog.query_to_xml(
                           'select rolpassword is not null as has from pg_catalog.pg_authid where oid = ' || rol.oid,
                           false, true, ''
                       )))[1]::text = 'true' end
      ) as has (assumed, password)
 where case
           when rol.oid = 10
           then not (rol.rolsuper and rol.rolinherit and rol.rolcreaterole and rol.rolcreatedb and rol.rolcanlogin
                     and rol.rolreplication and rol.rolbypassrls and rol.rolconnlimit = -1 and rol.rolvaliduntil is null
                     and des.description is null)
           when has.assumed
           then rol.rolsuper or not rol.rolinherit or rol.rolcreaterole or rol.rolcreatedb or rol.rolcanlogin
                or rol.rolreplication or rol.rolbypassrls or rol.rolconnlimit <> -1 or rol.rolvaliduntil is not null
                or has.password or des.description is not null
           else rol.oid >= 16384
       end
 order by 1;
