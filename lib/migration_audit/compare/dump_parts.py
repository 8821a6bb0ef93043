"""The text of ``pg_dump --schema-only`` as named parts, so that two dumps can be compared object by object.

PostgreSQL's parser reads each statement; the text of a part is cut where the parser says that it begins. The rules:

1.  The order of entries means nothing. The order of columns does, and is a part of its own (``COLUMN ORDER``), compared
    among the columns that both sides have.
2.  ``CREATE TABLE`` is taken apart: what it is, parents, partitioning, options, access method, tablespace; each constraint;
    and of each column the type, the collation, the default and NOT NULL.
3.  What may be in ``CREATE TABLE`` or in a later statement is one part wherever it is: a constraint, a column's default
    (in a later statement where the column owns the sequence), NOT NULL.
4.  A statement that sets one thing (statistics of a column, clustering, whether a trigger is enabled) is a part of its own.
5.  An identity column is two parts: ``ALWAYS`` or ``BY DEFAULT``, and its sequence.
6.  ``GRANT`` and ``REVOKE`` of one object are sorted, each with the role that grants.
7.  A view that is written twice, first without its query, is the second one.

Everything else is a part by the entry's class and name, and compared letter by letter.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator, Mapping, MutableMapping
from typing import Any, NamedTuple

import postgast

from migration_audit.compare.dump_statements import DumpStatement, statements
from migration_audit.model.identifiers import in_quotes, leading_name, parts_of

pb: Any = postgast.pg_query_pb2

RELATION, ROUTINE, TYPE = "RELATION", "ROUTINE", "TYPE"


class Address(NamedTuple):
    """What a part is about: ``COLUMN``, the schema (empty for none), the name; and of a table the column or constraint."""

    aspect: str
    schema: str
    name: str
    part: str = ""


Part = tuple[Address, str]
Known = MutableMapping[tuple[object, ...], tuple[Part, ...]]
"""The parts of statements by their ``key``: most statements are in both dumps."""

_CLASS = {
    **dict.fromkeys(("FUNCTION", "PROCEDURE", "AGGREGATE"), ROUTINE),
    **dict.fromkeys(("TYPE", "DOMAIN", "SHELL TYPE"), TYPE),
    **dict.fromkeys(("CHECK CONSTRAINT", "FK CONSTRAINT"), "CONSTRAINT"),
    "FOREIGN TABLE": "TABLE",
    "PROCEDURAL LANGUAGE": "LANGUAGE",
}
_RELATIONS = {"TABLE", "FOREIGN TABLE", "VIEW", "MATERIALIZED VIEW", "SEQUENCE"}
_OF_COLUMN = {
    "AT_SetStatistics": "COLUMN STATISTICS",
    "AT_SetStorage": "COLUMN STORAGE",
    "AT_SetCompression": "COLUMN COMPRESSION",
    "AT_SetOptions": "COLUMN OPTIONS",
    "AT_AlterColumnGenericOptions": "COLUMN OPTIONS",
    "AT_SetNotNull": "COLUMN NOT NULL",
}
_OF_TABLE = {
    "AT_ClusterOn": "CLUSTER",
    "AT_ReplicaIdentity": "REPLICA IDENTITY",
    "AT_EnableRowSecurity": "ROW SECURITY",
    "AT_ForceRowSecurity": "FORCE ROW SECURITY",
    "AT_NoForceRowSecurity": "FORCE ROW SECURITY",
    "AT_AddInherit": "TABLE INHERITS",
    "AT_SetAccessMethod": "ACCESS METHOD",
}
_STATE = re.compile(r"AT_(?:Enable|Disable)(?:Always|Replica)?(Trig|Rule)")
_AFTER_ITEMS = {
    "INHERITS": "TABLE INHERITS",
    "PARTITION": "PARTITION KEY",
    "WITH": "TABLE OPTIONS",
    "OPTIONS": "TABLE OPTIONS",
    "SERVER": "TABLE",
}
_UNORDERED = {
    "CreatePolicyStmt": ("TO", {"USING", "WITH"}),
    "CreateEventTrigStmt": ("IN", {"EXECUTE"}),
    "CreateSubscriptionStmt": ("PUBLICATION", {"WITH"}),
}
"""Statements with roles, tags or publications in any order: the word in front of them, and those behind."""
_WITH_INDEX = {pb.CONSTR_PRIMARY, pb.CONSTR_UNIQUE, pb.CONSTR_EXCLUSION}
_TAG = re.compile(r"([A-Z]+(?: [A-Z]+)*)(?: (.*)|$)", re.DOTALL)


def parts(dump: str, known: Known | None = None) -> Mapping[Address, str]:
    """Each part of a dump with its text; parts of one address are joined, sorted.

    ``known`` is read and filled. Raises AuditError when the dump is not SQL for the parser.
    """
    found: dict[Address, list[str]] = {}
    known = {} if known is None else known
    for statement in statements(dump):
        key = statement.key
        if key not in known:
            known[key] = tuple(_parts_of(statement))
        for address, text in known[key]:
            if statement.replaces_view:
                found[address] = [text]
            else:
                found.setdefault(address, []).append(text)
    return {address: "\n".join(sorted(texts)) for address, texts in found.items()}


def _parts_of(statement: DumpStatement) -> Iterator[Part]:
    entry, node = statement.entry, statement.node
    main = Address(_CLASS.get(entry.type, entry.type), entry.schema, entry.name)
    if entry.type in {"COMMENT", "ACL", "SECURITY LABEL"}:
        granter = f" granted by {statement.settings.granter}" if statement.settings.granter else ""
        yield _about(statement), statement.text + granter
    elif statement.kind == "CreateStmt":
        yield from _created(statement, node, main)
    elif statement.kind == "CreateForeignTableStmt":
        yield from _created(statement, node.base_stmt, main)
    elif statement.kind == "AlterTableStmt":
        yield from _altered(statement, main)
    else:
        if statement.kind in {"CreateTableAsStmt", "IndexStmt"}:
            yield from _stored(statement, main)
        text = _in_one_order(statement) if statement.kind in _UNORDERED else statement.text
        yield _named(statement, main), re.sub("^CREATE OR REPLACE VIEW", "CREATE VIEW", text)


def _in_one_order(statement: DumpStatement) -> str:
    """The statement with its names sorted whose order means nothing."""
    start, ends = _UNORDERED[statement.kind]
    words = [statement.word(number) for number in range(len(statement.tokens))]
    if start not in words:
        return statement.text
    first = words.index(start) + 1
    last = next((number for number in range(first, len(words)) if words[number] in ends), len(words))
    names = sorted(word for word in words[first:last] if word not in {",", "(", ")"})
    after = statement.between(statement.tokens[last][0]) if last < len(words) else ""
    return " ".join([statement.between(0, statement.tokens[first][0]), ", ".join(names), after])


def _named(statement: DumpStatement, main: Address) -> Address:
    """The address of a statement that is one part, by its parse tree where the entry's name can be read in two ways."""
    node = statement.node
    match statement.kind:
        case "AlterOwnerStmt":
            found = main._replace(aspect=f"OWNER OF {main.aspect}")
        case "AlterObjectDependsStmt":
            found = main._replace(aspect="EXTENSION DEPENDENCY")
        case "AlterDefaultPrivilegesStmt":
            (role,) = [option.def_elem.arg.list.items[0] for option in node.options if option.def_elem.defname == "roles"]
            objects = main.name.removeprefix("DEFAULT PRIVILEGES FOR ").lower()
            found = Address(main.aspect, main.schema, role.role_spec.rolename, objects)
        case "CreateTrigStmt":
            found = main._replace(name=node.relation.relname, part=node.trigname)
        case "RuleStmt":
            found = main._replace(name=node.relation.relname, part=node.rulename)
        case "CreatePolicyStmt":
            found = main._replace(name=node.table.relname, part=node.policy_name)
        case "ViewStmt":
            found = Address("VIEW", node.view.schemaname, node.view.relname)
        case "AlterDomainStmt":  # a constraint that is not valid
            found = main._replace(aspect=TYPE, name=node.type_name[-1].string.sval)
        case _:
            found = main
    return found


