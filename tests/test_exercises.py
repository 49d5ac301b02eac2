"""Every exercise: its solution passes, its stub is not attempted, wrong and odd answers never pass."""
import importlib
import pkgutil

import numpy as np
import pytest

import course.exercises as engine
from course.exercises import RIGHT, UNTOUCHED, WRONG

ALL = {f"{module.name}.{name}": value
       for module in pkgutil.iter_modules(engine.__path__)
       for name, value in vars(importlib.import_module(f"course.exercises.{module.name}")).items()
       if isinstance(value, engine.Exercise)}
each = pytest.mark.parametrize("exercise", ALL.values(), ids=ALL.keys())


def answer(exercise, source):
    """What ``source`` leaves in the exercise's variable, run as a cell of the notebook would be."""
    names = exercise.setup()
    exec(compile(engine.tidy(source), "cell", "exec"), names)
    return names[exercise.variable]


@each
def test_solution_passes(exercise):
    feedback = exercise.check(answer(exercise, exercise.solution_source))
    assert feedback.verdict == RIGHT, feedback
    assert feedback.text == exercise.shows


@each
def test_stub_is_not_attempted(exercise):
    assert exercise.check(answer(exercise, exercise.stub)).verdict == UNTOUCHED


@each
def test_each_typical_mistake_is_named(exercise):
    assert len(exercise.mistakes) >= 3
    assert len({mistake.says for mistake in exercise.mistakes}) == len(exercise.mistakes)
    for mistake in exercise.mistakes:
        feedback = exercise.check(answer(exercise, mistake.source))
        assert feedback.verdict == WRONG, mistake.source
        assert mistake.says in feedback.text, (mistake.says, feedback.text)
        others = [other.says for other in exercise.mistakes if other is not mistake and other.says in feedback.text]
        assert not others, f"the message also fits {others}"


@each
def test_hints_come_in_steps_and_the_solution_on_request(exercise):
    exercise._hints_given = 0
    said = [repr(exercise.hint()) for _ in range(len(exercise.hints) + 2)]
    assert len(exercise.hints) >= 2
    assert [f"Hint {k + 1} of" in line for k, line in enumerate(said[:len(exercise.hints)])]
    assert said[-1] == said[-2] == said[len(exercise.hints) - 1]
    assert exercise.solution_source in repr(exercise.solution())
    exercise._hints_given = 0


class Nasty:
    """Raises whatever is asked of it."""

    def _no(self, *_args, **_more):
        raise RuntimeError("nasty")

    __float__ = __array__ = __iter__ = __len__ = __eq__ = __bool__ = __getitem__ = __str__ = __call__ = _no
    __hash__ = None


def raises(error):
    def function(*_args, **_more):
        raise error
    return function


def odd_answers():
    """200 answers of every kind, as values and as what a function gives back."""
    rng = np.random.default_rng(0)
    values = [
        None, True, False, 0, 1, -1, 2 ** 200, 1e308, float("nan"), float("inf"), -float("inf"), 1j, 0.123456,
        "", " ", "king", "42", "١٢", "\U0001f388", "x" * 10_000, b"bytes", bytearray(3), [], [[]], (), {}, set(),
        frozenset({1}), [1, 2, 3], ["a", "b"], [1, "a"], [None], {"a": 1}, range(5), slice(1), ..., NotImplemented,
        object(), Nasty(), int, str, Nasty, np, type, engine.Wrong("x"), ValueError("x"), np.float64("nan"),
        np.array([]), np.array(3.0), np.array("word"), np.array([None, 1]), np.zeros(3), np.zeros((2, 2)),
        np.ones(100), np.zeros((0, 5)), np.full(100, np.nan), np.full((8, 100), np.inf), np.zeros((100, 1)),
        np.zeros((1, 100)), rng.normal(size=100), rng.normal(size=(100, 2)), rng.integers(0, 9, 100),
        np.zeros(5_000_000), np.zeros((2000, 2000)), np.arange(10) > 3, np.array(["a"] * 100), np.ma.masked,
        np.datetime64("2024-01-01"), iter([1, 2]), (k for k in range(3)), open, print, complex(0, float("nan")),
    ]
    functions = [lambda *a, v=value, **k: v for value in values]
    functions += [raises(e) for e in (ValueError("x"), KeyError("k"), SystemExit(1), GeneratorExit(), StopIteration(),
                                      MemoryError(), RecursionError(), OSError("x"))]
    functions += [lambda: 1, lambda a: a, lambda a, b: a, lambda a, b, c: c, lambda *a: a, lambda *a: a[0] if a else 0,
                  lambda *a: a[-1] if a else 0, lambda *a: 0 * np.asarray(a[0], float),
                  lambda *a: -np.asarray(a[0], float),
                  lambda *a: rng.normal(), lambda *a: rng.normal(size=np.shape(a[0])), lambda *a: rng.normal(size=100),
                  lambda *a: float("nan"), lambda *a: np.full(np.shape(a[0]), np.nan), lambda *a: str(a),
                  lambda *a: (0, 0), lambda *a: (0.5, 0.5), lambda *a: [a], lambda *a: a[0][0], lambda *a: lambda: 3,
                  lambda **k: 1, lambda a, /: a, lambda a, *, b: a, sum, len, max, sorted, np.sum, np.mean,
                  np.linalg.norm,
                  np.zeros, np.random.rand, Nasty().__class__, "lambda x: x"]
    odd = values + functions
    odd += [[value] for value in values[:40]] + [(value, value) for value in values[:40]]
    return odd


def test_there_are_200_odd_answers():
    assert len(odd_answers()) >= 200


@each
def test_odd_answers_never_crash_and_never_pass(exercise):
    for k, odd in enumerate(odd_answers()):
        feedback = exercise.check(odd)
        assert feedback.verdict in (WRONG, UNTOUCHED), f"odd answer {k} was accepted"
        assert feedback.text and len(feedback.text) < 2000
        repr(feedback), feedback._repr_html_()


def test_markup_in_an_answer_is_shown_as_text():
    feedback = engine.Feedback(WRONG, "<script>alert(1)</script>", "<b>")
    assert "<script>" not in feedback._repr_html_() and "<b></pre>" not in feedback._repr_html_()


def test_a_checker_that_fails_itself_does_not_crash():
    def checker(_answer):
        raise ZeroDivisionError("inside")
    exercise = engine.Exercise("x", "x = ...", checker, "shown", ("a", "b"), "x = 1", ())
    assert exercise.check(3).verdict == WRONG and "ZeroDivisionError" in exercise.check(3).text
    assert exercise.check(...).verdict == UNTOUCHED


def test_a_stub_counts_as_untouched_only_as_it_stands():
    exercise = engine.Exercise("f", "def f(x):\n    return x + 1", lambda answer: None, "shown", ("a", "b"), "", ())
    names = {}
    exec("def f(x):\n    # a comment changes nothing\n    return x + 1\ndef g(x):\n    return x + 2", names)
    assert exercise.check(names["f"]).verdict == UNTOUCHED
    assert exercise.check(names["g"]).verdict == RIGHT


@pytest.mark.parametrize("value", ["x", True, None, [1], np.nan, np.inf, 1j, np.array([1, 2])])
def test_number_refuses(value):
    with pytest.raises(engine.Wrong):
        engine.number(value)


def test_number_and_array_accept_tensors():
    torch = pytest.importorskip("torch")
    assert engine.number(torch.tensor(2.0, requires_grad=True)) == 2
    assert engine.array(torch.ones(3, requires_grad=True), (3,)).sum() == 3
