"""Whether a role has in a database what statements need: PostgreSQL's own functions are asked, and nothing is run."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from functools import partial
from typing import Any

import psycopg
from psycopg.rows import class_row, tuple_row

from migration_audit.catalog.access import SET_LOCAL
from migration_audit.catalog.connection import begin_reading, read_again, sent_at_once
from migration_audit.catalog.queries import load_query
from migration_audit.catalog.server_errors import database_error
from migration_audit.model.identifiers import listed, sql_name
from migration_audit.model.privileges import NeededPrivilege, StatementNeeds


@dataclass(frozen=True, slots=True, kw_only=True)
class LackingRights:
    """What a role lacks for one statement."""

    lacks: tuple[str, ...] = ()
    undecided: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    fixes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Relation:
    """A relation that a name may mean, and what the role may do with its schema."""

    oid: int
    schema: str
    name: str
    kind: str
    may_enter: bool
    columns: list[str]
    has_row_security: bool
    """Policies decide, row by row, for this role."""
    policies: list[str]
    invoker: bool
    """A view that reads with the rights of the querying role."""


@dataclass(slots=True)
class _Found:
    lacks: list[str] = field(default_factory=list)
    undecided: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    fixes: list[str] = field(default_factory=list)

    def lack(self, text: str, fix: str | None = None) -> None:
        if text not in self.lacks:
            self.lacks.append(text)
        if fix and fix not in self.fixes:
            self.fixes.append(fix)


@read_again
def read_rights(
    connection: psycopg.Connection[Any], role: str, needs: Iterable[StatementNeeds]
) -> tuple[LackingRights, ...]:
    """What ``role`` lacks in this database for each statement, in order; a role that does not exist lacks everything.

    Names without a schema are looked up in the ``search_path`` that the role has by ``ALTER ROLE`` or ``ALTER DATABASE``,
    else in ``"$user", public``. Raises DatabaseError when the connection fails.
    """
    try:
        begin_reading(connection)
        with sent_at_once(connection):
            known = connection.execute("select from pg_catalog.pg_roles where rolname = %s", (role,))
            connection.execute(SET_LOCAL, ("migration_audit.role", role))
            set_path = connection.execute(load_query("role_search_path"))
        if known.fetchone() is None:
            return tuple(LackingRights(lacks=(f"the role {sql_name(role)} does not exist",)) for _ in needs)
        path = _search_path(set_path.fetchone(), role)
        server = _Answers(connection)
        every = tuple(needs)
        while True:
            found = tuple(_Reading(server, role, path).rights(each) for each in every)
            if not server.read():  # what was answered leads to further questions
                return found
    except psycopg.Error as error:
        raise database_error(error, connection) from error


def _search_path(row: tuple[Any, ...] | None, role: str) -> list[str]:
    if row is None or row[0] is None:
        return [role, "public"]
    return [role if name == "$user" else name for name in listed(row[0])]


class _UnknownError(Exception):
    """The server has yet to be asked."""


class _Answers:
    """What the server answers in one transaction, each question asked once, and as many as can be at the same time."""

    def __init__(self, connection: psycopg.Connection[Any]) -> None:
        self.database = connection.info.dbname
        self._connection = connection
        self._known: dict[Any, list[Any]] = {}
        self._asked: dict[Any, Callable[[], psycopg.Cursor[Any]]] = {}

    def rows(self, query: bytes | str, values: Sequence[Any] | Mapping[str, Any]) -> list[tuple[Any, ...]]:
        """The rows of a query. Raises _UnknownError until they are read."""
        return self._answer((query, str(values)), lambda: self._connection.execute(query, values))

    def of_relation(self, name: str, value: str, row_factory: Any = tuple_row) -> list[Any]:
        """The rows of a file of queries that is about one relation, by its name or number. Raises as ``rows`` does."""

        def ask() -> psycopg.Cursor[Any]:
            self._connection.execute(SET_LOCAL, ("migration_audit.relation", value))
            return self._connection.cursor(row_factory=row_factory).execute(load_query(name))

        return self._answer((name, value), ask)

    def _answer(self, key: Any, ask: Callable[[], psycopg.Cursor[Any]]) -> list[Any]:
        if key not in self._known:
            self._asked[key] = ask
            raise _UnknownError
        return self._known[key]

    def read(self) -> bool:
        """Ask all that is unknown, in one round trip; False where nothing is."""
        asked, self._asked = self._asked, {}
        if not asked:
            return False
        with sent_at_once(self._connection):
            found = {key: ask() for key, ask in asked.items()}
        self._known |= {key: cursor.fetchall() for key, cursor in found.items()}
        return True


class _Reading:
    """One statement's needs, looked up for one role."""

    def __init__(self, server: _Answers, role: str, path: list[str]) -> None:
        self._server = server
        self._role = role
        self._path = path
        self._found = _Found()

    def rights(self, needs: StatementNeeds) -> LackingRights:
        if needs.undecided:
            return LackingRights(undecided=(f"what it needs cannot be determined without running it: {needs.undecided}",))
        parts: list[Callable[[], None]] = [self._connect]
        for need in needs.needs:
            parts += [partial(part, need, needs) for part in (self._privilege, self._defaults, self._row_security)]
        parts += [partial(self._function, schema, name) for schema, name in needs.functions]
        for part in parts:
            with suppress(_UnknownError):  # all is looked up again once that is answered
                part()
        return LackingRights(**{name: tuple(lines) for name, lines in asdict(self._found).items()})

    def _connect(self) -> None:
        if not self._ask("pg_catalog.has_database_privilege(%s, pg_catalog.current_database(), 'CONNECT')", self._role):
            database = sql_name(self._server.database)
            self._found.lack(
                "no CONNECT on the database", f"GRANT CONNECT ON DATABASE {database} TO {sql_name(self._role)};"
            )

    def _ask(self, expression: str, *values: object) -> bool:
        return bool(self._server.rows(f"select {expression}".encode(), values)[0][0])

    def _relation(self, need: NeededPrivilege) -> _Relation | None:
        """What the name means to the role: of schemas that it may not enter, PostgreSQL sees nothing."""
        schemas = [need.schema] if need.schema else ["pg_catalog", *self._path]
        found: list[_Relation] = self._server.of_relation("rights_relations", need.relation, class_row(_Relation))
        there = sorted((r for r in found if r.schema in schemas), key=lambda r: schemas.index(r.schema))
        if not there:
            self._found.lack(f"the relation {sql_name(*filter(None, (need.schema, need.relation)))} does not exist")
            return None
        open_ones = [relation for relation in there if relation.may_enter]
        if not open_ones:
            schema = sql_name(there[0].schema)
            self._found.lack(f"no USAGE on schema {schema}", f"GRANT USAGE ON SCHEMA {schema} TO {sql_name(self._role)};")
        return (open_ones or there)[0]

    def _privilege(self, need: NeededPrivilege, all_needs: StatementNeeds) -> None:
        relation = self._relation(need)
        if relation is None:
            return
        name = sql_name(relation.schema, relation.name)
        columns = self._columns(need, relation, all_needs)
        missing = self._refused(relation, need.privilege, columns)
        if missing:
            some = f" ({', '.join(map(sql_name, missing))})" if missing != [""] and len(missing) < len(columns) else ""
            self._found.lack(
                f"no {need.privilege}{some} on {name}", f"GRANT {need.privilege}{some} ON {name} TO {sql_name(self._role)};"
            )

    def _columns(self, need: NeededPrivilege, relation: _Relation, all_needs: StatementNeeds) -> list[str]:
        if "*" in need.columns:
            return relation.columns
        unknown = [c for c in need.columns if c not in relation.columns and c not in _SYSTEM_COLUMNS]
        # A name without a qualifier was asked of every relation; only one has to have it.
        alone = len({(n.schema, n.relation) for n in all_needs.needs}) == 1 or need.privilege != "SELECT"
        for column in unknown if alone else ():
            self._found.lack(f"{sql_name(relation.schema, relation.name)} has no column {sql_name(column)}")
        return [c for c in need.columns if c in relation.columns]

    def _refused(self, relation: _Relation, privilege: str, columns: list[str]) -> list[str]:
        """The columns that the role may not use so; ``[""]`` where it is a matter of the whole relation."""
        if privilege == "DELETE" or not columns:
            asked = "has_table_privilege" if privilege == "DELETE" else "has_any_column_privilege"
            allowed = self._ask(f"pg_catalog.{asked}(%s, %s::pg_catalog.oid, %s)", self._role, relation.oid, privilege)
            return [] if allowed else [""]
        rows = self._server.rows(_REFUSED_COLUMNS, (columns, self._role, relation.oid, privilege))
        return [column for (column,) in rows]

    def _defaults(self, need: NeededPrivilege, all_needs: StatementNeeds) -> None:
        """Sequences and functions that fill the columns which the statement leaves out."""
        relation = self._relation(need)
        if relation is None or need.privilege != "INSERT":
            return
        written = set(self._columns(need, relation, all_needs))
        for column, kind, name, may in self._server.of_relation("rights_defaults", str(relation.oid)):
            if column in written or may:
                continue
            privilege, thing = ("USAGE", "SEQUENCE") if kind == "sequence" else ("EXECUTE", "FUNCTION")
            what = f"no {privilege} on {kind} {name}, the default of {sql_name(column)}"
            self._found.lack(what, f"GRANT {privilege} ON {thing} {name} TO {sql_name(self._role)};")

    def _row_security(self, need: NeededPrivilege, _all_needs: StatementNeeds) -> None:
        relation = self._relation(need)
        if relation is None:
            return
        name = sql_name(relation.schema, relation.name)
        if relation.has_row_security:
            policies = ", ".join(relation.policies)
            if policies:
                note = f"row-level security of {name} decides row by row: {policies}"
                if note not in self._found.notes:
                    self._found.notes.append(note)
            else:
                self._found.lack(f"{name} has row-level security but no policy: {need.privilege} affects no row")
        if relation.invoker:
            self._found.undecided.append(f"{name} is a security_invoker view: what it reads was not checked")

    def _function(self, schema: str | None, name: str) -> None:
        schemas = [schema] if schema else ["pg_catalog", *self._path]
        ((known, allowed),) = self._server.rows(_FUNCTIONS, {"role": self._role, "name": name, "schemas": schemas})
        called = sql_name(*filter(None, (schema, name)))
        if not known:
            self._found.lack(f"the function {called} does not exist")
        elif not allowed:
            self._found.lack(f"no EXECUTE on function {called}")
        elif allowed < known:
            self._found.undecided.append(
                f"{allowed} of {known} functions named {called} may be executed, and it is unknown which one is called"
            )


_SYSTEM_COLUMNS = {"ctid", "xmin", "xmax", "cmin", "cmax", "tableoid"}
_REFUSED_COLUMNS = """
select asked.name
  from pg_catalog.unnest(%s::pg_catalog.text[]) with ordinality as asked (name, n)
 where not pg_catalog.has_column_privilege(%s, %s::pg_catalog.oid, asked.name, %s)
 order by asked.n
"""
_FUNCTIONS = """
select pg_catalog.count(*),
       pg_catalog.count(*) filter (
           where pg_catalog.has_function_privilege(%(role)s, pro.oid, 'EXECUTE')
             and pg_catalog.has_schema_privilege(%(role)s, nsp.oid, 'USAGE')
       )
  from pg_catalog.pg_proc as pro
  join pg_catalog.pg_namespace as nsp on nsp.oid = pro.pronamespace
 where pro.proname = %(name)s and nsp.nspname = any (%(schemas)s::pg_catalog.name[])
"""
