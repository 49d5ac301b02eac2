"""Sparse autoencoders: a dictionary of directions in which activations are short sums.

Introduced in notebook 07. An activation x (d numbers) is written as ``centre + Σ f_j · decoder_j`` over a
few of many latents j. Kinds:

- ``"l1"``: f = relu(encoder (x − centre) + bias), loss = squared error + l1 · Σ f, decoder rows of
  length one with the parallel part of their gradient removed ("Towards Monosemanticity", Bricken et al. 2023).
  With ``l1=0`` it is a plain overcomplete autoencoder.
- ``"topk"``: the same, and only the k largest of the f of one activation are kept; no penalty
  ("Scaling and evaluating sparse autoencoders", Gao et al. 2024).
- ``"linear"``: f = encoder (x − centre); with fewer latents than d, a bottleneck.

Latents that have been off for long are revived where the error is largest (Bricken et al. 2023). :func:`loss` is
the plain version for every kind; for "topk", training takes the one of :mod:`course.sae_fast`, with the same values.
"""
from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import chain, count

import torch
from lap import lapjv
from torch.nn.functional import linear, normalize

from . import CourseError, sae_fast
from .threads import one_thread

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
        """Latents (..., latents) of activations ``x`` (..., d)."""
        before = linear(x - self.centre, self.encoder, self.bias)
        if self.kind == "linear":
            return before
        if self.kind == "topk":
            best = before.topk(self.k)
            return torch.zeros_like(before).scatter(-1, best.indices, best.values.relu())
        return before.relu()

    def decode(self, latents: torch.Tensor) -> torch.Tensor:
        """Activations (..., d) of ``latents`` (..., latents)."""
        return linear(latents, self.decoder.T, self.centre)

    def __call__(self, x: torch.Tensor) -> torch.Tensor:
        """What becomes of ``x`` (..., d) on its way through the latents."""
        return self.decode(self.encode(x))

    def directions(self) -> torch.Tensor:
        """What the latents can write, (directions, d): the decoder's rows, for "linear" their opposites too."""
        return torch.cat([self.decoder, -self.decoder]) if self.kind == "linear" else self.decoder


@one_thread()
def evaluate(sae: SAE, x: torch.Tensor, chunk: int = 4096) -> dict[str, float]:
    """On activations ``x`` (count, d): the share of variance left unexplained, the mean number of latents that are on
    (L0), and the share of latents that are never on (dead). :class:`CourseError` where ``x`` does not vary."""
    if (x == x[:1]).all():
        raise CourseError("There is no variance to explain: this takes at least two activations that differ.")
    error, times = 0.0, 0
    with torch.no_grad():
        for part in x.split(chunk):
            latents = sae.encode(part)
            error += float((sae.decode(latents) - part).square().sum())
            times += (latents != 0).sum(0)
    return dict(unexplained=error / float((x - x.mean(0)).square().sum()), l0=int(times.sum()) / len(x),
                dead=float((times == 0).float().mean()))


@dataclass(frozen=True)
class Settings:
    """How to train: the keywords of :func:`train`. :class:`CourseError` for what makes no sense."""

    n_latents: int
    kind: str = "topk"
    k: int = 16  #: how many latents may be on at once, for "topk"
    l1: float = 0.1  #: the penalty, for "l1"
    steps: int = 400
    batch: int = 1024  #: activations drawn for one step
    rate: float = 3e-3  #: the learning rate at its height, after a tenth of the steps
    #: The rate falls to nothing over this last share of the steps, 0 to 0.9. With a few hundred steps and much data
    #: 0.25 leaves less unexplained; with little data 0.9 finds directions more exactly.
    fall: float = 0.9
    revive: int = 100  #: latents that were off for so many steps are revived; 0: never
    seed: int = 0

    def __post_init__(self):
        if self.kind not in KINDS:
            raise CourseError(f"The kind of autoencoder is one of {', '.join(KINDS)}.")
        if (self.kind == "topk" and not 1 <= self.k <= self.n_latents or min(self.n_latents, self.batch) < 1
                or min(self.steps, self.l1, self.revive) < 0 or not 0 <= self.fall <= 0.9):
            raise CourseError("There must be at least one latent and batch, k between 1 and the number of latents, "
                              "steps, l1 and revive not below 0, and the fall between 0 and 0.9.")


