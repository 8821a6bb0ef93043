"""PRV001: the writer's role cannot run DDL."""

from __future__ import annotations

from collections.abc import Iterator

from migration_audit.checks.ddl_ways import beside_ddl, ddl_ways
from migration_audit.model.drift import Severity
from migration_audit.model.finding import Check, Finding, Phase, Said, Told, Unavailable
from migration_audit.model.privileges import Access
from migration_audit.project import Environment, Project


def run(writer_access: Access, project: Project, environment: Environment) -> Iterator[Said]:
    """List every way in which the writer's role could run DDL in the scope of the audit, each with the role it goes through.

    Why: "the writer never runs DDL" holds for certain only where the database refuses it. An owner can alter what it owns
    whatever was revoked; CREATE on a schema, a superuser's attribute, a membership (SET ROLE works through NOINHERIT), a
    grant to PUBLIC or default privileges do the same. While the legacy runner is still in use its role needs such rights:
    before the deletion this is a warning.
    Fix: give what the role owns to the owner's role, revoke the rest. The SQL is shown, and nobody runs it.
    Source: seed, "Processor exclusively does INSERT / SELECT / UPDATE. No CREATE, ALTER, CREATE EXTENSION …";
    https://www.postgresql.org/docs/current/ddl-priv.html, https://www.postgresql.org/docs/current/role-membership.html
    """
    name = writer_access.role
    if not writer_access.exists:
        yield Unavailable(reason=f"there is no role {name} in {environment.name}: what the writer may do cannot be said")
        return
    for way in ddl_ways(writer_access, owner_role=project.owner.role):
        yield Finding(
            key=f"PRV001:{environment.name}:{way.key}",
            summary=f"{environment.name}: the writer's role {name} {way.text}",
            expected="no right to run DDL",
            actual=way.right,
            fix_sql=way.fix_sql,
        )
    for beside in (*beside_ddl(writer_access), *writer_access.elsewhere):
        yield Told(text=f"{name} {beside}")


CHECK = Check(
    id="PRV001",
    title="The writer's role cannot run DDL",
    severity=Severity.BLOCKER,
    severity_by_phase=((Phase.PREFLIGHT, Severity.WARNING),),
    phases=tuple(Phase),
    run=run,
)
