"""The cube of notebook 02's companion: do gender, age and royalty add up in eight words?

A corner is a word, a sign says on which side of an axis it lies. The control places the same
words at other corners, in every way there is.
"""
from __future__ import annotations

import itertools

import numpy as np

from .words import Words, word_lists


def load() -> tuple[list[str], np.ndarray]:
    """The eight words, and their signs (8, 3) on gender, age and royalty."""
    corners = word_lists()["cube"]["corners"]
    return list(corners), np.array(list(corners.values()))


def additive_r2(corners, signs):
    """R² of "a corner is the mean plus one vector for each axis", for ``corners`` (8, d).

    ``signs``: (8, 3), or (count, 8, 3) for many arrangements at once; gives one R², or (count,). With no
    meaning it is 3/7 on average: eight points differ in seven directions, and three are fitted.
    """
    centred = corners - corners.mean(0)
    gram = centred @ centred.T
    return np.einsum("...ik,ij,...jk->...", signs, gram, signs, optimize=True) / 8 / np.trace(gram)


def predict_corners(corners, signs) -> np.ndarray:
    """Each corner as the additive model fitted to the other seven predicts it, (8, d).

    For a cube this least-squares fit has a short form: half the sum of the three neighbours
    minus half the opposite corner. ``queen = (king + woman + princess - boy) / 2``.
    """
    alike = signs @ signs.T  # 3 for the corner itself, then 1, -1 and -3 for the opposite one
    return ((1 + alike) / 4 - np.eye(8)) @ corners


def corners_found(words: Words, names, signs) -> int:
    """How many of the eight words are nearest to where :func:`predict_corners` puts them, the other seven left out."""
    rows = [words.index(name) for name in names]
    scores = predict_corners(words.unit[rows], signs) @ words.unit.T
    own = scores[np.arange(8), rows]
    scores[:, rows] = -np.inf
    return int((own > scores.max(1)).sum())


def arrangements(signs) -> np.ndarray:
    """The control: every way of placing the words at the corners, the first one fixed, (5040, 8, 3)."""
    return np.array([signs[[0, *order]] for order in itertools.permutations(range(1, 8))])


def distinct_arrangements(signs) -> np.ndarray:
    """The :func:`arrangements` without renamed axes, (840, 8, 3): the true cube first.

    Of six that differ in the names of the axes alone, the one with most words in their place stays.
    """
    every = arrangements(signs)
    in_place = (every == signs).all(2).sum(1)
    every = every[np.argsort(-in_place, kind="stable")]
    # An axis is the set of words on the side of the first one; its number does not know the names.
    sides = (every * every[:, :1] > 0).transpose(0, 2, 1) @ 2 ** np.arange(8)
    _, first = np.unique(np.sort(sides, axis=1), axis=0, return_index=True)
    return every[np.sort(first)]
