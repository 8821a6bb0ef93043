"""Where DataFrames begin."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd


def text_frame(rows: Iterable[Sequence[str]], columns: Sequence[str]) -> pd.DataFrame:
    """A DataFrame of text."""
    import pandas as pd  # noqa: PLC0415 (half a second that only those pay who ask for a frame)

    return pd.DataFrame(list(rows), columns=list(columns), dtype="str")
