"""Two numbers in one: the packing code, its exact errors, and networks that learn to read it.

Introduced in notebook 03; the code is the one in the appendix on compression of "Toy Models
of Superposition" (Elhage et al. 2022).

One convention for every error here: the squared error of x and the squared error of y,
averaged over the two numbers and over x and y drawn evenly from [0, 1).
"""
from __future__ import annotations

from typing import NamedTuple

import numpy as np

from . import CourseError
from .threads import one_thread


def pack(x, y, Z, folded: bool = False) -> np.ndarray:
    """The code t = (floor(Zx) + y) / Z in [0, 1), in float64. ``x``, ``y`` in [0, 1), any one shape.

    ``folded``: y runs backwards in every second cell, so that the reading of y has no jump.
    """
    Z, x, y = _cells(Z), _inside(x, "x"), _inside(y, "y")
    cell = np.floor(Z * x)
    return (cell + (abs(cell % 2 - y) if folded else y)) / Z


def unpack(t, Z, folded: bool = False) -> tuple[np.ndarray, np.ndarray]:
    """What the floor reader gets from ``t``: the middle of x's cell, and y."""
    Z, t = _cells(Z), np.asarray(t, float)
    cell = np.floor(Z * t)
    rest = Z * t - cell
    return (cell + 0.5) / Z, abs(cell % 2 - rest) if folded else rest


def packed_error(Z) -> float:
    """Exact error of :func:`pack` and :func:`unpack`: 1 / (12 Z²) for x, 0 for y, averaged."""
    return 1 / (24 * _cells(Z) ** 2)


def any_reader_error(slope: float) -> float:
    """Error of the linear code t = x + slope·y, 0 <= slope <= 1, under the best reader of any kind.

    Points that share a code form a straight piece of the unit square of length L, and the
    best answer is its middle: the error is the mean of L² / 24. It is least at slope 1/3: 25/27 of
    the 1/24 that every linear code t = ax + by has under its best linear reading.
    """
    if not 0 <= slope <= 1:
        raise CourseError(f"The slope must lie between 0 and 1, and it is {slope!r}.")
    return (1 - slope / 2) * (1 + slope ** 2) / 24


def linear_pieces(slope: float, count: int = 25) -> np.ndarray:
    """Ends (count, 2, 2) of the pieces of the unit square on which t = x + slope·y has one value each."""
    t = (np.arange(count) + 0.5) / count * (1 + slope)
    low = np.maximum(0, (t - 1) / slope) if slope else np.zeros(count)
    high = np.minimum(1, t / slope) if slope else np.ones(count)
    return np.stack([np.stack([t - slope * y, y], axis=-1) for y in (low, high)], axis=1)


def packed_pieces(Z, rows: int = 13) -> np.ndarray:
    """Ends (rows·Z, 2, 2) of pieces on which the packed code has one value each; every cell has ``rows``."""
    Z = _cells(Z)
    cell, row = np.divmod(np.arange(Z * rows), rows)
    # Cells are shifted against each other, so that their pieces do not look like one line.
    y = (row + 0.5 + 0.5 * (cell % 2) - 0.25) / rows
    return np.stack([np.stack([(cell + end) / Z, y], axis=-1) for end in (0.06, 0.94)], axis=1)


def linear_noise_error(noise: float) -> float:
    """Error of the linear code t = y when ``noise`` (a standard deviation) is added and read linearly.

    Of the linear codes with values in [0, 1] this one suffers least: its t varies most.
    """
    variance = _noise(noise) ** 2
    return (1 / 12 + (1 / 12) * variance / (1 / 12 + variance)) / 2


class NoiseErrors(NamedTuple):
    """Errors of a noisy packed code under two readers that know Z."""

    floor: float  #: clip to [0, 1), then :func:`unpack`
    best: float  #: the mean of x and y given the noisy code, which needs to know the noise too


def noise_error(Z, noise: float, folded: bool = False) -> NoiseErrors:
    """Errors when Gaussian noise of standard deviation ``noise`` is added to the packed code, by quadrature."""
    Z = _cells(Z)
    if _noise(noise) < 1e-4:
        return NoiseErrors(packed_error(Z), packed_error(Z))
    n = Z * int(np.ceil(max(400, 4 / noise) / Z))  # the grid meets every boundary between cells
    reach = int(np.ceil(5 * noise * n))
    kernel = np.exp(-0.5 * (np.arange(-reach, reach + 1) / n / noise) ** 2)
    kernel /= kernel.sum()
    noisy = (np.arange(-reach, n + reach) + 0.5) / n
    true = unpack(noisy[reach:reach + n], Z, folded)  # without noise, t is spread evenly over [0, 1)
    answer = unpack(np.clip(noisy, 0, 1 - 1e-12), Z, folded)
    weight = np.convolve(np.ones(n), kernel)  # how likely each noisy code is, times n
    floor = best = packed_error(Z)
    for value, given in zip(true, answer, strict=True):
        mean = np.convolve(value, kernel) / weight
        spread = (value ** 2).mean() - (weight * mean ** 2).sum() / n
        best += spread / 2
        floor += (spread + (weight * (given - mean) ** 2).sum() / n) / 2
    return NoiseErrors(float(floor), float(best))


