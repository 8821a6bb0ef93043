"""Account, host and CI job of an audit: its reading of databases cannot be computed again, so evidence names who read."""

from __future__ import annotations

import getpass
import os
import socket
from collections.abc import Mapping
from typing import Final

from migration_audit.audit.repositories import without_credentials
from migration_audit.model.evidence import Producer

_JOB: Final = ("CI_JOB_URL", "BUILDKITE_BUILD_URL", "CIRCLE_BUILD_URL", "BUILD_URL")
"""The address of the job, as GitLab, Buildkite, CircleCI and Jenkins name it."""


def this_producer(environ: Mapping[str, str] = os.environ) -> Producer:
    """The account, host and CI job of this process; None for what is not known."""
    try:
        user = getpass.getuser()
    except (KeyError, OSError):  # an account without a name, as in containers
        user = f"uid {os.getuid()}"
    return Producer(user=user, host=socket.gethostname() or None, job=_job(environ))


def _job(environ: Mapping[str, str]) -> str | None:
    if environ.get("GITHUB_RUN_ID"):
        parts = ("GITHUB_SERVER_URL", "GITHUB_REPOSITORY", "GITHUB_RUN_ID", "GITHUB_RUN_ATTEMPT")
        server, repository, run, attempt = (environ.get(name, "") for name in parts)
        return f"{without_credentials(server)}/{repository}/actions/runs/{run}/attempts/{attempt or 1}"
    url = next((environ[name] for name in _JOB if environ.get(name)), None)
    return without_credentials(url) if url else None
