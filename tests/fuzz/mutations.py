"""One function for each way to change a schema; each returns the SQL, and may find nothing to work on.

A mutation is a function of a ``World``; its name is printed when a pair fails. Several of them do the same thing in
words that mean the same (``same_…``): those must not be seen as a difference by anybody.
"""

from __future__ import annotations

from collections.abc import Callable

from fuzz.world import World

Mutation = Callable[[World], str]
TYPES = (
    "integer",
    "bigint",
    "text",
    "character varying(40)",
    "numeric(10,2)",
    "timestamp with time zone",
    "jsonb",
    "boolean",
    "integer[]",
)
MUTATIONS: dict[str, Mutation] = {}


def mutation(function: Mutation) -> Mutation:
    MUTATIONS[function.__name__] = function
    return function


def each(**templates: str) -> None:
    """Register mutations that are one statement; ``{…}`` is replaced by what the World chooses."""
    for name, template in templates.items():
        MUTATIONS[name] = _from_template(name, template)


def _from_template(name: str, template: str) -> Mutation:
    def made(world: World) -> str:
        return template.format_map(_Chosen(world))

    made.__name__ = name
    return made


class _Chosen(dict[str, str]):
    """Chooses when it is asked; of a pair (table, column) ``{col}`` is the first, ``{col_1}`` the second."""

    def __init__(self, world: World) -> None:
        super().__init__()
        self.world = world

    def __missing__(self, key: str) -> str:
        name = key.removesuffix("_1")
        value = CHOICES[name](self.world)
        self[name], self[f"{name}_1"] = value if isinstance(value, tuple) else (value, value)
        return self[key]


_TEXT = "a.atttypid = 'text'::regtype and a.attgenerated = '' and c.relkind = 'r' and not c.relispartition"
_FREE = "not exists (select from pg_depend d where d.objid = c.oid and d.deptype in ('a', 'i'))"
_INTEGER = "a.atttypid = 'int4'::regtype and a.attidentity = '' and a.attgenerated = '' and not c.relispartition"

CHOICES: dict[str, Callable[[World], str | tuple[str, str]]] = {
    "table": lambda w: w.table(),
    "part": lambda w: w.relation("r", "c.relispartition"),
    "parted": lambda w: w.relation("p"),
    "view": lambda w: w.relation("v"),
    "matview": lambda w: w.relation("m"),
    "seq": lambda w: w.relation("S", _FREE),
    "anyseq": lambda w: w.relation("S"),
    "index": lambda w: w.index(),
    "freeindex": lambda w: w.index("not exists (select from pg_constraint o where o.conindid = i.indexrelid)"),
    "col": lambda w: w.column("not c.relispartition and a.attinhcount = 0"),
    "textcol": lambda w: w.column(_TEXT),
    "intcol": lambda w: w.column(_INTEGER),
    "plaincol": lambda w: w.column(f"{_INTEGER} and not a.atthasdef and not a.attnotnull and a.attinhcount = 0"),
    "nncol": lambda w: w.column("a.attnotnull and not c.relispartition and a.attinhcount = 0"),
    "defcol": lambda w: w.column("a.atthasdef and a.attgenerated = '' and not c.relispartition"),
    "idcol": lambda w: w.column("a.attidentity <> ''"),
    "gencol": lambda w: w.column("a.attgenerated <> ''"),
    "viewcol": lambda w: w.column(kinds="v"),
    "partcol": lambda w: w.column("c.relispartition"),
    "check": lambda w: w.constraint("c"),
    "unique": lambda w: w.constraint("pu"),
    "fk": lambda w: w.constraint("f"),
    "constraint": lambda w: w.constraint("cpuf"),
    "trigger": lambda w: w.trigger(),
    "policy": lambda w: w.policy(),
    "function": lambda w: w.routine("f"),
    "routine": lambda w: w.routine("fp"),
    "aggregate": lambda w: w.routine("a"),
    "enum": lambda w: w.type("e"),
    "domain": lambda w: w.type("d"),
    "composite": lambda w: w.type("c"),
    "touch": lambda w: "execute function app.touch()",
    "newrole": lambda w: w.new_role(),
    "anyrole": lambda w: w.any_role(),
    "hyper": lambda w: w.hypertable(),
    "n": lambda w: str(w.rng.randint(1, 99)),
    "new": lambda w: w.name("fz"),
    "schema": lambda w: w.schema,
    "role": lambda w: w.role,
    "type": lambda w: w.one_of(*TYPES),
    "stats": lambda w: w.pick("select stxnamespace::regnamespace || '.' || quote_ident(stxname) from pg_statistic_ext"),
    "rule": lambda w: w.pick("select ev_class::regclass::text, rulename from pg_rewrite where rulename ~ '^fz'"),
}  # fmt: skip

