"""Every exercise: right answers pass in any form, each mistake gets its own sentence, nothing odd passes or crashes."""
import importlib
import linecache
import pkgutil
import re
import time
import warnings

import numpy as np
import pytest
import torch

import course.exercises as engine
from course import geometry
from course.exercises import NOTE, RIGHT, UNTOUCHED, WRONG, compare, running

MODULES = {name: importlib.import_module(f"course.exercises.{name}")
           for name in sorted(module.name for module in pkgutil.iter_modules(engine.__path__))}
ALL = {f"{name}.{exercise.variable}": exercise for name, module in MODULES.items()
       for exercise in vars(module).values() if isinstance(exercise, engine.Exercise)}
NEW = {name: exercise for name, exercise in ALL.items() if not isinstance(exercise.mistakes, tuple) or
       not exercise.mistakes}  # the others have not been written as cases yet
each = pytest.mark.parametrize("exercise", ALL.values(), ids=ALL.keys())
each_new = pytest.mark.parametrize("exercise", NEW.values(), ids=NEW.keys())
CONTRADICTION = re.compile(r"should (?:be|give) (?:the number )?(\S+), and it (?:is|gives) (?:the number )?\1\.(?: |$)")

# Wrong answers to exercises whose results are random, or have a range: their checkers look at properties.
WRONG_ANSWERS = {
    "sae.keep_largest": {
        "values, places = before.topk(k); torch.zeros_like(before).scatter(1, places, values.relu()) + 0.1":
            "Tried with before = [[0.5, -3.0, 2.0, 1.0], [-1.0, 0.25, -2.0, -0.5], [3.0, 2.0, 1.5, 1.0]], k = 2. "
            "Entry [0, 0] of the result should be 0, and it is 0.1.",
        "values, places = before.topk(k); before.scatter(1, places, values.relu())": "Begin with zeros",
        "values, places = before.topk(k); before.relu().scatter(1, places, values.relu())": "Only the k largest",
        "values, places = before.topk(k); torch.zeros_like(before).scatter(0, places, values.relu())": "down a column",
        "before.topk(k)": "It should give an array of shape (3, 4)",
        "torch.relu(before) * (before >= before.topk(k).values.min())": "One threshold serves the whole batch",
        "torch.softmax(before, dim=1)": "Entry ["},
    "toy.draw": {
        "x = (rng.random((count, n)) < 1 - sparsity) * rng.random((count, n)); x[:, 1] = np.roll(x[:, 0], 1); x":
            "come again in another",
        "on = rng.random(n) < 1 - sparsity; on * rng.random((count, n))": "one mask serves the whole batch",
        "on = rng.random((count, n)) < sparsity; on * rng.random((count, n))": "Sparsity is the probability of being",
        "on = rng.random((count, 1)) < 1 - sparsity; on * rng.random((count, n))": "on together or off together",
        "x = rng.random((count, n)); (x < 1 - sparsity) * x": "Do mask and strength share their random numbers",
        "(rng.random((count, n)) < 1 - sparsity) * 1.0": "Their strength should be drawn evenly",
        "(rng.random((count, n)) < 1 - sparsity) * rng.random(n)": "Strengths are repeated down a column",
        "(rng.random((count, n)) < 1 - sparsity) * rng.random((count, 1))": "strengths of two features hang together",
        "(rng.random((count, n)) < 1 - sparsity) * rng.normal(size=(count, n))": "outside 0 to 1",
        "(rng.random((count, n)) < 1 - sparsity) * rng.random((count, n)) ** 2": "not spread evenly",
        "rng = np.random.default_rng(0); (rng.random((count, n)) < 1 - sparsity) * rng.random((count, n))":
            "always the same batch",
        "(np.random.random((count, n)) < 1 - sparsity) * np.random.random((count, n))": "same seed",
        "h = count // 2; x = (rng.random((h, n)) < 1 - sparsity) * rng.random((h, n)); np.concatenate([x, x])":
            "Whole samples come more than once",
        "h = count // 2; x = (rng.random((h, n)) < 1 - sparsity) * rng.random((h, n)); np.repeat(x, 2, axis=0)":
            "Whole samples come more than once",
        "x = (rng.random((count, n)) < 1 - sparsity) * rng.random((count, n)); x[:, 1] = 1 - x[:, 0]; x":
            "each should be in",
        "x = (rng.random((count, n)) < 1 - sparsity) * rng.random((count, n)); x[:, 1] = x[:, 0]; x":
            "hang together",
        "x = (rng.random((count, n)) < 1 - sparsity) * rng.random((count, n)); x[:, 2] = x[:, 0] ** 2; x":
            "hang together",
        "np.sort((rng.random((count, n)) < 1 - sparsity) * rng.random((count, n)), axis=0)": "in an order",
        "x = (rng.random((count, n)) < 1 - sparsity) * rng.random((count, n)); x[x[:, 0].argsort()]": "in an order",
        "np.sort((rng.random((count, n)) < 1 - sparsity) * rng.random((count, n)), axis=1)": "each should be in",
        "on = rng.random((count, n)) < 1 - sparsity; on[:, 1] = on[:, 0]; on * rng.random((count, n))":
            "on together more often",
        "((rng.random((n, count)) < 1 - sparsity) * rng.random((n, count)))": "array of shape",
    },
    "packing.noisy_error": {
        **{f"t = pack(x, y, Z) + noise * {drawn}\na, b = unpack(np.clip(t, 0, 1 - 1e-9), Z)\n{error}": says
           for drawn, error, says in (
               ("rng.normal(size=1)", "((a - x) ** 2 + (b - y) ** 2).mean() / 2", "How many different noise numbers"),
               ("rng.normal(size=3).mean()", "((a - x) ** 2 + (b - y) ** 2).mean() / 2", "How many different noise"),
               ("np.random.normal(size=x.shape)", "((a - x) ** 2 + (b - y) ** 2).mean() / 2", "same seed"),
               ("np.random.default_rng(0).normal(size=x.shape)", "((a - x) ** 2 + (b - y) ** 2).mean() / 2",
                "always the same error"),
               ("rng.normal(size=x.shape)", "(a - x) ** 2 + (b - y) ** 2", "one number"),
               ("rng.normal(size=Z)", "0.0", "ValueError"),
               ("rng.standard_cauchy(size=x.shape)", "((a - x) ** 2 + (b - y) ** 2).mean() / 2", "should be about"),
               ("rng.normal(size=x.shape)", "((a - x) ** 2 + (b - y) ** 2).sum() / 2", "adds up the errors"),
               ("rng.normal(size=x.shape)", "((a - x) ** 2).mean()", "one of the two numbers is missing"),
               ("rng.normal(size=x.shape)", "((b - y) ** 2).mean() / 2", "one of the two numbers is missing"),
               ("rng.normal(size=x.shape)", "((a - x) ** 2 + (b - y) ** 2).mean() / 2 * 1.01", "should be about"),
               ("rng.normal(size=x.shape)", "((a - x) ** 2 + (b - y) ** 2).mean() / 2.02", "should be about"))},
        **{f"t = pack(x, y, Z) + noise * {drawn}; a, b = unpack(np.clip(t, 0, 1 - 1e-9), Z); "
           "((a - x) ** 2 + (b - y) ** 2).mean() / 2": says
           for drawn, says in (("rng.normal(20_000)", "is the mean of the noise"),
                               ("rng.normal(len(x))", "is the mean of the noise"),
                               ("rng.normal(x.shape)", "is the mean of the noise"),
                               ("rng.normal(size=20_000)", "Tried with 8 pairs instead of 20 000. Your function"))},
        "noise * rng.normal()": "How many different noise numbers", "0.05": "always the same error",
    },
    "packing.read_sum": {
        "x, y = unpack(t, Z); x, 2 * y": "only one half is put back",
        "cell = Z * t // 1; (cell + 1) / Z, (Z * t - cell) * 2 % 1": "Entry [1] of the result should be",
        "cell = round(Z * t); (cell + 1) / Z, 2 * (Z * t - cell)": "Entry [0] of the result should be",
        "cell = 10 * t // 1; (cell + 1) / 10, 2 * (10 * t - cell)": "Entry [1] of the result should be",
        "cell = Z * t // 1; (cell + 1) / Z + 2 * (Z * t - cell)": "it gives one number",
        "x, y = unpack(t / 2, Z); 2 * x, 2 * y": "Entry [0] of the result should be",
    },
    "shapes.nearest": {
        "np.linalg.norm(stored - image, axis=1)": "one number, and it gives an array",
        "((stored - image) ** 2).sum()": "The result should be 1, and it is 78",
        "((stored - image) ** 2).argmin()": "added for each stored image",
        "(stored - image).sum(axis=1).argmin()": "cancel",
        "np.argsort(((stored - image) ** 2).sum(axis=1))": "It should give",
        "((stored - image) ** 2).sum(axis=1).argmin() + 1": "The result should be",
        "(stored @ image / np.linalg.norm(stored, axis=1)).argmax()": "The result should be",
        "abs(stored - image).max(axis=1).argmin()": "The result should be",
        "0": "This is always place 0", "len(stored)": "The result should be",
        "((stored - image) ** 2).sum().argmin()": "A sum for each image runs along axis 1",
        "np.argmin(np.linalg.norm(stored - image))": "A sum for each image runs along axis 1",
        "((stored - image) ** 2).mean().argmin()": "A sum for each image runs along axis 1",
        "((stored - image.mean()) ** 2).sum(axis=1).argmin()": "The result should be",
    },
    "shapes.direction": {
        "h[on].mean() - h[~on].mean()": "one number of a whole table",
        "h[~on].mean(0) - h[on].mean(0)": "leads away from the property",
        "h[on].mean(axis=0)": "Subtract the mean of the others",
        "h[on].mean(axis=0) - h.mean(axis=0)": "The second mean is over all images",
        "h[on].sum(axis=0) - h[~on].sum(axis=0)": "These are sums",
        "h[on][0] - h[~on][0]": "Entry [", "h[on] - h[~on]": "Take the mean of each first",
        "h[on].mean(axis=0) - h[~on].mean(axis=0) * 0.5": "Entry [",
        "h[on].mean(axis=0) - h[-on].mean(axis=0)": "TypeError",
        "h[on].mean(axis=0) + h[~on].mean(axis=0)": "Entry [",
        "(h * on[:, None]).mean(axis=0) - (h * ~on[:, None]).mean(axis=0)": "Entry [",
        "abs(h[on].mean(axis=0) - h[~on].mean(axis=0))": "Entry [",
    },
    "sae.penalty": {
        **dict.fromkeys((
            "torch.tensor((f * D.norm(dim=1)).sum(dim=1).mean().item(), requires_grad=True)",
            "(f * D.norm(dim=1)).sum(dim=1).mean().detach().requires_grad_()",
            "(f * D.norm(dim=1)).sum(dim=1).mean().detach()",
            "(f * D.norm(dim=1)).sum(dim=1).mean().item()",
            "float((f * D.norm(dim=1)).sum(dim=1).mean())", "[(f * D.norm(dim=1)).sum(dim=1).mean()]",
            "(f.detach() * D.norm(dim=1)).sum(dim=1).mean()"), "no slope for the latents"),
        "(f * D.norm(dim=1).detach()).sum(dim=1).mean()": "no slope for the rows",
        "(f * torch.tensor(D.norm(dim=1).tolist())).sum(dim=1).mean()": "no slope for the rows",
        "x = (f * D.norm(dim=1)).sum(dim=1).mean(); x.detach() + (x - x.detach()) * 2": "is another one",
        "(f * D.detach().norm(dim=1)).sum(dim=1).mean() + 0 * D.sum()": "for the rows is another",
        "(f[:, :, None] * D).square().sum(dim=-1).sqrt().sum(dim=1).mean()": "not a number in places",
        "(f * D.norm(dim=1)).sum(dim=1).mean() * 1j": "one number",
        "(f * D.norm(dim=1)).sum(dim=1).mean() + 0.01": "should be 4.75, and it is 4.76",
        "(f * D.norm(dim=1)).sum(dim=1).median()": "it is 4", "penalty(f, D)": "RecursionError",
    },
    "words.learned_target": {
        "a, b = pairs[k]; o = words.offsets(pairs); words[a] + (o.sum(axis=0) - o[k]) / 39": "39 fits only",
        "a, b = pairs[k]; words[a] + np.delete(words.offsets(pairs), k).mean()": "one number here",
        "a, b = pairs[k]; words[a] + np.delete(words.offsets(pairs), k, axis=0).mean()": "one number here",
        "a, b = pairs[k]; words[a] + words.offsets(pairs).mean()": "one number here",
        "a, b = pairs[k]; words[a] + np.mean(words.offsets(pairs))": "one number here",
    },
    "words.shuffled_cosine": {
        "o = rng.permutation(len(first)); mean_cosine((second - first)[o])": "the value of the true pairs",
        "mean_cosine(second - first)": "the value of the true pairs",
        "mean_cosine(second[::-1] - first)": "always the same shuffle",
        "mean_cosine(np.roll(second, 1, axis=0) - first)": "always the same shuffle",
        "o = np.random.default_rng(1).permutation(len(first)); mean_cosine(second[o] - first)":
            "always the same shuffle",
        "o = np.random.permutation(len(first)); mean_cosine(second[o] - first)": "same seed",
        "o = rng.integers(len(first), size=len(first)); mean_cosine(second[o] - first)": "used twice",
        "mean_cosine(rng.permuted(second, axis=1) - first)": "change places as wholes",
        "o = rng.permutation(len(first)); second[o] - first": "one number",
        "o = rng.permutation(len(first)); mean_cosine(second[o])": "belong to no way of pairing",
        "o = rng.permutation(len(first)); mean_cosine(second[o] + first)": "belong to no way of pairing",
        "o = rng.permutation(len(first)); abs(mean_cosine(second[o] - first)) + 0.1": "belong to no way of pairing",
        "0.1": "belong to no way of pairing",
    },
    "beyond.plan": {
        "y = x.abs(); y[:, neurons // 2:] = 0; y": "The constant that costs least is `mean`",
        "x.abs()": "This answers every feature",
        "y = torch.full_like(x, mean); y[:, :neurons] = x[:, :neurons].abs(); y": "with every neuron",
        "y = torch.full_like(x, mean); k = neurons / 2; y[:, :k] = x[:, :k].abs(); y": "TypeError",
        "y = torch.full_like(x, mean); k = (neurons + 1) // 2; y[:, :k] = x[:, :k].abs(); y": "Tried with x",
        "y = torch.full_like(x, mean); y[:, 0] = x[:, 0].abs(); y": "Tried with x",
        "torch.relu(x[:, :neurons // 2]) + torch.relu(-x[:, :neurons // 2])": "array of shape",
        "x[:, neurons // 2:] = mean; torch.relu(x) + torch.relu(-x)": "changes the `x`",
        "mean": "array of shape", "x + torch.relu(-x)": "Tried with x",
    },
    "beyond.both": {
        "[min(max(a), max(b)) for a, b in zip(read.T.tolist(), write.T.tolist())]": "One latent has to do both",
        "torch.minimum(read, write).max(dim=0)": "", "torch.minimum(read, write).amax(1)": "a number for each latent",
        "torch.minimum(read, write)": "for every pair", "torch.maximum(read, write).amax(0)": "one side is enough",
        "(read * write).amax(0)": "A product is large too", "(read + write).amax(0) / 2": "In a mean one side",
        "torch.minimum(read, write).amin(0)": "Tried with", "read.amax(0)": "What the latent writes",
        "torch.minimum(read, write).argmax(0)": "which latent it is",
    },
    "features.share": {
        "(rows ** 2).max(dim=0)": "",
        "rows.max(dim=1).values ** 2 / (rows ** 2).sum(dim=1)": "",
        "rows ** 2": "",
    },
    "features.f1": {
        **{f"n, t, both = {kind}(named.sum()), {kind}(true.sum()), {kind}((named & true).sum()); p, r = both / n, "
           "both / t; 2 * p * r / (p + r)": f"a unit that names nothing should get 0. {says}"
           for kind, says in (("", "F1 is not finite"), ("int", "Your function stopped with ZeroDivisionError"),
                              ("float", "Your function stopped with ZeroDivisionError"))},
        "both = (named & true).sum(); p, r = both / named.sum(), both / true.sum()\n"
        "2 * p * r / (p + r) if p + r else 0":
            "a unit that names nothing should get 0. F1 is not finite",
        "if named.sum() == 0: return 0\nboth = (named & true).sum(); p, r = both / named.sum(), both / true.sum()\n"
        "2 * p * r / (p + r)": "a unit that names some tokens, and none of them is in the context, should get 0",
        "2 * (named & true).sum() / (named.sum() + true.sum()) if named.any() else 1":
            "a unit that names nothing should get 0, and here it gets 1.",
        "2 * (named & true).sum() / (named.sum() + true.sum()) if named.any() else None":
            "a unit that names nothing should get 0. Your function ran but gave nothing back",
        "(named and true).sum()": "& | ~ for `and`, `or`, `not`",
        "f = 2 * (named & true).sum() / (named.sum() + true.sum()); f.round()": "should be 0.571, and it is 1",
    },
}
# Other right answers.
RIGHT_ANSWERS = {
    "geometry.how_many": [
        "k = noise * noise * d; k / p", "np.square(noise) * d / p", "d * pow(noise, 2) * (1 / p)",
        "np.float32(noise) ** 2 * d / p", "noise ** 2 / (p / d)"],
    "geometry.false_alarm": [
        "off = [i for i in range(W.shape[1]) if i not in on]; off[int(np.argmax(W[:, off].T @ W[:, on].sum(axis=1)))]",
        "x = np.isin(np.arange(W.shape[1]), on); np.where(x, -np.inf, W.T @ (W @ x)).argmax()",
        "h = sum(W[:, i] for i in on); max(set(range(W.shape[1])) - set(on), key=lambda i: W[:, i] @ h)",
        "r = W.T @ W[:, on].mean(axis=1); r[on] = r.min() - 1; int(r.argmax())",
        "next(i for i in np.argsort(-(W.T @ W[:, on].sum(axis=1))) if i not in on)",
        "r = (W.T @ W)[:, on].sum(axis=1); np.ma.array(r, mask=np.isin(np.arange(len(r)), on)).argmax()"],
    "sae.penalty": [
        "(f @ D.norm(dim=1)).mean()", "f.mean(dim=0) @ D.norm(dim=1)",
        "(f * D.norm(dim=-1)).sum(dim=-1).mean()", "(f * D.norm(dim=1)).sum() / len(f)",
        "(f * D.square().sum(dim=1).sqrt()).sum(dim=1).mean()", "(f.abs() * D.norm(dim=1)).sum(1).mean(0)",
        "(f[:, :, None] * D).norm(dim=2).sum(dim=1).mean()",
        "(f * torch.linalg.norm(D, axis=1)).sum(1).mean()",
        "sum(sum(x * row.norm() for x, row in zip(line, D)) for line in f) / len(f)",
        "torch.einsum('sl,l->s', f, D.norm(dim=1)).mean().reshape(1)",
        "f = f * D.norm(dim=1); f.sum(dim=1).mean()",
        "(f.double() * D.double().norm(dim=1)).sum(dim=1).mean()",
        "(f.half() * D.half().norm(dim=1)).sum(dim=1).mean()",
        "(f.bfloat16() * D.bfloat16().norm(dim=1)).sum(dim=1).mean()"],
    "sae.keep_largest": [
        "values, places = before.topk(k); torch.relu(torch.zeros_like(before).scatter(1, places, values))",
        "torch.relu(before) * (before >= before.topk(k).values[:, -1:])",
        "torch.where(before >= before.sort(dim=1, descending=True).values[:, k - 1:k], before, 0.0).clamp(min=0)",
        "out = torch.zeros_like(before)\nfor i, row in enumerate(before):\n"
        "        for j in row.argsort(descending=True)[:k]: out[i, j] = max(row[j], 0)\nout",
        "before.relu() * (before.argsort(dim=1, descending=True).argsort(dim=1) < k)",
        "[[v if v > 0 and v in sorted(row)[-k:] else 0.0 for v in row] for row in before.tolist()]",
        "import numpy as np; b = np.asarray(before); "
        "np.where(b >= -np.sort(-b, axis=1)[:, k - 1:k], b, 0).clip(min=0)"],
    "toy.draw": [
        "np.where(rng.random((count, n)) < sparsity, 0, rng.random((count, n)))",
        "rng.random((count, n)) * (rng.random((count, n)) > sparsity)",
        "np.stack([(rng.random(n) >= sparsity) * rng.random(n) for _ in range(count)])",
        "x = rng.random((count, n)); np.where(x < sparsity, 0, (x - sparsity) / (1 - sparsity))",
        "rng.binomial(1, 1 - sparsity, (count, n)) * rng.uniform(size=(count, n))",
        "rng.choice(2, (count, n), p=[sparsity, 1 - sparsity]) * rng.random((count, n))"],
    "toy.leaks": ["t = np.clip((W.T @ W).T + b.reshape(-1, 1), 0, None); t - np.diag(np.diag(t))",
                  "[[max(W[:, i] @ W[:, j] + b[i], 0) * (i != j) for j in range(len(b))] for i in range(len(b))]"],
    "packing.noisy_error": [
        f"t = pack(x, y, Z) {noise}; a, b = unpack(np.clip(t, 0, 1 - 1e-9), Z); ((a - x)**2 + (b - y)**2).mean() / 2"
        for noise in ("+ rng.normal(0, noise, len(x))", "- noise * rng.normal(size=len(x))",
                      "+ rng.normal(x * 0, noise)", "+ noise * rng.standard_normal(x.size)",
                      "+ noise * rng.normal(size=(2, len(x)))[1]",
                      "+ noise * np.array([rng.normal() for _ in x])", "+ noise * rng.normal(size=(1, len(x)))",
                      "+ noise * rng.normal(size=(9, len(x))).sum(axis=0) / 3")
    ] + [
        f"a, b = unpack(np.clip(pack(x, y, Z) + noise * rng.normal(size=x.shape), 0, 1 - 1e-9), Z); {error}"
        for error in ("np.mean([(a - x) ** 2, (b - y) ** 2])", "(np.mean((a - x) ** 2) + np.mean((b - y) ** 2)) / 2",
                      "sum((a - x) ** 2 + (b - y) ** 2) / len(x) / 2", "round(((a - x)**2 + (b - y)**2).mean() / 2, 3)",
                      "np.float16(((a - x) ** 2 + (b - y) ** 2).mean() / 2)",
                      "np.linalg.norm([a - x, b - y]) ** 2 / 2 / len(x)")],
    "packing.read_sum": [
        "x, y = unpack(t, Z); x + 0.5 / Z, 2 * y",
        "cell, rest = divmod(Z * t, 1); [(cell + 1) / Z, rest * 2]",
        "cell = int(Z * t); (cell + 1) / Z, 2 * (Z * t - cell)",
        "import math; (math.floor(Z * t) + 1) / Z, (Z * t - math.floor(Z * t)) * 2",
        "np.array([(np.floor(Z * t) + 1) / Z, 2 * np.modf(Z * t)[0]])",
        "t = np.float32(t); cell = Z * t // 1; (cell + 1) / Z, 2 * (Z * t - cell)",
        "import torch; t = torch.tensor(t); cell = (Z * t).floor(); (cell + 1) / Z, 2 * (Z * t - cell)",
        "cell = Z * t // 1; round((cell + 1) / Z, 3), round(2 * (Z * t - cell), 3)"],
    "shapes.nearest": [
        "np.argmin(((stored - image) ** 2).sum(axis=1))",
        "np.linalg.norm(stored - image, axis=1).argmin()",
        "(((stored - image) ** 2).mean(axis=1)).argmin()",
        "d = [((one - image) ** 2).sum() for one in stored]; d.index(min(d))",
        "((stored ** 2).sum(axis=1) - 2 * stored @ image).argmin()",
        "min(range(len(stored)), key=lambda k: ((stored[k] - image) ** 2).sum())",
        "np.einsum('ij,ij->i', stored - image, stored - image).argsort()[0]",
        "((np.float32(stored) - np.float32(image)) ** 2).sum(axis=1).argmin()",
        "import torch; torch.cdist(torch.tensor(image)[None], torch.tensor(stored)).argmin()"],
    "shapes.direction": [
        "np.mean(h[on], axis=0) - np.mean(h[~on], axis=0)",
        "h[on].mean(0) - h[np.logical_not(on)].mean(0)",
        "h[on].sum(axis=0) / on.sum() - h[~on].sum(axis=0) / (~on).sum()",
        "[column[on].mean() - column[~on].mean() for column in h.T]",
        "np.where(on, 1 / on.sum(), -1 / (~on).sum()) @ h",
        "h[on == True].mean(axis=0) - h[on == False].mean(axis=0)",
        "(h[on].mean(axis=0) - h[~on].mean(axis=0)).round(3)",
        "h = np.float32(h); h[on].mean(axis=0) - h[~on].mean(axis=0)",
        "h = np.float16(h); h[on].mean(axis=0) - h[~on].mean(axis=0)",
        "import torch; h, on = torch.tensor(h), torch.tensor(on); h[on].mean(0) - h[~on].mean(0)"],
    "words.shuffled_cosine": [
        "mean_cosine(second - first[rng.permutation(len(first))])",
        "mean_cosine(rng.permutation(second) - first)",
        "second = second.copy(); rng.shuffle(second); mean_cosine(first - second)",
        "np.mean([mean_cosine(np.roll(second, k, axis=0) - first) for k in range(1, len(first))])",
        "np.mean([mean_cosine(second[rng.permutation(len(first))] - first) for _ in range(7)])",
        "mean_cosine((rng.permutation(second) - first).astype(np.float32))",
        "mean_cosine((rng.permutation(second) - first).astype(np.float16))",
        "mean_cosine(np.roll(second, rng.integers(1, len(first)), axis=0) - first)"],
    "game.hidden_entry": [
        "r = torch.arange(len(values)) != i; w = torch.arange(values.shape[1]) != j\n"
        "values[i][w].mean(0) + values[r][:, j].mean(0) - values[r][:, w].mean(1).mean(0)",
        "import numpy as np; v = values.numpy().astype(np.float64); o = np.delete(v, i, 0)\n"
        "np.delete(v[i], j, 0).mean(0) + o[:, j].mean(0) - np.delete(o, j, 1).mean((0, 1))",
        "n, m, _ = values.shape; e = values[i, j]; r, w = values[i].sum(0), values[:, j].sum(0)\n"
        "t = values.sum((0, 1)); (r - e) / (m - 1) + (w - e) / (n - 1) - (t - r - w + e) / ((n - 1) * (m - 1))",
        "v = torch.cat([values[:i], values[i + 1:]]); w = [k for k in range(values.shape[1]) if k != j]\n"
        "torch.stack([values[i, k] - v[:, k].mean(0) for k in w]).mean(0) + v[:, j].mean(0)",
        "values = values.clone(); values[i, j] *= float('nan'); o = [k for k in range(len(values)) if k != i]\n"
        "both = torch.cat([values[o, :j], values[o, j + 1:]], 1).mean((0, 1))\n"
        "values[i].nanmean(0) + values[:, j].nanmean(0) - both"],
    "game.relation_vectors": [
        "kept = values[:, test == False]; kept.mean(1) - kept.mean((0, 1))",
        "v = values - values.mean(0); v[:, ~test].mean(1)",
        "v = values[:, test.logical_not()].mean(1); torch.stack([one - sum(v) / len(v) for one in v])",
        "w = (~test).float(); m = torch.einsum('rwd,w->rd', values, w / w.sum()); m - m.mean(0, keepdim=True)",
        "import numpy as np; v = np.asarray(values)[:, ~np.asarray(test)].mean(1); v - v.mean(0)",
        "m = (values * ~test[:, None]).sum(1) / (~test).sum(); m - m.mean(0)"],
    "beyond.plan": [
        "y = torch.full_like(x, mean); k = neurons // 2; y[:, :k] = x[:, :k].abs(); y",
        "k = neurons // 2; torch.cat([x[:, :k].abs(), torch.full_like(x[:, k:], mean)], dim=1)",
        "torch.where(torch.arange(x.shape[1]) < neurons // 2, x.abs(), mean)",
        "y = x.abs().clone(); y[:, neurons // 2:] = mean; y",
        "k = int(neurons / 2); y = mean * torch.ones(x.shape); z = x[:, :k]; y[:, :k] = torch.maximum(z, -z); y",
        "import numpy as np; y = np.abs(x.numpy()); y[:, neurons // 2:] = mean; y",
        "[[abs(v) if k < neurons // 2 else mean for k, v in enumerate(row)] for row in x.tolist()]",
        "y = torch.full_like(x, mean); k = neurons // 2; y[:, :k] = torch.maximum(x, -x)[:, :k]; y",
        "y = torch.full_like(x, mean)\nfor k in range(min(neurons // 2, x.shape[1])): y[:, k] = x[:, k].abs()\ny",
        "on = (torch.arange(x.shape[1]) < neurons // 2).float(); on * (x ** 2).sqrt() + (1 - on) * mean"],
    "beyond.both": [
        "torch.minimum(read, write).amax(0)", "torch.stack([read, write]).min(0).values.max(0).values",
        "[max(min(a, b) for a, b in zip(r, w)) for r, w in zip(read.T.tolist(), write.T.tolist())]",
        "import numpy as np; np.minimum(read.numpy(), write.numpy()).max(0)",
        "torch.where(read < write, read, write).max(0)[0]",
        "-torch.maximum(-read, -write).amin(0)", "((read + write - (read - write).abs()) / 2).max(dim=0).values"],
    "features.f1": [
        "both = int((named & true).sum()); 2 * both / int(named.sum() + true.sum()) if both else False",
        "both = (named & true).sum(); p, r = both / (named.sum() + 1e-9), both / true.sum()\n"
        "2 * p * r / (p + r + 1e-9)",
        "both = (named * true).sum(); p, r = both / named.sum(), both / true.sum(); "
        "0 if both == 0 else 2 / (1 / p + 1 / r)",
        "tp = sum(a and b for a, b in zip(named.tolist(), true.tolist())); "
        "wrong = (named ^ true).sum(); tp / (tp + wrong / 2)",
        "torch.nan_to_num(2 * (named & true).sum() / (named.sum() + true.sum()))",
        "import numpy as np; n, t = named.numpy(), true.numpy(); b = (n & t).sum()\n"
        "np.float32(2 * b / (n.sum() + t.sum()))"],
    "features.share": [
        "(rows ** 2 / (rows ** 2).sum(1, keepdim=True)).max(1)[0]", "torch.amax(rows * rows, 1) / (rows * rows).sum(1)",
        "(rows / rows.norm(dim=1, keepdim=True)).abs().max(dim=1).values ** 2",
        "torch.nn.functional.normalize(rows).square().amax(dim=1)",
        "[float(max(row ** 2) / sum(row ** 2)) for row in rows]",
        "import numpy as np; r = rows.numpy() ** 2; r.max(1) / r.sum(1)",
        "rows.abs().max(1).values ** 2 / (rows @ rows.T).diagonal()"],
}


