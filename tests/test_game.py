"""The word game: what its prompts are, what is held out, what the model learns, and how shares are counted."""
import importlib.util
import itertools
import json
import pathlib

import pytest
import torch

from course import CourseError, data, game
from course.recipes import game as recipe

BENCH = importlib.util.spec_from_file_location("bench_game", pathlib.Path(__file__).parent / "benchmarks/bench_game.py")
bench = importlib.util.module_from_spec(BENCH)
BENCH.loader.exec_module(bench)


@pytest.fixture(scope="module")
def play():
    return game.Game()


@pytest.fixture(scope="module")
def model(play):
    return game.train(play)


def draw(seed=0):
    return torch.Generator().manual_seed(seed)


# The words

def test_opposites_go_both_ways(play):
    opposites = play.relations["opposite"]
    assert all(opposites[opposites[word]] == word != opposites[word] for word in opposites)


def test_the_shipped_words_are_plain_and_each_stands_once_in_its_relation():
    listed = []
    json.loads(data.read("game.json"), object_pairs_hook=lambda pairs: listed.append(pairs))
    *relations, names = listed  # an object is read before the one that it stands in
    others = ["past", "participle", "third-person", "feminine", "plural"]
    assert [name for name, _ in names] == [*game.OF_ADJECTIVES, *others]
    for pairs in relations:
        words = [word for word, _ in pairs]
        assert len(set(words)) == len(words)
        assert all(word.isalpha() and word.islower() for pair in pairs for word in pair)


def test_words_of_one_kind_have_the_same_forms(play):
    """Only adverbs are left out, where English has none in use."""
    asked = {name: list(forms) for name, forms in play.relations.items()}
    assert asked["opposite"] == asked["comparative"] == asked["superlative"]
    assert set(asked["adverb"]) < set(asked["opposite"])
    assert asked["past"] == asked["participle"] == asked["third-person"]
    assert asked["plural"][:len(asked["feminine"])] == asked["feminine"]


def test_every_question_has_one_answer_and_no_form_stands_for_two_words(play):
    for relation, pairs in play.relations.items():
        assert len(set(pairs.values())) == len(pairs), relation


def test_irregular_and_regular_forms(play):
    known = play.relations
    assert known["comparative"]["good"] == "better" and known["comparative"]["cold"] == "colder"
    assert known["plural"]["mouse"] == "mice" and known["past"]["sing"] == "sang" and known["past"]["walk"] == "walked"
    assert known["feminine"]["king"] == "queen" and "copy" not in known
    assert game.Game(["copy"]).relations["copy"]["old"] == "old"


# Prompts

def test_prompts_are_pairs_of_one_relation(play):
    prompts, r = play.sample(200, 3, generator=draw())
    assert prompts.shape == (200, 12) and len(set(r.tolist())) == 9
    for row, k in zip(prompts, r.tolist(), strict=True):
        words, pairs = play.decode(row), list(play.relations.values())[k]
        assert words[1::4] == [":"] * 3 and words[3::4] == [";"] * 3
        assert [pairs[word] for word in words[0::4]] == words[2::4] and len(set(words[0::4])) == 3


def row_of(play, r, token):
    return play._asked[r].tolist().index(int(token))


def test_training_prompts_hold_no_held_out_combination(play):
    prompts, r = play.sample(400, 3, generator=draw(1))
    for row, k in zip(prompts, r.tolist(), strict=True):
        for one, other in itertools.combinations([row_of(play, k, t) for t in row[0::4]], 2):
            assert not play.held_out[k, one, other]


def test_held_out_prompts_end_with_a_word_that_never_met_the_others(play):
    prompts, r = play.sample(400, 3, held_out=True, generator=draw(2))
    for row, k in zip(prompts, r.tolist(), strict=True):
        *examples, last = [row_of(play, k, t) for t in row[0::4]]
        assert all(play.held_out[k, last, word] for word in examples)


