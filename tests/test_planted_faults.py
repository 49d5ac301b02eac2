"""The test of the tests: each fault, planted in a copy of the course, must turn the suite red, for its own reason.

A fault is a small edit of the copy. Beside it stand the narrowest part of the suite that has to notice
(green in this very suite, which runs it on the course as it is) and what that must say.
"""
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys

import nbformat
import pytest

from course.recipes import notebooks

ROOT = pathlib.Path(__file__).parent.parent
PAGE = "prerequisites"  # the shortest notebook with a demo
RUN, SEEN = f"notebooks/{PAGE}.ipynb", f"tests/test_browser.py::test_in_jupyterlab[{PAGE}]"
FORM = f"tests/test_notebooks.py::test_is_in_the_stored_form[{PAGE}]"
START, TOY = "00_start_here", "06_toy_superposition"
SOLVED = f"--slow tests/test_notebooks.py::test_runs_with_every_solution_filled_in[{START}]"
SHOWN = f"tests/test_notebooks.py::test_pictures_show_what_the_notebook_shows[{TOY}]"


def text(path, old, new, times=1):
    """Replace in a file of text."""
    def plant(root):
        before = (root / path).read_text(encoding="utf-8")
        assert before.count(old) >= times, f"{path} no longer holds {old!r}"
        (root / path).write_text(before.replace(old, new), encoding="utf-8")
    return plant


def more(path, line):
    """Add a line at the end of a file."""
    def plant(root):
        (root / path).write_text((root / path).read_text(encoding="utf-8") + f"\n{line}\n", encoding="utf-8")
    return plant


def book(change, name=PAGE):
    """Change the cells of a notebook, and leave it in the stored form."""
    def plant(root):
        path = root / "notebooks" / f"{name}.ipynb"
        notebook = nbformat.read(path, 4)
        change(notebook.cells)
        path.write_text(notebooks.text(notebooks.stored(notebook)), encoding="utf-8")
    return plant


def source(old, new, name=PAGE):
    """Replace in the source of the one cell that has ``old``."""
    def change(cells):
        cell, = (cell for cell in cells if old in cell.source)
        cell.source = cell.source.replace(old, new)
    return book(change, name)


def printed(old, new):
    """Replace in what cells of the notebook print."""
    def change(cells):
        output, = (o for c in cells for o in c.get("outputs", []) if old in o.get("text", ""))
        output.text = output.text.replace(old, new)
    return book(change)


def cell(source):
    """Add a cell that shows."""
    return book(lambda cells: cells.append(nbformat.v4.new_code_cell(source)))


def unrun(cells):
    """Store a cell that prints as if it showed."""
    cell, = (cell for cell in cells if "a @ b)" in cell.source and cell.cell_type == "code")
    cell.update(outputs=[], execution_count=None)


def out_of_form(root):
    path = root / RUN
    path.write_text(json.dumps(json.loads(path.read_text(encoding="utf-8"))), encoding="utf-8")


def damaged(root):
    path = root / "course/data/words.npz"
    content = bytearray(path.read_bytes())
    content[5000] ^= 1
    path.write_bytes(content)


def together(*plants):
    return lambda root: [plant(root) for plant in plants]


