"""The exercises of notebook 03."""
from __future__ import annotations

import numpy as np

from ..packing import noise_error
from . import Exercise, Mistake, Wrong, array, call, number


def _pack(x, y, Z):
    cell = Z * x // 1
    return (cell + y) / Z


def _unpack(t, Z):
    cell = Z * t // 1
    return (cell + 0.5) / Z, Z * t - cell


def _pack_folded(x, y, Z):
    cell = Z * x // 1
    return (cell + abs(cell % 2 - y)) / Z


def _setup() -> dict:
    return dict(np=np, pack=_pack, unpack=_unpack, pack_folded=_pack_folded)


def _same(one, other) -> bool:
    return bool(np.allclose(one, other, rtol=0, atol=1e-6))


def _several(value, count: int, length: int) -> np.ndarray:
    """``value`` as (count, length); says so when it holds another number of answers."""
    if isinstance(value, (tuple, list)) and len(value) != count:
        raise Wrong(f"Your function should give back {count} things, and it gives back {len(value)}.")
    return array(value, (count, length), "The result")


def _check_three(answer):
    rng = np.random.default_rng(31)
    for Z in (4, 7, 10):
        a, b, c = rng.random((3, 60))
        t = _pack(a, _pack(b, c, Z), Z)
        first, second, third = _several(call(answer, t, Z), 3, 60)
        a_read, rest = _unpack(t, Z)
        b_read, c_read = _unpack(rest, Z)
        if _same(first, a_read) and _same(second, b_read) and _same(third, c_read):
            continue
        if _same(second, a_read):
            raise Wrong("The second number is the first one again: t was unpacked twice. The other two are "
                        "packed into what is left when the first has been taken out.")
        if _same(second, c_read) and _same(third, b_read):
            raise Wrong("All three are there, but the last two stand in each other's place.")
        if _same(third, rest):
            raise Wrong("The third number is what was left after the first step. It still holds the second one.")
        if _same(first, c_read) and _same(second, b_read):
            raise Wrong("All three are there, but in the wrong order. Which of them was packed last?")
        if not _same(first, a_read):
            raise Wrong(f"The first number is not the middle of its cell when Z is {Z}.")
        raise Wrong(f"The first number is right, the other two are not, when Z is {Z}. "
                    "The inner pair was packed with the same Z.")


unpack_three = Exercise(
    variable="unpack_three",
    stub="""
def unpack_three(t, Z):
    a, b, c = 0, 0, 0
    return a, b, c
""",
    checker=_check_three,
    shows="Three numbers in one: packing can go on, as long as the code has digits left. With Z = 10 each "
          "step uses up one decimal digit, and the last number gets what remains.",
    hints=("Take the code apart in the opposite order to the one in which it was put together.",
           "`unpack(t, Z)` gives a and a remainder. What is the remainder the code of?"),
    solution_source="""
def unpack_three(t, Z):
    a, rest = unpack(t, Z)
    b, c = unpack(rest, Z)
    return a, b, c
""",
    mistakes=(
        Mistake("""
def unpack_three(t, Z):
    a, rest = unpack(t, Z)
    b, c = unpack(t, Z)
    return a, b, c
""", "t was unpacked twice"),
        Mistake("""
def unpack_three(t, Z):
    a, rest = unpack(t, Z)
    c, b = unpack(rest, Z)
    return a, b, c
""", "the last two stand in each other's place"),
        Mistake("""
def unpack_three(t, Z):
    a, rest = unpack(t, Z)
    b, c = unpack(rest, Z)
    return a, b, rest
""", "It still holds the second one"),
        Mistake("""
def unpack_three(t, Z):
    a, rest = unpack(t, Z)
    b, c = unpack(rest, Z * Z)
    return a, b, c
""", "packed with the same Z"),
        Mistake("""
def unpack_three(t, Z):
    a, rest = unpack(t, Z)
    return a, unpack(rest, Z)
""", "gives back 2"),
        Mistake("""
def unpack_three(t, Z):
    a, rest = unpack(t, Z)
    b, c = unpack(rest, Z)
    return a - 0.5 / Z, b, c
""", "not the middle of its cell"),
    ),
    setup=_setup,
)


