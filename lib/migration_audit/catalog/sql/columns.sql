-- Columns of tables, views and materialized views; dropped ones leave no trace, and attribute numbers are not compared.
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
       relation.relname as table,
       att.attname as name,
       nullif(pg_catalog.format_type(att.atttypid, att.atttypmod), '???') as type,
       att.attnotnull as not_null,
       pg_catalog.pg_get_expr(def.adbin, case when att.attgenerated <> '' then def.adrelid else 0 end) as default,
       case att.attgenerated when 's' then 'stored' when 'v' then 'virtual' end as generated,
       case att.attidentity when 'a' then 'always' when 'd' then 'by default' end as identity_kind,
       case when att.attcollation <> typ.typcollation then att.attcollation::pg_catalog.regcollation::text end
           as collation,
       case att.attstorage
           when 'p' then 'plain' when 'e' then 'external' when 'm' then 'main' else 'extended'
       end as storage,
       case att.attcompression when 'p' then 'pglz' when 'l' then 'lz4' end as compression,
       nullif(att.attstattarget, -1)::pg_catalog.int4 as statistics,
       case when att.attfdwoptions is null
                 and (att.attoptions is null or att.attoptions[2] is null and att.attoptions[1] ~ '^pg_attver=')
            then '{}'::pg_catalog.text[] else array(
           select opt.text
             from (
                   select own.text
                     from pg_catalog.unnest(att.attoptions) as own (text)
                    -- PostgreSQL's own mark since the minor releases of November 2026: it cannot be set.
                    where own.text !~ '^pg_attver='
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
                     from pg_catalog.pg_options_to_table(att.attfdwoptions) as fdw
                  ) as opt
            order by opt.text collate "C"
       ) end as options,
       att.attislocal as is_local,
       case when att.attacl is null then '{}'::pg_catalog.text[] else array(
           select line.text
             from (
                   select case acl.grantee
                              when 0 then 'PUBLIC'
                              when relation.relowner then '(owner)'
                              else pg_catalog.pg_get_userbyid(acl.grantee)::text
                          end
                          || case acl.grantor
                                 when relation.relowner then ''
                                 else ' (granted by ' || pg_catalog.pg_get_userbyid(acl.grantor) || ')'
                             end
                          || ': '
                          || pg_catalog.string_agg(
                                 acl.privilege_type
                                 || case when acl.is_grantable then ' (with grant option)' else '' end,
                                 ', ' order by acl.privilege_type
                             ) as text
                     from pg_catalog.unnest(att.attacl) as item
                    cross join pg_catalog.aclexplode(array[item]) as acl
                    group by acl.grantee, acl.grantor
                  ) as line
            order by line.text collate "C"
       ) end as privileges,
       des.description as comment,
       case relation.relkind when 'v' then 'view' when 'm' then 'materialized view' else 'table' end as relation,
       att.xmin::text || ',' || att.cmin::text as origin
  from relation
  join pg_catalog.pg_attribute as att on att.attrelid = relation.oid
  join pg_catalog.pg_type as typ on typ.oid = att.atttypid
  left join pg_catalog.pg_attrdef as def on def.adrelid = att.attrelid and def.adnum = att.attnum
  left join pg_catalog.pg_description as des
    on des.classoid = relation.tableoid and des.objoid = att.attrelid and des.objsubid = att.attnum
 where relation.relkind in ('r', 'p', 'f', 'v', 'm')
   and att.attnum > 0
   and not att.attisdropped;
