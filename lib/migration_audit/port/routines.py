"""Extensions, schemas, types, functions, aggregates and roles."""

from __future__ import annotations

import re
from collections.abc import Iterator

from migration_audit.model.access import Role
from migration_audit.model.identifiers import literal, parts_of, quoted, sql_name, sql_name_of
from migration_audit.model.operators import Aggregate
from migration_audit.model.routines import Extension, Routine, Schema, UserType
from migration_audit.port.names import guarded, operator_name, qualified, routine_word, unless_exists
from migration_audit.port.step import RECREATE, Changes, Rank, Sides, StepDraft, Steps, ask_about, leave, run

_BODY = re.compile(r"^AS (?=[$'])", re.MULTILINE)
_RETURNS = re.compile(r"^ RETURNS .*$", re.MULTILINE)


def create_extension(extension: Extension, sides: Sides) -> Steps:
    """A missing extension, in the schema of the legacy side where that is one of its own SQL."""
    there = ("schema", quoted(extension.schema)) in sides.expected.by_key
    where = f" WITH SCHEMA {sql_name(extension.schema)}" if there else ""
    yield run(extension, Rank.EXTENSION, f"CREATE EXTENSION IF NOT EXISTS {sql_name(extension.name)}{where};")


def change_extension(extension: Extension, actual: Extension, changes: Changes, sides: Sides) -> Steps:
    """An extension of another version or in another schema."""
    alter = f"ALTER EXTENSION {sql_name(extension.name)}"
    if "version" in changes:
        sql = f"{alter} UPDATE TO {literal(extension.version)};"
        yield ask_about(extension, changes, "another version may rewrite the extension's data", "version", sql=sql)
    if "schema" in changes:
        why = "everything that names its functions with their schema must be changed too"
        yield ask_about(extension, changes, why, "schema", sql=f"{alter} SET SCHEMA {sql_name(extension.schema)};")


def create_schema(schema: Schema, sides: Sides) -> Steps:
    """A missing schema."""
    yield run(schema, Rank.SCHEMA, f"CREATE SCHEMA IF NOT EXISTS {sql_name(schema.name)};")


def create_type(typ: UserType, sides: Sides) -> Steps:
    """A missing type; one in C needs functions and files that only a person can bring."""
    if typ.category == "base":
        yield leave(typ, "a base type needs its library on the server:\n" + "\n".join(typ.definition))
        return
    where = qualified(typ)
    sql = guarded(f"pg_catalog.to_regtype({literal(where)}) IS NULL", _create_type(typ, where))
    yield run(typ, Rank.TYPE, sql, makes=(typ.schema, typ.name))


def _create_type(typ: UserType, where: str) -> str:
    match typ.category:
        case "enum":
            return f"CREATE TYPE {where} AS ENUM ({', '.join(typ.definition)})"
        case "composite":
            return f"CREATE TYPE {where} AS ({', '.join(typ.definition)})"
        case "range":
            return f"CREATE TYPE {where} AS RANGE ({', '.join(typ.definition)})"
        case "domain":
            return f"CREATE DOMAIN {where} AS {' '.join(typ.definition)}"
    return f"CREATE TYPE {where}"


def change_type(typ: UserType, actual: UserType, changes: Changes, sides: Sides) -> Steps:
    """A type of this name that is another one: what is added at the side runs, anything else is for a person."""
    if "category" in changes or "definition" in changes:
        added = None if "category" in changes else _added(typ, actual)
        if added is None:
            yield ask_about(typ, changes, "a type in use cannot be changed this way", "category", "definition")
        else:
            yield from added


def _added(typ: UserType, actual: UserType) -> list[StepDraft] | None:
    """The steps where the expected type is the actual one with more in it, else None."""
    where = qualified(typ)
    if typ.category == "enum":
        return _added_labels(typ, actual, where)
    if typ.category == "composite" and typ.definition[: len(actual.definition)] == actual.definition:
        return [_added_attribute(typ, one, where) for one in typ.definition[len(actual.definition) :]]
    return _changed_domain(typ, actual, where) if typ.category == "domain" else None


def _added_labels(typ: UserType, actual: UserType, where: str) -> list[StepDraft] | None:
    has = list(actual.definition)
    if [label for label in typ.definition if label in has] != has:
        return None
    sql = []
    for place, label in enumerate(typ.definition):
        if label not in has:
            position = f"AFTER {typ.definition[place - 1]}" if place else f"BEFORE {has[0]}" if has else ""
            sql.append(f"ALTER TYPE {where} ADD VALUE IF NOT EXISTS {label} {position}".rstrip() + ";")
    note = "the new values can be used only after the transaction that adds them"
    return [run(typ, Rank.TYPE, "\n".join(sql), note=note, makes=(typ.schema, typ.name))]


def _added_attribute(typ: UserType, attribute: str, where: str) -> StepDraft:
    absent = (
        "pg_attribute JOIN pg_catalog.pg_type ON typrelid = attrelid "
        f"WHERE pg_type.oid = {literal(where)}::pg_catalog.regtype AND attname = {literal(parts_of(attribute)[0])}"
    )
    return run(typ, Rank.COLUMN, unless_exists(absent, f"ALTER TYPE {where} ADD ATTRIBUTE {attribute}"))


