"""The exercises of notebook 03."""
from __future__ import annotations

import functools

import numpy as np

from ..packing import pack, unpack
from . import Exercise, Wrong, call, number, summing
from .compare import shown

_ONE_NUMBER = ("t is an array of codes, and something here takes one number only, as `int` and `math.floor` do. "
               "`// 1` and `np.floor` take each code.")
unpack_three = Exercise(
    stub="""
def unpack_three(t, Z):
    a, b, c = 0, 0, 0
    return a, b, c
""",
    solution_source="""
        a, rest = unpack(t, Z)
        b, c = unpack(rest, Z)
        return a, b, c
        """,
    cases=lambda: [(np.array([0.372, 0.845, 0.054, 0.918]), 10), (np.array([0.3, 0.83, 0.67]), 4),
                   (np.array([0.13, 0.48, 0.789, 0.6, 0.9]), 7)],
    mistakes={
        "unpack(rest, Z) -> unpack(t, Z)":
            "The second number is the first one again: t was unpacked twice. The other two are packed into what is "
            "left when the first has been taken out.",
        **dict.fromkeys([f"a, b, c -> {order}" for order in ("b, a, c", "a, c, b", "c, b, a", "b, c, a", "c, a, b")],
                        "All three are there, but not in their places: a comes out first, then b, then c."),
        "a, b, c -> a, b, rest":
            "The third number is what was left after the first step. It still holds the second one.",
        "unpack(rest, Z) -> unpack(a, Z)":
            "This unpacks the first number once more. The other two are in what is left beside it.",
        "unpack(rest, Z) -> unpack(t, Z * Z)": "a and c are right. b still has a in it.",
        **dict.fromkeys(("rest, Z) -> rest, Z * Z)", "rest, Z) -> rest / Z, Z)", "rest, Z) -> rest, 1)"),
                        "The inner pair was packed with the same Z."),
        **dict.fromkeys(("return a -> return a - 0.5 / Z", "return a, b -> return a - 0.5 / Z, b - 0.5 / Z"),
                        "This gives the lower edge of a cell. The best answer is its middle."),
        "a, b, c -> a, (b, c)": "The last two are in a pair of their own. Give back three things: a, b, c.",
        **dict.fromkeys(("unpack(t, Z)", "a, b, c -> b, c"), "These are two things, and three numbers were packed."),
        "(int(Z * t) + 0.5) / Z, 0, 0": _ONE_NUMBER,
    },
    shows="Three numbers in one: packing can go on, as long as the code has digits left. With Z = 10 each "
          "step uses up one decimal digit, and the last number gets what remains.",
    hints=("Take the code apart in the opposite order to the one in which it was put together.",
           "`unpack(t, Z)` gives a and a remainder. What is the remainder the code of?"),
    setup=lambda: dict(np=np, unpack=unpack), difficulty="easy", minutes=4,
)


@functools.cache
def _pairs():
    """Pairs that are spread evenly; as there noise up and noise down do the same, pairs with a small y; and y = 0.5."""
    x, y = np.random.default_rng(32).random((2, 3000))
    return (x, y, 3, 0.1), (x, 0 * y + 0.1, 5, 0.02), (x, 0 * y + 0.5, 8, 0.02)


def _errors(function, seeds) -> np.ndarray:
    """What a function gives for each set of pairs, (3, seeds)."""
    return np.array([[number(call(function, *pairs, np.random.default_rng(seed)), "The error") for seed in seeds]
                     for pairs in _pairs()])


@functools.cache
def _errors_of(source: str) -> np.ndarray:
    return _errors(noisy_error.make(source), range(100, 124))


def _agree(found, expected) -> bool:
    """Whether errors (3, 6) may come from the same distribution as these, (3, 24); three decimals are enough."""
    mean, spread = expected.mean(axis=1), expected.std(axis=1)
    off = np.abs(found - mean[:, None]).max(axis=1) < 6 * spread + 0.0006
    return bool((off & (np.abs(found.mean(axis=1) - mean) < 2.5 * spread + 0.0006)).all())


