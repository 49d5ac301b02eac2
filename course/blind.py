"""A blind test on the reader: does a unit, latent or neuron, look as if it stood for one thing?

Introduced in notebook 08. Each question shows examples of a unit without saying which kind it is, and asks on which
of four other snippets it is on. Whoever has understood what the unit is for can tell; chance is one in four.
The widget that asks is :func:`course.feature_browser.blind_test`.
"""
from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from . import CourseError
from .features import BANDS, KINDS, Example, Features

SHOWN, OPTIONS, TRIES = 6, 4, 40


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
    a document that is not among those shown where there is one. The others are places at which, and around which, the
    unit is off, drawn from the kinds of document that are shown, so that knowing the kind is not enough; from the
    whole text only where a unit is hardly ever off in those.
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
    while len(options) < OPTIONS - 1 and tries < 2 * TRIES:
        label = shown[draw.integers(SHOWN)].label if tries < TRIES else None
        tries += 1
        example = features.example_at(kind, unit, features.sample.draw(draw, label))
        if len(example.tokens) > 8 and not example.amounts.any():
            options.append(example)
    if len(options) < OPTIONS - 1:  # it is on nearly everywhere
        return None
    answer = int(draw.integers(OPTIONS))
    options.insert(answer, others[0])
    return Question(kind, unit, shown, options, answer)