JS, DRIVER = "course/picture.js", "course/recipes/browser.py"
IMPATIENT = text(DRIVER, "TRIES = (5, 10, 20, 40, 80)", "TRIES = (5, 5)")
HTML = "from IPython.display import HTML\n"
FAULTS = {  # name: (edit, what notices it, what that says)
    "broken slider callback": (source("np.radians(angle)", "np.radians(angle if angle < 170 else None)"),
                               RUN, "TypeError"),
    "dead slider": (source("two_arrows(angle):", "two_arrows(angle):\n    angle = 40"), RUN, "change nothing: angle"),
    "slider that moves only the sentence": (together(IMPATIENT, source("np.radians(angle)", "0.5")),
                                            SEEN, "the picture did not change"),
    "exception in a button": (cell("import ipywidgets\nbutton = ipywidgets.Button()\n"
                                   "button.on_click(lambda _: 1 / 0)\nbutton"), RUN, "ZeroDivisionError"),
    "control that never redraws in the browser": (
        together(IMPATIENT, text(JS, 'content.on("change:value", draw);', "")), SEEN, "the picture did not change"),
    "blank picture": (cell("from course.style import figure\nshow(figure(), 'Nothing.')"), SEEN, "blank picture"),
    "picture without a description": (text(JS, 'content.get("description"));', '"");'), SEEN, "without a description"),
    "picture that ignores the window": (together(
        text(JS, "watch.observe(box)", ""), text("tests/test_browser.py", "seconds=120", "seconds=5")),
        SEEN, "does not follow the window"),
    "error in the page": (text(JS, "busy = true;", 'busy = true; console.error("planted");'), SEEN, "console: planted"),
    "request that leaves the machine": (cell(HTML + "HTML('<img src=\"https://example.org/a.png\">')"),
                                        SEEN, "asked for https://example.org"),
    "more than 8 MB sent": (cell(HTML + "HTML('<!--' + 9_000_000 * 'x' + '-->')"), SEEN, "more than 8 MB"),
    "changed output": (source("print(M @ a)", "print(M @ b)"), RUN, "Cell outputs differ"),
    "stale stored number": (printed("7.0 7.0", "7.0 7.1"), RUN, "Cell outputs differ"),
    "printed text that is not stored": (book(unrun), RUN, "would be stored otherwise"),
    "cell that prints and shows": (source("show(plots.lines", "print(1)\nshow(plots.lines"), RUN, "prints and shows"),
    "changed sentence under a figure": (source("ReLU follows x where", "ReLU is x where"), RUN, "no longer say"),
    "changed sentence of a demo": (source("the cosine similarity is", "the similarity is"), RUN, "no longer say"),
    "torch loaded and not used": (more("course/widgets.py", "import torch"), f"notebooks/{START}.ipynb", "loads torch"),
    "notebook not in stored form": (out_of_form, FORM, "differ from the stored form"),
    "link that leads nowhere": (book(lambda cells: cells[0].update(source=cells[0].source + "\n[a](no.ipynb)")),
                                f"tests/test_notebooks.py::test_links_lead_somewhere[{PAGE}]", "no.ipynb"),
    "opening picture missing": (lambda root: (root / f"notebooks/images/{START}.png").unlink(),
                                f"tests/test_notebooks.py::test_has_the_parts_every_notebook_has[{START}]", "take it"),
    "kept picture of another run": (text("tests/sentences.json", "Features represented: # of # are", "# of # are"),
                                    SHOWN, "out of date"),
    "kept picture of another cell": (source('0.0, "sparsity"', '0.5, "sparsity"', TOY), SHOWN, "not from this cell"),
    "stub that is not the module's": (source("cosines.argmin()", "cosines.argmin(0)", START),
                                      SOLVED, "should be one cell"),
    "checker that passes a wrong answer": (more("course/exercises/start.py",
                                                "nearest_word.cases, nearest_word.checker = None, lambda answer: None"),
                                           "tests/test_exercises.py -k nearest_word", "'Right' == 'Not yet'|Right"),
    "checker that rejects the solution": (
        more("course/exercises/start.py", "nearest_word.cases = None; nearest_word.checker = lambda answer: 1 / 0"),
        SOLVED, "is not accepted"),
    "damaged data file": (damaged, "tests/test_data.py -k card_entry", "words.npz"),
    "package missing from the pins": (text("requirements.txt", "anywidget==", "# anywidget=="),
                                      "tests/test_setup.py -k every_pin", "anywidget"),
    "check that does not miss a package": (
        more("course/environment.py", "report = lambda: []"), "tests/test_setup.py -k check_names",
        "Everything this course needs is here"),
}


def copy(folder):
    """The course, as far as its tests need it."""
    for name in ("course", "notebooks", "tests", "conftest.py", "pyproject.toml", "requirements.txt"):
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns(
                "__pycache__", "screenshots", ".ipynb_checkpoints"))
        else:
            shutil.copy(ROOT / name, folder)


def suite(root, arguments):
    """Run a part of the suite in the copy."""
    variables = {name: value for name, value in os.environ.items()
                 if name not in ("CI", "COURSE_STRICT", "COURSE_STRICT_SKIPS") and not name.startswith("PYTEST")}
    return subprocess.run([sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-q", *arguments.split()],
                          cwd=root, env=dict(variables, PYTHONPATH=str(root)), capture_output=True, text=True)


@pytest.mark.slow
@pytest.mark.parametrize("name", [
    pytest.param(name, marks=[pytest.mark.browser] * (where == SEEN)) for name, (_, where, _) in FAULTS.items()])
def test_is_caught(name, tmp_path):
    plant, arguments, says = FAULTS[name]
    copy(tmp_path)
    plant(tmp_path)
    run = suite(tmp_path, arguments)
    shutil.rmtree(tmp_path)
    assert run.returncode == 1 and " failed" in run.stdout, run.stdout + run.stderr
    assert re.search(says, run.stdout), run.stdout
