"""A report as a PDF, printed by a Chromium of this machine: for those who file paper."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Final

from migration_audit.model.errors import AuditError, UsageError
from migration_audit.project.secrecy import without_secrets

_NAMES: Final = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
_FLAGS: Final = (
    "--headless",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--host-resolver-rules=MAP * ~NOTFOUND",
    "--no-pdf-header-footer",
)
_LIMIT: Final = 120
"""Seconds; a report prints in two."""


def find_chromium() -> str:
    """The program that prints. Raises UsageError where this machine has none."""
    found = next(filter(None, map(shutil.which, _NAMES)), None)
    if found is None:
        what = f"no Chromium is on PATH ({', '.join(_NAMES)})"
        raise UsageError(what, where="--pdf", todo="install chromium, or print report.html in a browser")
    return found


def print_report(report: Path, *, chromium: str) -> Path:
    """The PDF of a run's report, next to the run's folder, whose files its statement names. Raises AuditError."""
    pdf = report.parent.with_name(f"{report.parent.name}.pdf")
    sandbox = ["--no-sandbox"] if os.geteuid() == 0 else []  # Chromium refuses to start as root with one
    with tempfile.TemporaryDirectory(prefix="migration-audit-pdf-") as profile:
        made = Path(profile) / "report.pdf"
        command = [chromium, *_FLAGS, *sandbox, f"--user-data-dir={profile}/profile", f"--print-to-pdf={made}"]
        try:
            subprocess.run(
                [*command, report.absolute().as_uri()],
                check=True,
                capture_output=True,
                text=True,
                timeout=_LIMIT,
                env=without_secrets(os.environ),
            )
            shutil.copyfile(made, pdf)
        except (OSError, subprocess.SubprocessError) as error:
            detail = (getattr(error, "stderr", None) or str(error)).strip().splitlines()
            raise AuditError(
                f"the report could not be printed: {detail[-1] if detail else error}",
                where=str(report),
                todo="print it in a browser; the report itself is complete",
            ) from error
    return pdf
