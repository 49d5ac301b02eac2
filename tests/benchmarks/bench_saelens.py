"""Sparse autoencoders: the kinds of the course against SAELens's own, at equal L0, and a dictionary there and back.

    python tests/benchmarks/bench_saelens.py [--environment FOLDER] [--steps 200] [--parts page known neurons]

SAELens runs in an environment of its own, as in ``bench_sae.py``, which has TopK and its speed. One thread each.

page: the cells and the text of ``notebooks/deeper/07_on_to_saelens.ipynb`` are run as they stand, the text in SAELens.
What it prints should be what the page says, and variance explained and L0 those of the course, to three digits.

known: data of known features, five seeds: TopK, BatchTopK and JumpReLU on 48 features in 16 dimensions (notebook 07),
Matryoshka on parents with children, there with ten seeds. Both train on as many batches of the same data, at three
rates, of which the one counts that leaves the least unexplained for seed 0, in the mean of the prefixes. The rate is
at its height until the last quarter (ours) or fifth (SAELens) of the steps. L0 is made equal: by k, and for JumpReLU
by its penalty, which for the course is chosen by bisection so that L0 on new data is that of SAELens. What SAELens
saved is loaded as the page does, and both are scored by the same code on new data. Decided beforehand: variance
explained and features found should be within two points of each other, in the mean of the seeds; every seed is
reported.

neurons: the same kinds on the neurons of notebook 08, 2 048 latents, as in ``bench_sae.py``: variance explained at
equal L0, and activations for each second of one core's work (processor time, so that other work on the machine does not
count). The last line is one JSON object.
"""
import argparse
import io
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import time
from contextlib import redirect_stdout

import bench_sae

PAGE = pathlib.Path(__file__).parents[2] / "notebooks/deeper/07_on_to_saelens.ipynb"
SEEDS, SAMPLES = dict(toy=5, families=10), 20_000
KNOWN = dict(steps=1500, batch=256)
FALL = 0.25
RATES = dict(ours=(5e-3, 1e-2, 2e-2), theirs=(1e-3, 3e-3, 1e-2))
TOY = {"topk": dict(kind="topk", k=3), "batchtopk": dict(kind="batchtopk", k=3),
       "jumprelu": dict(kind="jumprelu", l0=0.6, window=0.3)}
NESTED = {"matryoshka": dict(kind="batchtopk", k=1.5, prefixes=(5, 20))}
NEURONS = {"topk": dict(kind="topk", k=16), "batchtopk": dict(kind="batchtopk", k=16),
           "matryoshka": dict(kind="batchtopk", k=16, prefixes=(256, 1024, 2048)),
           "jumprelu": dict(kind="jumprelu", l0=2.0, window=0.3)}


def in_saelens(jobs_file):
    """Runs in SAELens's environment: trains each job, and saves it for use beside its data. A line for each."""
    import numpy as np
    import sae_lens
    import torch
    from sae_lens import LoggingConfig, saes
    from sae_lens.config import SAETrainerConfig
    from sae_lens.training.sae_trainer import SAETrainer

    torch.set_num_threads(1)
    classes = {"topk": "TopK", "batchtopk": "BatchTopK", "jumprelu": "JumpReLU", "nested": "MatryoshkaBatchTopK"}
    for job in json.loads(jobs_file.read_text()):
        x, how, steps, batch = torch.from_numpy(np.load(job["data"])), job["how"], job["steps"], job["batch"]
        kind = "nested" if "prefixes" in how else how["kind"]
        words = dict(d_in=x.shape[1], d_sae=job["latents"], normalize_activations="expected_average_only_in")
        words |= {"k": how["k"]} if "k" in how else dict(
            jumprelu_bandwidth=how["window"], jumprelu_init_threshold=how["window"], l0_coefficient=how["l0"])
        if kind == "nested":
            words["matryoshka_widths"] = list(how["prefixes"])
        torch.manual_seed(job["seed"])
        sae = getattr(saes, f"{classes[kind]}TrainingSAE")(getattr(saes, f"{classes[kind]}TrainingSAEConfig")(**words))
        trainer_config = SAETrainerConfig(
            total_training_samples=steps * batch, train_batch_size_samples=batch, lr=job["rate"],
            lr_warm_up_steps=steps // 10, lr_decay_steps=steps // 5, lr_end=job["rate"] / 10,
            n_batches_for_norm_estimate=20, dead_feature_window=100, feature_sampling_window=100,
            logger=LoggingConfig(log_to_wandb=False))
        batches = bench_sae.batches(x, job["seed"], batch)
        trainer = SAETrainer(trainer_config, sae, batches)
        trainer.activation_scaler.estimate_scaling_factor(x.shape[1], batches, 20)
        with torch.no_grad():  # the centre it starts from is the mean, as ours, on its scaled activations
            sae.b_dec.copy_(x[:8192].mean(0) * trainer.activation_scaler.scaling_factor)
        begun = time.process_time()
        trainer.fit()
        seconds = time.process_time() - begun
        sae.save_inference_model(job["folder"])
        print(json.dumps(dict(seconds=round(seconds, 2), tokens_per_second=round(steps * batch / seconds),
                              version=sae_lens.__version__)), flush=True)