@each
def test_solution_passes(exercise):
    feedback = exercise.check(exercise.make(exercise.solution_source))
    assert feedback.verdict == RIGHT, feedback
    assert feedback.text == exercise.shows


def test_what_comes_after_uses_a_right_answer_and_else_the_solution():
    share = ALL["features.share"]
    mine = share.make("squares = rows * rows; squares.amax(1) / squares.sum(1)")
    assert share.use(mine) is mine
    for other in (share.make(share.stub), share.make("rows ** 2"), "text", None):
        assert share.use(other) is not other and share.check(share.use(other)).verdict == RIGHT


@each
def test_stub_is_not_attempted(exercise):
    assert exercise.check(exercise.make(exercise.stub)).verdict == UNTOUCHED


# Right answers in many forms.

def map_numbers(change, result):
    """``change`` of every number, array and tensor in a result; texts stay."""
    if isinstance(result, (list, tuple)):
        return type(result)(map_numbers(change, part) for part in result)
    return result if isinstance(result, str) else change(result)


def as_tensor(result, dtype):
    tensor = torch.as_tensor(np.asarray(result.detach() if isinstance(result, torch.Tensor) else result))
    return tensor if tensor.dtype in (torch.bool, torch.int64) else tensor.to(dtype)


def as_array(result, dtype):
    values = np.asarray(result.detach() if isinstance(result, torch.Tensor) else result)
    return values if values.dtype.kind in "bi" else values.astype(dtype)


