-- User-defined collations. Attributes that only some versions of PostgreSQL have are read from the row as JSON.
select nsp.nspname as schema,
       col.collname as name,
       case col.collprovider
           when 'c' then 'libc' when 'i' then 'icu' when 'b' then 'builtin' else 'default'
       end as provider,
       coalesce(has.facts ->> 'colllocale', has.facts ->> 'colliculocale') as locale,
       col.collcollate::text as lc_collate,
       col.collctype::text as lc_ctype,
       has.facts ->> 'collicurules' as rules,
       col.collisdeterministic as deterministic,
       case when col.collencoding >= 0 then pg_catalog.pg_encoding_to_char(col.collencoding)::text end as encoding,
       pg_catalog.pg_get_userbyid(col.collowner) as owner,
       des.description as comment,
       col.xmin::text || ',' || col.cmin::text as origin
  from pg_catalog.pg_collation as col
  join pg_catalog.pg_namespace as nsp on nsp.oid = col.collnamespace
 cross join pg_catalog.to_jsonb(col.*) as has (facts)
  left join pg_catalog.pg_description as des
    on des.classoid = col.tableoid and des.objoid = col.oid and des.objsubid = 0
 where col.oid >= 16384
   and nsp.nspname !~ '^pg_(temp|toast)'
   and not exists (
           select
             from pg_catalog.pg_depend as dep
            where dep.classid = col.tableoid and dep.objid = col.oid and dep.deptype in ('e', 'i')
       )
 order by nsp.nspname, col.collname, col.collencoding;
