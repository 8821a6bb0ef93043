-- User mappings. Their catalog is open to superusers alone: other roles see names, and the origin is unknown.
with plain_option (name) as (
    -- <plain_option>
    -- Options of postgres_fdw, dblink and file_fdw whose values are no secrets; every other value is redacted.
    values ('analyze_sampling'), ('application_name'), ('async_capable'), ('batch_size'), ('client_encoding'),
           ('column_name'), ('connect_timeout'), ('dbname'), ('delimiter'), ('encoding'), ('escape'),
           ('extensions'), ('fdw_startup_cost'), ('fdw_tuple_cost'), ('fetch_size'), ('filename'),
           ('force_not_null'), ('force_null'), ('format'), ('header'), ('host'), ('hostaddr'),
           ('import_collate'), ('import_default'), ('import_generated'), ('import_not_null'),
           ('keep_connections'), ('null'), ('parallel_abort'), ('parallel_commit'), ('password_required'),
           ('port'), ('quote'), ('schema_name'), ('service'), ('sslmode'), ('table_name'),
           ('target_session_attrs'), ('truncatable'), ('updatable'), ('use_remote_estimate'), ('user'),
           ('username')
    -- </plain_option>
), mapping as (
    select ump.umid as oid,
           ump.srvname,
           case ump.umuser when 0 then 'PUBLIC' else pg_catalog.pg_get_userbyid(ump.umuser)::text end as usename,
           ump.umoptions,
           -- What the view itself asks for.
           pg_catalog.has_table_privilege('pg_catalog.pg_user_mapping', 'select')
           or (select rol.rolsuper from pg_catalog.pg_roles as rol where rol.rolname = current_user)
           or ump.umuser <> 0 and ump.usename = current_user
              and (pg_catalog.pg_has_role(srv.srvowner, 'usage')
                   or pg_catalog.has_server_privilege(srv.oid, 'usage'))
           or ump.umuser = 0 and pg_catalog.pg_has_role(srv.srvowner, 'usage') as is_readable
      from pg_catalog.pg_user_mappings as ump
      join pg_catalog.pg_foreign_server as srv on srv.oid = ump.srvid
)
select map.usename as user,
       map.srvname as server,
       case when not map.is_readable then array['(not readable)'] else array(
           select opt.option_name || '=' || case
                      when opt.option_name in (select pla.name from plain_option as pla) then opt.option_value
                      -- <redacted_option option=opt>
                      else '(redacted)' || coalesce(pg_catalog.chr(30) || pg_catalog.encode(pg_catalog.sha256(
                          pg_catalog.convert_to(
                              nullif(pg_catalog.current_setting('migration_audit.salt', true), '')
                              || opt.option_name || '=' || opt.option_value,
                              pg_catalog.getdatabaseencoding()
                          )
                      ), 'hex'), '')
                      -- </redacted_option>
                  end
             from pg_catalog.pg_options_to_table(map.umoptions) as opt
            order by opt.option_name collate "C"
       ) end as options,
       coalesce(
           case when pg_catalog.has_table_privilege('pg_catalog.pg_user_mapping', 'select')
                then (pg_catalog.xpath('//origin/text()', pg_catalog.query_to_xml(
                    'select xmin::text || '','' || cmin::text as origin from pg_catalog.pg_user_mapping where oid = '
                    || map.oid, false, true, ''
                )))[1]::text end,
           '0,0'
       ) as origin
  from mapping as map
 where map.oid >= 16384
   and not exists (
           select
             from pg_catalog.pg_depend as dep
            where dep.classid = 'pg_catalog.pg_user_mapping'::pg_catalog.regclass
              and dep.objid = map.oid
              and dep.deptype = 'e'
       )
 order by map.usename, map.srvname;
