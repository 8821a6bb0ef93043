"""Folders that are gone, links that lead nowhere, file systems of the kernel: one sentence each, and it is the right one."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from fix_demo import run_cli
from migration_audit.detect import list_folder
from migration_audit.model.errors import AuditError, UsageError
from migration_audit.runner.folders import run_folders

PROGRAM = str(Path(sys.executable).with_name("migration-audit"))


@pytest.mark.parametrize("command", ["run", "init", "compare a.sql b.sql", "gate", "check list"])
def test_a_current_folder_that_was_removed(tmp_path: Path, command: str) -> None:
    gone = tmp_path / "gone"
    script = f"mkdir {gone} && cd {gone} && rmdir {gone} && exec {PROGRAM} {command}"
    done = subprocess.run(["/bin/sh", "-c", script], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("migration-audit: the current folder was removed\n  → change to one that exists")


@pytest.mark.parametrize("above", [False, True])
def test_a_report_folder_that_is_a_link_to_nowhere(tmp_path: Path, above: bool) -> None:
    link = tmp_path / "out"
    link.symlink_to(tmp_path / "nowhere/deeper")
    out = link / "reports" if above else link
    with pytest.raises(AuditError, match=rf"^{link}: is a link that leads nowhere"), run_folders(out, ["dev"], "run"):
        pass


def test_a_report_folder_that_is_a_file(tmp_path: Path) -> None:
    (tmp_path / "out").write_text("")
    with (
        pytest.raises(AuditError, match=r"out: is a file|Not a directory"),
        run_folders(tmp_path / "out", ["dev"], "run"),
    ):
        pass


@pytest.mark.parametrize("folder", ["/proc", "/proc/self", "/sys", "/dev"])
def test_init_detect_in_a_file_system_of_the_kernel(folder: str) -> None:
    with pytest.raises(UsageError, match="is of the kernel, and holds no project"):
        list_folder(Path(folder))
    ran = run_cli("init", folder, "--detect")
    assert ran.code == 2
