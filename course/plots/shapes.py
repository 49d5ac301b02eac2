"""Figures of the coloured shapes (notebook 01)."""
from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import plotly.graph_objects as go

from ..style import INK, MARKERS, PALE, PALETTE, SKY, figure

#: For points that stand for images of a colour: near enough to it, and told apart by markers as well.
_PAINT = {"red": "#c03030", "blue": "#3050c0", "purple": "#a040a0", "green": "#309040"}


def gallery(images, rows: Sequence[str], columns: Sequence[str]) -> go.Figure:
    """Images (rows, columns, size, size, 3), 0 to 1, laid out as a table with names at its sides."""
    images = np.asarray(images, float)
    n, m, size = images.shape[:3]
    sheet = np.ones((n * (size + 1) - 1, m * (size + 1) - 1, 3))
    for i in range(n):
        for j in range(m):
            sheet[i * (size + 1):, j * (size + 1):][:size, :size] = images[i, j]
    fig = figure(margin=dict(l=70, r=20, t=30, b=40))
    fig.add_image(z=(255 * sheet).round().astype(np.uint8), hoverinfo="skip")
    middles = [(size - 1) / 2 + k * (size + 1) for k in range(max(n, m))]
    fig.update_xaxes(tickvals=middles[:m], ticktext=list(columns), showgrid=False, zeroline=False, ticks="",
                     constrain="domain", range=[-0.5, sheet.shape[1] - 0.5])
    fig.update_yaxes(tickvals=middles[:n], ticktext=list(rows), showgrid=False, zeroline=False, ticks="",
                     constrain="domain", scaleanchor="x", range=[sheet.shape[0] - 0.5, -0.5])
    return fig


def strips(rows: Mapping[str, Sequence[float]], *, x_axis: str = "", at: float | None = None) -> go.Figure:
    """One row a name, the first on top: a dot for every value (every seed, say), and a bar at their mean."""
    fig = figure(height=110 + 44 * len(rows), showlegend=False, margin=dict(l=210, r=20, t=20, b=52))
    for k, (name, values) in enumerate(rows.items()):
        values = np.asarray(values, float)
        lift = 0.3 * (np.arange(len(values)) / max(len(values) - 1, 1) - 0.5)  # apart, where dots are equal
        fig.add_scatter(x=values, y=k + lift, mode="markers", cliponaxis=False,
                        hovertemplate="%{x:.2f}<extra>" + name + "</extra>",
                        marker=dict(size=10, color=PALETTE[k % 6], symbol=MARKERS[k % 6], opacity=0.75))
        fig.add_scatter(x=[values.mean()] * 2, y=[k - 0.32, k + 0.32], mode="lines", hoverinfo="skip",
                        cliponaxis=False, line=dict(color=INK, width=4))
    if at is not None:
        fig.add_vline(x=at, line=dict(color=INK, width=1.5, dash="dot"))
    fig.update_yaxes(range=[len(rows) - 0.5, -0.5], tickvals=list(range(len(rows))), ticktext=list(rows), ticks="",
                     showgrid=False, zeroline=False)
    fig.update_xaxes(title=dict(text=x_axis), range=(-0.03, 1.03))
    return fig


def shares(values, rows: Sequence[str], columns: Sequence[str]) -> go.Figure:
    """A table of shares, 0 (white) to 1 (dark), each written in its cell; nan is left empty."""
    values = np.asarray(values, float)
    fig = figure()
    fig.add_heatmap(z=values, x=list(columns), y=list(rows), zmin=0, zmax=1, colorscale=((0, "#ffffff"), (1, SKY)),
                    showscale=False, textfont=dict(color=INK), xgap=3, ygap=3, hoverinfo="skip", texttemplate="%{text}",
                    text=[["" if np.isnan(v) else f"{v:.2f}" for v in row] for row in values])
    fig.update_yaxes(autorange="reversed", showgrid=False, zeroline=False, ticks="", scaleanchor="x",
                     constrain="domain")
    fig.update_xaxes(showgrid=False, zeroline=False, ticks="", constrain="domain")
    fig.add_shape(type="rect", x0=-0.5, x1=len(columns) - 0.5, y0=-0.5, y1=len(rows) - 0.5, xref="x", yref="y",
                  line=dict(color=PALE, width=2))  # an empty cell is white on white
    return fig


def readings(groups: Mapping[str, tuple], *, x_axis: str = "", y_axis: str = "") -> go.Figure:
    """Two readings of each image as a point; ``groups``: colour -> (x, y). Dotted lines at 1/2, where one is on."""
    fig = figure(height=460, margin=dict(l=64, r=20, t=48, b=52), legend=dict(y=1.02))
    for k, (name, (x, y)) in enumerate(groups.items()):
        fig.add_scatter(x=np.asarray(x), y=np.asarray(y), mode="markers", name=name, hoverinfo="skip",
                        marker=dict(color=_PAINT[name], symbol=MARKERS[k % 6], size=8, opacity=0.7))
    for add in (fig.add_vline, fig.add_hline):
        add(0.5, line=dict(color=INK, width=1.5, dash="dot"))
    fig.update_xaxes(title=dict(text=x_axis), range=(-1, 2))
    fig.update_yaxes(title=dict(text=y_axis), range=(-1, 2))
    return fig
