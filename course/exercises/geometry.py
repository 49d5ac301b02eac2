"""The exercises of notebook 05."""
from __future__ import annotations

import numpy as np

from .. import geometry
from . import Exercise, Mistake, Wrong, call, number


def _setup() -> dict:
    return dict(np=np, geometry=geometry)


def _name(wrong, found, cases):
    """Say what the first of ``wrong`` (name -> function, sentence) says that gives all of ``found``."""
    for version, says in wrong:
        if np.allclose(found, [version(*case) for case in cases], rtol=1e-6, atol=1e-9):
            raise Wrong(says)


# Exercise 1

def _matrices():
    rng = np.random.default_rng(51)
    return [(rng.normal(size=shape) * rng.uniform(0.3, 3, shape[1]),) for shape in ((3, 7), (9, 5), (6, 14))]


def _cosines(W, axis=0):
    unit = W / np.linalg.norm(W, axis=axis, keepdims=True)
    return unit.T @ unit


def _off(G):
    return G - np.diag(np.diag(G))


def _above(G):
    return np.abs(G[np.triu_indices(len(G), 1)])


_WRONG_COSINES = (
    (lambda W: np.abs(_off(_cosines(W, axis=1))).max(),
     "The lengths are still those of the rows. A row is a neuron; the directions are the columns."),
    (lambda W: np.abs(_cosines(W)).max(),
     "This is 1 for every W: each direction has the cosine 1 with itself. Leave the diagonal out."),
    (lambda W: _off(_cosines(W)).max(),
     "Two directions that are nearly opposite interfere too: take the absolute values before the maximum."),
    (lambda W: np.abs(_off(W.T @ W)).max(),
     "These are dot products of columns as long as they are. Divide by the lengths first."),
    (lambda W: np.abs(_off(W.T @ W / np.linalg.norm(W) ** 2)).max(),
     "Here one length serves the whole matrix. Each column has a length of its own."),
    (lambda W: np.abs(_off(_cosines(W.T))).max(),
     "This compares the neurons with each other. One row and column of the result for each feature, please."),
    (lambda W: _above(_cosines(W)).mean(),
     "This is the mean over all pairs. The question was for the worst pair."),
    (lambda W: _above(_cosines(W)).min(),
     "This is the pair closest to a right angle, and the question was for the worst one."),
)


def _check_cosine(answer):
    cases = _matrices()
    found = [number(call(answer, *case), "The largest cosine") for case in cases]
    true = [float(geometry.largest_cosine(*case)) for case in cases]
    if np.allclose(found, true, rtol=0, atol=1e-6):
        return
    _name(_WRONG_COSINES, found, cases)
    raise Wrong(f"For a W of shape (3, 7) this gives {found[0]:.3g}, and the largest |cosine| is {true[0]:.3f}.")


largest_cosine = Exercise(
    variable="largest_cosine",
    stub="""
def largest_cosine(W):
    unit = W / np.linalg.norm(W, axis=1, keepdims=True)
    cosines = unit.T @ unit
    np.fill_diagonal(cosines, 0)
    return np.abs(cosines).max()
""",
    checker=_check_cosine,
    shows="The features are the columns of W, so the lengths run down axis 0. Along the wrong axis nothing stops "
          "and no shape complains; only a case with a known answer shows it.",
    hints=("Print `np.linalg.norm(unit, axis=0)` for three directions at 120 degrees. What should it be?",
           "W has one column for each feature. Which axis of the array runs down a column?"),
    solution_source="""
def largest_cosine(W):
    unit = W / np.linalg.norm(W, axis=0, keepdims=True)
    cosines = unit.T @ unit
    np.fill_diagonal(cosines, 0)
    return np.abs(cosines).max()
""",
    mistakes=(
        Mistake("""
def largest_cosine(W):
    unit = W / np.linalg.norm(W, axis=1)[:, None]
    cosines = unit.T @ unit
    np.fill_diagonal(cosines, 0)
    return np.abs(cosines).max()
""", "still those of the rows"),
        Mistake("""
def largest_cosine(W):
    unit = W / np.linalg.norm(W, axis=0, keepdims=True)
    return np.abs(unit.T @ unit).max()
""", "Leave the diagonal out"),
        Mistake("""
def largest_cosine(W):
    unit = W / np.linalg.norm(W, axis=0, keepdims=True)
    cosines = unit.T @ unit
    np.fill_diagonal(cosines, 0)
    return cosines.max()
""", "take the absolute values"),
        Mistake("""
def largest_cosine(W):
    cosines = W.T @ W
    np.fill_diagonal(cosines, 0)
    return np.abs(cosines).max()
""", "Divide by the lengths first"),
        Mistake("""
def largest_cosine(W):
    unit = W / np.linalg.norm(W)
    cosines = unit.T @ unit
    np.fill_diagonal(cosines, 0)
    return np.abs(cosines).max()
""", "one length serves the whole matrix"),
        Mistake("""
def largest_cosine(W):
    unit = W / np.linalg.norm(W, axis=1, keepdims=True)
    cosines = unit @ unit.T
    np.fill_diagonal(cosines, 0)
    return np.abs(cosines).max()
""", "compares the neurons with each other"),
    ),
    setup=_setup,
)


