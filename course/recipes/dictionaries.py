"""Train dictionaries on the neurons of the language model, and write down how good they are.

    python -m course.recipes.dictionaries --model FILE [--corpus FOLDER] [--tokens FOLDER] [--out FOLDER]
        [--rarity 1/16] [--sizes 512 1024 …]

``--model`` is what course.recipes.language_model wrote, or ``twin`` for the control with random weights; in
``--tokens`` lie the tokens that it made; ``--rarity`` is the one that the model was trained with, and its text is drawn
in the same way here. For each size a file in ``--out`` and a line of ``table.jsonl`` there; sizes that have a line are
left out, so that a run goes on where it stopped. Size 0 is the control without a dictionary: of each token's neurons
the k largest are kept.

Measured on validation text, which neither the model nor a dictionary was trained on: variance explained, mean number
of latents on (L0), latents never on among all its tokens (dead) or on for fewer than one token in 100 000
(ultra-rare), the share of the loss recovered, against neurons set to zero and against neurons set to their mean, and
how many latents are copies: more than half of the squared weight of their row lies on one neuron.
"""
from __future__ import annotations

import argparse
import itertools
import json
import pathlib
import sys
import time
from collections.abc import Callable, Iterator
from fractions import Fraction

import numpy as np
import torch

from course import sae
from course.language import SHAPE, Language, twin
from course.recipes import corpus
from course.recipes.language_model import Windows

COMMAND = "python -m course.recipes.dictionaries"
SIZES, K, STEPS, BATCH = (512, 1024, 2048, 4096), 16, 8000, 1024
FIELDS = ("encoder", "bias", "decoder", "centre")
ROWS = 1024  # windows of text read at once; half of twice as many activations are used before more are read
MEASURED, LOSSES = 8192, 1024  # windows of validation text, and of those for losses
RARE = 1e-5
NEURONS = SHAPE["mlp"]
DEVICE = "cuda" if torch.cuda.is_available() else "cpu"


#: a ladder of controls: what of a trained model is kept, the rest has random weights
LADDER = {"never trained": (), "only embeddings trained": ("token", "position", "unembedding"),
          "random MLP": ("token", "position", "unembedding", "layers.0.norm_attention", "layers.0.attention", "norm.")}


def language(place: str, stage: str | None = None) -> Language:
    """The model in ``place``, only what ``stage`` of ``LADDER`` keeps of it; with random weights for "twin"."""
    found = twin()
    if place != "twin":
        trained = torch.load(place, map_location="cpu", weights_only=True)
        kept = {name: weight for name, weight in trained.items() if not stage or name.startswith(LADDER[stage])}
        found.model.load_state_dict(kept, strict=not stage)
    found.model.to(DEVICE)
    return found


def drawn(text: np.ndarray, places: Windows, seed: int, rows: int = ROWS, length: int = SHAPE["length"]
          ) -> Iterator[torch.Tensor]:
    """Windows of ``text``, (rows, length) at a time, that begin where ``places`` says; without end."""
    for number in itertools.count():
        starts = places.draw(rows, [seed, number], len(text) - length)
        yield torch.from_numpy(np.asarray(text)[starts[:, None] + np.arange(length)].astype(np.int64))


def activations(model: Language, windows: Iterator[torch.Tensor], seed: int) -> Iterator[torch.Tensor]:
    """Batches (1024, 512) of neurons at the tokens of ``windows``, mixed over many of them; without end."""
    draw, pool = torch.Generator().manual_seed(seed), _neurons(model, next(windows))
    while True:
        pool = torch.cat([_neurons(model, next(windows)), pool])
        pool = pool[torch.randperm(len(pool), generator=draw).to(pool.device)]
        half = len(pool) // 2
        yield from pool[:half].split(BATCH)
        pool = pool[half:].clone()


def _neurons(model, windows):
    return torch.cat([model.neurons(part).flatten(0, 1) for part in windows.to(DEVICE).split(64)])


def windows(text: np.ndarray, length: int, most: int | None = None) -> torch.Tensor:
    """``text`` in rows of ``length`` tokens, (rows, length), at most ``most`` of them, from all over the text."""
    count = len(text) // length
    rows = torch.from_numpy(text[:count * length].astype(np.int64).reshape(count, length))
    return rows if most is None or most >= count else rows[torch.linspace(0, count - 1, most).long()]


def largest_neurons(k: int) -> sae.SAE:
    """The control without a dictionary: of the neurons of each token the ``k`` largest are kept as they are."""
    axes, none = torch.eye(NEURONS, device=DEVICE), torch.zeros(NEURONS, device=DEVICE)
    return sae.SAE("topk", k, axes, none, axes, none)