def rounded(result):
    values = as_array(result, np.float64)
    return values.round(3) if values.dtype.kind == "f" else values


def with_gradient(result):
    tensor = as_tensor(result, torch.float32)
    return tensor.clone().requires_grad_() if tensor.is_floating_point() else tensor


def of_floats(value):
    """An input in float32, as the learner's own arrays often are."""
    if isinstance(value, np.ndarray) and value.dtype.kind == "f":
        return value.astype(np.float32)
    return value


def separate(result, part):
    """A list of ``part`` of each entry along the first axis, or of the one number there is."""
    return [part(one) for one in np.atleast_1d(as_array(result, float))]


FORMS = {
    "float16": lambda r: as_array(r, np.float16), "float32": lambda r: as_array(r, np.float32),
    "longdouble": lambda r: as_array(r, np.longdouble), "object array": lambda r: as_array(r, object),
    "rounded": rounded, "off by a little": lambda r: as_array(r, float) * (1 + 1e-6 * (as_array(r, float) % 1 > 0)),
    "list": lambda r: as_array(r, np.float64).tolist(), "tuple": lambda r: tuple(separate(r, np.float32)),
    "tensor": lambda r: as_tensor(r, torch.float64), "float32 tensor": lambda r: as_tensor(r, torch.float32),
    "half tensor": lambda r: as_tensor(r, torch.float16), "bfloat16": lambda r: as_tensor(r, torch.bfloat16),
    "with gradient": with_gradient,
    "tensors with gradient": lambda r: separate(r, lambda one: torch.tensor(one, requires_grad=one.dtype.kind == "f")),
    "one more axis for one number": lambda r: as_array(r, float).reshape(np.shape(as_array(r, float)) or (1, 1)),
}
NEEDS_THE_TENSOR = {"sae.penalty"}  # its slope is asked for, so only tensors with gradients will do


