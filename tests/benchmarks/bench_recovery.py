"""Sparse autoencoders against a known truth: how many true features does the dictionary find?

48 features of equal importance in 16 dimensions, three of them on at a time on average. Two kinds of truth: the
hidden vectors of a toy model of notebook 06, where only features with a direction longer than 0.5 count, and
random directions of length one. Five seeds each, every one with a truth, data and first weights of its own.

Decided beforehand: a feature is found if its partner (one-to-one) has a cosine of at least 0.9 with it, and the bar
is 95 % found in the worst seed at the best setting: the one whose worst seed is best, and among equals the one with
the best mean share, then mean cosine. Every setting is reported, to both sides of it. The last line is one JSON
object.
"""
import json
import time

import torch
from torch.nn.functional import normalize

from course import sae, toy

FEATURES, DIMENSIONS, ON, LATENTS, SAMPLES, SEEDS = 48, 16, 3, 64, 20_000, 5
STEPS = 2000
SETTINGS = {
    "k": [dict(kind="topk", k=k) for k in (1, 2, 3, 4, 5, 6, 8, 12, 16)],
    "l1": [dict(kind="l1", l1=l1) for l1 in (0.0, 0.1, 0.25, 0.5, 1.0, 2.0, 3.0, 4.0, 6.0, 8.0)],
}


def truth(kind: str, seed: int):
    """Directions (features, d), those that count, and two samples of amounts (count, features)."""
    density = ON / FEATURES
    if kind == "toy model":
        W = toy.train(FEATURES, DIMENSIONS, density, seeds=4, steps=1500, batch=256, seed=10 * seed).W[0]
        directions = torch.tensor(W.T)
    else:
        directions = torch.randn(FEATURES, DIMENSIONS, generator=torch.Generator().manual_seed(seed))
        directions /= directions.norm(dim=1, keepdim=True)
    amounts = [torch.from_numpy(toy.sample(FEATURES, density, SAMPLES, seed=100 * seed + part)[0]) for part in (1, 2)]
    return directions, directions.norm(dim=1) > 0.5, amounts


def uniqueness(dictionary, directions):
    """How many different features are nearest to some latent that is not zero, over the number of latents."""
    nearest = (normalize(directions) @ normalize(dictionary).T).argmax(0)[(dictionary != 0).any(1)]
    return len(nearest.unique()) / len(dictionary)


def one(directions, counted, amounts, seed, how):
    """Train on the first sample; measure on the second."""
    found = sae.train(amounts[0] @ directions, LATENTS, steps=STEPS, batch=256, rate=5e-3, seed=seed, **how)
    fresh = amounts[1] @ directions
    got = sae.recover(found.decoder, directions[counted], found.encode(fresh), amounts[1][:, counted])
    return dict(share=got.share(), cosine=float(got.cosine.mean()),
                uniqueness=uniqueness(found.decoder, directions[counted]),
                f1=float(got.f1.nanmean()), **sae.evaluate(found, fresh))


def main():
    result = dict(features=FEATURES, dimensions=DIMENSIONS, on=ON, latents=LATENTS, steps=STEPS, bar=0.95)
    for kind in ("toy model", "random directions"):
        begun = time.perf_counter()
        truths = [truth(kind, seed) for seed in range(SEEDS)]
        result[kind] = dict(counted=[int(counted.sum()) for _, counted, _ in truths])
        for name, settings in SETTINGS.items():
            curve = []
            for how in settings:
                runs = [one(*parts, seed, how) for seed, parts in enumerate(truths)]
                shares = [run.pop("share") for run in runs]
                curve.append({name: how[name], "worst": round(min(shares), 3), "shares": [round(s, 3) for s in shares],
                              **{key: round(sum(run[key] for run in runs) / SEEDS, 3) for key in runs[0]}})
                print(kind, curve[-1], flush=True)
            best = max(curve, key=lambda point: (point["worst"], sum(point["shares"]), point["cosine"]))
            result[kind][name] = dict(best=best[name], worst_seed=best["worst"], passed=best["worst"] >= 0.95,
                                      curve=curve)
        result[kind]["seconds"] = round(time.perf_counter() - begun)
    print(json.dumps(result))


if __name__ == "__main__":
    main()
