"""Real Directus servers from npm, installed once into the user's cache, as a rehearsal installs them."""

from __future__ import annotations

from pathlib import Path

from fix_runners import runner_cache
from migration_audit.shadow.directus_program import install_directus


def install(version: str) -> Path:
    """The folder with node_modules of this version; raises ServerError with what npm says."""
    return install_directus(version, progress=print, folder=runner_cache("directus"))
