"""A blind test on the reader: does a unit, latent or neuron, look as if it stood for one thing?

Introduced in notebook 08. Each question shows examples of a unit without saying which kind it is, and asks on which
of four other snippets it is on. Whoever has understood what the unit is for can tell; chance is one in four.
The widget that asks is :func:`course.feature_browser.blind_test`.
"""
from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import numpy as np

from . import CourseError
from .features import BANDS, Example, Features

SHOWN, OPTIONS, TRIES = 6, 4, 40
CANDIDATES = 24  #: latents looked at for each neuron


@dataclass(frozen=True)
class Question:
    """Examples of one unit, and snippets of which it is on in one."""

    kind: str
    unit: int
    shown: list[Example]
    options: list[Example]
    answer: int
    matched: int  #: how many of the other options are from the kinds of document that are shown
    pair: int  #: the same for the latent and the neuron that were chosen for each other


def questions(features: Features, count: int = 8, seed: int = 0) -> list[Question]:
    """Half of them on neurons, half on latents, in pairs that are equally hard from the outside, shuffled.

    Shown are examples from the upper half of a unit's activations. One option is another such example. The others are
    places at which, and around which, the unit is off. They are drawn from the kinds of document that are shown, so
    that knowing the kind is not enough, and from the whole text where ``TRIES`` tries find too few in those. Neurons
    are on so often that this happens to many of them, and hardly ever to a latent. So each neuron, drawn at random,
    gets a latent that is shown in the same kinds of document, as far as there is one, and the latent's options have
    exactly as many drawn from the whole text as the neuron's.

    :class:`course.CourseError` if ``count`` is not an even number from 2 on, or no unit has enough examples.
    """
    if isinstance(count, bool) or not isinstance(count, int) or count < 2 or count % 2:
        raise CourseError("A blind test has an even number of questions, at least two: as many latents as neurons.")
    draw, found, used = np.random.default_rng(seed), [], set()
    for neuron in draw.permutation(np.flatnonzero(features.neurons.density > 0)):
        if len(found) == count:
            break
        one = _question(features, "neuron", int(neuron), len(found) // 2, draw)
        for latent in _like(features, one, draw) if one else ():
            other = None if latent in used else _question(features, "latent", latent, one.pair, draw, one.matched)
            if other:
                used.add(latent)
                found += [one, other]
                break
    if not found:
        raise CourseError("No unit has enough examples for a blind test.")
    return [found[k] for k in draw.permutation(len(found))]


def _strong(features, kind, unit):
    bands = features.units(kind).bands(unit)
    return [example for band in BANDS[:3] for example in bands.get(band, [])]


def _like(features, question, draw):
    """Latents, those first that have strong examples in the kinds of document that the question shows."""
    units, kinds = features.latents, Counter(example.label for example in question.shown)
    main = features.sample.names.index(kinds.most_common(1)[0][0])
    order = draw.permutation(np.flatnonzero(units.density > 0))
    order = order[np.argsort(units.by_label[order].argmax(1) != main, kind="stable")][:CANDIDATES]
    common = [(Counter(e.label for e in _strong(features, "latent", int(unit))[:SHOWN]) & kinds).total()
              for unit in order]
    return [int(order[k]) for k in np.argsort(common, kind="stable")[::-1]]


def _question(features, kind, unit, pair, draw, matched=None):
    """A question on a unit, or None if it cannot be asked. ``matched``: as in :class:`Question`; as many as possible
    where it is left out."""
    strong = _strong(features, kind, unit)
    if len(strong) < SHOWN + 1:
        return None
    strong = [strong[k] for k in draw.permutation(len(strong))]
    shown = strong[:SHOWN]
    seen = ["".join(example.tokens) for example in shown]
    others = [example for example in strong[SHOWN:] if "".join(example.tokens) not in seen]
    if not others:
        return None
    wanted = OPTIONS - 1 if matched is None else matched
    options = _off(features, kind, unit, [example.label for example in shown], wanted, draw)
    if matched is not None and len(options) < matched:
        return None
    matched = len(options)
    options += _off(features, kind, unit, [None], OPTIONS - 1 - matched, draw)
    if len(options) < OPTIONS - 1:  # it is on nearly everywhere
        return None
    options = [options[k] for k in draw.permutation(len(options))]
    answer = int(draw.integers(OPTIONS))
    options.insert(answer, others[0])
    return Question(kind, unit, shown, options, answer, matched, pair)


def _off(features, kind, unit, labels, wanted, draw):
    """Up to ``wanted`` snippets in which the unit is off, from documents of these kinds; None: of any kind."""
    found = []
    for _ in range(TRIES if wanted else 0):
        label = labels[draw.integers(len(labels))]
        example = features.example_at(kind, unit, features.sample.draw(draw, label))
        if len(example.tokens) > 8 and not example.amounts.any():
            found.append(example)
            if len(found) == wanted:
                break
    return found
