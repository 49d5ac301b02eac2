"""The exercises of notebook 00."""
from __future__ import annotations

import functools

import numpy as np

from . import Exercise, Wrong, number, summing


@functools.cache
def _words():
    from ..words import load_words
    return load_words()


def _setup() -> dict:
    words = _words()
    return dict(np=np, words=words, step=words["woman"] - words["man"])


@functools.cache
def _crossing() -> float:
    """The strength at which queen becomes nearer than king."""
    words = _words()
    apart, step = words["queen"] - words["king"], words["woman"] - words["man"]
    return float(-(apart @ words["king"]) / (apart @ step))


def _check_strength(answer):
    value, crossing = number(answer, "The strength"), _crossing()
    if value < 0:
        raise Wrong("A negative strength pushes the other way, from woman to man. Look on the positive side.")
    if value == 1.0:
        raise Wrong("At 1.0 the nearest word is still king. (Many reports leave king out before they look.)")
    if value < crossing - 0.006:  # a hundredth may be rounded
        raise Wrong("At this strength king is still nearer than queen. Push a little further.")
    if value > crossing + 0.08:
        raise Wrong("Queen passed king earlier than this. Find where it begins.")


strength = Exercise(
    stub="strength = ...",
    solution_source="strength = next(round(s, 2) for s in np.arange(0, 3, 0.05)\n"
                    "                if words.nearest(words['king'] + s * step, k=1)[0][0] == 'queen')",
    checker=_check_strength,
    shows="The step reaches queen only when it is made longer. That the word itself stays nearest at 1.0 "
          "is so common that most programs leave the input words out. Notebook 02 counts how much that matters.",
    hints=("Choose king in the demo above, drag the strength to 0 and up again until the first bar changes its word.",
           "In a loop: for s in np.arange(0, 2, 0.05), print s and words.nearest(push('king', s), k=1)."),
    setup=_setup, difficulty="easy", minutes=2,
)


def _vectors():
    near = np.random.default_rng(1).normal(size=(5, 100)) / 200
    signs = dict(river=3.0, piano=2.0, tuesday=0.4, green=1.5, music=-2.0)
    return [(sign * _words()[name] + noise,) for (name, sign), noise in zip(signs.items(), near, strict=True)]


nearest_word = Exercise(
    stub="""
def nearest_word(vector):
    cosines = words.unit @ vector / np.linalg.norm(vector)
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
    shows="The nearest word is the one with the largest cosine. One small word in the code made "
          "nonsense of it, and the nonsense still looked like words.",
    hints=("Try `words.unit @ words['king']` in a cell. Is the cosine of king with itself the smallest or the largest?",
           "`argmin` gives the place of the smallest number."),
    setup=_setup, difficulty="easy", minutes=2,
)

summary = summing(__name__, "00")
