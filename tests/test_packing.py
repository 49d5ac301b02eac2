"""Packing two numbers into one: the figures that notebook 03 states, recomputed another way."""
import subprocess
import sys

import numpy as np
import pytest
import torch

from course import CourseError, packing, plots

PAIRS = np.random.default_rng(7).random((2, 200_000))


def error(read, true=PAIRS):
    return ((np.asarray(read) - np.asarray(true)) ** 2).mean()


def moments(slope):
    """Mean of L² over the codes of x + slope·y, by adding up the pieces."""
    ends = packing.linear_pieces(slope, 20_000)
    length = np.linalg.norm(ends[:, 1] - ends[:, 0], axis=1)
    return (length ** 3).sum() / length.sum()  # a code is as likely as its piece is long


# The code and its exact error

@pytest.mark.parametrize("Z", [1, 2, 3, 7, 10, 1000])
def test_reading_gives_y_and_the_middle_of_the_cell(Z):
    x, y = PAIRS
    x_read, y_read = packing.unpack(packing.pack(x, y, Z), Z)
    np.testing.assert_allclose(y_read, y, atol=1e-9)
    np.testing.assert_allclose(x_read, (np.floor(Z * x) + 0.5) / Z, atol=1e-12)


def test_decimal_example():
    assert packing.pack(0.37, 0.82, 10) == pytest.approx(0.382)
    assert packing.unpack(0.382, 10) == (pytest.approx(0.35), pytest.approx(0.82))


def test_codes_stay_in_range_at_the_ends():
    last = np.nextafter(1, 0)
    assert packing.pack(0, 0, 3) == 0
    assert packing.pack(last, 0.5, 3) == pytest.approx(2.5 / 3)


@pytest.mark.parametrize("Z", [1, 2, 3, 10])
def test_packed_error(Z):
    assert packing.packed_error(Z) == pytest.approx(1 / (24 * Z * Z))
    assert error(packing.unpack(packing.pack(*PAIRS, Z), Z)) == pytest.approx(packing.packed_error(Z), rel=0.02)


def test_packed_error_at_three_cells():
    assert packing.packed_error(3) == pytest.approx(0.0046, abs=5e-5)
    assert packing.packed_error(1) == 1 / 24


@pytest.mark.parametrize("a, b", [(1, 0), (0, 1), (1, 1), (3, -2), (0.1, 1)])
def test_every_linear_code_read_linearly_has_error_one_24th(a, b):
    x, y = PAIRS
    t = a * x + b * y
    read = [np.polyval(np.polyfit(t, value, 1), t) for value in PAIRS]
    assert error(read) == pytest.approx(1 / 24, rel=0.01)


@pytest.mark.parametrize("slope", [0, 0.05, 0.2, 1 / 3, 0.7, 1])
def test_best_reader_of_a_linear_code(slope):
    assert packing.any_reader_error(slope) == pytest.approx(moments(slope) / 24, rel=1e-3)


def test_no_reader_brings_a_linear_code_below_25_27ths():
    every = [packing.any_reader_error(k) for k in np.linspace(0, 1, 301)]
    assert min(every) == pytest.approx(25 / 27 / 24, rel=1e-9)
    assert packing.any_reader_error(1 / 3) == pytest.approx(min(every), rel=1e-12)
    assert packing.any_reader_error(0) == packing.any_reader_error(1) == pytest.approx(1 / 24)


def test_pieces_share_one_code_each():
    for slope in (0, 0.4, 1):
        ends = packing.linear_pieces(slope)
        assert ends.shape == (25, 2, 2)
        codes = ends[..., 0] + slope * ends[..., 1]
        np.testing.assert_allclose(codes[:, 0], codes[:, 1], atol=1e-12)
        assert ends.min() > -1e-12 and ends.max() < 1 + 1e-12
    ends = packing.packed_pieces(4)
    codes = packing.pack(ends[..., 0], ends[..., 1], 4)
    np.testing.assert_allclose(codes[:, 0], codes[:, 1], atol=1e-12)
    assert len(np.unique(codes[:, 0].round(9))) == len(ends)


