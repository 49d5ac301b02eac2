"""Sparse autoencoders: the course's TopK training against SAELens on the same activations, one thread each.

    python tests/benchmarks/bench_sae.py [--activations FILE.npy] [--environment FOLDER] [--steps 400]

SAELens is installed from PyPI into an environment of its own (``--environment``, made if it is not there). Both train
2 048 latents, k = 16, on the same batches of 1 024, with the learning rate at its height until the last quarter (ours)
or fifth (SAELens). Each is given three rates, and its result with the least unexplained variance counts. Unexplained
variance and units that are never on are those of activations that were not trained on. "Seconds to equal variance" is
the shortest complete run of ours, at our best rate, that leaves no more unexplained than the whole run of SAELens.
Without a file, the activations are those of the shipped model's neurons on the shipped text, windows apart. The last
line is one JSON object.
"""
import argparse
import importlib.metadata
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time
import venv

LATENTS, K, BATCH = 2048, 16, 1024
RATES = dict(ours=(3e-3, 6e-3, 1e-2), saelens=(3e-3, 1e-2, 2e-2))
THREAD = dict(OMP_NUM_THREADS="1", MKL_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1")


def measured(x, reconstruct, encode):
    """The share of the variance of ``x`` that is left, and how many units are never on."""
    error, ever = 0.0, False
    for part in x.split(2048):
        error += float((reconstruct(part) - part).square().sum())
        ever = ever | (encode(part) != 0).any(0)
    return dict(unexplained=round(error / float((x - x.mean(0)).square().sum()), 4), dead=int((~ever).sum()))


def batches(x, seed=0, batch=BATCH):
    import torch

    draw = torch.Generator().manual_seed(seed)
    while True:
        yield x[torch.randint(len(x), (batch,), generator=draw)]


def theirs(folder, steps, rate):
    """Runs in SAELens's environment."""
    import numpy as np
    import torch
    from sae_lens import LoggingConfig, TopKTrainingSAE, TopKTrainingSAEConfig
    from sae_lens.config import SAETrainerConfig
    from sae_lens.training.sae_trainer import SAETrainer

    torch.set_num_threads(1)
    torch.manual_seed(0)
    x, held = (torch.from_numpy(np.load(folder / f"{name}.npy")) for name in ("train", "held"))
    sae = TopKTrainingSAE(TopKTrainingSAEConfig(d_in=x.shape[1], d_sae=LATENTS, k=K, device="cpu",
                                                normalize_activations="expected_average_only_in"))
    how = SAETrainerConfig(total_training_samples=steps * BATCH, train_batch_size_samples=BATCH, lr=rate,
                           lr_warm_up_steps=steps // 10, lr_decay_steps=steps // 5, lr_end=rate / 10,
                           n_batches_for_norm_estimate=20, logger=LoggingConfig(log_to_wandb=False))
    trainer = SAETrainer(how, sae, batches(x))
    # It trains on scaled activations, so the centre it starts from must be scaled too, as ours starts from the mean.
    trainer.activation_scaler.estimate_scaling_factor(x.shape[1], batches(x), 20)
    with torch.no_grad():
        sae.b_dec.copy_(x[:8192].mean(0) * trainer.activation_scaler.scaling_factor)
    begun = time.perf_counter()
    trainer.fit()
    seconds = time.perf_counter() - begun
    sae.eval()
    with torch.no_grad():
        found = measured(held, sae, sae.encode)
    print(json.dumps(dict(rate=rate, seconds=round(seconds, 1), tokens_per_second=round(steps * BATCH / seconds),
                          **found)))


def ours(x, held, steps, rate):
    from course import sae

    begun = time.perf_counter()
    made = sae.train(batches(x), LATENTS, k=K, steps=steps, rate=rate, fall=0.25)
    seconds = time.perf_counter() - begun
    return dict(steps=steps, rate=rate, seconds=round(seconds, 1), tokens_per_second=round(steps * BATCH / seconds),
                **measured(held, made, made.encode))


def activations(file):
    """Those to train on and those to measure on, (count, 512) each."""
    import numpy as np
    import torch

    if file:
        x = torch.from_numpy(np.load(file)).float()
        return x[:-20_000].clone(), x[-20_000:].clone()
    from course import features

    known = features.load()
    rows = known.sample.rows(known.model.length, 2300)[0]
    x = torch.cat([known.model.neurons(part).flatten(0, 1) for part in rows.split(64)])
    return x[:-20_000].clone(), x[-20_000:].clone()


def environment(folder):
    """The Python of an environment that has SAELens."""
    python = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    if not python.exists():
        from course.installing import torch_build

        print(f"installing SAELens in {folder}", file=sys.stderr)
        venv.create(folder, with_pip=True)
        same = "torch==" + importlib.metadata.version("torch").partition("+")[0]
        words, wrong = torch_build(python, "")
        if wrong:
            sys.exit(wrong)
        subprocess.run([python, "-m", "pip", "install", "-q", *words, same, "sae-lens"], check=True)
    return python


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--activations", type=pathlib.Path)
    parser.add_argument("--environment", type=pathlib.Path, default=pathlib.Path("build/saelens"))
    parser.add_argument("--steps", type=int, default=400)
    parser.add_argument("--theirs", type=float, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.theirs:
        theirs(given.activations, given.steps, given.theirs)
        return
    import numpy as np
    import torch

    torch.set_num_threads(1)
    x, held = activations(given.activations)
    python = environment(given.environment)
    with tempfile.TemporaryDirectory() as scratch:
        for name, part in (("train", x), ("held", held)):
            np.save(pathlib.Path(scratch) / f"{name}.npy", part.numpy())
        them = []
        for rate in RATES["saelens"]:
            run = subprocess.run([python, __file__, "--theirs", str(rate), "--activations", scratch,
                                  "--steps", str(given.steps)], check=True, capture_output=True, text=True,
                                 env=os.environ | THREAD)
            them.append(json.loads(run.stdout.splitlines()[-1]))
            print("SAELens", them[-1], file=sys.stderr, flush=True)
    us, equal = [], None
    for rate in RATES["ours"]:
        us.append(ours(x, held, given.steps, rate))
        print("ours", us[-1], file=sys.stderr, flush=True)
    best, mine = (min(runs, key=lambda run: run["unexplained"]) for runs in (them, us))
    for steps in (given.steps * n // 16 for n in (2, 4, 6, 8, 10, 12, 14, 16)):
        run = ours(x, held, steps, mine["rate"]) if steps < given.steps else mine
        if run["unexplained"] <= best["unexplained"]:
            equal = run
            break
    print(json.dumps(dict(
        ours=mine, saelens=best, ours_all=us, saelens_all=them, steps=given.steps,
        ratio=round(mine["tokens_per_second"] / max(run["tokens_per_second"] for run in them), 2),
        seconds_to_equal_variance=dict(ours=equal and equal["seconds"], saelens=best["seconds"]))))


if __name__ == "__main__":
    main()
