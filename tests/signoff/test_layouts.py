"""The honest flow in each layout of repositories, from the audit to the merged deletion; and one thing wrong in each.

The demo's tree, real clones with bare remotes. The audit is one of files: its database answers from a fixture.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import sys
from contextlib import chdir
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner

from ci_steps import ROOT, Machine, checkout
from fix_layouts import LAYOUTS, PARTS, Layout, git, lay_out
from fix_pages import blocks
from fix_signed import ANN, BOB, World
from migration_audit import demo
from migration_audit.audit.inputs.artifact_digests import artifact_digests
from migration_audit.cli.main import main
from migration_audit.demo import REMOVED

pytestmark = pytest.mark.slow

NOW = datetime.now(UTC).replace(microsecond=0)
POLICY = '\n[policy]\nallowed_signers = ".audit/allowed_signers"\nquorum = 2\n'
POLICY += "".join(f"[policy.environments.{name}]\nrequired = false\n" for name in ("dev", "stage"))
NOT_IN_THE_FIXTURE = (
    "LIV010:prod:ledger",
    "BOOT006:prod:constraint:devices.devices_manufacturer_serial_number_unique",
    "BOOT006:prod:constraint:vehicles.vehicles_country_plate_unique",
)
OVERLAY = Path(demo.__file__).with_name("retirement")
IN_GIT = [kind for kind in LAYOUTS if kind != "parent"]


@dataclass
class Signed:
    """A layout whose signed run is on the protected branch of its home."""

    layout: Layout
    keys: Path

    def clone(self, folder: Path) -> Signed:
        """Of somebody else, as the remotes have it."""
        return Signed(self.layout.clone(folder), self.keys)

    def gate(self, part: str = "processor", *arguments: str, **variables: str) -> tuple[int, str]:
        """Exit code and output of ``gate``, from the folder of the part that is deleted from."""
        policy = [] if self.layout.home == "." else ["--policy-from", "origin/main"]
        config = os.path.relpath(self.layout.audit / "audit.toml", self.layout.part(part))
        with chdir(self.layout.part(part)):  # in this process, in which what the facts give is computed once
            done = CliRunner().invoke(main, ["gate", "--config", config, *policy, *arguments], env=variables)
        assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
        return done.exit_code, done.output


def make(kind: str, folder: Path, keys: Path) -> Signed:
    """Audited in one clone; signed by two reviewers in clones of their own, whose branches are merged."""
    layout = lay_out(kind, folder, edit=edited)
    ann = World(root=layout.audit, keys=keys)
    ann.allow(ANN, BOB)
    ann.write(".gitattributes", "reports/** -text\n")
    if kind != "parent":
        save(layout, "Name the reviewers")
    files = [{"path": path, "sha256": sha256} for path, sha256 in artifact_digests(ann.project)]
    run = ann.run(artifacts=files, at=NOW - timedelta(hours=2))
    if kind == "parent":
        ann.sign(ann.sign(run, ANN, at=NOW - timedelta(hours=1)), BOB, at=NOW - timedelta(hours=1))
        return Signed(layout, keys)
    for who in (ANN, BOB):
        other = layout.clone(folder / who)
        copy = other.audit / run.relative_to(layout.audit)
        shutil.copytree(run, copy)
        git(other.audit, "checkout", "-q", "-b", who)
        World(root=other.audit, keys=keys).sign(copy, who, at=NOW - timedelta(hours=1))
        git(other.audit, "add", "-A", ".")
        git(other.audit, "commit", "-q", "-m", f"Sign as {who}")
        git(other.audit, "push", "-q", "origin", who)
    git(layout.audit, "fetch", "-q")
    shutil.rmtree(layout.audit / "reports")
    for who in (ANN, BOB):
        git(layout.audit, "merge", "-q", "--no-ff", "-m", "Merge a sign-off", f"origin/{who}")
    git(layout.audit, "push", "-q", "origin", "main")
    return Signed(layout, keys)


def edited(toml: str) -> str:
    """With a policy, and without what nobody answers here: the snapshot, acceptance commands, and three findings."""
    waivers = [
        f'[[waiver]]\nfinding = "{key}"\nenvironment = "prod"\nreason = "a fixture"\nowner = "t"\nexpires = 2099-01-01\n'
        for key in NOT_IN_THE_FIXTURE
    ]
    toml = re.sub(r'\[\[rule\]\]\ncheck = "CMD001"(?:\n[^\n\[]+)+', "", toml)
    return "\n".join([re.sub(r"\[snapshot\](?:\n[^\n\[]+)+", "", toml), POLICY, *waivers])


def save(layout: Layout, message: str) -> None:
    """Commit and push what is changed in the home."""
    git(layout.audit, "add", "-A", ".")
    git(layout.audit, "commit", "-q", "-m", message)
    git(layout.audit, "push", "-q", "origin", "main")


@pytest.fixture(scope="module", params=LAYOUTS)
def signed_once(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, signing_keys: Path) -> Signed:
    return make(request.param, tmp_path_factory.mktemp("signed"), signing_keys)


@pytest.fixture
def signed(signed_once: Signed, tmp_path: Path) -> Signed:
    """A clone of everything, and remotes of its own."""
    whole = shutil.copytree(signed_once.layout.remotes.parent, tmp_path / "copy", symlinks=True)
    old = signed_once.layout
    layout = Layout(whole / "work", whole / "remotes", old.home, old.repositories, old.inside)
    for name in layout.repositories:
        git(layout.folder / name, "remote", "set-url", "origin", str(layout.remotes / f"{name}.git"))
    return Signed(layout, signed_once.keys)


def retire(layout: Layout, part: str) -> None:
    """The deletion as far as it is in one part: a branch with what the example has after its retirement."""
    repository = layout.repository_of(part)
    if git(repository, "branch", "--show-current") == "main":
        git(repository, "checkout", "-q", "-b", "retire")
    for gone in [layout.part(part) / Path(name).relative_to(part) for name in REMOVED if name.startswith(f"{part}/")]:
        shutil.rmtree(gone) if gone.is_dir() else gone.unlink()
    if (OVERLAY / part).is_dir():
        shutil.copytree(OVERLAY / part, layout.part(part), dirs_exist_ok=True)
    git(repository, "add", "-A")
    git(repository, "commit", "-q", "--allow-empty", "-m", "Retire the runner")


def publish(layout: Layout, part: str, name: str, text: str | None) -> None:
    """A change of one file on the protected branch of a part's remote, which the clone has fetched and not merged."""
    repository, before = layout.repository_of(part), layout.repository_of(part).parent / "other"
    git(repository.parent, "clone", "-q", str(layout.remotes / f"{repository.name}.git"), str(before))
    path = before / (part if layout.inside else "") / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink() if text is None else path.write_text(text)
    git(before, "add", "-A")
    git(before, "commit", "-q", "-m", "Something else")
    git(before, "push", "-q", "origin", "main")
    shutil.rmtree(before)
    git(repository, "fetch", "-q")


