"""The recipe of the language model: tokens, counts and training that goes on; on small texts, without the corpus."""
import math
import random
import re
import types
from collections import Counter

import numpy as np
import pytest
import torch

from course import CourseError, language
from course.recipes import language_model as recipe
from course.style import visible
from course.transformer import Transformer

TINY = dict(vocabulary=40, d_model=8, heads=2, mlp=16, layers=1, length=16)


def text(count, seed=0, kinds=9):
    """Token numbers in which each depends on the one before."""
    draw, numbers = random.Random(seed), [1]
    while len(numbers) < count:
        numbers.append((numbers[-1] * 3 + draw.choice([1, 1, 1, 2, 5])) % kinds + 1)
    return np.array(numbers, np.uint16)


def kneser_ney(train, order):
    """p(token | up to order − 1 tokens before), written after the formulas and with no thought of speed."""
    train = [int(t) for t in train]
    counts = {n: Counter(tuple(train[i:i + n]) for i in range(len(train) - n + 1)) for n in range(1, order + 2)}
    used = {n: counts[n] if n == order else Counter(gram[1:] for gram in counts[n + 1]) for n in range(1, order + 1)}

    def p(token, context):
        if context is None:
            return 1 / recipe.VOCABULARY
        n = len(context) + 1
        lower = p(token, context[1:] if context else None)
        follow = {gram[-1]: count for gram, count in used[n].items() if gram[:-1] == context}
        if not follow:
            return lower
        ones, twos = (sum(c == k for c in used[n].values()) for k in (1, 2))
        discount = ones / (ones + 2 * twos) if ones else .5
        return (max(follow.get(token, 0) - discount, 0) + discount * len(follow) * lower) / sum(follow.values())
    return p


@pytest.mark.parametrize("order", [1, 2, 3])
def test_counting_agrees_with_the_formulas(order):
    train, asked = text(400, kinds=30), text(60, seed=1, kinds=30)
    p = kneser_ney(train, order)
    asked = np.append(asked, np.uint16(900))  # in no text
    wanted = 0.0
    for i in range(order, len(asked)):
        wanted -= math.log(p(int(asked[i]), tuple(int(t) for t in asked[i - order + 1:i])))
    whole = recipe.count_nats(train, asked, order)
    head = recipe.count_nats(train, asked[:order], order) if order > 1 else 0.0
    assert whole - head == pytest.approx(wanted, rel=1e-9)


def test_chances_add_up_to_one():
    train, before = text(400), text(9, seed=3)
    each = [math.exp(-recipe.count_nats(train, np.append(before, np.uint16(t)), 3)
                     + recipe.count_nats(train, before, 3)) for t in range(60)]
    unseen = math.exp(-recipe.count_nats(train, np.append(before, np.uint16(4000)), 3)
                      + recipe.count_nats(train, before, 3))
    assert sum(each) + unseen * (recipe.VOCABULARY - 60) == pytest.approx(1, abs=1e-9)


def test_longer_memory_helps_on_text_that_has_one():
    train, asked = text(20_000), text(2000, seed=2)
    one, two = (recipe.count_nats(train, asked, order) for order in (1, 2))
    assert two < 0.75 * one


