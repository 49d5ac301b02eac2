"""Every notebook: stored form, controls, exercises, links. (nbval runs and compares them besides.)"""
import json
import re

import nbformat
import pytest
from wiggle import CELL

import course.exercises as engine
from course.recipes import notebooks

PATHS = notebooks.paths()
each = pytest.mark.parametrize("path", PATHS, ids=lambda path: path.stem)
LESSONS = [path for path in PATHS if path.name[0].isdigit() and path.parent == notebooks.FOLDER]
each_lesson = pytest.mark.parametrize("path", LESSONS, ids=lambda path: path.stem)


def sources(path, kind):
    return [cell.source for cell in nbformat.read(path, 4).cells if cell.cell_type == kind]


def exercises_of(path):
    """The exercises of the module that the notebook imports as ``exercises``."""
    found = re.search(r"from course\.exercises import (\w+) as exercises", "\n".join(sources(path, "code")))
    if not found:
        return {}
    module = __import__(f"course.exercises.{found[1]}", fromlist=["_"])
    return {name: value for name, value in vars(module).items() if isinstance(value, engine.Exercise)}


@each
def test_is_in_the_stored_form(path):
    assert notebooks.problems(path) == []


# What a notebook of the course loads torch with; the others must not wait for it.
TORCH = r"\btorch\b|course(?: import .*\b|\.)(?:game|packing|sae|shapes|toy|transformer)\b"
LOADED = "import sys\nprint('torch' in sys.modules)"


@pytest.mark.apart
@each
def test_runs_with_every_solution_and_every_control_works(path):
    """One run for all that asks for one, but what nbval and the browser see."""
    exercises, kept = exercises_of(path), nbformat.read(path, 4)
    notebook = nbformat.read(path, 4)
    for name, exercise in exercises.items():
        cells = [cell for cell in notebook.cells if cell.cell_type == "code" and cell.source == exercise.stub]
        assert len(cells) == 1, f"the stub of {name} should be one cell of {path.name}, as it stands in the module"
        cells[0].source = exercise.solution_source
    notebook.cells.append(nbformat.v4.new_code_cell(LOADED))
    notebook = notebooks.run(notebook, path.parent, extra=CELL)
    moved, loaded = notebook.cells.pop(), notebook.cells.pop()
    assert notebooks.mixed(notebook) == [], "these cells print and show"
    report = json.loads(moved.outputs[-1].text)
    assert report["dead"] == [], "these controls change nothing"
    assert not any(cell.get("outputs") and "course-broken" in str(cell.outputs) for cell in notebook.cells)
    uses = bool(re.search(TORCH, "\n".join(sources(path, "code"))))
    assert uses or loaded.outputs[0].text.strip() == "False", f"{path.name} loads torch and does not use it"
    for name in exercises:
        verdicts = [str(cell.outputs) for cell in notebook.cells
                    if cell.cell_type == "code" and f"exercises.{name}.check(" in cell.source]
        assert len(verdicts) == 1, f"{name} should be checked once"
        assert f"{engine.RIGHT}." in verdicts[0], f"{name}: the solution is not accepted in the notebook"
    for cell, new in zip(kept.cells, notebooks.stored(notebook).cells, strict=True):
        if cell.cell_type == "code" and "exercises." not in cell.source:  # whatever a learner answered
            assert new.outputs == cell.outputs, f"with the solutions this cell prints something else: {cell.source}"


@each_lesson
def test_has_the_parts_every_notebook_has(path):
    prose = sources(path, "markdown")
    assert prose[0].startswith("# "), "the question is the title"
    picture = re.search(r"!\[([^\]]{30,})\]\((images/[\w.]+)\)", prose[0])
    assert picture, "a picture with a sentence that describes it"
    assert (path.parent / picture[2]).is_file(), f"take it: python -m course.recipes.pictures {path.stem[:2]}"
    assert "minutes" in prose[0] + prose[1]
    assert any("## What you saw" in text for text in prose)
    tagged = [c for c in nbformat.read(path, 4).cells if "opening-picture" in c.metadata.get("tags", [])]
    assert len(tagged) == 1
    if exercises := exercises_of(path):
        assert 2 <= len(exercises) <= 4


@each
def test_links_lead_somewhere(path):
    headings = {}
    for target in PATHS:
        lines = "\n".join(sources(target, "markdown")).splitlines()
        headings[target] = {line.lstrip("# ").strip().replace(" ", "-") for line in lines if line.startswith("#")}
    for label, link in re.findall(r"\[([^\]]+)\]\(([^)\s]+)\)", "\n".join(sources(path, "markdown"))):
        if link.startswith("http"):
            continue
        file, _, anchor = link.partition("#")
        target = (path.parent / file).resolve() if file else path
        assert target.exists(), f"[{label}] leads to {file}, which does not exist"
        if anchor:
            assert anchor in headings[target], f"[{label}] leads to {link}: no such heading"


