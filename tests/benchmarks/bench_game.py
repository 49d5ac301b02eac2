"""The word game over five seeds: accuracy, seconds, additivity, and what adding a relation vector does.

    python tests/benchmarks/bench_game.py [SEEDS]

Each seed trains the model of notebook 04 with its defaults. Accuracy: second and third answers of prompts whose
last word makes held-out combinations. Additivity: the shares of variance of what attention writes at the
last colon, one prompt for each adjective and relation; beside it with labels shuffled, for the MLP, and
for a model that has not been trained.
Relation vectors are means over one half of the words, minus their mean over relations; they are applied to
prompts made of the other half. Swap: v_j - v_i added after two examples of relation i; success is the answer
of j as the model's first choice. Zero examples: v_j added to ``word :``, at strength 1. Beside each, a
random vector of the same norm, and the zero-example prompt with nothing added.
The last line is one JSON object.
"""
import json
import statistics
import sys
import time

import torch

from course import game

FAMILIES = {"adjectives": game.OF_ADJECTIVES, "verbs": ("past", "participle", "third-person"),
            "people": ("feminine", "plural")}


def random_like(vector, draw):
    other = torch.randn(vector.shape, generator=draw)
    return other * vector.norm() / other.norm()


def shares(values):
    """How the variance of ``values`` (relations, words, d) splits: a relation part, a word part, and the rest.

    The two-way analysis of variance: best fit of ``mean + relation + word``; the shares add to 1.
    """
    centred = values - values.mean((0, 1))
    of_relation, of_word = centred.mean(1, keepdim=True), centred.mean(0, keepdim=True)
    total = centred.square().sum()
    parts = [float(part.expand_as(centred).square().sum() / total) for part in (of_relation, of_word)]
    return *parts, 1 - sum(parts)


def additivity(play, model, draw):
    values = game.written_for_each(play, model)
    relations, words, d = values.shape
    shuffled = values.flatten(0, 1)[torch.randperm(relations * words, generator=draw)].view(relations, words, d)
    untrained = game.train(play, steps=0)
    return {name: [round(share, 3) for share in shares(found)] for name, found in (
        ("attention", values), ("shuffled", shuffled), ("mlp", game.written_for_each(play, model, point="mlp 0")),
        ("untrained", game.written_for_each(play, untrained)))}


def halves(play, relations, draw):
    words = play.common(relations)
    order = torch.randperm(len(words), generator=draw).tolist()
    return [words[k] for k in order[::2]], [words[k] for k in order[1::2]]


def steering(play, model, relations, seed):
    """Shares of right answers, one number for each kind of push, over all relations (or pairs of them)."""
    draw = torch.Generator().manual_seed(seed)
    first, second = halves(play, relations, draw)
    vectors = game.written_for_each(play, model, relations, first, each=4).mean(1)
    vectors -= vectors.mean(0)
    found = {name: [] for name in ("swap", "swap_random", "zero", "zero_random", "zero_nothing")}

    def share(prompts, direction, wanted):
        return (game.pushed(model, prompts, direction).argmax(-1) == wanted).float().mean().item()

    bare = torch.stack([play.index(second), play.index([game.COLON] * len(second))], 1)
    for j, target in enumerate(relations):
        for i, played in enumerate(relations):
            if i != j:
                prompts = play.sample(300, relation=played, words=second, generator=draw)[0][:, :-2]
                wanted, push = play.answers(target, prompts[:, -2]), vectors[j] - vectors[i]
                found["swap"].append(share(prompts, push, wanted))
                found["swap_random"].append(share(prompts, random_like(push, draw), wanted))
        wanted = play.answers(target, bare[:, 0])
        found["zero"].append(share(bare, vectors[j], wanted))
        found["zero_random"] += [share(bare, random_like(vectors[j], draw), wanted) for _ in range(20)]
        found["zero_nothing"].append(share(bare, torch.zeros_like(vectors[j]), wanted))
    return {name: round(statistics.mean(values), 4) for name, values in found.items()} | {
        "worst_swap": round(min(found["swap"]), 4), "worst_zero": round(min(found["zero"]), 4)}


def main():
    play, rows = game.Game(), []
    for seed in range(int(sys.argv[1]) if len(sys.argv) > 1 else 5):
        draw = torch.Generator().manual_seed(1000 + seed)
        begun = time.perf_counter()
        model = game.train(play, seed=seed)
        seconds = time.perf_counter() - begun
        prompts = play.sample(4000, held_out=True, generator=draw)[0]
        rows.append(dict(seed=seed, seconds=round(seconds, 1),
                         accuracy=[round(value, 4) for value in game.accuracy(model, prompts).tolist()],
                         additivity=additivity(play, model, draw),
                         **{name: steering(play, model, names, seed) for name, names in FAMILIES.items()}))
        print(rows[-1], flush=True)

    def mean(*path):
        values = rows
        for key in path:
            values = [value[key] for value in values]
        return round(statistics.mean(values), 4)

    kinds = list(rows[0]["adjectives"])
    print(json.dumps(dict(
        seeds=len(rows), seconds=mean("seconds"), slowest=max(row["seconds"] for row in rows),
        worst_accuracy=min(min(row["accuracy"][1:]) for row in rows),
        additivity={kind: [mean("additivity", kind, k) for k in range(3)] for kind in rows[0]["additivity"]},
        **{family: {kind: mean(family, kind) for kind in kinds} for family in FAMILIES})))


if __name__ == "__main__":
    main()
