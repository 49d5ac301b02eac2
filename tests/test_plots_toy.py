"""The data of the figures of notebook 06."""
import numpy as np
import pytest

from course import plots, toy
from course.plots.toy import REGIONS
from course.style import said

TURNS = 2 * np.pi * np.arange(5) / 5
PENTAGON = np.array([np.cos(TURNS), np.sin(TURNS)])


def arrows(fig, axis="x"):
    return [trace for trace in fig.data if trace.type == "scatter" and "lines" in trace.mode and trace.xaxis == axis]


def test_plane_draws_each_direction_and_names_those_that_are_not_tiny():
    W = np.array([[1.0, 0.0, 0.4, 0.01], [0.0, -1.1, 0.0, 0.0]])
    fig = plots.plane(W, ["a", "b", "c", "d"])
    lines = [trace for trace in fig.data if "lines" in trace.mode]
    assert [(trace.x[1], trace.y[1]) for trace in lines] == [(1, 0), (0, -1.1), (0.4, 0), (0.01, 0)]
    names, = (trace for trace in fig.data if trace.mode == "text")
    assert list(names.text) == ["a", "b", "c"]
    assert [trace.line.width for trace in lines] == [3, 3, 1, 1]  # what is not represented is thin
    assert lines[0].line.dash != lines[1].line.dash
    assert all(trace.showlegend is False for trace in fig.data)
    assert tuple(fig.layout.xaxis.range) == tuple(fig.layout.yaxis.range) == (-1.5, 1.5)


def test_a_name_stands_beyond_its_tip():
    fig = plots.plane([[2.0, -2, 0, 0], [0, 0, 2, -2]], reach=3)
    names, = (trace for trace in fig.data if trace.mode == "text")
    assert list(names.textposition) == ["middle right", "middle left", "top center", "bottom center"]
    assert (np.hypot(names.x, names.y) > 2).all()


def test_features_beside_each_other():
    W = PENTAGON * [1.2, 1.1, 1.0, 0.9, 0.3]
    fig = plots.features(W)
    heat, = (trace for trace in fig.data if trace.type == "heatmap")
    np.testing.assert_allclose(np.array(heat.z, float), W.T @ W, atol=1e-3)
    assert (heat.zmin, heat.zmax) == (-1.2, 1.2) and heat.texttemplate
    bar, = (trace for trace in fig.data if trace.type == "bar")
    np.testing.assert_allclose(bar.x, [1.2, 1.1, 1.0, 0.9, 0.3])
    assert list(bar.marker.pattern.shape) == ["", "", "", "", "/"]  # not by colour alone
    assert any(shape.x0 == shape.x1 == 0.5 for shape in fig.layout.shapes)
    assert list(fig.layout.yaxis3.ticktext) == ["1", "2", "3", "4", "5"]
    without = plots.features(W, list("abcde"), products=False)
    assert not any(trace.type == "heatmap" for trace in without.data)
    assert list(without.layout.yaxis2.ticktext) == list("abcde")


def test_features_in_three_dimensions_are_drawn_in_space():
    W = np.array([[1.0, -1, -1, 1], [1, -1, 1, -1], [1, 1, -1, -1]]) / 3 ** 0.5  # a tetrahedron
    fig = plots.features(W)
    space = [trace for trace in fig.data if trace.type == "scatter3d"]
    np.testing.assert_allclose([[t.x[1], t.y[1], t.z[1]] for t in space], W.T)
    assert not arrows(fig) and fig.layout.xaxis.visible is False
    assert tuple(fig.layout.scene.domain.x) == tuple(fig.layout.xaxis.domain)
    heat, = (trace for trace in fig.data if trace.type == "heatmap")
    np.testing.assert_allclose(np.array(heat.z, float), W.T @ W, atol=1e-3)


@pytest.mark.parametrize("n", [3, 6, 7, 10])
def test_axes_stay_while_the_number_of_features_moves(n):
    fig = plots.features(np.full((2, n), 0.7))
    assert tuple(fig.layout.xaxis3.range) == (0, 1.75) and tuple(fig.layout.xaxis.range) == (-1.5, 1.5)
    assert tuple(fig.layout.yaxis2.range) == (n - 0.5, -0.5)  # the first row on top
    heat, = (trace for trace in fig.data if trace.type == "heatmap")
    assert bool(heat.texttemplate) == (n <= 6)


def test_readout_marks_what_is_on_and_adds_it_up():
    names = ["yellow", "circle", "square", "large", "striped"]
    before = np.array([0.0, 0.5, 0.0, -0.9, -0.9])
    fig = plots.readout(PENTAGON, names, [True, False, True, False, False], before, before.clip(0))
    star, = (trace for trace in fig.data if trace.name == "their sum")
    np.testing.assert_allclose([star.x[0], star.y[0]], PENTAGON[:, 0] + PENTAGON[:, 2])
    bars = {trace.name: list(trace.x) for trace in fig.data if trace.type == "bar"}
    assert bars == {"before the ReLU": list(before), "after the ReLU": [0, 0.5, 0, 0, 0]}
    assert list(fig.layout.yaxis2.ticktext) == ["✓ yellow", "circle", "✓ square", "large", "striped"]
    assert [trace.line.width for trace in arrows(fig)] == [5, 1.5, 5, 1.5, 1.5]


