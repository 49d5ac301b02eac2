"""The exercises of notebook 04."""
from __future__ import annotations

import numpy as np

from . import Exercise, Mistake, Wrong, array, call, number


def _setup() -> dict:
    import torch

    return dict(torch=torch)


def _same(one, other) -> bool:
    return bool(np.allclose(one, other, rtol=0, atol=1e-4))


def _values(seed: int, *shape: int):
    import torch

    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


def _check_hidden_entry(answer):
    for seed, shape, i, j in ((41, (4, 7, 5), 2, 5), (42, (3, 5, 4), 0, 1), (43, (5, 4, 6), 3, 0),
                              (44, (4, 6, 3), 1, 4)):
        values = _values(seed, *shape)
        found = array(call(answer, values, i, j), shape[2:], "The prediction")
        v = values.numpy().astype(float)
        rows, columns = np.delete(np.arange(shape[0]), i), np.delete(np.arange(shape[1]), j)
        relation, word = v[i, columns].mean(0), v[rows, j].mean(0)
        both = v[rows][:, columns].mean((0, 1))
        if _same(found, relation + word - both):
            continue
        without = v[np.arange(shape[0]) != i].mean((0, 1))
        for wrong, says in (
            (v[i, j], "This is the entry itself. It should be told from the others."),
            (v[i].mean(0) + v[:, j].mean(0) - v.mean((0, 1)),
             "The hidden entry takes part in these means. Leave relation i and word j out where they meet."),
            (relation + word, "What the two means have in common is counted twice here. Which mean holds just that?"),
            (relation + word - v.mean((0, 1)), "The mean you take away still has relation i and word j in it. It "
                                               "should be that of the other relations and the other words."),
            (relation + word - without, "The mean you take away has word j in it. Leave it out there too."),
            (relation + word - np.delete(v.reshape(-1, shape[2]), i * shape[1] + j, axis=0).mean(0),
             "The mean you take away leaves out the entry alone. Relation i and word j should be left out of it "
             "altogether."),
            (relation + word + both, "The common part should be taken away, and it was added once more."),
            ((relation + word) / 2, "This is the middle between the two means. They should be added, and what is "
                                    "counted twice taken away."),
            (relation, "This is the mean of relation i alone. The word is missing."),
            (word, "This is the mean of word j alone. The relation is missing."),
            (v[i, columns[0]] + v[rows[0], j] - v[rows[0], columns[0]],
             "This uses one other relation and one other word. For a perfect sum that would do; the means of all of "
             "them are steadier."),
        ):
            if _same(found, wrong):
                raise Wrong(says)
        changed = values.clone()
        changed[i, j] += 10
        if not _same(array(call(answer, changed, i, j), shape[2:], "The prediction"), found):
            raise Wrong("Your prediction moves when the hidden entry does, so that entry is used somewhere.")
        raise Wrong(f"With {shape[0]} relations and {shape[1]} words, entry {i}, {j} comes out as "
                    f"{found[0]:.3f}, … and should be {(relation + word - both)[0]:.3f}, …")


hidden_entry = Exercise(
    variable="hidden_entry",
    stub="""
def hidden_entry(values, i, j):
    return ...
""",
    checker=_check_hidden_entry,
    shows="An entry that took no part is predicted from the rest, if the table is a sum. Try it on `attention`, and "
          "compare the cosine to the true entry with that of another word.",
    hints=("`values[i]` has a row for each word. Drop row j and take the mean: that is relation i without the entry.",
           "`keep = [w for w in range(values.shape[1]) if w != j]` picks the other words; the same for relations.",
           "Take away the mean over the other relations and the other words: "
           "`values[relations][:, words].mean(dim=(0, 1))`."),
    solution_source="""
def hidden_entry(values, i, j):
    relations = [r for r in range(values.shape[0]) if r != i]
    words = [w for w in range(values.shape[1]) if w != j]
    both = values[relations][:, words].mean(dim=(0, 1))
    return values[i, words].mean(dim=0) + values[relations, j].mean(dim=0) - both
""",
    mistakes=(
        Mistake("""
def hidden_entry(values, i, j):
    return values[i].mean(dim=0) + values[:, j].mean(dim=0) - values.mean(dim=(0, 1))
""", "The hidden entry takes part in these means"),
        Mistake("""
def hidden_entry(values, i, j):
    relations = [r for r in range(values.shape[0]) if r != i]
    words = [w for w in range(values.shape[1]) if w != j]
    return values[i, words].mean(dim=0) + values[relations, j].mean(dim=0)
""", "is counted twice here"),
        Mistake("""
def hidden_entry(values, i, j):
    relations = [r for r in range(values.shape[0]) if r != i]
    words = [w for w in range(values.shape[1]) if w != j]
    return values[i, words].mean(dim=0) + values[relations, j].mean(dim=0) - values.mean(dim=(0, 1))
""", "The mean you take away still has"),
        Mistake("""
def hidden_entry(values, i, j):
    words = [w for w in range(values.shape[1]) if w != j]
    return values[i, words].mean(dim=0)
""", "mean of relation i alone"),
        Mistake("""
def hidden_entry(values, i, j):
    return values[i, j]
""", "This is the entry itself"),
        Mistake("""
def hidden_entry(values, i, j):
    r, w = (1 if i == 0 else 0), (1 if j == 0 else 0)
    return values[i, w] + values[r, j] - values[r, w]
""", "one other relation and one other word"),
    ),
    setup=_setup,
)


