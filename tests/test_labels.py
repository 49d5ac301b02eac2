"""Labels of units: on made-up texts in which it is known what every unit stands for."""
import numpy as np
import pytest
import torch

from course import language
from course.recipes import labels as recipe
from course.recipes.contexts import Part, Units

KINDS = ["english", "german"]


def part(seed, count=4000):
    """Forty documents, every other one in German, of tokens 1 to 8; token 5 is the context."""
    draw = np.random.default_rng(seed)
    numbers, document = draw.integers(1, 9, count), np.arange(count) // 100
    return Part(numbers, document, [np.flatnonzero(numbers == 5)])


def truth(text):
    """What each of six units stands for, (tokens, 6) of bool: one for each family."""
    numbers, german = text.numbers, text.document % 2 == 1
    before = np.append(0, numbers[:-1])
    return np.stack([numbers == 3, german, german & (numbers == 4), before == 2, (before == 7) & (numbers == 1),
                     numbers > 8], 1)


def units(text, noise=0.0):
    draw = np.random.default_rng(0)
    said = truth(text) * draw.uniform(1, 2, (len(text.numbers), 6))
    said = np.where(draw.random(said.shape) < noise, 1.5, said)
    made = Units(6)
    made.add(torch.from_numpy(said).float())
    return made.done(len(text.numbers))


@pytest.fixture(scope="module")
def found():
    kinds = np.arange(40).astype(np.uint8) % 2
    a, c = part(1), part(2)
    known = [recipe.families(text, kinds) for text in (a, c)]
    return [recipe.label(unit, units(a, .001), units(c, .001), *known) for unit in range(5)]


def test_every_family_is_found_by_the_unit_that_stands_for_it(found):
    assert [one.family for one in found] == list(recipe.FAMILIES[:5])
    assert all(one.f1 > .9 for one in found)
    tokens = language.Tokens([bytes([96 + n]) for n in range(1, 20)])
    assert [recipe.words(one, tokens, KINDS) for one in found] == [
        "“c”", "german (kind of document)", "“d” in german", "after “b”", "“ga”"]


def test_only_what_no_token_explains_counts_as_more(found):
    assert [one.more_than_a_token for one in found] == [False, True, True, True, True]
    counted = recipe.summary([*found, None])
    assert (counted["units"], counted["good"], counted["more_than_a_token"]) == (6, 5, 4)


def test_a_unit_that_is_never_on_has_no_label():
    text = part(1)
    silent = Units(1)
    silent.add(torch.zeros(len(text.numbers), 1))
    silent.done(len(text.numbers))
    known = recipe.families(text, np.arange(40) % 2)
    assert recipe.label(0, silent, silent, known, known) is None


def test_a_label_is_worth_what_it_is_worth_on_the_other_text():
    a, c = part(1), part(2)
    known = [recipe.families(text, np.arange(40) % 2) for text in (a, c)]
    other = Units(6)  # on the other text the units say something else
    other.add(torch.rand(len(c.numbers), 6, generator=torch.Generator().manual_seed(0)).sub(.5).relu())
    one = recipe.label(0, units(a), other.done(len(c.numbers)), *known)
    assert one.f1_chosen > .99 and one.f1 < .5 and not one.more_than_a_token


def test_the_best_threshold_is_that_of_trying_all():
    draw = np.random.default_rng(0)
    values = np.sort(draw.integers(1, 9, 60) / 4)[::-1].astype(np.float32)
    right = draw.random(60) < values / 3
    found, threshold = recipe.best_cut(right, values, 40)
    tried = [2 * right[values > cut].sum() / ((values > cut).sum() + 40) for cut in [0, *np.unique(values)]]
    assert found == pytest.approx(max(tried))
    assert 2 * right[values > threshold].sum() / ((values > threshold).sum() + 40) == pytest.approx(found)
