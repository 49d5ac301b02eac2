"""Which unit stands for a context? Chosen on text A, developed on text B, scored on text C, once.

    python -m course.recipes.contexts --corpus FOLDER --tokens FOLDER --model FILE --dictionary FILE
        --twin-dictionary FILE --out FILE [--score C]

For every context of course.recipes.corpus_contexts and every kind of unit, the unit and the threshold with the
largest F1 on part A are taken, and scored on part B, or on part C where that is asked for. A token belongs to a
context when at least half of its bytes do; a unit names a token when it is above its threshold there. The interval is
a bootstrap over documents, 95 %.

The kinds: the latents of the dictionary, all of them, and 512 drawn at random (as many candidates as there are
neurons; the mean over 20 draws); the neurons, and the neurons where they are among the 16 largest; as many random
directions as latents, of which the k largest count; the 512 principal components, both ways; and the neurons and the
latents of the model with random weights.
"""
from __future__ import annotations

import argparse
import json
import os
import pathlib
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from multiprocessing import get_context

import numpy as np
import torch

from course import sae
from course.language import END, Language, Tokens
from course.recipes import corpus
from course.recipes.corpus_contexts import CONTEXTS, Context
from course.recipes.dictionaries import DEVICE, language, largest_neurons, load

COMMAND = "python -m course.recipes.contexts"
LEVELS, DRAWS, RESAMPLES = 256, 20, 1000
SHOWN = 5  # units of each kind that the feature browser offers for a context
MOST = 60_000_000  # activations in memory at a time


@dataclass
class Part:
    """Tokens of one split in windows; ``document`` says which document each token of the text is from (−1: END)."""
    numbers: np.ndarray  #: (tokens,)
    document: np.ndarray  #: (tokens,)
    members: list[np.ndarray]  #: for each context, the places of its tokens
    kept: dict = field(default_factory=dict)  #: the neurons of models at every token, in half precision

    @cached_property
    def row(self) -> np.ndarray:
        """(tokens,) the documents that are there, counted from 0."""
        return np.unique(self.document, return_inverse=True)[1]


def read(text: corpus.Corpus, documents, tokens: Tokens, contexts: tuple[Context, ...] = CONTEXTS) -> Part:
    """The tokens of a split, or of the ``documents`` with these numbers, END before each, and where each context is."""
    numbers, document, members, at = [], [], [[] for _ in contexts], 0
    for k in text.part(documents) if isinstance(documents, str) else documents:
        some = tokens.encode(text.bytes_of(k).decode())
        ends = np.cumsum([len(tokens.pieces[n]) for n in some])
        starts = np.append(0, ends[:-1])
        for found, context in zip(members, contexts, strict=True):
            inside = np.append(0, np.cumsum(text.mask(context, k)))
            found.append(at + 1 + np.flatnonzero(2 * (inside[ends] - inside[starts]) >= ends - starts))
        numbers += [END, *some]
        document += [-1] + [k] * len(some)
        at += 1 + len(some)
    return Part(np.array(numbers, np.int64), np.array(document), [np.concatenate(found) for found in members])


def neurons(model: Language, part: Part) -> Iterator[torch.Tensor]:
    """The neurons at every token, (4096, 512) at a time; each token is read with 64 to 127 tokens before it, but for
    the first of the text. They are kept, in half precision."""
    if model not in part.kept:
        part.kept[model] = torch.cat([some.half() for some in _neurons(model, part)])
    for some in part.kept[model].split(4096):
        yield some.float()


