"""The browser of latents and neurons, the reader that says which are on, and the blind test, as widgets.

Introduced in notebook 08. The pages themselves are made in :mod:`course.feature_pages`.
"""
from __future__ import annotations

import html

import ipywidgets
import numpy as np
import traitlets

from . import CourseError, blind
from .feature_pages import STYLE, as_html, page, quoted, rows_of, side_by_side, snippet
from .features import KINDS, Features
from .style import shortened, show_text, visible
from .widgets import Block, choice, line, row, text, told

LATENTS = 4  #: latents that the reader offers for each token
UNSURE = 0.5  #: a label whose F1 is below this gets a question mark where there is no room for the F1


def plain_label(features: Features, kind: str, unit: int) -> str | None:
    """The label of a unit for a button, which holds no HTML: all characters visible, and in a writing direction of
    its own; with a question mark where its F1 is low. None where the unit has no label."""
    label = features.units(kind).label(unit)
    if label is None:
        return None
    return f"\u2066{visible(shortened(label[0], 40))}{'?' if label[1] < UNSURE else ''}\u2069"


def _button(label, act):
    made = ipywidgets.Button(description=label, layout=dict(width="max-content"))
    made.on_click(lambda _button: act())
    return made


class Pages(ipywidgets.VBox):
    """Pages of units, one at a time or two beside each other, with a way back.

    ``at`` is the kind and the number of the page that is open, or None; ``words`` is a line of text that its unit is
    shown on, and ``controls`` stand beside the buttons that turn the page.
    """

    at = traitlets.Any()

    def __init__(self, features: Features, words: ipywidgets.Text, controls=()):
        self.features, self.words, self.past, self.coming = features, words, [], []
        self.back = _button("← back", lambda: self._step(self.past, self.coming))
        self.forward = _button("forward →", lambda: self._step(self.coming, self.past))
        self.random = _button("a random latent", self._random)
        self.beside = ipywidgets.ToggleButtons(style=dict(button_width="max-content"), layout=dict(width="auto"))
        self.turn = _button("turn to that page", lambda: self.show(*self.beside.value))
        self.message, self.shown = ipywidgets.HTML(), ipywidgets.HTML()
        super().__init__([row([self.back, self.forward, self.random, *controls]), row([self.beside, self.turn]),
                          self.message, self.shown])
        self.beside.observe(self._draw, "value")
        words.observe(self._draw, "value")

    def show(self, kind: str, unit: int) -> None:
        """Open a page."""
        if (kind, unit) != self.at:
            if self.at:
                self.past.append(self.at)
            self.coming.clear()
            self._turn((kind, unit))

    def _step(self, here, there):
        if here:
            there.append(self.at)
            self._turn(here.pop())

    def _random(self):
        kind = self.at[0] if self.at else "latent"
        on = np.flatnonzero(self.features.units(kind).density > 0)
        self.show(kind, int(np.random.default_rng().choice(on)))

    def _turn(self, at):
        kind, unit = at
        self.back.disabled, self.forward.disabled = not self.past, not self.coming
        self.random.description = f"a random {kind}"
        others = self._others(kind, unit)
        self.beside.unobserve(self._draw, "value")
        self.beside.index = None
        self.beside.options = [("this page alone", None), *others]
        self.beside.index = 0
        self.beside.observe(self._draw, "value")
        self.beside.layout.display = None if others else "none"
        self.at = at
        self._draw()

    def _others(self, kind, unit):
        """What can stand beside a page: for a latent its nearest neuron, for a neuron the latents nearest to it."""
        latents = self.features.latents
        if kind == "latent":
            near = latents.nearest(unit)
            return [(f"with the nearest {near}", ("neuron", near.neuron))] if near else []
        return [(f"with latent {k}" + (f": {label}" if (label := plain_label(self.features, "latent", k)) else ""),
                 ("latent", k)) for k in latents.near(unit)]

    def _draw(self, _change=None):
        if not self.at:
            return
        shown = [self.at, *filter(None, [self.beside.value])]
        self.turn.layout.display = None if len(shown) > 1 else "none"
        with told(self.message):
            try:
                pages = [page(self.features, *at, self.words.value) for at in shown]
            except CourseError:  # the text cannot be read, the page can
                self.shown.value = side_by_side([page(self.features, *at) for at in shown])
                raise
            self.shown.value = side_by_side(pages)


