"""Figures of sparse autoencoders on data whose features are known (notebook 07).

W has shape (dimension, feature), as in ``course.toy``; a dictionary has a row for each latent.
"""
from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import plotly.graph_objects as go

from ..geometry import unit_columns
from ..style import BLUE, INK, RED, count, figure, say
from .general import beside, dots, lines, side_by_side

#: From this cosine similarity with its partner on, a feature counts as found.
FOUND = 0.9
_SCALE = ((0, "#ffffff"), (0.5, "#f3f1ec"), (0.8, "#f0d6b4"), (FOUND, "#e3a95c"), (FOUND, BLUE), (1, "#00395a"))


def rays(points, W=None, *, rows=None, reach: float = 2.0) -> go.Figure:
    """Hidden vectors ``points`` (count, 2) as dots.

    ``W`` (2, n): the true directions, as dashed lines under them. ``rows`` (latents, 2): the rows of a dictionary,
    as arrows over them.
    """
    points = np.asarray(points, float).round(3)
    fig = figure(height=440, showlegend=False, margin=dict(l=40, r=20, t=16, b=36))
    for tip in np.asarray(W, float).T if W is not None else ():
        tip = 0.95 * reach * tip / np.linalg.norm(tip)
        fig.add_scatter(x=[0, tip[0]], y=[0, tip[1]], mode="lines", hoverinfo="skip",
                        line=dict(color=INK, width=1.5, dash="dash"))
    fig.add_scatter(x=points[:, 0], y=points[:, 1], mode="markers", hoverinfo="skip",
                    marker=dict(color=BLUE, size=4, opacity=0.5))
    for tip in np.asarray(rows, float) if rows is not None else ():
        _arrow(fig, [0, 0], 0.7 * reach * tip / np.linalg.norm(tip))
    fig.update_xaxes(range=[-reach, reach], zeroline=True, constrain="domain")
    fig.update_yaxes(range=[-reach, reach], zeroline=True, scaleanchor="x")
    sentence = f"Each of the {len(points)} dots is a hidden vector."
    if W is not None and rows is not None:
        unit = [np.asarray(part) / np.linalg.norm(part, axis=1, keepdims=True) for part in (np.asarray(W).T, rows)]
        hit = ((unit[0] @ unit[1].T).max(axis=1) > 0.99).sum()
        sentence = f"{hit} of {len(unit[0])} true directions (dashed) have an arrow within 8°."
    elif W is not None:
        sentence += " Dashed: the true directions."
    return say(fig, sentence)


def _arrow(fig, start, end):
    fig.add_scatter(x=[start[0], end[0]], y=[start[1], end[1]], mode="lines+markers", hoverinfo="skip",
                    line=dict(color=RED, width=3),
                    marker=dict(symbol=["circle", "arrow"], size=[0, 14], angleref="previous", color=RED,
                                opacity=1))


def walk(f: Sequence[float], D) -> go.Figure:
    """How a dot is built from directions: a step of length f_j along row j of ``D`` (latents, 2), for each j."""
    place = np.zeros(2)
    fig = figure(height=340, showlegend=False, margin=dict(l=40, r=20, t=16, b=36))
    for length, row in zip(f, np.asarray(D, float), strict=True):
        end = place + length * row
        _arrow(fig, place, end)
        fig.add_annotation(x=(place + end)[0] / 2, y=(place + end)[1] / 2, text=f"{length:.2f}", xref="x", yref="y",
                           showarrow=False, font=dict(color=RED, size=15), bgcolor="rgba(255,255,255,0.85)")
        place = end
    fig.add_scatter(x=place[:1], y=place[1:], mode="markers", hoverinfo="skip",
                    marker=dict(color=BLUE, size=15, symbol="circle-open", line=dict(width=3)))
    fig.update_xaxes(range=[-1, 1], zeroline=True, constrain="domain")
    fig.update_yaxes(range=[-1, 1], zeroline=True, scaleanchor="x")
    steps = " + ".join(f"{length:.2f}" for length in f)
    return say(fig, f"{count(len(f), 'step')} to the dot, {steps}{f' = {sum(f):.2f}' if len(f) > 1 else ''} long.")


def prices(h, rows, turns, price, turn: float) -> go.Figure:
    """Hidden vectors ``h`` (count, 2) with the ``rows`` (latents, 2) of a turned dictionary, beside the ``price``, the
    length of all walks per length of the dots, at each of ``turns`` in degrees; ``turn`` is where the slider stands."""
    curve = lines(turns, {"walks": price}, x_axis="turned by, in degrees", y_axis="length of the walks", at=turn,
                  y_span=(0.98, 1.27)).update_layout(showlegend=False)
    fig = beside({"the dots, and five directions": rays(h, rows=rows), "how long the walks are": curve}, gap=0.12,
                 height=440, showlegend=False)
    here, least = np.interp(turn, turns, price), int(np.argmin(price))
    return say(fig, f"Turned by {turn:g}° the walks are {here:.2f} times as long as straight ones. The lowest point "
                    f"of the curve is {price[least]:.2f}, the highest {max(price):.2f}.")


