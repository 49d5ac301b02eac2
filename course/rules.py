"""Steering towards a context, and a rule that says whether what the model then writes is in it.

Introduced in notebook 08. The rules look at the text alone. A script is told by the names of its letters in Unicode,
DNA by its alphabet, and a kind of document, such as German, by a probe: naive Bayes on tokens, which multiplies how
often each token comes in each kind.
"""
from __future__ import annotations

import unicodedata

import numpy as np
import torch

from . import CourseError
from .language import END

SCRIPTS = {"arabic": "ARABIC", "hebrew": "HEBREW", "greek": "GREEK", "cyrillic": "CYRILLIC", "devanagari": "DEVANAGARI",
           "chinese characters": "CJK", "kana": ("HIRAGANA", "KATAKANA"), "hangul": "HANGUL", "thai": "THAI",
           "georgian": "GEORGIAN"}
KIND_OF = {"king james english": "king-james"}  # contexts that go by another name than their kind of document


class Probe:
    """Tells the kind of document from tokens; made from half of a sample's documents, tried on the other half."""

    def __init__(self, sample, stretch: int = 30):
        self.sample = sample
        kinds, odd = np.repeat(sample.labels, sample.sizes), np.repeat(np.arange(len(sample.labels)) % 2, sample.sizes)
        counts = np.ones((len(sample.names), len(sample.tokens.pieces)))  # one of each: nothing is impossible
        np.add.at(counts, (kinds[odd == 0], sample.numbers[odd == 0]), 1)
        self._log = np.log(counts / counts.sum(1, keepdims=True))  # (kinds, tokens)
        starts = np.flatnonzero(odd[:-stretch])[::20 * stretch]
        found = [self.kind(sample.numbers[s:s + stretch]) == sample.names[kinds[s]] for s in starts]
        self.right = float(np.mean(found)) if found else 0.0  #: share of unseen stretches of 30 tokens told right

    def kind(self, numbers) -> str:
        """The likeliest kind of document for token ``numbers``, all kinds being equally likely before."""
        numbers = np.asarray(numbers)
        return self.sample.names[int(self._log[:, numbers[numbers != END]].sum(1).argmax())]


def belongs(text: str, context: str, probe: Probe) -> bool:
    """Whether ``text`` is in ``context``: for a script, more than half of its letters are; for DNA, at least nine in
    ten of its letters are A, C, G, T, and there are twelve; else the probe says so. Raises :class:`CourseError` for a
    context that has no rule."""
    letters = [letter for letter in text if letter.isalpha()]
    if context in SCRIPTS:
        return 2 * sum(unicodedata.name(one, "").startswith(SCRIPTS[context]) for one in letters) > len(letters)
    if context == "dna":
        return len(letters) >= 12 and sum(one in "ACGT" for one in letters) >= 0.9 * len(letters)
    kind = KIND_OF.get(context, context)
    if kind not in probe.sample.names:
        raise CourseError(f"There is no rule for the context {context!r}.")
    return probe.kind(probe.sample.tokens.encode(text)) == kind


def changes(features, context: str, strength: float, seed: int = 0) -> dict:
    """Three changes of the neurons, for :class:`course.language.Language`: the best latent for a context set to
    ``strength`` times its largest activation, the best neuron to as many times its own, and as the control a push as
    long as the latent's in a random direction."""
    latent, neuron = (features.context(context)[kind][0].unit for kind in ("latent", "neuron"))
    push = torch.randn(len(features.neurons), generator=torch.Generator().manual_seed(seed))
    push *= strength * float(features.latents.largest[latent]) / push.norm()
    return {"best latent": features.steer(latent, strength), "best neuron": features.steer(neuron, strength, "neuron"),
            "random direction": lambda x: x + push}