# tables
each(
    create_table="create table {schema}.{new} (id serial primary key, v {type}, w text not null default 'x')",
    create_empty_table="create table {schema}.{new} ()",
    create_unlogged_table="create unlogged table {schema}.{new} (a integer)",
    create_child_table="create table {schema}.{new} (more text) inherits ({table})",
    drop_table="drop table {table} cascade",
    rename_table="alter table {table} rename to {new}",
    move_table="alter table {table} set schema {schema}",
    table_owner="alter table {table} owner to {role}",
    table_comment="comment on table {table} is 'comment; -- {n}'",
    table_fillfactor="alter table {table} set (fillfactor = 7{n:.1})",
    table_autovacuum="alter table {table} set (autovacuum_enabled = false, toast.autovacuum_enabled = false)",
    table_reset_options="alter table {table} reset (fillfactor, autovacuum_enabled)",
    table_unlogged="alter table {table} set unlogged",
    table_replica_full="alter table {table} replica identity full",
    table_replica_nothing="alter table {table} replica identity nothing",
    table_row_security="alter table {table} enable row level security",
    table_no_row_security="alter table {table} disable row level security",
    table_force_row_security="alter table {table} force row level security",
    table_grant="grant select, insert on {table} to {role}",
    table_grant_option="grant update on {table} to {role} with grant option",
    table_revoke="revoke select on {table} from {role}",
    table_revoke_from_owner="revoke truncate on {table} from current_user",
)
# columns
each(
    add_column="alter table {table} add column {new} {type}",
    add_column_default="alter table {table} add column {new} integer default {n} not null",
    add_generated_column="alter table {intcol} add column {new} bigint generated always as ({intcol_1} * {n}) stored",
    add_serial_column="alter table {table} add column {new} bigserial",
    add_identity_column="alter table {table} add column {new} integer generated by default as identity (increment by {n})",
    drop_column="alter table {col} drop column {col_1} cascade",
    rename_column="alter table {col} rename column {col_1} to {new}",
    widen_column="alter table {intcol} alter column {intcol_1} type bigint",
    retype_column="alter table {textcol} alter column {textcol_1} type varchar(5{n:.1})",
    collate_column='alter table {textcol} alter column {textcol_1} type text collate "C"',
    set_default="alter table {intcol} alter column {intcol_1} set default {n}",
    set_text_default="alter table {textcol} alter column {textcol_1} set default E'it''s\\n{n};'",
    drop_default="alter table {defcol} alter column {defcol_1} drop default",
    set_not_null="alter table {plaincol} alter column {plaincol_1} set not null",
    drop_not_null="alter table {nncol} alter column {nncol_1} drop not null",
    drop_expression="alter table {gencol} alter column {gencol_1} drop expression",
    make_identity="alter table {plaincol} alter column {plaincol_1} set not null,"
    " alter column {plaincol_1} add generated always as identity",
    identity_by_default="alter table {idcol} alter column {idcol_1} set generated by default",
    identity_always="alter table {idcol} alter column {idcol_1} set generated always",
    identity_options="alter table {idcol} alter column {idcol_1} set start with {n} set cycle",
    drop_identity="alter table {idcol} alter column {idcol_1} drop identity",
    column_statistics="alter table {col} alter column {col_1} set statistics {n}",
    column_storage="alter table {textcol} alter column {textcol_1} set storage external",
    column_compression="alter table {textcol} alter column {textcol_1} set compression pglz",
    column_options="alter table {col} alter column {col_1} set (n_distinct = {n})",
    column_comment="comment on column {col}.{col_1} is 'c{n}'",
    column_grant="grant update ({col_1}) on {col} to {role}",
    view_column_comment="comment on column {viewcol}.{viewcol_1} is 'v{n}'",
    view_column_default="alter view {viewcol} alter column {viewcol_1} set default null",
    partition_default="alter table {partcol} alter column {partcol_1} set default null",
)
# indexes and constraints
each(
    create_index="create index {new} on {col} ({col_1})",
    create_index_desc="create index {new} on {col} ({col_1} desc nulls last)",
    create_partial_index="create index {new} on {intcol} ({intcol_1}) where {intcol_1} > {n}",
    create_expression_index="create index {new} on {textcol} (lower({textcol_1}))",
    create_unique_index="create unique index {new} on {intcol} ({intcol_1}) nulls not distinct",
    create_hash_index="create index {new} on {intcol} using hash ({intcol_1})",
    create_include_index="create index {new} on {intcol} ({intcol_1}) include ({intcol_1})",
    create_index_on_partitioned="create index {new} on {parted} (id)",
    create_index_on_one_only="create index {new} on only {parted} (v)",
    drop_index="drop index {freeindex}",
    rename_index="alter index {index} rename to {new}",
    index_fillfactor="alter index {freeindex} set (fillfactor = 6{n:.1})",
    index_comment="comment on index {index} is 'i{n}'",
    replica_using_index="alter table {unique} replica identity using index {unique_1}",
    cluster_on="alter table {unique} cluster on {unique_1}",
    no_cluster="alter table {table} set without cluster",
    add_check="alter table {intcol} add constraint {new} check ({intcol_1} <> {n})",
    add_check_not_valid="alter table {intcol} add constraint {new} check ({intcol_1} < 9{n}) not valid",
    add_check_no_inherit="alter table {intcol} add constraint {new} check ({intcol_1} <> -{n}) no inherit",
    add_unique="alter table {intcol} add constraint {new} unique ({intcol_1})",
    add_deferrable_unique="alter table {intcol} add constraint {new} unique ({intcol_1}) deferrable initially deferred",
    add_foreign_key="alter table {intcol} add constraint {new}"
    " foreign key ({intcol_1}) references app.parent on delete cascade",
    add_foreign_key_not_valid="alter table {intcol} add constraint {new}"
    " foreign key ({intcol_1}) references app.parent not valid",
    add_exclusion="alter table {intcol} add constraint {new} exclude using btree ({intcol_1} with =)",
    validate_constraint="alter table {constraint} validate constraint {constraint_1}",
    defer_foreign_key="alter table {fk} alter constraint {fk_1} deferrable initially deferred",
    drop_constraint="alter table {constraint} drop constraint {constraint_1} cascade",
    rename_constraint="alter table {constraint} rename constraint {constraint_1} to {new}",
    constraint_comment="comment on constraint {constraint_1} on {constraint} is 'k{n}'",
)
# partitions, views, sequences
each(
    create_partitioned="create table {schema}.{new} (id integer, v text) partition by list (id)",
    create_partition="create table {schema}.{new} partition of app.measures for values in (1{n})",
    create_default_partition="create table {schema}.{new} partition of app.measures default",
    attach_partition="create table {schema}.{new} (id integer not null, v text, at date);"
    " alter table app.measures attach partition {schema}.{new} for values in (2{n})",
    detach_partition="alter table app.measures detach partition {part}",
    drop_partition="drop table {part}",
    create_view="create view {schema}.{new} as select * from {table}",
    create_secure_view="create view {schema}.{new} with (security_barrier) as select {n} as n",
    replace_view="create or replace view app.recent as select id, name from app.parent where id > {n}",
    view_invoker="alter view {view} set (security_invoker = true)",
    view_check_option="alter view app.recent set (check_option = local)",
    view_owner="alter view {view} owner to {role}",
    view_grant="grant select on {view} to {role}",
    view_comment="comment on view {view} is 'v{n}'",
    rename_view="alter view {view} rename to {new}",
    drop_view="drop view {view} cascade",
    create_matview="create materialized view {schema}.{new} as select {n} as n, 'x'::text as t with no data",
    create_matview_index="create index {new} on {matview} (n)",
    matview_comment="comment on materialized view {matview} is 'm{n}'",
    matview_options="alter materialized view {matview} set (fillfactor = 8{n:.1})",
    matview_owner="alter materialized view {matview} owner to {role}",
    drop_matview="drop materialized view {matview} cascade",
    create_sequence="create sequence {schema}.{new} as smallint increment by {n} maxvalue 3000 cache {n} cycle",
    create_unlogged_sequence="create unlogged sequence {schema}.{new}",
    alter_sequence="alter sequence {seq} increment by {n} no maxvalue",
    sequence_type="alter sequence {seq} as integer",
    sequence_owned_by="alter sequence app.counter owned by app.parent.id",
    sequence_owned_by_none="alter sequence app.counter owned by none",
    sequence_owner="alter sequence {seq} owner to {role}",
    sequence_grant="grant usage on sequence {anyseq} to {role}",
    sequence_comment="comment on sequence {anyseq} is 's{n}'",
    drop_sequence="drop sequence {seq} cascade",
)
# functions, triggers, policies, types
each(
    create_function="create function {schema}.{new}(a integer, b text default 'x') returns integer"
    " language sql stable as 'select {n}'",
    create_overload="create function app.double(a text) returns text language sql immutable as $$ select a || {n}::text $$",
    create_atomic_function="create function {schema}.{new}(a integer) returns integer"
    " language sql begin atomic select 1; select a; end",
    create_procedure="create procedure {schema}.{new}(inout a integer) language plpgsql"
    " as $b$ begin a := {n}; -- ';\n end $b$",
    create_tricky_function="create function {schema}.{new}() returns text language sql as $b$"
    " select '\n--\n-- Name: x; Type: TABLE; Schema: s; Owner: o\n--\n' || $$a;$$ $b$",
    replace_function="create or replace function app.double(a integer) returns integer language sql as 'select a * {n}'",
    function_volatility="alter {function} volatile",
    function_strict="alter {function} strict",
    function_cost="alter {function} cost {n}",
    function_parallel="alter {function} parallel safe",
    function_leakproof="alter {function} leakproof",
    function_definer="alter {routine} security definer",
    function_setting="alter {routine} set work_mem = '{n}MB'",
    function_owner="alter {routine} owner to {role}",
    function_comment="comment on {routine} is 'f{n}'",
    function_revoke="revoke execute on {routine} from public",
    function_grant="grant execute on {routine} to {role}",
    rename_function="alter {function} rename to {new}",
    move_function="alter {routine} set schema {schema}",
    drop_function="drop {routine} cascade",
    create_trigger="create trigger {new} before update on {table} for each row when (old.* is distinct from new.*) {touch}",
    create_statement_trigger="create trigger {new} after insert on {table} referencing new table as added"
    " for each statement {touch}",
    create_constraint_trigger="create constraint trigger {new} after insert on {table} deferrable for each row {touch}",
    disable_trigger="alter table {trigger} disable trigger {trigger_1}",
    trigger_always="alter table {trigger} enable always trigger {trigger_1}",
    trigger_comment="comment on trigger {trigger_1} on {trigger} is 't{n}'",
    rename_trigger="alter trigger {trigger_1} on {trigger} rename to {new}",
    drop_trigger="drop trigger {trigger_1} on {trigger}",
    create_policy="create policy {new} on {table} for select to {role} using (true)",
    create_restrictive_policy="create policy {new} on {table} as restrictive using ({n} > 1) with check (true)",
    alter_policy="alter policy {policy_1} on {policy} to {role} using ({n} > 0)",
    policy_comment="comment on policy {policy_1} on {policy} is 'p{n}'",
    rename_policy="alter policy {policy_1} on {policy} rename to {new}",
    drop_policy="drop policy {policy_1} on {policy}",
    create_enum="create type {schema}.{new} as enum ('a', 'b{n}')",
    add_label="alter type {enum} add value 'label {n}' before 'a'",
    rename_label="alter type {enum} rename value 'a' to 'z{n}'",
    create_domain="create domain {schema}.{new} as text collate \"C\" not null default 'x' check (value <> '{n}')",
    domain_default="alter domain {domain} set default null",
    domain_check="alter domain {domain} add constraint {new} check (value::text <> '{n}')",
    domain_check_not_valid="alter domain {domain} add constraint {new} check (value::text <> '{n}') not valid",
    domain_not_null="alter domain {domain} set not null",
    domain_comment="comment on domain {domain} is 'd{n}'",
    create_composite='create type {schema}.{new} as (a integer, "B c" text)',
    add_attribute="alter type {composite} add attribute {new} {type}",
    composite_attribute_type="alter type {composite} alter attribute a type bigint",
    create_range="create type {schema}.{new} as range (subtype = float8, subtype_diff = float8mi)",
    type_owner="alter type {composite} owner to {role}",
    type_comment="comment on type {enum} is 'e{n}'",
    type_revoke="revoke usage on type {enum} from public",
    type_grant="grant usage on type {enum} to {role}",
    rename_type="alter type {enum} rename to {new}",
    drop_type="drop type {enum} cascade",
)
# schemas, extensions, and kinds of which a database has few
each(
    create_schema="create schema {new}",
    schema_owner="alter schema app owner to {role}",
    schema_grant="grant usage on schema {schema} to {role}",
    schema_comment="comment on schema {schema} is 's{n}'",
    revoke_public_schema="revoke all on schema public from public",
    create_extension="create extension if not exists pg_trgm schema {schema}",
    drop_extension="drop extension pg_trgm cascade",
    extension_comment="create extension if not exists pg_trgm; comment on extension pg_trgm is 'x{n}'",
    create_statistics="create statistics {schema}.{new} (ndistinct) on id, name from app.parent",
    statistics_target="alter statistics {stats} set statistics {n}",
    drop_statistics="drop statistics {stats}",
    create_rule="create rule fz{n} as on update to {table} do also nothing",
    disable_rule="alter table {rule} disable rule {rule_1}",
    drop_rule="drop rule {rule_1} on {rule}",
    create_aggregate="create aggregate {schema}.{new} (integer) (sfunc = int4pl, stype = integer, initcond = '{n}')",
    create_collation="create collation {schema}.{new} (provider = libc, locale = 'C')",
    default_privileges="alter default privileges in schema app grant select on tables to {role}",
    default_privileges_everywhere="alter default privileges revoke execute on functions from public",
    create_publication="create publication {new} for table {table}",
    create_operator="create operator {schema}.=#= (leftarg = integer, rightarg = integer, function = int4eq)",
    create_cast="create type {schema}.{new} as (a integer); create cast ({schema}.{new} as integer) with inout",
    create_event_trigger="create event trigger {new} on ddl_command_end execute function app.watch()",
    create_text_search="create text search dictionary {schema}.{new} (template = simple, stopwords = english)",
    create_server="create foreign data wrapper {new}; create server {new} foreign data wrapper {new} options (host 'h{n}')",
    domain_constraint_comment="comment on constraint positive on domain app.positive is 'c{n}'",
    composite_column_comment="comment on column app.pair.a is 'a{n}'",
    typed_table="create table {schema}.{new} of app.pair (a with options not null)",
    no_inherit="alter table app.child no inherit app.parent",
    inherit="alter table app.child inherit app.parent",
    same_default_spelled="alter table app.parent alter column score set default (0)::integer",
    same_comment_twice="comment on table app.parent is 'the parents'",
    same_grant_again="grant select on app.parent to fuzz_reader",
    same_function_again="create or replace function app.touch() returns trigger language plpgsql as 'begin return new; end'",
    same_add_and_drop="alter table app.parent add column fz_passing integer; alter table app.parent drop column fz_passing",
    same_rename_and_back="alter table app.parent rename to fz_passing; alter table app.fz_passing rename to parent",
    same_index_again="create index fz_passing on app.parent (name); drop index app.fz_passing",
    same_analyze="analyze app.parent",
)  # fmt: skip