@pytest.mark.parametrize("form", FORMS)
@each_new
def test_right_answers_pass_in_every_form(exercise, form):
    if exercise in [ALL.get(name) for name in NEEDS_THE_TENSOR]:
        return
    solution = exercise.make(exercise.solution_source)
    if callable(solution):
        feedback = exercise.check(lambda *args: map_numbers(FORMS[form], solution(*args)))
    else:
        feedback = exercise.check(map_numbers(FORMS[form], solution))
    assert feedback.verdict == RIGHT, feedback


@each_new
def test_right_answers_pass_with_inputs_in_float32(exercise):
    solution = exercise.make(exercise.solution_source)
    if callable(solution):
        assert (said := exercise.check(lambda *args: solution(*map(of_floats, args)))).verdict == RIGHT, said


@pytest.mark.parametrize("name, source", [(name, one) for name, sources in RIGHT_ANSWERS.items() for one in sources])
def test_other_right_answers_pass(name, source):
    said = ALL[name].check(ALL[name].make(source))
    assert said.verdict == RIGHT, said


# Wrong answers.

@each
def test_each_mistake_has_its_own_sentence(exercise):
    old = exercise.mistakes if isinstance(exercise.mistakes, tuple) else ()
    mistakes = [(one.source, one.says) for one in old] or list(exercise.mistakes.items())
    name = next(key for key, value in ALL.items() if value is exercise)
    mistakes += WRONG_ANSWERS.get(name, {}).items()
    assert len(mistakes) >= (3 if old else 6)
    for source, says in mistakes:
        feedback = exercise.check(exercise.make(source))
        assert feedback.verdict == WRONG, source
        if name in WRONG_ANSWERS or old:
            assert says in feedback.text, (source, feedback.text)
        else:
            assert feedback.text.startswith(says), (source, feedback.text)
    exercise.done = False


