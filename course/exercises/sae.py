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
                                      ("latents", "rows"), strict=True):
            if slope is None:
                raise Wrong(f"The number is right, but it has no slope for the {who}, so training would not feel it. "
                            "Leave it a tensor, without `detach()`, `item()` or `float()`.")
            on = values > 0 if who == "latents" else ...  # a latent that is off is held by its ReLU
            if not torch.allclose(slope[on], wanted[on].to(slope.dtype), rtol=0.01, atol=1e-3):
                odd = "is not a number in places" if slope.isnan().any() else "is another one"
                raise Wrong(f"The number is right, but its slope for the {who} {odd}, so training would go elsewhere. "
                            "Is a part of it detached, or a root taken of 0?")


_ADDED = "Adding lengths punishes long rows whether their latent is on or not. Should the two not stand in one product?"
_ONE_FACTOR = "One factor serves all latents. Each latent needs the length of its own row: `D.norm(dim=1)`."
_ROW = "The lengths of rows are needed, one for each latent: `D.norm(dim=1)`, of shape (latents,)."
penalty = Exercise(
    stub="def penalty(f, D):\n    return f.sum(dim=1).mean()",
    solution_source="(f * D.norm(dim=1)).sum(dim=1).mean()",
    cases=_latents_and_rows,
    checker=_check_slope,
    mistakes={
        "f * D.norm(dim=1) -> f * 1":
            "This is the penalty as it was. Halve a latent and double its row: the output stays, and this falls by "
            "half.",
        "f * -> f /": "Divided by the length of its row, a latent with a longer row is cheaper still. Multiply.",
        "D.norm(dim=1) -> D.square().sum(dim=1)":
            "The row enters with its squared length. Halve a latent and double its row, and the penalty doubles.",
        "(f * D.norm(dim=1)) -> (f * D.norm(dim=1)).square()":
            "This is the square of what each latent adds. The halved latent does cost the same, but small values cost "
            "almost nothing now, and stay on. Leave out the square.",
        **dict.fromkeys(("f.sum(dim=1).mean() + D.norm(dim=1).sum()", "f.sum(dim=1).mean() + D.norm()",
                         "f.sum(dim=1).mean() + D.norm(dim=1).mean()", "f * D -> f + D",
                         "(f.sum(dim=1) + D.norm(dim=1).sum()).mean()",
                         "f.sum(dim=1).mean() + D.square().sum()"), _ADDED),
        "norm(dim=1) -> norm()": _ONE_FACTOR,
        "norm(dim=1) -> norm(dim=1).mean()": _ONE_FACTOR,
        "norm(dim=1) -> norm(dim=1).sum()": _ONE_FACTOR,
        "norm(dim=1) -> norm(dim=0)": _ROW,
        "norm(dim=1) -> norm(dim=1, keepdim=True)": _ROW,
        "f * D.norm(dim=1) -> f * D": _ROW,
        "D.norm(dim=1) -> D.abs().sum(dim=1)":
            "This adds up the absolute entries of a row. Its length is the root of the sum of their squares.",
        "D.norm(dim=1) -> D.sum(dim=1)":
            "This adds up the entries of a row. Its length is the root of the sum of their squares.",
        "(f @ D).norm(dim=1).mean()":
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
    shows="A latent counts with the length of its step, so a longer row with a smaller latent saves nothing. "
          "Rescaling the rows in each step does the same in another way.",
    hints=("What reaches the output of latent j? Its value times its row. How long is that?",
           "`D.norm(dim=1)` has the length of each row, one for each latent.",
           "Multiply `f` by these lengths before you sum over latents."),
    setup=_setup, difficulty="medium", minutes=6,
)


def _before():
    """Latents before the ReLU: small enough to try by hand, more than k positive ones, fewer, and none."""
    import torch
    draw = torch.Generator().manual_seed(80)
    small = torch.tensor([[0.5, -3.0, 2.0, 1.0], [-1.0, 0.25, -2.0, -0.5], [3.0, 2.0, 1.5, 1.0]])
    return [(small, 2), (small, 1), *((torch.randn(count, n, generator=draw) + shift, k)
                                      for count, n, k, shift in ((7, 12, 3, 0.5), (5, 9, 4, -1.0), (6, 6, 6, 0.0)))]


_TABLE = "values, places = before.topk(k)\ntorch.zeros_like(before).scatter(1, places, values.relu())"
keep_largest = Exercise(
    stub="def keep_largest(before, k):\n    return torch.relu(before)",
    solution_source=_TABLE,
    cases=_before,
    mistakes={
        "before.relu() + 0":
            "All positive latents are kept here. Only the k largest of each sample may stay; the others become 0.",
        "values.relu() -> values": "A negative number came through: a sample may have fewer than k positive ones. "
                                   "Negative numbers become 0.",
        "before.topk(k) -> before.abs().topk(k)":
            "This keeps the numbers farthest from 0, without their sign. Large negative ones are no large latents.",
        "places = before.abs().topk(k).indices\n"
        "torch.zeros_like(before).scatter(1, places, before.gather(1, places)).relu()":
            "The k numbers farthest from 0 are chosen here. Large negative ones are no large latents, and take places.",
        "values, places = before.topk(min(k, len(before)), dim=0)\n"
        "torch.zeros_like(before).scatter(0, places, values.relu())":
            "This keeps the k largest samples of each latent. Along a row lie the latents of one sample.",
        "values, places = before.flatten().topk(k * len(before))\n"
        "torch.zeros(before.numel()).scatter(0, places, values.relu()).reshape(before.shape)":
            "This keeps the largest of the whole batch, k for each sample on average. Each sample should have its own "
            "k.",
        "values, places = before.flatten().topk(k)\n"
        "torch.zeros(before.numel()).scatter(0, places, values.relu()).reshape(before.shape)":
            "This keeps k numbers of the whole batch. Each sample should have its own k.",
        "scatter(1, -> scatter(0,":
            "`scatter(0, …)` writes to places down a column. The latents of one sample lie along a row: dimension 1.",
        "torch.zeros_like(before).scatter -> before.scatter":
            "The others still have their old values, and they should be 0. Begin with zeros, "
            "`torch.zeros_like(before)`, and write into them.",
        "torch.relu(before) * (before >= before.topk(k).values.min())":
            "One threshold serves the whole batch here. Each sample should have its own k.",
        "before.topk(k) -> before.topk(k, largest=False)": "These are the k smallest. Keep the k largest.",
        "values.relu() -> 1.0": "The places are right. But the latents should keep their values, and here they are 1.",
        "values.relu() -> (values > 0).to(before.dtype)":
            "The places are right. But the latents should keep their values, and here they are 1.",
        "torch.zeros_like(before).scatter(1, places, values.relu()) -> values.relu()":
            "These are the k largest alone. They should stand in their old places, with 0 in all others.",
        "torch.relu(before) * (before > before.topk(k).values[:, -1:])":
            "The smallest of the k is lost: it is not larger than itself. Keep what is at least as large.",
    },
    shows="Whatever comes in, at most k latents speak, and none of them is made smaller. The size of k decides how "
          "sparse it is, and no penalty is needed.",
    hints=("`before.topk(k)` looks along the last dimension, so it takes the k largest latents of each sample.",
           "Begin with zeros of the right shape, `torch.zeros_like(before)`, and write the values to their places.",
           "Of the values, take `values.relu()`: a sample may have fewer than k positive latents."),
    setup=_setup, difficulty="medium", minutes=5,
)

summary = summing(__name__, "07")
