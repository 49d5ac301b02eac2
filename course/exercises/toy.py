"""The exercises of notebook 06."""
from __future__ import annotations

import numpy as np

from . import Exercise, Wrong, array, call, summing


def _correlation(one, other) -> float:
    """The correlation in units of its own standard deviation, for values that are independent: at most about 4."""
    if len(one) < 20 or one.std() == 0 or other.std() == 0:
        return 0.0
    return abs(np.corrcoef(one, other)[0, 1]) * np.sqrt(len(one))


def _faults(x, sparsity):
    """What may be wrong with samples (count, n) that are on with probability 1 − sparsity, each with a sentence."""
    (count, n), on, density = x.shape, x > 0, 1 - sparsity
    yield (x < 0).any() or (x > 1).any(), "Some values lie outside 0 to 1."
    yield ((on.all(axis=0) | ~on.any(axis=0)).all(),
           "Each feature is on in all samples or off in all of them: one mask serves the whole batch. How many random "
           "numbers does the mask need?")
    yield ((on == on[:, :1]).all(),
           "Within a sample all features are on together or off together. They should be independent.")
    share, slack = on.mean(axis=0), 5 * np.sqrt(sparsity * density / count)
    yield (abs(share - sparsity).max() < slack < abs(sparsity - density),
           f"At sparsity {sparsity} a feature is on in {share.mean():.0%} of the samples. Sparsity is the probability "
           "of being off.")
    yield (abs(share - density).max() > slack,
           f"At sparsity {sparsity} the features are on in {', '.join(f'{s:.0%}' for s in share)} of the samples, and "
           f"each should be in {density:.0%}.")
    yield ((x[on] == 1).mean() > 0.5,
           "The features that are on are all 1. Their strength should be drawn evenly from 0 to 1.")
    values = [x[on[:, k], k] for k in range(n)]
    yield (min(len(np.unique(one)) for one in values) < 15,
           "Strengths are repeated down a column. Each feature of each sample needs a random number of its own.")
    several = x[on.sum(axis=1) > 1]
    yield (len(np.unique(several, axis=0)) < 0.8 * len(several),
           "Whole samples come more than once. Each sample needs random numbers of its own.")
    yield (max(_correlation(np.arange(count), line) for line in [*x.T, *on.T]) > 6
           or max(_correlation(line[1:], line[:-1]) for line in x.T) > 6,
           "The samples stand in an order: what a feature does hangs together with the row. Draw each row anew.")
    pairs = [(i, j) for i in range(n) for j in range(i)]
    yield (max(_correlation(*x[on[:, i] & on[:, j]][:, [i, j]].T) for i, j in pairs) > 6,
           "The strengths of two features hang together: where both are on, one tells something about the other.")
    alike = [np.sort(one) for one in values]
    yield (any(np.array_equal(alike[i], alike[j]) for i, j in pairs),
           "The strengths of one column come again in another. Each feature needs random numbers of its own.")
    yield (max(abs((on[:, i] & on[:, j]).mean() - share[i] * share[j]) for i, j in pairs) > 3 / np.sqrt(count),
           "Some features are on together more often, or less often, than independent ones are.")
    # The largest distance to the even distribution (Kolmogorov–Smirnov)
    yield (max(abs(np.sort(one) - np.linspace(0, 1, len(one))).max() * np.sqrt(len(one)) for one in values) > 2.5,
           f"At sparsity {sparsity} the strengths of features that are on are not spread evenly from 0 to 1: their "
           f"mean is {x[on].mean():.2f}. Do mask and strength share their random numbers?")


def _check_draw(answer):
    for sparsity, count, n, seed in ((0.8, 4000, 5, 61), (0.3, 3000, 4, 62), (0.95, 8000, 6, 63)):
        batches = [array(call(answer, sparsity, count, n, np.random.default_rng(s)), (count, n), "The batch")
                   for s in (seed, seed, seed + 100)]
        for wrong, says in _faults(batches[0], sparsity):
            if wrong:
                raise Wrong(says)
        if (batches[0] == batches[2]).all():
            raise Wrong("Whatever `rng` is, this is always the same batch. Draw every number from `rng`.")
        if (batches[0] != batches[1]).any():
            raise Wrong("Called twice with an `rng` of the same seed, this gives two batches. Draw every number from "
                        "`rng`, so that others can repeat your run.")