def test_folding_loses_nothing_and_has_no_jump_in_y():
    x, y = PAIRS
    t = packing.pack(x, y, 5, folded=True)
    cell = np.floor(5 * t)
    rest = 5 * t - cell
    np.testing.assert_allclose(np.where(cell % 2 == 0, rest, 1 - rest), y, atol=1e-9)
    np.testing.assert_array_equal(cell, np.floor(5 * x))
    np.testing.assert_allclose(packing.unpack(t, 5, folded=True), [(cell + 0.5) / 5, y], atol=1e-9)
    edge = np.array([1 - 1e-9, 1 + 1e-9]) / 5
    assert np.ptp(packing.unpack(edge, 5, folded=True)[1]) < 1e-6 and np.ptp(packing.unpack(edge, 5)[1]) > 0.99


def test_a_packing_with_room_for_four_additions_exists():
    x, y = np.random.default_rng(8).random((2, 4, 10_000))
    Z = 6
    total = ((np.floor(Z * x) + y / 4) / Z).sum(axis=0)
    cells = np.floor(Z * total)
    read = (cells + 4 * 0.5) / Z, 4 * (Z * total - cells)
    assert error(read, [x.sum(axis=0), y.sum(axis=0)]) == pytest.approx(4 / 24 / Z ** 2, rel=0.03)


# Noise, storage

@pytest.mark.parametrize("Z, noise", [(1, 0.1), (3, 0.03), (5, 0.02), (10, 0.2), (20, 0.004)])
@pytest.mark.parametrize("folded", [False, True])
def test_noise_error_against_sampling(Z, noise, folded):
    x, y = PAIRS
    t = packing.pack(x, y, Z, folded)
    t = np.clip(t + noise * np.random.default_rng(9).normal(size=t.size), 0, 1 - 1e-9)
    found = packing.noise_error(Z, noise, folded)
    assert found.floor == pytest.approx(error(packing.unpack(t, Z, folded)), rel=0.03)
    assert found.best <= found.floor * 1.001


def test_best_possible_reader_against_sorting():
    x, y = PAIRS
    t = packing.pack(x, y, 3) + 0.05 * np.random.default_rng(10).normal(size=x.size)
    alike = np.argsort(t).reshape(500, -1)
    found = np.mean([value[alike].var(axis=1, ddof=1).mean() for value in PAIRS])
    assert packing.noise_error(3, 0.05).best == pytest.approx(found, rel=0.03)


def test_without_noise_both_readers_are_exact():
    assert packing.noise_error(4, 0).floor == packing.noise_error(4, 0).best == packing.packed_error(4)
    assert packing.linear_noise_error(0) == pytest.approx(1 / 24)


def test_linear_code_under_noise_against_sampling():
    y = PAIRS[1]
    t = y + 0.2 * np.random.default_rng(11).normal(size=y.size)
    read = [np.full(y.size, 0.5), np.polyval(np.polyfit(t, y, 1), t)]
    assert packing.linear_noise_error(0.2) == pytest.approx(error(read), rel=0.01)


@pytest.mark.parametrize("Z", [2, 3, 5, 10, 20])
def test_noise_of_about_a_seventh_of_a_cell_undoes_packing(Z):
    assert 0.12 < Z * packing.crossover(Z) < 0.15
    assert packing.noise_error(Z, packing.crossover(Z) * 0.9).floor < packing.linear_noise_error(packing.crossover(Z))


def test_wrong_cells_of_the_float_types():
    assert packing.wrong_cells(1000, "float16") == pytest.approx(0.08, abs=0.01)
    assert packing.wrong_cells(1_000_000, "float32") == pytest.approx(0.01, abs=0.002)
    assert packing.wrong_cells(1000, "float32") < 1e-4
    assert packing.wrong_cells(1_000_000, "float64") == 0
    # A cell that begins at a number the type holds also catches what is rounded up to it.
    assert packing.wrong_cells(1024, "float16") == pytest.approx(2 * packing.wrong_cells(1000, "float16"), rel=0.1)
    assert 0 <= packing.wrong_cells(10 ** 16, "float64") <= 1


# Ramps

