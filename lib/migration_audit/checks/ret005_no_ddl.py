"""RET005: no DDL in the writer's source."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from migration_audit.checks.code_scopes import FindingKeys, opaque, search
from migration_audit.checks.phases import retired_check
from migration_audit.model.code import CodeFacts, CodeScope
from migration_audit.model.finding import CheckOutput, Finding, Severity

if TYPE_CHECKING:
    from migration_audit.project import AuditRule, Project

MAY_BE_DDL: Final = re.compile(
    r"(?i)(?<![\w/-])(?:create|alter|drop|truncate|grant|revoke|reassign|refresh|comment\s+on|security\s+label|into)(?![\w-])"
    r"|\bimport\s+foreign"
    r"|\b\w+_(?:hypertable|policy|dimension|job|aggregate)\b|\bdo\s*\$|geometrycolumn"
)
"""A word of DDL, in a text that could not be read."""
_SCHEMA_BUILDER: Final = re.compile(
    r"(?:.*\.)?(?:(?:create|alter|drop|rename)Table\w*|(?:create|drop|rename)_table|AutoMigrate)"
    r"|(?:.*\.)?metadata\.(?:create|drop)_all"
    r"|(?:.*\.)?schema\.(?:create|alter|drop|rename)(?:Enum|Extension|Index|MaterializedView|Schema|Type|View)\w*"
    r"|(?:.*\.)?(?:queryInterface|pgm)\.(?:add|alter|change|create|drop|remove|rename)[A-Z]\w*"
    r"|op\.(?:add|alter|batch_alter|create|drop|rename)_\w+"
)
"""Methods of Knex, Kysely, TypeORM, Sequelize, node-pg-migrate, Alembic, SQLAlchemy and GORM that write DDL themselves."""


def run(code: CodeFacts, project: Project) -> Iterator[CheckOutput]:
    """Look in the files of the rule for DDL (strings, templates, concatenations, .sql) and for methods that write it.

    Why: with a single owner of all DDL, the writer contains none: not in a migration, not in a helper, not in a test that
    creates its own table. PostgreSQL's own parser decides what is DDL, so prose such as "create a new user" is not. The
    methods of schema builders, such as knex.schema.createTable(), are known by name.
    Fix: move the statement to the owner's SQL. Tests load a fixture instead: name it in the rule's `except`.
    Fine when: a message reads like DDL word for word. Rephrase it as a sentence, or exclude the file.
    Source: what DDL is: https://www.postgresql.org/docs/current/runtime-config-logging.html#GUC-LOG-STATEMENT
    """
    keys = FindingKeys("RET005")

    def found(rule: AuditRule, scope: CodeScope) -> Iterator[CheckOutput]:
        yield from opaque(scope, rule, lambda text: bool(MAY_BE_DDL.search(text)))
        for file in scope.files:
            for ddl in file.ddl:
                yield Finding(
                    key=keys.key(file.path, ddl.command),
                    summary=f"{file.path} contains DDL: {ddl.command}",
                    expected="no DDL",
                    actual=ddl.statement,
                    where=str(ddl.at),
                )
            for call in file.calls:
                if _SCHEMA_BUILDER.fullmatch(call.callee):
                    yield Finding(
                        key=keys.key(file.path, f"{call.callee}()"),
                        summary=f"{file.path} calls {call.callee}(), which executes DDL",
                        expected="no DDL",
                        actual=f"{call.callee}()",
                        where=str(call.at),
                    )

    yield from search("RET005", project, code, found)


CHECK = retired_check("RET005", "The writer's source contains no DDL", Severity.BLOCKER, run)
