"""Arrays in, one plotly Figure out. Nothing here trains or computes more than a layout.

What changes with a slider belongs into the sentence under the picture, not into a title:
plotly redraws about twice as fast when titles and axes stay.
"""
from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import plotly.graph_objects as go

from .style import BLUE, DASHES, GREY, INK, MARKERS, PALETTE, RED, SIGNED, figure


def bars(labels: Sequence[str], values, *, title: str = "", axis: str = "", marked: Sequence[str] = (),
         span: tuple[float, float] | None = None, form: str = ".2f") -> go.Figure:
    """Horizontal bars, the first label on top. ``marked`` labels get a pattern, a colour and a star.

    ``span``: limits of the value axis, fixed so that bars can be compared while a slider moves.
    """
    values = np.asarray(values, float)
    names = [f"★ {label}" if label in marked else str(label) for label in labels]
    is_marked = [label in marked for label in labels]
    fig = figure(height=(100 if title else 72) + 30 * len(names), title=dict(text=title), showlegend=False,
                 margin=dict(l=20 + 9 * max(map(len, names), default=0), r=20, t=48 if title else 16, b=48))
    fig.add_bar(y=list(range(len(names))), x=values, orientation="h", hoverinfo="skip",
                text=[format(v, form) for v in values], textposition="auto", insidetextanchor="end", cliponaxis=False,
                insidetextfont=dict(color=[INK if m else "#ffffff" for m in is_marked]),
                marker=dict(color=[PALETTE[1] if m else BLUE for m in is_marked],
                            pattern=dict(shape=["/" if m else "" for m in is_marked], size=6, solidity=0.2)))
    fig.update_yaxes(tickvals=list(range(len(names))), ticktext=names, autorange="reversed", ticks="outside",
                     tickcolor="#ffffff", showgrid=False, automargin=False)  # one layout pass less
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
    fig.update_xaxes(title=dict(text=x_axis), type="log" if log_x else "linear",
                     exponentformat="power" if log_x else "none")
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
    every = np.concatenate([np.concatenate([a, b]) for a, b, _ in panels.values()])
    edge = (every.max(0) - every.min(0)) * (0.36, 0.09) + 1e-9  # room for the names at both sides
    low, high = every.min(0) - edge, every.max(0) + edge
    n, axes, notes, traces = len(panels), {}, [], []
    place = dict(showticklabels=False, ticks="", zeroline=False, showline=True, mirror=True)
    for k, (heading, (starts, ends, labels)) in enumerate(panels.items()):
        tag = "" if k == 0 else str(k + 1)
        x, y = f"x{tag}", f"y{tag}"
        left, right = k / n + 0.015 * (k > 0), (k + 1) / n - 0.015 * (k < n - 1)
        axes["xaxis" + tag] = dict(domain=[left, right], anchor=y, range=(low[0], high[0]), **place)
        axes["yaxis" + tag] = dict(anchor=x, range=(low[1], high[1]), **place)
        notes.append(dict(x=(left + right) / 2, y=1.0, xref="paper", yref="paper", yanchor="bottom",
                          xanchor="center", showarrow=False, text=f"<b>{heading}</b>"))
        notes += [dict(x=end[0], y=end[1], ax=start[0], ay=start[1], xref=x, yref=y, axref=x, ayref=y,
                       text="", arrowhead=2, arrowsize=1.3, arrowwidth=1.6, arrowcolor=GREY,
                       standoff=5, startstandoff=5) for start, end in zip(starts, ends, strict=True)]
        for points, others, which, symbol in ((starts, ends, 0, "circle"), (ends, starts, 1, "diamond")):
            traces.append(go.Scatter(
                x=points[:, 0], y=points[:, 1], xaxis=x, yaxis=y, mode="markers+text", cliponaxis=False,
                text=[pair[which] for pair in labels], hoverinfo="text", textfont=dict(size=13, color=INK),
                textposition=["middle right" if p[0] >= o[0] else "middle left"
                              for p, o in zip(points, others, strict=True)],
                marker=dict(color=PALETTE[which], symbol=symbol, size=9)))
    # All in one go: plotly takes far longer when arrows are added one by one.
    fig = figure(height=height, title=dict(text=title), showlegend=False, annotations=notes,
                 margin=dict(l=30, r=20, t=84 if title else 48, b=30), **axes)
    fig.add_traces(traces)
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
    fig.update_layout(barmode="overlay")
    fig.update_xaxes(range=[-0.02, 1.02], tickvals=[0, 0.25, 0.5, 0.75, 1], zeroline=False, showgrid=False)
    fig.update_yaxes(range=[0.62 - len(rows), 0.55], tickvals=[-k for k in range(len(rows))], ticktext=list(rows),
                     ticks="", showgrid=False, zeroline=False)
    return fig


