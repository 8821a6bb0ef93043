-- Continuous aggregates as users wrote them: TimescaleDB's own version of the query has numbers of one server in it.
with named_table as (
    -- <named_table>
    -- What people know it by: the hypertable of a continuous aggregate goes by the name of the view.
    select hyp.id, rel.oid, agg.mat_hypertable_id is not null as is_aggregate,
           coalesce(agg.user_view_schema, hyp.schema_name) as schema,
           coalesce(agg.user_view_name, hyp.table_name) as table
      from _timescaledb_catalog.hypertable as hyp
      join pg_catalog.pg_namespace as nsp on nsp.nspname = hyp.schema_name
      join pg_catalog.pg_class as rel on rel.relnamespace = nsp.oid and rel.relname = hyp.table_name
      left join _timescaledb_catalog.continuous_agg as agg on agg.mat_hypertable_id = hyp.id
     where exists (select from _timescaledb_catalog.dimension as dim where dim.hypertable_id = hyp.id)
    -- </named_table>
)
select agg.user_view_schema as schema,
       agg.user_view_name as name,
       source.key as source,
       -- One that is made of another reads that one's hypertable, whose name is a number.
       case when parent.id is null then pg_catalog.pg_get_viewdef(dir.oid) else pg_catalog.regexp_replace(
           pg_catalog.regexp_replace(
               pg_catalog.pg_get_viewdef(dir.oid),
               '\m_timescaledb_internal\._materialized_hypertable_' || parent.id || '\M',
               pg_catalog.format('%I.%I', parent.schema, parent.table), 'g'
           ),
           '\m_materialized_hypertable_' || parent.id || '\M', pg_catalog.quote_ident(parent.table), 'g'
       ) end as definition,
       array(
           select pg_catalog.quote_ident(att.attname) || ' ' || pg_catalog.format_type(att.atttypid, att.atttypmod)
             from pg_catalog.pg_attribute as att
            where att.attrelid = rel.oid and att.attnum > 0 and not att.attisdropped
            order by att.attnum
       ) as columns,
       agg.materialized_only,
       -- Columns that only some versions have.
       coalesce((pg_catalog.to_jsonb(agg) ->> 'finalized')::pg_catalog.bool, true) as finalized,
       coalesce((pg_catalog.to_jsonb(agg) ->> 'granular_refresh_enabled')::pg_catalog.bool, false) as granular_refresh,
       (
           select case
                      when coalesce(pro.prorettype, dim.column_type::pg_catalog.oid) in (
                               'pg_catalog.int2'::pg_catalog.regtype, 'pg_catalog.int4'::pg_catalog.regtype,
                               'pg_catalog.int8'::pg_catalog.regtype
                           )
                      then dim.interval_length::text
                      else (
           select dim.interval_length / unit.size || ' ' || unit.name
                  || case when dim.interval_length = unit.size then '' else 's' end
             from (
                   values ('day', 86400000000), ('hour', 3600000000), ('minute', 60000000), ('second', 1000000),
                          ('millisecond', 1000), ('microsecond', 1)
                  ) as unit (name, size)
            where dim.interval_length % unit.size = 0
            order by unit.size desc
            limit 1
           )
                  end
             from _timescaledb_catalog.dimension as dim
             left join pg_catalog.pg_namespace as fns on fns.nspname = dim.partitioning_func_schema
             left join pg_catalog.pg_proc as pro on pro.pronamespace = fns.oid and pro.proname = dim.partitioning_func
            where dim.hypertable_id = agg.mat_hypertable_id and dim.num_slices is null
            order by dim.id
            limit 1
       ) as chunk_interval,
       nullif(hyp.associated_schema_name, '_timescaledb_internal') as chunk_schema,
       array(
           select case when ind.indisunique then 'unique ' else '' end
                  || case when irl.relname ~ ('^_materialized_hypertable_' || agg.mat_hypertable_id || '_') then ''
                          else pg_catalog.quote_ident(irl.relname) || ' ' end
                  || pg_catalog.regexp_replace(pg_catalog.pg_get_indexdef(ind.indexrelid), '^.*? USING ', '')
             from pg_catalog.pg_index as ind
             join pg_catalog.pg_class as irl on irl.oid = ind.indexrelid
            where ind.indrelid = named.oid
            order by 1
       ) as indexes,
       pg_catalog.pg_get_userbyid(rel.relowner) as owner,
       array(
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
                    where rel.relacl is not null
                      and not exists (
                              select from pg_catalog.aclexplode(rel.relacl) as acl where acl.grantee = rel.relowner
                          )
                    union all
                   select 'column ' || pg_catalog.quote_ident(att.attname) || ': '
                          || case acl.grantee
                                 when 0 then 'PUBLIC'
                                 when rel.relowner then '(owner)'
                                 else pg_catalog.pg_get_userbyid(acl.grantee)::text
                             end
                          || ': '
                          || pg_catalog.string_agg(
                                 acl.privilege_type
                                 || case when acl.is_grantable then ' (with grant option)' else '' end,
                                 ', ' order by acl.privilege_type
                             )
                     from pg_catalog.pg_attribute as att
                    cross join pg_catalog.aclexplode(att.attacl) as acl
                    where att.attrelid = rel.oid and att.attnum > 0 and not att.attisdropped
                    group by att.attname, acl.grantee
                  ) as line
            order by line.text collate "C"
       ) as privileges,
       nullif(pg_catalog.concat_ws(
           E'\n',
           des.description,
           (
               select pg_catalog.string_agg(
                          'column ' || pg_catalog.quote_ident(att.attname) || ': ' || cde.description, E'\n'
                          order by att.attnum
                      )
                 from pg_catalog.pg_attribute as att
                 join pg_catalog.pg_description as cde
                   on cde.classoid = rel.tableoid and cde.objoid = rel.oid and cde.objsubid = att.attnum
                where att.attrelid = rel.oid and att.attnum > 0 and not att.attisdropped
           )
       ), '') as comment,
       -- A column that the view of one version has, and that its table has not.
       case when exists (
                select
                  from pg_catalog.pg_attribute as att
                 where att.attrelid = 'timescaledb_information.continuous_aggregates'::pg_catalog.regclass
                   and att.attname = 'invalidate_using'
                   and not att.attisdropped
            )
            then (pg_catalog.xpath('//invalidate_using/text()', pg_catalog.query_to_xml(
                pg_catalog.format(
                    'select invalidate_using from timescaledb_information.continuous_aggregates'
                    ' where view_schema = %L and view_name = %L', agg.user_view_schema, agg.user_view_name
                ), false, true, ''
            )))[1]::text end as invalidate_using,
       agg.xmin::text || ',' || agg.cmin::text as origin
  from _timescaledb_catalog.continuous_agg as agg
  join pg_catalog.pg_namespace as nsp on nsp.nspname = agg.user_view_schema
  join pg_catalog.pg_class as rel on rel.relnamespace = nsp.oid and rel.relname = agg.user_view_name
  join pg_catalog.pg_namespace as dns on dns.nspname = agg.direct_view_schema
  join pg_catalog.pg_class as dir on dir.relnamespace = dns.oid and dir.relname = agg.direct_view_name
  left join _timescaledb_catalog.hypertable as hyp on hyp.id = agg.mat_hypertable_id
  left join named_table as named on named.id = agg.mat_hypertable_id
  left join named_table as parent on parent.id = agg.parent_mat_hypertable_id
  left join named_table as raw on raw.id = agg.raw_hypertable_id
  left join pg_catalog.pg_description as des
    on des.classoid = rel.tableoid and des.objoid = rel.oid and des.objsubid = 0
 cross join lateral (
           select pg_catalog.format('%I.%I', coalesce(parent.schema, raw.schema), coalesce(parent.table, raw.table))
       ) as source (key)
 order by agg.user_view_schema, agg.user_view_name;
