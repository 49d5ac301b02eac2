"""How things look: colours, dashes, markers, the plotly template, and numbers and typed text in sentences.

The palette is Okabe and Ito's (2008), told apart by people with every common form of
colour blindness. Colour never carries meaning alone: use :data:`DASHES`, :data:`MARKERS`
or a label beside it.
"""
from __future__ import annotations

import unicodedata

import plotly.graph_objects as go

BLUE, ORANGE, GREEN, RED, PURPLE, SKY = "#0072B2", "#E69F00", "#009E73", "#D55E00", "#CC79A7", "#56B4E9"
INK, GREY, PALE = "#222222", "#6b6b6b", "#dddddd"
PALETTE = (BLUE, RED, GREEN, ORANGE, PURPLE, SKY)
DASHES = ("solid", "dash", "dot", "dashdot", "longdash", "longdashdot")
MARKERS = ("circle", "diamond", "square", "triangle-up", "x", "cross")
#: Diverging scale for signed values, light in the middle: negative orange-red, positive blue.
SIGNED = ((0.0, RED), (0.5, "#ffffff"), (1.0, BLUE))

_AXIS = dict(gridcolor="#ececec", zerolinecolor="#c8c8c8", linecolor="#c8c8c8", ticks="outside",
             tickcolor="#c8c8c8", automargin=True, title=dict(standoff=8))
_AXIS3D = dict(gridcolor="#d8d8d8", zerolinecolor="#b0b0b0", backgroundcolor="#ffffff", showspikes=False)
TEMPLATE = go.layout.Template(layout=dict(
    font=dict(family="system-ui, 'Segoe UI', 'DejaVu Sans', sans-serif", size=14, color=INK),
    title=dict(font=dict(size=16), x=0.01, xanchor="left"),
    colorway=PALETTE, paper_bgcolor="#ffffff", plot_bgcolor="#ffffff",
    margin=dict(l=56, r=20, t=48, b=48), xaxis=_AXIS, yaxis=_AXIS,
    scene=dict(xaxis=_AXIS3D, yaxis=_AXIS3D, zaxis=_AXIS3D),
    legend=dict(orientation="h", x=0, y=1.0, yanchor="bottom", bgcolor="rgba(255,255,255,0.7)"),
    hoverlabel=dict(font=dict(size=14)),
))


def figure(height: int = 420, **layout) -> go.Figure:
    """An empty figure in the course's style, ``height`` pixels high, as wide as its place."""
    return go.Figure(layout=dict(template=TEMPLATE, height=height, uirevision="kept", **layout))


def say(fig: go.Figure, sentence: str) -> go.Figure:
    """``fig`` with the sentence that describes it, for whoever shows it; replaces an earlier one."""
    fig.update_layout(meta=dict(sentence=sentence))
    return fig


def said(fig: go.Figure) -> str:
    """The sentence that describes ``fig``, or an empty string."""
    return (fig.layout.meta or {}).get("sentence", "")


def number(value: float, digits: int = 2) -> str:
    """``value`` with so many decimals, never −0.00: what rounds to zero has no sign."""
    return format(float(value), f"z.{digits}f")


def plural(word: str) -> str:
    """The plural of a regular English noun: crosses, dimensions."""
    return word + ("es" if word.endswith(("s", "x", "ch", "sh")) else "s")


def count(many: int, word: str) -> str:
    """A number with its noun: "1 dimension", "2 dimensions"."""
    return f"{many:,} {word if many == 1 else plural(word)}"


_SIGNS = {"\n": "⏎", "\t": "⇥", "\r": "␍", "\u00a0": "⍽", "\u200c": "\u200c", "\u200d": "\u200d"}  # joiners stay
_HIDDEN = {"Cc", "Cf", "Cn", "Co", "Cs", "Zl", "Zp"}  # controls, formats, line ends, and what is no character
ISOLATED = "\u2068\u2069"  #: what stands between these two has a writing direction of its own


def visible(text: str, keep: str = "") -> str:
    """``text`` with signs for what cannot be seen or would change the order of the rest, such as ‹00› and ‹U+202E›.

    Different characters look different. ``keep``: characters to leave alone.
    """
    def sign(letter):
        if letter in keep or unicodedata.category(letter) not in _HIDDEN:
            return letter
        return f"‹{ord(letter):02X}›" if letter < "\x80" else f"‹U+{ord(letter):04X}›"
    return "".join(_SIGNS.get(letter) or sign(letter) for letter in text)


def shortened(text: str, longest: int) -> str:
    """``text``, with its middle left out where it is longer than ``longest`` characters."""
    half = longest // 2
    return text if len(text) <= longest else f"{text[:half]} … {text[-half:]}"


def show_text(text: str, longest: int = 60) -> str:
    """Text that somebody typed, or that a model wrote, in quotes for a sentence: every character can be seen, a long
    middle is left out, and it cannot turn the sentence around it, whatever its writing direction."""
    return f"“{visible(shortened(text, longest)).join(ISOLATED)}”"
