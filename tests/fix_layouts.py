"""The demo's tree as one or several real repositories, each with a bare remote: the four layouts that teams have."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from migration_audit.audit.demo import demo_root
from migration_audit.project import Project, load_project

PARTS = ("processor", "directus", "deploy", "docs")
LAYOUTS = ("parent", "audit repository", "one of the four", "monorepo")
_WHO = {"GIT_AUTHOR_NAME": "Dev", "GIT_AUTHOR_EMAIL": "dev@example.org"}
_WHO |= {name.replace("AUTHOR", "COMMITTER"): value for name, value in _WHO.items()}


def git(folder: Path, *arguments: str) -> str:
    """What git prints; it must succeed."""
    done = subprocess.run(
        ["git", "-C", str(folder), *arguments], env={**os.environ, **_WHO}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, (arguments, done.stderr)
    return done.stdout.strip()


@dataclass(frozen=True)
class Layout:
    """A folder with the clones of one person, and the bare remotes that they push to."""

    folder: Path
    remotes: Path
    home: str
    """The folder of audit.toml, relative to ``folder``: ``.`` for the parent of all."""
    repositories: tuple[str, ...]
    """The folders that are repositories."""
    inside: str = ""
    """Where the four parts are: below ``folder``, or below the one repository."""

    @property
    def audit(self) -> Path:
        """The folder of audit.toml."""
        return self.folder / self.home

    @property
    def project(self) -> Project:
        """audit.toml as it stands now."""
        return load_project(self.audit / "audit.toml")

    def part(self, name: str) -> Path:
        """``processor``, ``directus``, ``deploy`` or ``docs``."""
        return self.folder / self.inside / name

    def repository_of(self, part: str) -> Path:
        """The repository that holds a part."""
        return self.folder / (self.inside or part)

    def clone(self, folder: Path) -> Layout:
        """The same of another person."""
        folder.mkdir(parents=True)
        for name in self.repositories:
            git(folder, "clone", "-q", str(self.remotes / f"{name}.git"), name)
        if self.home == ".":
            shutil.copy(self.audit / "audit.toml", folder)
        return Layout(folder, self.remotes, self.home, self.repositories, self.inside)


def lay_out(kind: str, folder: Path, *, edit=lambda text: text) -> Layout:
    """One of LAYOUTS, committed and pushed; ``edit`` changes audit.toml before that."""
    toml = (demo_root() / "audit.toml").read_text("utf-8")
    if kind == "monorepo":
        layout = Layout(folder / "work", folder / "remotes", "trm", ("trm",), "trm")
    else:
        home = {"parent": ".", "audit repository": "audit", "one of the four": "deploy"}[kind]
        layout = Layout(folder / "work", folder / "remotes", home, (*PARTS, *(["audit"] if home == "audit" else [])))
        toml = _with_names(toml, home)
    for name in PARTS:
        shutil.copytree(demo_root() / name, layout.part(name))
    layout.audit.mkdir(exist_ok=True)
    (layout.audit / "audit.toml").write_text(edit(toml), "utf-8")
    for name in layout.repositories:
        publish(layout, name)
    return layout


def publish(layout: Layout, name: str) -> None:
    """Make a folder a repository whose first commit is on the main branch of its remote."""
    remote, here = layout.remotes / f"{name}.git", layout.folder / name
    remote.mkdir(parents=True)
    git(remote, "init", "-q", "--bare", "-b", "main")
    git(here, "init", "-q", "-b", "main")
    git(here, "remote", "add", "origin", str(remote))
    git(here, "add", "-A")
    git(here, "commit", "-q", "-m", "Start")
    git(here, "push", "-q", "-u", "origin", "main")


def _with_names(toml: str, home: str) -> str:
    """The demo's audit.toml with NAME:path for each part that is a repository of its own."""
    others = [name for name in PARTS if name != home]
    toml = re.sub(rf'"({"|".join(others)})/', r'"\1:', toml).replace('directory = "processor"', 'directory = "processor:"')
    toml = toml.replace(f'"{home}/**"', '"*.{yaml,md}"').replace(f'"{home}/', '"')  # ** would take audit.toml as well
    above = "" if home == "." else "../"
    tables = [f'[repository.{name}]\npath = "{above}{name}"\npolicy_from = "origin/main"\n' for name in others]
    return "\n".join([toml, *tables])
