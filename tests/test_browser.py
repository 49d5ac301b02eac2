"""Each notebook in real JupyterLab in a real browser, its controls moved by keyboard.

Screenshots stay in ``tests/screenshots/`` for a person to look at.
"""
import importlib.util
import os

import nbformat
import pytest

from course.recipes import browser, notebooks

pytestmark = pytest.mark.browser
ROOT = notebooks.FOLDER.parent
SHOTS = ROOT / "tests" / "screenshots"
BOTH_THEMES = ("00", "06", "08")  # axe takes its time for a theme; between them they have all there is


@pytest.fixture(scope="module")
def lab():
    """One JupyterLab for all tests of a worker."""
    SHOTS.mkdir(exist_ok=True)
    with browser.lab(ROOT) as running:
        yield running


@pytest.fixture
def planted(lab):
    """Opens a notebook of the given cells, its demos not strict; ``first``: JavaScript before Run All."""
    def run(*cells, first="null"):
        lenient = "import os\nos.environ['COURSE_STRICT'] = ''"
        notebook = nbformat.v4.new_notebook(
            metadata={"kernelspec": notebooks._KERNEL},
            cells=[nbformat.v4.new_code_cell(source) for source in (lenient, *cells)])
        nbformat.write(notebook, path)
        pages.append(lab.open(path.relative_to(ROOT).as_posix()))
        pages[0].page.evaluate(first)
        pages[0].run_all()
        return pages[0]
    pages, path = [], SHOTS / f"planted-{os.getpid()}.ipynb"
    yield run
    for page in pages:
        page.close()
    path.unlink(missing_ok=True)


@pytest.mark.parametrize("path", [
    pytest.param(path, marks=[pytest.mark.slow] * (path.parent != notebooks.FOLDER), id=notebooks.name(path))
    for path in notebooks.paths()[::-1]])
def test_in_jupyterlab(lab, path, pytestconfig):
    page = lab.open(f"notebooks/{notebooks.name(path)}.ipynb")
    page.run_all()
    assert page.page.locator(".jp-OutputPlaceholder").count() == 0, "an output is still folded up"
    assert page.complaints() == []
    everything = pytestconfig.getoption("--slow") or os.environ.get("CI") == "true"
    if everything and importlib.util.find_spec("axe_playwright_python"):
        # where no picture of ours is, nothing of ours can underline JupyterLab's links
        plain = not page.page.locator(".jp-OutputArea .course-picture").count()
        themes = ("Dark", "Light") if path.stem[:2] in BOTH_THEMES else ("Light",)
        assert [line for line in page.breaches(themes) if not (plain and "link-in-text-block" in line)] == []
    for k, figure in enumerate(page.page.locator(".jp-OutputArea .course-figure").all()):
        page.shot(figure, SHOTS / f"{path.stem}_figure{k}.png")
    for k, demo in enumerate(page.demos().all()):
        page.shot(demo, SHOTS / f"{path.stem}_demo{k}_start.png")
        controls = page.controls(demo)
        assert controls, "a demo without controls"
        for n, (kind, control) in enumerate(controls):
            page.change(demo, kind, control)
            page.shot(demo, SHOTS / f"{path.stem}_demo{k}_moved{n}.png")
    answers = page.page.locator(".course-answer", has_text="You guessed")
    for count, guess in enumerate(page.page.locator(".jp-OutputArea .course-guess").all()):
        page.repeat(lambda g=guess: page.move("radio", g.locator("input[type=radio]").first),
                    lambda n=count: answers.count() > n, "a guess is not answered")
    for quiz in page.page.locator(".jp-OutputArea .course-quiz").all():
        answer_all(page, quiz)
        page.shot(quiz, SHOTS / f"{path.stem}_quiz.png")
    page.page.set_viewport_size({"width": 900, "height": 900})
    page.wait(lambda: all(abs(place - box) <= 1 and abs(box - drawn) <= 1 for place, box, drawn in page.widths()),
              "a picture does not follow the window's width", seconds=120)
    assert page.complaints() == []
    assert page.received < 8e6, "more than 8 MB sent to the browser"
    page.close()