def _of_database(statement: str) -> str:
    """A statement about the database, whose name is written ``%I``."""
    return "do $do$ begin execute format($f$" + statement + "$f$, current_database()); end $do$"


# what belongs to the server, and to the database as a whole: pg_dump writes none of it
each(
    create_role="create role {newrole} login connection limit {n}",
    create_role_plain="create role {newrole}",
    role_options="alter role {role} connection limit {n} valid until '2031-01-1{n:.1}'",
    role_attributes="alter role {role} createdb noinherit",
    role_plain="alter role {role} nocreatedb inherit connection limit -1 valid until 'infinity'",
    role_setting="alter role {role} set work_mem = '{n}MB'",
    role_own_setting="alter role {role} set fuzz.secret = '{n}'",
    role_reset="alter role {role} reset all",
    role_setting_in_database=_of_database("alter role {role} in database %I set work_mem = '{n}MB'"),
    role_comment="comment on role {role} is 'r{n}'",
    grant_role="grant {role} to {anyrole}",
    grant_role_admin="grant {role} to {anyrole} with admin option",
    grant_predefined="grant pg_monitor to {role}",
    revoke_role="revoke {role} from {anyrole}",
    drop_role="drop role {anyrole}",
    grant_parameter="grant set on parameter work_mem to {role}",
    revoke_parameter="revoke set on parameter work_mem from {role}",
    database_comment=_of_database("comment on database %I is 'd{n}'"),
    database_setting=_of_database("alter database %I set work_mem = '{n}MB'"),
    database_reset=_of_database("alter database %I reset all"),
    database_grant=_of_database("grant create on database %I to {role}"),
    database_revoke=_of_database("revoke connect on database %I from public"),
    database_limit=_of_database("alter database %I connection limit {n}"),
    same_role_again="alter role fuzz_reader nologin",
    same_database_grant=_of_database("grant connect on database %I to current_user"),
)
# TimescaleDB: pg_dump knows nothing of its settings
_OWN_JOB = (
    "do $do$ begin execute format('update %s set {} where id = 3', coalesce("
    "to_regclass('_timescaledb_catalog.bgw_job'), to_regclass('_timescaledb_config.bgw_job'))); end $do$"
)
"""The function for it is not in the Apache edition."""
each(
    create_hypertable="create table {schema}.{new} (at timestamptz not null, n integer);"
    " select create_hypertable('{schema}.{new}', 'at', chunk_time_interval => interval '{n} hours')",
    create_hypertable_of_integers="create table {schema}.{new} (at bigint not null, n integer);"
    " select create_hypertable('{schema}.{new}', 'at', chunk_time_interval => {n}0)",
    create_hypertable_without_indexes="create table {schema}.{new} (at timestamptz not null, n integer);"
    " select create_hypertable('{schema}.{new}', 'at', create_default_indexes => false)",
    add_space_dimension="select add_dimension('{hyper}', 'n', number_partitions => 3)",
    chunk_interval="select set_chunk_time_interval('{hyper}', interval '{n} minutes')",
    chunk_interval_of_integers="select set_chunk_time_interval('{hyper}', {n})",
    number_partitions="select add_dimension('{hyper}', 'n', number_partitions => 2, if_not_exists => true);"
    " select set_number_partitions('{hyper}', 1{n:.1})",
    hypertable_column="alter table {hyper} add column {new} {type}",
    hypertable_index="create index {new} on {hyper} (n, at desc)",
    hypertable_integer_now="create table {schema}.{new} (at bigint not null, n integer);"
    " select create_hypertable('{schema}.{new}', 'at', chunk_time_interval => 50);"
    " create function {schema}.{new}() returns bigint language sql stable as 'select {n}::bigint';"
    " select set_integer_now_func('{schema}.{new}', '{schema}.{new}')",
    hypertable_chunk_skipping="set timescaledb.enable_chunk_skipping = on; select enable_chunk_skipping('{hyper}', 'n')",
    drop_hypertable="drop table {hyper} cascade",
    timescale_own_job=_OWN_JOB.format("schedule_interval = interval ''{n} days''"),
    timescale_own_job_off=_OWN_JOB.format("scheduled = not scheduled"),
    same_rows="insert into {hyper} (n) select 1 where false",
)
