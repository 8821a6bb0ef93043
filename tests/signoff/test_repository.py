"""What git is asked, and what it must not be led to: other refs, links, repositories inside, programs of a configuration."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from fix_signed import ANN, BOB, EVE, MAL, NOW, TOML, World
from migration_audit.artifacts.git.refs import commits_touching, find_revision, people_of
from migration_audit.artifacts.git.repository import changed_files, is_ignored, read_tree
from migration_audit.model.errors import AuditError, SignoffError

EASY = """
[policy]
allowed_signers = ".audit/allowed_signers"
author_may_sign = true
"""


def signed_by_mal(world: World) -> None:
    """The proposer's branch: keys of his own, a policy of his own, and a run that they are enough for."""
    world.write("audit.toml", TOML + EASY)
    world.allow(MAL)
    world.commit()
    world.sign(world.run(), MAL)


def closed(world: World, **how: object) -> int:
    return world.gate(policy_from="origin/main", **how)["prod"].exit_code


# Which commit a name is.


def test_a_tag_does_not_stand_for_a_remote_branch(world: World) -> None:
    signed_by_mal(world)
    assert closed(world) == 4
    world.git("tag", "origin/main")
    with pytest.raises(AuditError, match="ambiguous: it is refs/tags/origin/main and refs/remotes/origin/main"):
        closed(world)
    assert world.gate(policy_from="refs/remotes/origin/main")["prod"].exit_code == 4


@pytest.mark.parametrize("ref", ["refs/heads/origin/main", "refs/origin/main", "refs/remotes/origin/main/HEAD"])
def test_no_other_ref_stands_for_it(world: World, ref: str) -> None:
    signed_by_mal(world)
    if ref.startswith("refs/remotes"):
        world.git("update-ref", "refs/remotes/origin/main2/HEAD", "HEAD")
        assert find_revision(world.root, "origin/main2").commit == world.git("rev-parse", "HEAD")
        return
    world.git("update-ref", ref, "HEAD")
    with pytest.raises(AuditError, match="ambiguous"):
        closed(world)


def test_a_branch_that_is_called_like_a_commit(world: World) -> None:
    commit = world.git("rev-parse", "HEAD")
    assert find_revision(world.root, commit).commit == find_revision(world.root, commit[:9]).commit == commit
    world.commit()
    for name in (commit, commit[:9]):
        world.git("update-ref", f"refs/heads/{name}", "HEAD")
        with pytest.raises(AuditError, match=f"ambiguous: it is refs/heads/{name} and the commit {commit[:12]}"):
            find_revision(world.root, name)


@pytest.mark.parametrize("named", ["work", "heads/work", "HEAD", "@", "work~0", "HEAD^0", "refs/heads/work"])
def test_names_that_git_has_for_one_commit(world: World, named: str) -> None:
    assert find_revision(world.root, named).commit == world.git("rev-parse", "HEAD")


@pytest.mark.parametrize(
    "named",
    [
        *(
            "",
            " ",
            "--all",
            "-n1",
            "HEAD:audit.toml",
            ":/x",
            ":audit.toml",
            "HEAD^{tree}",
            "HEAD@{0}",
            "@{-1}",
            "work..HEAD",
        ),
        *("^work", "work\n", "*", "nowhere", "refs/heads/nowhere", "@{u}", "HEAD^{/x}", "abcdef0", "$(touch x)"),
    ],
)
def test_names_that_are_no_commit(world: World, named: str) -> None:
    with pytest.raises(AuditError, match="git does not know the revision"):
        find_revision(world.root, named)


def test_replaced_objects_and_grafts_are_not_believed(world: World) -> None:
    """A `refs/replace/…` that was fetched would put the proposer's commit in place of main's."""
    main = world.git("rev-parse", "origin/main")
    signed_by_mal(world)
    world.git("replace", main, "HEAD")
    assert world.git("show", "origin/main:audit.toml").endswith("author_may_sign = true")
    assert closed(world) == 4


