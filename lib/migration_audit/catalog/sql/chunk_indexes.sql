-- Indexes of hypertables that some of their chunks lack or have with other settings, and indexes of chunks alone,
-- with the numbers.
-- Matched by what an index is, not by its name: names are cut, and TimescaleDB keeps no record since 2.22. Of an index
-- with an expression or a predicate only the columns are compared, since its text differs between table and chunk.
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
    select inh.inhparent as parent, inh.inhrelid as child
      from hypertable as hyp
      join pg_catalog.pg_inherits as inh on inh.inhparent = hyp.oid
      join pg_catalog.pg_class as rel on rel.oid = inh.inhrelid and rel.relkind = 'r'
), place as materialized (
    select member.child as oid from member
     union all
    select distinct member.parent from member
), one as materialized (
    select ind.indexrelid, ind.indrelid, ind.indisunique, ind.indnullsnotdistinct, ind.indnkeyatts, ind.indkey,
           ind.indoption::text as options, ind.indclass::text as classes, ind.indcollation::text as collations,
           ind.indisvalid, irl.relam,
           ind.indexprs is not null or ind.indpred is not null as is_special,
           case when irl.reloptions is null then '{}'::pg_catalog.text[] else array(
               select option from pg_catalog.unnest(irl.reloptions) as option order by option collate "C"
           ) end as settings
      from place
      join pg_catalog.pg_index as ind on ind.indrelid = place.oid
      join pg_catalog.pg_class as irl on irl.oid = ind.indexrelid
), named as materialized (
    select one.indexrelid, pg_catalog.array_agg(coalesce(att.attname::text, '') order by key.position) as names
      from one
     cross join lateral pg_catalog.unnest(one.indkey::pg_catalog.int2[]) with ordinality as key (number, position)
      left join pg_catalog.pg_attribute as att
        on att.attrelid = one.indrelid and att.attnum = key.number and key.number > 0
     group by one.indexrelid
), signed as materialized (
    select one.*, named.names from one join named on named.indexrelid = one.indexrelid
), wanted as (
    select par.indexrelid, member.parent, member.child,
           pg_catalog.bool_or(chi.indexrelid is not null) as is_there,
           pg_catalog.bool_or(chi.settings = par.settings) as is_set_alike,
           pg_catalog.min(chi.settings) as settings
      from signed as par
      join member on member.parent = par.indrelid
      left join signed as chi
        on chi.indrelid = member.child
       and chi.names = par.names
       and chi.classes = par.classes
       and chi.collations = par.collations
       and chi.options = par.options
       and chi.relam = par.relam
       and chi.indisunique = par.indisunique
       and chi.indnullsnotdistinct = par.indnullsnotdistinct
       and chi.indnkeyatts = par.indnkeyatts
       and chi.is_special = par.is_special
       and chi.indisvalid
     group by par.indexrelid, member.parent, member.child
)
select hyp.schema_name as schema,
       hyp.table_name as table,
       irl.relname as index,
       own.indisunique as is_unique,
       false as is_beyond,
       pg_catalog.count(*)::pg_catalog.int4 as chunks,
       null as example
  from wanted
  join hypertable as hyp on hyp.oid = wanted.parent
  join pg_catalog.pg_class as irl on irl.oid = wanted.indexrelid
  join pg_catalog.pg_index as own on own.indexrelid = wanted.indexrelid
 where not wanted.is_there
 group by hyp.schema_name, hyp.table_name, irl.relname, own.indisunique
 union all
select hyp.schema_name,
       hyp.table_name,
       pg_catalog.quote_ident(irl.relname) || ' with settings '
       || coalesce(nullif(pg_catalog.array_to_string(wanted.settings, ', '), ''), '(not set)'),
       false,
       true,
       pg_catalog.count(*)::pg_catalog.int4,
       pg_catalog.min(pg_catalog.format('%I.%I', nsp.nspname, rel.relname))
  from wanted
  join hypertable as hyp on hyp.oid = wanted.parent
  join pg_catalog.pg_class as irl on irl.oid = wanted.indexrelid
  join pg_catalog.pg_class as rel on rel.oid = wanted.child
  join pg_catalog.pg_namespace as nsp on nsp.oid = rel.relnamespace
 where wanted.is_there and not wanted.is_set_alike
 group by hyp.schema_name, hyp.table_name, irl.relname, wanted.settings
 union all
select hyp.schema_name,
       hyp.table_name,
       am.amname || ' (' || (
           select pg_catalog.string_agg(
                      case name.text when '' then '(expression)' else pg_catalog.quote_ident(name.text) end, ', '
                      order by name.position
                  )
             from pg_catalog.unnest(chi.names) with ordinality as name (text, position)
       ) || ')' || case when chi.indisvalid then '' else ' (not valid)' end,
       chi.indisunique,
       true,
       pg_catalog.count(distinct member.child)::pg_catalog.int4,
       pg_catalog.min(pg_catalog.format('%I.%I', nsp.nspname, rel.relname))
  from signed as chi
  join member on member.child = chi.indrelid
  join hypertable as hyp on hyp.oid = member.parent
  join pg_catalog.pg_am as am on am.oid = chi.relam
  join pg_catalog.pg_class as rel on rel.oid = member.child
  join pg_catalog.pg_namespace as nsp on nsp.oid = rel.relnamespace
 where not exists (
           select
             from signed as par
            where par.indrelid = member.parent
              and par.names = chi.names
              and par.classes = chi.classes
              and par.collations = chi.collations
              and par.options = chi.options
              and par.relam = chi.relam
              and par.indisunique = chi.indisunique
              and par.indnullsnotdistinct = chi.indnullsnotdistinct
              and par.indnkeyatts = chi.indnkeyatts
              and par.is_special = chi.is_special
       )
 group by hyp.schema_name, hyp.table_name, am.amname, chi.names, chi.indisvalid, chi.indisunique
 order by 1, 2, 5, 3;