def ramp_floor(u, Z, width, shift=0.5):
    """As in the notebook: floor(u) with a rise from k − shift·width to k + (1 − shift)·width for each jump at k."""
    return np.clip((u[..., None] - np.arange(1, Z)) / width + shift, 0, 1).sum(-1)


@pytest.mark.parametrize("Z, width", [(1, 0.1), (2, 0.3), (3, 0.2), (8, 0.02), (8, 1.0)])
def test_the_network_with_set_weights_is_the_reader_with_ramps(Z, width):
    t = np.linspace(0, 1, 4001)
    cell, read = ramp_floor(Z * t, Z, width), packing.ramp_reader(t, Z, width)
    np.testing.assert_allclose(read, np.stack([(cell + 0.5) / Z, Z * t - cell], -1), atol=1e-9)
    away = abs(Z * t - np.round(Z * t)) > width / 2
    np.testing.assert_allclose(cell[away], np.floor(Z * t)[away], atol=1e-12)


def ramp_error(Z, width, shift):
    x, y = PAIRS
    t = (ramp_floor(Z * x, Z, width, shift) + y) / Z
    cell = ramp_floor(Z * t, Z, width, shift)
    return error([(cell + 0.5) / Z, Z * t - cell])


def test_error_with_ramps():
    assert ramp_error(3, 0.2, 0) == pytest.approx(0.035, abs=0.0007)
    assert ramp_error(3, 0.2, 0.5) == pytest.approx(0.019, abs=0.0005)
    assert ramp_error(3, 1e-6, 0.5) == pytest.approx(packing.packed_error(3), rel=0.02)
    # Where ramps are no longer better: from about a quarter of a cell on, or, centred, not at all for Z = 3.
    assert ramp_error(3, 0.24, 0) < 1 / 24 < ramp_error(3, 0.28, 0)
    assert ramp_error(3, 1.0, 0.5) < 1 / 24


# Trained readers

