"""What extends SQL, searches texts, reaches other servers or replicates: made where a statement says all of it."""

from __future__ import annotations

from migration_audit.model.access import (
    DefaultPrivileges,
    ExtensionDependency,
    ParameterPrivileges,
    RoleMembership,
    RoleSettings,
    SecurityLabel,
)
from migration_audit.model.identifiers import listed, literal, sql_name, sql_name_of
from migration_audit.model.objects import CatalogObject, InSchema
from migration_audit.model.operators import Cast, Collation, Operator, TextSearchConfiguration, TextSearchDictionary
from migration_audit.model.other_servers import ForeignDataWrapper, ForeignServer, Publication, PublicationTable, UserMapping
from migration_audit.model.redaction import NOT_READABLE
from migration_audit.port.names import (
    REDACTED,
    foreign_options,
    may_be_secret,
    operator_name,
    qualified,
    regclass,
    role_name,
    unless_exists,
)
from migration_audit.port.owner_grants_comment import grant, held, only_actual
from migration_audit.port.step import Changes, Rank, Sides, Steps, ask, ask_about, leave, run

_HIDDEN = "its options may contain a secret: write them yourself"


def create_collation(collation: Collation, sides: Sides) -> Steps:
    """A missing collation."""
    parts = [f"provider = {collation.provider}"]
    if collation.locale is not None:
        parts.append(f"locale = {literal(collation.locale)}")
    if collation.lc_collate is not None and collation.locale is None:
        parts += [f"lc_collate = {literal(collation.lc_collate)}", f"lc_ctype = {literal(collation.lc_ctype or '')}"]
    if collation.rules is not None:
        parts.append(f"rules = {literal(collation.rules)}")
    if not collation.deterministic:
        parts.append("deterministic = false")
    sql = f"CREATE COLLATION IF NOT EXISTS {qualified(collation)} ({', '.join(parts)});"
    yield run(collation, Rank.COLLATION, sql, makes=(collation.schema, collation.name))


def create_cast(cast: Cast, sides: Sides) -> Steps:
    """A missing cast."""
    how = {"function": f"WITH FUNCTION {cast.function}", "binary": "WITHOUT FUNCTION", "inout": "WITH INOUT"}[cast.method]
    context = {"explicit": "", "assignment": " AS ASSIGNMENT", "implicit": " AS IMPLICIT"}[cast.context]
    absent = (
        f"pg_cast WHERE castsource = {literal(cast.source)}::pg_catalog.regtype "
        f"AND casttarget = {literal(cast.target)}::pg_catalog.regtype"
    )
    yield run(cast, Rank.OPERATOR, unless_exists(absent, f"CREATE CAST ({cast.source} AS {cast.target}) {how}{context}"))


def create_operator(operator: Operator, sides: Sides) -> Steps:
    """A missing operator; its commutator and negator are only named: other steps create them."""
    parts = [f"FUNCTION = {sql_name_of(operator.function)}"]
    parts += [f"LEFTARG = {operator.left}"] if operator.left != "NONE" else []
    parts.append(f"RIGHTARG = {operator.right}")
    for word, other in (("COMMUTATOR", operator.commutator), ("NEGATOR", operator.negator)):
        parts += [f"{word} = {operator_name(other)}"] if other else []
    for word, function in (("RESTRICT", operator.restrict), ("JOIN", operator.join)):
        parts += [f"{word} = {sql_name_of(function)}"] if function else []
    parts += [word for word, is_set in (("MERGES", operator.merges), ("HASHES", operator.hashes)) if is_set]
    where = f"{sql_name(operator.schema)}.{operator.name}"
    signature = literal(f"{where}({operator.left},{operator.right})")
    absent = f"pg_operator WHERE oprcode <> 0 AND oid = pg_catalog.to_regoperator({signature})"
    sql = unless_exists(absent, f"CREATE OPERATOR {where} ({', '.join(parts)})")
    yield run(operator, Rank.OPERATOR, sql, needs=" ".join([operator.function, operator.left, operator.right]))


