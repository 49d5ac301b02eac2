"""The exercises of notebook 08. torch is loaded when one of them is used."""
from __future__ import annotations

from . import Exercise, Mistake, Wrong, array, call, number


def _setup() -> dict:
    import torch

    return dict(torch=torch)


def _check_f1(answer):
    import torch

    draw = torch.Generator().manual_seed(81)
    for count, share, overlap in ((400, 0.1, 0.7), (90, 0.3, 0.2), (1500, 0.02, 0.9), (60, 0.6, 0.5)):
        true = torch.rand(count, generator=draw) < share
        named = torch.where(torch.rand(count, generator=draw) < overlap, true,
                            torch.rand(count, generator=draw) < 0.7 * share)
        true[0] = named[0] = named[1] = true[2] = True  # never empty, and something right, wrong and missed
        true[1] = named[2] = False
        found = number(call(answer, named, true), "F1")
        right = float((named & true).sum())
        precision, recall = right / float(named.sum()), right / float(true.sum())
        want = 2 * precision * recall / (precision + recall)
        if abs(found - want) < 1e-4:
            continue
        for wrong, says in (
            (precision, "This is precision alone: it does not mind how much is missed."),
            (recall, "This is recall alone: a unit that names every token gets 1."),
            ((precision + recall) / 2, "This is the plain mean of precision and recall. F1 is their harmonic mean, "
                                       "which is low when one of them is."),
            (float((named == true).float().mean()), "This counts the tokens where the two agree. Most are outside the "
                                                    "context, so a unit that names nothing looks good."),
            (precision * recall, "This is the product of the two. It wants 2 / (precision + recall) besides."),
            (want / 2, "The factor 2 is missing: a perfect unit would get 0.5."),
            (right / float((named | true).sum()), "This divides by the tokens that are in either. In F1 those that are "
                                                  "named and right count twice."),
            (want * 100, "This is F1 in per cent. It should lie between 0 and 1."),
        ):
            if abs(found - wrong) < 1e-4:
                raise Wrong(says)
        raise Wrong(f"With {int(named.sum())} tokens named, {int(true.sum())} in the context and {right:.0f} in both, "
                    f"this gives {found:.3f}, and it should be {want:.3f}.")
    for named, says in ((torch.zeros(9, dtype=torch.bool), "nothing"),
                        (torch.arange(9) > 6, "some tokens, and none of them is in the context,")):
        try:
            silent = number(call(answer, named, torch.arange(9) < 4))
        except Wrong:
            silent = float("nan")
        if not abs(silent) < 1e-9:
            raise Wrong(f"All is right but for one case: a unit that names {says} should get 0, and here it does not. "
                        "Which division causes that?")


f1 = Exercise(
    variable="f1",
    stub="""
def f1(named, true):
    ...
""",
    checker=_check_f1,
    shows="F1 is high only when a unit names most of a context and little else. A unit that is on everywhere gets "
          "recall, one that is on once gets precision, and neither gets F1.",
    hints=("How many tokens are named and in the context? `(named & true).sum()`.",
           "Precision divides that by `named.sum()`, recall by `true.sum()`.",
           "2 × precision × recall / (precision + recall) is the same as 2 × both / (named + true), and that has no "
           "trouble with a unit that names nothing."),
    solution_source="""
def f1(named, true):
    return 2 * (named & true).sum() / (named.sum() + true.sum())
""",
    mistakes=(
        Mistake("""
def f1(named, true):
    return (named & true).sum() / named.sum()
""", "precision alone"),
        Mistake("""
def f1(named, true):
    return (named & true).sum() / true.sum()
""", "recall alone"),
        Mistake("""
def f1(named, true):
    both = (named & true).sum()
    return (both / named.sum() + both / true.sum()) / 2
""", "the plain mean"),
        Mistake("""
def f1(named, true):
    return (named == true).float().mean()
""", "where the two agree"),
        Mistake("""
def f1(named, true):
    return (named & true).sum() / (named | true).sum()
""", "in either"),
        Mistake("""
def f1(named, true):
    both = (named & true).sum()
    precision, recall = both / named.sum(), both / true.sum()
    return 2 * precision * recall / (precision + recall)
""", "names nothing should get 0, and"),
        Mistake("""
def f1(named, true):
    if named.sum() == 0:
        return 0.0
    both = (named & true).sum()
    precision, recall = both / named.sum(), both / true.sum()
    return 2 * precision * recall / (precision + recall)
""", "none of them is in the context"),
    ),
    setup=_setup,
)


