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
import itertools

import numpy as np

from course import CourseError, data

RELATIONS = ("nationality", "capital", "plural", "comparative", "gender", "past", "opposite")
METHODS = ("excluded", "kept", "learned", "neighbour")


class UnknownWord(CourseError):
    """The vocabulary does not have this word; the sentence suggests close spellings."""


@functools.cache
def load_words() -> Words:
    """The shipped vocabulary of about 20 000 words, most frequent first; read once."""
    arrays = data.load_npz("words.npz")
    return Words(bytes(arrays["words"]).decode().split("\n"), arrays["rows"] * arrays["scale"][:, None])


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
        """Row of a word, in any case; :class:`UnknownWord` suggests up to three close spellings."""
        if not isinstance(word, str):
            raise UnknownWord(f'A word is text in quotes, such as "king", not {type(word).__name__}.')
        clean = word.strip().lower()
        if clean in self._index:
            return self._index[clean]
        if not clean:
            raise UnknownWord('An empty text is not a word: try "king".')
        if len(clean) > 24 or len(clean.split()) > 1:
            raise UnknownWord(f"A text of {len(clean)} characters, {clean[:20]!r}, is not one word.")
        # difflib on the whole vocabulary is slow: first drop what two slips cannot explain.
        near = [w for w in self.words if abs(len(w) - len(clean)) < 3 and len(set(w) ^ set(clean)) < 4]
        close = difflib.get_close_matches(clean, near, n=3, cutoff=0.7)
        hint = f": did you mean {' or '.join(close)}?" if close else " of frequent English words from a to z."
        raise UnknownWord(f"{clean!r} is not in the vocabulary{hint}")

    def nearest(self, vector, k=5, exclude=()) -> list[tuple[str, float]]:
        """The ``k`` words, ``exclude`` left out, with the largest cosine to ``vector`` (d,)."""
        if isinstance(k, bool) or not isinstance(k, (int, np.integer)) or k < 1:
            raise CourseError(f"k, the number of words, is a whole number from 1, not {k!r:.40}.")
        scores = self.unit @ _direction(vector, self.unit.shape[1])
        scores[[self.index(w) for w in ([exclude] if isinstance(exclude, str) else exclude)]] = -np.inf
        best = np.argsort(-scores, kind="stable")[:k]
        return [(self.words[i], float(scores[i])) for i in best if scores[i] > -np.inf]

    def analogy(self, a, b, c, exclude_inputs=True, k=5) -> list[tuple[str, float]]:
        """``a`` is to ``b`` as ``c`` is to …: the ``k`` words nearest to b - a + c (*3CosAdd*)."""
        return self.nearest(self[b] - self[a] + self[c], k, (a, b, c) if exclude_inputs else ())

    def offsets(self, pairs) -> np.ndarray:
        """Second word minus first word of m pairs, (m, d)."""
        first, second = self._rows(pairs)
        return self.unit[second] - self.unit[first]

    def mean_offset_cosine(self, pairs, shuffled=False, shuffles=100, seed=0) -> float:
        """Mean cosine between the offsets of different pairs: 1 when all arrows are parallel.

        ``shuffled=True``, the control, gives every first word the second word of another pair
        and averages ``shuffles`` draws. What is left then is what all second words share.
        """
        first, second = self._rows(pairs)
        m, generator, means = len(first), np.random.default_rng(seed), []
        for _ in range(shuffles if shuffled else 1):
            circle = generator.permutation(m)  # everybody takes the second word of the next one
            arrows = self.unit[second[np.roll(circle, 1) if shuffled else circle]] - self.unit[first[circle]]
            total = normalise(arrows).sum(0)
            means.append((total @ total - m) / (m * (m - 1)))
        return float(np.mean(means))

    def answers(self, pairs, method="excluded") -> list[tuple[str, str, str]]:
        """What the arithmetic answers, as (question, right answer, answer given).

        ``"excluded"`` asks all m (m - 1) analogies between two of the m pairs, and leaves their
        three words out; ``"kept"`` lets them be answers. ``"learned"`` adds to each first word
        the mean offset of the m - 1 other pairs, and ``"neighbour"``, the control, adds
        nothing: both leave out the question's own word alone.
        """
        if method not in METHODS:
            raise CourseError(f"method is one of {', '.join(METHODS)}, not {method!r:.40}.")
        first, second = self._rows(pairs)
        each, offsets, questions = np.arange(len(first)), self.offsets(pairs), self.unit[first]
        if method in ("learned", "neighbour"):
            if method == "learned":
                questions = questions + (offsets.sum(0) - offsets) / (len(first) - 1)
            scores = questions @ self.unit.T
            scores[each, first] = -np.inf
            asked, given = each, scores.argmax(1)
        else:
            # (b - a + c) · w = (b - a) · w + c · w: m products each serve all m (m - 1) analogies.
            moved, still = offsets @ self.unit.T, questions @ self.unit.T
            if method == "excluded":
                moved[each, first] = moved[each, second] = still[each, first] = -np.inf
            asked = np.repeat(each, len(each) - 1)
            given = [i for j in each for i in (moved[each != j] + still[j]).argmax(1)]
        return [(self.words[first[j]], self.words[second[j]], self.words[i])
                for j, i in zip(asked, given, strict=True)]

    def accuracy(self, pairs, method="excluded") -> float:
        """Share of :meth:`answers` that are right, 0 to 1."""
        answers = self.answers(pairs, method)
        return sum(right == given for _, right, given in answers) / len(answers)

    def direction(self, pairs) -> np.ndarray:
        """Mean offset of the pairs, scaled to length one, (d,)."""
        return normalise(self.offsets(pairs).mean(0))

    def projections(self, words, direction) -> np.ndarray:
        """How far each of m words lies along ``direction``: cosines, (m,)."""
        along = _direction(direction, self.unit.shape[1])
        return self.unit[[self.index(word) for word in words]] @ along

    def random_directions(self, count=1000, n_pairs=8, seed=0) -> np.ndarray:
        """The control for :meth:`direction`: mean offsets of random pairs, (count, d)."""
        draws = np.random.default_rng(seed).integers(len(self), size=(2, count, n_pairs))
        return normalise((self.unit[draws[1]] - self.unit[draws[0]]).mean(1))

    def corner_hits(self, names, axes, exclude_inputs=True) -> int:
        """How many of the corners ``names`` are the word nearest to :func:`predict_corners`: 0 to 8.

        Candidates are the whole vocabulary without the seven other corners, or, with
        ``exclude_inputs=False``, the eight corners alone.
        """
        rows = [self.index(name) for name in names]
        scores = predict_corners(self.unit[rows], axes) @ self.unit.T
        if not exclude_inputs:
            return int((scores[:, rows].argmax(1) == np.arange(8)).sum())
        own = scores[np.arange(8), rows]
        scores[:, rows] = -np.inf
        return int((own > scores.max(1)).sum())

    def _rows(self, pairs):
        try:
            first, second = zip(*pairs, strict=True)
        except (TypeError, ValueError):
            raise CourseError('Pairs are a list such as [("hot", "cold"), ("wet", "dry")].') from None
        if len(first) < 2:
            raise CourseError("Comparing pairs takes two at least, not one.")
        return np.array([[self.index(word) for word in side] for side in (first, second)])


