"""Every notebook: stored form, exercises, links.

nbval runs and compares them, and moves their controls: ../conftest.py.
"""
import functools
import json
import re

import nbformat
import pytest

import course.exercises as engine
from course.recipes import notebooks, pictures
from course.recipes.controls import CELL

PATHS = notebooks.paths()
each = pytest.mark.parametrize("path", PATHS, ids=notebooks.name)
LESSONS = [path for path in PATHS if path.name[0].isdigit()]
each_lesson = pytest.mark.parametrize("path", LESSONS[::-1], ids=notebooks.name)


def sources(path, kind):
    return [cell.source for cell in nbformat.read(path, 4).cells if cell.cell_type == kind]


@each
def test_is_in_the_stored_form(path):
    assert notebooks.problems(path) == []


@pytest.mark.slow
@pytest.mark.parametrize("path", [path for path in LESSONS[::-1] if notebooks.exercises_of(path)], ids=notebooks.name)
def test_runs_with_every_solution_filled_in(path, solved):
    notebook = solved(path)
    for name in notebooks.exercises_of(path):
        verdicts = [str(cell.outputs) for cell in notebook.cells
                    if cell.cell_type == "code" and f"exercises.{name}.check(" in cell.source]
        assert len(verdicts) == 1, f"{name} should be checked once"
        assert f"{engine.RIGHT}." in verdicts[0], f"{name}: the solution is not accepted in the notebook"


@each_lesson
def test_has_the_parts_every_notebook_has(path):
    prose = sources(path, "markdown")
    assert prose[0].startswith("# "), "the question is the title"
    assert "minutes" in prose[0] + prose[1]
    assert any("## What you saw" in text for text in prose)
    if path.parent != notebooks.FOLDER:  # a companion: the rest is up to it
        return
    picture = re.search(r"!\[([^\]]{30,})\]\((images/[\w.]+)\)", prose[0])
    assert picture, "a picture with a sentence that describes it"
    assert (path.parent / picture[2]).is_file(), f"take it: python -m course.recipes.pictures {path.stem[:2]}"
    tagged = [c for c in nbformat.read(path, 4).cells if "opening-picture" in c.metadata.get("tags", [])]
    assert len(tagged) == 1
    if exercises := notebooks.exercises_of(path):
        assert (1 if path.name.startswith("00") else 2) <= len(exercises) <= 4  # in 00 one shows how they work


@functools.cache
def headings():
    """Of each notebook, its headings as JupyterLab links to them."""
    found = {}
    for path in PATHS:
        lines = "\n".join(sources(path, "markdown")).splitlines()
        found[path] = {line.lstrip("# ").strip().replace(" ", "-") for line in lines if line.startswith("#")}
    return found


def bad_links(path, prose):
    """The links of a notebook's text that lead nowhere."""
    for link in re.findall(r"\]\(([^)\s]+)\)", prose):
        file, _, anchor = link.partition("#")
        target = (path.parent / file).resolve() if file else path
        if not link.startswith("http") and (not target.exists() or anchor and anchor not in headings()[target]):
            yield link


@each
def test_links_lead_somewhere(path):
    assert list(bad_links(path, "\n".join(sources(path, "markdown")))) == []


def test_links_that_lead_nowhere_are_found_in_both_folders():
    core, deeper = LESSONS[0], notebooks.FOLDER / "deeper" / "01_more.ipynb"
    prose = f"[a]({core.name}) [b](no.ipynb) [c]({core.name}#no) ![d](images/no.png) [e](https://x.org) [f](#no)"
    assert list(bad_links(core, prose)) == ["no.ipynb", f"{core.name}#no", "images/no.png", "#no"]
    assert list(bad_links(deeper, f"[a]({core.name}) [b](../{core.name})")) == [core.name]


@each
def test_reads_plainly(path):
    assert not re.search(r"\bdelve|\bdive into|\bexciting|\bamazing", "\n".join(sources(path, "markdown")), re.I)


@pytest.mark.parametrize("path", [path for path in LESSONS if path.name.startswith(notebooks.REWRITTEN)],
                         ids=notebooks.name)
def test_pictures_show_what_the_notebook_shows(path):
    assert pictures.problems(path) == []


