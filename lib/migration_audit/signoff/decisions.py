"""``signoff/<reviewer>.json``: the small file that a signature covers. It names a run by the digest of its statement."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from migration_audit.model.errors import AuditError
from migration_audit.model.signoff import Decision
from migration_audit.model.strict_json import parse_json
from migration_audit.project.policy import IDENTITY

FOLDER = "signoff"
SCHEMA_VERSION = 1
DECISION_TYPE = "https://migration-audit.dev/sign-off/v1"
_TIME = "%Y-%m-%dT%H:%M:%SZ"


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedDecision:
    """The content of such a file."""

    reviewer: str
    decision: Decision
    comment: str
    statement_sha256: str
    project: str
    environment: str
    run: str
    verdict: str
    waivers: tuple[str, ...]
    """Keys of the waived findings of the evidence, which this reviewer accepts with it."""
    signed_at: datetime
    expires: datetime | None

    def to_bytes(self) -> bytes:
        """The bytes that are signed."""
        body = {
            "schema_version": SCHEMA_VERSION,
            "type": DECISION_TYPE,
            "reviewer": self.reviewer,
            "decision": self.decision.value,
            "comment": self.comment,
            "statement": {"sha256": self.statement_sha256},
            "project": self.project,
            "environment": self.environment,
            "run": self.run,
            "verdict": self.verdict,
            "waivers": list(self.waivers),
            "signed_at": self.signed_at.astimezone(UTC).strftime(_TIME),
            "expires": self.expires.astimezone(UTC).strftime(_TIME) if self.expires else None,
        }
        return (json.dumps(body, indent=1, sort_keys=True, ensure_ascii=False) + "\n").encode()


def read_decision(content: bytes) -> SignedDecision:
    """The decision in such a file; raises ValueError, with the reason, for anything else."""
    try:
        body = parse_json(content, where="the sign-off")
    except AuditError as error:
        raise ValueError(f"it {error.what}") from None
    if not isinstance(body, dict) or body.get("type") != DECISION_TYPE or body.get("schema_version") != SCHEMA_VERSION:
        raise ValueError("its version is unknown")
    try:
        found = SignedDecision(
            reviewer=_text(body["reviewer"], IDENTITY),
            decision=Decision(body["decision"]),
            comment=_text(body["comment"]),
            statement_sha256=_text(body["statement"]["sha256"], r"[0-9a-f]{64}"),
            project=_text(body["project"]),
            environment=_text(body["environment"]),
            run=_text(body["run"]),
            verdict=_text(body["verdict"]),
            waivers=tuple(map(_text, body["waivers"])),
            signed_at=_time(body["signed_at"]),
            expires=None if body["expires"] is None else _time(body["expires"]),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(f"it is not a sign-off: {type(error).__name__}: {error}") from None
    if found.to_bytes() != content:  # what no reader shows could be a condition
        raise ValueError("it is not as `migration-audit sign` writes it: it says more, or says it in another form")
    return found


def is_identity(name: str) -> bool:
    """Whether a reviewer may be called so: it has to be a file's name, and one principal."""
    return re.fullmatch(IDENTITY, name) is not None


def file_name(reviewer: str, number: int) -> str:
    """What the file of a reviewer's first, second, … decision about a run is called; ``~`` is in no reviewer's name."""
    return f"{reviewer}.json" if number == 1 else f"{reviewer}~{number}.json"


def decision_number(name: str, reviewer: str) -> int | None:
    """Which of the reviewer's decisions a file of this name holds; None when it is not called so."""
    match = re.fullmatch(rf"{re.escape(reviewer)}(?:~([2-9]|[1-9][0-9]{{1,2}}))?\.json", name)
    return None if match is None else int(match[1] or 1)


def _text(value: Any, regex: str | None = None) -> str:
    if not isinstance(value, str) or (regex is not None and re.fullmatch(regex, value) is None):
        raise ValueError(f"{value!r:.60} is not in canonical form")
    return value


def _time(value: Any) -> datetime:
    return datetime.strptime(_text(value), _TIME).replace(tzinfo=UTC)