def test_one_combination_in_five_is_held_out(play):
    n = len(play.relations["opposite"])
    share = play.held_out[0, :n, :n].float().sum() / (n * (n - 1))
    assert 0.17 < share < 0.23
    assert (play.held_out == play.held_out.transpose(1, 2)).all()


def test_words_and_last_words_can_be_chosen(play):
    words = play.common()[:20]
    prompts, _ = play.sample(50, 3, relation="adverb", words=words, asked=["cold"], generator=draw(3))
    assert {w for row in prompts for w in play.decode(row[0::4])} <= set(words)
    assert all(play.decode(row)[8:11] == ["cold", ":", "coldly"] for row in prompts)


def test_gaps_are_asked_first_only_in_training():
    play = game.Game(gaps=0.3)
    assert torch.equal(play.held_out, game.Game().held_out) and not game.Game().gaps.any()
    assert 0.2 < play.gaps.sum() / play._there.sum() < 0.4 and not play.gaps[~play._there].any()
    prompts, r = play.sample(300, generator=draw(4))
    later = [(k, row_of(play, k, t)) for row, k in zip(prompts, r.tolist(), strict=True) for t in row[4::4]]
    assert not any(play.gaps[k, row] for k, row in later)
    first = [(k, row_of(play, k, row[0])) for row, k in zip(prompts, r.tolist(), strict=True)]
    assert any(play.gaps[k, row] for k, row in first)


def test_each_question_of_four_relations_is_asked_once_in_or_out_of_the_gaps():
    play = game.Game(gaps=0.1)
    seen = []
    for gaps in (True, False):
        prompts, places = play.questions(gaps)
        assert prompts.shape == (len(places), 12)
        for row, place in zip(prompts, places.tolist(), strict=True):
            relation = game.OF_ADJECTIVES[place]
            k = list(play.relations).index(relation)
            *examples, last = [row_of(play, k, token) for token in row[0::4]]
            assert bool(play.gaps[k, last]) == gaps and not play.gaps[k, examples].any()
            assert all(play.held_out[k, last, one] for one in examples)
            assert play.decode(play.answers(relation, row[8:9])) == play.decode(row[10:11])
            seen.append((relation, play.decode(row[8:9])[0]))
    assert sorted(seen) == sorted((relation, word) for relation in game.OF_ADJECTIVES for word in play.common())


def test_the_best_blind_guess_is_the_best_answer_to_each_word():
    """By counting: of all questions, each relation alike, the one answer to each word that is right most often."""
    for relations, best in ((["opposite"], 1), (["opposite", "comparative"], 1 / 2),
                            (["feminine", "plural"], (1 + 28 / 52) / 2)):
        assert game.Game(relations).blind == pytest.approx(best)


def test_the_same_seed_gives_the_same_prompts(play):
    assert torch.equal(play.sample(30, generator=draw(5))[0], play.sample(30, generator=draw(5))[0])
    assert torch.equal(play.held_out, game.Game().held_out)
    assert not torch.equal(play.held_out, game.Game(seed=1).held_out)


def test_a_prompt_of_one_pair(play):
    prompts, _ = play.sample(10, 1, generator=draw())
    assert prompts.shape == (10, 4)


def test_text_to_tokens_and_back(play):
    tokens = play.encode("Hot:cold;  wet : dry ; old :")
    assert play.decode(tokens[0]) == ["hot", ":", "cold", ";", "wet", ":", "dry", ";", "old", ":"]
    assert play.decode(play.answers("opposite", play.index(["hot", "wet"]))) == ["cold", "dry"]


@pytest.mark.parametrize("bad", [
    lambda play: play.encode("hot : xylophone"), lambda play: play.encode(""), lambda play: play.encode("  \n"),
    lambda play: play.encode("hot : cold ; " * 3 + "old"),
    lambda play: play.encode("热 : 冷"), lambda play: play.encode("ישן :"), lambda play: play.encode("🙂"),
    lambda play: play.encode(None), lambda play: play.index(["Straße"]), lambda play: game.Game(["antonym"]),
    lambda play: game.Game([]), lambda play: play.sample(5, relation="antonym"),
    lambda play: play.sample(5, 4, words=["hot", "cold"]), lambda play: play.sample(5, 200),
    lambda play: play.sample(5, asked=["zzz"]),
])
def test_what_cannot_be_played_gets_a_sentence(play, bad):
    with pytest.raises(CourseError, match=r"\.$|old :$"):
        bad(play)


