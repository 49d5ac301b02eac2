"""Exercises that check themselves: the engine. Introduced in notebook 00.

Each notebook has a module here with its :class:`Exercise` objects. In the notebook::

    from course.exercises import words as exercises

    def offset(a, b):
        ...                                # the learner's answer goes here

    exercises.offset.check(offset)         # right / not yet, with the likely mistake / not attempted
    # exercises.offset.hint()              # one step further each time
    # exercises.offset.solution()          # on request only

A check never raises, whatever the answer is, and it has no effect on later cells.
"""
from __future__ import annotations

import copy
import html
import textwrap
import types
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

RIGHT, WRONG, UNTOUCHED, NOTE = "Right", "Not yet", "Not attempted", "Note"
_LOOK = {RIGHT: ("✓", "#009E73"), WRONG: ("✗", "#D55E00"), UNTOUCHED: ("○", "#6b6b6b"), NOTE: ("›", "#0072B2")}


class Wrong(Exception):
    """Raised by a checker: the sentence that names the likely mistake."""


@dataclass(frozen=True)
class Mistake:
    """A typical wrong answer, as source code, and a part of what the checker must say to it."""

    source: str
    says: str


class Feedback:
    """What a check, a hint or a solution says; reads the same as plain text and in JupyterLab."""

    def __init__(self, verdict: str, text: str, code: str = ""):
        self.verdict, self.text, self.code = verdict, text, code

    def __repr__(self):
        return f"{_LOOK[self.verdict][0]} {self.verdict}. {self.text}" + (f"\n\n{self.code}" if self.code else "")

    def _repr_html_(self):
        mark, colour = _LOOK[self.verdict]
        code = f"<pre>{html.escape(self.code)}</pre>" if self.code else ""
        return (f'<div style="border-left:4px solid {colour};padding:4px 12px;max-width:60em">'
                f"<b>{mark} {self.verdict}.</b> {html.escape(self.text)}{code}</div>")


@dataclass
class Exercise:
    """One exercise.

    ``stub``: source of the cell the learner meets; it defines ``variable``.
    ``checker``: called with the answer; returns when it is right, raises :class:`Wrong` if not.
    ``solution_source``, ``mistakes``: complete replacements of the stub, run by the tests.
    ``shows``: what a right answer has shown.
    ``setup``: the names that stub, solution and mistakes use, as the notebook has them.
    """

    variable: str
    stub: str
    checker: Callable[[object], None]
    shows: str
    hints: tuple[str, ...]
    solution_source: str
    mistakes: tuple[Mistake, ...]
    setup: Callable[[], dict] = dict
    _hints_given: int = field(default=0, repr=False)

    def __post_init__(self):
        self.stub, self.solution_source = tidy(self.stub), tidy(self.solution_source)

    def check(self, answer) -> Feedback:
        """Look at an answer. Never raises."""
        try:
            if self._untouched(answer):
                return Feedback(UNTOUCHED, f"Change `{self.variable}` above and run both cells.")
            self.checker(answer)
        except Wrong as wrong:
            return Feedback(WRONG, str(wrong))
        except KeyboardInterrupt:
            return Feedback(WRONG, "The check was interrupted. Does your answer ever finish?")
        except BaseException as error:  # odd objects may raise anything, even SystemExit
            return Feedback(WRONG, f"This answer could not be checked: it led to {_kind(error)}.")
        return Feedback(RIGHT, self.shows)

    def hint(self) -> Feedback:
        """The next hint; the last one stays."""
        self._hints_given = min(self._hints_given + 1, len(self.hints))
        n = self._hints_given
        return Feedback(NOTE, f"Hint {n} of {len(self.hints)}: {self.hints[n - 1]}")

    def solution(self) -> Feedback:
        """One good answer. Other answers can be as good."""
        return Feedback(NOTE, "One good answer:", self.solution_source)

    def _untouched(self, answer) -> bool:
        if answer is ... or answer is None:
            return True
        if not isinstance(answer, types.FunctionType):
            return False
        return any(_same_code(answer.__code__, code) for code in _code_of(self.stub, self.variable))


