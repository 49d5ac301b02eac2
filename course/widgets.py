"""Live demos: controls, one picture, and the learner's function between them.

Introduced in notebook 00. One pattern serves the whole course::

    def picture(angle):                                    # values of the controls in,
        return plots.arrows(...), "What there is to see."  # figure and sentence out
    live(picture, angle=slider(0, 360, 45, "angle in degrees"))

Plotly's own ``FigureWidget`` sends its 5 MB of JavaScript once per figure. :class:`Picture`
sends plotly.js once per kernel and redraws with ``Plotly.react``, and so takes about half
the time from slider to picture (``tests/benchmarks/bench_sliders.py``).
"""
from __future__ import annotations

import bisect
import contextlib
import functools
import html
import math
import os
import pathlib
import re
import time
from collections.abc import Callable, Iterable, Sequence

import anywidget
import ipywidgets
import plotly
import plotly.graph_objects as go
import traitlets
from IPython import get_ipython
from IPython.display import display

from . import CourseError
from .style import ISOLATED, said, shortened, visible

_WIDE = dict(description_width="initial")
_NOT_DRAWN = ("A picture or a demo stands here. If you read this, run the cell again. If that does not help, this "
              "program cannot draw it: close it, and start `python3 -m course lab` in the course's folder.")
_held: dict[ipywidgets.Widget, dict[str, str]] = {}  # what cells show: widget -> {cell: its execution}


def _hold(widget: ipywidgets.Widget) -> None:
    """Note that the cell which runs now holds ``widget``, and close what only earlier runs of that cell held.

    Else each new run of a cell leaves its widgets in kernel and browser. What another cell shows too, or what has a
    name in the notebook, stays. JupyterLab says which cell runs; where nobody does, nothing is closed.
    """
    shell = get_ipython()
    parent = shell.get_parent() if hasattr(shell, "get_parent") else {}
    if not (cell := parent.get("metadata", {}).get("cellId")):
        return
    run = parent["header"]["msg_id"]
    _held.setdefault(widget, {})[cell] = run
    named = [value for name, value in shell.user_ns.items() if not name.startswith("_")]
    for other, runs in list(_held.items()):
        if runs.get(cell, run) != run:
            del runs[cell]
        if not runs and not any(value is other for value in named):
            del _held[other]
            for part in list(_parts(other)):
                part.close()


def _parts(widget):
    """``widget`` and all widgets that it is made of."""
    yield widget
    for key in widget.keys:
        value = getattr(widget, key)
        for part in value if isinstance(value, (list, tuple)) else [value]:
            if isinstance(part, ipywidgets.Widget) and part is not _library():
                yield from _parts(part)


class _Kept:
    """A widget that its cell holds, and that says something where it cannot be drawn."""

    def _repr_mimebundle_(self, **kwargs):
        _hold(self)
        return super()._repr_mimebundle_(**kwargs) | {"text/plain": self.plain()}

    def plain(self) -> str:
        return _NOT_DRAWN


class Words(_Kept, ipywidgets.HTML):
    """HTML; where no widget can be drawn, its text."""

    def __init__(self, value: str = ""):
        super().__init__(value)
        _hold(self)

    def plain(self) -> str:
        return html.unescape(re.sub("<[^>]+>", " ", self.value)).strip()


@functools.cache
def _library() -> ipywidgets.Label:
    """Carries plotly.js to the browser, once per kernel; ``description`` is its version. Never displayed."""
    source = pathlib.Path(plotly.__file__).parent / "package_data" / "plotly.min.js"
    return ipywidgets.Label(source.read_text(encoding="utf-8"), description=plotly.__version__)


# Links that do not differ from the text by colour alone, targets that are large enough, nothing that moves unasked.
LOOKS = """.jp-RenderedMarkdown.jp-RenderedHTMLCommon a:any-link { text-decoration: underline }
.course-guess .widget-radio-box label, .course-quiz .widget-radio-box label { height: auto; padding: 3px 0 }
@media (prefers-reduced-motion: reduce) { .course-demo *, .course-picture * { transition: none !important } }"""


