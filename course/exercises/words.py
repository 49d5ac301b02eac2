"""The exercises of notebook 02."""
from __future__ import annotations

import functools
import itertools

import numpy as np

from . import Exercise, Mistake, Wrong, array, call, word


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
    from ..words import relation_pairs
    return dict(np=np, words=_words(), nearest=_nearest, mean_cosine=_mean_cosine, relation_pairs=relation_pairs)


def _same(one, other) -> bool:
    return bool(np.allclose(one, other, rtol=0, atol=1e-5))


# The typical mistakes differ from the right answer, and from each other, on these questions; the
# vectors as stored and the vectors of length one agree on them.
_QUESTIONS = (("man", "king", "woman"), ("paris", "france", "tokyo"), ("hot", "cold", "wet"),
              ("take", "took", "give"), ("slow", "slower", "cheap"), ("dog", "dogs", "horse"))
# What a typical wrong version looks for, given the vectors of a, b and c, and what to say.
_TARGETS = (
    (lambda a, b, c: a - b + c, "The step goes the wrong way, from b to a. It should lead from a to b."),
    (lambda a, b, c: a + b + c, "All three are added. Which of them has to be taken away?"),
    (lambda a, b, c: a + b - c, "The wrong word is taken away: c is where the step starts."),
    (lambda a, b, c: c, "This is the nearest neighbour of c: the step is missing."),
    (lambda a, b, c: b - a, "This looks around the step itself. Where does the step start?"),
)


def _found(vectors, target) -> list[str]:
    """For each question the word whose row of ``vectors`` has the largest dot product with the target."""
    words, found = _words(), []
    for question in _QUESTIONS:
        dots = vectors @ target(*(words[name] for name in question))
        dots[[words.index(name) for name in question]] = -np.inf
        found.append(words.words[int(dots.argmax())])
    return found


def _check_analogy(answer):
    words, given = _words(), []
    for question in _QUESTIONS:
        result = call(answer, *question)
        if isinstance(result, (list, tuple)) and result and isinstance(result[0], str):
            raise Wrong("This gives back a list of words. The answer is one word: the first of the list.")
        given.append(word(result, "The result"))
    for question, got in zip(_QUESTIONS, given, strict=True):
        if got in question:
            raise Wrong(f"Asked what is to {question[2]} as {question[1]} is to {question[0]}, this says {got}. "
                        "That is one of the three words of the question. Leave all three out.")
    wanted = _found(words.unit, lambda a, b, c: b - a + c)
    if given == wanted:
        return
    for target, says in _TARGETS:
        if given == _found(words.unit, target):
            raise Wrong(says)
    if given == _found(words.vectors, lambda a, b, c: b - a + c):
        raise Wrong("These are dot products with the vectors as they are stored, and long vectors win. "
                    "Divide by the lengths, or use `words.unit`.")
    (a, b, c), got, right = next(t for t in zip(_QUESTIONS, given, wanted, strict=True) if t[1] != t[2])
    raise Wrong(f"Asked what is to {c} as {b} is to {a}, this says {got[:40]}, and the arithmetic says {right}.")


analogy = Exercise(
    variable="analogy",
    stub="""
def analogy(a, b, c):
    return ...
""",
    checker=_check_analogy,
    shows="One step, one look around: that is all there is to an analogy. What it finds depends as much on the "
          "words you leave out as on the arithmetic.",
    hints=("The step from a to b is `words[b] - words[a]`. Where does it start?",
           "`nearest(vector, 1, leave_out=[...])` gives a list with one word in it.",
           "It starts at c: `words[b] - words[a] + words[c]`. Leave out a, b and c."),
    solution_source="""
def analogy(a, b, c):
    target = words[b] - words[a] + words[c]
    return nearest(target, 1, leave_out=[a, b, c])[0]
""",
    mistakes=(
        Mistake("""
def analogy(a, b, c):
    target = words[b] - words[a] + words[c]
    return nearest(target, 1)[0]
""", "one of the three words of the question"),
        Mistake("""
def analogy(a, b, c):
    target = words[a] - words[b] + words[c]
    return nearest(target, 1, leave_out=[a, b, c])[0]
""", "The step goes the wrong way"),
        Mistake("""
def analogy(a, b, c):
    target = words[a] + words[b] + words[c]
    return nearest(target, 1, leave_out=[a, b, c])[0]
""", "All three are added"),
        Mistake("""
def analogy(a, b, c):
    target = words[a] + words[b] - words[c]
    return nearest(target, 1, leave_out=[a, b, c])[0]
""", "The wrong word is taken away"),
        Mistake("""
def analogy(a, b, c):
    dots = words.vectors @ (words[b] - words[a] + words[c])
    order = [words.words[i] for i in np.argsort(-dots)]
    return [name for name in order if name not in (a, b, c)][0]
""", "long vectors win"),
        Mistake("""
def analogy(a, b, c):
    return nearest(words[c], 1, leave_out=[a, b, c])[0]
""", "the step is missing"),
        Mistake("""
def analogy(a, b, c):
    target = words[b] - words[a]
    return nearest(target, 1, leave_out=[a, b, c])[0]
""", "Where does the step start"),
        Mistake("""
def analogy(a, b, c):
    target = words[b] - words[a] + words[c]
    return nearest(target, 1, leave_out=[a, b, c])
""", "gives back a list"),
    ),
    setup=_setup,
)