class Saelens:
    """SAELens in its environment, and the way back as the page has it."""

    def __init__(self, python, scratch):
        import nbformat

        self.python, self.scratch, self.page = python, scratch, {}
        notebook = nbformat.read(PAGE, 4)
        with redirect_stdout(io.StringIO()):
            exec(notebook.cells[1].source, self.page)
            for cell in notebook.cells:
                if "conversion" in cell.metadata.get("tags", []):
                    exec(cell.source, self.page)
        self.prose = "\n".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown")

    def run(self, *arguments, folder=None):
        """What a Python program prints in the environment."""
        done = subprocess.run([self.python, *map(str, arguments)], capture_output=True, text=True, cwd=folder,
                              env=os.environ | bench_sae.THREAD)
        if done.returncode:
            sys.exit(done.stderr)
        return done.stdout

    def train(self, jobs):
        """The trained dictionaries, each with what was measured while it was trained."""
        for number, job in enumerate(jobs):
            job["folder"] = str(self.scratch / f"trained{number}")
        place = self.scratch / "jobs.json"
        place.write_text(json.dumps(jobs))
        lines = [json.loads(line) for line in self.run(__file__, "--jobs", place).splitlines() if line[:1] == "{"]
        return [(self.page["load"](pathlib.Path(job["folder"])), line) for job, line in zip(jobs, lines, strict=True)]


def saved(x, place):
    import numpy as np

    np.save(place, x.numpy())
    return str(place)


def page(saelens):
    """The page as it stands, and what SAELens prints for it."""
    import numpy as np

    from course import features, sae

    known = features.load()
    rows, _ = known.sample.rows(128, 60)
    x = known.model.neurons(rows).flatten(0, 1)
    saelens.page["save"](known.sae, saelens.scratch)
    np.save(saelens.scratch / "x.npy", x.numpy())
    text, = re.findall(r"```python\n(.*?)```", saelens.prose, re.DOTALL)
    printed = saelens.run("-c", text, folder=saelens.scratch).strip()
    versions = saelens.run("-c", "import importlib.metadata as m; print(m.version('sae-lens'))").strip()
    found = sae.evaluate(known.sae, x)
    here = f"variance explained {1 - found['unexplained']:.4f}, L0 {found['l0']:.4f}"
    return dict(course=here, saelens=printed, version=versions, same=here == printed,
                on_the_page=f"```\n{printed}\n```" in saelens.prose and f"SAELens {versions}" in saelens.prose)


def worlds(kind):
    """For each seed: the true directions, activations to learn from and new ones."""
    import torch

    from course import toy

    if kind == "toy":
        for seed in range(SEEDS[kind]):
            W = torch.tensor(toy.train(48, 16, 3 / 48, seeds=4, steps=1500, batch=256, seed=10 * seed).W[0])
            yield W.T, *(torch.from_numpy(toy.sample(48, 3 / 48, SAMPLES, seed=100 * seed + n)[0]) @ W.T
                         for n in (1, 2))
        return
    from test_sae import family

    for seed in range(SEEDS[kind]):
        directions, _, x = family(2 * SAMPLES, seed=seed)
        yield directions, x[:SAMPLES], x[SAMPLES:]


def scored(dictionary, new, directions=None):
    from course import sae

    found = sae.evaluate(dictionary, new)
    result = dict(explained=round(1 - found["unexplained"], 4), l0=round(found["l0"], 3), dead=round(found["dead"], 3))
    if directions is not None:
        result["found"] = round(sae.recover(dictionary.decoder, directions).share(), 4)
    return result


def left(dictionary, x, how):
    """The squared error on ``x``, in the mean of the prefixes if there are some: what training makes small."""
    latents = dictionary.encode(x)
    sizes = how.get("prefixes", [latents.shape[1]])
    return sum(float((latents[:, :n] @ dictionary.decoder[:n] + dictionary.centre - x).square().sum())
               for n in sizes) / len(sizes)


def at_equal_l0(make, new, goal, start, tries=8):
    """Bisection on the penalty of JumpReLU, from ``start``, until L0 is within 2 % of the goal, or out of tries."""
    from course import sae

    low, high, penalty = None, None, start
    for _ in range(tries):
        made = make(penalty)
        l0 = sae.evaluate(made, new)["l0"]
        if abs(l0 / goal - 1) < 0.02:
            break
        low, high = (penalty, high) if l0 > goal else (low, penalty)
        penalty = (low * high) ** 0.5 if low and high else penalty * (1.5 if l0 > goal else 1 / 1.5)
    return made, penalty


