"""What is said about latents and neurons, on a small model and a text of which everything is known."""
import re

import numpy as np
import pytest
import torch

from course import CourseError, blind, feature_browser, feature_pages, features, language, plots, sae, style
from course.recipes import features as recipe
from course.recipes.contexts import Part, units_of
from course.recipes.corpus_contexts import CONTEXTS
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

    def mask(self, context, k):
        raw = np.frombuffer(self.bytes_of(k), np.uint8)
        return (raw >= 48) & (raw <= 57) if context.name == "number" else np.zeros(len(raw), bool)


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


def test_the_nearest_neuron_is_the_one_that_the_row_points_along():
    model = language.Language(Transformer(257, d_model=16, heads=2, mlp=NEURONS, layers=1, length=32),
                              language.Tokens(BYTES))
    rows = torch.nn.functional.normalize(torch.eye(NEURONS)[[3, 5]] + 0.2)
    part = Part(np.random.default_rng(0).integers(1, 257, 400), np.zeros(400), [])
    copy = sae.SAE("topk", 2, torch.eye(NEURONS)[[3, 5]], torch.zeros(2), rows, torch.zeros(NEURONS))
    found = recipe.nearest(model, copy, part)
    assert found["neuron"].tolist() == [3, 5]
    assert found["share"] == pytest.approx([1.2 ** 2 / (1.2 ** 2 + (NEURONS - 1) * .04)] * 2, abs=.001)
    assert found["correlation"] == pytest.approx([1, 1], abs=.001)  # both latents repeat their neuron


def test_the_text_says_which_contexts_every_token_has(known):
    arrays, _ = recipe.sample(Text(), SOURCES, known.model.tokens)
    number = [context.name for context in CONTEXTS].index("number")
    assert arrays["combinations"].shape[1] == len(CONTEXTS) > number
    inside = features.Sample(arrays, known.model.tokens).inside("number").numpy()
    shown = np.array(known.model.tokens.shown(arrays["numbers"]))
    assert set(shown[inside]) == set("0123456789") and not set(shown[~inside]) & set("0123456789")
    rows, places = known.sample.rows(16, 5)
    assert rows.shape == places.shape == (5, 16)
    assert rows.tolist() == known.sample.numbers[places.numpy()].tolist()
    with pytest.raises(CourseError, match="no context"):
        known.sample.inside("klingon")


def test_a_neuron_is_set_and_the_others_stay(known):
    x = torch.rand(2, 3, NEURONS)
    found = known.steer(5, 0.5, "neuron")(x)
    assert torch.allclose(found[..., 5], 0.5 * torch.tensor(float(known.neurons.largest[5])))
    assert torch.equal(found[..., :5], x[..., :5]) and torch.equal(found[..., 6:], x[..., 6:])


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
    pages = [feature_pages.own_text(known, "latent", 3, bad), feature_pages.page(known, "latent", 1, bad),
             feature_pages.page(known, "neuron", 1, bad), *(part.value for part, _ in
                                                            feature_browser.read_along(known, bad).rows)]
    for read in pages:
        assert "<img" not in read and "\u202e" not in read and "\u2066" not in read and "\x00" not in read
        assert "<b>”" not in read


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
    with pytest.raises(CourseError, match="1,000,000 characters"):
        known.search("ab " * 333_333 + "c")
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


def shown(browser):
    return browser.pages.shown.value


def test_the_browser_turns_pages_and_survives_bad_input(known):
    browser = feature_browser.browse(known, "plain")
    assert "course-example" in shown(browser)
    browser.number.value = 4
    assert shown(browser) == feature_pages.page(known, browser.kind.value, 4)
    assert browser.found.index is None, "found names another page than the one that is open"
    browser.kind.value = "neuron"
    assert shown(browser) == feature_pages.page(known, "neuron", 4)
    browser.search.value = "html tag"
    assert browser.number.value == 3 and browser.kind.value == "latent" and browser.topic.value == "html tag"
    before = shown(browser)
    browser.search.value = "  "
    assert "Type a number" in browser.message.value and shown(browser) == before and browser.topic.value == ""
    browser.number.value = 29
    browser.kind.value = "neuron"
    assert browser.number.value == 23 and shown(browser) == feature_pages.page(known, "neuron", 23)