@pytest.mark.parametrize(
    "name", ["GIT_DIR", "GIT_WORK_TREE", "GIT_OBJECT_DIRECTORY", "GIT_NAMESPACE", "GIT_REPLACE_REF_BASE"]
)
def test_variables_of_a_hook_do_not_lead_elsewhere(world: World, tmp_path: Path, monkeypatch, name: str) -> None:
    other = tmp_path / "other"
    subprocess.run(["git", "init", "-q", str(other)], check=True)
    commit = find_revision(world.root, "origin/main").commit
    monkeypatch.setenv(name, str(other / ".git"))
    assert find_revision(world.root, "origin/main").commit == commit
    assert read_tree(world.root).clean is True


def test_a_second_work_tree_of_the_repository(world: World, tmp_path: Path) -> None:
    run = world.sign(world.sign(world.run(), ANN), BOB)
    world.commit()
    world.git("worktree", "add", "-q", "-b", "second", str(tmp_path / "second"))
    second = World(root=tmp_path / "second", keys=world.keys)
    assert (second.root / run.relative_to(world.root)).is_dir()
    assert closed(second) == 0


# Links and repositories in the way.


@pytest.mark.parametrize("name", [".audit/revoked", ".audit/allowed_signers", "audit.toml", ".audit"])
def test_a_link_in_the_tree_does_not_choose_the_file_of_the_revision(world: World, name: str) -> None:
    """main has both files, one of them harmless; the branch makes one a link to the other."""
    world.write("harmless/revoked", "# nobody\n")
    world.write("harmless/allowed_signers", f'{EVE} namespaces="migration-audit" {world.public(EVE)}\n')
    world.write("harmless/audit.toml", TOML + EASY)
    world.write(".audit/revoked", f"{world.public(BOB)}\n")
    world.commit()
    world.publish()
    signed = world.sign(world.run(), ANN)
    before = closed(world), len(world.authority(policy_from="origin/main").allowed_signers)
    path, target = world.root / name, world.root / "harmless" / Path(name).name
    shutil.rmtree(path) if path.is_dir() else path.unlink()
    path.symlink_to(os.path.relpath(world.root / "harmless" if name == ".audit" else target, path.parent))
    authority = world.authority(policy_from="origin/main")
    assert authority.revoked == f"{world.public(BOB)}\n".encode()
    assert authority.policy.of("prod").quorum == 2
    assert (closed(world), len(authority.allowed_signers)) == before
    assert signed.is_dir()


@pytest.mark.parametrize("name", [".audit/revoked", ".audit/allowed_signers", ".audit"])
def test_a_link_in_the_revision_is_refused(world: World, name: str) -> None:
    path = world.root / name
    path.rename(world.root / "elsewhere")
    path.symlink_to(os.path.relpath(world.root / "elsewhere", path.parent))
    world.commit()
    world.publish()
    with pytest.raises(AuditError, match="is a link in origin/main, which is not followed"):
        world.authority(policy_from="origin/main")


def rejected_on_main(world: World) -> None:
    world.sign(world.sign(world.run(at=NOW), ANN), BOB)
    world.sign(world.run(at=NOW.replace(hour=13)), ANN, decision="reject", at=NOW.replace(hour=13, minute=30))
    world.commit()
    world.publish()


IN_A_RUN = ("", "/facts", "/facts/live.json.gz", "/signoff", "/signoff/ann@example.org.json")


@pytest.mark.parametrize(
    "name", ["reports", "reports/signed", "reports/signed/prod", *(f"reports/signed/prod/*{part}" for part in IN_A_RUN)]
)
def test_reports_are_not_read_through_a_link(world: World, name: str) -> None:
    rejected_on_main(world)
    path = max(world.root.glob(name))
    path.rename(world.root / "aside")
    path.symlink_to(os.path.relpath(world.root / "aside", path.parent))
    with pytest.raises(SignoffError, match="is a symbolic link, and signed runs are not read through links"):
        closed(world, now=NOW.replace(hour=14))


