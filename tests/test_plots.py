"""The data of figures, which nbval cannot compare."""
import numpy as np
import pytest

from course import plots
from course.style import DASHES, MARKERS, PALETTE, count, number, plural, said, say


def test_bars_keep_order_values_and_say_which_are_marked():
    fig = plots.bars(["a", "b", "c"], [3, -1, 0.5], marked=["b"], span=(-2, 4))
    bar = fig.data[0]
    assert list(bar.x) == [3, -1, 0.5] and list(bar.text) == ["3.00", "-1.00", "0.50"]
    assert list(fig.layout.yaxis.ticktext) == ["a", "★ b", "c"] and fig.layout.yaxis.autorange == "reversed"
    assert list(bar.marker.pattern.shape) == ["", "/", ""]  # not by colour alone
    assert tuple(fig.layout.xaxis.range) == (-2, 4)


def test_lines_differ_in_dash_and_marker_too():
    fig = plots.lines([1, 2], {"one": [1, 2], "two": [3, 4], "three": [5, 6]}, marks=True, log_y=True,
                      y_span=(0.1, 10), at=1.5)
    assert [list(trace.y) for trace in fig.data] == [[1, 2], [3, 4], [5, 6]]
    assert len({trace.line.dash for trace in fig.data}) == 3
    assert len({trace.marker.symbol for trace in fig.data}) == 3
    assert tuple(fig.layout.yaxis.range) == pytest.approx((-1, 1))
    assert fig.layout.shapes[0].x0 == 1.5


def test_offsets_draw_every_arrow_on_one_scale():
    starts, ends = np.zeros((2, 2)), np.array([[1.0, 2.0], [-1.0, 0.5]])
    fig = plots.offsets({"true": (starts, ends, [("a", "b"), ("c", "d")]),
                         "shuffled": (starts, ends[::-1], [("a", "d"), ("c", "b")])})
    for arrows, points in ((fig.data[0], ends), (fig.data[2], ends[::-1])):
        assert np.array([arrows.x, arrows.y]).T.reshape(2, 3, 2)[:, :2].tolist() == [[[0, 0], list(p)] for p in points]
        assert arrows.marker.symbol[:2] == ("circle", "arrow") and arrows.marker.angleref == "previous"
    assert fig.layout.xaxis.range == fig.layout.xaxis2.range and fig.layout.yaxis.range == fig.layout.yaxis2.range
    assert sorted(word for trace in fig.data[1::2] for word in trace.hovertext) == list("aabbccdd")


def test_heat_is_symmetric_about_zero():
    trace = plots.heat([[1, -3], [0, 2]], write=".1f").data[0]
    assert trace.z.tolist() == [[1, -3], [0, 2]] and (trace.zmin, trace.zmax) == (-3, 3)
    assert plots.heat(np.zeros((2, 2))).data[0].zmax > 0


def test_arrows_are_labelled():
    traces = plots.arrows([[1, 0], [0, 1]], ["first", "second"]).data
    assert [trace.text[1] for trace in traces] == ["first", "second"]
    assert [(trace.x[1], trace.y[1]) for trace in traces] == [(1, 0), (0, 1)]
    assert traces[0].line.dash != traces[1].line.dash


def test_there_is_a_dash_and_a_marker_for_every_colour():
    assert len(PALETTE) == len(set(DASHES)) == len(set(MARKERS))


def test_figures_beside_each_other_keep_their_own_axes():
    one = plots.lines([1, 2], {"a": [0, 1], "b": [1, 0]}, at=1.5, y_span=(0, 2))
    two = plots.arrows([[1, 0]], ["first"])
    fig = plots.beside({"left": one, "right": two}, widths=[2, 1], gap=0.1, height=300)
    assert [(trace.xaxis, trace.yaxis) for trace in fig.data] == [("x", "y"), ("x", "y"), ("x2", "y2")]
    assert list(fig.data[2].x) == [0, 1] and fig.layout.height == 300
    assert fig.layout.yaxis2.scaleanchor == "x2" and tuple(fig.layout.yaxis.range) == (0, 2)
    np.testing.assert_allclose([fig.layout.xaxis.domain, fig.layout.xaxis2.domain], [(0, 0.6), (0.7, 1)])
    assert [(note.text, note.x) for note in fig.layout.annotations] == [("<b>left</b>", 0.3), ("<b>right</b>", 0.85)]
    line, = fig.layout.shapes
    assert (line.x0, line.xref, line.yref) == (1.5, "x", "y domain")


def test_a_name_in_several_figures_is_one_entry_of_the_legend():
    panels = {"left": plots.lines([1, 2], {"a": [0, 1]}), "right": plots.lines([1, 2], {"a": [1, 0]}, at=1)}
    fig = plots.beside(panels)
    assert [trace.showlegend for trace in fig.data] == [True, False]
    assert fig.data[0].legendgroup == fig.data[1].legendgroup
    assert fig.layout.shapes[0].xref == "x2"


def test_the_sentences_of_figures_beside_each_other_are_joined():
    one, two = (say(plots.lines([1, 2], {"a": [0, 1]}), sentence) for sentence in ("It rises.", "It rises too."))
    assert said(plots.beside({"left": one, "right": two})) == "left: It rises. right: It rises too."
    assert said(plots.beside({"left": plots.lines([1, 2], {"a": [0, 1]})})) == ""
    assert said(say(plots.beside({"left": one}), "One.")) == "One."


def test_numbers_and_nouns_in_sentences():
    assert [number(-0.001), number(-0.006), number(8e-16), number(2, 0)] == ["0.00", "-0.01", "0.00", "2"]
    assert [count(1, "dimension"), count(2, "dimension"), count(0, "dimension"), count(1200, "box")] == [
        "1 dimension", "2 dimensions", "0 dimensions", "1,200 boxes"]
    assert plural("cross") == "crosses"


def test_no_bar_says_minus_zero():
    assert list(plots.bars(["a", "b"], [-0.001, -0.01]).data[0].text) == ["0.00", "-0.01"]


def test_the_word_that_was_pushed_has_a_star():
    fig = plots.nearest([("aunt", 0.8), ("uncle", 0.7)], "uncle", "uncle + step")
    assert list(fig.layout.yaxis.ticktext) == ["aunt", "★ uncle"] and list(fig.data[0].x) == [0.8, 0.7]
    assert said(fig) == "uncle + step: the nearest word is aunt."
