"""What the units of a dictionary stand for: examples, contexts, effects.

Introduced in notebook 08. A unit is a latent of the shipped dictionary or a neuron of the model. Examples are taken
over the whole range of a unit's activations, not from its top alone, as in "Towards Monosemanticity" (Bricken et al.
2023). Everything here was written by ``course.recipes.features``, from text that the model was not trained on.
"""
from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache

import numpy as np
import torch
from torch.nn.functional import normalize

from . import CourseError, data, language
from .sae import SAE
from .style import count, number, shortened, show_text, visible

BEFORE, AFTER = 20, 8  #: tokens of an example before and after the one where the unit was chosen
KINDS = ("latent", "neuron")
BANDS = ("the strongest", "more than three quarters of the largest", "half to three quarters", "a quarter to half",
         "up to a quarter")


def short(share: float) -> str:
    """A share or correlation with two decimals and no zero before them: .81, and 1.00."""
    return re.sub(r"^(-?)0\.", r"\1.", number(share))


@dataclass(frozen=True)
class Example:
    """A snippet of text with what one unit says to each of its tokens."""

    label: str  #: what kind of document it is from
    tokens: list[str]
    amounts: np.ndarray  #: (tokens,) activations, 0 where the unit is off
    place: int  #: which of the tokens the example was chosen for


@dataclass(frozen=True)
class Score:
    """How well a unit names a context, on text that had no part in choosing it."""

    kind: str
    unit: int
    threshold: float  #: the unit names a token when it is above this
    precision: float
    recall: float
    f1: float


@dataclass(frozen=True)
class Nearest:
    """The neuron that a latent is nearest to, and how near."""

    neuron: int
    share: float  #: of the squared decoder row, on that neuron
    correlation: float  #: of the latent's activations and the neuron's

    def __str__(self):
        return f"neuron {self.neuron}, share {short(self.share)}" + (
            f", correlation {short(self.correlation)}" if np.isfinite(self.correlation) else "")