def test_a_link_for_reports_in_the_revision_is_refused(world: World) -> None:
    rejected_on_main(world)
    (world.root / "reports").rename(world.root / "aside")
    (world.root / "reports").symlink_to("aside")
    world.commit()
    world.publish()
    (world.root / "reports").unlink()
    (world.root / "aside").rename(world.root / "reports")
    with pytest.raises(AuditError, match="reports: is a link in origin/main"):
        closed(world, now=NOW.replace(hour=14))


def test_reports_of_another_folder_in_the_branch(world: World) -> None:
    """The policy's revision says where reports are; the branch names another folder, without the rejection."""
    rejected_on_main(world)
    world.edit("[legacy]", '[report]\nout = "r2"\n[legacy]')
    shutil.copytree(world.root / "reports", world.root / "r2")
    shutil.rmtree(max((world.root / "r2/signed/prod").iterdir()))
    world.commit()
    assert closed(world, now=NOW.replace(hour=14)) == 1


def as_submodule(world: World, tmp_path: Path) -> World:
    outer = World(root=tmp_path / "outer", keys=world.keys).start("main")
    outer.write("README", "x")
    outer.git("-c", "protocol.file.allow=always", "submodule", "add", "-q", str(world.root), "audit")
    outer.commit()
    inner = World(root=outer.root / "audit", keys=world.keys)
    inner.git("update-ref", "refs/remotes/origin/main", "HEAD")
    return inner


def test_a_submodule_does_not_bring_a_policy_of_its_own(world: World, tmp_path: Path) -> None:
    signed_by_mal(world)
    world.commit()
    inner = as_submodule(world, tmp_path)
    with pytest.raises(AuditError, match="is a separate repository inside the repository"):
        closed(inner)


def test_a_clone_that_merely_lies_in_another_repository_is_fine(world: World, tmp_path: Path) -> None:
    subprocess.run(["git", "init", "-q", str(tmp_path)], check=True)
    world.sign(world.sign(world.run(), ANN), BOB)
    assert closed(world) == 0


def test_a_folder_that_is_made_up_as_a_bare_repository_is_none(world: World) -> None:
    place = world.root / "deploy"
    subprocess.run(["git", "clone", "-q", "--bare", str(world.root), str(place)], check=True)
    (place / "audit.toml").write_text(TOML + EASY)
    assert World(root=place, keys=world.keys).project.name == "trm"
    with pytest.raises(AuditError, match="the revision origin/main does not exist here"):
        World(root=place, keys=world.keys).authority(policy_from="origin/main")


def test_a_link_into_another_repository(world: World, tmp_path: Path) -> None:
    """The branch's folder is a link; what it leads to has an origin/main of the proposer's."""
    signed_by_mal(world)
    world.commit()
    world.publish()
    outer = World(root=tmp_path / "outer", keys=world.keys).start("main")
    (outer.root / "audit").symlink_to(world.root)
    outer.commit()
    with pytest.raises(AuditError, match="is a separate repository inside the repository"):
        closed(World(root=outer.root / "audit", keys=world.keys))


# Programs that a repository's configuration names.


HOSTILE = {
    "core.fsmonitor": "{program}",
    "core.sshCommand": "{program}",
    "core.pager": "{program}",
    "core.hooksPath": "{hooks}",
    "diff.external": "{program}",
    "diff.evil.textconv": "{program}",
    "diff.evil.command": "{program}",
    "filter.evil.clean": "{program}",
    "filter.evil.smudge": "{program}",
    "filter.evil.process": "{program}",
    "filter.evil.required": "true",
    "alias.status": "!{program}",
    "alias.cat-file": "!{program}",
    "gpg.program": "{program}",
    "gpg.ssh.program": "{program}",
    "log.showSignature": "true",
    "credential.helper": "!{program}",
}


