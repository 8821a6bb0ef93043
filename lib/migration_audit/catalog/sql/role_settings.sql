-- Settings of roles, in all databases and in this one; what ALTER DATABASE SET says is the database's.
select case drs.setrole when 10 then '(superuser)' else rol.rolname::text end as role,
       drs.setdatabase <> 0 as database,
       array(
           select case when pg_catalog.split_part(opt.text, '=', 1) ~ '[.]'
                       then pg_catalog.split_part(opt.text, '=', 1) || '=(redacted)'
                            || coalesce(pg_catalog.chr(30) || pg_catalog.encode(pg_catalog.sha256(
                                pg_catalog.convert_to(
                                    nullif(pg_catalog.current_setting('migration_audit.salt', true), '')
                                    || opt.text,
                                    pg_catalog.getdatabaseencoding()
                                )
                            ), 'hex'), '')
                       else opt.text end
             from pg_catalog.unnest(drs.setconfig) as opt (text)
            order by opt.text collate "C"
       ) as options,
       drs.xmin::text || ',' || drs.cmin::text as origin
  from pg_catalog.pg_db_role_setting as drs
  left join pg_catalog.pg_roles as rol on rol.oid = drs.setrole
  left join pg_catalog.pg_database as dat on dat.oid = drs.setdatabase
 where (drs.setdatabase = 0 or dat.datname = pg_catalog.current_database())
   and not (drs.setrole = 0 and drs.setdatabase <> 0)
 order by 1, 2;
