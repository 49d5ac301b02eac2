"""The figures of notebook 07, and what the notebook claims, on smaller runs with seeds of their own."""
import json
import re

import nbformat
import numpy as np
import pytest
import torch
from torch.nn.functional import normalize

from course import plots, sae, toy
from course.plots.sae import FOUND
from course.recipes import notebooks
from course.style import said

FEATURES, D, DENSITY = 48, 16, 3 / 48
QUICK = dict(batch=128, rate=0.02)


def test_matches_put_partners_on_the_diagonal_and_the_rest_behind():
    W = torch.eye(3)[:, :2]  # (3, 2)
    fig = plots.matches(torch.tensor([[0.3, 1.0, 0], [0, 0, 1], [2, 0.1, 0], [-1, 0, 0]]), W)
    z = np.array(fig.data[0].z, float)
    assert z.shape == (2, 4) and z[0, 0] >= FOUND and z[1, 1] >= FOUND and z[:, 2:].max() < 0.3 and z.min() == 0
    assert said(fig) == "2 of 2 features found (blue)."
    assert (fig.data[0].zmin, fig.data[0].zmax) == (0, 1)


def test_matches_change_colour_where_a_feature_counts_as_found():
    near = torch.tensor([[0.8999, (1 - 0.8999 ** 2) ** 0.5, 0], [0, 0, 1]])
    fig = plots.matches(near, torch.eye(3)[:, [0, 2]])
    heat, = fig.data
    assert heat.z[0][0] < FOUND <= heat.z[1][1] and said(fig).startswith("1 of 2")
    assert [place for place, _ in heat.colorscale].count(FOUND) == 2


def test_matches_leave_out_features_without_a_partner():
    assert np.array(plots.matches(torch.eye(3)[:2], torch.eye(3)).data[0].z).shape == (3, 2)


def test_rays_draw_every_point_and_the_truth_only_if_asked():
    points = np.random.default_rng(0).normal(size=(30, 2))
    W = np.array([[1.0, 0.0, -2.0], [0.0, 0.5, 0.0]])
    hidden, shown = plots.rays(points), plots.rays(points, W)
    assert len(hidden.data) == 1 and len(hidden.data[0].x) == 30
    tips = np.array([[trace.x[1], trace.y[1]] for trace in shown.data[:-1]])
    np.testing.assert_allclose(tips / np.linalg.norm(tips, axis=1, keepdims=True), W.T / [[1], [0.5], [2]])
    assert hidden.layout.xaxis.range == shown.layout.xaxis.range


def test_rays_say_how_many_true_directions_have_an_arrow():
    W = np.array([[1.0, 0.0, -2.0], [0.0, 0.5, 0.0]])
    fig = plots.rays(np.zeros((4, 2)), W, rows=torch.tensor([[1.0, 0.1], [0.2, 1], [-1, 0], [-1, 0]]))
    assert said(fig).startswith("2 of 3") and len(fig.data) == 3 + 1 + 4


def test_a_walk_ends_at_the_dot_and_says_its_length():
    fig = plots.walk([0.5, 0.25], [[1.0, 0], [0, 1]])
    assert (fig.data[-1].x[0], fig.data[-1].y[0]) == (0.5, 0.25)
    assert said(fig) == "2 steps to the dot, 0.50 + 0.25 = 0.75 long."
    both = plots.beside({"one": plots.walk([1.0], [[0.0, 1]]), "two": fig})
    assert said(both).startswith("one: 1 step to the dot, 1.00 long. two:")
    assert [note.xref for note in both.layout.annotations if note.text == "0.25"] == ["x2"]  # in its own panel


def test_prices_say_where_the_slider_stands_and_the_ends_of_the_curve():
    fig = plots.prices(np.zeros((3, 2)), np.eye(2), [-10, 0, 10], [1.2, 1.0, 1.1], 5)
    assert said(fig) == ("Turned by 5° the walks are 1.05 times as long as straight ones. The lowest point of the "
                         "curve is 1.00, the highest 1.20.")


