"""Pages about latents and neurons, the browser that turns them, and the blind test.

Introduced in notebook 08. A page is HTML without scripts. Every character that comes from a text is escaped, and
those that would not be seen, or would change the order of others, are shown as signs (:func:`course.style.visible`).
"""
from __future__ import annotations

import html
import re
from collections.abc import Sequence

import ipywidgets
import numpy as np

from . import CourseError, blind
from .features import KINDS, Example, Features
from .style import visible
from .widgets import Block, choice, line, row, text, told

STYLE = """<style>
.course-page{display:flex;flex-wrap:wrap;gap:8px 28px;line-height:1.5;color:var(--jp-content-font-color1)}
.course-page>*{flex:1 1 18em;min-width:0}.course-page>.course-examples{flex:3 1 32em}
.course-page h4{margin:10px 0 2px;font-size:14px}.course-page p{margin:2px 0;font-size:14px}
.course-page td,.course-page th{padding:0 12px 0 0;text-align:left;font-size:13px}
.course-example{white-space:pre-wrap;overflow-wrap:anywhere;font-size:14px;padding:3px 8px;margin:3px 0;
border-left:3px solid rgba(128,128,128,.4);unicode-bidi:isolate}
.course-example i{font-style:normal;opacity:.65;font-size:12px;unicode-bidi:isolate}
.course-page small{opacity:.8;font-size:75%;white-space:nowrap;unicode-bidi:isolate}
.course-example b{text-decoration:underline;text-decoration-thickness:2px;text-underline-offset:3px}
.course-option{display:flex;gap:10px;align-items:baseline}
.course-bars{display:flex;align-items:flex-end;gap:1px;height:54px;max-width:20em;border-bottom:1px solid gray}
.course-bars span{flex:1;background:rgb(0,114,178)}
</style>"""


def _token(token: str) -> str:
    """A token as HTML: escaped, with signs for line ends and hidden characters, and what is written as ‹…› small."""
    return re.sub("‹[0-9A-FU+ ]+›", r"<small dir='ltr'>\g<0></small>", html.escape(visible(token)))


def _quoted(token: str) -> str:
    return f'<span dir="auto" style="white-space:pre-wrap">“{_token(token)}”</span>'


def shade(share: float) -> str:
    """The style of a token whose activation is this ``share`` of the largest: more orange the larger.

    In the dark theme the letters are white on a weak orange and black on a strong one. Between them is a step, since
    on a middle orange neither can be read.
    """
    strength = 0.15 + 0.7 * share if share < 0.5 else 0.3 + 0.7 * share
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
        shown = _token(token)
        if share:
            shown = f'<span style="{shade(share)}" title="{amount:.2f}">{shown}</span>'
        found.append(f"<b>{shown}</b>" if k == place else shown)
    return "".join(found)


def snippet(example: Example, largest: float, label: bool = True) -> str:
    """One example in a box of its own, shaded by activation; ``largest`` 0 leaves the shading out."""
    row = shaded(example.tokens, example.amounts, largest, example.place if largest else None)
    kind = f' <i dir="ltr">{html.escape(example.label)}</i>' if label else ""
    return f'<div class="course-example" dir="auto">{row}{kind}</div>'


def _rows(rows: Sequence[Sequence[str]], headings: Sequence[str]) -> str:
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


def page(features: Features, kind: str, unit: int) -> str:
    """Everything known about one unit, as HTML."""
    units = features.units(kind)
    unit = units.number(unit)
    density = float(units.density[unit])
    named = [[html.escape(name), f"{share:.0%}", f"{times:.1f} ×"] for name, share, times in units.labels(unit)]
    up, down = features.logits(kind, unit)
    tokens = [[_quoted(a), f"{x:+z.2f}", _quoted(b), f"{y:+z.2f}"]
              for (a, x), (b, y) in zip(up, down, strict=True)]
    effect = float(units.effect[unit])
    often = f"one token in {1 / density:,.0f}" if density else "no token"
    facts = (f"<h4>How often</h4><p>On for {often} of the text that comes with the course. Its largest activation "
             f"there is {float(units.largest[unit]):.2f}.</p>"
             f"{_bars(units.histogram[unit])}<p>just above 0 … largest; tokens on a logarithmic scale</p>"
             f"<h4>Where</h4>{_rows(named, ['kind of document', 'of its tokens', 'times chance'])}"
             f"<h4>What it does</h4><p>Without it the model predicts {'worse' if effect >= 0 else 'better'}, by "
             f"{abs(effect):.3f} nats on a token where it is on (a nat is 1.44 bits).</p>"
             f"{_rows(tokens, ['more likely', '', 'less likely', ''])}")
    return (f'{STYLE}<div class="course-page"><div class="course-examples">{examples(features, kind, unit)}</div>'
            f"<div>{facts}</div></div>")


def reading(features: Features, words: str, most: int = 5) -> str:
    """The strongest latents at each token of ``words``, as an HTML table."""
    rows = [[_quoted(token), " · ".join(f"{unit} ({amount:.1f})" for unit, amount in found) or "none"]
            for token, found in features.on(words, most)]
    headings = ["token", f"the {most} strongest latents (activation)"]
    return f'{STYLE}<div class="course-page">{_rows(rows, headings)}</div>'


class Reader(Block):
    """A line to type in, and the latents that are on at each token; make one with :func:`read_along`."""

    def __init__(self, features: Features, words: str):
        self.words, self.message, self.shown = text(words, "text", width="44em"), ipywidgets.HTML(), ipywidgets.HTML()
        super().__init__([self.words, self.message, self.shown], "demo")

        def draw(_change=None):
            with told(self.message):
                self.shown.value = reading(features, self.words.value)
        self.words.observe(draw, "value")
        draw()