def create_dictionary(dictionary: TextSearchDictionary, sides: Sides) -> Steps:
    """A missing text search dictionary."""
    options = f", {dictionary.definition}" if dictionary.definition else ""
    sql = f"CREATE TEXT SEARCH DICTIONARY {qualified(dictionary)} (TEMPLATE = {dictionary.template}{options})"
    made = (dictionary.schema, dictionary.name)
    create = unless_exists(_search_object("pg_ts_dict", "dict", dictionary), sql)
    yield run(dictionary, Rank.SEARCH, create, makes=made, needs=dictionary.template)


def _search_object(table: str, what: str, obj: InSchema) -> str:
    return (
        f"{table} AS one JOIN pg_catalog.pg_namespace AS nsp ON nsp.oid = one.{what}namespace "
        f"WHERE nsp.nspname = {literal(obj.schema)} AND one.{what}name = {literal(obj.name)}"
    )


def create_configuration(configuration: TextSearchConfiguration, sides: Sides) -> Steps:
    """A missing text search configuration with its mappings."""
    where = qualified(configuration)
    sql = [f"CREATE TEXT SEARCH CONFIGURATION {where} (PARSER = {configuration.parser})"]
    sql += [f"ALTER TEXT SEARCH CONFIGURATION {where} ADD MAPPING FOR {_mapping(one)}" for one in configuration.mappings]
    made = (configuration.schema, configuration.name)
    create = unless_exists(_search_object("pg_ts_config", "cfg", configuration), *sql)
    yield run(configuration, Rank.SEARCH_CONFIGURATION, create, makes=made, needs=" ".join(configuration.mappings))


def _mapping(mapping: str) -> str:
    token, _, dictionaries = mapping.partition(": ")
    return f"{sql_name(token)} WITH {dictionaries}"


def change_configuration(
    configuration: TextSearchConfiguration, actual: TextSearchConfiguration, changes: Changes, sides: Sides
) -> Steps:
    """Further kinds of tokens are mapped; other mappings are for a person."""
    if "mappings" in changes or "parser" in changes:
        why = f"the mappings or the parser of {qualified(configuration)} differ"
        yield ask_about(configuration, changes, why, "mappings", "parser")


def create_wrapper(wrapper: ForeignDataWrapper, sides: Sides) -> Steps:
    """A missing foreign-data wrapper that no extension brought."""
    parts = [f"HANDLER {sql_name_of(wrapper.handler)}"] if wrapper.handler else []
    parts += [f"VALIDATOR {sql_name_of(wrapper.validator)}"] if wrapper.validator else []
    sql = " ".join([f"CREATE FOREIGN DATA WRAPPER {sql_name(wrapper.name)}", *parts, *_known_options(wrapper.options)])
    if may_be_secret(wrapper.options):
        yield leave(wrapper, _HIDDEN, sql + ";")
    else:
        absent = f"pg_foreign_data_wrapper WHERE fdwname = {literal(wrapper.name)}"
        yield run(wrapper, Rank.SEARCH, unless_exists(absent, sql))


def create_server(server: ForeignServer, sides: Sides) -> Steps:
    """A missing foreign server, unless an option may be a secret."""
    parts = [f"TYPE {literal(server.type)}"] if server.type else []
    parts += [f"VERSION {literal(server.version)}"] if server.version else []
    parts += [f"FOREIGN DATA WRAPPER {sql_name(server.wrapper)}", *_known_options(server.options)]
    sql = " ".join([f"CREATE SERVER IF NOT EXISTS {sql_name(server.name)}", *parts]) + ";"
    is_hidden = may_be_secret(server.options)
    yield leave(server, _HIDDEN, sql) if is_hidden else run(server, Rank.SERVER, sql)