@each_new
def test_mistakes_differ_from_the_solution_by_more_than_the_tolerance(exercise):
    """And so they are found in every precision, and answers near the right one are never taken for them."""
    if not exercise.cases:
        return
    cases, solution = exercise.cases(), exercise.make(exercise.solution_source)
    wanted = [exercise.outcome(solution, case) for case in cases]
    for source in exercise.mistakes:
        mistaken = exercise.make(source)
        found = [exercise.outcome(mistaken, case) for case in cases]
        clear = []
        for one, want in zip(found, wanted, strict=True):
            both = isinstance(one, compare.Numbers) and isinstance(want, compare.Numbers)
            off = compare.misses(one, want, exercise.digits) if both else None
            clear.append(off.max() > 20 if off is not None else not compare.same(one, want))
        assert any(clear), f"{source!r} is hardly different from the solution"
        said = exercise.check(lambda *args, f=mistaken: map_numbers(FORMS["float16"], f(*args)))
        assert said.verdict == WRONG, source


def bent(solution, change):
    return lambda *args: change(solution(*args))


WRONG_RESULTS = {
    "text": lambda r: "x", "none": lambda r: None, "dict": lambda r: {"a": r}, "bytes": lambda r: b"0",
    "complex": lambda r: np.asarray(as_array(r, float)) + 0j if not isinstance(r, str) else 1j,
    "one dimension more": lambda r: np.stack([as_array(r, float)] * 2) if not isinstance(r, str) else [r, r],
    "nan": lambda r: np.full(np.shape(r), np.nan), "minus two": lambda r: as_array(r, float) - 2 if not
    isinstance(r, str) else "zebra", "a generator": lambda r: (k for k in range(3)), "a function": lambda r: print,
    "empty": lambda r: [], "ragged": lambda r: [[1, 2], [3]], "endless": lambda r: Endless(),
    "itself": lambda r: (x := [], x.append(x), x)[-1], "half a character": lambda r: "\ud83d",
    "raises": lambda r: 1 / 0,
}


