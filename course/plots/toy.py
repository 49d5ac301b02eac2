"""Figures of the toy models (notebook 06). Column i of ``W`` (n_hidden, n_features) is the direction of feature i."""
from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import plotly.graph_objects as go

from ..style import BLUE, DASHES, GREY, INK, MARKERS, PALE, PALETTE, RED, SIGNED, figure
from .general import beside

#: A feature whose direction is longer than this counts as represented.
REPRESENTED = 0.5


def _names(W, names) -> list[str]:
    return [str(name) for name in names] if names is not None else [str(k + 1) for k in range(W.shape[1])]


def _look(k: int) -> dict:
    return dict(color=PALETTE[k % 6], dash=DASHES[(k + k // 6) % 6])


def plane(W, names: Sequence[str] | None = None, *, reach: float = 1.5) -> go.Figure:
    """The directions of a model with two hidden dimensions, ``W`` (2, n), as arrows; to be put ``beside`` others.

    What is not represented is thin, grey and, when very short, without a name.
    """
    W = np.asarray(W, float)
    names, lengths = _names(W, names), np.linalg.norm(W, axis=0)
    is_in = lengths > REPRESENTED
    traces = [_arrow(k, tip, 3 if one else 1, "solid", 13 if one else 7, one)
              for k, (tip, one) in enumerate(zip(W.T, is_in, strict=True))]
    named = lengths > 0.2
    traces.append(_tips(W[:, named] * (1 + 0.05 * reach / lengths[named]), np.array(names)[named], is_in[named]))
    fig = figure()
    fig.add_traces(traces)
    place = dict(range=[-reach, reach], zeroline=True, tickvals=[-1, 0, 1])
    fig.update_xaxes(**place, constrain="domain")
    fig.update_yaxes(**place, scaleanchor="x")
    return fig


def _arrow(k: int, tip, width: float, other_dash: str, head: int, strong: bool) -> go.Scatter:
    """The arrow of feature ``k``; grey and with another dash if it is not ``strong``."""
    look = _look(k) if strong else dict(color=GREY, dash=other_dash)
    return go.Scatter(x=[0, tip[0]], y=[0, tip[1]], mode="lines+markers", cliponaxis=False, hoverinfo="skip",
                      showlegend=False, line=dict(**look, width=width),
                      marker=dict(symbol=["circle", "arrow"], size=[0, head], angleref="previous",
                                  color=look["color"], opacity=1))


def _tips(places, texts: Sequence[str], strong) -> go.Scatter:
    """Names at ``places`` (2, n), away from the origin; one trace, since each costs a millisecond."""
    return go.Scatter(x=places[0], y=places[1], mode="text", text=list(texts), hoverinfo="skip", showlegend=False,
                      textposition=[_outward(x, y) for x, y in places.T], cliponaxis=False,
                      textfont=dict(size=14, color=[INK if one else GREY for one in strong]))


def _outward(x: float, y: float) -> str:
    """Where to write at the tip of an arrow, so that the text stands clear of it."""
    across = abs(x) > abs(y)
    return ("middle right" if x > 0 else "middle left") if across else "top center" if y > 0 else "bottom center"


def _space(W, names) -> list[go.Scatter3d]:
    traces = []
    for k, (point, name) in enumerate(zip(W.T, names, strict=True)):
        is_in = np.linalg.norm(point) > REPRESENTED
        look = _look(k) if is_in else dict(color=GREY, dash="solid")
        x, y, z = ([0, value] for value in point)
        traces.append(go.Scatter3d(x=x, y=y, z=z, mode="lines+markers+text", text=["", name], hoverinfo="skip",
                                   textposition="top center", line=dict(**look, width=6 if is_in else 2),
                                   textfont=dict(size=15, color=INK), showlegend=False,
                                   marker=dict(size=[0, 6 if is_in else 3], color=look["color"])))
    return traces


def _products(W, names) -> go.Figure:
    products, n = W.T @ W, len(names)
    fig = figure(showlegend=False)
    fig.add_heatmap(z=products.round(3) + 0.0, zmin=-1.2, zmax=1.2, colorscale=SIGNED, showscale=False, xgap=1, ygap=1,
                    texttemplate="%{z:.1f}" if n <= 6 else None, textfont=dict(size=13), hoverinfo="z")
    place = dict(tickvals=list(range(n)), ticktext=names, ticks="", showgrid=False, zeroline=False, showline=True,
                 mirror=True)
    fig.update_xaxes(range=[-0.5, n - 0.5], **place)
    fig.update_yaxes(range=[n - 0.5, -0.5], **place)
    return fig


def _lengths(W, names) -> go.Figure:
    lengths = np.linalg.norm(W, axis=0)
    is_in = lengths > REPRESENTED
    fig = figure(showlegend=False)
    fig.add_bar(y=list(range(len(names))), x=lengths, orientation="h", hoverinfo="skip", cliponaxis=False,
                text=[f"{length:.2f}" for length in lengths], textposition="outside", marker=dict(
                    color=[BLUE if one else PALE for one in is_in],
                    pattern=dict(shape=["" if one else "/" for one in is_in], size=6, solidity=0.2, fgcolor=GREY)))
    fig.add_shape(type="line", x0=REPRESENTED, x1=REPRESENTED, y0=0, y1=1, xref="x", yref="y domain",
                  line=dict(color=GREY, width=1.5, dash="dot"))
    fig.update_yaxes(tickvals=list(range(len(names))), ticktext=names, range=[len(names) - 0.4, -0.6], ticks="",
                     showgrid=False, zeroline=False)
    fig.update_xaxes(range=[0, 1.75], tickvals=[0, REPRESENTED, 1, 1.5])
    return fig


def features(W, names: Sequence[str] | None = None, *, products: bool = True, height: int = 400) -> go.Figure:
    """The directions of a toy model as arrows, WᵀW as a table of colours, and the lengths, beside each other.

    ``W``: (2, n) or (3, n). ``names``: 1, 2, … if not given. ``products`` False leaves WᵀW out.
    Represented features (longer than :data:`REPRESENTED`, the dotted line) are coloured, dashed and named.
    """
    W = np.asarray(W, float)
    names = _names(W, names)
    flat = {"directions": plane(W if len(W) == 2 else W[:2, :0], names if len(W) == 2 else [])}
    if products:
        flat["WᵀW: dot products"] = _products(W, names)
    flat["length of each direction"] = _lengths(W, names)
    fig = beside(flat, height=height, gap=0.06, margin=dict(l=36, r=20, t=44, b=36))
    if len(W) == 3:
        fig.layout.xaxis.visible = fig.layout.yaxis.visible = False
        axis = dict(range=[-1.3, 1.3], showticklabels=False, title=dict(text=""))
        fig.layout.scene = dict(domain=dict(x=fig.layout.xaxis.domain, y=[0, 1]), aspectmode="cube", xaxis=axis,
                                yaxis=axis, zaxis=axis, camera=dict(eye=dict(x=1.1, y=-1.3, z=0.75),
                                                                    projection=dict(type="orthographic")))
        fig.add_traces(_space(W, names))
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
    for name, values, place, colour, shape in (("before the ReLU", before, -0.19, PALE, "/"),
                                               ("after the ReLU", after, 0.19, BLUE, "")):
        values = np.asarray(values, float)
        right.add_bar(y=rows + place, x=values, width=0.36, orientation="h", name=name, hoverinfo="skip",
                      text=[f"{value:.2f}" for value in values], textposition="outside", cliponaxis=False,
                      marker=dict(color=colour, pattern=dict(shape=shape, size=6, solidity=0.2, fgcolor=GREY)))
    right.update_yaxes(tickvals=rows, ticktext=[f"✓ {n}" if o else n for n, o in zip(names, on, strict=True)],
                       range=[len(names) - 0.45, -0.55], ticks="", showgrid=False, zeroline=False)
    right.update_xaxes(range=[-3.1, 2.6])
    return beside({"what is on": left, "what is read": right}, widths=[1, 1.25], gap=0.13, height=height,
                  barmode="overlay", margin=dict(l=36, r=20, t=74, b=36))


def dimensionalities(x, panels: Mapping[str, Sequence[np.ndarray]], lines: Mapping[str, float], *,
                     x_axis: str = "", y_axis: str = "", height: int = 480) -> go.Figure:
    """A dot for each feature over the setting ``x`` (k,) of its model, panels beside each other.

    ``panels``: heading -> one array of values for each of ``x``. ``lines``: label -> value of a
    thin line across, its label on the left and the right of the panel in turn.
    """
    flat = {}
    step = np.diff(x).mean() if len(x) > 1 else 1.0
    for k, (heading, values) in enumerate(panels.items()):
        fig = figure(showlegend=False)
        spread = [x[i] + step * 0.25 * np.linspace(-1, 1, len(row)) if len(row) > 1 else np.array([x[i]])
                  for i, row in enumerate(values)]
        fig.add_scatter(x=np.concatenate(spread).round(4), y=np.concatenate([np.sort(row) for row in values]).round(4),
                        mode="markers", marker=dict(color=PALETTE[k], symbol=MARKERS[k], size=5, opacity=0.7),
                        hovertemplate="%{y:.3f}<extra></extra>")
        for m, (label, level) in enumerate(lines.items()):
            fig.add_shape(type="line", x0=0, x1=1, y0=level, y1=level, xref="x domain", yref="y",
                          line=dict(color=GREY, width=1, dash="dot"), layer="below")
            fig.add_annotation(x=m % 2, y=level, xref="x domain", yref="y", text=label, showarrow=False,
                               xanchor="left" if m % 2 else "right", font=dict(color=INK))
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