def test_before_anything_is_done(signed: Signed) -> None:
    code, reported = signed.gate()
    assert code == 0, reported


def test_the_deletion_passes_where_it_is_proposed(signed: Signed) -> None:
    retire(signed.layout, "processor")
    code, reported = signed.gate()
    assert code == 0, reported
    assert "legacy: 2 of 2 files are removed, as in the work list" in reported


def test_each_repository_can_do_its_part(signed: Signed) -> None:
    for part in PARTS if signed.layout.home != "." else ():
        retire(signed.layout, part)
        code, reported = signed.gate(part)
        assert code == 0, (part, reported)
        land(signed.layout, part, "merge")
    if signed.layout.home == ".":
        return
    sign_the_retired(signed)
    code, reported = signed.gate("docs")
    assert (code, "the retirement is done" in reported) == (0, True), reported


def sign_the_retired(signed: Signed) -> None:
    """The flow's end: an audit after the deletion, signed by two and on the protected branch."""
    home = World(root=signed.layout.audit, keys=signed.keys)
    git(home.root, "pull", "-q", "--ff-only")
    files = [{"path": path, "sha256": sha256} for path, sha256 in artifact_digests(home.project)]
    run = home.run(phase="retired", artifacts=files, legacy=False, at=NOW - timedelta(minutes=30))
    for who in (ANN, BOB):
        run = home.sign(run, who, at=NOW - timedelta(minutes=20))
    save(signed.layout, "Sign the audit after the deletion")