def test_tradeoffs_say_where_features_are_found_and_where_most_is_explained():
    fig = plots.tradeoffs({"k": ([1, 3, 8], [(1, 0.5), (0.96, 0.9), (0.9, 0.95)]),
                           "penalty": ([0.0, 1.5], [(0, 1), (0.5, 0.5)])})
    assert said(fig) == ("k: at least 95 % of the features are found from 1 to 3; the variance explained is highest "
                         "at 8. penalty: at least 95 % of the features are found nowhere; the variance explained is "
                         "highest at 0.")


def test_strengths_count_what_is_missed_apart_from_what_is_read_too_low():
    there = np.linspace(0.01, 1.09, 1200).reshape(-1, 1) * [1, 0]
    fig = plots.strengths(there, {"A": np.where(there > 0.5, there / 2, 0)})
    assert said(fig) == ("A reports 0% of what is weaker than 0.2 and 100% of what is stronger than 0.8; where it "
                         "reports, it reads 0.50 of what is there.")
    often, much = fig.data[0].y, fig.data[1].y
    assert often[0] == 0 and often[-1] == 1 and np.isnan(much[0]) and much[-1] == pytest.approx(0.52, abs=0.02)


def price(h, D):
    """The price of notebook 07: the least sum of f ≥ 0 with fD = h, over pairs of rows."""
    from itertools import combinations
    ways = [np.linalg.solve(np.stack(pair, axis=1), h.T) for pair in combinations(D, 2)]
    return np.min([np.where((f > -1e-9).all(axis=0), f.sum(axis=0), np.inf) for f in ways], axis=0)


@pytest.mark.parametrize("sparsity, least, most", [(0.95, 1.0, 1.05), (0.0, 1.1, 1.2)])
def test_the_price_is_lowest_at_the_rays_where_there_are_rays(sparsity, least, most):
    angles = np.arange(5) * 2 * np.pi / 5
    D = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    h = toy.sample(5, 1 - sparsity, 2000, seed=3)[0] @ D
    turned = []
    for t in np.radians([0, 12, 24, 36]):
        turn = np.array([[np.cos(t), np.sin(t)], [-np.sin(t), np.cos(t)]])
        turned.append(price(h, D @ turn).sum() / np.linalg.norm(h, axis=1).sum())
    assert least <= turned[0] <= most
    if sparsity:
        assert (np.diff(turned) > 0).all() and turned[-1] > 1.15 * turned[0]
    else:
        assert max(turned) < 1.02 * min(turned)


def test_with_a_penalty_rows_lie_on_the_rays_of_the_plane():
    star = torch.tensor(toy.train(5, 2, 0.05, seeds=16, seed=7).W[0])
    h = torch.tensor(toy.sample(5, 0.05, 20_000, seed=8)[0]) @ star.T
    on_ray = []
    for l1 in (0.0, 2.0):
        rows = sae.train(h, 8, kind="l1", l1=l1, steps=800, batch=128, rate=0.02, seed=9).decoder
        on_ray.append(int(((normalize(star.T) @ rows.T) > 0.99).any(dim=1).sum()))
    assert on_ray[0] < on_ray[1] == 5


@pytest.fixture(scope="module")
def world():
    """A toy model of other seeds than the notebook's: true directions, and a function that draws hidden vectors."""
    W = toy.train(FEATURES, D, DENSITY, seeds=4, steps=1500, batch=256, seed=90).W[0]
    true = torch.tensor(W.T)

    def hidden(seed, pairs="independent"):
        x = torch.from_numpy(toy.sample(FEATURES, DENSITY, 20_000, pairs=pairs, seed=seed)[0])
        return x, x @ true
    return true, hidden


@pytest.fixture(scope="module")
def h(world):
    """Hidden vectors to learn from."""
    return world[1](91)[1]


@pytest.fixture(scope="module")
def l1(h):
    return sae.train(h, 64, kind="l1", l1=1.0, steps=800, seed=92, **QUICK)


@pytest.fixture(scope="module")
def topk(h):
    return sae.train(h, 64, k=3, seed=92, **QUICK)


def test_the_sparse_autoencoder_finds_what_the_others_do_not(world, h, l1, topk):
    true = world[0]
    plain = sae.train(h, 64, kind="l1", l1=0.0, steps=800, seed=92, **QUICK)
    bottleneck = sae.train(h, 8, kind="linear", steps=800, **QUICK).decoder
    shares = [sae.recover(model.decoder, true).share() for model in (l1, topk, plain)]
    assert min(shares[:2]) >= 0.95 and shares[2] <= 0.1
    assert sae.recover(torch.cat([bottleneck, -bottleneck]), true).share() <= 0.1
    assert sae.evaluate(plain, h)["unexplained"] < 0.01 < sae.evaluate(l1, h)["unexplained"]


