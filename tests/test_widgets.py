"""The pattern behind every live demo."""
import json

import ipywidgets
import pytest

from course import CourseError, widgets
from course.style import figure


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


def test_whole_and_real_sliders():
    assert isinstance(widgets.slider(0, 10, 3, "k"), ipywidgets.IntSlider)
    real = widgets.slider(0, 1.0, 0.5, "p", wait=True)
    assert isinstance(real, ipywidgets.FloatSlider) and not real.continuous_update


def test_progress_passes_every_step_on():
    assert list(widgets.progress([1, 2, 3], "Training")) == [1, 2, 3]
