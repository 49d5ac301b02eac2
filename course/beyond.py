"""What came after the talk, small enough to run: computing in superposition, a ring, the MLP's own truth, a transcoder.

Introduced in notebook 09. What is compared with what stands in the notebook; here is what trains and what measures.
"""
from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch.nn.functional import cross_entropy, linear, normalize

from . import CourseError
from .language import NEURONS, Language, twin
from .sae_fast import TopKError
from .sae_kinds import SAE
from .threads import one_thread

# Computing |x| (the absolute value model of "Toy Models of Superposition", Elhage et al. 2022)

@dataclass(frozen=True)
class Computer:
    """Networks that learned |x|; made by :func:`learn_absolute`."""

    into: torch.Tensor  #: (runs, neurons, features): how much of each feature each neuron reads
    losses: torch.Tensor  #: (runs,) as a share of what it costs to answer the mean of every |x|


def signed(n: int, density: float, count: int, draw: torch.Generator | None = None) -> torch.Tensor:
    """Features (count, n): each 0 with probability 1 − density, else uniform on [−1, 1]."""
    draws = torch.rand(count, n, generator=draw)  # mask and value in one draw
    return torch.where(draws < density, 2 * draws / density - 1, 0.0)


@one_thread()
def learn_absolute(n: int, neurons: int, density: float, *, runs: int = 1, steps: int = 1000, batch: int = 256,
                   rate: float = 0.01, seed: int = 0) -> Computer:
    """Train y = relu(relu(x A + a) B + b) to give |x| of ``n`` features through ``neurons``, ``runs`` times.
    :class:`CourseError` for a density that is none."""
    if not 0 < density <= 1:
        raise CourseError(f"A density must lie above 0 and be at most 1, and it is {density!r}.")
    draw = torch.Generator().manual_seed(seed)
    A, B = (torch.randn(runs, *shape, generator=draw) * math.sqrt(2 / (n + neurons))
            for shape in ((n, neurons), (neurons, n)))
    weights = [part.requires_grad_() for part in (A, torch.zeros(runs, 1, neurons), B, torch.zeros(runs, 1, n))]

    def losses(x):
        y = torch.relu(torch.relu(x @ A + weights[1]) @ B + weights[3])
        return (y - x.abs()).square().sum(2).mean(1)
    optimiser = torch.optim.Adam(weights, fused=True)
    with torch.enable_grad():
        for step in range(steps):
            share = min(1, 10 * (step + 1) / steps) * (0.5 + 0.5 * math.cos(math.pi * step / steps))
            optimiser.param_groups[0]["lr"] = rate * share
            optimiser.zero_grad()
            losses(signed(n, density, batch, draw)).sum().backward()
            optimiser.step()
    with torch.no_grad():
        found = losses(signed(n, density, 20_000, draw)) / (n * (density / 3 - density ** 2 / 4))
    return Computer(A.detach().mT, found)


# A ring: days of the week (Engels et al. 2024, arXiv 2405.14860)

def week(count: int, *, ring: bool = True, others: int = 10, density: float = 0.1, seed: int = 0):
    """Samples of days in a hidden place: x (count, d), day (count,), and the place (2 or 7, d), rows at right angles.

    A day is on in every sample, with a strength from 0.8 to 1, and ``others`` sparse features with theirs, each along
    a direction of its own. ``ring``: the days stand at equal angles in one plane, Monday along its first row; else each
    has a direction of its own. A random rotation hides what is where.
    """
    draw = torch.Generator().manual_seed(seed)
    angle = torch.arange(7) * 2 * math.pi / 7
    days = torch.stack([angle.cos(), angle.sin()], 1) if ring else torch.eye(7)
    d = days.shape[1] + others
    rotation = torch.linalg.qr(torch.randn(d, d, generator=draw)).Q
    day = torch.randint(0, 7, (count,), generator=draw)
    strength = 0.8 + 0.2 * torch.rand(count, 1, generator=draw)
    rest = torch.rand(count, others, generator=draw)
    x = torch.cat([strength * days[day], torch.where(rest < density, rest / density, 0.0)], 1)
    return x @ rotation, day, rotation[:days.shape[1]]


# What the MLP reads and writes

def mlp(model: Language, rows: torch.Tensor, chunk: int = 20):
    """Of every token of ``rows`` (count, length): what the MLP reads (tokens, 128), its neurons (tokens, 512), and
    what it writes (tokens, 128), the bias left out."""
    layer, found = model.model.layers[0], []
    for part in rows.split(chunk):
        pieces = {}
        with torch.no_grad():
            model.model(part, pieces=pieces, places=slice(0, 0))
            found.append([one.flatten(0, 1) for one in (_read(model, pieces), pieces[NEURONS],
                                                        pieces["mlp 0"] - layer["down"].bias)])
    return [torch.cat(parts) for parts in zip(*found, strict=True)]


def _read(model, pieces):
    stream = pieces["token"] + pieces["position"] + pieces["attention 0"]
    return model.model.layers[0]["norm_mlp"](stream)


