"""The inputs of the BOOT checks, from files: what is not configured, not there or not readable says so."""

import shutil
from pathlib import Path

import pytest

from migration_audit import demo
from migration_audit.audit.facts.codec import encode, to_bytes
from migration_audit.audit.facts.types import fact_types
from migration_audit.audit.inputs.boot import boot_inputs
from migration_audit.model.compose import Stack
from migration_audit.model.finding import Outcome, Unavailable
from migration_audit.model.image import Boot, Image
from migration_audit.project import load_project

TREE = Path(demo.__file__).parent / "trm"


def read(folder, changed=lambda text: text):
    path = folder / "audit.toml"
    path.write_text(changed(path.read_text()))
    return boot_inputs(load_project(path))


@pytest.fixture
def tree(tmp_path):
    return Path(shutil.copytree(TREE, tmp_path / "trm"))


def test_the_demo(tree):
    found = read(tree)
    kinds = {name: type(found[name]) for name in ("stack", "dev_stack", "owner_boot", "owner_image", "post_objects")}
    assert kinds == {"stack": Stack, "dev_stack": Stack, "owner_boot": Boot, "owner_image": Image, "post_objects": tuple}
    assert found["owner_image"].base == "directus/directus:11.17.4"
    assert "positions" in found["owner_variables"]["DB_EXCLUDE_TABLES"].split(",")
    assert [each.name for each in found["post_objects"]] == [
        "vehicles_country_plate_unique",
        "devices_manufacturer_serial_number_unique",
    ]
    assert all(isinstance(image, Image) for image in found["images"].values())


def test_nothing_is_asked(tree):
    found = read(tree, lambda text: text[: text.index("[boot]")])
    assert all(isinstance(found[name], Unavailable) and not found[name].required for name in found if name != "images")
    assert found["images"] == {}


MISSING = {
    "deploy/compose.yaml": ("stack", "owner_boot", "owner_variables"),
    "directus/Dockerfile": ("owner_boot", "owner_image"),
    "directus/db-init-post": ("post_objects",),
}


@pytest.mark.parametrize(("path", "names"), MISSING.items(), ids=MISSING)
def test_a_file_that_is_not_there_is_an_error(path, names, tree):
    gone = tree / path
    shutil.rmtree(gone) if gone.is_dir() else gone.unlink()
    found = read(tree)
    assert {name for name in found if isinstance(found[name], Unavailable)} >= set(names)
    assert all(found[name].outcome is Outcome.ERRORED and path.split("/")[0] in found[name].reason for name in names)


def test_no_development_stack_is_fine(tree):
    (tree / "processor/compose.dev.yaml").unlink()
    dev = read(tree)["dev_stack"]
    assert isinstance(dev, Unavailable)
    assert not dev.required


def test_a_dockerfile_of_the_rule_that_is_not_there(tree):
    (tree / "processor/Dockerfile").unlink()
    (image,) = read(tree)["images"].values()
    assert image.outcome is Outcome.ERRORED


def test_the_dockerfile_of_the_service(tree):
    found = read(tree, lambda text: text.replace('dockerfile = "directus/Dockerfile"\n', ""))
    assert isinstance(found["owner_boot"], Boot)


def test_an_image_that_no_one_builds_here_is_read_as_far_as_the_compose_files_tell(tree):
    (tree / "deploy/job.sh").write_text("set -e\ndirectus bootstrap\n")
    (tree / "deploy/compose.yaml").write_text("""
services:
  directus:
    image: directus/directus:11.17.4
    entrypoint: [sh, /job.sh]
    volumes: ["./job.sh:/job.sh:ro"]
""")
    found = read(tree, lambda text: text.replace('dockerfile = "directus/Dockerfile"\n', ""))
    assert [str(command.at) for command in found["owner_boot"].run.commands] == ["deploy/compose.yaml:5", "deploy/job.sh:2"]
    assert found["owner_image"].base == "directus/directus:11.17.4"


def test_variables_that_only_a_file_of_the_host_knows_are_not_taken_for_unset(tree):
    compose = tree / "deploy/compose.yaml"
    text = compose.read_text().replace("build: ../directus", "build: ../directus\n    env_file: [a.env]")
    compose.write_text(text)
    assert "DB_EXCLUDE_TABLES" in read(tree)["owner_variables"]
    compose.write_text(text.replace("DB_EXCLUDE_TABLES", "OTHER"))
    found = read(tree)["owner_variables"]
    assert isinstance(found, Unavailable)
    assert found.required
    assert "set DB_EXCLUDE_TABLES under environment of directus" in found.reason


def test_no_folder_of_this_machine_is_in_the_facts(tree):
    """Facts are the same wherever the tree is."""
    compose = tree / "deploy/compose.yaml"
    compose.write_text(compose.read_text().replace("services:\n", SOMETHING_MOUNTED, 1))
    found = read(tree)
    mounted = found["stack"].service("mounted")
    assert [mount.source for mount in mounted.mounts] == ["deploy/data", "directus", "/var/run/docker.sock"]
    assert mounted.build.context == "directus"
    text = b"".join(to_bytes(encode(found[name], hint)) for name, hint in fact_types("shared").items() if name in found)
    assert str(tree.parent).encode() not in text


SOMETHING_MOUNTED = """services:
  mounted:
    build: ../directus
    volumes: [./data:/data, ../directus:/src, "/var/run/docker.sock:/sock"]
"""