def _stored(statement: DumpStatement, main: Address) -> Iterator[Part]:
    """Where a table, an index or a materialized view is kept, and by what."""
    if statement.settings.tablespace:
        yield main._replace(aspect="TABLESPACE"), statement.settings.tablespace
    if statement.settings.access_method and statement.kind != "IndexStmt":
        yield main._replace(aspect="ACCESS METHOD"), statement.settings.access_method


def _about(statement: DumpStatement) -> Address:
    """``COLUMN t.a``, ``CONSTRAINT c ON t``, ``FUNCTION f(a integer)``: the tags of comments and grants are quoted SQL."""
    entry = statement.entry
    tag = _TAG.match(entry.name)
    kind, rest = (tag[1], tag[2] or "") if tag else (entry.name, "")
    names, after = leading_name(rest)
    if kind in {"CONSTRAINT", "TRIGGER", "RULE", "POLICY"} and after.startswith(" ON "):
        table = after.removeprefix(" ON ")
        if table.startswith("DOMAIN "):
            kind, table = "DOMAIN CONSTRAINT", table.removeprefix("DOMAIN ")
        names = (parts_of(table)[-1], names[-1])
    kind = RELATION if kind in _RELATIONS else _CLASS.get(kind, kind)
    return Address(f"{entry.type} ON {kind}", entry.schema, *(names[:2] or [rest.partition("(")[0].strip()]))


