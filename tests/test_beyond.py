"""Notebook 09: its models on data whose answer is known, its figures, and what it claims, on smaller runs."""
import math

import numpy as np
import pytest
import torch
from torch.nn.functional import normalize

from course import CourseError, beyond, features, language, plots, sae
from course.style import said
from course.transformer import Transformer

BYTES = [bytes([k]) for k in range(256)]


def serves_one(into):
    return (into ** 2).max(-1).values >= 0.9 * (into ** 2).sum(-1)


def test_signed_features_are_on_as_often_as_asked_and_even_from_minus_one_to_one():
    x = beyond.signed(5, 0.25, 40_000, torch.Generator().manual_seed(1))
    on = x != 0
    assert x.shape == (40_000, 5) and float(on.float().mean()) == pytest.approx(0.25, abs=0.01)
    assert x.min() >= -1 and x.max() <= 1
    assert float(x[on].mean()) == pytest.approx(0, abs=0.02)
    assert float(x[on].square().mean()) == pytest.approx(1 / 3, abs=0.01)


def test_some_neurons_learn_the_size_of_one_feature_and_one_neuron_cannot():
    assert beyond.learn_absolute(1, 6, 0.5, runs=4, steps=800).losses.min() < 0.01
    assert beyond.learn_absolute(1, 1, 0.1, runs=8, steps=800).losses.min() > 0.4


def test_losses_are_shares_of_what_the_mean_costs():
    network = beyond.learn_absolute(20, 10, 0.2, steps=0)  # untrained, worse than the mean; the mean's cost by hand:
    x = beyond.signed(20, 0.2, 100_000, torch.Generator().manual_seed(3)).abs()
    assert float((x - 0.1).square().sum(1).mean()) == pytest.approx(20 * (0.2 / 3 - 0.2 ** 2 / 4), rel=0.02)
    assert network.losses.shape == (1,) and network.into.shape == (1, 10, 20) and network.losses[0] > 1
    with pytest.raises(CourseError, match="density"):
        beyond.learn_absolute(20, 10, 0)


@pytest.mark.parametrize("seed", range(2))
def test_rare_features_share_neurons_and_beat_the_plan_and_frequent_ones_do_not(seed):
    rare, frequent = (beyond.learn_absolute(20, 10, density, steps=600, seed=seed) for density in (0.05, 0.5))
    assert not serves_one(rare.into).any() and rare.losses[0] < 0.73
    assert serves_one(frequent.into).all() and 0.75 < frequent.losses[0] < 0.85


def test_the_days_stand_where_they_are_said_to_stand():
    x, day, plane = beyond.week(500, seed=4)
    assert x.shape == (500, 12) and plane.shape == (2, 12)
    assert torch.allclose(plane @ plane.T, torch.eye(2), atol=1e-5)
    a, b = (x @ plane.T).T
    assert torch.allclose(torch.atan2(b, a) % (2 * math.pi), day * 2 * math.pi / 7, atol=1e-4) or (
        ((torch.atan2(b, a) - day * 2 * math.pi / 7 + 1) % (2 * math.pi) - 1).abs().max() < 1e-4)
    assert 0.8 <= (a ** 2 + b ** 2).sqrt().min() and (a ** 2 + b ** 2).sqrt().max() <= 1.0001
    x, day, place = beyond.week(500, ring=False, seed=4)
    along = x @ place.T
    assert place.shape == (7, 17) and torch.equal(along.argmax(1), day) and (along > 0.5).sum(1).eq(1).all()


@pytest.mark.parametrize("seed", range(2))
def test_a_ring_takes_several_latents_and_seven_directions_one_each(seed):
    for ring, least, most in ((True, 4, 6), (False, 7, 7)):
        x, day, place = beyond.week(10_000, ring=ring, seed=seed)
        one = sae.train(x, 24, k=2, steps=600, batch=512, rate=1e-2)
        f = one.encode(x)
        inside = ((one.decoder @ place.T) ** 2).sum(1) > 0.9
        days = torch.stack([(f[day == d] > 0).float().mean(0) for d in range(7)])[:, inside] > 0.5
        days = days[:, days.any(0)].sum(0)
        assert least <= len(days) <= most, days
        assert (days.max() > 1) == ring


@pytest.fixture(scope="module")
def small():
    torch.manual_seed(5)
    return language.Language(Transformer(257, d_model=16, heads=2, mlp=24, layers=1, length=32), language.Tokens(BYTES))


def test_what_the_mlp_reads_and_writes(small):
    rows = torch.randint(1, 257, (7, 20), generator=torch.Generator().manual_seed(6))
    read, neurons, written = beyond.mlp(small, rows, chunk=3)
    layer = small.model.layers[0]
    assert read.shape == written.shape == (140, 16) and torch.equal(neurons, small.neurons(rows).flatten(0, 1))
    assert torch.allclose(torch.relu(layer["up"](read)), neurons, atol=1e-5)
    assert torch.allclose(neurons @ layer["down"].weight.T, written, atol=1e-5)