class Picture(anywidget.AnyWidget):
    """One plotly figure on the screen; ``redraw`` changes it in place.

    ``figure`` is its JSON; ``description`` is what a screen reader says instead of the picture.
    """

    _esm, _css = pathlib.Path(__file__).parent / "picture.js", LOOKS
    library = traitlets.Any().tag(sync=True, **ipywidgets.widget_serialization)
    # A plain widget, never displayed, brings the figure: where the browser is busy for the first
    # two seconds, anywidget gives up on its own models, and they hear nothing from the kernel again.
    content = traitlets.Any().tag(sync=True, **ipywidgets.widget_serialization)
    proof = traitlets.Unicode().tag(sync=True)

    def __init__(self, figure: go.Figure, description: str = "", proof: str = ""):
        content = ipywidgets.Label(figure.to_json(), description=visible(description, keep=ISOLATED))
        super().__init__(library=_library(), content=content, proof=proof)

    @property
    def figure(self) -> str:
        return self.content.value

    def redraw(self, figure: go.Figure, description: str) -> None:
        """Draw another figure in place; the browser is told once."""
        with self.content.hold_sync():
            self.content.value, self.content.description = figure.to_json(), visible(description, keep=ISOLATED)


@functools.cache
def proof() -> Picture:
    """A picture that is never displayed. A browser that can draw it replaces what stands in elements of the class
    ``course-drawing`` by its sentence: see :func:`course.environment.check`."""
    return Picture(go.Figure(go.Scatter(y=[0, 1])), proof="Good: pictures can be drawn here.")


class OwnKeys(anywidget.AnyWidget):
    """Keeps the keys pressed in a demo from JupyterLab, where arrows would go to the next cell, and gives sliders and
    groups of options the names that ipywidgets leaves out, for those who hear them."""

    _css = LOOKS
    _esm = """
    export default { render({ el }) {
      el.style.display = "none";
      let tries = 0;
      const own = (event) => event.target.setAttribute("data-lm-suppress-shortcuts", "true");
      // VS Code hears every key that gets as far as the window: an arrow would move the slider and go to the next cell.
      const used = (event) => event.defaultPrevented && event.stopPropagation();
      const mark = () => {
        const demo = el.closest(".course-demo, .course-guess, .course-quiz");
        demo?.addEventListener("focusin", own);
        demo?.addEventListener("keydown", used);
        demo?.querySelectorAll(".noUi-handle").forEach((handle) => handle.setAttribute("aria-label",
          handle.closest(".widget-slider").querySelector("label").textContent));
        demo?.querySelectorAll(".widget-radio-box").forEach((box) => Object.assign(box, { role: "radiogroup",
          ariaLabel: demo.querySelector(".course-question, h4")?.textContent ?? "" }));
        if (tries++ < 100) setTimeout(mark, 50); // what a demo is made of comes bit by bit
      };
      mark();
    } };"""


def line(text: str, kind: str) -> str:
    """One sentence as HTML of the class ``course-kind``, escaped; at most 2,000 characters of it, all visible."""
    text = visible(shortened(text, 2000), keep=ISOLATED)
    return f'<div class="course-{kind}" style="line-height:1.45;max-width:60em">{html.escape(text)}</div>'


@contextlib.contextmanager
def told(message: ipywidgets.HTML):
    """What goes wrong inside becomes a sentence in ``message``, and what was shown stays as it was.

    A :class:`CourseError` (an unknown word, say) is a sentence already. Other errors are raised
    too where the environment variable ``COURSE_STRICT`` is set, as it is in the tests.
    """
    try:
        yield
        message.value = ""
    except CourseError as error:
        message.value = line(str(error), "message")
    except KeyboardInterrupt:
        message.value = line("Interrupted. What stands below is from before.", "message")
    except BaseException as error:  # not Exception alone: a library in Rust has panics of its own
        message.value = line(f"This demo stopped: {type(error).__name__}: {error}. What stands below is the last "
                             "setting that worked.", "broken")
        if os.environ.get("COURSE_STRICT"):
            raise


class Block(_Kept, ipywidgets.VBox):
    """Widgets below each other that belong together, as HTML of the class ``course-kind``."""

    def __init__(self, children: Sequence[ipywidgets.Widget], kind: str):
        super().__init__(children if kind == "figure" else [OwnKeys(), *children])
        self.add_class(f"course-{kind}")
        _hold(self)


def row(widgets: Iterable[ipywidgets.Widget]) -> ipywidgets.HBox:
    """Controls beside each other, and below each other where there is no room."""
    return ipywidgets.HBox(list(widgets), layout=dict(flex_flow="row wrap", grid_gap="4px 24px"))


class Shown(Block):
    """A picture with its sentence under it."""

    def __init__(self, figure: go.Figure, sentence: str, above: Sequence[ipywidgets.Widget] = ()):
        self.picture = Picture(figure, sentence)
        self.sentence = ipywidgets.HTML(line(sentence, "sentence"))
        super().__init__([*above, self.picture, self.sentence], "demo" if above else "figure")

    def update(self, figure: go.Figure | tuple, sentence: str = "") -> None:
        """Redraw in place."""
        figure, sentence = _with_sentence(figure, sentence)
        self.picture.redraw(figure, sentence)
        self.sentence.value = line(sentence, "sentence")


