"""Debian's Chromium for tests: without it they are skipped on a developer's machine, and fail in CI."""

from __future__ import annotations

import os
import shutil

import pytest

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
needs_chromium = pytest.mark.skipif(
    CHROMIUM is None and not os.environ.get("CI"), reason="no Chromium on PATH: apt-get install chromium"
)


def chromium() -> str:
    """The program; fails the test where there is none."""
    if CHROMIUM is None:
        pytest.fail("no Chromium on PATH: apt-get install chromium")
    return CHROMIUM


CONTRAST = """
const rgb = text => text.match(/[\\d.]+/g).map(Number);
const light = ([r, g, b]) => [r, g, b].map(c => c / 255)
  .map(c => c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4)
  .reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0);
const behind = element => {
  for (let e = element, inner; e; inner = e, e = e.parentElement) {
    if (inner?.tagName === "CAPTION") continue; // a table is not painted behind its caption
    const colour = rgb(view.getComputedStyle(e).backgroundColor);
    if (colour.length === 3 || colour[3] === 1) return colour;
  }
  return [255, 255, 255];
};
const contrast = element => {
  const [a, b] = [light(rgb(view.getComputedStyle(element).color)), light(behind(element))].sort((x, y) => y - x);
  return (a + 0.05) / (b + 0.05);
};
"""
"""JavaScript: ``contrast(element)`` of an element's text with what is behind it; ``view`` is its window."""
