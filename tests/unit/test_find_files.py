"""Which files the globs of a rule name."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import pytest

from fix_code import write
from migration_audit.artifacts.code.sources import SourceTree
from migration_audit.artifacts.files import find_files
from migration_audit.artifacts.text import read_text
from migration_audit.model.errors import ArtifactError

TREE = ("a/x.ts", "a/b/y.ts", "a/b/z.tsx", "a/.hidden/w.ts", "a/node_modules/p/q.ts", "c/x.ts", "x.ts", "a/[id].ts")

FOUND = {
    "one folder": (["a/*.ts"], [], ["a/[id].ts", "a/x.ts"]),
    "all folders": (["a/**/*.ts"], [], ["a/.hidden/w.ts", "a/[id].ts", "a/b/y.ts", "a/x.ts"]),
    "alternatives": (["a/b/*.{ts,tsx}"], [], ["a/b/y.ts", "a/b/z.tsx"]),
    "a folder": (["a/b"], [], ["a/b/y.ts", "a/b/z.tsx"]),
    "a folder with a slash": (["./a/b/"], [], ["a/b/y.ts", "a/b/z.tsx"]),
    "a file": (["a/x.ts"], [], ["a/x.ts"]),
    "a file with brackets": (["a/[id].ts"], [], ["a/[id].ts"]),
    "two globs for one file": (["a/*.ts", "a/x.ts"], [], ["a/[id].ts", "a/x.ts"]),
    "everything": (["**"], ["a"], ["c/x.ts", "x.ts"]),
    "packages by their name": (["a/node_modules/**/*.ts"], [], ["a/node_modules/p/q.ts"]),
    "without a folder": (["a/**/*.ts"], ["a/b/**", "a/.hidden"], ["a/[id].ts", "a/x.ts"]),
    "without a file anywhere": (["**/x.ts"], ["**/c/x.ts"], ["a/x.ts", "x.ts"]),
}


@pytest.mark.parametrize(("globs", "excluded", "expected"), FOUND.values(), ids=FOUND.keys())
def test_which_files(tmp_path, globs, excluded, expected):
    write(tmp_path, dict.fromkeys(TREE, ""))
    found = find_files(tmp_path, globs, excluded)
    assert (list(found.paths), found.missing, found.empty) == (expected, (), ())


def test_what_names_nothing(tmp_path):
    write(tmp_path, dict.fromkeys(TREE, ""))
    found = find_files(tmp_path, ["a/*.go", "nowhere/*.ts", "a/gone.ts"])
    assert (found.paths, found.missing, found.empty) == ((), ("nowhere/*.ts", "a/gone.ts"), ("a/*.go",))


def test_a_glob_of_which_all_files_are_left_out_is_not_missing(tmp_path):
    write(tmp_path, {"a/x.ts": ""})
    found = find_files(tmp_path, ["a/x.ts"], ["a"])
    assert (found.paths, found.missing, found.empty) == ((), (), ())


def test_links_are_followed_and_circles_end(tmp_path):
    write(tmp_path, {"real/x.ts": "", "a/y.ts": ""})
    (tmp_path / "a/linked").symlink_to(tmp_path / "real")
    (tmp_path / "a/circle").symlink_to(tmp_path / "a")
    assert list(find_files(tmp_path, ["a/**/*.ts"]).paths) == ["a/linked/x.ts", "a/y.ts"]


def test_a_pipe_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "a.md")
    with pytest.raises(ArtifactError, match=r"a\.md: is not a file"):
        read_text(tmp_path / "a.md", tmp_path)


LINKED = {
    "a link before the folder, which is excluded": (["**/*.ts"], ["a/**"], ["b/x.ts"]),
    "a link before the folder that the glob names": (["b*/**/*.ts"], [], ["b/x.ts"]),
    "the link that the glob names": (["a*/**/*.ts"], [], ["a/x.ts"]),
    "both": (["**/*.ts"], [], ["a/x.ts", "b/x.ts"]),
}


@pytest.mark.parametrize(("globs", "excluded", "expected"), LINKED.values(), ids=LINKED.keys())
def test_a_folder_is_found_by_its_own_name_whatever_links_to_it(tmp_path, globs, excluded, expected):
    write(tmp_path, {"b/x.ts": ""})
    (tmp_path / "a").symlink_to("b")
    assert list(find_files(tmp_path, globs, excluded).paths) == expected


def test_links_to_each_other_end(tmp_path):
    names = [f"f{number}" for number in range(7)]
    write(tmp_path, {f"{name}/x.ts": "" for name in names})
    for name in names:
        for other in names:
            (tmp_path / name / f"to_{other}").symlink_to(f"../{other}")
    found = find_files(tmp_path, ["**/*.ts"]).paths
    assert {f"{name}/x.ts" for name in names} <= set(found)
    assert "f0/to_f1/x.ts" in found
    assert "f0/to_f0/x.ts" not in found
    assert len(found) <= len(names) ** 3, "behind each link each folder once, not each way through all of them"


def test_a_folder_that_cannot_be_listed_is_named_and_not_empty():
    with tempfile.TemporaryDirectory() as name:
        root = Path(name)
        write(root, {"src/x.ts": "", "src/closed/y.ts": "migrate()"})
        root.chmod(0o755)
        (root / "src/closed").chmod(0)
        myself = os.geteuid()
        try:
            if myself == 0:  # who may list everything
                os.seteuid(65534)
            found = find_files(root, ["src/**/*.ts"])
            scope = SourceTree(root).scope(["src/**/*.ts"])
        finally:
            os.seteuid(myself)
            (root / "src/closed").chmod(0o755)
    assert found.paths == ("src/closed", "src/x.ts")
    assert [(each.path, "cannot be listed" in each.reason) for each in scope.unread] == [("src/closed", True)]
