-- What chunks have otherwise than their hypertable, apart from indexes: owner, privileges, settings, columns, triggers,
-- constraints, and what was put on a chunk alone. Each difference once for each hypertable, with the number of
-- its chunks.
with hypertable as (
    -- <hypertable>
    -- Compressed data has hypertables of its own without a dimension, and so has each continuous aggregate.
    select hyp.id, rel.oid, hyp.schema_name, hyp.table_name
      from _timescaledb_catalog.hypertable as hyp
      join pg_catalog.pg_namespace as nsp on nsp.nspname = hyp.schema_name
      join pg_catalog.pg_class as rel on rel.relnamespace = nsp.oid and rel.relname = hyp.table_name
     where exists (select from _timescaledb_catalog.dimension as dim where dim.hypertable_id = hyp.id)
       and not exists (
               select from _timescaledb_catalog.continuous_agg as agg where agg.mat_hypertable_id = hyp.id
           )
    -- </hypertable>
), member as materialized (
    select par.oid as parent, chi.oid as child, par.relowner as parent_owner, chi.relowner as child_owner,
           par.relacl as parent_acl, chi.relacl as child_acl,
           par.reloptions as parent_options, chi.reloptions as child_options,
           array[par.relpersistence, par.relreplident] as parent_kinds,
           array[chi.relpersistence, chi.relreplident] as child_kinds,
           array[par.relrowsecurity, par.relforcerowsecurity] as parent_security,
           array[chi.relrowsecurity, chi.relforcerowsecurity] as child_security
      from hypertable as hyp
      join pg_catalog.pg_class as par on par.oid = hyp.oid
      join pg_catalog.pg_inherits as inh on inh.inhparent = hyp.oid
      join pg_catalog.pg_class as chi on chi.oid = inh.inhrelid and chi.relkind = 'r'
), row_trigger as materialized (
    -- Statement triggers stay on the hypertable; TimescaleDB's own are not everywhere.
    select tgr.tgrelid, tgr.tgname, tgr.tgenabled,
           row (tgr.tgtype, tgr.tgfoid, tgr.tgargs, tgr.tgqual is null)::text as definition
      from pg_catalog.pg_trigger as tgr
      join pg_catalog.pg_proc as pro on pro.oid = tgr.tgfoid
      join pg_catalog.pg_namespace as nsp on nsp.oid = pro.pronamespace
     where not tgr.tgisinternal and tgr.tgtype & 1 = 1 and nsp.nspname !~ '^_timescaledb_'
), trigger_name as (
    select member.parent, member.child, one.tgname
      from member
      join row_trigger as one on one.tgrelid = member.parent
     union
    select member.parent, member.child, one.tgname
      from member
      join row_trigger as one on one.tgrelid = member.child
), foreign_key as materialized (
    select con.conrelid, con.confrelid, con.convalidated,
           (
               select pg_catalog.string_agg(pg_catalog.quote_ident(att.attname), ', ' order by key.position)
                 from pg_catalog.unnest(con.conkey) with ordinality as key (number, position)
                 join pg_catalog.pg_attribute as att on att.attrelid = con.conrelid and att.attnum = key.number
           ) as columns,
           row (con.confkey, con.confupdtype, con.confdeltype, con.confmatchtype, con.condeferrable,
                con.condeferred)::text
               as definition
      from pg_catalog.pg_constraint as con
     where con.contype = 'f'
       and (con.conrelid in (select parent from member) or con.conrelid in (select child from member))
), key_name as (
    select member.parent, member.child, one.confrelid, one.columns, one.definition
      from member
      join foreign_key as one on one.conrelid = member.parent
     union
    select member.parent, member.child, one.confrelid, one.columns, one.definition
      from member
      join foreign_key as one on one.conrelid = member.child
), difference as (
    select member.parent, member.child, 'owner ' || pg_catalog.pg_get_userbyid(member.child_owner) as what
      from member
     where member.child_owner <> member.parent_owner
     union all
    select member.parent, member.child,
           case when held.is_on_chunk then '' else 'no ' end || held.privilege_type
           || case when held.is_grantable then ' with grant option' else '' end || ' for '
           || case held.grantee when 0 then 'PUBLIC' when 1 then 'the owner'
                   else pg_catalog.pg_get_userbyid(held.grantee)::text end
      from member
     cross join lateral (
               select acl.grantee, acl.privilege_type, acl.is_grantable,
                      pg_catalog.bool_or(acl.is_on_chunk) as is_on_chunk
                 from (
                       -- No role has the number 1, which stands for the owner on both sides.
                       select case acl.grantee when member.parent_owner then 1::pg_catalog.oid else acl.grantee end,
                              acl.privilege_type, acl.is_grantable, false
                         from pg_catalog.aclexplode(
                                  coalesce(member.parent_acl, pg_catalog.acldefault('r', member.parent_owner))
                              ) as acl
                        union
                       select case acl.grantee when member.child_owner then 1::pg_catalog.oid else acl.grantee end,
                              acl.privilege_type, acl.is_grantable, true
                         from pg_catalog.aclexplode(
                                  coalesce(member.child_acl, pg_catalog.acldefault('r', member.child_owner))
                              ) as acl
                      ) as acl (grantee, privilege_type, is_grantable, is_on_chunk)
                group by acl.grantee, acl.privilege_type, acl.is_grantable
               having pg_catalog.count(*) = 1
           ) as held
     where member.parent_acl::text is distinct from member.child_acl::text
     union all
    select member.parent, member.child,
           'settings ' || coalesce(nullif(pg_catalog.array_to_string(member.child_options, ', '), ''), '(not set)')
      from member
     where array(select pg_catalog.unnest(member.parent_options) order by 1)
           <> array(select pg_catalog.unnest(member.child_options) order by 1)
     union all
    select member.parent, member.child,
           case when member.parent_kinds[1] <> member.child_kinds[1] then 'persistence ' || member.child_kinds[1]::text
                else 'replica identity ' || member.child_kinds[2]::text end
      from member
     where member.parent_kinds <> member.child_kinds
     union all
    select member.parent, member.child, 'row security'
      from member
     -- That of the hypertable never reaches its chunks.
     where not member.parent_security[1] and member.child_security[1]
     union all
    select member.parent, member.child,
           'column ' || pg_catalog.quote_ident(chi.attname) || ': ' || pg_catalog.concat_ws(
               ', ',
               case when par.attnotnull and not chi.attnotnull then 'no NOT NULL'
                    when chi.attnotnull and not par.attnotnull then 'NOT NULL' end,
               case when coalesce(par.attstattarget::pg_catalog.int4, -1)
                   <> coalesce(chi.attstattarget::pg_catalog.int4, -1)
                    then 'statistics ' || coalesce(chi.attstattarget::text, '-1') end,
               case when own.parent_options <> own.child_options
                    then 'options ' || coalesce(
                             nullif(pg_catalog.array_to_string(own.child_options, ', '), ''), '(not set)'
                         ) end,
               case when par.attstorage <> chi.attstorage then 'storage ' || chi.attstorage::text end,
               case when par.attcompression <> chi.attcompression then 'compression ' || chi.attcompression::text end,
               case when par.attacl::text is distinct from chi.attacl::text and chi.attacl is not null
                    then 'privileges of its own' end
           )
      from member
      join pg_catalog.pg_attribute as par on par.attrelid = member.parent and par.attnum > 0 and not par.attisdropped
      join pg_catalog.pg_attribute as chi on chi.attrelid = member.child and chi.attname = par.attname
     cross join lateral (
               -- Some builds keep a number of their own among the options.
               select array(
                          select option from pg_catalog.unnest(par.attoptions) as option
                           where option !~ '^pg_attver=' order by option collate "C"
                      ) as parent_options,
                      array(
                          select option from pg_catalog.unnest(chi.attoptions) as option
                           where option !~ '^pg_attver=' order by option collate "C"
                      ) as child_options
           ) as own
     where par.attnotnull <> chi.attnotnull
        or coalesce(par.attstattarget::pg_catalog.int4, -1) <> coalesce(chi.attstattarget::pg_catalog.int4, -1)
        or (par.attoptions is not null or chi.attoptions is not null) and own.parent_options <> own.child_options
        or par.attstorage <> chi.attstorage
        or par.attcompression <> chi.attcompression
        or (chi.attacl is not null and par.attacl::text is distinct from chi.attacl::text)
     union all
    select name.parent, name.child,
           case when chi.tgname is null then 'no ' else '' end || 'trigger ' || pg_catalog.quote_ident(name.tgname)
           || case when chi.tgname is null or par.tgname is null then ''
                   when par.definition <> chi.definition then ' (another one)'
                   when chi.tgenabled = 'D' then ' (disabled)' else ' (enabled otherwise)' end
      from trigger_name as name
      left join row_trigger as par on par.tgrelid = name.parent and par.tgname = name.tgname
      left join row_trigger as chi on chi.tgrelid = name.child and chi.tgname = name.tgname
     where row (par.definition, par.tgenabled) is distinct from row (chi.definition, chi.tgenabled)
     union all
    select name.parent, name.child,
           case when chi.conrelid is null then 'no ' else '' end || 'foreign key on ' || name.columns || ' to '
           || name.confrelid::pg_catalog.regclass::text
           || case when par.convalidated and not chi.convalidated then ' (not validated)' else '' end
      from key_name as name
      left join foreign_key as par
        on par.conrelid = name.parent and par.confrelid = name.confrelid and par.columns = name.columns
       and par.definition = name.definition
      left join foreign_key as chi
        on chi.conrelid = name.child and chi.confrelid = name.confrelid and chi.columns = name.columns
       and chi.definition = name.definition
     where par.conrelid is null or chi.conrelid is null or par.convalidated <> chi.convalidated
     union all
    -- TimescaleDB's own say which part of the table a chunk holds.
    select member.parent, member.child, 'check ' || pg_catalog.quote_ident(con.conname)
      from member
      join pg_catalog.pg_constraint as con on con.conrelid = member.child and con.contype = 'c' and con.coninhcount = 0
     where con.conname !~ '^constraint_[0-9]+$'
     union all
    select member.parent, member.child, 'policy ' || pg_catalog.quote_ident(pol.polname)
      from member
      join pg_catalog.pg_policy as pol on pol.polrelid = member.child
     union all
    select member.parent, member.child, 'rule ' || pg_catalog.quote_ident(rew.rulename)
      from member
      join pg_catalog.pg_rewrite as rew on rew.ev_class = member.child
     union all
    select member.parent, member.child, 'statistics object ' || pg_catalog.quote_ident(sta.stxname)
      from member
      join pg_catalog.pg_statistic_ext as sta on sta.stxrelid = member.child
), counted as (
    select difference.parent, difference.what, pg_catalog.count(distinct difference.child) as chunks,
           pg_catalog.min(difference.child) as example
      from difference
     group by difference.parent, difference.what
), ranked as (
    select counted.*,
           pg_catalog.row_number() over (
               partition by counted.parent order by counted.chunks desc, counted.what collate "C"
           ) as number
      from counted
)
select hyp.schema_name as schema,
       hyp.table_name as table,
       ranked.what,
       ranked.chunks::pg_catalog.int4 as chunks,
       pg_catalog.format('%I.%I', nsp.nspname, chi.relname) as example
  from ranked
  join hypertable as hyp on hyp.oid = ranked.parent
  join pg_catalog.pg_class as chi on chi.oid = ranked.example
  join pg_catalog.pg_namespace as nsp on nsp.oid = chi.relnamespace
 where ranked.number <= 100
 order by hyp.schema_name, hyp.table_name, ranked.number;
