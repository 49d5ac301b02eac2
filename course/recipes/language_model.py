"""Train the one-layer language model of notebook 08 on the corpus, and say how good it is.

    python -m course.recipes.language_model [--corpus FOLDER] [--out FOLDER] [--seed 0] [--tokens 48e6]
        [--rarity 1/16] [--batch 64]

``--rarity r`` makes contexts rare: a window of text begins in a document of the kinds in ``FREQUENT`` as often as in
the corpus, in one of any other kind r times as often. At 1/16 Arabic is one token in 400.

Needs the package tokenizers, for the byte-level BPE of 4 096 tokens. The model has the shape of "Towards
Monosemanticity" (Bricken et al. 2023): one layer, 128 dimensions, 512 ReLU neurons. It trains on the CPU in an hour
or two, or on a GPU where there is one (with ``--batch 512``); it goes on where it stopped, and keeps a log, one JSON
object a line.

Quality is bits per byte of the validation text, beside models that count (unigrams, bigrams, and 5-grams with
interpolated Kneser-Ney smoothing, Chen and Goodman 1999, on the same tokens and the same training text) and beside
gzip and xz, which see nothing but the validation text.
"""
from __future__ import annotations

import argparse
import gzip
import json
import lzma
import math
import pathlib
import sys
import time
from fractions import Fraction

import numpy as np
import torch
from torch.nn.functional import cross_entropy

from course import data
from course.language import SHAPE
from course.recipes import corpus
from course.recipes.words import npz
from course.sae_fast import fast_type
from course.transformer import Transformer

COMMAND = "python -m course.recipes.language_model"
VOCABULARY, END = 4096, "<|end|>"  # END stands between documents; its number is 0
BATCH, RATE, WARM = 64, 8e-3, 300  # 6 M tokens: 4.21 nats a token at 3e-3, 4.07 at 6e-3, and 1.2e-2 no worse
FREQUENT = ("english", "king-james", "c", "python", "html")  # they keep their weight when others get rare
EVERY = 200  # steps between two checkpoints
COMPUTED = dict(sources=[dict(name="computed by the recipe", version="1", licence="CC BY 4.0",
                              credit="The authors of this course.")], licence="CC BY 4.0")
BITS = 12  # of a token: five of them fit into 64 bits


# ---- tokens