def test_every_picture_is_of_a_notebook():
    known = {name for path in LESSONS for name in pictures.tagged(path, nbformat.read(path, 4).cells)}
    assert {path.name for path in pictures.FOLDER.glob("*.png")} == known | {"jupyterlab.png"}
    assert set(json.loads(pictures.TAKEN.read_text(encoding="utf-8"))) <= known


def row(path, folder):
    """The row of a notebook in a table of contents that stands in ``folder``."""
    prose = "\n".join(sources(path, "markdown"))
    title, minutes = prose.splitlines()[0].lstrip("# "), re.search(r"\*\*(?:Time|Minutes):\*\* (\d+)", prose)[1]
    label = path.name[:2] + ", deeper" * (path.parent != notebooks.FOLDER)
    return f"| [{label}]({path.relative_to(folder).as_posix()}) | {title} | {minutes} |"


@pytest.mark.parametrize("place", [LESSONS[0], notebooks.FOLDER.parent / "README.md"], ids=["in 00", "in the README"])
def test_tables_of_contents_hold_every_notebook_and_companion(place):
    text = "\n".join(sources(place, "markdown")) if place.suffix == ".ipynb" else place.read_text(encoding="utf-8")
    wanted = [row(path, place.parent) for path in LESSONS if path != place]
    missing = "\n".join(row for row in wanted if row not in text)
    assert not missing, f"{place.name} lacks these rows:\n{missing}"


FORMS = {  # how terms of the glossary stand in a text, where not as they are, with s or es
    "Analogy": "analog(y|ies)", "Basis": "bas[ie]s", "Bias in data": "bias in data", "N-gram": r"\$?n\$?-grams?",
    "Precision and recall": "precision", "Projection": r"project(ions?|ed|ing)", "Quantisation": r"quanti[sz]\w+",
    "Steering": r"steer\w*", "Vocabulary": "vocabular(y|ies)"}


def stands_in(term, prose):
    """Whether a term of the glossary, or a link to its entry, stands in a text."""
    prose = re.sub(r'^\| \[.*$|"Toy Models of Superposition"', "", prose, flags=re.M)  # titles are no use of a term
    form = FORMS.get(term, f"{re.escape(term)}(s|es)?")
    words = re.search(rf"(?<!\w)({form})(?!\w)", re.sub(r"\]\([^)]*\)", "]", prose), 0 if term.isupper() else re.I)
    return bool(words or re.search(rf"(glossary|prerequisites)\.ipynb#{re.escape(term.replace(' ', '-'))}\)", prose))


def wrong_tags(entries, texts):
    """Of entries "## Term ... (05)", those whose number is not of the first text, (number, prose), with the term."""
    for entry in entries:
        term, tag = re.fullmatch(r"## (.+)\n(?s:.*)\((\w+)\)", entry).groups()
        first = next((number for number, prose in texts if stands_in(term, prose)), "no notebook")
        if tag != first:
            yield f"{term}: ({tag}), and it first stands in {first}"


def test_the_glossary_names_the_notebook_in_which_a_term_first_stands():
    entries = sources(notebooks.FOLDER / "glossary.ipynb", "markdown")[1:]
    last = sorted(LESSONS, key=lambda path: path.name.startswith("09"))  # optional, and after the companions
    texts = [(path.name[:2], "\n".join(sources(path, "markdown"))) for path in last]
    wrong = "; ".join(wrong_tags(entries, texts))
    assert not wrong, wrong
    terms = [entry.splitlines()[0].casefold().replace("²", "") for entry in entries]
    assert terms == sorted(terms)


def test_a_wrong_tag_of_the_glossary_is_found():
    texts = [("00", "A basis, ReLUs and [many](glossary.ipynb#Latent)."), ("01", "Two bases, a relation, an n-gram.")]
    entries = ["## Basis\nA (set). (01)", "## ReLU\nA bend. (01)", "## Latent\nOne. (00)", "## N-gram\nRun. (01)",
               "## AUC\nArea. (01)"]
    assert list(wrong_tags(entries, texts)) == [
        "Basis: (01), and it first stands in 00", "ReLU: (01), and it first stands in 00",
        "AUC: (01), and it first stands in no notebook"]