def test_a_page_has_its_label_and_none_is_made_up(known):
    assert '<h3><bdi dir="ltr">latent 0: “ die” in german, F1 .81</bdi></h3>' in feature_pages.page(known, "latent", 0)
    assert "<h3><bdi dir=\"ltr\">latent 2</bdi></h3>" in feature_pages.page(known, "latent", 2)
    one = feature_pages.page(known, "latent", 1)
    assert "after “<small dir='ltr'>‹E6 97›</small>&lt;b&gt;”, F1 .30" in one and "<b>”" not in one
    assert known.latents.title(3).endswith("F1 1.00") and known.neurons.title(3) == "neuron 3"
    with pytest.raises(CourseError, match="belong together"):
        features.Units("latent", dict(density=np.zeros(4)), known.sample, [None] * 3)


def test_back_and_forward_go_where_one_was(known):
    browser = feature_browser.browse(known, 7)
    pages = browser.pages
    assert pages.at == ("latent", 7) and pages.back.disabled and pages.forward.disabled
    browser.number.value = 9
    browser.kind.value = "neuron"
    for _ in range(2):
        pages.back.click()
    assert pages.at == ("latent", 7) and pages.back.disabled and (browser.kind.value, browser.number.value) == pages.at
    pages.back.click()
    pages.forward.click()
    assert pages.at == ("latent", 9) and browser.number.value == 9
    pages.random.click()
    assert pages.at[0] == "latent" and known.latents.density[pages.at[1]] > 0
    if pages.at != ("latent", 9):
        assert pages.forward.disabled
        pages.back.click()
    assert pages.at == ("latent", 9) and shown(browser) == feature_pages.page(known, "latent", 9)


def test_the_nearest_neuron_stands_beside(known):
    browser = feature_browser.browse(known, 3)
    pages = browser.pages
    assert [name for name, _ in pages.beside.options] == ["this page alone",
                                                          "with the nearest neuron 3, share .90"]
    pages.beside.index = 1
    one, two = feature_pages.page(known, "latent", 3), feature_pages.page(known, "neuron", 3)
    assert shown(browser) == feature_pages.side_by_side([one, two])
    pages.turn.click()
    assert shown(browser) == two and browser.kind.value == "neuron" and pages.beside.value is None
    assert [value for _, value in pages.beside.options] == [None, ("latent", 3), ("latent", 27)]
    assert pages.beside.options[1][0] == "with latent 3: \u2066“שלום” in html\u2069"
    assert "correlation .90" in str(known.latents.nearest(2)) and known.neurons.nearest(2) is None
    assert "Nearest neuron" in one and "Nearest neuron" not in two


def test_without_labels_and_neighbours_there_are_numbers(known, monkeypatch):
    monkeypatch.setattr(known.latents, "_labels", None)
    monkeypatch.setattr(known.latents, "_nearest", [None] * 3)
    browser = feature_browser.browse(known, "plain")
    assert browser.pages.beside.layout.display == "none" and browser.pages.turn.layout.display == "none"
    browser.kind.value = "neuron"
    assert browser.pages.beside.layout.display == "none"
    units = feature_browser.read_along(known, "plain").rows[0][1]
    assert re.fullmatch(r"\d+ \(\d+\.\d\)", units.options[0][0])


def test_every_name_in_the_list_finds_latents_and_says_why(known):
    browser = feature_browser.browse(known, "plain")
    names = [name for _, name in browser.topic.options[1:]]
    assert names == ["html tag", "english", "html", "arabic", "dna"]
    for name in names[1:]:
        browser.topic.value = name
        assert browser.search.value == name and not browser.message.value
        assert f"where it is on are in documents of the kind {name}" in browser.found.options[0][0]
        counts = known.latents.by_label[browser.found.options[0][1]]
        assert counts[Text.names.index(name)] > 0
    browser.topic.value = "html tag"
    assert browser.found.options[0][0] == "\u2066latent 3: “שלום” in html, F1 1.00\u2069 (html tag: F1 .85)"


def test_the_kind_that_a_unit_is_most_concentrated_in_is_counted(known):
    for unit, total, share, times in known.latents.of_kind("arabic"):
        inside = known.latents.by_label[unit][2]
        assert total == known.latents.by_label[unit].sum() and share == pytest.approx(inside / total)
        assert times == pytest.approx(share / (len(DOCUMENTS[2].encode()) + 1) * len(known.sample), rel=1e-4)


