"""Sparse autoencoders: a dictionary of directions in which activations are short sums.

Introduced in notebook 07. An activation x (d numbers) is written as ``centre + Σ f_j · decoder_j`` over a
few of many latents j. Kinds:

- ``"l1"``: f = relu(encoder (x − centre) + bias), loss = squared error + l1 · Σ f, decoder rows of
  length one with the parallel part of their gradient removed ("Towards Monosemanticity", Bricken et al. 2023).
  With ``l1=0`` it is a plain overcomplete autoencoder.
- ``"topk"``: the same, and only the k largest of the f of one activation are kept; no penalty
  ("Scaling and evaluating sparse autoencoders", Gao et al. 2024).
- ``"linear"``: f = encoder (x − centre); with fewer latents than d, a bottleneck.

Latents that have been off for long are revived where the error is largest (Bricken et al. 2023).
For "topk", gradients are written by hand and computed only where latents are on
(``tests/benchmarks/bench_sae.py``).
"""
from __future__ import annotations

import functools
import math
import time
import warnings
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

import torch
from lap import lapjv
from torch.nn.functional import embedding_bag, normalize

from . import CourseError

KINDS = ("l1", "topk", "linear")


@dataclass
class SAE:
    """A sparse autoencoder; make one with :func:`train`."""

    kind: str
    k: int  #: how many latents may be on at once, for "topk"; else 0
    encoder: torch.Tensor  #: (latents, d)
    bias: torch.Tensor  #: (latents,)
    decoder: torch.Tensor  #: (latents, d), rows of length one unless kind is "linear"
    centre: torch.Tensor  #: (d,)

    def encode(self, x: torch.Tensor) -> torch.Tensor:
        """Latents (count, latents) of activations ``x`` (count, d)."""
        before = torch.addmm(self.bias, x - self.centre, self.encoder.T)
        if self.kind == "linear":
            return before
        if self.kind == "topk":
            best = before.topk(self.k, dim=1)
            return torch.zeros_like(before).scatter_(1, best.indices, best.values.relu())
        return before.relu()

    def decode(self, latents: torch.Tensor) -> torch.Tensor:
        """Activations (count, d) of ``latents`` (count, latents)."""
        return torch.addmm(self.centre, latents, self.decoder)

    def __call__(self, x: torch.Tensor) -> torch.Tensor:
        """What becomes of ``x`` (count, d) on its way through the latents."""
        return self.decode(self.encode(x))


def evaluate(sae: SAE, x: torch.Tensor, chunk: int = 4096) -> dict[str, float]:
    """On activations ``x`` (count, d): the share of variance left unexplained, the mean number of latents
    that are on (L0), and the share of latents that are never on (dead)."""
    error, on, ever = 0.0, 0, torch.zeros(len(sae.bias), dtype=torch.bool)
    with torch.no_grad():
        for part in x.split(chunk):
            latents = sae.encode(part)
            error += float((sae.decode(latents) - part).square().sum())
            on += int((latents != 0).sum())
            ever |= (latents != 0).any(0)
    return dict(unexplained=error / float((x - x.mean(0)).square().sum()), l0=on / len(x),
                dead=1 - float(ever.float().mean()))


@dataclass
class Recovery:
    """How well a dictionary found features that are known; made by :func:`recover`."""

    partner: torch.Tensor  #: (features,) the latent that each feature is matched with, −1 for none
    cosine: torch.Tensor  #: (features,) the cosine similarity with it, 0 for none
    best: torch.Tensor  #: (features,) the largest cosine similarity with any latent, shared or not
    uniqueness: float  #: how many different features are nearest to some latent, over the number of latents
    f1: torch.Tensor | None = None  #: (features,) of "the partner is on" for "the feature is on"; nan if never on

    def share(self, cosine: float = 0.9) -> float:
        """The share of the features whose partner has at least this cosine similarity."""
        return float((self.cosine >= cosine).float().mean())