def relation_pairs(name) -> list[tuple[str, str]]:
    """The 40 pairs of one of the ``RELATIONS``, chosen before any result was computed."""
    if name not in RELATIONS:
        raise CourseError(f"{name!r:.40} is not a relation; these are: {', '.join(RELATIONS)}.")
    return [tuple(pair) for pair in word_lists()["relations"][name]["pairs"]]


@functools.cache
def word_lists() -> dict:
    """All of ``relations.json``: relations, cube, gender_direction, occupations, technology."""
    return data.load_json("relations.json")


def normalise(vectors) -> np.ndarray:
    """Rows scaled to length one, (..., d) float64; a row of zeros stays as it is."""
    lengths = np.linalg.norm(np.asarray(vectors, dtype=np.float64), axis=-1, keepdims=True)
    return vectors / np.where(lengths == 0, 1, lengths)


def project_out(vectors, direction) -> np.ndarray:
    """``vectors`` (..., d) without their part along ``direction`` (d,)."""
    vectors = np.asarray(vectors, dtype=np.float64)
    along = _direction(direction, vectors.shape[-1])
    return vectors - (vectors @ along)[..., None] * along


def cube() -> tuple[list[str], np.ndarray]:
    """The eight words of the cube, and their signs (8, 3) on gender, age and royalty."""
    corners = word_lists()["cube"]["corners"]
    return list(corners), np.array(list(corners.values()))


def additive_r2(corners, axes):
    """R² of "a corner is the mean plus one vector for each axis", for ``corners`` (8, d).

    ``axes``: signs (8, 3), or (p, 8, 3) for p arrangements at once; gives one R², or (p,). With no
    meaning it is 3/7 on average: eight points differ in seven directions, and three are fitted.
    """
    centred = corners - corners.mean(0)
    gram = centred @ centred.T
    return np.einsum("...ik,ij,...jk->...", axes, gram, axes, optimize=True) / 8 / np.trace(gram)


def predict_corners(corners, axes) -> np.ndarray:
    """Each corner as the additive model fitted to the other seven predicts it, (8, d).

    For a cube this least-squares fit has a short form: half the sum of the three neighbours
    minus half the opposite corner. ``queen = (king + woman + princess - boy) / 2``.
    """
    alike = axes @ axes.T  # 3 for the corner itself, then 1, -1 and -3 for the opposite one
    return ((1 + alike) / 4 - np.eye(8)) @ corners


def arrangements(axes) -> np.ndarray:
    """The control: every way of placing the words at the corners, (5040, 8, 3).

    The first word stays where it is, since moving it too would only give mirror images. Six of
    the 5 040, the first among them, are the true cube with its axes renamed.
    """
    return np.array([axes[[0, *order]] for order in itertools.permutations(range(1, 8))])


def distinct_arrangements(axes) -> np.ndarray:
    """The :func:`arrangements` without renamed axes, (840, 8, 3): the true cube first.

    Of six that differ in the names of the axes alone, the one with most words in their place stays.
    """
    every = arrangements(axes)
    in_place = (every == axes).all(2).sum(1)
    every = every[np.argsort(-in_place, kind="stable")]
    # An axis is the set of words on the side of the first one; its number does not know the names.
    sides = (every * every[:, :1] > 0).transpose(0, 2, 1) @ 2 ** np.arange(8)
    _, first = np.unique(np.sort(sides, axis=1), axis=0, return_index=True)
    return every[np.sort(first)]


def _direction(vector, size):
    """``vector`` (size,) scaled to length one, or a sentence that says what is wrong with it."""
    try:
        array = np.asarray(vector, dtype=np.float64)
    except (TypeError, ValueError, OverflowError):
        raise CourseError('A vector is a row of numbers, such as words["king"].') from None
    if array.shape != (size,):
        raise CourseError(f"A word vector has {size} numbers, shape ({size},); this has shape {array.shape}.")
    if not np.isfinite(array).all() or not array.any():
        raise CourseError("A vector that is all zeros, or has entries that are not finite, has no direction.")
    return normalise(array / np.abs(array).max())  # squares of huge entries stay in range