def test_the_loss_with_something_in_the_mlps_place(small):
    rows = torch.randint(1, 257, (5, 20), generator=torch.Generator().manual_seed(7))
    whole, layer = small.loss(rows), small.model.layers[0]
    assert beyond.loss(small, rows, chunk=2) == pytest.approx(whole, abs=1e-5)
    assert beyond.loss(small, rows, lambda read, written: written) == pytest.approx(whole, abs=1e-5)
    again = beyond.loss(small, rows, lambda read, written: torch.relu(layer["up"](read)) @ layer["down"].weight.T)
    assert again == pytest.approx(whole, abs=1e-5)
    nothing = beyond.loss(small, rows, lambda read, written: 0 * written)
    assert nothing == pytest.approx(small.loss(rows, torch.zeros_like), abs=1e-5)
    assert nothing != pytest.approx(whole, abs=1e-4)


def test_a_transcoder_finds_the_rows_of_a_sparse_layer():
    draw = torch.Generator().manual_seed(8)
    reads, writes = (torch.linalg.qr(torch.randn(16, 16, generator=draw)).Q[:8] for _ in range(2))
    x = beyond.signed(8, 0.2, 8000, draw) @ reads
    y = torch.relu(x @ reads.T) @ writes  # eight neurons that read and write at right angles
    one = beyond.train_transcoder(x, y, 32, k=2, steps=600, batch=256)
    assert float((one(x) - y).square().sum() / (y - y.mean(0)).square().sum()) < 0.15
    both = torch.minimum(normalize(one.encoder) @ reads.T, normalize(one.decoder) @ writes.T).max(0).values
    assert both.min() > 0.8  # so many dimensions: by chance 0.4
    assert (one.encode(x) > 0).sum(1).max() <= 2 and torch.allclose(one.decoder.norm(dim=1), torch.ones(32), atol=1e-5)
    with pytest.raises(CourseError, match="same shape"):
        beyond.train_transcoder(x, y[:, :3], 32)
    with pytest.raises(CourseError, match="k between 1"):
        beyond.train_transcoder(x, y, 4, k=5)


def test_a_probe_learns_from_every_second_document_and_contexts_with_few_tokens_are_left_out():
    known = features.load()
    rows, places = known.sample.rows(128, 120)
    x, untold, true, names, learn = beyond.labelled(known, ["html tag", "date", "number"], windows=120, least=5)
    place = places[:, ::4].flatten()
    assert x.shape == untold.shape == (len(place), 512) and not torch.allclose(x, untold)
    assert torch.allclose(x[:32], known.model.neurons(rows[:1])[0, ::4], atol=1e-5)
    assert learn.tolist() == [known.sample.document(int(one)) % 2 == 1 for one in place]
    kept = [known.sample.inside(one)[place] for one in names]
    assert torch.equal(true, torch.stack(kept, 1))
    assert all(min(one[learn].sum(), one[~learn].sum()) >= 5 for one in kept)
    assert not beyond.labelled(known, ["html tag"], windows=40, least=10_000)[3]


def test_the_best_threshold_is_the_best_of_all():
    said_ = torch.tensor([[0.1, 5.0], [0.9, 4.0], [0.4, 3.0], [0.8, 2.0]])
    true = torch.tensor([[False, True], [True, False], [False, True], [True, False]])
    assert beyond.best_threshold(said_, true).tolist() == pytest.approx([0.8, 3.0])
    draw = torch.Generator().manual_seed(9)
    said_, true = torch.randn(60, 4, generator=draw), torch.rand(60, 4, generator=draw) < 0.3

    def f1(threshold):
        named = said_ >= threshold
        return 2 * (named & true).sum(0) / (named.sum(0) + true.sum(0))
    best = torch.stack([f1(one) for one in said_]).max(0).values
    assert torch.equal(f1(beyond.best_threshold(said_, true)), best)


def test_figures_say_what_they_show():
    into = np.array([[0.0, 2, 0], [1, 1, 0]])
    assert said(plots.read_by(into, [True, False], 0.5, 0.75)) == (
        "1 of 2 neurons serve one feature. The loss is 0.50 of what the mean costs as an answer; the plan's is 0.75.")
    rows = np.eye(2)
    assert said(plots.ring(np.ones((4, 2)), rows)).startswith("2 latents (arrows) for one feature")
    assert said(plots.ring(np.ones((4, 2)), rows[:0])) == "One feature, the day: seven places on a ring."
    fig = plots.turned(np.ones((4, 2)), rows, [0.0, 0.7], torch.tensor([0.0, 0.9]), 90)
    assert said(fig) == "Turned by 90°, it is nearest to Wednesday. Latents of this plane that are on: latent 2."
    assert "none" in said(plots.turned(np.ones((4, 2)), rows, [0.0, 0.0], [0.9, -0.01], 359))
    assert "Monday" in said(plots.turned(np.ones((4, 2)), rows, [0.0, 0.0], [0.9, -0.01], 359))
    off = [trace.line.dash for trace in fig.data if trace.type == "scatter" and trace.line.dash]
    assert off == ["dot", "solid"]  # not by colour alone
    fig = plots.alike([0.9, 0.9, 0.1], [0.8, 0.2, 0.9], ([0.6, 0.1, 0], [0.5, 0, 0]))
    assert said(fig) == ("1 of 3 neurons have a latent that is like them on both sides, at 0.5 or more. With outputs "
                         "shuffled: 1.")
    assert len({trace.marker.symbol for trace in fig.data}) == 2