def recover(dictionary: torch.Tensor, directions: torch.Tensor, latents: torch.Tensor | None = None,
            amounts: torch.Tensor | None = None) -> Recovery:
    """Match the latents of a ``dictionary`` (latents, d) with the true feature ``directions`` (features, d).

    One latent for each feature, so that the sum of their cosine similarities is as large as it can be (Hungarian
    assignment). Signs count: a latent that points away has found nothing. With ``latents`` (count, latents) and
    ``amounts`` (count, features) of the same activations, F1 too. Rows of length zero match nothing.
    """
    if dictionary.ndim != 2 or directions.ndim != 2 or dictionary.shape[1] != directions.shape[1]:
        raise CourseError("A dictionary and the true directions should have shapes (latents, d) and (features, d), "
                          f"and they have {tuple(dictionary.shape)} and {tuple(directions.shape)}.")
    if not (torch.isfinite(dictionary).all() and torch.isfinite(directions).all()):
        raise CourseError("Some directions are not finite numbers.")
    cosines = normalize(directions.detach().double()) @ normalize(dictionary.detach().double()).T
    _, partner, _ = lapjv(1 - cosines.numpy(), extend_cost=True)
    partner = torch.from_numpy(partner).long()
    rows = torch.arange(len(partner))
    cosine = torch.where(partner >= 0, cosines[rows, partner.clamp(min=0)], 0.0)
    nearest = cosines.argmax(0)[(dictionary != 0).any(1)]
    f1 = None
    if latents is not None and amounts is not None:
        said = (latents != 0)[:, partner.clamp(min=0)] & (partner >= 0)
        true = amounts != 0
        right = (said & true).sum(0)
        f1 = torch.where(true.any(0), 2 * right / (said.sum(0) + true.sum(0)), torch.nan)
    return Recovery(partner, cosine.float(), cosines.max(1).values.float(),
                    len(nearest.unique()) / len(dictionary), f1)


def train(x: torch.Tensor | Iterable[torch.Tensor], n_latents: int, *, kind: str = "topk", k: int = 16, l1: float = 0.1,
          steps: int = 400, batch: int = 1024, rate: float = 3e-3, fall: float = 0.9, revive: int = 100, seed: int = 0,
          progress: Callable | None = None, report: Callable | None = None) -> SAE:
    """Train a sparse autoencoder of ``n_latents`` latents on activations.

    ``x``: activations (count, d), from which batches are drawn, or any iterable of batches (batch, d), of
    which the first also sets centre and scale. The learning rate rises to ``rate`` over the first tenth of the steps
    and falls to nothing over the last share ``fall`` of them (0 to 0.9): with a few hundred steps and much data 0.25
    leaves less unexplained, with little data 0.9 finds directions more exactly. ``revive``: latents that were off for
    so many steps are revived (0: never). ``progress`` wraps the range of steps; ``report(step, figures)`` is called
    every 20 steps with ``unexplained``, ``l0`` and ``dead`` of the batch. Sets torch to one thread.
    Inside, activations are scaled to a mean squared length of d, so that ``rate`` and ``l1`` mean the
    same for all. Raises :class:`CourseError` for settings that make no sense.
    """
    batches, first = _batches(x, batch, seed)
    d = first.shape[1]
    if kind not in KINDS:
        raise CourseError(f"The kind of autoencoder is one of {', '.join(KINDS)}.")
    if n_latents < 1 or (kind == "topk" and not 1 <= k <= n_latents) or steps < 0 or l1 < 0 or not 0 <= fall <= 0.9:
        raise CourseError("There must be at least one latent, k between 1 and their number, steps and l1 not below 0, "
                          "and the fall between 0 and 0.9.")
    torch.set_num_threads(1)
    draw = torch.Generator().manual_seed(seed)
    centre = first.mean(0)
    scale = float((first - centre).square().mean().sqrt()) or 1.0
    decoder = torch.randn(n_latents, d, generator=draw)
    decoder /= decoder.norm(dim=1, keepdim=True)
    weights = dict(encoder=decoder.clone(), bias=torch.zeros(n_latents), decoder=decoder, centre=centre / scale)
    weights = {name: torch.nn.Parameter(value) for name, value in weights.items()}
    sae = SAE(kind, k if kind == "topk" else 0, **weights)
    optimiser = torch.optim.Adam(weights.values(), lr=rate, fused=True)
    off = torch.zeros(n_latents, dtype=torch.long)
    for step in (progress or iter)(range(1, steps + 1)):
        part = next(batches, None)
        if part is None:
            break
        part = part / scale
        error, on, count = _sparse_gradients(sae, part) if kind == "topk" else _gradients(sae, part, l1)
        with torch.no_grad():
            if kind != "linear":
                along = (sae.decoder.grad * sae.decoder).sum(1, keepdim=True)
                sae.decoder.grad -= along * sae.decoder
            # one cycle (Smith 2018): momentum is low while the rate is high
            share = _share_of_rate(step / (steps + 1), fall)
            optimiser.param_groups[0].update(lr=rate * share, betas=(0.95 - 0.1 * share, 0.99))
            optimiser.step()
            if kind != "linear":
                sae.decoder /= sae.decoder.norm(dim=1, keepdim=True)
            off = torch.where(on, 0, off + 1)
            if revive and kind != "linear" and step % revive == 0 and step <= 0.8 * steps:
                _revive(sae, optimiser, part, error, off >= revive, draw)
                off[off >= revive] = 0
            if report and (step % 20 == 0 or step == steps):
                variance = (part - part.mean(0)).square().sum()
                report(step, dict(unexplained=float(error.square().sum() / variance), l0=count / len(part),
                                  dead=float((off >= min(step, revive or step)).float().mean())))
    done = {name: value.detach() for name, value in weights.items()}
    return SAE(sae.kind, sae.k, done["encoder"], done["bias"] * scale, done["decoder"], done["centre"] * scale)


