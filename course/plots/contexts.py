"""Figures of units that stand for contexts (notebook 08)."""
from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import plotly.graph_objects as go

from ..style import MARKERS, PALETTE, figure


def intervals(rows: Sequence[str], series: Mapping[str, Sequence[Sequence[float]]], *, x_axis: str = "",
              span: tuple[float, float] = (-0.02, 1.02), height: int | None = None) -> go.Figure:
    """One row a label, the first on top; in it a marker with an interval for each of ``series``.

    ``series``: name -> (values, lows, highs), each (rows,).
    """
    n = len(rows)
    fig = figure(height=height or 120 + 21 * n, margin=dict(l=150, r=20, t=56, b=52))
    for k in range(0, n, 2):
        fig.add_shape(type="rect", x0=0, x1=1, xref="paper", y0=k - 0.5, y1=k + 0.5, layer="below",
                      line=dict(width=0), fillcolor="#f4f4f4")
    for k, (name, (values, lows, highs)) in enumerate(series.items()):
        values, lows, highs = (np.asarray(part, float) for part in (values, lows, highs))
        fig.add_scatter(x=values, y=np.arange(n) + 0.66 * ((k + 0.5) / len(series) - 0.5), name=name, mode="markers",
                        customdata=np.stack([lows, highs], 1), cliponaxis=False,
                        hovertemplate="%{x:.2f} (%{customdata[0]:.2f} to %{customdata[1]:.2f})<extra>" + name
                                      + "</extra>",
                        error_x=dict(type="data", symmetric=False, array=highs - values, arrayminus=values - lows,
                                     width=0, thickness=1.5),
                        marker=dict(color=PALETTE[k % 6], symbol=MARKERS[k % 6], size=7))
    fig.update_yaxes(range=[n - 0.5, -0.5], tickvals=list(range(n)), ticktext=list(rows), ticks="", showgrid=False,
                     zeroline=False)
    fig.update_xaxes(title=dict(text=x_axis), range=span, gridcolor="#d8d8d8")
    return fig
