"""RET003: nothing calls the runner."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING, Final

from migration_audit.checks.calls import may_use, undecided_commands, undecided_imports, uses_in
from migration_audit.checks.code_scopes import FindingKeys, opaque, search
from migration_audit.checks.phases import retired_check
from migration_audit.model.code import CodeFacts, CodeScope
from migration_audit.model.enumeration import some_of
from migration_audit.model.finding import CheckOutput, Finding, Severity, Unavailable

if TYPE_CHECKING:
    from migration_audit.project import AuditRule, Project

_ABOUT_THE_RUNNER: Final = ("RET002", "RET003", "RET006", "RET007")
"""Checks whose rules look for what could start the runner; an acceptance command (CMD001) may well use it."""


def run(code: CodeFacts, project: Project) -> Iterator[CheckOutput]:
    """Look for calls of the runner's functions, imports of its module, and scripts that run either.

    Why: a call that is left over fails at boot, because the module is missing; a script that is left over fails when
    someone needs it. Calls under another name count, and so do functions that are passed on to be called elsewhere.
    Comments and names that only look similar (emigrate, migrateLegacyTopic) do not count. goose.Up names the function Up of
    goose; in each part of a name * and ? match any characters, so goose.* matches everything in goose.
    `in` takes source files (TypeScript, JavaScript, Python, Go, shell, SQL), package.json, pyproject.toml, and pipelines:
    GitHub workflows, composite actions (action.yml) and .gitlab-ci.yml, whose steps are shell or Python. A part that cannot
    be read is reported with its line; the check cannot pass if the text of that part mentions a name of the rule.
    Without a rule of this check, RET002, RET006 or RET007 nothing looks for the runner itself, and the verdict after the
    deletion is incomplete.
    Fix: remove the call, the import and the script. The finding names the line.
    Source: the rules of audit.toml, which name functions and modules.
    """
    keys = FindingKeys("RET003")
    if (why := _nothing_about_the_runner(project)) is not None:
        yield why
        return

    def found(rule: AuditRule, scope: CodeScope) -> Iterator[CheckOutput]:
        yield from opaque(scope, rule, partial(may_use, rule=rule))
        package_stays = _package_stays(rule, scope)
        for file in scope.files:
            for use in uses_in(file, rule, package_stays=package_stays):
                yield Finding(
                    key=keys.key(file.path, f"{use.kind}:{use.name}"),
                    summary=f"{file.path}: {use.what}",
                    expected=f"nothing uses {', '.join(rule.what)}",
                    actual=use.what,
                    where=str(use.at),
                )
        yield from _computed(rule, scope)
        open_ = [f"{at}: {why}" for file in scope.files for at, why in undecided_commands(file, rule)]
        if open_:
            yield Unavailable(
                reason=f"{some_of(open_)} (by the rule at {rule.at}; exclude the file with except after reading it)"
            )

    yield from search("RET003", project, code, found)


def _nothing_about_the_runner(project: Project) -> Unavailable | None:
    """Why it is unknown whether something starts the runner; None where a rule looks for it, or where no runner is known."""
    if not project.legacy.is_applied or any(project.rules_for(check) for check in _ABOUT_THE_RUNNER):
        return None
    return Unavailable(
        reason="audit.toml has no [[rule]] about the runner itself, so nothing was searched for what could start it: add "
        'one with check = "RET003" and calls = [its functions or programs], or of RET002 (absent = [its module]), RET006 '
        "(packages = [its library]) or RET007 (image, carries and runs)"
    )


def _computed(rule: AuditRule, scope: CodeScope) -> Iterator[Unavailable]:
    """Imports whose module only the running program knows, in one sentence."""
    places = [str(one.at) for file in scope.files for one in undecided_imports(file)] if rule.module is not None else []
    if places:
        loads = "loads a module by a computed name" if len(places) == 1 else "load modules by computed names"
        yield Unavailable(
            reason=f"{some_of(places)} {loads}: it may be {rule.module} "
            f"(by the rule at {rule.at}; exclude the file with except after reading it)"
        )


def _package_stays(rule: AuditRule, scope: CodeScope) -> bool:
    """Whether other files of Go are in the package of the module: then it is imported for them as well."""
    module = rule.module or ""
    folder = module.rpartition("/")[0]
    package = [f.path for f in scope.files if f.path.rpartition("/")[0] == folder and not f.path.endswith("_test.go")]
    return module.endswith(".go") and any(path.endswith(".go") and path != module for path in package)


CHECK = retired_check("RET003", "Nothing calls the runner, imports it or runs it in a script", Severity.BLOCKER, run)
