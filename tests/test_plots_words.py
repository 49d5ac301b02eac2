"""The data of the figures of notebook 02."""
import numpy as np
import pytest

from course import cube, plots
from course.style import said
from course.words import RELATIONS, load_words, relation_pairs


def test_dots_stand_in_their_row_and_differ_in_marker():
    fig = plots.dots(["one", "two"], {"a": [0.1, 0.2], "b": [0.3, 0.4], "c": [0.5, 0.6]}, span=(0, 1))
    assert [list(trace.x) for trace in fig.data] == [[0.1, 0.2], [0.3, 0.4], [0.5, 0.6]]
    rows = np.array([trace.y for trace in fig.data])
    assert (np.round(rows) == [0, 1]).all() and len(set(rows[:, 0])) == 3
    assert len({trace.marker.symbol for trace in fig.data}) == 3
    assert list(fig.layout.yaxis.ticktext) == ["one", "two"]
    assert fig.layout.yaxis.range[0] > fig.layout.yaxis.range[1]  # the first row on top


def test_counted_says_how_many_rows_reach_one_half():
    fig = plots.counted(["one", "two", "three"], {"a": [0.5, 0.49, 1], "b": [0, 0, 0.1]})
    assert said(fig) == "Relations of 3 in which half of the answers or more are right: 2 (a) and 0 (b)."
    assert fig.layout.shapes[-1].x0 == 0.5


def test_answers_mark_words_of_the_question():
    fig = plots.answers([("queen", 0.8), ("king", 0.7)], "man", "King ", "woman")
    assert list(fig.layout.yaxis.ticktext) == ["queen", "★ king"]
    assert said(fig) == "man is to king as woman is to queen. A star marks a word of the question."
    assert "star" not in said(plots.answers([("queen", 0.8)], "man", "king", "woman"))


def test_cubes_join_corners_that_differ_in_one_sign():
    names, signs = cube.load()
    panels = {"true": (signs * [1.0, 2, 3], signs), "other": (signs * 1.0, signs)}
    fig = plots.cubes(panels, names, ["x", "y", "z"], turn=0)
    for k, scale in ((0, [1, 2, 3]), (4, [1, 1, 1])):
        for axis in range(3):
            trace = fig.data[k + axis]
            edges = np.array([trace.x, trace.y]).T.reshape(-1, 3, 2)  # start, end, gap
            assert len(edges) == 4 and np.isnan(edges[:, 2]).all()
            # From the front x is seen as it is, z from a little above, and y only by its height.
            wanted = [[2, 0], [0, 2 * np.sin(np.radians(20))], [0, 2 * np.cos(np.radians(20))]][axis]
            assert np.allclose(abs(edges[:, 0] - edges[:, 1]), np.array(wanted) * scale[axis])
        assert list(fig.data[k + 3].hovertext) == names
    assert len({fig.data[axis].line.dash for axis in range(3)}) == 3
    assert said(fig).startswith("true: the edges are x 2.00, y 4.00, z 6.00 long on average.")
    assert not any(trace.type == "scatter3d" for trace in fig.data)  # a page has few places for 3-D pictures


def test_named_points_name_the_first_where_there_is_no_room_for_all():
    x, y = np.array([0, 0.001, 0.002, 0.003, 0.004, 0.7]), np.zeros(6)
    names = ["alpha", "beta", "gamma", "delta", "epsilon", "zeta"]
    fig = plots.named_points(np.column_stack([x, y]), names, {"me": (-0.5, 0.2)}, ("a", "b"), ((-1, 1), (-0.6, 0.6)))
    _, points, star = fig.data
    assert list(points.x) == list(x) and list(points.hovertext) == names
    assert points.text[0] == "alpha" and points.text[5] == "zeta" and " " in points.text
    assert "" not in points.text  # where a text was empty, plotly writes none in the next picture either
    assert list(star.text) == ["<b>me</b>"] and (star.x[0], star.y[0]) == (-0.5, 0.2)
    assert star.marker.symbol != points.marker.symbol
    assert fig.layout.yaxis.scaleanchor == "x"


WIDE = ((-0.5, 0.5), (-0.3, 0.3))


def test_an_arrow_leads_from_one_star_to_the_other():
    fig = plots.named_points([(0, 0)], ["a"], {"before": (0.3, 0.1), "after": (-0.001, 0.1)}, ("x", "y"), WIDE)
    assert list(fig.data[0].x) == [0.3, -0.001] and list(fig.data[0].marker.size) == [0, 16]
    assert said(fig) == "before lies at 0.30 across and 0.10 upwards; after lies at 0.00 across and 0.10 upwards."


def test_named_points_do_not_overlap():
    rng = np.random.default_rng(0)
    x, y = rng.uniform(-0.4, 0.4, 40), rng.uniform(-0.25, 0.25, 40)
    names = ["n" * int(k) for k in rng.integers(3, 14, 40)]
    points = plots.named_points(np.column_stack([x, y]), names, {"me": (0.45, 0.28)}, ("a", "b"), WIDE).data[1]
    boxes = []
    for a, b, name, side in zip(points.x, points.y, points.text, points.textposition, strict=True):
        if name.strip():
            down, across = side.split()
            half, high = 0.005 * len(name), 0.008
            boxes.append((a + (half + 0.005) * ((across == "right") - (across == "left")),
                          b + 0.02 * ((down == "top") - (down == "bottom")), half, high))
    assert len(boxes) > 12
    for k, one in enumerate(boxes):
        for two in boxes[:k]:
            assert abs(one[0] - two[0]) > one[2] + two[2] or abs(one[1] - two[1]) > one[3] + two[3]


@pytest.mark.parametrize("reverse", [False, True])
def test_names_of_arrows_stand_away_from_them(reverse):
    starts, ends = np.zeros((1, 2)), np.array([[1.0, 0.5]])
    if reverse:
        starts, ends = ends, starts
    names = plots.offsets({"one": (starts, ends, [("a", "b")])}).data[1]
    assert names.textposition == (("middle right", "middle left") if reverse else ("middle left", "middle right"))


@pytest.mark.parametrize("relation", RELATIONS)
def test_arrows_of_the_notebook_have_their_names_beside_them_and_short_ones_are_seen(relation):
    pairs = relation_pairs(relation)
    flat = load_words().flat(pairs[5::6], [pair for pair in pairs if pair not in pairs[5::6]])
    arrows, names = plots.offsets({"true": flat}).data
    assert sum(text == " " for text in names.text) <= 1  # of twelve; it comes with the pointer
    assert list(names.hovertext) == [word for side in zip(*pairs[5::6], strict=True) for word in side]
    assert set(arrows.marker.size) == {0, 13}  # a head of its own, however short the arrow: before → after


def test_words_flatten_to_axes_of_the_pairs_that_they_are_fitted_to():
    words, pairs = load_words(), relation_pairs("capital")
    starts, ends, drawn = words.flat(pairs[:6], pairs[6:])
    assert drawn == pairs[:6] and starts.shape == ends.shape == (6, 2)
    assert (ends[:, 0] - starts[:, 0] > 0.3).all()  # across is the mean offset, of other pairs
    starts, ends, _ = words.flat(pairs, pairs)
    assert (ends - starts).mean(0)[0] == pytest.approx(np.linalg.norm(words.offsets(pairs).mean(0)))
    assert (ends - starts).mean(0)[1] == pytest.approx(0, abs=1e-12)
