"""Figures of sparse autoencoders on data whose features are known (notebook 07)."""
from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go

from ..style import BLUE, INK, figure

#: From this cosine similarity with its partner on, a feature counts as found.
FOUND = 0.9
_SCALE = ((0, "#ffffff"), (0.5, "#f3f1ec"), (0.8, "#f0d6b4"), (FOUND, "#e3a95c"), (FOUND, BLUE), (1, "#00395a"))


def rays(points, W=None, *, reach: float = 2.0) -> go.Figure:
    """Hidden vectors ``points`` (count, 2) as dots; with ``W`` (2, n), the true directions as lines under them."""
    points = np.asarray(points, float).round(3)
    fig = figure(height=440, showlegend=False, margin=dict(l=40, r=20, t=16, b=36))
    for tip in np.asarray(W, float).T if W is not None else ():
        tip = 0.92 * reach * tip / np.linalg.norm(tip)
        fig.add_scatter(x=[0, tip[0]], y=[0, tip[1]], mode="lines+markers", hoverinfo="skip",
                        line=dict(color=INK, width=1.5, dash="dash"),
                        marker=dict(symbol=["circle", "arrow"], size=[0, 13], angleref="previous", color=INK))
    fig.add_scatter(x=points[:, 0], y=points[:, 1], mode="markers", hoverinfo="skip",
                    marker=dict(color=BLUE, size=4, opacity=0.5))
    fig.update_xaxes(range=[-reach, reach], zeroline=True, constrain="domain")
    fig.update_yaxes(range=[-reach, reach], zeroline=True, scaleanchor="x")
    return fig


def matches(cosines, partner: Sequence[int], *, wide: int | None = None, y_axis: str = "true feature") -> go.Figure:
    """The cosine similarities (features, latents) of features and latents as colours.

    Columns are ordered: first the latent that is ``partner`` (features,) of the first feature, then that
    of the second, and so on (−1: a feature without one), and after them those that are nobody's partner. So a
    dictionary that has found everything shows a diagonal, blue from :data:`FOUND` on. Negative cosines are white.
    ``wide``: room for so many latents, so that dictionaries of several sizes can be compared; grey where none is.
    """
    cosines = np.asarray(cosines, float)
    features, latents = cosines.shape
    partner = [int(k) for k in partner if k >= 0]
    order = partner + sorted(set(range(latents)) - set(partner))
    wide = max(wide or latents, latents)
    fig = figure(showlegend=False)
    short = np.floor(cosines[:, order].clip(0, 1) * 100 + 1e-6) / 100  # rounding up would make 0.895 look found
    fig.add_heatmap(z=short, zmin=0, zmax=1, colorscale=_SCALE, showscale=False,
                    hovertemplate="feature %{y}, latent %{x}: %{z:.2f}<extra></extra>")
    if wide > latents:
        fig.add_shape(type="rect", x0=latents - 0.5, x1=wide - 0.5, y0=-0.5, y1=features - 0.5, fillcolor="#ececec",
                      line=dict(width=0))
    place = dict(zeroline=False, showgrid=False, showline=True, mirror=True)
    fig.update_xaxes(title=dict(text="latent"), range=[-0.5, wide - 0.5], **place)
    fig.update_yaxes(title=dict(text=y_axis), range=[features - 0.5, -0.5], **place)
    return fig