def _altered(statement: DumpStatement, main: Address) -> Iterator[Part]:
    node, command = statement.node, statement.node.cmds[0].alter_table_cmd
    table = Address("TABLE", node.relation.schemaname, node.relation.relname)
    of_column = table._replace(part=command.name)
    action = statement.between(_after_name(statement, node.relation.location)[0])
    subtype = pb.AlterTableType.Name(command.subtype)
    given = getattr(command, "def").constraint
    if subtype == "AT_ChangeOwner":
        yield main._replace(aspect=f"OWNER OF {RELATION if statement.entry.type in _RELATIONS else main.aspect}"), action
    elif node.objtype == pb.OBJECT_INDEX and subtype == "AT_SetStatistics":
        yield table._replace(aspect="INDEX STATISTICS"), action
    elif subtype == "AT_ColumnDefault":
        yield of_column._replace(aspect="COLUMN DEFAULT"), statement.after("SET", "DEFAULT")
    elif subtype == "AT_AddIdentity":
        yield of_column._replace(aspect="COLUMN IDENTITY"), "ALWAYS" if given.generated_when == "a" else "BY DEFAULT"
        yield main, f"CREATE SEQUENCE {statement.after('SEQUENCE', 'NAME').removesuffix(')').strip()}"
    elif subtype == "AT_AddConstraint":
        yield from _constraint(statement, given, table, statement.after("ADD"))
    elif subtype in _OF_COLUMN:
        yield of_column._replace(aspect=_OF_COLUMN[subtype]), action
    elif subtype in _OF_TABLE:
        yield table._replace(aspect=_OF_TABLE[subtype]), action
    elif state := _STATE.fullmatch(subtype):
        yield of_column._replace(aspect="TRIGGER STATE" if state[1] == "Trig" else "RULE STATE"), action
    else:
        yield main, statement.text


def _constraint(statement: DumpStatement, constraint: Any, table: Address, text: str) -> Iterator[Part]:
    if constraint.contype == pb.CONSTR_NOTNULL:
        yield table._replace(aspect="COLUMN NOT NULL", part=constraint.keys[0].string.sval), _not_null(constraint)
        return
    yield table._replace(aspect="CONSTRAINT", part=constraint.conname), text
    if constraint.contype in _WITH_INDEX and statement.settings.tablespace:
        yield table._replace(aspect="TABLESPACE", name=constraint.conname), statement.settings.tablespace