def matches(dictionary, W, *, y_axis: str = "true feature") -> go.Figure:
    """The cosine similarities of the features of ``W`` (d, features) with the rows of a ``dictionary`` (latents, d).

    Columns are ordered: first the latent that is matched with the first feature, then that of the second, and
    so on, and after them those that are nobody's partner. So a dictionary that has found everything shows a
    diagonal, blue from :data:`FOUND` on. Negative cosines are white.
    """
    from ..sae import recover  # here, since other figures need nothing of what it loads

    got = recover(dictionary, W.T)
    cosines = unit_columns(W).T @ unit_columns(dictionary.T)
    partner = [int(k) for k in got.partner if k >= 0]
    order = partner + sorted(set(range(len(dictionary))) - set(partner))
    fig = figure(showlegend=False, height=460)
    short = np.floor(cosines[:, order].clip(0, 1) * 100 + 1e-6) / 100  # rounding up would make 0.895 look found
    fig.add_heatmap(z=short, zmin=0, zmax=1, colorscale=_SCALE, showscale=False,
                    hovertemplate="feature %{y}, latent %{x}: %{z:.2f}<extra></extra>")
    place = dict(zeroline=False, showgrid=False, showline=True, mirror=True)
    fig.update_xaxes(title=dict(text="latent"), **place)
    fig.update_yaxes(title=dict(text=y_axis), range=[len(cosines) - 0.5, -0.5], **place)
    return say(fig, f"{round(len(cosines) * got.share(FOUND))} of {len(cosines)} features found (blue).")


def tradeoffs(panels: Mapping[str, tuple[Sequence[float], Sequence[Sequence[float]]]]) -> go.Figure:
    """How the scores of dictionaries change with a setting. ``panels``: setting -> its values (count,), and for each
    the share of features found and the share of variance explained, (count, 2)."""
    flat, sentences = {}, []
    for name, (values, scores) in panels.items():
        found, explained = np.asarray(scores, float).T
        flat[name] = values, {"features found": found, "variance explained": explained}
        good = np.asarray(values)[found >= 0.95]
        most = values[int(explained.argmax())]
        sentences.append(f"{name}: at least 95 % of the features are found " + (
            f"from {good.min():g} to {good.max():g}" if len(good) else "nowhere")
            + f"; the variance explained is highest at {most:g}.")
    fig = side_by_side(flat, x_axis=list(panels), y_axis="share", y_span=(-0.03, 1.05), marks=True, height=440)
    return say(fig, " ".join(sentences))


def strengths(there, read: Mapping[str, np.ndarray]) -> go.Figure:
    """How often features are reported, and how strongly, against how strong they are.

    ``there``: true strengths (count, features), 0 where a feature is off. ``read``: name -> what an autoencoder
    reads of them, the same shape.
    """
    there = np.asarray(there, float)
    edges = np.linspace(0, there.max(), 12)
    middle, bins = (edges[1:] + edges[:-1]) / 2, np.digitize(there, edges[1:-1])
    often, much, sentences = {}, {}, []
    for name, values in read.items():
        values = np.asarray(values, float)
        parts = [values[(bins == k) & (there > 0)] for k in range(11)]
        often[name] = [(part > 0).mean() for part in parts]
        much[name] = [part[part > 0].mean() if (part > 0).any() else np.nan for part in parts]
        both = (values > 0) & (there > 0)
        weak, strong = (there > 0) & (there < 0.2), there > 0.8
        sentences.append(f"{name} reports {(values[weak] > 0).mean():.0%} of what is weaker than 0.2 and "
                         f"{(values[strong] > 0).mean():.0%} of what is stronger than 0.8; where it reports, it "
                         f"reads {values[both].sum() / there[both].sum():.2f} of what is there.")
    axes = dict(x_axis="true strength", marks=True, looks=[*read, "what is there"])
    fig = beside({"how often it is reported": lines(middle, often, y_span=(-0.03, 1.2), **axes),
                  "how strongly, where it is": lines(middle, much | {"what is there": middle},
                                                     y_span=(-0.03, 1.2), **axes)}, gap=0.1)
    return say(fig, " ".join(sentences))


def compared(scores: Mapping[str, Mapping[str, float]], x_axis: str = "share") -> go.Figure:
    """Dictionaries below each other, and in the row of each one dot for every score. ``scores``: name of a dictionary
    -> {name of a score: its value between 0 and 1}, the same scores for all."""
    names = list(next(iter(scores.values())))
    fig = dots(list(scores), {name: [row[name] for row in scores.values()] for name in names}, x_axis=x_axis,
               span=(-0.03, 1.05), height=110 + 52 * len(scores))
    return say(fig, " ".join(f"{label}: " + ", ".join(f"{name} {row[name]:.2f}" for name in names) + "."
                             for label, row in scores.items()))