def tokenizer(text: corpus.Corpus, out: pathlib.Path):
    """The byte-level BPE, made from the training text once and kept in ``out``."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

    place = out / "tokenizer.json"
    if not place.exists():
        made = Tokenizer(models.BPE())
        made.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
        made.decoder = decoders.ByteLevel()
        trainer = trainers.BpeTrainer(vocab_size=VOCABULARY, special_tokens=[END], show_progress=False,
                                      initial_alphabet=pre_tokenizers.ByteLevel.alphabet())
        made.train_from_iterator((text.bytes_of(k).decode() for k in text.part("train")), trainer)
        made.save(str(place))
    return Tokenizer.from_file(str(place))


def tokens_of(text: corpus.Corpus, split: str, out: pathlib.Path) -> np.ndarray:
    """All tokens of one split, END before each document: uint16, kept in ``out``."""
    place = out / f"{split}.npy"
    if not place.exists():
        words, numbers = tokenizer(text, out), text.part(split)
        parts = []
        for k in range(0, len(numbers), 500):
            some = [text.bytes_of(n).decode() for n in numbers[k:k + 500]]
            parts += [np.array([0, *e.ids], np.uint16) for e in words.encode_batch(some, add_special_tokens=False)]
        np.save(place, np.concatenate(parts))
    return np.load(place, mmap_mode="r")


def pieces_of(words) -> list[bytes]:
    """The bytes of every token but END, by number."""
    from tokenizers.pre_tokenizers import ByteLevel

    # ByteLevel writes each byte as a letter that can be seen; bytes 0 to 255 in order of these letters' code points
    # are first those that can be seen as they are, then the others.
    plain = [*range(33, 127), *range(161, 173), *range(174, 256)]
    letters = {chr(b): b for b in plain}
    letters |= {chr(256 + k): b for k, b in enumerate(b for b in range(256) if b not in plain)}
    assert set(letters) == set(ByteLevel.alphabet())
    by_number = sorted((number, text) for text, number in words.get_vocab().items() if text != END)
    return [bytes(letters[letter] for letter in text) for _, text in by_number]


def ship_tokens(words) -> None:
    """Write the tokens to course/data: the recipes that follow read them there."""
    pieces = pieces_of(words)
    content = npz(dict(bytes=np.frombuffer(b"".join(pieces), np.uint8),
                       lengths=np.array([len(piece) for piece in pieces], np.uint8)))
    (data.FOLDER / "tokens.npz").write_bytes(content)
    data.record("tokens.npz", **COMPUTED, recipe=COMMAND,
                holds="The byte-level BPE of the language model: the bytes of its 4 095 tokens, one after the other, "
                      "and their lengths. Number 0 is the end of a document.",
                changed="Nothing: the same corpus gives the same bytes.")


# ---- the model

def new_model(seed: int) -> Transformer:
    """The model before training: also the random-weight twin of the trained one."""
    torch.manual_seed(seed)
    return Transformer(**SHAPE)


class _NextToken(torch.autograd.Function):
    """Mean of −log p of the next tokens, from normed streams (n, d_model): unembedding, softmax and their gradients.

    In pieces that stay in the cache, which trains 1.8 times as fast as all logits (8 192 × 4 096) at once.
    """

    @staticmethod
    def forward(ctx, streams, weight, wanted, kind=torch.bfloat16):
        rows = 256 if streams.device.type == "cpu" else 8192
        few, out = streams.to(kind), weight.to(kind)
        to_streams, to_weight, total = torch.empty_like(streams), torch.zeros_like(weight), streams.new_zeros(())
        for k in range(0, len(streams), rows):
            target = wanted[k:k + rows, None]
            p = torch.softmax(few[k:k + rows] @ out.t(), -1, dtype=torch.float32)
            total -= p.gather(1, target).clamp(min=1e-30).log().sum()
            p.scatter_add_(1, target, p.new_full(target.shape, -1.0))  # p less one at the target: the gradient
            slope = p.to(kind)
            to_streams[k:k + rows] = slope @ out
            to_weight += slope.t() @ few[k:k + rows]
        ctx.save_for_backward(to_streams / len(streams), to_weight / len(streams))
        return total / len(streams)

    @staticmethod
    def backward(ctx, gradient):
        to_streams, to_weight = ctx.saved_tensors
        return to_streams * gradient, to_weight * gradient, None, None


def loss_of(model: Transformer, batch: torch.Tensor, kind: torch.dtype = torch.bfloat16) -> torch.Tensor:
    """Nats a token of ``batch`` (texts, length + 1), with its gradients; multiplied in ``kind``."""
    pieces = {}
    with torch.autocast(batch.device.type, torch.bfloat16, enabled=kind is torch.bfloat16):
        model(batch[:, :-1], pieces=pieces, places=slice(0, 0))  # no logits here: they are made in pieces
        streams = model.norm(sum(pieces[point] for point in model.points if not point.startswith("neurons")))
    return _NextToken.apply(streams.float().flatten(0, 1), model.unembedding.weight, batch[:, 1:].flatten(), kind)


class Windows:
    """Places in ``tokens`` where windows begin, the kinds of document that are not in ``FREQUENT`` drawn ``rarity``
    times as often as in the text."""

    def __init__(self, text: corpus.Corpus, split: str, tokens: np.ndarray, rarity: float):
        self.first = np.flatnonzero(np.asarray(tokens) == 0)  # END stands before each document
        self.sizes = np.diff(np.append(self.first, len(tokens)))
        kinds = np.array(text.names)[text.labels[text.part(split)]]
        #: (documents,) the weight of each of their tokens
        self.weights = np.where(np.isin(kinds, FREQUENT), 1.0, float(rarity))
        self.until = np.cumsum(self.weights * self.sizes)

    def draw(self, count: int, seed, last: int) -> np.ndarray:
        """``count`` places, none above ``last``, (count,)."""
        draw = np.random.default_rng(seed)
        document = np.searchsorted(self.until, draw.random(count) * self.until[-1], "right")
        return np.minimum(self.first[document] + (draw.random(count) * self.sizes[document]).astype(int), last)


def name_of(seed: int, total: float, rarity: Fraction) -> str:
    """Such as ``seed0-48M`` or ``seed0-48M-rare16``."""
    return f"seed{seed}-{int(total / 1e6)}M" + (f"-rare{float(1 / rarity):.4g}" if rarity != 1 else "")


def train(tokens: np.ndarray, windows: Windows, out: pathlib.Path, *, name: str, seed: int, total: float, device: str,
          rows: int = BATCH) -> Transformer:
    """Train for ``total`` tokens, ``rows`` of ``windows`` of ``tokens`` a step; goes on from the checkpoint in
    ``out``."""
    out.mkdir(parents=True, exist_ok=True)
    length = SHAPE["length"]
    steps = max(1, int(total / (rows * length)))
    model = new_model(seed).to(device)
    decay = [p for p in model.parameters() if p.ndim == 2]
    plain = [p for p in model.parameters() if p.ndim < 2]
    optimiser = torch.optim.AdamW([dict(params=decay, weight_decay=0.05), dict(params=plain, weight_decay=0.0)],
                                  lr=RATE, betas=(0.9, 0.98), fused=True)
    saved, log, begun, spent = out / f"{name}.pt", out / f"{name}.log", time.perf_counter(), 0.0
    first, kind = 0, fast_type(device)
    if saved.exists():
        state = torch.load(saved, map_location=device, weights_only=True)
        model.load_state_dict(state["model"])
        optimiser.load_state_dict(state["optimiser"])
        first, spent = state["step"], state["seconds"]
    losses, every = [], torch.from_numpy(np.asarray(tokens).astype(np.int32)).to(device)
    places = torch.arange(length + 1, device=device)
    for step in range(first, steps):
        # by step: the same batches after a stop as without it
        starts = windows.draw(rows, [seed, step], len(tokens) - length - 1)
        batch = every[torch.from_numpy(starts).to(device)[:, None] + places].long()
        share = (step - WARM) / max(1, steps - WARM)
        rate = RATE * ((step + 1) / WARM if step < WARM else 0.02 + 0.98 * (1 + math.cos(math.pi * share)) / 2)
        for group in optimiser.param_groups:
            group["lr"] = rate
        loss = loss_of(model, batch, kind)
        optimiser.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimiser.step()
        losses.append(loss.item())
        if (step + 1) % EVERY == 0 or step + 1 == steps:
            seconds = spent + time.perf_counter() - begun
            torch.save(dict(model=model.state_dict(), optimiser=optimiser.state_dict(), step=step + 1,
                            seconds=seconds), saved)
            line = dict(step=step + 1, of=steps, tokens=(step + 1) * rows * length, seconds=round(seconds),
                        nats_per_token=round(float(np.mean(losses)), 4), precision=str(kind).removeprefix("torch."))
            with log.open("a") as file:
                file.write(json.dumps(line) + "\n")
            print(line, flush=True)
            losses = []
    return model.eval()


def nats(model: Transformer, tokens: np.ndarray, batch: int = 64, weights: np.ndarray | None = None) -> float:
    """The sum of −log p over ``tokens`` but the first; each is told from 64 to 127 tokens before it. With ``weights``
    (tokens,), −log p of each counts that often."""
    length, half, each, device = SHAPE["length"], SHAPE["length"] // 2, [], model.unembedding.weight.device
    starts = range(0, len(tokens) - 1, half)
    windows = np.zeros((len(starts), length + 1), np.int64)
    wanted = np.zeros((len(starts), length), bool)
    for row, start in enumerate(starts):
        begin = max(0, start - half)
        some = tokens[begin:start + half + 1]
        windows[row, :len(some)] = some
        wanted[row, start - begin:len(some) - 1] = True
    with torch.no_grad():
        for k in range(0, len(windows), batch):
            part, mask = torch.from_numpy(windows[k:k + batch]), torch.from_numpy(wanted[k:k + batch])
            part = part.to(device)
            loss = cross_entropy(model(part[:, :-1]).flatten(0, 1), part[:, 1:].flatten(), reduction="none")
            each.append(loss[mask.to(device).flatten()].cpu().double())
    told = torch.cat(each)
    return float(told.sum() if weights is None else told @ torch.from_numpy(np.asarray(weights[1:], float)))


# ---- what it is measured against

def count_nats(train_tokens: np.ndarray, tokens: np.ndarray, order: int) -> float:
    """The sum of −log p over ``tokens`` but the first of an n-gram model of this order.

    Interpolated Kneser-Ney: absolute discount n₁/(n₁ + 2 n₂) of each order, and below the highest order not how often
    an n-gram comes but how many different tokens it comes after.
    """
    tokens = np.asarray(tokens, np.uint64)
    p = np.full(len(tokens) - 1, 1 / VOCABULARY)
    grams = _grams(np.asarray(train_tokens, np.uint64), order)
    for n in range(1, order + 1):
        if n < order:  # the distinct (n+1)-grams, without their first token: how many tokens it follows
            longer = np.unique(_grams(np.asarray(train_tokens, np.uint64), n + 1))
            keys, counts = np.unique(longer & np.uint64((1 << BITS * n) - 1), return_counts=True)
        else:
            keys, counts = np.unique(grams, return_counts=True)
        once, twice = ((counts == times).sum() for times in (1, 2))
        discount = once / (once + 2 * twice) if once else .5  # in a text of a few kinds of token, all come often
        contexts, first = np.unique(keys >> np.uint64(BITS), return_index=True)
        totals, kinds = np.add.reduceat(counts, first), np.diff(np.append(first, len(keys)))
        asked = np.zeros(len(p), np.uint64)
        for back in range(n - 1, -1, -1):  # the n − 1 tokens before, and the token itself
            source = np.arange(len(p)) + 1 - back
            asked = (asked << np.uint64(BITS)) | np.where(source >= 0, tokens[np.maximum(source, 0)], np.uint64(0))
        seen, at = _find(keys, asked)
        known, where = _find(contexts, asked >> np.uint64(BITS))
        count = np.where(seen, counts[at], 0)
        here = (np.maximum(count - discount, 0) + discount * kinds[where] * p) / totals[where]
        p = np.where(known, here, p)
    return float(-np.log(p).sum())


def _grams(tokens, n):
    """Every n-gram as one number, the oldest token in the highest bits."""
    made = np.zeros(len(tokens) - n + 1, np.uint64)
    for k in range(n):
        made = (made << np.uint64(BITS)) | tokens[k:len(tokens) - n + 1 + k]
    return made


def _find(sorted_keys, asked):
    """Whether each key is there, and where."""
    at = np.minimum(np.searchsorted(sorted_keys, asked), len(sorted_keys) - 1)
    return sorted_keys[at] == asked, at


def runs_known(training, tokens, n=5) -> tuple[int, float]:
    """How many different n-grams the training text has, and what share of those of ``tokens`` is among them."""
    keys, asked = np.unique(_grams(np.asarray(training, np.uint64), n)), _grams(np.asarray(tokens, np.uint64), n)
    return len(keys), float(_find(keys, asked)[0].mean())


def quality(model: Transformer, text: corpus.Corpus, out: pathlib.Path, rarity: Fraction) -> dict[str, float]:
    """Bits per byte of the validation text: the model's, and those it is measured against; and, as ``drawn``, the
    model's on that text with the weights that it was trained with."""
    training, tokens = tokens_of(text, "train", out), tokens_of(text, "validation", out)
    plain = b"".join(text.bytes_of(k) for k in text.part("validation"))
    found = dict(model=nats(model, tokens), twin=nats(new_model(1000), tokens[:200_000]) * len(tokens) / 200_000)
    for name, order in (("unigrams", 1), ("bigrams", 2), ("5-grams", 5)):
        found[name] = count_nats(training, tokens, order)
    bits = {name: value / math.log(2) / len(plain) for name, value in found.items()}
    bits |= {"gzip": len(gzip.compress(plain, 9)) * 8 / len(plain), "xz": len(lzma.compress(plain)) * 8 / len(plain)}
    drawn = Windows(text, "validation", tokens, rarity)
    sizes = [len(text.bytes_of(k)) for k in text.part("validation")]
    bits["drawn"] = (nats(model, tokens, weights=np.repeat(drawn.weights, drawn.sizes))
                     / math.log(2) / float(drawn.weights @ sizes))
    different, seen = runs_known(training, tokens)
    return {name: round(value, 4) for name, value in bits.items()} | dict(
        different_5grams=different, seen_5grams=round(seen, 4),
        bytes_per_token=round(len(plain) / len(tokens), 3), nats_per_token=round(found["model"] / len(tokens), 4))


