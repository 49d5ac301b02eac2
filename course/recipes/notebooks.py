"""Run notebooks and write them back in the form in which they are kept in git.

``python -m course.recipes.notebooks``            run all, write back
``python -m course.recipes.notebooks 02 03``      only those
``python -m course.recipes.notebooks --check``    run nothing, list what is out of form
``python -m course.recipes.notebooks --count``    run nothing, count what a reader meets in each

The stored form: printed text and plain or HTML results stay, and nbval compares them.
Pictures, widgets, widget state, times and random ids go. A cell prints or shows, never
both: a cell that shows is stored without outputs and without a number, and nbval then has
nothing to compare it with. What is printed between a guess and the text after its answer is
stored folded up, so that nobody reads it before guessing; JupyterLab unfolds it when the cell runs.
A cell that is there but is not the point may have its source folded; its first line says what it does.

The sentences under the pictures go, numbers left out, into ``tests/sentences.json``, where the tests
find what the notebooks no longer hold.
"""
from __future__ import annotations

import argparse
import hashlib
import importlib
import json
import pathlib
import re
import sys

import nbformat

from ..exercises import Exercise
from .controls import SENTENCES

FOLDER = pathlib.Path(__file__).parents[2] / "notebooks"
_KEPT = {"text/plain", "text/html"}
_KERNEL = {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"}
LONGEST_CELL, AIM = 16, 8  # lines of a cell in view
REWRITTEN = ("00", "01", "02", "03", "04", "05", "06", "07", "08", "09", "prerequisites")  # the aim is a rule in them
SAID = FOLDER.parent / "tests" / "sentences.json"
HANG = 600  # seconds after which a cell hangs for sure, on the slowest machine


def paths(names=()) -> list[pathlib.Path]:
    """All notebooks, companions last; or those whose file name starts with one of ``names``."""
    found = sorted(FOLDER.glob("*.ipynb")) + sorted(FOLDER.glob("deeper/*.ipynb"))
    missing = [n for n in names if not any(p.name.startswith(n) for p in found)]
    if missing:
        raise SystemExit(f"No notebook begins with {', '.join(missing)}.")
    return [p for p in found if not names or p.name.startswith(tuple(names))]


def execute(path: pathlib.Path, extra: str = "") -> nbformat.NotebookNode:
    """The notebook at ``path``, run from top to bottom in a kernel of its own; ``extra`` as a last cell."""
    return run(nbformat.read(path, 4), path.parent, extra)


def run(notebook, folder, extra: str = ""):
    """Run ``notebook`` in ``folder``; raises at the first cell that fails."""
    from nbclient import NotebookClient

    if extra:
        notebook.cells.append(nbformat.v4.new_code_cell(extra))
    NotebookClient(notebook, timeout=HANG, startup_timeout=HANG, kernel_name="python3",
                   resources={"metadata": {"path": str(folder)}}).execute()
    return notebook


def exercises_of(path: pathlib.Path) -> dict[str, Exercise]:
    """The exercises of the module that the notebook imports as ``exercises``, by name."""
    code = "\n".join(cell.source for cell in nbformat.read(path, 4).cells if cell.cell_type == "code")
    if not (found := re.search(r"from course\.exercises import (\w+) as exercises", code)):
        return {}
    module = importlib.import_module(f"course.exercises.{found[1]}")
    return {name: value for name, value in vars(module).items() if isinstance(value, Exercise)}


def solved(path: pathlib.Path):
    """The notebook at ``path``, run with all solutions filled in; raises ``ValueError`` where an exercise has no cell
    that is its stub."""
    notebook = nbformat.read(path, 4)
    for name, exercise in exercises_of(path).items():
        cells = [cell for cell in notebook.cells if cell.cell_type == "code" and cell.source == exercise.stub]
        if len(cells) != 1:
            raise ValueError(f"the stub of {name} should be one cell of {path.name}, as it stands in the module")
        cells[0].source = exercise.solution_source
    return run(notebook, path.parent)


def shows(cell) -> bool:
    """Whether a run cell showed something that is not text."""
    return any(set(output.get("data", {})) - _KEPT for output in cell.outputs
               if output.output_type in ("display_data", "execute_result"))


def folded(cell) -> bool:
    """Whether the source of a cell is stored folded up."""
    return bool(cell.metadata.get("jupyter", {}).get("source_hidden"))


def stored(notebook):
    """``notebook``, as it was run, in the form that is kept in git (a new object)."""
    cells, seen, guess, revealed = [], {}, None, False
    for cell in notebook.cells:
        digest = hashlib.sha256(f"{cell.cell_type}\n{cell.source}".encode()).hexdigest()[:8]
        seen[digest] = seen.get(digest, 0) + 1  # an id changes only with its cell
        new = nbformat.NotebookNode(id=f"{digest}-{seen[digest]}", cell_type=cell.cell_type,
                                    metadata=_metadata(cell), source=cell.source)
        if cell.cell_type == "code":
            new.update(execution_count=None, outputs=[])
            if not shows(cell):
                new.execution_count = cell.execution_count
                new.outputs = _outputs(cell.outputs)
            if folded(cell):
                new.metadata.jupyter = {"source_hidden": True}
            if guess and new.outputs:
                new.metadata.jupyter = {**new.metadata.get("jupyter", {}), "outputs_hidden": True}
            if asked := re.search(r"^(\w+) = predict(?:_number)?\(", cell.source, re.MULTILINE):
                guess = asked[1]
            revealed |= f"{guess}.reveal(" in cell.source
        elif revealed:
            guess, revealed = None, False
        cells.append(new)
    return nbformat.NotebookNode(cells=cells, nbformat=4, nbformat_minor=5, metadata=nbformat.from_dict(
        {"kernelspec": _KERNEL, "language_info": {"name": "python"}}))


def _metadata(cell):
    tags = cell.metadata.get("tags", [])
    return nbformat.NotebookNode(tags=tags) if tags else nbformat.NotebookNode()


def _outputs(outputs):
    """Without metadata; printed text in one piece, since how it is cut depends on the moment."""
    kept = []
    for output in outputs:
        output = nbformat.from_dict(output)
        if "metadata" in output:
            output.metadata = nbformat.NotebookNode()
        if kept and output.output_type == "stream" and kept[-1].get("name") == output.name:
            kept[-1].text += output.text
        else:
            kept.append(output)
    return kept


def text(notebook) -> str:
    """The bytes of a stored notebook, as text."""
    return nbformat.writes(notebook, 4) + "\n"


def problems(path: pathlib.Path) -> list[str]:
    """What keeps a notebook in git from being in the stored form; empty when it is."""
    try:
        raw = path.read_text(encoding="utf-8")
        notebook = nbformat.reads(raw, 4)
        nbformat.validate(notebook)
    except Exception as error:
        return [f"not a readable notebook ({type(error).__name__})"]
    found = []
    if "widgets" in notebook.metadata:
        found.append("widget state is stored")
    count = 0
    for k, cell in enumerate(notebook.cells):
        if cell.cell_type != "code":
            continue
        count += 1
        longest = AIM if path.name.startswith(REWRITTEN) else LONGEST_CELL
        if folded(cell):
            if not re.match(r"#+ *\w", cell.source):
                found.append(f"cell {k} is folded, and its first line is no comment that says what it does")
        elif len(cell.source.splitlines()) > longest:
            found.append(f"cell {k} has more than {longest} lines")
        if shows(cell):
            found.append(f"cell {k} stores a picture or a widget")
        if any(o.output_type == "error" or o.get("name") == "stderr" for o in cell.outputs):
            found.append(f"cell {k} stores an error or a warning")
        if cell.execution_count not in (None, count):
            found.append(f"cell {k} was not run in order")
        if cell.outputs and cell.execution_count is None:
            found.append(f"cell {k} has outputs but no number")
    if not found and raw != text(stored(notebook)):
        found.append("ids, metadata or layout differ from the stored form")
    return found


def mixed(notebook) -> list[int]:
    """Cells of a run notebook that both print and show, or that write to stderr."""
    def prints(cell):
        return any(o.output_type == "stream" or o.output_type == "execute_result" and set(o.data) <= _KEPT
                   for o in cell.outputs)
    return [k for k, cell in enumerate(notebook.cells) if cell.cell_type == "code" and (
        shows(cell) and prints(cell) or any(o.get("name") == "stderr" for o in cell.outputs))]


def differs(cell, outputs, number: int) -> str:
    """What is wrong where a stored cell, the ``number``-th of code, was run and gave ``outputs``; "" if nothing."""
    outputs = [nbformat.from_dict(dict(o, execution_count=number) if o.output_type == "execute_result" else o)
               for o in outputs]
    done = nbformat.NotebookNode(dict(cell), outputs=outputs, execution_count=number)
    if mixed(nbformat.NotebookNode(cells=[done])):
        return "this cell prints and shows, or writes a warning"
    if "course-broken" in str(outputs):
        return "a demo is broken"
    again = stored(nbformat.NotebookNode(cells=[done])).cells[0]
    if (again.outputs, again.execution_count) != (cell.outputs, cell.execution_count):
        return "a fresh run would be stored otherwise"
    return ""


def uses_torch(path: pathlib.Path) -> bool:
    """Whether the cells of a notebook name torch, or a module of the course that needs it."""
    modules = "(game|packing|sae|shapes|toy|transformer)"
    return any(re.search(rf"\btorch\b|course import .*\b{modules}\b|course\.{modules}\b", cell.source)
               for cell in nbformat.read(path, 4).cells if cell.cell_type == "code")


def sentences(printed: str) -> list[str]:
    """What stands under the pictures of a run notebook, numbers masked.

    ``printed``: what a last cell, :data:`SENTENCES` or more, printed.
    """
    return [masked(sentence) for sentence in json.loads(printed)["sentences"]]


def masked(sentence: str) -> str:
    """``sentence`` with # for every number: they may differ a little from one processor to the next, words may not."""
    return re.sub(r"[-−+]?(\d[\d,]*)?[.]?\d+", "#", sentence)


def name(path: pathlib.Path) -> str:
    """Such as ``06_toy_superposition`` or ``deeper/06_more``."""
    return path.relative_to(FOLDER).with_suffix("").as_posix()


def count(path: pathlib.Path) -> dict[str, object]:
    """What a reader of one notebook meets."""
    cells = nbformat.read(path, 4).cells
    prose = "\n".join(cell.source for cell in cells if cell.cell_type == "markdown")
    code = [cell.source.splitlines() for cell in cells if cell.cell_type == "code" and not folded(cell)]
    stated = re.search(r"(\w+) minutes", prose)
    return {"code lines": sum(map(len, code)), f"cells over {AIM}": sum(len(lines) > AIM for lines in code),
            "words": len(re.findall(r"\w+(?:['’-]\w+)*", re.sub(r"\]\([^)]*\)", "", prose))),
            "shapes": sum(bool(re.search(r"#.*\(\w[\w ]*,[^()]*\)", line)) for lines in code for line in lines),
            "minutes": stated[1] if stated else "-"}


def main(argv=None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", help="beginnings of file names, such as 02")
    parser.add_argument("--check", action="store_true", help="run nothing, only list what is out of form")
    parser.add_argument("--count", action="store_true", help="run nothing, only count")
    options = parser.parse_args(argv)
    if options.count:
        for path in paths(options.names):
            print(f"{name(path):34}", *(f"{value:>5} {what}" for what, value in count(path).items()), sep="  ")
        return 0
    bad = 0
    for path in paths(options.names):
        if not options.check:
            notebook = execute(path, extra=SENTENCES + "print(_json.dumps(dict(sentences=_sentences)))")
            printed = notebook.cells.pop().outputs[0].text
            if wrong := mixed(notebook):
                print(f"{path.name}: cells {wrong} print and show, or write a warning; not written", flush=True)
                bad += 1
                continue
            path.write_text(text(stored(notebook)), encoding="utf-8", newline="\n")
            said = json.loads(SAID.read_text(encoding="utf-8")) if SAID.exists() else {}
            if any(cell.cell_type == "code" for cell in notebook.cells):
                said[name(path)] = sentences(printed)
            said = {name(p): said[name(p)] for p in paths() if name(p) in said}
            SAID.write_text(json.dumps(said, indent=1, ensure_ascii=False) + "\n", encoding="utf-8", newline="\n")
        complaints = problems(path)
        bad += bool(complaints)
        print(f"{path.name}: {'; '.join(complaints) or 'in the stored form'}", flush=True)
    return bool(bad)


if __name__ == "__main__":
    sys.exit(main())
