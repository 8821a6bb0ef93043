"""What one statement asks of the role that runs it: which privileges on which relations, columns and functions."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import postgast

from migration_audit.model.privileges import NeededPrivilege, StatementNeeds
from migration_audit.model.sql_tree import parse

Relation = tuple[str | None, str]

pb: Any = postgast.pg_query_pb2

_WHOLE_ROW = "*"
_OPERATIONS = {"insert_stmt": "INSERT", "update_stmt": "UPDATE", "delete_stmt": "DELETE"}


@dataclass(frozen=True, slots=True)
class _Level:
    """The relations that a query names, by alias; columns without a qualifier may be of any of them or of a level above."""

    relations: dict[str, Relation | None] = field(default_factory=dict)
    """None for what is not a relation of the database: a CTE, a function, a subquery."""
    above: _Level | None = None

    def find(self, alias: str) -> Relation | None:
        if alias in self.relations or self.above is None:
            return self.relations.get(alias)
        return self.above.find(alias)


def statement_needs(text: str) -> StatementNeeds:
    """The privileges that SELECT, INSERT, UPDATE or DELETE need, as PostgreSQL's own parser reads the statement.

    A column without a qualifier is listed for every relation that it may belong to; the lookup in the database leaves out
    those that do not have it. https://www.postgresql.org/docs/current/ddl-priv.html,
    https://www.postgresql.org/docs/current/sql-insert.html: ON CONFLICT and RETURNING read what they name.
    """
    try:
        statements = parse(text).stmts
    except postgast.PgQueryError as error:
        return StatementNeeds(undecided=f"PostgreSQL's parser rejects it: {error}")
    if len(statements) != 1:
        return StatementNeeds(undecided=f"it consists of {len(statements)} statements, but a probe must be one")
    statement = statements[0].stmt
    kind = statement.WhichOneof("node")
    if kind not in {"select_stmt", *_OPERATIONS}:
        return StatementNeeds(undecided=f"it must be a SELECT, INSERT, UPDATE or DELETE, not a {kind.removesuffix('_stmt')}")
    walk = _Walk()
    walk.query(statement, None)
    needs = tuple(
        NeededPrivilege(schema=relation[0], relation=relation[1], privilege=privilege, columns=tuple(sorted(columns)))
        for (relation, privilege), columns in sorted(walk.found.items(), key=str)
    )
    return StatementNeeds(needs=needs, functions=tuple(sorted(walk.functions, key=str)))


class _Walk:
    """One pass over a parse tree."""

    def __init__(self) -> None:
        self.found: dict[tuple[Relation, str], set[str]] = {}
        self.functions: set[tuple[str | None, str]] = set()
        self._ctes: list[set[str]] = []

    def query(self, node: Any, above: _Level | None) -> None:
        """A SELECT, INSERT, UPDATE or DELETE with everything in it."""
        kind = node.WhichOneof("node")
        statement = getattr(node, kind)
        ctes = statement.with_clause.ctes if statement.HasField("with_clause") else []
        self._ctes.append({each.common_table_expr.ctename for each in ctes})
        for each in ctes:
            self.query(each.common_table_expr.ctequery, above)
        if kind == "select_stmt":
            self._select(statement, above)
        elif kind in _OPERATIONS:
            self._write(statement, _OPERATIONS[kind], above)
        self._ctes.pop()

    def _select(self, select: Any, above: _Level | None) -> None:
        level = _Level(above=above)
        for side in ("larg", "rarg"):
            if select.HasField(side):
                self._ctes.append(set())
                self._select(getattr(select, side), above)
                self._ctes.pop()
        for item in select.from_clause:
            self._from(item, level)
        for relation in filter(None, level.relations.values()):
            self._need(relation, "SELECT")
        if select.locking_clause:
            for relation in filter(None, level.relations.values()):
                self._need(relation, "UPDATE")
        self._expressions(select, level, skip={"larg", "rarg", "with_clause", "from_clause"})

    def _write(self, statement: Any, operation: str, above: _Level | None) -> None:
        target = statement.relation
        relation: Relation = (target.schemaname or None, target.relname)
        # RETURNING may say old and new for the row before and after (PostgreSQL 18).
        names = (target.alias.aliasname or target.relname, "old", "new")
        level = _Level(relations=dict.fromkeys(names, relation), above=above)
        if operation == "INSERT":
            self._insert(statement, relation, level)
            return
        for item in (*getattr(statement, "from_clause", ()), *getattr(statement, "using_clause", ())):
            self._from(item, level)
        for other in (r for r in level.relations.values() if r is not None and r != relation):
            self._need(other, "SELECT")
        if operation == "UPDATE":
            self._need(relation, "UPDATE", *(each.res_target.name for each in statement.target_list))
        else:
            self._need(relation, "DELETE")
        self._expressions(statement, level, skip={"relation", "from_clause", "using_clause", "with_clause"})

    def _insert(self, statement: Any, relation: Relation, level: _Level) -> None:
        has_rows = statement.HasField("select_stmt")  # else DEFAULT VALUES
        written = [each.res_target.name for each in statement.cols]
        self._need(relation, "INSERT", *(written or ([_WHOLE_ROW] if has_rows else [])))
        if has_rows:
            self.query(statement.select_stmt, None)
        level.relations["excluded"] = None  # reading it needs nothing
        self._conflict(statement.on_conflict_clause, relation, level)
        self._expressions(statement.returning_clause, level, skip=set())

    def _conflict(self, clause: Any, relation: Relation, level: _Level) -> None:
        for element in clause.infer.index_elems:
            if element.index_elem.name:
                self._need(relation, "SELECT", element.index_elem.name)
        if clause.action == pb.ONCONFLICT_UPDATE:
            self._need(relation, "UPDATE", *(each.res_target.name for each in clause.target_list))
        self._expressions(clause, level, skip=set())

    def _from(self, item: Any, level: _Level) -> None:
        kind = item.WhichOneof("node")
        if kind == "range_var":
            var = item.range_var
            is_cte = not var.schemaname and any(var.relname in names for names in self._ctes)
            relation = None if is_cte else (var.schemaname or None, var.relname)
            level.relations[var.alias.aliasname or var.relname] = relation
        elif kind == "join_expr":
            self._from(item.join_expr.larg, level)
            self._from(item.join_expr.rarg, level)
            self._expressions(item.join_expr, level, skip={"larg", "rarg"})
            for using in item.join_expr.using_clause:
                self._column(None, using.string.sval, level)
        elif kind == "range_subselect":
            level.relations[item.range_subselect.alias.aliasname] = None
            self.query(item.range_subselect.subquery, level if item.range_subselect.lateral else level.above)
        else:
            part = getattr(item, kind)
            if hasattr(part, "alias"):
                level.relations[part.alias.aliasname] = None
            self._expressions(part, level, skip=set())

    def _expressions(self, message: Any, level: _Level, *, skip: set[str]) -> None:
        for name, value in message.ListFields():
            if name.name in skip or name.message_type is None:
                continue
            for each in value if name.is_repeated else [value]:
                self._expression(each, level)

    def _expression(self, message: Any, level: _Level) -> None:
        if isinstance(message, pb.SelectStmt):
            self.query(_as_node(message), level)
        elif isinstance(message, pb.ColumnRef):
            self._reference(message, level)
        else:
            if isinstance(message, pb.FuncCall):
                names = [part.string.sval for part in message.funcname]
                self.functions.add((names[-2] if len(names) > 1 else None, names[-1]))
            self._expressions(message, level, skip=set())

    def _reference(self, reference: Any, level: _Level) -> None:
        parts = [part.string.sval if part.HasField("string") else _WHOLE_ROW for part in reference.fields]
        qualifier = parts[-2] if len(parts) > 1 else None
        self._column(qualifier, parts[-1], level)

    def _column(self, qualifier: str | None, column: str, level: _Level) -> None:
        if qualifier is not None:
            relation = level.find(qualifier)
            if relation is not None:
                self._need(relation, "SELECT", column)
            return
        if column in level.relations and level.relations[column] is not None:  # the whole row, as a value
            self._need(level.relations[column], "SELECT", _WHOLE_ROW)
            return
        here: _Level | None = level
        while here is not None:
            for relation in filter(None, here.relations.values()):
                self._need(relation, "SELECT", column)
            here = here.above if column != _WHOLE_ROW else None

    def _need(self, relation: Relation | None, privilege: str, *columns: str) -> None:
        if relation is not None:
            self.found.setdefault((relation, privilege), set()).update(columns)


def _as_node(select: Any) -> Any:
    node = pb.Node()
    node.select_stmt.CopyFrom(select)
    return node
