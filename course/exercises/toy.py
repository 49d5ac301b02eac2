"""The exercises of notebook 06."""
from __future__ import annotations

import numpy as np

from . import Exercise, Mistake, Wrong, array, call


def _setup() -> dict:
    return dict(np=np)


def _same(one, other) -> bool:
    return bool(np.allclose(one, other, rtol=0, atol=1e-6))


def _look_at(x, sparsity):
    """Say what is wrong with samples (count, n) that should be on with probability 1 − sparsity."""
    (count, n), on, density = x.shape, x > 0, 1 - sparsity
    slack = 5 * np.sqrt(0.25 / (count * n))  # five standard deviations of a share, at most
    if (x < 0).any() or (x > 1).any():
        raise Wrong("Some values lie outside 0 to 1.")
    never_alone = [k for k in range(n) if on[:, k].all() or not on[:, k].any()]
    if len(never_alone) == n:
        raise Wrong("Each feature is on in all samples or off in all of them: one mask serves the whole batch. "
                    "How many random numbers does the mask need?")
    if (on == on[:, :1]).all():
        raise Wrong("Within a sample all features are on together or off together. They should be independent.")
    share = on.mean()
    if abs(share - sparsity) < slack < abs(share - density):
        raise Wrong(f"At sparsity {sparsity} a feature is on in {share:.0%} of the samples. Sparsity is the "
                    "probability of being off.")
    if abs(on.mean(axis=0) - density).max() > slack * np.sqrt(n):
        raise Wrong(f"At sparsity {sparsity} features are on in {on.mean(axis=0).round(2).tolist()} of the samples, "
                    f"and each should be in {density:.0%}.")
    values = x[on]
    if (values == 1).mean() > 0.5:
        raise Wrong("The features that are on are all 1. Their strength should be drawn evenly from 0 to 1.")
    if len(np.unique(values)) < 0.9 * len(values):
        raise Wrong("Strengths are repeated. Each feature of each sample needs a random number of its own.")
    if abs(np.sort(values) - np.linspace(0, 1, len(values))).max() > 2.5 / np.sqrt(len(values)):
        raise Wrong(f"At sparsity {sparsity} the strengths of features that are on are not spread evenly from 0 to 1: "
                    f"their mean is {values.mean():.2f}. Do mask and strength share their random numbers?")
    pairs = on.T.astype(float) @ on / count
    apart = pairs[np.triu_indices(n, 1)]
    if abs(apart - density ** 2).max() > 6 * np.sqrt(0.25 / count):
        raise Wrong("Some features are on together more often, or less often, than independent ones are.")


def _check_draw(answer):
    for sparsity, count, n, seed in ((0.8, 4000, 5, 61), (0.3, 3000, 4, 62), (0.95, 6000, 6, 63)):
        x = array(call(answer, sparsity, count, n, np.random.default_rng(seed)), (count, n), "The batch")
        _look_at(x, sparsity)


draw = Exercise(
    variable="draw",
    stub="""
def draw(sparsity, count, n, rng):
    on = rng.random(n) < sparsity
    return on * rng.random((count, n))
""",
    checker=_check_draw,
    shows="Each feature of each sample has a coin of its own, and it lands on *off* with probability sparsity. "
          "Both bugs have stood in published notebooks on superposition: one mask for a whole batch, and "
          "sparsity defined upside down.",
    hints=("Print `on` for n = 5. How many coins were tossed for a batch of 1000 samples?",
           "At sparsity 0.9, with which probability should a feature be on?",
           "Give the mask the shape of the batch, and compare it with 1 − sparsity."),
    solution_source="""
def draw(sparsity, count, n, rng):
    on = rng.random((count, n)) < 1 - sparsity
    return on * rng.random((count, n))
""",
    mistakes=(
        Mistake("""
def draw(sparsity, count, n, rng):
    on = rng.random(n) < 1 - sparsity
    return on * rng.random((count, n))
""", "one mask serves the whole batch"),
        Mistake("""
def draw(sparsity, count, n, rng):
    on = rng.random((count, n)) < sparsity
    return on * rng.random((count, n))
""", "Sparsity is the probability of being off"),
        Mistake("""
def draw(sparsity, count, n, rng):
    on = rng.random((count, 1)) < 1 - sparsity
    return on * rng.random((count, n))
""", "on together or off together"),
        Mistake("""
def draw(sparsity, count, n, rng):
    x = rng.random((count, n))
    return (x < 1 - sparsity) * x
""", "Do mask and strength share their random numbers"),
        Mistake("""
def draw(sparsity, count, n, rng):
    on = rng.random((count, n)) < 1 - sparsity
    return on * 1.0
""", "Their strength should be drawn evenly"),
        Mistake("""
def draw(sparsity, count, n, rng):
    on = rng.random((count, n)) < 1 - sparsity
    return on * rng.random(n)
""", "Strengths are repeated"),
        Mistake("""
def draw(sparsity, count, n, rng):
    on = rng.random((count, n)) < 1 - sparsity
    return on * rng.normal(size=(count, n))
""", "outside 0 to 1"),
    ),
    setup=_setup,
)


