"""The toy model of superposition: many features through few hidden dimensions, trained in well under a second.

Introduced in notebook 06; the model of "Toy Models of Superposition" (Elhage et al. 2022)::

    x' = relu(Wᵀ W x + b)          x_i = 0 with probability 1 − density, else uniform on [0, 1]

One convention for every loss here, the paper's: the squared errors of one sample, each times the
importance of its feature, **summed** over the features, and the mean of that over samples.
(Divide by the number of features to compare with code that averages over them.)

:func:`reference` is the plain loop of the notebook. :func:`train` finds what it finds, at least as
low, some hundred times faster (``tests/benchmarks/bench_toy.py``): gradients written by hand, all
models and seeds in the same matrix products, one random draw a feature that serves every model,
small batches, and a learning rate that rises, falls and ends at zero.
"""
from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch

from . import CourseError, whole

#: What may be said of two features 2k and 2k + 1: nothing; on at the same times; never on together.
PAIRS = ("independent", "correlated", "anticorrelated")
#: A feature whose direction is longer than this counts as represented.
REPRESENTED = 0.5
_CHUNK = 300_000  # numbers in one array of outputs: few enough to stay near the core, enough to be worth a call


@dataclass(frozen=True)
class Trained:
    """Toy models after training: the best seed of each instance by loss, and all of them."""

    W: np.ndarray  #: (instances, n_hidden, n_features): column i is the direction of feature i
    b: np.ndarray  #: (instances, n_features)
    loss: np.ndarray  #: (instances,), on a sample that neither training nor the choice of the seed has seen
    losses: np.ndarray  #: (instances, seeds), on the sample that chose the best seed
    all_W: np.ndarray  #: (instances, seeds, n_hidden, n_features)
    all_b: np.ndarray  #: (instances, seeds, n_features)
    density: np.ndarray  #: (instances, n_features)
    importance: np.ndarray  #: (instances, n_features)

    def reached(self, within: float = 0.02) -> np.ndarray:
        """How many seeds of each instance came to the best loss, give or take the share ``within``."""
        return (self.losses <= self.losses.min(1, keepdims=True) * (1 + within)).sum(1)


def represented(W) -> np.ndarray:
    """How many features have a direction longer than :data:`REPRESENTED`: W (..., n_hidden, n_features) to (...)."""
    return (np.linalg.norm(np.asarray(W, float), axis=-2) > REPRESENTED).sum(-1)


def summary(runs: Trained, setting: int = 0) -> str:
    """What came out of the runs of one setting, in two or three plain sentences for under a picture."""
    losses, counts = runs.losses[setting], represented(runs.all_W[setting])
    n_hidden, n = runs.W.shape[1:]
    best = counts[losses.argmin()]
    others = [f"{k} represented at {losses[counts == k].min():.4f}" for k in np.unique(counts) if k != best]
    without = without_superposition(runs.density[setting], runs.importance[setting], n_hidden)
    return (f"The best of {len(losses)} runs represents {best} of {n} features and has loss {losses.min():.4f}; "
            f"{runs.reached()[setting]} of the runs came within 2 % of it. "
            + (f"The best runs with another number: {', '.join(others)}. " if others else "")
            + f"Without superposition, with {min(n, n_hidden)} exact, the loss would be {without:.4f}.")


def without_superposition(density, importance, n_hidden: int) -> float:
    """The loss of keeping ``n_hidden`` features exactly, and reading the mean of each of the others.

    ``density`` and ``importance``: (n_features,). The others cost their variance, p/3 − p²/4, times
    their importance; kept are those that would cost most.
    """
    density, importance = np.broadcast_arrays(np.asarray(density, float), np.asarray(importance, float))
    costs = importance * (density / 3 - density ** 2 / 4)
    return float(np.sort(costs)[:max(0, costs.size - n_hidden)].sum())


