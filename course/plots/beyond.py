"""Figures of notebook 09: which features a neuron reads, a ring and the latents on it, neurons and their latents."""
from __future__ import annotations

import numpy as np
import plotly.graph_objects as go

from ..style import BLUE, GREY, INK, RED, count, figure, say
from .general import _beyond, bars, beside, heat

DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


def read_by(into, pure, loss: float, plan: float) -> go.Figure:
    """What each neuron reads of each feature, ``into`` (neurons, features); ``pure`` (neurons,): those that serve one.

    ``loss`` of the network and of the ``plan``, as shares of what it costs to answer the mean.
    """
    into, pure = np.asarray(into, float), np.asarray(pure)
    order = np.lexsort((np.abs(into).argmax(1), ~pure))
    fig = heat(into[order], x_axis="feature", y_axis="neuron", bound=2.0, height=380)
    fig.update_xaxes(tickvals=[])
    fig.update_yaxes(tickvals=[])
    return say(fig, f"{pure.sum()} of {count(len(pure), 'neuron')} serve one feature. The loss is {loss:.2f} of what "
                    f"the mean costs as an answer; the plan's is {plan:.2f}.")


def ring(points, rows, says=None, at=None) -> go.Figure:
    """Samples ``points`` (count, 2) in the plane of the days, and the ``rows`` (latents or 0, 2) as arrows.

    ``says`` (latents,): arrows of latents that are off are pale. ``at`` (2,): a vector to mark.
    """
    points, rows = np.asarray(points, float).round(3), np.asarray(rows, float)
    on = np.ones(len(rows), bool) if says is None else np.asarray(says) > 0
    fig = figure(height=460, showlegend=False, margin=dict(l=40, r=20, t=44, b=36))
    fig.add_scatter(x=points[:, 0], y=points[:, 1], mode="markers", hoverinfo="skip",
                    marker=dict(color=BLUE, size=5, opacity=0.4))
    for number, (tip, is_on) in enumerate(zip(0.5 * rows, on, strict=True), 1):
        colour = RED if is_on else "#b4b4b4"
        fig.add_scatter(x=[0, tip[0]], y=[0, tip[1]], mode="lines+markers+text", text=["", str(number)],
                        textposition=_beyond(*tip), textfont=dict(color=colour, size=15), hoverinfo="skip",
                        line=dict(color=colour, width=3 if is_on else 1.5, dash="solid" if is_on else "dot"),
                        marker=dict(symbol=["circle", "arrow"], size=[0, 14], angleref="previous", color=colour,
                                    opacity=1))
    fig.add_shape(type="circle", x0=-0.9, x1=0.9, y0=-0.9, y1=0.9, line=dict(color=GREY, width=1, dash="dot"))
    turn = np.arange(7) * 2 * np.pi / 7
    fig.add_scatter(x=1.2 * np.cos(turn), y=1.2 * np.sin(turn), mode="text", text=[day[:3] for day in DAYS],
                    hoverinfo="skip", textfont=dict(size=15, color=INK))
    if at is not None:
        fig.add_scatter(x=[float(at[0])], y=[float(at[1])], mode="markers", hoverinfo="skip",
                        marker=dict(color=INK, size=17, symbol="circle-open", line=dict(width=3)))
    fig.update_xaxes(range=[-1.4, 1.4], zeroline=True, constrain="domain")
    fig.update_yaxes(range=[-1.4, 1.4], zeroline=True, scaleanchor="x")
    latents = f"{count(len(rows), 'latent')} (arrows) for one feature" if len(rows) else "One feature"
    return say(fig, f"{latents}, the day: seven places on a ring.")


def turned(points, rows, says, at, degrees: float) -> go.Figure:
    """The :func:`ring` with a vector, turned by ``degrees`` to ``at`` (2,), beside what each latent ``says``."""
    says, at = np.asarray(says, float), np.asarray(at, float)
    names = [f"latent {number}" for number in range(1, len(says) + 1)]
    fig = beside({"the plane of the days": ring(points, rows, says, at),
                  "what the latents say": bars(names, says, axis="activation", span=(0, 1.1))}, height=460, gap=0.17,
                 widths=(1.2, 1))
    place = np.degrees(np.arctan2(at[1], at[0])) % 360
    on = " and ".join(name for name, amount in zip(names, says, strict=True) if amount > 0)
    return say(fig, f"Turned by {degrees:g}°, it is nearest to {DAYS[round(place * 7 / 360) % 7]}. "
                    f"Latents of this plane that are on: {on or 'none'}.")


def alike(read, write, shuffled, least: float = 0.5) -> go.Figure:
    """For each neuron the latent most like it: the cosines of what they ``read`` and ``write``, (neurons,) each.

    ``shuffled``: such a pair, where each neuron was given the output of another one. Dotted: ``least``.
    """
    fig = figure(height=440, margin=dict(l=64, r=20, t=48, b=52))
    counts = []
    for (a, b), name, colour, symbol in ((shuffled, "outputs shuffled", GREY, "x"),
                                         ((read, write), "neurons as they are", BLUE, "circle")):
        a, b = np.asarray(a, float), np.asarray(b, float)
        counts.append(int(((a >= least) & (b >= least)).sum()))
        fig.add_scatter(x=a.round(3), y=b.round(3), name=name, mode="markers", hoverinfo="skip",
                        marker=dict(color=colour, symbol=symbol, size=6, opacity=0.6))
    for way in ("x", "y"):
        fig.add_shape(type="line", line=dict(color=GREY, dash="dot", width=1.5), **{f"{way}0": least, f"{way}1": least},
                      **{f"{other}{k}": (least, 1)[k] for other in "xy" if other != way for k in (0, 1)})
    fig.update_xaxes(title=dict(text="cosine of what is read"), range=[0, 1])
    fig.update_yaxes(title=dict(text="cosine of what is written"), range=[0, 1])
    return say(fig, f"{counts[1]} of {len(read)} neurons have a latent that is like them on both sides, at "
                    f"{least:g} or more. With outputs shuffled: {counts[0]}.")
