"""Mutations of kinds that few schemas have, and of what the usual kinds seldom have; an older version refuses some."""

from __future__ import annotations

from fuzz.mutations import CHOICES, each

CHOICES.update(
    pub=lambda w: w.pick("select quote_ident(pubname) from pg_publication where not puballtables"),
    event=lambda w: w.pick("select quote_ident(evtname) from pg_event_trigger where evtname !~ 'timescaledb'"),
    foreign=lambda w: w.relation("f"),
    server=lambda w: w.pick("select quote_ident(srvname) from pg_foreign_server"),
    collation=lambda w: w.pick(
        "select oid::regcollation::text from pg_collation where oid >= 16384"
        " and not exists (select from pg_depend d where d.objid = pg_collation.oid and d.deptype = 'e')"
    ),
    partedindex=lambda w: w.relation("I"),
    exprindex=lambda w: w.index("i.indexprs is not null"),
    toasted=lambda w: w.column("a.attstorage = 'x' and not c.relispartition and c.relkind = 'r' and a.attinhcount = 0"),
    kind=lambda w: w.one_of("tables", "sequences"),
)  # fmt: skip

# what roles will give, and what they gave
each(
    defaults_of_a_role="alter default privileges for role {role} in schema {schema} grant all on {kind} to {anyrole}",
    defaults_with_option="alter default privileges for role {role} grant select on tables to {anyrole} with grant option",
    defaults_for_public="alter default privileges in schema {schema} grant execute on functions to public",
    defaults_of_types="alter default privileges for role {role} revoke usage on types from public",
    defaults_of_the_owner="alter default privileges for role {role} revoke all on tables from {role}",
    defaults_of_schemas="alter default privileges grant usage on schemas to {role}",
    defaults_taken_back="alter default privileges for role {role} in schema {schema} revoke all on {kind} from {anyrole}",
    schema_grant_create="grant create on schema {schema} to {role} with grant option",
    schema_revoke="revoke all on schema {schema} from {role}",
    column_grant_of_a_view="grant select ({viewcol_1}) on {viewcol} to {role}",
    grant_by_another="grant select on {table} to fuzz_reader with grant option; set role fuzz_reader;"
    " grant select on {table} to fuzz_writer; reset role",
    table_grant_public="grant select on {table} to public",
)
# partitions
each(
    partitioned_with_identity="create table {schema}.{new} (id integer generated always as identity, at date)"
    " partition by range (at)",
    partitioned_by_hash="create table {schema}.{new} (id integer not null, at date) partition by hash (id)",
    partitioned_by_expression="create table {schema}.{new} (id integer, v text) partition by range (lower(v), id)",
    subpartition="create table {schema}.{new} partition of app.measures for values in (3{n}) partition by range (at)",
    partition_with_more="create table {schema}.{new} partition of app.measures (v default 'p{n}', check (id > 0))"
    " for values in (4{n})",
    partition_options="alter table {part} set (fillfactor = 6{n:.1})",
    partition_check="alter table {part} add constraint {new} check (id <> {n})",
    partition_index="create index {new} on {part} (v)",
    partitioned_trigger="create trigger {new} before insert on app.measures for each row {touch}",
    partitioned_primary_key="alter table app.measures add primary key (id)",
    partitioned_statistics="alter table app.measures alter v set statistics {n}",
    partitioned_statistics_only="alter table only app.measures alter at set statistics {n}",
    partitioned_default_only="alter table only app.measures alter v set default 'd{n}'",
)
# columns, indexes and constraints
each(
    generated_virtual="alter table {intcol} add column {new} integer generated always as ({intcol_1} + {n}) virtual",
    set_expression="alter table {gencol} alter column {gencol_1} set expression as ({n})",
    not_null_named="alter table {plaincol} add constraint {new} not null {plaincol_1}",
    not_null_not_valid="alter table {plaincol} add constraint {new} not null {plaincol_1} not valid",
    not_null_no_inherit="alter table {plaincol} add constraint {new} not null {plaincol_1} no inherit",
    check_not_enforced="alter table {intcol} add constraint {new} check ({intcol_1} <> 7{n}) not enforced",
    compression_default="alter table {textcol} alter column {textcol_1} set compression default",
    storage_main="alter table {toasted} alter column {toasted_1} set storage main",
    column_options_reset="alter table {col} alter column {col_1} reset (n_distinct)",
    column_statistics_default="alter table {col} alter column {col_1} set statistics -1",
    toast_options="alter table {table} set (toast.vacuum_index_cleanup = off, parallel_workers = {n})",
    unique_include="alter table {intcol} add constraint {new} unique nulls not distinct ({intcol_1}) include ({intcol_1})",
    exclusion_with_where="alter table {intcol} add constraint {new} exclude using gist"
    " (int4range({intcol_1}, {intcol_1}, '[]') with &&) where ({intcol_1} > {n}) deferrable",
    foreign_key_set_columns="alter table {intcol} add constraint {new} foreign key ({intcol_1})"
    " references app.parent on delete set null ({intcol_1}) on update cascade",
    index_brin="create index {new} on {intcol} using brin ({intcol_1}) with (pages_per_range = {n})",
    index_gin="create index {new} on {textcol} using gin (string_to_array({textcol_1}, '-')) with (fastupdate = off)",
    index_opclass='create index {new} on {textcol} ({textcol_1} text_pattern_ops, {textcol_1} collate "C" desc)',
    index_statistics="alter index {exprindex} alter column 1 set statistics {n}",
    index_of_partitioned_options="alter index {partedindex} rename to {new}",
    statistics_on_expressions="create statistics {schema}.{new} on (score + {n}), lower(name) from app.parent",
    statistics_owner="alter statistics {stats} owner to {role}",
    statistics_comment="comment on statistics {stats} is 's{n}'",
    rule_with_condition="create rule fzw{n} as on delete to app.parent where old.id > {n} do instead nothing",
    rule_comment="comment on rule {rule_1} on {rule} is 'r{n}'",
)
# types, operators, searches
each(
    collation_icu="create collation {schema}.{new} (provider = icu, locale = 'de-DE', deterministic = false)",
    collation_owner="alter collation {collation} owner to {role}",
    collation_of_column="alter table {textcol} alter column {textcol_1} type text collate {collation}",
    range_of_own_type='create type {schema}.{new} as range (subtype = text, collation = "C")',
    enum_grown="alter type {enum} add value 'later {n}'",
    domain_over_domain="create domain {schema}.{new} as {domain} default null",
    domain_constraint_renamed="alter domain app.positive rename constraint positive to {new}",
    operator_class="create operator class {schema}.{new} for type integer using btree as operator 1 <, operator 3 =,"
    " function 1 btint4cmp(integer, integer)",
    operator_family="create operator family {schema}.{new} using hash; alter operator family {schema}.{new} using hash"
    " add function 1 (integer, integer) hashint4(integer)",
    operator_restrict="create operator {schema}.<#< (leftarg = integer, rightarg = integer, function = int4lt,"
    " restrict = scalarltsel, join = scalarltjoinsel)",
    search_mapping="create text search configuration {schema}.{new} (copy = pg_catalog.english);"
    " alter text search configuration {schema}.{new} alter mapping for word with simple",
    conversion="create conversion {schema}.{new} for 'LATIN1' to 'UTF8' from iso8859_1_to_utf8",
    window_function="create function {schema}.{new}() returns integer language internal window immutable as 'window_rank'",
    set_returning_function="create function {schema}.{new}(out a integer, out b text) returns setof record"
    " language sql rows {n} as $$ select 1, 'x' $$",
    variadic_function="create function {schema}.{new}(variadic a integer[] default array[]::integer[]) returns integer"
    " language sql as 'select {n}'",
)
# events, publications, other servers
each(
    event_trigger_with_tags="create event trigger {new} on ddl_command_start when tag in ('CREATE CAST', 'DROP CAST')"
    " execute function app.watch()",
    event_trigger_off="alter event trigger {event} disable",
    event_trigger_always="alter event trigger {event} enable always",
    publication_of_schema="create publication {new} for tables in schema {schema} with (publish = 'insert, truncate')",
    publication_filter="create publication {new} for table app.parent (id, score) where (id > {n})"
    " with (publish_via_partition_root)",
    publication_of_all="create publication {new} for all tables",
    publication_operations="alter publication {pub} set (publish = 'update, delete')",
    publication_adds="alter publication {pub} add table only app.other",
    publication_owner="alter publication {pub} owner to {role}",
    publication_comment="comment on publication {pub} is 'p{n}'",
    foreign_table="create foreign data wrapper {new}; create server {new} foreign data wrapper {new} version '{n}';"
    " create foreign table {schema}.{new} (a integer options (column_name 'c{n}') not null, b text default 'x',"
    " check (a > {n})) server {new} options (table_name 't{n}')",
    foreign_table_options="alter foreign table {foreign} options (add schema_name 's{n}')",
    foreign_column_options="alter foreign table {foreign} alter a options (set column_name 'd{n}')",
    foreign_server_options="alter server {server} options (set host 'g{n}')",
    user_mapping="create user mapping for {role} server {server} options (user 'u{n}', password 'p{n}')",
    server_grant="grant usage on foreign server {server} to {role}",
    same_default_privileges="alter default privileges in schema app grant select on tables to fuzz_reader;"
    " alter default privileges in schema app revoke select on tables from fuzz_reader",
    same_statistics_target="alter table app.parent alter score set statistics 5; alter table app.parent alter score"
    " set statistics -1",
    same_search_path="create schema fz_passing; drop schema fz_passing",
)  # fmt: skip