def _with_sentence(figure, sentence: str = "") -> tuple[go.Figure, str]:
    """A figure, or a pair of figure and sentence, as that pair; the figure's own sentence where none is given."""
    if isinstance(figure, tuple):
        figure, sentence = figure
    sentence = sentence or said(figure)
    if not sentence:
        raise ValueError("This figure has no sentence that describes it, and not everybody can see it. Give one: "
                         "show(figure, sentence), or style.say(figure, sentence) where the figure is made.")
    return figure, sentence


def show(figure: go.Figure, sentence: str = "") -> Shown:
    """A figure that does not move, and the sentence that describes it: by default the figure's own."""
    return Shown(*_with_sentence(figure, sentence))


class Live(Shown):
    """A live demo; make one with :func:`live`. Errors of the function are told above the picture, which stays."""

    def __init__(self, function: Callable, controls: dict[str, ipywidgets.ValueWidget], busy: str = ""):
        self.function, self.controls, self.busy = function, controls, busy
        self.message = ipywidgets.HTML()
        try:
            figure, sentence = _with_sentence(self._call())
        except CourseError as error:  # e.g. a bad first value: an empty picture, and the sentence
            figure, sentence = go.Figure(), ""
            self.message.value = line(str(error), "message")
        super().__init__(figure, sentence, above=[row(controls.values()), self.message])
        if busy:
            self.add_class("course-trains")
            self.message.layout.min_height = "1.6em"  # the picture does not jump when the line comes and goes
        for control in controls.values():
            control.observe(self._redraw, "value")

    def _call(self):
        return self.function(**{name: control.value for name, control in self.controls.items()})

    def _redraw(self, _change=None) -> None:
        if self.busy:
            self.message.value = line(self.busy, "busy")
        with told(self.message):
            self.update(self._call())


def live(function: Callable, *, busy: str = "", **controls: ipywidgets.ValueWidget) -> Live:
    """Redraw ``function(**values)`` whenever a control moves.

    ``function`` gets the value of each control by name and returns ``(figure, sentence)``, or a figure
    that has its own sentence (:func:`course.style.say`).
    ``busy`` is shown while it works: give it where the function trains something. A slider that
    moves faster than the function answers leaves out what is between: the last position wins.
    Where an answer takes longer than about a second, make the sliders with ``wait=True``, so that
    it runs when the handle is let go.
    """
    return Live(function, controls, busy)


def slider(low, high, value, label: str, step=None, wait: bool = False, form: str | None = None):
    """A slider from ``low`` to ``high`` in units that ``label`` names; whole steps for integers.

    ``wait``: only when the handle is let go. ``form``: number format such as ``".2f"``.
    """
    whole = all(isinstance(number, int) for number in (low, high, value, step or 1))
    kind = ipywidgets.IntSlider if whole else ipywidgets.FloatSlider
    made = kind(value=value, min=low, max=high, step=step or (1 if whole else (high - low) / 100),
                description=label, continuous_update=not wait, style=_WIDE,
                readout_format=form or ("d" if whole else ".2f"),
                layout=dict(width=f"min({max(30, 20 + len(label) // 2)}em, 95%)"))  # a long label leaves a long track
    return made.add_class("course-waits") if wait else made


def choice(options: Iterable, label: str, value=None):
    """A drop-down list; ``options`` are names, or (name, value) pairs."""
    options = list(options)
    extra = {} if value is None else dict(value=value)
    return ipywidgets.Dropdown(options=options, description=label, style=_WIDE,
                               layout=dict(width="max-content"), **extra)


def text(value: str, label: str, width: str = "16em"):
    """A line to type in; it counts when Enter is pressed or the field is left."""
    return ipywidgets.Text(value=value, description=label, continuous_update=False, style=_WIDE,
                           layout=dict(width=width))


def switch(value: bool, label: str):
    """A tick box."""
    return ipywidgets.Checkbox(value=value, description=label, indent=False, layout=dict(width="max-content"))


def table(rows: Iterable[Sequence], headings: Sequence[str]) -> Words:
    """A table for what differs from machine to machine, which printed text should not hold."""
    def cells(texts, tag):
        return "<tr>" + "".join(f'<{tag} style="text-align:left;padding:2px 16px 2px 0">'
                                f"{html.escape(visible(str(text), keep=ISOLATED))}</{tag}>" for text in texts) + "</tr>"
    body = "".join(cells(texts, "td") for texts in rows)
    return Words(f"<table><thead>{cells(headings, 'th')}</thead><tbody>{body}</tbody></table>")


