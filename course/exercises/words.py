"""The exercises of notebook 02."""
from __future__ import annotations

import functools
import itertools

import numpy as np

from . import Exercise, Wrong, call, number, summing


@functools.cache
def _words():
    from ..words import load_words
    return load_words()


def _nearest(vector, k=5, leave_out=()):
    words = _words()
    cosines = words.unit @ vector / np.linalg.norm(vector)
    order = [words.words[i] for i in np.argsort(-cosines)[:k + len(leave_out)]]
    return [name for name in order if name not in leave_out][:k]


def _mean_cosine(offsets):
    unit = offsets / np.linalg.norm(offsets, axis=1, keepdims=True)
    return (unit @ unit.T)[np.triu_indices(len(unit), 1)].mean()


def _setup() -> dict:
    return dict(np=np, words=_words(), nearest=_nearest, mean_cosine=_mean_cosine)


def _paired():
    """Three sets of pairs (first, second): what any way of pairing them gives is known.

    In the first set all vectors are at right angles, so every pairing gives 0. In the second the true offsets are
    parallel, and a pairing that leaves no pair together gives the same value, whichever it is. The third is random.
    """
    rng = np.random.default_rng(23)
    basis = np.linalg.qr(rng.normal(size=(41, 41)))[0]
    first = 2 * basis[:40]
    random = np.random.default_rng(1).normal(size=(2, 4, 3))
    return (basis[:8], basis[8:16]), (first, first + basis[40]), tuple(random)


def _check_shuffled(answer):
    zero, parallel, random = _paired()
    def values(pairs, seeds=range(3)):
        return np.array([number(call(answer, *pairs, np.random.default_rng(seed)), "The mean cosine")
                         for seed in seeds])

    found, n = values(parallel), len(parallel[0])
    if (found > 0.97).all():
        raise Wrong("However it is shuffled, this is the value of the true pairs. Do the two sides really move "
                    "against each other?")
    at_right_angles = values(zero)
    whole = at_right_angles * 8 * 7
    if (abs(whole - whole.round()) < 0.1).all() and (whole.round() >= 1).all():
        raise Wrong("Here some second words are used twice and others not at all. Every word should keep appearing "
                    "once: use a permutation.")
    lowest = (1 - 8 / (n - 1)) / 9  # 8 = 2 s², where s = 2 is the length of the first words
    if abs(at_right_angles).max() > 0.01 or (found < lowest - 0.003).any() or (found > lowest + 0.07).any():
        raise Wrong("These values belong to no way of pairing the first words with the second ones. The rows of one "
                    "side change places as wholes; then take the offsets, and their mean cosine.")
    seeds = (0, 0, 1, 2, 3, 4)
    found = values(random, seeds)
    possible = [_mean_cosine(random[1][list(order)] - random[0]) for order in itertools.permutations(range(4))]
    if found.max() > max(possible) + 0.01 or found.min() < min(possible) - 0.01:
        raise Wrong("These values belong to no way of pairing the first words with the second ones. What is the offset "
                    "of a broken pair?")
    if abs(found[0] - found[1]) > 0.003:
        raise Wrong("Called twice with an `rng` of the same seed, this gives two values. Draw the order from `rng`, so "
                    "that others can repeat your run.")
    one_order = np.abs(np.subtract.outer(found, possible)).min(axis=1).max() < 0.001
    if np.ptp(found) < 1e-6 and one_order:  # a mean over all rolls is the same each time too, and right
        raise Wrong("Whatever `rng` is, this is always the same shuffle. Draw the order from `rng`.")


shuffled_cosine = Exercise(
    stub="""
def shuffled_cosine(first, second, rng):
    order = rng.permutation(len(first))
    return mean_cosine(second[order] - first[order])
""",
    solution_source="first[order] -> first",
    checker=_check_shuffled,
    shows="A control that changes nothing gives the same value as the result, and then says nothing. With this bug "
          "every relation would have looked no better than chance. When result and control agree to the last digit, "
          "suspect the control.",
    hints=("Call it twice, with `np.random.default_rng(0)` and `np.random.default_rng(1)`. Is there any difference?",
           "After `second[order]` and `first[order]`, which country stands beside which capital?",
           "Put one side in a new order and leave the other one where it is."),
    setup=_setup, difficulty="medium", minutes=5,
)


def _lists():
    from ..words import relation_pairs
    return [(relation_pairs(name)[:few], k) for name, few, k in
            (("capital", 6, 2), ("past", 4, 0), ("gender", 5, 4), ("plural", 4, 3))]


_SAME_PAIR = "This leaves out the same pair every time. Leave out the one with number k."
_ONE_NUMBER = ("The step is one number here, taken from the whole table. Over the pairs: `mean(axis=0)`. And "
               "`np.delete` takes out a row only with `axis=0`.")
_LENGTH = "The step has the right direction and the wrong length. It is the mean of the other offsets."
learned_target = Exercise(
    stub="""
def learned_target(pairs, k):
    a, b = pairs[k]
    return words[a] + ...
""",
    solution_source="""
        a, b = pairs[k]
        others = [pair for i, pair in enumerate(pairs) if i != k]
        return words[a] + words.offsets(others).mean(axis=0)
        """,
    cases=_lists,
    mistakes={
        "offsets(others) -> offsets(pairs)":
            "The pair in question is in the mean: the answer is part of the question. Leave pair k out.",
        "words.offsets(others).mean(axis=0) -> words[b] - words[a]":
            "This uses the offset of pair k alone, which is the answer itself. Use the other pairs.",
        "words[a] + -> words[a] -": "The step goes from second to first word. Take it the other way.",
        "mean(axis=0) -> sum(axis=0)": _LENGTH,
        "mean(axis=0) -> sum(axis=0) / len(pairs)": _LENGTH,
        **dict.fromkeys(("words[a] + -> ", "words.offsets(pairs).mean(axis=0)"),
                        "This is the step alone. Where does it start?"),
        "words[a] + -> words[b] +": "The step starts at the word to be found. Start at the first word of pair k.",
        "return words[a] + words.offsets(others).mean(axis=0) -> "
        "step = words.offsets(others).mean(axis=0); return words[a] + step / np.linalg.norm(step)":
            "The mean offset was stretched to length one. Its own length is the length of a typical step.",
        "offsets(others) -> offsets(pairs[1:])": _SAME_PAIR,
        "offsets(others) -> offsets(pairs[:-1])": _SAME_PAIR,
        "axis=0 -> axis=1": "The mean runs along axis 1 here, over the numbers of one offset. Over the pairs: axis 0.",
        "mean(axis=0) -> sum(axis=0) / 39": "39 fits only a list of 40 pairs. Divide by the number of the other pairs.",
        **dict.fromkeys(("words.offsets(others) -> np.delete(words.offsets(pairs), k)", ".mean(axis=0) -> .mean()",
                         "offsets(others).mean(axis=0) -> offsets(pairs).mean()"), _ONE_NUMBER),
    },
    shows="A direction may be tested only on pairs that it was not made from. Forty pairs are few, so each takes its "
          "turn at being left out.",
    hints=("The other pairs: `[pair for i, pair in enumerate(pairs) if i != k]`.",
           "`words.offsets(other_pairs)` has one row for each of them. Which way does the mean go: `axis=0` or 1?",
           "Start at the first word of pair k and add the mean of those rows."),
    setup=_setup, difficulty="medium", minutes=7,
)

summary = summing(__name__, "02")
