"""Figures of the word game (notebook 04)."""
from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import plotly.graph_objects as go

from ..style import INK, MARKERS, ORANGE, PALETTE, figure
from .general import beside

_PALE = "#bcd9ec"


def guesses(stops: Mapping[str, Sequence[tuple[str, float]]], *, marked: Sequence[str] = ()) -> go.Figure:
    """The first choices of a model at several stops, a panel each: heading -> (word, probability), best first.

    Bars from 0 to 1 with the word written on them; ``marked`` words get a pattern, a colour and a star.
    """
    flat = {}
    for heading, rows in stops.items():
        stars = [word in marked for word, _ in rows]
        fig = figure(showlegend=False)
        fig.add_bar(y=list(range(len(rows))), x=[p for _, p in rows], orientation="h", hoverinfo="skip", width=0.8,
                    marker=dict(color=[ORANGE if star else _PALE for star in stars],
                                pattern=dict(shape=["/" if star else "" for star in stars], size=6, solidity=0.2)))
        fig.add_scatter(y=list(range(len(rows))), x=[0.02] * len(rows), mode="text", textposition="middle right",
                        text=[f"{'★ ' * star}{word}  {p:.2f}" for star, (word, p) in zip(stars, rows, strict=True)],
                        hoverinfo="skip", textfont=dict(size=15, color=INK))
        fig.update_yaxes(range=[len(rows) - 0.5, -0.5], showticklabels=False, ticks="", showgrid=False, zeroline=False)
        fig.update_xaxes(range=[0, 1], tickvals=[0, 0.5, 1], title=dict(text="probability"))
        flat[heading] = fig
    return beside(flat, height=300, gap=0.03, margin=dict(l=16, r=20, t=36, b=52))


def clouds(panels: Mapping[str, np.ndarray], groups: Sequence[str], words: Sequence[str]) -> go.Figure:
    """Points of several groups in a plane, panels beside each other: heading -> (groups, words, 2).

    A group has a colour, a marker and its name in the legend; a word shows when the mouse is on its point.
    """
    flat = {}
    for heading, points in panels.items():
        points, fig = np.asarray(points, float), figure()
        for k, (name, cloud) in enumerate(zip(groups, points, strict=True)):
            fig.add_scatter(x=cloud[:, 0].round(3), y=cloud[:, 1].round(3), mode="markers", name=name,
                            text=list(words), hovertemplate="%{text}<extra>" + name + "</extra>",
                            marker=dict(color=PALETTE[k % 6], symbol=MARKERS[k % 6], size=9, opacity=0.85))
        reach = 1.1 * max(np.abs(points).max(), 1e-9)
        fig.update_xaxes(range=[-reach, reach], showticklabels=False, ticks="", constrain="domain")
        fig.update_yaxes(range=[-reach, reach], showticklabels=False, ticks="", scaleanchor="x")
        flat[heading] = fig
    return beside(flat, margin=dict(l=20, r=20, t=80, b=20))


def runs(rows: Mapping[str, Mapping[str, Sequence[float]]], *, x_axis: str = "", left: int = 220
         ) -> go.Figure:
    """One mark for each run: row label -> {series: a share, 0 to 1, for each of its runs}; the first row on top.

    Each series has a colour, a marker and a height of its own within the row. ``left``: pixels for the labels.
    """
    names = list(dict.fromkeys(name for row in rows.values() for name in row))
    fig = figure(height=110 + 62 * len(rows), margin=dict(l=left, r=24, t=48, b=52))
    for k in range(0, len(rows), 2):
        fig.add_shape(type="rect", x0=0, x1=1, xref="paper", y0=k - 0.5, y1=k + 0.5, layer="below",
                      line=dict(width=0), fillcolor="#f4f4f4")
    for m, name in enumerate(names):
        places = [(value, k + 0.66 * ((m + 0.5) / len(names) - 0.5))
                  for k, row in enumerate(rows.values()) for value in row.get(name, ())]
        x, y = zip(*places, strict=True) if places else ((), ())
        fig.add_scatter(x=x, y=y, name=name, mode="markers", cliponaxis=False,
                        hovertemplate="%{x:.2f}<extra>" + name + "</extra>",
                        marker=dict(color=PALETTE[m % 6], symbol=MARKERS[m % 6] + "-open", size=12,
                                    line=dict(width=2.5)))
    fig.update_yaxes(range=[len(rows) - 0.5, -0.5], tickvals=list(range(len(rows))), ticktext=list(rows), ticks="",
                     showgrid=False, zeroline=False, automargin=False)
    fig.update_xaxes(title=dict(text=x_axis), range=[-0.02, 1.02], gridcolor="#d8d8d8")
    return fig
