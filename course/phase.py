"""Two features in one dimension, exactly: what the toy model of ``course.toy`` can lose at least.

Introduced for the phase diagram of notebook 06's companion; "Toy Models of Superposition" (Elhage et al.
2022), the section on superposition as a phase change. Losses as in ``course.toy``: summed over the two
features, the first of importance 1, the second of relative importance r, each on with density p.
"""
from __future__ import annotations

import numpy as np
import torch

from . import CourseError
from .threads import one_thread

_NODES, _SHARES = (torch.from_numpy(part) for part in np.polynomial.legendre.leggauss(24))
_NODES, _SHARES = (_NODES + 1) / 2, _SHARES / 2  # Gauss's rule on [0, 1]

#: Where the search for an optimum begins: (w₁, w₂, b₁, b₂).
STARTS = {"first only": (1, 0, 0, 0.3), "second only": (0, 1, 0.3, 0), "antipodal": (1, -1, 0, 0),
          "uneven": (0.9, -0.5, 0.2, 0.5), "uneven, exchanged": (-0.5, 0.9, 0.5, 0.2),
          "both alike": (0.7, 0.7, 0.1, 0.1)}


def idealised_boundary(r) -> np.ndarray:
    """The density below which the antipodal solution is the best of three that are written down by hand.

    Ignore a feature: the other gets the dimension, and the mean p/2 is read for the ignored one, which loses
    its importance times p/3 − p²/4. Antipodal: the two at +1 and −1 with no bias, so that the output is right
    unless both are on; this loses (1 + r) p²/6. On the boundary the least of the first two is equal to the third.
    """
    r = np.asarray(_checked(1, r)[1])
    return np.where(r <= 1, 4 * r / (2 + 5 * r), 4 / (5 + 2 * r))


def loss(parameters, p, r) -> np.ndarray:
    """Expected loss of ``parameters`` (..., 4): w₁, w₂, b₁, b₂. Exact but for one integral by Gauss's rule."""
    return _loss(torch.as_tensor(parameters, dtype=torch.float64), *_checked(p, r)).numpy()


@one_thread()
def optimum(p, r, start="antipodal", steps: int = 500) -> tuple[np.ndarray, np.ndarray]:
    """The lowest loss that descent from ``start`` finds, and its parameters (..., 4).

    ``start``: a name in :data:`STARTS`, or numbers (..., 4). The loss has several minima: the best is the
    least over several starts. Adam, for all p and r at once.
    """
    p, r = torch.broadcast_tensors(*_checked(p, r))
    first = torch.tensor(STARTS.get(start, start) if isinstance(start, str) else start, dtype=torch.float64)
    now = first.expand(*p.shape, 4).clone().requires_grad_()
    best, kept = torch.full(p.shape, np.inf, dtype=torch.float64), now.detach().clone()
    adam = torch.optim.Adam([now], lr=0.03, betas=(0.9, 0.99))
    rate = torch.optim.lr_scheduler.CosineAnnealingLR(adam, steps)
    for _ in range(steps):
        value = _loss(now, p, r)
        better = value.detach() < best
        best, kept = torch.where(better, value.detach(), best), torch.where(better[..., None], now.detach(), kept)
        adam.zero_grad()
        (value / p).sum().backward()  # every loss shrinks with the density
        adam.step()
        rate.step()
    return best.numpy(), kept.numpy()


def _checked(p, r):
    p, r = (torch.as_tensor(part, dtype=torch.float64) for part in (p, r))
    if not ((p > 0) & (p <= 1)).all():
        raise CourseError("A density must lie above 0 and be at most 1.")
    if not (torch.isfinite(r) & (r >= 0)).all():
        raise CourseError("A relative importance must be zero or more.")
    return p, r


def _loss(parameters, p, r):
    w1, w2, b1, b2 = parameters.unbind(-1)
    return _one_output(w1 ** 2, w1 * w2, b1, p) + r * _one_output(w2 ** 2, w1 * w2, b2, p)


def _one_output(own, other, b, p):
    """E (relu(own·x + other·y + b) − x)², where x and y are each on with density p."""
    leak = other[..., None] * _NODES + b[..., None]  # what is read before x adds its part, y on
    one_on = _squared(own, b) + leak.relu() ** 2 @ _SHARES
    both_on = _squared(own[..., None], leak) @ _SHARES
    return p * (1 - p) * one_on + p ** 2 * both_on + (1 - p) ** 2 * b.relu() ** 2


def _squared(own, b):
    """∫ (relu(own·x + b) − x)² over x in [0, 1]; own is not negative."""
    t = (-b / own).nan_to_num(0).clamp(0, 1).detach()  # the relu gives 0 up to here; both sides are equal there
    c = own - 1
    return t ** 3 / 3 + c ** 2 * (1 - t ** 3) / 3 + c * b * (1 - t ** 2) + b ** 2 * (1 - t)