def test_sentences_are_stored_for_every_notebook_and_no_other():
    assert set(json.loads(notebooks.SAID.read_text(encoding="utf-8"))) == {
        notebooks.name(path) for path in PATHS if sources(path, "code")}


# Tests of the tests: each planted fault must be found.

FOLD = pictures.FOLD.replace("A sentence", "A sentence that describes what is seen.")


@pytest.mark.parametrize("fault, complaint", [
    (lambda cells, taken, says, folder: None, ""),
    (lambda cells, taken, says, folder: cells[0].update(source="# No picture"), "does not stand where"),
    (lambda cells, taken, says, folder: cells[2].update(source="Text."), "does not stand where"),
    (lambda cells, taken, says, folder: cells[2].update(cell_type="raw"), "does not stand where"),
    (lambda cells, taken, says, folder: (folder / "06_a_2.png").unlink(), "is missing"),
    (lambda cells, taken, says, folder: (folder / "06_a_2.png").write_bytes(bytes(200_000)), "larger than"),
    (lambda cells, taken, says, folder: cells[1].update(id="another"), "not from this cell"),
    (lambda cells, taken, says, folder: taken.pop("06_a_2.png"), "not from this cell"),
    (lambda cells, taken, says, folder: says.remove("Two #."), "no figure says “Two #.”"),
    (lambda cells, taken, says, folder: says.reverse(), "no figure says “One #.”"),
], ids=["none", "opening unnamed", "kept unnamed", "no text", "no file", "large", "other cell", "no entry",
        "other sentence", "other order"])
def test_a_picture_that_does_not_fit_is_found(tmp_path, monkeypatch, fault, complaint):
    monkeypatch.setattr(notebooks, "FOLDER", tmp_path)
    cells = [nbformat.v4.new_markdown_cell("# A?\n\n![A sentence that describes what is seen.](images/06_a.png)"),
             nbformat.v4.new_code_cell("show(2)", metadata={"tags": ["kept-picture"]}, id="two"),
             nbformat.v4.new_markdown_cell(FOLD.replace("NAME", "06_a_2.png") + "\n\nText."),
             nbformat.v4.new_code_cell("show(1)", metadata={"tags": ["opening-picture"]}, id="one")]
    taken = {"06_a.png": dict(cell="one", sentence="One #."), "06_a_2.png": dict(cell="two", sentence="Two #.")}
    says = ["Zero.", "Two #.", "Between.", "One #."]
    for name in taken:
        (tmp_path / name).write_bytes(b"")
    fault(cells, taken, says, tmp_path)
    nbformat.write(nbformat.v4.new_notebook(cells=cells), tmp_path / "06_a.ipynb")
    (tmp_path / "sentences.json").write_text(json.dumps(taken))
    (tmp_path / "said.json").write_text(json.dumps({"06_a": says}))
    found = pictures.problems(tmp_path / "06_a.ipynb", tmp_path, tmp_path / "said.json")
    assert len(found) == bool(complaint) and all(complaint in line for line in found)


def run_cells(folder, *cells):
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
    assert json.loads(done.cells[-1].outputs[-1].text) == {
        "torch": False, "sentences": ["k = 2"], "moves": 4, "dead": []}


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
    (lambda nb: nb.cells[0].metadata.update(jupyter={"source_hidden": True}), "no comment that says"),
])
def test_a_notebook_out_of_form_is_found(tmp_path, fault, complaint):
    path = tmp_path / "a.ipynb"
    one = nbformat.v4.new_output("stream", text="1\n")
    done = notebooks.stored(nbformat.v4.new_notebook(cells=[
        nbformat.v4.new_code_cell("print(1)", execution_count=1, outputs=[one])]))
    path.write_text(notebooks.text(done))
    assert notebooks.problems(path) == []
    fault(done)
    nbformat.write(done, path)
    assert any(complaint in line for line in notebooks.problems(path))


def test_printed_text_is_stored_in_one_piece(tmp_path):
    cell = "import sys, time\nfor k in range(3):\n    print(k)\n    sys.stdout.flush()\n    time.sleep(0.3)"
    done = notebooks.run(nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell)]), tmp_path)
    assert [output.text for output in notebooks.stored(done).cells[0].outputs] == ["0\n1\n2\n"]