def main(arguments: list[str] | None = None) -> int:
    """Tokenizer, tokens, training, quality; returns 0."""
    parser = argparse.ArgumentParser(prog=COMMAND, description=__doc__.splitlines()[0])
    parser.add_argument("--corpus", type=pathlib.Path, default=pathlib.Path("build/corpus"))
    parser.add_argument("--out", type=pathlib.Path, default=pathlib.Path("build/model"))
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--tokens", type=float, default=48e6)
    parser.add_argument("--rarity", type=Fraction, default=Fraction(1, 16), help="such as 1/16; 1: as in the corpus")
    parser.add_argument("--batch", type=int, default=BATCH, help="windows a step")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--no-quality", action="store_true", help="train only")
    given = parser.parse_args(arguments)
    if not 0 < given.rarity <= 1:
        parser.error("the rarity is above 0 and at most 1")
    torch.set_num_threads(given.threads)
    given.out.mkdir(parents=True, exist_ok=True)
    text = corpus.load(given.corpus)
    tokens = tokens_of(text, "train", given.out)
    ship_tokens(tokenizer(text, given.out))
    print(f"{len(tokens):,} tokens to train on", flush=True)
    name = name_of(given.seed, given.tokens, given.rarity)
    model = train(tokens, Windows(text, "train", tokens, given.rarity), given.out, name=name, seed=given.seed,
                  total=given.tokens, device="cuda" if torch.cuda.is_available() else "cpu", rows=given.batch).cpu()
    torch.save(model.state_dict(), given.out / f"model-{name}.pt")
    if not given.no_quality:
        found = json.dumps(dict(seed=given.seed, tokens=int(given.tokens), rarity=str(given.rarity),
                                **quality(model, text, given.out, given.rarity)))
        (given.out / f"quality-{name}.json").write_text(found + "\n")
        print(found)
    return 0


if __name__ == "__main__":
    sys.exit(main())
