"""The figures of notebook 04: what is drawn is what was given."""
import numpy as np
import pytest

from course import plots
from course.style import MARKERS, ORANGE

STOPS = {"token": [("kept", 0.11), ("loud", 0.07)], "the answer": [("new", 0.9), ("older", 0.05)]}


def test_guesses_show_word_and_probability_at_each_stop():
    fig = plots.guesses(STOPS, marked=["new"])
    bars, texts = fig.data[::2], fig.data[1::2]
    assert [list(bar.x) for bar in bars] == [[0.11, 0.07], [0.9, 0.05]]
    assert [list(text.text) for text in texts] == [["kept  0.11", "loud  0.07"], ["★ new  0.90", "older  0.05"]]
    assert [note.text for note in fig.layout.annotations] == ["<b>token</b>", "<b>the answer</b>"]


def test_a_marked_guess_differs_in_more_than_colour():
    fig = plots.guesses(STOPS, marked=["new"])
    assert list(fig.data[2].marker.pattern.shape) == ["/", ""]
    assert fig.data[2].marker.color[0] == ORANGE != fig.data[2].marker.color[1]


def test_guesses_keep_their_axes():
    one, other = plots.guesses(STOPS), plots.guesses({k: rows[::-1] for k, rows in STOPS.items()}, marked=["new"])
    assert one.layout.to_plotly_json() == other.layout.to_plotly_json()
    assert tuple(one.layout.xaxis.range) == (0, 1)


def test_clouds_have_a_marker_for_each_group_and_one_legend():
    points = np.arange(24.0).reshape(2, 4, 3)[..., :2]
    words = ["hot", "old", "new", "dim"]
    fig = plots.clouds({"trained": points, "not trained": -points}, ["opposite", "adverb"], words)
    assert len(fig.data) == 4
    np.testing.assert_array_equal(np.column_stack([fig.data[1].x, fig.data[1].y]), points[1])
    np.testing.assert_array_equal(np.column_stack([fig.data[2].x, fig.data[2].y]), -points[0])
    assert [trace.marker.symbol for trace in fig.data] == [*MARKERS[:2]] * 2
    assert [trace.showlegend for trace in fig.data] == [True, True, False, False]
    assert list(fig.data[0].text) == words


def test_clouds_are_drawn_with_one_scale():
    fig = plots.clouds({"a": np.ones((1, 2, 2))}, ["g"], ["x", "y"])
    assert fig.layout.yaxis.scaleanchor == "x"
    assert tuple(fig.layout.xaxis.range) == tuple(fig.layout.yaxis.range) == pytest.approx((-1.1, 1.1))
    plots.clouds({"a": np.zeros((1, 2, 2))}, ["g"], ["x", "y"])  # all in one place


def test_runs_have_one_mark_each_in_their_row():
    rows = {"short": {"opposite": [0.4, 0.5], "copy": [0.6]}, "long": {"opposite": [1.0], "copy": []}}
    fig = plots.runs(rows, x_axis="share")
    opposite, copy = fig.data
    assert list(opposite.x) == [0.4, 0.5, 1.0] and list(copy.x) == [0.6]
    assert np.round(opposite.y).tolist() == [0, 0, 1] and round(copy.y[0]) == 0
    assert opposite.y[0] < copy.y[0], "each series has its height in the row"
    assert opposite.marker.symbol != copy.marker.symbol
    assert list(fig.layout.yaxis.ticktext) == ["short", "long"]


def test_runs_without_a_run_are_an_empty_row():
    assert len(plots.runs({"none yet": {"opposite": []}}).data[0].x) == 0
