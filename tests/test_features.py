"""What is said about latents and neurons, on a small model and a text of which everything is known."""
import re

import numpy as np
import pytest
import torch

from course import CourseError, blind, feature_browser, feature_pages, features, language, plots, sae
from course.recipes import features as recipe
from course.recipes.contexts import Part, units_of
from course.transformer import Transformer

BYTES = [bytes([b]) for b in range(256)]
DOCUMENTS = ["plain words here and there, plain enough\n" * 3, "<script>alert('x')</script> & <b>tags</b>\n" * 3,
             "العربية والعبرية עברית\n" * 3, "ACGTACGTTGCA 0123456789\n" * 5]
NEURONS = 24
LABELS = {0: ["“ die” in german", .81], 1: ["after “‹E6 97›<b>”", .3], 2: [None, 0.0], 3: ["“שלום” in html", 1.0]}


class Text:
    """What the recipe needs of a corpus."""
    names = ["english", "html", "arabic", "dna"]
    labels = sources = np.arange(4)

    def part(self, split):
        return np.array([2, 3] if split == "B" else [0, 1])

    def bytes_of(self, k):
        return DOCUMENTS[k].encode()


SOURCES = [dict(redistributable="free", licence="MIT")] * 3 + [dict(redistributable="copyleft", licence="MPL-2.0")]


@pytest.fixture(scope="module")
def known():
    torch.manual_seed(1)
    model = language.Language(Transformer(257, d_model=16, heads=2, mlp=NEURONS, layers=1, length=32),
                              language.Tokens(BYTES))
    arrays, _ = recipe.sample(Text(), SOURCES, model.tokens)
    x = model.neurons(torch.from_numpy(arrays["numbers"].astype(np.int64)).split(32)[0][None])[0]
    dictionary = features.unpack(recipe.rounded(sae.train(x, 30, k=4, steps=60)))
    sample = features.Sample(arrays, model.tokens)
    part = Part(arrays["numbers"].astype(np.int64), np.zeros(len(sample)), [])
    made = {}
    for kind, encode, directions in (("latent", dictionary.encode, dictionary.decoder),
                                     ("neuron", lambda x: x, torch.eye(NEURONS))):
        counted = recipe.describe(units_of(model, np.arange(len(directions)), encode, part), arrays)
        effect = recipe.effects(model, sample.rows(32, 99)[0], encode, directions)
        near = dict(neuron=np.arange(30, dtype=np.int16) % NEURONS, share=np.linspace(1, 0, 30, dtype=np.float16),
                    correlation=np.array([.9, np.nan] * 15, np.float16)) if kind == "latent" else {}
        labels = [LABELS.get(n) for n in range(len(directions))] if kind == "latent" else None
        made[kind] = features.Units(kind, counted | near | dict(effect=effect), sample, labels)
    row = dict(unit=3, threshold=.5, precision=.9, recall=.8, f1=.85)
    return features.Features(model, dictionary, sample, made["latent"], made["neuron"],
                             {"html tag": dict(latent=[row], neuron=[row | dict(f1=.2)])})


def busy(units):
    return int(units.density.argmax())


def test_examples_are_what_the_unit_says_there(known):
    for units in (known.latents, known.neurons):
        unit = busy(units)
        bands = units.bands(unit)
        assert list(bands)[0] == features.BANDS[0] and len(bands) > 2
        place = int(units._places[units._first[unit]])
        example = bands[features.BANDS[0]][0]
        assert example.amounts[example.place] == pytest.approx(units.largest[unit], rel=.01)
        assert example.amounts.argmax() == example.place
        numbers = known.sample.numbers[place - example.place:place - example.place + len(example.tokens)]
        assert known.model.tokens.shown(numbers) == example.tokens
        assert example.label == known.sample.label(known.sample.document(place))


def test_examples_stay_in_their_document_and_their_band(known):
    for unit in range(len(known.neurons)):
        for name, some in known.neurons.bands(unit).items():
            for example in some:
                share = example.amounts[example.place] / known.neurons.largest[unit]
                if name == features.BANDS[4]:
                    assert 0 < share <= .26
                elif name == features.BANDS[1]:
                    assert share > .74
                assert len(example.tokens) <= features.BEFORE + 1 + features.AFTER
                assert all(example.tokens) and "‹end›" not in example.tokens[1:]
                text = next(d for d in DOCUMENTS if d == DOCUMENTS[Text.names.index(example.label)])
                inside = re.sub("‹[^›]*›", "", "".join(example.tokens))
                assert inside in text


