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
from migration_audit.model.drift import Difference
from migration_audit.model.identifiers import listed, literal, sql_name
from migration_audit.model.objects import CatalogObject
from migration_audit.model.operators import Cast, Collation, Operator, TextSearchConfiguration, TextSearchDictionary
from migration_audit.model.other_servers import ForeignDataWrapper, ForeignServer, Publication, PublicationTable, UserMapping
from migration_audit.model.redaction import NOT_READABLE
from migration_audit.port.names import guarded, operator_name, regclass, role_name, routine_name
from migration_audit.port.owner_grants_comment import changed_owner_grants_comment, held, new_owner_grants_comment
from migration_audit.port.step import Rank, Sides, Steps, ask, differing, run

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
    where = sql_name(collation.schema, collation.name)
    sql = f"CREATE COLLATION IF NOT EXISTS {where} ({', '.join(parts)});"
    yield run(collation, Rank.COLLATION, sql, makes=frozenset({(collation.schema, collation.name)}))
    yield from new_owner_grants_comment(collation, sides)


def create_cast(cast: Cast, sides: Sides) -> Steps:
    """A missing cast."""
    how = {"function": f"WITH FUNCTION {cast.function}", "binary": "WITHOUT FUNCTION", "inout": "WITH INOUT"}[cast.method]
    context = {"explicit": "", "assignment": " AS ASSIGNMENT", "implicit": " AS IMPLICIT"}[cast.context]
    condition = (
        f"NOT EXISTS (SELECT FROM pg_catalog.pg_cast WHERE castsource = {literal(cast.source)}::pg_catalog.regtype "
        f"AND casttarget = {literal(cast.target)}::pg_catalog.regtype)"
    )
    yield run(cast, Rank.OPERATOR, guarded(condition, f"CREATE CAST ({cast.source} AS {cast.target}) {how}{context}"))
    yield from new_owner_grants_comment(cast, sides)


def create_operator(operator: Operator, sides: Sides) -> Steps:
    """A missing operator; its commutator and negator are named, and made by steps of their own."""
    parts = [f"FUNCTION = {routine_name(operator.function)}"]
    parts += [f"LEFTARG = {operator.left}"] if operator.left != "NONE" else []
    parts.append(f"RIGHTARG = {operator.right}")
    for word, other in (("COMMUTATOR", operator.commutator), ("NEGATOR", operator.negator)):
        parts += [f"{word} = {operator_name(other)}"] if other else []
    for word, function in (("RESTRICT", operator.restrict), ("JOIN", operator.join)):
        parts += [f"{word} = {routine_name(function)}"] if function else []
    parts += [word for word, is_set in (("MERGES", operator.merges), ("HASHES", operator.hashes)) if is_set]
    where = f"{sql_name(operator.schema)}.{operator.name}"
    condition = (
        "NOT EXISTS (SELECT FROM pg_catalog.pg_operator "
        f"WHERE oprcode <> 0 AND oid = pg_catalog.to_regoperator({literal(f'{where}({operator.left},{operator.right})')}))"
    )
    sql = guarded(condition, f"CREATE OPERATOR {where} ({', '.join(parts)})")
    yield run(operator, Rank.OPERATOR, sql, needs=" ".join([operator.function, operator.left, operator.right]))
    yield from new_owner_grants_comment(operator, sides)


def create_dictionary(dictionary: TextSearchDictionary, sides: Sides) -> Steps:
    """A missing text search dictionary."""
    where = sql_name(dictionary.schema, dictionary.name)
    options = f", {dictionary.definition}" if dictionary.definition else ""
    sql = f"CREATE TEXT SEARCH DICTIONARY {where} (TEMPLATE = {dictionary.template}{options})"
    condition = _no_search("dict", dictionary.schema, dictionary.name)
    made = frozenset({(dictionary.schema, dictionary.name)})
    yield run(dictionary, Rank.SEARCH, guarded(condition, sql), makes=made, needs=dictionary.template)
    yield from new_owner_grants_comment(dictionary, sides)


def _no_search(what: str, schema: str, bare: str) -> str:
    table = {"dict": "pg_ts_dict", "cfg": "pg_ts_config"}[what]
    return (
        f"NOT EXISTS (SELECT FROM pg_catalog.{table} AS one JOIN pg_catalog.pg_namespace AS nsp "
        f"ON nsp.oid = one.{what}namespace WHERE nsp.nspname = {literal(schema)} AND one.{what}name = {literal(bare)})"
    )


def create_configuration(configuration: TextSearchConfiguration, sides: Sides) -> Steps:
    """A missing text search configuration with its mappings."""
    where = sql_name(configuration.schema, configuration.name)
    sql = [f"CREATE TEXT SEARCH CONFIGURATION {where} (PARSER = {configuration.parser})"]
    sql += [f"ALTER TEXT SEARCH CONFIGURATION {where} ADD MAPPING FOR {_mapping(one)}" for one in configuration.mappings]
    condition = _no_search("cfg", configuration.schema, configuration.name)
    made = frozenset({(configuration.schema, configuration.name)})
    yield run(
        configuration,
        Rank.SEARCH_CONFIGURATION,
        guarded(condition, *sql),
        makes=made,
        needs=" ".join(configuration.mappings),
    )
    yield from new_owner_grants_comment(configuration, sides)


