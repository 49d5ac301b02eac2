"""Packing two numbers into one: the figures that notebook 03 and its companion state, recomputed another way."""
import subprocess
import sys

import numpy as np
import pytest
import torch

from course import packing, plots
from course.packing import pack, unpack
from course.style import said

PAIRS = np.random.default_rng(7).random((2, 200_000))


def error(read, true=PAIRS):
    return ((np.asarray(read) - np.asarray(true)) ** 2).mean()


# The code and its error

@pytest.mark.parametrize("Z", [1, 2, 3, 7, 10, 1000])
def test_reading_gives_y_and_the_middle_of_the_cell(Z):
    x, y = PAIRS
    x_read, y_read = unpack(pack(x, y, Z), Z)
    np.testing.assert_allclose(y_read, y, atol=1e-9)
    np.testing.assert_allclose(x_read, (np.floor(Z * x) + 0.5) / Z, atol=1e-12)
    assert error([x_read, y_read]) == pytest.approx(1 / (24 * Z * Z), rel=0.02)


def test_decimal_example():
    assert pack(0.37, 0.82, 10) == pytest.approx(0.382)
    assert unpack(0.382, 10) == (pytest.approx(0.35), pytest.approx(0.82))


def test_numbers_arrays_and_tensors_give_the_same():
    x, y = PAIRS[:, :5]
    for folded in (False, True):
        whole = pack(x, y, 3, folded)
        np.testing.assert_allclose([pack(a, b, 3, folded) for a, b in zip(x, y, strict=True)], whole)
        np.testing.assert_allclose(pack(torch.tensor(x), torch.tensor(y), 3, folded), whole)
        np.testing.assert_allclose(unpack(torch.tensor(whole), 3, folded)[1], y, atol=1e-9)


def test_codes_stay_in_range_at_the_ends():
    assert pack(0, 0, 3) == 0
    assert pack(np.nextafter(1, 0), 0.5, 3) == pytest.approx(2.5 / 3)


def test_folding_loses_nothing_and_has_no_jump_in_y():
    x, y = PAIRS
    x_read, y_read = unpack(pack(x, y, 5, folded=True), 5, folded=True)
    np.testing.assert_allclose(y_read, y, atol=1e-9)
    np.testing.assert_allclose(x_read, (np.floor(5 * x) + 0.5) / 5, atol=1e-12)
    edge = np.array([1 - 1e-9, 1 + 1e-9]) / 5
    assert np.ptp(unpack(edge, 5, folded=True)[1]) < 1e-6 and np.ptp(unpack(edge, 5)[1]) > 0.99


@pytest.mark.parametrize("a, b", [(1, 0), (0, 1), (1, 1), (3, -2), (0.1, 1)])
def test_every_linear_code_read_linearly_has_error_one_24th(a, b):
    x, y = PAIRS
    read = [np.polyval(np.polyfit(a * x + b * y, value, 1), a * x + b * y) for value in PAIRS]
    assert error(read) == pytest.approx(1 / 24, rel=0.01)


@pytest.mark.parametrize("slope", [0, 0.05, 0.2, 1 / 3, 0.7, 1])
def test_best_reader_of_a_linear_code(slope):
    """The companion's formula against the mean of L² over the pieces of line that share a code."""
    t = (np.arange(20_000) + 0.5) / 20_000 * (1 + slope)
    low, high = np.maximum(0, (t - 1) / slope) if slope else 0 * t, np.minimum(1, t / slope) if slope else 1 + 0 * t
    length = (high - low) * np.sqrt(1 + slope ** 2)
    found = (length ** 3).sum() / length.sum() / 24  # a code is as likely as its piece is long
    assert found == pytest.approx((1 - slope / 2) * (1 + slope ** 2) / 24, rel=1e-3)
    assert found > 25 / 27 / 24 * 0.999


# Noise, adding, storage, ramps: what the texts say

def noisy(noise, Z, folded=False):
    t = pack(*PAIRS, Z, folded) + noise * np.random.default_rng(9).normal(size=PAIRS.shape[1])
    return error(unpack(np.clip(t, 0, 1 - 1e-9), Z, folded))


