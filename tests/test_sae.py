"""Sparse autoencoders: each kind against its formula, known structure found again, what cannot be trained."""
import math

import pytest
import torch
from benchmarks import bench_recovery

from course import CourseError, sae, sae_fast, sae_kinds

WEIGHTS = ("encoder", "bias", "decoder", "centre")


def draw(seed=0):
    return torch.Generator().manual_seed(seed)


def planted(count, features=24, d=12, on=2, seed=0):
    """Activations that are sums of ``on`` of ``features`` unit directions, and the directions."""
    random = draw(seed)
    directions = torch.randn(features, d, generator=random)
    directions /= directions.norm(dim=1, keepdim=True)
    chosen = torch.rand(count, features, generator=random).topk(on, dim=1).indices
    amounts = 0.5 + torch.rand(count, on, generator=random)
    return torch.zeros(count, features).scatter_(1, chosen, amounts) @ directions, directions


def small(kind, k=0, latents=30, d=7, seed=1, threshold=None):
    random = draw(seed)
    decoder = torch.randn(latents, d, generator=random)
    return sae.SAE(kind, k, *(torch.nn.Parameter(value) for value in (
        torch.randn(latents, d, generator=random), 0.3 * torch.randn(latents, generator=random),
        decoder / decoder.norm(dim=1, keepdim=True), 0.5 * torch.randn(d, generator=random))), threshold)


@pytest.fixture
def exact(monkeypatch):
    """Nothing is done in half precision."""
    monkeypatch.setattr(sae_fast, "fast_type", lambda device="cpu": torch.float32)


@pytest.mark.parametrize("k", [1, 3, 30])
def test_the_fast_loss_and_its_gradients_are_those_of_autograd(k, exact):
    x, made = torch.randn(40, 7, generator=draw(2)), []
    for loss in (sae.loss, sae_fast.topk_loss):
        model = small("topk", k)
        value, error, times = loss(model, x)
        (3 * value).backward()
        made.append([value, error, *(getattr(model, name).grad for name in WEIGHTS)])
        assert not error.requires_grad and times.sum() <= 40 * k
        made[-1].append(times)
    for plain, fast in zip(*made, strict=True):
        torch.testing.assert_close(fast, plain, rtol=1e-4, atol=1e-5)


def test_training_with_the_fast_loss_is_training_with_the_plain_one(exact, monkeypatch):
    x, _ = planted(2000)
    how = dict(k=2, steps=60, batch=64, revive=20)
    fast = sae.train(x, 60, **how)
    monkeypatch.setattr(sae_fast, "topk_loss", sae.loss)
    plain = sae.train(x, 60, **how)
    for name in WEIGHTS:
        torch.testing.assert_close(getattr(fast, name), getattr(plain, name), rtol=1e-3, atol=1e-3)


def test_topk_keeps_the_largest_and_only_those():
    model, x = small("topk", 3), torch.randn(50, 7, generator=draw(3))
    before = (x - model.centre) @ model.encoder.T + model.bias
    latents = model.encode(x)
    assert ((latents != 0).sum(1) <= 3).all() and (latents >= 0).all()
    assert torch.equal(latents.argmax(1), before.argmax(1))
    torch.testing.assert_close(model(x), latents @ model.decoder + model.centre)


def test_batchtopk_keeps_the_largest_of_the_batch_and_a_threshold_takes_its_place():
    model, x = small("batchtopk", 2.5), torch.randn(40, 7, generator=draw(3))
    before = ((x - model.centre) @ model.encoder.T + model.bias).relu()  # (40, 30)
    least = before.flatten().sort(descending=True).values[99]  # 100 = 2.5 for each of 40
    kept = sae_kinds.keep_in_batch(model, x)
    torch.testing.assert_close(kept, before * (before >= least))
    assert len(set((kept > 0).sum(1).tolist())) > 3  # not the same number everywhere
    value, error, times = sae.loss(model, x)
    torch.testing.assert_close(value, (model.decode(kept) - x).square().sum(1).mean())
    assert times.sum() == 100
    first, second = (sae_kinds.keep_in_batch(model, part) for part in x.split(20))
    threshold = sae_kinds.batch_threshold(model, x, 20)
    assert threshold.shape == (30,) and threshold.unique().tolist() == pytest.approx(
        [float((first[first > 0].min() + second[second > 0].min()).detach()) / 2])
    model.threshold = threshold
    torch.testing.assert_close(model.encode(x), before * (before > threshold))