def packed(x, y, Z):
    return (Z * x // 1 + y) / Z


def test_readers_learn_few_cells_and_not_many():
    found = packing.train_readers(packed, [2, 12], steps=[100, 800], seeds=[0, 1])
    assert found.shape == (2, 2, 2)
    assert (found[1, 0] < 1 / 48).all() and (found[1, 1] > 0.8 / 24).all()


def plain_reader_error(Z, steps, seed, place, of):
    """The loop of the notebook for one network: its error after ``steps``, on the numbers of network ``place``."""
    torch.manual_seed(seed)
    first, last = torch.nn.Linear(1, 64), torch.nn.Linear(64, 2)
    optimiser = torch.optim.Adam([*first.parameters(), *last.parameters()], lr=0.01)
    source = torch.Generator().manual_seed(1000 + seed)

    def loss(x, y):
        t = packed(x, y, Z)[:, None]
        return ((last(torch.relu(first(2 * t - 1))) - torch.stack([x, y], dim=1)) ** 2).mean()
    for _ in range(steps):
        x, y = torch.rand(2, of, 64, generator=source)
        optimiser.zero_grad()
        loss(x[place], y[place]).backward()
        optimiser.step()
    middles = (torch.arange(64) + 0.5) / 64
    with torch.no_grad():
        return float(loss(*torch.cartesian_prod(middles, middles).T))


def test_networks_side_by_side_do_not_touch_each_other():
    many = packing.train_readers(packed, [2, 5], steps=[1, 20], seeds=[3])
    alone = [[[plain_reader_error(Z, steps, 3, place, 2)] for place, Z in enumerate([2, 5])] for steps in (1, 20)]
    np.testing.assert_allclose(many, alone, rtol=1e-4)


def test_training_readers_leaves_threads_and_random_numbers_alone(threads):
    torch.manual_seed(7)
    expected = torch.rand(1)
    torch.manual_seed(7)
    packing.train_readers(packed, [2], steps=[1], seeds=[0])
    assert torch.equal(torch.rand(1), expected) and torch.get_num_threads() == threads


@pytest.fixture
def threads():
    """A number of threads that is not one."""
    before = torch.get_num_threads()
    torch.set_num_threads(3)
    yield 3
    torch.set_num_threads(before)


def test_readers_of_a_given_seed_come_out_the_same():
    one, two = (packing.train_readers(packed, [3], steps=[50], seeds=[5], layers=2) for _ in range(2))
    np.testing.assert_array_equal(one, two)


# Bad input

@pytest.mark.parametrize("Z", [0, -3, 2.5, float("nan"), float("inf"), "3", True, None, [3]])
def test_cells_must_be_a_positive_whole_number(Z):
    for function in (lambda: packing.pack(0.5, 0.5, Z), lambda: packing.unpack(0.5, Z), lambda: packing.packed_error(Z),
                     lambda: packing.noise_error(Z, 0.1), lambda: packing.ramp_reader(0.5, Z, 0.1),
                     lambda: packing.wrong_cells(Z, "float16"), lambda: packing.packed_pieces(Z)):
        with pytest.raises(CourseError, match="whole number"):
            function()


@pytest.mark.parametrize("x, y, name", [(1.0, 0.5, "x"), (-0.1, 0.5, "x"), (0.5, 1.0, "y"), (0.5, np.nan, "y")])
def test_numbers_must_lie_in_range(x, y, name):
    for folded in (False, True):
        with pytest.raises(CourseError, match=f"^{name} must lie"):
            packing.pack(x, y, 3, folded)


def test_other_bad_input():
    for bad in (lambda: packing.noise_error(3, -0.1), lambda: packing.linear_noise_error(float("nan")),
                lambda: packing.ramp_reader(1.0, 3, 0), lambda: packing.ramp_reader(1.0, 3, -1),
                lambda: packing.any_reader_error(1.5)):
        with pytest.raises(CourseError):
            bad()


# The pictures of the notebook

def test_number_lines_have_their_cells_and_marks():
    fig = plots.number_lines({"x": (5, {"x": 0.37, "read": 0.3}), "code": (5, {"t": 0.364})})
    bars = [trace for trace in fig.data if trace.type == "bar"]
    assert [len(bar.x) for bar in bars] == [5, 5]
    np.testing.assert_allclose(np.add(bars[0].base, bars[0].x), np.arange(1, 6) / 5)
    marks = [trace for trace in fig.data if trace.type == "scatter"]
    assert [(mark.text[0], mark.x[0], mark.marker.symbol) for mark in marks] == [
        ("x", 0.37, "triangle-down"), ("read", 0.3, "triangle-up"), ("t", 0.364, "triangle-down")]


def test_panels_share_names_looks_and_levels():
    fig = plots.side_by_side({"a": ([1, 2], {"one": [0, 1], "two": [1, 0]}), "b": ([1, 2], {"two": [2, 2]})},
                             levels={"linear code": 1 / 24})
    one, two, again = fig.data
    assert [trace.showlegend for trace in fig.data] == [True, True, False]
    assert two.line == again.line and one.line.dash != two.line.dash and again.xaxis == "x2"
    assert [shape.y0 for shape in fig.layout.shapes] == [1 / 24] * 2
    assert {"<b>a</b>", "<b>b</b>", "linear code"} == {note.text for note in fig.layout.annotations}


def test_pieces_are_drawn_apart_with_their_middles():
    fig = plots.pieces({"packing": packing.packed_pieces(3, rows=2)})
    line, middle = fig.data
    assert len(line.x) == 18 and np.isnan(line.x[2::3]).all() and len(middle.x) == 6
    np.testing.assert_allclose(sorted(set(np.round(middle.x, 9))), [1 / 6, 0.5, 5 / 6])


def test_code_map_goes_by_rank_and_the_path_has_a_beginning():
    code = np.arange(9.0).reshape(3, 3) ** 3
    fig = plots.code_map(code, [[0, 0], [0.5, 1], [1, 1]])
    contour, path, ends = fig.data
    np.testing.assert_allclose(np.asarray(contour.z), np.linspace(-1, 1, 9).reshape(3, 3), atol=1e-3)
    assert list(path.x) == [0, 0.5, 1] and list(ends.marker.symbol) == ["circle", "square"]


def test_packing_loads_no_torch():
    run = subprocess.run([sys.executable, "-c", "import sys, course.packing; print('torch' in sys.modules)"],
                         capture_output=True, text=True)
    assert run.stdout.strip() == "False", run.stderr