@pytest.mark.parametrize("Z", [2, 3, 5, 10, 20])
def test_noise_of_about_a_seventh_of_a_cell_undoes_plain_packing_and_more_the_folded_one(Z):
    assert noisy(0.12 / Z, Z) < noisy(0.12 / Z, 1) and noisy(0.16 / Z, Z) > noisy(0.16 / Z, 1)
    assert noisy(0.25 / Z, Z, folded=True) < noisy(0.25 / Z, 1)


def test_with_a_hundredth_of_noise_few_cells_are_best_and_with_a_tenth_one():
    assert 2 <= 1 + np.argmin([noisy(0.01, Z) for Z in range(1, 21)]) <= 4
    assert np.argmin([noisy(0.1, Z) for Z in range(1, 21)]) == 0


def test_a_packing_with_room_for_four_has_a_ninth_of_the_error_at_three_cells():
    x, y = np.random.default_rng(8).random((2, 4, 100_000))
    x_read, y_read = unpack(pack(x, y / 4, 3).sum(axis=0), 3)
    assert error([x_read + 1.5 / 3, 4 * y_read], [x.sum(axis=0), y.sum(axis=0)]) == pytest.approx(4 / 24 / 9, rel=0.03)


@pytest.mark.parametrize("kind, Z, share", [("float16", 1000, 0.082), ("float32", 1_000_000, 0.01)])
def test_wrong_cells_of_the_float_types(kind, Z, share):
    stored = pack(*PAIRS, Z).astype(kind).astype(float)
    assert (stored * Z // 1 != PAIRS[0] * Z // 1).mean() == pytest.approx(share, abs=0.003)


def ramp_error(Z, width, shift):
    def ramps(u):
        return np.clip((u[:, None] - np.arange(1, Z)) / width + shift, 0, 1).sum(axis=1)
    x, y = PAIRS
    t = (ramps(Z * x) + y) / Z
    return error([(ramps(Z * t) + 0.5) / Z, Z * t - ramps(Z * t)])


def test_error_with_ramps():
    assert ramp_error(3, 0.2, 0) == pytest.approx(0.035, abs=0.0007)
    assert ramp_error(3, 0.2, 0.5) == pytest.approx(0.019, abs=0.0005)
    assert ramp_error(3, 1e-6, 0.5) == pytest.approx(1 / 24 / 9, rel=0.02)
    # Where ramps are no longer better: from about a quarter of a cell on, or, centred, not at all for Z = 3.
    assert ramp_error(3, 0.24, 0) < 1 / 24 < ramp_error(3, 0.28, 0)
    assert ramp_error(3, 1.0, 0.5) < 1 / 24


# Trained readers

def plain_read_error(Z, steps, seed):
    """The loop of the notebook, written once more."""
    torch.manual_seed(seed)
    read = torch.nn.Sequential(torch.nn.Linear(1, 64), torch.nn.ReLU(), torch.nn.Linear(64, 64), torch.nn.ReLU(),
                               torch.nn.Linear(64, 2))
    optimiser = torch.optim.Adam(read.parameters(), lr=0.005)
    for _ in range(steps):
        pairs = torch.rand(1, 64, 2)
        loss = ((read(2 * pack(pairs[..., :1], pairs[..., 1:], Z) - 1) - pairs) ** 2).mean()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    pairs = torch.rand(5000, 2)
    return ((read(2 * pack(pairs[:, :1], pairs[:, 1:], Z) - 1) - pairs) ** 2).mean().item()


def test_readers_are_trained_as_in_the_notebook():
    assert packing.read_error(3, steps=30, seed=4) == pytest.approx(plain_read_error(3, 30, 4), rel=1e-5)


def test_readers_learn_few_cells_and_not_many_and_folding_helps():
    few, many, folded = (packing.read_error(Z, folded, (64,)) for Z, folded in ((2, False), (12, False), (5, True)))
    assert few < 1 / 48 and many > 0.8 / 24 and folded < 0.2 / 24


def test_training_readers_leaves_threads_and_random_numbers_alone():
    before = torch.get_num_threads()
    torch.set_num_threads(3)
    torch.manual_seed(7)
    expected = torch.rand(1)
    torch.manual_seed(7)
    first = packing.read_error(2, steps=2)
    assert torch.equal(torch.rand(1), expected) and torch.get_num_threads() == 3
    assert packing.read_error(2, steps=2) == first
    torch.set_num_threads(before)


# The pictures of the notebook

def test_number_lines_have_their_cells_and_marks():
    fig = plots.number_lines(0.37, 0.82, 0.364, 0.3, 0.82, 5)
    bars = [trace for trace in fig.data if trace.type == "bar"]
    assert [len(bar.x) for bar in bars] == [5, 1, 5]
    np.testing.assert_allclose(np.add(bars[0].base, bars[0].x), np.arange(1, 6) / 5)
    marks = [(mark.text[0], mark.x[0], mark.marker.symbol) for mark in fig.data if mark.type == "scatter"]
    assert marks == [("x", 0.37, "triangle-down"), ("read", 0.3, "triangle-up"), ("y", 0.82, "triangle-down"),
                     ("read", 0.82, "triangle-up"), ("t", 0.364, "triangle-down")]
    assert "off by 0.070" in said(fig) and "off by 0.000" in said(fig)


def test_errors_over_cells_say_where_they_are_lowest():
    fig = plots.over_cells([1, 2, 3], {"a": [0.3, 0.1, 0.2], "b": [0.3, 0.2, 0.05]}, alone=0.25, top=0.4)
    assert said(fig) == "The lowest errors: a 0.1000 at Z = 2; b 0.0500 at Z = 3. Keeping y alone: 0.2500."
    assert [trace.name for trace in fig.data] == ["a", "b", "y alone"] and list(fig.data[-1].y) == [0.25] * 3
    assert len({(trace.line.color, trace.line.dash) for trace in fig.data}) == 3


@pytest.mark.parametrize("y, verdict", [(0.9, "y₁ + y₂ = 0.90, which is right"), (0.1, "0.90, which is wrong")])
def test_added_says_whether_y_is_right(y, verdict):
    fig = plots.added((0.5, 0.9), (0.5, y), (0.5, 0.9))
    assert verdict in said(fig) and [list(trace.x) for trace in fig.data] == [[0.5] * 3, [0.9, y, 0.9]]


def test_readers_differ_by_what_the_sentence_says():
    fig = plots.readers([0, 0.5], ([0, 1], [0, 1]), ([0, 1], [0.3, 0.7]))
    assert "x differs from the floor reader's by 0.00 and its y by 0.30" in said(fig) and len(fig.data) == 4


def test_code_maps_go_by_rank_and_say_how_linear_a_code_is():
    middles = (np.arange(20) + 0.5) / 20
    x, y = np.repeat(middles, 20), np.tile(middles, 20)
    fig = plots.code_maps({"Linear": 3 * x - y, "Packed": pack(x, y, 2)})
    z = np.asarray(fig.data[0].z)
    assert (np.diff(z, axis=1) > 0).all() and (np.diff(z, axis=0) < 0).all()  # along x, and along y
    assert (np.diff(np.asarray(fig.data[1].z)[:, :10], axis=1) == 0).all()  # what is equal has one rank
    assert said(fig).startswith("Linear: a weighted sum of x and y has 100% of the code's variance. Packed: ")


def test_panels_share_names_and_looks():
    fig = plots.side_by_side({"a": ([1, 2], {"one": [0, 1], "two": [1, 0]}), "b": ([1, 2], {"two": [2, 2]})})
    one, two, again = fig.data
    assert [trace.showlegend for trace in fig.data] == [True, True, False]
    assert two.line == again.line and one.line.dash != two.line.dash and again.xaxis == "x2"
    assert {"<b>a</b>", "<b>b</b>"} == {note.text for note in fig.layout.annotations}


def test_packing_loads_no_torch():
    run = subprocess.run([sys.executable, "-c", "import sys, course.packing; print('torch' in sys.modules)"],
                         capture_output=True, text=True)
    assert run.stdout.strip() == "False", run.stderr
