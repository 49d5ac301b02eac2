"""course.geometry against arrangements whose values are known, and against bounds that nothing may beat."""
import json
import re

import nbformat
import numpy as np
import pytest

from course import CourseError, geometry, plots
from course.recipes import notebooks
from course.style import said

# Arrangements whose dimensionalities are known exactly

def polygon(n):
    """n directions in the plane at equal angles: each has dimensionality 2/n."""
    turns = 2 * np.pi * np.arange(n) / n
    return np.array([np.cos(turns), np.sin(turns)])


def simplex(n):
    """n directions in n − 1 dimensions, as far from each other as can be: all cosines are −1/(n − 1)."""
    centred = np.eye(n) - 1 / n
    return geometry.unit_columns(np.linalg.svd(centred)[2][:-1] @ centred)


def antipodal_pairs(d):
    return np.concatenate([np.eye(d), -np.eye(d)], axis=1)


def square_antiprism():
    """Two squares, one above the other and rotated by 45° against it."""
    turns, height = np.pi / 4 * np.arange(8), np.sqrt(1 / 3)
    return np.array([*(np.sqrt(1 - height ** 2) * polygon(8)), height * np.sign(np.cos(4 * turns))])


KNOWN = {
    "orthogonal": (np.eye(4), 1),
    "tetrahedron": (simplex(4), 3 / 4),
    "triangle": (polygon(3), 2 / 3),
    "antipodal pair": (np.array([[1.0, -1.0]]), 1 / 2),
    "antipodal pairs in five dimensions": (antipodal_pairs(5), 1 / 2),
    "pentagon": (polygon(5), 2 / 5),
    "square antiprism": (square_antiprism(), 3 / 8),
    "icosahedron's axes": (geometry.icosahedron_axes(), 1 / 2),
    "zeros": (np.zeros((3, 2)), 0),
}
known = pytest.mark.parametrize("W, share", KNOWN.values(), ids=KNOWN.keys())


# Interference and dimensionality

def test_interference_is_the_gram_matrix_without_its_diagonal():
    W = np.array([[1.0, 3.0, 0.0], [0.0, 4.0, 2.0]])
    np.testing.assert_allclose(geometry.interference(W), [[0, 3, 0], [3, 0, 8], [0, 8, 0]])
    np.testing.assert_allclose(geometry.interference(W, normalised=True), [[0, 0.6, 0], [0.6, 0, 0.8], [0, 0.8, 0]])
    assert geometry.largest_cosine(W) == pytest.approx(0.8)


def test_opposite_directions_interfere_most():
    assert geometry.largest_cosine([[1, -2], [1, -2]]) == pytest.approx(1)


def test_a_column_of_zeros_disturbs_nobody():
    W = np.array([[1.0, 0.0, 1.0], [0.0, 0.0, 1.0]])
    assert geometry.interference(W, normalised=True)[1].tolist() == [0, 0, 0]
    assert geometry.unit_columns(W)[:, 1].tolist() == [0, 0]
    np.testing.assert_allclose(geometry.dimensionality(W), [1 / 2, 0, 2 / 2.5])


@known
def test_known_dimensionalities(W, share):
    np.testing.assert_allclose(geometry.dimensionality(W), share, atol=1e-12)
    assert geometry.capacity(W) == pytest.approx(share * W.shape[1])


@known
def test_neither_rotation_nor_length_changes_a_dimensionality(W, share):
    turned = 3.7 * geometry.random_rotation(len(W), 5) @ W
    np.testing.assert_allclose(geometry.dimensionality(turned), share, atol=1e-12)


@pytest.mark.parametrize("seed", range(20))
def test_dimensionality_is_the_formula_and_sums_to_the_rank_at_most(seed):
    rng = np.random.default_rng(seed)
    d, n, rank = rng.integers(2, 9), rng.integers(2, 20), rng.integers(1, 5)
    W = rng.normal(size=(d, rank)) @ rng.normal(size=(rank, n)) * rng.uniform(0.2, 3, n)
    found = geometry.dimensionality(W)
    i = n // 2
    unit = W[:, i] / np.linalg.norm(W[:, i])
    assert found[i] == pytest.approx((W[:, i] @ W[:, i]) / sum((unit @ W[:, j]) ** 2 for j in range(n)))
    # Scherlis et al. 2022 write the same as a capacity.
    assert found[i] == pytest.approx((W[:, i] @ W[:, i]) ** 2 / sum((W[:, i] @ W[:, j]) ** 2 for j in range(n)))
    assert ((found > 0) & (found <= 1 + 1e-12)).all()
    assert geometry.capacity(W) <= np.linalg.matrix_rank(W) + 1e-9


