"""A small transformer to look into: everything it writes can be read, and anything can be changed on the way.

Introduced in notebook 04, where it plays the word game; notebook 08 takes its neurons apart. Pre-norm, with
learned positions and a ReLU MLP, like the models of "A Mathematical Framework for Transformer Circuits"
(Elhage et al. 2021), whose view of the residual stream as a sum of pieces it follows::

    stream = token + position + attention 0 + mlp 0 + attention 1 + …      logits = unembed(norm(stream))
"""
from __future__ import annotations

from collections.abc import Callable, Mapping

import torch
from torch import nn
from torch.nn.functional import scaled_dot_product_attention

from . import CourseError


class Attention(nn.Module):
    """Causal self-attention: each place takes in what it finds at itself and before it, once for every head."""

    def __init__(self, d_model: int, heads: int):
        super().__init__()
        self.heads = heads
        self.read = nn.Linear(d_model, 3 * d_model)  # query, key and value of every head, in this order
        self.write = nn.Linear(d_model, d_model)

    def forward(self, x):
        batch, length, d_model = x.shape
        query, key, value = self.read(x).view(batch, length, 3, self.heads, -1).permute(2, 0, 3, 1, 4)
        found = scaled_dot_product_attention(query, key, value, is_causal=True)  # (batch, heads, length, d_head)
        return self.write(found.transpose(1, 2).reshape(batch, length, d_model))


class Transformer(nn.Module):
    """``layers`` times attention and MLP on one residual stream.

    ``vocabulary``: how many tokens there are. ``length``: the longest text. ``mlp``: ReLU neurons of
    each layer; 0 leaves the MLPs out. :attr:`points` names every piece of the stream and every layer of
    neurons, in the order in which they are computed.
    """

    def __init__(self, vocabulary: int, d_model: int = 64, heads: int = 4, mlp: int = 256, layers: int = 1,
                 length: int = 64):
        super().__init__()
        if d_model % heads:
            raise CourseError(f"{heads} heads cannot share {d_model} dimensions evenly.")
        self.token, self.position = nn.Embedding(vocabulary, d_model), nn.Embedding(length, d_model)
        self.layers = nn.ModuleList(nn.ModuleDict(dict(
            norm_attention=nn.LayerNorm(d_model), attention=Attention(d_model, heads),
            **(dict(norm_mlp=nn.LayerNorm(d_model), up=nn.Linear(d_model, mlp), down=nn.Linear(mlp, d_model))
               if mlp else {}))) for _ in range(layers))
        self.norm, self.unembedding = nn.LayerNorm(d_model), nn.Linear(d_model, vocabulary, bias=False)
        each = ("attention {}", "neurons {}", "mlp {}") if mlp else ("attention {}",)
        self.points = ["token", "position"] + [name.format(k) for k in range(layers) for name in each]
        for embedding in (self.token, self.position):
            nn.init.normal_(embedding.weight, std=0.1)

    def unembed(self, stream):
        """Logits (…, vocabulary) of a stream (…, d_model); of an early stream, a "logit lens" (nostalgebraist 2020)."""
        return self.unembedding(self.norm(stream))

    def forward(self, tokens, *, change: Mapping[str, Callable] | None = None, pieces: dict | None = None,
                places: slice = slice(None)):
        """Logits (batch, length, vocabulary) of ``tokens`` (batch, length), at ``places`` only if they are given.

        ``change``: for any of :attr:`points`, a function from what would be written there to what is written
        instead, such as ``{"attention 0": lambda piece: piece + direction}``. ``pieces``: a dict that gets
        what was written at every point: (batch, length, d_model), and neurons (batch, length, mlp) after
        their ReLU. All but the neurons add up to the stream.
        """
        change, pieces = change or {}, {} if pieces is None else pieces
        if unknown := set(change) - set(self.points):
            raise CourseError(f"There is no point {min(unknown)!r} in this model. It has {', '.join(self.points)}.")
        if tokens.ndim != 2 or tokens.shape[1] > self.position.num_embeddings:
            raise CourseError(f"Tokens should have shape (batch, length) with a length of at most "
                              f"{self.position.num_embeddings}, and they have shape {tuple(tokens.shape)}.")

        def at(point, value):
            pieces[point] = change[point](value) if point in change else value
            return pieces[point]

        stream = at("token", self.token(tokens))
        stream = stream + at("position", self.position.weight[:tokens.shape[1]].expand_as(stream))
        for k, layer in enumerate(self.layers):
            stream = stream + at(f"attention {k}", layer["attention"](layer["norm_attention"](stream)))
            if "up" in layer:
                neurons = at(f"neurons {k}", torch.relu(layer["up"](layer["norm_mlp"](stream))))
                stream = stream + at(f"mlp {k}", layer["down"](neurons))
        return self.unembed(stream[:, places])