@torch.no_grad()
def _neurons(model, part):
    length, half, numbers = model.length, model.length // 2, torch.from_numpy(part.numbers)
    padded = torch.cat([numbers, torch.full((-len(numbers) % half + half,), END)])
    rows = torch.cat([padded[:length][None], padded.unfold(0, length, half)])[:-(-len(numbers) // half)]
    for k, some in enumerate(rows.to(DEVICE).split(64)):
        kept = model.neurons(some)
        if k == 0:
            yield kept[0, :half]
            kept = kept[1:]
        yield kept[:, half:].flatten(0, 1)


class Units:
    """Activations of many units over a text: for each unit, where it is above zero and how far."""

    def __init__(self, count: int):
        self.count, self._places, self._units, self._values, self._at = count, [], [], [], 0

    def add(self, values: torch.Tensor) -> None:
        """The next activations, (tokens, count)."""
        count, values = len(values), values.half()  # first: what is too small for half a word is not above zero
        place, unit = torch.nonzero(values > 0, as_tuple=True)
        values, place, unit = values[place, unit].cpu(), place.cpu(), unit.cpu()
        self._places.append((place + self._at).int().numpy())
        self._units.append(unit.short().numpy() if self.count < 2**15 else unit.int().numpy())
        self._values.append(values.numpy())
        self._at += count

    def done(self, tokens: int) -> Units:
        """Sort by unit; what lies beyond the last of ``tokens`` was padding."""
        units, places, values = (np.concatenate(p) for p in (self._units, self._places, self._values))
        kept = places < tokens
        units, places, values = units[kept], places[kept], values[kept]
        order = np.argsort(units, kind="stable")
        self.places, self.values = places[order], values[order]
        self.first = np.searchsorted(units[order], np.arange(self.count + 1))
        del self._units, self._places, self._values
        return self

    def of(self, unit: int) -> tuple[np.ndarray, np.ndarray]:
        """Where one unit is above zero, and its values there."""
        span = slice(self.first[unit], self.first[unit + 1])
        return self.places[span], self.values[span].astype(np.float32)


def shared_out(work: Callable, count: int) -> list:
    """``[work(0), …, work(count − 1)]``, shared out over the cores by processes that see what ``work`` sees."""
    global _work
    cores, _work = torch.get_num_threads(), work
    if cores == 1 or count < 2 * cores or not hasattr(os, "fork"):
        return [work(number) for number in range(count)]
    with get_context("fork").Pool(cores) as pool:
        return pool.map(_do, range(count), chunksize=max(1, count // (8 * cores)))


def _do(number):
    return _work(number)


def choose(units: Units, part: Part) -> tuple[np.ndarray, np.ndarray]:
    """For every unit and context the largest F1 over thresholds and the threshold, each (units, contexts).

    Thresholds: zero, and 255 quantiles of the unit's own values above zero.
    """
    sizes = np.array([len(member) for member in part.members])
    inside = _inside(part)

    def best_of(unit):
        places, values = units.of(unit)
        if not len(places):
            return np.zeros(len(sizes)), np.zeros(len(sizes), np.float32)
        borders = np.unique(np.quantile(values, np.arange(LEVELS) / LEVELS, method="lower"))
        borders[0] = 0
        level = np.searchsorted(borders, values, side="left") - 1  # above borders[level], not above the next
        above = np.bincount(level, minlength=len(borders))[::-1].cumsum()[::-1]
        right = sum(np.bincount(row[places] * len(borders) + level, minlength=(len(sizes) + 1) * len(borders))
                    for row in inside).reshape(-1, len(borders))[:-1, ::-1].cumsum(1)[:, ::-1]
        f1 = 2 * right / np.maximum(above + sizes[:, None], 1)
        at = f1.argmax(1)
        best = f1[np.arange(len(at)), at]
        return best, np.where(best > 0, borders[at], 0).astype(np.float32)

    return tuple(map(np.stack, zip(*shared_out(best_of, units.count), strict=True)))


def _inside(part: Part) -> np.ndarray:
    """The contexts of every token, (most that one token has, tokens), filled up with the number of contexts."""
    having = np.zeros(len(part.numbers), int)
    rows = []
    for context, member in enumerate(part.members):
        for row in range(having[member].max(initial=0) + 1):
            if row == len(rows):
                rows.append(np.full(len(part.numbers), len(part.members), np.int64))
            rows[row][member[having[member] == row]] = context
        having[member] += 1
    return np.stack(rows)


def counts(units: Units, unit: int, threshold: float, part: Part, context: int) -> np.ndarray:
    """Per document: tokens named and right, named, and in the context, (documents, 3)."""
    places, values = units.of(unit)
    named = np.zeros(len(part.numbers), bool)
    named[places[values > threshold]] = True
    true = np.zeros(len(part.numbers), bool)
    true[part.members[context]] = True
    return np.stack([np.bincount(part.row, weights=w) for w in (named & true, named, true)], 1)


def f1_of(counted: np.ndarray) -> np.ndarray:
    """F1 of counts (…, 3): tokens named and right, named, and in the context; 0 where nothing is either."""
    with np.errstate(invalid="ignore"):
        return np.nan_to_num(2 * counted[..., 0] / (counted[..., 1] + counted[..., 2]))


def resampled(per_document: np.ndarray, seed: int = 0) -> np.ndarray:
    """Sums of ``per_document`` (documents, columns) over documents drawn anew, 1 000 times, (1000, columns)."""
    draw, count = np.random.default_rng(seed), len(per_document)
    relevant = per_document[per_document.any(1)]  # the others add nothing, however often they are drawn
    even, found = np.full(len(relevant), 1 / max(1, len(relevant))), np.zeros((RESAMPLES, per_document.shape[1]))
    for row in found if len(relevant) else ():
        row += draw.multinomial(draw.binomial(count, len(relevant) / count), even) @ relevant
    return found


def scores(per_document: np.ndarray, seed: int = 0) -> dict[str, float]:
    """Precision, recall, F1 and its 95 % interval under resampling of documents."""
    right, named, true = per_document.sum(0)
    low, high = np.quantile(f1_of(resampled(per_document, seed)), [.025, .975])
    return dict(precision=round(right / named if named else 0.0, 3), recall=round(right / true if true else 0.0, 3),
                f1=round(float(f1_of(per_document.sum(0))), 3), low=round(float(low), 3), high=round(float(high), 3))


def difference(one: np.ndarray, other: np.ndarray, seed: int = 0) -> dict[str, float]:
    """F1 of ``one`` less that of ``other``, counts (documents, 3) each, with its 95 % interval. Both are scored on the
    same documents, so it is the difference that is computed again on documents drawn anew (a paired bootstrap)."""
    drawn = resampled(np.concatenate([one, other], 1), seed)
    low, high = np.quantile(f1_of(drawn[:, :3]) - f1_of(drawn[:, 3:]), [.025, .975])
    return dict(f1=round(float(f1_of(one.sum(0)) - f1_of(other.sum(0))), 3), low=round(float(low), 3),
                high=round(float(high), 3))


def random_dictionary(like: sae.SAE, seed: int = 0) -> sae.SAE:
    """As many latents, in random directions with random weights of the same length; the same k and centre."""
    rows = torch.randn(like.decoder.shape, generator=torch.Generator().manual_seed(seed)).to(like.decoder.device)
    rows /= rows.norm(dim=1, keepdim=True)
    return sae.SAE("topk", like.k, rows, torch.zeros_like(rows[:, 0]), rows, like.centre)


def kinds(model: Language, dictionary: sae.SAE, other: Language, other_dictionary: sae.SAE, part: Part,
          ) -> dict[str, tuple[Language, int, Callable]]:
    """Name → the model, how many units, and what makes them of neurons (count, 512)."""
    x = torch.cat(list(neurons(model, part)))[:len(part.numbers)]
    mean = x.mean(0)
    covariance = (x - mean).T @ (x - mean)
    axes = torch.linalg.eigh(covariance).eigenvectors
    both = torch.cat([axes, -axes], 1)
    scrambled = random_dictionary(dictionary)
    return {"latents": (model, len(dictionary.bias), dictionary.encode), "neurons": (model, 512, lambda x: x),
            "random directions": (model, len(dictionary.bias), scrambled.encode),
            "principal components": (model, 1024, lambda x: (x - mean) @ both),
            "neurons, the 16 largest": (model, 512, largest_neurons(dictionary.k).encode),
            "neurons, random weights": (other, 512, lambda x: x),
            "latents, random weights": (other, len(other_dictionary.bias), other_dictionary.encode)}


def units_of(model: Language, columns: np.ndarray, make: Callable, part: Part) -> Units:
    """Some units of one kind over a part."""
    found = Units(len(columns))
    with torch.no_grad():
        for x in neurons(model, part):
            found.add(make(x)[:, columns])
    return found.done(len(part.numbers))


def blocks(model: Language, make: Callable, part: Part, columns: np.ndarray) -> list[np.ndarray]:
    """``columns`` in as many pieces as it takes for the activations of each to fit into memory."""
    with torch.no_grad():
        share = float((make(next(neurons(model, part))) > 0).float().mean())
    return np.array_split(columns, max(1, round(share * len(columns) * len(part.numbers) / MOST)))


def choose_all(model: Language, count: int, make: Callable, part: Part) -> tuple[np.ndarray, np.ndarray]:
    """:func:`choose` for all units of a kind, as many at a time as fit into memory."""
    found = [choose(units_of(model, columns, make, part), part)
             for columns in blocks(model, make, part, np.arange(count))]
    return np.concatenate([best for best, _ in found]), np.concatenate([threshold for _, threshold in found])


def compare(chosen: dict, scored_on: Part, kinds: dict, draws: int = DRAWS) -> dict:
    """For every kind and context: the unit, its threshold, F1 on A, and :func:`scores` on the other part; and as
    "difference" how far the latent is ahead of the neuron.

    ``chosen``: what :func:`choose_all` found on A, by kind.
    """
    found, told, draw = {}, {}, np.random.default_rng(0)
    for name, (model, count, make) in kinds.items():
        best, threshold = chosen[name]
        among = {name: [np.arange(count)]}
        if name == "latents" and draws:
            among["512 latents"] = [draw.choice(count, min(512, count), replace=False) for _ in range(draws)]
        picks = {key: [[int(some[best[some, c].argmax()]) for some in subsets] for c in range(best.shape[1])]
                 for key, subsets in among.items()}
        columns = np.unique([pick for rows in picks.values() for row in rows for pick in row])
        units = units_of(model, columns, make, scored_on)
        for key, rows in picks.items():
            found[key], told[key] = [], []
            for context, row in enumerate(rows):
                counted = [counts(units, int(np.searchsorted(columns, unit)), threshold[unit, context], scored_on,
                                  context) for unit in row]
                each = [scores(one) for one in counted]
                told[key].append(counted[0])
                mean = {of: round(float(np.mean([one[of] for one in each])), 3) for of in each[0]}
                only = dict(unit=row[0], threshold=round(float(threshold[row[0], context]), 4),
                            f1_chosen=round(float(best[row[0], context]), 3)) if len(row) == 1 else {}
                found[key].append(only | mean)
            print(key, round(float(np.mean([row["f1"] for row in found[key]])), 3), flush=True)
    if {"latents", "neurons"} <= set(found):
        found["difference"] = [difference(*both) for both in zip(told["latents"], told["neurons"], strict=True)]
    return found


def browse(chosen: dict, scored_on: Part, kinds: dict, contexts: tuple[Context, ...] = CONTEXTS) -> dict:
    """For the course's feature browser: the best latents and neurons of every context, scored on the other part."""
    found = {context.name: {} for context in contexts}
    for name in ("latents", "neurons"):
        (model, _, make), (best, threshold) = kinds[name], chosen[name]
        first = [np.argsort(-best[:, c], kind="stable")[:SHOWN].tolist() for c in range(len(contexts))]
        columns = np.unique(first)
        units = units_of(model, columns, make, scored_on)
        for c, (context, row) in enumerate(zip(contexts, first, strict=True)):
            each = [scores(counts(units, int(np.searchsorted(columns, unit)), threshold[unit, c], scored_on, c))
                    for unit in row]
            found[context.name][name[:-1]] = [
                dict(unit=unit, threshold=round(float(threshold[unit, c]), 4),
                     **{of: one[of] for of in ("precision", "recall", "f1")})
                for unit, one in zip(row, each, strict=True)]
    return found


def main(arguments: list[str] | None = None) -> int:
    """Choose on A, score on B or C, write; returns 0."""
    parser = argparse.ArgumentParser(prog=COMMAND, description=__doc__.splitlines()[0])
    parser.add_argument("--corpus", type=pathlib.Path, default=pathlib.Path("build/corpus"))
    parser.add_argument("--model", required=True)
    parser.add_argument("--dictionary", type=pathlib.Path, required=True)
    parser.add_argument("--twin-dictionary", type=pathlib.Path, required=True)
    parser.add_argument("--out", type=pathlib.Path, required=True)
    parser.add_argument("--score", choices=("B", "C"), default="B")
    given = parser.parse_args(arguments)
    text, model, other = corpus.load(given.corpus), language(given.model), language("twin")
    parts = {split: read(text, split, model.tokens) for split in ("A", given.score)}
    some = kinds(model, load(given.dictionary), other, load(given.twin_dictionary), parts["A"])
    chosen = {name: choose_all(*kind, parts["A"]) for name, kind in some.items()}
    found, table = compare(chosen, parts[given.score], some), browse(chosen, parts[given.score], some)
    sizes = {split: [len(member) for member in part.members] for split, part in parts.items()}
    given.out.write_text(json.dumps(dict(scored_on=given.score, contexts=[c.name for c in CONTEXTS], tokens=sizes,
                                         kinds=found, browse=table)) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
