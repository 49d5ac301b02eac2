"""The figures of notebook 04: what is drawn is what was given."""
import numpy as np
import pytest

from course import game, plots
from course.style import said

WORDS, VOCABULARY = ["hot", ":", "cold", ";", "old", ":"], ["new", "older", "loud", "kept"]
LOOKS = np.array([[0, 0, 0.2, 0, 0.8, 0], [0, 0, 0, 0, 1, 0]])
CHANCES = np.array([[0.1, 0.1, 0.2, 0.6], [0.1, 0.1, 0.6, 0.2], [0.7, 0.2, 0.06, 0.04], [0.9, 0.06, 0.03, 0.01]])


def test_stations_show_the_words_the_looks_and_the_first_choices_after_each_stop():
    fig = plots.stations(WORDS, LOOKS, CHANCES, VOCABULARY)
    tokens, shares, _ = fig.data
    assert list(tokens.text) == [f"<b>{word}</b>" for word in WORDS] and list(tokens.x) == [-5, -4, -3, -2, -1, 0]
    assert list(shares.text) == ["0%", "0%", "10%", "0%", "90%", "0%"]
    notes = [note.text for note in fig.layout.annotations]
    assert [note for note in notes if note.startswith("+")] == ["+ position", "+ attention", "+ MLP"]
    assert [note.split("   ")[0] for note in notes if "   " in note] == [
        "<b>kept 0.60</b>", "<b>loud 0.60</b>", "<b>new 0.70</b>", "<b>★ new 0.90</b>"]
    widths = [line.line.width for line in fig.layout.shapes if line.line.color != "#6b6b6b"]
    assert widths == pytest.approx(14 * LOOKS.mean(0), abs=0.06)
    assert said(fig) == ("Attention looks most at “old”, with 90%. After attention the first choice is new, after "
                         "the MLP new.")


def test_stations_keep_their_axes_and_say_what_was_never_trained():
    one, other = (plots.stations(WORDS[:n], LOOKS[:, :n], CHANCES, VOCABULARY) for n in (6, 5))
    assert one.layout.xaxis.range == other.layout.xaxis.range
    assert "never trained" not in said(one) and "never trained to answer after “old”" in said(other)


def test_stations_fit_the_longest_prompt():
    fig = plots.stations(["emptiest"] * game.PLACES, np.ones((4, game.PLACES)) / game.PLACES, CHANCES, VOCABULARY)
    assert fig.data[0].x[0] > fig.layout.xaxis.range[0] + 1
    assert len(set(fig.data[0].y)) == 2, "long words stand in two rows"
    assert set(plots.stations(WORDS, LOOKS, CHANCES, VOCABULARY).data[0].y) == {0}


def test_answers_are_the_most_probable_words():
    fig = plots.answers(VOCABULARY, [0.2, 0.5, 0.1, 0.05], count=3)
    assert list(fig.data[0].x) == [0.5, 0.2, 0.1] and list(fig.layout.yaxis.ticktext) == ["★ older", "new", "loud"]
    assert said(fig) == "The first choice is older, with probability 0.50."


def test_started_draws_four_answers_and_the_rest():
    play, strengths = game.Game(), np.array([-1.0, 0, 1])
    chances = np.zeros((3, len(play.vocabulary)))
    forms = play.index(["bad", "better", "best", "well"]).numpy()
    chances[:, forms] = [[0.1, 0.2, 0.3, 0.3], [0.25, 0.25, 0.25, 0.25], [0.05, 0.8, 0.05, 0]]
    fig = plots.started(play, "good", game.OF_ADJECTIVES, strengths, 1.0, chances)
    bars, *curves = fig.data
    assert list(bars.x) == pytest.approx([0.05, 0.8, 0.05, 0, 0.1])
    assert [curve.name for curve in curves] == ["bad", "better", "best", "well", "any other word"]
    assert list(curves[4].y) == pytest.approx([0.1, 0, 0.1]) and list(curves[1].y) == pytest.approx([0.2, 0.25, 0.8])
    assert said(fig) == ("Probabilities at strength 1.0: bad 0.05, better 0.80, best 0.05, well 0.00, any other word "
                         "0.10.")
    assert not bars.showlegend


def test_swaps_write_every_share_and_say_the_mean_off_the_diagonal():
    shares = np.array([[1, 0.5], [0.7, 1]])
    fig = plots.swaps({"relation vectors": shares, "random vectors": np.eye(2)}, ["opposite", "adverb"])
    np.testing.assert_array_equal(fig.data[0].z, shares)
    assert fig.data[0].zmax == 1 and list(fig.data[0].x) == ["opposite", "adverb"]
    assert said(fig) == ("Answers of the wanted game where it is not that of the examples: 60% with relation vectors, "
                         "0% with random vectors.")
