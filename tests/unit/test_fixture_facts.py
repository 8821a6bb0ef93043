"""The fixture of the integration tests: its head, and whether a test loads it."""

from __future__ import annotations

import pytest

from fix_code import HEAD, write
from migration_audit.audit.inputs.retirement import retirement_inputs
from migration_audit.model.finding import Unavailable
from migration_audit.project import load_project

RULE = """
[[rule]]
check = "RET008"
fixture = "service/test/fixtures/schema.sql"
head = "syncs with `db-init/` — update both"
loaded_by = ["service/test/**/*.ts"]
"""
FIXTURE = "service/test/fixtures/schema.sql"


def facts(folder, files):
    write(folder, {"service/test/a.test.ts": "", **files})
    (folder / "audit.toml").write_text(HEAD + RULE)
    (found,) = retirement_inputs(load_project(folder / "audit.toml"))["fixture_facts"]
    return found


HEADS = {
    "one line": ("-- syncs with `db-init/` — update both\ncreate table x ();", True),
    "over two lines": ("-- This file syncs with\n--   `db-init/` — update both when it changes.\nselect 1;", True),
    "in a block": ("/*\n * syncs with `db-init/`\n * — update both\n */\nselect 1;", True),
    "behind another comment": ("-- Fixture.\n\n-- syncs with `db-init/` — update both\n", True),
    "behind a statement": ("select 1;\n-- syncs with `db-init/` — update both\n", False),
    "other words": ("-- syncs with `db-init/`\nselect 1;", False),
    "none": ("select 1;", False),
}


@pytest.mark.parametrize(("text", "agrees"), HEADS.values(), ids=HEADS.keys())
def test_the_head(tmp_path, text, agrees):
    assert facts(tmp_path, {FIXTURE: text}).head_agrees is agrees


LOADS = {
    "by its place": ("service/test/a/b.test.ts", "read(new URL('../fixtures/schema.sql', import.meta.url));", True),
    "from the package": ("service/test/a.test.ts", "read('test/fixtures/schema.sql');", True),
    "from the package, with a dot": ("service/test/a.test.ts", "read('./test/fixtures/schema.sql');", True),
    "in pieces": ("service/test/a.test.ts", "read(join(here, 'fixtures', 'schema.sql'));", True),
    "in a template": ("service/test/a.test.ts", "read(`${root}/fixtures/schema.sql`);", True),
    "through a helper": ("service/test/helpers/db.ts", "export const SCHEMA = '../fixtures/schema.sql';", True),
    "commented out": ("service/test/a.test.ts", "// read('fixtures/schema.sql');", False),
    "another fixture": ("service/test/a.test.ts", "read('fixtures/other.sql');", False),
    "of another folder": ("service/test/a.test.ts", "read('../db-init/schema.sql');", False),
    "outside the tests": ("service/src/a.ts", "read('test/fixtures/schema.sql');", False),
    "in prose": ("service/test/a.test.ts", "it('loads fixtures/schema.sql', f);", False),
}


@pytest.mark.parametrize(("path", "text", "loads"), LOADS.values(), ids=LOADS.keys())
def test_who_loads_it(tmp_path, path, text, loads):
    found = facts(tmp_path, {FIXTURE: "", path: text})
    assert [at.path for at in found.loads] == ([path] if loads else [])
    assert found.looked_at >= 1


def test_another_file_of_the_same_name(tmp_path):
    other = {"service/test/other/a.test.ts": "read('./fixtures/schema.sql');", "service/test/other/fixtures/schema.sql": ""}
    assert facts(tmp_path, {FIXTURE: "", **other}).loads == ()


def test_it_is_not_there(tmp_path):
    found = facts(tmp_path, {})
    assert (found.exists, found.head, found.loads) == (False, "", ())
    assert found.where == "audit.toml:10"


def test_a_project_without_the_rule(tmp_path):
    (tmp_path / "audit.toml").write_text(HEAD)
    found = retirement_inputs(load_project(tmp_path / "audit.toml"))["fixture_facts"]
    assert found == Unavailable(reason='audit.toml has no [[rule]] with check = "RET008"', required=False)
