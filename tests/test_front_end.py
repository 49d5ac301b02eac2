"""What a real browser makes of the widgets: where it cannot draw, runs out of contexts, is interrupted, or runs a cell
again and again. Notebooks of a few cells, in one JupyterLab."""
import urllib.request

import nbformat
import pytest

from course.recipes import browser, notebooks

pytestmark = pytest.mark.browser

START = """from course.environment import check
from course.style import figure, say
from course.widgets import live, predict, show, slider
from ipywidgets.widgets.widget import _instances

def picture(k):
    return say(figure(height=200).add_scatter(x=[0, k], y=[0, 1]), f"k is {k}.")

def solid(k):
    return say(figure(height=200).add_scatter3d(x=[0, k], y=[0, 1], z=[0, 1]), f"k is {k}.")"""


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    folder = tmp_path_factory.mktemp("front")
    with browser.lab(folder, env={"COURSE_STRICT": ""}) as running:
        running.folder = folder
        yield running


@pytest.fixture
def planted(lab):
    """Opens a notebook of the given cells, after START, and runs it; ``without``: a part of the server's pages."""
    def run(*cells, without=""):
        cells = [nbformat.v4.new_code_cell(source) for source in (START, *cells)]
        nbformat.write(nbformat.v4.new_notebook(metadata={"kernelspec": notebooks._KERNEL}, cells=cells),
                       lab.folder / "planted.ipynb")
        page = lab.open("planted.ipynb")
        opened.append(page)
        if without:
            page.page.route(f"**/extensions/{without}/**", lambda route: route.abort())
            page.page.reload()
            page.page.locator(".jp-CodeCell").nth(len(cells) - 1).wait_for()
        page.run_all()
        return page
    opened = []
    yield run
    for page in opened:
        page.close()


def run_again(page, cell, times=1):
    """Run one cell (by its number) again, each time to its end."""
    prompt = page.page.locator(".jp-CodeCell").nth(cell).locator(".jp-InputPrompt").first
    page.page.locator(".jp-CodeCell").nth(cell).locator(".cm-content").click()
    for _ in range(times):
        before = prompt.inner_text()
        page.page.keyboard.press("Control+Enter")
        page.page.wait_for_function(
            "([e, before]) => /\\d/.test(e.textContent) && e.textContent.trim() !== before.trim()",
            arg=[prompt.element_handle(), before], polling=50)


def output(page, cell):
    return page.page.locator(".jp-CodeCell").nth(cell).locator(".jp-OutputArea-output").last


def good(page):
    return page.page.evaluate("getComputedStyle(document.querySelector('.course-drawing'), '::after').content")


def test_the_check_sees_that_pictures_can_be_drawn_and_a_reload_draws_them_again(planted):
    page = planted("check()", "show(picture(2))", "live(picture, k=slider(1, 9, 1, 'k'))")
    for _ in range(2):
        page.page.wait_for_function(
            "getComputedStyle(document.querySelector('.course-drawing > *')).display === 'none'")
        assert "Good: pictures can be drawn here." in good(page)
        assert "Everything this course needs is here." in output(page, 1).text_content() and page.complaints() == []
        page.page.keyboard.press("Control+s")
        page.page.wait_for_function("!document.querySelector('.jp-mod-dirty')")
        page.page.reload()
        page.page.wait_for_function("document.querySelectorAll('.course-picture[data-drawn]').length === 2")
    demo = page.demos().first
    page.change(demo, *page.controls(demo)[0])


@pytest.mark.slow
@pytest.mark.parametrize("without", ["anywidget", "@jupyter-widgets/jupyterlab-manager"])
def test_the_check_says_what_to_do_where_pictures_cannot_be_drawn(planted, without):
    page = planted("check()", "show(picture(1))", "predict('Which?', ['this', 'that']).reveal('that', 'Because.')",
                   without=without)
    page.page.wait_for_timeout(2000)
    assert "cannot draw the pictures" in output(page, 1).inner_text() and "Good" not in good(page)
    assert "python3 -m course lab" in output(page, 1).inner_text()
    if without != "anywidget":
        assert "this program cannot draw it" in output(page, 2).inner_text()
        assert "The run says: that. Because." in output(page, 3).inner_text()