def create_mapping(mapping: UserMapping, sides: Sides) -> Steps:
    """A missing user mapping, unless an option may be a secret, which most are."""
    sql = f"CREATE USER MAPPING IF NOT EXISTS FOR {role_name(mapping.user)} SERVER {sql_name(mapping.server)}"
    if may_be_secret(mapping.options) or NOT_READABLE in mapping.options:
        yield leave(mapping, _HIDDEN, sql + ";")
    else:
        yield run(mapping, Rank.TABLE, " ".join([sql, *_known_options(mapping.options)]) + ";")


def _known_options(options: tuple[str, ...]) -> list[str]:
    known = tuple(option for option in options if REDACTED not in option and "=" in option)
    return [foreign_options(known)] if known else []


def create_publication(publication: Publication, sides: Sides) -> Steps:
    """A missing publication; its tables are steps of their own."""
    what = " FOR ALL TABLES" if publication.all_tables else ""
    if publication.schemas:
        what = f" FOR TABLES IN SCHEMA {', '.join(map(sql_name, publication.schemas))}"
    options = [f"publish = {literal(', '.join(publication.publish))}"]
    options += ["publish_via_partition_root = true"] if publication.via_root else []
    options += ["publish_generated_columns = stored"] if publication.generated_columns == "stored" else []
    sql = f"CREATE PUBLICATION {sql_name(publication.name)}{what} WITH ({', '.join(options)})"
    absent = f"pg_publication WHERE pubname = {literal(publication.name)}"
    yield run(publication, Rank.PUBLICATION, unless_exists(absent, sql))


def create_publication_table(member: PublicationTable, sides: Sides) -> Steps:
    """A table that is to be published."""
    table = sql_name(member.schema, member.table)
    columns = f" ({', '.join(map(sql_name, member.columns))})" if member.columns else ""
    rows = f" WHERE ({member.filter})" if member.filter else ""
    absent = (
        "pg_publication_rel JOIN pg_catalog.pg_publication AS pub ON pub.oid = prpubid "
        f"WHERE pubname = {literal(member.publication)} AND prrelid = {regclass(table)}"
    )
    sql = f"ALTER PUBLICATION {sql_name(member.publication)} ADD TABLE {table}{columns}{rows}"
    yield run(member, Rank.OWNER, unless_exists(absent, sql))


def create_default_privileges(privileges: DefaultPrivileges, sides: Sides) -> Steps:
    """What objects that a role will make are to allow."""
    yield from _default_privileges(privileges, ())


def change_default_privileges(
    privileges: DefaultPrivileges, actual: DefaultPrivileges, changes: Changes, sides: Sides
) -> Steps:
    """What is lacking is granted; what only the owner's SQL grants is for a person."""
    yield from _default_privileges(privileges, actual.privileges)


def _default_privileges(privileges: DefaultPrivileges, actual: tuple[str, ...]) -> Steps:
    place = f" IN SCHEMA {sql_name(privileges.schema)}" if privileges.schema is not None else ""
    head = f"ALTER DEFAULT PRIVILEGES FOR ROLE {sql_name(privileges.role)}{place}"
    on = privileges.objects.upper()
    wanted, has = held(privileges.privileges)[0], held(actual)[0]
    sql = [] if has else [f"{head} REVOKE {revoked};" for revoked in _revoked_defaults(privileges, on)[:1]]
    for who, words in wanted.items():
        grantee = sql_name(privileges.role) if who == "(owner)" else role_name(who)
        for privilege, option in words.items():
            if has.get(who, {}).get(privilege) != option:
                sql.append(f"{head} {grant(privilege, on, grantee, with_option=option)}")
    if sql:
        yield run(privileges, Rank.DEFAULT_PRIVILEGES, "\n".join(sql))
    if asked := only_actual(wanted, has):
        yield ask(privileges, "only the owner's SQL grants these:\n" + "\n".join(asked))


