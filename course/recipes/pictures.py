"""Take the pictures of each notebook, for those who read before they run, from a real run in JupyterLab.

``python -m course.recipes.pictures [02 03 …]`` opens the notebooks in a headless Chromium, runs each once, and
writes into ``notebooks/images/`` what the tagged cells show:

- ``opening-picture``, one cell: ``STEM.png``, named in the notebook's first cell.
- ``kept-picture``, further cells: ``STEM_2.png``, ``STEM_3.png`` … in order. The cell after each is text and begins
  with :data:`FOLD`, which a reader can open.
- with ``without-words`` too, the figure alone, where the sentence below it would answer what the notebook asks.

The sentence under each picture goes, numbers masked, into ``notebooks/images/sentences.json``, with the id of the
cell. :func:`problems` compares them with the notebook and with ``tests/sentences.json``, and that is compared with
every run of the tests: so a picture that is out of date is found without a run.

Maintainers only: needs Playwright and Chromium.
"""
from __future__ import annotations

import json
import re
import sys

import nbformat

from . import browser, notebooks

FOLDER = notebooks.FOLDER / "images"
TAKEN = FOLDER / "sentences.json"
FOLD = "<details><summary>The picture, from a run</summary>\n\n![A sentence](images/NAME)\n\n</details>"
LARGEST = 150_000  # bytes; most take a third of it, hatched bars nearly all


def tagged(path, cells) -> dict[str, int]:
    """The pictures of a notebook, in the order of its cells: name of the file -> number of the cell."""
    opening = [k for k, cell in enumerate(cells) if "opening-picture" in cell.metadata.get("tags", [])]
    kept = [k for k, cell in enumerate(cells) if "kept-picture" in cell.metadata.get("tags", [])]
    found = {f"{path.stem}.png": opening[0]} if opening else {}
    found |= {f"{path.stem}_{n}.png": k for n, k in enumerate(kept, 2)}
    return dict(sorted(found.items(), key=lambda item: item[1]))


def problems(path, folder=FOLDER, said=notebooks.SAID) -> list[str]:
    """What is wrong with the pictures of the notebook at ``path``; runs nothing.

    ``folder``: where pictures and their sentences are. ``said``: what stands under all figures of the last run.
    """
    cells = nbformat.read(path, 4).cells
    taken = json.loads((folder / "sentences.json").read_text(encoding="utf-8"))
    rest = json.loads(said.read_text(encoding="utf-8"))[notebooks.name(path)]
    again = f"take it: python -m course.recipes.pictures {path.stem[:2]}"
    found = []
    for name, k in tagged(path, cells).items():
        if name == f"{path.stem}.png":
            named = re.search(rf"!\[[^\]]{{30,}}\]\(images/{re.escape(name)}\)", cells[0].source)
        else:
            fold = re.escape(FOLD).replace(re.escape("A sentence"), r"[^\]]{30,}").replace("NAME", re.escape(name))
            named = cells[k + 1:] and cells[k + 1].cell_type == "markdown" and re.match(fold, cells[k + 1].source)
        entry = taken.get(name, {})
        if not named:
            found.append(f"{name} does not stand where it should, with a sentence that describes it")
        elif not (folder / name).is_file():
            found.append(f"{name} is missing; {again}")
        elif (folder / name).stat().st_size > LARGEST:
            found.append(f"{name} is larger than {LARGEST:,} bytes")
        elif entry.get("cell") != cells[k].id:
            found.append(f"{name} is not from this cell as it stands now; {again}")
        elif entry["sentence"] not in rest:
            found.append(f"{name} is out of date: no figure says “{entry['sentence']}”; {again}")
        else:  # figures stand in order
            rest = rest[rest.index(entry["sentence"]) + 1:]
    return found


def take(lab, path) -> dict[str, dict[str, str]]:
    """Take the pictures of one notebook; returns their entries in :data:`TAKEN`."""
    page = lab.open(f"notebooks/{notebooks.name(path)}.ipynb", width=1100)
    page.run_all()
    # The pictures that are about to be taken may be missing, and only those.
    if complaints := [text for text in page.complaints() if f"images/{path.stem}" not in text]:
        raise SystemExit(f"{path.name}: {complaints}")
    cells, entries = nbformat.read(path, 4).cells, {}
    for name, k in tagged(path, cells).items():
        output = page.page.locator(".jp-Notebook .jp-Cell").nth(k).locator(".course-demo, .course-figure").first
        sentence = output.locator(".course-sentence").text_content()
        if "without-words" in cells[k].metadata["tags"]:
            output = output.locator(".js-plotly-plot").first
        output.scroll_into_view_if_needed()
        page.page.mouse.move(0, 0)
        page.page.wait_for_timeout(500)
        output.screenshot(path=FOLDER / name)
        entries[name] = dict(cell=cells[k].id, sentence=notebooks.masked(sentence))
    if path.name.startswith("02"):  # the README shows the whole window, on the first thing to play with
        page.page.set_viewport_size({"width": 1280, "height": 860})
        page.demos().first.scroll_into_view_if_needed()
        page.page.wait_for_timeout(1000)
        page.page.screenshot(path=FOLDER / "jupyterlab.png")
    page.close()
    return entries


def main(names=()) -> int:
    if not browser.chromium():
        print("Chromium is missing; on Debian: apt-get install chromium")
        return 1
    FOLDER.mkdir(exist_ok=True)
    with browser.lab(notebooks.FOLDER.parent) as lab:
        for path in notebooks.paths(names):
            if tagged(path, nbformat.read(path, 4).cells):  # companions need not have one
                taken = json.loads(TAKEN.read_text(encoding="utf-8")) if TAKEN.exists() else {}
                taken = {name: entry for name, entry in taken.items() if not of(path, name)} | take(lab, path)
                TAKEN.write_text(json.dumps(dict(sorted(taken.items())), indent=1, ensure_ascii=False) + "\n",
                                 encoding="utf-8", newline="\n")
                for old in FOLDER.glob("*.png"):
                    if of(path, old.name) and old.name not in taken:
                        old.unlink()
                print(f"{path.name}: {'; '.join(problems(path)) or 'pictures taken'}", flush=True)
    return 0


def of(path, name: str) -> bool:
    """Whether a picture's file name is one of the notebook at ``path``."""
    return bool(re.fullmatch(rf"{re.escape(path.stem)}(_\d+)?\.png", name))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
