-- Columns of the tables in which Directus looks (setting migration_audit.schemas), as its inspector reads them.
with asked as (
    select coalesce(nullif(pg_catalog.current_setting('migration_audit.schemas', true), ''), '{}')::text[] as schemas
), seen as (
    select rel.oid
      from asked as ask
      join pg_catalog.pg_namespace as nsp on nsp.nspname = any (ask.schemas)
      join pg_catalog.pg_class as rel on rel.relnamespace = nsp.oid and rel.relkind in ('r', 'p')
)
select att.attrelid::pg_catalog.int8 as oid,
       att.attname::text as name,
       att.atttypid::pg_catalog.regtype::text as type,
       pg_catalog.pg_get_expr(def.adbin, case when att.attgenerated <> '' then def.adrelid else 0 end) as "default",
       not att.attnotnull as nullable,
       case
           when att.atttypid in (1042, 1043) then att.atttypmod - 4
           when att.atttypid in (1560, 1562) then att.atttypmod
       end as max_length,
       case att.atttypid
           when 21 then 16
           when 23 then 32
           when 20 then 64
           when 700 then 24
           when 701 then 53
           when 1700 then case when att.atttypmod <> -1 then ((att.atttypmod - 4) >> 16) & 65535 end
       end as precision,
       case
           when att.atttypid in (21, 23, 20) then 0
           when att.atttypid = 1700 and att.atttypmod <> -1 then (att.atttypmod - 4) & 65535
       end as scale,
       att.attgenerated = 's' as generated,
       att.attidentity <> '' as identity,
       att.attinhcount > 0 as inherited,
       pg_catalog.pg_get_serial_sequence(att.attrelid::pg_catalog.regclass::text, att.attname::text)
       is not null as serial
  from seen
  join pg_catalog.pg_attribute as att on att.attrelid = seen.oid and att.attnum > 0 and not att.attisdropped
  left join pg_catalog.pg_attrdef as def on def.adrelid = att.attrelid and def.adnum = att.attnum
 order by att.attrelid, att.attnum;
