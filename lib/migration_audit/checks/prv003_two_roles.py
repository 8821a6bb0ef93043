"""PRV003: the owner's role and the writer's role are two."""

from __future__ import annotations

from collections.abc import Iterator

from migration_audit.model.drift import Severity
from migration_audit.model.finding import Check, Finding, Phase, Said, Told, Unavailable
from migration_audit.model.identifiers import sql_name
from migration_audit.model.privileges import Access
from migration_audit.model.reach import reach
from migration_audit.project import Environment, Project


def run(writer_access: Access, project: Project, environment: Environment) -> Iterator[Said]:
    """Compare the two roles of audit.toml, and look whether the writer's role is, or can become, the owner's.

    Why: with one role for both, or with the writer as a member of the owner's role, the database cannot tell a migration
    from an upsert, and whoever holds the writer's password can alter the schema.
    Fix: give the writer a role of its own with USAGE on the schema and SELECT, INSERT and UPDATE on its tables.
    Source: seed, Goal; https://www.postgresql.org/docs/current/role-membership.html
    """
    owner, writer = project.owner.role, writer_access.role
    if owner is None:
        yield Unavailable(reason="audit.toml names no role for [owner]", required=False)
    elif owner == writer:
        yield Finding(
            key=f"PRV003:{environment.name}:same",
            summary=f"{environment.name}: {owner} is the owner's role and the writer's",
            expected="two roles",
            actual=owner,
            where=str(project.owner.at),
        )
    elif not writer_access.exists:
        yield Unavailable(reason=f"there is no role {writer} in {environment.name}")
    elif route := reach(writer_access).rights.get(owner):
        yield Finding(
            key=f"PRV003:{environment.name}:member",
            summary=f"{environment.name}: {writer}, the writer, has the rights of {owner}, the owner, {route.text}",
            expected=f"no membership of {writer} in {owner}",
            actual=route.text,
            fix_sql=f"REVOKE {sql_name(route.steps[0][1])} FROM {sql_name(writer)};",
        )
    else:
        yield Told(text=f"{owner} owns, {writer} writes")


CHECK = Check(
    id="PRV003",
    title="The owner's role and the writer's role are two",
    severity=Severity.WARNING,
    phases=tuple(Phase),
    run=run,
)
