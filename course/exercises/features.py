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
        _SQUARES + "squares.mean(dim=1) / squares.sum(dim=1)": "This is the mean share, the same for every row. Which "
                                                               "one is the largest?",
    },
    shows="A latent whose share is near 1 is a copy of one neuron. One whose share is small is written on many.",
    hints=("Square all weights: `squares = rows ** 2`.",
           "`squares.max(dim=1).values` is the largest of each row, `squares.sum(dim=1)` the sum of each row.",
           "Divide the one by the other."),
    setup=_setup, difficulty="easy", minutes=4,
)


def _latents():
    """x, f, row, amount: rows of length one; more tokens than neurons, fewer, as many; latents on and off."""
    import torch

    for seed, f, row, amount in ((81, (0.5, 0.0, 2.0), (0.5, -0.5, 0.5, 0.5), 1.0),
                                 (82, (0.75, 0.0, 1.25, 3.0, 0.0), (0.6, 0.0, -0.8), 0.0),
                                 (83, (1.5, 0.25, 0.0), (0.36, 0.48, 0.8), -2.0)):
        x = (4 * torch.randn(len(f), len(row), generator=torch.Generator().manual_seed(seed))).round() / 4
        yield x, torch.tensor(f), torch.tensor(row), amount


_COLUMN = ("`f` has one number for each token and `row` one for each neuron, so the two cannot be combined as they are."
           " Which of them should be a column?")
_ALONE = "Only the latent is left. What else the neurons say is gone."
_SAME = "Every token is given the same push. Each has its own distance to the amount."
_SIGN = "The sign is the wrong one: this pushes the latent away from the amount."
steered = Exercise(
    stub="def steered(x, f, row, amount):\n    return x + amount * row",
    solution_source="amount * row -> (amount - f)[:, None] * row",
    cases=lambda: list(_latents()),
    mistakes={
        "push = amount * row; x + push":
            "This adds the full amount on top of what is there. Where the latent says 0.5 already, how much is "
            "missing?",
        "amount - f -> f - amount": _SIGN,
        **dict.fromkeys(("[:, None] -> ", "[:, None] -> [None, :]", "x + row * (amount - f)", "x + amount * row - f",
                         "x - f + amount * row", "x - f * row + amount * row", "x + amount * row - f * row",
                         "x + amount - f", "x - f + amount", "x + (amount - f) @ row",
                         "x + torch.outer(row, amount - f)"), _COLUMN),
        "(amount - f)[:, None] -> -f[:, None]": "This takes the latent out and puts nothing in its place.",
        "(amount * row).expand_as(x)": _ALONE,
        "amount * row": _ALONE,
        "x + -> ": "This is the push alone. Add it to the neurons `x`.",
        "amount - f -> amount * f": "This multiplies. A latent that is off stays off.",
        **{f"(amount - f)[:, None] -> (amount - {one})": _SAME for one in ("f.mean()", "f[0]", "f.max()", "f.sum()")},
        "amount - f -> amount - x @ row":
            "This sets the projection of the neurons on the row. Other latents contribute to that; the latent's own "
            "value is `f`.",
        "amount - f -> amount + f":
            "With this push the latent says f + (amount + f). How far is it from f to the amount?",
        "amount - f -> f": "This says once more what the latent says. The amount is missing.",
        "(amount - f) -> ((amount - f) * (f > 0))":
            "Tokens at which the latent is off stay as they are. The amount is asked for at every token.",
        "(amount - f) -> (amount * (f > 0))":
            "Tokens at which the latent is off stay as they are, and the others get the full amount on top.",
        "(amount - f) -> ((amount - f) * (f == 0))":
            "Tokens at which the latent is on stay as they are. The amount is asked for at every token.",
        "(amount - f) -> (amount - f).clamp(min=0)":
            "This only pushes up. Where the latent says more than the amount, it should come down.",
        "(amount - f) -> (amount - f).abs()":
            "The push always goes up here. Where the latent says more than the amount, it should come down.",
        "* row -> ": "The row is missing: this pushes every neuron equally.",
        "x + amount * row - f[:, None]":
            "`f` is taken away from every neuron. What the latent writes now is `f` times the row.",
        "return x + (amount - f)[:, None] * row -> return torch.relu(x + (amount - f)[:, None] * row)":
            "This cuts the result off at 0. Add the push, and leave the rest as it is.",
    },
    shows="The latent now says the same amount at every token, and all that the other latents say, and what no latent "
          "says, is as it was.",
    hints=("At one token the latent says `f` already. How far is it from there to `amount`?",
           "`amount - f` has one number for each token; `[:, None]` makes it a column.",
           "Add that column times the row: (tokens, 1) times (neurons,) is (tokens, neurons)."),
    setup=_setup, difficulty="medium", minutes=8,
)

summary = summing(__name__, "08")
