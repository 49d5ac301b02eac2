"""Exercises that check themselves. Introduced in notebook 00.

Each notebook has a module here with its :class:`Exercise` objects. In the notebook::

    from course.exercises import words as exercises

    def offset(a, b):
        ...                                # the learner's answer goes here

    exercises.offset.check(offset)         # right / not yet, with the likely mistake / not attempted
    # exercises.offset.hint()              # one step further each time
    # exercises.offset.solution()          # on request only
    # exercises.summary()                  # what is done, as one line to hand in

A check never raises, whatever the answer is, and it has no effect on later cells.
"""
from __future__ import annotations

import ast
import copy
import html
import sys
import textwrap
import types
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from . import running
from .compare import Wrong, alike, array, asked, difference, number, read, same, word
from .running import advice, call, named, neutral, within

__all__ = ["Exercise", "Feedback", "Mistake", "Wrong", "array", "call", "intact", "number", "summing", "word"]

RIGHT, WRONG, UNTOUCHED, NOTE = "Right", "Not yet", "Not attempted", "Note"
_LOOK = {RIGHT: ("✓", "#009E73"), WRONG: ("✗", "#D55E00"), UNTOUCHED: ("○", "#6b6b6b"), NOTE: ("›", "#0072B2")}


@dataclass(frozen=True)
class Mistake:
    """A typical wrong answer, as source, of an exercise that has not been written as ``cases`` yet."""

    source: str
    says: str


class Feedback:
    """What a check, a hint or a solution says; reads the same as plain text and in JupyterLab."""

    def __init__(self, verdict: str, text: str, code: str = ""):
        # What an answer says may hold half characters and marks that turn the line round.
        self.text = "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)
        self.verdict, self.code = verdict, code

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
    ``solution_source``: a good answer, as changes of the stub, "old -> new", one a line, or as the body of
    the function, or whole. What it gives is what is wanted.
    ``shows``: what a right answer has shown.
    ``cases``: makes the list of inputs on which an answer must agree with the solution.
    ``mistakes``: wrong answers, as changes of the solution or in the same forms, and their sentences. A
    sentence is said only when the learner's answer agrees with the mistake in every case.
    ``checker``: called with an answer that has passed the cases, if there are any; raises :class:`Wrong`.
    ``digits``: answers that are real numbers may be rounded to so many decimals.
    ``setup``: the names that these sources use, as the notebook has them.
    """

    stub: str
    solution_source: str
    shows: str
    hints: tuple[str, ...]
    mistakes: dict[str, str] | tuple[Mistake, ...] = field(default_factory=dict)
    cases: Callable[[], list[tuple]] | None = None
    checker: Callable[[object], None] | None = None
    setup: Callable[[], dict] = dict
    difficulty: str = "medium"
    minutes: int = 5
    digits: int = 3
    variable: str = ""
    done: bool = field(default=False, init=False)
    _hints_given: int = field(default=0, init=False, repr=False)

    def __post_init__(self):
        self.stub = tidy(self.stub)
        self.variable = self.stub.removeprefix("def ").split("(")[0].split(" =")[0]
        self.solution_source = self._whole(self.solution_source, self.stub)

    def check(self, *answer, **more) -> Feedback:
        """Look at an answer. Never raises."""
        if len(answer) != 1 or more:
            name = self.variable
            return Feedback(WRONG, f"Put your answer between the brackets, and nothing else: `{name}.check({name})`.")
        try:
            if self._untouched(*answer):
                return Feedback(UNTOUCHED, f"Change `{self.variable}` above and run both cells.")
            with neutral():
                self.setup()  # loads what it needs before the clock starts
                within(running.SECONDS, self._judge, *answer)
            if borrowed := self._borrowed(*answer):
                return Feedback(NOTE, f"The result is right, and it comes from the course's own `{borrowed}`. "
                                      "Can you write it without that?")
        except Wrong as wrong:
            return Feedback(WRONG, str(wrong) + advice(wrong))
        except KeyboardInterrupt:
            return Feedback(WRONG, "The check was interrupted. Does your answer ever finish?")
        except BaseException as error:  # odd objects may raise anything, even SystemExit
            return Feedback(WRONG, f"This answer could not be checked: it led to {named(error)}.")
        self.done = True
        return Feedback(RIGHT, self.shows)

    def use(self, answer):
        """``answer`` where it is right, else the solution: what comes after the exercise runs either way."""
        return answer if self.check(answer).verdict == RIGHT else self.make(self.solution_source)

    def hint(self) -> Feedback:
        """The next hint; the last one stays."""
        self._hints_given = min(self._hints_given + 1, len(self.hints))
        n = self._hints_given
        return Feedback(NOTE, f"Hint {n} of {len(self.hints)}: {self.hints[n - 1]}")

    def solution(self) -> Feedback:
        """One good answer. Other answers can be as good."""
        return Feedback(NOTE, "One good answer:", self.solution_source)

    def make(self, source: str):
        """What a solution, a stub or a mistake leaves in the variable."""
        names = self.setup()
        exec(compile(self._whole(source, self.solution_source), "answer", "exec"), names)
        return names[self.variable]

    def outcome(self, answer, case, expects="one number or an array of numbers"):
        """What an answer gives for a case, as :func:`compare.read` reads it, or the :class:`Wrong` it leads to."""
        try:
            return read(call(answer, *case), expects)
        except Wrong as wrong:
            return wrong

    def _judge(self, answer):
        if self.cases:
            self._compare(answer, self.cases())
        if self.checker:
            self.checker(answer)
        for case in self.cases() if self.cases else ():
            given = copy.deepcopy(case)
            answer(*given)
            for name, now, before in zip(self._parameters(), given, case, strict=True):
                if not alike(now, before):
                    raise Wrong(f"The result is right, but your function changes the `{name}` that it is given, and "
                                "whoever calls it goes on with the changed one. Work on a copy.")

    def _compare(self, answer, cases):
        right = self.make(self.solution_source)
        wanted = [self.outcome(right, case) for case in cases]
        found = [self.outcome(answer, case, asked(want)) for case, want in zip(cases, wanted, strict=True)]
        fits = [same(*both, self.digits) for both in zip(found, wanted, strict=True)]
        if all(fits):
            return
        for source, says in self.mistakes.items():
            mistaken = self.make(source)
            if all(same(one, self.outcome(mistaken, case, asked(want)), self.digits)
                   for one, case, want in zip(found, cases, wanted, strict=True)):
                raise Wrong(says)
        k = fits.index(False)
        raise Wrong(f"{self._inputs(cases[k])}{difference(found[k], wanted[k], self.digits)}") from getattr(
            found[k], "__cause__", None)

    def _inputs(self, case) -> str:
        shown = [f"{name} = {_short(value)}" for name, value in zip(self._parameters(), case, strict=True)
                 if not isinstance(value, np.random.Generator)]
        return f"Tried with {', '.join(shown)}. " if shown else ""

    def _parameters(self) -> list[str]:
        return [one.arg for one in ast.parse(self.stub).body[0].args.args]

    def _whole(self, source: str, changed: str) -> str:
        """The source of a whole cell, from changes of another one or from the body of the function."""
        source = tidy(source)
        if source.startswith((f"def {self.variable}(", f"{self.variable} =")):
            return source
        if " ->" in source:
            for change in source.splitlines():
                old, new = (part.strip() for part in f"{change} ".split(" -> "))
                if old not in changed:
                    raise ValueError(f"{old!r} does not stand in {changed!r}")
                changed = changed.replace(old, new)
            return changed
        last, lines = ast.parse(source).body[-1], source.splitlines()
        if isinstance(last, ast.Expr):  # what it gives back; columns are counted in bytes
            line = lines[last.lineno - 1].encode()
            lines[last.lineno - 1] = (line[:last.col_offset] + b"return " + line[last.col_offset:]).decode()
        return "\n    ".join([self.stub.splitlines()[0], *lines])

    def _untouched(self, answer) -> bool:
        if answer is ... or answer is None:
            return True
        return isinstance(answer, types.FunctionType) and any(
            _parts(answer.__code__) == _parts(code) for code in _codes(compile(self.stub, "stub", "exec"))
            if code.co_name == self.variable)

    def _borrowed(self, answer) -> str:
        """The name of the course's function or module that the answer uses and the solution does not, or ""."""
        if str(getattr(answer, "__module__", "")).startswith("course."):
            return str(getattr(answer, "__name__", self.variable))
        if not isinstance(answer, types.FunctionType):
            return ""
        allowed = _names(*_codes(compile(self.solution_source, "solution", "exec")))
        for name in sorted(_names(answer.__code__, *_codes(answer.__code__)) - allowed):
            value = answer.__globals__.get(name)
            home = value.__name__ if isinstance(value, types.ModuleType) else getattr(value, "__module__", "")
            ours = isinstance(value, (types.ModuleType, types.FunctionType)) and str(home).startswith("course.")
            if ours or name.startswith("course.") or name == self.variable:  # as in `words.analogy`
                return name
        return ""