@pytest.fixture
def hostile(world: World, tmp_path: Path) -> tuple[World, Path]:
    """Every call of a program that .git/config or an attribute names leaves a file."""
    trace = tmp_path / "ran"
    trace.mkdir()
    program = tmp_path / "program"
    program.write_text(f'#!/bin/sh\ntouch "{trace}/$$"\ncat\n')
    program.chmod(0o755)
    hooks = tmp_path / "hooks"
    hooks.mkdir()
    for hook in ("post-index-change", "post-checkout", "reference-transaction"):
        shutil.copy(program, hooks / hook)
    world.write(".gitattributes", "* filter=evil diff=evil\n")
    world.commit()
    world.sign(world.sign(world.run(), ANN), BOB)
    world.commit()
    for name, value in HOSTILE.items():
        world.git("config", name, value.format(program=program, hooks=hooks))
    return world, trace


def test_nothing_of_a_repositorys_configuration_is_run(hostile: tuple[World, Path]) -> None:
    world, trace = hostile
    path = world.root / "owner/001_a.sql"
    os.utime(path, (1, 1))  # git has to read it again
    subprocess.run(["git", "-C", str(world.root), "status"], capture_output=True, check=False)
    assert list(trace.iterdir()), "the test has no teeth"
    for ran in trace.iterdir():
        ran.unlink()
    os.utime(path, (2, 2))
    assert read_tree(world.root).clean is True
    assert closed(world) == 0
    world.run("dev")
    assert is_ignored(world.root / "audit.toml") is False
    assert changed_files(world.root, besides=[world.root / "reports"]) == ()
    assert list(trace.iterdir()) == []


def test_what_a_partial_clone_lacks_is_not_fetched(world: World, tmp_path: Path) -> None:
    world.git("config", "uploadpack.allowFilter", "true")
    clone = tmp_path / "clone"
    source = f"file://{world.root}"
    subprocess.run(
        ["git", "clone", "-q", "--filter=blob:none", "--no-checkout", source, str(clone)], check=True, capture_output=True
    )
    trace = tmp_path / "ran"
    partial = World(root=clone, keys=world.keys)
    partial.git("config", "remote.origin.uploadpack", f"touch {trace}; git-upload-pack")
    head = find_revision(clone, "HEAD")
    with pytest.raises(AuditError, match="this clone lacks its content"):
        head.read(clone / "audit.toml")
    with pytest.raises(AuditError, match="git cat-file failed"):
        head.contents(head.entries(clone).values())
    assert not trace.exists()


def test_a_history_that_git_cannot_read_is_no_empty_one(world: World) -> None:
    world.sign(world.sign(world.run(), ANN), BOB)
    world.commit("approved")
    world.write("note.md", "x")
    world.commit("more")
    assert closed(world) == 0
    lost = world.git("rev-parse", "HEAD~1")
    (world.root / ".git/objects" / lost[:2] / lost[2:]).unlink()
    head = find_revision(world.root, "HEAD")
    with pytest.raises(AuditError, match="git rev-list failed"):
        commits_touching(head, [world.root], since=None)
    with pytest.raises(AuditError, match="git log failed"):
        people_of(world.root, [lost])
    with pytest.raises(AuditError, match="git rev-list failed"):
        closed(world)


@pytest.mark.parametrize("name", ["ä b.sql", "a*b.sql", ":(top)x.sql", 'q"uote.sql', "-n.sql", "a\nb.sql"])
def test_names_are_no_patterns_and_are_not_quoted(world: World, name: str) -> None:
    path = world.write(f"owner/{name}", "SELECT 1;\n")
    assert changed_files(world.root) == (f"owner/{name}",)
    assert changed_files(world.root, besides=[path]) == ()
    world.commit()
    assert find_revision(world.root, "HEAD").read(path) == b"SELECT 1;\n"
    assert is_ignored(path) is False


def test_a_submodule_with_changes_is_not_clean(world: World, tmp_path: Path) -> None:
    inner = as_submodule(world, tmp_path)
    outer = inner.root.parent
    assert read_tree(outer).clean is True
    inner.write("owner/001_a.sql", "CREATE TABLE b ();\n")
    assert read_tree(outer).clean is False
    assert changed_files(outer) == ("audit",)
