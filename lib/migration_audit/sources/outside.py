"""Which statements reach for programs, files, hosts or settings outside of their database, found by PostgreSQL's own parser.

What a statement puts together at run time cannot be read; the shadow's server is cut off from the machine for that
(``shadow/sandbox.py``).

Source: https://www.postgresql.org/docs/current/sql-commands.html, functions-admin.html, lo-funcs.html, dblink.html,
adminpack.html (until 16); tests/database/test_statement_kinds.py has every kind of statement, and shows that what no query
of the catalog reads is named here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any, Final

import postgast

from migration_audit.model.location import Location
from migration_audit.model.side_effects import Outside, OutsideKind
from migration_audit.model.sql import THIS_DATABASE, Statement, StatementKind
from migration_audit.model.sql_tree import parse_or_none
from migration_audit.sources.inner import body_name, body_of, inner_sql, statements_of

pb: Any = postgast.pg_query_pb2

_PARTS: Final = (
    *("copy", "system", "dblink", "pg_", "lo_", "subscription", "load", "import", "language", "database", "tablespace"),
    "prepare",
)
"""One of them is in every text that ``_MAY`` finds, which takes much longer to look for."""
_MAY: Final = re.compile(
    r"\bcopy\b|\bsystem\b|dblink|pg_\w*(?:file|dir|ls|slot|origin|backend|wal)\w*|lo_(?:im|ex)port|pg_reload_conf|"
    r"(?:\binto|\bupdate|\bfrom|\bonly|\bcopy|\btruncate|\btable|[.,])\s*\"?pg_|\bsubscription\b|\bload\b|\bimport\b|\blanguage\b|\bdatabase\b|\btablespace\b|\bprepared?\b",
    re.IGNORECASE,
)
"""Every statement that is of interest has one of these words; most have none, and are not parsed."""
_FILES: Final = re.compile(
    r"pg_read_file|pg_read_binary_file|pg_ls_dir|pg_ls_\w*dir|pg_stat_file|lo_import|lo_export|pg_file_\w+|pg_logdir_ls"
)
_NETWORK: Final = re.compile(r"dblink|dblink_(?:connect|connect_u|exec|open|send_query)")
_SLOTS: Final = re.compile(
    r"pg_(?:create|copy|drop)_(?:physical_|logical_)?replication_slot|pg_replication_slot_advance|pg_replication_origin_\w+"
)
_SESSIONS: Final = frozenset({"pg_terminate_backend", "pg_cancel_backend"})
_TRUSTED: Final = frozenset({"sql", "plpgsql", "internal", "plperl", "pltcl", "plv8", "plrust", "pllua"})
_TWO_PHASE: Final = {
    pb.TRANS_STMT_PREPARE: "PREPARE TRANSACTION",
    pb.TRANS_STMT_COMMIT_PREPARED: "COMMIT PREPARED",
    pb.TRANS_STMT_ROLLBACK_PREPARED: "ROLLBACK PREPARED",
}
_OUTLIVES: Final = "is about a transaction that outlives its session: what it did is in no database before COMMIT PREPARED"
_EXTENSIONS: Final = re.compile(r"\$libdir/")

_CONNECTS: Final = "connects to another server"
_STATEMENTS: Final = {
    "AlterSystemStmt": (OutsideKind.SERVER, "ALTER SYSTEM", "changes a server-wide setting, which is not compared"),
    "CreateSubscriptionStmt": (OutsideKind.NETWORK, "CREATE SUBSCRIPTION", _CONNECTS),
    "AlterSubscriptionStmt": (OutsideKind.NETWORK, "ALTER SUBSCRIPTION", _CONNECTS),
    "ImportForeignSchemaStmt": (OutsideKind.NETWORK, "IMPORT FOREIGN SCHEMA", _CONNECTS),
    "LoadStmt": (OutsideKind.CODE, "LOAD", "loads a library into the server"),
    "CreatedbStmt": (OutsideKind.SERVER, "CREATE DATABASE", "makes another database, which is not compared"),
    "DropdbStmt": (OutsideKind.SERVER, "DROP DATABASE", "removes another database, which is not compared"),
    "CreateTableSpaceStmt": (
        OutsideKind.SERVER,
        "CREATE TABLESPACE",
        "names a folder of the server, which is not compared",
    ),
    "DropTableSpaceStmt": (
        OutsideKind.SERVER,
        "DROP TABLESPACE",
        "removes a folder of the server, which is not compared",
    ),
}
_DATABASES: Final = {
    "AlterDatabaseStmt": "ALTER DATABASE",
    "AlterDatabaseSetStmt": "ALTER DATABASE",
    "AlterDatabaseRefreshCollStmt": "ALTER DATABASE",
    "AlterRoleSetStmt": "ALTER ROLE … IN DATABASE",
}
"""Statements that name a database in ``dbname`` or ``database``."""
_OF_OBJECTS: Final = {
    "RenameStmt": ("rename_type", "ALTER DATABASE … RENAME"),
    "AlterOwnerStmt": ("object_type", "ALTER DATABASE … OWNER"),
    "CommentStmt": ("objtype", "COMMENT ON DATABASE"),
    "SecLabelStmt": ("objtype", "SECURITY LABEL ON DATABASE"),
    "GrantStmt": ("objtype", "GRANT … ON DATABASE"),
}
"""Statements about any kind of object, with the field that says which one."""
_CATALOGS: Final = re.compile(
    r"pg_(?:aggregate|am|amop|amproc|attrdef|attribute|auth_members|authid|cast|class|collation|constraint|conversion|database|"
    r"db_role_setting|default_acl|depend|description|enum|event_trigger|extension|foreign_(?:data_wrapper|server|table)|index|"
    r"inherits|init_privs|language|largeobject(?:_metadata)?|namespace|opclass|operator|opfamily|parameter_acl|"
    r"partitioned_table|policy|proc|publication(?:_namespace|_rel)?|range|replication_origin|rewrite|seclabel|sequence|shdepend|"
    r"shdescription|shseclabel|statistic(?:_ext|_ext_data)?|subscription(?:_rel)?|tablespace|transform|trigger|"
    r"ts_(?:config|config_map|dict|parser|template)|type|user_mapping)"
)
"""https://www.postgresql.org/docs/current/catalogs-overview.html"""
_WRITES: Final = {
    "InsertStmt": "INSERT INTO",
    "UpdateStmt": "UPDATE",
    "DeleteStmt": "DELETE FROM",
    "MergeStmt": "MERGE INTO",
    "CopyStmt": "COPY",
    "TruncateStmt": "TRUNCATE",
    "AlterTableStmt": "ALTER TABLE",
}
_CHANGES: Final = "changes another database than the audited one, which is not compared"


