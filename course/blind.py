"""A blind test on the reader: does a unit, latent or neuron, look as if it stood for one thing?

Introduced in notebook 08. Each question shows examples of a unit without saying which kind it is, and asks on which
of four other snippets it is on. Whoever has understood what the unit is for can tell; chance is one in four.
"""
from __future__ import annotations

import html
from dataclasses import dataclass

import ipywidgets
import numpy as np

from . import CourseError
from .feature_browser import STYLE, snippet
from .features import BANDS, KINDS, Example, Features
from .widgets import OwnKeys, line, text

SHOWN, OPTIONS = 6, 4


@dataclass(frozen=True)
class Question:
    """Examples of one unit, and snippets of which it is on in one."""

    kind: str
    unit: int
    shown: list[Example]
    options: list[Example]
    answer: int


def questions(features: Features, count: int = 8, seed: int = 0) -> list[Question]:
    """As many latents as neurons, drawn at random and shuffled.

    Shown are examples from the upper half of a unit's activations. Of the options one is another such example, from
    a document that is not among those shown where there is one, and the others are places drawn from the whole text
    at which, and around which, the unit is off.
    """
    if not (isinstance(count, int) and count >= 2):
        raise CourseError("A blind test has at least two questions.")
    draw, found = np.random.default_rng(seed), []
    for kind in KINDS:
        units, made = features.units(kind), 0
        for unit in draw.permutation(np.flatnonzero(units.density > 0)):
            question = _question(features, kind, int(unit), draw)
            if question is not None:
                found.append(question)
                made += 1
            if made == count // 2:
                break
    return [found[k] for k in draw.permutation(len(found))]


def _question(features, kind, unit, draw):
    bands = features.units(kind).bands(unit)
    strong = [example for band in BANDS[:3] for example in bands.get(band, [])]
    if len(strong) < SHOWN + 1:
        return None
    strong = [strong[k] for k in draw.permutation(len(strong))]
    shown = strong[:SHOWN]
    seen = ["".join(example.tokens) for example in shown]
    others = [example for example in strong[SHOWN:] if "".join(example.tokens) not in seen]
    if not others:
        return None
    options, tries = [], 0
    while len(options) < OPTIONS - 1 and tries < 60:
        tries += 1
        example = features.example_at(kind, unit, int(draw.integers(len(features.sample))))
        if len(example.tokens) > 8 and not example.amounts.any():
            options.append(example)
    if len(options) < OPTIONS - 1:  # it is on nearly everywhere
        return None
    answer = int(draw.integers(OPTIONS))
    options.insert(answer, others[0])
    return Question(kind, unit, shown, options, answer)


class BlindTest(ipywidgets.VBox):
    """One question after the other, and at the end a score for latents and one for neurons."""

    def __init__(self, features: Features, asked: list[Question]):
        self.features, self.asked, self.given, self.labels = features, asked, [], []
        self.head, self.page, self.message = (ipywidgets.HTML() for _ in range(3))
        self.label = text("", "what these have in common", width="32em")
        self.pick = ipywidgets.RadioButtons(options=[], layout=dict(width="max-content"))
        self.next = ipywidgets.Button(description="That is my answer", layout=dict(width="max-content"))
        self.next.on_click(self._answer)
        super().__init__([OwnKeys(), self.head, self.page, self.label, self.pick, self.next, self.message])
        self.add_class("course-demo")
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
        self.head.value = line(f"Unit {number + 1} of {len(self.asked)}. Examples on which it is strong; darker is "
                               "stronger.", "sentence")
        largest = float(self.features.units(question.kind).largest[question.unit])
        shown = "".join(snippet(example, largest, label=False) for example in question.shown)
        options = "".join(f"<p><b>{'ABCD'[k]}</b></p>{snippet(example, 0, label=False)}"
                          for k, example in enumerate(question.options))
        self.page.value = (f"{STYLE}{shown}<h4>On which of these is it on too? On three of them it is off.</h4>"
                           f"{options}")
        self.label.value = ""
        self.pick.options = list("ABCD"[:len(question.options)])
        self.pick.index = None

    def _answer(self, _button):
        if self.pick.index is None:
            self.message.value = line("Choose A, B, C or D first; a guess is fine.", "message")
            return
        self.message.value = ""
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
        def row(question, given, label):
            verdict = "right" if given == question.answer else f"it was {'ABCD'[question.answer]}"
            return (f"<tr><td>{question.kind} {question.unit}</td><td>{html.escape(label) or '(no words)'}</td>"
                    f"<td>{'ABCD'[given]}, {verdict}</td></tr>")
        rows = "".join(map(row, self.asked, self.given, self.labels))
        score = ", ".join(f"{kind}s {right} of {count}" for kind, (right, count) in self.score().items())
        return (f"{STYLE}<div class='course-page'><div><p>Right: {score}. By chance: one in {OPTIONS}.</p>"
                f"<table><tr><th>unit</th><th>your words</th><th>your answer</th></tr>{rows}</table></div></div>")


def blind_test(features: Features, count: int = 8, seed: int = 0) -> BlindTest:
    """A blind test with ``count`` questions."""
    return BlindTest(features, questions(features, count, seed))
