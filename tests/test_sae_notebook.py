"""The figures of notebook 07, and what the notebook claims, on smaller runs with seeds of their own."""
import numpy as np
import pytest
import torch
from torch.nn.functional import normalize

from course import plots, sae, toy
from course.plots.sae import FOUND

FEATURES, D, DENSITY = 48, 16, 3 / 48
QUICK = dict(batch=128, rate=0.02)


def test_matches_put_partners_on_the_diagonal_and_the_rest_behind():
    cosines = np.array([[0.1, 0.2, 0.95, -0.5], [0.99, 0.3, 0.1, 0.0]])
    heat, = plots.matches(cosines, [2, 0]).data
    np.testing.assert_allclose(np.array(heat.z, float), [[0.95, 0.1, 0.2, 0], [0.1, 0.99, 0.3, 0]])
    assert (heat.zmin, heat.zmax) == (0, 1)


def test_matches_change_colour_where_a_feature_counts_as_found():
    heat, = plots.matches(np.array([[0.8999, 0.0], [0.0, 0.9]]), [0, 1]).data
    assert heat.z[0][0] < FOUND <= heat.z[1][1]
    assert [place for place, _ in heat.colorscale].count(FOUND) == 2


def test_matches_leave_out_features_without_a_partner_and_show_where_the_dictionary_ends():
    fig = plots.matches(np.array([[0.9, 0.1], [0.2, 0.3], [0.1, 0.8]]), [0, -1, 1], wide=10)
    assert np.array(fig.data[0].z).shape == (3, 2)
    assert tuple(fig.layout.xaxis.range) == (-0.5, 9.5) and tuple(fig.layout.yaxis.range) == (2.5, -0.5)
    assert (fig.layout.shapes[0].x0, fig.layout.shapes[0].x1) == (1.5, 9.5)
    assert not plots.matches(np.eye(3), [0, 1, 2], wide=2).layout.shapes


def test_rays_draw_every_point_and_the_truth_only_if_asked():
    points = np.random.default_rng(0).normal(size=(30, 2))
    W = np.array([[1.0, 0.0, -2.0], [0.0, 0.5, 0.0]])
    hidden, shown = plots.rays(points), plots.rays(points, W)
    assert len(hidden.data) == 1 and len(hidden.data[0].x) == 30
    arrows = shown.data[:-1]
    tips = np.array([[trace.x[1], trace.y[1]] for trace in arrows])
    np.testing.assert_allclose(tips / np.linalg.norm(tips, axis=1, keepdims=True), W.T / [[1], [0.5], [2]])
    assert hidden.layout.xaxis.range == shown.layout.xaxis.range


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
    assert paired[0] < 0.9 and paired[1] > 0.4


def test_l1_shrinks_more_than_topk(world, l1, topk):
    true, hidden = world
    x, fresh = hidden(100)

    def ratio(model):
        read = model.encode(fresh)[:, sae.recover(model.decoder, true).partner]
        there = x * true.norm(dim=1)
        both = (read > 0) & (there > 0)
        return float(read[both].sum() / there[both].sum())
    assert ratio(l1) < 0.75 and 0.8 < ratio(topk) < 1.02