def _check_relation_vectors(answer):
    import torch

    for seed, shape in ((51, (4, 9, 5)), (52, (3, 8, 4)), (53, (5, 7, 6))):
        values = _values(seed, *shape) + 2 * _values(seed + 100, shape[2])
        test = torch.arange(shape[1]) % 3 == seed % 3
        found = array(call(answer, values, test), (shape[0], shape[2]), "The vectors")
        v, others = values.numpy().astype(float), ~test.numpy()
        means, of_test, of_all = v[:, others].mean(1), v[:, ~others].mean(1), v.mean(1)
        if _same(found, means - means.mean(0)):
            continue
        for wrong, says in (
            (of_all - of_all.mean(), "Both bugs are still there. Which words make the vectors, and what is taken away "
                                     "from each?"),
            (means - means.mean(), "One bug left: `means.mean()` is a single number. The mean over relations "
                                   "is a vector."),
            (of_all - of_all.mean(0), "One bug left: the test words still take part in the vectors."),
            (of_test - of_test.mean(0), "Now the vectors come from the test words alone. They should come from the "
                                        "others."),
            (of_test - of_test.mean(), "The vectors come from the test words, and a single number is taken away."),
            (means, "These vectors still have in common what all relations share. Take their mean away."),
            (means - of_all.mean(0), "The mean taken away still has the test words in it."),
            (means - means.mean(1, keepdims=True), "Here each vector loses the mean of its own numbers. Take away the "
                                                   "mean over relations, dim 0."),
        ):
            if _same(found, wrong):
                raise Wrong(says)
        expected = means - means.mean(0)
        k, d = np.argwhere(abs(found - expected) > 1e-4)[0]
        raise Wrong(f"Number {d} of vector {k} is {found[k, d]:.3f} and should be {expected[k, d]:.3f}.")


relation_vectors = Exercise(
    variable="relation_vectors",
    stub="""
def relation_vectors(values, test):
    means = values.mean(dim=1)
    return means - means.mean()
""",
    checker=_check_relation_vectors,
    shows="Vectors tested on the words they were made of prove little: they may hold those words. And without the mean "
          "over relations they also say “an answer is due”, which is no relation.",
    hints=("What is the shape of `means.mean()`?",
           "`~test` is True where `test` is False.",
           "`values[:, ~test]` are the vectors of the other words; `dim=0` are the relations."),
    solution_source="""
def relation_vectors(values, test):
    means = values[:, ~test].mean(dim=1)
    return means - means.mean(dim=0)
""",
    mistakes=(
        Mistake("""
def relation_vectors(values, test):
    means = values[:, ~test].mean(dim=1)
    return means - means.mean()
""", "is a single number"),
        Mistake("""
def relation_vectors(values, test):
    means = values.mean(dim=1)
    return means - means.mean(dim=0)
""", "the test words still take part"),
        Mistake("""
def relation_vectors(values, test):
    means = values[:, test].mean(dim=1)
    return means - means.mean(dim=0)
""", "come from the test words alone"),
        Mistake("""
def relation_vectors(values, test):
    return values[:, ~test].mean(dim=1)
""", "what all relations share"),
        Mistake("""
def relation_vectors(values, test):
    means = values[:, ~test].mean(dim=1)
    return means - means.mean(dim=1, keepdim=True)
""", "the mean of its own numbers"),
        Mistake("""
def relation_vectors(values, test):
    return values[:, ~test].mean(dim=1) - values.mean(dim=(0, 1))
""", "still has the test words in it"),
    ),
    setup=_setup,
)


