"""Figures of packed codes (notebook 03)."""
from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import plotly.graph_objects as go

from ..style import BLUE, GREY, INK, PALETTE, RED, SIGNED, figure
from .general import beside


def number_lines(rows: Mapping[str, tuple[int, Mapping[str, float]]]) -> go.Figure:
    """Number lines from 0 to 1 under each other, with named marks on them.

    ``rows``: label -> (equal cells to shade, {name of a mark: its place}). A mark's colour and
    shape follow its order in the row, and its name stands above it.
    """
    fig = figure(height=330, showlegend=False, barmode="overlay", margin=dict(l=30, r=30, t=16, b=34))
    for k, (cells, marks) in enumerate(rows.values()):
        fig.add_bar(orientation="h", y=[-k] * cells, x=[1 / cells] * cells, base=[c / cells for c in range(cells)],
                    width=0.26, hoverinfo="skip", marker=dict(
                        color=["#dcebf5", "#ffffff"] * (cells // 2) + ["#dcebf5"] * (cells % 2),
                        line=dict(color=GREY, width=1)))
        for m, (name, place) in enumerate(marks.items()):
            above = m == 0
            fig.add_scatter(x=[place], y=[-k + (0.2 if above else -0.2)], mode="markers+text", text=[name],
                            textposition="top center" if above else "bottom center", cliponaxis=False,
                            hoverinfo="skip", textfont=dict(size=14, color=INK),
                            marker=dict(color=PALETTE[m % 6], size=12,
                                        symbol="triangle-down" if above else "triangle-up"))
    fig.update_xaxes(range=[-0.02, 1.02], tickvals=[0, 0.25, 0.5, 0.75, 1], zeroline=False, showgrid=False)
    fig.update_yaxes(range=[0.62 - len(rows), 0.55], tickvals=[-k for k in range(len(rows))], ticktext=list(rows),
                     ticks="", showgrid=False, zeroline=False)
    return fig


def pieces(panels: Mapping[str, np.ndarray]) -> go.Figure:
    """Straight pieces in unit squares beside each other, the middle of each piece as a dot.

    ``panels``: heading -> ends (n, 2, 2): piece, end, coordinate.
    """
    flat = {}
    for k, (heading, ends) in enumerate(panels.items()):
        gap = np.full((len(ends), 1, 2), np.nan)
        line = np.concatenate([ends, gap], axis=1).reshape(-1, 2)
        middle = ends.mean(1)
        fig = _unit_square("y" if k == 0 else "")
        fig.add_scatter(x=line[:, 0], y=line[:, 1], mode="lines", hoverinfo="skip", line=dict(color=BLUE, width=2))
        fig.add_scatter(x=middle[:, 0], y=middle[:, 1], mode="markers", hoverinfo="skip",
                        marker=dict(color=PALETTE[1], symbol="diamond", size=7))
        flat[heading] = fig
    return beside(flat, gap=0.08, height=460)


def _unit_square(y_axis: str, edge: float = 0.03) -> go.Figure:
    place = dict(range=[-edge, 1 + edge], showgrid=False, zeroline=False, tickvals=[0, 0.5, 1])
    return figure(showlegend=False, xaxis=dict(title=dict(text="x"), **place),
                  yaxis=dict(title=dict(text=y_axis), **place))


def code_map(code, path) -> go.Figure:
    """A code over the unit square as bands of equal area, and beside it the answers as one path.

    ``code``: (n, n), row y, column x, at the middles of n × n equal cells; drawn by rank, low codes
    orange and high ones blue. ``path``: (k, 2), from the lowest code (circle) to the highest (square).
    """
    code, path = np.asarray(code, float), np.asarray(path, float)
    middles = (np.arange(len(code)) + 0.5) / len(code)
    rank = code.ravel().argsort().argsort().reshape(code.shape) / (code.size - 1) * 2 - 1
    bands, answers = _unit_square("y", edge=0.08), _unit_square("", edge=0.08)
    bands.add_contour(z=rank.round(3), x=middles, y=middles, colorscale=SIGNED, zmin=-1, zmax=1, showscale=False,
                      hoverinfo="skip", contours=dict(start=-0.9, end=0.9, size=0.2), line=dict(color=INK, width=1))
    answers.add_scatter(x=path[:, 0], y=path[:, 1], mode="lines", hoverinfo="skip", line=dict(color=BLUE, width=3))
    answers.add_scatter(x=path[[0, -1], 0], y=path[[0, -1], 1], mode="markers", hoverinfo="skip", cliponaxis=False,
                        marker=dict(color=[RED, BLUE], symbol=["circle", "square"], size=12))
    return beside({"the code t of each pair": bands, "the answers of the reader": answers}, gap=0.08, height=460)
