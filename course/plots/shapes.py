"""Figures of the coloured shapes (notebook 01)."""
from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import plotly.graph_objects as go

from ..style import INK, MARKERS, PALE, PALETTE, SKY, figure, number, plural, say


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
    return say(fig, f"Small images. Rows: {', '.join(rows)}. Columns: {', '.join(columns)}.")


def planes(images, rows: Sequence[str]) -> go.Figure:
    """Images (rows, size, size, 3), 0 to 1, each beside its red, its green and its blue numbers alone."""
    images = np.asarray(images, float)
    parts = [images, *(np.repeat(images[..., k:k + 1], 3, axis=-1) for k in range(3))]
    fig = gallery(np.stack(parts, axis=1), rows, ["image", "red<br>numbers", "green<br>numbers", "blue<br>numbers"])
    return say(fig, f"Images ({', '.join(rows)}), and beside each its red, green and blue numbers: "
                    "white is much, black is nothing.")


def strips(rows: Mapping[str, Sequence[float]], *, x_axis: str = "", at: float | None = None) -> go.Figure:
    """One row a name, the first on top: a dot for every value (every network, say), and a bar at their mean."""
    fig = figure(height=110 + 44 * len(rows), showlegend=False, margin=dict(l=210, r=20, t=20, b=52))
    told = []
    for k, (name, values) in enumerate(rows.items()):
        values = np.atleast_1d(np.asarray(values, float))
        many = len(values) > 1
        low, mean, high = map(number, (values.min(), values.mean(), values.max()))
        told.append(f"{name} {mean}" + f" ({low} to {high})" * many)
        fig.add_scatter(x=[values.mean()] * 2, y=[k - 0.32 * many, k + 0.32 * many], mode="lines", hoverinfo="skip",
                        cliponaxis=False, line=dict(color=INK, width=4))
        lift = np.linspace(-0.15, 0.15, len(values)) if many else 0  # apart, where dots are equal
        fig.add_scatter(x=values, y=k + np.broadcast_to(lift, len(values)), mode="markers", cliponaxis=False,
                        hovertemplate="%{x:.2f}<extra>" + name + "</extra>",
                        marker=dict(size=10, color=PALETTE[k % 6], symbol=MARKERS[k % 6], opacity=0.75))
    if at is not None:
        fig.add_vline(x=at, line=dict(color=INK, width=1.5, dash="dot"))
    fig.update_yaxes(range=[len(rows) - 0.5, -0.5], tickvals=list(range(len(rows))), ticktext=list(rows), ticks="",
                     showgrid=False, zeroline=False)
    fig.update_xaxes(title=dict(text=x_axis), range=(-0.03, 1.03))
    return say(fig, f"{'; '.join(told)}. A bar is the mean of its dots; in brackets, the lowest and the highest.")


def answered(named: Mapping[str, tuple], images, what: str = "image") -> go.Figure:
    """How often answers about ``images`` are right: both together, and colour and shape alone.

    ``named``: who answers -> (colour, shape), each (count,) or (networks, count). ``what`` one of the images is.
    """
    rows = {}
    for name, (colour, shape) in named.items():
        colour, shape = np.asarray(colour) == images.colour, np.asarray(shape) == images.shape
        rows[f"{name}: both right"] = (colour & shape).mean(-1)
        rows |= {f"{name}: colour": colour.mean(-1), f"{name}: shape": shape.mean(-1)}
    return strips(rows, x_axis=f"share of {plural(what)} named right", at=0.5)


def shares(values, rows: Sequence[str], columns: Sequence[str]) -> go.Figure:
    """A table of shares, 0 (white) to 1 (dark), each written in its cell; nan is left empty."""
    values = np.asarray(values, float)
    fig = figure()
    fig.add_heatmap(z=values, x=list(columns), y=list(rows), zmin=0, zmax=1, colorscale=((0, "#ffffff"), (1, SKY)),
                    showscale=False, textfont=dict(color=INK), xgap=3, ygap=3, hoverinfo="skip", texttemplate="%{text}",
                    text=[["" if np.isnan(v) else number(v) for v in row] for row in values])
    fig.update_yaxes(autorange="reversed", showgrid=False, zeroline=False, ticks="", scaleanchor="x",
                     constrain="domain")
    fig.update_xaxes(showgrid=False, zeroline=False, ticks="", constrain="domain")
    fig.add_shape(type="rect", x0=-0.5, x1=len(columns) - 0.5, y0=-0.5, y1=len(rows) - 0.5, xref="x", yref="y",
                  line=dict(color=PALE, width=2))  # an empty cell is white on white
    low, mean, high = map(number, (np.nanmin(values), np.nanmean(values), np.nanmax(values)))
    return say(fig, f"From {low} to {high}, and {mean} on average.")


def named(colour, shape, rows: Sequence[str], columns: Sequence[str]) -> go.Figure:
    """How often each pair of answers is given, out of ``colour`` and ``shape``, places in ``rows`` and ``columns``."""
    pair = np.ravel(colour) * len(columns) + np.ravel(shape)
    values = np.bincount(pair, minlength=len(rows) * len(columns)).reshape(len(rows), len(columns)) / pair.size
    i, j = np.unravel_index(values.argmax(), values.shape)
    return say(shares(values, rows, columns), f"Named most often: {rows[i]} {columns[j]}, {number(values[i, j])}.")