def _revoked_defaults(privileges: DefaultPrivileges, on: str) -> list[str]:
    """Without a schema the list is in place of PostgreSQL's own, in which everybody may use types and functions."""
    given = {"functions": "EXECUTE", "types": "USAGE"}.get(privileges.objects)
    is_public = any(line.startswith("PUBLIC: ") for line in privileges.privileges)
    revoked = [f"{given} ON {on} FROM PUBLIC"] if privileges.schema is None and given and not is_public else []
    is_owners = "(owner): none" not in privileges.privileges
    return revoked + ([] if is_owners else [f"ALL ON {on} FROM {sql_name(privileges.role)}"])


def create_membership(membership: RoleMembership, sides: Sides) -> Steps:
    """A role that is to be a member of another; one that another role granted is left to a person."""
    sql = f"GRANT {sql_name(membership.role)} TO {sql_name(membership.member)}"
    options = {"ADMIN": "ADMIN TRUE", "NO INHERIT": "INHERIT FALSE", "NO SET": "SET FALSE"}
    if membership.grantor != "(superuser)":
        yield leave(membership, f"the role {membership.grantor} grants it", sql + ";")
        return
    words = ", ".join(options.get(one, one) for one in membership.options)
    words = "ADMIN OPTION" if words == "ADMIN TRUE" else words  # as every version writes it
    sql += f" WITH {words};" if words else ";"
    yield run(
        membership, Rank.LANGUAGE, sql, note="WITH INHERIT and WITH SET need PostgreSQL 16" if "FALSE" in words else None
    )


def create_settings(settings: RoleSettings, sides: Sides) -> Steps:
    """Settings of a role for all databases; hidden values and those of this one database are for a person."""
    where = "ALTER ROLE " + ("ALL" if settings.role is None else sql_name(settings.role))
    sql: list[str] = []
    asked: list[str] = []
    for setting in settings.options:
        key, _, value = setting.partition("=")
        is_plain = not settings.database and "(redacted" not in value
        parameter = ".".join(sql_name(part) for part in key.split("."))
        words = ", ".join(map(literal, listed(value))) if key in _LISTS else literal(value)
        (sql if is_plain else asked).append(f"{where} SET {parameter} TO {words or literal('')};")
    if sql:
        yield run(settings, Rank.COLLATION, "\n".join(sql))
    if asked:
        yield ask(settings, f"a hidden value, or a setting {settings.key}: write it yourself", "\n".join(asked))


_LISTS = {
    *("local_preload_libraries", "search_path", "session_preload_libraries", "shared_preload_libraries"),
    *("temp_tablespaces", "unix_socket_directories"),
}
"""Parameters whose lists hold identifiers in quotes (GUC_LIST_QUOTE; pg_dump has the same list in dumputils.c)."""


def create_parameter_privileges(privileges: ParameterPrivileges, sides: Sides) -> Steps:
    """Who may set a server parameter: a step for privileges, as of every object."""
    yield from ()


def create_label(label: SecurityLabel, sides: Sides) -> Steps:
    """A missing security label: its provider has to be loaded."""
    yield ask(label, f"the provider {label.provider} has to be loaded: {label.key} is {label.label}")


def create_dependency(dependency: ExtensionDependency, sides: Sides) -> Steps:
    """A missing dependency on an extension."""
    yield ask(dependency, f"{dependency.object} must be dropped with extension {dependency.extension}")


def ask_to_create(obj: CatalogObject, sides: Sides) -> Steps:
    """What no statement of ours makes: reported with all that is known of it."""
    lines = [f"{attribute}: {_shown(getattr(obj, attribute))}" for attribute in obj.compared()]
    yield leave(obj, "\n".join(["this kind of object cannot be generated", *lines]))


def ask_to_change(obj: CatalogObject, actual: CatalogObject, changes: Changes, sides: Sides) -> Steps:
    """What differs, for a person; owners, privileges and comments are set."""
    if names := changes.keys() - {"owner", "privileges", "comment"}:
        yield ask_about(obj, changes, "changes of this kind of object cannot be generated", *names)


def _shown(value: object) -> str:
    if isinstance(value, tuple):
        return "; ".join(map(str, value))
    return "not set" if value is None else str(value)