draw = Exercise(
    stub="""
def draw(sparsity, count, n, rng):
    on = rng.random(n) < sparsity
    return on * rng.random((count, n))
""",
    solution_source="rng.random(n) < sparsity -> rng.random((count, n)) < 1 - sparsity",
    checker=_check_draw,
    shows="Each feature of each sample has a coin of its own, and it lands on *off* with probability sparsity. "
          "Both bugs have stood in published notebooks on superposition: one mask for a whole batch, and "
          "sparsity taken for the probability of being on.",
    hints=("Print `on` for n = 5. How many coins were tossed for a batch of 1000 samples?",
           "At sparsity 0.9, with which probability should a feature be on?",
           "Give the mask the shape of the batch, and compare it with 1 − sparsity."),
    setup=lambda: dict(np=np), difficulty="easy", minutes=5,
)

_SMALL = np.array([[1.0, 0.5, -0.5], [0.0, 2.0, 1.0]])  # in the cases: small enough to try by hand


def _random(m, n, seed):
    rng = np.random.default_rng(seed)
    return rng.normal(size=(m, n)).round(2) * rng.uniform(0.5, 1.5, n).round(1), rng.uniform(-0.5, 0.3, n).round(2)


leaks = Exercise(
    stub="def leaks(W, b):\n    return ...",
    solution_source="""
        table = np.maximum(W.T @ W + b[:, None], 0)
        np.fill_diagonal(table, 0)
        return table
        """,
    cases=lambda: [(_SMALL, np.array([-0.2, 0.1, -0.4])), *(_random(m, n, 64) for m, n in ((2, 5), (3, 7), (4, 4)))],
    mistakes={
        "np.fill_diagonal(table, 0) -> pass":
            "The diagonal holds what each feature reads of itself. That is no leak: it should be zero.",
        "b[:, None] -> b":
            "The bias went to the wrong side: entry i, j needs the bias of the feature that is read, i, and this has "
            "that of j.",
        "b[:, None] -> b\nnp.fill_diagonal(table, 0) -> pass":
            "The bias went to the wrong side, and the diagonal is not zero.",
        "np.maximum(W.T @ W + b[:, None], 0) -> W.T @ W + b[:, None]":
            "There are negative leaks here. The ReLU would have switched them off.",
        "+ b[:, None] -> + 0":
            "The bias is missing. It is often negative, and makes leaks smaller.",
        "b[:, None] -> (-b[:, None])":
            "The bias is subtracted. It is added, and often negative.",
        "W.T @ W -> (W / np.linalg.norm(W, axis=0)).T @ (W / np.linalg.norm(W, axis=0))":
            "These are cosines. The model takes dot products: the lengths of the directions count.",
        "W.T @ W + b[:, None], 0) -> W.T @ W, 0) + b[:, None]":
            "The bias comes after the ReLU here, and belongs before it.",
        "np.maximum(W.T @ W + b[:, None], 0) -> abs(W.T @ W + b[:, None])":
            "A negative reading became a positive one. ReLU gives zero for it.",
        "W.T @ W -> W @ W.T":
            "`W @ W.T` compares the dimensions with each other. The features are the columns: `W.T @ W`.",
        "np.maximum(W @ W.T, 0)":
            "`W @ W.T` compares the dimensions with each other, and the bias is missing. The features are the columns.",
        "W.T @ W -> W @ W":
            "`W @ W` does not fit. Column i with column j, for all i and j, is `W.T @ W`.",
    },
    shows="The whole table of false readings from two lines: WᵀW, shifted down by the bias, cut off by the ReLU. "
          "What is left is what one feature alone can fake. Two features together are another matter.",
    hints=("Feature j alone, fully on, is a column of the identity matrix. What does the model read then?",
           "`W.T @ W` has the dot product of features i and j at entry i, j. Every row i gets the bias of i: "
           "`b[:, None]`.",
           "Set the diagonal to zero with `np.fill_diagonal(table, 0)`, and give the table back."),
    setup=lambda: dict(np=np), difficulty="medium", minutes=6,
)

summary = summing(__name__, "06")
