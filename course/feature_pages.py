"""Pages about latents and neurons, as HTML without scripts.

Introduced in notebook 08. Every character that comes from a text is escaped, and those that would not be seen, or
would change the order of others, are shown as signs (:func:`course.style.visible`). The browser that turns the pages
is :mod:`course.feature_browser`.
"""
from __future__ import annotations

import html
import re
from collections.abc import Sequence

import numpy as np

from .features import Example, Features
from .style import visible

STYLE = """<style>
.course-page{line-height:1.5;color:var(--jp-content-font-color1)}
.course-unit{display:flex;flex-wrap:wrap;gap:8px 28px}
.course-unit>*{flex:1 1 18em;min-width:0}.course-unit>.course-examples{flex:3 1 32em}
.course-pair{display:flex;flex-wrap:wrap;gap:8px 36px}.course-pair>*{flex:1 1 26em;min-width:0}
.course-page h3{margin:6px 0 2px;font-size:16px}.course-page h4{margin:10px 0 2px;font-size:14px}
.course-page p{margin:2px 0;font-size:14px}
.course-page td,.course-page th{padding:0 12px 0 0;text-align:left;font-size:13px}
.course-example{white-space:pre-wrap;overflow-wrap:anywhere;font-size:14px;padding:3px 8px;margin:3px 0;
border-left:3px solid rgba(128,128,128,.4);unicode-bidi:isolate}
.course-example i{font-style:normal;opacity:.75;font-size:12px;unicode-bidi:isolate}
.course-page small{font-size:75%;white-space:nowrap;unicode-bidi:isolate}
.course-example b{text-decoration:underline;text-decoration-thickness:2px;text-underline-offset:3px}
.course-option{display:flex;gap:10px;align-items:baseline}
.course-bars{display:flex;align-items:flex-end;gap:1px;height:54px;max-width:20em;border-bottom:1px solid gray}
.course-bars span{flex:1;background:rgb(0,114,178)}
.course-reading{padding-bottom:10px}.course-reading .widget-toggle-button{height:auto;min-height:24px;line-height:1.3;
padding:2px 8px;white-space:normal;text-align:left;font-size:13px}
</style>"""


def as_html(token: str) -> str:
    """A token or a label as HTML: escaped, with signs for line ends and hidden characters; what is written as ‹…› is
    small."""
    return re.sub("‹[0-9A-FU+ ]+›", r"<small dir='ltr'>\g<0></small>", html.escape(visible(token)))


def quoted(token: str) -> str:
    """A token in quotes, as HTML."""
    return f'<span dir="auto" style="white-space:pre-wrap">“{as_html(token)}”</span>'


def shade(share: float) -> str:
    """The style of a token whose activation is this ``share`` of the largest: more orange the larger.

    In the dark theme the letters are white on a weak orange and black on a strong one. Between them is a step, since
    on a middle orange neither can be read.
    """
    strength = 0.15 + 0.7 * share if share < 0.5 else 0.5 + 0.5 * share
    return f"background:rgba(230,159,0,{strength:.2f})" + (";color:#000" if share >= 0.5 else "")


def shaded(tokens: Sequence[str], amounts: Sequence[float], largest: float, place: int | None = None) -> str:
    """``tokens`` in a row, stronger in colour the larger their activation; the one at ``place`` is bold, underlined.

    Single bytes, as begin a character whose last token shows it whole, are written only where they have an activation.
    """
    found = []
    for k, (token, amount) in enumerate(zip(tokens, amounts, strict=True)):
        share = min(1.0, max(0.0, float(amount) / largest)) if largest > 0 else 0.0
        if not share and k != place:
            token = re.sub("‹[89A-F][0-9A-F ]*›", "", token)
        elif token.isspace():
            token = token.replace(" ", "␣")
        shown = as_html(token)
        if share:
            shown = f'<span style="{shade(share)}" title="{amount:.2f}">{shown}</span>'
        found.append(f"<b>{shown}</b>" if k == place else shown)
    return "".join(found)


def snippet(example: Example, largest: float, label: bool = True) -> str:
    """One example in a box of its own, shaded by activation; ``largest`` 0 leaves the shading out."""
    row = shaded(example.tokens, example.amounts, largest, example.place if largest else None)
    kind = f' <i dir="ltr">{html.escape(example.label)}</i>' if label else ""
    return f'<div class="course-example" dir="auto">{row}{kind}</div>'


