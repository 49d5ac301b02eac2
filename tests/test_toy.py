"""The toy model: hand-written gradients, known results, and the exact optimum for two features."""
import inspect

import numpy as np
import pytest
import torch

from course import CourseError, phase, plots, toy, toy_fast

DECAY = 0.9 ** np.arange(5)


# What the training is made of

@pytest.mark.parametrize("output", ["relu", "linear"])
@pytest.mark.parametrize("hidden, l1", [("linear", 0.0), ("relu", 0.0), ("relu", 0.05)])
def test_gradients_written_by_hand_are_those_of_autograd(output, hidden, l1):
    torch.manual_seed(0)
    count, seeds, m, n, batch = 3, 2, 4, 7, 64
    weights, importance = torch.randn(count * seeds, m + 1, n), torch.rand(count, n)
    problem = toy.Problem(torch.full((count, n), 0.5), importance, output, hidden, l1)
    work = toy_fast.Pass(problem, seeds, m, batch)
    work.forward(weights, torch.quasirandom.SobolEngine(n, scramble=True, seed=1))
    x, slope = work.x.clone(), work.gradient(weights)
    for k, model in enumerate(weights):
        W, b = (part.clone().requires_grad_() for part in (model[:m], model[m]))
        toy.loss_of(W, b, x[k // seeds].T, importance[k // seeds], output, hidden, l1).backward()
        torch.testing.assert_close(slope[k], torch.cat([W.grad, b.grad[None]]), rtol=1e-4, atol=1e-6)


def test_the_plain_loss_is_the_sentence_of_the_docstring():
    """Squared errors of one sample, each times its importance, summed over features; the mean over samples."""
    rng = np.random.default_rng(2)
    W, b, x, importance = rng.normal(size=(2, 3)), rng.normal(size=3), rng.random((5, 3)), rng.random(3)
    samples = [sum(importance[i] * (max(0, W[:, i] @ W @ one + b[i]) - one[i]) ** 2 for i in range(3)) for one in x]
    assert float(toy.loss_of(*map(torch.tensor, (W, b, x, importance)))) == pytest.approx(np.mean(samples))


@pytest.mark.parametrize("output, hidden, l1", [("relu", "linear", 0), ("linear", "linear", 0), ("relu", "relu", 0.1)])
def test_the_loss_is_the_one_that_is_stated(output, hidden, l1):
    rng = np.random.default_rng(1)
    W, b, importance = rng.normal(size=(2, 3, 6)), 0.1 * rng.normal(size=(2, 6)), rng.random(6)
    found = toy.evaluate(W, b, [0.9, 0.2], importance, output=output, hidden=hidden, l1=l1)
    x = toy.sample(6, [0.9, 0.2], 200_000, seed=5)
    plain = toy.loss_of(*map(torch.tensor, (W, b, np.float64(x), importance)), output, hidden, l1)
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
    assert (found.loss == found.losses.min(1)).all()  # on one sample: no other run can look better than the best
    assert found.density.shape == found.importance.shape == (3, 4) and (found.importance == 1).all()
    np.testing.assert_allclose(found.density[1], 0.1)
    np.testing.assert_allclose(found.loss, toy.evaluate(found.W, found.b, [0.5, 0.1, 0.02]), rtol=0.05)


def test_reached_counts_the_seeds_near_the_best():
    losses = np.array([[1.0, 1.01, 1.5], [3, 2, 4]])
    found = toy.Trained(*[None] * 3, losses, *[None] * 4)
    assert found.reached().tolist() == [2, 1] and found.reached(0.5).tolist() == [3, 2]


def test_a_density_per_instance_is_trained_as_if_alone(monkeypatch):
    together = toy.train(5, 2, [0.5, 0.1], DECAY, seeds=2, steps=100)
    alone = toy.train(5, 2, 0.1, DECAY, seeds=2, steps=100)
    np.testing.assert_allclose(together.W[1], alone.W[0], atol=1e-3)
    monkeypatch.setattr(toy_fast, "CHUNK", 1)  # every instance in a chunk of its own
    apart = toy.train(5, 2, [0.5, 0.1], DECAY, seeds=2, steps=100)
    np.testing.assert_allclose(together.W, apart.W, atol=1e-3)


def test_progress_sees_every_step(monkeypatch):
    monkeypatch.setattr(toy_fast, "CHUNK", 1)
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
    W, b = toy.train_plain(5, 2, density, DECAY, steps=4000)
    found = toy.train(5, 2, density, DECAY)
    ours, plain = (toy.evaluate(W, b, density, DECAY) for W, b in ((found.W, found.b), (W, b)))
    assert (ours <= 1.01 * plain).all()


def test_the_plain_training_is_the_one_of_the_notebook():
    W, b = toy.train_plain(5, 2, 1.0, DECAY, steps=6000)
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
    tensor = torch.tensor(parameters, requires_grad=True)
    phase._loss(tensor, *map(torch.tensor, (p, r))).sum().backward()
    slope = tensor.grad.numpy()
    for k in range(4):
        side = step * np.eye(4)[k]
        measured = (phase.loss(parameters + side, p, r) - phase.loss(parameters - side, p, r)) / (2 * step)
        np.testing.assert_allclose(slope[:, k], measured, atol=1e-7)


def test_idealised_losses_are_those_of_their_weights():
    found = idealised(P, R)
    mean = np.stack([P / 2] * 2, 1)
    for name, weights, bias in (("ignore the first", (0, 1), mean * [1, 0]),
                                ("ignore the second", (1, 0), mean * [0, 1]), ("antipodal", (1, -1), 0 * mean)):
        parameters = np.concatenate([np.broadcast_to(weights, (len(P), 2)), bias], 1)
        np.testing.assert_allclose(found[name], phase.loss(parameters, P, R), rtol=1e-3)


def test_the_idealised_boundary_is_where_their_losses_meet():
    for r in (0.2, 1.0, 5.0):
        at = idealised(phase.idealised_boundary(r), r)
        assert at["antipodal"] == pytest.approx(min(at["ignore the first"], at["ignore the second"]))
    assert phase.idealised_boundary(1.0) == pytest.approx(4 / 7)


def idealised(p, r):
    """Losses of the three solutions of ``phase.idealised_boundary``, hence upper bounds of the best loss."""
    ignored = p / 3 - p ** 2 / 4
    return {"ignore the first": ignored + 0 * r, "ignore the second": r * ignored, "antipodal": (1 + r) * p ** 2 / 6}


@pytest.fixture(scope="module")
def least():
    starts = np.array(list(phase.STARTS.values()))[:, None]
    return phase.optimum(np.tile(P, (len(starts), 1)), R, starts)[0].min(0)


def test_no_random_start_finds_a_lower_optimum(least):
    starts = np.random.default_rng(5).normal(size=(12, 1, 4))
    lowest, parameters = phase.optimum(np.tile(P, (12, 1)), R, starts)
    assert (lowest >= 0.999 * least).all()
    np.testing.assert_allclose(lowest, phase.loss(parameters, P, R), rtol=1e-9)


def test_trained_models_come_within_two_percent_of_the_optimum_everywhere(least):
    found = toy.train(2, 1, P, np.stack([np.ones_like(R), R], 1), seeds=6, steps=1000, rate=0.03)
    trained = phase.loss(np.concatenate([found.W[:, 0], found.b], 1), P, R)
    assert (trained <= 1.02 * least).all() and (trained >= 0.9995 * least).all()


def test_the_idealised_antipodal_loss_is_near_the_optimum_where_features_are_sparse(least):
    """Where p <= 0.1, and one feature at most five times as important as the other. Beyond, it is not:"""
    sparse = (P <= 0.1) & (R >= 0.2) & (R <= 5)
    assert sparse.sum() == 18
    np.testing.assert_allclose(idealised(P, R)["antipodal"][sparse], least[sparse], rtol=0.02)
    unequal = (P == 0.1) & ((R == 0.1) | (R == 8))
    assert (idealised(P, R)["antipodal"][unequal] > 1.03 * least[unequal]).all()


def test_the_true_optimum_is_lower_than_the_idealised_ones():
    """Measured before: at r = 1 by 2.3 % (p = 0.3) and 8.5 % (0.5); superposition still wins at p = 0.65."""
    best = np.minimum.reduce(list(idealised(np.array([0.3, 0.5]), 1).values()))
    gain = 1 - phase.optimum([0.3, 0.5], 1)[0] / best
    assert gain == pytest.approx([0.023, 0.085], abs=0.002)
    loss, (first, second, *_) = phase.optimum(0.65, 1)
    assert loss < min(phase.optimum(0.65, 1, start)[0] for start in ("first only", "both alike")) * 1.0001
    assert first * second < 0 and loss < 0.98 * idealised(0.65, 1)["ignore the first"]


@pytest.mark.parametrize("p, r", [(0, 1), (1.1, 1), (np.nan, 1), (0.5, -1), (0.5, np.inf)])
def test_odd_densities_and_importances_get_a_sentence(p, r):
    for function in (phase.loss, phase.optimum):
        with pytest.raises(CourseError, match="must"):
            function(*([np.zeros(4)] if function is phase.loss else []), p, r)


# What came out

def test_represented_counts_directions_longer_than_the_limit():
    W = np.array([[[1.0, 0.5, 0.0], [0.0, 0.0, 0.51]], [[0.3, 0.4, 0.6], [0.3, 0.4, 0.0]]])
    assert toy.represented(W).tolist() == [2, 2] and toy.represented(W[0]) == 2
    assert toy.represented(W.tolist()).dtype.kind == "i"
    for function in (plots.plane, plots.features, plots.pictures):
        assert inspect.signature(function).parameters["longer"].default == toy.REPRESENTED


def test_kinds():
    W = np.array([[1.0, 0.0, 0.0, 0.3], [0.0, 1.0, -1.0, 0.0]])
    assert toy.kinds(W).tolist() == ["own", "shared", "shared", "none"]
    assert toy.kinds(np.stack([W, W])).shape == (2, 4)


def made_up(lengths, losses):
    """Three runs of three features in one dimension with these lengths of directions."""
    all_W = np.array(lengths, float)[None, :, None]
    best = int(np.argmin(losses))
    return toy.Trained(all_W[:, best], None, np.array([min(losses)]), np.array([losses]), all_W, None,
                       np.full((1, 3), 0.6), np.array([[1.0, 0.5, 0.25]]))


def test_summary_says_what_the_runs_found():
    text = toy.summary(made_up([[1, 0, 0], [1, -1, 0], [1, -1, 1]], [0.2, 0.1, 0.1019]))
    assert "best of 3 runs represents 2 of 3 features and has loss 0.1000; 2 of the runs came within 2 %" in text
    assert "another number: 1 represented at 0.2000, 3 represented at 0.1019." in text
    assert "with 1 exact, the loss would be 0.0825." in text  # (0.5 + 0.25) · (0.6 / 3 − 0.36 / 4)
    assert "another" not in toy.summary(made_up([[1, 0, 0]] * 3, [0.1] * 3))


def test_no_other_number_looks_better_than_the_best():
    runs = toy.train(5, 2, [0.2, 0.1], DECAY, seeds=30, steps=150)
    for setting in (0, 1):
        best = f"has loss {runs.loss[setting]:.4f}"
        text = toy.summary(runs, setting)
        others = [float(part.split(",")[0].rstrip(".")) for part in text.split("represented at ")[1:]
                  for part in [part.split(" ")[0]]]
        assert best in text and all(other >= round(float(runs.loss[setting]), 4) for other in others)


def test_without_superposition_the_most_costly_features_are_kept():
    density, importance = np.array([0.1, 0.5, 0.02]), np.array([1.0, 0.5, 2.0])
    costs = importance * [x.var() for x in toy.sample(3, density[None], 400_000)[0].T]
    for kept in range(4):
        assert toy.without_superposition(density, importance, kept) == pytest.approx(
            np.sort(costs)[:3 - kept].sum(), rel=0.02)
    linear = toy.train(5, 2, 0.3, DECAY, output="linear", steps=1500)
    assert toy.without_superposition(0.3, DECAY, 2) == pytest.approx(linear.loss[0], rel=0.01)


@pytest.mark.parametrize("total, fall, n", [(2, 1, 20), (2, 0.8, 20), (0.5, 0.3, 6), (3, 1.0, 3), (1, 0.5, 1)])
def test_falling_densities(total, fall, n):
    density = toy.falling(total, fall, n)
    assert density.shape == (1, n) and density.sum() == pytest.approx(total) and (density <= 1).all()
    np.testing.assert_allclose(density[0, 1:] / density[0, :-1], fall)
    assert toy.train(n, 1, density, steps=2, seeds=1).density.shape == (1, n)


@pytest.mark.parametrize("total, fall, n", [(2, 0.4, 20), (4, 1, 3), (0, 0.5, 3), (1, 0, 3), (1, 1.2, 3), (1, 0.5, 0),
                                            (np.nan, 0.5, 3), (1, np.nan, 3)])
def test_impossible_densities_get_a_sentence(total, fall, n):
    with pytest.raises(CourseError, match=r"(must|be at most 1)"):
        toy.falling(total, fall, n)


def test_frequent_features_come_first_and_equal_ones_are_treated_alike():
    """What notebook 06 shows: with frequencies that fall, the rare ones get nothing; with equal ones many share."""
    unequal = toy.kinds(toy.train(20, 5, toy.falling(1, 0.6, 20), seeds=16).W[0])
    equal = toy.kinds(toy.train(20, 5, toy.falling(1, 1, 20), seeds=16).W[0])
    assert (unequal[:5] != "none").all() and (unequal[12:] == "none").all() and (equal == "shared").sum() > 15


@pytest.mark.parametrize("call", [
    lambda: toy.train(3, 1, 0.5, steps=2, seeds=1), lambda: toy.train_plain(3, 1, 0.5, steps=2, batch=4),
    lambda: toy.evaluate(np.zeros((1, 1, 3)), np.zeros((1, 3)), 0.5, samples=64),
    lambda: phase.optimum(0.5, 1, steps=2), lambda: toy.train(3, 1, 7)], ids=range(5))
def test_the_number_of_threads_stays(call):
    before = torch.get_num_threads()
    torch.set_num_threads(3)
    try:
        call()
    except CourseError:
        pass
    finally:
        after = torch.get_num_threads()
        torch.set_num_threads(before)
    assert after == 3


def test_as_many_settings_as_models():
    with pytest.raises(CourseError, match="2 models and 3 settings"):
        toy.evaluate(np.zeros((2, 1, 3)), np.zeros((2, 3)), [0.1, 0.2, 0.3])
