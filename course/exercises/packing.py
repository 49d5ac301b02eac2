"""The exercises of notebook 03."""
from __future__ import annotations

import functools

import numpy as np

from ..packing import pack, unpack
from . import Exercise, Wrong, call, number, summing
from .compare import shown


@functools.cache
def _pairs():
    """Pairs that are spread evenly; as there noise up and noise down do the same, pairs with a small y; y = 0.5; and
    pairs without noise and with a large error, which shows whether it is the right average."""
    x, y = np.random.default_rng(32).random((2, 20_000))
    return (x, y, 3, 0.1), (x, 0 * y + 0.1, 5, 0.02), (x, 0 * y + 0.5, 8, 0.02), (0.1 * x, y, 1, 0)


def _errors(function, seeds) -> np.ndarray:
    """What a function gives for each set of pairs, (4, seeds)."""
    return np.array([[number(call(function, *pairs, np.random.default_rng(seed)), "The error") for seed in seeds]
                     for pairs in _pairs()])


@functools.cache
def _errors_of(source: str) -> np.ndarray:
    return _errors(noisy_error.make(source), range(100, 124))


def _agree(found, expected) -> bool:
    """Whether errors (4, 6) may come from the same distribution as these, (4, 24); three decimals are enough."""
    mean, spread = expected.mean(axis=1), expected.std(axis=1)
    off = np.abs(found - mean[:, None]).max(axis=1) < 6 * spread + 0.0006
    return bool((off & (np.abs(found.mean(axis=1) - mean) < 1.8 * spread + 0.0006)).all())


def _check_noisy(answer):
    found, right = _errors(answer, range(6)), _errors_of(noisy_error.solution_source)
    fits = _agree(found, right)
    for source, says in noisy_error.mistakes.items() if not fits else ():
        if _agree(found, _errors_of(source)):
            raise Wrong(says)
    few = (*np.random.default_rng(33).random((2, 8)), 4, 0.1)  # so few that any other noise shows
    try:
        first, again, other = (number(call(answer, *few, np.random.default_rng(k)), "The error") for k in (1, 1, 2))
    except Wrong as wrong:
        raise Wrong(f"Tried with 8 pairs instead of 20 000. {wrong}") from wrong.__cause__
    if first != again:
        raise Wrong("Called twice with an `rng` of the same seed, this gives two errors. Draw the noise from `rng`, so "
                    "that others can repeat your run.")
    if first == other:
        raise Wrong("Whatever `rng` is, this is always the same error. Draw the noise from `rng`.")
    if fits:
        return
    if found[0].std() > 4 * right[0].std():
        raise Wrong("Run again with other random numbers, this gives quite another error, although it averages over "
                    "thousands of pairs. How many different noise numbers are in it?")
    k = np.argmax(np.abs(found.mean(axis=1) - right.mean(axis=1)))
    one, it, pairs = right[k].mean(), found[k].mean(), ("evenly spread y", "y = 0.1", "y = 0.5", "x < 0.1")[k]
    raise Wrong(f"For {pairs}, Z = {_pairs()[k][2]} and noise {_pairs()[k][3]} the error should be about "
                f"{shown(one, it)}, and this gives {shown(it, one)}.")


