"""Is a text in a context? By a rule that looks at the text alone, for what a steered model writes.

Introduced in notebook 08. A script is told by the names of its letters in Unicode, DNA by its alphabet, and a kind of
document, such as German, by a probe: naive Bayes on tokens, which multiplies how often each token comes in each kind.
"""
from __future__ import annotations

import unicodedata

import numpy as np

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
