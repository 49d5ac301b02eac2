"""The exercises of notebook 07. torch is loaded when one of them is used."""
from __future__ import annotations

from . import Exercise, Wrong, call, summing


def _setup() -> dict:
    import torch
    return dict(torch=torch)


def _sparse(draw, count, n, share):
    """Strengths (count, n) of latents; ``share`` of them, one number or one for each latent, are not zero."""
    import torch
    return torch.rand(count, n, generator=draw) * (torch.rand(count, n, generator=draw) < share)


def _latents_and_rows():
    import torch
    draw = torch.Generator().manual_seed(71)
    small = torch.tensor([[1.0, 0.0, 0.5], [0.0, 2.0, 0.0]]), torch.tensor([[3.0, 4.0], [0.0, -2.0], [-1.0, 0.0]])
    return [small, *((_sparse(draw, count, n, 0.6), torch.randn(n, d, generator=draw)
                      * (0.3 + 2 * torch.rand(n, 1, generator=draw))) for count, n, d in ((9, 6, 4), (5, 8, 8)))]


def _check_slope(answer):
    """What training follows are the slopes, so they are compared as well."""
    import torch
    right = penalty.make(penalty.solution_source)
    for values, rows in _latents_and_rows():
        values.requires_grad_()
        rows.requires_grad_()
        f = values * 1  # as in training, where f comes out of the encoder
        result = call(lambda f=f, rows=rows: answer(f, rows))
        slopes = (None, None)
        if getattr(result, "requires_grad", False):
            slopes = torch.autograd.grad(result.sum(), (values, rows), allow_unused=True)
        for slope, wanted, who in zip(slopes, torch.autograd.grad(right(values, rows), (values, rows)),
                                      ("latents", "decoder"), strict=True):
            if slope is None:
                raise Wrong(f"The number is right, but it has no slope for the {who}, so training would not feel it. "
                            "Leave it a tensor, without `detach()`, `item()` or `float()`.")
            on = values > 0 if who == "latents" else ...  # a latent that is off is held by its ReLU
            if not torch.allclose(slope[on], wanted[on].to(slope.dtype), rtol=0.01, atol=1e-3):
                odd = "is not a number in places" if slope.isnan().any() else "is another one"
                raise Wrong(f"The number is right, but its slope for the {who} {odd}, so training would go elsewhere. "
                            "Is a part of it detached, or a root taken of 0?")