def _changed_domain(typ: UserType, actual: UserType, where: str) -> list[StepDraft] | None:
    def plain(one: UserType) -> list[str]:
        return [part for part in one.definition if not part.startswith(("CONSTRAINT ", "DEFAULT "))]

    gone = [part for part in actual.definition if part.startswith("CONSTRAINT ") and part not in typ.definition]
    if plain(typ) != plain(actual) or gone:
        return None
    default = next((part for part in typ.definition if part.startswith("DEFAULT ")), None)
    sql = []
    if default not in actual.definition:
        sql.append(f"ALTER DOMAIN {where} " + (f"SET {default};" if default else "DROP DEFAULT;"))
    for part in (p for p in typ.definition if p.startswith("CONSTRAINT ") and p not in actual.definition):
        name = literal(parts_of(part.removeprefix("CONSTRAINT "))[0])
        absent = f"pg_constraint WHERE contypid = {literal(where)}::pg_catalog.regtype AND conname = {name}"
        sql.append(unless_exists(absent, f"ALTER DOMAIN {where} ADD {part}"))
    return [run(typ, Rank.COLUMN, "\n".join(sql), note="fails without changes if existing rows violate it")]


def create_routine(routine: Routine, sides: Sides) -> Steps:
    """A missing function or procedure."""
    yield _routine(routine)


def _routine(routine: Routine) -> StepDraft:
    return run(
        routine,
        Rank.ROUTINE,
        routine.definition.rstrip().removesuffix(";") + ";",
        makes=(routine.schema, routine.name),
        # A body in quotes is not looked into when it is made (check_function_bodies is off).
        needs=_BODY.split(routine.definition, maxsplit=1)[0],
    )


def change_routine(routine: Routine, actual: Routine, changes: Changes, sides: Sides) -> Steps:
    """A function that both sides have is replaced, unless PostgreSQL would refuse it."""
    if "definition" not in changes:
        return
    if routine_word(routine) == routine_word(actual) and _returns(routine) == _returns(actual):
        yield _routine(routine)
    else:
        drop = f"DROP {routine_word(actual)} {qualified(actual)}({actual.arguments});\n"
        yield ask_about(routine, changes, RECREATE, "definition", sql=f"{drop}{routine.definition.rstrip()};")


def _returns(routine: Routine) -> str | None:
    match = _RETURNS.search(_BODY.split(routine.definition, maxsplit=1)[0])
    return match.group() if match else None


_PARALLEL = {"s": "SAFE", "r": "RESTRICTED", "u": "UNSAFE"}
_MODIFY = {"r": "READ_ONLY", "s": "SHAREABLE", "w": "READ_WRITE"}


def create_aggregate(aggregate: Aggregate, sides: Sides) -> Steps:
    """A missing aggregate."""
    yield _aggregate(aggregate)


def _aggregate(aggregate: Aggregate) -> StepDraft:
    first, *clauses = aggregate.definition
    kind, bracket, arguments = first.partition("(")
    arguments = "*)" if arguments == ")" else arguments
    body = list(_aggregate_clauses(clauses))
    if kind.startswith("hypothetical"):
        body.append("HYPOTHETICAL")
    sql = f"CREATE OR REPLACE AGGREGATE {qualified(aggregate)}{bracket}{arguments} (\n    "
    made = (aggregate.schema, aggregate.name)
    return run(aggregate, Rank.OPERATOR, sql + ",\n    ".join(body) + "\n);", makes=made)


def _aggregate_clauses(clauses: list[str]) -> Iterator[str]:
    has = {clause.partition(" = ")[0] for clause in clauses}
    for clause in clauses:
        word, _, value = clause.partition(" = ")
        if word.endswith("FINALFUNC_EXTRA"):
            yield word
        elif word.endswith("FINALFUNC_MODIFY"):
            if word.removesuffix("_MODIFY") in has:
                yield f"{word} = {_MODIFY[value]}"
        elif word == "PARALLEL":
            yield f"{word} = {_PARALLEL[value]}"
        elif word.endswith("INITCOND"):
            yield f"{word} = {literal(value)}"
        elif word == "SORTOP":
            yield f"{word} = {operator_name(value)}"
        elif word.endswith("FUNC"):
            yield f"{word} = {sql_name_of(value)}"
        else:
            yield clause


def change_aggregate(aggregate: Aggregate, actual: Aggregate, changes: Changes, sides: Sides) -> Steps:
    """An aggregate that both sides have is replaced."""
    if "definition" in changes:
        yield _aggregate(aggregate)


def create_role(role: Role, sides: Sides) -> Steps:
    """A missing role, without a password, since passwords are never read."""
    words = list(role.attributes)
    name = sql_name(role.name)
    if role.connection_limit is not None:
        words.append(f"CONNECTION LIMIT {role.connection_limit}")
    if role.valid_until is not None:
        words.append(f"VALID UNTIL {literal(role.valid_until)}")
    sql = unless_exists(f"pg_roles WHERE rolname = {literal(role.name)}", f"CREATE ROLE {name}")
    sql += f"\nALTER ROLE {' '.join([name, *words])};" if words else ""
    yield run(role, Rank.ROLE, sql, note="its password, if any, is not included")
