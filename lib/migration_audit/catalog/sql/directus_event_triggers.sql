-- Event triggers that are on and no extension's, and whether the function of each raises; null: a condition decides.
select evt.evtname::text as name,
       evt.evtevent::text as event,
       coalesce(evt.evttags, '{}') as tags,
       case
           when pro.prosrc !~* 'raise\s+(exception|''|[a-z_]+\s*(;|using))|\massert\s' then false
           when pro.prosrc !~* '\m(if|case|loop|return)\M|exception\s+when' then true
       end as raises
  from pg_catalog.pg_event_trigger as evt
  join pg_catalog.pg_proc as pro on pro.oid = evt.evtfoid
 where evt.evtenabled in ('O', 'A')
   and not exists (
           select
             from pg_catalog.pg_depend as dep
            where dep.classid = evt.tableoid and dep.objid = evt.oid and dep.deptype = 'e'
       )
 order by evt.evtname collate "C";
