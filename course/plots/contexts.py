"""Figures of units that stand for contexts (notebook 08)."""
from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go

from ..style import BLUE, GREY, RED, figure, say


def contexts(names: Sequence[str], neurons, latents, ahead, *, order: Sequence[int] | None = None,
             copies: int | None = None) -> go.Figure:
    """One row a context, with an arrow from the F1 of its best neuron to that of its best latent.

    ``neurons``, ``latents``: F1 (contexts,). ``ahead`` (contexts,): 1 where the latent is ahead of the neuron by more
    than chance, −1 where it is behind, 0 where the two cannot be told apart. ``order``: contexts from the top down;
    else by the F1 of the latent. ``copies``: how many of the latents are copies of a neuron, for the sentence.
    """
    neurons, latents, ahead = (np.asarray(values, float) for values in (neurons, latents, ahead))
    order = np.argsort(-latents, kind="stable") if order is None else np.asarray(order)
    fig = figure(height=110 + 19 * len(order), margin=dict(l=150, r=20, t=48, b=48))
    for sign, colour, name in ((1, BLUE, "latent ahead"), (-1, RED, "neuron ahead"), (0, GREY, "no difference shown")):
        rows = np.flatnonzero(ahead[order] == sign)
        if not len(rows):
            continue
        x = np.stack([neurons[order][rows], latents[order][rows], np.full(len(rows), np.nan)], 1)
        fig.add_scatter(x=x.ravel(), y=np.repeat(rows, 3), mode="lines+markers", name=name, hoverinfo="skip",
                        line=dict(color=colour, width=3 if sign else 1.5),
                        marker=dict(color=colour, size=11, symbol="arrow", angleref="previous", standoff=0))
    fig.add_scatter(x=neurons[order], y=np.arange(len(order)), mode="markers", name="best neuron",
                    marker=dict(color="#ffffff", size=8, line=dict(color="#222222", width=1.5)),
                    customdata=latents[order], cliponaxis=False,
                    hovertemplate="neuron %{x:.2f}, latent %{customdata:.2f}<extra></extra>")
    fig.update_yaxes(range=[len(order) - 0.4, -0.6], tickvals=list(range(len(order))),
                     ticktext=[names[k] for k in order], ticks="", zeroline=False)
    fig.update_xaxes(title=dict(text="F1, from the best neuron (ring) to the best latent (arrow head)"),
                     range=[-0.02, 1.02], zeroline=False)
    return say(fig, f"Mean F1 of {len(order)} contexts: best neuron {neurons.mean():.2f}, best latent "
                    f"{latents.mean():.2f}. The latent is ahead in {(ahead > 0).sum()}, behind in {(ahead < 0).sum()}."
                    + (f" {copies} of the best latents are copies of a neuron." if copies is not None else ""))
