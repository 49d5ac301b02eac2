"""The exercises of notebook 04. torch is loaded when one of them is used."""
from __future__ import annotations

from . import Exercise, summing


def _setup() -> dict:
    import torch

    return dict(torch=torch)


def _values(seed: int, *shape: int):
    """Random quarters: they print in a few digits."""
    import torch

    return (4 * torch.randn(shape, generator=torch.Generator().manual_seed(seed))).round() / 4


_USED = "The hidden entry takes part in these means. Leave relation i and word j out where they meet."
_WITH_ENTRY = "This mean still has the hidden entry in it: that of {}. Leave the entry out there too."
_ONE_NUMBER = "`.mean()` makes one number of everything. The mean over words or relations alone is `.mean(dim=0)`."
hidden_entry = Exercise(
    stub="def hidden_entry(values, i, j):\n    return ...",
    solution_source="""
        relations = [r for r in range(values.shape[0]) if r != i]
        words = [w for w in range(values.shape[1]) if w != j]
        both = values[relations][:, words].mean(dim=(0, 1))
        return values[i, words].mean(dim=0) + values[relations, j].mean(dim=0) - both
        """,
    cases=lambda: [(_values(40, 2, 3, 2), 0, 1), (_values(41, 4, 7, 5), 2, 5), (_values(42, 3, 5, 4), 0, 1),
                   (_values(43, 5, 4, 6), 3, 0)],
    mistakes={
        "values[i, j]": "This is the entry itself. It should be told from the others.",
        "values[i].mean(dim=0) + values[:, j].mean(dim=0) - values.mean(dim=(0, 1))": _USED,
        "values[i].mean(dim=0) + values[:, j].mean(dim=0)": _USED,
        "values[i, words] -> values[i]\nvalues[relations, j] -> values[:, j]": _USED,
        "values[i, words] -> values[i]": _WITH_ENTRY.format("relation i"),
        "values[relations, j] -> values[:, j]": _WITH_ENTRY.format("word j"),
        "values[i, j] = 0; values[i].mean(dim=0) + values[:, j].mean(dim=0) - values.mean(dim=(0, 1))":
            "The hidden entry is set to 0 here, and the means still count it. Leave it out of them.",
        "- both -> ": "What the two means have in common is counted twice here. Which mean holds just that?",
        "- both -> - values.mean(dim=(0, 1))":
            "The mean you take away still has relation i and word j in it. It should be that of the other relations "
            "and the other words.",
        "values[relations][:, words] -> values[relations]":
            "The mean you take away has word j in it. Leave it out there too.",
        "values[relations][:, words] -> values[:, words]":
            "The mean you take away has relation i in it. Leave it out there too.",
        "- both -> - (values.sum(dim=(0, 1)) - values[i, j]) / (values.shape[0] * values.shape[1] - 1)":
            "The mean you take away leaves out the entry alone. Relation i and word j should be left out of it "
            "altogether.",
        "- both -> + both": "The common part should be taken away, and it was added once more.",
        "- both -> - 2 * both": "The common part is counted twice in the sum, so it should be taken away once.",
        "return values[i, words].mean(dim=0) + values[relations, j].mean(dim=0) - both -> "
        "return (values[i, words].mean(dim=0) + values[relations, j].mean(dim=0)) / 2":
            "This is the middle between the two means. They should be added, and what is counted twice taken away.",
        "+ values[relations, j].mean(dim=0) - both -> ": "This is the mean of relation i alone. The word is missing.",
        "values[i, words].mean(dim=0) + values[relations, j].mean(dim=0) - both -> values[relations, j].mean(dim=0)":
            "This is the mean of word j alone. The relation is missing.",
        **{f"r, w = {r}, {w}; values[i, w] + values[r, j] - values[r, w]":
           "This uses one other relation and one other word. For a perfect sum that would do; the means of all of "
           "them are steadier." for r, w in (("int(i == 0)", "int(j == 0)"), ("i - 1", "j - 1"))},
        "(dim=0) -> ()": _ONE_NUMBER,
        "(dim=0) -> ()\n(dim=(0, 1)) -> ()": _ONE_NUMBER,
        "(dim=0) -> (dim=1)":
            "These means run over the numbers of each vector. `values[i]` is a table (words, d): over the words means "
            "dim 0.",
    },
    shows="If the table is a sum, an entry that took no part can be predicted from the rest. On `values` your answer "
          "comes close to the true entry and is not equal. Whether that matters, only the network can say.",
    hints=("`values[i]` has a row for each word. Drop row j and take the mean: that is relation i without the entry.",
           "`keep = [w for w in range(values.shape[1]) if w != j]` picks the other words; the same for relations.",
           "Take away the mean over the other relations and the other words: "
           "`values[relations][:, words].mean(dim=(0, 1))`."),
    setup=_setup, difficulty="medium", minutes=6,
)