class Sample:
    """Text to look at, as tokens, with a label for each document."""

    def __init__(self, arrays: dict[str, np.ndarray], tokens: language.Tokens):
        self.tokens = tokens
        self.numbers = arrays["numbers"]  #: (tokens,) of all documents, one after the other
        self.starts = arrays["starts"]  #: (documents,) where each begins
        self.sizes = np.diff(np.append(self.starts, len(self.numbers)))  #: (documents,) in tokens
        self.names = bytes(arrays["names"]).decode().split("\n")  #: the kinds of document
        self.labels = arrays["labels"]  #: (documents,) the kind of each, as its place in ``names``
        lengths = np.diff(np.append(arrays["runs"], len(self.numbers)))
        self._of, self._combinations = np.repeat(arrays["contexts"], lengths), arrays["combinations"]
        self.contexts = bytes(arrays["context_names"]).decode().split("\n")  #: the labelled contexts
        self.base = np.bincount(self.labels, weights=self.sizes, minlength=len(self.names)) / len(self.numbers)
        #: (kinds,) the share of all tokens that are in documents of each kind

    def __len__(self):
        return len(self.numbers)

    def document(self, place: int) -> int:
        """The number of the document that the token at ``place`` is from."""
        return int(np.searchsorted(self.starts, place, "right")) - 1

    def label(self, document: int) -> str:
        """What kind of document it is."""
        return self.names[self.labels[document]]

    def around(self, place: int) -> tuple[list[str], int]:
        """The tokens before and after ``place`` in its document, and where among them it stands."""
        document = self.document(place)
        start = self.starts[document]
        first, last = max(start, place - BEFORE), min(start + self.sizes[document], place + AFTER + 1)
        return self.tokens.shown(self.numbers[first:last]), int(place - first)

    def draw(self, draw: np.random.Generator, label: str | None = None) -> int:
        """A place in the text: any, or one in the documents of one kind."""
        if label is None:
            return int(draw.integers(len(self)))
        places = np.flatnonzero(np.repeat(self.labels == self.names.index(label), self.sizes))
        return int(places[draw.integers(len(places))])

    def rows(self, length: int, most: int, seed: int = 0) -> tuple[torch.Tensor, torch.Tensor]:
        """Windows (most, length) from all over the text, in an order drawn from ``seed``: token numbers, and the places
        in the text where they stand."""
        chosen = torch.from_numpy(np.random.default_rng(seed).permutation(len(self) // length)[:most])
        places = chosen[:, None] * length + torch.arange(length)
        return torch.from_numpy(self.numbers.astype(np.int64))[places], places

    def inside(self, context: str) -> torch.Tensor:
        """Which tokens of the text are in a labelled context, such as ``"hebrew"``: (tokens,) of bool; raises
        :class:`CourseError` where there is none of that name."""
        if context not in self.contexts:
            raise CourseError(f"There is no context {context!r}. There are {', '.join(self.contexts)}.")
        return torch.from_numpy(self._combinations[:, self.contexts.index(context)][self._of])


class Units:
    """The latents of a dictionary, or the neurons, with what was written down of each.

    ``labels``: for each unit a label and its F1, ``(text, f1)``, or None where it has none. Of latents ``arrays``
    may have ``neuron``, ``share`` and ``correlation``, each (units,): see :meth:`nearest`. Raises
    :class:`CourseError` where there are more or fewer labels than units.
    """

    def __init__(self, kind: str, arrays: dict[str, np.ndarray], sample: Sample, labels: list | None = None):
        self.kind, self.sample, self._labels = kind, sample, labels
        if labels is not None and len(labels) != len(arrays["density"]):
            raise CourseError(f"There are labels for {len(labels)} {kind}s, and {len(arrays['density'])} {kind}s: "
                              "these files do not belong together.")
        self.density = arrays["density"]  #: (units,) the share of tokens at which it is on
        self.largest = arrays["largest"]  #: (units,) its largest activation
        self.effect = arrays["effect"]  #: (units,) nats lost per token where it is on, when it is set to zero
        self.histogram = arrays["histogram"]  #: (units, 20) tokens by activation, from just above 0 to the largest
        self.by_label = arrays["by_label"]  #: (units, labels) tokens at which it is on, by kind of document
        self._places, self._first, self._amounts = arrays["places"], arrays["first"], arrays["amounts"]
        self._bands = arrays["bands"]
        self.labelled = labels is not None
        self._nearest = [arrays.get(name) for name in ("neuron", "share", "correlation")]

    def __len__(self):
        return len(self.density)

    def label(self, unit: int) -> tuple[str, float] | None:
        """What the unit seems to stand for, and the F1 of saying so on text that had no part in choosing it; None
        where it has no label."""
        found = self._labels and self._labels[self.number(unit)]
        return (found[0], float(found[1])) if found and found[0] else None

    def title(self, unit: int) -> str:
        """The unit as a heading: latent 1295: “ die” in german, F1 .81."""
        unit, label = self.number(unit), self.label(unit)
        return f"{self.kind} {unit}" + (f": {label[0]}, F1 {short(label[1])}" if label else "")

    def nearest(self, unit: int) -> Nearest | None:
        """The neuron nearest to a latent; None where that is not known."""
        unit = self.number(unit)
        neuron, share, correlation = self._nearest
        return None if neuron is None else Nearest(int(neuron[unit]), float(share[unit]), float(correlation[unit]))

    def near(self, neuron: int, most: int = 5) -> list[int]:
        """The latents whose nearest neuron this is, the nearest first."""
        neurons, share, _ = self._nearest
        its = [] if neurons is None else np.flatnonzero(neurons == neuron)
        return sorted(map(int, its), key=lambda unit: -float(share[unit]))[:most]

    def number(self, unit) -> int:
        """``unit`` as a number of one of these units; :class:`CourseError` if there is none."""
        try:
            value = int(unit)
            if value == float(unit) and not isinstance(unit, bool) and 0 <= value < len(self):
                return value
        except (TypeError, ValueError, OverflowError):
            pass
        try:
            shown = shortened(repr(unit), 40)
        except ValueError:  # Python does not write out numbers of more than 4,300 digits
            shown = "a number so long"
        raise CourseError(f"The {self.kind}s have numbers from 0 to {len(self) - 1}, and {visible(shown)} is none of "
                          "them.")

    def bands(self, unit: int) -> dict[str, list[Example]]:
        """Examples by how strong the activation is, the strongest first."""
        unit, found = self.number(unit), {}
        for k in range(self._first[unit], self._first[unit + 1]):
            tokens, place = self.sample.around(int(self._places[k]))
            # stored from BEFORE tokens before the place to AFTER tokens after it, whatever the document's borders
            stored = self._amounts[k, BEFORE - place:BEFORE - place + len(tokens)]
            label = self.sample.label(self.sample.document(int(self._places[k])))
            found.setdefault(BANDS[self._bands[k]], []).append(
                Example(label, tokens, stored.astype(float) / 255 * float(self.largest[unit]), place))
        return found

    def labels(self, unit: int, most: int = 5) -> list[tuple[str, float, float]]:
        """The kinds of document where it is on: name, share of its tokens, and how many times as often as by chance."""
        sample, counts = self.sample, self.by_label[self.number(unit)]
        shares = counts / max(1, counts.sum())
        order = np.argsort(-shares, kind="stable")[:most]
        return [(sample.names[k], float(shares[k]), float(shares[k] / sample.base[k])) for k in order if shares[k] > 0]

    def of_kind(self, name: str, most: int = 12) -> list[tuple[int, int, float, float]]:
        """The units most concentrated in one kind of document: unit, tokens where it is on, share of them there, and
        how many times as often as by chance. For the order a hundred tokens elsewhere are added to each, so that no
        unit is first for a few tokens."""
        kind, counts = self.sample.names.index(name), self.by_label.astype(float)
        inside, total = counts[:, kind], counts.sum(1)
        order = np.argsort(-inside / (total + 100), kind="stable")[:most]
        shares = inside / np.maximum(total, 1)
        return [(int(k), int(total[k]), float(shares[k]), float(shares[k] / self.sample.base[kind]))
                for k in order if inside[k] > 0]


class Features:
    """The shipped dictionary and everything known about it; get it with :func:`load`."""

    def __init__(self, model: language.Language, sae: SAE, sample: Sample, latents: Units, neurons: Units,
                 scores: dict | None = None):
        self.model, self.sae, self.sample, self.latents, self.neurons = model, sae, sample, latents, neurons
        self.scores = scores or {}

    def units(self, kind: str) -> Units:
        """The latents, or the neurons."""
        if kind not in KINDS:
            raise CourseError(f"A unit is a latent or a neuron, and not {kind!r}.")
        return self.latents if kind == "latent" else self.neurons

    def logits(self, kind: str, unit: int, most: int = 8) -> tuple[list[tuple[str, float]], list[tuple[str, float]]]:
        """The tokens that the unit makes more likely, and less likely, with what it adds to their logits per unit
        of activation (directly, see :meth:`course.language.Language.upward`)."""
        unit = self.units(kind).number(unit)
        direction = self.sae.decoder[unit] if kind == "latent" else torch.eye(len(self.neurons))[unit]
        added = self.model.upward(direction[None])[0]

        def named(best):
            return [(self.model.tokens.shown([n])[0], v)
                    for v, n in zip(best.values.tolist(), best.indices.tolist(), strict=True)]
        return named(added.topk(most)), named(added.topk(most, largest=False))

    def example_at(self, kind: str, unit: int, place: int) -> Example:
        """What a unit says around the token at ``place`` of the text, computed now."""
        unit, document = self.units(kind).number(unit), self.sample.document(place)
        tokens, middle = self.sample.around(place)
        last = place - middle + len(tokens)
        first = max(int(self.sample.starts[document]), last - self.model.length)
        numbers = torch.from_numpy(self.sample.numbers[first:last].astype(np.int64))[None]
        x = self.model.neurons(numbers)[0, -len(tokens):]
        amounts = (self.sae.encode(x) if kind == "latent" else x)[:, unit].numpy()
        return Example(self.sample.label(document), tokens, amounts, middle)

    def example_of(self, kind: str, unit: int, text: str) -> Example:
        """What a unit says to each token of ``text``, as much of it as the model can see, computed now."""
        unit, numbers = self.units(kind).number(unit), self.read(text)
        x = self.model.neurons(numbers)[0, 1:]
        amounts = (self.sae.encode(x) if kind == "latent" else x)[:, unit].numpy()
        cut = len(text.encode()) > sum(len(self.model.tokens.pieces[n]) for n in numbers[0].tolist())
        return Example(f"its first {len(amounts)} tokens: the model sees no more" if cut else "",
                       self.model.tokens.shown(numbers[0, 1:].tolist()), amounts, int(amounts.argmax()))

    def read(self, text: str) -> torch.Tensor:
        """The token numbers of ``text``, END before them, (1, length); :class:`CourseError` if there is nothing to
        read."""
        halves = [letter for letter in text if "\ud800" <= letter <= "\udfff"] if isinstance(text, str) else []
        if halves:
            raise CourseError(f"{visible(halves[0])} is half of a character and stands alone, so this is not text that "
                              "can be read. Delete it, and type again.")
        numbers = self.model.read(text)
        if numbers.shape[1] < 2:
            raise CourseError("There is no text to read. Type a word or a sentence.")
        return numbers

    @torch.no_grad()
    def activations(self, kind: str, unit: int, rows: torch.Tensor, chunk: int = 20) -> torch.Tensor:
        """What one unit says at every token of ``rows`` (count, length), in the same shape."""
        unit, found = self.units(kind).number(unit), []
        for part in rows.split(chunk):
            x = self.model.neurons(part)
            # a copy: a view would keep what all the other units say in memory
            found.append((self.sae.encode(x) if kind == "latent" else x)[..., unit].clone())
        return torch.cat(found)

    def on(self, text: str, most: int = 5) -> list[tuple[str, list[tuple[int, float]]]]:
        """For each token of ``text`` (as much of it as the model can see): the latents that are on, strongest first."""
        numbers = self.read(text)
        latents = self.sae.encode(self.model.neurons(numbers)[0, 1:])
        best = latents.topk(min(most, latents.shape[1]), dim=1)
        shown = self.model.tokens.shown(numbers[0, 1:].tolist())
        return [(token, [(n, v) for n, v in zip(row.tolist(), values.tolist(), strict=True) if v > 0])
                for token, row, values in zip(shown, best.indices, best.values, strict=True)]

    def context(self, name: str) -> dict[str, list[Score]]:
        """The best latents and the best neurons for a context, by F1: chosen on one text, scored on another."""
        if name not in self.scores:
            raise CourseError(f"{name!r} is not one of the labelled contexts: {', '.join(sorted(self.scores))}.")
        return {kind: [Score(kind, **row) for row in rows] for kind, rows in self.scores[name].items()}

    def topics(self) -> list[tuple[str, str]]:
        """All names that a search knows, each with what it is: the labelled contexts, and then the kinds of document
        that are none of them."""
        kinds = [name for name in self.sample.names if name not in self.scores]
        return [(name, "context") for name in self.scores] + [(name, "kind of document") for name in kinds]

    def search(self, words: str, most: int = 12) -> list[tuple[int, str]]:
        """Latents for what somebody types, each with the reason: a number; a labelled context and a kind of document;
        or any text, by the latents that have it in their label and those that are strongest on it (as a share of
        their largest activation). Raises :class:`CourseError` if nothing can be searched for."""
        words = words.strip() if isinstance(words, str) else words
        if not isinstance(words, str) or not words:
            raise CourseError("Type a number, the name of a context, or any word or text.")
        if self.is_number(words) and len(words) < 9 and int(words) < len(self.latents):
            return [(int(words), "its number")]
        name, found = words.lower(), {}
        if name in self.scores:
            found = {score.unit: f"{name}: F1 {short(score.f1)}" for score in self.context(name)["latent"]}
        if name in self.sample.names:
            for unit, total, share, times in self.latents.of_kind(name, most):
                found.setdefault(unit, f"{share:.0%} of the {count(total, 'token')} where it is on are in documents of "
                                       f"the kind {name}, {times:.1f} × chance")
        if not found:
            found = self._labelled(words, most // 2) | self._strongest(words, most)
        return list(found.items())[:most]

    def is_number(self, words: str) -> bool:
        """Whether this is written as the number of a unit is, if there is such a unit or not."""
        return words.strip().isdecimal() and words.isascii()

    def _labelled(self, words, most):
        quoted, fitting = (f"“{words}”", f"“ {words}”"), {}
        for unit in range(len(self.latents)):
            if (label := self.latents.label(unit)) and any(text in label[0] for text in quoted):
                fitting[unit] = label[1]
        return {unit: "its label" for unit in sorted(fitting, key=fitting.get, reverse=True)[:most]}

    def _strongest(self, words, most):
        strongest = {}
        for text in (words, " " + words):
            for token, found in self.on(text, most=self.sae.k):
                for unit, amount in found if token.strip() else ():  # a lone space is not what was typed
                    share = amount / max(1e-6, float(self.latents.largest[unit]))
                    strongest[unit] = max(strongest.get(unit, (0, "")), (share, token))
        order = sorted(strongest, key=lambda unit: -strongest[unit][0])[:most]
        return {unit: (f"at {share:.0%} of its largest" if share < 1 else "at its largest, or above,")
                + f" on {show_text(token.strip())}" for unit in order for share, token in [strongest[unit]]}

    def steer(self, unit: int, strength: float, kind: str = "latent"):
        """A change for :class:`course.language.Language`: the unit is set to ``strength`` times its largest activation,
        wherever the model reads (0: its ablation). What the other units say stays as it is, and of a latent also what
        the dictionary leaves out."""
        unit = self.units(kind).number(unit)
        amount = float(strength) * float(self.units(kind).largest[unit])

        def set_neuron(neurons):
            return neurons.index_fill(-1, torch.tensor(unit), amount)

        def set_latent(neurons):
            return neurons + (amount - self.sae.encode(neurons)[..., unit, None]) * self.sae.decoder[unit]
        return set_latent if kind == "latent" else set_neuron


def unpack(arrays: dict[str, np.ndarray]) -> SAE:
    """A dictionary whose rows are kept in 8 bits a number: with a scale for each row of the encoder, while those of
    the decoder have length one."""
    encoder = torch.from_numpy(arrays["encoder"].astype(np.float32) * arrays["scale"][:, None])
    decoder = normalize(torch.from_numpy(arrays["decoder"].astype(np.float32)))
    return SAE("topk", int(arrays["k"]), encoder, torch.from_numpy(arrays["bias"]), decoder,
               torch.from_numpy(arrays["centre"]))


def dictionary(name: str = "dictionary.npz") -> SAE:
    """A shipped dictionary."""
    return unpack(data.load_npz(name))


@cache
def load() -> Features:
    """The shipped model, dictionary, text and examples."""
    model = language.load()
    sample = Sample(data.load_npz("text.npz"), model.tokens)
    labels = data.load_json("labels.json") if "labels.json" in data.card()["files"] else {}
    latents, neurons = (Units(kind, data.load_npz(f"{kind}s.npz"), sample, labels.get(kind)) for kind in KINDS)
    return Features(model, dictionary(), sample, latents, neurons, data.load_json("contexts.json")["browse"])
