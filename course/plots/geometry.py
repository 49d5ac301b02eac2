"""Figures of directions, of what they hold and of what leaks (notebook 05). W has a column for each feature."""
from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import plotly.graph_objects as go

from ..geometry import interference, largest_cosine
from ..style import PALE, PALETTE, figure, number, say
from .general import beside, dots, heat, lines

_MARKERS3D = ("circle", "diamond", "square", "circle-open", "diamond-open", "square-open")


def counts(values: Mapping[str, float]) -> go.Figure:
    """Counts that differ by powers of ten, a row each; the sentence sets the last one against the others."""
    *others, last = values
    fig = dots(list(values), {"count": list(values.values())}, x_axis="how many")
    fig.update_xaxes(type="log", range=[2.5, 9], exponentformat="power")
    fig.update_layout(margin=dict(l=150, t=16), showlegend=False, height=300)
    return say(fig, f"{last.capitalize()}: {values[last]:,.0f}. That is " + ", ".join(
        f"{_times(values[last] / values[name])} the {name}" for name in others) + ".")


def _times(ratio: float) -> str:
    return f"{ratio:,.{0 if ratio >= 9.95 else 1}f} times"


def along(x, series: Mapping[str, Sequence[float]], at: float, *, x_axis: str, y_axis: str,
          y_span: tuple[float, float]) -> go.Figure:
    """One line per entry of ``series``, and in the sentence what each is worth at ``at``, where the slider stands.

    ``x_axis``: a letter and what it counts, such as "d, numbers".
    """
    fig = lines(x, series, x_axis=x_axis, y_axis=y_axis, y_span=y_span, marks=len(x) < 30, at=at)
    return say(fig, f"{at} {x_axis.split(', ')[-1]}: " + ", ".join(
        f"{name} {number(np.interp(at, x, y))}" for name, y in series.items()) + ".")


def basis(W, error: float) -> go.Figure:
    """A square W (number, feature) as colours, and the largest share of each number's variance from one feature.

    ``error``: the largest error of the strengths that were read back.
    """
    W = np.asarray(W, float)
    best = (W ** 2).max(axis=1) / (W ** 2).sum(axis=1)
    grid = heat(W, bound=1, x_axis="feature", y_axis="number")
    grid.update_traces(showscale=False)
    share = dots([""] * len(W), {"": best}, x_axis="share of its variance", span=(0, 1.05))
    fig = beside({"W (blue +, orange −)": grid, "from its best feature": share}, showlegend=False)
    return say(fig, f"On average {best.mean():.2f} of the variance of a number comes from its best feature. "
                    f"Largest error of what is read back: {number(error, 9)}.")


def lines_in_space(panels: Mapping[str, np.ndarray], *, height: int = 430) -> go.Figure:
    """Directions in three dimensions as lines both ways, panels beside each other: heading -> W (3, n).

    Each has a marker at one end. Three circles of radius 1 help the eye.
    """
    n, side = len(panels), dict(range=[-1, 1], visible=False)
    scenes = {"scene" + ("" if k == 0 else str(k + 1)): dict(
        domain=dict(x=[k / n, (k + 1) / n], y=[0, 1]), aspectmode="cube", xaxis=side, yaxis=side, zaxis=side,
        camera=dict(eye=dict(x=1.05, y=-0.95, z=0.55))) for k in range(n)}
    headings = [dict(x=(k + 0.5) / n, y=1.0, xref="paper", yref="paper", xanchor="center", yanchor="bottom",
                     showarrow=False, text=f"<b>{heading}</b>") for k, heading in enumerate(panels)]
    # All in one go: plotly takes twice as long when scenes are added to a figure that exists.
    fig = figure(height=height, showlegend=False, margin=dict(l=0, r=0, t=34, b=0), annotations=headings, **scenes)
    fig.add_traces([trace for scene, W in zip(scenes, panels.values(), strict=True)
                    for trace in _traces(scene, np.asarray(W, float).T)])
    return say(fig, _worst(panels))


