-- Event triggers that no extension brought.
select evt.evtname as name,
       evt.evtevent as event,
       array(
           select tag.text from pg_catalog.unnest(evt.evttags) as tag (text) order by tag.text collate "C"
       ) as tags,
       evt.evtfoid::pg_catalog.regprocedure::text as function,
       case evt.evtenabled
           when 'O' then 'origin' when 'D' then 'disabled' when 'R' then 'replica' else 'always'
       end as enabled,
       pg_catalog.pg_get_userbyid(evt.evtowner) as owner,
       des.description as comment,
       evt.xmin::text || ',' || evt.cmin::text as origin
  from pg_catalog.pg_event_trigger as evt
  left join pg_catalog.pg_description as des
    on des.classoid = evt.tableoid and des.objoid = evt.oid and des.objsubid = 0
 where evt.oid >= 16384
   and not exists (
           select
             from pg_catalog.pg_depend as dep
            where dep.classid = evt.tableoid and dep.objid = evt.oid and dep.deptype in ('e')
       )
 order by evt.evtname;