class Reader(Block):
    """A line to type in, and the latents that are on at each token; make one with :func:`read_along`."""

    def __init__(self, features: Features, words: str):
        self.features, self.rows = features, []
        self.words, self.message = text(words, "text", width="44em"), ipywidgets.HTML()
        self.pages = Pages(features, self.words)
        self.pages.layout.display = "none"  # until one is opened
        self.table = ipywidgets.GridBox(layout=dict(grid_template_columns="max-content minmax(0, 1fr)",
                                                    grid_gap="2px 12px", max_height="28em", overflow="auto"))
        unsure = " A question mark: the F1 of this label is below .5." if features.latents.labelled else ""
        self.head = ipywidgets.HTML(
            f"{STYLE}<p>Each token with the latents that are strongest there, and in brackets their number and their "
            f"activation. Choose one to see its page.{unsure}</p>")
        reading = ipywidgets.VBox([self.head, self.table])
        for name in ("course-page", "course-reading"):
            reading.add_class(name)
        super().__init__([self.words, self.message, reading, self.pages], "demo")
        self.words.observe(self._draw, "value")
        self._draw()

    def _draw(self, _change=None):
        with told(self.message):
            found = self.features.on(self.words.value, LATENTS)
            while len(self.rows) < len(found):  # rows are used again: each is two widgets
                self.rows.append(self._row())
            while len(self.rows) > len(found):
                for part in self.rows.pop():
                    part.close()
            for (label, units), (token, some) in zip(self.rows, found, strict=True):
                label.value = quoted(token)
                units.index = None
                units.options = [(self._named(unit, amount), unit) for unit, amount in some]
                units.tooltips = [self.features.latents.title(unit) for unit, _ in some]
            self.table.children = [part for both in self.rows for part in both]

    def _row(self):
        if not self.rows:
            self._shared = dict(layout=ipywidgets.Layout(width="auto"),
                                style=dict(button_width="max-content", description_width="0px"))
        units = ipywidgets.ToggleButtons(options=[], **self._shared)
        units.observe(lambda change: change.new is not None and self._open(units, change.new), "value")
        return ipywidgets.HTML(layout=self._shared["layout"]), units

    def _named(self, unit, amount):
        label = plain_label(self.features, "latent", unit)
        return f"{label} ({unit}, {amount:.1f})" if label else f"{unit} ({amount:.1f})"

    def _open(self, units, unit):
        for _, other in self.rows:
            if other is not units:
                other.index = None
        self.pages.layout.display = None
        self.pages.show("latent", unit)


def read_along(features: Features, words: str) -> Reader:
    """Type a text and see which latents are on, token by token; a click on one opens its page."""
    return Reader(features, words)