def _check_remove(answer):
    rng = np.random.default_rng(22)
    for length in (2.5, 0.4, 1.0):
        vector = rng.normal(size=100)
        direction = rng.normal(size=100) + 0.6 * vector  # far from a right angle to the vector
        direction *= length / np.linalg.norm(direction)
        got = array(call(answer, vector, direction), (100,), "The result")
        unit = direction / length
        part = (vector @ unit) * unit
        if _same(got, vector - part):
            continue
        if _same(got, part):
            raise Wrong("This is the part along the direction. What should stay is everything else.")
        if _same(got, vector + part):
            raise Wrong("This adds the part along the direction once more. Take it away.")
        if _same(got, vector - direction) or _same(got, vector - unit):
            raise Wrong("This takes away the direction itself. Take away only as much of it as the vector contains.")
        if _same(got, vector - (vector @ direction) * direction) or _same(got, vector - (vector @ direction) * unit):
            raise Wrong(f"This works only for a direction of length one, and here its length is {length}. "
                        "Divide the direction by its length first.")
        if _same(got, vector - vector @ unit) or _same(got, vector - vector @ direction):
            raise Wrong("This takes one number away from all hundred entries. Multiply that number by the direction.")
        if _same(got, np.zeros(100)) or _same(got, vector):
            raise Wrong("This gives back the vector as it was, or nothing at all. Where does the direction come in?")
        kept = vector - part
        if abs(got @ unit) < 1e-5 and got @ kept > (1 - 1e-6) * np.linalg.norm(got) * np.linalg.norm(kept):
            raise Wrong("The direction is gone, but the rest has been scaled. Leave its length as it is.")
        raise Wrong(f"The dot product of the result with the direction should be 0, and nothing else should change. "
                    f"For a direction of length {length} it is {got @ unit:.2g}.")


remove = Exercise(
    variable="remove",
    stub="""
def remove(vector, direction):
    return ...
""",
    checker=_check_remove,
    shows="What is left is at a right angle to the direction, and everything else is as it was. If a feature is a "
          "direction, this takes away that feature and no other one, as far as the others are at right angles to it.",
    hints=("First give the direction length one: `unit = direction / np.linalg.norm(direction)`.",
           "`vector @ unit` says how much of it is in the vector.",
           "Take away that much, times `unit`."),
    solution_source="""
def remove(vector, direction):
    unit = direction / np.linalg.norm(direction)
    return vector - (vector @ unit) * unit
""",
    mistakes=(
        Mistake("""
def remove(vector, direction):
    return vector - (vector @ direction) * direction
""", "only for a direction of length one"),
        Mistake("""
def remove(vector, direction):
    return vector - direction
""", "takes away the direction itself"),
        Mistake("""
def remove(vector, direction):
    unit = direction / np.linalg.norm(direction)
    return (vector @ unit) * unit
""", "the part along the direction. What should stay"),
        Mistake("""
def remove(vector, direction):
    unit = direction / np.linalg.norm(direction)
    return vector + (vector @ unit) * unit
""", "once more"),
        Mistake("""
def remove(vector, direction):
    unit = direction / np.linalg.norm(direction)
    return vector - vector @ unit
""", "one number away from all hundred"),
        Mistake("""
def remove(vector, direction):
    unit = direction / np.linalg.norm(direction)
    rest = vector - (vector @ unit) * unit
    return rest / np.linalg.norm(rest)
""", "has been scaled"),
    ),
    setup=_setup,
)


