"""Which objects without rows a statement makes, so that a drop just before it loses nothing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import postgast

pb: Any = postgast.pg_query_pb2


def made_by(tree: Any) -> frozenset[tuple[str, str]]:
    """``(drop kind, name)`` of each object that the statement makes: ``("drop trigger", "positions.touch")``."""
    return frozenset(
        made for _, node in postgast.walk(tree) for made in _MAKERS.get(type(node).__name__, lambda _: ())(node)
    )


def _qualified(relation: Any) -> str:
    return f"{relation.schemaname}.{relation.relname}" if relation.schemaname else str(relation.relname)


def _dotted(names: Any) -> str:
    return ".".join(each.string.sval for each in names)


def _function(node: Any) -> tuple[tuple[str, str], ...]:
    name = _dotted(node.funcname)
    return (("drop procedure" if node.is_procedure else "drop function", name), ("drop routine", name))


def _index(node: Any) -> tuple[tuple[str, str], ...]:
    schema = f"{node.relation.schemaname}." if node.relation.schemaname else ""
    return (("drop index", f"{schema}{node.idxname}"), ("drop index", str(node.idxname)))


def _constraints(node: Any) -> tuple[tuple[str, str], ...]:
    table = _qualified(node.relation)
    return tuple(
        ("drop constraint", f"{table}.{getattr(each.alter_table_cmd, 'def').constraint.conname}")
        for each in node.cmds
        if each.alter_table_cmd.subtype == pb.AT_AddConstraint
    )


_MAKERS: Final[dict[str, Callable[[Any], tuple[tuple[str, str], ...]]]] = {
    "CreateTrigStmt": lambda node: (("drop trigger", f"{_qualified(node.relation)}.{node.trigname}"),),
    "CreatePolicyStmt": lambda node: (("drop policy", f"{_qualified(node.table)}.{node.policy_name}"),),
    "RuleStmt": lambda node: (("drop rule", f"{_qualified(node.relation)}.{node.rulename}"),),
    "ViewStmt": lambda node: (("drop view", _qualified(node.view)),),
    "CreateFunctionStmt": _function,
    "IndexStmt": _index,
    "AlterTableStmt": _constraints,
    "CreateEventTrigStmt": lambda node: (("drop event trigger", str(node.trigname)),),
    "CreateStatsStmt": lambda node: (("drop statistics", _dotted(node.defnames)),),
}
