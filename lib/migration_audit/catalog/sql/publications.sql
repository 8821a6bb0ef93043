-- Publications; the tables that they name are objects of their own.
select pub.pubname as name,
       pub.puballtables as all_tables,
       array(
           select nsp.nspname::text
             from pg_catalog.pg_publication_namespace as pns
             join pg_catalog.pg_namespace as nsp on nsp.oid = pns.pnnspid
            where pns.pnpubid = pub.oid
            order by nsp.nspname
       ) as schemas,
       array(
           select what.name
             from (
                   values
                       (1, 'insert', pub.pubinsert),
                       (2, 'update', pub.pubupdate),
                       (3, 'delete', pub.pubdelete),
                       (4, 'truncate', pub.pubtruncate)
                  ) as what (position, name, is_published)
            where what.is_published
            order by what.position
       ) as publish,
       pub.pubviaroot as via_root,
       case pg_catalog.to_jsonb(pub.*) ->> 'pubgencols' when 's' then 'stored' else 'none' end as generated_columns,
       pg_catalog.pg_get_userbyid(pub.pubowner) as owner,
       des.description as comment,
       pub.xmin::text || ',' || pub.cmin::text as origin
  from pg_catalog.pg_publication as pub
  left join pg_catalog.pg_description as des
    on des.classoid = pub.tableoid and des.objoid = pub.oid and des.objsubid = 0
 where pub.oid >= 16384
   and not exists (
           select
             from pg_catalog.pg_depend as dep
            where dep.classid = pub.tableoid and dep.objid = pub.oid and dep.deptype in ('e')
       )
 order by pub.pubname;
