"""Which features get a dimension of their own, which share, which get none (notebook 06)."""
from __future__ import annotations

import numpy as np
import plotly.graph_objects as go

from ..style import BLUE, GREY, INK, ORANGE, PALE, figure, say


def sharing(density, own, none, *, what: str = "dimension", height: int = 380) -> go.Figure:
    """Of many runs, in how many each feature has a dimension of its own, shares one, has none.

    ``density`` (n,): how often each feature is on. ``own``, ``none``: (runs, n) of bool; what is neither shares.
    ``what``: what there is to share.
    """
    own, none = np.asarray(own), np.asarray(none)
    runs, n = own.shape
    names = [f"{k + 1}<br>{_percent(p)}" for k, p in enumerate(density)]
    fig = figure(height=height, barmode="stack", bargap=0.15, legend=dict(traceorder="normal"),
                 margin=dict(l=64, r=20, t=48, b=72))
    for name, count, colour, shape in (("of its own", own.sum(0), BLUE, ""),
                                       ("shared", runs - own.sum(0) - none.sum(0), ORANGE, "/"),
                                       ("none", none.sum(0), PALE, ".")):
        fig.add_bar(x=list(range(n)), y=count, name=name, hovertemplate="%{y} runs<extra>" + name + "</extra>",
                    marker=dict(color=colour, line=dict(color=GREY, width=0.5),
                                pattern=dict(shape=shape, size=6, solidity=0.25, fgcolor=INK)))
    fig.update_xaxes(tickvals=list(range(n)), ticktext=names, showgrid=False, ticks="",
                     title=dict(text="feature, and how often it is on"))
    fig.update_yaxes(title=dict(text=f"runs of {runs}"), range=[0, runs])
    first, last = own[:, 0].sum(), none[:, -1].sum()
    return say(fig, f"Feature 1, on in {_percent(density[0])} of the samples, has a {what} of its own in {first} "
                    f"of {runs} runs. Feature {n}, on in {_percent(density[-1])}, has none in {last}.")


def _percent(share: float) -> str:
    return f"{share:.0%}" if share >= 0.1 else f"{share:.1%}" if share >= 0.001 else f"{share:.2%}"