def _check_leaks(answer):
    rng = np.random.default_rng(64)
    for m, n in ((2, 5), (3, 7), (2, 4)):
        W, b = rng.normal(size=(m, n)), rng.uniform(-0.5, 0.3, n)
        found = array(call(answer, W, b), (n, n), "The table of leaks")
        products = W.T @ W
        reads = np.maximum(products + b[:, None], 0)
        off = 1 - np.eye(n)
        if _same(found, reads * off):
            continue
        cosines = products / np.linalg.norm(W, axis=0) / np.linalg.norm(W, axis=0)[:, None]
        for wrong, says in (
            (reads, "The diagonal holds what each feature reads of itself. That is no leak: it should be zero."),
            (np.maximum(products + b, 0) * off, "The bias went to the wrong side: entry i, j needs the bias of the "
                                                "feature that is read, i, and this has that of j."),
            (np.maximum(products + b, 0), "The bias went to the wrong side, and the diagonal is not zero."),
            ((products + b[:, None]) * off, "There are negative leaks here. The ReLU would have switched them off."),
            (np.maximum(products, 0) * off, "The bias is missing. It is often negative, and makes leaks smaller."),
            (np.maximum(cosines + b[:, None], 0) * off, "These are cosines. The model takes dot products: the lengths "
                                                        "of the directions count."),
            (np.maximum(products, 0) * off + b[:, None] * off, "The bias comes after the ReLU here, and belongs "
                                                               "before it."),
            (abs(products + b[:, None]) * off, "A negative reading became a positive one. ReLU gives zero for it."),
        ):
            if _same(found, wrong):
                raise Wrong(says)
        i, j = np.argwhere(abs(found - reads * off) > 1e-6)[0]
        raise Wrong(f"With {n} features in {m} dimensions, entry {i}, {j} is {found[i, j]:.3f} and should be "
                    f"{(reads * off)[i, j]:.3f}.")


leaks = Exercise(
    variable="leaks",
    stub="""
def leaks(W, b):
    return ...
""",
    checker=_check_leaks,
    shows="The whole table of false readings from two lines: WᵀW, shifted down by the bias, cut off by the ReLU. "
          "What is left is what one feature alone can fake. Two features together are another matter.",
    hints=("Feature j alone, fully on, is a column of the identity matrix. What does the model read then?",
           "`W.T @ W` has the dot product of features i and j at entry i, j. Every row i gets the bias of i: "
           "`b[:, None]`.",
           "Set the diagonal to zero with `np.fill_diagonal(table, 0)`, and give the table back."),
    solution_source="""
def leaks(W, b):
    table = np.maximum(W.T @ W + b[:, None], 0)
    np.fill_diagonal(table, 0)
    return table
""",
    mistakes=(
        Mistake("""
def leaks(W, b):
    return np.maximum(W.T @ W + b[:, None], 0)
""", "That is no leak"),
        Mistake("""
def leaks(W, b):
    table = np.maximum(W.T @ W + b, 0)
    np.fill_diagonal(table, 0)
    return table
""", "needs the bias of the feature that is read"),
        Mistake("""
def leaks(W, b):
    table = W.T @ W + b[:, None]
    np.fill_diagonal(table, 0)
    return table
""", "There are negative leaks here"),
        Mistake("""
def leaks(W, b):
    table = np.maximum(W.T @ W, 0)
    np.fill_diagonal(table, 0)
    return table
""", "The bias is missing"),
        Mistake("""
def leaks(W, b):
    U = W / np.linalg.norm(W, axis=0)
    table = np.maximum(U.T @ U + b[:, None], 0)
    np.fill_diagonal(table, 0)
    return table
""", "These are cosines"),
        Mistake("""
def leaks(W, b):
    return np.maximum(W @ W.T, 0)
""", "should have shape (5, 5)"),
    ),
    setup=_setup,
)


