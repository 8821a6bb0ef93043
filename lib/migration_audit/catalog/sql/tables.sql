-- Tables: ordinary, partitioned and foreign ones, partitions included.
-- The origin is the row type's: later DDL rewrites the pg_class row, but not that one.
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
), hidden_relation as (
    -- <hidden_relation>
    select dep.objid as oid
      from pg_catalog.pg_depend as dep
     where dep.refclassid = 'pg_catalog.pg_extension'::pg_catalog.regclass
       and dep.classid = 'pg_catalog.pg_class'::pg_catalog.regclass
       and dep.deptype = 'e'
     union all
    select pg_catalog.unnest(
               coalesce(nullif(pg_catalog.current_setting('migration_audit.hidden_relations', true), ''), '{}')
               ::pg_catalog.oid[]
           )
    -- </hidden_relation>
), relation as (
    -- <relation>
    select rel.tableoid, rel.oid, nsp.nspname, rel.relname, rel.relkind, rel.relowner
      from pg_catalog.pg_class as rel
      join pg_catalog.pg_namespace as nsp on nsp.oid = rel.relnamespace
     where rel.relnamespace not in (select hid.oid from hidden_schema as hid)
       and rel.oid not in (select hid.oid from hidden_relation as hid)
    -- </relation>
), plain_option (name) as (
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
select relation.nspname as schema,
       relation.relname as name,
       case relation.relkind
           when 'r' then 'table' when 'p' then 'partitioned table' else 'foreign table'
       end as relation,
       case rel.relpersistence when 'u' then 'unlogged' else 'permanent' end as persistence,
       ame.amname as access_method,
       tsp.spcname as tablespace,
       case when rel.reloptions is null and toa.reloptions is null and fta.ftoptions is null
            then '{}'::pg_catalog.text[] else array(
           select opt.text
             from (
                   select pg_catalog.unnest(rel.reloptions) as text
                    union all
                   select 'toast.' || pg_catalog.unnest(toa.reloptions)
                    union all
                   select fdw.option_name || '=' || case
                              when fdw.option_name in (select pla.name from plain_option as pla)
                              then fdw.option_value
                              -- <redacted_option option=fdw>
                              else '(redacted)' || coalesce(pg_catalog.chr(30) || pg_catalog.encode(pg_catalog.sha256(
                                  pg_catalog.convert_to(
                                      nullif(pg_catalog.current_setting('migration_audit.salt', true), '')
                                      || fdw.option_name || '=' || fdw.option_value,
                                      pg_catalog.getdatabaseencoding()
                                  )
                              ), 'hex'), '')
                              -- </redacted_option>
                          end
                     from pg_catalog.pg_options_to_table(fta.ftoptions) as fdw
                  ) as opt
            order by opt.text collate "C"
       ) end as options,
       rel.relrowsecurity as row_security,
       rel.relforcerowsecurity as force_row_security,
       case rel.relreplident
           when 'd' then 'default'
           when 'n' then 'nothing'
           when 'f' then 'full'
           else coalesce('index ' || (
               select pg_catalog.quote_ident(irl.relname)
                 from pg_catalog.pg_index as ind
                 join pg_catalog.pg_class as irl on irl.oid = ind.indexrelid
                where ind.indrelid = rel.oid and ind.indisreplident
           ), 'nothing')
       end as replica_identity,
       nullif(rel.reloftype, 0)::pg_catalog.regtype::text as of_type,
       array(
           select case when pns.nspname ~ '^[a-z_][a-z0-9_$]*$' then pns.nspname::text
                       else '"' || pg_catalog.replace(pns.nspname, '"', '""') || '"' end
                  || '.'
                  || case when par.relname ~ '^[a-z_][a-z0-9_$]*$' then par.relname::text
                          else '"' || pg_catalog.replace(par.relname, '"', '""') || '"' end
                  || case when inh.inhdetachpending then ' (detach pending)' else '' end
             from pg_catalog.pg_inherits as inh
             join pg_catalog.pg_class as par on par.oid = inh.inhparent
             join pg_catalog.pg_namespace as pns on pns.oid = par.relnamespace
            where inh.inhrelid = rel.oid
            order by inh.inhseqno
       ) as inherits,
       pg_catalog.pg_get_partkeydef(rel.oid) as partition_key,
       pg_catalog.pg_get_expr(rel.relpartbound, rel.oid) as partition_bound,
       srv.srvname as server,
       array(
           select att.attname::text
             from pg_catalog.pg_attribute as att
            where att.attrelid = rel.oid and att.attnum > 0 and not att.attisdropped
            order by att.attnum
       ) as column_order,
       pg_catalog.pg_get_userbyid(rel.relowner) as owner,
       case when rel.relacl is null then '{}'::pg_catalog.text[] else array(
           -- <privileges acl=rel.relacl owner=rel.relowner type=r>
           select line.text
             from (
                   select case acl.grantee
                              when 0 then 'PUBLIC'
                              when rel.relowner then '(owner)'
                              else pg_catalog.pg_get_userbyid(acl.grantee)::text
                          end
                          || case acl.grantor
                                 when rel.relowner then ''
                                 else ' (granted by ' || pg_catalog.pg_get_userbyid(acl.grantor) || ')'
                             end
                          || ': '
                          || pg_catalog.string_agg(
                                 acl.privilege_type
                                 || case when acl.is_grantable then ' (with grant option)' else '' end,
                                 ', ' order by acl.privilege_type
                             ) as text
                     from pg_catalog.unnest(rel.relacl) as item
                    cross join pg_catalog.aclexplode(array[item]) as acl
                    -- The owner's own default is left out: an ACL that was never touched has no entry for it.
                    where acl.grantee <> rel.relowner or not (item = any (pg_catalog.acldefault('r', rel.relowner)))
                    group by acl.grantee, acl.grantor
                    union all
                   select '(owner): none'
                    where not exists (
                              select from pg_catalog.aclexplode(rel.relacl) as acl where acl.grantee = rel.relowner
                          )
                  ) as line
            order by line.text collate "C"
           -- </privileges>
       ) end || array(
           -- System columns are not user-defined, but have privileges of their own.
           select att.attname || ': '
                  || case when acl.grantee = 0 then 'PUBLIC' else pg_catalog.pg_get_userbyid(acl.grantee)::text end
                  || case acl.grantor
                         when rel.relowner then ''
                         else ' (granted by ' || pg_catalog.pg_get_userbyid(acl.grantor) || ')'
                     end
                  || ': '
                  || pg_catalog.string_agg(
                         acl.privilege_type || case when acl.is_grantable then ' (with grant option)' else '' end,
                         ', ' order by acl.privilege_type
                     )
             from pg_catalog.pg_attribute as att
            cross join pg_catalog.aclexplode(att.attacl) as acl
            where att.attrelid = rel.oid and att.attnum < 0 and att.attacl is not null
            group by att.attname, acl.grantee, acl.grantor
            order by 1
       ) as privileges,
       des.description as comment,
       -- Functions see the newest catalog, and not this transaction's: NULL says that the table was dropped meanwhile.
       case when pg_catalog.pg_table_is_visible(rel.oid) is not null then typ.xmin::text || ',' || typ.cmin::text end
           as origin
  from relation
  join pg_catalog.pg_class as rel on rel.oid = relation.oid
  join pg_catalog.pg_type as typ on typ.oid = rel.reltype
  left join pg_catalog.pg_am as ame on ame.oid = rel.relam
  left join pg_catalog.pg_tablespace as tsp on tsp.oid = rel.reltablespace
  left join pg_catalog.pg_class as toa on toa.oid = rel.reltoastrelid
  left join pg_catalog.pg_foreign_table as fta on fta.ftrelid = rel.oid
  left join pg_catalog.pg_foreign_server as srv on srv.oid = fta.ftserver
  left join pg_catalog.pg_description as des
    on des.classoid = rel.tableoid and des.objoid = rel.oid and des.objsubid = 0
 where relation.relkind in ('r', 'p', 'f')
 order by relation.nspname, relation.relname;
