"""Two numbers in one: the packing code, plain and folded, and networks that learn to read a code.

Introduced in notebook 03, whose cells have the plain code too; the folded one is in its companion. The code is
the one in the appendix on compression of "Toy Models of Superposition" (Elhage et al. 2022).
"""
from __future__ import annotations

from .threads import one_thread


def pack(x, y, Z, folded: bool = False):
    """The code t = (floor(Zx) + y) / Z in [0, 1). ``x``, ``y`` in [0, 1): numbers, arrays or tensors of any one shape.

    ``folded``: y runs backwards in every second cell, so that the reading of y has no jump.
    """
    cell = Z * x // 1
    return (cell + (abs(cell % 2 - y) if folded else y)) / Z


def unpack(t, Z, folded: bool = False):
    """What the floor reader gets from ``t``: the middle of x's cell, and y."""
    cell = Z * t // 1
    rest = Z * t - cell
    return (cell + 0.5) / Z, abs(cell % 2 - rest) if folded else rest


@one_thread()
def read_error(Z, folded: bool = False, hidden=(64, 64), steps: int = 1000, seed: int = 0) -> float:
    """Error of a ReLU network that has learned to read x and y from 2t − 1, on 5,000 new pairs.

    The loop of notebook 03. ``hidden``: the number of ReLUs in each layer. The error is averaged over x and y, so
    that keeping y alone has 1/24.
    """
    import torch

    def loss(pairs):  # (count, 2)
        return ((read(2 * pack(pairs[:, :1], pairs[:, 1:], Z, folded) - 1) - pairs) ** 2).mean()

    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        parts = []
        for a, b in zip((1, *hidden), (*hidden, 2), strict=True):
            parts += [torch.nn.Linear(a, b), torch.nn.ReLU()]
        read = torch.nn.Sequential(*parts[:-1])
        optimiser = torch.optim.Adam(read.parameters(), lr=0.01 if len(hidden) == 1 else 0.005)
        for _ in range(steps):
            now = loss(torch.rand(64, 2))
            optimiser.zero_grad()
            now.backward()
            optimiser.step()
        return loss(torch.rand(5000, 2)).item()