def _mapping(mapping: str) -> str:
    token, _, dictionaries = mapping.partition(": ")
    return f"{sql_name(token)} WITH {dictionaries}"


def change_configuration(difference: Difference, sides: Sides) -> Steps:
    """Further kinds of tokens are mapped; other mappings are for a person."""
    configuration, actual = difference.expected, difference.actual
    if not isinstance(configuration, TextSearchConfiguration) or not isinstance(actual, TextSearchConfiguration):
        return
    changed = {change.name for change in difference.fields}
    where = sql_name(configuration.schema, configuration.name)
    if "mappings" in changed or "parser" in changed:
        yield ask(configuration, f"{where} maps otherwise\n{differing(difference, 'mappings', 'parser')}")
    yield from changed_owner_grants_comment(difference, sides)


def create_wrapper(wrapper: ForeignDataWrapper, sides: Sides) -> Steps:
    """A missing foreign-data wrapper that no extension brought."""
    parts = [f"HANDLER {routine_name(wrapper.handler)}"] if wrapper.handler else []
    parts += [f"VALIDATOR {routine_name(wrapper.validator)}"] if wrapper.validator else []
    sql = " ".join([f"CREATE FOREIGN DATA WRAPPER {sql_name(wrapper.name)}", *parts, *_options(wrapper.options)])
    if _is_secret(wrapper.options):
        yield ask(wrapper, _HIDDEN, sql + ";")
        return
    condition = f"NOT EXISTS (SELECT FROM pg_catalog.pg_foreign_data_wrapper WHERE fdwname = {literal(wrapper.name)})"
    yield run(wrapper, Rank.SEARCH, guarded(condition, sql))
    yield from new_owner_grants_comment(wrapper, sides)


def create_server(server: ForeignServer, sides: Sides) -> Steps:
    """A missing foreign server, unless an option may be a secret."""
    parts = [f"TYPE {literal(server.type)}"] if server.type else []
    parts += [f"VERSION {literal(server.version)}"] if server.version else []
    parts += [f"FOREIGN DATA WRAPPER {sql_name(server.wrapper)}", *_options(server.options)]
    sql = " ".join([f"CREATE SERVER IF NOT EXISTS {sql_name(server.name)}", *parts]) + ";"
    if _is_secret(server.options):
        yield ask(server, _HIDDEN, sql)
        return
    yield run(server, Rank.SERVER, sql)
    yield from new_owner_grants_comment(server, sides)


def create_mapping(mapping: UserMapping, sides: Sides) -> Steps:
    """A missing user mapping, unless an option may be a secret, which most are."""
    sql = f"CREATE USER MAPPING IF NOT EXISTS FOR {role_name(mapping.user)} SERVER {sql_name(mapping.server)}"
    if _is_secret(mapping.options) or NOT_READABLE in mapping.options:
        yield ask(mapping, _HIDDEN, sql + ";")
        return
    yield run(mapping, Rank.TABLE, " ".join([sql, *_options(mapping.options)]) + ";")


def _is_secret(options: tuple[str, ...]) -> bool:
    return any("(redacted)" in option for option in options)


def _options(options: tuple[str, ...]) -> list[str]:
    pairs = [option.partition("=") for option in options if "(redacted)" not in option and "=" in option]
    return [f"OPTIONS ({', '.join(f'{sql_name(key)} {literal(value)}' for key, _, value in pairs)})"] if pairs else []


def create_publication(publication: Publication, sides: Sides) -> Steps:
    """A missing publication; its tables are steps of their own."""
    what = " FOR ALL TABLES" if publication.all_tables else ""
    if publication.schemas:
        what = f" FOR TABLES IN SCHEMA {', '.join(map(sql_name, publication.schemas))}"
    options = [f"publish = {literal(', '.join(publication.publish))}"]
    options += ["publish_via_partition_root = true"] if publication.via_root else []
    options += ["publish_generated_columns = stored"] if publication.generated_columns == "stored" else []
    sql = f"CREATE PUBLICATION {sql_name(publication.name)}{what} WITH ({', '.join(options)})"
    condition = f"NOT EXISTS (SELECT FROM pg_catalog.pg_publication WHERE pubname = {literal(publication.name)})"
    yield run(publication, Rank.PUBLICATION, guarded(condition, sql))
    yield from new_owner_grants_comment(publication, sides)