def test_a_long_unknown_word_is_cut_short(play):
    with pytest.raises(CourseError) as caught:
        play.encode("x" * 10_000)
    assert len(str(caught.value)) < 300


# The model

def test_one_layer_learns_the_game(play, model):
    prompts, _ = play.sample(2000, held_out=True, generator=draw(6))
    first, second, third = game.accuracy(model, prompts).tolist()
    assert second >= 0.99 and third >= 0.99
    assert abs(first - play.blind) < 0.06  # nobody can know the relation yet


def test_without_training_it_knows_nothing(play):
    prompts, _ = play.sample(500, held_out=True, generator=draw(6))
    assert game.accuracy(game.train(play, steps=0), prompts).max() < 0.05


def test_accuracy_counts_right_answers(play):
    prompts, _ = play.sample(4, generator=draw())

    class Oracle:
        def __call__(self, tokens, places):
            right = torch.nn.functional.one_hot(prompts[:, 2::4], len(play.vocabulary)).float()
            right[0, 1] = 0
            return right

    assert game.accuracy(Oracle(), prompts).tolist() == [1, 0.75, 1]


def test_training_is_the_same_each_time_and_leaves_random_numbers_alone(play):
    torch.manual_seed(7)
    expected = torch.rand(1)
    torch.manual_seed(7)
    one, two, other = (game.train(play, steps=3, batch=8, seed=seed) for seed in (0, 0, 1))
    assert torch.equal(torch.rand(1), expected)
    assert torch.equal(one.token.weight, two.token.weight) and not torch.equal(one.token.weight, other.token.weight)


def test_reports(play):
    seen = []
    game.train(play, steps=45, batch=4, report=lambda step, model: seen.append((step, model)))
    assert [step for step, _ in seen] == [20, 40, 45]
    assert seen[0][1].token.weight.requires_grad


def test_training_leaves_the_number_of_threads_alone(play):
    before = torch.get_num_threads()
    try:
        torch.set_num_threads(3)
        game.train(play, steps=1, batch=4)
        assert torch.get_num_threads() == 3
        with pytest.raises(KeyError):  # also where a report breaks off
            game.train(play, steps=1, batch=4, report=lambda step, model: {}["stop"])
        assert torch.get_num_threads() == 3
    finally:
        torch.set_num_threads(before)


# Reading and writing the stream

def test_what_is_written_is_the_piece_at_the_last_place(play, model):
    prompts = play.encode("hot : cold ; old :")
    pieces = {}
    with torch.no_grad():
        model(prompts, pieces=pieces)
    assert torch.equal(game.written(model, prompts, "mlp 0"), pieces["mlp 0"][:, -1])


def test_a_push_of_nothing_changes_nothing_and_a_push_reaches_the_last_place_only(play, model):
    prompts = play.encode("hot : cold ; old :")
    direction = torch.randn(64, generator=draw())
    with torch.no_grad():
        plain = model(prompts)
        moved = model(prompts, change={"attention 0": lambda piece: torch.cat(
            [piece[:, :-1], piece[:, -1:] + direction], 1)})
    torch.testing.assert_close(game.pushed(model, prompts, torch.zeros(64)), plain[:, -1])
    torch.testing.assert_close(game.pushed(model, prompts, direction), moved[:, -1])
    torch.testing.assert_close(moved[:, :-1], plain[:, :-1])
    each = game.pushed(model, prompts.expand(2, -1), torch.stack([direction, torch.zeros(64)]))
    torch.testing.assert_close(each, torch.stack([moved[0, -1], plain[0, -1]]))