_EVEN = "This noise is spread evenly. Gaussian noise is `rng.normal`."
_DEVIATION = "`noise` is the standard deviation of the noise: multiply a standard normal number by it, as it is."
_AFTER = "the noise is added to what was read. It belongs on the code t, before `unpack`."
noisy_error = Exercise(
    stub="""
def noisy_error(x, y, Z, noise, rng):
    t = pack(x, y, Z) + noise * rng.normal()
    x_read, y_read = unpack(np.clip(t, 0, 1 - 1e-9), Z)
    return ((x_read - x) ** 2 + (y_read - y) ** 2).mean() / 2
""",
    solution_source="rng.normal() -> rng.normal(size=x.shape)",
    checker=_check_noisy,
    mistakes={
        "+ noise * rng.normal(size=x.shape) ->": "The noise has no effect at all: this is the error without noise.",
        "+ noise * rng.normal(size=x.shape) ->\nreturn ((x_read - x) ** 2 + (y_read - y) -> a, b = "
        " noise * rng.normal(size=(2, len(x))); return ((x_read + a - x) ** 2 + (y_read + b - y)": f"Here {_AFTER}",
        **dict.fromkeys([f"+ noise * rng.normal(size=x.shape) ->\n{read} -> {read} + noise * rng.normal(size=x.shape)"
                         for read in ("(x_read", "(y_read")], f"For one of the two {_AFTER}"),
        "pack(x, y, Z) + noise * rng.normal(size=x.shape) -> "
        "pack(np.clip(x + noise * rng.normal(size=x.shape), 0, 1 - 1e-9), y, Z)":
            "Here the noise is on x. It belongs on the code, after `pack`.",
        "size=x.shape -> len(x)":
            "Every code is pushed to the upper end here. The first number that `rng.normal` takes is the mean of the "
            "noise. How many numbers it draws is `size=`.",
        "noise * ->": "The standard deviation of this noise is 1. Where does `noise` come in?",
        "noise * -> noise ** 2 *": _DEVIATION, "noise * -> np.sqrt(noise) *": _DEVIATION,
        "noise * -> noise / Z *": _DEVIATION, "noise * -> noise * Z *": _DEVIATION,
        "rng.normal( -> rng.random(": _EVEN, "rng.normal( -> rng.uniform(-1, 1, ": _EVEN,
        "rng.normal(size=x.shape) -> abs(rng.normal(size=x.shape))":
            "This noise only pushes codes upwards. Half of it should push them down.",
        "/ 2 ->": "This is twice the error: the average over the two numbers is missing.",
        "np.clip(t, 0, 1 - 1e-9) -> t":
            "Codes that noise pushes out of [0, 1) are read as cells that do not exist. Keep the `clip`.",
        **dict.fromkeys((f"{one} ->{more}" for one in ("(x_read - x) ** 2 +", "+ (y_read - y) ** 2")
                         for more in ("", "\n/ 2 ->")), "The error of one of the two numbers is missing."),
        ".mean() -> .sum()": "This adds up the errors of all pairs. The error is their average.",
    },
    shows="Each code needs a noise number of its own. The bug drew one and gave it to the whole batch, so the "
          "average ran over pairs but not over noise. A published notebook on superposition once had a "
          "similar bug: one random mask shared by a whole batch.",
    hints=("Run it three times with different `rng`. By how much may an average over 100 000 pairs change?",
           "Print `rng.normal()`. How many numbers is that?",
           "`rng.normal(size=...)` draws as many as you ask for. There is one code for each x."),
    setup=lambda: dict(np=np, pack=pack, unpack=unpack), difficulty="easy", minutes=4,
)

_HALVES = "y is right. Each of the two codes has dropped half a cell of x on average, and here "
read_sum = Exercise(
    stub="""
def read_sum(t, Z):
    x_sum, y_sum = 0, 0
    return x_sum, y_sum
""",
    solution_source="""
        x_read, y_read = unpack(t, Z)
        return x_read + 0.5 / Z, 2 * y_read
        """,
    cases=lambda: [(0.745, 5), (1.33, 5), (0.91, 5), (0.6, 4), (1.69, 4), (0.2, 3), (1.21, 8), (0.33, 8)],
    mistakes={
        "x_read + 0.5 / Z, 2 * y_read -> x_read, y_read":
            "This reads the sum as if it were one plain code. There are two in it, and each y was halved.",
        "2 * y_read -> y_read":
            "x is right. Each y was halved before it was packed, so y comes out as half of the sum here.",
        "2 * y_read -> y_read / 2":
            "x is right. Each y was halved before it was packed; undo that, and do not halve again.",
        "+ 0.5 / Z ->": _HALVES + "only one half is put back.",
        "+ 0.5 / Z -> - 0.5 / Z": _HALVES + "nothing is put back.",
        "+ 0.5 / Z -> + 1 / Z": _HALVES + "three halves are put back: `unpack` has put back one already.",
        "x_read + 0.5 / Z -> 2 * x_read": "y is right. x was not halved, so its cells need no factor 2.",
        "x_read + 0.5 / Z -> (x_read + 0.5 / Z) / 2": "y is right. This x is the mean, and the sum is asked for.",
        "x_read + 0.5 / Z -> t": "y is right. This x is the code itself: y is still in it.",
        "x_read + 0.5 / Z -> x_read + 0.5": "y is right. The half cell that is missing is 1/(2Z) wide, not 1/2.",
        "2 * y_read -> 2 * y_read / Z":
            "x is right. Along a cell this y runs from 0 to 2/Z. It should run from 0 to 2.",
        "x_read + 0.5 / Z, 2 * y_read -> 2 * y_read, x_read + 0.5 / Z":
            "Both are right, but x comes first and y second.",
        "x_read + 0.5 / Z, 2 * y_read -> 2 * y_read": "This gives back y alone. Give back both sums.",
    },
    shows="With room for the carry, two packed codes can be added. But whoever packs must know that there will be two, "
          "and with room for k codes y has only a k-th of the cell.",
    hints=("What does `unpack(t, Z)` give? Compare with two pairs that you know.",
           "Its y is y₁/2 + y₂/2. Its x has one half cell in it, and two are missing."),
    setup=lambda: dict(np=np, unpack=unpack), difficulty="medium", minutes=5,
)

summary = summing(__name__, "03")
