"""The pattern behind every live demo."""
import json
import types

import ipywidgets
import numpy as np
import pytest
from IPython.core.events import EventManager
from ipywidgets.widgets.widget import _instances

from course import CourseError, widgets
from course.style import ISOLATED, figure, said, say, show_text


def drawn(k):
    if k == 3:
        raise CourseError("Three is not allowed here.")
    if k == 4:
        raise ZeroDivisionError("four")
    fig = figure()
    fig.add_scatter(x=[0, k], y=[0, 1])
    return fig, f"k is {k}."


def test_a_move_redraws_picture_sentence_and_description():
    demo = widgets.live(drawn, k=widgets.slider(0, 10, 1, "k"))
    before = demo.picture.figure
    demo.controls["k"].value = 7
    assert demo.picture.figure != before and "7" in json.dumps(json.loads(demo.picture.figure)["data"])
    assert "k is 7." in demo.sentence.value and demo.picture.content.description == "k is 7."


def test_bad_input_is_a_sentence_and_the_picture_stays(monkeypatch):
    monkeypatch.setenv("COURSE_STRICT", "1")
    demo = widgets.live(drawn, k=widgets.slider(0, 10, 1, "k"))
    before = demo.picture.figure
    demo.controls["k"].value = 3
    assert "Three is not allowed here." in demo.message.value and demo.picture.figure == before
    demo.controls["k"].value = 5
    assert demo.message.value == "" and demo.picture.figure != before


def test_an_error_is_a_sentence_for_a_learner_and_raised_in_tests(monkeypatch):
    demo = widgets.live(drawn, k=widgets.slider(0, 10, 1, "k"))
    monkeypatch.delenv("COURSE_STRICT", raising=False)
    demo.controls["k"].value = 4
    assert "This demo stopped: ZeroDivisionError" in demo.message.value and "course-broken" in demo.message.value
    demo.controls["k"].value = 1
    monkeypatch.setenv("COURSE_STRICT", "1")
    with pytest.raises(ZeroDivisionError):
        demo.controls["k"].value = 4


def test_a_bad_first_value_is_a_sentence_too():
    demo = widgets.live(drawn, k=widgets.slider(0, 10, 3, "k"))
    assert "Three is not allowed here." in demo.message.value
    demo.controls["k"].value = 5
    assert "k is 5." in demo.sentence.value


class PanicException(BaseException):
    """Like that of a library in Rust: no Exception."""


@pytest.mark.parametrize("error, kind, told", [
    (KeyboardInterrupt(), "message", "Interrupted."), (PanicException("oh"), "broken", "stopped: PanicException: oh"),
    (MemoryError(), "broken", "stopped: MemoryError")])
def test_nothing_that_stops_a_demo_leaves_it_busy(monkeypatch, error, kind, told):
    monkeypatch.delenv("COURSE_STRICT", raising=False)

    def picture(k):
        if k == 2:
            raise error
        return drawn(k)
    demo = widgets.live(picture, busy="Training", k=widgets.slider(0, 10, 1, "k"))
    demo.controls["k"].value = 2
    assert told in demo.message.value and f"course-{kind}" in demo.message.value
    assert "k is 1." in demo.sentence.value and "Training" not in demo.message.value
    demo.controls["k"].value = 5
    assert demo.message.value == "" and "k is 5." in demo.sentence.value


class Shell:
    """The part of a notebook's kernel that says which cell runs."""

    def __init__(self, monkeypatch):
        self.user_ns, self.runs = {}, 0
        monkeypatch.setattr(widgets, "get_ipython", lambda: self)
        monkeypatch.setattr(widgets, "_held", {})

    def run(self, cell):
        self.cell, self.runs = cell, self.runs + 1

    def get_parent(self):
        return dict(header=dict(msg_id=f"run {self.runs}"), metadata=dict(cellId=self.cell))


def test_a_cell_that_runs_again_closes_what_it_showed(monkeypatch):
    shell, counts = Shell(monkeypatch), []
    for _ in range(4):
        shell.run("a")
        widgets.live(drawn, k=widgets.slider(0, 10, 1, "k"))
        list(widgets.progress([1, 2], "Reading"))
        widgets.table([[1]], ["a"])
        counts.append(len(_instances))
    assert counts[1:] == counts[1:2] * 3


