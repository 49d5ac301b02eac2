"""Arrays in, one plotly Figure out. Nothing here trains or computes more than a layout.

What changes with a slider belongs into the sentence under the picture, not into a title:
plotly redraws about twice as fast when titles and axes stay.
"""
from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import plotly.graph_objects as go

from .style import BLUE, DASHES, GREY, INK, MARKERS, PALETTE, SIGNED, figure


def bars(labels: Sequence[str], values, *, title: str = "", axis: str = "", marked: Sequence[str] = (),
         span: tuple[float, float] | None = None, form: str = ".2f") -> go.Figure:
    """Horizontal bars, the first label on top. ``marked`` labels get a pattern, a colour and a star.

    ``span``: limits of the value axis, fixed so that bars can be compared while a slider moves.
    """
    values = np.asarray(values, float)
    names = [f"★ {label}" if label in marked else str(label) for label in labels]
    is_marked = [label in marked for label in labels]
    fig = figure(height=(100 if title else 72) + 30 * len(names), title=dict(text=title), showlegend=False,
                 margin=dict(l=56, r=20, t=48 if title else 16, b=48))
    fig.add_bar(y=list(range(len(names))), x=values, orientation="h", hoverinfo="skip",
                text=[format(v, form) for v in values], textposition="auto", insidetextanchor="end", cliponaxis=False,
                marker=dict(color=[PALETTE[1] if m else BLUE for m in is_marked],
                            pattern=dict(shape=["/" if m else "" for m in is_marked], size=6, solidity=0.2)))
    fig.update_yaxes(tickvals=list(range(len(names))), ticktext=names, autorange="reversed", ticks="outside",
                     tickcolor="#ffffff", showgrid=False)
    fig.update_xaxes(title=dict(text=axis), range=span)
    return fig


def lines(x, series: Mapping[str, Sequence[float]], *, title: str = "", x_axis: str = "", y_axis: str = "",
          log_x: bool = False, log_y: bool = False, marks: bool = False, at: float | None = None,
          y_span: tuple[float, float] | None = None, height: int = 420) -> go.Figure:
    """One line per entry of ``series``, told apart by colour, dash and (``marks``) marker.

    ``at``: x of a vertical line, where the slider stands. ``y_span`` in data units, also for ``log_y``.
    """
    fig = figure(height=height, title=dict(text=title), margin=dict(l=64, r=20, t=84 if title else 48, b=52))
    for k, (name, y) in enumerate(series.items()):
        fig.add_scatter(x=np.asarray(x), y=np.asarray(y, float), name=name, mode="lines+markers" if marks else "lines",
                        line=dict(color=PALETTE[k % 6], dash=DASHES[k % 6], width=2.5),
                        marker=dict(symbol=MARKERS[k % 6], size=9))
    fig.update_xaxes(title=dict(text=x_axis), type="log" if log_x else "linear")
    if y_span is not None and log_y:
        y_span = tuple(np.log10(y_span))
    fig.update_yaxes(title=dict(text=y_axis), type="log" if log_y else "linear", range=y_span,
                     exponentformat="power" if log_y else "none")
    if at is not None:
        fig.add_vline(x=at, line=dict(color=GREY, width=1.5, dash="dot"))
    return fig


def offsets(panels: Mapping[str, tuple[np.ndarray, np.ndarray, Sequence[tuple[str, str]]]], *,
            title: str = "", height: int = 460) -> go.Figure:
    """Arrows from first words to second words, one panel a group, all panels on one scale.

    ``panels``: heading -> (starts (n, 2), ends (n, 2), n pairs of labels).
    """
    fig = figure(height=height, title=dict(text=title), showlegend=False,
                 margin=dict(l=30, r=20, t=84 if title else 48, b=30))
    every = np.concatenate([np.concatenate([a, b]) for a, b, _ in panels.values()])
    edge = (every.max(0) - every.min(0)) * 0.09 + 1e-9
    low, high = every.min(0) - edge, every.max(0) + edge
    n = len(panels)
    for k, (heading, (starts, ends, labels)) in enumerate(panels.items()):
        tag = "" if k == 0 else str(k + 1)
        x, y = f"x{tag}", f"y{tag}"
        left, right = k / n + 0.015 * (k > 0), (k + 1) / n - 0.015 * (k < n - 1)
        place = dict(showticklabels=False, ticks="", zeroline=False, showline=True, mirror=True)
        fig.update_layout({
            "xaxis" + tag: dict(domain=[left, right], anchor=y, range=(low[0], high[0]), **place),
            "yaxis" + tag: dict(anchor=x, range=(low[1], high[1]), **place)})
        fig.add_annotation(x=(left + right) / 2, y=1.0, xref="paper", yref="paper", yanchor="bottom",
                           showarrow=False, text=f"<b>{heading}</b>")
        for start, end in zip(starts, ends, strict=True):
            fig.add_annotation(x=end[0], y=end[1], ax=start[0], ay=start[1], xref=x, yref=y, axref=x, ayref=y,
                               text="", arrowhead=2, arrowsize=1.3, arrowwidth=1.6, arrowcolor=GREY,
                               standoff=5, startstandoff=5)
        for points, others, which, symbol in ((starts, ends, 0, "circle"), (ends, starts, 1, "diamond")):
            fig.add_scatter(x=points[:, 0], y=points[:, 1], xaxis=x, yaxis=y, mode="markers+text",
                            text=[pair[which] for pair in labels],
                            textposition=["top center" if p[1] >= o[1] else "bottom center"
                                          for p, o in zip(points, others, strict=True)],
                            textfont=dict(size=13, color=INK), hoverinfo="text",
                            marker=dict(color=PALETTE[which], symbol=symbol, size=9))
    return fig


