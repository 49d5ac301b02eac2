"""The exercises of notebook 08. torch is loaded when one of them is used."""
from __future__ import annotations

from . import Exercise, Wrong, call, number, summing
from .compare import shown


def _setup() -> dict:
    import torch

    return dict(torch=torch)


def _masks(*pairs: str):
    """Pairs of masks from "named true", one digit a token."""
    import torch

    return [tuple(torch.tensor([one == "1" for one in mask]) for mask in pair.split()) for pair in pairs]


def _check_nothing_right(answer):
    for (named, true), names in zip(_masks("000000000 111100000", "000000011 111100000"),
                                    ("nothing", "some tokens, and none of them is in the context,"), strict=True):
        case = f"All is right but for one case: a unit that names {names} should get 0"
        try:
            found = number(call(answer, named, true), "F1")
        except Wrong as wrong:
            divides = isinstance(wrong.__cause__, ZeroDivisionError) or "not finite" in str(wrong)
            raise Wrong(f"{case}. {wrong}{' What is divided by 0 there?' * divides}") from wrong.__cause__
        if abs(found) > 1e-4:
            raise Wrong(f"{case}, and here it gets {shown(found)}.")


_PR = "both = (named & true).sum(); p, r = both / named.sum(), both / true.sum(); "
f1 = Exercise(
    stub="def f1(named, true):\n    ...",
    solution_source="2 * (named & true).sum() / (named.sum() + true.sum())",
    cases=lambda: _masks("1111000000 1100100000", "110000000000 101111000000", "1110 1111",
                         "111111110000000000000000 000111111111111100000000"),
    checker=_check_nothing_right,
    mistakes={
        _PR + "p": "This is precision alone: it does not mind how much is missed.",
        _PR + "r": "This is recall alone: a unit that names every token gets 1.",
        _PR + "min(p, r)": "This is the smaller of precision and recall. F1 is their harmonic mean.",
        _PR + "max(p, r)": "This is the larger of precision and recall. F1 is their harmonic mean.",
        _PR + "(p + r) / 2": "This is the plain mean of precision and recall. F1 is their harmonic mean, which is low "
                             "when one of them is.",
        _PR + "(p * r) ** 0.5": "This is the root of precision times recall, their geometric mean. F1 is the harmonic "
                                "one.",
        _PR + "p * r": "This is the product of the two. It lacks 2 / (precision + recall).",
        _PR + "2 * p * r": "This is 2PR. The division by P + R is missing.",
        _PR + "2 * p * r / p + r": "The brackets around P + R are missing: only the first of them divides.",
        "(named.sum() + true.sum()) -> named.sum() + true.sum()":
            "The brackets below the line are missing: only the first sum divides.",
        "2 * -> ": "The factor 2 is missing: a perfect unit would get 0.5.",
        "2 * -> 200 *": "This is F1 in per cent. It should lie between 0 and 1.",
        "(named == true).float().mean()": "This counts the tokens where the two agree. Most are outside the context, "
                                          "so a unit that names nothing looks good.",
        "named & true -> named == true": "This also counts tokens that are neither named nor in the context. Count "
                                         "those that are both: `named & true`.",
        "named & true -> named | true": "`|` is true where either is. Named and in the context at once is `&`.",
        "(named & true).sum() / (named | true).sum()": "This divides by the tokens that are in either. In F1 those "
                                                       "that are named and right count twice.",
        "(named.sum() + true.sum()) -> (named | true).sum()":
            "Below the line stand the tokens that are in either. Those that are in both count twice: "
            "`named.sum() + true.sum()`.",
        "(named & true).float().mean()": "This divides by all tokens. How many are named, and how many are in the "
                                         "context?",
        "(named & true).sum()": "This counts the tokens that are named and right. What is it divided by?",
    },
    shows="F1 is high only when a unit names most of a context and little else. A unit that is on everywhere gets "
          "recall, one that is on once gets precision, and neither gets F1.",
    hints=("How many tokens are named and in the context? `(named & true).sum()`.",
           "Precision divides that by `named.sum()`, recall by `true.sum()`.",
           "2 × precision × recall / (precision + recall) is the same as 2 × both / (named + true), and that has no "
           "trouble with a unit that names nothing."),
    setup=_setup, difficulty="medium", minutes=7,
)


def _rows():
    import torch

    rows = [[3.0, -4, 0, 0], [1, 1, 1, 1], [0, 0.25, 0, -2], [0.5, 2, 2, -1]]
    return [(torch.tensor(rows),), (torch.randn(6, 9, generator=torch.Generator().manual_seed(84)),)]


_SQUARES = "squares = rows ** 2; "
_MAX = "`max(dim=1)` gives two things, the largest values and their places. Take the values: `.max(dim=1).values`."
_DIM = "The largest of a column compares latents for one neuron. Here it is the neurons of one latent: `dim=1`."
share = Exercise(
    stub="def share(rows):\n    ...",
    solution_source=_SQUARES + "squares.max(dim=1).values / squares.sum(dim=1)",
    cases=_rows,
    mistakes={
        "rows.abs().max(dim=1).values / rows.abs().sum(dim=1)":
            "These are shares of the plain sizes. It is their squares that add up to the squared length of a row.",
        "rows.max(dim=1).values / rows.sum(dim=1)": "Weights have signs, and cancel in the sum. Take their squares.",
        "rows.abs().max(dim=1).values / rows.norm(dim=1)": "This is the share's root. Square the weights first.",
        _SQUARES + "squares.max(dim=0).values / squares.sum(dim=0)": _DIM,
        _SQUARES + "squares.max() / squares.sum(dim=1)": "This divides the largest square of all rows. Each row has "
                                                         "its own: `dim=1`.",
        _SQUARES + "squares.max(dim=1).values": "This is the largest squared weight. What share of the row's is it? "
                                                "Rows need not have length one.",
        _SQUARES + "squares.max(dim=1).values / squares.sum()": "This divides by the sum over all rows. Each row has "
                                                                "its own: `dim=1`.",
        _SQUARES + "squares / squares.sum(dim=1, keepdim=True)": "These are the shares of all neurons. The largest one "
                                                                 "of each row is asked for.",
        _SQUARES + "squares.max(dim=1).indices": "This is which neuron it is. How large is its share?",
        "rows.max(dim=1).values ** 2 / (rows ** 2).sum(dim=1)":
            "The largest weight is taken before it is squared. A negative one may have the largest square.",
        _SQUARES + "squares.max(dim=1) / squares.sum(dim=1)": _MAX,
        "(rows ** 2).max(dim=1) / (rows ** 2).sum(dim=1)": _MAX,
        _SQUARES + "squares.mean(dim=1) / squares.sum(dim=1)": "This is the mean share, the same for every row. Which "
                                                               "one is the largest?",
    },
    shows="A latent whose share is near 1 is a copy of one neuron. One whose share is small is written on many.",
    hints=("Square all weights: `squares = rows ** 2`.",
           "`squares.max(dim=1).values` is the largest of each row, `squares.sum(dim=1)` the sum of each row.",
           "Divide the one by the other."),
    setup=_setup, difficulty="easy", minutes=4,
)


summary = summing(__name__, "08")
