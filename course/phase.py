"""Two features in one dimension, exactly: what the toy model of ``course.toy`` can lose at least.

Introduced in notebook 06, for its phase diagram; "Toy Models of Superposition" (Elhage et al. 2022),
the section on superposition as a phase change. Losses as in ``course.toy``: summed over the two
features, the first of importance 1, the second of relative importance r, each on with density p.
"""
from __future__ import annotations

import numpy as np

from . import CourseError

_AT, _SHARE = np.polynomial.legendre.leggauss(24)
_AT, _SHARE = (_AT + 1) / 2, _SHARE / 2  # nodes and weights of Gauss's rule on [0, 1]

#: Where the search for an optimum begins: (w₁, w₂, b₁, b₂).
STARTS = {"first only": (1, 0, 0, 0.3), "second only": (0, 1, 0.3, 0), "antipodal": (1, -1, 0, 0),
          "uneven": (0.9, -0.5, 0.2, 0.5), "uneven, turned round": (-0.5, 0.9, 0.5, 0.2),
          "both alike": (0.7, 0.7, 0.1, 0.1)}


def idealised(p, r) -> dict[str, np.ndarray]:
    """Losses of three solutions written down by hand, hence upper bounds of the best loss.

    Ignore a feature: give the other the dimension, and answer with the mean p/2. Antipodal: the two
    at +1 and −1 with no bias, so that the output is right unless both are on.
    """
    p, r = _settings(p, r)
    ignored = p / 3 - p ** 2 / 4
    return {"ignore the first": ignored + 0 * r, "ignore the second": r * ignored,
            "antipodal": (1 + r) * p ** 2 / 6}


def idealised_boundary(r) -> np.ndarray:
    """The density below which the antipodal solution is the best of the three idealised ones."""
    r = _settings(1, r)[1]
    return np.where(r <= 1, 4 * r / (2 + 5 * r), 4 / (5 + 2 * r))


def loss(parameters, p, r) -> np.ndarray:
    """Expected loss of ``parameters`` (..., 4): w₁, w₂, b₁, b₂. Exact but for one integral by Gauss's rule."""
    p, r = _settings(p, r)
    return _loss_and_slope(np.asarray(parameters, float), p, r)[0]


def optimum(p, r, start: str | tuple = "antipodal", steps: int = 500) -> tuple[np.ndarray, np.ndarray]:
    """The lowest loss that descent from ``start`` finds, and its parameters (..., 4).

    ``start``: a name in :data:`STARTS` or four numbers. The loss has several minima: the best is the
    least over several starts. Gradient descent with Adam's steps, the same for all p and r at once.
    """
    p, r = np.broadcast_arrays(*_settings(p, r))
    now = np.array(np.broadcast_to(STARTS.get(start, start) if isinstance(start, str) else start, (*p.shape, 4)), float)
    mean, square = np.zeros_like(now), np.zeros_like(now)
    best, kept = np.full(p.shape, np.inf), now.copy()
    for step in range(1, steps + 1):
        value, slope = _loss_and_slope(now, p, r)
        better = value < best
        best, kept = np.where(better, value, best), np.where(better[..., None], now, kept)
        slope = slope / p[..., None]  # every loss shrinks with the density
        mean += 0.1 * (slope - mean)
        square += 0.01 * (slope ** 2 - square)
        rate = 0.03 * 0.5 * (1 + np.cos(np.pi * (step - 1) / steps))
        now = now - rate * mean / (1 - 0.9 ** step) / (np.sqrt(square / (1 - 0.99 ** step)) + 1e-9)
    return best, kept


def _settings(p, r):
    p, r = np.asarray(p, float), np.asarray(r, float)
    if not ((p > 0) & (p <= 1)).all():
        raise CourseError("A density must lie above 0 and be at most 1.")
    if not (np.isfinite(r) & (r >= 0)).all():
        raise CourseError("A relative importance must be zero or more.")
    return p, r


def _loss_and_slope(parameters, p, r):
    w1, w2, b1, b2 = np.moveaxis(parameters, -1, 0)
    first, on_own, on_other, at_b1 = _one_output(w1 ** 2, w1 * w2, b1, p)
    second, on_own2, on_other2, at_b2 = _one_output(w2 ** 2, w1 * w2, b2, p)
    slope = [2 * w1 * on_own + w2 * (on_other + r * on_other2), 2 * w2 * r * on_own2 + w1 * (on_other + r * on_other2),
             at_b1, r * at_b2]
    return first + r * second, np.stack(slope, axis=-1)


def _one_output(own, other, b, p):
    """E (relu(own·x + other·y + b) − x)² and its slopes in own, other and b. x and y are on with density p."""
    alone, together = p * (1 - p), p * p
    value, d_own, d_b = _read(own, b)
    each, d_own_each, d_b_each = _read(own[..., None], other[..., None] * _AT + b[..., None])
    leak = np.maximum(other[..., None] * _AT + b[..., None], 0)  # x is off, y is on
    off = np.maximum(b, 0)
    total = alone * (value + (leak ** 2 @ _SHARE)) + together * (each @ _SHARE) + (1 - p) ** 2 * off ** 2
    in_own = alone * d_own + together * (d_own_each @ _SHARE)
    in_other = alone * (2 * leak * _AT @ _SHARE) + together * (d_b_each * _AT @ _SHARE)
    in_b = alone * (d_b + (2 * leak @ _SHARE)) + together * (d_b_each @ _SHARE) + (1 - p) ** 2 * 2 * off
    return total, in_own, in_other, in_b


def _read(own, b):
    """∫ (relu(own·x + b) − x)² over x in [0, 1], with slopes in own and b; own is not negative."""
    with np.errstate(divide="ignore", invalid="ignore"):
        t = np.clip(np.where(b >= 0, 0, np.where(own > 0, -b / own, 1)), 0, 1)  # off up to here
    c, one, two, three = own - 1, 1 - t, (1 - t ** 2) / 2, (1 - t ** 3) / 3
    return (t ** 3 / 3 + c ** 2 * three + 2 * c * b * two + b ** 2 * one,
            2 * (c * three + b * two), 2 * (c * two + b * one))