@pytest.mark.parametrize("ask", ["predict('?', ['a', 'b'])", "predict_number('?', below=[1])"])
def test_what_gives_a_guess_away_is_folded_up(ask):
    def printing(text):
        return nbformat.v4.new_code_cell(f"print('{text}')", execution_count=1,
                                         outputs=[nbformat.v4.new_output("stream", text=text)])
    run = nbformat.v4.new_notebook(cells=[
        printing("before"), nbformat.v4.new_code_cell(f"guess = {ask}\nguess"), nbformat.v4.new_markdown_cell("Go on."),
        printing("it is a"), nbformat.v4.new_code_cell("guess.reveal('a', 'So.')"), printing("a, as you saw"),
        nbformat.v4.new_markdown_cell("And so on."), printing("after")])
    done = notebooks.stored(run)
    assert [k for k, cell in enumerate(done.cells) if "jupyter" in cell.metadata] == [3, 5]
    assert done == notebooks.stored(done)


def test_a_folded_source_stays_folded_and_may_be_long(tmp_path):
    cell = nbformat.v4.new_code_cell("# Words for the plot.\n" + "x = 1\n" * 30 + "x",
                                     metadata={"jupyter": {"source_hidden": True, "outputs_hidden": False}})
    done = notebooks.stored(nbformat.v4.new_notebook(cells=[cell]))
    assert done.cells[0].metadata == {"jupyter": {"source_hidden": True}}
    (tmp_path / "06_a.ipynb").write_text(notebooks.text(done))
    assert notebooks.problems(tmp_path / "06_a.ipynb") == []


def test_in_rewritten_notebooks_eight_lines_are_a_rule(tmp_path):
    for lines, name, found in ((8, "06_a", False), (9, "06_a", True), (9, "99_a", False)):
        cell = nbformat.v4.new_code_cell("\n".join(["x = 1"] * lines))
        (tmp_path / f"{name}.ipynb").write_text(
            notebooks.text(notebooks.stored(nbformat.v4.new_notebook(cells=[cell]))))
        assert ("cell 0 has more than 8 lines" in notebooks.problems(tmp_path / f"{name}.ipynb")) == found


def test_numbers_of_a_sentence_may_differ_and_words_may_not():
    printed = json.dumps({"sentences": ["At k = -1,024.5 it is .3 and 5 % of 12 features."]})
    assert notebooks.sentences(printed) == ["At k = # it is # and # % of # features."]


PNG = nbformat.v4.new_output("display_data", {"image/png": ""})


@pytest.mark.parametrize("outputs, complaint", [
    ([nbformat.v4.new_output("stream", text="1\n")], ""),
    ([nbformat.v4.new_output("stream", text="2\n")], "stored otherwise"),
    ([], "stored otherwise"),
    ([PNG], "stored otherwise"),
    ([nbformat.v4.new_output("stream", text="1\n"), PNG], "prints and shows"),
    ([nbformat.v4.new_output("stream", text="1\n", name="stderr")], "warning"),
    ([nbformat.v4.new_output("display_data", {"text/html": '<div class="course-broken">'})], "broken"),
], ids=str)
def test_a_run_that_differs_from_what_is_stored_is_found(outputs, complaint):
    cell = nbformat.v4.new_code_cell("print(1)", execution_count=3, outputs=[
        nbformat.v4.new_output("stream", text="1\n")])
    said = notebooks.differs(cell, outputs, 3)
    assert complaint in said and bool(said) == bool(complaint)


def test_a_cell_stored_as_showing_that_prints_is_found():
    cell = nbformat.v4.new_code_cell("print(1)")
    assert notebooks.differs(cell, [PNG], 1) == ""
    assert "otherwise" in notebooks.differs(cell, [nbformat.v4.new_output("stream", text="1\n")], 1)


def test_a_damaged_notebook_is_found(tmp_path):
    (tmp_path / "a.ipynb").write_text("{not json")
    assert "not a readable notebook" in notebooks.problems(tmp_path / "a.ipynb")[0]