def _noise_mistakes(x, y, Z, noise, rng):
    """What typical wrong versions give on these values, each with what to say."""
    n = len(x)
    def off(t, half=2):
        x_read, y_read = _unpack(np.clip(t, 0, 1 - 1e-9), Z)
        return ((x_read - x) ** 2 + (y_read - y) ** 2).mean() / half

    t, many = _pack(x, y, Z), rng.normal(size=n)
    x_read, y_read = _unpack(t, Z)
    after = ((x_read + noise * many - x) ** 2 + (y_read + noise * rng.normal(size=n) - y) ** 2).mean() / 2
    same_after = ((x_read + noise * many - x) ** 2 + (y_read - y) ** 2).mean() / 2
    bare = np.array(_unpack(t + noise * many, Z))
    return (
        (off(t), "The noise has no effect at all: this is the error without noise."),
        (after, "Here the noise comes after the reading. It belongs on the code, before `unpack`."),
        (same_after, "Here the noise is added to x as it was read. It belongs on the code t, before `unpack`."),
        (off(t + many), "The standard deviation of this noise is 1. Where does `noise` come in?"),
        (off(t + noise * rng.random(n)), "This noise is spread evenly. Gaussian noise is `rng.normal`."),
        (off(t + noise * many, 1), "This is twice the error: the average over the two numbers is missing."),
        (((bare - [x, y]) ** 2).mean(), "Codes that noise pushes out of [0, 1) are read as cells that do not "
                                        "exist. Keep the `clip`."),
    )


def _check_noisy(answer):
    source = np.random.default_rng(32)
    x, y = source.random((2, 100_000))
    for Z, noise in ((3, 0.03), (5, 0.02)):
        found = [number(call(answer, x, y, Z, noise, np.random.default_rng(seed)), "The error") for seed in (5, 6, 7)]
        true = noise_error(Z, noise).floor
        if all(abs(value - true) < 0.06 * true for value in found):
            continue
        for value, says in _noise_mistakes(x, y, Z, noise, source):
            if all(abs(one - value) < 0.04 * value for one in found):
                raise Wrong(says)
        if max(found) - min(found) > 0.05 * true:
            raise Wrong("Run again with other random numbers, this gives quite another error, although it "
                        "averages over 100 000 pairs. How many different noise numbers are in it?")
        raise Wrong(f"For Z = {Z} and noise {noise} this gives {found[0]:.4g}, and it should be about {true:.4f}.")


noisy_error = Exercise(
    variable="noisy_error",
    stub="""
def noisy_error(x, y, Z, noise, rng):
    t = pack(x, y, Z) + noise * rng.normal()
    x_read, y_read = unpack(np.clip(t, 0, 1 - 1e-9), Z)
    return ((x_read - x) ** 2 + (y_read - y) ** 2).mean() / 2
""",
    checker=_check_noisy,
    shows="Each code needs a noise number of its own. The bug drew one and gave it to the whole batch, so the "
          "average ran over pairs but not over noise. A published notebook on superposition once had its "
          "cousin: one random mask shared by a whole batch.",
    hints=("Run it three times with different `rng`. By how much may an average over 100 000 pairs change?",
           "Print `rng.normal()`. How many numbers is that?",
           "`rng.normal(size=...)` draws as many as you ask for. There is one code for each x."),
    solution_source="""
def noisy_error(x, y, Z, noise, rng):
    t = pack(x, y, Z) + noise * rng.normal(size=x.shape)
    x_read, y_read = unpack(np.clip(t, 0, 1 - 1e-9), Z)
    return ((x_read - x) ** 2 + (y_read - y) ** 2).mean() / 2
""",
    mistakes=(
        Mistake("""
def noisy_error(x, y, Z, noise, rng):
    t = pack(x, y, Z) + noise * rng.normal(size=1)
    x_read, y_read = unpack(np.clip(t, 0, 1 - 1e-9), Z)
    return ((x_read - x) ** 2 + (y_read - y) ** 2).mean() / 2
""", "How many different noise numbers"),
        Mistake("""
def noisy_error(x, y, Z, noise, rng):
    x_read, y_read = unpack(pack(x, y, Z), Z)
    x_read, y_read = x_read + noise * rng.normal(size=x.shape), y_read + noise * rng.normal(size=x.shape)
    return ((x_read - x) ** 2 + (y_read - y) ** 2).mean() / 2
""", "comes after the reading"),
        Mistake("""
def noisy_error(x, y, Z, noise, rng):
    t = pack(x, y, Z) + rng.normal(size=x.shape)
    x_read, y_read = unpack(np.clip(t, 0, 1 - 1e-9), Z)
    return ((x_read - x) ** 2 + (y_read - y) ** 2).mean() / 2
""", "standard deviation of this noise is 1"),
        Mistake("""
def noisy_error(x, y, Z, noise, rng):
    t = pack(x, y, Z) + noise * rng.random(x.shape)
    x_read, y_read = unpack(np.clip(t, 0, 1 - 1e-9), Z)
    return ((x_read - x) ** 2 + (y_read - y) ** 2).mean() / 2
""", "spread evenly"),
        Mistake("""
def noisy_error(x, y, Z, noise, rng):
    t = pack(x, y, Z) + noise * rng.normal(size=x.shape)
    x_read, y_read = unpack(np.clip(t, 0, 1 - 1e-9), Z)
    return ((x_read - x) ** 2 + (y_read - y) ** 2).mean()
""", "average over the two numbers is missing"),
        Mistake("""
def noisy_error(x, y, Z, noise, rng):
    t = pack(x, y, Z) + noise * rng.normal(size=x.shape)
    x_read, y_read = unpack(t, Z)
    return ((x_read - x) ** 2 + (y_read - y) ** 2).mean() / 2
""", "cells that do not exist"),
        Mistake("""
def noisy_error(x, y, Z, noise, rng):
    x_read, y_read = unpack(pack(x, y, Z), Z)
    return ((x_read - x) ** 2 + (y_read - y) ** 2).mean() / 2
""", "no effect at all"),
    ),
    setup=_setup,
)