def _values(first, second, orders):
    """Mean cosine between the offsets for each order of the second words, the true one first."""
    return np.array([_mean_cosine(second[list(order)] - first) for order in orders])


def _check_shuffled(answer):
    from .. import CourseError
    from ..words import relation_pairs
    generator = np.random.default_rng(23)
    for n in (4, 5):
        first, second = generator.normal(size=(2, n, 100))
        second += 2 * first  # the offsets of true pairs differ from all others
        values = _values(first, second, itertools.permutations(range(n)))
        found = []
        for seed in range(24):
            try:
                got = call(answer, first, second, np.random.default_rng(seed))
            except CourseError as error:
                raise Wrong(str(error)) from None
            if isinstance(got, np.ndarray) and got.shape == (n, 100):
                raise Wrong("This gives back vectors. The answer is one number, the mean cosine.")
            found.append(float(array(got, (), "The result")))
        found = np.array(found)
        if np.allclose(found, values[0], rtol=0, atol=1e-9):
            raise Wrong("However it is shuffled, this is the value of the true pairs. Do the two sides really move "
                        "against each other?")
        fits = np.abs(found[:, None] - values).min(1) < 1e-9
        if fits.all():
            if np.ptp(found) < 1e-9:
                raise Wrong("Whatever `rng` is, this is always the same shuffle. Draw the order from `rng`.")
            continue
        redrawn = _values(first, second, itertools.product(range(n), repeat=n))
        if (np.abs(found[:, None] - redrawn).min(1) < 1e-9).all():
            raise Wrong("Here some second words are used twice and others not at all. Every word should keep "
                        "appearing once: use a permutation.")
        if (np.abs(found) < 0.6).all() and (found[~fits].std() > 1e-6) and not fits.any():
            flat = _mean_cosine(second - first)
            raise Wrong(f"These values belong to no way of pairing the words (true pairs: {flat:.2f}). Shuffle whole "
                        "rows, one for each word, not the numbers within them.")
        raise Wrong("These values belong to no way of pairing the first words with the second ones. "
                    "What is the offset of a broken pair?")
    pairs = relation_pairs("capital")
    words = _words()
    first, second = (np.array([words[name] for name in side]) for side in zip(*pairs, strict=True))
    got = float(array(call(answer, first, second, np.random.default_rng(0)), (), "The result"))
    if not 0.15 < got < 0.4:
        raise Wrong(f"For small sets this is right, but for the capitals it gives {got:.2f}.")


shuffled_cosine = Exercise(
    variable="shuffled_cosine",
    stub="""
def shuffled_cosine(first, second, rng):
    order = rng.permutation(len(first))
    return mean_cosine(second[order] - first[order])
""",
    checker=_check_shuffled,
    shows="A control that changes nothing gives the same value as the result, and then says nothing. With this bug "
          "every relation would have looked no better than chance. When result and control agree to the last digit, "
          "suspect the control.",
    hints=("Call it twice, with `np.random.default_rng(0)` and `np.random.default_rng(1)`. Is there any difference?",
           "After `second[order]` and `first[order]`, which country stands beside which capital?",
           "Put one side in a new order and leave the other one where it is."),
    solution_source="""
def shuffled_cosine(first, second, rng):
    order = rng.permutation(len(first))
    return mean_cosine(second[order] - first)
""",
    mistakes=(
        Mistake("""
def shuffled_cosine(first, second, rng):
    order = rng.permutation(len(first))
    offsets = second - first
    return mean_cosine(offsets[order])
""", "the value of the true pairs"),
        Mistake("""
def shuffled_cosine(first, second, rng):
    return mean_cosine(second[::-1] - first)
""", "always the same shuffle"),
        Mistake("""
def shuffled_cosine(first, second, rng):
    order = rng.integers(len(first), size=len(first))
    return mean_cosine(second[order] - first)
""", "used twice"),
        Mistake("""
def shuffled_cosine(first, second, rng):
    return mean_cosine(rng.permuted(second, axis=1) - first)
""", "not the numbers within them"),
        Mistake("""
def shuffled_cosine(first, second, rng):
    order = rng.permutation(len(first))
    return second[order] - first
""", "gives back vectors"),
        Mistake("""
def shuffled_cosine(first, second, rng):
    order = rng.permutation(len(first))
    return mean_cosine(second[order])
""", "What is the offset of a broken pair"),
    ),
    setup=_setup,
)