def land(layout: Layout, part: str, how: str) -> None:
    """Bring the branch ``retire`` to the protected branch of its remote."""
    repository = layout.repository_of(part)
    if part != "deploy":  # of which every file is audited
        publish(layout, part, "NEWS.txt", "Something else that came in between.\n")
    git(repository, "checkout", "-q", "-B", "main", "origin/main")
    if how == "rebase":
        git(repository, "checkout", "-q", "retire")
        git(repository, "rebase", "-q", "main")
        git(repository, "checkout", "-q", "main")
        git(repository, "merge", "-q", "--ff-only", "retire")
    else:
        git(repository, "merge", "-q", *(["--squash"] if how == "squash" else ["--no-ff", "-m", "Merge"]), "retire")
    if how == "squash":
        git(repository, "commit", "-q", "-m", "Retire the runner (squashed)")
    git(repository, "branch", "-q", "-D", "retire")
    git(repository, "push", "-q", "origin", "main")


@pytest.mark.parametrize("how", ["merge", "squash", "rebase"])
def test_after_the_merge(signed: Signed, how: str) -> None:
    retire(signed.layout, "processor")
    land(signed.layout, "processor", how)
    code, reported = signed.gate("docs")
    assert code == 0, reported


WRONG = {
    "processor": ("src/db/pool.ts", "export const pool = null;\n", "processor/src/db/pool.ts"),
    "directus": ("db-init/004_more.sql", "DROP TABLE positions;\n", "directus/db-init/004_more.sql"),
    "deploy": ("compose.yaml", "services: {}\n", "compose.yaml"),
    "docs": ("wiki/new.md", "# New\n", "docs/wiki/new.md"),
}


@pytest.mark.parametrize("part", PARTS)
def test_another_protected_branch_has_gone_on(signed: Signed, part: str) -> None:
    name, text, named = WRONG[part]
    retire(signed.layout, "processor")
    publish(signed.layout, part, name, text)
    code, reported = signed.gate()
    assert (code, named in reported) == (4, True), reported


@pytest.mark.parametrize("part", PARTS[1:])
def test_a_clone_of_another_repository_is_not_what_is_judged(signed: Signed, part: str) -> None:
    if signed.layout.inside:
        pytest.skip("in one repository it is part of the proposal")
    name, text, _ = WRONG[part]
    (signed.layout.part(part) / name).write_text(text)
    code, reported = signed.gate()
    is_home = signed.layout.home == part  # the gate asks in its home for what is audited less there, whatever is proposed
    assert (code, reported) == (0, reported) or is_home, reported


def test_what_the_work_list_does_not_name_is_refused(signed: Signed) -> None:
    retire(signed.layout, "processor")
    (signed.layout.part("processor") / "src/db/pool.ts").write_text("export const pool = null;\n")
    code, reported = signed.gate()
    assert (code, "processor/src/db/pool.ts" in reported) == (4, True), reported


@pytest.mark.parametrize("signed_once", ["one of the four"], indirect=True)
def test_without_a_policy_revision(signed: Signed) -> None:
    retire(signed.layout, "processor")
    config = str(signed.layout.audit / "audit.toml")
    with chdir(signed.layout.part("processor")):
        done = CliRunner().invoke(main, ["gate", "--config", config])
    assert done.exit_code == 0, done.output
    assert "policy and keys are read from the working tree" in done.output


@pytest.mark.parametrize("signed_once", ["parent"], indirect=True)
class TestNoRepository:
    """The folder of audit.toml is in no repository: it has no protected branch."""

    def test_a_pipeline_refuses_it(self, signed: Signed) -> None:
        code, reported = signed.gate(CI="true")
        assert (code, "policy and keys are read from the working tree" in reported) == (4, True), reported

    def test_it_has_no_revision(self, signed: Signed) -> None:
        code, reported = signed.gate("processor", "--policy-from=origin/main")
        assert (code, "the revision origin/main does not exist here" in reported) == (3, True), reported


