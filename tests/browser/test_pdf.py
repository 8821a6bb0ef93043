"""A report as a PDF, as ``run --pdf`` prints it."""

from __future__ import annotations

import re
import shutil
import subprocess

import pytest
from tests.unit.test_report_html import report

from fix_chromium import needs_chromium
from migration_audit.cli.audit import find_chromium, print_report
from migration_audit.model.errors import AuditError, UsageError


@needs_chromium
def test_a_report_is_printed_next_to_its_folder(tmp_path):
    page = tmp_path / "prod" / "20261123T064012Z-4f2c9e1" / "report.html"
    page.parent.mkdir(parents=True)
    page.write_text(report(), "utf-8")
    pdf = print_report(page, chromium=find_chromium())
    assert pdf == tmp_path / "prod" / "20261123T064012Z-4f2c9e1.pdf"
    assert [each.name for each in page.parent.iterdir()] == ["report.html"]
    content = pdf.read_bytes()
    assert content.startswith(b"%PDF-")
    assert 2 <= len(re.findall(rb"/Type\s*/Page\b", content)) <= 8
    if shutil.which("pdftotext"):
        text = subprocess.run(["pdftotext", "-layout", pdf, "-"], capture_output=True, text=True, check=True).stdout
        assert "prod is blocked" in text
        assert "checks that passed or do not apply" in text
        assert "Tables and columns are covered" in text  # folded on a screen, open on paper
        assert re.search(r"page 2 of \d", text)


def test_a_machine_without_chromium_is_reported(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(UsageError, match="no Chromium is on PATH"):
        find_chromium()


def test_a_program_that_fails_is_reported(tmp_path):
    page = tmp_path / "run" / "report.html"
    page.parent.mkdir()
    page.write_text("x")
    with pytest.raises(AuditError, match="could not be printed"):
        print_report(page, chromium=shutil.which("false") or "/bin/false")
    assert not (tmp_path / "run.pdf").exists()