def test_a_word_is_found_in_labels(known):
    assert known.search("die")[0] == (0, "its label") and known.search("שלום")[0] == (3, "its label")
    assert (0, "its label") not in known.search("di")


def test_your_own_text_is_shaded_by_the_page_that_is_open(known):
    unit = busy(known.latents)
    browser = feature_browser.browse(known, unit)
    browser.words.value = "plain <b>words"
    assert shown(browser) == feature_pages.page(known, "latent", unit, "plain <b>words")
    example = known.example_of("latent", unit, "plain words")
    x = known.model.neurons(known.model.read("plain words"))[0, 1:]
    np.testing.assert_allclose(example.amounts, known.sae.encode(x)[:, unit])
    text = feature_pages.own_text(known, "latent", unit, "plain words")
    assert text.count("<span style=") == (example.amounts > 0).sum() > 0
    assert f"On at {(example.amounts > 0).sum()} of 11 tokens" in text
    assert "sees no more" in feature_pages.own_text(known, "neuron", 3, "long " * 99)
    off = next(u for u in range(30) if not known.example_of("latent", u, "q").amounts.any())
    assert "Off at all" in feature_pages.own_text(known, "latent", off, "q")
    browser.words.value = "\ud800"
    assert shown(browser) == feature_pages.page(known, "latent", unit)
    assert "half of a character" in browser.pages.message.value
    browser.words.value = ""
    assert browser.pages.message.value == ""


HOSTILE = ["9" * 4301, " " * 399_999, " " * 999_999, "\ud800", "a\udfffb", "\u202eabc", "\x00", "<img src=x>", "�"]


@pytest.mark.parametrize("typed", HOSTILE, ids=lambda typed: f"{len(typed)}-{ord(typed[0]):x}")
def test_what_nobody_types_gives_a_sentence(known, typed):
    browser, reader = feature_browser.browse(known, typed), feature_browser.read_along(known, typed)
    browser.words.value = typed
    for value in (browser.message.value, browser.pages.message.value, reader.message.value, shown(browser),
                  *(name for name, _ in browser.found.options)):
        assert "course-broken" not in value and not set(value) & set("\ud800\udfff\u202e\x00") and "<img" not in value
    if typed.startswith("9"):
        assert "No latent has the number “" in browser.message.value and browser.found.options
    if typed.strip() != typed:
        assert browser.message.value
    if not typed.isascii() and typed < "\uf000" and typed[0] != "\u202e":
        assert "half of a character" in reader.message.value and "half of a character" in browser.message.value


def test_what_is_not_a_text_or_a_unit_is_refused(known):
    for wrong in (None, 2.5, ["a"], True, 4000, -1, 10 ** 4400):
        with pytest.raises(CourseError):
            feature_browser.browse(known, wrong)
    with pytest.raises(CourseError):
        feature_browser.browse(known, kind="muon")
    for wrong in (10 ** 4400, "9" * 9999, "\x00"):
        with pytest.raises(CourseError) as error:
            known.latents.number(wrong)
        assert len(str(error.value)) < 200 and "\x00" not in str(error.value)


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
    fair(asked)
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
    for question in asked:
        assert feature_pages.as_html(known.units(question.kind).title(question.unit)) in test.page.value


def fair(asked):
    """Whether each question can be answered, and each neuron has a latent that is asked about in the same way."""
    pairs = {}
    for question in asked:
        on = [bool(example.amounts.any()) for example in question.options]
        assert on.count(True) == 1 and on[question.answer]
        assert len(question.shown) == blind.SHOWN
        assert "".join(question.options[question.answer].tokens) not in ["".join(e.tokens) for e in question.shown]
        kinds = {example.label for example in question.shown}
        others = [e for k, e in enumerate(question.options) if k != question.answer]
        assert sum(example.label in kinds for example in others) >= question.matched
        pairs.setdefault(question.pair, {})[question.kind] = question
    for pair in pairs.values():
        assert set(pair) == set(features.KINDS) and pair["latent"].matched == pair["neuron"].matched
    return pairs