def test_batchtopk_has_k_on_average_and_more_where_there_is_more():
    random = draw(7)
    times = torch.randint(1, 4, (6000,), generator=random)  # one to three directions of an axis in each
    x = (torch.rand(6000, 12, generator=random).argsort(1) < times[:, None]).float()
    found = sae.train(x, 12, kind="batchtopk", k=2, steps=800, batch=256, rate=0.02)
    on = (found.encode(x) > 0).sum(1)
    assert float(on.float().mean()) == pytest.approx(2, abs=0.1)
    assert [round(float(on[times == n].float().mean())) for n in (1, 2, 3)] == [1, 2, 3]
    assert sae.recover(found.decoder, torch.eye(12)).share() == 1


def test_a_jump_has_the_slopes_of_its_paper():
    """The pseudo-derivatives of arXiv 2407.14435 with a rectangle, one number at a time."""
    z, window = torch.rand(9, 4, generator=draw(1), dtype=torch.double), 0.4
    threshold = torch.tensor([0.1, 0.3, 0.5, 0.9], dtype=torch.double)
    for given in (z, threshold):
        given.requires_grad_()
    to_latents, to_on = torch.randn(2, 9, 4, generator=draw(2), dtype=torch.double)
    latents, on = sae_kinds.Jump.apply(z, threshold, window)
    torch.autograd.backward([latents, on], [to_latents, to_on])
    wanted_z, wanted_threshold = torch.zeros(9, 4).double(), torch.zeros(4).double()
    for i in range(9):
        for j in range(4):
            one, level = z.tolist()[i][j], threshold.tolist()[j]
            assert latents.tolist()[i][j] == (one > level) * one and on.tolist()[i][j] == (one > level)
            wanted_z[i, j] = (one > level) * to_latents[i, j]
            rectangle = -0.5 < (one - level) / window < 0.5
            wanted_threshold[j] -= rectangle / window * (level * to_latents[i, j] + to_on[i, j])
    torch.testing.assert_close(z.grad, wanted_z)
    torch.testing.assert_close(threshold.grad, wanted_threshold)
    assert (wanted_threshold != 0).all()


def test_the_window_estimates_the_slope_of_the_expected_loss():
    """What the estimator is for: each single loss is flat in the threshold but for steps, the expected one is not."""
    count = 200_000
    x, one = torch.randn(count, 1, generator=draw(3)) + 1, torch.ones(1, 1)

    def value(at, window=0.05):
        threshold = torch.tensor([at], requires_grad=True)
        model = sae.SAE("jumprelu", 0, one, torch.zeros(1), one, torch.zeros(1), threshold)
        loss = sae.loss(model, x, l0=0.3, window=window)[0]
        return float(loss), float(torch.autograd.grad(loss, threshold)[0])
    measured = (value(0.85)[0] - value(0.75)[0]) / 0.1
    assert value(0.8)[1] == pytest.approx(measured, rel=0.15) and abs(measured) > 0.05


def test_the_loss_of_jumprelu_counts_what_is_on():
    model, x = small("jumprelu", threshold=torch.full((30,), 0.7)), torch.randn(40, 7, generator=draw(3))
    before = (x - model.centre) @ model.encoder.T + model.bias
    latents = before * (before > 0.7)
    torch.testing.assert_close(model.encode(x), latents)
    value, error, times = sae.loss(model, x, l0=0.25)
    torch.testing.assert_close(error, model.decode(latents).detach() - x)
    torch.testing.assert_close(value, error.square().sum(1).mean() + 0.25 * (latents > 0).sum(1).float().mean())
    assert torch.equal(times, (latents > 0).sum(0))


