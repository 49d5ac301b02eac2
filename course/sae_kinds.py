"""The kinds of sparse autoencoders: what each makes of an activation, and what its training makes small.

Introduced in notebook 07. An activation x (d numbers) is written as ``centre + Σ f_j · decoder_j`` over a few of many
latents j, and f comes from ``before = encoder (x − centre) + bias``:

- ``"l1"``: f = relu(before), loss = squared error + l1 · Σ f ("Towards Monosemanticity", Bricken et al. 2023).
  With ``l1=0`` it is a plain overcomplete autoencoder.
- ``"topk"``: of relu(before) the k largest of each activation are kept, the others are 0; no penalty ("Scaling and
  evaluating sparse autoencoders", Gao et al. 2024).
- ``"batchtopk"``: the k · batch largest of the whole batch are kept, so that one activation may have more than k.
  After training a threshold takes the place of the batch (Bussmann et al. 2024, arXiv 2412.06410).
- ``"jumprelu"``: before where it is above a threshold that each latent learns, else 0; loss = squared error + l0 · the
  number of latents that are on. A step has no slope, so the threshold's comes from a window around it
  (Rajamanoharan et al. 2024, arXiv 2407.14435).
- ``"linear"``: f = before; with fewer latents than d, a bottleneck.

``prefixes`` make any of them but the last a Matryoshka dictionary (Bussmann et al. 2025, arXiv 2503.17547): the first 5
latents alone, say, must build the activation as well as they can, and so must all. :func:`loss` is the plain version
for every kind.
"""
from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch.autograd.function import once_differentiable
from torch.nn.functional import linear

KINDS = ("l1", "topk", "batchtopk", "jumprelu", "linear")


@dataclass
class SAE:
    """A sparse autoencoder; make one with :func:`course.sae.train`."""

    kind: str
    k: float  #: how many latents may be on at once, for "topk"; on average, for "batchtopk"; else 0
    encoder: torch.Tensor  #: (latents, d)
    bias: torch.Tensor  #: (latents,)
    decoder: torch.Tensor  #: (latents, d), rows of length one unless kind is "linear"
    centre: torch.Tensor  #: (d,)
    threshold: torch.Tensor | None = None  #: (latents,) above which a latent is on, for "batchtopk" and "jumprelu"

    def encode(self, x: torch.Tensor) -> torch.Tensor:
        """Latents (..., latents) of activations ``x`` (..., d)."""
        before = linear(x - self.centre, self.encoder, self.bias)
        if self.kind == "linear":
            return before
        if self.kind == "topk":
            best = before.topk(self.k)
            return torch.zeros_like(before).scatter(-1, best.indices, best.values.relu())
        return before.relu() if self.threshold is None else before.relu() * (before > self.threshold)

    def decode(self, latents: torch.Tensor) -> torch.Tensor:
        """Activations (..., d) of ``latents`` (..., latents)."""
        return linear(latents, self.decoder.T, self.centre)

    def __call__(self, x: torch.Tensor) -> torch.Tensor:
        """What becomes of ``x`` (..., d) on its way through the latents."""
        return self.decode(self.encode(x))

    def directions(self) -> torch.Tensor:
        """What the latents can write, (directions, d): the decoder's rows, for "linear" their opposites too."""
        return torch.cat([self.decoder, -self.decoder]) if self.kind == "linear" else self.decoder


class Jump(torch.autograd.Function):
    """Latents z (batch, latents) above their ``threshold`` (latents,) and 0 for the others; and 1 or 0 for on or off.

    The slope for z is that of what is on. That for the threshold is estimated from the z within a window around it, a
    rectangle of width ``window`` (the straight-through estimator of 2407.14435).
    """

    @staticmethod
    def forward(ctx, z, threshold, window):
        ctx.window, on = window, (z > threshold).to(z.dtype)
        ctx.save_for_backward(z, threshold)
        return z * on, on

    @staticmethod
    @once_differentiable
    def backward(ctx, to_latents, to_on):
        z, threshold = ctx.saved_tensors
        near = ((z - threshold).abs() < ctx.window / 2) / ctx.window
        return to_latents * (z > threshold), -(near * (threshold * to_latents + to_on)).sum(0), None


def keep_in_batch(sae: SAE, x: torch.Tensor) -> torch.Tensor:
    """The latents of a whole batch ``x`` (batch, d), k · batch of them on: those of "batchtopk" in training."""
    positive = linear(x - sae.centre, sae.encoder, sae.bias).relu()
    best = positive.flatten().topk(round(sae.k * len(x)), sorted=False)
    return torch.zeros_like(positive.flatten()).scatter(0, best.indices, best.values).view_as(positive)


@torch.no_grad()
def batch_threshold(sae: SAE, x: torch.Tensor, batch: int) -> torch.Tensor:
    """What stands in for the batch after training: the mean, over batches of ``x``, of the smallest latent that is
    kept, (latents,) with the same number for all (2412.06410)."""
    kept = (keep_in_batch(sae, part) for part in x.split(batch) if round(sae.k * len(part)))
    least = [latents[latents > 0].min() for latents in kept if latents.any()]
    return torch.full_like(sae.bias, float(torch.stack(least).mean()) if least else 0.0)


def loss(sae: SAE, x: torch.Tensor, l1: float = 0.0, l0: float = 0.0, window: float = 0.3,
         prefixes: Sequence[int] = ()) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """What training makes small on ``x`` (batch, d), by definition; the errors (batch, d); and how many times each
    latent is on (latents,). With ``prefixes`` the squared error is the mean of those of the first so many latents."""
    if sae.kind == "jumprelu":
        latents, on = Jump.apply(linear(x - sae.centre, sae.encoder, sae.bias).relu(), sae.threshold, window)
    else:
        latents = keep_in_batch(sae, x) if sae.kind == "batchtopk" else sae.encode(x)
    error = sae.decode(latents) - x
    value = error.square().sum(1).mean()
    for size in prefixes[:-1]:
        value = value + (linear(latents[:, :size], sae.decoder[:size].T, sae.centre) - x).square().sum(1).mean()
    value = value / max(1, len(prefixes))
    if sae.kind == "l1":
        value = value + l1 * latents.sum(1).mean()
    if sae.kind == "jumprelu":
        value = value + l0 * on.sum(1).mean()
    return value, error.detach(), (latents != 0).sum(0)
