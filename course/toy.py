"""The toy model of superposition: many features through few hidden dimensions, trained in well under a second.

Introduced in notebook 06; the model of "Toy Models of Superposition" (Elhage et al. 2022)::

    x' = relu(Wᵀ W x + b)          x_i = 0 with probability 1 − density, else uniform on [0, 1]

W has shape (setting, dimension, feature): column i is the direction of feature i. A setting is one
choice of densities and importances; all settings of a call are trained at once.

One convention for every loss here, the paper's: the squared errors of one sample, each times the
importance of its feature, **summed** over the features, and the mean of that over samples.
(Divide by the number of features to compare with code that averages over them.)

:func:`loss_of` and :func:`train_plain` say what is computed, in the plainest way. :func:`train` finds what
the plain training finds, at least as low, some hundred times faster: ``course/toy_fast.py`` says how.
"""
from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import torch

from . import CourseError, toy_fast, whole
from .geometry import dimensionality
from .threads import one_thread

#: What may be said of two features 2k and 2k + 1: nothing; on at the same times; never on together.
PAIRS = ("independent", "correlated", "anticorrelated")
#: A feature whose direction is longer than this counts as represented.
REPRESENTED = 0.5
#: A represented feature of at least this dimensionality has a dimension of its own.
OWN = 0.9


# The plain version

def loss_of(W, b, x, importance, output: str = "relu", hidden: str = "linear", l1: float = 0.0) -> torch.Tensor:
    """The loss (...) of ``W`` (..., dimension, feature) and ``b`` (..., feature) on ``x`` (..., sample, feature)."""
    h = x @ W.mT
    if hidden == "relu":
        h = torch.relu(h)
    read = h @ W + b[..., None, :]
    if output == "relu":
        read = torch.relu(read)
    errors = importance[..., None, :] * (read - x) ** 2
    return errors.sum(-1).mean(-1) + (l1 * h.sum(-1).mean(-1) if hidden == "relu" else 0)