def test_counts_are_those_of_the_text(known):
    unit, units = busy(known.neurons), known.neurons
    assert units.by_label[unit].sum() == units.histogram[unit].sum() == round(float(units.density[unit])
                                                                              * len(known.sample))
    assert sum(share for _, share, _ in units.labels(unit, 9)) == pytest.approx(1)
    name, share, times = units.labels(unit)[0]
    size = sum(len(d.encode()) + 1 for d, n in zip(DOCUMENTS, Text.names, strict=True) if n == name)
    assert times == pytest.approx(share / (size / len(known.sample)), rel=1e-4)


def ablation(model, dictionary, unit, rows):
    """Nats lost per token where the latent is on in ``rows`` (count, length), when it is set to zero; how many."""
    neurons = model.neurons(rows)
    on = dictionary.encode(neurons)[..., unit].clone()
    on[:, -1] = 0  # nothing follows
    if not (on > 0).any():
        return 0.0, 0

    def change(neurons):
        return neurons - on[..., None] * dictionary.decoder[unit]

    def nats(change):
        logits = model.logits(rows, change)[on > 0]
        following = torch.roll(rows, -1, 1)[on > 0]
        return float(torch.nn.functional.cross_entropy(logits, following))
    return nats(change) - nats(None), int((on > 0).sum())


def test_effects_are_those_of_running_the_model_again(known):
    rows = known.sample.rows(32, 99)[0]
    for unit in known.latents.density.argsort()[-3:]:
        value, count = ablation(known.model, known.sae, int(unit), rows)
        if count <= recipe.EFFECT_TOKENS:
            assert known.latents.effect[unit] == pytest.approx(value, abs=1e-4)
    few = [u for u in range(30) if 0 < known.latents.density[u] * len(known.sample) <= recipe.EFFECT_TOKENS]
    value, _ = ablation(known.model, known.sae, few[0], rows)
    assert known.latents.effect[few[0]] == pytest.approx(value, abs=1e-4)


def test_eight_bits_change_a_dictionary_little(known):
    torch.manual_seed(0)
    one = sae.SAE("topk", 3, torch.randn(40, 24), torch.randn(40),
                  torch.nn.functional.normalize(torch.randn(40, 24)), torch.randn(24))
    two = features.unpack(recipe.rounded(one))
    assert (two.decoder - one.decoder).abs().max() < .005 and (two.encoder - one.encoder).abs().max() < 0.02
    assert two.k == 3 and torch.equal(two.bias, one.bias)


def test_what_may_not_be_passed_on_is_left_out():
    tokens = language.Tokens(BYTES)
    refused = [*SOURCES[:2], dict(redistributable="no", licence="?"), dict(redistributable="copyleft", licence="GFDL")]
    arrays, documents = recipe.sample(Text(), refused, tokens)
    assert documents == [0, 1] and bytes(arrays["names"]).decode() == "english\nhtml"


def test_pages_show_text_and_run_nothing(known):
    pages = [feature_pages.page(known, kind, unit) for kind in features.KINDS for unit in range(24)]
    assert not any("<script" in made or "<b>tags" in made for made in pages)
    assert any("&lt;" in made for made in pages)
    assert 'dir="auto"' in pages[0]
    bad = "<img src=x onerror=alert(1)>\u202eabc\x00\u2066"
    read = feature_browser.reading(known, bad)
    assert "<img" not in read and "\u202e" not in read and "\u2066" not in read and "\x00" not in read


def test_joiners_stay_and_line_ends_are_seen():
    assert feature_pages.visible("می\u200cشود\n\t") == "می\u200cشود⏎⇥"


def test_every_search_finds_or_says_why_not(known):
    assert known.search("7") == [(7, "its number")]
    assert known.search("HTML tag")[0][0] == 3
    found = known.search("العربية")
    assert found and all("largest" in why for _, why in found)
    for wrong in ("", "   ", None, 7, ["a"]):
        with pytest.raises(CourseError):
            known.search(wrong)
    with pytest.raises(CourseError, match="labelled"):
        known.context("klingon")
    for wrong in (-1, 30, "x", None, 2.5, True, float("nan")):
        with pytest.raises(CourseError):
            known.latents.number(wrong)
    with pytest.raises(CourseError):
        known.units("muon")