@torch.no_grad()
def loss(model: Language, rows: torch.Tensor, instead: Callable | None = None, chunk: int = 20) -> float:
    """Mean −log p of every token but the first of each row, in nats. ``instead``: a function from what the MLP reads
    and what it writes, (batch, length, 128) each, to what is written in place of the latter."""
    total, bias = 0.0, model.model.layers[0]["down"].bias
    for part in rows.split(chunk):
        pieces = {}

        def change(written, pieces=pieces):
            return instead(_read(model, pieces), written - bias) + bias
        logits = model.model(part[:, :-1], pieces=pieces, change={"mlp 0": change} if instead else None)
        total += float(cross_entropy(logits.flatten(0, 1), part[:, 1:].flatten(), reduction="sum"))
    return total / rows[:, 1:].numel()


# A transcoder (Dunefsky et al. 2024, arXiv 2406.11944)

@dataclass
class Transcoder(SAE):
    """Reads what an MLP reads and writes what it writes, through few of many latents: a TopK autoencoder but for
    ``mean``. Made by :func:`train_transcoder`; ``centre`` (d,) is taken off what is read."""

    mean: torch.Tensor | None = None  #: (d,) added to what is written

    def decode(self, latents: torch.Tensor) -> torch.Tensor:
        """What is written, (..., d), with these ``latents`` (..., latents)."""
        return linear(latents, self.decoder.T, self.mean)


@one_thread()
def train_transcoder(x: torch.Tensor, y: torch.Tensor, latents: int, *, k: int = 16, steps: int = 400,
                     batch: int = 512, rate: float = 1e-2, seed: int = 0, progress: Callable | None = None):
    """Train a :class:`Transcoder` from what an MLP reads, ``x`` (count, d), to what it writes, ``y`` (count, d).

    As ``course.sae`` trains, but for the target: TopK, decoder rows of length one, a rate that rises and falls.
    :class:`CourseError` where the shapes or ``k`` do not fit.
    """
    if x.shape != y.shape or x.ndim != 2 or not 1 <= k <= latents:
        raise CourseError("What is read and what is written should have the same shape (count, d), with k between 1 "
                          f"and the number of latents. They have {tuple(x.shape)} and {tuple(y.shape)}, k is {k}.")
    draw = torch.Generator().manual_seed(seed)
    centre, mean = x.mean(0), y.mean(0)
    scale, height = ((part - part.mean(0)).square().mean().sqrt() for part in (x, y))
    encoder, decoder = (normalize(torch.randn(latents, x.shape[1], generator=draw)).requires_grad_() for _ in range(2))
    bias, nothing = torch.zeros(latents, requires_grad=True), torch.zeros(x.shape[1])
    optimiser = torch.optim.Adam([encoder, bias, decoder], betas=(0.9, 0.99), fused=True)
    for step in (progress or iter)(range(1, steps + 1)):
        chosen = torch.randint(len(x), (batch,), generator=draw)
        read, wanted = (x[chosen] - centre) / scale, (y[chosen] - mean) / height
        done = step / (steps + 1)
        optimiser.param_groups[0]["lr"] = rate * min(1, 10 * done, 4 * (1 - done))
        optimiser.zero_grad()
        with torch.enable_grad():
            beside = TopKError.apply(read, encoder, bias, decoder, nothing, k)[0]  # written − read
            (beside + read - wanted).square().sum(1).mean().backward()
        with torch.no_grad():
            decoder.grad -= (decoder.grad * decoder).sum(1, keepdim=True) * decoder
            optimiser.step()
            decoder.copy_(normalize(decoder))
    encoder, bias, decoder = (part.detach() for part in (encoder, bias, decoder))
    return Transcoder("topk", k, encoder * height / scale, bias * height, decoder, centre, mean=mean)


# What a probe learns from

def labelled(known, contexts: list[str], *, windows: int = 640, every: int = 4, least: int = 100):
    """Tokens with labels: every fourth of ``windows`` rows of text of ``known`` (``features.load()``).

    Returns the neurons (tokens, 512) of the model and of its untrained twin, what is ``true`` (tokens, contexts) of
    each token, the names of these contexts, and the half to learn from (tokens,), which is every second document. Of
    ``contexts`` are left those with ``least`` tokens or more in both halves.
    """
    rows, places = known.sample.rows(128, windows)
    place = places[:, ::every].flatten().contiguous()
    document = torch.searchsorted(torch.from_numpy(known.sample.starts).long(), place, right=True)
    learn = document % 2 == 0
    true = torch.stack([known.sample.inside(one)[place] for one in contexts], 1)
    enough = torch.minimum(true[learn].sum(0), true[~learn].sum(0)) >= least
    neurons = [torch.cat([model.neurons(part)[:, ::every].flatten(0, 1) for part in rows.split(20)])
               for model in (known.model, twin())]
    return *neurons, true[:, enough], [one for one, much in zip(contexts, enough, strict=True) if much], learn


def best_threshold(said: torch.Tensor, true: torch.Tensor) -> torch.Tensor:
    """For each column of ``said`` (tokens, units) the value from which on naming ``true`` (tokens, units) of bool has
    the highest F1, (units,)."""
    order = said.argsort(0, descending=True)
    right = true.gather(0, order).cumsum(0)
    f1 = 2 * right / (torch.arange(1, len(said) + 1)[:, None] + true.sum(0))
    return said.gather(0, order).gather(0, f1.argmax(0, keepdim=True))[0]
