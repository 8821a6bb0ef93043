-- What PostgreSQL protects from a DROP without CASCADE of the tables in which Directus looks, or of their columns.
-- The setting migration_audit.schemas lists its schemas.
with asked as (
    select coalesce(nullif(pg_catalog.current_setting('migration_audit.schemas', true), ''), '{}')::text[] as schemas
), seen as (
    select rel.oid
      from asked as ask
      join pg_catalog.pg_namespace as nsp on nsp.nspname = any (ask.schemas)
      join pg_catalog.pg_class as rel on rel.relnamespace = nsp.oid and rel.relkind in ('r', 'p')
), dependant as (
    select dep.refobjid as oid,
           pg_catalog.pg_describe_object(
               case when rew.oid is null then dep.classid else 'pg_catalog.pg_class'::pg_catalog.regclass end,
               coalesce(rew.ev_class, dep.objid),
               case when rew.oid is null then dep.objsubid else 0 end
           ) as text,
           att.attname::text as "column",
           exists (
               select
                 from pg_catalog.pg_depend as own
                where own.classid = dep.classid
                  and own.objid = dep.objid
                  and own.refobjid = dep.refobjid
                  and own.refclassid = dep.refclassid
                  and own.deptype in ('a', 'i')
           ) as own
      from seen
      join pg_catalog.pg_depend as dep
        on dep.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass and dep.refobjid = seen.oid and dep.deptype = 'n'
      left join pg_catalog.pg_rewrite as rew
        on dep.classid = 'pg_catalog.pg_rewrite'::pg_catalog.regclass and rew.oid = dep.objid
      left join pg_catalog.pg_attribute as att
        on att.attrelid = dep.refobjid and att.attnum = dep.refobjsubid and dep.refobjsubid > 0
     where dep.classid <> 'pg_catalog.pg_constraint'::pg_catalog.regclass
       and not (
               dep.classid = 'pg_catalog.pg_class'::pg_catalog.regclass
               and exists (
                       select
                         from pg_catalog.pg_class as rel
                        where rel.oid = dep.objid and rel.relkind in ('i', 'I', 'S', 't')
                   )
           )
    union all
    select rel.oid, pg_catalog.pg_describe_object(dep.classid, dep.objid, dep.objsubid), null, dep.objid = rel.oid
      from seen
      join pg_catalog.pg_class as rel on rel.oid = seen.oid
      join pg_catalog.pg_depend as dep
        on dep.refclassid = 'pg_catalog.pg_type'::pg_catalog.regclass
       and dep.refobjid = rel.reltype
       and dep.deptype = 'n'
)
select dep.oid::pg_catalog.int8 as oid, dep.text, dep."column", dep.own
  from dependant as dep
 order by dep.oid, dep.text collate "C", dep."column" collate "C", dep.own;
