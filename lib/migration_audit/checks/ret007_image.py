"""RET007: the writer's image neither carries migrations nor runs them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from itertools import pairwise
from typing import TYPE_CHECKING, Final

from migration_audit.checks.code_scopes import commands_in, no_rule, only_handles
from migration_audit.checks.given_code import code_in, named_by_pattern, undecided_code, undecided_script
from migration_audit.checks.phases import retired_check
from migration_audit.model.enumeration import some_of
from migration_audit.model.finding import CheckOutput, Finding, Note, Severity, Unavailable
from migration_audit.model.image import Image, StartedCommand
from migration_audit.model.location import Location

if TYPE_CHECKING:
    from migration_audit.project import AuditRule, Project

ImageFacts = Mapping[Location, "Image | Unavailable"]
"""The image of each rule, by the place of the rule."""

_LOADS: Final = re.compile(r"(?:NODE_OPTIONS|BUN_OPTIONS|RUBYOPT|PERL5OPT|BASH_ENV|ENV|PYTHONSTARTUP)=")
"""Variables of ``env`` that make a program load a file."""
_VERSION: Final = re.compile(r"(?<!\A)[@=<>~!\[]")
"""Where the version of a package begins: ``node-pg-migrate@7``, ``alembic[tz]>=1.13``."""


def run(images: ImageFacts, project: Project) -> Iterator[CheckOutput]:
    """Read each stage of the Dockerfile, what its containers start, the scripts that they call, and what Compose changes.

    Why: if an image still contains the migrations, or a script calls the runner, the next deployment brings it back,
    regardless of the source tree.
    Fix: remove the COPY of the migrations, and the step that runs them, from every stage and every script.
    Source: the rules of audit.toml; https://docs.docker.com/reference/dockerfile/
    """
    rules = project.rules_for("RET007")
    if not rules:
        yield no_rule("RET007")
    for rule in rules:
        image = images[rule.at]
        if isinstance(image, Unavailable):
            yield image
            continue
        seen: set[str] = set()
        for finding in (*_carried(image, rule), *_run(image, rule)):
            if finding.key not in seen:
                seen.add(finding.key)
                yield finding
        yield from _open(image, rule)
        yield Note(text=f"{image.dockerfile}: {len(image.stages)} stages")


def _carried(image: Image, rule: AuditRule) -> Iterator[Finding]:
    for stage in image.stages:
        for copied in stage.copies:
            named = copied.source if _is_path_of(copied.source, rule) else copied.target
            if copied.carried or _is_path_of(named, rule):
                what = some_of(copied.carried, most=3) or named
                summary = f"stage {stage.name} of {image.dockerfile} copies {what}"
                yield _finding(image, f"{stage.name}:carries:{copied.source}", summary, what, copied.at)
        for command in stage.runs.commands:
            word = next((w for w in command.words[1:] if _is_path_of(w, rule)), None)
            if word is not None and command.words[0] not in ("rm", "test", "ls"):
                summary = f"stage {stage.name} of {image.dockerfile} handles {word}: `{command.text}`"
                yield _finding(image, f"{stage.name}:handles:{word}", summary, word, command.at)
    for container in image.containers:
        for mounted in container.mounts:
            what = some_of(mounted.carried, most=3) or mounted.source
            summary = f"the service {container.service} mounts {what}"
            yield _finding(image, f"{container.service}:mounts:{mounted.source}", summary, what, mounted.at)


def _finding(image: Image, name: str, summary: str, actual: str, at: Location, *, expected: str = "no such path") -> Finding:
    key = f"RET007:{image.dockerfile}:{name}"
    return Finding(key=key, summary=summary, expected=expected, actual=actual, where=str(at))


def _is_path_of(path: str, rule: AuditRule) -> bool:
    parts = [name for part in path.lower().split("/") for name in (part, part.partition(".")[0])]
    return any(fnmatchcase(part, word.lower()) for part in parts for word in rule.carries)


def _run(image: Image, rule: AuditRule) -> Iterator[Finding]:
    parts = [(f"stage {stage.name}", stage.runs.commands) for stage in image.stages]
    starts = (("a container", image.start.commands), ("a container with other arguments", image.otherwise.commands))
    services = [(f"the service {container.service}", container.start.commands) for container in image.containers]
    for part, commands in (*parts, *starts, ("a variable", image.preloads), *services, *_health(image)):
        for command in commands:
            word = _wanted_word(command, rule)
            if word is not None:
                summary, expected = f"{part} of {image.dockerfile} runs {word}: `{command.text}`", f"nothing called {word}"
                name = f"runs:{command.at.path}:{word}"
                yield _finding(image, name, summary, command.text, command.at, expected=expected)


def _health(image: Image) -> Iterator[tuple[str, tuple[StartedCommand, ...]]]:
    if image.test is not None:
        words = tuple(word for text in image.test.test for word in text.split())
        yield "the health check", (StartedCommand(words=words, at=image.test.at),)


def _wanted_word(command: StartedCommand, rule: AuditRule) -> str | None:
    """The word of the rule that one word of the command is, as a name, a file or the script of a package."""
    codes = [part for code in code_in(command.words) for part in re.split(r"[^\w./@-]+", code)]
    if only_handles(command.words[0]):
        return _named(codes, rule)
    code = [part for one in commands_in(command.words, lambda _: False) for part in one]
    modules = [part for before, word in pairwise(command.words) if before == "-m" for part in word.split(".")]
    values = [word.partition("=")[2] for word in command.words if word.startswith("-") or _LOADS.match(word)]
    found = _named([*command.words, *code, *codes, *modules, *values], rule)
    return found or next(filter(None, (named_by_pattern(word, rule.runs) for word in command.words)), None)


def _named(texts: Sequence[str], rule: AuditRule) -> str | None:
    for text in texts:
        bare = _VERSION.split(text)[0]
        name = bare.rpartition("/")[2]
        parts = {text, bare, name, name.partition(".")[0], *text.split(":")}
        for word in rule.runs:
            if any(fnmatchcase(part.lower(), word.lower()) for part in parts):
                return word
    return None


def _undecided(command: StartedCommand) -> str | None:
    """What of a command only a run knows, where it decides what is started."""
    codes = (undecided_code(code) for code in code_in(command.words))
    return next(filter(None, codes), None) or undecided_script(command.words, command.unknown)


def _open(image: Image, rule: AuditRule) -> Iterator[Unavailable]:
    for copied in (c for stage in image.stages for c in stage.copies if c.is_opaque and rule.carries):
        yield Unavailable(
            reason=f"{copied.at}: {copied.source}: what ADD unpacks from it is only known when the image is built"
        )
    for copied in (c for stage in image.stages for c in stage.copies if c.doubt and rule.carries):
        yield Unavailable(
            reason=f"{copied.at}: what {copied.source} brings is only known when the image is built: it {copied.doubt}"
        )
    services = [container.start for container in image.containers]
    runs = [*(stage.runs for stage in image.stages), image.start, *services] if rule.runs else []
    for command in dict.fromkeys(command for run in runs for command in run.commands):
        if _wanted_word(command, rule) is None and (why := _undecided(command)) is not None:
            yield Unavailable(reason=f"{command.at}: {command.text}: {why}")
    for undecided in dict.fromkeys(u for run in runs for u in run.undecided):
        yield Unavailable(reason=f"{undecided.at}: {undecided.what}: {undecided.reason}")


CHECK = retired_check("RET007", "The writer's image neither contains migrations nor runs them", Severity.BLOCKER, run)