def _check_steered(answer):
    import torch

    draw = torch.Generator().manual_seed(82)
    for tokens, d, amount in ((7, 5, 3.0), (4, 9, 0.0), (11, 6, 1.5), (5, 5, -2.0)):
        x, row = torch.randn(tokens, d, generator=draw), torch.randn(d, generator=draw)
        row = row / row.norm()
        f = torch.rand(tokens, generator=draw) * (torch.rand(tokens, generator=draw) < 0.7)
        f[0], f[1] = 0.8, 0.0
        try:
            result = call(answer, x, f, row, amount)
        except Wrong as wrong:
            if "size of tensor" in str(wrong):
                raise Wrong("`amount - f` has one number for each token and `row` one for each neuron, so the two "
                            "cannot be multiplied as they are. Which of them should be a column?") from None
            raise
        found = array(result, (tokens, d), "The steered neurons")
        want = x + (amount - f)[:, None] * row

        def same(other, found=found):
            return bool(abs(found - other.numpy()).max() < 1e-4)
        if same(want):
            continue
        for wrong, says in (
            (x + amount * row, "This adds the full amount on top of what is there. Where the latent says 0.8 already, "
                               "how much is missing?"),
            (x + (f - amount)[:, None] * row, "The sign is turned round: this pushes the latent away from the amount."),
            (x - f[:, None] * row, "This takes the latent out and puts nothing in its place."),
            ((amount * row).expand_as(x), "Only the latent is left. What else the neurons say is gone."),
            (x + (amount * f)[:, None] * row, "This multiplies. A latent that is off stays off."),
            (x + (amount - f.mean()) * row, "Every token is given the same push. Each has its own distance to the "
                                            "amount."),
            (x + (amount - x @ row)[:, None] * row, "This sets the projection of the neurons on the row. Other latents "
                                                    "contribute to that; the latent's own value is `f`."),
        ):
            if same(wrong):
                raise Wrong(says)
        raise Wrong(f"With the amount {amount}, the first token should change by {amount - 0.8:+.2f} times the row, "
                    "and this gives something else.")


steered = Exercise(
    variable="steered",
    stub="""
def steered(x, f, row, amount):
    return x + amount * row
""",
    checker=_check_steered,
    shows="The latent now says the same amount at every token, and all that the other latents say, and what no latent "
          "says, is as it was.",
    hints=("At one token the latent says `f` already. How far is it from there to `amount`?",
           "`amount - f` has one number for each token; `[:, None]` makes it a column.",
           "Add that column times the row: (tokens, 1) times (neurons,) is (tokens, neurons)."),
    solution_source="""
def steered(x, f, row, amount):
    return x + (amount - f)[:, None] * row
""",
    mistakes=(
        Mistake("""
def steered(x, f, row, amount):
    push = amount * row
    return x + push
""", "on top of what is there"),
        Mistake("""
def steered(x, f, row, amount):
    return x + (f - amount)[:, None] * row
""", "turned round"),
        Mistake("""
def steered(x, f, row, amount):
    return x + (amount - f) * row
""", "should be a column"),
        Mistake("""
def steered(x, f, row, amount):
    return x - f[:, None] * row
""", "puts nothing in its place"),
        Mistake("""
def steered(x, f, row, amount):
    return (amount * row).expand_as(x)
""", "Only the latent is left"),
        Mistake("""
def steered(x, f, row, amount):
    return x + (amount * f)[:, None] * row
""", "This multiplies"),
        Mistake("""
def steered(x, f, row, amount):
    return x + (amount - f.mean()) * row
""", "the same push"),
        Mistake("""
def steered(x, f, row, amount):
    return x + (amount - x @ row)[:, None] * row
""", "sets the projection"),
    ),
    setup=_setup,
)