def crossover(Z) -> float:
    """The noise above which the floor reader of a packed code does worse than the linear code."""
    low, high = 0.0, 1.0
    for _ in range(12):
        middle = (low + high) / 2
        better = noise_error(Z, middle).floor < linear_noise_error(middle)
        low, high = (middle, high) if better else (low, middle)
    return low


def wrong_cells(Z, kind) -> float:
    """Share of 100 000 random codes that name another cell after storage in the float type ``kind``.

    ``Z`` may exceed what an int holds exactly (1e16). Encoded and decoded in float64.
    """
    x, y = np.random.default_rng(4).random((2, 100_000))
    stored = pack(x, y, Z).astype(kind).astype(np.float64)
    return float((np.floor(Z * stored) != np.floor(Z * x)).mean())


def ramp_reader(t, Z, width: float) -> np.ndarray:
    """x and y (..., 2) as a ReLU network reads them from ``t`` (...): the floor reader, with ramps for jumps.

    Its weights are set by hand, not learned. The jump at a whole number k of Zt becomes a straight rise
    from k − width/2 to k + width/2. A ramp takes two ReLUs, since clip(v, 0, 1) = relu(v) − relu(v − 1),
    and one more ReLU passes t on: 2(Z − 1) + 1 in all.
    """
    Z = _cells(Z)
    if not width > 0:
        raise CourseError(f"A ramp needs a width above zero, and it is {width!r}.")
    start = 0.5 - np.arange(1, Z) / width
    slopes, offsets = np.r_[np.full(2 * (Z - 1), Z / width), 1.0], np.r_[start, start - 1, 0.0]
    cell = np.r_[np.ones(Z - 1), -np.ones(Z - 1), 0.0]  # the weights that give the floor with ramps
    code = np.r_[np.zeros(2 * (Z - 1)), 1.0]  # and those that give t
    hidden = np.maximum(np.asarray(t, float)[..., None] * slopes + offsets, 0)
    return hidden @ np.stack([cell / Z, Z * code - cell], axis=1) + [0.5 / Z, 0]


@one_thread()
def train_readers(code, cells, *, width: int = 64, layers: int = 1, steps=(1000,), seeds=(0, 1, 2),
                  rate: float = 0.01) -> np.ndarray:
    """Errors (checkpoints, Z, seeds) of ReLU networks that learn to read ``code(x, y, Z)``.

    The loop of notebook 03 (Adam, fresh x and y at each step, input 2t − 1) with a network for each
    Z of ``cells`` and each seed, side by side: none touches another, only the loop over steps is
    shared. ``layers`` of ``width`` ReLUs each. ``steps``: after how many steps the error is
    measured, on a 64 × 64 grid. ``code`` takes torch tensors.
    """
    import torch

    cells, seeds, steps = [_cells(Z) for Z in cells], list(seeds), sorted(steps)
    Z = torch.tensor(cells, dtype=torch.float32).repeat_interleave(len(seeds))[:, None]
    weights = _first_weights([1] + [width] * layers + [2], len(cells), seeds)
    optimiser = torch.optim.Adam(weights, lr=rate)
    source = torch.Generator().manual_seed(1000 + seeds[0])
    middles = (torch.arange(64) + 0.5) / 64
    grid = torch.cartesian_prod(middles, middles).T

    def error_of_each(x, y):  # (networks, count) each -> (networks,)
        value = 2 * code(x, y, Z)[..., None] - 1
        for k in range(0, len(weights), 2):
            value = torch.baddbmm(weights[k + 1], torch.relu(value) if k else value, weights[k])
        return ((value - torch.stack([x, y], dim=-1)) ** 2).mean((1, 2))

    errors = []
    for step in range(1, steps[-1] + 1):
        loss = error_of_each(*torch.rand(2, len(Z), 64, generator=source)).sum()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        if step in steps:
            with torch.no_grad():
                errors.append(error_of_each(*grid[:, None].expand(2, len(Z), -1)).reshape(len(cells), len(seeds)))
    return torch.stack(errors).numpy()


def _first_weights(sizes, copies: int, seeds) -> list:
    """PyTorch's own first weights and biases of linear layers for each seed, the same for every Z."""
    import torch

    networks = []
    for seed in seeds:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            layers = [torch.nn.Linear(a, b) for a, b in zip(sizes[:-1], sizes[1:], strict=True)]
        networks.append([part for layer in layers for part in (layer.weight.T, layer.bias[None])])
    return [torch.stack(parts).detach().repeat(copies, 1, 1).requires_grad_()
            for parts in zip(*networks, strict=True)]


def _cells(Z) -> int:
    if isinstance(Z, (bool, str)) or not np.isscalar(Z) or not np.isfinite(Z) or Z != int(Z) or Z < 1:
        raise CourseError(f"The number of cells Z must be a whole number from 1 upwards, and it is {Z!r}.")
    return int(Z)


def _inside(values, name: str) -> np.ndarray:
    values = np.asarray(values, float)
    if not ((values >= 0) & (values < 1)).all():
        raise CourseError(f"{name} must lie in [0, 1): from 0 upwards and below 1.")
    return values


def _noise(noise: float) -> float:
    if not noise >= 0:
        raise CourseError("Noise is a standard deviation: zero or more.")
    return noise
