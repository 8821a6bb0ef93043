"""Tables to sort and to search; ``tests/browser/test_jupyterlab.py`` uses one in JupyterLab."""

from __future__ import annotations

import pandas as pd
import pytest

from migration_audit.workbook.interactive import InteractiveTable


@pytest.fixture
def tables():
    frame = pd.DataFrame({"key": pd.Series(["public.a", None], dtype="str"), "size": pd.Series([1, 2], dtype="int64")})
    return [InteractiveTable(frame)._repr_html_() for _ in range(2)]


def test_every_table_has_its_script(tables):
    """Another page of the same kernel, or the same one loaded again, shows the rows too."""
    for html in tables:
        assert html.startswith("<script>\nwindow._itables_")
        assert html.index("DecompressionStream") < html.index("<table")


def test_a_kernel_may_show_several_at_once(tables):
    """JupyterLab drops outputs of a kernel beyond 3 MB in three seconds."""
    assert all(100_000 < len(html) < 400_000 for html in tables)


def test_nothing_is_loaded_from_the_network(tables):
    assert all("https://" not in html.replace("https://itables.org/", "") for html in tables)


def test_a_missing_value_is_empty(tables):
    assert all(r"[\"\", 2]" in html for html in tables)
    assert all("NaN" not in html for html in tables)
