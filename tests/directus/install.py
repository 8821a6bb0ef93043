"""Real Directus servers from npm, installed once into the user's cache."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

from e2e.pipeline import HERE
from fix_runners import runner_cache


def install(version: str) -> Path:
    """The folder with node_modules of this version; raises RuntimeError with what npm says."""
    folder = runner_cache("directus") / version
    if (folder / ".installed").is_file():
        return folder
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    shutil.copytree(HERE / "isolated-vm-stub", folder / "isolated-vm-stub")
    overrides = {"isolated-vm": "file:./isolated-vm-stub"}
    body = {"name": "directus", "private": True, "dependencies": {"directus": version}, "overrides": overrides}
    (folder / "package.json").write_text(json.dumps(body), "utf-8")
    command = ["npm", "install", "--ignore-scripts", "--no-audit", "--no-fund"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=1800, check=False)
    if done.returncode:
        raise RuntimeError(f"npm install directus@{version} failed:\n{done.stderr[-3000:]}")
    (folder / ".installed").touch()
    return folder