def test_what_another_cell_shows_or_a_name_holds_stays_open(monkeypatch):
    shell = Shell(monkeypatch)
    shell.run("a")
    guess, shared, loose = widgets.predict("?", ["x", "y"]), widgets.show(drawn(1)), widgets.show(drawn(2))
    shell.user_ns.update(guess=guess, _1=loose)
    shell.run("b")
    answer = guess.reveal("x")
    shared._repr_mimebundle_()
    shell.run("a")
    widgets.show(drawn(1))
    assert guess.radio.comm and shared.picture.content.comm and answer.comm and not loose.picture.content.comm
    shell.user_ns["guess"] = widgets.predict("?", ["x", "y"])
    shell.run("a")
    widgets.show(drawn(1))
    shell.run("b")
    guess.reveal("y")
    assert not guess.radio.comm and not shared.comm and not answer.comm and widgets._library().comm


def test_where_nothing_is_drawn_a_sentence_stands():
    demo = widgets.live(drawn, k=widgets.slider(0, 10, 1, "k"))
    for shown in (demo, widgets.show(drawn(1)), widgets.predict("Which?", ["a", "b"])):
        assert "cannot draw it" in shown._repr_mimebundle_()["text/plain"]
        assert "application/vnd.jupyter.widget-view+json" in shown._repr_mimebundle_()
    answer = widgets.predict("Which?", ["a", "b"]).reveal("a", "1 < 2.")
    assert "The run says: a. 1 < 2." in answer._repr_mimebundle_()["text/plain"]


@pytest.mark.parametrize("typed, shown", [
    ("a\x00b", "“a‹00›b”"), ("a\u202eb", "“a‹U+202E›b”"), ("\ud800", "“‹U+D800›”"), ("a\nb\tc", "“a⏎b⇥c”"),
    ("می\u200cشود", "“می\u200cشود”"), ("\x85", "“‹U+0085›”"), ("\u2069", "“‹U+2069›”"), ("a\u00a0b", "“a⍽b”"),
    ("x" * 10_000, f"“{'x' * 30} … {'x' * 30}”")])
def test_typed_text_can_be_seen_and_turns_nothing_around(typed, shown):
    assert show_text(typed).replace(ISOLATED[0], "").replace(ISOLATED[1], "") == shown
    assert show_text(typed)[1] == ISOLATED[0] and show_text(typed)[-2] == ISOLATED[1]


def test_a_sentence_shows_what_was_typed_wherever_it_comes_from():
    def picture(word):
        if word:
            raise CourseError(f"There is no {word}.")
        return say(figure(), f"No word. {show_text(word)}")
    demo = widgets.live(picture, word=widgets.text("", "word"))
    demo.controls["word"].value = "\x00\u202e\ud800<b>"
    assert "There is no ‹00›‹U+202E›‹U+D800›&lt;b&gt;." in demo.message.value
    demo.controls["word"].value = "y" * 100_000
    assert len(demo.message.value) < 2500
    shown = widgets.show(figure(), "\x00\ud800")
    assert shown.picture.content.description == "‹00›‹U+D800›" and "‹00›" in shown.sentence.value
    assert "‹00›" in widgets.table([["\x00"]], ["a"]).value


def test_plotly_js_is_sent_once_however_many_pictures():
    pictures = [widgets.show(figure(), f"picture {k}").picture for k in range(5)]
    assert len({picture.get_state()["library"] for picture in pictures}) == 1
    sizes = [sum(len(str(v)) for part in (picture, picture.content) for v in part.get_state().values())
             for picture in pictures]
    assert max(sizes) < 50_000 < len(widgets._library().value)


def test_markup_in_a_sentence_is_shown_as_text():
    shown = widgets.show(figure(), "<img src=x onerror=alert(1)>")
    assert "<img" not in shown.sentence.value
    assert "<script" not in widgets.predict("<script>", ["a", "b"]).children[1].value


def test_a_guess_is_answered_and_never_blocks():
    guess = widgets.predict("Which?", ["this", "that"])
    answer = guess.reveal("that", "Because.")
    assert "not guessed yet" in answer.value and "Because." in answer.value
    guess.radio.value = "this"
    assert "You guessed: this; the run says: that. Because." in answer.value
    guess.radio.value = "that"
    assert "as the run says" in answer.value
    with pytest.raises(ValueError, match="not one of the options"):
        guess.reveal("neither", "")