@each
def test_reads_plainly(path):
    prose = "\n".join(sources(path, "markdown"))
    assert not re.search(r"\bdelve|\bdive into|\bexciting|\bamazing", prose, re.I)


# Tests of the tests: each planted fault must be found.

def run_cells(folder, *cells):
    """A notebook of these cells, run, and its controls moved."""
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source) for source in cells])
    return notebooks.run(notebook, folder, extra=CELL)


DEMO = """
from course.widgets import live, slider
from course.style import figure
def picture(k):
    {body}
live(picture, k=slider(0, 10, 2, "k"))
"""


def test_a_working_demo_passes(tmp_path):
    done = run_cells(tmp_path, DEMO.format(body="return figure(), f'k = {k}'"))
    assert json.loads(done.cells[-1].outputs[-1].text) == {"moves": 4, "dead": []}


@pytest.mark.parametrize("cell", [
    DEMO.format(body="return figure(), f'{1 / (10 - k)}'"),
    "import ipywidgets as W\ns = W.IntSlider()\ns.observe(lambda change: 1 / 0, 'value')\ns",
], ids=["in a demo", "in a plain observer"])
def test_a_broken_callback_is_found(tmp_path, cell):
    with pytest.raises(Exception, match="ZeroDivisionError"):
        run_cells(tmp_path, cell)


def test_a_dead_slider_is_found(tmp_path):
    done = run_cells(tmp_path, DEMO.format(body="return figure(), 'always the same'"))
    assert json.loads(done.cells[-1].outputs[-1].text)["dead"] == ["k"]


@pytest.mark.parametrize("fault, complaint", [
    (lambda nb: nb.metadata.update(widgets={}), "widget state"),
    (lambda nb: nb.cells[0].update(id="somebody"), "ids, metadata or layout"),
    (lambda nb: nb.cells[0].metadata.update(collapsed=True), "ids, metadata or layout"),
    (lambda nb: nb.cells[0].update(execution_count=7), "not run in order"),
    (lambda nb: nb.cells[0].outputs.append(nbformat.v4.new_output("display_data", {"image/png": "x"})), "picture"),
    (lambda nb: nb.cells[0].outputs.append(nbformat.v4.new_output("stream", name="stderr", text="oh")), "warning"),
    (lambda nb: nb.cells[0].update(source="\n".join("x = 1" for _ in range(30))), "more than"),
])
def test_a_notebook_out_of_form_is_found(tmp_path, fault, complaint):
    path = tmp_path / "a.ipynb"
    done = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("print(1)")])
    done = notebooks.stored(notebooks.run(done, tmp_path))
    path.write_text(notebooks.text(done))
    assert notebooks.problems(path) == []
    fault(done)
    nbformat.write(done, path)
    assert any(complaint in line for line in notebooks.problems(path))


def test_printed_text_is_stored_in_one_piece(tmp_path):
    cell = "import sys, time\nfor k in range(3):\n    print(k)\n    sys.stdout.flush()\n    time.sleep(0.3)"
    done = notebooks.run(nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell)]), tmp_path)
    assert [output.text for output in notebooks.stored(done).cells[0].outputs] == ["0\n1\n2\n"]


def test_what_gives_a_guess_away_is_folded_up(tmp_path):
    new = nbformat.v4.new_notebook(cells=[
        nbformat.v4.new_code_cell("print('before')"),
        nbformat.v4.new_code_cell("from course.widgets import predict\nguess = predict('?', ['a', 'b'])\nguess"),
        nbformat.v4.new_markdown_cell("Now run on."),
        nbformat.v4.new_code_cell("print('it is a')"),
        nbformat.v4.new_code_cell("guess.reveal('a', 'So.')"),
        nbformat.v4.new_code_cell("print('a, as you saw')"),
        nbformat.v4.new_markdown_cell("And so on."),
        nbformat.v4.new_code_cell("print('after')")])
    done = notebooks.stored(notebooks.run(new, tmp_path))
    assert [k for k, cell in enumerate(done.cells) if "jupyter" in cell.metadata] == [3, 5]
    assert done == notebooks.stored(done)


def test_a_cell_that_prints_and_shows_is_found(tmp_path):
    cell = "from IPython.display import Image, display\nprint(1)\ndisplay({'image/png': ''}, raw=True)"
    done = notebooks.run(nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell)]), tmp_path)
    assert notebooks.mixed(done) == [0]


def test_a_damaged_notebook_is_found(tmp_path):
    (tmp_path / "a.ipynb").write_text("{not json")
    assert "not a readable notebook" in notebooks.problems(tmp_path / "a.ipynb")[0]