def test_sixteen_questions_are_eight_pairs_of_the_same_kinds_of_document():
    pairs = fair(blind.questions(features.load(), 16, seed=3))
    assert len(pairs) == 8
    shared = [{e.label for e in pair["latent"].shown} & {e.label for e in pair["neuron"].shown}
              for pair in pairs.values()]
    assert sum(map(bool, shared)) >= 6


def test_a_blind_test_has_as_many_latents_as_neurons(known):
    for wrong in (0, 1, 7, -2, 2.0, "8", True, None):
        with pytest.raises(CourseError, match="even number"):
            feature_browser.blind_test(known, wrong)


def test_the_right_answer_does_not_stand_in_one_place(known):
    places = {question.answer for seed in range(6) for question in blind.questions(known, 6, seed)}
    assert len(places) > 1


def names(reader):
    return [[name for name, _ in units.options] for _, units in reader.rows]


def test_the_reader_keeps_what_it_showed_when_there_is_no_text(known):
    reader = feature_browser.read_along(known, "plain")
    assert [label.value for label, _ in reader.rows] == [feature_pages.quoted(letter) for letter in "plain"]
    reader.words.value = "עברית <b>"
    before = names(reader)
    assert len(before) == 14 and len(reader.table.children) == 28
    reader.words.value = ""
    assert "Type a word" in reader.message.value and names(reader) == before
    reader.words.value = "a"
    assert reader.message.value == "" and len(reader.table.children) == 2


def test_the_reader_says_labels_and_opens_what_is_chosen(known, monkeypatch):
    found = known.on("plain", feature_browser.LATENTS)
    label = ["“ die” in german <b>", .81]
    monkeypatch.setattr(known.latents, "_labels", [label if n % 2 else ["“\u202eя”", .2] for n in range(30)])
    reader = feature_browser.read_along(known, "plain")
    for (_, units), (_, some) in zip(reader.rows, found, strict=True):
        for (name, value), (unit, amount) in zip(units.options, some, strict=True):
            said = "“ die” in german <b>" if unit % 2 else "“‹U+202E›я”?"
            assert name == f"\u2066{said}\u2069 ({unit}, {amount:.1f})" and value == unit
    assert reader.pages.layout.display == "none"
    reader.rows[1][1].index = 0
    assert reader.pages.layout.display is None and reader.pages.at == ("latent", found[1][1][0][0])
    assert reader.pages.shown.value == feature_pages.page(known, *reader.pages.at, "plain")
    reader.rows[2][1].index = 1
    assert reader.rows[1][1].index is None and reader.pages.at == ("latent", found[2][1][1][0])
    reader.pages.back.click()
    assert reader.pages.at == ("latent", found[1][1][0][0])
    reader.words.value = "words"
    assert reader.pages.shown.value == feature_pages.page(known, *reader.pages.at, "words")


def test_the_browser_can_begin_with_neurons(known):
    browser = feature_browser.browse(known, kind="neuron")
    assert (browser.kind.value, browser.number.value) == ("neuron", 0)
    assert shown(browser) == feature_pages.page(known, "neuron", 0)


def test_credits_name_every_package_once():
    source = dict(package="django", version="5", sha256="0", licence="BSD-3-Clause", label="python")
    found = recipe.credits_of([source, source | dict(label="html"), dict(label="dna")])
    assert len(found) == 1 and found[0]["kinds"] == ["html", "python"] and "Django" in found[0]["credit"]


def test_arrows_lead_from_neuron_to_latent():
    fig = plots.contexts(["a", "b", "c"], [.1, .9, .5], [.8, .2, .5], [1, -1, 0])
    assert list(fig.layout.yaxis.ticktext) == ["a", "c", "b"]  # by the latent, best first
    drawn = {trace.name: (list(trace.x[:2]), trace.y[0]) for trace in fig.data}
    assert drawn["latent ahead"] == ([.1, .8], 0) and drawn["neuron ahead"] == ([.9, .2], 2)
    assert drawn["no difference shown"] == ([.5, .5], 1)
    assert "best neuron 0.50, best latent 0.50. The latent is ahead in 1, behind in 1." in style.said(fig)


def luminance(colour):
    parts = [c / 255 / 12.92 if c <= 10 else ((c / 255 + 0.055) / 1.055) ** 2.4 for c in colour]
    return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]


def over(ground, colour, alpha):
    return [alpha * a + (1 - alpha) * b for a, b in zip(colour, ground, strict=True)]