def heat(values, *, x: Sequence[str] | None = None, y: Sequence[str] | None = None, title: str = "",
         x_axis: str = "", y_axis: str = "", bound: float | None = None, height: int = 420,
         write: str = "") -> go.Figure:
    """A matrix as colours, first row on top, zero white. ``write``: number format to print in each cell."""
    values = np.asarray(values, float)
    bound = float(bound if bound is not None else np.abs(values).max() or 1)
    fig = figure(height=height, title=dict(text=title))
    fig.add_heatmap(z=values, x=x, y=y, zmin=-bound, zmax=bound, colorscale=SIGNED,
                    colorbar=dict(thickness=14), texttemplate="%{z:" + write + "}" if write else None)
    fig.update_yaxes(autorange="reversed", title=dict(text=y_axis))
    fig.update_xaxes(title=dict(text=x_axis))
    return fig


def arrows(vectors, labels: Sequence[str], *, title: str = "", height: int = 400, reach: float = 1.25) -> go.Figure:
    """Arrows from the origin, (n, 2), told apart by label, colour and dash; both axes to ±``reach``."""
    fig = figure(height=height, title=dict(text=title), showlegend=False, margin=dict(l=30, r=20, t=48, b=30))
    for k, (vector, label) in enumerate(zip(np.asarray(vectors, float), labels, strict=True)):
        x, y = vector
        fig.add_scatter(x=[0, x], y=[0, y], mode="lines+markers+text", text=["", label],
                        textposition=_beyond(x, y), cliponaxis=False, hoverinfo="skip",
                        line=dict(color=PALETTE[k % 6], dash=DASHES[k % 6], width=3),
                        marker=dict(symbol=["circle", "arrow"], size=[0, 14], angleref="previous",
                                    color=PALETTE[k % 6]))
    fig.update_xaxes(range=[-reach * 1.6, reach * 1.6], zeroline=True)
    fig.update_yaxes(range=[-reach, reach], scaleanchor="x", zeroline=True)
    return fig


def _beyond(x: float, y: float) -> str:
    """Where to write a label so that it stands away from the origin."""
    up = "top" if y > 0.2 else "bottom" if y < -0.2 else "middle"
    side = "right" if x > 0.2 else "left" if x < -0.2 else "center"
    return f"{up} {side}" if f"{up} {side}" != "middle center" else "top center"


def number_lines(rows: Mapping[str, tuple[int, Mapping[str, float]]], *, title: str = "",
                 height: int = 330) -> go.Figure:
    """Number lines from 0 to 1 under each other, with named marks on them.

    ``rows``: label -> (equal cells to shade, {name of a mark: its place}). A mark's colour and
    shape follow its order in the row, and its name stands above it.
    """
    fig = figure(height=height, title=dict(text=title), showlegend=False,
                 margin=dict(l=30, r=30, t=50 if title else 16, b=34))
    for k, (_label, (cells, marks)) in enumerate(rows.items()):
        for c in range(cells):
            fig.add_shape(type="rect", x0=c / cells, x1=(c + 1) / cells, y0=-k - 0.13, y1=-k + 0.13, layer="below",
                          line=dict(color=GREY, width=1), fillcolor="#dcebf5" if c % 2 == 0 else "#ffffff")
        for m, (name, place) in enumerate(marks.items()):
            fig.add_scatter(x=[place], y=[-k + (0.2 if m == 0 else -0.2)], mode="markers+text", text=[name],
                            textposition="top center" if m == 0 else "bottom center", cliponaxis=False,
                            hoverinfo="skip", textfont=dict(size=14, color=INK),
                            marker=dict(color=PALETTE[m % 6], size=12,
                                        symbol=("triangle-down", "triangle-up")[min(m, 1)]))
    fig.update_xaxes(range=[-0.02, 1.02], tickvals=[0, 0.25, 0.5, 0.75, 1], zeroline=False, showgrid=False)
    fig.update_yaxes(range=[0.62 - len(rows), 0.55], tickvals=[-k for k in range(len(rows))], ticktext=list(rows),
                     ticks="", showgrid=False, zeroline=False)
    return fig


