"""Word vectors and the arithmetic on them; introduced in notebook 02.

The vectors are 100 numbers a word, GloVe's (Pennington, Socher and Manning 2014), learned from
which words stand near which. ``king - man + woman`` comes from Mikolov, Yih and Zweig (2013).
All arithmetic is on vectors of length one, so that a dot product is a cosine, and in 64 bits,
so that a near tie between two answers falls the same way on every computer. Wrong inputs
raise :class:`course.CourseError` with a sentence for the learner.
"""
from __future__ import annotations

import difflib
import functools

import numpy as np

from course import CourseError, data

RELATIONS = ("nationality", "capital", "plural", "comparative", "gender", "past", "opposite")


@functools.cache
def load_words() -> Words:
    """The shipped vocabulary of about 20 000 words, most frequent first; read once."""
    arrays = data.load_npz("words.npz")
    return Words(bytes(arrays["words"]).decode().split("\n"), arrays["rows"] * arrays["scale"][:, None])


@functools.cache
def word_lists() -> dict:
    """All of ``relations.json``: relations, cube, gender_direction, occupations, technology."""
    return data.load_json("relations.json")


def relation_pairs(name) -> list[tuple[str, str]]:
    """The 40 pairs of one of the ``RELATIONS``, chosen before any result was computed."""
    if name not in RELATIONS:
        raise CourseError(f"{name!r:.40} is not a relation; these are: {', '.join(RELATIONS)}.")
    return [tuple(pair) for pair in word_lists()["relations"][name]["pairs"]]


def normalise(vectors) -> np.ndarray:
    """Rows scaled to length one, (..., d) float64; a row of zeros stays as it is."""
    lengths = np.linalg.norm(np.asarray(vectors, dtype=np.float64), axis=-1, keepdims=True)
    return vectors / np.where(lengths == 0, 1, lengths)