def answer_all(page, quiz):
    """A blind test, by keyboard: the first answer to every question, after one click too many."""
    quiz.scroll_into_view_if_needed()
    button = quiz.locator("button")
    button.press("Enter")
    quiz.locator(".course-message").wait_for()
    page.shot(quiz, SHOTS / "quiz_asked.png")
    asked = quiz.locator(".course-sentence").inner_text()
    for number in range(1, int(asked.split(" of ")[1].split(".")[0]) + 1):
        def answer():
            page.move("text", quiz.locator("input[type=text]"), text="<b>words</b>")
            page.move("radio", quiz.locator("input[type=radio]").first)
            button.press("Enter")
        page.repeat(answer, lambda n=number: f"Unit {n} of" not in quiz.inner_text(), "the question stays")
    page.page.wait_for_function("e => e.textContent.includes('By chance')", arg=quiz.element_handle())
    assert "<b>words</b>" in quiz.inner_text()


DEMO = """
from course.widgets import live, slider
from course.style import figure
def picture(k):
    fig = figure()
    fig.add_scatter(x=[0, {x}], y=[0, 1])
    return fig, f"k = {{k}}"
live(picture, k=slider(0, 10, 2, "k"))
"""


def test_the_checks_find_what_they_look_for(planted):
    page = planted(DEMO.format(x="1 / (10 - k)"), "import sys; print('oh', file=sys.stderr)", "1 / 0")
    found = "\n".join(page.complaints())
    assert "ZeroDivisionError" in found and "oh" in found and "broken demo" not in found
    demo = page.demos().first
    before = page.picture_of(demo)
    page.move(*page.controls(demo)[0])  # to its end, where the demo fails
    with pytest.raises(TimeoutError, match="did not change"):
        page.wait(lambda: page.changed(demo, before), browser.UNCHANGED, seconds=3)
    assert any("broken demo: This demo stopped: ZeroDivisionError" in text for text in page.complaints())


def test_a_dead_slider_and_a_request_outside_are_found(planted):
    page = planted(
        DEMO.format(x="1"),
        "from IPython.display import HTML\n"
        "HTML('<img src=\"https://example.org/picture.png\" onload=\"1\">')",
        "from course.widgets import show\nfrom course.style import figure\nshow(figure(), 'nothing drawn')")
    demo = page.demos().first
    with pytest.raises(TimeoutError, match="did not change"):
        page.change(demo, *page.controls(demo)[0], tries=(1, 1))
    found = "\n".join(page.complaints())
    assert "asked for https://example.org" in found and "blank picture: nothing drawn" in found


NO_PATIENCE = """AbortSignal.timeout = () => {
  const over = new AbortController();
  queueMicrotask(() => over.abort());
  return over.signal;
}"""


def test_a_busy_browser_leaves_no_slider_dead(planted):
    """anywidget gives a model two seconds to start, and hears nothing from the kernel after that."""
    page = planted(DEMO.format(x="k"), first=NO_PATIENCE)
    demo = page.demos().first
    page.change(demo, *page.controls(demo)[0])
    assert page.complaints() == []
    assert page.late, "no model was late: the test shows nothing"


SLOW = """
import time
from course.widgets import live, slider
from course.style import figure
calls = []
def picture(k):
    time.sleep(0.3)
    calls.append(k)
    fig = figure()
    fig.add_scatter(x=[0, k], y=[0, 1])
    return fig, f"k = {k} after {len(calls)} calls"
live(picture, busy="Training", k=slider(0, 60, 0, "k"))
"""


def test_a_fast_drag_does_not_queue_up_work_and_the_last_position_wins(planted):
    page = planted(SLOW)
    demo = page.demos().first
    (_, handle), = page.controls(demo)
    handle.focus()
    page.page.evaluate("globalThis.heard = 0; addEventListener('keydown', () => heard++)")
    for _ in range(40):  # in about a second, where the demo manages three pictures
        page.page.keyboard.press("ArrowRight")
        page.page.wait_for_timeout(20)
    sentence = demo.locator(".course-sentence", has_text="k = 40 ")
    sentence.wait_for()
    assert page.page.evaluate("heard") == 0, "keys of a demo reach the window, where a front end may use them"
    calls = int(sentence.inner_text().split()[-2])
    assert calls < 20, "every position in between was worked through"
