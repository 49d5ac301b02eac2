"""The exercises of notebook 07. torch is loaded when one of them is used."""
from __future__ import annotations

import numpy as np

from . import Exercise, Mistake, Wrong, call, number


def _setup() -> dict:
    import torch

    return dict(torch=torch)


def _near(one: float, other: float) -> bool:
    return abs(one - other) <= 1e-4 * max(1e-3, abs(other))


def _check_penalty(answer):
    import torch

    draw = torch.Generator().manual_seed(71)
    for count, n, d in ((9, 6, 4), (5, 8, 8), (12, 3, 7)):
        f = torch.rand(count, n, generator=draw) * (torch.rand(count, n, generator=draw) < 0.6)
        decoder = torch.randn(n, d, generator=draw) * (0.3 + 2 * torch.rand(n, 1, generator=draw))
        result = call(answer, f, decoder.clone().requires_grad_())
        found = number(result, "The penalty")
        lengths = decoder.norm(dim=1)
        right = float((f * lengths).sum(1).mean())
        if _near(found, right):
            if not getattr(result, "requires_grad", False):
                raise Wrong("The number is right, but it has no slope for the decoder, so training would not feel it. "
                            "Leave it a tensor, without `detach()`, `item()` or `float()`.")
            continue
        for wrong, says in (
            (f.sum(1).mean(), "This is the penalty as it was. Halve a latent and double its row: the output stays, and "
                              "this falls by half."),
            ((f / lengths).sum(1).mean(), "Dividing by the length of the row makes the cheat pay twice: a longer row "
                                          "is now cheaper still."),
            ((f * lengths ** 2).sum(1).mean(), "The row enters with its squared length. Halve a latent and double its "
                                               "row, and the penalty doubles."),
            (f.sum(1).mean() + lengths.sum(), "Adding the lengths punishes long rows whether their latent is on or "
                                              "not. Should they not stand in one product?"),
            (f.sum(1).mean() * lengths.mean(), "One factor serves all latents. Each latent needs the length of its own "
                                               "row."),
            ((f @ decoder).norm(dim=1).mean(), "This is the length of the output. Latents that cancel each other cost "
                                               "nothing in it."),
            ((f * lengths).mean(), "The lengths are right. But this is the mean over latents as well; they should be "
                                   "summed."),
            ((f * lengths).sum(), "The lengths are right. But the samples are summed; take their mean."),
            ((f > 0).float().sum(1).mean(), "This counts latents that are on. Nothing in it has a slope, so training "
                                            "would not feel it."),
        ):
            if _near(found, float(wrong)):
                raise Wrong(says)
        raise Wrong(f"With {n} latents of {count} samples this gives {found:.3f}, and it should be {right:.3f}.")


penalty = Exercise(
    variable="penalty",
    stub="""
def penalty(f, decoder):
    return f.sum(dim=1).mean()
""",
    checker=_check_penalty,
    shows="A latent counts with the length of what it writes, so stretching the row and shrinking the latent no longer "
          "pays. Rescaling the rows in each step does the same in another way.",
    hints=("What reaches the output of latent j? Its value times its row. How long is that?",
           "`decoder.norm(dim=1)` has the length of each row, one for each latent.",
           "Multiply `f` by these lengths before you sum over latents."),
    solution_source="""
def penalty(f, decoder):
    return (f * decoder.norm(dim=1)).sum(dim=1).mean()
""",
    mistakes=(
        Mistake("""
def penalty(f, decoder):
    return (f * decoder.norm(dim=1).detach()).sum(dim=1).mean()
""", "no slope for the decoder"),
        Mistake("""
def penalty(f, decoder):
    return (f / decoder.norm(dim=1)).sum(dim=1).mean()
""", "makes the cheat pay twice"),
        Mistake("""
def penalty(f, decoder):
    return (f * decoder.square().sum(dim=1)).sum(dim=1).mean()
""", "enters with its squared length"),
        Mistake("""
def penalty(f, decoder):
    return f.sum(dim=1).mean() + decoder.norm(dim=1).sum()
""", "whether their latent is on or not"),
        Mistake("""
def penalty(f, decoder):
    return (f @ decoder).norm(dim=1).mean()
""", "Latents that cancel each other"),
        Mistake("""
def penalty(f, decoder):
    return (f * decoder.norm(dim=1)).mean()
""", "mean over latents as well"),
        Mistake("""
def penalty(f, decoder):
    return f.sum(dim=1).mean() * decoder.norm(dim=1).mean()
""", "One factor serves all latents"),
        Mistake("""
def penalty(f, decoder):
    scale = 1.0
    return scale * f.sum(dim=1).mean()
""", "the penalty as it was"),
    ),
    setup=_setup,
)


