"""Make contexts rarer, and see what becomes of their neurons and latents: the figures behind notebook 08's slider.

    python -m course.recipes.rarities --rarity 1/4 [--tokens 48e6] [--batch 64] [--corpus FOLDER] [--out FOLDER]
        [--steps 8000] [--stage "random MLP"]

Trains a model as course.recipes.language_model does, on windows in which contexts are so much rarer, and a dictionary
of its neurons; chooses the best neuron and latent of each context on part A, and scores them on part C; and labels all
units. Appends one line to ``rarities.jsonl`` in ``--out``. Rarity 0 is the model that was never trained; with a stage
of course.recipes.dictionaries.LADDER only so much of the trained model is kept, before all else. A model of
48 M tokens takes most of an hour on a CPU, one of 300 M in batches of 512 under a minute on a GPU.
"""
from __future__ import annotations

import argparse
import json
import math
import pathlib
import sys
import time
from fractions import Fraction

import numpy as np
import torch

from course import sae
from course.language import Language, tokens
from course.recipes import contexts as scoring
from course.recipes import corpus, dictionaries, labels
from course.recipes.corpus_contexts import CONTEXTS
from course.recipes.language_model import BATCH, Windows, name_of, nats, new_model, tokens_of, train

COMMAND = "python -m course.recipes.rarities"
SIZE, K, COPY = 4096, 16, .5  # more than this share of a row's squared weight on one neuron: a copy of it


def bits(model: Language, text: corpus.Corpus, validation: np.ndarray, rarity: float) -> dict[str, float]:
    """Bits a byte of the validation text, as it is (flat) and with the weights of training (drawn)."""
    drawn, sizes = Windows(text, "validation", validation, rarity), np.diff(text.offsets)[text.part("validation")]
    flat = nats(model.model, validation) / sizes.sum()
    weighed = nats(model.model, validation, weights=np.repeat(drawn.weights, drawn.sizes)) / (drawn.weights @ sizes)
    return dict(flat=round(flat / math.log(2), 3), drawn=round(float(weighed) / math.log(2), 3))


def scored(model: Language, dictionary: sae.SAE, a: scoring.Part, c: scoring.Part) -> dict:
    """F1 of the best neuron and latent of every context; 1, 0, −1 where the latent is ahead by more than chance, or
    behind; how many of the best latents are copies of a neuron."""
    kinds = {"latents": (model, len(dictionary.bias), dictionary.encode), "neurons": (model, 512, lambda x: x)}
    chosen = {name: scoring.choose_all(*kind, a) for name, kind in kinds.items()}
    found = scoring.compare(chosen, c, kinds, draws=0)
    row = dictionary.decoder.square()[[one["unit"] for one in found["latents"]]]
    return dict(neurons=[one["f1"] for one in found["neurons"]], latents=[one["f1"] for one in found["latents"]],
                ahead=[(one["low"] > 0) - (one["high"] < 0) for one in found["difference"]],
                copies=int((row.max(1).values > COPY * row.sum(1)).sum()))


def main(arguments: list[str] | None = None) -> int:
    """Train, measure, write; returns 0."""
    parser = argparse.ArgumentParser(prog=COMMAND, description=__doc__.splitlines()[0])
    parser.add_argument("--corpus", type=pathlib.Path, default=pathlib.Path("build/corpus"))
    parser.add_argument("--out", type=pathlib.Path, default=pathlib.Path("build/model"))
    parser.add_argument("--rarity", type=Fraction, default=Fraction(1, 16))
    parser.add_argument("--tokens", type=float, default=48e6)
    parser.add_argument("--batch", type=int, default=BATCH, help="windows a step")
    parser.add_argument("--steps", type=int, default=dictionaries.STEPS, help="of the dictionary")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--stage", choices=dictionaries.LADDER, help="a control: keep only this much of the model")
    given = parser.parse_args(arguments)
    text, rarity = corpus.load(given.corpus), float(given.rarity or 1)
    training, validation = tokens_of(text, "train", given.out), tokens_of(text, "validation", given.out)
    places, begun = Windows(text, "train", training, rarity), time.perf_counter()
    model, name = Language(new_model(1000), tokens()), "never-trained"
    if given.rarity:
        name = name_of(given.seed, given.tokens, given.rarity)
        model.model = train(training, places, given.out, name=name, seed=given.seed, total=given.tokens,
                            device=dictionaries.DEVICE, rows=given.batch)
    torch.save(model.model.state_dict(), given.out / f"model-{name}.pt")
    if given.stage:
        model, name = dictionaries.language(str(given.out / f"model-{name}.pt"), given.stage), f"{name}-{given.stage}"
    model.model.to(dictionaries.DEVICE).requires_grad_(False)
    line = dict(name=name, stage=given.stage, rarity=str(given.rarity), batch=given.batch,
                tokens=int(given.tokens) * bool(given.rarity), seconds=round(time.perf_counter() - begun),
                bits=bits(model, text, validation, rarity))
    begun = time.perf_counter()
    with torch.no_grad():
        batches = dictionaries.activations(model, dictionaries.drawn(training, places, given.seed), given.seed)
        made = sae.train(batches, SIZE, k=K, steps=given.steps, seed=given.seed)
    dictionaries.save(made, given.out / f"dictionary-{name}.npz")
    held = next(dictionaries.drawn(validation, Windows(text, "validation", validation, rarity), 0, 8192))
    line |= dict(dictionary_seconds=round(time.perf_counter() - begun), dictionary={
        of: round(value, 4) for of, value in dictionaries.measure(model, made, held).items()})
    print(line, flush=True)
    parts = [scoring.read(text, split, model.tokens) for split in ("A", "C")]
    line |= dict(contexts=[one.name for one in CONTEXTS]) | scored(model, made, *parts)
    known = [labels.families(part, text.labels) for part in parts]
    line["labels"] = {unit: labels.summary(labels.label_all(model, count, make, parts, known)) for unit, count, make in
                      (("neurons", 512, lambda x: x), ("latents", SIZE, made.encode))}
    print(line["labels"], f"{time.perf_counter() - begun:.0f} s", flush=True)
    with (given.out / "rarities.jsonl").open("a") as file:
        file.write(json.dumps(line) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
