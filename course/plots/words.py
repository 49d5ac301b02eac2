"""Figures of word vectors (notebook 02 and its companion)."""
from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import plotly.graph_objects as go

from ..style import BLUE, DASHES, GREY, INK, PALETTE, RED, figure, number, say
from .general import bars, beside, dots

_SIDES = {"top center": (0, 1), "bottom center": (0, -1), "middle right": (1, 0), "middle left": (-1, 0),
          "top right": (1, 1), "top left": (-1, 1), "bottom right": (1, -1), "bottom left": (-1, -1)}


def answers(found: Sequence[tuple[str, float]], a: str, b: str, c: str) -> go.Figure:
    """The words nearest to b − a + c as bars; a star marks a word of the question. ``found``: (word, cosine) pairs."""
    asked = [word.strip().lower() for word in (a, b, c)]
    fig = bars([word for word, _ in found], [cosine for _, cosine in found], marked=asked,
               axis="cosine similarity to b − a + c", span=(0, 1.12))
    star = " A star marks a word of the question." if set(asked) & {word for word, _ in found} else ""
    return say(fig, f"{asked[0]} is to {asked[1]} as {asked[2]} is to {found[0][0]}.{star}")


def counted(relations: Sequence[str], shares: Mapping[str, Sequence[float]]) -> go.Figure:
    """Shares of right answers, a row for each relation; a line stands at one half. ``shares``: rule -> shares."""
    fig = dots(relations, shares, x_axis="share of right answers", span=(-0.03, 1.03), height=440)
    fig.add_vline(x=0.5, line=dict(color=GREY, width=1.5, dash="dot"))
    reached = " and ".join(f"{int((np.asarray(values) >= 0.5).sum())} ({name})" for name, values in shares.items())
    return say(fig, f"Relations of {len(relations)} in which half of the answers or more are right: {reached}.")


def nearest(found: Sequence[tuple[str, float]], word: str, place: str) -> go.Figure:
    """The words nearest to ``place`` as bars; a star marks ``word``. ``found``: (word, cosine) pairs."""
    fig = bars([name for name, _ in found], [cosine for _, cosine in found], marked=[word],
               axis="cosine similarity", span=(0, 1.12))
    return say(fig, f"{place}: the nearest word is {found[0][0]}.")


def offsets(panels: Mapping[str, tuple[np.ndarray, np.ndarray, Sequence[tuple[str, str]]]]) -> go.Figure:
    """Arrows from first words, dots, to second words, heads; one panel a group, all panels on one scale.

    ``panels``: heading -> (starts (n, 2), ends (n, 2), n pairs of labels).
    """
    every = np.concatenate([np.concatenate([a, b]) for a, b, _ in panels.values()])
    low, high = every.min(0), every.max(0)
    pixel = max((high - low) / (200, 330)) + 1e-9  # of a panel some 400 by 390 large, names at both sides
    place = dict(showticklabels=False, ticks="", zeroline=False, showline=True, mirror=True)
    flat = {}
    for heading, (starts, ends, labels) in panels.items():
        n, points = len(labels), np.concatenate([starts, ends])
        lines = np.stack([starts, ends, np.full((n, 2), np.nan)], axis=1)  # (n, 3, 2): from, to, and a gap
        right = ends[:, 0] >= starts[:, 0]
        names = [pair[k] for k in (0, 1) for pair in labels]
        along = [p for pair in lines for p in np.linspace(*pair[:2], 12)]
        away = ["middle left" if out else "middle right" for out in (*right, *~right)]
        texts, sides = _placed(points, names, (7.5 * pixel, 14 * pixel), along, first=away)
        fig = figure(showlegend=False)
        fig.add_scatter(x=lines[..., 0].ravel(), y=lines[..., 1].ravel(), mode="lines+markers", cliponaxis=False,
                        hoverinfo="skip", line=dict(color=GREY, width=1.6), marker=dict(
                            symbol=["circle", "arrow", "circle"] * n, size=[0, 13, 0] * n, angleref="previous",
                            color=RED, opacity=1))
        fig.add_scatter(x=points[:, 0], y=points[:, 1], mode="markers+text", text=texts, textposition=sides,
                        cliponaxis=False, hovertext=names, hoverinfo="text", textfont=dict(size=13, color=INK),
                        marker=dict(color=BLUE, size=8, opacity=[1] * n + [0] * n))
        fig.update_xaxes(range=(low[0] - 120 * pixel, high[0] + 120 * pixel), **place)
        fig.update_yaxes(range=(low[1] - 30 * pixel, high[1] + 30 * pixel), scaleanchor="x", **place)
        flat[heading] = say(fig, f"mean cosine of the arrows as drawn {number(_mean_cosine(ends - starts))}.")
    return beside(flat, gap=0.03, height=460, margin=dict(l=20, r=20, t=48, b=20))


def _mean_cosine(arrows) -> float:
    unit = arrows / np.linalg.norm(arrows, axis=1, keepdims=True).clip(1e-12)
    return (unit @ unit.T)[np.triu_indices(len(unit), 1)].mean() if len(unit) > 1 else 1.0