@one_thread()
def train(x: torch.Tensor | Iterable[torch.Tensor], n_latents: int, *, progress: Callable | None = None,
          report: Callable | None = None, **settings) -> SAE:
    """Train a sparse autoencoder of ``n_latents`` latents on activations.

    ``x``: activations (count, d), from which batches are drawn, or any iterable of batches (batch, d), of which the
    first also sets centre and scale. Settings, explained in :class:`Settings`: ``kind``, ``k``, ``l1``, ``steps``,
    ``batch``, ``rate``, ``fall``, ``revive``, ``seed``. ``progress`` wraps the range of steps; ``report(step,
    figures)`` is called every 20 steps with ``unexplained``, ``l0`` and ``dead`` of the batch. Inside, activations
    are scaled to a mean squared length of d, so that ``rate`` and ``l1`` mean the same for all.
    """
    how = Settings(n_latents, **settings)
    batches, first = _batches(x, how)
    draw = torch.Generator(first.device).manual_seed(how.seed)
    sae, scale = _start(first, how, draw)
    optimiser = torch.optim.Adam([sae.encoder, sae.bias, sae.decoder, sae.centre], fused=True)
    off = torch.zeros(n_latents, dtype=torch.long, device=first.device)  # for how many steps each latent has been off
    loss_of = sae_fast.topk_loss if how.kind == "topk" else loss
    for step, batch in zip((progress or iter)(range(1, how.steps + 1)), batches, strict=False):
        scaled = batch / scale
        with torch.enable_grad():  # a caller may have them off
            value, error, times = loss_of(sae, scaled, how.l1)
        _update(sae, optimiser, value, how, step)
        off = torch.where(times > 0, 0, off + 1)
        if how.revive and step % how.revive == 0 and step <= 0.8 * how.steps:
            _revive(sae, optimiser, error, off >= how.revive, draw)
            off[off >= how.revive] = 0
        if report and (step % 20 == 0 or step == how.steps):
            report(step, dict(unexplained=float(error.square().sum() / (scaled - scaled.mean(0)).square().sum()),
                              l0=int(times.sum()) / len(batch),
                              dead=float((off >= min(step, how.revive or step)).float().mean())))
    return SAE(sae.kind, sae.k, sae.encoder.detach(), sae.bias.detach() * scale, sae.decoder.detach(),
               sae.centre.detach() * scale)


def _start(first, how, draw) -> tuple[SAE, float]:
    """An autoencoder before training, for activations divided by a scale, and that scale."""
    centre = first.mean(0)
    scale = float((first - centre).square().mean().sqrt()) or 1.0
    decoder = normalize(torch.randn(how.n_latents, len(centre), generator=draw, device=draw.device))
    weights = decoder.clone(), torch.zeros(how.n_latents, device=draw.device), decoder, centre / scale
    return SAE(how.kind, how.k if how.kind == "topk" else 0, *map(torch.nn.Parameter, weights)), scale


def loss(sae: SAE, x: torch.Tensor, l1: float = 0.0) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """What training makes small on ``x`` (batch, d), by definition; the errors (batch, d); and how many times each
    latent is on (latents,)."""
    latents = sae.encode(x)
    error = sae.decode(latents) - x
    value = error.square().sum(1).mean()
    if sae.kind == "l1":
        value = value + l1 * latents.sum(1).mean()
    return value, error.detach(), (latents != 0).sum(0)


def _update(sae, optimiser, value, how, step):
    """One step down the gradient of the loss ``value``; decoder rows stay of length one."""
    optimiser.zero_grad()
    value.backward()
    # one cycle (Smith 2018): momentum is low while the rate is high
    share = _share_of_rate(step / (how.steps + 1), how.fall)
    optimiser.param_groups[0].update(lr=how.rate * share, betas=(0.95 - 0.1 * share, 0.99))
    with torch.no_grad():
        if how.kind != "linear":  # what would only change the length of a row
            sae.decoder.grad -= (sae.decoder.grad * sae.decoder).sum(1, keepdim=True) * sae.decoder
        optimiser.step()
        if how.kind != "linear":
            sae.decoder.copy_(normalize(sae.decoder))


def _share_of_rate(done: float, fall: float, rise: float = 0.1) -> float:
    """What share of the learning rate holds when ``done`` (0 to 1) of the steps are done."""
    if done < rise:
        return 0.52 - 0.48 * math.cos(math.pi * done / rise)
    return 0.5 + 0.5 * math.cos(math.pi * max(0.0, (done - 1 + fall) / fall)) if fall else 1.0


