-- Privileges on what is built in or an extension's member, where they are not what it came with.
-- Schema "public" (OID 2200) is a schema like any other. What "information_schema" came with is not recorded anywhere,
-- and no dump has its privileges.
with information as (
    select nsp.oid from pg_catalog.pg_namespace as nsp where nsp.nspname = 'information_schema'
), touched (classid, objid, objsubid, acl, letter, owner) as (
    select rel.tableoid, rel.oid, 0, rel.relacl, case rel.relkind when 'S' then 's' else 'r' end::pg_catalog."char",
           rel.relowner
      from pg_catalog.pg_class as rel
     where rel.relacl is not null and rel.relnamespace not in (select inf.oid from information as inf)
     union all
    select 'pg_catalog.pg_class'::pg_catalog.regclass, att.attrelid, att.attnum, att.attacl,
           'c'::pg_catalog."char", rel.relowner
      from pg_catalog.pg_attribute as att
      join pg_catalog.pg_class as rel on rel.oid = att.attrelid
     where att.attacl is not null and rel.relnamespace not in (select inf.oid from information as inf)
     union all
    select pro.tableoid, pro.oid, 0, pro.proacl, 'f'::pg_catalog."char", pro.proowner
      from pg_catalog.pg_proc as pro
     where pro.proacl is not null and pro.pronamespace not in (select inf.oid from information as inf)
     union all
    select typ.tableoid, typ.oid, 0, typ.typacl, 'T'::pg_catalog."char", typ.typowner
      from pg_catalog.pg_type as typ
     where typ.typacl is not null and typ.typnamespace not in (select inf.oid from information as inf)
     union all
    select nsp.tableoid, nsp.oid, 0, nsp.nspacl, 'n'::pg_catalog."char", nsp.nspowner
      from pg_catalog.pg_namespace as nsp
     where nsp.nspacl is not null and nsp.oid <> 2200 and nsp.oid not in (select inf.oid from information as inf)
     union all
    select lan.tableoid, lan.oid, 0, lan.lanacl, 'l'::pg_catalog."char", lan.lanowner
      from pg_catalog.pg_language as lan
     where lan.lanacl is not null
     union all
    select fdw.tableoid, fdw.oid, 0, fdw.fdwacl, 'F'::pg_catalog."char", fdw.fdwowner
      from pg_catalog.pg_foreign_data_wrapper as fdw
     where fdw.fdwacl is not null
     union all
    select srv.tableoid, srv.oid, 0, srv.srvacl, 'S'::pg_catalog."char", srv.srvowner
      from pg_catalog.pg_foreign_server as srv
     where srv.srvacl is not null
), changed as (
    select touched.classid, touched.objid, touched.objsubid, touched.acl, touched.owner
      from touched
      left join pg_catalog.pg_init_privs as ini
        on ini.classoid = touched.classid and ini.objoid = touched.objid and ini.objsubid = touched.objsubid
     where (
               touched.objid < 16384
               or exists (
                      select
                        from pg_catalog.pg_depend as dep
                       where dep.classid = touched.classid
                         and dep.objid = touched.objid
                         and dep.refclassid = 'pg_catalog.pg_extension'::pg_catalog.regclass
                         and dep.deptype = 'e'
                  )
           )
       -- As sets: who was granted first does not matter.
       and not (
               touched.acl @> coalesce(ini.initprivs, pg_catalog.acldefault(touched.letter, touched.owner))
               and touched.acl <@ coalesce(ini.initprivs, pg_catalog.acldefault(touched.letter, touched.owner))
           )
)
select obj.type || ' ' || obj.identity as object,
       array(
           select case acl.grantee
                      when 0 then 'PUBLIC'
                      when changed.owner then '(owner)'
                      else pg_catalog.pg_get_userbyid(acl.grantee)::text
                  end
                  || ': '
                  || pg_catalog.string_agg(
                         acl.privilege_type || case when acl.is_grantable then ' (with grant option)' else '' end,
                         ', ' order by acl.privilege_type
                     )
             from pg_catalog.aclexplode(changed.acl) as acl
            group by acl.grantee
            order by 1
       ) as privileges,
       '0,0' as origin
  from changed
 cross join lateral pg_catalog.pg_identify_object(changed.classid, changed.objid, changed.objsubid) as obj
 order by 1;