def test_leading_dimensions_stay():
    W = np.random.default_rng(0).normal(size=(2, 3, 4, 7))
    for function, shape in ((geometry.interference, (2, 3, 7, 7)), (geometry.dimensionality, (2, 3, 7)),
                            (geometry.capacity, (2, 3)), (geometry.largest_cosine, (2, 3)),
                            (geometry.unit_columns, (2, 3, 4, 7))):
        found = function(W)
        assert found.shape == shape
        np.testing.assert_allclose(found[1, 2], function(W[1, 2]))


def test_one_feature():
    assert geometry.largest_cosine([[2.0]]) == 0 and geometry.dimensionality([[2.0]]) == 1


@pytest.mark.parametrize("W", [3, [1, 2], "W", [[1], [2, 3]], np.zeros((0, 3)), np.zeros((3, 0)), [[np.nan]],
                               [[np.inf, 1]], None])
@pytest.mark.parametrize("function", [geometry.interference, geometry.dimensionality, geometry.capacity,
                                      geometry.largest_cosine, geometry.unit_columns])
def test_a_bad_W_gets_a_sentence(W, function):
    with pytest.raises(CourseError, match=r"^W (should|contains)"):
        function(W)


# Packings and the Welch bound

@pytest.mark.parametrize("n", range(2, 12))
def test_a_simplex_reaches_the_welch_bound(n):
    W = simplex(n)
    assert W.shape == (n - 1, n)
    np.testing.assert_allclose(np.linalg.norm(W, axis=0), 1)
    off = geometry.interference(W)[np.triu_indices(n, 1)]
    np.testing.assert_allclose(off, -1 / (n - 1), atol=1e-12)
    assert geometry.welch_bound(n - 1, n) == pytest.approx(1 / (n - 1))


def test_welch_bound_of_known_arrangements():
    assert geometry.welch_bound(3, 6) == pytest.approx(5 ** -0.5)
    cosines = np.abs(geometry.interference(geometry.icosahedron_axes()))[np.triu_indices(6, 1)]
    np.testing.assert_allclose(cosines, 5 ** -0.5)
    assert geometry.welch_bound(7, 28) == pytest.approx(1 / 3)
    assert geometry.welch_bound(5, 5) == geometry.welch_bound(5, 1) == 0


SIZES = [(1, 2), (2, 3), (2, 5), (3, 4), (3, 6), (3, 16), (4, 12), (6, 7), (7, 28), (10, 40), (16, 100), (30, 60)]


@pytest.mark.parametrize("d, n", SIZES)
def test_no_packing_beats_the_welch_bound_and_all_beat_chance(d, n):
    W = geometry.near_orthogonal(d, n, seed=1)
    assert W.shape == (d, n)
    np.testing.assert_allclose(np.linalg.norm(W, axis=0), 1)
    largest = geometry.largest_cosine(W)
    assert geometry.welch_bound(d, n) - 1e-9 <= largest <= geometry.largest_cosine(geometry.random_directions(d, n))


@pytest.mark.parametrize("d, n, best", [(2, 3, 1 / 2), (2, 5, np.cos(np.pi / 5)), (3, 4, 1 / 3), (3, 6, 5 ** -0.5),
                                        (4, 12, 1 / 2), (6, 7, 1 / 6), (7, 28, 1 / 3)])
def test_small_packings_are_the_best_known(d, n, best):
    found = min(geometry.largest_cosine(geometry.near_orthogonal(d, n, seed=seed)) for seed in (0, 1))
    assert found == pytest.approx(best, abs=2e-3)


def test_1000_directions_in_100_dimensions():
    W = geometry.near_orthogonal(100, 1000, steps=60)
    assert geometry.largest_cosine(W) < 0.156 < 0.4 < geometry.largest_cosine(geometry.random_directions(100, 1000))


@pytest.mark.parametrize("d, n", [(1, 1), (4, 4), (6, 3)])
def test_where_there_is_room_directions_are_at_right_angles(d, n):
    W = geometry.near_orthogonal(d, n)
    assert W.shape == (d, n)
    np.testing.assert_allclose(W.T @ W, np.eye(n), atol=1e-12)


def test_the_best_step_is_kept_and_the_same_seed_gives_the_same(monkeypatch):
    seen, measure = [], geometry.interference
    monkeypatch.setattr(geometry, "interference", lambda W: seen.append(np.abs(measure(W)).max()) or measure(W))
    W = geometry.near_orthogonal(4, 9, steps=50, seed=3)
    monkeypatch.undo()
    assert len(seen) == 50 and geometry.largest_cosine(W) == pytest.approx(min(seen)) and min(seen) < seen[0]
    assert (W == geometry.near_orthogonal(4, 9, steps=50, seed=3)).all()


@pytest.mark.parametrize("call", [
    lambda: geometry.welch_bound(0, 3), lambda: geometry.welch_bound(2.5, 3), lambda: geometry.near_orthogonal(3, 0),
    lambda: geometry.near_orthogonal("3", 4), lambda: geometry.near_orthogonal(3, 6, steps=0),
    lambda: geometry.near_orthogonal(3, True), lambda: geometry.random_directions(3, None),
    lambda: geometry.random_rotation(-1),
    lambda: geometry.rotation_path([3])])
