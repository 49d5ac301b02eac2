"""The exercise of notebook 00."""
from __future__ import annotations

import functools

import numpy as np

from . import Exercise, summing


@functools.cache
def _words():
    from ..words import load_words
    return load_words()


def _setup() -> dict:
    return dict(np=np, words=_words())


def _vectors():
    near = np.random.default_rng(1).normal(size=(5, 100)) / 200
    signs = dict(river=3.0, piano=2.0, tuesday=0.4, green=1.5, music=-2.0)
    return [(sign * _words()[name] + noise,) for (name, sign), noise in zip(signs.items(), near, strict=True)]


nearest_word = Exercise(
    stub="""
def nearest_word(vector):
    cosines = words.unit @ vector / np.linalg.norm(vector)      # words.unit: (20020, 100)
    return words.words[cosines.argmin()]
""",
    solution_source="argmin -> argmax",
    cases=_vectors,
    mistakes={
        "cosines.argmax -> (-cosines).argmax":
            "This is the word that points the other way: the smallest cosine, not the largest.",
        "words.words[cosines.argmax()] -> cosines.argmax()":
            "You gave back the place in the list. The word at that place is words.words[...].",
        "words.words[cosines.argmax()] -> cosines.max()":
            "This is the largest cosine. Which word has it? `argmax` gives its place in the list.",
        "cosines.argmax() -> np.abs(cosines).argmax()":
            "This also takes large negative cosines for near. They point the other way.",
        "words.unit -> words.vectors":
            "The words' own lengths are not divided out here: words.unit has them at length one.",
        "argmax() -> argsort()[-2]":
            "This is the second nearest. The vector is not one of the words, so none needs leaving out.",
        "cosines.argmax() -> 0": "This is always the first word of the list. Where is the index of the largest cosine?",
        "words.nearest(vector, k=1)": "`words.nearest` gives a list of pairs, word and cosine. One word is asked for.",
    },
    shows="The nearest word is the one with the largest cosine. With one small word of the code wrong, "
          "the answers were nonsense, and they still were words.",
    hints=("Try `words.unit @ words['king']` in a cell. Is the cosine of king with itself the smallest or the largest?",
           "`argmin` gives the place of the smallest number."),
    setup=_setup, difficulty="easy", minutes=2,
)

summary = summing(__name__, "00")
