"""The data of the figures of notebook 02."""
import numpy as np
import pytest

from course import cube, plots


def test_dots_stand_in_their_row_and_differ_in_marker():
    fig = plots.dots(["one", "two"], {"a": [0.1, 0.2], "b": [0.3, 0.4], "c": [0.5, 0.6]}, span=(0, 1))
    assert [list(trace.x) for trace in fig.data] == [[0.1, 0.2], [0.3, 0.4], [0.5, 0.6]]
    rows = np.array([trace.y for trace in fig.data])
    assert (np.round(rows) == [0, 1]).all() and len(set(rows[:, 0])) == 3
    assert len({trace.marker.symbol for trace in fig.data}) == 3
    assert list(fig.layout.yaxis.ticktext) == ["one", "two"]
    assert fig.layout.yaxis.range[0] > fig.layout.yaxis.range[1]  # the first row on top


def test_cubes_join_corners_that_differ_in_one_sign():
    names, signs = cube.load()
    fig = plots.cubes({"true": (signs * [1.0, 2, 3], signs), "other": (signs * 1.0, signs)}, names, ["x", "y", "z"])
    for k, scale in ((0, [1, 2, 3]), (4, [1, 1, 1])):
        for axis in range(3):
            trace = fig.data[k + axis]
            edges = np.array([trace.x, trace.y, trace.z]).T.reshape(-1, 3, 3)  # start, end, gap
            assert len(edges) == 4 and np.isnan(edges[:, 2]).all()
            length = np.abs(edges[:, 0] - edges[:, 1])
            assert (length == 2 * np.array(scale) * (np.arange(3) == axis)).all()
        corners = fig.data[k + 3]
        assert list(corners.text) == names
        assert (np.array([corners.x, corners.y, corners.z]).T == signs * scale).all()
    assert len({fig.data[axis].line.dash for axis in range(3)}) == 3
    assert [trace.showlegend for trace in fig.data] == [True] * 3 + [False] * 5
    assert fig.layout.scene.xaxis.range == fig.layout.scene2.xaxis.range
    assert tuple(fig.data[4].scene for _ in (0,)) == ("scene2",)


def test_named_points_name_the_first_where_there_is_no_room_for_all():
    x, y = np.array([0, 0.001, 0.002, 0.003, 0.004, 0.7]), np.zeros(6)
    names = ["alpha", "beta", "gamma", "delta", "epsilon", "zeta"]
    fig = plots.named_points(x, y, names, marked={"me": (-0.5, 0.2)}, reach=(1, 0.6))
    points, star = fig.data
    assert list(points.x) == list(x) and list(points.hovertext) == names
    assert points.text[0] == "alpha" and points.text[5] == "zeta" and "" in points.text
    assert list(star.text) == ["<b>me</b>"] and (star.x[0], star.y[0]) == (-0.5, 0.2)
    assert star.marker.symbol != points.marker.symbol
    assert fig.layout.yaxis.scaleanchor == "x"


def test_named_points_do_not_overlap():
    rng = np.random.default_rng(0)
    x, y = rng.uniform(-0.4, 0.4, 40), rng.uniform(-0.25, 0.25, 40)
    names = ["n" * int(k) for k in rng.integers(3, 14, 40)]
    points = plots.named_points(x, y, names, reach=(0.5, 0.3)).data[0]
    boxes = []
    for a, b, name, side in zip(points.x, points.y, points.text, points.textposition, strict=True):
        if name:
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
    first, second = plots.offsets({"one": (starts, ends, [("a", "b")])}).data
    assert first.textposition[0] == f"middle {'right' if reverse else 'left'}"
    assert second.textposition[0] == f"middle {'left' if reverse else 'right'}"
