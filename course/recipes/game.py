"""Rebuild ``course/data/game_limits.json``: what the word game of notebook 04 cannot learn, or did not learn yet.

    python -m course.recipes.game [--out FILE]

About an hour on one core; it writes after each run and goes on where it stopped. Two studies:

- *copy*: a fifth relation, in which a word answers itself. An example of "opposite" and one of "copy" differ only
  in how question and answer belong together. One layer, one layer with four times the neurons, and two layers,
  for several numbers of steps, with three seeds. Decided before any run: a model tells the two apart if it
  gives at least 90 % right third answers in both, on prompts of held-out combinations.
- *first_only*: one question in ten (a word and a relation) is only ever asked as the first of a training prompt,
  where nobody can know the relation; then it is asked after an example. Five seeds.
"""
from __future__ import annotations

import argparse
import json
import pathlib
import sys
import time

import torch

from course import data, game

NAME, COMMAND = "game_limits.json", "python -m course.recipes.game"
KINDS = [(1, 256, 500), (1, 256, 2000), (1, 256, 8000), (1, 1024, 2000), (2, 256, 500), (2, 256, 2000), (2, 256, 8000)]
COPY_SEEDS, FIRST_SEEDS = range(3), range(5)


def _rate(steps: int) -> float:
    return 4e-3 if steps <= 500 else 2e-3


def _answers(play: game.Game, model, relation: str, count: int) -> list[float]:
    """Shares of right second and third answers on prompts of held-out combinations."""
    prompts, _ = play.sample(count, relation=relation, held_out=True, generator=torch.Generator().manual_seed(99))
    return [round(value, 3) for value in game.accuracy(model, prompts).tolist()[1:]]


def copy_run(layers: int, mlp: int, steps: int, seed: int) -> dict:
    """One model on the adjectives' relations and copy; its course every 200 steps, and where it ended."""
    play, course, begun = game.Game([*game.ADJECTIVES, "copy"]), [], time.perf_counter()

    def report(step, model):
        if step % 200 == 0:
            course.append([step, *(_answers(play, model, relation, 200)[1] for relation in ("opposite", "copy"))])

    model = game.train(play, layers=layers, mlp=mlp, steps=steps, rate=_rate(steps), seed=seed, report=report)
    ends = {relation: _answers(play, model, relation, 1000) for relation in play.relations}
    others = [min(ends[relation][k] for relation in ("comparative", "superlative", "adverb")) for k in (0, 1)]
    return dict(layers=layers, mlp=mlp, steps=steps, rate=_rate(steps), seed=seed,
                seconds=round(time.perf_counter() - begun, 1), opposite=ends["opposite"], copy=ends["copy"],
                others=others, course=course)


class FirstOnly(game.Game):
    """The game with this share of its questions only ever asked first in a training prompt."""

    def __init__(self, share: float, seed: int = 0):
        super().__init__(seed=seed)
        draw = torch.Generator().manual_seed(seed)
        torch.rand(self.held_out.shape, generator=draw)  # the numbers that chose the held-out combinations
        #: (relations, words): True where a word is only ever asked first
        self.first_only = self._there & (torch.rand(self._there.shape, generator=draw) < share)

    def _draw(self, r, pairs, allowed, final, held_out, generator):
        rows, good = super()._draw(r, pairs, allowed, final, held_out, generator)
        return rows, good if held_out else good & ~self.first_only[r[:, None], rows[:, 1:]].any(1)


def first_only_run(seed: int, share: float = 0.1) -> dict:
    """One model of notebook 04: questions that were only asked first, now after an example, against the others.

    Words with a single relation are left out: the word alone gives their answer away.
    """
    play = FirstOnly(share)
    model = game.train(play, seed=seed)
    draw, right = torch.Generator().manual_seed(99), {True: [], False: []}
    for r, relation in enumerate(play.relations):
        rows = play.first_only[r]
        free = play.decode(play._asked[r][play._there[r] & ~rows])
        for only in (True, False):
            asked = play.decode(play._asked[r][rows]) if only else free
            if asked := [word for word in asked if sum(word in pairs for pairs in play.relations.values()) > 1]:
                prompts = torch.cat([play.sample(60, 2, relation=relation, words=[*free, word], asked=[word],
                                                 held_out=True, generator=draw)[0] for word in asked])
                with torch.no_grad():
                    said = model(prompts[:, :-2])[:, -1].argmax(-1)
                right[only].append((said == prompts[:, -2]).float())
    return dict(seed=seed, share=share, questions=sum(map(len, right[True])) // 60,
                held=round(torch.cat(right[True]).mean().item(), 3),
                others=round(torch.cat(right[False]).mean().item(), 3))


def _text(found: dict) -> str:
    """JSON with one run a line."""
    parts = (f'"{study}": {{"runs": [\n' + ",\n".join(map(json.dumps, part["runs"])) + "\n]}"
             for study, part in found.items())
    return "{\n" + ",\n".join(parts) + "\n}\n"


def main(arguments: list[str] | None = None) -> int:
    """Run what is missing; returns 0."""
    parser = argparse.ArgumentParser(prog=COMMAND, description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=pathlib.Path, default=data.FOLDER / NAME)
    out = parser.parse_args(arguments).out
    found = json.loads(out.read_text()) if out.exists() else dict(copy=dict(runs=[]), first_only=dict(runs=[]))
    jobs = [("first_only", dict(seed=seed)) for seed in FIRST_SEEDS]
    jobs += [("copy", dict(layers=layers, mlp=mlp, steps=steps, seed=seed))
             for seed in COPY_SEEDS for layers, mlp, steps in KINDS]
    for study, how in jobs:
        runs = found[study]["runs"]
        if not any(all(run[key] == value for key, value in how.items()) for run in runs):
            runs.append(copy_run(**how) if study == "copy" else first_only_run(**how))
            out.write_text(_text(found))
            print(study, {key: value for key, value in runs[-1].items() if key != "course"}, flush=True)
    if out == data.FOLDER / NAME:
        data.record(NAME)
    return 0


if __name__ == "__main__":
    sys.exit(main())
