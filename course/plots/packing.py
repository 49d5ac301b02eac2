"""Figures of packed codes (notebook 03), each with its sentence."""
from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import plotly.graph_objects as go

from ..style import GREY, INK, PALETTE, SIGNED, figure, say
from .general import bars, beside, lines, side_by_side


def number_lines(x, y, t, x_read, y_read, Z: int) -> go.Figure:
    """Two numbers, their packed code and what is read from it, on three lines from 0 to 1 with Z cells shaded."""
    rows = {"x": (Z, {"x": x, "read": x_read}), "y": (1, {"y": y, "read": y_read}), "code t": (Z, {"t": t})}
    fig = figure(height=330, showlegend=False, barmode="overlay", margin=dict(l=30, r=30, t=16, b=34))
    for k, (cells, marks) in enumerate(rows.values()):
        fig.add_bar(orientation="h", y=[-k] * cells, x=[1 / cells] * cells, base=[c / cells for c in range(cells)],
                    width=0.26, hoverinfo="skip", marker=dict(
                        color=["#dcebf5", "#ffffff"] * (cells // 2) + ["#dcebf5"] * (cells % 2),
                        line=dict(color=GREY, width=1)))
        for name, place in marks.items():
            above = name != "read"
            fig.add_scatter(x=[place], y=[-k + (0.2 if above else -0.2)], mode="markers+text", text=[name],
                            textposition="top center" if above else "bottom center", cliponaxis=False,
                            hoverinfo="skip", textfont=dict(size=14, color=INK),
                            marker=dict(color=PALETTE[not above], size=12,
                                        symbol="triangle-down" if above else "triangle-up"))
    fig.update_xaxes(range=[-0.02, 1.02], tickvals=[0, 0.25, 0.5, 0.75, 1], zeroline=False, showgrid=False)
    fig.update_yaxes(range=[0.62 - len(rows), 0.55], tickvals=[-k for k in range(len(rows))], ticktext=list(rows),
                     ticks="", showgrid=False, zeroline=False)
    return say(fig, f"x = {x:.2f} and y = {y:.2f} are stored as one number, t = {t:.4f}. Read back: "
                    f"x = {x_read:.3f}, off by {abs(x_read - x):.3f}, and y = {y_read:.2f}, off by "
                    f"{abs(y_read - y):.3f}.")


def over_cells(cells: Sequence[int], curves: Mapping[str, Sequence[float]], alone: float, top: float) -> go.Figure:
    """Errors against the number of cells; ``alone`` is the error of keeping y alone, a level line. Axis to ``top``."""
    fig = lines(cells, {**curves, "y alone": [alone] * len(cells)}, x_axis="Z, cells", y_axis="error", y_span=(0, top))
    for trace in fig.data[:-1]:
        trace.mode = "lines+markers"
    fig.data[-1].line.update(color=GREY, dash="dot", width=2)
    lowest = "; ".join(f"{name} {min(curve):.4f} at Z = {cells[int(np.argmin(curve))]}"
                       for name, curve in curves.items())
    return say(fig, f"The lowest errors: {lowest}. Keeping y alone: {alone:.4f}.")


def added(right, packed, directions) -> go.Figure:
    """Sums of x and of y, (x, y) each: the right ones, and those read from an added code and an added arrow."""
    panels = {}
    for k, letter in enumerate("xy"):
        values = [sums[k] for sums in (right, packed, directions)]
        fig = panels[f"{letter}₁ + {letter}₂"] = bars([""] * 3 if k else ["right", "packed", "directions"], values,
                                                      span=(0, 2.2))
        fig.data[0].marker.color = [GREY, PALETTE[1], PALETTE[0]]
    off = "right" if abs(packed[1] - right[1]) < 0.001 else "wrong"
    return say(beside(panels, gap=0.04, height=220, margin=dict(l=110, r=20, t=48, b=40)),
               f"From the packed code: {packed[0]:.2f} for x₁ + x₂ = {right[0]:.2f}, and {packed[1]:.2f} for "
               f"y₁ + y₂ = {right[1]:.2f}, which is {off}. From the directions: {directions[0]:.2f} and "
               f"{directions[1]:.2f}.")


def readers(t, floor, network) -> go.Figure:
    """What the floor reader and a network read from codes ``t`` (n,): x and y, (2, n) each, in two panels."""
    floor, network = np.asarray(floor, float), np.asarray(network, float)
    off = np.sqrt(((floor - network) ** 2).mean(axis=1))  # root mean square, over evenly spread codes
    panels = {f"{letter}, read from t": (t, {"floor": floor[k], "network": network[k]})
              for k, letter in enumerate("xy")}
    return say(side_by_side(panels, x_axis="code t", y_span=(-0.15, 1.15)),
               f"The network's x differs from the floor reader's by {off[0]:.2f} and its y by {off[1]:.2f} "
               "(root mean square).")


def code_maps(codes: Mapping[str, Sequence[float]]) -> go.Figure:
    """Codes over the unit square as ten bands of equal area: low codes orange, high ones blue.

    ``codes``: heading -> (n²,), at the middles of n × n equal cells, y changing faster than x. The sentence says how
    much of each code's variance the best weighted sum of x and y has.
    """
    flat, says = {}, []
    for k, (heading, code) in enumerate(codes.items()):
        code = np.asarray(code, float)
        n = round(code.size ** 0.5)
        code, middles = code.reshape(n, n).T, (np.arange(n) + 0.5) / n  # now row y, column x
        code = code.round(9)
        low, high = (np.searchsorted(np.sort(code, axis=None), code, side) for side in ("left", "right"))
        rank = (low + high - 1) / (code.size - 1) - 1  # from -1 to 1
        place = dict(range=[0, 1], showgrid=False, zeroline=False, tickvals=[0, 0.5, 1])
        fig = figure(showlegend=False, xaxis=dict(title=dict(text="x"), **place),
                     yaxis=dict(title=dict(text="" if k else "y"), **place))
        fig.add_contour(z=rank.round(3), x=middles, y=middles, colorscale=SIGNED, zmin=-1, zmax=1, showscale=False,
                        hoverinfo="skip", contours=dict(start=-0.8, end=0.8, size=0.2), line=dict(color=INK, width=1))
        flat[heading] = fig
        slopes = np.array([(code.mean(axis=axis) * (middles - 0.5)).mean() * 12 for axis in (0, 1)])
        says.append(f"{heading}: a weighted sum of x and y has {(slopes ** 2).sum() / 12 / code.var():.0%} of the "
                    "code's variance.")
    return say(beside(flat, gap=0.08, height=440), " ".join(says))