def contrast(one, two):
    high, low = sorted((luminance(one) + 0.05, luminance(two) + 0.05), reverse=True)
    return high / low


#: JupyterLab's grounds, and the opacity of its letters on them (--jp-content-font-color1)
THEMES = {"light": ((255, 255, 255), (0, 0, 0), .87), "dark": ((17, 17, 17), (255, 255, 255), 1),
          "dark grey": ((33, 33, 33), (255, 255, 255), 1)}


@pytest.mark.parametrize("ground, letters, opacity", THEMES.values(), ids=list(THEMES))
def test_every_shade_can_be_read_in_both_themes(ground, letters, opacity):
    before = 0
    for share in np.linspace(0.001, 1, 200):
        made = feature_pages.shaded(["‹E6 97›"], [share], 1)
        style = re.search('span style="(.*?)"', made)[1]
        red, green, blue, alpha = map(float, re.search(r"rgba\((.*?)\)", style)[1].split(","))
        mixed = over(ground, (red, green, blue), alpha)
        text = (0, 0, 0) if "color:#000" in style else over(mixed, letters, opacity)
        assert contrast(mixed, text) >= 4.5, share
        assert alpha >= before, "a larger activation looks weaker"
        before = alpha
    # on these shades stand small signs too, and nothing in them is paler; beside them the kind of document
    rules = dict(re.findall(r"([^{}]+)\{([^}]*)\}", feature_pages.STYLE))
    pale = {name.strip(): float(re.search(r"opacity:([.\d]+)", rule)[1]) for name, rule in rules.items()
            if "opacity" in rule}
    assert list(pale) == [".course-example i"]
    assert contrast(ground, over(ground, letters, opacity * pale[".course-example i"])) >= 4.5


def test_single_bytes_are_seen_where_they_matter():
    tokens = ["‹E6 97›", "日", " ", "‹A0›"]
    assert ">‹E6 97›</small>" in feature_pages.shaded(tokens, [1, 0, 0, 0], 1)
    assert feature_pages.shaded(tokens, [0, 0, 0, 0], 1) == "日 "
    assert ">␣</span></b>" in feature_pages.shaded(tokens, [0, 0, 1, 0], 1, place=2)
    assert "‹A0›" in feature_pages.shaded(tokens, [0, 0, 0, 0], 1, place=3)


def test_no_search_names_a_lone_space_and_no_row_is_empty(known):
    browser = feature_browser.browse(known, "plain")
    for typed in ("0" * 5000, "\x00", " 漢字 ", "QUEEN"):
        browser.search.value = typed
        for name, _ in browser.found.options:
            assert "“\u2068\u2069”" not in name and "�" not in name
    browser.search.value = "x" * 500_000
    assert "500,000 characters" in browser.message.value
    rows = [label.value for label, _ in feature_browser.read_along(known, "日 é").rows]
    assert len(rows) == len(set(rows)) == 6 and all(re.search("“.+”", row) for row in rows)


def test_models_of_several_rarities_are_shipped_the_most_frequent_contexts_first():
    given = dict(bits={}, neurons=[0], latents=[1], ahead=[1], copies=0, dictionary={}, contexts=["a"],
                 labels=dict(neurons=dict(more_than_a_token=1), latents=dict(more_than_a_token=2)))
    made = recipe.rarer([given | dict(rarity=rarity, tokens=tokens) for rarity, tokens in
                         (("1/16", 48), ("0", 0), ("1/64", 300), ("1", 48), ("1", 300))]
                        + [given | dict(rarity="1/16", tokens=48, stage="random MLP")])
    assert [run["rarity"] for run in made["runs"]] == ["1", "1/16", "0"]
    assert [run["rarity"] for run in made["longer"]] == ["1", "1/64"]
    assert made["runs"][0]["labels"] == dict(neurons=1, latents=2) and list(made["ladder"]) == ["random MLP"]


def test_a_neuron_opens_by_its_number(known):
    for asked in (NEURONS - 1, str(NEURONS - 1)):
        assert feature_browser.browse(known, asked, kind="neuron").pages.at == ("neuron", NEURONS - 1)
    assert feature_browser.browse(known, "html", kind="neuron").pages.at == ("neuron", 0)
    with pytest.raises(CourseError):
        feature_browser.browse(known, NEURONS, kind="neuron")
