-- User-defined text search configurations, with the dictionaries of each kind of token.
select nsp.nspname as schema,
       cfg.cfgname as name,
       pg_catalog.format('%I.%I', pns.nspname, prs.prsname) as parser,
       array(
           select tok.alias || ': ' || pg_catalog.string_agg(
                      map.mapdict::pg_catalog.regdictionary::text, ', ' order by map.mapseqno
                  )
             from pg_catalog.pg_ts_config_map as map
             join pg_catalog.ts_token_type(cfg.cfgparser) as tok on tok.tokid = map.maptokentype
            where map.mapcfg = cfg.oid
            group by tok.alias
            order by tok.alias collate "C"
       ) as mappings,
       pg_catalog.pg_get_userbyid(cfg.cfgowner) as owner,
       des.description as comment,
       cfg.xmin::text || ',' || cfg.cmin::text as origin
  from pg_catalog.pg_ts_config as cfg
  join pg_catalog.pg_namespace as nsp on nsp.oid = cfg.cfgnamespace
  join pg_catalog.pg_ts_parser as prs on prs.oid = cfg.cfgparser
  join pg_catalog.pg_namespace as pns on pns.oid = prs.prsnamespace
  left join pg_catalog.pg_description as des
    on des.classoid = cfg.tableoid and des.objoid = cfg.oid and des.objsubid = 0
 where cfg.oid >= 16384
   and nsp.nspname !~ '^pg_(temp|toast)'
   and not exists (
           select
             from pg_catalog.pg_depend as dep
            where dep.classid = cfg.tableoid and dep.objid = cfg.oid and dep.deptype in ('e', 'i')
       )
 order by nsp.nspname, cfg.cfgname;