def side_by_side(panels: Mapping[str, tuple[np.ndarray, Mapping[str, Sequence[float]]]], *,
                 x_axis: str | Sequence[str] = "", y_axis: str = "", y_span: tuple[float, float] | None = None,
                 x_ticks: Sequence[float] | None = None, marks: bool = False,
                 levels: Mapping[str, float] | None = None, height: int = 420) -> go.Figure:
    """Line panels beside each other, on one value axis and with one legend.

    ``panels``: heading -> (x, {name: y}). A name keeps its colour, dash and marker in every panel.
    ``levels``: name -> y of a thin line across every panel.
    """
    names = list(dict.fromkeys(name for _, series in panels.values() for name in series))
    fig = figure(height=height, margin=dict(l=64, r=20, t=100 if len(names) > 4 else 74, b=52))
    fig.update_layout(legend=dict(y=1.09))
    n = len(panels)
    x_axes = [x_axis] * n if isinstance(x_axis, str) else list(x_axis)
    seen = set()
    for k, (heading, (x, series)) in enumerate(panels.items()):
        tag = "" if k == 0 else str(k + 1)
        left, right = k / n + 0.035 * (k > 0), (k + 1) / n - 0.035 * (k < n - 1)
        fig.update_layout({
            "xaxis" + tag: dict(domain=[left, right], anchor="y" + tag, title=dict(text=x_axes[k]), tickvals=x_ticks),
            "yaxis" + tag: dict(anchor="x" + tag, range=y_span, title=dict(text=y_axis if k == 0 else ""))})
        fig.add_annotation(x=(left + right) / 2, y=1.0, xref="paper", yref="paper", xanchor="center", yanchor="bottom",
                           showarrow=False, text=f"<b>{heading}</b>")
        for name, y in series.items():
            c = names.index(name)
            fig.add_scatter(x=np.asarray(x), y=np.asarray(y, float), name=name, xaxis="x" + tag, yaxis="y" + tag,
                            legendgroup=name, showlegend=name not in seen,
                            mode="lines+markers" if marks else "lines",
                            line=dict(color=PALETTE[c % 6], dash=DASHES[c % 6], width=2.5),
                            marker=dict(symbol=MARKERS[c % 6], size=8))
            seen.add(name)
        for name, level in (levels or {}).items():
            fig.add_shape(type="line", x0=0, x1=1, y0=level, y1=level, xref=f"x{tag} domain", yref="y" + tag,
                          line=dict(color=GREY, width=1.5, dash="dot"))
            fig.add_annotation(x=1, y=level, xref=f"x{tag} domain", yref="y" + tag, xanchor="right",
                               yanchor="bottom", showarrow=False, text=name, font=dict(color=GREY))
    return fig


def pieces(panels: Mapping[str, np.ndarray], *, axes: tuple[str, str] = ("x", "y"),
           height: int = 460) -> go.Figure:
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
        fig.add_annotation(x=(left + right) / 2, y=1.0, xref="paper", yref="paper", xanchor="center", yanchor="bottom",
                           showarrow=False, text=f"<b>{heading}</b>")
        gap = np.full((len(ends), 1, 2), np.nan)
        line = np.concatenate([ends, gap], axis=1).reshape(-1, 2)
        middle = ends.mean(1)
        fig.add_scatter(x=line[:, 0], y=line[:, 1], mode="lines", xaxis="x" + tag, yaxis="y" + tag,
                        hoverinfo="skip", line=dict(color=BLUE, width=2))
        fig.add_scatter(x=middle[:, 0], y=middle[:, 1], mode="markers", xaxis="x" + tag, yaxis="y" + tag,
                        hoverinfo="skip", marker=dict(color=PALETTE[1], symbol="diamond", size=7))
    return fig


