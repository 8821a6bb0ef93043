"""PRV003: owner and writer are different roles."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from migration_audit.checks.phases import check_of_both_phases
from migration_audit.model.finding import CheckOutput, Finding, Note, Severity, Unavailable
from migration_audit.model.identifiers import sql_name
from migration_audit.model.privileges import Access, reach

if TYPE_CHECKING:
    from migration_audit.project import Environment, Project


def run(writer_access: Access, project: Project, environment: Environment) -> Iterator[CheckOutput]:
    """Compare the two roles of audit.toml, and check whether the writer's role is, or can become, the owner's.

    Why: if both use one role, or if the writer is a member of the owner's role, the database cannot distinguish a migration
    from an upsert, and anyone who has the writer's password can alter the schema.
    Fix: create a separate role for the writer, with USAGE on the schema and SELECT, INSERT and UPDATE on its tables.
    Source: https://www.postgresql.org/docs/current/role-membership.html
    """
    owner, writer = project.owner.role, writer_access.role
    if owner is None:
        yield Unavailable(reason="audit.toml names no role for [owner]", required=False)
    elif owner == writer:
        yield Finding(
            key=f"PRV003:{environment.name}:same",
            summary=f"{environment.name}: {owner} is both the owner's role and the writer's",
            expected="two roles",
            actual=owner,
            where=str(project.owner.at),
        )
    elif not writer_access.exists:
        yield Unavailable(reason=f"the role {writer} does not exist in {environment.name}")
    elif route := reach(writer_access).rights.get(owner):
        yield Finding(
            key=f"PRV003:{environment.name}:member",
            summary=f"{environment.name}: {writer}, the writer, has the rights of {owner}, the owner, {route.text}",
            expected=f"no membership of {writer} in {owner}",
            actual=route.text,
            fix_sql=f"REVOKE {sql_name(route.steps[0][1])} FROM {sql_name(writer)};",
        )
    else:
        yield Note(text=f"{owner} owns, {writer} writes")


CHECK = check_of_both_phases("PRV003", "Owner and writer are different roles", Severity.WARNING, run)
