"""The fast loss of :mod:`course.sae` for "topk": only what the latents that are on need is computed.

Behind notebook 07. The k latents of each activation are chosen in half precision where the machine is fast in it; their
values, the errors and all gradients are exact, in sums over k latents. Tested against the plain loss and its autograd.
"""
from __future__ import annotations

import torch
from torch.autograd.function import once_differentiable
from torch.nn.functional import embedding_bag


def fast_type(device: str = "cpu") -> torch.dtype:
    """The type that is fast to multiply in: bfloat16 where the machine has instructions for it, else float32.

    A processor without them took eight times as long in bfloat16. Asked is for AVX512-BF16 (torch 2.5 and later
    know), and on a GPU for compute capability 8 (Ampere).
    """
    if device.startswith("cuda"):
        has = torch.cuda.get_device_capability(device)[0] >= 8
    else:
        asks = getattr(torch.cpu, "_is_avx512_bf16_supported", bool)  # bool() is False
        has = device == "cpu" and asks() and torch.backends.mkldnn.is_available()
    return torch.bfloat16 if has else torch.float32


def topk_loss(sae, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """What :func:`course.sae_kinds.loss` gives for kind "topk" on ``x`` (batch, d)."""
    error, chosen, values = TopKError.apply(x, sae.encoder, sae.bias, sae.decoder, sae.centre, sae.k)
    return error.square().sum(1).mean(), error.detach(), torch.bincount(chosen[values > 0], minlength=len(sae.bias))


class TopKError(torch.autograd.Function):
    """``decode(encode(x)) − x`` (batch, d); and which latents are chosen, with their values, (batch · k,) each."""

    @staticmethod
    def forward(ctx, x, encoder, bias, decoder, centre, k):
        centred, kind = x - centre, fast_type(x.device.type)
        before = torch.addmm(bias.to(kind), centred.to(kind), encoder.to(kind).T)
        chosen = before.topk(k, dim=1, sorted=False).indices.flatten()  # close calls may go either way
        starts = torch.arange(0, len(chosen), k, device=x.device)  # where each activation's latents begin
        values = (_dots(encoder, chosen, starts, centred) + bias[chosen]).relu()
        ctx.save_for_backward(centred, encoder, decoder, chosen, starts, values)
        ctx.mark_non_differentiable(chosen, values)
        return _sums(decoder, chosen, starts, values) - centred, chosen, values

    @staticmethod
    @once_differentiable
    def backward(ctx, slope, *_):
        """From the gradient ``slope`` (batch, d) of the errors those of the weights; activations get none."""
        centred, encoder, decoder, chosen, starts, values = ctx.saved_tensors
        to_values = _dots(decoder, chosen, starts, slope) * (values > 0)
        to_bias = torch.zeros_like(encoder[:, 0]).index_add_(0, chosen, to_values)
        # the other way round: for each latent, the activations that chose it
        order, times = chosen.argsort(), torch.bincount(chosen, minlength=len(encoder))
        by_latent = order // (len(chosen) // len(centred)), times.cumsum(0) - times
        return (None, _sums(centred, *by_latent, to_values[order]), to_bias, _sums(slope, *by_latent, values[order]),
                slope.sum(0) - to_bias @ encoder, None)


def _sums(rows, chosen, starts, weights):
    """``weights · rows[chosen]``, summed up from each of ``starts`` to the next."""
    return embedding_bag(chosen, rows, starts, mode="sum", per_sample_weights=weights)


def _dots(rows, chosen, starts, x):
    """``rows[chosen] · x``, from each of ``starts`` to the next with one row of x: the gradient of those sums."""
    with torch.enable_grad():
        weights = torch.zeros(len(chosen), requires_grad=True, device=x.device)
        return torch.autograd.grad(_sums(rows.detach(), chosen, starts, weights), weights, x)[0]