def test_random_vectors_are_as_long_as_those_they_stand_for():
    vectors = torch.randn(4, 64, generator=draw())
    other = game.random_like(vectors, draw(1))
    torch.testing.assert_close(other.norm(dim=1), vectors.norm(dim=1))
    assert torch.cosine_similarity(other, vectors, dim=1).abs().max() < 0.5
    assert torch.equal(other, game.random_like(vectors, draw(1)))
    assert torch.equal(game.random_like(torch.zeros(64)), torch.zeros(64))


def test_an_entry_told_from_others_is_what_the_exercise_asks_for():
    from course.exercises.game import hidden_entry

    values = torch.randn(3, 5, 4, generator=draw())
    answer = hidden_entry.make(hidden_entry.solution_source)
    found = game.from_others(values)
    for i in range(3):
        for j in range(5):
            torch.testing.assert_close(found[i, j], answer(values, i, j))
            changed = values.clone()
            changed[i, j] = 100
            torch.testing.assert_close(game.from_others(changed)[i, j], found[i, j], atol=1e-4, rtol=1e-4)
    built = torch.randn(3, 1, 4, generator=draw(1)) + torch.randn(1, 5, 4, generator=draw(2))
    torch.testing.assert_close(game.from_others(built), built, atol=1e-5, rtol=1e-4)


def test_the_sum_of_relation_and_word_is_enough_for_the_answer(play, model):
    """Put in place of what attention writes, in a prompt about another word and relation. Its parts alone are not."""
    words, prompt = play.common(), play.encode("hot : cold ; wet : dry ; old :")
    values = game.written_for_each(play, model, each=4)
    answers = torch.stack([play.answers(relation, play.index(words)) for relation in game.OF_ADJECTIVES])

    def right(vectors):
        vectors = vectors.expand_as(values).reshape(-1, 1, 64)
        with torch.no_grad():
            said = model(prompt.expand(len(vectors), -1), change={
                "attention 0": lambda piece: torch.cat([piece[:, :-1], vectors], 1)})[:, -1].argmax(-1)
        return (said.view_as(answers) == answers).float().mean()

    assert right(game.from_others(values)) > 0.95
    assert right(values.mean(1, keepdim=True)) < 0.1 and right(values.mean(0, keepdim=True)) < 0.4


def test_looks_are_the_weights_with_which_attention_reads(play, model):
    tokens = play.encode("hot : cold ; old :")
    looks = game.looks(model, tokens)
    assert looks.shape == (4, 6)
    torch.testing.assert_close(looks.sum(1), torch.ones(4))
    with torch.no_grad():  # what is written is the weighted mean of the values, through the last matrix
        layer, pieces = model.layers[0], {}
        model(tokens, pieces=pieces)
        read = layer["norm_attention"](pieces["token"] + pieces["position"])
        value = layer["attention"].read(read).chunk(3, dim=-1)[2].view(6, 4, 16)
        found = torch.einsum("hl,lhd->hd", looks, value).flatten()
        torch.testing.assert_close(layer["attention"].write(found), pieces["attention 0"][0, -1], atol=1e-5, rtol=1e-4)
    assert looks.mean(0).argmax() == 4  # the word asked


def test_each_word_is_asked_in_each_relation(play, model):
    words = play.common()[:12]
    values = game.written_for_each(play, model, ("opposite", "adverb"), words, each=2)
    assert values.shape == (2, 12, 64)
    prompts = torch.cat([play.sample(2, relation="opposite", words=words, asked=words[:1], generator=draw())[0]])
    torch.testing.assert_close(values[0, 0], game.written(model, prompts[:, :-2]).mean(0), rtol=1e-4, atol=1e-5)


def test_shares_of_what_is_built_to_be_additive():
    relation, word = torch.randn(4, 1, 9, generator=draw(1)), torch.randn(1, 30, 9, generator=draw(2))
    a, b, rest = bench.shares(relation + word)
    assert abs(a + b - 1) < 1e-5 and abs(rest) < 1e-5
    assert bench.shares(relation + torch.zeros(4, 30, 9))[0] == pytest.approx(1, abs=1e-5)
    assert bench.shares(word + torch.zeros(4, 30, 9))[1] == pytest.approx(1, abs=1e-5)