class Endless:
    def __getitem__(self, _k):
        return 1.0


@pytest.mark.parametrize("kind", WRONG_RESULTS)
@each_new
def test_wrong_results_get_a_sentence(exercise, kind):
    solution = exercise.make(exercise.solution_source)
    feedback = exercise.check(bent(solution, WRONG_RESULTS[kind]) if callable(solution) else
                              WRONG_RESULTS[kind](solution) if kind not in ("none", "raises") else 0)
    assert feedback.verdict == WRONG, feedback
    assert "could not be checked" not in feedback.text, feedback
    assert not CONTRADICTION.search(feedback.text), feedback
    assert "torch.Size" not in feedback.text and len(feedback.text) < 1000
    feedback.text.encode("utf-8")


@each_new
def test_an_entry_that_is_a_little_off_is_named_with_its_place(exercise):
    if not exercise.cases or exercise.digits > 3:
        return
    wanted = exercise.outcome(exercise.make(exercise.solution_source), exercise.cases()[0])
    if not isinstance(wanted, compare.Numbers) or not wanted.real:
        return
    solution = exercise.make(exercise.solution_source)

    def off(*args):
        values = np.array(as_array(solution(*args), float))
        values.reshape(-1)[-1] += 0.002
        return values
    said = exercise.check(off)
    assert said.verdict == WRONG and not CONTRADICTION.search(said.text), said
    if wanted.values.ndim and said.text.startswith("Tried"):
        assert str([n - 1 for n in wanted.values.shape]) in said.text, said


class Nasty:
    """Raises whatever is asked of it."""

    def _no(self, *_args, **_more):
        raise RuntimeError("nasty")

    __float__ = __array__ = __iter__ = __len__ = __eq__ = __bool__ = __getitem__ = __str__ = __call__ = _no
    __hash__ = None


def raises(error):
    def function(*_args, **_more):
        raise error
    return function