def _share_of_rate(done: float, fall: float, rise: float = 0.1) -> float:
    """What share of the learning rate holds when ``done`` (0 to 1) of the steps are done."""
    if done < rise:
        return 0.52 - 0.48 * math.cos(math.pi * done / rise)
    return 0.5 + 0.5 * math.cos(math.pi * max(0.0, (done - 1 + fall) / fall)) if fall else 1.0


def _batches(x, batch, seed) -> tuple[Iterator[torch.Tensor], torch.Tensor]:
    """An iterator of batches, and activations to take centre and scale from."""
    if isinstance(x, torch.Tensor):
        if x.ndim != 2 or not len(x):
            raise CourseError(f"Activations should have shape (count, d), and they have {tuple(x.shape)}.")
        if not torch.isfinite(x).all():
            raise CourseError("Some activations are not finite numbers.")

        def drawn():
            draw = torch.Generator().manual_seed(seed + 1)
            while True:
                yield x[torch.randint(len(x), (batch,), generator=draw)]
        return drawn(), x[:: max(1, len(x) // 8192)]
    batches = iter(x)
    first = next(batches, None)
    if first is None:
        raise CourseError("There are no activations to learn from.")

    def chained():
        yield first
        yield from batches
    return chained(), first


def _gradients(sae, x, l1):
    """Autograd, for the dense kinds: errors (batch, d), which latents are on, and how many in all."""
    latents = sae.encode(x)
    error = sae.decode(latents) - x
    loss = error.square().sum(1).mean() + (l1 * latents.sum(1).mean() if sae.kind == "l1" else 0)
    for weight in (sae.encoder, sae.bias, sae.decoder, sae.centre):
        weight.grad = None
    loss.backward()
    on = latents.detach() != 0
    return error.detach(), on.any(0), int(on.sum())


@functools.cache
def fast_type(device: str = "cpu") -> torch.dtype:
    """The type that is fast to multiply in on this machine: bfloat16 or float32, found by trying both.

    Processors with instructions for bfloat16 are faster in it; one without, with AVX2 only, took eight times as long.
    Where the two are about as fast it is float32, so that the answer does not change from run to run.
    """
    seconds = {}
    for kind in (torch.float32, torch.bfloat16):
        few, many = (torch.ones(rows, 512, dtype=kind, device=device) for rows in (128, 1024))
        for _ in range(4):  # the first one warms up
            begun = time.perf_counter()
            (few @ many.T)[0, 0].item()
            seconds[kind] = min(seconds.get(kind, math.inf), time.perf_counter() - begun)
    return torch.bfloat16 if seconds[torch.bfloat16] < 0.7 * seconds[torch.float32] else torch.float32


@torch.no_grad()
def _sparse_gradients(sae, x):
    """The gradients of the mean squared error of "topk", computed for latents that are on only."""
    count, k, n_latents = len(x), sae.k, len(sae.bias)
    centred = x - sae.centre
    chosen = _top(sae, centred, k)
    flat, bags = chosen.flatten(), torch.arange(0, count * k, k)
    # exact values of the chosen few: cheaper than all of them once more
    values = (_dots(sae.encoder, flat, bags, centred) + sae.bias[flat]).relu()
    error = embedding_bag(flat, sae.decoder, bags, mode="sum", per_sample_weights=values) - centred
    slope = _dots(sae.decoder, flat, bags, error) * (values > 0) * (2 / count)
    order = flat.argsort()
    times = torch.bincount(flat, minlength=n_latents)
    starts = torch.cat([times.new_zeros(1), times.cumsum(0)])
    place = order // k

    def transposed(weights):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # torch calls its sparse matrices "beta"
            return torch.sparse_csr_tensor(starts, place, weights[order], (n_latents, count))

    sae.decoder.grad = transposed(values) @ (error * (2 / count))
    sae.encoder.grad = transposed(slope) @ centred
    sae.bias.grad = torch.zeros_like(sae.bias).index_add_(0, flat, slope)
    sae.centre.grad = error.sum(0) * (2 / count) - sae.bias.grad @ sae.encoder
    on = torch.zeros(n_latents, dtype=torch.bool)
    on[flat[values > 0]] = True
    return error, on, int((values > 0).sum())


def _top(sae, centred, k):
    """The k latents with the largest values, (count, k); in half precision close calls may go either way."""
    kind = fast_type(str(centred.device))
    before = torch.addmm(sae.bias.to(kind), centred.to(kind), sae.encoder.to(kind).T)
    return before.topk(k, dim=1, sorted=False).indices


def _dots(rows, flat, bags, x):
    """``rows[flat] · x``, each with the row of x whose bag it is in: the gradient of embedding_bag knows how."""
    with torch.enable_grad():
        weights = torch.zeros(len(flat), requires_grad=True)
        out = embedding_bag(flat, rows.detach(), bags, mode="sum", per_sample_weights=weights)
        return torch.autograd.grad(out, weights, x)[0]


def _revive(sae, optimiser, x, error, dead, draw):
    """Point dead latents at inputs drawn by their squared error, and forget what the optimiser knew of them."""
    count = int(dead.sum())
    if not count:
        return
    weight = error.square().sum(1)
    chosen = torch.multinomial(weight.square() + 1e-12, count, replacement=count > len(x), generator=draw)
    direction = -error[chosen] + 1e-6 * torch.randn(count, x.shape[1], generator=draw)
    direction /= direction.norm(dim=1, keepdim=True)
    alive = sae.encoder[~dead].norm(dim=1).mean() if (~dead).any() else 1.0
    sae.decoder[dead], sae.encoder[dead], sae.bias[dead] = direction, direction * alive, 0.0
    for weight in (sae.encoder, sae.bias, sae.decoder):
        for state in ("exp_avg", "exp_avg_sq"):
            optimiser.state[weight][state][dead] = 0
