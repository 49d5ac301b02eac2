"""Figures of directions (notebooks 05 and 06)."""
from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import plotly.graph_objects as go

from ..style import INK, PALE, PALETTE, figure

_MARKERS3D = ("circle", "diamond", "square", "circle-open", "diamond-open", "square-open")


def arrows_3d(panels: Mapping[str, np.ndarray], labels: Sequence[str] | None = None, *, both_ways: bool = False,
              reach: float | None = None, height: int = 460) -> go.Figure:
    """Vectors in 3-D as lines from the origin with a marker at the tip, panels beside each other on one scale.

    ``panels``: heading -> (n, 3); n may differ. ``labels``: a name for each vector. ``both_ways``: lines
    through the origin, for directions whose sign does not matter. ``reach``: half the side of the cube that
    is shown, 1 for unit vectors if not given. Three circles of radius 1 help the eye.
    """
    shown = {heading: np.asarray(vectors, float).reshape(-1, 3) for heading, vectors in panels.items()}
    longest = max((np.linalg.norm(v, axis=1).max() for v in shown.values() if len(v)), default=1.0)
    reach = reach or max(1.0, float(longest))
    n, side = len(shown), dict(range=[-reach, reach], visible=False)
    scenes = {"scene" + ("" if k == 0 else str(k + 1)): dict(
        domain=dict(x=[k / n, (k + 1) / n], y=[0, 1]), aspectmode="cube", xaxis=side, yaxis=side, zaxis=side,
        camera=dict(eye=dict(x=1.05, y=-0.95, z=0.55))) for k in range(n)}
    headings = [dict(x=(k + 0.5) / n, y=1.0, xref="paper", yref="paper", xanchor="center", yanchor="bottom",
                     showarrow=False, text=f"<b>{heading}</b>") for k, heading in enumerate(shown)]
    # All in one go: plotly takes twice as long when scenes are added to a figure that exists.
    fig = figure(height=height, showlegend=False, margin=dict(l=0, r=0, t=34, b=0), annotations=headings, **scenes)
    traces = []
    for scene, vectors in zip(scenes, shown.values(), strict=True):
        traces += [_circles(scene), _rays(scene, vectors, both_ways), _tips(scene, vectors, labels)]
    fig.add_traces(traces)
    return fig


def _looks(count: int) -> tuple[list[str], list[str]]:
    """Colours and markers; no two of the first 36 vectors have both in common."""
    return [PALETTE[k % 6] for k in range(count)], [_MARKERS3D[(k + k // 6) % 6] for k in range(count)]


def _circles(scene):
    turn = np.linspace(0, 2 * np.pi, 49)
    ring = np.array([np.cos(turn), np.sin(turn), 0 * turn])
    rings = [np.roll(ring, k, axis=0) for k in range(3)]
    gap = np.full((3, 1), np.nan)
    x, y, z = np.concatenate([part for ring in rings for part in (ring, gap)], axis=1).round(3)
    return go.Scatter3d(x=x, y=y, z=z, scene=scene, mode="lines", hoverinfo="skip", line=dict(color=PALE, width=2))


def _rays(scene, vectors, both_ways):
    starts = -vectors if both_ways else 0 * vectors
    x, y, z = np.stack([starts, vectors, np.full_like(vectors, np.nan)], axis=1).reshape(-1, 3).round(4).T
    colours = np.repeat(_looks(len(vectors))[0], 3).tolist()
    return go.Scatter3d(x=x, y=y, z=z, scene=scene, mode="lines", hoverinfo="skip",
                        line=dict(color=colours, width=6))


def _tips(scene, vectors, labels):
    colours, markers = _looks(len(vectors))
    x, y, z = vectors.round(4).T
    return go.Scatter3d(x=x, y=y, z=z, scene=scene, mode="markers+text", textfont=dict(size=15, color=INK),
                        text=list(labels[:len(vectors)]) if labels else None, hoverinfo="skip",
                        textposition="top center", marker=dict(color=colours, symbol=markers, size=6))
