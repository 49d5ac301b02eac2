"""The fast kernels of ``course.toy``: the losses of ``toy.loss_of`` and their gradients, all models at once.

Introduced in notebook 06. Fast are: gradients written by hand, all settings and runs in the same matrix products,
one random draw a feature that serves every model, small batches, and a learning rate that rises, falls
and ends at zero. ``tests/test_toy.py`` holds the gradients against autograd, the losses against the plain ones.

Everywhere ``weights`` (model, dimension + 1, feature) are W and, as the last row, b; the runs of one
setting follow each other. Samples lie in the last place, so that a matrix product reads them in order.
"""
from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch

CHUNK = 300_000  # numbers in one array of outputs: few enough to stay near the core, enough to be worth a call


@dataclass(frozen=True)
class Schedule:
    """How to train: runs for each setting, steps, samples a step, the highest learning rate, and a seed."""

    seeds: int
    steps: int
    batch: int
    rate: float
    seed: int


def features(draws, density, pairs: str, out=None):
    """Features (setting, feature, sample) from one uniform draw each, ``draws`` (feature, sample); in ``out`` if given.

    If a draw u is below the density p the feature is on, and then 1 − u/p is uniform on [0, 1]: mask and
    value in one draw.
    """
    density = density[:, :, None]
    x = torch.div(draws, density, out=out).neg_().add_(1).clamp_(min=0)
    first, second = slice(0, len(draws) - len(draws) % 2, 2), slice(1, None, 2)
    if pairs == "correlated":  # the draw of the first says when both are on
        x[:, second] = (draws[first] < density[:, second]) * draws[second]
    if pairs == "anticorrelated":  # the first takes the draws up to its density, the second those after it
        rest = draws[first] - density[:, first]
        x[:, second] = ((1 - rest / density[:, second]) * (rest >= 0)).clamp_(min=0)
    return x


class Pass:
    """Forward and backward through all models. Its arrays are filled anew in every step.

    To ask for fresh ones takes longer than the arithmetic.
    """

    def __init__(self, problem, seeds: int, dimensions: int, batch: int):
        settings, n = problem.density.shape
        self.problem, self.dimensions, self.batch = problem, dimensions, batch
        self.importance = problem.importance.repeat_interleave(seeds, 0)[:, None]
        self.x = torch.empty(settings, n, batch)
        self.h = torch.ones(settings * seeds, dimensions + 1, batch)  # a row of ones for b
        self.output, self.error = torch.empty(2, settings * seeds, n, batch)

    def forward(self, weights, points) -> None:
        """Draw samples x from the ``points``, and fill h, the outputs x' and the errors x' − x."""
        x = features(points.draw(self.batch).T.contiguous(), self.problem.density, self.problem.pairs, self.x)
        settings, n, batch = x.shape
        h = torch.bmm(weights[:, :-1].reshape(settings, -1, n), x).view(len(weights), -1, batch)
        self.h[:, :-1] = h.relu_() if self.problem.hidden == "relu" else h
        torch.bmm(weights.mT, self.h, out=self.output)
        if self.problem.output == "relu":
            self.output.relu_()
        torch.sub(self.output.view(settings, -1, n, batch), x[:, None], out=self.error.view(settings, -1, n, batch))

    def loss(self):
        """The loss of each model (model,), summed over the samples of the last forward pass."""
        total = (self.error.square_().sum(2) * self.importance[:, 0]).sum(1)
        return total + self.problem.l1 * self.h[:, :-1].sum((1, 2)) if self.problem.hidden == "relu" else total

    def gradient(self, weights):
        """The gradient of the mean loss of the last forward pass, in the shape of ``weights``."""
        scale, error = self.importance * (2 / self.batch), self.error
        if self.problem.output == "relu":  # no slope where the output is off
            torch.ops.aten.threshold_backward.grad_input(error, self.output, 0, grad_input=error)
        back = torch.bmm(weights[:, :-1] * scale, error)  # what reaches h: W is used twice, to write and to read
        if self.problem.hidden == "relu":
            back = torch.where(self.h[:, :-1] > 0, back + self.problem.l1 / self.batch, 0)
        slope = torch.bmm(self.h, error.mT) * scale
        written = torch.bmm(back.view(len(self.x), -1, self.batch), self.x.mT)
        slope[:, :-1] += written.view(len(weights), self.dimensions, -1)
        return slope


@torch.no_grad()
def descend(problem, n_hidden: int, schedule: Schedule, ticks: Iterator) -> torch.Tensor:
    """Adam on all runs of some settings: weights (setting, run, dimension + 1, feature). Asks ``ticks`` every step."""
    settings, n = problem.density.shape
    weights = _first(schedule, n_hidden, n).repeat(settings, 1, 1)
    work = Pass(problem, schedule.seeds, n_hidden, schedule.batch)
    points = torch.quasirandom.SobolEngine(n, scramble=True, seed=schedule.seed)
    mean, square = torch.zeros_like(weights), torch.zeros_like(weights)
    for step in range(1, schedule.steps + 1):
        next(ticks, None)
        work.forward(weights, points)
        slope = work.gradient(weights)
        mean.lerp_(slope, 0.1)
        square.lerp_(slope.square_(), 0.01)
        unbiased = math.sqrt(1 - 0.99 ** step) / (1 - 0.9 ** step)
        weights.addcdiv_(mean, square.sqrt().add_(1e-8), value=-_rate(step, schedule) * unbiased)
    return weights.view(settings, schedule.seeds, n_hidden + 1, n)


def _first(schedule, n_hidden, n):
    """Xavier's first weights, as in the paper, with b = 0: (run, dimension + 1, feature)."""
    random = torch.Generator().manual_seed(schedule.seed)
    weights = torch.randn(schedule.seeds, n_hidden + 1, n, generator=random) * math.sqrt(2 / (n + n_hidden))
    weights[:, -1] = 0
    return weights


def _rate(step, schedule):
    """The learning rate rises in the first fifth of the steps, and falls along a cosine to zero."""
    return (schedule.rate * min(1, step / (0.2 * schedule.steps))
            * 0.5 * (1 + math.cos(math.pi * (step - 1) / schedule.steps)))


@torch.no_grad()
def losses(weights, problem, samples: int, seed: int) -> torch.Tensor:
    """Loss (setting, run) of ``weights`` (setting, run, dimension + 1, feature), on the same fresh samples."""
    settings, seeds, rows, n = weights.shape
    weights = weights.reshape(-1, rows, n)
    batch = 2 ** int(np.clip(math.log2(CHUNK / (len(weights) * n)), 6, 12))  # a power of two keeps Sobol points even
    rounds = -(-samples // batch)
    points, work = torch.quasirandom.SobolEngine(n, scramble=True, seed=seed), Pass(problem, seeds, rows - 1, batch)
    total = torch.zeros(len(weights), dtype=torch.float64)
    for _ in range(rounds):
        work.forward(weights, points)
        total += work.loss()
    return (total / (rounds * batch)).float().view(settings, seeds)
