"""Every page that the demo writes, in a real browser: offline, quiet, accessible, on a phone and a screen, by keyboard."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from fix_chromium import needs_chromium
from fix_demo import run_cli
from fix_devtools import Page, browser
from fix_runners import from_npm
from migration_audit.cli.audit import find_chromium, print_report

pytestmark = [needs_chromium, pytest.mark.server, pytest.mark.timescale, pytest.mark.slow]
__all__ = ["browser"]

AXE = "axe-core@4.14.1"
VIOLATIONS = """axe.run(document, {resultTypes: ["violations"]}).then(found =>
  found.violations.map(each => each.id + ": " + each.nodes.map(node => node.html.slice(0, 200)).join(" | ")))"""
MOST_BYTES, MOST_PAGES = 250_000, 12


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """The pages of one demo."""
    out = tmp_path_factory.mktemp("demo") / "reports"
    assert run_cli("demo", "--out", out.name, cwd=out.parent).code == 0
    return out


@pytest.fixture(params=["dev/*/report.html", "stage/*/report.html", "prod/*/report.html", "index.html"])
def address(request, written):
    return next(written.glob(request.param))


@pytest.fixture(params=["retired/dev/*/report.html", "retired/index.html"])
def later(request, written):
    return next(written.glob(request.param))


def seen(browser, address: Path, *, width: int, scheme: str) -> Page:
    page = Page(browser)
    page.call("Log.enable")
    page.call("Network.emulateNetworkConditions", offline=True, latency=0, downloadThroughput=0, uploadThroughput=0)
    page.call("Emulation.setDeviceMetricsOverride", width=width, height=900, deviceScaleFactor=1, mobile=False)
    page.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])
    page.open(address.as_uri())
    page.wait("document.readyState === 'complete' && document.title")
    return page


def check(browser, address: Path, width: int, scheme: str) -> None:
    page = seen(browser, address, width=width, scheme=scheme)
    assert page.evaluate("document.scripts.length") == 0
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.evaluate("matchMedia('(prefers-color-scheme: dark)').matches") == (scheme == "dark")
    assert page.requests == [address.as_uri()]
    page.evaluate((from_npm(AXE) / "node_modules" / "axe-core" / "axe.min.js").read_text("utf-8") + "\n0")
    assert page.evaluate(VIOLATIONS) == []
    assert page.messages == page.errors == []
    page.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1280])
def test_a_page_is_quiet_offline_and_accessible(browser, address, width, scheme):
    check(browser, address, width, scheme)


@pytest.mark.parametrize("width", [390, 1280])
def test_a_page_of_the_time_after_the_deletion_is_too(browser, later, width):
    check(browser, later, width, "dark")


def test_a_report_is_short_enough_to_read(written):
    for report in written.glob("*/*/report.html"):
        assert len(report.read_bytes()) <= MOST_BYTES
        printed = print_report(report, chromium=find_chromium()).read_bytes()
        assert 2 <= len(re.findall(rb"/Type\s*/Page\b", printed)) <= MOST_PAGES


def test_all_is_reached_and_opened_by_keyboard(browser, written):
    page = seen(browser, next(written.glob("prod/*/report.html")), width=390, scheme="light")
    page.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to the content"
    closed = page.evaluate("document.querySelectorAll('details:not([open])').length")
    assert closed > 20
    reached = set()
    while (
        place := page.evaluate("[...document.querySelectorAll('a, summary')].indexOf(document.activeElement)")
    ) not in reached:
        reached.add(place)
        if page.evaluate("document.activeElement.tagName") == "SUMMARY":
            page.press("Enter")
        page.press("Tab")
    assert page.evaluate("document.querySelectorAll('details:not([open])').length") == 0
    page.close()
