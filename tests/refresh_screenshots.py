"""Take the pictures of README from the demo's report of prod (``make screenshots``): a screen and phones, light and dark.

``python tests/refresh_screenshots.py REPORT`` takes a report that is there already. What pngquant and optipng save is
saved where they are installed.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from html import escape
from pathlib import Path

from migration_audit.cli.audit import find_chromium

FOLDER = Path(__file__).resolve().parent / "golden"
MOST = 150_000
"""Bytes of a picture in a repository."""
FLAGS = (
    "--headless --disable-gpu --no-first-run --hide-scrollbars --disable-background-networking --virtual-time-budget=5000"
)
SCREEN = ("report-prod", 1280, 640, ((1280, None),))
PHONES = ("report-phone", 810, 800, ((390, None), (390, "20_live_catalog")))
"""Name, width and height of a picture; width of each view of the report, and the place to which it is scrolled."""


def demo_report(out: Path) -> Path:
    """The report of prod in a new run of the demo."""
    subprocess.run([sys.executable, "-m", "migration_audit", "demo", "--out", out], check=False, stdout=subprocess.DEVNULL)
    return next(out.glob("prod/*/report.html"))


def page(report: str, height: int, views: tuple[tuple[int, str | None], ...]) -> str:
    """Views of the report next to each other."""
    frames = "".join(
        f'<iframe data-to="{place or ""}" width="{width}" height="{height}" srcdoc="{escape(report, quote=True)}"></iframe>'
        for width, place in views
    )
    return (
        '<!DOCTYPE html><meta charset="utf-8"><meta name="color-scheme" content="light dark">'
        "<style>body { margin: 0; display: flex; gap: 30px; background: #8c959f; } iframe { border: 0; }</style>"
        "<script>onload = () => document.querySelectorAll('iframe').forEach(f => f.dataset.to && "
        f"f.contentDocument.getElementById(f.dataset.to).scrollIntoView());</script>{frames}"
    )


def take(report: str, name: str, width: int, height: int, views: tuple[tuple[int, str | None], ...], *, dark: bool) -> None:
    """One picture, checked for its size."""
    target = FOLDER / f"{name}{'-dark' if dark else ''}.png"
    with tempfile.TemporaryDirectory() as scratch:
        held = Path(scratch) / "page.html"
        held.write_text(page(report, height, views), "utf-8")
        command = [find_chromium(), *FLAGS.split(), *(["--no-sandbox"] if os.geteuid() == 0 else [])]
        command += [f"--user-data-dir={scratch}/profile", f"--blink-settings=preferredColorScheme={0 if dark else 1}"]
        command += [f"--window-size={width},{height}", f"--screenshot={target}", held.as_uri()]
        subprocess.run(command, check=True, capture_output=True, timeout=300)
    for squeeze in (("pngquant", "--force", "--ext=.png", "64", target), ("optipng", "-quiet", "-o2", target)):
        if shutil.which(squeeze[0]):
            subprocess.run(squeeze, check=True)
    size = target.stat().st_size
    if size > MOST:
        sys.exit(f"{target}: {size:,} bytes, more than {MOST:,}\n  → install pngquant and optipng")
    sys.stderr.write(f"{target.name}: {size:,} bytes\n")


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as made:
        source = Path(sys.argv[1]) if sys.argv[1:] else demo_report(Path(made))
        text = source.read_text("utf-8")
    for picture in (SCREEN, PHONES):
        for is_dark in (False, True):
            take(text, *picture, dark=is_dark)
