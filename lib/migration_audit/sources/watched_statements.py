"""Which statements may take away or change back what exists already: those before and after which a catalog is read."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from enum import Enum, auto
from typing import Any, Final

import postgast

from migration_audit.model.identifiers import parts_of
from migration_audit.model.side_effects import ROWS
from migration_audit.model.sql import Statement, StatementKind
from migration_audit.model.sql_tree import parse_or_none
from migration_audit.sources.inner import dotted_name, relation_name

pb: Any = postgast.pg_query_pb2
_MAY_TAKE: Final = re.compile(r"\b(?:drop|alter|execute|perform|call|replace)\b", re.IGNORECASE)
"""Words without which a DO block only creates."""
_ROLLBACK: Final = re.compile(r"(?:rollback|abort)\b", re.IGNORECASE)


def _statement_types(words: str) -> frozenset[str]:
    return frozenset(f"{word}Stmt" for word in words.split())


def _alter_commands(words: str) -> frozenset[int]:
    return frozenset(getattr(pb, f"AT_{word}") for word in words.split())


_QUIET: Final = _statement_types("""
    Create Index CreateSeq CreateSchema CreateEnum CompositeType CreateRange CreateDomain Define CreatePolicy Rule
    CreateTableAs CreateExtension CreateRole CreateStats CreateEventTrig CreatePublication CreateSubscription
    CreateForeignTable CreateForeignServer CreateFdw CreateUserMapping CreateCast CreateOpClass CreateOpFamily
    CreatePLang CreateTransform CreateConversion CreateAm CreateTableSpace Createdb Comment SecLabel Grant
    GrantRole AlterDefaultPrivileges AlterOwner AlterRole AlterRoleSet AlterDatabaseSet AlterSeq VariableSet
    VariableShow Insert Update Delete Merge Copy Truncate Vacuum Cluster Reindex Lock Notify Listen Unlisten
    Discard RefreshMatView ConstraintsSet Load Prepare Deallocate DeclareCursor ClosePortal Fetch CheckPoint
    ReplicaIdentity Explain
""")
_ALTERING: Final = _statement_types("""
    Rename AlterObjectSchema AlterFunction AlterPolicy AlterDomain AlterType AlterEnum AlterExtension AlterOperator
    AlterStats AlterEventTrig AlterCollation
""")
_REPLACING: Final = frozenset({"CreateFunctionStmt", "ViewStmt", "CreateTrigStmt"})
_ADDING: Final = _alter_commands("""
    AddColumn AddConstraint AddIndex AddIndexConstraint ChangeOwner ClusterOn SetStatistics SetStorage SetOptions
    ResetOptions SetRelOptions ResetRelOptions EnableTrig EnableAlwaysTrig EnableReplicaTrig DisableTrig
    EnableTrigAll DisableTrigAll EnableTrigUser DisableTrigUser ReplicaIdentity SetTableSpace ValidateConstraint
    SetLogged SetUnLogged
