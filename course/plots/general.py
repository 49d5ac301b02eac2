"""Figures that any notebook may need: bars, lines, matrices, arrows, and figures beside each other."""
from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import plotly.graph_objects as go

from ..style import BLUE, DASHES, GREY, INK, MARKERS, PALETTE, SIGNED, figure, said, say


def bars(labels: Sequence[str], values, *, title: str = "", axis: str = "", marked: Sequence[str] = (),
         span: tuple[float, float] | None = None, form: str = "z.2f") -> go.Figure:
    """Horizontal bars, the first label on top. ``marked`` labels get a pattern, a colour and a star.

    ``span``: limits of the value axis, fixed so that bars can be compared while a slider moves.
    """
    values = np.asarray(values, float)
    names = [f"★ {label}" if label in marked else str(label) for label in labels]
    is_marked = [label in marked for label in labels]
    fig = figure(height=(100 if title else 72) + 30 * len(names), title=dict(text=title), showlegend=False,
                 margin=dict(l=20 + 9 * max(map(len, names), default=0), r=20, t=48 if title else 16, b=48))
    fig.add_bar(y=list(range(len(names))), x=values, orientation="h", hoverinfo="skip",
                text=[format(v, form) for v in values], textposition="auto", insidetextanchor="end", textangle=0,
                cliponaxis=False,
                insidetextfont=dict(color=[INK if m else "#ffffff" for m in is_marked]),
                marker=dict(color=[PALETTE[1] if m else BLUE for m in is_marked],
                            pattern=dict(shape=["/" if m else "" for m in is_marked], size=6, solidity=0.2)))
    fig.update_yaxes(tickvals=list(range(len(names))), ticktext=names, autorange="reversed", ticks="outside",
                     tickcolor="#ffffff", showgrid=False, automargin=False)  # one layout pass less
    fig.update_xaxes(title=dict(text=axis), range=span)
    return fig


def lines(x, series: Mapping[str, Sequence[float]], *, title: str = "", x_axis: str = "", y_axis: str = "",
          log_x: bool = False, log_y: bool = False, marks: bool = False, at: float | None = None,
          y_span: tuple[float, float] | None = None, looks: Sequence[str] = (), height: int = 420) -> go.Figure:
    """One line per entry of ``series``, told apart by colour, dash and (``marks``) marker.

    ``at``: x of a vertical line, where the slider stands. ``y_span`` in data units, also for ``log_y``.
    ``looks``: names in the order that gives them their colours, where figures share some.
    """
    fig = figure(height=height, title=dict(text=title), margin=dict(l=64, r=20, t=84 if title else 48, b=52))
    for name, y in series.items():
        k = list(looks or series).index(name)
        fig.add_scatter(x=np.asarray(x), y=np.asarray(y, float), name=name, mode="lines+markers" if marks else "lines",
                        line=dict(color=PALETTE[k % 6], dash=DASHES[(k + k // 6) % 6], width=2.5),
                        marker=dict(symbol=MARKERS[(k + k // 6) % 6], size=9))
    fig.update_xaxes(title=dict(text=x_axis), type="log" if log_x else "linear",
                     exponentformat="power" if log_x else "none")
    if y_span is not None and log_y:
        y_span = tuple(np.log10(y_span))
    fig.update_yaxes(title=dict(text=y_axis), type="log" if log_y else "linear", range=y_span,
                     exponentformat="power" if log_y else "none")
    if at is not None:
        fig.add_vline(x=at, line=dict(color=GREY, width=1.5, dash="dot"))
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


def beside(panels: Mapping[str, go.Figure], *, widths: Sequence[float] | None = None, gap: float = 0.07,
           height: int = 420, **layout) -> go.Figure:
    """Flat figures beside each other as one, each under its heading: one picture to send and to redraw.

    ``panels``: heading -> figure with one pair of axes. ``widths``: relative widths. A name that
    several panels have is one entry of the legend. ``layout``: what to change in the whole. The panels'
    sentences are joined, each after its heading.
    """
    widths = np.array([1.0] * len(panels) if widths is None else widths, float)
    ends = np.cumsum(widths / widths.sum() * (1 - gap * (len(widths) - 1)) + gap) - gap
    starts = np.r_[0, ends[:-1] + gap]
    traces, whole, named = [], dict(annotations=[], shapes=[]), set()
    for k, ((heading, fig), start, end) in enumerate(zip(panels.items(), starts, ends, strict=True)):
        tag = "" if k == 0 else str(k + 1)
        moved = {"x": "x" + tag, "y": "y" + tag, "x domain": f"x{tag} domain", "y domain": f"y{tag} domain",
                 "paper": "paper", "pixel": "pixel"}
        own = fig.layout.to_plotly_json()
        for trace in (trace.to_plotly_json() for trace in fig.data):
            trace |= dict(xaxis=moved["x"], yaxis=moved["y"])
            if (name := trace.get("name")) and trace.get("showlegend", True):
                trace |= dict(legendgroup=name, showlegend=name not in named)
                named.add(name)
            traces.append(trace)
        for side, other in (("x", "y"), ("y", "x")):
            axis = own.get(side + "axis", {})
            if "scaleanchor" in axis:
                axis["scaleanchor"] = moved[axis["scaleanchor"]]
            whole[f"{side}axis{tag}"] = axis | dict(anchor=moved[other])
        whole["xaxis" + tag]["domain"] = [start, end]
        for kind in ("annotations", "shapes"):
            for one in own.get(kind, ()):
                for ref in ("xref", "yref", "axref", "ayref"):
                    if ref in one:
                        # The paper of a panel is its own place, not the whole picture.
                        one[ref] = f"{moved[ref[-4]]} domain" if one[ref] == "paper" else moved[one[ref]]
                whole[kind].append(one)
        whole["annotations"].append(dict(x=(start + end) / 2, y=1.0, xref="paper", yref="paper", xanchor="center",
                                         yanchor="bottom", showarrow=False, text=f"<b>{heading}</b>"))
    defaults = dict(margin=dict(l=64, r=20, t=74 if named else 48, b=52), showlegend=bool(named), legend=dict(y=1.09))
    fig = figure(height=height, **(defaults | whole | layout))
    fig.add_traces(traces)
    return say(fig, " ".join(f"{heading}: {said(panel)}" for heading, panel in panels.items() if said(panel)))


def side_by_side(panels: Mapping[str, tuple[np.ndarray, Mapping[str, Sequence[float]]]], *,
                 x_axis: str | Sequence[str] = "", y_axis: str = "", y_span: tuple[float, float] | None = None,
                 x_ticks: Sequence[float] | None = None, marks: bool = False, height: int = 420) -> go.Figure:
    """Line panels beside each other, on one value axis and with one legend.

    ``panels``: heading -> (x, {name: y}). A name keeps its colour, dash and marker in every panel.
    """
    names = list(dict.fromkeys(name for _, series in panels.values() for name in series))
    x_axes = [x_axis] * len(panels) if isinstance(x_axis, str) else list(x_axis)
    flat = {}
    for k, (heading, (x, series)) in enumerate(panels.items()):
        fig = lines(x, series, x_axis=x_axes[k], y_axis=y_axis if k == 0 else "", y_span=y_span, marks=marks,
                    looks=names)
        fig.update_xaxes(tickvals=x_ticks)
        flat[heading] = fig
    return beside(flat, height=height, margin=dict(l=64, r=20, t=100 if len(names) > 4 else 74, b=52))


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