_ADDED = "Adding lengths punishes long rows whether their latent is on or not. Should the two not stand in one product?"
_ONE_FACTOR = "One factor serves all latents. Each latent needs the length of its own row: `decoder.norm(dim=1)`."
_ROW = "The lengths of rows are needed, one for each latent: `decoder.norm(dim=1)`, of shape (latents,)."
penalty = Exercise(
    stub="def penalty(f, decoder):\n    return f.sum(dim=1).mean()",
    solution_source="(f * decoder.norm(dim=1)).sum(dim=1).mean()",
    cases=_latents_and_rows,
    checker=_check_slope,
    mistakes={
        "f * decoder.norm(dim=1) -> f * 1":
            "This is the penalty as it was. Halve a latent and double its row: the output stays, and this falls by "
            "half.",
        "f * -> f /": "Divided by the length of its row, a latent with a longer row is cheaper still. Multiply.",
        "decoder.norm(dim=1) -> decoder.square().sum(dim=1)":
            "The row enters with its squared length. Halve a latent and double its row, and the penalty doubles.",
        "(f * decoder.norm(dim=1)) -> (f * decoder.norm(dim=1)).square()":
            "This is the square of what each latent adds. The halved latent does cost the same, but small values cost "
            "almost nothing now, and stay on. Leave out the square.",
        **dict.fromkeys(("f.sum(dim=1).mean() + decoder.norm(dim=1).sum()", "f.sum(dim=1).mean() + decoder.norm()",
                         "f.sum(dim=1).mean() + decoder.norm(dim=1).mean()", "f * decoder -> f + decoder",
                         "(f.sum(dim=1) + decoder.norm(dim=1).sum()).mean()",
                         "f.sum(dim=1).mean() + decoder.square().sum()"), _ADDED),
        "norm(dim=1) -> norm()": _ONE_FACTOR,
        "norm(dim=1) -> norm(dim=1).mean()": _ONE_FACTOR,
        "norm(dim=1) -> norm(dim=1).sum()": _ONE_FACTOR,
        "norm(dim=1) -> norm(dim=0)": _ROW,
        "norm(dim=1) -> norm(dim=1, keepdim=True)": _ROW,
        "f * decoder.norm(dim=1) -> f * decoder": _ROW,
        "decoder.norm(dim=1) -> decoder.abs().sum(dim=1)":
            "This adds up the absolute entries of a row. Its length is the root of the sum of their squares.",
        "decoder.norm(dim=1) -> decoder.sum(dim=1)":
            "This adds up the entries of a row. Its length is the root of the sum of their squares.",
        "(f @ decoder).norm(dim=1).mean()":
            "This is the length of the output. Latents that cancel each other cost nothing in it.",
        ".sum(dim=1).mean() -> .mean()":
            "The lengths are right. But this is the mean over latents as well; they should be summed.",
        ".sum(dim=1).mean() -> .sum()": "The lengths are right. But the samples are summed; take their mean.",
        ".sum(dim=1).mean() -> .sum(dim=0).mean()":
            "The lengths are right. But this sums over samples and takes the mean over latents: the other way.",
        ".sum(dim=1).mean() -> .sum(dim=1)":
            "The lengths are right. But there is a value for each sample here; take their mean.",
        ".sum(dim=1).mean() -> .norm(dim=1).mean()":
            "The lengths are right. But what the latents add should be summed, without squares and root.",
        "(f > 0).float().sum(dim=1).mean()":
            "This counts latents that are on. Nothing in it has a slope, so training would not feel it.",
        "f * -> (f > 0).float() *":
            "This adds up the lengths of the rows that are on, and how large the latents are does not count.",
    },
    shows="A latent counts with the length of what it writes, so a longer row with a smaller latent saves nothing. "
          "Rescaling the rows in each step does the same in another way.",
    hints=("What reaches the output of latent j? Its value times its row. How long is that?",
           "`decoder.norm(dim=1)` has the length of each row, one for each latent.",
           "Multiply `f` by these lengths before you sum over latents."),
    setup=_setup, difficulty="medium", minutes=6,
)