""")
"""Commands of ALTER TABLE that neither remove anything nor change what a state holds."""
_TAKING: Final = _alter_commands("DropColumn DropConstraint DetachPartition DropInherit DropIdentity")
_HARMLESS: Final = frozenset({"set_config", "setval", "nextval", "now", "pg_notify", "pg_sleep", "pg_reload_conf"})
"""Functions of PostgreSQL that change no definition, of those that migrations select."""


class _Effect(Enum):
    NONE = auto()
    """Creates, or touches only rows, privileges, comments or settings."""
    ALTERS = auto()
    """Changes a definition."""
    TAKES = auto()
    """May remove something, or reading the text cannot decide it."""


def statements_to_watch(statements: Iterable[Statement]) -> frozenset[Statement]:
    """The statements before and after which the catalog has to be read, so that nothing is missed.

    A file that only creates, or that alters one definition once, is not among them: nothing in it can undo anything.
    """
    by_file: defaultdict[str, list[Statement]] = defaultdict(list)
    for statement in statements:
        by_file[statement.at.path].append(statement)
    return frozenset(each for file in by_file.values() for each in _of_file(file))


def _of_file(statements: list[Statement]) -> Iterator[Statement]:
    trees = [parse_or_none(s.text) if s.kind is StatementKind.SQL and not _only_adds(s.text) else None for s in statements]
    makes = [objects_created_by(tree) if tree is not None else frozenset() for tree in trees]
    times = Counter(name for names in makes for name in names)
    effects = [
        _effect(statement, tree, is_again=any(times[name] > 1 for name in names))
        for statement, tree, names in zip(statements, trees, makes, strict=True)
    ]
    if not effects.count(_Effect.TAKES):
        effects = _only_repeated(effects, trees)
    yield from (s for s, effect in zip(statements, effects, strict=True) if effect is not _Effect.NONE)


def _only_repeated(effects: list[_Effect], trees: list[Any]) -> list[_Effect]:
    """Without the changes of what no other statement changes: nothing changes them back."""
    changed = [_changed(tree) if effect is _Effect.ALTERS else set() for effect, tree in zip(effects, trees, strict=True)]
    times = Counter(each for names in changed for each in names)
    return [
        effect if not names or any(times[each] > 1 for each in names) else _Effect.NONE
        for effect, names in zip(effects, changed, strict=True)
    ]


def _changed(tree: Any) -> set[tuple[str, str]]:
    """What a statement alters: a table and its column, or ``*`` where it cannot be determined from the rest of the file."""
    found: set[tuple[str, str]] = set()
    for each in tree.stmts:
        if each.stmt.WhichOneof("node") != "alter_table_stmt":
            return {("*", "*")}
        node = each.stmt.alter_table_stmt
        found |= {(str(node.relation.relname), str(one.alter_table_cmd.name)) for one in node.cmds}
    return found


def _effect(statement: Statement, tree: Any, *, is_again: bool) -> _Effect:
    if statement.kind is StatementKind.TRANSACTION:
        return _Effect.TAKES if _ROLLBACK.match(statement.text) else _Effect.NONE
    if statement.kind is StatementKind.COPY or _only_adds(statement.text):
        return _Effect.NONE
    if tree is None:
        return _Effect.TAKES
    if any(each.stmt.HasField("do_stmt") for each in tree.stmts):
        return _Effect.TAKES if _MAY_TAKE.search(statement.text) else _Effect.NONE
    found = {_of_statement(getattr(each.stmt, each.stmt.WhichOneof("node")), is_again) for each in tree.stmts}
    return next((effect for effect in (_Effect.TAKES, _Effect.ALTERS) if effect in found), _Effect.NONE)


def _of_statement(node: Any, is_again: bool) -> _Effect:
    name = type(node).__name__
    if name in _REPLACING:
        return _Effect.ALTERS if node.replace and is_again else _Effect.NONE
    if name == "AlterTableStmt":
        subtypes = {each.alter_table_cmd.subtype for each in node.cmds}
        if subtypes & _TAKING:
            return _Effect.TAKES
        return _Effect.NONE if subtypes <= _ADDING else _Effect.ALTERS
    if name == "SelectStmt":
        return _Effect.NONE if all(map(_is_harmless, postgast.find_nodes(node, pb.FuncCall))) else _Effect.TAKES
    if name in _ALTERING:
        return _Effect.ALTERS
    return _Effect.NONE if name in _QUIET else _Effect.TAKES


def _is_harmless(call: Any) -> bool:
    parts = [part.string.sval for part in call.funcname]
    return parts[:1] == ["pg_catalog"] or parts[-1:] == [] or (len(parts) == 1 and parts[0] in _HARMLESS)


def objects_created_by(tree: Any) -> frozenset[tuple[str, str]]:
    """``(drop kind, name)`` of each object that the statement makes: ``("drop trigger", "positions.touch")``."""
    return frozenset(made for node in _statements(tree) for made in _MAKERS.get(type(node).__name__, lambda _: ())(node))


def _statements(tree: Any) -> Iterator[Any]:
    """Those of the text, and those within CREATE SCHEMA, the only one that may hold others which make something."""
    for each in tree.stmts:
        node = postgast.unwrap_node(each.stmt)
        yield node
        if type(node).__name__ == "CreateSchemaStmt":
            yield from map(postgast.unwrap_node, node.schema_elts)


def _function(node: Any) -> tuple[tuple[str, str], ...]:
    name = dotted_name(node.funcname)
    return (("drop procedure" if node.is_procedure else "drop function", name), ("drop routine", name))


def _index(node: Any) -> tuple[tuple[str, str], ...]:
    schema = f"{node.relation.schemaname}." if node.relation.schemaname else ""
    return (("drop index", f"{schema}{node.idxname}"), ("drop index", str(node.idxname)))


def _constraints(node: Any) -> tuple[tuple[str, str], ...]:
    table = relation_name(node.relation)
    return tuple(
        ("drop constraint", f"{table}.{getattr(each.alter_table_cmd, 'def').constraint.conname}")
        for each in node.cmds
        if each.alter_table_cmd.subtype == pb.AT_AddConstraint
    )


_MAKERS: Final[dict[str, Callable[[Any], tuple[tuple[str, str], ...]]]] = {
    "CreateTrigStmt": lambda node: (("drop trigger", f"{relation_name(node.relation)}.{node.trigname}"),),
    "CreatePolicyStmt": lambda node: (("drop policy", f"{relation_name(node.table)}.{node.policy_name}"),),
    "RuleStmt": lambda node: (("drop rule", f"{relation_name(node.relation)}.{node.rulename}"),),
    "ViewStmt": lambda node: (("drop view", relation_name(node.view)),),
    "CreateFunctionStmt": _function,
    "IndexStmt": _index,
    "AlterTableStmt": _constraints,
    "CreateEventTrigStmt": lambda node: (("drop event trigger", str(node.trigname)),),
    "CreateStatsStmt": lambda node: (("drop statistics", dotted_name(node.defnames)),),
}


_INSERT: Final = re.compile(r'insert\s+into\s+((?:"[^"]+"|\w+)(?:\s*\.\s*(?:"[^"]+"|\w+))?)', re.IGNORECASE)
"""Read by this alone: the rows of one INSERT may be megabytes of text."""
_MAKES: Final = re.compile(r"(?:create\s+(?:table|(?:unique\s+)?index)|comment\s+on)\b", re.IGNORECASE)
"""Statements of which a file may have thousands; in each of them, nothing but a table, an index or a comment is made."""
_POLICY: Final = re.compile(r"(add|remove)_(\w+)_policy\Z")


@dataclass(frozen=True, slots=True)
class DataChange:
    """Something that a statement makes or removes."""

    kind: str
    """``rows``, or ``retention policy``, ``compression policy``, …"""
    name: str
    """The table, as the statement spells it."""
    is_made: bool


def _only_adds(text: str) -> bool:
    """Whether this is an INSERT, CREATE TABLE, CREATE INDEX or COMMENT, which take nothing away: known without a tree."""
    return (_INSERT.match(text) or _MAKES.match(text)) is not None


def data_changes(statement: Statement) -> tuple[DataChange, ...]:
    """Rows that the statement itself writes or deletes (not by UPDATE or inside of WITH), and policies by their calls."""
    if statement.kind is StatementKind.TRANSACTION:
        return ()
    insert = _INSERT.match(statement.text)
    if insert is not None:
        return (DataChange(ROWS, ".".join(parts_of(insert[1])), is_made=True),)
    tree = None if _MAKES.match(statement.text) else parse_or_none(statement.text)
    return tuple(change for each in tree.stmts for change in _changes_of(each.stmt)) if tree is not None else ()


def created_role(statement: Statement) -> str | None:
    """The role that the statement creates."""
    tree = parse_or_none(statement.text) if statement.text[:6].lower() == "create" else None
    roles = (
        [each.stmt.create_role_stmt.role for each in tree.stmts if each.stmt.HasField("create_role_stmt")] if tree else []
    )
    return roles[0] if roles else None


def _changes_of(statement: Any) -> Iterator[DataChange]:
    match statement.WhichOneof("node"):
        case "copy_stmt" if statement.copy_stmt.is_from:
            yield DataChange(ROWS, relation_name(statement.copy_stmt.relation), is_made=True)
        case "delete_stmt":
            yield DataChange(ROWS, relation_name(statement.delete_stmt.relation), is_made=False)
        case "truncate_stmt":
            for each in statement.truncate_stmt.relations:
                yield DataChange(ROWS, relation_name(each.range_var), is_made=False)
        case "select_stmt" | "call_stmt":
            for call in postgast.find_nodes(statement, pb.FuncCall):
                yield from _of_call(call)


def _of_call(call: Any) -> Iterator[DataChange]:
    policy = _POLICY.match(call.funcname[-1].string.sval) if call.funcname else None
    if policy and call.args:
        yield DataChange(f"{policy[2].replace('_', ' ')} policy", first_text(call), is_made=policy[1] == "add")


def first_text(call: Any) -> str:
    """The first argument of a function call, where it is a text; else an empty one."""
    first = call.args[0] if call.args else None
    while first is not None and first.WhichOneof("node") in {"named_arg_expr", "type_cast"}:
        first = getattr(first, first.WhichOneof("node")).arg
    return str(first.a_const.sval.sval) if first is not None and first.WhichOneof("node") == "a_const" else ""