def test_nats_are_those_of_every_token_with_the_window_before_it(monkeypatch):
    monkeypatch.setattr(recipe, "SHAPE", TINY)
    torch.manual_seed(0)
    model, numbers = Transformer(**TINY).eval(), text(75)
    wanted = 0.0
    for i in range(1, len(numbers)):
        start = max(0, (i - 1) // 8 * 8 - 8)
        with torch.no_grad():
            logits = model(torch.from_numpy(numbers[start:i].astype(np.int64))[None])[0, -1]
        wanted -= float(logits.log_softmax(0)[int(numbers[i])])
    assert recipe.nats(model, numbers, batch=3) == pytest.approx(wanted, rel=1e-5)


def test_training_that_was_stopped_goes_on_as_if_it_had_not(monkeypatch, tmp_path):
    monkeypatch.setattr(recipe, "SHAPE", TINY)
    monkeypatch.setattr(recipe, "EVERY", 10)
    monkeypatch.setattr(recipe, "WARM", 5)
    numbers, total = text(3000), 4 * 16 * 40
    places = types.SimpleNamespace(draw=lambda count, seed, last: np.random.default_rng(seed).integers(0, last, count))

    def train(folder):
        return recipe.train(numbers, places, tmp_path / folder, name="x", seed=0, total=total, device="cpu", rows=4)
    whole = train("a")

    class Stop(Exception):
        pass

    real = np.random.default_rng

    def stops(seed):
        if seed == [0, 25]:
            raise Stop
        return real(seed)
    monkeypatch.setattr(np.random, "default_rng", stops)
    with pytest.raises(Stop):
        train("b")
    monkeypatch.setattr(np.random, "default_rng", real)
    again = train("b")
    for one, two in zip(whole.parameters(), again.parameters(), strict=True):
        torch.testing.assert_close(one, two, rtol=1e-5, atol=1e-6)
    assert recipe.nats(whole, numbers) < 0.95 * recipe.nats(recipe.new_model(0), numbers)


def test_tokens_of_the_course_are_those_of_the_library_that_made_them():
    tokenizers = pytest.importorskip("tokenizers")
    made = tokenizers.Tokenizer(tokenizers.models.BPE())
    made.pre_tokenizer = tokenizers.pre_tokenizers.ByteLevel(add_prefix_space=False)
    trainer = tokenizers.trainers.BpeTrainer(vocab_size=400, special_tokens=[recipe.END], show_progress=False,
                                             initial_alphabet=tokenizers.pre_tokenizers.ByteLevel.alphabet())
    sample = ["the cat and the hat", "مرحبا بالعالم", "ACGTTGCA" * 4, "def f(x):\n    return x\n", "naïve café 世界"]
    made.train_from_iterator(sample * 3, trainer)
    ours = language.Tokens(recipe.pieces_of(made))
    for some in [*sample, "", " \n\t ", "the 🙂 hat's", "x" * 500, "\u200f\x00"]:
        numbers = ours.encode(some)
        assert numbers == made.encode(some, add_special_tokens=False).ids
        assert ours.decode(numbers) == some
        assert re.sub("‹[0-9A-F ]+›", "", "".join(ours.shown(numbers))) == some


@pytest.mark.parametrize("kind, loosely", [(torch.bfloat16, 0.04), (torch.float32, 1e-4)])
def test_the_loss_in_pieces_is_that_of_all_logits_at_once(kind, loosely):
    torch.manual_seed(0)
    model = Transformer(**TINY)
    batch = torch.from_numpy(np.stack([text(17, seed) for seed in range(40)]).astype(np.int64))
    recipe.loss_of(model, batch, kind).backward()
    found = {name: weight.grad.clone() for name, weight in model.named_parameters()}
    model.zero_grad()
    loss = torch.nn.functional.cross_entropy(model(batch[:, :-1]).flatten(0, 1), batch[:, 1:].flatten())
    loss.backward()
    assert recipe.loss_of(model, batch, kind).item() == pytest.approx(loss.item(), rel=loosely / 8)
    for name, weight in model.named_parameters():
        assert float((found[name] - weight.grad).norm()) <= loosely * float(weight.grad.norm()), name


def test_known_runs_are_counted():
    different, seen = recipe.runs_known(np.array([1, 2, 3, 1, 2, 3, 4]), np.array([9, 1, 2, 3, 4, 1]), n=2)
    assert different == 4 and seen == pytest.approx(3 / 5)  # 12 23 31 34, and of 91 12 23 34 41 three


def test_different_tokens_look_different_and_none_is_empty():
    tokens = language.tokens()
    names = [visible(tokens.shown([n])[0]) for n in range(len(tokens))]
    assert len(set(names)) == len(tokens) and all(names)
    for text in ("日本 naïve", "漢字\x00", "\u202e🙂"):
        shown = tokens.shown(tokens.encode(text))
        assert all(shown) and re.sub("‹[89A-F][0-9A-F ]*›", "", "".join(shown)) == text
        for cut in range(1, len(shown)):  # rows that begin within a character
            later = tokens.shown(tokens.encode(text)[cut:])
            assert all(later) and "�" not in "".join(later)


@pytest.mark.parametrize("letter", [" ", "a", "日", "\n"])
def test_a_text_that_is_too_long_is_a_sentence(letter):
    tokens = language.tokens()
    assert tokens.encode(letter * language.LONGEST)
    with pytest.raises(CourseError, match="at most 400,000"):
        tokens.encode(letter * 1_000_000)
