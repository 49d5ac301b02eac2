"""The toy model: hand-written gradients, known results, and the exact optimum for two features."""
import numpy as np
import pytest
import torch

from course import CourseError, phase, toy

DECAY = 0.9 ** np.arange(5)


def plain_loss(W, b, x, importance, output="relu", hidden="linear", l1=0.0):
    """The loss as the notebook writes it: one model, x (count, n)."""
    h = x @ W.T
    if hidden == "relu":
        h = torch.relu(h)
    out = h @ W + b
    if output == "relu":
        out = torch.relu(out)
    return ((importance * (x - out) ** 2).sum(1) + l1 * (h.sum(1) if hidden == "relu" else 0)).mean()


# What the training is made of

@pytest.mark.parametrize("output", ["relu", "linear"])
@pytest.mark.parametrize("hidden, l1", [("linear", 0.0), ("relu", 0.0), ("relu", 0.05)])
def test_gradients_written_by_hand_are_those_of_autograd(output, hidden, l1):
    torch.manual_seed(0)
    count, seeds, m, n, batch = 3, 2, 4, 7, 50
    P, x, importance = torch.randn(count * seeds, m + 1, n), torch.rand(count, n, batch), torch.rand(count, n)
    x[torch.rand(x.shape) < 0.5] = 0
    room = toy._Room(count, seeds, m, n, batch)
    toy._outputs(P, x, room, output, hidden)
    found = toy._gradient(P, x, room, importance.repeat_interleave(seeds, 0)[:, None], output, hidden, l1)
    for model in range(count * seeds):
        W, b = (part.clone().requires_grad_() for part in (P[model, :m], P[model, m]))
        plain_loss(W, b, x[model // seeds].T, importance[model // seeds], output, hidden, l1).backward()
        torch.testing.assert_close(found[model], torch.cat([W.grad, b.grad[None]]), rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("output, hidden, l1", [("relu", "linear", 0), ("linear", "linear", 0), ("relu", "relu", 0.1)])
def test_the_loss_is_the_one_that_is_stated(output, hidden, l1):
    rng = np.random.default_rng(1)
    W, b, importance = rng.normal(size=(2, 3, 6)), 0.1 * rng.normal(size=(2, 6)), rng.random(6)
    found = toy.evaluate(W, b, [0.9, 0.2], importance, output=output, hidden=hidden, l1=l1)
    x = toy.sample(6, [0.9, 0.2], 200_000, seed=5)
    plain = [float(plain_loss(*(torch.tensor(part, dtype=torch.float32) for part in (W[k], b[k], x[k], importance)),
                              output, hidden, l1)) for k in range(2)]
    np.testing.assert_allclose(found, plain, rtol=0.02)


def test_features_have_their_density_and_are_uniform_when_on():
    x = toy.sample(3, [0.1, 0.6, 1.0], 100_000)
    assert x.shape == (3, 100_000, 3)
    np.testing.assert_allclose((x > 0).mean(1), np.array([[0.1], [0.6], [1.0]]) * np.ones(3), atol=0.01)
    for k in range(3):
        on = x[k][x[k] > 0]
        np.testing.assert_allclose(np.quantile(on, [0.1, 0.5, 0.9]), [0.1, 0.5, 0.9], atol=0.02)
    assert abs(np.corrcoef(x[1].T) - np.eye(3)).max() < 0.02


def test_each_feature_may_have_its_own_density():
    x = toy.sample(3, [[0.1, 0.5, 0.9]], 50_000)
    np.testing.assert_allclose((x[0] > 0).mean(0), [0.1, 0.5, 0.9], atol=0.01)


@pytest.mark.parametrize("pairs, together", [("independent", 0.04), ("correlated", 0.2), ("anticorrelated", 0)])
def test_pairs_keep_their_density(pairs, together):
    x = toy.sample(5, 0.2, 100_000, pairs=pairs)[0]
    on = x > 0
    np.testing.assert_allclose(on.mean(0), 0.2, atol=0.01)
    for first, second in ((0, 1), (2, 3)):
        assert (on[:, first] & on[:, second]).mean() == pytest.approx(together, abs=0.005)
    assert (on[:, 0] & on[:, 2]).mean() == pytest.approx(0.04, abs=0.005)
    assert (on[:, 3] & on[:, 4]).mean() == pytest.approx(0.04, abs=0.005)  # the fifth has no partner
    assert [np.median(x[on[:, k], k]) for k in range(5)] == pytest.approx([0.5] * 5, abs=0.02)
    both = on[:, 0] & on[:, 1]
    if together:
        assert abs(np.corrcoef(x[both, 0], x[both, 1])[0, 1]) < 0.05  # on together, of different strength


def test_shapes_and_the_choice_of_the_best_seed():
    found = toy.train(4, 2, [0.5, 0.1, 0.02], seeds=3, steps=60)
    assert found.W.shape == (3, 2, 4) and found.b.shape == (3, 4) and found.loss.shape == (3,)
    assert found.all_W.shape == (3, 3, 2, 4) and found.all_b.shape == (3, 3, 4) and found.losses.shape == (3, 3)
    best = found.losses.argmin(1)
    assert (found.W == found.all_W[range(3), best]).all() and (found.b == found.all_b[range(3), best]).all()
    np.testing.assert_allclose(found.loss, found.losses.min(1), rtol=0.1)
    np.testing.assert_allclose(found.loss, toy.evaluate(found.W, found.b, [0.5, 0.1, 0.02]), rtol=0.05)


def test_reached_counts_the_seeds_near_the_best():
    losses = np.array([[1.0, 1.01, 1.5], [3, 2, 4]])
    found = toy.Trained(*[None] * 3, losses, *[None] * 4)
    assert found.reached().tolist() == [2, 1] and found.reached(0.5).tolist() == [3, 2]


def test_a_density_per_instance_is_trained_as_if_alone(monkeypatch):
    together = toy.train(5, 2, [0.5, 0.1], DECAY, seeds=2, steps=100)
    alone = toy.train(5, 2, 0.1, DECAY, seeds=2, steps=100)
    np.testing.assert_allclose(together.W[1], alone.W[0], atol=1e-3)
    monkeypatch.setattr(toy, "_CHUNK", 1)  # every instance in a chunk of its own
    apart = toy.train(5, 2, [0.5, 0.1], DECAY, seeds=2, steps=100)
    np.testing.assert_allclose(together.W, apart.W, atol=1e-3)


def test_progress_sees_every_step(monkeypatch):
    monkeypatch.setattr(toy, "_CHUNK", 1)
    seen = []

    def progress(steps):
        for step in steps:
            yield step
            seen.append(step)

    toy.train(3, 1, [0.5, 0.1, 0.3], steps=20, seeds=1, progress=progress)
    assert seen == list(range(60))


@pytest.mark.parametrize("settings", [
    dict(density=0), dict(density=1.2), dict(density=[0.5, np.nan]), dict(density="sparse"),
    dict(density=[[0.1, 0.2]]), dict(importance=[1, 2]), dict(importance=-np.ones(5)),
    dict(density=[0.1, 0.2], importance=np.ones((3, 5))), dict(output="sigmoid"), dict(hidden="tanh"),
    dict(pairs="twins"), dict(density=0.6, pairs="anticorrelated"), dict(seeds=0), dict(steps=1.5),
    dict(n_features="five"), dict(n_hidden=0), dict(n_hidden=True), dict(batch=np.inf),
], ids=str)
def test_settings_that_make_no_sense_get_a_sentence(settings):
    with pytest.raises(CourseError, match=r"^[A-Za-z].*\.$"):
        toy.train(**{**dict(n_features=5, n_hidden=2, density=0.5, steps=5, seeds=1), **settings})


def test_weights_of_the_wrong_shape_get_a_sentence():
    with pytest.raises(CourseError, match="should have shape"):
        toy.evaluate(np.zeros((2, 5)), np.zeros(5), 0.5)


# Known results

def norms(W):
    return np.linalg.norm(W, axis=-2)


def cosines(W):
    unit = W / norms(W)[..., None, :]
    return np.swapaxes(unit, -1, -2) @ unit


def test_dense_features_of_decaying_importance_leave_the_top_ones_at_right_angles():
    found = toy.train(6, 3, 1.0, 0.7 ** np.arange(6))
    assert (norms(found.W[0])[:3] > 0.9).all() and (norms(found.W[0])[3:] < 0.1).all()
    assert abs(cosines(found.W[0][:, :3]) - np.eye(3)).max() < 0.05


def test_sparse_features_become_five_directions_in_two_dimensions():
    found = toy.train(5, 2, [0.05, 0.02], DECAY)
    assert ((norms(found.W) > 0.5).sum(1) == 5).all()


def test_two_sparse_features_become_an_antipodal_pair():
    found = toy.train(2, 1, 0.1)
    first, second = found.W[0, 0]
    assert first * second < 0 and min(abs(first), abs(second)) > 0.9


@pytest.mark.parametrize("density", [1.0, 0.3, 0.05])
def test_the_linear_model_never_superposes(density):
    found = toy.train(5, 2, density, DECAY, output="linear", steps=1500)
    top, rest = found.W[0][:, :2], found.W[0][:, 2:]
    np.testing.assert_allclose(top.T @ top, np.eye(2), atol=0.03)
    assert (norms(rest) < 0.1).all()


def test_correlated_pairs_stand_at_right_angles_and_anticorrelated_ones_opposite():
    side = {pairs: cosines(toy.train(4, 2, 0.1, pairs=pairs).W[0])[[0, 2], [1, 3]] for pairs in toy.PAIRS[1:]}
    assert (abs(side["correlated"]) < 0.2).all() and (side["anticorrelated"] < -0.9).all()


def test_fast_training_is_as_good_as_the_plain_one():
    density = [1.0, 0.3, 0.1]
    W, b = toy.reference(5, 2, density, DECAY, steps=4000)
    found = toy.train(5, 2, density, DECAY)
    ours, plain = (toy.evaluate(W, b, density, DECAY) for W, b in ((found.W, found.b), (W, b)))
    assert (ours <= 1.01 * plain).all()


def test_the_plain_training_is_the_one_of_the_notebook():
    W, b = toy.reference(5, 2, 1.0, DECAY, steps=6000)
    assert W.shape == (1, 2, 5) and b.shape == (1, 5)
    assert (norms(W[0])[:2] > 0.9).all() and (norms(W[0])[2:] < 0.4).all()


# Two features in one dimension, exactly

P, R = (grid.ravel() for grid in np.meshgrid([0.02, 0.05, 0.1, 0.2, 0.35, 0.5, 0.65, 0.8, 1.0],
                                             [0.1, 0.2, 0.3, 0.7, 1, 2, 5, 8]))


def test_the_exact_loss_is_what_samples_say():
    rng = np.random.default_rng(3)
    parameters, p, r = rng.normal(size=(40, 4)), rng.uniform(0.05, 1, 40), rng.uniform(0.1, 3, 40)
    importance = np.stack([np.ones(40), r], axis=1)
    sampled = toy.evaluate(parameters[:, None, :2], parameters[:, 2:], p, importance, samples=2 ** 17)
    np.testing.assert_allclose(phase.loss(parameters, p, r), sampled, rtol=2e-3)


def test_slopes_of_the_exact_loss():
    rng = np.random.default_rng(4)
    parameters, p, r, step = rng.normal(size=(60, 4)), rng.uniform(0.05, 1, 60), rng.uniform(0.1, 3, 60), 1e-5
    _, slope = phase._loss_and_slope(parameters, p, r)
    for k in range(4):
        side = step * np.eye(4)[k]
        measured = (phase.loss(parameters + side, p, r) - phase.loss(parameters - side, p, r)) / (2 * step)
        np.testing.assert_allclose(slope[:, k], measured, atol=1e-7)


def test_idealised_losses_are_those_of_their_weights():
    found = phase.idealised(P, R)
    mean = np.stack([P / 2] * 2, 1)
    for name, weights, bias in (("ignore the first", (0, 1), mean * [1, 0]),
                                ("ignore the second", (1, 0), mean * [0, 1]), ("antipodal", (1, -1), 0 * mean)):
        parameters = np.concatenate([np.broadcast_to(weights, (len(P), 2)), bias], 1)
        np.testing.assert_allclose(found[name], phase.loss(parameters, P, R), rtol=1e-3)


def test_the_idealised_boundary_is_where_their_losses_meet():
    for r in (0.2, 1.0, 5.0):
        at = phase.idealised(phase.idealised_boundary(r), r)
        assert at["antipodal"] == pytest.approx(min(at["ignore the first"], at["ignore the second"]))
    assert phase.idealised_boundary(1.0) == pytest.approx(4 / 7)


@pytest.fixture(scope="module")
def least():
    return np.min([phase.optimum(P, R, start)[0] for start in phase.STARTS], axis=0)


def test_no_random_start_finds_a_lower_optimum(least):
    rng = np.random.default_rng(5)
    for _ in range(12):
        found, parameters = phase.optimum(P, R, tuple(rng.normal(size=4)))
        assert (found >= 0.999 * least).all()
        np.testing.assert_allclose(found, phase.loss(parameters, P, R), rtol=1e-9)


def test_trained_models_come_within_two_percent_of_the_optimum_everywhere(least):
    found = toy.train(2, 1, P, np.stack([np.ones_like(R), R], 1), seeds=6, steps=1000, rate=0.03)
    trained = phase.loss(np.concatenate([found.W[:, 0], found.b], 1), P, R)
    assert (trained <= 1.02 * least).all() and (trained >= 0.9995 * least).all()


def test_the_idealised_antipodal_loss_is_near_the_optimum_where_features_are_sparse(least):
    """Where p <= 0.1, and one feature at most five times as important as the other. Beyond, it is not:"""
    sparse = (P <= 0.1) & (R >= 0.2) & (R <= 5)
    assert sparse.sum() == 18
    np.testing.assert_allclose(phase.idealised(P, R)["antipodal"][sparse], least[sparse], rtol=0.02)
    unequal = (P == 0.1) & ((R == 0.1) | (R == 8))
    assert (phase.idealised(P, R)["antipodal"][unequal] > 1.03 * least[unequal]).all()


def test_the_true_optimum_is_lower_than_the_idealised_ones():
    """Measured before: at r = 1 by 2.3 % (p = 0.3) and 8.5 % (0.5); superposition still wins at p = 0.65."""
    best = np.minimum.reduce(list(phase.idealised([0.3, 0.5], 1).values()))
    gain = 1 - phase.optimum([0.3, 0.5], 1)[0] / best
    assert gain == pytest.approx([0.023, 0.085], abs=0.002)
    loss, (first, second, *_) = phase.optimum(0.65, 1)
    assert loss < min(phase.optimum(0.65, 1, start)[0] for start in ("first only", "both alike")) * 1.0001
    assert first * second < 0 and loss < 0.98 * phase.idealised(0.65, 1)["ignore the first"]


@pytest.mark.parametrize("p, r", [(0, 1), (1.1, 1), (np.nan, 1), (0.5, -1), (0.5, np.inf)])
def test_odd_densities_and_importances_get_a_sentence(p, r):
    for function in (phase.idealised, phase.optimum):
        with pytest.raises(CourseError, match="must"):
            function(p, r)