def _check_dead(answer):
    import torch

    draw = torch.Generator().manual_seed(80)
    for sizes, n, rate in (((4, 6, 3), 28, 0.12), ((3, 2, 2, 5), 19, 0.2), ((5, 1, 8, 2, 4), 40, 0.06)):
        rates = rate * (0.2 + 2 * torch.rand(n, generator=draw))
        rates[torch.randperm(n, generator=draw)[:n // 4]] = 0
        batches = [torch.rand(count, n, generator=draw) * (torch.rand(count, n, generator=draw) < rates)
                   for count in sizes]
        batches[0][0, 0], batches[-1][:, 0] = 0.7, 0  # on once, in the first batch only
        batches[0][:, 1], batches[1][0, 1] = 0, 0.4
        on = torch.stack([(f > 0).any(0) for f in batches])
        right = 1 - float(on.any(0).float().mean())
        got = call(answer, batches)
        if np.shape(got) == (n,):
            raise Wrong("There is a value for each latent here. The share of dead ones is one number: their mean.")
        found = number(got, "The share of dead latents")
        if _near(found, right):
            continue
        for wrong, says in (
            (1 - on.float().mean(), "This is the mean of what each batch says alone. A latent may be off in one batch "
                                    "and on in the next; that one is alive."),
            (1 - on.all(0).float().mean(), "A latent counts as dead here as soon as one batch does not switch it on. "
                                           "It has to be off in all of them."),
            (1 - on[-1].float().mean(), "Only the last batch decides here. All of them should."),
            (1 - on[0].float().mean(), "Only the first batch decides here. All of them should."),
            (torch.cat([f == 0 for f in batches]).float().mean(), "This is the share of zeros. A latent that is rarely "
                                                                  "on has many, and is not dead."),
            (on.any(0).float().mean(), "This is the share of latents that are alive."),
            ((~on.any(0)).sum(), "This is how many are dead. Divide by the number of latents."),
        ):
            if _near(found, float(wrong)):
                raise Wrong(says)
        raise Wrong(f"With {n} latents in {len(sizes)} batches this gives {found:.3f}, and it should be {right:.3f}.")


dead = Exercise(
    variable="dead",
    stub="""
def dead(batches):
    return torch.stack([(f == 0).all(dim=0) for f in batches]).float().mean()
""",
    checker=_check_dead,
    shows="Dead means off everywhere. The smaller the batches, the more latents look dead in each of them: a latent "
          "for a rare feature is off most of the time and alive.",
    hints=("In a batch of one sample nearly all latents are off. What would the function say then?",
           "The list comprehension makes a table: a row for each batch, a column for each latent, true where the "
           "latent is off in the whole batch. When is a column a dead latent?",
           "Take `.all(dim=0)` of the table before the mean."),
    solution_source="""
def dead(batches):
    return torch.stack([(f == 0).all(dim=0) for f in batches]).all(dim=0).float().mean()
""",
    mistakes=(
        Mistake("""
def dead(batches):
    return torch.stack([(f == 0).all(dim=0) for f in batches]).any(dim=0).float().mean()
""", "as soon as one batch"),
        Mistake("""
def dead(batches):
    return (batches[-1] == 0).all(dim=0).float().mean()
""", "Only the last batch"),
        Mistake("""
def dead(batches):
    return (batches[0] == 0).all(dim=0).float().mean()
""", "Only the first batch"),
        Mistake("""
def dead(batches):
    return (torch.cat(batches) == 0).float().mean()
""", "the share of zeros"),
        Mistake("""
def dead(batches):
    return (torch.cat(batches) > 0).any(dim=0).float().mean()
""", "latents that are alive"),
        Mistake("""
def dead(batches):
    return (torch.cat(batches) == 0).all(dim=0).sum()
""", "Divide by the number of latents"),
        Mistake("""
def dead(batches):
    return (torch.cat(batches) == 0).all(dim=0)
""", "a value for each latent"),
        Mistake("""
def dead(batches):
    off = [(f == 0).all(dim=0).float().mean() for f in batches]
    return sum(off) / len(off)
""", "what each batch says alone"),
    ),
    setup=_setup,
)
