"""Toy models: the course's training against the plain one, and the phase diagram against the exact optimum.

The plain training (``toy.train_plain``: autograd, AdamW at 1e-3, batch 1024, 10 000 steps, all instances in
one batch) and ours run in turn, on one thread each. Ours runs three times with other random numbers; the
seconds are the middle ones, the loss ratio is the worst instance of the worst run. Losses are compared on
one fresh sample of 2¹⁸ that neither training has seen. The last line is one JSON object.
"""
import json
import statistics
import sys
import time

import numpy as np

from course import phase, toy

CASES = {
    "5 in 2, ten densities": (5, 2, 10, 0.9, dict()),
    "20 in 5, seven densities": (20, 5, 7, 0.7, dict(seeds=16, steps=700)),
    "80 in 20, ten densities": (80, 20, 10, 0.9, dict(seeds=6, steps=1500)),
}


def timed(work):
    begun = time.perf_counter()
    done = work()
    return time.perf_counter() - begun, done


def against_reference(n, m, count, decay, how):
    density, importance = 20 ** -np.linspace(0, 1, count), decay ** np.arange(n)
    theirs, (W, b) = timed(lambda: toy.train_plain(n, m, density, importance))
    true = toy.evaluate(W, b, density, importance, samples=2 ** 18)
    seconds, ratios = [], []
    for seed in range(3):
        ours, found = timed(lambda seed=seed: toy.train(n, m, density, importance, seed=seed, **how))
        seconds.append(ours)
        ratios.append(toy.evaluate(found.W, found.b, density, importance, samples=2 ** 18) / true)
    ours = statistics.median(seconds)
    return dict(seconds_ours=round(ours, 3), seconds_reference=round(theirs, 2), ratio=round(theirs / ours, 1),
                worst_loss_ratio=round(float(np.max(ratios)), 4),
                loss_ratios=np.max(ratios, 0).round(3).tolist())


def phase_diagram(side=40):
    p, r = (grid.ravel() for grid in np.meshgrid(np.geomspace(0.02, 1, side), np.geomspace(0.1, 10, side)))
    importance = np.stack([np.ones_like(r), r], axis=1)
    seconds, found = timed(lambda: toy.train(2, 1, p, importance, seeds=4, steps=700, rate=0.03))
    trained = phase.loss(np.concatenate([found.W[:, 0], found.b], axis=1), p, r)
    ratio = trained / np.min([phase.optimum(p, r, start)[0] for start in phase.STARTS], axis=0)
    return dict(cells=len(p), seconds_ours=round(seconds, 2), worst_loss_ratio=round(float(ratio.max()), 4),
                cells_above_1_02=int((ratio > 1.02).sum()))


def main():
    result = {}
    wanted = sys.argv[1:]
    for name, case in CASES.items():
        if not wanted or name.split()[0] in wanted:
            result[name] = against_reference(*case)
            print(name, result[name], flush=True)
    if not wanted or "phase" in wanted:
        result["phase diagram, 2 in 1"] = phase_diagram()
    print(json.dumps(result))


if __name__ == "__main__":
    main()