def mark_outside(statement: Statement) -> Statement:
    """The statement with everything that it reaches for outside of its database."""
    if not _may_reach(statement.text):
        return statement
    if statement.kind is StatementKind.COPY and "pg_" not in statement.text:
        return statement
    found = tuple(replace(one, at=statement.in_file(one.at)) for one in _of_text(statement.text, statement.at, None))
    return replace(statement, outside=found) if found else statement


def _may_reach(text: str) -> bool:
    lowered = text.lower()
    return any(part in lowered for part in _PARTS) and _MAY.search(text) is not None


def _of_text(text: str, at: Location, within: str | None) -> Iterator[Outside]:
    tree = parse_or_none(text)
    if tree is None:
        return
    for statement, here in statements_of(tree, text, at):
        outer = within or _made(statement.stmt)
        for _, node in postgast.walk(statement):
            if type(node).__name__ in {"DoStmt", "CreateFunctionStmt"}:
                yield from _of_body(node, text, here, outer)
            elif (found := _of_node(node)) is not None:
                kind, what, words = found
                yield Outside(kind=kind, what=what, words=words, at=here, within=outer)


def _made(statement: Any) -> str | None:
    """What a statement defines, which does so when it is used; None for a statement that does it at once."""
    kind = statement.WhichOneof("node") or ""
    if kind == "create_function_stmt":
        return body_name(statement.create_function_stmt)
    return {"view_stmt": "the view", "rule_stmt": "the rule", "create_stmt": "the table"}.get(kind)


