"""Figures of word vectors (notebooks 00 and 02)."""
from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import plotly.graph_objects as go

from ..style import BLUE, GREY, INK, PALETTE, RED, figure, say
from .general import bars, beside


def offsets(panels: Mapping[str, tuple[np.ndarray, np.ndarray, Sequence[tuple[str, str]]]]) -> go.Figure:
    """Arrows from first words to second words, one panel a group, all panels on one scale.

    ``panels``: heading -> (starts (n, 2), ends (n, 2), n pairs of labels).
    """
    every = np.concatenate([np.concatenate([a, b]) for a, b, _ in panels.values()])
    edge = (every.max(0) - every.min(0)) * (0.36, 0.09) + 1e-9  # room for the names at both sides
    low, high = every.min(0) - edge, every.max(0) + edge
    place = dict(showticklabels=False, ticks="", zeroline=False, showline=True, mirror=True)
    flat = {}
    for heading, (starts, ends, labels) in panels.items():
        # All in one go: plotly takes far longer when arrows are added one by one.
        notes = [dict(x=end[0], y=end[1], ax=start[0], ay=start[1], xref="x", yref="y", axref="x", ayref="y",
                      text="", arrowhead=2, arrowsize=1.3, arrowwidth=1.6, arrowcolor=GREY,
                      standoff=5, startstandoff=5) for start, end in zip(starts, ends, strict=True)]
        fig = figure(showlegend=False, annotations=notes, xaxis=dict(range=(low[0], high[0]), **place),
                     yaxis=dict(range=(low[1], high[1]), **place))
        for points, others, which, symbol in ((starts, ends, 0, "circle"), (ends, starts, 1, "diamond")):
            fig.add_scatter(
                x=points[:, 0], y=points[:, 1], mode="markers+text", cliponaxis=False,
                text=[pair[which] for pair in labels], hoverinfo="text", textfont=dict(size=13, color=INK),
                textposition=["middle right" if p[0] >= o[0] else "middle left"
                              for p, o in zip(points, others, strict=True)],
                marker=dict(color=PALETTE[which], symbol=symbol, size=9))
        flat[heading] = fig
    return beside(flat, gap=0.03, height=460, margin=dict(l=30, r=20, t=48, b=30))


def cubes(panels: Mapping[str, tuple[np.ndarray, np.ndarray]], names: Sequence[str], axes: Sequence[str]) -> go.Figure:
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
    fig = figure(height=520, margin=dict(l=0, r=0, t=76, b=0), annotations=headings, legend=dict(y=1.08), **scenes)
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
                 axes: tuple[str, str] = ("", ""), reach: tuple[float, float] = (1.0, 0.6)) -> go.Figure:
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
    fig = figure(height=480, showlegend=False, margin=dict(l=64, r=20, t=20, b=52))
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


def nearest(found: Sequence[tuple[str, float]], word: str, place: str) -> go.Figure:
    """The words nearest to ``place`` as bars; a star marks ``word``. ``found``: (word, cosine) pairs."""
    fig = bars([name for name, _ in found], [cosine for _, cosine in found], marked=[word],
               axis="cosine similarity", span=(0, 1.12))
    return say(fig, f"{place}: the nearest word is {found[0][0]}.")