def ours(x, latents, how, **more):
    from course import sae

    begun = time.process_time()
    made = sae.train(x, latents, fall=FALL, **how, **more)
    return made, time.process_time() - begun


def known(saelens, chosen):
    result = {}
    for world, kinds, latents in (("toy", TOY, 64), ("families", NESTED, 20)):
        drawn = list(worlds(world))
        places = [saved(x, saelens.scratch / f"{world}{seed}.npy") for seed, (_, x, _) in enumerate(drawn)]
        for name, how in ((name, how) for name, how in kinds.items() if name in chosen):
            def job(seed, rate, how=how, latents=latents, places=places):
                return dict(data=places[seed], how=how, latents=latents, seed=seed, rate=rate, **KNOWN)
            directions, x, new = drawn[0]
            tried = {rate: left(made, new, how) for rate, (made, _) in
                     zip(RATES["theirs"], saelens.train([job(0, rate) for rate in RATES["theirs"]]), strict=True)}
            their_rate = min(tried, key=tried.get)
            mine = {rate: left(ours(x, latents, how, rate=rate, **KNOWN)[0], new, how) for rate in RATES["ours"]}
            our_rate = min(mine, key=mine.get)
            them = saelens.train([job(seed, their_rate) for seed in range(len(drawn))])
            rows = []
            for seed, ((directions, x, new), (made, _)) in enumerate(zip(drawn, them, strict=True)):
                theirs, more = scored(made, new, directions), dict(rate=our_rate, seed=seed, **KNOWN)
                if name == "jumprelu":
                    own, penalty = at_equal_l0(lambda penalty, x=x, how=how, more=more, latents=latents: ours(
                        x, latents, how | dict(l0=penalty), **more)[0], new, theirs["l0"], how["l0"])
                else:
                    own, penalty = ours(x, latents, how, **more)[0], None
                rows.append(dict(ours=scored(own, new, directions), theirs=theirs, penalty=penalty))
            means = {who: {of: round(sum(row[who][of] for row in rows) / len(rows), 4) for of in rows[0][who]}
                     for who in ("ours", "theirs")}
            result[name] = dict(mean=means, rates=dict(ours=our_rate, theirs=their_rate), seeds=rows, within=all(
                abs(means["ours"][of] - means["theirs"][of]) <= 0.02 for of in ("explained", "found")))
            print(name, result[name]["rates"], means, file=sys.stderr, flush=True)
    return result


def neurons(saelens, steps):
    import torch

    torch.set_num_threads(1)
    x, held = bench_sae.activations(None)
    place, result = saved(x, saelens.scratch / "neurons.npy"), {}
    for name, how in NEURONS.items():
        run = dict(steps=steps, batch=bench_sae.BATCH)
        (made, line), = saelens.train([dict(data=place, how=how, latents=bench_sae.LATENTS, seed=0, rate=1e-2, **run)])
        theirs = line | scored(made, held)
        more = dict(rate=6e-3, **run)
        own, seconds = ours(x, bench_sae.LATENTS, how, **more)
        if name == "jumprelu":
            own, _ = at_equal_l0(lambda penalty, how=how, more=more: ours(
                x, bench_sae.LATENTS, how | dict(l0=penalty), **more)[0], held, theirs["l0"], how["l0"], tries=5)
        mine = dict(seconds=round(seconds, 2), tokens_per_second=round(steps * bench_sae.BATCH / seconds))
        result[name] = dict(ours=mine | scored(own, held), theirs=theirs,
                            ratio=round(mine["tokens_per_second"] / theirs["tokens_per_second"], 2))
        print(name, result[name], file=sys.stderr, flush=True)
    return result


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--environment", type=pathlib.Path, default=pathlib.Path("build/saelens"))
    parser.add_argument("--steps", type=int, default=200)
    parser.add_argument("--kinds", nargs="+", default=[*TOY, *NESTED], help="of the known part")
    parser.add_argument("--parts", nargs="+", default=["page", "known", "neurons"])
    parser.add_argument("--jobs", type=pathlib.Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.jobs:
        in_saelens(given.jobs)
        return
    sys.path.insert(0, str(pathlib.Path(__file__).parents[1]))
    python, result = bench_sae.environment(given.environment), {}
    with tempfile.TemporaryDirectory() as scratch:
        saelens = Saelens(python.absolute(), pathlib.Path(scratch))
        for part in given.parts:
            begun = time.perf_counter()
            result[part] = dict(page=lambda: page(saelens), known=lambda: known(saelens, given.kinds),
                                neurons=lambda: neurons(saelens, given.steps))[part]()
            result[part]["seconds"] = round(time.perf_counter() - begun)
    print(json.dumps(result))


if __name__ == "__main__":
    main()