def test_reading_names_the_latents_of_each_token(known):
    found = known.on("plain", most=4)
    assert [token for token, _ in found] == list("plain")
    latents = known.sae.encode(known.model.neurons(known.model.read("plain"))[0])
    for (_, row), values in zip(found, latents[1:], strict=True):
        assert {unit for unit, _ in row} == set(torch.nonzero(values > 0)[:, 0].tolist())


def test_steering_moves_one_latent_and_zero_is_its_ablation(known):
    unit, numbers = busy(known.latents), known.sample.rows(32, 1)[0]
    x = known.model.neurons(numbers)
    moved = known.steer(unit, 2)(x) - x
    direction = known.sae.decoder[unit]
    torch.testing.assert_close(moved, (moved @ direction)[..., None] * direction, atol=1e-4, rtol=1e-3)
    now = known.sae.encode(x[0])[:, unit]
    torch.testing.assert_close((moved @ direction)[0], 2 * float(known.latents.largest[unit]) - now, rtol=1e-3,
                               atol=1e-3)
    torch.testing.assert_close(known.steer(unit, 0)(x)[0], x[0] - now[:, None] * direction)


def test_the_browser_turns_pages_and_survives_bad_input(known):
    shown = feature_browser.browse(known, "plain")
    first = shown.shown.value
    assert "course-example" in first
    shown.number.value = 4
    assert shown.shown.value == feature_pages.page(known, shown.kind.value, 4)
    shown.kind.value = "neuron"
    assert shown.shown.value == feature_pages.page(known, "neuron", 4)
    shown.search.value = "html tag"
    assert shown.number.value == 3 and shown.kind.value == "latent"
    before = shown.shown.value
    shown.search.value = "  "
    assert "Type a number" in shown.message.value and shown.shown.value == before
    shown.number.value = 29
    shown.kind.value = "neuron"
    assert shown.number.value == 23


def test_an_example_computed_now_is_the_one_that_was_shipped(known):
    for kind in features.KINDS:
        units = known.units(kind)
        unit = busy(units)
        example = units.bands(unit)[features.BANDS[0]][0]
        again = known.example_at(kind, unit, int(units._places[units._first[unit]]))
        assert again.tokens == example.tokens and again.place == example.place
        # the text before differs a little: windows there, all that fits here
        assert again.amounts[again.place] == pytest.approx(example.amounts[example.place], rel=.3)


def test_a_blind_test_asks_fairly_and_counts_both_kinds(known):
    asked = blind.questions(known, 8, seed=1)
    assert {question.kind for question in asked} == set(features.KINDS)
    for question in asked:
        on = [bool(example.amounts.any()) for example in question.options]
        assert on.count(True) == 1 and on[question.answer]
        assert len(question.shown) == blind.SHOWN
        assert "".join(question.options[question.answer].tokens) not in ["".join(e.tokens) for e in question.shown]
    test = feature_browser.BlindTest(known, asked)
    test.next.click()
    assert "first" in test.message.value and not test.given
    for k, question in enumerate(asked):
        test.label.value = "<b>tags</b>"
        test.pick.index = question.answer if k else (question.answer + 1) % 4
        test.next.click()
    score = test.score()
    assert sum(right for right, _ in score.values()) == len(asked) - 1
    assert sum(count for _, count in score.values()) == len(asked)
    assert "&lt;b&gt;tags" in test.page.value and "<b>tags" not in test.page.value


def test_the_right_answer_does_not_stand_in_one_place(known):
    places = {question.answer for seed in range(6) for question in blind.questions(known, 6, seed)}
    assert len(places) > 1


def test_the_reader_keeps_what_it_showed_when_there_is_no_text(known):
    reader = feature_browser.read_along(known, "plain")
    assert reader.shown.value == feature_browser.reading(known, "plain")
    reader.words.value = "עברית <b>"
    before = reader.shown.value
    assert before == feature_browser.reading(known, "עברית <b>") and "<b>" not in before
    reader.words.value = ""
    assert "Type a word" in reader.message.value and reader.shown.value == before
    reader.words.value = "a"
    assert reader.message.value == ""


