"""statement.json: an in-toto Statement v1 that names every file of a run by its SHA-256.

Format: https://github.com/in-toto/attestation/blob/main/spec/v1/statement.md. There is no agreed predicate for a human
review, so that the predicate type is our own.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

from migration_audit.model.evidence import Evidence, evidence_body
from migration_audit.project.listing import paths_below

STATEMENT_TYPE = "https://in-toto.io/Statement/v1"
STATEMENT_FILE = "statement.json"
PRODUCER_FILE = "statement.json.sig"
"""The producer's signature over the statement, which can therefore not name it."""
_REPEATED = ("project", "environment", "phase", "verdict", "generated_at", "producer", "commit", "server", "tool")
PREDICATE_TYPE = "https://migration-audit.dev/run/v1"


def build_statement(folder: Path, evidence: Evidence) -> dict[str, Any]:
    """The statement over every file that stands in the run's folder now, sorted by name.

    The predicate repeats what keeps a sign-off from being used elsewhere: environment, commits, server identity.
    """
    files = [p for p in paths_below(folder) if p.is_file() and p.name not in {STATEMENT_FILE, PRODUCER_FILE}]
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
        "predicate": {**repeated(evidence), "run": folder.name},
    }


def repeated(evidence: Evidence) -> dict[str, Any]:
    """What the predicate repeats of the evidence."""
    body = evidence_body(evidence)
    return {name: body[name] for name in _REPEATED}
