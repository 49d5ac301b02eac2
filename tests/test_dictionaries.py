"""The recipes of dictionaries and of context scores, on small made-up models and texts."""
import numpy as np
import pytest
import torch

from course import CourseError, language, sae
from course.recipes import contexts as scoring
from course.recipes import dictionaries as recipe
from course.recipes.corpus_contexts import Context
from course.recipes.language_model import Windows
from course.transformer import Transformer

BYTES = [bytes([b]) for b in range(256)]


def tiny(seed=0, length=16):
    """A model of the course's shape in small, whose tokens are bytes."""
    torch.manual_seed(seed)
    return language.Language(Transformer(257, d_model=16, heads=2, mlp=24, layers=1, length=length),
                             language.Tokens(BYTES))


class Text:
    """What the scorer needs of a corpus: four documents, the digits of which are the context."""
    documents = [b"abc 123 def", "12 мир 7".encode(), b"no digits here", b"99999"]

    def part(self, split):
        return np.array([0, 1] if split == "A" else [2, 3])

    def bytes_of(self, k):
        return self.documents[k]

    def mask(self, context, k):
        raw = np.frombuffer(self.documents[k], np.uint8)
        return (raw >= 48) & (raw <= 57)


DIGITS = (Context("number", "digits", "0-9", ""),)


def test_a_part_knows_the_places_of_its_contexts():
    part = scoring.read(Text(), "A", tiny().tokens, DIGITS)
    assert part.numbers[0] == language.END and (part.document == -1).sum() == 2
    said = [chr(part.numbers[place] - 1) for place in part.members[0]]
    assert "".join(said) == "123127"


def test_a_token_belongs_where_half_of_its_bytes_do():
    class Other(Text):
        documents = [b"ab abc b"]

        def mask(self, context, k):
            return np.frombuffer(self.documents[k], np.uint8) == ord("b")

        def part(self, split):
            return np.array([0])
    tokens = language.Tokens([*BYTES, b"ab", b" ab", b" abc"])
    part = scoring.read(Other(), "A", tokens, DIGITS)
    assert [tokens.pieces[n] for n in part.numbers[1:]] == [b"ab", b" abc", b" ", b"b"]
    assert [tokens.pieces[part.numbers[p]] for p in part.members[0]] == [b"ab", b"b"]