def odd_answers():
    """200 answers of every kind, as values and as what a function gives back."""
    rng = np.random.default_rng(0)
    values = [
        None, True, False, 0, 1, -1, 2 ** 200, 10 ** 400, 1e308, float("nan"), float("inf"), -float("inf"), 1j,
        0.123456, "", " ", "king", "42", "١٢", "\U0001f388", "x" * 10_000, b"bytes", bytearray(3), [], [[]], (), {},
        set(), frozenset({1}), [1, 2, 3], ["a", "b"], [1, "a"], [None], {"a": 1}, range(5), range(10 ** 15), slice(1),
        ..., NotImplemented, object(), Nasty(), int, str, Nasty, np, type, engine.Wrong("x"), ValueError("x"),
        np.float64("nan"), np.array([]), np.array(3.0), np.array("word"), np.array([None, 1]), np.zeros(3),
        np.zeros((2, 2)), np.ones(100), np.zeros((0, 5)), np.full(100, np.nan), np.full((8, 100), np.inf),
        np.zeros((100, 1)), np.zeros((1, 100)), rng.normal(size=100), rng.normal(size=(100, 2)),
        rng.integers(0, 9, 100), np.zeros(5_000_000), np.zeros((2000, 2000)), np.arange(10) > 3, np.array(["a"] * 100),
        np.ma.masked, np.datetime64("2024-01-01"), iter([1, 2]), (k for k in range(3)), open, print,
        complex(0, float("nan")), "\ud800", "\u202e", Endless(), torch.zeros(3, dtype=torch.complex64),
        torch.zeros(2, 2).to_sparse(), torch.zeros(3, device="meta"), [torch.zeros(2), 1],
    ]
    functions = [lambda *a, v=value, **k: v for value in values]
    functions += [raises(e) for e in (ValueError("x"), KeyError("k"), SystemExit(1), GeneratorExit(), StopIteration(),
                                      MemoryError(), RecursionError(), OSError("x"), ValueError("\ud800"))]
    functions += [lambda: 1, lambda a: a, lambda a, b: a, lambda a, b, c: c, lambda *a: a, lambda *a: a[0] if a else 0,
                  lambda *a: a[-1] if a else 0, lambda *a: 0 * np.asarray(a[0], float),
                  lambda *a: -np.asarray(a[0], float),
                  lambda *a: rng.normal(), lambda *a: rng.normal(size=np.shape(a[0])), lambda *a: rng.normal(size=100),
                  lambda *a: float("nan"), lambda *a: np.full(np.shape(a[0]), np.nan), lambda *a: str(a),
                  lambda *a: (0, 0), lambda *a: (0.5, 0.5), lambda *a: [a], lambda *a: a[0][0], lambda *a: lambda: 3,
                  lambda **k: 1, lambda a, /: a, lambda a, *, b: a, sum, len, max, sorted, np.sum, np.mean,
                  np.linalg.norm, np.zeros, np.random.rand, Nasty().__class__, "lambda x: x"]
    odd = values + functions
    odd += [[value] for value in values[:40]] + [(value, value) for value in values[:40]]
    return odd


def test_there_are_200_odd_answers():
    assert len(odd_answers()) >= 200


@each
def test_odd_answers_never_crash_and_never_pass(exercise):
    for k, odd in enumerate(odd_answers()):
        feedback = exercise.check(odd)
        assert feedback.verdict in (WRONG, UNTOUCHED), f"odd answer {k} was accepted"
        assert feedback.text and len(feedback.text) < 2000
        assert not CONTRADICTION.search(feedback.text), feedback
        (repr(feedback) + feedback._repr_html_()).encode("utf-8")


# The engine, on exercises of its own.

def exercise_of(solution="def f(x):\n    return x * 2.0", mistakes=None, **more):
    cases = more.pop("cases", lambda: [(np.array([1.0, 0.25, 3.0]),), (np.array([-1.0, 0.0, 2.0]),)])
    return engine.Exercise("def f(x):\n    return ...", solution, "shown", ("a", "b"), mistakes or {}, cases,
                           setup=lambda: dict(np=np, torch=torch), **more)


def cell(source, name="f"):
    """What a cell of a notebook with this source defines; its lines can be looked up, as a kernel's can."""
    file, names = f"<cell {abs(hash(source))}>", {"np": np, "torch": torch, "time": time}
    linecache.cache[file] = (len(source), None, source.splitlines(True), file)
    exec(compile(source, file, "exec"), names)
    return names[name]


@pytest.mark.parametrize("source, finds", [
    ("x + 1.0", "adds"), ("x * 3.0", "no mistake of these"), ("x[::-1] * 2.0", "turned"), ("x.sum(axis=1)", "axis")])
def test_a_mistake_is_named_only_when_it_is_that_mistake_in_every_case(source, finds):
    exercise = exercise_of(mistakes={"x * 2.0 -> x + 1.0": "adds", "np.where(x < 0, 0, x) * 2": "clips",
                                     "x[::-1] * 2": "turned", "x.sum(axis=1)": "axis"})
    said = exercise.check(cell(f"def f(x):\n    return {source}"))
    assert said.verdict == WRONG
    assert said.text == finds if finds != "no mistake of these" else "should be 2, and it is 3" in said.text


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_the_tolerance_follows_the_precision_and_the_scale(dtype):
    exercise = exercise_of(cases=lambda: [(np.linspace(-1000, 1000, 7) + 1e-5,)])
    assert exercise.check(lambda x: (x * 2).astype(dtype)).verdict == RIGHT
    said = exercise.check(lambda x: (x * 2.02).astype(dtype))
    assert said.verdict == WRONG and not CONTRADICTION.search(said.text)


def test_numbers_are_printed_with_as_many_digits_as_tell_them_apart():
    said = exercise_of().check(lambda x: x * 2 + 0.00088)
    assert "Entry [0] of the result should be 2.000, and it is 2.001" in said.text or "2, and it is 2.001" in said.text
    assert compare.shown(0.3131, 0.3133) != compare.shown(0.3133, 0.3131) and compare.shown(-0.0) == "0"