def _check_dimensionality(answer):
    rng = np.random.default_rng(65)
    for m, n in ((2, 5), (4, 9), (3, 6)):
        W = rng.normal(size=(m, n)) * rng.uniform(0.4, 1.6, n)
        found = array(call(answer, W), (n,), "The dimensionalities")
        squares = (W ** 2).sum(axis=0)
        unit = W / np.sqrt(squares)
        shared = ((unit.T @ W) ** 2).sum(axis=1)
        true = squares / shared
        if _same(found, true):
            continue
        for wrong, says in (
            (squares / (shared - squares), "Feature i itself belongs into the sum as well, with j = i."),
            (np.sqrt(squares) / shared, "Above the line stands the length; the formula has its square."),
            (squares / ((W.T @ W) ** 2).sum(axis=1), "Below the line the direction of i should have length one. "
                                                     "Divide it by its length first."),
            (squares / ((unit.T @ unit) ** 2).sum(axis=1), "Only the direction of i is brought to length one. "
                                                           "The others keep their lengths."),
            (squares / ((unit.T @ W) ** 2).sum(axis=0), "Here weak features count as much as strong ones. Is the sum "
                                                        "taken along axis 1, and are the other directions as long "
                                                        "as they are?"),
            (squares / abs(unit.T @ W).sum(axis=1), "The dot products below the line are to be squared."),
            (squares / (unit.T @ W).sum(axis=1), "The dot products are added with their signs, and cancel. Square "
                                                 "them one by one."),
            (squares / (unit.T @ W).sum(axis=1) ** 2, "The sum is squared as a whole. Square each dot product, "
                                                      "then add."),
            (squares, "This is the squared length alone. Which share of its direction does the feature own?"),
        ):
            if _same(found, wrong):
                raise Wrong(says)
        raise Wrong(f"With {n} features in {m} dimensions the first one has {true[0]:.3f}, and this gives "
                    f"{found[0]:.3f}.")


dimensionality = Exercise(
    variable="dimensionality",
    stub="""
def dimensionality(W):
    return ...
""",
    checker=_check_dimensionality,
    shows="One number a feature: the share of a dimension it has to itself. A pentagon gives 2/5 to each, an "
          "antipodal pair 1/2, a feature that nobody disturbs 1.",
    hints=("A column of W is a direction. `np.linalg.norm(W, axis=0)` has all lengths.",
           "`unit = W / lengths`. Then `unit.T @ W` has the dot product of unit i with direction j at entry i, j.",
           "Square this table, add along axis 1, and divide the squared lengths by it."),
    solution_source="""
def dimensionality(W):
    lengths = np.linalg.norm(W, axis=0)
    products = (W / lengths).T @ W
    return lengths ** 2 / (products ** 2).sum(axis=1)
""",
    mistakes=(
        Mistake("""
def dimensionality(W):
    lengths = np.linalg.norm(W, axis=0)
    products = (W / lengths).T @ W
    np.fill_diagonal(products, 0)
    return lengths ** 2 / (products ** 2).sum(axis=1)
""", "with j = i"),
        Mistake("""
def dimensionality(W):
    lengths = np.linalg.norm(W, axis=0)
    products = (W / lengths).T @ W
    return lengths / (products ** 2).sum(axis=1)
""", "the formula has its square"),
        Mistake("""
def dimensionality(W):
    lengths = np.linalg.norm(W, axis=0)
    return lengths ** 2 / ((W.T @ W) ** 2).sum(axis=1)
""", "Divide it by its length first"),
        Mistake("""
def dimensionality(W):
    lengths = np.linalg.norm(W, axis=0)
    products = (W / lengths).T @ W
    return lengths ** 2 / (products ** 2).sum(axis=0)
""", "Is the sum taken along axis 1"),
        Mistake("""
def dimensionality(W):
    lengths = np.linalg.norm(W, axis=0)
    products = (W / lengths).T @ W
    return lengths ** 2 / products.sum(axis=1) ** 2
""", "squared as a whole"),
        Mistake("""
def dimensionality(W):
    return (W ** 2).sum(axis=0)
""", "squared length alone"),
    ),
    setup=_setup,
)