def code_map(code, path, *, headings: tuple[str, str] = ("the code t of each pair", "the answers of the reader"),
             axes: tuple[str, str] = ("x", "y"), height: int = 460) -> go.Figure:
    """A code over the unit square as bands of equal area, and beside it the answers as one path.

    ``code``: (n, n), row y, column x, at the middles of n × n equal cells; drawn by rank, low codes
    red and high ones blue. ``path``: (k, 2), from the lowest code (circle) to the highest (square).
    """
    code, path = np.asarray(code, float), np.asarray(path, float)
    middles = (np.arange(len(code)) + 0.5) / len(code)
    fig = figure(height=height, showlegend=False, margin=dict(l=56, r=20, t=48, b=52))
    place = dict(range=[-0.08, 1.08], showgrid=False, zeroline=False, tickvals=[0, 0.5, 1])
    fig.update_layout(xaxis=dict(domain=[0, 0.46], anchor="y", title=dict(text=axes[0]), **place),
                      yaxis=dict(anchor="x", title=dict(text=axes[1]), **place),
                      xaxis2=dict(domain=[0.54, 1], anchor="y2", title=dict(text=axes[0]), **place),
                      yaxis2=dict(anchor="x2", title=dict(text=axes[1]), **place))
    for heading, where in zip(headings, (0.23, 0.77), strict=True):
        fig.add_annotation(x=where, y=1.0, xref="paper", yref="paper", xanchor="center", yanchor="bottom",
                           showarrow=False, text=f"<b>{heading}</b>")
    rank = code.ravel().argsort().argsort().reshape(code.shape) / (code.size - 1) * 2 - 1
    fig.add_contour(z=rank.round(3), x=middles, y=middles, colorscale=SIGNED, zmin=-1, zmax=1, showscale=False,
                    hoverinfo="skip", contours=dict(start=-0.9, end=0.9, size=0.2), line=dict(color=INK, width=1))
    fig.add_scatter(x=path[:, 0], y=path[:, 1], xaxis="x2", yaxis="y2", mode="lines", hoverinfo="skip",
                    line=dict(color=BLUE, width=3))
    fig.add_scatter(x=path[[0, -1], 0], y=path[[0, -1], 1], xaxis="x2", yaxis="y2", mode="markers",
                    hoverinfo="skip", cliponaxis=False,
                    marker=dict(color=[RED, BLUE], symbol=["circle", "square"], size=12))
    return fig


def dots(rows: Sequence[str], series: Mapping[str, Sequence[float]], *, x_axis: str = "",
         span: tuple[float, float] | None = None, height: int | None = None) -> go.Figure:
    """One row a label, the first on top, and in it one dot for each of ``series``: name -> values.

    Each series has a colour, a marker and a height of its own within the row.
    """
    n, m = len(rows), len(series)
    fig = figure(height=height or 110 + 56 * n, margin=dict(l=56, r=20, t=48, b=52))
    for k in range(0, n, 2):
        fig.add_shape(type="rect", x0=0, x1=1, xref="paper", y0=k - 0.5, y1=k + 0.5, layer="below",
                      line=dict(width=0), fillcolor="#f4f4f4")
    for k, (name, values) in enumerate(series.items()):
        place = 0.6 * ((k + 0.5) / m - 0.5)
        fig.add_scatter(x=np.asarray(values, float), y=np.arange(n) + place, name=name, mode="markers",
                        cliponaxis=False, hovertemplate="%{x:.2f}<extra>" + name + "</extra>",
                        marker=dict(color=PALETTE[k % 6], symbol=MARKERS[k % 6], size=12))
    fig.update_yaxes(range=[n - 0.5, -0.5], tickvals=list(range(n)), ticktext=list(rows), ticks="",
                     showgrid=False, zeroline=False)
    fig.update_xaxes(title=dict(text=x_axis), range=span, gridcolor="#d8d8d8")
    return fig


