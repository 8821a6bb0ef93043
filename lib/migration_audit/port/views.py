"""Views and materialized views."""

from __future__ import annotations

from migration_audit.model.drift import Difference
from migration_audit.model.identifiers import sql_name
from migration_audit.model.relations import MaterializedView, View
from migration_audit.port.names import option_actions, with_options
from migration_audit.port.owner_grants_comment import changed_owner_grants_comment, new_owner_grants_comment
from migration_audit.port.step import Rank, Sides, StepDraft, Steps, ask, differing, run

_RECREATE = "it must be dropped and created again, with everything that depends on it"


def create_view(view: View, sides: Sides) -> Steps:
    """A missing view."""
    yield _view(view)
    yield from new_owner_grants_comment(view, sides)


def _view(view: View) -> StepDraft:
    return run(
        view,
        Rank.VIEW,
        f"CREATE OR REPLACE VIEW {sql_name(view.schema, view.name)}{_with(view.options)} AS\n{_query(view.definition)};",
        makes=frozenset({(view.schema, view.name)}),
        needs=view.definition,
    )


def _query(definition: str) -> str:
    return definition.rstrip().removesuffix(";")


def _with(options: tuple[str, ...]) -> str:
    return f"\nWITH ({with_options(options)})" if options else ""


def change_view(difference: Difference, sides: Sides) -> Steps:
    """A view that both sides have is replaced where its columns stay, with new ones at the end."""
    view, actual = difference.expected, difference.actual
    if not isinstance(view, View) or not isinstance(actual, View):
        return
    changed = {change.name for change in difference.fields}
    if "definition" in changed:
        if _keeps_columns(view, sides):
            yield _view(view)
        else:
            drop = f"DROP VIEW {sql_name(view.schema, view.name)};\n" + _view(view).step.sql
            yield ask(view, f"its columns differ: {_RECREATE}\n{differing(difference, 'definition')}", drop)
    if "options" in changed:
        for action in option_actions(view.options, actual.options):
            yield run(view, Rank.ON_VIEW, f"ALTER VIEW {sql_name(view.schema, view.name)} {action};")
    yield from changed_owner_grants_comment(difference, sides)


def _keeps_columns(view: View, sides: Sides) -> bool:
    """Whether every column of the owner's view is in the legacy one with its type; the order shows when it is tried."""
    wanted = {column.name: column.type for column in sides.columns.get(view.key, ())}
    has = [o for o in sides.actual.objects if o.kind == "column" and o.belongs_to == ("view", view.key)]
    return all(wanted.get(getattr(column, "name", "")) == getattr(column, "type", None) for column in has)


def create_materialized_view(view: MaterializedView, sides: Sides) -> Steps:
    """A missing materialized view, filled at once."""
    where = sql_name(view.schema, view.name)
    using = f"\nUSING {sql_name(view.access_method)}" if view.access_method not in {None, "heap"} else ""
    space = f"\nTABLESPACE {sql_name(view.tablespace)}" if view.tablespace else ""
    yield run(
        view,
        Rank.VIEW,
        f"CREATE MATERIALIZED VIEW IF NOT EXISTS {where}{using}{_with(view.options)}{space} AS\n{_query(view.definition)};",
        makes=frozenset({(view.schema, view.name)}),
        needs=view.definition,
    )
    yield from new_owner_grants_comment(view, sides)


def change_materialized_view(difference: Difference, sides: Sides) -> Steps:
    """A materialized view that both sides have; another query needs another view."""
    view, actual = difference.expected, difference.actual
    if not isinstance(view, MaterializedView) or not isinstance(actual, MaterializedView):
        return
    changed = {change.name for change in difference.fields}
    where = f"MATERIALIZED VIEW {sql_name(view.schema, view.name)}"
    if "definition" in changed:
        create = next(iter(create_materialized_view(view, sides))).step.sql
        yield ask(view, f"{_RECREATE}\n{differing(difference, 'definition')}", f"DROP {where};\n{create}")
    if {"access_method", "tablespace"} & changed:
        yield ask(view, "the whole view is rewritten\n" + differing(difference, "access_method", "tablespace"))
    if "options" in changed:
        for action in option_actions(view.options, actual.options):
            yield run(view, Rank.ON_VIEW, f"ALTER {where} {action};")
    yield from changed_owner_grants_comment(difference, sides)