def tidy(source: str) -> str:
    """Source without the indentation and blank lines around it."""
    return textwrap.dedent(source).strip()


def _code_of(source, name):
    return [c for c in compile(source, "stub", "exec").co_consts
            if isinstance(c, types.CodeType) and c.co_name == name]


def _same_code(one, other) -> bool:
    """Same instructions and constants, wherever the code stands."""
    def parts(code):
        inner = [c for c in code.co_consts if isinstance(c, types.CodeType)]
        plain = [c for c in code.co_consts if not isinstance(c, types.CodeType)]
        return code.co_code, repr(plain), code.co_names, code.co_varnames, [parts(c) for c in inner]
    return parts(one) == parts(other)


def _kind(error) -> str:
    try:
        said = str(error)
    except BaseException:
        said = ""
    if "ambiguous" in said:  # `and`, `or`, `not`, or missing brackets
        said = "use & for and, | for or, ~ for not with arrays, and put each comparison in brackets"
    return type(error).__name__ + (f" ({said[:200]})" if said else "")


# What checkers are made of. Each says in one sentence what it expected and what it got.

def call(function, *args):
    """``function(*args)`` on copies of ``args``; :class:`Wrong` if it is no function or fails."""
    if not callable(function) or isinstance(function, type):
        raise Wrong(f"This should be a function, and it is {_a(function)}.")
    try:
        result = function(*copy.deepcopy(args))
    except KeyboardInterrupt:
        raise
    except MemoryError:
        raise Wrong("Your function asked for more memory than there is. Does an array of shape (n,) meet one of "
                    "shape (n, 1) in it?") from None
    except BaseException as error:
        raise Wrong(f"Your function stopped with {_kind(error)}.") from None
    if result is None or result is ...:
        raise Wrong("Your function ran but gave nothing back. Is the `return` missing?")
    return result


def number(value, what: str = "The answer") -> float:
    """``value`` as a finite float; a 0-d array or tensor counts, a string or a bool does not."""
    if isinstance(value, (str, bytes, bool, complex, np.bool_, np.complexfloating)):
        raise Wrong(f"{what} should be a number, and it is {_a(value)}.")
    try:
        if hasattr(value, "detach"):  # a tensor that carries gradients
            value = value.detach()
        result = float(value)
    except BaseException:
        raise Wrong(f"{what} should be one number, and it is {_a(value)}.") from None
    if not np.isfinite(result):
        raise Wrong(f"{what} is {result}, not an ordinary number.")
    return result


def array(value, shape: tuple[int, ...], what: str = "The answer") -> np.ndarray:
    """``value`` as a finite float array of exactly ``shape``; tensors and lists count."""
    if isinstance(value, (str, bytes, dict, set)):
        raise Wrong(f"{what} should be an array of shape {shape}, and it is {_a(value)}.")
    try:
        if hasattr(value, "detach"):  # a tensor that carries gradients
            value = value.detach()
        found = np.shape(value)
        result = np.asarray(value, dtype=float) if found == shape else None
    except BaseException:
        parts = " with a part that is no number or has another length" if isinstance(value, (list, tuple)) else ""
        raise Wrong(f"{what} should be an array of shape {shape}, and it is {_a(value)}{parts}.") from None
    if result is None:
        raise Wrong(f"{what} should have shape {shape}, and it has shape {found}.")
    if not np.isfinite(result).all():
        raise Wrong(f"{what} contains values that are not finite (nan or inf).")
    return result


def word(value, what: str = "The answer") -> str:
    """``value`` as a lower-case string without spaces around it."""
    if not isinstance(value, str):
        raise Wrong(f"{what} should be a word in quotation marks, and it is {_a(value)}.")
    return value.strip().lower()


def _a(value) -> str:
    name = type(value).__name__
    return ("an " if name[0] in "aeiouAEIOU" else "a ") + name