def _check_learned(answer):
    from ..words import relation_pairs
    words = _words()
    for name, few, k in (("capital", 6, 2), ("past", 4, 0), ("gender", 5, 4)):
        pairs = relation_pairs(name)[:few]
        offsets, (a, b) = words.offsets(pairs), pairs[k]
        others = np.delete(offsets, k, 0)
        step = others.mean(0)
        got = array(call(answer, pairs, k), (100,), "The result")
        if _same(got, words[a] + step):
            continue
        if _same(got, words[a] + offsets.mean(0)):
            raise Wrong(f"The pair in question, {a} and {b}, is in the mean: the answer is part of the question. "
                        "Leave pair k out.")
        if _same(got, words[b]) or _same(got, offsets[k]):
            raise Wrong(f"This uses the offset of {a} and {b} alone, which is the answer itself. Use the other pairs.")
        if _same(got, words[a] - step):
            raise Wrong("The step goes from second to first word. Turn it round.")
        if _same(got, words[a] + others.sum(0)) or _same(got, words[a] + others.sum(0) / few):
            raise Wrong(f"The step has the right direction and the wrong length. It is the mean of {few - 1} offsets.")
        if _same(got, step) or _same(got, offsets.mean(0)):
            raise Wrong("This is the step alone. Where does it start?")
        if _same(got, words[b] + step):
            raise Wrong(f"The step starts at {b}, which is the word to be found. Start at {a}.")
        if _same(got, words[a] + step / np.linalg.norm(step)):
            raise Wrong("The mean offset was stretched to length one. Its own length is the length of a typical step.")
        if _same(got, words[a] + np.delete(offsets, 0, 0).mean(0)) or _same(got, words[a] + offsets[:-1].mean(0)):
            raise Wrong("This leaves out the same pair every time. Leave out the one with number k.")
        raise Wrong(f"For pair {k} of {few} this is not where the mean of the other offsets leads from {a}.")


learned_target = Exercise(
    variable="learned_target",
    stub="""
def learned_target(pairs, k):
    a, b = pairs[k]
    return words[a] + ...
""",
    checker=_check_learned,
    shows="A direction may be tested only on pairs that it was not made from. Forty pairs are few, so each takes its "
          "turn at being left out.",
    hints=("The other pairs: `[pair for i, pair in enumerate(pairs) if i != k]`.",
           "`words.offsets(other_pairs)` has one row for each of them. Which way does the mean go: `axis=0` or 1?",
           "Start at the first word of pair k and add the mean of those rows."),
    solution_source="""
def learned_target(pairs, k):
    a, b = pairs[k]
    others = [pair for i, pair in enumerate(pairs) if i != k]
    return words[a] + words.offsets(others).mean(axis=0)
""",
    mistakes=(
        Mistake("""
def learned_target(pairs, k):
    a, b = pairs[k]
    return words[a] + words.offsets(pairs).mean(axis=0)
""", "the answer is part of the question"),
        Mistake("""
def learned_target(pairs, k):
    a, b = pairs[k]
    return words[a] + words[b] - words[a]
""", "the answer itself"),
        Mistake("""
def learned_target(pairs, k):
    a, b = pairs[k]
    others = [pair for i, pair in enumerate(pairs) if i != k]
    return words[a] - words.offsets(others).mean(axis=0)
""", "Turn it round"),
        Mistake("""
def learned_target(pairs, k):
    a, b = pairs[k]
    others = [pair for i, pair in enumerate(pairs) if i != k]
    return words[a] + words.offsets(others).sum(axis=0)
""", "the wrong length"),
        Mistake("""
def learned_target(pairs, k):
    a, b = pairs[k]
    others = [pair for i, pair in enumerate(pairs) if i != k]
    return words.offsets(others).mean(axis=0)
""", "the step alone"),
        Mistake("""
def learned_target(pairs, k):
    a, b = pairs[k]
    others = [pair for i, pair in enumerate(pairs) if i != k]
    return words[b] + words.offsets(others).mean(axis=0)
""", "which is the word to be found"),
        Mistake("""
def learned_target(pairs, k):
    a, b = pairs[k]
    return words[a] + words.offsets(pairs[:-1]).mean(axis=0)
""", "the same pair every time"),
    ),
    setup=_setup,
)