WATCHED = """() => {
  globalThis.contexts = new Set();
  const real = HTMLCanvasElement.prototype.getContext;
  HTMLCanvasElement.prototype.getContext = function (kind, ...rest) {
    const found = real.call(this, kind, ...rest);
    if (found && kind.startsWith("webgl")) contexts.add(found);
    return found;
  };
}"""


SOME_FRAMES = "async () => { for (let k = 0; k < 60; k++) await new Promise(requestAnimationFrame); }"


@pytest.mark.slow
def test_3d_pictures_give_their_contexts_back_and_come_back_without(planted):
    page = planted("show(solid(2))", "show(solid(3))")
    first = page.page.locator(".course-picture").first
    before = page.picture_of(output(page, 1))
    page.page.evaluate(WATCHED)
    run_again(page, 2, times=12)
    page.page.wait_for_function("[...contexts].filter((one) => !one.isContextLost()).length <= 1")
    assert page.page.evaluate("contexts.size") >= 8, "nothing was drawn: the test shows nothing"
    assert page.picture_of(output(page, 1)) == before
    first.scroll_into_view_if_needed()
    for _ in range(2):
        drawn = int(first.get_attribute("data-drawn"))
        first.evaluate(
            "e => e.querySelector('canvas').getContext('webgl').getExtension('WEBGL_lose_context').loseContext()")
        page.page.wait_for_function("([e, n]) => e.dataset.drawn > n", arg=[first.element_handle(), drawn])
        page.page.evaluate(SOME_FRAMES)  # in which plotly compiles; it would say that the context is gone
    assert not first.locator("canvas").first.evaluate("e => e.getContext('webgl').isContextLost()")
    page.page.wait_for_timeout(500)
    assert page.picture_of(output(page, 1))[1] == before[1]
    assert page.complaints() == []


def test_an_interrupt_is_told_and_the_demo_goes_on(planted):
    page = planted("""import time
def slow(k):
    for _ in range(20 * (k == 2) * 60):
        time.sleep(0.05)
    return picture(k)
live(slow, busy="Training", k=slider(1, 9, 1, "k"))""")
    demo = page.demos().first
    (_, handle), = page.controls(demo)
    handle.focus()
    page.page.keyboard.press("ArrowRight")
    demo.locator(".course-busy").wait_for()
    kernel, = page.lab.kernels()
    address = f"{page.lab.base}/api/kernels/{kernel['id']}/interrupt"
    urllib.request.urlopen(urllib.request.Request(address, method="POST"))
    demo.locator(".course-message", has_text="Interrupted").wait_for()
    assert "k is 1." in demo.inner_text()
    page.page.keyboard.press("ArrowRight")
    demo.locator(".course-sentence", has_text="k is 3.").wait_for()
    assert demo.locator(".course-message").count() == 0


def test_running_a_cell_again_leaves_no_widgets_behind(planted):
    page = planted("shared = show(picture(5))", "show(picture(4))",
                   "guess = predict('Which?', ['this', 'that'])\nguess", "guess.reveal('that', 'Because.')", "shared",
                   "live(picture, k=slider(1, 9, 1, 'k'))", "print(len(_instances))")

    def widgets():
        run_again(page, 7)
        return int(output(page, 7).inner_text())
    for cell in (1, 2, 3, 4, 6):
        run_again(page, cell)
    once = widgets()
    for cell in (2, 4, 6):
        run_again(page, cell, times=5)
    run_again(page, 1, times=2)  # what cell 5 shows was made by the second run of cell 1, and stays
    assert widgets() <= once + 20
    page.move("radio", page.page.locator(".course-guess input[type=radio]").first)
    page.page.locator(".course-answer", has_text="You guessed: this; the run says: that. Because.").wait_for()
    demo = page.demos().first
    page.change(demo, *page.controls(demo)[0])
    run_again(page, 5)
    assert output(page, 5).locator(".course-picture").get_attribute("aria-label") == "k is 5."
    assert page.complaints() == []