@pytest.mark.parametrize("kind, k", [("topk", 3), ("l1", 0), ("batchtopk", 2.5), ("jumprelu", 0)])
def test_the_matryoshka_loss_is_that_of_its_prefixes(kind, k):
    model, x = small(kind, k, threshold=torch.full((30,), 0.4)), torch.randn(40, 7, generator=draw(3))
    plain, error, times = sae.loss(model, x)
    value, same, _ = sae.loss(model, x, prefixes=(4, 11, 30))
    latents = sae_kinds.keep_in_batch(model, x) if kind == "batchtopk" else model.encode(x)
    parts = [((latents[:, :n] @ model.decoder[:n] + model.centre - x) ** 2).sum(1).mean() for n in (4, 11, 30)]
    torch.testing.assert_close(value, sum(parts) / 3)
    torch.testing.assert_close(plain, parts[2])
    assert torch.equal(error, same)
    value.backward()
    assert model.decoder.grad[:4].abs().sum() > 0
    with torch.no_grad():
        torch.testing.assert_close(sae.loss(model, x, prefixes=(30,))[0], plain)


def family(count=20_000, free=False, seed=0):
    """5 parents and 3 children of each in 24 dimensions, at right angles; a child needs its parent, or is ``free``.
    The directions (20, 24), which features are on (count, 20), and the activations (count, 24)."""
    random = draw(seed)
    directions = torch.linalg.qr(torch.randn(24, 20, generator=random))[0].T
    parent, other = torch.rand(2, count, 5, generator=random) < 0.2
    child = (other if free else parent) & (torch.rand(count, 5, generator=random) < 0.5)
    which = torch.randint(3, (count, 5), generator=random)[..., None] == torch.arange(3)
    x = torch.cat([parent, (child[..., None] & which).flatten(1)], 1)
    return directions, x, x.float() @ directions


@pytest.mark.parametrize("seed", [11, 12])
def test_a_matryoshka_dictionary_absorbs_less(seed):
    """A parent's latent falls silent where a child is on, and not in the control, where a child needs no parent."""
    how = dict(steps=800, batch=128, rate=0.02, seed=seed)
    kinds = dict(l1=dict(kind="l1", l1=0.3), batch=dict(kind="batchtopk", k=1.5),
                 nested=dict(kind="batchtopk", k=1.5, prefixes=(5, 20)))
    with_child = {}
    for free in (False, True):
        directions, x, data = family(free=free, seed=seed)
        parent, child = x[:, :5], x[:, 5:].view(-1, 5, 3).any(2)
        for name, kind in kinds.items():
            found = sae.train(data, 20, **how, **kind)
            on = found.encode(data)[:, (found.decoder @ directions[:5].T).argmax(0)] > 0
            assert on[parent & ~child].float().mean() > 0.75
            with_child[name, free] = float(on[parent & child].float().mean())
            if name == "l1":
                assert sae.recover(found.decoder, directions).share() >= 0.9 or not free
    assert with_child["l1", False] < 0.2 and with_child["batch", False] + 0.05 < with_child["nested", False]
    assert min(with_child[name, True] for name in kinds) > 0.85


@pytest.mark.parametrize("kind", ["batchtopk", "jumprelu"])
def test_thresholds_follow_the_scale_of_the_activations(kind):
    x, _ = planted(3000)
    one, other = (sae.train(x * scale, 30, kind=kind, k=2, steps=100, batch=256) for scale in (1.0, 64.0))
    torch.testing.assert_close(other.threshold, 64 * one.threshold, rtol=0.05, atol=0)
    assert (one.threshold > 0).all() and one.threshold.shape == (30,)
    assert (len(one.threshold.unique()) == 1) == (kind == "batchtopk")


@pytest.mark.parametrize("kind, k, threshold", [("topk", 3, None), ("l1", 0, None), ("linear", 0, None),
                                                ("batchtopk", 1.5, 0.4), ("jumprelu", 0, 0.4)])