def losses(model: Language, rows: torch.Tensor, change: Callable, mean: torch.Tensor) -> dict[str, float]:
    """Nats per token of ``rows`` as the model is, with its neurons through ``change``, at zero, and at ``mean``; and
    the share of the loss that ``change`` recovers against each of the two."""
    found = dict(model=model.loss(rows), changed=model.loss(rows, change), zero=model.loss(rows, torch.zeros_like),
                 mean=model.loss(rows, mean.expand_as))
    for name in ("zero", "mean"):
        found[f"recovered_{name}"] = (found[name] - found["changed"]) / (found[name] - found["model"])
    return found


@torch.no_grad()
def measure(model: Language, dictionary: sae.SAE, rows: torch.Tensor, most: int = LOSSES) -> dict[str, float]:
    """Everything the table says about a dictionary, on windows ``rows`` (count, length) of text; losses on the first
    ``most`` of them."""
    times, count, total, squares, error = 0, 0, 0.0, 0.0, 0.0
    rows = rows.to(DEVICE)
    for part in rows.split(32):
        x = model.neurons(part).flatten(0, 1)
        latents = dictionary.encode(x)
        error += float((dictionary.decode(latents) - x).square().sum())
        times, count = times + (latents != 0).sum(0), count + len(x)
        total, squares = total + x.double().sum(0), squares + float(x.square().sum())
    mean = total / count
    variance = squares - count * float(mean.square().sum())
    share = times.double() / count
    row = dictionary.decoder.square()
    return dict(l0=float(share.sum()), explained=1 - error / variance, dead=float((times == 0).double().mean()),
                ultra_rare=float(((share < RARE) & (times > 0)).double().mean()),
                copies=int((row.max(1).values > row.sum(1) / 2).sum()),
                **losses(model, rows[:most], dictionary, mean.float()))


def save(dictionary: sae.SAE, place: pathlib.Path) -> None:
    """Write a dictionary as arrays."""
    np.savez(place, k=np.array(dictionary.k), **{name: getattr(dictionary, name).cpu().numpy() for name in FIELDS})


def load(place: pathlib.Path) -> sae.SAE:
    """Read what :func:`save` wrote."""
    with np.load(place, allow_pickle=False) as stored:
        return sae.SAE("topk", int(stored["k"]), *(torch.from_numpy(stored[name]).to(DEVICE) for name in FIELDS))


def main(arguments: list[str] | None = None) -> int:
    """Train and measure what is missing; returns 0."""
    parser = argparse.ArgumentParser(prog=COMMAND, description=__doc__.splitlines()[0])
    parser.add_argument("--model", required=True)
    parser.add_argument("--corpus", type=pathlib.Path, default=pathlib.Path("build/corpus"))
    parser.add_argument("--tokens", type=pathlib.Path, default=pathlib.Path("build/model"))
    parser.add_argument("--out", type=pathlib.Path, default=pathlib.Path("build/dictionaries"))
    parser.add_argument("--rarity", type=Fraction, default=Fraction(1, 16))
    parser.add_argument("--sizes", type=int, nargs="+", default=SIZES)
    parser.add_argument("--k", type=int, default=K)
    parser.add_argument("--steps", type=int, default=STEPS)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--stage", choices=LADDER, help="a control: keep only this much of the trained model")
    given = parser.parse_args(arguments)
    given.out.mkdir(parents=True, exist_ok=True)
    table, model, text = given.out / "table.jsonl", language(given.model, given.stage), corpus.load(given.corpus)
    done = {json.loads(line)["name"] for line in table.read_text().splitlines()} if table.exists() else set()
    training, validation = (np.load(given.tokens / f"{split}.npy", mmap_mode="r") for split in ("train", "validation"))
    places = Windows(text, "train", training, given.rarity)
    held = next(drawn(validation, Windows(text, "validation", validation, given.rarity), 0, MEASURED))
    for size in given.sizes:
        stage = "-" + given.stage.replace(" ", "-") if given.stage else ""
        name = f"{pathlib.Path(given.model).stem}{stage}-{size}-k{given.k}-{given.steps}-{given.seed}"
        if name in done:
            continue
        begun, made = time.perf_counter(), largest_neurons(given.k)
        if size:
            with torch.no_grad():
                batches = activations(model, drawn(training, places, given.seed), given.seed)
                made = sae.train(batches, size, k=given.k, steps=given.steps, seed=given.seed)
            save(made, given.out / f"{name}.npz")
        line = dict(name=name, size=size, k=given.k, steps=given.steps * bool(size), rarity=str(given.rarity),
                    device=DEVICE, seconds=round(time.perf_counter() - begun),
                    **{key: round(value, 5) for key, value in measure(model, made, held).items()})
        with table.open("a") as file:
            file.write(json.dumps(line) + "\n")
        print(line, flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
