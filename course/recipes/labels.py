"""Labels for units: the best of some hypotheses about what a unit stands for, chosen on text A, scored on text C.

    python -m course.recipes.labels --corpus FOLDER --model FILE --out FILE [--score C] NAME=DICTIONARY …

``DICTIONARY`` is a file of course.recipes.dictionaries, or ``neurons``, or ``random`` (random directions, as many as
the first dictionary has latents). A name that ends in ``never trained``, ``only embeddings trained`` or
``random MLP`` is of the model with the other weights random. Of a dictionary of more than 4 096 latents, so many drawn
at random are labelled.

A hypothesis is a set of tokens: *this token*, *this kind of document*, *this token in this kind*, *after this token*,
*these two tokens in a row*, *this context* (one of the 36 of course.recipes.corpus_contexts). Of each family the one
that is commonest among the 200 strongest tokens of the unit on A is tried, with the threshold that gives it the
largest F1 on A. The best of them is the label, and its F1 on the other text says how much it is worth. This is
automated interpretability without a language model to ask; compare Bills et al. 2023, "Language models can explain
neurons in language models".

A unit counts as explained *by more than a token* where the F1 of its label is at least .7 and more than .1 above the F1
of the best "this token".
"""
from __future__ import annotations

import argparse
import json
import pathlib
import sys
from dataclasses import dataclass

import numpy as np

from course.language import Tokens
from course.recipes import contexts as scoring
from course.recipes import corpus
from course.recipes.contexts import Part, Units, random_dictionary, units_of
from course.recipes.corpus_contexts import CONTEXTS
from course.recipes.dictionaries import LADDER, language, load

COMMAND = "python -m course.recipes.labels"
FAMILIES = ("token", "kind", "token in kind", "after", "two tokens", "context")
STRONGEST, GOOD, AHEAD, MOST_LABELLED = 200, .7, .1, 4096
VOCABULARY = 4096


class Codes:
    """A number for each token of a text, and how many tokens have it."""

    def __init__(self, codes: np.ndarray):
        self.codes = codes  #: (tokens,)
        self._values, self._counts = np.unique(codes, return_counts=True)

    def size(self, value: int) -> int:
        """How many tokens have this number."""
        at = np.searchsorted(self._values, value)
        return int(self._counts[at]) if at < len(self._values) and self._values[at] == value else 0

    def inside(self, places: np.ndarray, value: int) -> np.ndarray:
        """Which of the tokens at ``places`` have it, (places,) of bool."""
        return self.codes[places] == value

    def commonest(self, places: np.ndarray) -> int:
        """The number that most of them have."""
        values, counts = np.unique(self.codes[places], return_counts=True)
        return int(values[counts.argmax()])


class Members:
    """The same for contexts, of which a token may have several or none."""

    def __init__(self, part: Part):
        self.mask = np.zeros((len(part.members), len(part.numbers)), bool)
        for row, member in zip(self.mask, part.members, strict=True):
            row[member] = True
        self._sizes = self.mask.sum(1)

    def size(self, value: int) -> int:
        return int(self._sizes[value])

    def inside(self, places: np.ndarray, value: int) -> np.ndarray:
        return self.mask[value, places]

    def commonest(self, places: np.ndarray) -> int:
        return int(self.mask[:, places].sum(1).argmax())


def families(part: Part, labels: np.ndarray) -> dict[str, Codes | Members]:
    """Every family of hypotheses over the tokens of a part; ``labels``: the kind of every document of the corpus."""
    token = part.numbers
    before = np.append(0, token[:-1])
    kind = np.where(part.document < 0, int(labels.max()) + 1, labels.astype(np.int64)[part.document])
    return {"token": Codes(token), "kind": Codes(kind), "token in kind": Codes(kind * VOCABULARY + token),
            "after": Codes(before), "two tokens": Codes(before * VOCABULARY + token), "context": Members(part)}


@dataclass
class Label:
    """What a unit was found to stand for."""
    family: str
    value: int
    f1_chosen: float  #: on A
    f1: float  #: on the other text
    token: float  #: F1 of the best "this token" there

    @property
    def more_than_a_token(self) -> bool:
        return self.f1 >= GOOD and self.f1 > self.token + AHEAD


def best_cut(right: np.ndarray, values: np.ndarray, size: int) -> tuple[float, float]:
    """The largest F1 over all thresholds, and the threshold: ``right`` and ``values`` (places,) from the largest value
    down, ``size`` tokens to be found."""
    f1 = 2 * right.cumsum() / (np.arange(1, len(right) + 1) + size)
    f1[:-1][values[:-1] == values[1:]] = 0  # no threshold lies between equal values
    at = int(f1.argmax())
    return float(f1[at]), float(values[at + 1]) if at + 1 < len(values) else 0.0