def read_along(features: Features, words: str) -> Reader:
    """Type a text and see which latents are on, token by token."""
    return Reader(features, words)


class FeatureBrowser(Block):
    """Pages of latents and neurons under a search line; make one with :func:`browse`."""

    def __init__(self, features: Features, search: str, kind: str = "latent"):
        self.features = features
        self.search = text(search, "find a word, a context or a number", width="28em")
        self.found = choice([], "found")
        self.kind = choice([("latents of the dictionary", "latent"), ("neurons of the model", "neuron")], "look at")
        self.number = ipywidgets.BoundedIntText(0, 0, len(features.latents) - 1, description="number",
                                                style=dict(description_width="initial"), layout=dict(width="10em"))
        self.message, self.shown = ipywidgets.HTML(), ipywidgets.HTML()
        rows = [row([self.search, self.found]), row([self.kind, self.number])]
        # a search finds latents: where neurons come first it would only be in the way
        super().__init__([*rows[kind != "latent":], self.message, self.shown], "demo")
        self.search.observe(self._search, "value")
        self.found.observe(lambda change: change.new is not None and self._go("latent", change.new), "value")
        self.kind.observe(self._kind, "value")
        self.number.observe(self._draw, "value")
        self._search()
        if kind != "latent":
            self.kind.value, self.number.value = kind, 0

    def _search(self, _change=None):
        options = []
        with told(self.message):
            options = self.features.search(self.search.value)
            if not options:
                raise CourseError("No latent is on for this.")
        if options:
            self.found.options = [(f"latent {unit}: {why}", unit) for unit, why in options]
            self.found.index = 0  # new options alone would leave it empty
            self._go("latent", options[0][0])

    def _kind(self, change):
        self.number.max = len(self.features.units(change.new)) - 1
        self._draw()

    def _go(self, kind, unit):
        with self.hold_trait_notifications():
            self.kind.value, self.number.value = kind, int(unit)
        self._draw()

    def _draw(self, _change=None):
        with told(self.message):
            self.shown.value = page(self.features, self.kind.value, self.number.value)


def browse(features: Features, search: str = "arabic", kind: str = "latent") -> FeatureBrowser:
    """Search latents and turn their pages; neurons too, and those first with ``kind="neuron"``."""
    return FeatureBrowser(features, search, kind)


class BlindTest(Block):
    """One question after the other, and at the end a score for latents and one for neurons."""

    def __init__(self, features: Features, asked: list[blind.Question]):
        self.features, self.asked, self.given, self.labels = features, asked, [], []
        self.head, self.page, self.message = (ipywidgets.HTML() for _ in range(3))
        self.label = text("", "what these have in common", width="32em")
        self.pick = ipywidgets.RadioButtons(options=[], layout=dict(width="max-content"))
        self.next = ipywidgets.Button(description="That is my answer", layout=dict(width="max-content"))
        self.next.on_click(self._answer)
        super().__init__([self.head, self.page, self.label, self.pick, self.next, self.message], "quiz")
        self._draw()

    def _draw(self):
        number = len(self.given)
        if number == len(self.asked):
            self.head.value = line("All questions are answered.", "sentence")
            self.page.value = self._result()
            for control in (self.label, self.pick, self.next):
                control.layout.display = "none"
            return
        question = self.asked[number]
        self.head.value = line(f"Unit {number + 1} of {len(self.asked)}. Examples on which it is strong: the stronger, "
                               "the more colour.", "sentence")
        largest = float(self.features.units(question.kind).largest[question.unit])
        shown = "".join(snippet(example, largest, label=False) for example in question.shown)
        options = "".join(f'<div class="course-option"><b>{"ABCD"[k]}</b>{snippet(example, 0, label=False)}</div>'
                          for k, example in enumerate(question.options))
        self.page.value = (f'{STYLE}<div class="course-page"><div class="course-examples">{shown}<h4>On which of these '
                           f"is it on too? On three of them it is off.</h4>{options}</div></div>")
        self.label.value = ""
        self.pick.options = list("ABCD"[:len(question.options)])
        self.pick.index = None

    def _answer(self, _button):
        with told(self.message):
            if self.pick.index is None:
                raise CourseError("Choose A, B, C or D first; a guess is fine.")
            self.given.append(self.pick.index)
            self.labels.append(self.label.value.strip())
            self._draw()

    def score(self) -> dict[str, tuple[int, int]]:
        """For latents and neurons: how many answers were right, of how many."""
        found = {}
        for kind in KINDS:
            pairs = [(given, question.answer) for given, question in zip(self.given, self.asked, strict=False)
                     if question.kind == kind]
            found[kind] = sum(given == answer for given, answer in pairs), len(pairs)
        return found

    def _result(self):
        rows = [[f"{question.kind} {question.unit}", html.escape(visible(label)) or "(no words)",
                 f"{'ABCD'[given]}, " + ("right" if given == question.answer else f"it was {'ABCD'[question.answer]}")]
                for question, given, label in zip(self.asked, self.given, self.labels, strict=True)]
        score = ", ".join(f"{kind}s {right} of {count}" for kind, (right, count) in self.score().items())
        return (f"{STYLE}<div class='course-page'><div><p>Right: {score}. By chance: one in {blind.OPTIONS}.</p>"
                f"{_rows(rows, ['unit', 'your words', 'your answer'])}</div></div>")


def blind_test(features: Features, count: int = 8, seed: int = 0) -> BlindTest:
    """A blind test with ``count`` questions."""
    return BlindTest(features, blind.questions(features, count, seed))