def test_the_browser_can_begin_with_neurons(known):
    shown = feature_browser.browse(known, kind="neuron")
    assert (shown.kind.value, shown.number.value) == ("neuron", 0)
    assert shown.shown.value == feature_pages.page(known, "neuron", 0)


def test_windows_come_with_the_kind_of_every_token(known):
    numbers, kinds = known.sample.rows(32, 5, seed=3)
    assert numbers.shape == kinds.shape == (5, 32)
    flat = known.sample.numbers.tolist()
    for row, labels in zip(numbers.tolist(), kinds.tolist(), strict=True):
        place = next(k for k in range(0, len(flat), 32) if flat[k:k + 32] == row)
        assert [known.sample.names[k] for k in labels] == [
            known.sample.label(known.sample.document(place + k)) for k in range(32)]


def test_credits_name_every_package_once():
    source = dict(package="django", version="5", sha256="0", licence="BSD-3-Clause", label="python")
    found = recipe.credits_of([source, source | dict(label="html"), dict(label="dna")])
    assert len(found) == 1 and found[0]["kinds"] == ["html", "python"] and "Django" in found[0]["credit"]


def test_intervals_carry_their_ends():
    fig = plots.intervals(["a", "b"], {"one": ([.5, .2], [.4, .1], [.7, .2]), "two": ([.1, .9], [0, .8], [.3, 1])})
    assert [trace.name for trace in fig.data] == ["one", "two"]
    np.testing.assert_allclose(fig.data[0].error_x.array, [.2, 0])
    np.testing.assert_allclose(fig.data[1].error_x.arrayminus, [.1, .1])
    assert list(fig.layout.yaxis.ticktext) == ["a", "b"]


def luminance(colour):
    parts = [c / 255 / 12.92 if c <= 10 else ((c / 255 + 0.055) / 1.055) ** 2.4 for c in colour]
    return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]


@pytest.mark.parametrize("ground, letters", [((255, 255, 255), (33, 33, 33)), ((17, 17, 17), (255, 255, 255)),
                                             ((33, 33, 33), (255, 255, 255))], ids=["light", "dark", "dark grey"])
def test_every_shade_can_be_read_in_both_themes(ground, letters):
    before = 0
    for share in np.linspace(0.001, 1, 200):
        style = feature_pages.shade(share)
        red, green, blue, alpha = map(float, re.search(r"rgba\((.*?)\)", style)[1].split(","))
        mixed = [alpha * a + (1 - alpha) * b for a, b in zip((red, green, blue), ground, strict=True)]
        text = (0, 0, 0) if "color:#000" in style else letters
        high, low = sorted((luminance(mixed) + 0.05, luminance(text) + 0.05), reverse=True)
        assert high / low >= 4.5, share
        assert alpha >= before, "a larger activation looks weaker"
        before = alpha


def test_single_bytes_are_seen_where_they_matter():
    tokens = ["‹E6 97›", "日", " ", "‹A0›"]
    assert ">‹E6 97›</small>" in feature_pages.shaded(tokens, [1, 0, 0, 0], 1)
    assert feature_pages.shaded(tokens, [0, 0, 0, 0], 1) == "日 "
    assert ">␣</span></b>" in feature_pages.shaded(tokens, [0, 0, 1, 0], 1, place=2)
    assert "‹A0›" in feature_pages.shaded(tokens, [0, 0, 0, 0], 1, place=3)


def test_the_browser_survives_numbers_without_end_and_names_no_lone_space(known):
    shown = feature_browser.browse(known, "plain")
    for typed in ("9" * 4301, "0" * 5000, "\ud800", "\x00", " 漢字 ", "QUEEN"):
        shown.search.value = typed
        assert "course-broken" not in shown.message.value
        for name, _ in shown.found.options:
            assert "“\u2068\u2069”" not in name and (typed == "\ud800" or "�" not in name)
    shown.search.value = "x" * 500_000
    assert "500,000 characters" in shown.message.value
    rows = re.findall("<td><span[^>]*>“(.*?)”</span></td>", feature_browser.reading(known, "日 é"))
    assert all(rows) and len(rows) == 6
