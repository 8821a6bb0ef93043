"""Write what types describe: the JSON Schemas of evidence.json and audit.toml, and docs/audit-toml.md (``make schema``)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import msgspec

from migration_audit.model.evidence import SCHEMA_VERSION, Evidence
from migration_audit.project.documents import SCHEMA_FILE, page, schema_text

ROOT = Path(__file__).resolve().parents[1]
FILE = ROOT / "lib/migration_audit/model/evidence.schema.json"


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


GENERATED = {FILE: text, FILE.with_name(SCHEMA_FILE): schema_text, ROOT / "docs/audit-toml.md": page}
"""Each file, and what its content has to be."""

if __name__ == "__main__":
    for path, content in GENERATED.items():
        path.write_text(content(), encoding="utf-8")