def create_publication_table(member: PublicationTable, sides: Sides) -> Steps:
    """A table that is to be published."""
    table = sql_name(member.schema, member.table)
    columns = f" ({', '.join(map(sql_name, member.columns))})" if member.columns else ""
    rows = f" WHERE ({member.filter})" if member.filter else ""
    condition = (
        "NOT EXISTS (SELECT FROM pg_catalog.pg_publication_rel JOIN pg_catalog.pg_publication AS pub ON pub.oid = prpubid "
        f"WHERE pubname = {literal(member.publication)} AND prrelid = {regclass(table)})"
    )
    sql = f"ALTER PUBLICATION {sql_name(member.publication)} ADD TABLE {table}{columns}{rows}"
    yield run(member, Rank.OWNER, guarded(condition, sql))


def create_default_privileges(privileges: DefaultPrivileges, sides: Sides) -> Steps:
    """What objects that a role will make are to allow."""
    yield from _default_privileges(privileges, ())


def change_default_privileges(difference: Difference, sides: Sides) -> Steps:
    """What is lacking is granted; what only the owner's SQL grants is for a person."""
    privileges, actual = difference.expected, difference.actual
    if isinstance(privileges, DefaultPrivileges) and isinstance(actual, DefaultPrivileges):
        yield from _default_privileges(privileges, actual.privileges)


def _default_privileges(privileges: DefaultPrivileges, actual: tuple[str, ...]) -> Steps:
    place = f" IN SCHEMA {sql_name(privileges.schema)}" if privileges.schema is not None else ""
    head = f"ALTER DEFAULT PRIVILEGES FOR ROLE {sql_name(privileges.role)}{place}"
    on = privileges.objects.upper()
    wanted, has = held(privileges.privileges)[0], held(actual)[0]
    sql, asked = _revoked_defaults(privileges, wanted, has, head)
    for who, words in wanted.items():
        grantee = sql_name(privileges.role) if who == "(owner)" else role_name(who)
        for privilege, option in words.items():
            if has.get(who, {}).get(privilege) != option:
                sql.append(f"{head} GRANT {privilege} ON {on} TO {grantee}{' WITH GRANT OPTION' if option else ''};")
    asked += [f"{who}: {p}" for who in has for p in has[who] if p not in wanted.get(who, {})]
    if sql:
        yield run(privileges, Rank.DEFAULT_PRIVILEGES, "\n".join(sql))
    if asked:
        yield ask(privileges, "only the owner's SQL grants these:\n" + "\n".join(asked))


def _revoked_defaults(privileges: DefaultPrivileges, wanted: object, has: object, head: str) -> tuple[list[str], list[str]]:
    """Without a schema the list is in place of PostgreSQL's own, in which everybody may use types and functions."""
    given = {"functions": "EXECUTE", "types": "USAGE"}.get(privileges.objects)
    lines = [line for line in privileges.privileges if line.startswith("PUBLIC: ")]
    if privileges.schema is None and given and not lines and not has:
        return [f"{head} REVOKE {given} ON {privileges.objects.upper()} FROM PUBLIC;"], []
    if "(owner): none" in privileges.privileges and not has:
        return [f"{head} REVOKE ALL ON {privileges.objects.upper()} FROM {sql_name(privileges.role)};"], []
    return [], []


def create_membership(membership: RoleMembership, sides: Sides) -> Steps:
    """A role that is to be a member of another; one that somebody else granted is for a person."""
    sql = f"GRANT {sql_name(membership.role)} TO {sql_name(membership.member)}"
    options = {"ADMIN": "ADMIN TRUE", "NO INHERIT": "INHERIT FALSE", "NO SET": "SET FALSE"}
    if membership.grantor != "(superuser)":
        yield ask(membership, f"the role {membership.grantor} grants it", sql + ";")
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
    """Who may set a server parameter."""
    yield from new_owner_grants_comment(privileges, sides)


def create_label(label: SecurityLabel, sides: Sides) -> Steps:
    """A missing security label: its provider has to be loaded."""
    yield ask(label, f"the provider {label.provider} has to be loaded: {label.key} is {label.label}")


def create_dependency(dependency: ExtensionDependency, sides: Sides) -> Steps:
    """A missing dependency on an extension."""
    yield ask(dependency, f"{dependency.object} must be dropped with extension {dependency.extension}")


def ask_to_create(obj: CatalogObject, sides: Sides) -> Steps:
    """What no statement of ours makes: reported with all that is known of it."""
    lines = [f"{attribute}: {_shown(getattr(obj, attribute))}" for attribute in obj.compared()]
    yield ask(obj, "\n".join(["this kind of object cannot be generated", *lines]))


def ask_to_change(difference: Difference, sides: Sides) -> Steps:
    """What differs, for a person; owners, privileges and comments are set."""
    names = [change.name for change in difference.fields if change.name not in {"owner", "privileges", "comment"}]
    if names and difference.expected is not None:
        yield ask(
            difference.expected, "changes of this kind of object cannot be generated\n" + differing(difference, *names)
        )
    yield from changed_owner_grants_comment(difference, sides)


def _shown(value: object) -> str:
    if isinstance(value, tuple):
        return "; ".join(map(str, value))
    return "not set" if value is None else str(value)