# Exercise 2

_BUDGETS = ((100, 0.25), (768, 0.1), (50, 0.3), (1000, 0.17), (10, 0.2), (4096, 0.07))
_WRONG_BUDGETS = (
    (lambda d, noise: np.ceil(noise ** 2 * d),
     "One too many: with so many on, the noise is already above the limit. Round down."),
    (lambda d, noise: round(noise ** 2 * d),
     "This rounds to the nearest whole number, and where it rounds up the noise is above the limit."),
    (lambda d, noise: noise ** 2 * d,
     "The right size, but features come whole: round down."),
    (lambda d, noise: np.floor(noise * d),
     "Here the noise is k/d. It grows with the root of k."),
    (lambda d, noise: np.floor(noise * np.sqrt(d)),
     "This solves for the root of k. Square it, before you round."),
    (lambda d, noise: np.floor(np.sqrt(noise * d)),
     "This takes a root where you need a square."),
    (lambda d, noise: np.floor(d / noise ** 2),
     "The more noise you allow, the fewer this lets in. Multiply where you divide."),
)


def _check_budget(answer):
    found = [number(call(answer, *case), "The number of features") for case in _BUDGETS]
    if found == [int(noise ** 2 * d) for d, noise in _BUDGETS]:
        return
    _name(_WRONG_BUDGETS, found, _BUDGETS)
    raise Wrong(f"In 100 dimensions, with noise up to 0.25, this gives {found[0]:g}. Put it into the formula: "
                f"is the root of k/d just below 0.25, and above it for one more?")


how_many_on = Exercise(
    variable="how_many_on",
    stub="""
def how_many_on(d, noise):
    return ...
""",
    checker=_check_budget,
    shows="The number that may be on grows with d, and it does not depend on how many features there are. "
          "Half the noise costs a factor of four.",
    hints=("The noise is the root of k/d. Solve for k.",
           "Features come whole, and the noise must not exceed the limit: round down, with `int` or `np.floor`."),
    solution_source="""
def how_many_on(d, noise):
    return int(noise ** 2 * d)
""",
    mistakes=(
        Mistake("def how_many_on(d, noise):\n    return int(noise * d)", "Here the noise is k/d"),
        Mistake("def how_many_on(d, noise):\n    return noise ** 2 * d", "features come whole"),
        Mistake("def how_many_on(d, noise):\n    return int(np.ceil(noise ** 2 * d))", "One too many"),
        Mistake("def how_many_on(d, noise):\n    return int(noise * np.sqrt(d))", "Square it, before you round"),
        Mistake("def how_many_on(d, noise):\n    return int(d / noise ** 2)", "Multiply where you divide"),
        Mistake("def how_many_on(d, noise):\n    return round(noise ** 2 * d)", "rounds to the nearest"),
    ),
    setup=_setup,
)


# Exercise 3

def _sets():
    rng = np.random.default_rng(53)
    below = np.array([[1.0, -0.5, -0.7], [0.0, 0.8, -0.6]])  # everything that is off reads below zero
    return [(below, [0])] + [(rng.normal(size=(d, n)), rng.choice(n, count, replace=False).tolist())
            for d, n, count in ((6, 20, 3), (4, 12, 2), (8, 30, 5), (5, 9, 2), (6, 25, 4), (7, 16, 3), (10, 40, 4))]


def _off_only(read, on, low=-np.inf):
    read = np.array(read, float)
    read[on] = low
    return read


def _lengths_one(W):
    return W / np.linalg.norm(W, axis=0)