def _placed(points, names, letter, lines=(), taken=(), first=()) -> tuple[list[str], list[str]]:
    """Names beside their points, earlier names first: texts and text positions. A name that would hide another is " ":
    where a text was empty, plotly writes none in the next picture either.

    ``letter``: its width and height in data units. ``lines``: points better not written on. ``taken``: what must
    not be written on, (x, y, half width, half height). ``first``: for each name the side to try first.
    """
    wide, high = letter
    taken = [*taken, *((*p, wide, high / 2) for p in points)]
    texts, sides = [], []
    for k, (name, (a, b)) in enumerate(zip(names, points, strict=True)):
        half = wide * len(name) / 2
        places = {side: (a + across * (half + wide), b + up * high) for side, (across, up) in _SIDES.items()}
        costs = {side: (sum(abs(x - t[0]) < half + t[2] and abs(y - t[1]) < high / 2 + t[3] for t in taken
                            if t[:2] != (a, b)), sum(abs(x - p[0]) < half and abs(y - p[1]) < high / 2 for p in lines))
                 for side, (x, y) in places.items()}
        side = min([first[k], *_SIDES] if first else _SIDES, key=costs.get)
        sides.append(side)
        texts.append(" " if costs[side][0] else name)
        if texts[-1] == name:
            taken.append((*places[side], half, high / 2))
    return texts, sides


def cubes(panels: Mapping[str, tuple[np.ndarray, np.ndarray]], names: Sequence[str], axes: Sequence[str],
          turn: float = 30) -> go.Figure:
    """Eight named points as the corners of a cube, seen ``turn`` degrees from the front and a little from above.

    ``panels``: heading -> (points (8, 3), signs (8, 3)), on one scale. Corners whose signs differ in one place are
    joined; ``axes`` names the three kinds of edges, told apart by colour and dash.
    """
    c, s, up = np.cos(np.radians(turn)), np.sin(np.radians(turn)), np.radians(20)
    camera = np.array([[c, -s * np.sin(up)], [s, c * np.sin(up)], [0, np.cos(up)]])  # (3, 2)
    reach = 1.15 * max(np.linalg.norm(points, axis=1).max() for points, _ in panels.values())
    flat = {}
    for heading, (points, signs) in panels.items():
        seen = np.asarray(points, float) @ camera  # (8, 2)
        fig, along, lengths = figure(), [], []
        for axis, name in enumerate(axes):
            ends = [(i, j) for i in range(8) for j in range(i)
                    if (signs[i] != signs[j]).sum() == 1 and signs[i][axis] != signs[j][axis]]
            lengths.append(f"{name} {number(np.mean([np.linalg.norm(points[i] - points[j]) for i, j in ends]))}")
            line = np.array([[seen[i], seen[j], [np.nan] * 2] for i, j in ends]).reshape(-1, 2)
            along += [p for i, j in ends for p in np.linspace(seen[i], seen[j], 12)]
            fig.add_scatter(x=line[:, 0], y=line[:, 1], mode="lines", name=name, hoverinfo="skip",
                            line=dict(color=PALETTE[axis], dash=DASHES[axis], width=3))
        texts, sides = _placed(seen, names, (reach * 0.045, reach * 0.1), along)
        fig.add_scatter(x=seen[:, 0], y=seen[:, 1], mode="markers+text", text=texts, textposition=sides,
                        hovertext=list(names), hoverinfo="text", showlegend=False, cliponaxis=False,
                        textfont=dict(size=14, color=INK), marker=dict(size=8, color=INK))
        hidden = dict(showticklabels=False, ticks="", zeroline=False, showgrid=False)
        fig.update_xaxes(range=[-reach, reach], **hidden)
        fig.update_yaxes(range=[-reach, reach], scaleanchor="x", **hidden)
        flat[heading] = say(fig, f"the edges are {', '.join(lengths)} long on average.")
    return beside(flat, gap=0.03, height=520, margin=dict(l=10, r=10, t=84, b=10))


def named_points(points, names: Sequence[str], marked: Mapping[str, tuple[float, float]], axes: tuple[str, str],
                 spans: tuple[tuple[float, float], tuple[float, float]]) -> go.Figure:
    """Named points (n, 2), both axes on one scale, within ``spans`` at least.

    A name stands at its point where there is room, the first names first, and comes with the pointer where there is
    none. ``marked``: name -> (x, y) of one or two stars; an arrow leads from the first to the second.
    """
    wide, high = 0.01 * np.ptp(spans[0]), 0.035 * np.ptp(spans[1])  # of a letter, in data units
    points, stars = np.array(points, float), np.array(list(marked.values()), float)
    taken = [(*p, 2 * wide, high) for p in stars] + [(*p, 0, 0) for p in np.linspace(stars[0], stars[-1], 30)]
    taken += [(x, y - 1.5 * high, 0.6 * wide * len(name), high / 2) for name, (x, y) in marked.items()]
    shown, sides = _placed(points, names, (wide, high), taken=taken)
    fig = figure(height=480, showlegend=False, margin=dict(l=64, r=20, t=20, b=52))
    fig.add_scatter(x=stars[:, 0], y=stars[:, 1], mode="lines+markers", hoverinfo="skip", line=dict(color=GREY),
                    marker=dict(symbol="arrow", size=[0, 16], angleref="previous", standoff=10, color=GREY, opacity=1))
    fig.add_scatter(x=points[:, 0], y=points[:, 1], hovertext=list(names), hoverinfo="text", mode="markers+text",
                    text=shown, textposition=sides, textfont=dict(size=13, color=INK), cliponaxis=False,
                    marker=dict(color=BLUE, size=9))
    fig.add_scatter(x=stars[:, 0], y=stars[:, 1], mode="markers+text", hoverinfo="skip", cliponaxis=False,
                    text=[f"<b>{name}</b>" for name in marked], textposition="bottom center",
                    textfont=dict(size=15, color=RED), marker=dict(color=RED, symbol="star", size=16))
    fig.update_xaxes(title=dict(text=axes[0]), range=spans[0], zeroline=True)
    fig.update_yaxes(title=dict(text=axes[1]), range=spans[1], scaleanchor="x", zeroline=True)
    places = [f"{name} lies at {number(x)} across and {number(y)} upwards" for name, (x, y) in marked.items()]
    return say(fig, "; ".join(places) + ".")