def cubes(panels: Mapping[str, tuple[np.ndarray, np.ndarray]], names: Sequence[str], axes: Sequence[str], *,
          height: int = 520) -> go.Figure:
    """Eight named points as the corners of a cube in 3-D, panels beside each other on one scale.

    ``panels``: heading -> (points (8, 3), signs (8, 3)). Corners whose signs differ in one place
    are joined; ``axes`` names the three kinds of edges, told apart by colour and dash.
    """
    every = np.concatenate([np.asarray(points, float) for points, _ in panels.values()])
    low, high = every.min(0), every.max(0)
    pad = 0.14 * (high - low).max()
    size = high - low + 2 * pad
    n = len(panels)
    sides = {a + "axis": dict(range=[low[i] - pad, high[i] + pad], showticklabels=False, title=dict(text=""))
             for i, a in enumerate("xyz")}
    scenes = {"scene" + ("" if k == 0 else str(k + 1)): dict(
        domain=dict(x=[k / n, (k + 1) / n], y=[0, 1]), aspectmode="manual", **sides,
        aspectratio=dict(zip("xyz", 1.5 * size / size.max(), strict=True)),
        camera=dict(eye=dict(x=1.0, y=-1.75, z=0.62), projection=dict(type="orthographic"))) for k in range(n)}
    headings = [dict(x=(k + 0.5) / n, y=1.0, xref="paper", yref="paper", xanchor="center", yanchor="bottom",
                     showarrow=False, text=f"<b>{heading}</b>") for k, heading in enumerate(panels)]
    # All in one go: plotly takes twice as long when scenes are added to a figure that exists.
    fig = figure(height=height, margin=dict(l=0, r=0, t=76, b=0), annotations=headings, legend=dict(y=1.08), **scenes)
    traces = []
    for k, (scene, (points, signs)) in enumerate(zip(scenes, panels.values(), strict=True)):
        for axis, name in enumerate(axes):
            line = []
            for i in range(8):
                for j in range(i):
                    if (signs[i] != signs[j]).sum() == 1 and signs[i][axis] != signs[j][axis]:
                        line += [points[i], points[j], [np.nan] * 3]
            x, y, z = np.array(line, float).T
            traces.append(go.Scatter3d(
                x=x, y=y, z=z, scene=scene, mode="lines", name=name, legendgroup=name, showlegend=k == 0,
                hoverinfo="skip", line=dict(color=PALETTE[axis], dash=("solid", "dot", "dash")[axis], width=6)))
        x, y, z = np.asarray(points, float).T
        traces.append(go.Scatter3d(
            x=x, y=y, z=z, scene=scene, mode="markers+text", text=list(names), showlegend=False, hoverinfo="text",
            textposition=["top center" if p > z.mean() else "bottom center" for p in z],
            textfont=dict(size=15, color=INK), marker=dict(size=5, color=INK)))
    fig.add_traces(traces)
    return fig


def named_points(x, y, names: Sequence[str], *, marked: Mapping[str, tuple[float, float]] | None = None,
                 axes: tuple[str, str] = ("", ""), reach: tuple[float, float] = (1.0, 0.6),
                 height: int = 480) -> go.Figure:
    """Named points, both axes on one scale, from minus to plus ``reach`` at least.

    A name stands at its point where there is room, the first names first, and comes with the
    pointer where there is none. ``marked``: name -> (x, y) of further points, drawn as stars.
    """
    marked = marked or {}
    points = np.column_stack([x, y]).astype(float)
    wide, high = 0.02 * reach[0], 0.07 * reach[1]  # of a letter and of a line, in data units
    taken = [(*p, wide, high / 2) for p in [*points, *marked.values()]]
    taken += [(p[0], p[1] - high, wide * len(name) / 1.7, high / 2) for name, p in marked.items()]
    shown, sides = [], []
    for name, (a, b) in zip(names, points, strict=True):
        half = wide * len(name) / 2
        places = {"top center": (a, b + high), "bottom center": (a, b - high),
                  "middle right": (a + half + wide, b), "middle left": (a - half - wide, b)}
        free = [side for side, (x, y) in places.items()
                if all(abs(x - t[0]) > half + t[2] or abs(y - t[1]) > high / 2 + t[3]
                       for t in taken if t[:2] != (a, b))]
        shown.append(name if free else "")
        sides.append(free[0] if free else "top center")
        if free:
            taken.append((*places[free[0]], half, high / 2))
    fig = figure(height=height, showlegend=False, margin=dict(l=64, r=20, t=20, b=52))
    fig.add_scatter(x=points[:, 0], y=points[:, 1], hovertext=list(names), hoverinfo="text", mode="markers+text",
                    text=shown, textposition=sides, textfont=dict(size=13, color=INK), cliponaxis=False,
                    marker=dict(color=BLUE, size=9))
    fig.add_scatter(x=[p[0] for p in marked.values()], y=[p[1] for p in marked.values()], mode="markers+text",
                    text=[f"<b>{name}</b>" for name in marked], textposition="bottom center", hoverinfo="skip",
                    cliponaxis=False, textfont=dict(size=15, color=RED),
                    marker=dict(color=RED, symbol="star", size=16))
    fig.update_xaxes(title=dict(text=axes[0]), range=[-reach[0], reach[0]], zeroline=True)
    fig.update_yaxes(title=dict(text=axes[1]), range=[-reach[1], reach[1]], scaleanchor="x", zeroline=True)
    return fig