def test_a_bad_size_gets_a_sentence(call):
    with pytest.raises(CourseError, match="must be a whole number from 1"):
        call()


# Rotations

@pytest.mark.parametrize("d", [1, 2, 3, 8, 12, 33])
def test_random_rotations_are_rotations_and_the_path_leads_there(d):
    Q, path = geometry.random_rotation(d, 4), geometry.rotation_path(d, 4)
    np.testing.assert_allclose(Q.T @ Q, np.eye(d), atol=1e-12)
    assert np.linalg.det(Q) == pytest.approx(1)
    np.testing.assert_allclose(path(0), np.eye(d), atol=1e-9)
    np.testing.assert_allclose(path(1), Q, atol=1e-9)
    half = path(0.5)
    np.testing.assert_allclose(half.T @ half, np.eye(d), atol=1e-9)
    np.testing.assert_allclose(half @ half, Q, atol=1e-9)
    assert d == 1 or not np.allclose(Q, geometry.random_rotation(d, 5))


def test_random_rotations_favour_no_direction():
    """The mean of the squared entries is 1/d everywhere, that of the entries 0."""
    every = np.array([geometry.random_rotation(3, seed) for seed in range(3000)])
    np.testing.assert_allclose(every.mean(0), 0, atol=0.05)
    np.testing.assert_allclose((every ** 2).mean(0), 1 / 3, atol=0.03)


# Figures

def test_lines_in_space_run_both_ways_and_the_worst_pair_is_named():
    fig = plots.lines_in_space({"one": np.eye(3), "two": geometry.icosahedron_axes()})
    tips = [trace for trace in fig.data if trace.mode == "markers"]
    assert [len(trace.x) for trace in tips] == [3, 6] and list(fig.data[1].x[:2]) == [-1, 1]
    assert [trace.scene for trace in tips] == ["scene", "scene2"]
    assert said(fig) == "Largest |cosine|: 0.00 one, 0.45 two."
    many = plots.lines_in_space({"": geometry.random_directions(3, 36)}).data[2]
    assert len(set(zip(many.marker.color, many.marker.symbol, strict=True))) == 36


def test_counts_are_set_against_the_last_one():
    fig = plots.counts({"numbers": 768, "neurons": 36_864, "your guess": 368_640})
    assert said(fig) == "Your guess: 368,640. That is 480 times the numbers, 10 times the neurons."
    assert "0.5 times the neurons" in said(plots.counts({"neurons": 2000, "your guess": 1000}))


def test_what_stands_at_the_slider_is_said():
    fig = plots.along([0, 10, 20], {"a": [0, 1, 2], "b": [4, 2, -0.001]}, 20, x_axis="k, on", y_axis="", y_span=(0, 4))
    assert said(fig) == "20 on: a 2.00, b 0.00."
    assert "a 0.50" in said(plots.along([0, 10], {"a": [0, 1]}, 5, x_axis="k", y_axis="", y_span=(0, 1)))


def test_how_much_of_a_number_comes_from_its_best_feature():
    fig = plots.basis(np.array([[1.0, 0.0], [3.0, 4.0]]), 1e-16)
    assert "0.82 of the variance" in said(fig) and "back: 0.000000000." in said(fig)
    np.testing.assert_allclose(fig.data[-1].x, [1, 0.64])


def test_the_cosines_of_all_pairs():
    fig = plots.cosines({"six lines": geometry.icosahedron_axes()}, bound=geometry.welch_bound(3, 6))
    assert max(fig.data[0].y) == 1 and "0.45 six lines. No arrangement gets below 0.45" in said(fig)
    assert "No arrangement" not in said(plots.cosines({"two": np.eye(2)}))


def test_how_many_were_kept():
    assert said(plots.kept([4, 8], [4, 9], 0.35, drawn=2000)) == (
        "Kept of 2,000 random directions, with all |cosines| at most 0.35: 4 in 4 dimensions, 9 in 8.")


def test_what_is_off_and_not_silent():
    assert said(plots.leaks("ABC", [1, 0, 0], [1, -0.4, 0.4], [1, 0, 0.4])) == (
        "On: A. Off, and not silent after the ReLU: C 0.40.")
    assert said(plots.leaks("AB", [0, 0], [0, 0], [0, 0])) == "On: nothing. Off, and not silent after the ReLU: none."


def test_the_pictures_in_05_are_described_by_what_their_cells_say():
    path = next(iter(notebooks.paths(["05_more"])))
    prose = "\n".join(cell.source for cell in nbformat.read(path, 4).cells if cell.cell_type == "markdown")
    described = re.findall(r"!\[([^\]]+)\]", prose)
    stored = json.loads(notebooks.SAID.read_text(encoding="utf-8"))[notebooks.name(path)]
    assert len(described) == 3 and set(notebooks.sentences(json.dumps({"sentences": described}))) <= set(stored)
