-- Tables that a publication names, with columns and row filter.
select pub.pubname as publication,
       nsp.nspname as schema,
       rel.relname as table,
       array(
           select att.attname::text
             from pg_catalog.unnest(pur.prattrs) as num (attnum)
             join pg_catalog.pg_attribute as att on att.attrelid = pur.prrelid and att.attnum = num.attnum
            order by att.attname
       ) as columns,
       pg_catalog.pg_get_expr(pur.prqual, pur.prrelid) as filter,
       pur.xmin::text || ',' || pur.cmin::text as origin
  from pg_catalog.pg_publication_rel as pur
  join pg_catalog.pg_publication as pub on pub.oid = pur.prpubid
  join pg_catalog.pg_class as rel on rel.oid = pur.prrelid
  join pg_catalog.pg_namespace as nsp on nsp.oid = rel.relnamespace
 order by pub.pubname, nsp.nspname, rel.relname;
