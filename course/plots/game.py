"""Figures of the word game (notebook 04)."""
from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import plotly.graph_objects as go

from ..style import GREY, INK, ORANGE, PALETTE, figure, number, say
from .general import bars, beside, heat, lines

_BROWN = "#8a5a00"
#: What is added to the stream of a one-layer transformer at one place, in this order.
STOPS = ("token", "position", "attention", "MLP")


def stations(words: Sequence[str], looks, probabilities, vocabulary: Sequence[str]) -> go.Figure:
    """What the last token of a prompt passes: where its attention looks, and what it would answer after each station.

    ``words``: the prompt's tokens, at most twelve. ``looks`` (heads, length): how much each head looks at each of
    them. ``probabilities`` (4, vocabulary): those of the stream after each of :data:`STOPS`, unembedded.
    """
    looks, probabilities = np.asarray(looks, float).mean(axis=0), np.asarray(probabilities, float)
    fig = figure(height=400, showlegend=False, margin=dict(l=12, r=12, t=12, b=12))
    ends = [k - len(words) + 1 for k in range(len(words))]  # the last token stands at 0
    long = max(map(len, words)) > 6  # then answers stand lower than questions, so that words do not overlap
    low = [-0.6 * (long and k % 4 == 2) for k in range(len(words))]
    for end, down, share in zip(ends, low, looks, strict=True):
        fig.add_shape(type="line", x0=end, y0=0.3 + down, x1=0, y1=2, layer="below", opacity=0.75,
                      line=dict(color=ORANGE, width=round(14 * share, 1)))
    fig.add_shape(type="line", x0=0, y0=0.25, x1=0, y1=3, layer="below", line=dict(color=GREY, width=3))
    fig.add_scatter(x=ends, y=low, mode="text", text=[f"<b>{word}</b>" for word in words])
    fig.add_scatter(x=ends, y=[down - 0.3 for down in low], mode="text", textfont=dict(size=12, color=_BROWN),
                    text=[f"{share:.0%}" for share in looks])
    fig.add_scatter(x=[0, 0, 0], y=[1, 2, 3], mode="markers", marker=dict(size=13, color=INK))
    firsts, place = [], dict(x=0, xanchor="left", showarrow=False)
    for height, (name, row) in enumerate(zip(STOPS, probabilities, strict=True)):
        first, second = row.argsort()[::-1][:2]
        firsts.append(vocabulary[first])
        star = "★ " * (name == STOPS[-1])
        fig.add_annotation(**place, y=height, xshift=14, text=f"+ {name}" if height else "")
        fig.add_annotation(**place, y=height, xshift=105, font=dict(size=13), text=f"<b>{star}{vocabulary[first]} "
                           f"{row[first]:.2f}</b>   {vocabulary[second]} {row[second]:.2f}")
    fig.add_annotation(**place, y=3.6, xshift=105, text="first choices", font=dict(color=GREY))
    fig.add_annotation(x=-11.9, y=3.6, xanchor="left", showarrow=False, font=dict(color=_BROWN, size=12),
                       text="where the last token looks, mean of the heads")
    fig.update_traces(hoverinfo="skip").update_xaxes(range=[-12.1, 9.8], visible=False)
    fig.update_yaxes(range=[-1.1, 3.85], visible=False)
    most = int(looks.argmax())
    note = "" if words[-1] == ":" else f" It was never trained to answer after “{words[-1]}”, only after a colon."
    return say(fig, f"Attention looks most at “{words[most]}”, with {looks[most]:.0%}. After attention the first "
                    f"choice is {firsts[2]}, after the MLP {firsts[3]}.{note}")


def likeliest(vocabulary: Sequence[str], probabilities, count: int = 5) -> go.Figure:
    """The most probable words of a model as bars; ``probabilities`` (vocabulary,)."""
    probabilities = np.asarray(probabilities, float)
    best = probabilities.argsort()[::-1][:count]
    words = [vocabulary[k] for k in best]
    fig = bars(words, probabilities[best], marked=words[:1], axis="probability", span=(0, 1.1))
    fig.update_traces(textposition="outside").update_layout(margin_l=130)
    return say(fig, f"The first choice is {words[0]}, with probability {probabilities[best[0]]:.2f}.")


def started(play, word: str, relations: Sequence[str], strengths, at: float, probabilities) -> go.Figure:
    """The answers to ``word`` while a vector is added: their probabilities at strength ``at``, and as curves.

    ``play``: a :class:`course.game.Game`, of which the answers in ``relations`` are drawn. ``probabilities``
    (strengths, vocabulary); what those answers leave is drawn as "any other word".
    """
    words = [play.relations[relation][word] for relation in relations]
    strengths, probabilities = np.asarray(strengths, float), np.asarray(probabilities, float)[:, play.index(words)]
    names = [*words, "any other word"]
    shares = np.column_stack([probabilities, 1 - probabilities.sum(axis=1)])
    now = shares[abs(strengths - at).argmin()]
    bar = bars(names, now, axis="probability", span=(0, 1.15))
    bar.update_traces(textposition="outside", showlegend=False, marker_color=[*PALETTE[:len(words)], GREY])
    curves = lines(strengths, dict(zip(names, shares.T, strict=True)), x_axis="strength", y_span=(-0.02, 1.02), at=at)
    curves.data[-1].line.color = GREY
    fig = beside({f"at strength {at:.1f}": bar, "at every strength": curves}, height=380, gap=0.08)
    fig.update_layout(margin_l=150)
    rows = ", ".join(f"{name} {number(share)}" for name, share in zip(names, now, strict=True))
    return say(fig, f"Probabilities at strength {at:.1f}: {rows}.")


def swaps(panels: Mapping[str, np.ndarray], names: Sequence[str]) -> go.Figure:
    """Shares of right answers (shown, wanted) in each relation of ``names``, as tables of colours beside each other."""
    flat = {heading: heat(shares, x=names, y=names, write=".0%", bound=1, x_axis="wanted")
            .update_traces(showscale=False).update_xaxes(tickangle=30) for heading, shares in panels.items()}
    for k, one in enumerate(flat.values()):
        one.update_yaxes(title=dict(text="" if k else "in the examples"), showticklabels=not k)
    off = ~np.eye(len(names), dtype=bool)
    means = ", ".join(f"{np.asarray(shares)[off].mean():.0%} with {heading}" for heading, shares in panels.items())
    return say(beside(flat, height=360, gap=0.06, margin=dict(l=130, r=40, t=40, b=100)),
               f"Answers of the wanted game where it is not that of the examples: {means}.")