def test_features_come_back_with_another_seed_and_noise_does_not(h, topk):
    noise = torch.randn(h.shape, generator=torch.Generator().manual_seed(94)) @ torch.linalg.cholesky(h.T.cov()).T
    features, first, second = (sae.train(data, 64, k=3, seed=seed, **QUICK).decoder
                               for data, seed in ((h, 95), (noise, 95), (noise, 96)))
    assert 40 <= 64 * sae.recover(features, topk.decoder).share() <= 56
    assert 64 * sae.recover(first, second).share() <= 2


def test_pairs_that_are_always_together_come_out_as_sums(world, topk):
    true, hidden = world
    sums = normalize(true[0::2] + true[1::2])
    together = sae.train(hidden(97, "correlated")[1], 64, k=3, seed=98, **QUICK)
    single, paired = ([sae.recover(model.decoder, truth).share() for truth in (true, sums)]
                      for model in (topk, together))
    assert single[0] >= 0.95 and single[1] <= 0.1
    assert 0.3 < paired[0] < 0.9 and paired[1] > 0.4


def test_l1_shrinks_more_than_topk_and_copies_are_added_up(world, l1, topk):
    true, hidden = world
    x, fresh = hidden(100)
    there = x * true.norm(dim=1)

    def ratio(read):
        both = (read > 0) & (there > 0)
        return float(read[both].sum() / there[both].sum())
    partners = [model.encode(fresh)[:, sae.recover(model.decoder, true).partner] for model in (l1, topk)]
    whole = [sae.read(model, true.T, fresh) for model in (l1, topk)]
    assert ratio(partners[0]) <= ratio(whole[0]) < 0.75 and 0.8 < ratio(whole[1]) < 1.02
    weak, strong = (there > 0) & (there < 0.2), there > 0.8
    for read in whole:  # why F1 stays below 1: the weak are missed
        assert (read[weak] > 0).float().mean() < 0.5 and (read[strong] > 0).float().mean() > 0.85


def test_random_directions_explain_much_and_find_nothing(world, topk):
    true, hidden = world
    fresh = hidden(101)[1][:2000]
    rows = normalize(torch.randn(64, D, generator=torch.Generator().manual_seed(102)))
    assert sae.recover(rows, true).share() == 0
    assert 0.7 < sae.pursue(fresh, rows, 5) < 0.9 < sae.pursue(fresh, rows, 8)
    assert sae.pursue(fresh, rows, 3) < 0.75 < 0.85 < sae.pursue(fresh, topk.decoder, 3)
    assert sae.pursue(fresh, rows, D) == pytest.approx(1, abs=1e-3)


def test_a_summary_counts_both_directions_of_a_linear_latent():
    W, x = torch.eye(3), torch.tensor([[-1.0, 0, 0], [0, 0, 0], [0, 2, 0]])
    one = sae.SAE("linear", 0, -torch.eye(3)[:2], torch.zeros(2), -torch.eye(3)[:2], torch.zeros(3))
    assert sae.summary(one, W, x) == ("2 of 3 features found, 100% of the variance explained. 0.7 latents are on at a "
                                      "time, and 0 of 2 never.")


def test_compared_names_every_dictionary_and_score():
    fig = plots.compared({"A": {"found": 1.0, "F1": 0.5}, "B": {"found": 0.25, "F1": 0.75}})
    assert said(fig) == "A: found 1.00, F1 0.50. B: found 0.25, F1 0.75."
    assert [(trace.name, list(trace.x)) for trace in fig.data] == [("found", [1, 0.25]), ("F1", [0.5, 0.75])]
    assert list(fig.layout.yaxis.ticktext) == ["A", "B"]


