"""Which files the globs of a rule name."""

from __future__ import annotations

import os

import pytest

from fix_code import write
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