def _check_folded(answer):
    rng = np.random.default_rng(33)
    for Z in (5, 2, 8):
        x, y = rng.random((2, 80))
        t = _pack_folded(x, y, Z)
        x_read, y_read = _several(call(answer, t, Z), 2, 80)
        middle, rest = _unpack(t, Z)
        if _same(x_read, middle) and _same(y_read, y):
            continue
        if _same(x_read, y) and _same(y_read, middle):
            raise Wrong("Both are right, but x comes first and y second.")
        if _same(y_read, rest):
            raise Wrong("This reads every segment forwards. In every second one y runs from 1 down to 0.")
        if _same(y_read, 1 - rest):
            raise Wrong("This turns every segment round. Only the odd ones are turned.")
        if _same(y_read, 1 - y):
            raise Wrong("This turns the even segments round. The first one, with number 0, runs forwards.")
        if not _same(y_read, y):
            raise Wrong(f"y is not read right when Z is {Z}. What are `cell % 2` and the remainder in an odd segment?")
        if _same(x_read, middle - 0.5 / Z):
            raise Wrong("y is right. x is the lower edge of its cell: the half cell is missing.")
        raise Wrong("y is right, x is not. Folding leaves x alone: it is the middle of its cell, as before.")


unpack_folded = Exercise(
    variable="unpack_folded",
    stub="""
def unpack_folded(t, Z):
    cell = Z * t // 1
    return (cell + 0.5) / Z, ...
""",
    checker=_check_folded,
    shows="Folding costs nothing without noise and takes the jumps out of y: neighbouring codes now stand for "
          "neighbouring values of y. Not every packing is as fragile as the first one you meet.",
    hints=("`Z * t - cell` is how far along its segment the code is. In an even segment that is y.",
           "In an odd segment it is 1 − y. `abs(cell % 2 - rest)` does both."),
    solution_source="""
def unpack_folded(t, Z):
    cell = Z * t // 1
    rest = Z * t - cell
    return (cell + 0.5) / Z, abs(cell % 2 - rest)
""",
    mistakes=(
        Mistake("""
def unpack_folded(t, Z):
    cell = Z * t // 1
    return (cell + 0.5) / Z, Z * t - cell
""", "reads every segment forwards"),
        Mistake("""
def unpack_folded(t, Z):
    cell = Z * t // 1
    return (cell + 0.5) / Z, 1 - (Z * t - cell)
""", "turns every segment round"),
        Mistake("""
def unpack_folded(t, Z):
    cell = Z * t // 1
    rest = Z * t - cell
    return (cell + 0.5) / Z, np.where(cell % 2 == 0, 1 - rest, rest)
""", "turns the even segments round"),
        Mistake("""
def unpack_folded(t, Z):
    cell = Z * t // 1
    rest = Z * t - cell
    return cell / Z, abs(cell % 2 - rest)
""", "the half cell is missing"),
        Mistake("""
def unpack_folded(t, Z):
    cell = Z * t // 1
    rest = Z * t - cell
    return abs(cell % 2 - (cell + 0.5) / Z), abs(cell % 2 - rest)
""", "Folding leaves x alone"),
        Mistake("""
def unpack_folded(t, Z):
    cell = Z * t // 1
    rest = Z * t - cell
    return abs(cell % 2 - rest), (cell + 0.5) / Z
""", "x comes first and y second"),
    ),
    setup=_setup,
)
