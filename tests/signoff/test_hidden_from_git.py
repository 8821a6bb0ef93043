"""The gate judges what is merged: not a working tree that hides it, and nothing but plain files."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from fix_audited import gate, retire
from fix_signed import World
from migration_audit.model.errors import AuditError

EVIL = "DROP TABLE a CASCADE;\n"
OWNER = "owner/001_a.sql"


def _assume_unchanged(world: World) -> None:
    audited = (world.root / OWNER).read_text()
    world.write(OWNER, EVIL)
    world.commit()
    world.git("update-index", "--assume-unchanged", OWNER)
    world.write(OWNER, audited)


def _skip_worktree(world: World) -> None:
    world.write("owner/004_tidy.sql", EVIL)
    world.commit()
    world.git("update-index", "--skip-worktree", "owner/004_tidy.sql")
    (world.root / "owner/004_tidy.sql").unlink()


def _sparse_checkout(world: World) -> None:
    world.write("app/sub/new.ts", "await sql`CREATE TABLE t ()`;\n")
    world.commit()
    world.git("sparse-checkout", "set", "--no-cone", "/*", "!app/sub")


def _filter(world: World) -> None:
    world.git("config", "filter.f.smudge", "echo 'CREATE TABLE a (id int);'")
    world.git("config", "filter.f.clean", "echo 'DROP TABLE a;'")
    world.write(".gitattributes", "reports/** -text\nowner/*.sql filter=f\n")
    world.git("add", "--renormalize", "owner")
    world.commit()
    assert "DROP" in world.git("show", f"HEAD:{OWNER}")


def _ident(world: World) -> None:
    world.write(".gitattributes", "reports/** -text\nowner/*.sql ident\n")
    world.write(OWNER, "CREATE TABLE a (id int);\n-- $Id$\n")
    world.commit()


def _ignored(world: World) -> None:
    world.write(".gitignore", "owner/004*\n")
    world.write("owner/004_tidy.sql", EVIL)
    world.git("add", "-f", "owner/004_tidy.sql")
    world.commit()


def _link(name: str, place: str) -> Callable[[World], None]:
    def change(world: World) -> None:
        world.git("mv", name, place)
        (world.root / name).parent.mkdir(exist_ok=True)
        (world.root / name).symlink_to(world.root / place if name == place else Path("../" * name.count("/")) / place)
        world.commit()

    return change


def _submodule(world: World) -> None:
    commit = world.git("rev-parse", "HEAD")
    world.git("update-index", "--add", "--cacheinfo", f"160000,{commit},app/vendor")
    world.git("commit", "-q", "-m", "vendor")
    (world.root / "app/vendor").mkdir()


def _file(name: str) -> Callable[[World], None]:
    def change(world: World) -> None:
        world.write(name, EVIL)
        world.commit()

    return change


HIDDEN = {
    "a file that git is to assume unchanged": (_assume_unchanged, f"owner: changed: {OWNER}"),
    "a file that git skips in the working tree": (_skip_worktree, "owner: new: owner/004_tidy.sql"),
    "a folder outside a sparse checkout": (_sparse_checkout, "other files: new: app/sub/new.ts"),
    "a filter that checks out other bytes": (_filter, f"owner: changed: {OWNER}"),
    "a keyword that git expands": (_ident, f"owner: changed: {OWNER}"),
    "a tracked file that git ignores": (_ignored, "owner: new: owner/004_tidy.sql"),
    "a link to the same bytes": (_link(OWNER, "same.sql"), f"{OWNER} is a link to ../same.sql"),
    "a folder that is a link": (_link("owner", "real"), "owner is a link to real"),
    "code that is a link": (_link("app/pool.ts", "pool.txt"), "app/pool.ts is a link to ../pool.txt"),
    "a submodule": (_submodule, "app/vendor is another submodule, in which audit.toml names files"),
    "a folder in other case": (_file("Owner/004_tidy.sql"), "Owner/004_tidy.sql is the same as owner, or in it"),
    "a file in other case": (_file("owner/001_A.sql"), "owner/001_A.sql is the same as owner/001_a.sql"),
    "a file in other Unicode form": (_file("owner/001_\u0430.sql"), "owner: new: owner/001_\u0430.sql"),
}


@pytest.mark.parametrize(("change", "reason"), HIDDEN.values(), ids=list(HIDDEN))
def test_what_is_committed_is_judged(audited: World, change: Callable[[World], None], reason: str) -> None:
    retire(audited)
    audited.commit()
    change(audited)
    assert audited.git("status", "--porcelain") in {"", "D app/vendor"}
    code, text = gate(audited)
    assert (code, reason in text) == (4, True), text


def test_a_tree_that_holds_a_name_twice(audited: World) -> None:
    """Whoever reads such a tree by name takes the first entry, and a checkout the last."""
    evil = subprocess.run(
        ["git", "-C", str(audited.root), "hash-object", "-w", "--stdin"],
        input=EVIL,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.strip()
    entries = [b"100644 001_a.sql\0" + bytes.fromhex(o) for o in (audited.git("rev-parse", f"HEAD:{OWNER}"), evil)]
    command = ["hash-object", "-w", "-t", "tree", "--literally", "--stdin"]
    owner = subprocess.run(
        ["git", "-C", str(audited.root), *command], input=b"".join(entries), capture_output=True, check=True
    ).stdout.decode()
    lines = [
        f"040000 tree {owner.strip()}\towner" if e.endswith("\towner") else e
        for e in audited.git("ls-tree", "HEAD").splitlines()
    ]
    top = subprocess.run(
        ["git", "-C", str(audited.root), "mktree"], input="\n".join(lines), capture_output=True, text=True, check=True
    ).stdout.strip()
    audited.git("update-ref", "HEAD", audited.git("commit-tree", top, "-p", "HEAD", "-m", "twice"))
    with pytest.raises(AuditError, match=r"contains owner/001_a\.sql twice"):
        gate(audited)


# The same by honest people.


def _crlf(world: World) -> None:
    world.git("config", "core.autocrlf", "true")
    shutil.rmtree(world.root / "owner")
    world.git("checkout", "-q", "--", "owner")
    assert b"\r\n" in (world.root / OWNER).read_bytes()


def _sparse(world: World) -> None:
    world.write("big/picture.bin", "x")
    world.commit()
    world.git("sparse-checkout", "set", "--no-cone", "/*", "!big")


def _links_elsewhere(world: World) -> None:
    (world.root / "latest").symlink_to("docs")
    world.commit()


@pytest.mark.parametrize("change", [_crlf, _sparse, _links_elsewhere])
def test_what_lies_there_otherwise_and_is_fine(audited: World, change: Callable[[World], None]) -> None:
    retire(audited)
    audited.commit()
    change(audited)
    assert gate(audited) == (0, "")


def test_a_link_that_was_audited_stays_one(audited: World) -> None:
    """It is in the revision that the proposal goes into as well."""
    audited.git("checkout", "-q", "main")
    _link("owner", "real")(audited)
    audited.publish()
    audited.git("checkout", "-q", "retire")
    audited.git("rebase", "-q", "main")
    assert gate(audited) == (0, "")
