"""Whether one service of a stack waits until another one is healthy."""

from __future__ import annotations

from collections.abc import Iterator

from migration_audit.model.compose import Condition, Doubt, Service, Stack
from migration_audit.model.enumeration import some_of
from migration_audit.model.finding import CheckOutput, Finding, Unavailable
from migration_audit.model.unset import is_open


def waits_for_healthy(
    key: str, stack: Stack, service: Service, other: str, *, may_end: bool = False
) -> Iterator[CheckOutput]:
    """A finding where ``service`` may start before ``other`` is healthy; ``key`` starts the finding's key.

    ``may_end``: a job that runs to its end will do as well, where that is what ``service`` waits for.
    """
    doubt = _doubt(service, other)
    if doubt is not None:
        yield Unavailable(reason=f"{doubt.at}: depends_on of {service.name}: {doubt.reason}")
        return
    dependency = service.dependency(other)
    expected = f"depends_on: {other}: {{ condition: {Condition.HEALTHY} }}"
    if dependency is None:
        yield Finding(
            key=f"{key}:{service.name}:{other}",
            summary=f"{service.name} does not wait for {other}: it may start first",
            expected=expected,
            where=str(service.at),
        )
    elif dependency.condition != Condition.HEALTHY and not (may_end and waits_for_end(stack, service, other)):
        yield Finding(
            key=f"{key}:{service.name}:{other}",
            summary=f"{service.name} waits for {other} with {dependency.condition or 'no condition'}, "
            f"which does not mean that {other} is ready",
            expected=expected,
            actual=dependency.condition or None,
            where=str(dependency.at),
        )
    elif not dependency.required:
        yield Finding(
            key=f"{key}:{service.name}:{other}:required",
            summary=f"{service.name} starts without {other} where that is not there: its dependency is not required",
            expected="required: true",
            actual="required: false",
            where=str(dependency.at),
        )
    elif (there := stack.service(other)) is not None and not there.active and (open_ := there.doubts_about("profiles")):
        yield Unavailable(reason=f"{open_[0].at}: whether {other} is started is undecided: {open_[0].reason}")
    elif there is None or not there.active:
        yield Finding(
            key=f"{key}:{service.name}:{other}:started",
            summary=f"{service.name} waits for {other}, which "
            + ("does not exist" if there is None else f"these profiles do not start: {some_of(there.profiles)}"),
            expected=f"{other} is started",
            where=str(dependency.at),
        )


def _doubt(service: Service, other: str) -> Doubt | None:
    """What of ``depends_on`` must be known to say how it waits for ``other``, and is not."""
    is_named = service.dependency(other) is not None
    for doubt in service.doubts_about("depends_on"):
        if not doubt.path or doubt.path[0] == other or (is_open(doubt.path[0]) and not is_named):
            return doubt
    return None


def waits_for_end(stack: Stack, service: Service, other: str) -> bool:
    """Whether ``service`` waits until ``other`` succeeded, and that is a job: no server, with nothing to ask for health."""
    dependency, there = service.dependency(other), stack.service(other)
    if dependency is None or there is None or dependency.condition != Condition.COMPLETED:
        return False
    return not there.ports and (there.healthcheck is None or there.healthcheck.disabled)


def started(stack: Stack, name: str | None, role: str) -> Service | Unavailable:
    """The service of this name, or why it cannot be judged."""
    service = stack.service(name) if name else None
    files = some_of(stack.files)
    if service is None:
        return Unavailable(reason=f"{files}: no service {name}, which audit.toml names as the {role}")
    if not service.active:
        chosen = some_of(stack.profiles) or "none"
        return Unavailable(
            reason=f"{service.at}: {name} needs one of the profiles {some_of(service.profiles)} and is not started: "
            f"[boot] profiles names {chosen}"
        )
    return service


def same_service(name: str) -> str:
    """What to say of a service that is owner and writer at once."""
    return f"{name} is both the owner and the writer: no other service has to wait for it (BOOT001 judges its own order)"
