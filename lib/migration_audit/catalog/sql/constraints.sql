-- Constraints of tables.
-- NOT NULL is an attribute of the column. PostgreSQL 18 has a row for it too, which is read where it has more than
-- that: a chosen name, NO INHERIT, NOT VALID, or a comment.
-- A foreign key of or to a partitioned table or a hypertable has a clone for each of its parts. They are left out: all
-- but their names follows from the key itself, and a restored dump gives them other names.
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
), not_watched as materialized (
    -- What ALTER TABLE, DISABLE TRIGGER ALL made of the triggers behind constraints: hardly ever a row.
    select trg.tgconstraint, trg.tgrelid,
           case trg.tgenabled when 'D' then 'disabled' when 'R' then 'replica' else 'always' end
           || ' on ' || trg.tgrelid::pg_catalog.regclass as text
      from pg_catalog.pg_trigger as trg
     where trg.tgisinternal and trg.tgenabled <> 'O' and trg.tgconstraint <> 0
)
select relation.nspname as schema,
       relation.relname as table,
       con.conname as name,
       case con.contype
           when 'p' then 'primary key'
           when 'u' then 'unique'
           when 'f' then 'foreign key'
           when 'c' then 'check'
           when 'n' then 'not null'
           else 'exclude'
       end as type,
       pg_catalog.pg_get_constraintdef(con.oid) as definition,
       con.condeferrable as deferrable,
       con.condeferred as deferred,
       con.convalidated as validated,
       con.conislocal as is_local,
       des.description as comment,
       coalesce(
           (
               select pg_catalog.string_agg(distinct off.text, ', ' order by off.text)
                 from not_watched as off
                where off.tgconstraint = con.oid and off.tgrelid in (con.conrelid, con.confrelid)
           ),
           'origin'
       ) as enabled,
       con.xmin::text || ',' || con.cmin::text as origin
  from relation
  join pg_catalog.pg_constraint as con on con.conrelid = relation.oid
  left join pg_catalog.pg_description as des
    on des.classoid = con.tableoid and des.objoid = con.oid and des.objsubid = 0
  left join pg_catalog.pg_attribute as att
    on con.contype = 'n' and att.attrelid = con.conrelid and att.attnum = con.conkey[1]
 where con.contype in ('p', 'u', 'f', 'c', 'x', 'n')
   and (
           con.contype <> 'n'
           or con.conislocal and con.conname <> pg_catalog.concat(relation.relname, '_', att.attname, '_not_null')
           or con.connoinherit
           or not con.convalidated
           or des.description is not null
       )
   and (con.contype <> 'f' or con.conparentid = 0)
 order by relation.nspname, relation.relname, con.conname;
