"""More directions than dimensions: interference, dimensionality, packings and rotations.

Introduced in notebook 05. Everywhere W has shape (..., n_hidden, n_features), as in ``course.toy``:
column i is the direction of feature i. Leading dimensions, such as one for many models, are kept.
"""
from __future__ import annotations

from collections.abc import Callable

import numpy as np

from . import CourseError, whole


def interference(W, normalised: bool = False) -> np.ndarray:
    """The dot products of different columns, (..., n, n): WᵀW with zeros on the diagonal.

    Entry (i, j) is what feature j, on with strength 1, adds to the reading of feature i.
    ``normalised``: the columns are scaled to length one first, and the entries are cosines.
    """
    W = unit_columns(W) if normalised else _columns(W)
    return np.swapaxes(W, -1, -2) @ W * (1 - np.eye(W.shape[-1]))


def largest_cosine(W) -> np.ndarray:
    """The largest |cosine| between two different columns, (...,); 0 if there is only one column."""
    return np.abs(interference(W, normalised=True)).max((-2, -1))


def unit_columns(W) -> np.ndarray:
    """W with every column scaled to length one; a column of zeros stays as it is."""
    W = _columns(W)
    lengths = np.linalg.norm(W, axis=-2, keepdims=True)
    return W / np.where(lengths == 0, 1, lengths)


def dimensionality(W) -> np.ndarray:
    """The share of a dimension that each feature has to itself, (..., n), each from 0 to 1.

    D_i = ‖W_i‖² / Σ_j (Ŵ_i·W_j)², the feature dimensionality of "Toy Models of Superposition"
    (Elhage et al. 2022, on the geometry of superposition). For a column of zeros the formula says 0/0,
    and D is 0: a feature without a direction has no part of any dimension. It is the capacity of a feature
    in "Polysemanticity and Capacity in Neural Networks" (Scherlis et al. 2022).
    """
    W = _columns(W)
    shared = ((np.swapaxes(unit_columns(W), -1, -2) @ W) ** 2).sum(-1)
    return (W ** 2).sum(-2) / np.where(shared == 0, 1, shared)


def capacity(W) -> np.ndarray:
    """The sum of the dimensionalities, (...,): at most the rank of W, and so at most n_hidden."""
    return dimensionality(W).sum(-1)


# Packings

def welch_bound(d: int, n: int) -> float:
    """No n unit vectors in d dimensions keep all |cosines| below this (Welch 1974); 0 where n <= d.

    The squared cosines of all pairs cannot add up to less than n²/d − n, and the largest is at
    least their mean. Few packings reach it: all of their pairs have the same |cosine|.
    """
    d, n = whole(d, "number of dimensions"), whole(n, "number of directions")
    return float(np.sqrt((n - d) / (d * (n - 1)))) if n > d else 0.0


def random_directions(d: int, n: int, seed: int = 0) -> np.ndarray:
    """n directions drawn evenly from all directions in d dimensions, (d, n), as unit columns."""
    d, n = whole(d, "number of dimensions"), whole(n, "number of directions")
    return unit_columns(np.random.default_rng(seed).normal(size=(d, n)))


def near_orthogonal(d: int, n: int, steps: int = 400, seed: int = 0) -> np.ndarray:
    """n directions in d dimensions with a small largest |cosine|, (d, n); where n <= d at right angles exactly.

    Gradient descent from random directions on the sum of |cosine|^power over all pairs, from power 4 to 200:
    with a growing power the closest pairs count more and more. For small d and n it finds the best packings
    known. 0.1 s for 200 directions in 20 dimensions.
    """
    d, n, steps = (whole(value, name) for value, name in (
        (d, "number of dimensions"), (n, "number of directions"), (steps, "number of steps")))
    if n <= d:
        return random_rotation(d, seed)[:, :n]
    W, smallest = random_directions(d, n, seed), np.inf
    mean, square = np.zeros_like(W), 0.0
    for step in range(steps):
        cosines = interference(W)
        size = np.abs(cosines)
        largest = size.max()
        if largest < smallest:
            smallest, best = largest, W
        power = 4 * 50 ** (step / steps)
        slope = W @ (np.sign(cosines) * (size / largest) ** (power - 1))
        slope -= (slope * W).sum(0) * W  # only what turns a column, not what stretches it
        mean = 0.9 * mean + 0.1 * slope
        square = 0.99 * square + 0.01 * (slope ** 2).sum(0).mean()
        W = unit_columns(W - 0.1 * (1 - step / steps) * mean / np.sqrt(square + 1e-30))
    return best


# Rotations

def random_rotation(d: int, seed: int = 0) -> np.ndarray:
    """A rotation drawn evenly from all rotations in d dimensions, (d, d): orthogonal, determinant 1."""
    Q, R = np.linalg.qr(np.random.default_rng(seed).normal(size=(whole(d, "number of dimensions"),) * 2))
    Q *= np.sign(np.diag(R))  # without this some rotations would come more often than others
    Q[:, 0] *= np.sign(np.linalg.det(Q))
    return Q


def rotation_path(d: int, seed: int = 0) -> Callable[[float], np.ndarray]:
    """A steady way to a random rotation: a function of t, the identity at 0, ``random_rotation(d, seed)`` at 1.

    A rotation turns planes at right angles to each other, each by an angle of its own; at t, by t times that angle.
    """
    values, planes = np.linalg.eig(random_rotation(d, seed))
    angles = np.angle(values)
    return lambda t: (planes * np.exp(1j * t * angles) @ np.linalg.inv(planes)).real


# Known arrangements

def icosahedron_axes() -> np.ndarray:
    """The six axes through the corners of an icosahedron, (3, 6): all |cosines| are 1/√5, the Welch bound."""
    golden = (1 + np.sqrt(5)) / 2
    return unit_columns(np.array([[0, 1, golden], [0, -1, golden], [1, golden, 0], [-1, golden, 0], [golden, 0, 1],
                                  [golden, 0, -1]]).T)


def _columns(W) -> np.ndarray:
    try:
        W = np.asarray(W, float)
    except (TypeError, ValueError):
        raise CourseError("W should be an array of numbers of shape (..., n_hidden, n_features).") from None
    if W.ndim < 2 or 0 in W.shape:
        raise CourseError("W should have shape (..., n_hidden, n_features), a column for each feature, "
                          f"and it has shape {W.shape}.")
    if not np.isfinite(W).all():
        raise CourseError("W contains values that are not finite (nan or inf).")
    return W