def label(unit: int, chosen_on: Units, scored_on: Units, a: dict, c: dict) -> Label | None:
    """The label of one unit, or None where it is never on in either text; ``a``, ``c``: :func:`families`."""
    places, values = chosen_on.of(unit)
    if not len(places):
        return None
    order = np.argsort(-values, kind="stable")
    places, values = places[order], values[order]
    others, other_values = scored_on.of(unit)
    found = {}
    for family in FAMILIES:
        value = a[family].commonest(places[:STRONGEST])
        chosen, threshold = best_cut(a[family].inside(places, value), values, a[family].size(value))
        named = others[other_values > threshold]
        either = len(named) + c[family].size(value)
        f1 = 2 * float(c[family].inside(named, value).sum()) / either if either else 0.0
        found[family] = (chosen, value, f1)
    family = max(FAMILIES, key=lambda name: found[name][0])  # the first, where two are equal: the simpler one
    return Label(family, found[family][1], found[family][0], found[family][2], found["token"][2])


def label_all(model, count: int, make, parts: list[Part], known: list[dict]) -> list[Label | None]:
    """:func:`label` of all units of a kind, or of those drawn, as many at a time as fit into memory."""
    chosen, found = np.arange(count), []
    if count > MOST_LABELLED:
        chosen = np.sort(np.random.default_rng(0).choice(count, MOST_LABELLED, replace=False))
    for columns in scoring.blocks(model, make, parts[0], chosen):
        both = [units_of(model, columns, make, part) for part in parts]
        found += scoring.shared_out(lambda unit, both=both: label(unit, *both, *known), len(columns))
    return found


def words(one: Label, tokens: Tokens, kinds: list[str]) -> str:
    """A label to read, such as ``“ die” in german``."""
    first, second = divmod(one.value, VOCABULARY)
    if one.family == "kind":
        return f"{kinds[one.value]} (kind of document)"
    if one.family == "context":
        return f"{CONTEXTS[one.value].name} (context)"
    if one.family == "two tokens":
        return "“" + "".join(tokens.shown([first, second])) + "”"
    shown = f"“{tokens.shown([second])[0]}”"
    return {"token": shown, "after": f"after {shown}"}.get(one.family) or f"{shown} in {kinds[first]}"


def summary(found: list[Label | None]) -> dict[str, int]:
    """How many units have a good label, and how many one that no single token explains; by family too."""
    good = [one for one in found if one and one.f1 >= GOOD]
    more = [one for one in good if one.more_than_a_token]
    return dict(units=len(found), good=len(good), more_than_a_token=len(more),
                **{family: sum(one.family == family for one in more) for family in FAMILIES[1:]})


def main(arguments: list[str] | None = None) -> int:
    """Label, count, write; returns 0."""
    parser = argparse.ArgumentParser(prog=COMMAND, description=__doc__.splitlines()[0])
    parser.add_argument("--corpus", type=pathlib.Path, default=pathlib.Path("build/corpus"))
    parser.add_argument("--model", required=True)
    parser.add_argument("--out", type=pathlib.Path, required=True)
    parser.add_argument("--score", choices=("B", "C"), default="B")
    parser.add_argument("units", nargs="+", metavar="NAME=DICTIONARY")
    given = parser.parse_args(arguments)
    text, trained = corpus.load(given.corpus), language(given.model)
    parts = [scoring.read(text, split, trained.tokens) for split in ("A", given.score)]
    known = [families(part, text.labels) for part in parts]
    result = json.loads(given.out.read_text()) if given.out.exists() else {}
    kinds, first = [*text.names, "the end of a document"], None
    for name, place in (argument.split("=", 1) for argument in given.units):
        stage = next((stage for stage in LADDER if name.endswith(stage)), None)
        model = language(given.model, stage) if stage else trained
        if place == "neurons":
            count, make = 512, lambda x: x
        else:
            one = random_dictionary(first) if place == "random" else load(pathlib.Path(place))
            first, count, make = first or one, len(one.bias), one.encode
        found = label_all(model, count, make, parts, known)
        result[name] = dict(scored_on=given.score, **summary(found), labels=[
            one and [words(one, trained.tokens, kinds), round(one.f1, 3), one.more_than_a_token] for one in found])
        print(name, summary(found), flush=True)
        given.out.write_text(json.dumps(result, ensure_ascii=False) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
