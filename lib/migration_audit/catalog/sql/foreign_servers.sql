-- Foreign servers.
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
)
select srv.srvname as name,
       fdw.fdwname as wrapper,
       srv.srvtype as type,
       srv.srvversion as version,
       array(
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
             from pg_catalog.pg_options_to_table(srv.srvoptions) as opt
            order by opt.option_name collate "C"
       ) as options,
       pg_catalog.pg_get_userbyid(srv.srvowner) as owner,
       case when srv.srvacl is null then '{}'::pg_catalog.text[] else array(
           -- <privileges acl=srv.srvacl owner=srv.srvowner type=S>
           select line.text
             from (
                   select case acl.grantee
                              when 0 then 'PUBLIC'
                              when srv.srvowner then '(owner)'
                              else pg_catalog.pg_get_userbyid(acl.grantee)::text
                          end
                          || case acl.grantor
                                 when srv.srvowner then ''
                                 else ' (granted by ' || pg_catalog.pg_get_userbyid(acl.grantor) || ')'
                             end
                          || ': '
                          || pg_catalog.string_agg(
                                 acl.privilege_type
                                 || case when acl.is_grantable then ' (with grant option)' else '' end,
                                 ', ' order by acl.privilege_type
                             ) as text
                     from pg_catalog.unnest(srv.srvacl) as item
                    cross join pg_catalog.aclexplode(array[item]) as acl
                    -- The owner's own default is left out: an ACL that was never touched has no entry for it.
                    where acl.grantee <> srv.srvowner or not (item = any (pg_catalog.acldefault('S', srv.srvowner)))
                    group by acl.grantee, acl.grantor
                    union all
                   select '(owner): none'
                    where not exists (
                              select from pg_catalog.aclexplode(srv.srvacl) as acl where acl.grantee = srv.srvowner
                          )
                  ) as line
            order by line.text collate "C"
           -- </privileges>
       ) end as privileges,
       des.description as comment,
       srv.xmin::text || ',' || srv.cmin::text as origin
  from pg_catalog.pg_foreign_server as srv
  join pg_catalog.pg_foreign_data_wrapper as fdw on fdw.oid = srv.srvfdw
  left join pg_catalog.pg_description as des
    on des.classoid = srv.tableoid and des.objoid = srv.oid and des.objsubid = 0
 where srv.oid >= 16384
   and not exists (
           select
             from pg_catalog.pg_depend as dep
            where dep.classid = srv.tableoid and dep.objid = srv.oid and dep.deptype in ('e', 'i')
       )
 order by srv.srvname;
