"""Figures of directions in space (notebook 05)."""
from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import plotly.graph_objects as go

from ..style import PALE, PALETTE, figure

_MARKERS3D = ("circle", "diamond", "square", "circle-open", "diamond-open", "square-open")


def arrows_3d(panels: Mapping[str, np.ndarray], *, both_ways: bool = False, height: int = 460) -> go.Figure:
    """Vectors in 3-D as lines from the origin with a marker at the tip, panels beside each other on one scale.

    ``panels``: heading -> (n, 3); n may differ. ``both_ways``: lines through the origin, for directions
    whose sign does not matter. Three circles of radius 1 help the eye.
    """
    shown = {heading: np.asarray(vectors, float).reshape(-1, 3) for heading, vectors in panels.items()}
    reach = max([1.0, *(np.linalg.norm(vectors, axis=1).max() for vectors in shown.values() if len(vectors))])
    n, side = len(shown), dict(range=[-reach, reach], visible=False)
    scenes = {"scene" + ("" if k == 0 else str(k + 1)): dict(
        domain=dict(x=[k / n, (k + 1) / n], y=[0, 1]), aspectmode="cube", xaxis=side, yaxis=side, zaxis=side,
        camera=dict(eye=dict(x=1.05, y=-0.95, z=0.55))) for k in range(n)}
    headings = [dict(x=(k + 0.5) / n, y=1.0, xref="paper", yref="paper", xanchor="center", yanchor="bottom",
                     showarrow=False, text=f"<b>{heading}</b>") for k, heading in enumerate(shown)]
    # All in one go: plotly takes twice as long when scenes are added to a figure that exists.
    fig = figure(height=height, showlegend=False, margin=dict(l=0, r=0, t=34, b=0), annotations=headings, **scenes)
    fig.add_traces([trace for scene, vectors in zip(scenes, shown.values(), strict=True)
                    for trace in _traces(scene, vectors, both_ways)])
    return fig


def _traces(scene, vectors, both_ways):
    """The circles, the lines and the tips; no two of the first 36 vectors have both colour and marker in common."""
    place = dict(scene=scene, hoverinfo="skip")
    turn = np.linspace(0, 2 * np.pi, 49)
    ring, gap = np.array([np.cos(turn), np.sin(turn), 0 * turn]), np.full((3, 1), np.nan)
    x, y, z = np.concatenate([part for k in range(3) for part in (np.roll(ring, k, axis=0), gap)], axis=1).round(3)
    yield go.Scatter3d(x=x, y=y, z=z, mode="lines", line=dict(color=PALE, width=2), **place)
    colours = [PALETTE[k % 6] for k in range(len(vectors))]
    ends = np.stack([-vectors if both_ways else 0 * vectors, vectors, np.full_like(vectors, np.nan)], axis=1)
    x, y, z = ends.reshape(-1, 3).round(4).T
    yield go.Scatter3d(x=x, y=y, z=z, mode="lines", line=dict(color=np.repeat(colours, 3).tolist(), width=6), **place)
    x, y, z = vectors.round(4).T
    yield go.Scatter3d(x=x, y=y, z=z, mode="markers", **place, marker=dict(
        color=colours, symbol=[_MARKERS3D[(k + k // 6) % 6] for k in range(len(vectors))], size=6))
