"""``server``: the servers that shadows are built on."""

from __future__ import annotations

import click

from migration_audit.cli.group import Group
from migration_audit.cli.output import say


@click.group(cls=Group)
def server() -> None:
    """The server on which the SQL of both sources is executed."""


@server.command("status")
def server_status() -> None:
    """List the servers that can be used here, and why others cannot."""
    from migration_audit import shadow  # noqa: PLC0415

    for line in shadow.status():
        mark = "✓" if line.usable else "–"
        click.echo(f"{mark} {line.provider:14} {line.detail}" + (f"  ({line.path})" if line.path else ""))


_SPEC = click.argument("provider", required=False)


@server.command("install")
@_SPEC
def server_install(provider: str | None) -> None:
    """Install a server for this user.

    PROVIDER is debian (the default) or debian:sid: Debian's packages, unpacked into a private cache. The system does not
    change.
    """
    from migration_audit import shadow  # noqa: PLC0415

    click.echo(shadow.install(provider or "debian", progress=say))


@server.command("start")
@_SPEC
def server_start(provider: str | None) -> None:
    """Start a server that keeps running, and print its connection string.

    To connect: psql "$(migration-audit server start)".
    """
    from migration_audit import shadow  # noqa: PLC0415

    click.echo(shadow.start(provider, progress=say))


@server.command("stop")
def server_stop() -> None:
    """Stop the server that `start` started, and remove its data."""
    from migration_audit import shadow  # noqa: PLC0415

    say("stopped, and its data removed" if shadow.stop(progress=say) else "no server was running")
