-- Rows of the catalog that refer to rows which are not there: no DDL leaves them behind,
-- a broken disk or a manual delete does.
with role as (
    select rol.oid from pg_catalog.pg_roles as rol
), whole as (
    select rel.oid, rel.relowner, rel.relnamespace, rel.relnatts, rel.relname,
           coalesce(nsp.nspname::text, rel.relnamespace::text) as schema, nsp.oid is null as is_homeless
      from pg_catalog.pg_class as rel
      left join pg_catalog.pg_namespace as nsp on nsp.oid = rel.relnamespace
), attribute as (
    select att.attrelid, pg_catalog.count(*) as number
      from pg_catalog.pg_attribute as att
     where att.attnum > 0
     group by att.attrelid
)
select found.line
  from (
        select 'pg_class: ' || pg_catalog.format('%I.%I', rel.schema, rel.relname)
               || ' is owned by role ' || rel.relowner || ', which does not exist' as line
          from whole as rel
         where rel.relowner not in (select role.oid from role)
         union all
        select 'pg_proc: function ' || pro.oid || ' (' || pro.proname || ') is owned by role ' || pro.proowner
               || ', which does not exist'
          from pg_catalog.pg_proc as pro
         where pro.proowner not in (select role.oid from role)
         union all
        select 'pg_type: type ' || typ.oid || ' (' || typ.typname || ') is owned by role ' || typ.typowner
               || ', which does not exist'
          from pg_catalog.pg_type as typ
         where typ.typowner not in (select role.oid from role)
         union all
        select 'pg_namespace: schema ' || nsp.nspname
               || ' is owned by role ' || nsp.nspowner || ', which does not exist'
          from pg_catalog.pg_namespace as nsp
         where nsp.nspowner not in (select role.oid from role)
         union all
        select 'pg_database: ' || dat.datname || ' is owned by role ' || dat.datdba || ', which does not exist'
          from pg_catalog.pg_database as dat
         where dat.datname = pg_catalog.current_database() and dat.datdba not in (select role.oid from role)
         union all
        select 'pg_class: ' || pg_catalog.format('%I.%I', rel.schema, rel.relname)
               || ' is in a schema that does not exist'
          from whole as rel
         where rel.is_homeless
         union all
        select 'pg_proc: function ' || pro.oid || ' (' || pro.proname || ') is in a schema that does not exist'
          from pg_catalog.pg_proc as pro
         where pro.pronamespace not in (select nsp.oid from pg_catalog.pg_namespace as nsp)
         union all
        select 'pg_attribute: ' || pg_catalog.format('%I.%I', rel.schema, rel.relname)
               || ' has ' || coalesce(att.number, 0) || ' of ' || rel.relnatts
               || ' columns; the rows of the others are missing'
          from whole as rel
          left join attribute as att on att.attrelid = rel.oid
         where coalesce(att.number, 0) <> rel.relnatts
         union all
        select 'pg_index: index ' || ind.indexrelid || ' of relation ' || ind.indrelid || ': one of them does not exist'
          from pg_catalog.pg_index as ind
         where ind.indexrelid not in (select rel.oid from whole as rel)
            or ind.indrelid not in (select rel.oid from whole as rel)
         union all
        select 'pg_inherits: relation ' || inh.inhrelid
               || ' inherits from ' || inh.inhparent || ': one of them does not exist'
          from pg_catalog.pg_inherits as inh
         where inh.inhrelid not in (select rel.oid from whole as rel)
            or inh.inhparent not in (select rel.oid from whole as rel)
         union all
        select 'pg_constraint: ' || con.conname || ' is on relation ' || con.conrelid || ', which does not exist'
          from pg_catalog.pg_constraint as con
         where con.conrelid <> 0 and con.conrelid not in (select rel.oid from whole as rel)
         union all
        select 'pg_attrdef: a default is of column ' || def.adnum
               || ' of relation ' || def.adrelid || ', which does not exist'
          from pg_catalog.pg_attrdef as def
         where not exists (
                   select
                     from pg_catalog.pg_attribute as att
                    where att.attrelid = def.adrelid and att.attnum = def.adnum
               )
       ) as found
 order by found.line collate "C";