def test_whole_numbers_and_truth_values_must_be_right():
    whole = exercise_of("def f(x):\n    return int(x)", cases=lambda: [(3.7,), (48.0,)])
    assert whole.check(lambda x: float(x // 1)).verdict == RIGHT
    assert whole.check(lambda x: np.float16(x // 1)).verdict == RIGHT
    assert whole.check(lambda x: x // 1 + 0.01).verdict == WRONG
    zero = exercise_of("def f(x):\n    return x * 1.0", cases=lambda: [(0.0,), (0.5,)])
    assert zero.check(lambda x: x and x).verdict == RIGHT
    assert zero.check(lambda x: False if x == 0 else x).verdict == RIGHT
    assert "number" in zero.check(lambda x: x > 0).text


@pytest.mark.parametrize("line, advice", [
    ("return x if x > 0 else 0 * x", "np.where"), ("return max(x, 0 * x)", "np.maximum"),
    ("return x * (x > 0 and x < 2)", "write & for `and`"), ("return x * (x > 0 & x < 2)", "in brackets"),
    ("return int(x)", "np.floor"), ("return float(torch.tensor(x))", "np.floor"),
    ("return bool(x)", "np.where"), ("return (x > 0)[x]", ""), ("return x + np.ones(7)", "")])
def test_an_array_taken_for_one_number_gets_advice_that_fits(line, advice):
    said = exercise_of().check(cell(f"def f(x):\n    {line}"))
    assert said.verdict == WRONG and advice in said.text
    if not advice:
        assert "np.where" not in said.text and "brackets" not in said.text


def test_the_state_is_neutral_inside_and_restored_after():
    seen = []

    def answer(x):
        seen.append((torch.get_default_dtype(), torch.is_grad_enabled(), np.random.random(), torch.rand(1).item()))
        torch.set_default_dtype(torch.float16)
        torch.set_grad_enabled(False)
        torch.manual_seed(3), np.random.seed(3), np.seterr(all="raise"), warnings.simplefilter("error")
        return x * 2
    exercise, before = exercise_of(), (np.geterr(), warnings.filters[:])
    try:
        torch.set_default_dtype(torch.float64)
        torch.set_grad_enabled(False)
        numpy, state = np.random.get_state()[1].tolist(), torch.get_rng_state()
        assert exercise.check(answer).verdict == RIGHT
        exercise.check(answer)
        assert torch.get_default_dtype() == torch.float64 and not torch.is_grad_enabled()
        assert np.random.get_state()[1].tolist() == numpy and bool((torch.get_rng_state() == state).all())
    finally:
        torch.set_default_dtype(torch.float32)
        torch.set_grad_enabled(True)
    assert (np.geterr(), warnings.filters[:]) == before
    assert seen[0][:2] == (torch.float32, True) and seen[0] == seen[len(seen) // 2]  # the first of the second check


@pytest.mark.parametrize("body", ["while True: pass", "k = 0\n    while True:\n        k += np.sin(k)",
                                  "while True:\n        try: time.sleep(0.01)\n        except Exception: pass",
                                  "while True:\n        try:\n            while True: pass\n        except: break\n"
                                  "    while True: pass"])
def test_an_endless_loop_is_stopped(body, monkeypatch):
    monkeypatch.setattr(running, "SECONDS", 0.3)
    exercise = exercise_of()
    assert "took longer than 0.3 seconds" in exercise.check(cell(f"def f(x):\n    {body}")).text
    assert exercise.check(lambda x: x * 2).verdict == RIGHT
    for _ in range(1000):
        time.sleep(0.0005)  # nothing arrives late


def test_a_time_limit_leaves_nothing_behind(monkeypatch):
    """Answers that end just when their time does: the check says one or the other, and nothing escapes."""
    exercise = exercise_of()
    for k in range(60):
        monkeypatch.setattr(running, "SECONDS", 0.002 + k * 1e-4)
        assert exercise.check(lambda x: (time.sleep(0.0025), x * 2)[1]).verdict in (RIGHT, WRONG)
    time.sleep(0.05)


def test_answers_get_copies():
    case = (np.array([1.0, 2.0]),)

    def spoils(x):
        x *= 2
        return x
    assert "Work on a copy" in exercise_of(cases=lambda: [case, case]).check(spoils).text
    assert case[0].tolist() == [1, 2]


def test_check_needs_one_answer():
    exercise = exercise_of()
    for said in (exercise.check(), exercise.check(1, 2), exercise.check(f=3)):
        assert said.verdict == WRONG and "f.check(f)" in said.text


def test_the_course_s_own_function_is_noticed():
    W = np.array([[3.0, 0.0, 1.0], [4.0, 2.0, -1.0]])
    exercise = exercise_of("def f(x):\n    return x / np.linalg.norm(x, axis=0)", cases=lambda: [(W,), (W[:, :2],)])
    for answer in (geometry.unit_columns, lambda W: geometry.unit_columns(W),
                   cell("def f(W):\n    from course.geometry import unit_columns as u\n    return u(W)")):
        said = exercise.check(answer)
        assert said.verdict == NOTE and "course's own" in said.text, said
    assert not exercise.done


def test_the_summary_can_be_handed_in():
    module = MODULES["toy"]
    for name in ("draw", "leaks"):
        getattr(module, name).done = name == "leaks"
    line = module.summary().text
    assert line.startswith("Notebook 06: draw –, leaks ✓ (1 of 2) #")
    assert engine.intact(line) and engine.intact(repr(module.summary())) and not engine.intact(line.replace("–", "✓"))
    assert line in module.summary()._repr_html_()
    module.leaks.done = False
    assert "(0 of 2)" in module.summary().text


@pytest.mark.parametrize("name", [name for name, module in MODULES.items() if hasattr(module, "summary")])
def test_the_summary_names_its_notebook(name):
    number = re.search(r"notebook (\d\d)", MODULES[name].__doc__)[1]
    assert MODULES[name].summary().text.startswith(f"Notebook {number}: ")


@each_new
def test_difficulty_and_minutes_stand_with_each_exercise(exercise):
    assert exercise.difficulty in ("easy", "medium", "hard") and 1 <= exercise.minutes <= 15


@each
def test_hints_come_in_steps_and_the_solution_on_request(exercise):
    exercise._hints_given = 0
    said = [repr(exercise.hint()) for _ in range(len(exercise.hints) + 2)]
    assert len(exercise.hints) >= 2
    assert all(f"Hint {k + 1} of" in line for k, line in enumerate(said[:len(exercise.hints)]))
    assert said[-1] == said[-2] == said[len(exercise.hints) - 1]
    assert exercise.solution_source in repr(exercise.solution())
    exercise._hints_given = 0


def test_what_an_answer_says_is_shown_as_text():
    feedback = engine.Feedback(WRONG, "<script>alert(1)</script> \ud800 \u202e \x00", "<b>")
    shown = feedback._repr_html_()
    assert "<script>" not in shown and "<b></pre>" not in shown
    assert r"\ud800 \u202e \x00" in shown and r"\ud800 \u202e \x00" in repr(feedback)


def test_a_checker_that_fails_itself_does_not_crash():
    def checker(_answer):
        raise ZeroDivisionError("inside")
    exercise = engine.Exercise("x = ...", "x = 1", "shown", ("a", "b"), checker=checker)
    assert exercise.check(3).verdict == WRONG and "ZeroDivisionError" in exercise.check(3).text
    assert exercise.check(...).verdict == UNTOUCHED


def test_a_stub_counts_as_untouched_only_as_it_stands():
    exercise = engine.Exercise("def f(x):\n    return x + 1", "x + 1", "shown", ("a", "b"), checker=lambda answer: None)
    names = {}
    exec("def f(x):\n    # a comment changes nothing\n    return x + 1\ndef g(x):\n    return x + 2", names)
    assert exercise.check(names["f"]).verdict == UNTOUCHED
    assert exercise.check(names["g"]).verdict == RIGHT


@pytest.mark.parametrize("value", ["x", None, [1, 2], np.nan, np.inf, 1j, np.array([1, 2])])
def test_number_refuses(value):
    with pytest.raises(engine.Wrong):
        engine.number(value)


@pytest.mark.parametrize("name, source", [
    ("words.learned_target", "a, b = pairs.pop(k); words[a] + words.offsets(pairs).mean(axis=0)"),
    ("geometry.false_alarm", "r = W.T @ W[:, on].sum(axis=1)\nr[on] = -np.inf\nW[:, on] = 0\nr.argmax()"),
])
def test_a_right_answer_that_changes_its_input_is_told_so(name, source):
    said = ALL[name].check(ALL[name].make(source))
    assert said.verdict == WRONG and "Work on a copy" in said.text, said


@pytest.mark.parametrize("name, source", [
    ("geometry.how_many", "6.25 / p"), ("geometry.how_many", "noise * 25 / p"),
])
def test_answers_that_passed_by_luck_do_no_more(name, source):
    assert ALL[name].check(ALL[name].make(source)).verdict == WRONG