def _curves(seed: int, forms: int, n: int, low: int):
    """Strengths that rise and contain 0, and probabilities whose best form changes below 0, after 0 and once more."""
    import torch

    draw = torch.Generator().manual_seed(seed)
    strengths = (torch.arange(n) + low) / 4
    zero, a, b = -low, -low + 3 + seed % 3, -low + 8 + seed % 2
    noise = torch.rand(n, forms, generator=draw) * 0.2
    order = torch.randperm(forms, generator=draw)
    best = torch.full((n,), int(order[0]))
    best[:zero - 2], best[a:b], best[b:] = int(order[1]), int(order[2]), int(order[1])
    # Just after a change the best form has less than half of the probability.
    noise[torch.arange(n), best] += 0.25 + 0.03 * (torch.arange(n) - a).clamp(0, 20)
    return strengths, noise / noise.sum(1, keepdim=True).clamp(min=1.0)


def _check_turning_strength(answer):
    for seed, forms, n, low in ((61, 4, 24, -8), (62, 4, 21, -6), (63, 5, 26, -9), (64, 4, 22, -5)):
        strengths, probabilities = _curves(seed, forms, n, low)
        found = number(call(answer, strengths, probabilities), "The strength")
        s, best = strengths.numpy().astype(float), probabilities.numpy().argmax(1)
        changed = best != best[-low]
        first = int(np.argmax(changed & (s > 0)))
        if abs(found - s[first]) < 1e-5:
            continue
        rising = np.flatnonzero(best != best[0])
        largest = probabilities.numpy().max(1)
        above_half = np.flatnonzero((largest > 0.5) & changed & (s > 0))
        for wrong, says in (
            (float(first), "This is the index of the strength. Look it up in `strengths`."),
            (s[np.argmax(changed)], "The answer changes there, but below 0. Only strengths above 0 count."),
            (s[first - 1], "There the answer is still the old one. You are one step early."),
            (s[np.flatnonzero(changed & (s > 0))[-1]], "There it has long changed. Give back the first strength, not "
                                                      "the last."),
            (s[rising[0]], "Compare with the answer at strength 0. Row 0 belongs to the lowest strength."),
            (s[rising[np.argmax(s[rising] > 0)]], "Compare with the answer at strength 0, not with that in row 0, the "
                                                  "lowest strength."),
            (s[above_half[0]] if len(above_half) else np.nan,
             "Most probable does not mean above one half. Use argmax."),
        ):
            if abs(found - wrong) < 1e-5:
                raise Wrong(says)
        raise Wrong(f"In one test the answer changes at strength {s[first]:.2f}, and yours says {found:.2f}.")


turning_strength = Exercise(
    variable="turning_strength",
    stub="""
def turning_strength(strengths, probabilities):
    return ...
""",
    checker=_check_turning_strength,
    shows="The game changes at a threshold, mostly well below strength 1. Words differ in how much of a push they "
          "need; where the form is the most probable one at 0 already, there is no threshold to find.",
    hints=("`probabilities.argmax(dim=1)` is the most probable form at each strength.",
           "`strengths.abs().argmin()` is the row of strength 0.",
           "`strengths[(strengths > 0) & (best != at_zero)]` are all strengths that count, lowest first."),
    solution_source="""
def turning_strength(strengths, probabilities):
    best = probabilities.argmax(dim=1)
    at_zero = best[strengths.abs().argmin()]
    return strengths[(strengths > 0) & (best != at_zero)][0]
""",
    mistakes=(
        Mistake("""
def turning_strength(strengths, probabilities):
    best = probabilities.argmax(dim=1)
    at_zero = best[strengths.abs().argmin()]
    return torch.nonzero((strengths > 0) & (best != at_zero))[0, 0]
""", "This is the index of the strength"),
        Mistake("""
def turning_strength(strengths, probabilities):
    best = probabilities.argmax(dim=1)
    at_zero = best[strengths.abs().argmin()]
    return strengths[best != at_zero][0]
""", "Only strengths above 0 count"),
        Mistake("""
def turning_strength(strengths, probabilities):
    best = probabilities.argmax(dim=1)
    return strengths[best != best[0]][0]
""", "Row 0 belongs to the lowest strength"),
        Mistake("""
def turning_strength(strengths, probabilities):
    best = probabilities.argmax(dim=1)
    at_zero = best[strengths.abs().argmin()]
    return strengths[(strengths > 0) & (best != at_zero)][-1]
""", "Give back the first strength"),
        Mistake("""
def turning_strength(strengths, probabilities):
    best = probabilities.argmax(dim=1)
    at_zero = best[strengths.abs().argmin()]
    half = probabilities.max(dim=1).values > 0.5
    return strengths[(strengths > 0) & (best != at_zero) & half][0]
""", "does not mean above one half"),
    ),
    setup=_setup,
)