def _games():
    import torch

    for seed, shape, test in ((50, (2, 3, 2), "100"), (51, (4, 9, 5), "001001001"), (52, (3, 8, 4), "01001000")):
        yield _values(seed, *shape) + 2 * _values(seed + 100, shape[2]), torch.tensor([t == "1" for t in test])


_OWN = "Here each vector loses the mean of its own numbers. Take away the mean over relations, dim 0."
_SHARED = "These vectors still have in common what all relations share. Take their mean away."
relation_vectors = Exercise(
    stub="""
def relation_vectors(values, test):
    means = values.mean(dim=1)
    return means - means.mean()
""",
    solution_source="values.mean(dim=1) -> values[:, ~test].mean(dim=1)\nmeans.mean() -> means.mean(dim=0)",
    cases=lambda: list(_games()),
    mistakes={
        "values.mean(dim=1) - values.mean()":
            "Both bugs are still there. Which words make the vectors, and what is taken away from each?",
        "means.mean(dim=0) -> means.mean()":
            "One bug left: a single number is taken away. The mean over relations is a vector.",
        "[:, ~test] -> ": "One bug left: the test words still take part in the vectors.",
        "~test -> test": "Now the vectors come from the test words alone. They should come from the others.",
        "~test -> test\nmeans.mean(dim=0) -> means.mean()":
            "The vectors come from the test words, and a single number is taken away.",
        "- means.mean(dim=0) -> ": _SHARED,
        "values.mean(dim=1)": _SHARED + " And the test words take part.",
        "means.mean(dim=0) -> values.mean(dim=(0, 1))": "The mean taken away still has the test words in it.",
        "means.mean(dim=0) -> values[:, test].mean(dim=(0, 1))":
            "The mean taken away comes from the test words. Take that of the vectors themselves.",
        "means.mean(dim=0) -> means.mean(dim=1, keepdim=True)": _OWN,
        "means.mean(dim=0) -> means.mean(dim=1)": _OWN,
        "mean(dim=1) -> mean(dim=0)": "The first mean runs over the relations. One vector for each relation is asked "
                                      "for: the mean over its words, dim 1.",
        "values[:, ~test] -> (values * ~test[:, None])":
            "The test words are set to zero, and the mean still counts them. Pick the others: `values[:, ~test]`.",
        "values[:, ~test] -> values[~test]":
            "In `values[~test]` the mask picks relations, dim 0. The words are dim 1: `values[:, ~test]`.",
        "mean(dim=1) -> sum(dim=1)": "These are sums over the words. The mean divides by how many there are.",
        "means - -> means +": "The mean over relations should be taken away, and here it is added.",
        "means - means.mean(dim=0) -> means.mean(dim=0) - means": "The signs are exchanged: vector minus mean.",
        "means.mean(dim=0) -> (means.sum(dim=0) - means) / (len(means) - 1)":
            "Here each vector loses the mean of the others. Take away the mean of all, the same for each.",
        "return means - means.mean(dim=0) -> v = means - means.mean(dim=0); return v / v.norm(dim=1, keepdim=True)":
            "These vectors have been scaled to length one. Leave their lengths as they are.",
    },
    shows="Vectors tested on the words they were made of prove little: they may hold those words. And without the mean "
          "over relations they also say “an answer is due”, which is no relation.",
    hints=("What is the shape of `means.mean()`?",
           "`~test` is True where `test` is False.",
           "`values[:, ~test]` are the vectors of the other words; `dim=0` are the relations."),
    setup=_setup, difficulty="easy", minutes=4,
)

summary = summing(__name__, "04")