def test_any_shape_of_activations_is_encoded_like_its_rows(kind, k, threshold):
    model = small(kind, k, threshold=threshold and torch.full((30,), threshold))
    x = torch.randn(4, 5, 7, generator=draw(3))
    rows = model.encode(x.flatten(0, 1))
    for some, latents in ((x, rows.view(4, 5, 30)), (x[1], rows[5:10]), (x[1, 2], rows[7])):
        torch.testing.assert_close(model.encode(some), latents)
        torch.testing.assert_close(model.decode(latents), latents @ model.decoder + model.centre)
        torch.testing.assert_close(model(some), model.decode(latents))


@pytest.mark.parametrize("kind, least", [(torch.float32, 1.0), (torch.bfloat16, 0.97)])
def test_the_quick_choice_of_latents_is_nearly_the_exact_one(kind, least, monkeypatch):
    monkeypatch.setattr(sae_fast, "fast_type", lambda device: kind)
    model, x = small("topk", 4, latents=200, d=64), torch.randn(300, 64, generator=draw(4))
    with torch.no_grad():
        best = ((x - model.centre) @ model.encoder.T + model.bias).topk(4, dim=1).indices
        chosen = sae_fast.TopKError.apply(x, *(getattr(model, name) for name in WEIGHTS), 4)[1].view(300, 4)
    same = (best[:, :, None] == chosen[:, None]).any(2).float().mean()
    assert same >= least


@pytest.mark.parametrize("has, kind", [(True, torch.bfloat16), (False, torch.float32), (None, torch.float32)])
def test_half_precision_is_taken_where_the_processor_has_instructions_for_it(has, kind, monkeypatch):
    if has is None:  # as in torch 2.4
        monkeypatch.delattr(torch.cpu, "_is_avx512_bf16_supported", raising=False)
    else:
        monkeypatch.setattr(torch.cpu, "_is_avx512_bf16_supported", lambda: has, raising=False)
    monkeypatch.setattr(torch.backends.mkldnn, "is_available", lambda: True)
    assert [sae_fast.fast_type() for _ in range(3)] == [kind] * 3
    monkeypatch.setattr(torch.backends.mkldnn, "is_available", lambda: False)
    assert sae_fast.fast_type() is torch.float32


@pytest.mark.parametrize("capability, kind", [((7, 5), torch.float32), ((8, 0), torch.bfloat16),
                                              ((12, 0), torch.bfloat16)])
def test_half_precision_on_a_gpu_goes_by_its_generation(capability, kind, monkeypatch):
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda device: capability)
    monkeypatch.setattr(torch.backends.mkldnn, "is_available", lambda: False)
    assert sae_fast.fast_type("cuda") is sae_fast.fast_type("cuda:1") is kind


def test_training_runs_on_one_thread_and_leaves_their_number_alone():
    x, seen, before = planted(200)[0], [], torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        sae.train(x, 30, k=2, steps=20, batch=64, report=lambda *_: seen.append(torch.get_num_threads()))
        assert seen == [1] and torch.get_num_threads() == 2
        with pytest.raises(CourseError):
            sae.train(x, 30, k=31)
        with pytest.raises(ZeroDivisionError):
            sae.train(x, 30, k=2, steps=20, batch=64, report=lambda *_: 1 / 0)
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(before)


@pytest.mark.parametrize("kind, how", [("topk", dict(k=2)), ("l1", dict(l1=0.3)), ("batchtopk", dict(k=2)),
                                       ("jumprelu", dict(l0=0.3)), ("topk", dict(k=2, prefixes=(15, 30)))])
def test_planted_directions_are_found(kind, how):
    x, directions = planted(20_000)
    found = sae.train(x, 30, kind=kind, steps=1500, batch=256, rate=5e-3, **how)
    best = (directions @ found.decoder.T).max(1).values
    assert (best > 0.9).float().mean() >= 0.9
    chance = (directions @ torch.nn.functional.normalize(torch.randn(30, 12, generator=draw(5))).T).max(1).values
    assert (chance > 0.9).float().mean() < 0.2


def test_more_penalty_means_fewer_latents_and_more_error():
    x, _ = planted(5000)
    results = [sae.evaluate(sae.train(x, 30, kind="l1", l1=l1, steps=400, batch=256), x) for l1 in (0.0, 0.3, 2.0)]
    assert results[0]["l0"] > results[1]["l0"] > results[2]["l0"]
    assert results[0]["unexplained"] < results[2]["unexplained"]