def _check_noisy(answer):
    found, right = _errors(answer, range(6)), _errors_of(noisy_error.solution_source)
    fits = _agree(found, right)
    for source, says in noisy_error.mistakes.items() if not fits else ():
        if _agree(found, _errors_of(source)):
            raise Wrong(says)
    few = (*np.random.default_rng(33).random((2, 8)), 4, 0.1)  # so few that any other noise shows
    first, again, other = (number(call(answer, *few, np.random.default_rng(seed)), "The error") for seed in (1, 1, 2))
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
    one, it, pairs = right[k].mean(), found[k].mean(), ("evenly spread y", "y = 0.1", "y = 0.5")[k]
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
        "noise * ->": "The standard deviation of this noise is 1. Where does `noise` come in?",
        "noise * -> noise ** 2 *": _DEVIATION, "noise * -> np.sqrt(noise) *": _DEVIATION,
        "noise * -> noise / Z *": _DEVIATION, "noise * -> noise * Z *": _DEVIATION,
        "rng.normal( -> rng.random(": _EVEN, "rng.normal( -> rng.uniform(-1, 1, ": _EVEN,
        "rng.normal(size=x.shape) -> abs(rng.normal(size=x.shape))":
            "This noise only pushes codes upwards. Half of it should push them down.",
        "/ 2 ->": "This is twice the error: the average over the two numbers is missing.",
        "np.clip(t, 0, 1 - 1e-9) -> t":
            "Codes that noise pushes out of [0, 1) are read as cells that do not exist. Keep the `clip`.",
        **dict.fromkeys(("(x_read - x) ** 2 + ->", "+ (y_read - y) ** 2 ->"),
                        "The error of one of the two numbers is missing."),
    },
    shows="Each code needs a noise number of its own. The bug drew one and gave it to the whole batch, so the "
          "average ran over pairs but not over noise. A published notebook on superposition once had its "
          "cousin: one random mask shared by a whole batch.",
    hints=("Run it three times with different `rng`. By how much may an average over 100 000 pairs change?",
           "Print `rng.normal()`. How many numbers is that?",
           "`rng.normal(size=...)` draws as many as you ask for. There is one code for each x."),
    setup=lambda: dict(np=np, pack=pack, unpack=unpack), difficulty="easy", minutes=4,
)

_NOT_X = "y is right. Folding leaves x alone: it is the middle of its cell, and here it is the "
unpack_folded = Exercise(
    stub="""
def unpack_folded(t, Z):
    cell = Z * t // 1
    return (cell + 0.5) / Z, ...
""",
    solution_source="""
        cell = Z * t // 1
        rest = Z * t - cell
        return (cell + 0.5) / Z, abs(cell % 2 - rest)
        """,
    cases=lambda: [(np.array([0.07, 0.33, 0.52, 0.71, 0.98]), 5), (np.array([0.1, 0.36, 0.7, 0.9]), 2),
                   (np.array([0.05, 0.2, 0.3, 0.93, 0.55, 0.7]), 8)],
    mistakes={
        "abs(cell % 2 - rest) -> rest":
            "This reads every segment forwards. In every second one y runs from 1 down to 0.",
        "abs(cell % 2 - rest) -> 1 - rest": "This turns every segment round. Only the odd ones are turned.",
        "abs(cell % 2 - rest) -> 1 - abs(cell % 2 - rest)":
            "This turns the even segments round. The first one, with number 0, runs forwards.",
        "abs(cell % 2 - rest) -> (cell % 2 - rest)": "In even segments y comes out negative, not the remainder.",
        **dict.fromkeys(("abs(cell % 2 - rest) -> (rest - cell % 2)",
                         "abs(cell % 2 - rest) -> np.where(cell % 2 == 0, rest, -rest)"),
                        "In odd segments y comes out negative. There it is 1 minus the remainder."),
        "abs(cell % 2 - rest) -> Z * t % 2": "In odd segments y is above 1 here. There it is 1 minus the remainder.",
        "Z * t - cell -> t - cell / Z":
            "The remainder runs from 0 to 1/Z here. Along a segment it should run from 0 to 1: multiply it by Z.",
        "cell + 0.5 -> cell": _NOT_X + "lower edge: the half cell is missing.",
        "cell + 0.5 -> cell + 1": _NOT_X + "upper edge.",
        "(cell + 0.5) / Z -> t": _NOT_X + "code itself.",
        "return (cell + 0.5) / Z -> return abs(cell % 2 - (cell + 0.5) / Z)": _NOT_X + "middle or 1 minus it.",
        "(cell + 0.5) / Z, abs(cell % 2 - rest) -> abs(cell % 2 - rest), (cell + 0.5) / Z":
            "Both are right, but x comes first and y second.",
        "(cell + 0.5) / Z, abs -> abs": "This gives back y alone. Give back both, x and y.",
        "cell = int(Z * t)\n(cell + 0.5) / Z, Z * t - cell": _ONE_NUMBER,
    },
    shows="Folding costs nothing without noise and takes the jumps out of y: neighbouring codes now stand for "
          "neighbouring values of y. Not every packing is as fragile as the first one you meet.",
    hints=("`Z * t - cell` is how far along its segment the code is. In an even segment that is y.",
           "In an odd segment it is 1 − y. `abs(cell % 2 - rest)` does both."),
    setup=lambda: dict(np=np), difficulty="medium", minutes=4,
)

summary = summing(__name__, "03")