class FeatureBrowser(Block):
    """Pages of latents and neurons under a search line; make one with :func:`browse`."""

    def __init__(self, features: Features, search: str, kind: str = "latent"):
        self.features, self._following = features, False
        names = [(f"{name} ({what})", name) for name, what in features.topics()]
        self.topic = choice([("choose one …", ""), *names], "contexts and kinds of document")
        self.search = text(search, "or find a word, a text or a number", width="28em")
        self.found = choice([], "found")
        self.found.layout = dict(width="auto", max_width="100%")
        self.kind = choice([("latents of the dictionary", "latent"), ("neurons of the model", "neuron")], "look at")
        self.number = ipywidgets.BoundedIntText(0, 0, len(features.latents) - 1, description="number",
                                                style=dict(description_width="initial"), layout=dict(width="10em"))
        self.message, self.words = ipywidgets.HTML(), text("", "on a text of your own", width="44em")
        self.pages = Pages(features, self.words, [self.kind, self.number])
        # a search finds latents: where neurons come first it would only be in the way
        searching = [row([self.topic, self.search]), self.found] if kind == "latent" else []
        super().__init__([*searching, self.message, self.words, self.pages], "demo")
        self.pages.observe(self._follow, "at")
        self.topic.observe(lambda change: change.new and setattr(self.search, "value", change.new), "value")
        self.search.observe(self._search, "value")
        self.found.observe(lambda change: change.new is None or self.pages.show("latent", change.new), "value")
        for control in (self.kind, self.number):
            control.observe(self._chosen, "value")
        if kind == "latent":
            self._search()
        if not self.pages.at:  # neurons, or a search that found nothing
            asked = kind == "neuron" and features.is_number(search)
            self.pages.show(kind, features.neurons.number(int(search)) if asked else 0)

    def _search(self, _change=None):
        words, known = self.search.value, [name for _, name in self.topic.options]
        self.topic.value = words.strip().lower() if words.strip().lower() in known else ""
        options = []
        with told(self.message):
            options = self.features.search(words)
            if not options:
                raise CourseError("No latent is on for this.")
        if options:
            title = self.features.latents.title
            self.found.index = None
            self.found.options = [(f"\u2066{visible(title(unit))}\u2069 ({why})", unit) for unit, why in options]
            self.found.index = 0
            if self.features.is_number(words) and options[0][1] != "its number":
                self.message.value = line(f"No latent has the number {show_text(words, 20)}: they go from 0 to "
                                          f"{len(self.features.latents) - 1}. So it is read as text.", "message")

    def _follow(self, change):
        """Kind and number are those of the page that is open, and ``found`` is empty where it is not on that page."""
        kind, unit = change.new
        self._following = True
        self.kind.value, self.number.max = kind, len(self.features.units(kind)) - 1
        self.number.value = unit
        self._following = False
        if (kind, unit) != ("latent", self.found.value):
            self.found.index = None

    def _chosen(self, _change):
        if not self._following:
            kind = self.kind.value
            self.pages.show(kind, min(self.number.value, len(self.features.units(kind)) - 1))


def browse(features: Features, search: str = "arabic", kind: str = "latent") -> FeatureBrowser:
    """Search latents and turn their pages; with ``kind="neuron"`` a neuron comes first, the one whose number is
    ``search``.

    :class:`course.CourseError` if ``search`` is neither text nor a number, or ``kind`` no kind of unit.
    """
    units = features.units(kind)
    if isinstance(search, int) and not isinstance(search, bool):
        search = str(units.number(search))
    if not isinstance(search, str):
        raise CourseError("What to search for is text in quotes, or the number of a latent.")
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
        so_far = ", ".join(f"{kind}s {right} of {count}" for kind, (right, count) in self.score().items() if count)
        self.head.value = line(f"Unit {number + 1} of {len(self.asked)}. Examples on which it is strong: the stronger, "
                               f"the more colour.{' Right so far: ' * bool(so_far)}{so_far}", "sentence")
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
        titles = [self.features.units(question.kind).title(question.unit) for question in self.asked]
        rows = [[f'<bdi dir="ltr">{as_html(title)}</bdi>', html.escape(visible(label)) or "(no words)",
                 f"{'ABCD'[given]}, " + ("right" if given == question.answer else f"it was {'ABCD'[question.answer]}")]
                for question, title, given, label in zip(self.asked, titles, self.given, self.labels, strict=True)]
        score = ", ".join(f"{kind}s {right} of {count}" for kind, (right, count) in self.score().items())
        return (f"{STYLE}<div class='course-page'><div><p>Right: {score}. By chance: one in {blind.OPTIONS}.</p>"
                f"{rows_of(rows, ['unit', 'your words', 'your answer'])}</div></div>")


def blind_test(features: Features, count: int = 8, seed: int = 0) -> BlindTest:
    """A blind test with ``count`` questions, half of them on latents and half on neurons: see
    :func:`course.blind.questions`."""
    return BlindTest(features, blind.questions(features, count, seed))