@torch.no_grad()
def _revive(sae, optimiser, error, dead, draw):
    """Point dead latents at inputs drawn by their squared error, and forget what the optimiser knew of them."""
    number = int(dead.sum())
    if not number:
        return
    weight = error.square().sum(1).square() + 1e-12
    chosen = torch.multinomial(weight, number, replacement=number > len(error), generator=draw)
    direction = normalize(-error[chosen] + 1e-6 * torch.randn(number, error.shape[1], generator=draw, device=draw.device))
    alive = sae.encoder[~dead].norm(dim=1).mean() if (~dead).any() else 1.0
    sae.decoder[dead], sae.encoder[dead], sae.bias[dead] = direction, direction * alive, 0.0
    for weight in (sae.encoder, sae.bias, sae.decoder):
        for state in ("exp_avg", "exp_avg_sq"):
            optimiser.state[weight][state][dead] = 0


def _batches(x, how) -> tuple[Iterator[torch.Tensor], torch.Tensor]:
    """An iterator of batches, and activations to take centre and scale from."""
    drawn = isinstance(x, torch.Tensor)
    parts = (part.detach() for part in ([x] if drawn else x))
    first = next(parts, torch.empty(0))
    if first.ndim != 2 or not len(first):
        raise CourseError(f"Activations should have shape (count, d), and they have {tuple(first.shape)}.")
    if not torch.isfinite(first).all():
        raise CourseError("Some activations are not finite numbers.")
    if not drawn:
        return chain([first], parts), first
    draw = torch.Generator().manual_seed(how.seed + 1)
    batches = (first[torch.randint(len(x), (how.batch,), generator=draw)] for _ in count())
    return batches, first[:: max(1, len(x) // 8192)]


@dataclass
class Recovery:
    """How well a dictionary found features that are known; made by :func:`recover`."""

    partner: torch.Tensor  #: (features,) the latent that each feature is matched with, −1 for none
    cosine: torch.Tensor  #: (features,) the cosine similarity with it, 0 for none
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
    matched, column = partner >= 0, partner.clamp(min=0)
    cosine = torch.where(matched, cosines[torch.arange(len(partner)), column], 0.0)
    if latents is None or amounts is None:
        return Recovery(partner, cosine.float())
    said, true = (latents != 0)[:, column] & matched, amounts != 0
    f1 = torch.where(true.any(0), 2 * (said & true).sum(0) / (said.sum(0) + true.sum(0)), torch.nan)
    return Recovery(partner, cosine.float(), f1)


def summary(sae: SAE, W: torch.Tensor, x: torch.Tensor) -> str:
    """How many features of ``W`` (d, features) an autoencoder found, and how it does on activations ``x`` (count, d),
    in two plain sentences for under a picture."""
    got, of = recover(sae.directions(), W.T), evaluate(sae, x)
    return (f"{round(W.shape[1] * got.share())} of {W.shape[1]} features found, {1 - of['unexplained']:.0%} of the "
            f"variance explained. {of['l0']:.1f} latents are on at a time, and {of['dead'] * len(sae.bias):.0f} of "
            f"{len(sae.bias)} never.")


def read(sae: SAE, W: torch.Tensor, x: torch.Tensor, cosine: float = 0.9) -> torch.Tensor:
    """How strongly each feature of ``W`` (d, features) is reported in activations ``x`` (count, d), (count, features):
    all latents that have at least this ``cosine`` with it, copies too, added up."""
    same = normalize(W.T) @ normalize(sae.decoder).T >= cosine
    return sae.encode(x) @ same.to(x.dtype).T


@one_thread()
def pursue(x: torch.Tensor, dictionary: torch.Tensor, k: int) -> float:
    """The share of the variance of ``x`` (count, d) that k rows of a ``dictionary`` (rows, d) explain, chosen for each
    activation: k times the row that fits best what is left, then all chosen ones fitted again (orthogonal matching
    pursuit, Pati et al. 1993). No encoder is needed, so random rows can be scored as well."""
    left, chosen = x, torch.empty(len(x), 0, dtype=torch.long)
    for _ in range(k):
        fits = (left @ dictionary.T).scatter(1, chosen, -torch.inf)
        chosen = torch.cat([chosen, fits.argmax(1, keepdim=True)], 1)
        rows = dictionary[chosen].mT
        left = x - (rows @ torch.linalg.lstsq(rows, x[..., None]).solution)[..., 0]
    return 1 - float(left.square().sum() / (x - x.mean(0)).square().sum())
