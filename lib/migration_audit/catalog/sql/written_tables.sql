-- Tables that may hold rows, partitions left out: what each has to be read with, and what its columns are.
-- Columns that are computed from others are left out. Those that a sequence fills are marked.
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
), holder as (
    -- Rows of partitions and of chunks come with their root; those of other children are their own.
    select rel.oid, rel.nspname, rel.relname, rel.relkind,
           exists (
               select
                 from pg_catalog.pg_inherits as inh
                 join relation as chi on chi.oid = inh.inhrelid
                where inh.inhparent = rel.oid and rel.relkind = 'r'
           ) as only
      from relation as rel
      join pg_catalog.pg_class as cls on cls.oid = rel.oid
     where rel.relkind in ('r', 'p') and not cls.relispartition and cls.relpersistence <> 't'
)
select hol.nspname as schema,
       hol.relname as name,
       hol.only,
       array(
           select att.attname::text
             from pg_catalog.pg_attribute as att
            where att.attrelid = hol.oid and att.attnum > 0 and not att.attisdropped and att.attgenerated = ''
            order by att.attnum
       ) as columns,
       array(
           select att.attname::text
             from pg_catalog.pg_index as idx
             join pg_catalog.pg_attribute as att on att.attrelid = idx.indrelid and att.attnum = any (idx.indkey)
            where idx.indrelid = hol.oid and idx.indisprimary
            order by att.attnum
       ) as key,
       array(
           select att.attname::text
             from pg_catalog.pg_attribute as att
             left join pg_catalog.pg_attrdef as def on def.adrelid = att.attrelid and def.adnum = att.attnum
            where att.attrelid = hol.oid
              and att.attnum > 0
              and not att.attisdropped
              and (
                      att.attidentity <> ''
                      or exists (
                             select
                               from pg_catalog.pg_depend as dep
                               join pg_catalog.pg_class as seq on seq.oid = dep.refobjid and seq.relkind = 'S'
                              where dep.classid = def.tableoid
                                and dep.objid = def.oid
                                and dep.refclassid = seq.tableoid
                         )
                  )
            order by att.attnum
       ) as generated
  from holder as hol
 where hol.relkind = 'p' or pg_catalog.pg_relation_size(hol.oid) > 0
    or exists (select from pg_catalog.pg_inherits as inh where inh.inhparent = hol.oid)
 order by hol.nspname, hol.relname;