def test_shares_of_noise_are_its_degrees_of_freedom():
    a, b, rest = bench.shares(torch.randn(4, 60, 3000, generator=draw(3)))
    assert a == pytest.approx(3 / 239, abs=0.002) and b == pytest.approx(59 / 239, abs=0.005)
    assert a + b + rest == pytest.approx(1)


def test_a_product_is_not_additive():
    """±1 times ±1: all interaction."""
    sign = torch.tensor([1.0, -1])
    values = (sign[:, None] * sign[None])[:, :, None]
    assert bench.shares(values) == pytest.approx((0, 0, 1), abs=1e-6)


def test_a_relation_vector_turns_one_game_into_another(play, model):
    """Vectors from one half of the words, tried on the other half; a random vector is the control."""
    words = play.common()
    vectors = game.written_for_each(play, model, words=words[::2], each=4).mean(1)
    push = vectors[1] - vectors[0]  # opposite to comparative
    prompts = play.sample(200, relation="opposite", words=words[1::2], generator=draw(8))[0][:, :-2]
    wanted = play.answers("comparative", prompts[:, -2])
    noise = torch.randn(64, generator=draw(9))
    assert (game.pushed(model, prompts, push).argmax(-1) == wanted).float().mean() > 0.9
    assert (game.pushed(model, prompts, noise * push.norm() / noise.norm()).argmax(-1) == wanted).float().mean() < 0.2


def test_answers_to_an_unknown_word_raise_a_course_error(play):
    with pytest.raises(CourseError):
        play.answers("adverb", play.index(["old"]))


# The log that the companion of notebook 04 reads

def test_the_recipe_goes_on_where_it_stopped_and_writes_what_the_notebook_reads(tmp_path, monkeypatch):
    monkeypatch.setattr(recipe, "KINDS", [(1, 8, 20), (2, 8, 20)])
    monkeypatch.setattr(recipe, "SEEDS", [0])
    out = tmp_path / "log.json"
    assert recipe.main(["--out", str(out)]) == 0
    first = json.loads(out.read_text())
    shipped = data.load_json(recipe.NAME)
    assert [set(run) for run in first["copy"]["runs"]] == [set(shipped["copy"]["runs"][0])] * 2
    text = out.read_text()
    assert recipe.main(["--out", str(out)]) == 0 and out.read_text() == text


def test_the_log_is_whole_and_each_share_is_one():
    log = data.load_json("game_limits.json")
    kinds = [(run["layers"], run["mlp"], run["steps"], run["seed"]) for run in log["copy"]["runs"]]
    assert sorted(kinds) == sorted((*kind, seed) for kind in recipe.KINDS for seed in recipe.SEEDS)
    assert all(0 <= share <= 1 for run in log["copy"]["runs"] for share in run["opposite"] + run["copy"])


@pytest.mark.slow
@pytest.mark.parametrize("seed", [0, 1])
def test_a_gap_is_not_filled_by_examples_nor_by_the_relation_vector(seed):
    """Even at the first colon, where training did not punish the answer, the vector leaves a gap at a blind guess."""
    play = game.Game(gaps=0.1)
    model = game.train(play, seed=seed)
    names = list(play.relations)
    whole = [word for word in play.common() if not any(
        play.gaps[names.index(r), list(play.relations[r]).index(word)] for r in game.OF_ADJECTIVES)]
    means = game.written_for_each(play, model, words=whole, each=4).mean(1)
    vectors = means - means.mean(0)
    shares = {}
    for gaps in (True, False):
        prompts, r = play.questions(gaps)
        for way, logits in (("examples", game.pushed(model, prompts[:, :-2], torch.zeros(64))),
                            ("vector", game.pushed(model, prompts[:, -4:-2], vectors[r]))):
            shares[gaps, way] = (logits.argmax(-1) == prompts[:, -2]).float().mean().item()
    assert shares[True, "examples"] < 0.1 and shares[True, "vector"] < 0.4
    assert shares[False, "examples"] > 0.95 and shares[False, "vector"] > 0.9
