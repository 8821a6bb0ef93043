-- Event triggers that are on and no extension's, and whether the function of each raises an exception.
select evt.evtname::text as name,
       evt.evtevent::text as event,
       coalesce(evt.evttags, '{}') as tags,
       pro.prosrc ~* 'raise\s+(exception|''|[a-z_]+\s*(;|using))' as raises
  from pg_catalog.pg_event_trigger as evt
  join pg_catalog.pg_proc as pro on pro.oid = evt.evtfoid
 where evt.evtenabled in ('O', 'A')
   and not exists (
           select
             from pg_catalog.pg_depend as dep
            where dep.classid = evt.tableoid and dep.objid = evt.oid and dep.deptype = 'e'
       )
 order by evt.evtname collate "C";
