"""Take each notebook's opening picture from a real run in JupyterLab.

``python -m course.recipes.pictures [02 03 …]`` opens the notebooks in a headless Chromium,
runs them, and writes a picture of the output of the cell tagged ``opening-picture`` to
``notebooks/images/``; of its figure alone where it is tagged ``without-words`` too, so that the sentence below does not
answer what the notebook asks. Maintainers only: needs Playwright and Chromium.
"""
from __future__ import annotations

import sys

import nbformat

from . import browser, notebooks


def take(lab, path) -> str:
    """Take the opening picture of one notebook; returns the name of the file."""
    page = lab.open(f"notebooks/{notebooks.name(path)}.ipynb", width=1100)
    page.run_all()
    # The picture that is about to be taken may be missing, and only that.
    if complaints := [text for text in page.complaints() if f"images/{path.stem}.png" not in text]:
        raise SystemExit(f"{path.name}: {complaints}")
    cells = nbformat.read(path, 4).cells
    tagged = [k for k, cell in enumerate(cells) if "opening-picture" in cell.metadata.get("tags", [])]
    cell = page.page.locator(".jp-Notebook .jp-Cell").nth(tagged[0])
    alone = "without-words" in cells[tagged[0]].metadata["tags"]
    output = cell.locator(".js-plotly-plot" if alone else ".course-demo, .course-figure").first
    output.scroll_into_view_if_needed()
    page.page.mouse.move(0, 0)
    page.page.wait_for_timeout(500)
    target = notebooks.FOLDER / "images" / f"{path.stem}.png"
    target.parent.mkdir(exist_ok=True)
    output.screenshot(path=target)
    if path.name.startswith("02"):  # the README shows the whole window, on the first thing to play with
        page.page.set_viewport_size({"width": 1280, "height": 860})
        page.demos().first.scroll_into_view_if_needed()
        page.page.wait_for_timeout(1000)
        page.page.screenshot(path=target.with_name("jupyterlab.png"))
    page.close()
    return target.name


def main(names=()) -> int:
    if not browser.chromium():
        print("Chromium is missing; on Debian: apt-get install chromium")
        return 1
    with browser.lab(notebooks.FOLDER.parent) as lab:
        for path in notebooks.paths(names):
            if "opening-picture" in path.read_text(encoding="utf-8"):  # companions need not have one
                print(take(lab, path), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
