"""The digests of the files that the checks read beside the SQL sources: which are among them, and which are not."""

import hashlib
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from tests.report_example import evidence

from migration_audit import demo
from migration_audit.audit.inputs.artifact_digests import artifact_digests, report_digests
from migration_audit.model.evidence import FileDigest
from migration_audit.project import load_project
from migration_audit.report.listings import digest_table

pytestmark = pytest.mark.slow

TREE = Path(demo.__file__).parent / "trm"


@pytest.fixture
def tree(tmp_path):
    return Path(shutil.copytree(TREE, tmp_path / "trm"))


def digests(tree, **texts):
    """Path to digest, after these edits of audit.toml."""
    path = tree / "audit.toml"
    for old, new in texts.items():
        path.write_text(path.read_text() + new if old == "more" else path.read_text())
    return dict(artifact_digests(load_project(path)))


NAMED = {
    "a Compose file": "deploy/compose.yaml",
    "a Compose file for development": "processor/compose.dev.yaml",
    "the owner's Dockerfile": "directus/Dockerfile",
    "its entrypoint, which the Dockerfile names": "directus/entrypoint.sh",
    "a script that the entrypoint calls": "directus/apply-db-init.sh",
    "SQL after schema apply": "directus/db-init-post/001_vehicles_plate.sql",
    "the snapshot": "directus/snapshots/schema.yaml",
    "the image of a rule": "processor/Dockerfile",
    "what its build leaves out": "processor/.dockerignore",
    "code": "processor/src/main.ts",
    "names of modules": "processor/tsconfig.json",
    "a file that must go": "processor/src/db/migrate.ts",
    "a file that must stay": "processor/src/db/pool.ts",
    "a manifest": "processor/package.json",
    "a lock file": "processor/pnpm-lock.yaml",
    "a document": "docs/wiki/entities/directus.md",
    "a log": "docs/log.md",
}


@pytest.fixture(scope="module")
def found_and_real(tmp_path_factory):
    """What is found and what the files have, of one tree: as it is, and after a change of every file."""
    tree = Path(shutil.copytree(TREE, tmp_path_factory.mktemp("digests") / "trm"))

    def looked_at():
        return digests(tree), {path: hashlib.sha256((tree / path).read_bytes()).hexdigest() for path in NAMED.values()}

    before = looked_at()
    for path in NAMED.values():
        (tree / path).write_bytes((tree / path).read_bytes() + b"\n")
    return before, looked_at()


@pytest.mark.parametrize("path", NAMED.values(), ids=NAMED)
def test_what_is_judged_has_its_digest(path, found_and_real):
    for found, real in found_and_real:
        assert found[path] == real[path]


def test_what_has_digests_of_its_own_is_not_there_twice(tree):
    found = digests(tree)
    assert "audit.toml" not in found
    assert not [path for path in found if path.startswith(("processor/src/db/migrations/", "directus/db-init/"))]
    assert list(found) == sorted(found)


@pytest.mark.parametrize("name", [".env", ".env.production", "prod.env"])
def test_files_of_variables_are_left_out(name, tree):
    (tree / "deploy" / name).write_text("DB_PASSWORD=12345\n")
    compose = tree / "deploy/compose.yaml"
    compose.write_text(
        compose.read_text().replace("services:", f"include:\n  - {{path: more.yaml, env_file: {name}}}\nservices:")
    )
    (tree / "deploy/more.yaml").write_text("services:\n  more: {image: alpine}\n")
    found = digests(tree, more='\n[[rule]]\ncheck = "DOC006"\ndrops = ["x"]\nin = ["deploy/**"]\n')
    assert "deploy/more.yaml" in found
    assert f"deploy/{name}" not in found


def test_env_ts_is_code(tree):
    (tree / "processor/src/env.ts").write_text("export {}\n")
    assert "processor/src/env.ts" in digests(tree)


def test_files_that_are_included_by_none_of_the_rules(tree):
    """An included Compose file counts though audit.toml does not name it."""
    compose = tree / "deploy/compose.yaml"
    compose.write_text(compose.read_text().replace("services:", "include: [parts/more.yaml]\nservices:"))
    (tree / "deploy/parts").mkdir()
    (tree / "deploy/parts/more.yaml").write_text("services:\n  more: {image: alpine}\n")
    assert "deploy/parts/more.yaml" in digests(tree)


def test_the_rights_of_the_rehearsal_count(tree):
    (tree / "grants.sql").write_text("GRANT SELECT ON positions TO processor;\n")
    assert "grants.sql" in digests(tree, more='\n[rehearsal]\ngrants = ["grants.sql"]\n')


def test_what_is_gone_has_none_and_nothing_is_raised(tree):
    shutil.rmtree(tree / "deploy")
    shutil.rmtree(tree / "directus" / "snapshots")
    (tree / "directus/Dockerfile").unlink()
    found = digests(tree)
    assert not {"deploy/compose.yaml", "directus/Dockerfile", "directus/snapshots/schema.yaml"} & found.keys()
    assert "processor/src/main.ts" in found


def test_a_file_outside_of_the_folder_is_named_from_there(tree):
    (tree.parent / ".git").mkdir()  # of a repository, in which both are
    outside = tree.parent / "shared.yaml"
    outside.write_text("services:\n  more: {image: alpine}\n")
    compose = tree / "deploy/compose.yaml"
    compose.write_text(compose.read_text().replace("services:", "include: [../../shared.yaml]\nservices:"))
    assert digests(tree)["../shared.yaml"] == hashlib.sha256(outside.read_bytes()).hexdigest()


def test_reports_of_commands_are_apart(tree):
    """They are made by a run: nobody can ask a tree for the same ones again."""
    path = tree / "processor/reports/unit.xml"
    path.parent.mkdir()
    path.write_text("<testsuite/>\n")
    project = load_project(tree / "audit.toml")
    assert [name for name, _ in report_digests(project)] == ["processor/reports/unit.xml"]
    assert "processor/reports/unit.xml" not in dict(artifact_digests(project))


def test_a_reviewer_reads_them_with_the_others():
    files = (FileDigest(path="deploy/compose.yaml", sha256="ab" * 32),)
    found = evidence(artifacts=files, reports=(FileDigest(path="unit.xml", sha256="cd" * 32),))
    text = repr(digest_table(found))
    assert "artifacts: other files of the tree" in text
    assert "deploy/compose.yaml" in text
    assert "reports of commands" in text
    assert "artifacts" not in repr(digest_table(replace(found, artifacts=())))
    files, catalogs = digest_table(found, "files"), digest_table(found, "catalogs")
    assert [*files.groups, *catalogs.groups] == [*digest_table(found).groups]
    assert files.groups
    assert [group.labels for group in catalogs.groups] == [("catalog",)]
    with pytest.raises(ValueError, match="file is none of files, catalogs"):
        digest_table(found, "file")
