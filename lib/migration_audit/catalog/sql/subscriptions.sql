-- Subscriptions of this database.
-- Connection string and row version are open to superusers alone; the string is hashed before it is sent.
-- A column that not every version has is asked for by its bare name: where there is none, the one of "absent" is meant.
with absent as not materialized (
    select null::text as subpasswordrequired,
           null::text as subrunasowner,
           null::text as suborigin,
           null::text as subfailover
)
select sub.subname as name,
       array(
           select pub.name from pg_catalog.unnest(sub.subpublications) as pub (name) order by pub.name collate "C"
       ) as publications,
       sub.subenabled as enabled,
       array(
           select opt.name || '=' || opt.value
             from (
                   values
                       ('binary', sub.subbinary::text),
                       ('streaming', case sub.substream::text
                           when 't' then 'true' when 'true' then 'true' when 'p' then 'parallel' else 'false' end),
                       ('two_phase', case sub.subtwophasestate when 'd' then 'false' else 'true' end),
                       ('disable_on_error', sub.subdisableonerr::text),
                       ('slot_name', coalesce(sub.subslotname::text, 'NONE')),
                       ('synchronous_commit', sub.subsynccommit),
                       ('password_required', more.password_required),
                       ('run_as_owner', more.run_as_owner),
                       ('origin', more.origin),
                       ('failover', more.failover),
                       ('connection', case when not pg_catalog.has_column_privilege(
                                                 'pg_catalog.pg_subscription', 'subconninfo', 'select'
                                             ) then '(not readable)' else '(redacted)' end
                                                 || coalesce(pg_catalog.chr(30) || (pg_catalog.xpath(
                           '//hash/text()',
                           case when pg_catalog.has_column_privilege(
                                         'pg_catalog.pg_subscription', 'subconninfo', 'select'
                                     )
                                and pg_catalog.current_setting('migration_audit.salt', true) <> ''
                                then pg_catalog.query_to_xml(pg_catalog.format(
                                    'select pg_catalog.encode(pg_catalog.sha256(pg_catalog.convert_to('
                                    '%L || subconninfo, pg_catalog.getdatabaseencoding())), ''hex'') as hash'
                                    ' from pg_catalog.pg_subscription where oid = %s',
                                    pg_catalog.current_setting('migration_audit.salt', true), sub.oid
                                ), false, true, '') end
                       ))[1]::text, ''))
                  ) as opt (name, value)
            where opt.value is not null
            order by opt.name
       ) as options,
       pg_catalog.pg_get_userbyid(sub.subowner) as owner,
       des.description as comment,
       coalesce(
           case when pg_catalog.has_table_privilege('pg_catalog.pg_subscription', 'select')
                then (pg_catalog.xpath('//origin/text()', pg_catalog.query_to_xml(
                    'select xmin::text || '','' || cmin::text as origin from pg_catalog.pg_subscription where oid = '
                    || sub.oid, false, true, ''
                )))[1]::text end,
           '0,0'
       ) as origin
  from pg_catalog.pg_subscription as sub
  join pg_catalog.pg_database as dat on dat.oid = sub.subdbid
 cross join absent
 cross join lateral (
           select subpasswordrequired::text as password_required,
                  subrunasowner::text as run_as_owner,
                  suborigin::text as origin,
                  subfailover::text as failover
             from pg_catalog.pg_subscription as one
            where one.oid = sub.oid
       ) as more
  left join pg_catalog.pg_description as des
    on des.classoid = 'pg_catalog.pg_subscription'::pg_catalog.regclass and des.objoid = sub.oid and des.objsubid = 0
 where dat.datname = pg_catalog.current_database()
 order by sub.subname;