class Words:
    """A vocabulary of n words with a vector of d numbers each.

    ``words``: the n words, a list. ``vectors``: (n, d) float32, with the lengths they were
    trained to. ``unit``: (n, d) float64, every row divided by its length.
    """

    def __init__(self, words, vectors):
        self.words, self.vectors = list(words), np.array(vectors, dtype=np.float32)
        self.unit = normalise(self.vectors)
        self.vectors.flags.writeable = self.unit.flags.writeable = False  # one copy serves everybody
        self._index = {word: i for i, word in enumerate(self.words)}

    def __len__(self):
        return len(self.words)

    def __contains__(self, word):
        return isinstance(word, str) and word.strip().lower() in self._index

    def __getitem__(self, word) -> np.ndarray:
        """``words["king"]``: the vector of a word, (d,), length one, yours to change."""
        return self.unit[self.index(word)].copy()

    def index(self, word) -> int:
        """Row of a word, in any case; the error for an unknown word suggests up to three close spellings."""
        if not isinstance(word, str):
            raise CourseError(f'A word is text in quotes, such as "king", not {type(word).__name__}.')
        clean = word.strip().lower()
        if clean in self._index:
            return self._index[clean]
        if not clean:
            raise CourseError('An empty text is not a word: try "king".')
        if len(clean) > 24 or len(clean.split()) > 1:
            raise CourseError(f"A text of {len(clean)} characters, {clean[:20]!r}, is not one word.")
        # difflib on the whole vocabulary is slow: first drop what two slips cannot explain.
        near = [w for w in self.words if abs(len(w) - len(clean)) < 3 and len(set(w) ^ set(clean)) < 4]
        close = difflib.get_close_matches(clean, near, n=3, cutoff=0.7)
        hint = f": did you mean {' or '.join(close)}?" if close else " of frequent English words from a to z."
        raise CourseError(f"{clean!r} is not in the vocabulary{hint}")

    def nearest(self, vector, k=5, exclude=()) -> list[tuple[str, float]]:
        """The ``k`` words, ``exclude`` left out, with the largest cosine to ``vector`` (d,)."""
        if isinstance(k, bool) or not isinstance(k, (int, np.integer)) or k < 1:
            raise CourseError(f"k, the number of words, is a whole number from 1, not {k!r:.40}.")
        scores = self.unit @ self._direction(vector)
        scores[[self.index(w) for w in ([exclude] if isinstance(exclude, str) else exclude)]] = -np.inf
        best = np.argsort(-scores, kind="stable")[:k]
        return [(self.words[i], float(scores[i])) for i in best if scores[i] > -np.inf]

    def analogy(self, a, b, c, exclude_inputs=True, k=5) -> list[tuple[str, float]]:
        """``a`` is to ``b`` as ``c`` is to …: the ``k`` words nearest to b - a + c (*3CosAdd*)."""
        return self.nearest(self[b] - self[a] + self[c], k, (a, b, c) if exclude_inputs else ())

    def learned_answers(self, pairs, length=1.0, exclude_inputs=True) -> list[tuple[str, str, str]]:
        """Each first word plus ``length`` times the mean offset of the *other* pairs: which word is nearest?

        Gives (question, right answer, answer given) for each pair. The question itself may not answer, or with
        ``exclude_inputs=False`` it may.
        """
        first, second = self._rows(pairs)
        offsets = self.offsets(pairs)                                   # (m, d)
        mean_of_others = (offsets.sum(0) - offsets) / (len(pairs) - 1)  # (m, d)
        scores = (self.unit[first] + length * mean_of_others) @ self.unit.T
        if exclude_inputs:
            scores[np.arange(len(first)), first] = -np.inf
        return [tuple(self.words[k] for k in row) for row in zip(first, second, scores.argmax(1), strict=True)]

    def sides(self, pairs) -> tuple[np.ndarray, np.ndarray]:
        """The first and the second words of m pairs, (m, d) each."""
        first, second = self._rows(pairs)
        return self.unit[first], self.unit[second]

    def flat(self, pairs, fitted) -> tuple[np.ndarray, np.ndarray, list]:
        """Pairs in two dimensions: starts (m, 2), ends (m, 2) and the pairs, as a picture of arrows takes them.

        Across: the mean offset of the pairs ``fitted``. Upwards: the direction, at a right angle to that, in which the
        middles of those pairs differ most.
        """
        first, second = self.sides(fitted)
        across = self.direction(fitted)
        middles = (first + second) / 2
        middles = middles - middles.mean(0)
        middles -= np.outer(middles @ across, across)
        axes = np.column_stack([across, np.linalg.svd(middles, full_matrices=False)[2][0]])  # (d, 2)
        return *(side @ axes for side in self.sides(pairs)), list(pairs)

    def offsets(self, pairs) -> np.ndarray:
        """Second word minus first word of m pairs, (m, d)."""
        first, second = self.sides(pairs)
        return second - first

    def direction(self, pairs) -> np.ndarray:
        """Mean offset of the pairs, scaled to length one, (d,)."""
        return normalise(self.offsets(pairs).mean(0))

    def projections(self, words, direction) -> np.ndarray:
        """How far each of m words lies along ``direction``: cosines, (m,)."""
        return self.unit[[self.index(word) for word in words]] @ self._direction(direction)

    def random_directions(self, count=1000, n_pairs=8, seed=0) -> np.ndarray:
        """The control for :meth:`direction`: mean offsets of random pairs, (count, d)."""
        draws = np.random.default_rng(seed).integers(len(self), size=(2, count, n_pairs))
        return normalise((self.unit[draws[1]] - self.unit[draws[0]]).mean(1))

    def _rows(self, pairs):
        try:
            first, second = zip(*pairs, strict=True)
        except (TypeError, ValueError):
            raise CourseError('Pairs are a list such as [("hot", "cold"), ("wet", "dry")].') from None
        if len(first) < 2:
            raise CourseError("Comparing pairs takes two at least, not one.")
        return np.array([[self.index(word) for word in side] for side in (first, second)])

    def _direction(self, vector):
        """``vector`` (d,) scaled to length one, or a sentence that says what is wrong with it."""
        size = self.unit.shape[1]
        try:
            array = np.asarray(vector, dtype=np.float64)
        except (TypeError, ValueError, OverflowError):
            raise CourseError('A vector is a row of numbers, such as words["king"].') from None
        if array.shape != (size,):
            raise CourseError(f"A word vector has {size} numbers, shape ({size},); this has shape {array.shape}.")
        if not np.isfinite(array).all() or not array.any():
            raise CourseError("A vector that is all zeros, or has entries that are not finite, has no direction.")
        return normalise(array / np.abs(array).max())  # squares of huge entries stay in range


def share_right(answers) -> float:
    """Share of (question, right answer, answer given) in which the last two agree, 0 to 1."""
    return sum(right == given for _, right, given in answers) / len(answers)