def falling(total: float, fall: float, n: int) -> np.ndarray:
    """Densities of one instance that fall by a factor from feature to feature, (1, n): p_i = c · fall^i.

    Their sum is ``total``, the number of features that are on in a sample, on average.
    ``fall`` 1 gives equal ones. Raises :class:`CourseError` where one would lie above 1.
    """
    if not 0 < fall <= 1:
        raise CourseError(f"The fall must lie above 0 and be at most 1, and it is {fall!r}.")
    powers = float(fall) ** np.arange(whole(n, "number of features"))
    density = total * powers / powers.sum()
    if not 0 < density[0] <= 1:
        raise CourseError(f"Densities that fall by {fall:g} and add up to {total:g} would begin at {density[0]:.2f}; "
                          f"they must lie above 0 and be at most 1.")
    return density[None]


def train(n_features: int, n_hidden: int, density, importance=None, *, output: str = "relu", hidden: str = "linear",
          l1: float = 0.0, pairs: str = "independent", seeds: int = 8, steps: int = 600, batch: int = 128,
          rate: float = 0.06, seed: int = 0, progress: Callable | None = None) -> Trained:
    """Train one toy model for each density, ``seeds`` times each, and keep the best by loss.

    ``density``: a number, or one for each instance, or (instances, n_features).
    ``importance``: (n_features,) or (instances, n_features), 1 if not given.
    ``output`` "relu" or "linear"; ``hidden`` "linear" or "relu" (then h = relu(Wx), and ``l1`` times
    the sum of h is added to the loss of a sample). ``pairs``: one of :data:`PAIRS`.
    ``progress``: wraps the range of all steps, as ``lambda steps: widgets.progress(steps, "Training")``.
    All instances begin with the same weights and see the same draws. Sets torch to one thread,
    faster for models as small as these. Raises :class:`CourseError` for settings that make no sense.
    """
    n, m = whole(n_features, "number of features"), whole(n_hidden, "number of hidden dimensions")
    seeds, steps, batch = (whole(value, name) for value, name in (
        (seeds, "number of seeds"), (steps, "number of steps"), (batch, "batch size")))
    density, importance = _settings(n, density, importance, output, hidden, pairs)
    torch.set_num_threads(1)
    chunks = density.split(max(1, _CHUNK // (seeds * n * batch)))
    weights = importance.split(len(chunks[0]))
    ticks = iter((progress or iter)(range(len(chunks) * steps)))
    with torch.no_grad():
        found = [_descend(m, p, w, output, hidden, l1, pairs, seeds, steps, batch, rate, seed, ticks)
                 for p, w in zip(chunks, weights, strict=True)]
        next(ticks, None)
        W, b = (torch.cat(parts) for parts in zip(*found, strict=True))
        how = dict(output=output, hidden=hidden, l1=l1, pairs=pairs)
        losses = _losses(W, b, density, importance, 16_384, seed + 1, **how)
        best = losses.argmin(1)
        rows = torch.arange(len(best))
        loss = _losses(W[rows, best][:, None], b[rows, best][:, None], density, importance, 16_384, seed + 2, **how)
    best_W, best_b = W[rows, best], b[rows, best]
    return Trained(*(part.numpy() for part in (best_W, best_b, loss[:, 0], losses, W, b, density, importance)))


def reference(n_features: int, n_hidden: int, density, importance=None, *, steps: int = 10_000, batch: int = 1024,
              seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """The plain training of the paper: one seed for each density, autograd, AdamW at 1e-3. Gives back W and b."""
    density, importance = _settings(n_features, density, importance, "relu", "linear", "independent")
    torch.set_num_threads(1)
    torch.manual_seed(seed)
    W = torch.nn.Parameter(torch.stack([torch.nn.init.xavier_normal_(torch.empty(n_hidden, n_features))
                                        for _ in density]))
    b = torch.nn.Parameter(torch.zeros(len(density), 1, n_features))
    optimiser = torch.optim.AdamW([W, b], lr=1e-3)
    for _ in range(steps):
        x = torch.rand(len(density), batch, n_features)
        x = x * (torch.rand(x.shape) < density[:, None])
        out = torch.relu(x @ W.mT @ W + b)
        loss = (importance[:, None] * (out - x) ** 2).sum(-1).mean(-1).sum()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    return W.detach().numpy(), b.detach()[:, 0].numpy()


def sample(n_features: int, density, count: int, *, pairs: str = "independent", seed: int = 0) -> np.ndarray:
    """Features as the models meet them: (instances, count, n_features). Instances share their draws."""
    density, _ = _settings(n_features, density, None, "relu", "linear", pairs)
    u = torch.rand(n_features, count, generator=torch.Generator().manual_seed(seed))
    return _features(u, density, pairs).mT.numpy()


def evaluate(W, b, density, importance=None, *, output: str = "relu", hidden: str = "linear", l1: float = 0.0,
             pairs: str = "independent", samples: int = 65_536, seed: int = 12_345) -> np.ndarray:
    """Loss (instances,) of ``W`` (instances, n_hidden, n_features) and ``b`` (instances, n_features), fresh samples."""
    W, b = (torch.as_tensor(np.asarray(part), dtype=torch.float32) for part in (W, b))
    if W.ndim != 3 or b.shape != (W.shape[0], W.shape[2]):
        raise CourseError("W should have shape (instances, n_hidden, n_features) and b (instances, n_features); "
                          f"they have shapes {tuple(W.shape)} and {tuple(b.shape)}.")
    density, importance = _settings(W.shape[2], density, importance, output, hidden, pairs)
    density, importance = (part.expand(len(W), -1) for part in (density, importance))
    with torch.no_grad():
        return _losses(W[:, None], b[:, None], density, importance, samples, seed, output=output, hidden=hidden,
                       l1=l1, pairs=pairs)[:, 0].numpy()


def _settings(n, density, importance, output, hidden, pairs):
    """Density and importance as (instances, n_features), after a look at everything that can be wrong."""
    for value, known, name in ((output, ("relu", "linear"), "output"), (hidden, ("linear", "relu"), "hidden"),
                               (pairs, PAIRS, "pairs")):
        if value not in known:
            raise CourseError(f"{name} must be one of {', '.join(map(repr, known))}, and it is {value!r}.")
    made = []
    for value, name, shapes in ((density, "density", "one number, one for each instance"),
                                (1.0 if importance is None else importance, "importance", f"{n} numbers")):
        try:
            value = np.asarray(value, np.float32)
            if name == "density" and value.ndim == 1:
                value = value[:, None]
            value = np.broadcast_to(value, (value.shape[0] if value.ndim == 2 else 1, n))
        except (TypeError, ValueError):
            raise CourseError(f"The {name} must be {shapes}, or of shape (instances, {n}).") from None
        made.append(value)
    density, importance = made
    most = 0.5 if pairs == "anticorrelated" and n > 1 else 1.0
    if not ((density > 0) & (density <= most)).all():
        raise CourseError(f"A density must lie above 0 and be at most {most:g}"
                          + (": two features that are never on together share the time." if most < 1 else "."))
    if not (np.isfinite(importance) & (importance >= 0)).all():
        raise CourseError("An importance must be zero or more.")
    try:
        shape = np.broadcast_shapes(density.shape, importance.shape)
    except ValueError:
        raise CourseError(f"There are {len(density)} densities and {len(importance)} rows of importance.") from None
    return tuple(torch.from_numpy(np.broadcast_to(part, shape).copy()) for part in (density, importance))


def _features(u, density, pairs, x=None):
    """Features (instances, n, count) from one uniform draw each, ``u`` (n, count); in ``x`` if given.

    If u < p the feature is on, and then 1 − u/p is uniform on [0, 1]: mask and value in one draw.
    """
    p = density[:, :, None]
    x = torch.div(u, p, out=x).neg_().add_(1).clamp_(min=0)
    first, second = slice(0, len(u) - len(u) % 2, 2), slice(1, None, 2)
    if pairs == "correlated":  # the draw of the first says when both are on
        x[:, second] = (u[first] < p[:, second]) * u[second]
    if pairs == "anticorrelated":  # the first takes the draws up to p, the second those after it
        x[:, second] = ((1 - (u[first] - p[:, first]) / p[:, second]) * (u[first] >= p[:, first])).clamp_(min=0)
    return x


class _Room:
    """Arrays that every step fills anew. Asking for fresh ones takes longer than the arithmetic."""

    def __init__(self, instances, seeds, m, n, batch):
        self.x = torch.empty(instances, n, batch)
        self.h = torch.ones(instances * seeds, m + 1, batch)  # a row of ones for b
        self.out, self.error = torch.empty(2, instances * seeds, n, batch)


def _outputs(P, x, room, output, hidden):
    """Fill ``room`` with hidden values, outputs x' and errors x' − x; ``P`` (models, m + 1, n) is W, b its last row.

    ``x`` (instances, n, batch) serves all seeds of an instance.
    """
    (count, n, batch), m = x.shape, P.shape[1] - 1
    h = torch.bmm(P[:, :m].reshape(count, -1, n), x).view(len(P), m, batch)
    room.h[:, :m] = h.relu_() if hidden == "relu" else h
    torch.bmm(P.mT, room.h, out=room.out)
    if output == "relu":
        room.out.relu_()
    torch.sub(room.out.view(count, -1, n, batch), x[:, None], out=room.error.view(count, -1, n, batch))


def _gradient(P, x, room, importance, output, hidden, l1):
    """Gradient of the mean loss with respect to ``P``, for the values in ``room``; ``importance`` (models, 1, n)."""
    (count, n, batch), (models, rows, _) = x.shape, P.shape
    m, scale, error = rows - 1, importance * (2 / batch), room.error
    if output == "relu":  # no slope where the output is off
        torch.ops.aten.threshold_backward.grad_input(error, room.out, 0, grad_input=error)
    back = torch.bmm(P[:, :m] * scale, error)  # what reaches h: W is used twice, to write and to read
    if hidden == "relu":
        back = torch.where(room.h[:, :m] > 0, back + l1 / batch, 0)
    slope = torch.bmm(room.h, error.mT) * scale
    slope[:, :m] += torch.bmm(back.view(count, -1, batch), x.mT).view(models, m, n)
    return slope


def _descend(m, density, importance, output, hidden, l1, pairs, seeds, steps, batch, rate, seed, ticks):
    """Adam on all seeds of some instances. Gives back W (instances, seeds, m, n) and b (instances, seeds, n)."""
    (count, n), random = density.shape, torch.Generator().manual_seed(seed)
    first = torch.randn(seeds, m + 1, n, generator=random) * math.sqrt(2 / (n + m))  # Xavier, as in the paper
    first[:, m] = 0
    P, room = first.repeat(count, 1, 1), _Room(count, seeds, m, n, batch)
    importance = importance.repeat_interleave(seeds, 0)[:, None]
    mean, square = torch.zeros_like(P), torch.zeros_like(P)
    points = torch.quasirandom.SobolEngine(n, scramble=True, seed=seed)
    for step in range(1, steps + 1):
        next(ticks, None)
        x = _features(points.draw(batch).T.contiguous(), density, pairs, room.x)
        _outputs(P, x, room, output, hidden)
        slope = _gradient(P, x, room, importance, output, hidden, l1)
        mean.lerp_(slope, 0.1)
        square.lerp_(slope.square_(), 0.01)
        now = rate * min(1, step / (0.2 * steps)) * 0.5 * (1 + math.cos(math.pi * (step - 1) / steps))
        now *= math.sqrt(1 - 0.99 ** step) / (1 - 0.9 ** step)
        P.addcdiv_(mean, square.sqrt().add_(1e-8), value=-now)
    P = P.view(count, seeds, m + 1, n)
    return P[:, :, :m], P[:, :, m]


def _losses(W, b, density, importance, samples, seed, *, output, hidden, l1, pairs):
    """Loss (instances, seeds) on fresh samples that all share; W (instances, seeds, m, n), b (instances, seeds, n)."""
    count, seeds, m, n = W.shape
    P = torch.cat([W, b[:, :, None]], 2).view(-1, m + 1, n)
    block = 2 ** int(np.clip(math.log2(_CHUNK / (len(P) * n)), 6, 12))  # a power of two keeps Sobol points even
    rounds = -(-samples // block)
    points, room = torch.quasirandom.SobolEngine(n, scramble=True, seed=seed), _Room(count, seeds, m, n, block)
    weights, total = importance.repeat_interleave(seeds, 0), torch.zeros(len(P), dtype=torch.float64)
    for _ in range(rounds):
        x = _features(points.draw(block).T.contiguous(), density, pairs, room.x)
        _outputs(P, x, room, output, hidden)
        total += (room.error.square_().sum(2) * weights).sum(1)
        if hidden == "relu" and l1:
            total += l1 * room.h[:, :m].sum((1, 2))
    return (total / (rounds * block)).float().view(count, seeds)