@pytest.mark.parametrize("answer, option", [
    (49, "below 50"), (50, "50 to 99"), (99.5, "50 to 99"), (np.int64(100), "100 or more"),
    (np.array(62.0), "50 to 99")])
def test_a_number_finds_its_option(answer, option):
    guess = widgets.predict_number("How many?", below=[50, 100])
    assert guess.options == ["below 50", "50 to 99", "100 or more"]
    shown = guess.reveal(answer, "Because.")
    assert f"The run says: {answer:g}. Because." in shown.value
    guess.radio.value = option
    assert f"You guessed: {option}; as the run says: {answer:g}. Because." in shown.value
    guess.radio.value = next(other for other in guess.options if other != option)
    assert f"; the run says: {answer:g}. Because." in shown.value


@pytest.mark.parametrize("below, form, options", [
    ([1, 2, 5], "", ["below 1", "1", "2 to 4", "5 or more"]),
    ([1000], "", ["below 1,000", "1,000 or more"]),
    ([0.25, 0.5], "", ["below 0.25", "0.25 to 0.5", "0.5 or more"]),
    ([0.1, 0.5], ".0%", ["below 10%", "10% to 50%", "50% or more"])])
def test_bounds_become_options(below, form, options):
    assert widgets.predict_number("How many?", below, form).options == options


@pytest.mark.parametrize("options, answer, option", [
    (["yes", "no"], np.bool_(True), "yes"), (["yes", "no"], False, "no"), ([True, False], np.bool_(False), "False"),
    ([1, 2, 4], np.int64(4), "4"), (["a", "b"], np.str_("b"), "b")])
def test_numpy_and_truth_values_are_options_too(options, answer, option):
    guess = widgets.predict("Which?", options)
    guess.radio.value = option
    assert f"You guessed: {option}; as the run says." in guess.reveal(answer).value


def test_what_is_no_option_is_refused():
    number, word = widgets.predict_number("How many?", [1, 2]), widgets.predict("Which?", ["a", "b"])
    for guess, answer in ((number, "1"), (number, float("nan")), (number, True), (word, True), (word, 0)):
        with pytest.raises(ValueError, match="and the options are|not one of the options"):
            guess.reveal(answer)
    for below in ([], [2, 1], [1, 1]):
        with pytest.raises(ValueError, match="must rise"):
            widgets.predict_number("How many?", below)


def test_a_figure_brings_its_own_sentence():
    fig = say(figure(), "What there is to see.")
    assert said(fig) == "What there is to see." and said(figure()) == ""
    assert "What there is to see." in widgets.show(fig).sentence.value
    assert "Something else." in widgets.show(fig, "Something else.").sentence.value
    demo = widgets.live(lambda k: say(figure(), f"k is {k}."), k=widgets.slider(0, 10, 1, "k"))
    demo.controls["k"].value = 7
    assert "k is 7." in demo.sentence.value and demo.picture.content.description == "k is 7."
    for without in (lambda: widgets.show(figure()), lambda: widgets.live(figure)):
        with pytest.raises(ValueError, match="has no sentence that describes it"):
            without()


def test_whole_and_real_sliders():
    assert isinstance(widgets.slider(0, 10, 3, "k"), ipywidgets.IntSlider)
    real = widgets.slider(0, 1.0, 0.5, "p", wait=True)
    assert isinstance(real, ipywidgets.FloatSlider) and not real.continuous_update


def test_progress_passes_every_step_on():
    assert list(widgets.progress([1, 2, 3], "Training")) == [1, 2, 3]


def test_a_progress_bar_that_its_cell_leaves_is_called_stopped(monkeypatch):
    shell = types.SimpleNamespace(events=EventManager(None, {"post_run_cell": lambda result: None}))
    bars, whole = [], widgets.ipywidgets.IntProgress
    monkeypatch.setattr(widgets, "get_ipython", lambda: shell)
    monkeypatch.setattr(widgets.ipywidgets, "IntProgress", lambda **how: bars.append(whole(**how)) or bars[-1])
    left, done = (widgets.progress([1, 2, 3], "Training") for _ in range(2))
    assert next(left) == 1 and list(done) == [1, 2, 3]
    for _ in range(2):  # the second cell finds nothing to do
        shell.events.trigger("post_run_cell", None)
        assert [bar.description for bar in bars] == ["Training: stopped", "Training"]
        assert [bar.bar_style for bar in bars] == ["danger", ""] and not shell.events.callbacks["post_run_cell"]