def test_four_kinds_at_equal_l0_differ_in_what_they_read(world, h):
    true, hidden = world
    x, fresh = hidden(103)
    four = {"L1": dict(kind="l1", l1=3.4, steps=800), "TopK": dict(k=3),
            "BatchTopK": dict(kind="batchtopk", k=2.7, steps=800), "JumpReLU": dict(kind="jumprelu", l0=0.5, steps=800)}
    read, f1, on = {}, [], []
    for name, how in four.items():
        model = sae.train(h, 64, seed=104, **(QUICK | how))
        found = sae.recover(model.decoder, true, model.encode(fresh), x)
        there, reading = x * true.norm(dim=1), sae.read(model, true.T, fresh)
        both = (there > 0) & (reading > 0)
        read[name] = float(reading[both].sum() / there[both].sum())
        f1.append(float(found.f1.nanmean()))
        on.append(sae.evaluate(model, fresh)["l0"])
        assert found.share() >= 0.92
    assert max(on) - min(on) < 0.4 and max(f1) - min(f1) < 0.06
    assert read.pop("L1") < 0.42 and 0.78 < min(read.values()) and max(read.values()) < 1


@pytest.fixture(scope="module")
def page():
    """The cells of the page on SAELens that convert, as a name space; its text; and what its cells printed."""
    cells = nbformat.read(notebooks.FOLDER / "deeper" / "07_on_to_saelens.ipynb", 4).cells
    names = {}
    for cell in [cells[1], *(cell for cell in cells if "conversion" in cell.metadata.get("tags", []))]:
        exec(cell.source, names)
    return (names, "\n".join(cell.source for cell in cells if cell.cell_type == "markdown"),
            "\n".join(output.text for cell in cells for output in cell.get("outputs", []) if "text" in output))


def test_what_saelens_printed_is_what_the_course_prints(page):
    """``tests/benchmarks/bench_saelens.py`` runs the text in SAELens; here what it printed is held against ours."""
    figures = r"variance explained (0\.\d{4}), L0 (\d+\.\d{4})"
    theirs, = re.findall(figures, page[1])
    ours = re.findall(figures, page[2])
    assert len(ours) == 2
    for one in ours:
        assert [float(value) for value in one] == pytest.approx([float(value) for value in theirs], abs=5e-4)


@pytest.mark.parametrize("how", [dict(kind="l1"), dict(kind="topk", k=3), dict(kind="batchtopk", k=2.5),
                                 dict(kind="jumprelu", l0=0.3), dict(kind="batchtopk", k=2, prefixes=(5, 20))])
def test_every_kind_comes_back_from_saelens_form(page, how, h, tmp_path):
    model, names = sae.train(h[:3000], 20, steps=40, batch=128, **how), page[0]
    names["save"](model, tmp_path)
    back = names["load"](tmp_path)
    torch.testing.assert_close(back.encode(h), model.encode(h))
    torch.testing.assert_close(back(h), model(h))
    assert sae.evaluate(back, h) == pytest.approx(sae.evaluate(model, h), rel=1e-5)
    raw = (tmp_path / "sae_weights.safetensors").read_bytes()
    header = json.loads(raw[8:8 + int.from_bytes(raw[:8], "little")])
    assert header["W_enc"]["shape"] == [D, 20] and header["W_dec"]["shape"] == [20, D]  # as SAELens has them
    config = json.loads((tmp_path / "cfg.json").read_text())
    assert config["architecture"] == names["KINDS"][how["kind"]] and (config.get("k") == 3) == (how["kind"] == "topk")


def test_a_dictionary_that_leaves_the_centre_on_is_the_same_with_another_bias(page, h, tmp_path):
    names, model = page[0], sae.train(h[:3000], 20, k=3, steps=40, batch=128)
    arrays = {name: torch.tensor(array) for name, array in names["to_arrays"](model).items()}
    names["save"](model, tmp_path)
    (tmp_path / "cfg.json").write_text(json.dumps(names["to_config"](model) | {"apply_b_dec_to_input": False}))
    before = h @ arrays["W_enc"] + arrays["b_enc"]
    best = before.topk(3)
    wanted = torch.zeros_like(before).scatter(1, best.indices, best.values.relu())
    torch.testing.assert_close(names["load"](tmp_path).encode(h), wanted, rtol=1e-4, atol=1e-4)
    (tmp_path / "cfg.json").write_text(json.dumps(names["to_config"](model) | {"normalize_activations": "layer_norm"}))
    with pytest.raises(AssertionError, match="another scale"):
        names["load"](tmp_path)
