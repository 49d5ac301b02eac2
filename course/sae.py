"""Sparse autoencoders: a dictionary of directions in which activations are short sums.

Introduced in notebook 07. :mod:`course.sae_kinds` says what the kinds are and what each of them makes small; here they
are trained, and scored. In training decoder rows stay of length one, with the parallel part of their gradient removed,
and latents that have been off for long are revived where the error is largest (Bricken et al. 2023). For "topk",
training takes the loss of :mod:`course.sae_fast`, with the same values.
"""
from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import chain, count

import torch
from lap import lapjv
from torch.nn.functional import normalize

from . import CourseError, sae_fast
from .sae_kinds import KINDS, SAE, batch_threshold, loss
from .threads import one_thread


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
    k: float = 16  #: how many latents may be on at once, for "topk", or on average, for "batchtopk"
    l1: float = 0.1  #: the penalty, for "l1"
    l0: float = 0.1  #: the penalty for each latent that is on, for "jumprelu"
    window: float = 0.3  #: how wide the window is that gives a threshold its slope, and its first value, for "jumprelu"
    prefixes: Sequence[int] = ()  #: so many first latents each build the activation: a Matryoshka dictionary
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
                or min(self.steps, self.l1, self.l0, self.revive) < 0 or not 0 <= self.fall <= 0.9):
            raise CourseError("There must be at least one latent and batch, k between 1 and the number of latents, "
                              "steps, l1, l0 and revive not below 0, and the fall between 0 and 0.9.")
        if self.kind == "topk" and self.k != int(self.k):
            raise CourseError("For topk, k is a whole number. Only batchtopk can have a fraction on average.")
        if self.kind == "batchtopk" and not 1 <= self.k * self.batch <= self.n_latents * self.batch:
            raise CourseError("For batchtopk, k is above 0 and not above the number of latents, and a batch has room "
                              "for at least one latent.")
        if self.kind == "jumprelu" and not self.window > 0:
            raise CourseError("The window of jumprelu is above 0.")
        sizes = [0, *self.prefixes, self.n_latents]
        if self.prefixes and (sizes[:-1] != sorted(set(sizes)) or self.kind == "linear"):
            raise CourseError("The prefixes grow from at least 1 to the number of latents, such as (5, 20) for 20 "
                              "latents, and the kind is not linear.")


@one_thread()
def train(x: torch.Tensor | Iterable[torch.Tensor], n_latents: int, *, progress: Callable | None = None,
          report: Callable | None = None, **settings) -> SAE:
    """Train a sparse autoencoder of ``n_latents`` latents on activations.

    ``x``: activations (count, d), from which batches are drawn, or any iterable of batches (batch, d), of which the
    first also sets centre and scale. Settings, explained in :class:`Settings`: ``kind``, ``k``, ``l1``, ``l0``,
    ``window``, ``prefixes``, ``steps``, ``batch``, ``rate``, ``fall``, ``revive``, ``seed``. ``progress`` wraps the
    range of steps; ``report(step, figures)`` is called every 20 steps with ``unexplained``, ``l0`` and ``dead`` of the
    batch. Inside, activations are scaled to a mean squared length of d, so that ``rate``, ``l1``, ``l0`` and ``window``
    mean the same for all.
    """
    how = Settings(n_latents, **settings)
    batches, first = _batches(x, how)
    draw = torch.Generator(first.device).manual_seed(how.seed)
    sae, scale = _start(first, how, draw)
    # the logarithm of each threshold, for "jumprelu"
    level = torch.nn.Parameter(torch.full((n_latents,), math.log(how.window), device=first.device))
    optimiser = torch.optim.Adam([sae.encoder, sae.bias, sae.decoder, sae.centre, level], fused=True)
    off = torch.zeros(n_latents, dtype=torch.long, device=first.device)  # for how many steps each latent has been off
    loss_of = partial(loss, l1=how.l1, l0=how.l0, window=how.window, prefixes=how.prefixes)
    if how.kind == "topk" and not how.prefixes:
        loss_of = sae_fast.topk_loss
    for step, batch in zip((progress or iter)(range(1, how.steps + 1)), batches, strict=False):
        scaled = batch / scale
        with torch.enable_grad():  # a caller may have them off
            sae.threshold = level.exp() if how.kind == "jumprelu" else None
            value, error, times = loss_of(sae, scaled)
        _update(sae, optimiser, value, how, step)
        off = torch.where(times > 0, 0, off + 1)
        if how.revive and step % how.revive == 0 and step <= 0.8 * how.steps:
            _revive(sae, optimiser, error, off >= how.revive, draw)
            level.data[off >= how.revive] = math.log(how.window)
            off[off >= how.revive] = 0
        if report and (step % 20 == 0 or step == how.steps):
            report(step, dict(unexplained=float(error.square().sum() / (scaled - scaled.mean(0)).square().sum()),
                              l0=int(times.sum()) / len(batch),
                              dead=float((off >= min(step, how.revive or step)).float().mean())))
    threshold = dict(jumprelu=level.detach().exp, batchtopk=partial(batch_threshold, sae, first / scale, how.batch))
    return SAE(sae.kind, sae.k, sae.encoder.detach(), sae.bias.detach() * scale, sae.decoder.detach(),
               sae.centre.detach() * scale, threshold[sae.kind]() * scale if sae.kind in threshold else None)


def _start(first, how, draw) -> tuple[SAE, float]:
    """An autoencoder before training, for activations divided by a scale, and that scale."""
    centre = first.mean(0)
    scale = float((first - centre).square().mean().sqrt()) or 1.0
    decoder = normalize(torch.randn(how.n_latents, len(centre), generator=draw, device=draw.device))
    weights = decoder.clone(), torch.zeros(how.n_latents, device=draw.device), decoder, centre / scale
    k = dict(topk=int(how.k), batchtopk=how.k).get(how.kind, 0)
    return SAE(how.kind, k, *map(torch.nn.Parameter, weights)), scale


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
    noise = torch.randn(number, error.shape[1], generator=draw, device=draw.device)
    direction = normalize(-error[chosen] + 1e-6 * noise)
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