@pytest.mark.parametrize("signed_once", ["audit repository"], indirect=True)
class TestOnePlaceToAnother:
    """The clones of a pipeline are not where audit.toml has them."""

    def test_each_repository_is_shown_with_its_place(self, signed: Signed, tmp_path: Path) -> None:
        retire(signed.layout, "processor")
        for number, part in enumerate(PARTS[1:]):
            signed.layout.part(part).rename(tmp_path / f"clone{number}")
        given = [f"--repository={part}={tmp_path}/clone{number}@origin/main" for number, part in enumerate(PARTS[1:])]
        code, reported = signed.gate("processor", "--repository=processor=.", *given)
        assert code == 0, reported
        code, reported = signed.gate("processor", *given[1:])
        assert code == 3
        assert "[repository.directus] the folder does not exist" in reported
        assert "--repository directus=PATH@REVISION" in reported

    @pytest.mark.parametrize(
        ("given", "code", "message"),
        [
            ("directus", 2, "write NAME=PATH or NAME=PATH@REVISION"),
            ("cms=.", 2, "the repositories are processor, directus, deploy, docs"),
            ("directus=../nowhere", 2, "the folder does not exist"),
            ("directus=../directus@", 2, "does not name a revision after @"),
            ("directus=../directus@nowhere", 3, "git does not know the revision nowhere"),
            ("directus=/", 3, "is not a repository"),
        ],
    )
    def test_what_is_no_repository(self, signed: Signed, given: str, code: int, message: str) -> None:
        found, reported = signed.gate("processor", "--repository", given)
        assert (found, message in reported) == (code, True), reported

    def test_the_tree_in_which_it_is_started_is_judged(self, signed: Signed, tmp_path: Path) -> None:
        code, reported = signed.gate("processor", "--repository=processor=.@origin/main")
        assert (code, "omit @REVISION, or start in another folder" in reported) == (2, True), reported
        stranger = tmp_path / "stranger"
        git(tmp_path, "clone", "-q", str(signed.layout.remotes / "processor.git"), "stranger")
        with chdir(stranger):
            done = CliRunner().invoke(main, ["gate", "--config", str(signed.layout.audit / "audit.toml")])
        assert (done.exit_code, "name it: --repository NAME=." in done.output) == (2, True), done.output

    def test_a_revision_that_the_proposer_could_have_chosen(self, signed: Signed) -> None:
        code, reported = signed.gate(
            "processor", "--repository=directus=../directus@HEAD", CI="true", GITHUB_BASE_REF="main"
        )
        assert (code, "HEAD is the proposal itself" in reported) == (4, True), reported

    def test_the_command_of_the_page(self, signed: Signed) -> None:
        (block,) = blocks("docs/ci.md", "sh", heading="Several repositories")
        retire(signed.layout, "processor")
        with chdir(signed.layout.part("processor")):
            done = CliRunner().invoke(main, shlex.split(block.text.replace("\\\n", ""))[1:])
        assert done.exit_code == 0, done.output
        assert "legacy: 2 of 2 files are removed, as in the work list" in done.output

    def test_the_template_for_several_repositories(self, signed: Signed, tmp_path: Path) -> None:
        """Its checkouts, and its last step, as GitHub runs them for a pull request of the processor."""
        retire(signed.layout, "processor")
        git(signed.layout.part("processor"), "push", "-q", "origin", "retire")
        template = ROOT / "examples/ci/github/migration-audit-gate-repositories.yml"
        steps = yaml.safe_load(template.read_text("utf-8"))["jobs"]["gate"]["steps"]
        places = [step["with"] for step in steps if step.get("uses", "").startswith("actions/checkout@")]
        for place in places:
            name = place.get("repository", "acme/processor").removeprefix("acme/")
            branch = "main" if "repository" in place else "retire"
            checkout(signed.layout.remotes / f"{name}.git", branch, tmp_path / place["path"])
        assert {place["path"] for place in places} == {"audit", *PARTS}
        programs = tmp_path / "temp/migration-audit/bin"
        programs.mkdir(parents=True)
        (programs / "migration-audit").symlink_to(Path(sys.executable).with_name("migration-audit"))
        machine = Machine(workspace=tmp_path, temp=tmp_path / "temp", known={})
        folder = tmp_path / steps[-1]["working-directory"]
        done = machine.run(steps[-1]["run"], folder=folder, env={"GITHUB_BASE_REF": "main"})
        assert done.returncode == 0, done.stdout + done.stderr
        assert "legacy: 2 of 2 files are removed, as in the work list" in done.stdout
        (folder / "src/db/pool.ts").write_text("export const pool = null;\n")
        git(folder, "commit", "-q", "-am", "More")
        done = machine.run(steps[-1]["run"], folder=folder, env={"GITHUB_BASE_REF": "main"})
        assert (done.returncode, "processor/src/db/pool.ts" in done.stdout) == (4, True), done.stdout + done.stderr
