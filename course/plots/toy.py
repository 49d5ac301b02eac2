"""Figures of the toy models (notebook 06). W has shape (dimension, feature): column i is the direction of feature i.

``longer``: a feature whose direction is longer than this counts as represented, as in ``course.toy``.
"""
from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import plotly.graph_objects as go

from ..style import BLUE, DASHES, GREY, INK, MARKERS, PALE, PALETTE, RED, SIGNED, figure, say
from .general import _beyond, beside


def _names(W, names) -> list[str]:
    return [str(name) for name in names] if names is not None else [str(k + 1) for k in range(W.shape[1])]


def _look(k: int, strong: bool = True, other: str = "solid") -> dict:
    """Colour and dash of feature ``k``; grey and with the ``other`` dash if it is not ``strong``."""
    return dict(color=PALETTE[k % 6], dash=DASHES[(k + k // 6) % 6]) if strong else dict(color=GREY, dash=other)


def _hatched(colours: Sequence[str], plain: Sequence[bool]) -> dict:
    """The marker of bars, those that are not ``plain`` hatched: nothing is said by colour alone."""
    return dict(color=colours, pattern=dict(shape=["" if one else "/" for one in plain], size=6, solidity=0.2,
                                            fgcolor=GREY))


def _rows(names: Sequence[str]) -> dict:
    """A vertical axis with a name for each row, the first on top."""
    return dict(tickvals=list(range(len(names))), ticktext=names, range=[len(names) - 0.45, -0.55], ticks="",
                showgrid=False, zeroline=False)


def plane(W, names: Sequence[str] | None = None, *, reach: float = 1.5, longer: float = 0.5) -> go.Figure:
    """The directions of a model with two hidden dimensions, ``W`` (2, n), as arrows; to be put ``beside`` others.

    What is not represented is thin, grey and, when very short, without a name.
    """
    W = np.asarray(W, float)
    lengths = np.linalg.norm(W, axis=0)
    is_in, named = lengths > longer, lengths > 0.2
    fig = figure()
    fig.add_traces([_arrow(k, tip, 3 if one else 1, "solid", 13 if one else 7, one)
                    for k, (tip, one) in enumerate(zip(W.T, is_in, strict=True))])
    fig.add_traces([_tips(W[:, named] * (1 + 0.05 * reach / lengths[named]), np.array(_names(W, names))[named],
                          is_in[named])])
    place = dict(range=[-reach, reach], zeroline=True, tickvals=[-1, 0, 1])
    fig.update_xaxes(**place, constrain="domain")
    fig.update_yaxes(**place, scaleanchor="x")
    return fig


def _arrow(k: int, tip, width: float, other_dash: str, head: int, strong: bool) -> go.Scatter:
    look = _look(k, strong, other_dash)
    return go.Scatter(x=[0, tip[0]], y=[0, tip[1]], mode="lines+markers", cliponaxis=False, hoverinfo="skip",
                      showlegend=False, line=dict(**look, width=width),
                      marker=dict(symbol=["circle", "arrow"], size=[0, head], angleref="previous",
                                  color=look["color"], opacity=1))


def _tips(places, texts: Sequence[str], strong) -> go.Scatter:
    """Names at ``places`` (2, n), away from the origin; one trace, since each costs a millisecond."""
    return go.Scatter(x=places[0], y=places[1], mode="text", text=list(texts), hoverinfo="skip", showlegend=False,
                      textposition=[_beyond(x, y) for x, y in places.T], cliponaxis=False,
                      textfont=dict(size=14, color=[INK if one else GREY for one in strong]))


def pictures(runs: Mapping, names: Sequence[str] | None = None, *, height: int = 310, longer: float = 0.5) -> go.Figure:
    """Models with two hidden dimensions beside each other: heading -> ``W`` (2, n), or what ``toy.train`` gives back.

    Of trained models the best run of the first setting is drawn.
    """
    shown = {heading: np.asarray(getattr(run, "W", [run])[0], float) for heading, run in runs.items()}
    seeds = {len(getattr(run, "losses", [[0]])[0]) for run in runs.values()}
    counts = ", ".join(str((np.linalg.norm(W, axis=0) > longer).sum()) for W in shown.values())
    fig = beside({heading: plane(W, names, longer=longer) for heading, W in shown.items()}, height=height, gap=0.05,
                 margin=dict(l=36, r=20, t=44, b=36))
    each = " each" if len(runs) > 1 else ""
    best = f" in the best of {max(seeds)} runs{each}" if len(seeds) == 1 < max(seeds) else ""
    return say(fig, f"Features represented{best}: {' and '.join(counts.rsplit(', ', 1))}.")


def features(W, names: Sequence[str] | None = None, *, products: bool = True, height: int = 400,
             longer: float = 0.5) -> go.Figure:
    """The directions of a toy model as arrows, WᵀW as a table of colours, and the lengths, beside each other.

    ``W``: (2, n) or (3, n). ``names``: 1, 2, … if not given. ``products`` False leaves WᵀW out.
    Represented features (longer than the dotted line) are coloured, dashed and named.
    """
    W = np.asarray(W, float)
    names, lengths, is_flat = _names(W, names), np.linalg.norm(W, axis=0), len(W) == 2
    flat = {"directions": plane(W if is_flat else W[:2, :0], names if is_flat else [], longer=longer)}
    if products:
        flat["WᵀW: dot products"] = _products(W, names)
    flat["length of each direction"] = _lengths(lengths, names, longer)
    fig = beside(flat, height=height, gap=0.06, margin=dict(l=36, r=20, t=44, b=36))
    if not is_flat:
        fig.layout.xaxis.visible = fig.layout.yaxis.visible = False
        axis = dict(range=[-1.3, 1.3], showticklabels=False, title=dict(text=""))
        fig.layout.scene = dict(domain=dict(x=fig.layout.xaxis.domain, y=[0, 1]), aspectmode="cube", xaxis=axis,
                                yaxis=axis, zaxis=axis, camera=dict(eye=dict(x=1.1, y=-1.3, z=0.75),
                                                                    projection=dict(type="orthographic")))
        fig.add_traces([_arrow_in_space(k, *one) for k, one in enumerate(zip(W.T, names, lengths > longer,
                                                                             strict=True))])
    return say(fig, f"Features represented: {(lengths > longer).sum()} of {len(names)} are longer than {longer:g}, "
                    "the dotted line.")


def _arrow_in_space(k: int, tip, name: str, strong: bool) -> go.Scatter3d:
    look = _look(k, strong)
    x, y, z = ([0, value] for value in tip)
    return go.Scatter3d(x=x, y=y, z=z, mode="lines+markers+text", text=["", name], hoverinfo="skip",
                        textposition="top center", line=dict(**look, width=6 if strong else 2), showlegend=False,
                        textfont=dict(size=15, color=INK), marker=dict(size=[0, 6 if strong else 3],
                                                                       color=look["color"]))


def _products(W, names) -> go.Figure:
    n = len(names)
    fig = figure(showlegend=False)
    fig.add_heatmap(z=(W.T @ W).round(3) + 0.0, zmin=-1.2, zmax=1.2, colorscale=SIGNED, showscale=False, xgap=1, ygap=1,
                    texttemplate="%{z:.1f}" if n <= 6 else None, textfont=dict(size=13), hoverinfo="z")
    place = dict(tickvals=list(range(n)), ticktext=names, ticks="", showgrid=False, zeroline=False, showline=True,
                 mirror=True)
    fig.update_xaxes(range=[-0.5, n - 0.5], **place)
    fig.update_yaxes(range=[n - 0.5, -0.5], **place)
    return fig


def _lengths(lengths, names, longer) -> go.Figure:
    is_in = lengths > longer
    fig = figure(showlegend=False)
    fig.add_bar(y=list(range(len(names))), x=lengths, orientation="h", hoverinfo="skip", cliponaxis=False,
                text=[f"{length:.2f}" for length in lengths], textposition="outside",
                marker=_hatched([BLUE if one else PALE for one in is_in], is_in))
    fig.add_shape(type="line", x0=longer, x1=longer, y0=0, y1=1, xref="x", yref="y domain",
                  line=dict(color=GREY, width=1.5, dash="dot"))
    fig.update_yaxes(**_rows(names))
    fig.update_xaxes(range=[0, 1.75], tickvals=[0, longer, 1, 1.5])
    return fig


def readout(W, names: Sequence[str], on: Sequence[bool], before, after, *, height: int = 420) -> go.Figure:
    """Which features are on, and what is read out of their sum, before and after the ReLU.

    On the left the directions ``W`` (2, n), those that are on thick, and their sum as a star. On the
    right two bars a feature; the names of those that are on have a tick.
    """
    W, on = np.asarray(W, float), np.asarray(on, bool)
    left, right = figure(), figure()
    left.add_traces([_arrow(k, tip, 5 if on[k] else 1.5, "dot", 16 if on[k] else 9, on[k])
                     for k, tip in enumerate(W.T)])
    left.add_traces([_tips(W * 1.14, [f"<b>{n}</b>" if o else n for n, o in zip(names, on, strict=True)], on)])
    total = W @ on
    left.add_scatter(x=[total[0]], y=[total[1]], mode="markers", name="their sum", hoverinfo="skip",
                     marker=dict(symbol="star", size=17, color=INK), cliponaxis=False)
    left.update_xaxes(range=[-2.4, 2.4], tickvals=[-2, -1, 0, 1, 2], constrain="domain")
    left.update_yaxes(range=[-2.0, 2.0], tickvals=[-2, -1, 0, 1, 2], scaleanchor="x")
    rows = np.arange(len(names))
    for name, values, place, colour in (("before the ReLU", before, -0.19, PALE),
                                        ("after the ReLU", after, 0.19, BLUE)):
        values = np.asarray(values, float)
        right.add_bar(y=rows + place, x=values, width=0.36, orientation="h", name=name, hoverinfo="skip",
                      text=[f"{value:z.2f}" for value in values], textposition="outside", cliponaxis=False,
                      marker=_hatched([colour] * len(rows), [colour == BLUE] * len(rows)))
    right.update_yaxes(**_rows([f"✓ {n}" if o else n for n, o in zip(names, on, strict=True)]))
    right.update_xaxes(range=[-3.1, 2.6])
    fig = beside({"what is on": left, "what is read": right}, widths=[1, 1.25], gap=0.13, height=height,
                 barmode="overlay", margin=dict(l=36, r=20, t=74, b=36))
    seen = [f"{name} {value:.2f}" for name, value in zip(names, after, strict=True) if value >= 0.05]
    false = max([0.0, *np.asarray(after, float)[~on]])
    return say(fig, f"On: {', '.join(n for n, o in zip(names, on, strict=True) if o) or 'nothing'}. Read after the "
                    f"ReLU: {', '.join(seen) or 'nothing above 0.05'}. Strongest false reading: {false:.2f}.")


def dimensionalities(x, panels: Mapping[str, Sequence[np.ndarray]], lines: Mapping[str, float], *,
                     x_axis: str = "", y_axis: str = "", height: int = 480) -> go.Figure:
    """A dot for each feature over the setting ``x`` (k,) of its model, panels beside each other.

    ``panels``: heading -> one array of values for each of ``x``. ``lines``: label -> value of a
    thin line across, its label on the left and the right of the panel in turn.
    """
    flat, width = {}, 0.25 * (np.diff(x).mean() if len(x) > 1 else 1.0)
    for k, (heading, values) in enumerate(panels.items()):
        spread = [at + (width * np.linspace(-1, 1, len(row)) if len(row) > 1 else 0 * row)
                  for at, row in zip(x, values, strict=True)]
        fig = figure(showlegend=False)
        fig.add_scatter(x=np.concatenate(spread).round(4), y=np.concatenate([np.sort(row) for row in values]).round(4),
                        mode="markers", marker=dict(color=PALETTE[k], symbol=MARKERS[k], size=5, opacity=0.7),
                        hovertemplate="%{y:.3f}<extra></extra>")
        for place, (label, level) in enumerate(lines.items()):
            fig.add_shape(type="line", x0=0, x1=1, y0=level, y1=level, xref="x domain", yref="y",
                          line=dict(color=GREY, width=1, dash="dot"), layer="below")
            fig.add_annotation(x=place % 2, y=level, xref="x domain", yref="y", text=label, showarrow=False,
                               xanchor="left" if place % 2 else "right", font=dict(color=INK))
        fig.update_xaxes(title=dict(text=x_axis), zeroline=False, showgrid=False)
        fig.update_yaxes(range=[0, 1.08], showticklabels=False, ticks="", showgrid=False,
                         title=dict(text=y_axis if k == 0 else "", standoff=40))
        flat[heading] = fig
    return beside(flat, gap=0.12, height=height, margin=dict(l=76, r=44, t=48, b=52))


#: The three regions of :func:`phase_map`, in the order of their numbers.
REGIONS = ("only the first", "only the second", "both, opposed")


def phase_map(p, r, kinds, borders: Mapping[str, tuple[np.ndarray, np.ndarray]], *, height: int = 500) -> go.Figure:
    """What two features in one dimension come to, over density ``p`` (k,) and relative importance ``r`` (m,).

    ``kinds``: (m, k) of numbers into :data:`REGIONS`; any other number is drawn black ("something
    else"). ``borders``: name -> (densities, importances) of a line over the map.
    """
    kinds = np.asarray(kinds)
    kinds = np.where((kinds >= 0) & (kinds < 3), kinds, 3)
    colours = ("#f3c9ae", "#fdf3d8", "#bcd9ec", INK)
    scale = [(edge, colour) for k, colour in enumerate(colours) for edge in (k / 4, (k + 1) / 4)]
    fig = figure(height=height, margin=dict(l=70, r=20, t=48, b=52), legend=dict(y=1.0))
    fig.add_heatmap(x=np.asarray(p), y=np.asarray(r), z=kinds, zmin=-0.5, zmax=3.5, colorscale=scale, showscale=False,
                    hovertemplate="density %{x:.2f}, importance %{y:.2f}<extra></extra>")
    for k, (name, (x, y)) in enumerate(borders.items()):
        fig.add_scatter(x=x, y=y, mode="lines", name=name, hoverinfo="skip",
                        line=dict(color=(INK, RED)[k % 2], dash=("solid", "dash")[k % 2], width=3))
    for k, name in enumerate(REGIONS):  # each name in the middle of its colour, if there is room
        rows, columns = np.where(kinds == k)
        if len(rows) > 0.03 * kinds.size:
            middle = np.abs([rows - np.median(rows), columns - np.median(columns)]).sum(0).argmin()
            fig.add_annotation(x=np.log10(p[columns[middle]]), y=np.log10(r[rows[middle]]), text=f"<b>{name}</b>",
                               showarrow=False)
    fig.update_xaxes(type="log", title=dict(text="density p of both features"), showgrid=False,
                     tickvals=[0.02, 0.05, 0.1, 0.2, 0.5, 1], range=np.log10([min(p), max(p)]))
    fig.update_yaxes(type="log", title=dict(text="importance of the second, the first being 1"), showgrid=False,
                     tickvals=[0.1, 0.2, 0.5, 1, 2, 5, 10], range=np.log10([min(r), max(r)]))
    return fig