def rows_of(rows: Sequence[Sequence[str]], headings: Sequence[str]) -> str:
    """A table of cells that are HTML already."""
    body = "".join("<tr>" + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>" for row in rows)
    return f"<table><tr>{''.join(f'<th>{heading}</th>' for heading in headings)}</tr>{body}</table>"


def _bars(counts: np.ndarray) -> str:
    top = np.log1p(counts.max()) or 1.0
    bars = "".join(f'<span style="height:{np.log1p(count) / top:.0%}"></span>' for count in counts)
    return (f'<div class="course-bars" role="img" aria-label="Tokens by activation, from just above zero on the left '
            f'to the largest on the right, on a logarithmic scale.">{bars}</div>')


def examples(features: Features, kind: str, unit: int, most: int | None = None) -> str:
    """The examples of one unit as HTML, the strongest first; at most ``most`` of each band."""
    units = features.units(kind)
    unit, largest = units.number(unit), float(units.largest[units.number(unit)])
    found = [f"<h4>Activation: {band}</h4>" + "".join(snippet(example, largest) for example in some[:most])
             for band, some in units.bands(unit).items()]
    return "".join(found) or "<p>It is never on in the text that comes with the course.</p>"


def own_text(features: Features, kind: str, unit: int, words: str) -> str:
    """``words`` with every token shaded by what one unit says to it, and a sentence on how strong that is.

    The shade is by the unit's largest activation in the course's text. :class:`course.CourseError` if there is
    nothing to read.
    """
    example, known = features.example_of(kind, unit, words), float(features.units(kind).largest[unit])
    here, on = float(example.amounts.max()), int((example.amounts > 0).sum())
    said = f"On at {on} of {len(example.tokens)} tokens. The largest activation, {here:.2f}, is " + (
        f"{here / known:.0%} of the largest in the text that comes with the course." if known else
        "here; in the text that comes with the course it is never on.") if on else "Off at all of these tokens."
    row = shaded(example.tokens, example.amounts, known or here, example.place if on else None)
    kind = f' <i dir="ltr">{html.escape(example.label)}</i>' if example.label else ""
    return f'<div class="course-example" dir="auto">{row}{kind}</div><p>{said}</p>'


def page(features: Features, kind: str, unit: int, words: str = "") -> str:
    """Everything known about one unit, as HTML, with what it says to ``words`` on top."""
    units = features.units(kind)
    unit = units.number(unit)
    density = float(units.density[unit])
    named = [[html.escape(name), f"{share:.0%}", f"{times:.1f} ×"] for name, share, times in units.labels(unit)]
    up, down = features.logits(kind, unit)
    tokens = [[quoted(a), f"{x:+z.2f}", quoted(b), f"{y:+z.2f}"]
              for (a, x), (b, y) in zip(up, down, strict=True)]
    effect, near = float(units.effect[unit]), units.nearest(unit)
    often = f"one token in {1 / density:,.0f}" if density else "no token"
    facts = (f"<h4>How often</h4><p>On for {often} of the text that comes with the course. Its largest activation "
             f"there is {float(units.largest[unit]):.2f}.</p>"
             f"{_bars(units.histogram[unit])}<p>just above 0 … largest; tokens on a logarithmic scale</p>"
             f"<h4>Where</h4>{rows_of(named, ['kind of document', 'of its tokens', 'times chance'])}"
             + (f"<h4>Nearest neuron</h4><p>{str(near).capitalize()}. The share is that of the squared decoder row "
                "which is on this neuron: near 1, the latent copies it.</p>" if near else "")
             + f"<h4>What it does</h4><p>Without it the model predicts {'worse' if effect >= 0 else 'better'}, by "
             f"{abs(effect):.3f} nats on a token where it is on (a nat is 1.44 bits).</p>"
             f"{rows_of(tokens, ['more likely', '', 'less likely', ''])}")
    own = f"<h4>On your text</h4>{own_text(features, kind, unit, words)}" if words.strip() else ""
    title = f'<h3><bdi dir="ltr">{as_html(units.title(unit))}</bdi></h3>'
    return (f'{STYLE}<div class="course-page">{title}<div class="course-unit"><div class="course-examples">{own}'
            f"{examples(features, kind, unit)}</div><div>{facts}</div></div></div>")


def side_by_side(pages: Sequence[str]) -> str:
    """Pages beside each other where there is room, as HTML."""
    return pages[0] if len(pages) == 1 else f'<div class="course-pair">{"".join(pages)}</div>'