@pytest.mark.parametrize("count", [3, 16, 17, 24, 100])
def test_neurons_of_a_long_text_are_read_with_what_stands_before(count):
    model = tiny()
    numbers = np.random.default_rng(0).integers(0, 257, count)
    found = torch.cat(list(scoring.neurons(model, scoring.Part(numbers, numbers, []))))
    assert len(found) >= count
    for place in {0, count // 2, count - 1}:
        start = max(0, place // 8 * 8 - 8)
        wanted = model.neurons(torch.from_numpy(numbers[start:place + 1])[None])[0, -1]
        # The neurons are kept in half precision: eleven bits.
        torch.testing.assert_close(found[place].float(), wanted, rtol=2 ** -10, atol=1e-5)


def units(values):
    made = scoring.Units(values.shape[1])
    for some in values.split(7):
        made.add(some)
    return made.done(len(values))


def test_the_best_threshold_is_that_of_trying_all():
    draw = torch.Generator().manual_seed(0)
    values = torch.randn(120, 4, generator=draw).relu().half().float()
    true = torch.rand(120, generator=draw) < 0.3
    values[true, 2] += 1.5
    values = values.half().float()
    part = scoring.Part(np.zeros(120, np.int64), np.arange(120) // 10, [np.flatnonzero(true.numpy())])
    best, threshold = scoring.choose(units(values), part)
    for unit in range(4):
        tried = []
        for level in [0, *values[:, unit].unique().tolist()]:
            said = values[:, unit] > level
            tried.append(2 * int((said & true).sum()) / max(1, int(said.sum() + true.sum())))
        assert best[unit, 0] == pytest.approx(max(tried))
        said = values[:, unit] > float(threshold[unit, 0])
        assert best[unit, 0] == pytest.approx(2 * int((said & true).sum()) / int(said.sum() + true.sum()))
    assert best[:, 0].argmax() == 2


def test_scores_are_counted_on_the_other_part():
    values = torch.zeros(40, 2)
    values[:10, 0], values[:30, 1] = 2.0, 1.0
    part = scoring.Part(np.zeros(40, np.int64), np.arange(40) // 4, [np.arange(20)])
    found = scoring.scores(scoring.counts(units(values), 0, 0.5, part, 0))
    assert (found["precision"], found["recall"], found["f1"]) == (1.0, 0.5, pytest.approx(0.667))
    assert found["low"] < found["f1"] < found["high"]
    nothing = scoring.scores(scoring.counts(units(values), 0, 5.0, part, 0))
    assert nothing["f1"] == nothing["high"] == 0


def test_intervals_are_as_wide_as_a_plain_bootstrap_says():
    draw = np.random.default_rng(1)
    documents = np.zeros((300, 3))
    documents[:40, 2] = draw.integers(1, 30, 40)
    documents[:40, 0] = draw.binomial(documents[:40, 2].astype(int), .7)
    documents[:40, 1] = documents[:40, 0] + draw.integers(0, 5, 40)
    plain = []
    for _ in range(2000):
        right, named, true = documents[draw.integers(0, 300, 300)].sum(0)
        plain.append(2 * right / (named + true))
    found = scoring.scores(documents)
    assert [found["low"], found["high"]] == pytest.approx(np.quantile(plain, [.025, .975]), abs=.02)


def test_the_difference_of_two_units_is_resampled_on_the_same_documents():
    draw = np.random.default_rng(2)
    true = draw.integers(20, 60, 80)
    hard = draw.random(80)  # documents differ much, and both units find the same of them hard
    one, other = (np.stack([found := np.round(true * np.clip(hard + more, 0, 1)), found, true], 1) for more in (.1, 0))
    apart, each = scoring.difference(one, other), [scoring.scores(units) for units in (one, other)]
    assert apart["f1"] == pytest.approx(each[0]["f1"] - each[1]["f1"], abs=.002)
    assert 0 < apart["low"] < apart["f1"] < apart["high"]
    assert each[0]["low"] < each[1]["high"]  # what two separate intervals cannot tell
    same = scoring.difference(one, one)
    assert same == dict(f1=0, low=0, high=0)


def test_a_unit_chosen_on_one_part_is_scored_on_the_other(monkeypatch):
    model = tiny()
    monkeypatch.setattr(scoring, "MOST", 300)  # in several blocks
    part = {split: scoring.read(Text(), split, model.tokens, DIGITS) for split in ("A", "B")}
    perfect = lambda x: torch.eye(24)[:1].expand(len(x), 24)  # noqa: E731
    kinds = {"neurons": (model, 24, lambda x: x), "always": (model, 24, perfect)}
    chosen = {name: scoring.choose_all(*kind, part["A"]) for name, kind in kinds.items()}
    found = scoring.compare(chosen, part["B"], kinds)
    always = found["always"][0]
    assert always["unit"] == 0 and always["recall"] == 1 and always["precision"] == pytest.approx(5 / 21, abs=.001)
    neuron = found["neurons"][0]
    x = torch.cat(list(scoring.neurons(model, part["B"])))[:len(part["B"].numbers)]
    said = set(np.flatnonzero(x[:, neuron["unit"]].half().float().numpy() > neuron["threshold"]).tolist())
    right = len(said & set(part["B"].members[0].tolist()))
    assert neuron["precision"] == pytest.approx(right / max(1, len(said)), abs=.02)
    kinds["latents"], chosen["latents"] = kinds["always"], chosen["always"]
    table = scoring.browse(chosen, part["B"], kinds, DIGITS)["number"]
    assert [len(table[kind]) for kind in ("latent", "neuron")] == [scoring.SHOWN] * 2
    assert table["neuron"][0] == {key: neuron[key] for key in ("unit", "threshold", "precision", "recall", "f1")}
    assert table["latent"][0]["unit"] == 0 and table["latent"][0]["recall"] == 1


def test_activations_that_half_a_word_cannot_hold_are_not_above_zero():
    units = scoring.Units(2)
    units.add(torch.tensor([[1e-9, 1.0], [0.0, -1.0]]))
    units.done(2)
    assert not len(units.of(0)[0]) and units.of(1)[0].tolist() == [0]


def test_activations_for_training_are_those_of_the_text_and_mixed():
    model = tiny()
    text = np.random.default_rng(0).integers(1, 257, 4000).astype(np.uint16)
    text[::100] = 0  # documents of a hundred tokens
    places = Windows(Kinds(), "train", text, 1 / 16)

    def batches():
        return recipe.activations(model, recipe.drawn(text, places, 3, rows=128, length=16), seed=3)
    made = batches()
    first, second = next(made), next(made)
    assert first.shape == (1024, 24) and not torch.equal(first, second)
    torch.testing.assert_close(first, next(batches()))


class Kinds:
    """What drawing needs of a corpus: forty documents, every other one in English."""
    names, labels = ["english", "arabic"], np.arange(40) % 2

    def part(self, split):
        return np.arange(40)


def test_windows_begin_in_rare_kinds_as_often_as_asked():
    text = np.random.default_rng(0).integers(1, 257, 4000).astype(np.uint16)
    text[::100] = 0
    for rarity in (1, 1 / 4, 1 / 16):
        starts = Windows(Kinds(), "train", text, rarity).draw(20_000, 0, 3980)
        rare = (starts // 100 % 2).mean()
        assert rare == pytest.approx(rarity / (1 + rarity), abs=.01) and starts.max() <= 3980


def test_a_perfect_dictionary_recovers_all_and_the_mean_nothing():
    model = tiny()
    rows = torch.randint(1, 257, (20, 16), generator=torch.Generator().manual_seed(0))
    mean = model.neurons(rows).flatten(0, 1).mean(0)
    found = recipe.losses(model, rows, lambda x: x, mean)
    assert found["recovered_zero"] == found["recovered_mean"] == 1
    assert recipe.losses(model, rows, mean.expand_as, mean)["recovered_mean"] == pytest.approx(0)
    assert recipe.losses(model, rows, torch.zeros_like, mean)["recovered_zero"] == pytest.approx(0)


def test_measures_count_what_is_on(monkeypatch):
    model = tiny()
    text = np.random.default_rng(0).integers(0, 257, 1600).astype(np.uint16)
    eye = sae.SAE("topk", 24, torch.cat([torch.eye(24), torch.zeros(6, 24)]), torch.zeros(30),
                  torch.cat([torch.eye(24), torch.zeros(6, 24)]), torch.zeros(24))
    monkeypatch.setattr(recipe, "NEURONS", 24)
    found = recipe.measure(model, eye, recipe.windows(text, 16), most=20)
    assert found["copies"] == 24
    x = model.neurons(recipe.windows(text, 16)).flatten(0, 1)
    assert found["l0"] == pytest.approx(float((x > 0).sum(1).float().mean()), rel=1e-4)
    assert found["explained"] == pytest.approx(1, abs=1e-5) and found["recovered_zero"] == pytest.approx(1, abs=1e-4)
    assert found["dead"] == pytest.approx(float((x.max(0).values == 0).sum() + 6) / 30)


def test_without_a_dictionary_the_largest_neurons_stay(monkeypatch):
    monkeypatch.setattr(recipe, "NEURONS", 4)
    assert recipe.largest_neurons(2)(torch.tensor([[3.0, 0, 1, 2]])).tolist() == [[3, 0, 0, 2]]


def test_a_dictionary_survives_being_saved(tmp_path):
    torch.manual_seed(0)
    one = sae.SAE("topk", 3, torch.randn(8, 5), torch.randn(8), torch.randn(8, 5), torch.randn(5))
    recipe.save(one, tmp_path / "d.npz")
    two, x = recipe.load(tmp_path / "d.npz"), torch.randn(9, 5)
    assert torch.equal(one(x), two(x)) and two.k == 3


def test_random_directions_are_as_many_and_of_length_one():
    like = sae.SAE("topk", 4, torch.randn(50, 24), torch.randn(50), torch.randn(50, 24), torch.randn(24))
    made = scoring.random_dictionary(like)
    assert made.k == 4 and torch.equal(made.centre, like.centre)
    torch.testing.assert_close(made.decoder.norm(dim=1), torch.ones(50))


def test_the_language_reads_writes_and_refuses():
    model = tiny()
    assert model.read("abc").tolist() == [[0, 98, 99, 100]] and model.read("x" * 99).shape == (1, 16)
    one, two = (model.write("hello", 12, seed=seed) for seed in (1, 1))
    assert one == two != model.write("hello", 12, seed=2)
    assert model.write("hello", 5, temperature=0) == model.write("hello", 5, temperature=0, seed=9)
    several = model.write_many("hello", 3, 12, seed=1)
    assert len(several) == 3 == len(set(several))
    rows = torch.randint(1, 257, (3, 16))
    assert model.loss(rows, torch.zeros_like) != model.loss(rows)
    for wrong in (lambda: model.read(7), lambda: model.write("a", 0), lambda: model.write("a", 3, temperature=-1),
                  lambda: model.tokens.find("ab")):
        with pytest.raises(CourseError):
            wrong()


def test_upward_is_what_a_direction_adds_to_the_logits():
    model = tiny()
    direction = torch.randn(2, 24)
    with torch.no_grad():
        written = direction @ model.model.layers[0]["down"].weight.T
        scale = 1e-4
        stream = torch.randn(1, 16)
        stream = (stream - stream.mean()) / stream.std(unbiased=False)
        step = model.model.unembed(stream + scale * written) - model.model.unembed(stream)
    # along the stream itself the norm takes the step away again: compare across it
    across = written - (written @ stream.T) * stream / 16
    straight = (across - across.mean(1, keepdim=True)) * model.model.norm.weight @ model.model.unembedding.weight.T
    torch.testing.assert_close(step / scale, straight, rtol=.05, atol=.01)
    up = model.upward(direction)
    assert up.shape == (2, 257) and up.mean(1).abs().max() < 1e-5


def test_a_rung_of_the_ladder_keeps_what_it_says_and_nothing_else(tmp_path):
    trained = {name: torch.full_like(weight, 7.0) for name, weight in language.twin().model.state_dict().items()}
    torch.save(trained, tmp_path / "model.pt")
    for stage, kept in recipe.LADDER.items():
        model = recipe.language(str(tmp_path / "model.pt"), stage).model
        sevens = {name for name, weight in model.state_dict().items() if (weight == 7).all()}
        assert sevens == {name for name in trained if name.startswith(kept)}
    assert not any("up" in name or "down" in name for name in sevens)  # the last: a random MLP
    whole = recipe.language(str(tmp_path / "model.pt")).model.state_dict()
    assert all((weight == 7).all() for weight in whole.values())


def test_work_is_shared_out_in_order():
    threads = torch.get_num_threads()
    try:
        for cores in (1, 2):
            torch.set_num_threads(cores)
            assert scoring.shared_out(lambda number: number ** 2, 9) == [number ** 2 for number in range(9)]
    finally:
        torch.set_num_threads(threads)
