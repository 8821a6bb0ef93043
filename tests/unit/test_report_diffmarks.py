"""Word-level marks: they must say where two values differ, and never change the values."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from migration_audit.report.inline import side_by_side, word_runs

TEXT = st.text(alphabet="ab (,)1.\n", max_size=60)


def marked(runs):
    return [text for only_here, text in runs if only_here]


def joined(runs):
    return "".join(text for _, text in runs)


@pytest.mark.parametrize(
    ("expected", "actual", "only_expected", "only_actual"),
    [
        pytest.param("text", "text", [], [], id="same"),
        pytest.param("varchar(64)", "varchar(255)", ["64"], ["255"], id="one word"),
        pytest.param("not null", "null", ["not"], [], id="word gone, blank not marked"),
        pytest.param("text", "character varying(64)", ["text"], ["character varying(64)"], id="nothing in common"),
        pytest.param("2.19.3", "2.17.0", ["2.19.3"], ["2.17.0"], id="versions are one word"),
        pytest.param("(a, b)", "(a, b DESC)", [], ["DESC"], id="word added"),
        pytest.param("", "x", [], ["x"], id="from nothing"),
        pytest.param("a  b", "a b", ["  "], [" "], id="blanks alone are marked"),
    ],
)
def test_marks(expected, actual, only_expected, only_actual):
    left, right = word_runs(expected, actual)
    assert (marked(left), marked(right)) == (only_expected, only_actual)


@given(TEXT, TEXT)
def test_runs_give_the_values_back_and_mark_every_difference(expected, actual):
    left, right = word_runs(expected, actual)
    assert (joined(left), joined(right)) == (expected, actual)
    assert bool(marked(left) or marked(right)) == (expected != actual)


def test_values_that_are_not_there_say_so():
    left, right = side_by_side("text", None, absent="(absent)")
    assert (left.text(), right.text()) == ("text", "(absent)")
    assert "<mark" not in left.html()


def test_words_that_differ_are_marked_on_both_sides_alike():
    left, right = side_by_side("varchar(64)", "varchar(255)")
    assert left.html().replace("64", "255") == right.html()
    assert ">64</mark>" in left.html()
    assert right.markdown() == "varchar(<b>255</b>)"


def test_a_long_unchanged_stretch_is_cut_and_reported():
    body = "select one;\n" * 400
    left, right = side_by_side(f"{body}old", f"{body}new")
    assert len(left.text()) < 500
    assert "characters the same" in left.text()
    assert right.text().endswith("new")


def test_time_does_not_grow_with_the_square():
    words = " ".join(f"w{n}" for n in range(30_000))
    start = time.perf_counter()
    word_runs(f"a {words} b", " ".join(f"v{n}" for n in range(30_000)))
    assert time.perf_counter() - start < 3