def test_a_linear_bottleneck_is_pca():
    x, _ = planted(5000)
    x = x + 0.0
    found = sae.evaluate(sae.train(x, 4, kind="linear", steps=1500, batch=512, rate=1e-2), x)
    values = torch.linalg.svdvals(x - x.mean(0)).square()
    best = float(1 - values[:4].sum() / values.sum())
    assert best - 1e-4 <= found["unexplained"] < best * 1.03


def test_dead_latents_come_back():
    x, _ = planted(5000)
    with_, without = (sae.evaluate(sae.train(x, 200, k=2, steps=600, batch=256, revive=revive), x)["dead"]
                      for revive in (50, 0))
    assert with_ < without or without == 0


def test_the_scale_of_activations_does_not_matter():
    x, _ = planted(4000)
    one, other = (sae.evaluate(sae.train(x * scale, 30, k=2, steps=100, batch=256), x * scale)["unexplained"]
                  for scale in (1.0, 1000.0))
    assert one == pytest.approx(other, rel=0.05)


def test_batches_may_come_from_anywhere():
    x, _ = planted(2000)
    found = sae.train((x[k:k + 100] for k in range(0, 2000, 100)), 30, k=2, steps=500)  # ends after 19 batches
    assert found.decoder.shape == (30, 12)
    assert torch.allclose(found.decoder.norm(dim=1), torch.ones(30), atol=1e-5)


@pytest.mark.parametrize("kind", sae.KINDS)
def test_a_caller_may_have_gradients_off_or_bring_some(kind):
    x, _ = planted(500)
    plain = sae.train(x, 8, kind=kind, k=2, steps=20, batch=64)
    with torch.no_grad():
        off = sae.train(x, 8, kind=kind, k=2, steps=20, batch=64)
    brought = sae.train(x.clone().requires_grad_() * 1, 8, kind=kind, k=2, steps=20, batch=64)
    assert torch.equal(off.decoder, plain.decoder) and torch.equal(brought.decoder, plain.decoder)
    assert not any(getattr(model, name).requires_grad for model in (off, plain, brought) for name in WEIGHTS)


def test_reports_and_progress():
    x, _ = planted(2000)
    seen, steps = [], []
    sae.train(x, 30, k=2, steps=50, batch=64, progress=lambda r: steps.append(len(r)) or r,
              report=lambda step, figures: seen.append((step, figures)))
    assert steps == [50] and [step for step, _ in seen] == [20, 40, 50]
    assert all(0 <= f["dead"] <= 1 and 0 < f["l0"] <= 2 and f["unexplained"] > 0 for _, f in seen)


@pytest.mark.parametrize("bad", [
    lambda: sae.train(torch.randn(10), 5), lambda: sae.train(torch.randn(10, 3), 5, kind="magic"),
    lambda: sae.train(torch.randn(10, 3), 5, k=6), lambda: sae.train(torch.randn(10, 3), 0, k=0),
    lambda: sae.train(torch.full((10, 3), torch.nan), 5, k=1), lambda: sae.train([], 5, k=1),
    lambda: sae.train(torch.randn(10, 3), 5, kind="l1", l1=-1), lambda: sae.train(torch.zeros(0, 3), 5, k=1),
    lambda: sae.train([torch.randn(3)], 5, k=1), lambda: sae.train([torch.full((9, 3), torch.inf)], 5, k=1),
    lambda: sae.train(torch.randn(10, 3), 5, k=1, batch=0), lambda: sae.train(torch.randn(10, 3), 5, k=1, fall=2),
    lambda: sae.train(torch.randn(10, 3), 5, k=1, revive=-1), lambda: sae.train(torch.randn(10, 3), 5, k=1.5),
    *(lambda bad=bad: sae.train(torch.randn(10, 3), 5, **bad) for bad in (
        dict(kind="batchtopk", k=6), dict(kind="batchtopk", k=0.0001), dict(kind="batchtopk", k=math.nan),
        dict(kind="jumprelu", window=0), dict(kind="jumprelu", l0=-1), dict(kind="jumprelu", window=math.nan),
        dict(k=1, prefixes=(5, 2)), dict(k=1, prefixes=(2, 4)), dict(k=1, prefixes=(0, 5)),
        dict(k=1, prefixes=(2, 2, 5)), dict(kind="linear", prefixes=(2, 5)))),
    lambda: sae.evaluate(small("topk", 3), torch.randn(1, 7)), lambda: sae.evaluate(small("topk", 3), torch.ones(9, 7)),
    lambda: sae.evaluate(small("topk", 3), torch.zeros(0, 7)),
])
def test_what_cannot_be_trained_gets_a_sentence(bad):
    with pytest.raises(CourseError, match=r"\.$"):
        bad()