def test_sentences_say_what_is_drawn():
    assert said(plots.features(PENTAGON * [1, 1, 1, 1, 0.3])) == (
        "Features represented: 4 of 5 are longer than 0.5, the dotted line.")
    before = np.array([-0.001, 0.8, -0.5, 0.3, 0.0])
    fig = plots.readout(PENTAGON, list("abcde"), [False, True, False, False, False], before, before.clip(0))
    assert said(fig) == "On: b. Read after the ReLU: b 0.80, d 0.30. Strongest false reading: 0.30."
    texts = [text for trace in fig.data if trace.type == "bar" for text in trace.text]
    assert "0.00" in texts and "-0.00" not in texts
    nothing = plots.readout(PENTAGON, list("abcde"), [False] * 5, 0 * before, 0 * before)
    assert "On: nothing. Read after the ReLU: nothing above 0.05. Strongest false reading: 0.00." == said(nothing)
    every = plots.readout(PENTAGON, list("abcde"), [True] * 5, before, before)
    assert said(every).endswith("Strongest false reading: 0.00.")


def test_pictures_beside_each_other():
    runs = {name: toy.train(5, 2, 0.1, steps=3, seeds=4) for name in ("one", "two")}
    fig = plots.pictures(runs, list("abcde"))
    assert [note.text for note in fig.layout.annotations] == ["<b>one</b>", "<b>two</b>"]
    for name, axis in (("one", "x"), ("two", "x2")):
        tips = [(trace.x[1], trace.y[1]) for trace in arrows(fig, axis) if trace.mode == "lines+markers"]
        np.testing.assert_allclose(tips, runs[name].W[0].T)
    counts = [toy.represented(run.W[0]) for run in runs.values()]
    assert said(fig) == f"Features represented in the best of 4 runs each: {counts[0]} and {counts[1]}."
    three = plots.pictures({"a": PENTAGON, "b": PENTAGON[:, :2], "c": 0.1 * PENTAGON})
    assert said(three) == "Features represented: 5, 2 and 0."
    assert said(plots.pictures({"": PENTAGON[:, :1]})) == "Features represented: 1."
    alone = plots.pictures({"": toy.train(5, 2, 0.1, steps=1, seeds=2)})
    assert said(alone).startswith("Features represented in the best of 2 runs: ")
    assert "best" not in said(plots.pictures(runs | {"by hand": PENTAGON}))


def test_dimensionalities_draw_every_feature_and_every_line():
    values = [np.array([0.5, 0.5, 0.4]), np.array([1.0])]
    fig = plots.dimensionalities(np.array([0.2, 0.6]), {"trained": values, "random": values},
                                 {"1": 1, "1/2": 0.5}, x_axis="sparsity")
    assert [sorted(trace.y) for trace in fig.data] == [[0.4, 0.5, 0.5, 1.0]] * 2
    assert fig.data[0].marker.symbol != fig.data[1].marker.symbol
    assert abs(np.array(fig.data[0].x[:3]) - 0.2).max() <= 0.1 and fig.data[0].x[3] == 0.6
    assert sorted(shape.y0 for shape in fig.layout.shapes) == [0.5, 0.5, 1, 1]


def test_phase_map_draws_regions_and_borders():
    p, r = np.array([0.1, 1.0]), np.array([0.1, 1.0, 10.0])
    kinds = np.array([[2, 0], [2, 3], [2, 1]])
    fig = plots.phase_map(p, r, kinds, {"one": (p, r[:2]), "two": (p, r[1:])})
    heat, one, two = fig.data
    assert np.array(heat.z).tolist() == kinds.tolist() and (heat.zmin, heat.zmax) == (-0.5, 3.5)
    assert one.line.dash != two.line.dash and [one.name, two.name] == ["one", "two"]
    assert {f"<b>{name}</b>" for name in REGIONS} == {note.text for note in fig.layout.annotations}
    named = {note.text: (note.x, note.y) for note in fig.layout.annotations}  # in log10, on a cell of its own colour
    assert named["<b>only the second</b>"] == (0, 1) and named["<b>both, opposed</b>"][0] == -1
    other = plots.phase_map(p, r, kinds * 0 + 9, {})
    assert np.array(other.data[0].z).max() == 3 and not other.layout.annotations
    for k in range(4):  # each number has one colour, from edge to edge
        (low, colour), (high, same) = heat.colorscale[2 * k:2 * k + 2]
        assert (low, high) == (k / 4, (k + 1) / 4) and colour == same
    assert len({colour for _, colour in heat.colorscale}) == 4


def test_sharing_counts_runs_and_says_so():
    own = np.array([[True, False], [True, False], [False, False]])
    none = np.array([[False, False], [False, True], [False, False]])
    fig = plots.sharing(np.array([0.5, 0.004]), own, none)
    assert [list(bar.y) for bar in fig.data] == [[2, 0], [1, 2], [0, 1]]
    assert [bar.name for bar in fig.data] == ["of its own", "shared", "none"]
    assert said(fig) == ("Feature 1, on in 50% of the samples, has a dimension of its own in 2 of 3 runs. "
                         "Feature 2, on in 0.4%, has none in 1.")