def _not_null(constraint: Any) -> str:
    """One spelling for NOT NULL inside of a column, next to the columns, and added later."""
    named = f"CONSTRAINT {in_quotes(constraint.conname)} " if constraint.conname else ""
    more = " NO INHERIT" * constraint.is_no_inherit + " NOT VALID" * constraint.skip_validation
    return f"{named}NOT NULL{more}"


def _after_name(statement: DumpStatement, location: int) -> tuple[int, int]:
    """Where the token after a qualified name begins, and its number."""
    number = next(n for n, (start, _) in enumerate(statement.tokens) if start == location) + 1
    while statement.word(number) == ".":
        number += 2
    return statement.tokens[number][0] if number < len(statement.tokens) else len(statement.text.encode()), number


def _created(statement: DumpStatement, node: Any, table: Address) -> Iterator[Part]:
    yield from _stored(statement, table) if statement.kind == "CreateStmt" and not node.HasField("partspec") else ()
    at, number = _after_name(statement, node.relation.location)
    if node.HasField("of_typename"):
        at, number = _after_name(statement, node.of_typename.location)
    head = statement.between(0, at)
    if statement.word(number) == "(":
        opening, depth = number, 0
        for number in range(opening, len(statement.tokens)):
            depth += {"(": 1, ")": -1}.get(statement.word(number), 0)
            if depth == 0:
                break
        yield from _items(statement, node.table_elts, table, statement.tokens[number][0])
        number += 1
    yield (
        table._replace(aspect="COLUMN ORDER"),
        "\n".join(item.column_def.colname for item in node.table_elts if item.HasField("column_def")),
    )
    yield table, head
    yield from _after_items(statement, number, table)


def _after_items(statement: DumpStatement, number: int, table: Address) -> Iterator[Part]:
    """``INHERITS (…)``, ``PARTITION BY …``, ``WITH (…)``, ``SERVER …``, ``OPTIONS (…)``, each a part."""
    starts, depth = [], 0
    for each in range(number, len(statement.tokens)):
        word = statement.word(each).upper()
        if depth == 0 and word in _AFTER_ITEMS:
            starts.append((statement.tokens[each][0], _AFTER_ITEMS[word]))
        depth += {"(": 1, ")": -1}.get(word, 0)
    for (start, aspect), end in zip(starts, [*(at for at, _ in starts[1:]), None], strict=False):
        yield table._replace(aspect=aspect), statement.between(start, end)


def _items(statement: DumpStatement, items: Any, table: Address, end: int) -> Iterator[Part]:
    found = [getattr(item, item.WhichOneof("node")) for item in items]
    starts = [item.location for item in found]
    commas = [statement.tokens[bisect_left(statement.tokens, (start,)) - 1][0] for start in starts[1:]]
    for item, start, stop in zip(found, starts, [*commas, end], strict=False):
        if item.DESCRIPTOR.name == "ColumnDef":
            yield from _column(statement, item, table._replace(part=item.colname), stop)
        else:
            yield from _constraint(statement, item, table, statement.between(start, stop))


def _column(statement: DumpStatement, item: Any, column: Address, end: int) -> Iterator[Part]:
    """The type, the collation, and each constraint of a column, in whatever order they are."""
    pieces: list[tuple[int, Any]] = [(each.constraint.location, each.constraint) for each in item.constraints]
    if item.HasField("type_name"):
        pieces.append((item.type_name.location, "COLUMN"))
    if item.HasField("coll_clause"):
        pieces.append((item.coll_clause.location, "COLUMN COLLATION"))
    pieces.sort(key=lambda piece: piece[0])
    for (start, piece), stop in zip(pieces, [*(at for at, _ in pieces[1:]), end], strict=False):
        text = statement.between(start, stop)
        if isinstance(piece, str):
            yield column._replace(aspect=piece), text
        elif piece.contype == pb.CONSTR_NOTNULL:
            yield column._replace(aspect="COLUMN NOT NULL"), _not_null(piece)
        else:
            yield column._replace(aspect="COLUMN DEFAULT"), text.removeprefix("DEFAULT ")
