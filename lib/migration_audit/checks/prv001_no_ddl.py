"""PRV001: the writer's role cannot run DDL."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from migration_audit.checks.ddl_ways import ddl_ways, other_rights
from migration_audit.model.enumeration import some_of
from migration_audit.model.finding import Check, CheckOutput, Finding, Note, Phase, Severity, Unavailable
from migration_audit.model.privileges import Access

if TYPE_CHECKING:
    from migration_audit.project import Environment, Project


def run(writer_access: Access, project: Project, environment: Environment) -> Iterator[CheckOutput]:
    """List every right by which the writer's role could run DDL in the scope of the audit, and the role that it comes from.

    Why: only the database can guarantee that the writer never runs DDL. An owner can alter what it owns, regardless of
    revoked privileges. CREATE on a schema, the SUPERUSER attribute, a membership (SET ROLE works despite NOINHERIT), a grant
    to PUBLIC or default privileges have the same effect. While the legacy runner is still in use, its role needs such
    rights: before the deletion this is a warning.
    Fix: transfer what the role owns to the owner's role, and revoke the rest. The report shows the SQL; the audit does not
    run it.
    Source: https://www.postgresql.org/docs/current/ddl-priv.html,
    https://www.postgresql.org/docs/current/role-membership.html
    """
    name = writer_access.role
    if not writer_access.exists:
        yield Unavailable(reason=f"the role {name} does not exist in {environment.name}: what the writer may do is unknown")
        return
    for way in ddl_ways(writer_access, owner_role=project.owner.role):
        yield Finding(
            key=f"PRV001:{environment.name}:{way.key}",
            summary=f"{environment.name}: the writer's role {name} {way.text}",
            expected="no right to run DDL",
            actual=way.right,
            fix_sql=way.fix_sql,
        )
    yield Note(text=f"looked at the rights of {some_of([role.name for role in writer_access.roles])}")
    for right in (*other_rights(writer_access), *writer_access.elsewhere):
        yield Note(text=f"{name} {right}")


CHECK = Check(
    id="PRV001",
    title="The writer's role cannot run DDL",
    severity=Severity.BLOCKER,
    severity_by_phase=((Phase.PREFLIGHT, Severity.WARNING),),
    phases=tuple(Phase),
    run=run,
)