_WRONG_ALARMS = (
    (lambda W, on: _off_only(W.T @ W[:, on].sum(1), on, 0.0).argmax(),
     "Where everything that is off reads below zero, a zero wins, and here that is a feature that is on. "
     "Set its reading to `-np.inf` instead."),
    (lambda W, on: _off_only(_lengths_one(W).T @ W[:, on].sum(1), on).argmax(),
     "Columns may have any length, and the reading is the dot product with the column as it is."),
    (lambda W, on: _off_only(_lengths_one(W).T @ _lengths_one(W)[:, on].sum(1), on).argmax(),
     "Use W as it is: its columns may have any length."),
    (lambda W, on: (W.T @ W[:, on].sum(1)).argmax(),
     "Some of these are features that are on. Take them out before you look for the largest."),
    (lambda W, on: _off_only(np.abs(W.T @ W[:, on].sum(1)), on).argmax(),
     "Some of these readings are far below zero. A false alarm is one that reads high: no absolute values here."),
    (lambda W, on: _off_only(W.T @ W[:, on].sum(1), on, np.inf).argmin(),
     "These are the lowest readings. A false alarm is the highest one."),
    (lambda W, on: _off_only(W.T @ W[:, on[0]], on).argmax(),
     "Only the first feature of the list was switched on here. Add up the columns of all that are on."),
    (lambda W, on: _off_only(np.abs(W.T @ W[:, on]).sum(1), on).argmax(),
     "Here the leaks are added up without their signs. In the vector they add with them."),
    (lambda W, on: _off_only(W.T @ W[:, on].sum(1), on).max(),
     "This is how high it reads. Give back its index: `argmax` instead of `max`."),
    (lambda W, on: np.delete(W.T @ W[:, on].sum(1), on).argmax(),
     "You cut the features that are on out of the list, and so all those behind them moved up. "
     "Keep the places, and set these readings to `-np.inf`."),
)


def _check_alarm(answer):
    cases = _sets()
    found = [number(call(answer, *case), "The index") for case in cases]
    true = [int(_off_only(W.T @ W[:, on].sum(1), on).argmax()) for W, on in cases]
    if found == true:
        return
    _name(_WRONG_ALARMS, found, cases)
    wrong = next(k for k in range(len(cases)) if found[k] != true[k])
    W, on = cases[wrong]
    raise Wrong(f"With a W of shape {W.shape} and {on} switched on, this answers {found[wrong]:g}, and the highest "
                f"reading of a feature that is off is that of feature {true[wrong]}.")


false_alarm = Exercise(
    variable="false_alarm",
    stub="""
def false_alarm(W, on):
    return ...
""",
    checker=_check_alarm,
    shows="Every set of features that are on has one that is faked most. Whether it is believed depends on the "
          "threshold, and on how few are on.",
    hints=("What is stored is `h = W[:, on].sum(axis=1)`; the readings of all features at once are `W.T @ h`.",
           "`readings[on] = -np.inf` takes the features that are on out of the contest.",
           "`readings.argmax()` is the index of the largest."),
    solution_source="""
def false_alarm(W, on):
    h = W[:, on].sum(axis=1)
    readings = W.T @ h
    readings[on] = -np.inf
    return readings.argmax()
""",
    mistakes=(
        Mistake("def false_alarm(W, on):\n    return (W.T @ W[:, on].sum(axis=1)).argmax()",
                "Take them out before you look"),
        Mistake("""
def false_alarm(W, on):
    readings = np.abs(W.T @ W[:, on].sum(axis=1))
    readings[on] = -np.inf
    return readings.argmax()
""", "no absolute values here"),
        Mistake("""
def false_alarm(W, on):
    readings = W.T @ W[:, on].sum(axis=1)
    readings[on] = np.inf
    return readings.argmin()
""", "the lowest readings"),
        Mistake("""
def false_alarm(W, on):
    readings = W.T @ W[:, on].sum(axis=1)
    readings[on] = -np.inf
    return readings.max()
""", "Give back its index"),
        Mistake("""
def false_alarm(W, on):
    readings = W.T @ W[:, on].sum(axis=1)
    readings[on] = 0
    return readings.argmax()
""", "a zero wins"),
        Mistake("""
def false_alarm(W, on):
    unit = W / np.linalg.norm(W, axis=0)
    readings = unit.T @ unit[:, on].sum(axis=1)
    readings[on] = -np.inf
    return readings.argmax()
""", "Use W as it is"),
        Mistake("""
def false_alarm(W, on):
    return np.delete(W.T @ W[:, on].sum(axis=1), on).argmax()
""", "Keep the places"),
        Mistake("""
def false_alarm(W, on):
    readings = W.T @ W[:, on[0]]
    readings[on] = -np.inf
    return readings.argmax()
""", "Only the first feature of the list"),
    ),
    setup=_setup,
)