def summing(module: str, notebook: str):
    """The function ``summary`` of a module of exercises."""
    def summary() -> Feedback:
        """What is done in this kernel, as one line that can be handed in."""
        found = [value for value in vars(sys.modules[module]).values() if isinstance(value, Exercise)]
        parts = [f"{one.variable} {'✓' if one.done else '–'}" for one in found]
        line = f"Notebook {notebook}: {', '.join(parts)} ({sum(one.done for one in found)} of {len(found)})"
        return Feedback(NOTE, f"{line} #{zlib.crc32(line.encode()):08x}")
    return summary


def intact(line: str) -> bool:
    """Whether a line from ``summary`` arrived as it was written. It is a checksum, and no lock."""
    text, _, mark = line.strip().removeprefix("› Note. ").rpartition(" #")
    return mark == f"{zlib.crc32(text.encode()):08x}"


def tidy(source: str) -> str:
    """Source without the indentation and blank lines around it."""
    return textwrap.dedent(source).strip()


def _codes(code):
    """The code objects inside another one, at any depth."""
    inner = [one for one in code.co_consts if isinstance(one, types.CodeType)]
    return inner + [one for outer in inner for one in _codes(outer)]


def _names(*codes) -> set[str]:
    return {name for code in codes for name in code.co_names}


def _parts(code):
    """Instructions and constants, wherever the code stands."""
    plain = [one for one in code.co_consts if not isinstance(one, types.CodeType)]
    return (code.co_code, repr(plain), code.co_names, code.co_varnames,
            [_parts(one) for one in code.co_consts if isinstance(one, types.CodeType)])


def _short(value) -> str:
    """An input of a case, in full where it is small."""
    if isinstance(value, list) and any(hasattr(one, "shape") for one in value):
        return f"[{', '.join(_short(one) for one in value)}]"
    shape = tuple(getattr(value, "shape", ()))
    if not shape:
        text = repr(value)
        return text if len(text) < 80 else text[:76] + " …"
    if int(np.prod(shape)) > 12:
        return f"an array of shape {shape}"
    value = np.asarray(value.detach() if hasattr(value, "detach") else value)
    return str((value if value.dtype.kind in "bi" else value.astype(float).round(3)).tolist())
