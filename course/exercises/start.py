"""The exercises of notebook 00."""
from __future__ import annotations

import functools

import numpy as np

from . import Exercise, Mistake, Wrong, call, number, word


@functools.cache
def _words():
    from ..words import load_words
    return load_words()


def _setup() -> dict:
    words = _words()
    return dict(np=np, words=words, step=words["woman"] - words["man"])


@functools.cache
def _crossing() -> float:
    """The strength at which queen becomes nearer than king, by bisection."""
    words = _words()
    step = words["woman"] - words["man"]
    low, high = 0.0, 4.0
    for _ in range(40):
        middle = (low + high) / 2
        pushed = words["king"] + middle * step
        nearer = (words["queen"] - words["king"]) @ pushed > 0
        low, high = (low, middle) if nearer else (middle, high)
    return high


def _check_strength(answer):
    value, crossing = number(answer, "The strength"), _crossing()
    if value < 0:
        raise Wrong("A negative strength pushes the other way, from woman to man. Look on the positive side.")
    if value == 1.0:
        raise Wrong("At 1.0 the nearest word is still king. (Many reports leave king out before they look.)")
    if value < crossing - 0.03:
        raise Wrong("At this strength king is still nearer than queen. Push a little further.")
    if value > crossing + 0.08:
        raise Wrong("Queen passed king earlier than this. Find where it begins.")


strength = Exercise(
    variable="strength",
    stub="strength = ...",
    checker=_check_strength,
    shows="The step reaches queen only when it is made longer. That the word itself stays nearest at 1.0 "
          "is so common that most programs leave the input words out. Notebook 02 counts how much that matters.",
    hints=("Choose king in the demo above and drag the strength until the first bar changes its word.",
           "In a loop: for s in np.arange(0, 2, 0.05), print s and words.nearest(push('king', s), k=1)."),
    solution_source="strength = next(round(s, 2) for s in np.arange(0, 3, 0.05)\n"
                    "                if words.nearest(words['king'] + s * step, k=1)[0][0] == 'queen')",
    mistakes=(Mistake("strength = 1.0", "At 1.0 the nearest word is still king"),
              Mistake("strength = 0.5", "king is still nearer than queen"),
              Mistake("strength = 2.0", "passed king earlier"),
              Mistake("strength = -1.4", "pushes the other way"),
              Mistake("strength = 'queen'", "should be a number")),
    setup=_setup,
)


def _check_nearest_word(answer):
    words = _words()
    rng = np.random.default_rng(1)
    for name, sign in [("river", 3.0), ("piano", 2.0), ("tuesday", 0.4), ("green", 1.5), ("music", -2.0)]:
        near = sign * words[name] + rng.normal(size=100) / 200
        got = call(answer, near)
        if isinstance(got, (int, np.integer)) and not isinstance(got, bool):
            raise Wrong("You gave back the place in the list. The word at that place is words.words[...].")
        got = word(got, "The result")
        cosines = words.unit @ near / np.linalg.norm(near)
        if got == words.words[int(cosines.argmax())]:
            continue
        if got == words.words[int(np.abs(cosines).argmax())] and sign < 0:
            raise Wrong("This also takes large negative cosines for near. They point the other way.")
        if got == words.words[int(cosines.argmin())]:
            raise Wrong("This is the word that points the other way: the smallest cosine, not the largest.")
        if got == words.words[int((words.vectors @ near).argmax())]:
            raise Wrong("The words' own lengths are not divided out here: words.unit has them at length one.")
        if got == words.words[int(np.argsort(cosines)[-2])]:
            raise Wrong("This is the second nearest. The vector is not one of the words, so none needs leaving out.")
        if got == words.words[0]:
            raise Wrong("This is always the first word of the list. Where is the index of the largest cosine?")
        raise Wrong(f"For a vector close to {name} this returns {got[:40]!r}.")


nearest_word = Exercise(
    variable="nearest_word",
    stub="""
def nearest_word(vector):
    cosines = words.unit @ vector / np.linalg.norm(vector)
    return words.words[cosines.argmin()]
""",
    checker=_check_nearest_word,
    shows="The nearest word is the one with the largest cosine. One small word in the code made "
          "nonsense of it, and the nonsense still looked like words.",
    hints=("Try `words.unit @ words['king']` in a cell. Is the cosine of king with itself the smallest or the largest?",
           "`argmin` gives the place of the smallest number."),
    solution_source="""
def nearest_word(vector):
    cosines = words.unit @ vector / np.linalg.norm(vector)
    return words.words[cosines.argmax()]
""",
    mistakes=(
        Mistake("""
def nearest_word(vector):
    cosines = words.unit @ vector
    return words.words[(-cosines).argmax()]
""", "points the other way"),
        Mistake("""
def nearest_word(vector):
    cosines = words.unit @ vector / np.linalg.norm(vector)
    return words.words[cosines.argsort()[-2]]
""", "second nearest"),
        Mistake("""
def nearest_word(vector):
    cosines = words.unit @ vector / np.linalg.norm(vector)
    return words.words[0 * cosines.argmax()]
""", "always the first word"),
        Mistake("""
def nearest_word(vector):
    return (words.unit @ vector).argmax()
""", "place in the list"),
        Mistake("""
def nearest_word(vector):
    return words.words[np.abs(words.unit @ vector).argmax()]
""", "large negative cosines"),
    ),
    setup=_setup,
)