class Guess(Block):
    """A guess before the result; make one with :func:`predict` or :func:`predict_number`. It never stops *Run All*."""

    def __init__(self, question: str, options: Sequence, below: Sequence[float] = (), form: str = ""):
        self.values, self.options, self.below, self.form = list(options), list(map(str, options)), below, form
        self.radio = ipywidgets.RadioButtons(options=self.options, index=None, layout=dict(width="max-content"))
        super().__init__([ipywidgets.HTML(line(question, "question")), self.radio], "guess")

    def _option(self, answer) -> tuple[str, str]:
        """The option that ``answer`` is or lies in, and what the run says in words; ValueError if there is none."""
        answer = answer.item() if hasattr(answer, "item") else answer  # an array's number
        if self.below:
            if isinstance(answer, (str, bool)) or not math.isfinite(answer):
                raise ValueError(f"{answer!r} is no number, and the options are {self.options}")
            return self.options[bisect.bisect(self.below, answer)], format(answer, self.form)
        names = ["yes" if answer else "no"] if isinstance(answer, bool) else []
        for value, option in zip(self.values, self.options, strict=True):
            if value == answer or option in (str(answer), *names):
                return option, option
        raise ValueError(f"{answer!r} is not one of the options {self.options}")

    def reveal(self, answer, why: str = "") -> Words:
        """What the run says, computed by the notebook, and why.

        ``answer``: one of the options, True or False where they are yes and no, or after
        :func:`predict_number` the number. It follows the guess: guessing again changes what is shown.
        """
        option, says = self._option(answer)
        shown = Words()

        def write(_change=None):
            guess = self.radio.value
            if guess is None:
                shown.value = (
                    '<div class="course-answer">You have not guessed yet. Choose above, and the answer comes '
                    f"here; or <details style='display:inline'><summary style='display:inline;cursor:pointer'>"
                    f"<u>look without guessing</u></summary> {line(f'The run says: {says}. {why}'.strip(), 'why')}"
                    "</details></div>")
            else:
                verdict = "as the run says" if guess == option else f"the run says: {says}"
                verdict += f": {says}" if guess == option != says else ""
                shown.value = line(f"You guessed: {guess}; {verdict}. {why}".strip(), "answer")

        self.radio.observe(write, "value")
        write()
        return shown


def predict(question: str, options: Sequence) -> Guess:
    """Ask for a guess before a result; show the answer later with ``.reveal(...)``."""
    return Guess(question, options)


def predict_number(question: str, below: Sequence[float], form: str = "") -> Guess:
    """Ask for a number, in steps: ``below=[50, 100]`` gives below 50, 50 to 99, 100 or more.

    Later ``.reveal(number)`` finds the step. ``form``: how numbers are written, such as ``".0%"``.
    """
    below, whole = list(below), all(isinstance(bound, int) for bound in below)
    if not below or sorted(set(below)) != below:
        raise ValueError(f"The bounds must rise from one to the next, and they are {below}.")
    form = form or ("z.4g" if not whole else "z,.10g")
    written = [format(bound, form) for bound in below]
    lasts = [format(bound - 1, form) for bound in below] if whole else written
    between = [first if first == last else f"{first} to {last}"
               for first, last in zip(written, lasts[1:], strict=False)]
    return Guess(question, [f"below {written[0]}", *between, f"{written[-1]} or more"], below, form)


def progress(steps: Iterable, label: str):
    """Go through ``steps`` (anything with a length) under a progress bar in the notebook. A bar that its cell leaves
    unfinished, interrupted say, is called stopped."""
    total, shell = len(steps), get_ipython()
    bar = ipywidgets.IntProgress(max=total, description=label, style=_WIDE, layout=dict(width="30em"))
    _hold(bar)
    display(bar)

    def ended(_result):  # the error that stops a loop never comes here, and its traceback keeps this alive
        shell.events.unregister("post_run_cell", ended)
        if bar.value < total:
            bar.bar_style, bar.description = "danger", f"{label}: stopped"
    if hasattr(shell, "events"):
        shell.events.register("post_run_cell", ended)
    last = time.monotonic()
    for count, step in enumerate(steps, 1):
        yield step
        if time.monotonic() - last > 0.1 or count == total:  # the browser need not hear of every step
            bar.value, last = count, time.monotonic()