def _worst(panels) -> str:
    return "Largest |cosine|: " + ", ".join(f"{largest_cosine(W):.2f} {heading}"
                                            for heading, W in panels.items()) + "."


def _traces(scene, vectors):
    """The circles, the lines and the tips; no two of the first 36 vectors have both colour and marker in common."""
    place = dict(scene=scene, hoverinfo="skip")
    turn = np.linspace(0, 2 * np.pi, 49)
    ring, gap = np.array([np.cos(turn), np.sin(turn), 0 * turn]), np.full((3, 1), np.nan)
    x, y, z = np.concatenate([part for k in range(3) for part in (np.roll(ring, k, axis=0), gap)], axis=1).round(3)
    yield go.Scatter3d(x=x, y=y, z=z, mode="lines", line=dict(color=PALE, width=2), **place)
    colours = [PALETTE[k % 6] for k in range(len(vectors))]
    ends = np.stack([-vectors, vectors, np.full_like(vectors, np.nan)], axis=1)
    x, y, z = ends.reshape(-1, 3).round(4).T
    yield go.Scatter3d(x=x, y=y, z=z, mode="lines", line=dict(color=np.repeat(colours, 3).tolist(), width=6), **place)
    x, y, z = vectors.round(4).T
    yield go.Scatter3d(x=x, y=y, z=z, mode="markers", **place, marker=dict(
        color=colours, symbol=[_MARKERS3D[(k + k // 6) % 6] for k in range(len(vectors))], size=6))


def cosines(panels: Mapping[str, np.ndarray], *, bound: float | None = None) -> go.Figure:
    """How the |cosines| of all pairs of columns spread: heading -> W (d, n). ``bound``: where to draw a dotted line."""
    edges, curves = np.linspace(0, 1, 41), {}
    for heading, W in panels.items():
        pairs = abs(interference(W, normalised=True))[np.triu_indices(np.shape(W)[1], 1)]
        curves[heading] = np.histogram(pairs, edges)[0] / len(pairs)
    fig = lines(edges[:-1] + 0.0125, curves, x_axis="|cosine| of a pair", y_axis="share of the pairs", at=bound)
    fig.update_xaxes(range=[0, 1])
    return say(fig, _worst(panels) + (f" No arrangement gets below {bound:.2f}, the dotted line." if bound else ""))


def kept(dims: Sequence[int], found: Sequence[int], accepted: float, *, drawn: int) -> go.Figure:
    """How many of the directions ``drawn`` could be kept in each of ``dims``, and as many as there are dimensions."""
    fig = lines(dims, {f"kept, of {drawn:,} random ones": found, "at right angles: d": dims}, marks=True, log_x=True,
                log_y=True, x_axis="d, dimensions", y_axis="directions", y_span=(2, 3000))
    fig.update_xaxes(tickvals=list(dims))
    fig.update_yaxes(tickvals=[3, 10, 30, 100, 300, 1000, drawn], exponentformat="none")
    first, *others = [f"{many:,} in {d}" for many, d in zip(found, dims, strict=True)]
    return say(fig, f"Kept of {drawn:,} random directions, with all |cosines| at most {accepted:.2f}: "
                    f"{', '.join([first + ' dimensions', *others])}.")


def leaks(names: Sequence[str], x, read, after) -> go.Figure:
    """A row for each feature: its strength ``x``, its reading, and what a ReLU leaves of that."""
    fig = dots(names, {"strength": x, "reading": read, "after ReLU": after}, x_axis="strength, and readings of it",
               span=(-1.7, 3.3))
    false = [f"{name} {value:.2f}" for name, value, on in zip(names, after, x, strict=True) if value > 0.005 and not on]
    return say(fig, f"On: {', '.join(n for n, on in zip(names, x, strict=True) if on) or 'nothing'}. Off, and not "
                    f"silent after the ReLU: {', '.join(false) or 'none'}.")