def _batches():
    """Batches of three sizes, small enough to try by hand; random ones; and a latent that is on once in 40,000."""
    import torch
    draw = torch.Generator().manual_seed(80)
    off, cases = torch.zeros(20_000, 6), [([torch.tensor(rows) for rows in (
        [[0.0, 1.0, 0.0, 0.0, 0.0], [0.0, 0.0, 0.0, 0.5, 0.0]], [[0.0, 0.0, 2.0, 0.0, 0.0]],
        [[0.0, 3.0, 1.0, 0.0, 0.0], [0.0, 1.0, 0.0, 0.0, 0.0]])],)]
    for sizes, n, rate in (((4, 1, 6, 3), 28, 0.12), ((3, 2, 7, 5), 19, 0.2), ((5, 8, 1, 4, 2), 40, 0.06)):
        rates = rate * (0.2 + 2 * torch.rand(n, generator=draw))
        rates[torch.randperm(n, generator=draw)[:n // 4]] = 0
        batches = [_sparse(draw, count, n, rates) for count in sizes]
        batches[0][:, :3], batches[-1][:, :3] = 0, 0
        batches[0][0, 0], batches[1][0, 1], batches[-1][0, 2] = 0.7, 1e-5, 0.4  # each of these is on once
        cases.append((batches,))
    often, rare = off.clone(), off.clone()
    often[:, 1:4], rare[0, 4] = 1, 1
    return [*cases, ([often, rare, off[:300]],)]


_RARE = "A latent that is on rarely, or only a little, counts as dead here. Dead means that it is never on."
_SIZES = "The batches differ in size, so they do not fit into one stack. `torch.cat` sets them one below the other."
dead = Exercise(
    stub="""
def dead(batches):
    return torch.stack([(f == 0).all(dim=0) for f in batches]).float().mean()
""",
    solution_source="]).float() -> ]).all(dim=0).float()",
    cases=_batches,
    mistakes={
        "]).all(dim=0).float().mean() -> ]).float().mean(dim=1).mean()":
            "This is the mean of what each batch says alone. A latent may be off in one batch and on in the next; that "
            "one is alive.",
        "]).all(dim=0) -> ]).any(dim=0)":
            "A latent counts as dead here as soon as one batch does not switch it on. It has to be off in all of them.",
        "]).all(dim=0).float() -> ]).all(dim=1).float()":
            "Down the table of batches run the batches, along it the latents. This asks of each batch whether all its "
            "latents are off: take the other dimension, 0.",
        "(f == 0).all(dim=0) -> (f == 0).all(dim=1)":
            "This asks of each sample whether all its latents are off. Down a batch run the samples: dimension 0.",
        "(f == 0).all(dim=0) -> (f == 0).any(dim=0)":
            "Here a latent counts as off in a batch when one of the samples does not switch it on. All of them should.",
        "]).all(dim=0) -> ]).all()": "This asks whether all latents are dead. Of which ones is it true: `dim=0`.",
        "]).all(dim=0).float() -> ])[-1].float()": "Only the last batch decides here. All of them should.",
        "]).all(dim=0).float() -> ])[0].float()": "Only the first batch decides here. All of them should.",
        "in batches -> in batches[:-1]": "The last batch is left out. It may be smaller, but it counts as well.",
        "]).all(dim=0).float().mean() -> ]).float().mean(dim=1).max()":
            "This is the share of the batch with the most latents off. A latent is dead when it is off in all batches.",
        "]).all(dim=0).float().mean() -> ]).float().mean(dim=1).min()":
            "This is the share of the batch with the fewest latents off. Another batch may still switch some of them "
            "on.",
        **dict.fromkeys(("(torch.cat(batches) == 0).float().mean()",
                         "sum((f == 0).sum() for f in batches) / sum(f.numel() for f in batches)"),
                        "This is the share of zeros. A latent that is rarely on has many, and is not dead."),
        "sum((f == 0).float().mean() for f in batches) / len(batches)":
            "This is a mean of shares of zeros. A latent that is rarely on has many zeros, and is not dead.",
        ".float().mean() -> .logical_not().float().mean()": "This is the share of latents that are alive.",
        ".float().mean() -> .sum()": "This is how many are dead. Divide by the number of latents.",
        ".float().mean() -> ": "There is a value for each latent here. The share of dead ones is one number: their "
                               "mean.",
        **dict.fromkeys([f"((torch.cat(batches) > 0).float().mean(dim=0) < {low}).float().mean()"
                         for low in (0.05, 0.01, 0.001, 1e-4)]
                        + [f"(torch.cat(batches).{all_of} < {low}).float().mean()" for low in (0.01, 0.001, 1e-4)
                           for all_of in ("sum(dim=0)", "mean(dim=0)", "max(dim=0).values")], _RARE),
        "(torch.stack(batches) == 0).all(dim=0).float().mean()": _SIZES,
        "(sum(batches) == 0).all(dim=0).float().mean()": _SIZES,
    },
    shows="Dead means off everywhere. The smaller the batches, the more latents look dead in each of them: a latent "
          "for a rare feature is off most of the time and alive.",
    hints=("In a batch of one sample nearly all latents are off. What would the function say then?",
           "The list comprehension makes a table: a row for each batch, a column for each latent, true where the "
           "latent is off in the whole batch. When is a column a dead latent?",
           "Take `.all(dim=0)` of the table before the mean."),
    setup=_setup, difficulty="medium", minutes=5,
)

summary = summing(__name__, "07")