def _of_body(node: Any, text: str, at: Location, within: str | None) -> Iterator[Outside]:
    is_do = type(node).__name__ == "DoStmt"
    language, source = body_of(node)
    if language not in _TRUSTED and not _EXTENSIONS.match(source or ""):
        words = "is in a language that can do anything the server's account can"
        kind = OutsideKind.PROGRAM if is_do else OutsideKind.CODE
        yield Outside(kind=kind, what=f"a body in {language}", words=words, at=at, within=within)
    for inner in inner_sql(text, node, at):
        if inner.reason is None and _may_reach(inner.text):
            yield from _of_text(inner.text, inner.at, within)


def _of_node(node: Any) -> tuple[OutsideKind, str, str] | None:
    name = type(node).__name__
    if name == "CopyStmt":
        return _of_copy(node) if node.filename else _of_write(name, node)
    if name == "FuncCall" and node.funcname:
        return _of_call(str(node.funcname[-1].string.sval))
    if name == "TransactionStmt" and node.kind in _TWO_PHASE:
        return OutsideKind.TRANSACTION, _TWO_PHASE[node.kind], _OUTLIVES
    if name == "AlterTableSpaceOptionsStmt" and node.tablespacename.startswith("pg_"):
        return OutsideKind.SERVER, "ALTER TABLESPACE", "changes one that the server came with, which is not compared"
    is_unconnected = name == "CreateSubscriptionStmt" and _does_not_connect(node.options)
    return None if is_unconnected else _STATEMENTS.get(name) or _of_write(name, node) or _of_database(name, node)


def _of_write(name: str, node: Any) -> tuple[OutsideKind, str, str] | None:
    """A statement that writes a table of the system catalog."""
    if name not in _WRITES:
        return None
    for each in [one.range_var for one in node.relations] if name == "TruncateStmt" else [node.relation]:
        if _CATALOGS.fullmatch(each.relname) and each.schemaname in {"", "pg_catalog"} and getattr(node, "is_from", True):
            return OutsideKind.CATALOG, f"{_WRITES[name]} {each.relname}", "writes the system catalog, past every check"
    return None


def _of_database(name: str, node: Any) -> tuple[OutsideKind, str, str] | None:
    """A statement about a database by its name: SQL cannot know the one that it is applied to in a shadow."""
    if name in _DATABASES:
        named = node.database if name == "AlterRoleSetStmt" else node.dbname
        return None if named in {"", THIS_DATABASE} else (OutsideKind.SERVER, _DATABASES[name], _CHANGES)
    if name not in _OF_OBJECTS or getattr(node, _OF_OBJECTS[name][0]) != pb.OBJECT_DATABASE:
        return None
    return None if THIS_DATABASE in str(node) else (OutsideKind.SERVER, _OF_OBJECTS[name][1], _CHANGES)


def _of_copy(node: Any) -> tuple[OutsideKind, str, str]:
    what = f"COPY … {'FROM' if node.is_from else 'TO'} {'PROGRAM' if node.is_program else 'a file'}"
    if node.is_program:
        return OutsideKind.PROGRAM, what, "runs a program on the server"
    return OutsideKind.FILE, what, f"{'reads' if node.is_from else 'writes'} a file of the server"


def _of_call(name: str) -> tuple[OutsideKind, str, str] | None:
    if _FILES.fullmatch(name):
        return OutsideKind.FILE, f"{name}()", "reads or writes files of the server"
    if _NETWORK.fullmatch(name):
        return OutsideKind.NETWORK, f"{name}()", _CONNECTS
    if _SLOTS.fullmatch(name):
        return OutsideKind.SERVER, f"{name}()", "is about replication of the whole server, which is not compared"
    if name in _SESSIONS:
        return OutsideKind.SERVER, f"{name}()", "ends what other sessions do"
    if name == "pg_reload_conf":
        return OutsideKind.SERVER, f"{name}()", "makes changed server-wide settings effective"
    return None


def _does_not_connect(options: Any) -> bool:
    """Whether a subscription's ``connect`` is given as false."""
    for option in options:
        if option.def_elem.defname == "connect":
            text = str(option.def_elem.arg).lower()
            return "false" in text or "off" in text or "ival" in text
    return False