@one_thread()
def train_plain(n_features: int, n_hidden: int, density, importance=None, *, steps: int = 10_000, batch: int = 1024,
                seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """The training of the paper, one run for each setting: autograd, AdamW at 1e-3. Gives back W and b."""
    problem = Problem.checked(n_features, density, importance)
    torch.manual_seed(seed)
    W = torch.stack([torch.nn.init.xavier_normal_(torch.empty(n_hidden, n_features)) for _ in problem.density])
    b = torch.zeros(len(W), n_features, requires_grad=True)
    optimiser = torch.optim.AdamW([W.requires_grad_(), b], lr=1e-3)
    for _ in range(steps):
        on = torch.rand(len(W), batch, n_features) < problem.density[:, None]
        loss = loss_of(W, b, on * torch.rand(on.shape), problem.importance).sum()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    return W.detach().numpy(), b.detach().numpy()


# The fast version

@dataclass(frozen=True)
class Trained:
    """Toy models after training: the best run of each setting by loss, and all of them."""

    W: np.ndarray  #: (setting, dimension, feature), of the best run
    b: np.ndarray  #: (setting, feature), of the best run
    loss: np.ndarray  #: (setting,), of the best run
    losses: np.ndarray  #: (setting, run), all on one sample that no training has seen
    all_W: np.ndarray  #: (setting, run, dimension, feature)
    all_b: np.ndarray  #: (setting, run, feature)
    density: np.ndarray  #: (setting, feature)
    importance: np.ndarray  #: (setting, feature)

    def reached(self, within: float = 0.02) -> np.ndarray:
        """How many runs of each setting came to the best loss, give or take the share ``within``."""
        return (self.losses <= self.losses.min(1, keepdims=True) * (1 + within)).sum(1)


@one_thread()
def train(n_features: int, n_hidden: int, density, importance=None, *, output: str = "relu", hidden: str = "linear",
          l1: float = 0.0, pairs: str = "independent", seeds: int = 8, steps: int = 600, batch: int = 128,
          rate: float = 0.06, seed: int = 0, progress: Callable | None = None) -> Trained:
    """Train one toy model for each setting, ``seeds`` times each, and keep the best by loss.

    ``density``: a number, or one for each setting, or (setting, feature); so densities that differ from
    feature to feature have two dimensions, also for one setting. ``importance``: (feature,) or
    (setting, feature), 1 if not given. ``output`` "relu" or "linear"; ``hidden`` "linear" or "relu"
    (then h = relu(Wx), and ``l1`` times the sum of h is added to the loss of a sample).
    ``pairs``: one of :data:`PAIRS`. ``progress``: wraps the range of all steps, as
    ``lambda steps: widgets.progress(steps, "Training")``. All settings begin with the same weights and
    see the same draws. Raises :class:`CourseError` for settings that make no sense.
    """
    problem = Problem.checked(n_features, density, importance, output, hidden, l1, pairs)
    n_hidden, seeds, steps, batch = (whole(value, name) for value, name in (
        (n_hidden, "number of hidden dimensions"), (seeds, "number of seeds"), (steps, "number of steps"),
        (batch, "batch size")))
    schedule = toy_fast.Schedule(seeds, steps, batch, rate, seed)
    at_once = max(1, toy_fast.CHUNK // (seeds * batch * problem.density.shape[1]))
    parts = [replace(problem, density=density, importance=importance) for density, importance in zip(
        problem.density.split(at_once), problem.importance.split(at_once), strict=True)]
    ticks = iter((progress or iter)(range(len(parts) * steps)))
    weights = torch.cat([toy_fast.descend(part, n_hidden, schedule, ticks) for part in parts])
    next(ticks, None)
    losses = toy_fast.losses(weights, problem, samples=16_384, seed=seed + 1).numpy()
    W, b = weights[:, :, :-1].numpy(), weights[:, :, -1].numpy()
    best = np.arange(len(W)), losses.argmin(1)
    return Trained(W[best], b[best], losses[best], losses, W, b, problem.density.numpy(), problem.importance.numpy())


def sample(n_features: int, density, count: int, *, pairs: str = "independent", seed: int = 0) -> np.ndarray:
    """Features as the models meet them: (setting, sample, feature). Settings share their draws."""
    problem = Problem.checked(n_features, density, pairs=pairs)
    draws = torch.rand(n_features, count, generator=torch.Generator().manual_seed(seed))
    return toy_fast.features(draws, problem.density, pairs).mT.numpy()


@one_thread()
def evaluate(W, b, density, importance=None, *, output: str = "relu", hidden: str = "linear", l1: float = 0.0,
             pairs: str = "independent", samples: int = 65_536, seed: int = 12_345) -> np.ndarray:
    """Loss (setting,) of ``W`` (setting, dimension, feature) and ``b`` (setting, feature) on fresh samples."""
    W, b = (torch.as_tensor(np.asarray(part), dtype=torch.float32) for part in (W, b))
    if W.ndim != 3 or b.shape != (W.shape[0], W.shape[2]):
        raise CourseError("W should have shape (settings, dimensions, features) and b (settings, features); "
                          f"they have shapes {tuple(W.shape)} and {tuple(b.shape)}.")
    problem = Problem.checked(W.shape[2], density, importance, output, hidden, l1, pairs)
    if len(problem.density) not in (1, len(W)):
        raise CourseError(f"There are {len(W)} models and {len(problem.density)} settings.")
    problem = replace(problem, density=problem.density.expand(len(W), -1),
                      importance=problem.importance.expand(len(W), -1))
    return toy_fast.losses(torch.cat([W, b[:, None]], 1)[:, None], problem, samples, seed)[:, 0].numpy()


@dataclass(frozen=True)
class Problem:
    """Everything the loss depends on but the weights."""

    density: torch.Tensor  #: (setting, feature)
    importance: torch.Tensor  #: (setting, feature)
    output: str = "relu"
    hidden: str = "linear"
    l1: float = 0.0
    pairs: str = "independent"

    @classmethod
    def checked(cls, n_features, density, importance=None, output="relu", hidden="linear", l1=0.0,
                pairs="independent") -> Problem:
        """The problem, or :class:`CourseError` with what is wrong with it."""
        n = whole(n_features, "number of features")
        for value, known, name in ((output, ("relu", "linear"), "output"), (hidden, ("linear", "relu"), "hidden"),
                                   (pairs, PAIRS, "pairs")):
            if value not in known:
                raise CourseError(f"{name} must be one of {', '.join(map(repr, known))}, and it is {value!r}.")
        density = _rows(density, n, "density", "one number, one for each setting", one_a_row=True)
        importance = _rows(1.0 if importance is None else importance, n, "importance", f"{n} numbers")
        most = 0.5 if pairs == "anticorrelated" and n > 1 else 1.0
        if not ((density > 0) & (density <= most)).all():
            raise CourseError(f"A density must lie above 0 and be at most {most:g}"
                              + (": two features that are never on together share the time." if most < 1 else "."))
        if not (np.isfinite(importance) & (importance >= 0)).all():
            raise CourseError("An importance must be zero or more.")
        try:
            both = np.broadcast_arrays(density, importance)
        except ValueError:
            raise CourseError(f"There are {len(density)} densities and {len(importance)} rows of importance."
                              ) from None
        return cls(*(torch.tensor(part) for part in both), output, hidden, l1, pairs)


def _rows(value, n, name, shapes, one_a_row=False):
    """``value`` as (setting, feature); ``one_a_row``: a plain list has one number for each setting."""
    try:
        value = np.asarray(value, np.float32)
        if one_a_row and value.ndim == 1:
            value = value[:, None]
        return np.broadcast_to(value, (len(value) if value.ndim == 2 else 1, n))
    except (TypeError, ValueError):
        raise CourseError(f"The {name} must be {shapes}, or of shape (settings, {n}).") from None


# What came out

def represented(W) -> np.ndarray:
    """How many features have a direction longer than :data:`REPRESENTED`: W (..., dimension, feature) to (...)."""
    return (np.linalg.norm(W, axis=-2) > REPRESENTED).sum(-1)


def kinds(W) -> np.ndarray:
    """What each feature of W (..., dimension, feature) has, (..., feature): "own", "shared" or "none".

    A dimension of its own (dimensionality at least :data:`OWN`), a share of one, or no direction
    longer than :data:`REPRESENTED`.
    """
    is_in = np.linalg.norm(W, axis=-2) > REPRESENTED
    return np.where(is_in, np.where(dimensionality(W) >= OWN, "own", "shared"), "none")


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

    ``density`` and ``importance``: (feature,). The others cost their variance, p/3 − p²/4, times
    their importance; kept are those that would cost most.
    """
    density, importance = np.broadcast_arrays(np.asarray(density, float), np.asarray(importance, float))
    costs = importance * (density / 3 - density ** 2 / 4)
    return float(np.sort(costs)[:max(0, costs.size - n_hidden)].sum())


def falling(total: float, fall: float, n: int) -> np.ndarray:
    """Densities of one setting that fall by a factor from feature to feature, (1, n): p_i = c · fall^i.

    Their sum is ``total``, the number of features that are on in a sample, on average. ``fall`` 1 gives
    equal ones, the control. Raises :class:`CourseError` where a density would lie above 1.
    """
    if not 0 < fall <= 1:
        raise CourseError(f"The fall must lie above 0 and be at most 1, and it is {fall!r}.")
    powers = float(fall) ** np.arange(whole(n, "number of features"))
    density = total * powers / powers.sum()
    if not 0 < density[0] <= 1 + 1e-9:
        raise CourseError(f"Densities that fall by the factor {fall:g} and add up to {total:g} would begin at "
                          f"{density[0]:.2f}; a density must lie above 0 and be at most 1.")
    return density.clip(max=1)[None]
