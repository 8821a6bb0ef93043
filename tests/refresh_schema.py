"""Write the published JSON Schema of ``evidence.json`` from its types (``make schema``)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import msgspec

from migration_audit.model.evidence import SCHEMA_VERSION, Evidence

FILE = Path(__file__).resolve().parents[1] / "lib/migration_audit/model/evidence.schema.json"


def schema() -> dict[str, Any]:
    """The schema that the types give: no other field, and one version."""
    found = msgspec.json.schema(Evidence)
    for each in found["$defs"].values():
        if "properties" in each:
            each["additionalProperties"] = False
    found["$defs"]["Evidence"]["properties"]["schema_version"] = {"const": SCHEMA_VERSION}
    time = found["$defs"]["Evidence"]["properties"]["generated_at"]
    time |= {"pattern": r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$"}
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "evidence.json of migration-audit", **found}


def text() -> str:
    """The file's content."""
    return json.dumps(schema(), indent=1, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    FILE.write_text(text(), encoding="utf-8")
