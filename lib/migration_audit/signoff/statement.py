"""statement.json: an in-toto Statement v1 that names every file of a run by its SHA-256.

Format: https://github.com/in-toto/attestation/blob/main/spec/v1/statement.md. There is no agreed predicate for a human
review, so that the predicate type is our own.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

STATEMENT_TYPE = "https://in-toto.io/Statement/v1"
STATEMENT_FILE = "statement.json"
REPEATED = ("project", "environment", "phase", "verdict", "generated_at", "commit", "server", "tool")
"""What the predicate repeats of the evidence."""
PREDICATE_TYPE = "https://migration-audit.dev/run/v1"


def build_statement(folder: Path, evidence: Mapping[str, Any]) -> dict[str, Any]:
    """The statement over every file that stands in the run's folder now, sorted by name.

    The predicate repeats what keeps a sign-off from being used elsewhere: environment, commits, server identity.
    """
    files = sorted(path for path in folder.rglob("*") if path.is_file() and path.name != STATEMENT_FILE)
    subject = [
        {
            "name": path.relative_to(folder).as_posix(),
            "digest": {"sha256": hashlib.sha256(path.read_bytes()).hexdigest()},
        }
        for path in files
    ]
    return {
        "_type": STATEMENT_TYPE,
        "subject": subject,
        "predicateType": PREDICATE_TYPE,
        "predicate": {**{name: evidence.get(name) for name in REPEATED}, "run": folder.name},
    }
