"""Rebuild ``course/data/game_limits.json``: what the word game of notebook 04 learns late, or not at all.

    python -m course.recipes.game [--out FILE]

About an hour on one core; it writes after each run and goes on where it stopped. A fifth relation, *copy*, in which
a word answers itself: an example of "opposite" and one of "copy" differ only in how question and answer belong
together. One layer, one layer with four times the neurons, and two layers, for several numbers of steps, with three
seeds. Decided before any run: a model tells the two apart if it gives at least 90 % right third answers in both, on
prompts of held-out combinations.
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
SEEDS = range(3)


def _rate(steps: int) -> float:
    return 4e-3 if steps <= 500 else 2e-3


def _answers(play: game.Game, model, relation: str, count: int) -> list[float]:
    """Shares of right second and third answers on prompts of held-out combinations."""
    prompts, _ = play.sample(count, relation=relation, held_out=True, generator=torch.Generator().manual_seed(99))
    return [round(value, 3) for value in game.accuracy(model, prompts).tolist()[1:]]


def copy_run(layers: int, mlp: int, steps: int, seed: int) -> dict:
    """One model on the adjectives' relations and copy; its course every 200 steps, and where it ended."""
    play, course, begun = game.Game([*game.OF_ADJECTIVES, "copy"]), [], time.perf_counter()

    def report(step, model):
        if step % 200 == 0:
            course.append([step, *(_answers(play, model, relation, 200)[1] for relation in ("opposite", "copy"))])

    model = game.train(play, layers=layers, mlp=mlp, steps=steps, rate=_rate(steps), seed=seed, report=report)
    ends = {relation: _answers(play, model, relation, 1000) for relation in play.relations}
    others = [min(ends[relation][k] for relation in ("comparative", "superlative", "adverb")) for k in (0, 1)]
    return dict(layers=layers, mlp=mlp, steps=steps, rate=_rate(steps), seed=seed,
                seconds=round(time.perf_counter() - begun, 1), opposite=ends["opposite"], copy=ends["copy"],
                others=others, course=course)


def _text(found: dict) -> str:
    """JSON with one run a line."""
    return '{"copy": {"runs": [\n' + ",\n".join(map(json.dumps, found["copy"]["runs"])) + "\n]}}\n"


def main(arguments: list[str] | None = None) -> int:
    """Run what is missing; returns 0."""
    parser = argparse.ArgumentParser(prog=COMMAND, description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=pathlib.Path, default=data.FOLDER / NAME)
    out = parser.parse_args(arguments).out
    found = json.loads(out.read_text()) if out.exists() else dict(copy=dict(runs=[]))
    runs = found["copy"]["runs"]
    for seed in SEEDS:
        for layers, mlp, steps in KINDS:
            how = dict(layers=layers, mlp=mlp, steps=steps, seed=seed)
            if not any(all(run[key] == value for key, value in how.items()) for run in runs):
                runs.append(copy_run(**how))
                out.write_text(_text(found))
                print({key: value for key, value in runs[-1].items() if key != "course"}, flush=True)
    if out == data.FOLDER / NAME:
        data.record(NAME)
    return 0


if __name__ == "__main__":
    sys.exit(main())