def side_by_side(panels: Mapping[str, tuple[np.ndarray, Mapping[str, Sequence[float]]]], *,
                 x_axis: str | Sequence[str] = "", y_axis: str = "", y_span: tuple[float, float] | None = None,
                 x_ticks: Sequence[float] | None = None, marks: bool = False, height: int = 420) -> go.Figure:
    """Line panels beside each other, on one value axis and with one legend.

    ``panels``: heading -> (x, {name: y}). A name keeps its colour, dash and marker in every panel.
    """
    names = list(dict.fromkeys(name for _, series in panels.values() for name in series))
    fig = figure(height=height, margin=dict(l=64, r=20, t=100, b=52))
    fig.update_layout(legend=dict(y=1.1))
    n = len(panels)
    x_axes = [x_axis] * n if isinstance(x_axis, str) else list(x_axis)
    seen = set()
    for k, (heading, (x, series)) in enumerate(panels.items()):
        tag = "" if k == 0 else str(k + 1)
        left, right = k / n + 0.035 * (k > 0), (k + 1) / n - 0.035 * (k < n - 1)
        fig.update_layout({
            "xaxis" + tag: dict(domain=[left, right], anchor="y" + tag, title=dict(text=x_axes[k]), tickvals=x_ticks),
            "yaxis" + tag: dict(anchor="x" + tag, range=y_span, title=dict(text=y_axis if k == 0 else ""))})
        fig.add_annotation(x=(left + right) / 2, y=1.0, xref="paper", yref="paper", yanchor="bottom",
                           showarrow=False, text=f"<b>{heading}</b>")
        for name, y in series.items():
            c = names.index(name)
            fig.add_scatter(x=np.asarray(x), y=np.asarray(y, float), name=name, xaxis="x" + tag, yaxis="y" + tag,
                            legendgroup=name, showlegend=name not in seen, mode="lines+markers" if marks else "lines",
                            line=dict(color=PALETTE[c % 6], dash=DASHES[c % 6], width=2.5),
                            marker=dict(symbol=MARKERS[c % 6], size=8))
            seen.add(name)
    return fig


def pieces(panels: Mapping[str, np.ndarray], *, axes: tuple[str, str] = ("x", "y"), height: int = 460) -> go.Figure:
    """Straight pieces in unit squares beside each other, the middle of each piece as a dot.

    ``panels``: heading -> ends (n, 2, 2): piece, end, coordinate.
    """
    fig = figure(height=height, showlegend=False, margin=dict(l=56, r=20, t=48, b=52))
    n = len(panels)
    for k, (heading, ends) in enumerate(panels.items()):
        tag = "" if k == 0 else str(k + 1)
        left, right = k / n + 0.04 * (k > 0), (k + 1) / n - 0.04 * (k < n - 1)
        place = dict(range=[-0.03, 1.03], showgrid=False, zeroline=False, tickvals=[0, 0.5, 1])
        fig.update_layout({
            "xaxis" + tag: dict(domain=[left, right], anchor="y" + tag, title=dict(text=axes[0]), **place),
            "yaxis" + tag: dict(anchor="x" + tag, title=dict(text=axes[1]), **place)})
        fig.add_annotation(x=(left + right) / 2, y=1.0, xref="paper", yref="paper", yanchor="bottom",
                           showarrow=False, text=f"<b>{heading}</b>")
        gap = np.full((len(ends), 1, 2), np.nan)
        line = np.concatenate([ends, gap], axis=1).reshape(-1, 2)
        middle = ends.mean(1)
        fig.add_scatter(x=line[:, 0], y=line[:, 1], mode="lines", xaxis="x" + tag, yaxis="y" + tag, hoverinfo="skip",
                        line=dict(color=BLUE, width=2))
        fig.add_scatter(x=middle[:, 0], y=middle[:, 1], mode="markers", xaxis="x" + tag, yaxis="y" + tag,
                        hoverinfo="skip", marker=dict(color=PALETTE[1], symbol="diamond", size=7))
    return fig
