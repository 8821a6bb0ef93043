-- Sets migration_audit.hidden_relations for this transaction: what TimescaleDB keeps in schemas that users may name.
-- That is chunks, compressed chunks, and the views of continuous aggregates, which are a kind of their own.
select pg_catalog.set_config('migration_audit.hidden_relations', coalesce(
           (
               select pg_catalog.array_agg(rel.oid)::text
                 from (
                       select inh.inhrelid as oid
                         from _timescaledb_catalog.hypertable as hyp
                         join pg_catalog.pg_namespace as nsp on nsp.nspname = hyp.schema_name
                         join pg_catalog.pg_class as par on par.relnamespace = nsp.oid and par.relname = hyp.table_name
                         join pg_catalog.pg_inherits as inh on inh.inhparent = par.oid
                         join pg_catalog.pg_class as chi on chi.oid = inh.inhrelid
                         join pg_catalog.pg_namespace as own on own.oid = chi.relnamespace
                        -- A table that users let inherit from a hypertable is not a chunk of it. Until 2.28 a chunk's
                        -- has its names, since then its OID.
                        where own.nspname ~ '^_timescaledb_'
                           or pg_catalog.format('%I.%I', own.nspname, chi.relname) in (
                                  select pg_catalog.format(
                                             '%I.%I', has.facts ->> 'schema_name', has.facts ->> 'table_name')
                                    from _timescaledb_catalog.chunk as chu
                                   cross join lateral pg_catalog.to_jsonb(chu.*) as has (facts)
                                   where has.facts ? 'table_name'
                              )
                           or chi.oid::pg_catalog.regclass::text in (
                                  select has.facts ->> 'relid'
                                    from _timescaledb_catalog.chunk as chu
                                   cross join lateral pg_catalog.to_jsonb(chu.*) as has (facts)
                                   where has.facts ? 'relid'
                              )
                        union
                       -- A column since 2.19; before, compressed chunks are children of a hypertable, too.
                       select (pg_catalog.to_jsonb(cmp) ->> 'compress_relid')::pg_catalog.regclass::pg_catalog.oid
                         from _timescaledb_catalog.compression_settings as cmp
                        union
                       select vie.oid
                         from _timescaledb_catalog.continuous_agg as agg
                         join pg_catalog.pg_namespace as nsp on nsp.nspname = agg.user_view_schema
                         join pg_catalog.pg_class as vie
                           on vie.relnamespace = nsp.oid and vie.relname = agg.user_view_name
                      ) as rel
                 join pg_catalog.pg_class as cls on cls.oid = rel.oid
                where cls.relnamespace not in (
                          select dep.objid
                            from pg_catalog.pg_depend as dep
                            join pg_catalog.pg_extension as ext on ext.oid = dep.refobjid
                           where dep.classid = 'pg_catalog.pg_namespace'::pg_catalog.regclass
                             and dep.deptype = 'e'
                             and ext.extname = 'timescaledb'
                      )
           ),
           '{}'
       ), true) as hidden_relations;