def test_a_dictionary_in_another_order_recovers_everything():
    true = torch.randn(12, 8, generator=draw(5))
    order = torch.randperm(12, generator=draw(6))
    found = sae.recover(3 * true[order], true)
    assert torch.equal(order[found.partner], torch.arange(12))
    assert found.share(0.9999) == 1 and found.f1 is None


def test_one_latent_cannot_stand_for_two_features():
    true = torch.tensor([[1.0, 0, 0], [0.9, 0.1, 0], [0, 0, 1]])
    found = sae.recover(torch.tensor([[1.0, 0, 0], [0, 1.0, 0], [0, 0, -1.0]]), true)
    assert sorted(found.partner.tolist()) == [0, 1, 2]
    assert (found.cosine[:2] > 0.99).sum() == 1
    assert found.cosine[2] <= 0  # a latent that points away has found nothing
    assert found.share() == pytest.approx(1 / 3)


def test_matching_is_the_best_of_all():
    from itertools import permutations

    for seed in range(20):
        made, true = torch.randn(6, 4, generator=draw(seed)), torch.randn(5, 4, generator=draw(seed + 50))
        cosines = torch.nn.functional.normalize(true) @ torch.nn.functional.normalize(made).T
        best = max(sum(cosines[i, j] for i, j in enumerate(p)) for p in permutations(range(6), 5))
        assert float(sae.recover(made, true).cosine.sum()) == pytest.approx(float(best), abs=1e-5)


def test_fewer_latents_than_features_leave_some_without_a_partner():
    true = torch.eye(4)
    found = sae.recover(true[:3], true, latents=torch.ones(5, 3), amounts=torch.ones(5, 4))
    assert found.partner.tolist() == [0, 1, 2, -1] and found.cosine[3] == 0 and found.share() == 0.75
    assert found.f1.tolist() == [1, 1, 1, 0]


def test_uniqueness_counts_each_feature_once_and_dead_rows_never():
    copies = torch.tensor([[1.0, 0, 0], [0.99, 0.1, 0], [0.98, 0, 0.1], [0, 0, 0]])
    assert bench_recovery.uniqueness(copies, torch.eye(3)) == 1 / 4


def test_a_dead_row_finds_nothing():
    found = sae.recover(torch.zeros(3, 3), torch.eye(3))
    assert not found.cosine.any() and found.share() == 0


def test_f1_of_a_latent_that_is_on_twice_as_often():
    amounts = torch.tensor([[1.0, 0], [1, 0], [0, 0], [0, 0]])
    latents = torch.tensor([[1.0, 0], [1, 0], [1, 0], [1, 0]])
    found = sae.recover(torch.eye(2), torch.eye(2), latents, amounts)
    assert found.f1[0] == pytest.approx(2 * 2 / (4 + 2)) and torch.isnan(found.f1[1])


@pytest.mark.parametrize(("made", "true", "says"), [
    (torch.ones(3, 4), torch.ones(3, 5), "shapes"), (torch.ones(3), torch.ones(3, 3), "shapes"),
    (torch.full((3, 3), torch.nan), torch.eye(3), "finite")])
def test_what_cannot_be_matched_is_said_in_a_sentence(made, true, says):
    with pytest.raises(CourseError, match=says):
        sae.recover(made, true)
